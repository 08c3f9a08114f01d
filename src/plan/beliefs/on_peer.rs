//! The beliefs behind a step on an Expressway peer.

use crate::model::Port;

use super::super::step::{Action, Condition};

pub(super) fn behind_action(action: &Action) -> &'static [&'static str] {
    match action {
        Action::UploadTrust { .. } => &[
            "EXPRESSWAY-PER-PEER",
            "EXPRESSWAY-REST-BASE",
            "EXPRESSWAY-STORE-SAME-CN",
            "EXPRESSWAY-TRUST-APPENDS",
        ],
        Action::GenerateRequest { .. } => &[
            "EXPRESSWAY-CSR-CONFLICT",
            "EXPRESSWAY-CSR-FIELDS",
            "EXPRESSWAY-CSR-NAMES",
            "EXPRESSWAY-CSR-USAGES",
            "EXPRESSWAY-REST-BASE",
        ],
        Action::AwaitCertificates { .. } => {
            &["EXPRESSWAY-CERT-KEY", "EXPRESSWAY-UPLOAD-CLIENT-AUTH"]
        }
        Action::UploadIdentity { .. } => &[
            "EXPRESSWAY-CERT-KEY",
            "EXPRESSWAY-CERT-SERVER",
            "EXPRESSWAY-REST-BASE",
            "EXPRESSWAY-UNRECOGNIZED-CA",
        ],
        Action::RestartService { .. } => &["EXPRESSWAY-CSRF-HEADER", "EXPRESSWAY-RESTART"],
        Action::Person { .. }
        | Action::Confirm { .. }
        | Action::UpdateTrustList {}
        | Action::ResetPhones { .. } => &[],
    }
}

pub(super) fn behind_condition(condition: &Condition) -> &'static [&'static str] {
    match condition {
        Condition::Trusts { .. } => &["EXPRESSWAY-CERT-ROOT"],
        Condition::IdentityIs { .. } | Condition::IdentityOf { .. } => &["EXPRESSWAY-CERT-GET"],
        Condition::NoRequest { .. } | Condition::RequestOf { .. } => {
            &["EXPRESSWAY-CSR", "EXPRESSWAY-NO-CSR"]
        }
        Condition::Serves { listener, .. } if listener.port == Port::Rest => {
            &["EXPRESSWAY-ACTIVE-AFTER-RESTART"]
        }
        Condition::Serves { .. } => &["EXPRESSWAY-ACTIVE-AFTER-RESTART", "EXPRESSWAY-PORTS"],
        Condition::StartedSince { .. } | Condition::Runs { .. } | Condition::Healthy { .. } => {
            &["EXPRESSWAY-STATUS"]
        }
        Condition::Traverses { .. } => &["EXPRESSWAY-STATUS-MRA", "EXPRESSWAY-ZONE-STATUS"],
        Condition::TrustListHolds { .. }
        | Condition::PhonesReset { .. }
        | Condition::PhonesBack { .. }
        | Condition::SsoDisabled { .. }
        | Condition::SsoEnabled { .. }
        | Condition::BackupIdle { .. }
        | Condition::ReplicationGood {}
        | Condition::PhonesAtLeast { .. } => &[],
    }
}
