//! Phones: who is there to follow a change of what they trust.

use crate::model::{Finding, Observed, Severity};

use super::{Context, reuse};

/// How many names a finding spells out; `plan` lists all.
const NAMES_SHOWN: usize = 10;

/// Without a count of registered phones nothing can be said afterwards about who came back.
pub(super) fn counted(context: &Context<'_>) -> Vec<Finding> {
    match &context.state.phones {
        Observed::Unknown(why) => vec![context.finding(
            Severity::Warning,
            "phones-unknown",
            None,
            "the number of registered phones",
            why.clone(),
        )],
        Observed::Present(_) | Observed::Absent => Vec::new(),
    }
}

/// Phones that are away now miss a change of what they trust. Only told where such a change may be planned.
/// Source: cucm-certificate-rules O6, invariant I4.
pub(super) fn away(context: &Context<'_>) -> Vec<Finding> {
    let Some(census) = context.state.phones.present() else {
        return Vec::new();
    };
    if !change_may_reach_phones(context) {
        return Vec::new();
    }
    if let Observed::Unknown(why) = &census.configured {
        return vec![context.finding(
            Severity::Warning,
            "phone-profiles-unknown",
            None,
            "what the database says of each phone: pool, security and own certificate",
            why.clone(),
        )];
    }
    let absent = census.absent().unwrap_or_default();
    if absent.is_empty() {
        return Vec::new();
    }
    let shown: Vec<&str> = absent.iter().copied().take(NAMES_SHOWN).collect();
    let mut found = format!("{} not registered: {}", absent.len(), shown.join(", "));
    if absent.len() > NAMES_SHOWN {
        found.push_str(&format!(" and {} more", absent.len() - NAMES_SHOWN));
    }
    vec![context.finding(
        Severity::Warning,
        "phones-absent",
        None,
        "every configured phone is registered before what phones trust changes",
        found,
    )]
}

/// Whether a purpose that phones hold is wanted, or tomcat stands in for one.
fn change_may_reach_phones(context: &Context<'_>) -> bool {
    let held = context.wanted().any(|wanted| {
        wanted.nodes.iter().any(|node| {
            let procedure = context.procedure(node, &wanted.purpose);
            procedure.is_some_and(|procedure| procedure.phones.is_some())
        })
    });
    let tomcat = || {
        context
            .wanted()
            .any(|wanted| wanted.purpose.plain().as_str() == "tomcat")
    };
    held || (tomcat() && reuse::anywhere(context))
}
