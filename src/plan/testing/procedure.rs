//! A procedure as a playbook gives it.

use jiff::SignedDuration;

use crate::model::*;

fn restart(
    service: &str,
    nodes: NodeSelection,
    by: ControlPath,
    minutes: i64,
    outage: &str,
) -> RestartRule {
    RestartRule {
        service: service.into(),
        nodes,
        by,
        takes: SignedDuration::from_mins(minutes),
        outage: outage.to_owned(),
        source: "T225476 pop-up; T217138".to_owned(),
        claims: vec!["CUCM-TOMCAT-SET-14".into()],
    }
}

/// A tomcat procedure as a playbook gives it.
pub(crate) fn procedure() -> Procedure {
    use ControlPath::{ControlCenter, Shell};
    use NodeSelection::{All, CallProcessing, Publisher};
    let proof = |port, always| ProofRule {
        by: Proof::Port {
            port,
            key: KeyAlgorithm::Rsa,
            always,
        },
        source: "T217138 step 7".to_owned(),
    };
    let set = |variant: &str, services| RestartSet {
        releases: ReleaseRange {
            from: Some((14, 0, 0)),
            to: None,
        },
        variant: variant.to_owned(),
        services,
        note: (variant == "default").then(|| "documents differ on DRF; both restart".to_owned()),
    };
    let tomcat = || {
        restart(
            "Cisco Tomcat",
            All,
            Shell,
            10,
            "web pages, self care and extension mobility",
        )
    };
    Procedure {
        appliance: Appliance::Cucm,
        assess_only: None,
        purpose: "tomcat".into(),
        sources: [
            ("T217138".to_owned(), "Create New Certificates from Signed CA Certificates, 2025-11-12".to_owned()),
            ("T225476".to_owned(), "Understand MRA Certificate Requirements, 2026-01-20".to_owned()),
        ]
        .into(),
        stores: vec![StoreRule {
            store: "tomcat-trust".into(),
            nodes: All,
            replicated: true,
            source: "T217138 step 5".to_owned(),
        }],
        multi_server: true,
        hash: "sha256".to_owned(),
        usages: vec![UsageRule {
            releases: ReleaseRange::default(),
            key_usage: vec!["digitalSignature".to_owned(), "dataEncipherment".to_owned()],
            extended_usage: vec!["serverAuth".to_owned(), "clientAuth".to_owned()],
            source: "T217138".to_owned(),
        }],
        preconditions: vec![GateRule { gate: Gate::SsoDisabled, source: "T217138".to_owned() }],
        restarts: vec![
            set(
                "default",
                vec![
                    tomcat(),
                    restart("Cisco UDS Tomcat", CallProcessing, Shell, 3, "user search in clients"),
                    restart("Cisco AXL Tomcat", CallProcessing, Shell, 3, "provisioning over AXL"),
                    restart("Cisco DRF Master", Publisher, ControlCenter, 1, ""),
                    restart("Cisco DRF Local", All, ControlCenter, 1, ""),
                    restart("Cisco Tftp", CallProcessing, ControlCenter, 2, "phones that start get no configuration"),
                ],
            ),
            set("minimal", vec![tomcat()]),
        ],
        phones: None,
        attended: Vec::new(),
        proof: vec![proof(Port::Rest, true), proof(Port::Soap, true), proof(Port::Tftp, false)],
        reminders: vec![SourcedText {
            text: "Take a full DRS backup; a restore from an older one brings the old certificates back.".to_owned(),
            source: "T217138".to_owned(),
        }],
        irreversible: SourcedText {
            text: "The former key is gone. If the new certificate is bad, have another one issued from a new request."
                .to_owned(),
            source: "T217138".to_owned(),
        },
    }
}
