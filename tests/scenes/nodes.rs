//! One node of a scene: what it holds, serves, trusts and runs.

use std::collections::{BTreeMap, BTreeSet};

#[allow(clippy::wildcard_imports, reason = "the whole vocabulary is used")]
use reissue::model::*;

use super::{Shape, moment};

/// The purposes of a node.
pub(super) fn purposes(shape: &Shape, role: Role) -> Vec<&'static str> {
    let mut all = vec!["tomcat", "tomcat-ECDSA", "ipsec"];
    match (shape.product, role) {
        (Product::Cucm, Role::ImPresence) => all.extend([
            "cup",
            "cup-ECDSA",
            "cup-xmpp",
            "cup-xmpp-ECDSA",
            "cup-xmpp-s2s",
            "cup-xmpp-s2s-ECDSA",
        ]),
        (Product::Cucm, _) => {
            all.extend(["CallManager", "CallManager-ECDSA", "TVS", "ITLRecovery"]);
            if role == Role::Publisher {
                all.push("CAPF");
            }
        }
        _ => {}
    }
    if shape.reuse {
        all.retain(|purpose| *purpose != "CallManager");
    }
    all
}

fn stores(shape: &Shape, role: Role) -> Vec<&'static str> {
    match (shape.product, role) {
        (Product::Cucm, Role::ImPresence) => {
            vec!["tomcat-trust", "ipsec-trust", "cup-trust", "cup-xmpp-trust"]
        }
        (Product::Cucm, _) => vec![
            "tomcat-trust",
            "CallManager-trust",
            "CAPF-trust",
            "TVS-trust",
            "ipsec-trust",
        ],
        _ => vec!["tomcat-trust", "ipsec-trust"],
    }
}

fn services(shape: &Shape, role: Role) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::from([
        "Cisco Tomcat",
        "Platform Administrative Web Service",
        "Cisco DRF Local",
        "Cisco Certificate Expiry Monitor",
    ]);
    match (shape.product, role) {
        (Product::Cucm, Role::ImPresence) => all.extend([
            "Cisco SIP Proxy",
            "Cisco Presence Engine",
            "Cisco XCP Router",
            "Cisco XCP Connection Manager",
            "Cisco XCP XMPP Federation Connection Manager",
            "Cisco Sync Agent",
            "Cisco Intercluster Sync Agent",
        ]),
        (Product::Cucm, _) => {
            all.extend([
                "Cisco UDS Tomcat",
                "Cisco AXL Tomcat",
                "Cisco CallManager",
                "Cisco CTIManager",
                "Cisco HAProxy",
                "Cisco Tftp",
                "Cisco Trust Verification Service",
            ]);
            if role == Role::Publisher {
                all.insert("Cisco Certificate Authority Proxy Function");
            }
        }
        _ => all.extend([
            "Connection Conversation Manager",
            "Connection IMAP Server",
            "Connection SMTP Server",
            "Connection Jetty",
            "Cisco DirSync",
        ]),
    }
    if role == Role::Publisher {
        all.insert("Cisco DRF Master");
    }
    all
}

/// What a port presents, by the purpose.
fn presented(shape: &Shape, role: Role) -> Vec<(Port, KeyAlgorithm, &'static str)> {
    use KeyAlgorithm::{Ec, Rsa};
    let mut all = vec![
        (Port::Rest, Rsa, "tomcat"),
        (Port::Rest, Ec, "tomcat-ECDSA"),
        (Port::Soap, Rsa, "tomcat"),
        (Port::Soap, Ec, "tomcat-ECDSA"),
    ];
    match (shape.product, role) {
        (Product::Cucm, Role::ImPresence) => all.extend([
            (Port::Sip, Rsa, "cup"),
            (Port::Sip, Ec, "cup-ECDSA"),
            (Port::Xmpp, Rsa, "cup-xmpp"),
            (Port::Xmpp, Ec, "cup-xmpp-ECDSA"),
        ]),
        (Product::Cucm, _) => {
            all.push((Port::Tftp, Rsa, "tomcat"));
            all.push((Port::Tvs, Rsa, "TVS"));
            let signs_in = if shape.reuse { "tomcat" } else { "CallManager" };
            all.push((Port::Sip, Rsa, signs_in));
            all.push((Port::Sip, Ec, "CallManager-ECDSA"));
        }
        _ => {}
    }
    all
}

fn stored(
    shape: &Shape,
    role: Role,
    node: &NodeName,
    nodes: &[(NodeName, Role)],
) -> BTreeMap<Store, Observed<Vec<TrustEntry>>> {
    let entry = |title: &str, sha256: Fingerprint| TrustEntry {
        file: title.to_owned(),
        sha256,
    };
    let mut chain = vec!["Old Root"];
    if shape.chain_there || shape.wanted.iter().any(|it| !shape.due.contains(it)) {
        chain.extend(["Corp Root", "Corp Issuing"]);
    }
    let authorities: Vec<TrustEntry> = chain
        .into_iter()
        .map(|title| entry(title, super::authority(title, title).sha256))
        .collect();
    let of = |store: &str| {
        let mut entries = authorities.clone();
        // What signs itself stands in the stores of the cluster by itself.
        if store == "ipsec-trust" {
            let purposes = nodes.iter().filter(|(other, _)| other != node);
            entries.extend(purposes.map(|(other, _)| {
                let identity = shape.identity(other, "ipsec");
                entry(identity.title(), identity.sha256.clone())
            }));
        }
        (Store::from(store), Observed::Present(entries))
    };
    stores(shape, role).into_iter().map(of).collect()
}

pub(super) fn node(
    shape: &Shape,
    name: &NodeName,
    role: Role,
    nodes: &[(NodeName, Role)],
) -> NodeState {
    let held = |purpose: &str| shape.identity(name, purpose).sha256;
    let started = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(900_000),
    };
    let purposes = purposes(shape, role);
    let served = presented(shape, role)
        .into_iter()
        .map(|(port, key, purpose)| {
            let chain = ServedChain {
                leaf: held(purpose),
                rest: vec![],
            };
            (Listener { port, key }, Observed::Present(chain))
        });
    let services = services(shape, role).into_iter();
    NodeState {
        reported_name: Observed::Present(name.to_string()),
        release: Observed::Present(Release::parse(shape.release).expect("a release")),
        clock_skew_seconds: Observed::Present(1),
        identities: purposes
            .iter()
            .map(|it| (Purpose::from(*it), Observed::Present(held(it))))
            .collect(),
        pending: purposes
            .iter()
            .map(|it| (Purpose::from(*it), Observed::Absent))
            .collect(),
        trust: stored(shape, role, name, nodes),
        inventory: Observed::Present(()),
        served: served.collect(),
        services: Observed::Present(services.map(|it| (it.into(), started.clone())).collect()),
        sso: Observed::Present(if shape.sso && role == Role::Publisher {
            SsoState::Enabled
        } else {
            SsoState::Disabled
        }),
        backup_job: Observed::Present(BackupJob::Idle),
        last_backup: Observed::Present(moment("2026-11-22T02:00:00Z")),
        ..NodeState::unasked(role)
    }
}
