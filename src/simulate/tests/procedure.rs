//! Procedures as a playbook gives them for release 14.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::model::*;

pub(super) fn procedure(purpose: &str, key: KeyAlgorithm) -> Procedure {
    let proof = |port, always| ProofRule {
        by: Proof::Port { port, key, always },
        source: "T217138".to_owned(),
    };
    Procedure {
        appliance: Appliance::Cucm,
        assess_only: None,
        purpose: purpose.into(),
        sources: BTreeMap::new(),
        stores: vec![StoreRule {
            store: "tomcat-trust".into(),
            nodes: NodeSelection::All,
            replicated: true,
            source: "SG14".to_owned(),
        }],
        multi_server: true,
        hash: "sha256".to_owned(),
        usages: vec![UsageRule {
            releases: ReleaseRange::default(),
            key_usage: vec!["digitalSignature".to_owned()],
            extended_usage: vec!["serverAuth".to_owned()],
            source: "SG14".to_owned(),
        }],
        preconditions: vec![GateRule {
            gate: Gate::SsoDisabled,
            source: "T217138".to_owned(),
        }],
        restarts: vec![RestartSet {
            releases: ReleaseRange::default(),
            variant: "default".to_owned(),
            services: vec![
                restart("Cisco Tomcat", NodeSelection::All, "the web pages"),
                restart(
                    "Cisco UDS Tomcat",
                    NodeSelection::CallProcessing,
                    "user data",
                ),
                restart("Cisco Tftp", NodeSelection::CallProcessing, "phone files"),
                restart("Cisco DRF Master", NodeSelection::Publisher, ""),
                restart("Cisco DRF Local", NodeSelection::All, ""),
            ],
            note: None,
        }],
        phones: None,
        attended: Vec::new(),
        proof: vec![
            proof(Port::Rest, true),
            proof(Port::Soap, true),
            proof(Port::Tftp, false),
        ],
        reminders: vec![],
        irreversible: SourcedText {
            text: "Renew again.".to_owned(),
            source: "T217138".to_owned(),
        },
    }
}

fn restart(service: &str, nodes: NodeSelection, outage: &str) -> RestartRule {
    RestartRule {
        service: service.into(),
        nodes,
        by: ControlPath::Shell,
        takes: SignedDuration::from_mins(5),
        outage: outage.to_owned(),
        source: "T217138".to_owned(),
        claims: vec![],
    }
}
