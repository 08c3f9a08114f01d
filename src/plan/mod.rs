//! The planner: findings and procedures to an ordered plan. Pure.
//!
//! `whole` settles what is due in every cluster, asks who verifies it (`reliance`), plans each cluster with what it must
//! trust for others, and says who waits for whom (`links`). A cluster of CUCM or Unity Connection (`family`) goes the same
//! way always: what is due (`due`), the facts that every step needs (`facts`), one `job` for each purpose with its trust
//! uploads (`trust`), then the steps stage by stage (`stages`, `install`, `activate`). A cluster of peers has a planner of
//! its own (`expressway`). Anything that cannot be ordered safely is a [`Refusal`], and then there is no plan at all.

mod activate;
mod basis;
mod beliefs;
mod draft;
mod due;
mod expressway;
mod facts;
mod family;
pub mod file;
mod install;
mod job;
mod links;
mod pass;
mod phones;
mod refusal;
mod reliance;
mod request;
mod reset;
mod restart;
mod reuse;
mod selection;
mod stages;
mod step;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tidy;
mod timeline;
mod trust;
mod trusting;
mod whole;

use jiff::Timestamp;

use crate::model::{Desired, Finding, Observation, Procedure};

pub use basis::{Moved, Touched, basis, moved, touched};
pub use refusal::Refusal;
pub use selection::{Cut, Options, Waivers};
pub use step::{
    Action, ClusterPlan, Condition, Disruption, Edge, IssueTerms, PLAN_FORMAT, PhoneBaseline, Plan,
    Reversal, Stage, Step,
};
pub use timeline::{Outage, SafeStop, Timed, Timeline, timeline};
pub use trust::{Forecast, forecast};

/// All that a plan is made from.
struct Question<'a> {
    observation: &'a Observation,
    desired: &'a Desired,
    procedures: &'a [Procedure],
    findings: &'a [Finding],
    options: &'a Options,
    now: Timestamp,
}

/// Makes the smallest plan that answers the findings. Equal input gives an equal plan. Where nothing is due
/// the plan has no clusters.
///
/// # Errors
/// Every reason, over all clusters, why a part of what was asked cannot be ordered safely. One refusal
/// refuses the whole plan: leave a cluster out by [`Options::except`].
pub fn plan(
    observation: &Observation,
    desired: &Desired,
    procedures: &[Procedure],
    findings: &[Finding],
    options: &Options,
    now: Timestamp,
) -> Result<Plan, Vec<Refusal>> {
    let question = Question {
        observation,
        desired,
        procedures,
        findings,
        options,
        now,
    };
    let (clusters, links) = whole::plan(&question)?;
    Ok(Plan {
        format: PLAN_FORMAT,
        made: now,
        valid_until: now.checked_add(desired.valid_for).unwrap_or(Timestamp::MAX),
        clusters,
        links,
    })
}
