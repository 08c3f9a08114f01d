//! Which beliefs about the devices a step rests on, by what it does and by what it looks at. The names are
//! those of `playbooks/claims.yaml`; a restart adds the claims of its playbook line.

mod on_peer;

use std::collections::BTreeSet;

use crate::model::{ClaimId, ControlPath, Distribution, KeyAlgorithm, Port};

use super::step::{Action, Condition, Step};

/// How certificates of a cluster are read and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Over the REST interface of the platform.
    Rest,
    /// In the platform's shell.
    Shell,
    /// Over the interface of an Expressway peer.
    Peer,
}

/// The beliefs behind a step.
pub(super) fn of(step: &Step, way: Way) -> BTreeSet<ClaimId> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let conditions = step.before.iter().chain(&step.after);
    if way == Way::Peer {
        names.extend(on_peer::behind_action(&step.action));
        names.extend(conditions.flat_map(on_peer::behind_condition));
        return names.into_iter().map(ClaimId::from).collect();
    }
    names.extend(behind_action(&step.action));
    for condition in conditions {
        names.extend(behind_condition(condition));
    }
    if way == Way::Shell && names.iter().any(|name| name.starts_with("CUCM-REST-")) {
        names.retain(|name| !name.starts_with("CUCM-REST-"));
        names.extend(in_the_shell(&step.action));
    }
    names.into_iter().map(ClaimId::from).collect()
}

/// What stands in for the REST interface on releases without it.
fn in_the_shell(action: &Action) -> &'static [&'static str] {
    match action {
        Action::UploadTrust { .. } | Action::UploadIdentity { .. } => {
            &["VOS-CERT-IMPORT", "VOS-CERTIFICATES-BY-SHELL"]
        }
        Action::GenerateRequest { .. } => &[
            "VOS-CSR-GEN",
            "VOS-CSR-GEN-CONTENT",
            "VOS-CERTIFICATES-BY-SHELL",
        ],
        _ => &["VOS-CERT-LIST", "VOS-CERT-OWN"],
    }
}

fn behind_action(action: &Action) -> Vec<&'static str> {
    match action {
        Action::Person { .. } | Action::Confirm { .. } => Vec::new(),
        Action::UploadTrust { .. } => vec![
            "CUCM-REST-BASE",
            "CUCM-REST-TRUST",
            "CUCM-TRUST-OLDER-KEPT",
            "CUCM-TRUST-REPLICATES",
            "CUCM-TRUST-SAME-CN",
        ],
        Action::GenerateRequest {
            distribution, key, ..
        } => {
            let mut names = vec![
                "CUCM-CSR-OVERWRITES",
                "CUCM-REST-BASE",
                "CUCM-REST-CSR",
                "CUCM-REST-CSR-FIELDS",
            ];
            match distribution {
                Distribution::ThisServer => {
                    names.extend(["CUCM-REST-CSR-SAN", "CUCM-REST-DISTRIBUTION"]);
                }
                Distribution::MultiServer => names.extend([
                    "CUCM-CSR-MULTI-COPIED",
                    "CUCM-MULTI-SERVER-CN",
                    "CUCM-REST-MULTI-SERVER",
                    "CUCM-REST-MULTI-SERVER-SAN",
                ]),
            }
            if key.algorithm == KeyAlgorithm::Ec {
                names.push("CUCM-REST-CSR-EC");
            }
            names
        }
        Action::AwaitCertificates { .. } => vec![
            "CUCM-UPLOAD-KEY-DIFFERS",
            "CUCM-UPLOAD-SAN-DIFFERS",
            "CUCM-UPLOAD-USAGES",
        ],
        Action::UploadIdentity { nodes, .. } => {
            let mut names = vec![
                "CUCM-CSR-CONSUMED",
                "CUCM-NO-WAY-BACK",
                "CUCM-REST-BASE",
                "CUCM-REST-IDENTITY",
            ];
            if nodes.len() > 1 {
                names.extend(["CUCM-IDENTITY-MULTI-SPREADS", "CUCM-MULTI-SERVER-PARTIAL"]);
            }
            names
        }
        Action::RestartService { service, by } => {
            let mut names = match by {
                ControlPath::Shell => vec!["VOS-NEVER-STARTED", "VOS-SERVICE-RESTART"],
                ControlPath::ControlCenter => vec!["CUCM-CONTROL-LOCAL", "CUCM-CONTROL-RESTART"],
                ControlPath::Peer => vec!["EXPRESSWAY-RESTART"],
            };
            if service.as_str() == "Cisco Tomcat" {
                names.extend([
                    "CUCM-REST-GONE-DURING-TOMCAT",
                    "CUCM-TOMCAT-STORED-NOT-SERVED",
                ]);
            }
            names
        }
        Action::UpdateTrustList {} => vec!["VOS-CTL-UPDATE"],
        Action::ResetPhones { .. } => vec!["CUCM-AXL-RESET-POOL", "PHONE-RESET"],
    }
}

fn behind_condition(condition: &Condition) -> Vec<&'static str> {
    match condition {
        Condition::Trusts { .. } | Condition::IdentityIs { .. } | Condition::IdentityOf { .. } => {
            vec!["CUCM-REST-SNAPSHOT"]
        }
        Condition::NoRequest { .. } | Condition::RequestOf { .. } => {
            vec!["CUCM-REST-SNAPSHOT", "CUCM-REST-SNAPSHOT-EMPTY"]
        }
        Condition::Serves { listener, .. } => {
            let mut names = vec!["CUCM-TOMCAT-STORED-NOT-SERVED"];
            if listener.port == Port::Tftp {
                names.extend(["CUCM-TFTP-CACHES-TOMCAT", "CUCM-TFTP-PORT"]);
            }
            if listener.key == KeyAlgorithm::Ec {
                names.push("CUCM-ECDSA-TWIN");
            }
            names
        }
        Condition::StartedSince { .. } => vec!["CUCM-CC-UPTIME"],
        Condition::TrustListHolds { .. } => vec!["VOS-CTL-RECORDS"],
        Condition::PhonesReset { .. } | Condition::PhonesBack { .. } => {
            vec!["CUCM-PERFMON-COUNT", "CUCM-RIS-SELECT", "PHONE-RESET"]
        }
        Condition::Runs { .. } | Condition::Healthy { .. } => vec!["VOS-SERVICE-LIST"],
        Condition::SsoDisabled { .. } | Condition::SsoEnabled { .. } => {
            vec!["CUCM-SSO-OFF-FIRST", "VOS-SSO-STATUS"]
        }
        Condition::BackupIdle { .. } => vec!["CUCM-DRF-NOT-DURING-BACKUP", "VOS-BACKUP-STATUS"],
        Condition::ReplicationGood {} => vec!["CUCM-REPLICATION-GOOD", "VOS-REPLICATION"],
        Condition::PhonesAtLeast { .. } => vec!["CUCM-PERFMON-COUNT", "CUCM-RIS-SELECT"],
        Condition::Traverses { .. } => vec!["EXPRESSWAY-STATUS-XML"],
    }
}
