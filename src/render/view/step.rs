//! One step in sentences.

use serde::Serialize;

use crate::model::{ControlPath, Distribution};
use crate::plan::{Action, ClusterPlan, Edge, Reversal, Step, Timed};

use super::super::words::{count, duration, list, offset};
use super::condition::told;
use super::phones::way_on;
use super::{Labels, Notes};

/// One step.
#[derive(Serialize)]
pub(in crate::render) struct StepView {
    pub(in crate::render) id: String,
    pub(in crate::render) what: String,
    pub(in crate::render) node: String,
    pub(in crate::render) starts: String,
    /// Empty if it takes as long as a person or an issuer takes.
    pub(in crate::render) takes: String,
    /// The payload, as far as a person can judge it.
    pub(in crate::render) details: Vec<String>,
    pub(in crate::render) why: String,
    /// Finding codes.
    pub(in crate::render) because: Vec<String>,
    /// Numbers of sources.
    pub(in crate::render) sources: Vec<usize>,
    /// What users lose and for how long; empty if nothing.
    pub(in crate::render) users: String,
    pub(in crate::render) before: Vec<String>,
    pub(in crate::render) after: Vec<String>,
    pub(in crate::render) no_return: bool,
    /// Number of the way back; `None` if the step changes nothing.
    pub(in crate::render) way_back: Option<usize>,
}

impl StepView {
    pub(super) fn of(
        step: &Step,
        timed: &Timed,
        plan: &ClusterPlan,
        labels: &Labels,
        notes: &mut Notes,
    ) -> Self {
        let (no_return, way_back) = match &step.reversal {
            Reversal::Nothing {} => (false, None),
            Reversal::Manual { how } => (false, Some(how)),
            Reversal::Irreversible { recovery } => (true, Some(recovery)),
        };
        let waits = matches!(
            step.action,
            Action::Person { .. } | Action::AwaitCertificates { .. }
        );
        Self {
            id: step.id.to_string(),
            what: what(&step.action),
            node: step
                .node
                .as_ref()
                .map_or("whole cluster", |node| labels.node(node))
                .to_owned(),
            starts: offset(timed.starts),
            takes: if waits {
                String::new()
            } else {
                duration(step.takes)
            },
            details: details(&step.action, labels)
                .into_iter()
                .chain(way_on(step, plan))
                .collect(),
            why: step.why.clone(),
            because: step.because.iter().cloned().collect(),
            sources: step
                .sources
                .iter()
                .map(|source| notes.sources.number(source))
                .collect(),
            users: step
                .disruption
                .as_ref()
                .map_or_else(String::new, |disruption| {
                    format!(
                        "lose: {} (about {})",
                        disruption.loses,
                        duration(disruption.lasts)
                    )
                }),
            before: told(&step.before, plan, labels),
            after: told(&step.after, plan, labels),
            no_return,
            way_back: way_back.map(|text| notes.ways_back.number(text)),
        }
    }
}

impl StepView {
    /// Tells which steps of other clusters come first.
    pub(super) fn wait_for_others(&mut self, step: &Step, links: &[Edge]) {
        let before = links.iter().filter(|link| link.then == step.id);
        self.details
            .extend(before.map(|link| format!("waits for {}: {}", link.first, link.why)));
    }

    /// The sources in brackets: `[S1, S3]`.
    pub(in crate::render) fn source_tags(&self) -> String {
        let tags: Vec<String> = self
            .sources
            .iter()
            .map(|number| format!("S{number}"))
            .collect();
        format!("[{}]", tags.join(", "))
    }
}

/// What a step does, without where.
pub(in crate::render) fn what(action: &Action) -> String {
    match action {
        Action::Person { .. } => "A person acts".to_owned(),
        Action::UploadTrust { store, title, .. } => format!("Upload {title} to {store}"),
        Action::GenerateRequest {
            purpose,
            distribution,
            nodes,
            ..
        } => match distribution {
            Distribution::ThisServer => format!("Make a {purpose} key and signing request"),
            Distribution::MultiServer => {
                format!(
                    "Make one {purpose} key and signing request for {}",
                    count(nodes.len(), "node")
                )
            }
        },
        Action::AwaitCertificates {
            issuer, requests, ..
        } => {
            format!(
                "Wait for {} from issuer {issuer}",
                count(requests.len(), "certificate")
            )
        }
        Action::UploadIdentity { purpose, .. } => format!("Upload the new {purpose} certificate"),
        Action::RestartService { service, by } => {
            let by = match by {
                ControlPath::Shell => "shell",
                ControlPath::ControlCenter => "Control Center",
                ControlPath::Peer => "its own interface",
            };
            format!("Restart {service} (by {by})")
        }
        Action::UpdateTrustList {} => "Update the certificate trust list (CTL)".to_owned(),
        Action::ResetPhones { pool } => format!("Reset the phones of device pool {pool}"),
        Action::Confirm { what } => format!("Confirm that {what}"),
    }
}

fn details(action: &Action, labels: &Labels) -> Vec<String> {
    match action {
        Action::Person { instruction } => instruction.lines().map(str::to_owned).collect(),
        Action::UploadTrust { sha256, .. } => vec![format!("SHA-256 {sha256}")],
        Action::GenerateRequest {
            nodes,
            common_name,
            names,
            key,
            hash,
            ..
        } => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let mut details = vec![format!(
                "common name {common_name}, key {key}, hash {hash}, names {}",
                list(&names)
            )];
            if nodes.len() > 1 {
                let nodes: Vec<&str> = nodes.iter().map(|node| labels.node(node)).collect();
                details.push(format!("shared by {}", list(&nodes)));
            }
            details
        }
        Action::AwaitCertificates {
            requests, terms, ..
        } => {
            let requests: Vec<&str> = requests.iter().map(crate::model::StepId::as_str).collect();
            let chain: Vec<String> = terms
                .chain
                .iter()
                .map(|sha256| labels.certificate(sha256))
                .collect();
            let usages: Vec<&str> = terms
                .key_usage
                .iter()
                .chain(&terms.extended_usage)
                .map(String::as_str)
                .collect();
            vec![
                format!("for the requests of {}", list(&requests)),
                format!(
                    "each must hold the key and exactly the names of its request, carry {}, chain to {} and be \
                     valid for at least {} more days",
                    list(&usages),
                    chain.join(" > "),
                    terms.at_least.as_hours() / 24
                ),
            ]
        }
        Action::UploadIdentity { request, nodes, .. } => {
            let nodes: Vec<&str> = nodes.iter().map(|node| labels.node(node)).collect();
            vec![format!(
                "the certificate issued for the request of {request}, for {}",
                list(&nodes)
            )]
        }
        Action::RestartService { .. }
        | Action::UpdateTrustList {}
        | Action::ResetPhones { .. }
        | Action::Confirm { .. } => Vec::new(),
    }
}
