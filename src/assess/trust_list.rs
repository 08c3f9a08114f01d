//! The certificate trust list that phones hold in mixed mode.

use crate::model::{
    Certificate, Finding, NodeName, NodeSelection, NodeState, Observed, Purpose, SecurityMode,
    ServiceName, ServiceStatus, Severity,
};

use super::{Context, reuse};

/// The list is there, can be read, and lists what the nodes store. Only in mixed mode.
pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    if context.state.security.present() != Some(&SecurityMode::Mixed) {
        return Vec::new();
    }
    match &context.state.ctl {
        Observed::Present(_) => stale(context),
        Observed::Absent => about_the_list(
            context,
            "ctl-missing",
            Severity::Critical,
            "the publisher says that there is no CTL file",
        ),
        Observed::Unknown(why) => about_the_list(context, "ctl-unknown", Severity::Warning, why),
    }
}

/// Blocks the renewal of every purpose that the list holds; where none is wanted, it is worth knowing.
fn about_the_list(
    context: &Context<'_>,
    code: &str,
    otherwise: Severity,
    found: &str,
) -> Vec<Finding> {
    let expected = "in mixed mode the list of `show ctl`";
    let listed = context.wanted().filter(|wanted| {
        wanted.nodes.iter().any(|node| {
            let procedure = context.procedure(node, &wanted.purpose);
            procedure.is_some_and(|it| it.phones.as_ref().is_some_and(|phones| phones.ctl))
        })
    });
    let mut findings: Vec<Finding> = listed
        .map(|wanted| Finding {
            purpose: Some(wanted.purpose.clone()),
            ..context.finding(Severity::Blocker, code, None, expected, found)
        })
        .collect();
    if findings.is_empty() {
        findings.push(context.finding(otherwise, code, None, expected, found));
    }
    findings
}

/// A stored CallManager or CAPF certificate whose serial number the list does not have: phones that signal over TLS
/// do not register. Source: T225746, rules §4.3.
fn stale(context: &Context<'_>) -> Vec<Finding> {
    let Some(list) = context.state.ctl.present() else {
        return Vec::new();
    };
    let call_managers = context
        .selected(NodeSelection::CallProcessing)
        .filter(|(_, state)| talks_to_phones(state))
        .filter_map(|(node, _)| Some((node, "CallManager", call_manager(context, node)?)));
    let capf = context
        .selected(NodeSelection::Publisher)
        .filter_map(|(node, _)| {
            let certificate = context.state.identity(node, &Purpose::from("CAPF"))?;
            Some((node, "CAPF", certificate))
        });
    call_managers
        .chain(capf)
        .filter(|(_, _, certificate)| !list.lists(&certificate.serial))
        .map(|(node, purpose, certificate)| Finding {
            purpose: Some(Purpose::from(purpose)),
            ..context.finding(
                Severity::Critical,
                "ctl-stale",
                Some(node),
                format!("`show ctl` lists the stored {purpose} certificate"),
                format!(
                    "serial number {} of {} is not in the list of {}",
                    certificate.serial,
                    certificate.title(),
                    list.modified
                ),
            )
        })
        .collect()
}

/// The certificate that a node presents as CallManager; its tomcat one where that stands in.
fn call_manager<'a>(context: &'a Context<'_>, node: &NodeName) -> Option<&'a Certificate> {
    let purpose = Purpose::from("CallManager");
    if reuse::stands_in(context, node, &purpose) {
        return context.state.identity(node, &Purpose::from("tomcat"));
    }
    context.state.identity(node, &purpose)
}

/// Only the certificates of nodes that run call processing or TFTP matter (rules §1). Where services are not known,
/// a node counts.
fn talks_to_phones(state: &NodeState) -> bool {
    let Some(services) = state.services.present() else {
        return true;
    };
    ["Cisco CallManager", "Cisco Tftp"].iter().any(|name| {
        let service = services.get(&ServiceName::from(*name));
        service.is_some_and(|service| service.status != ServiceStatus::NotActivated)
    })
}
