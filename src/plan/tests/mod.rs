//! What the planner does, on synthetic clusters.

mod cuts;
mod expressway;
mod expressway_refusals;
mod files;
mod order;
mod refusals;
mod shapes;
mod smallest;
mod stores;

use crate::model::NodeName;

use super::{Action, ClusterPlan, Step};

/// One word for each step: what, on which node.
pub(super) fn outline(plan: &ClusterPlan) -> Vec<String> {
    let of = |step: &Step| {
        let node = step.node.as_ref().map_or("cluster", NodeName::short);
        let what = match &step.action {
            Action::Person { .. } => "person".to_owned(),
            Action::UploadTrust { title, .. } => format!("trust {title}"),
            Action::GenerateRequest { .. } => "request".to_owned(),
            Action::AwaitCertificates { .. } => "await".to_owned(),
            Action::UploadIdentity { .. } => "upload".to_owned(),
            Action::RestartService { service, .. } => format!("restart {service}"),
            Action::UpdateTrustList {} => "ctl".to_owned(),
            Action::ResetPhones { pool } => format!("reset {pool}"),
            Action::Confirm { .. } => "confirm".to_owned(),
        };
        format!("{} {what} @{node}", step.stage)
    };
    plan.steps.iter().map(of).collect()
}
