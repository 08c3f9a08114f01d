//! The playbooks that are built in, against the rule sheet: cucm-certificate-rules §1 to §4.

use std::collections::{BTreeMap, BTreeSet};

use super::Library;
use crate::model::{Appliance, ControlPath, Gate, NodeSelection, Procedure, Release};
use crate::playbook::{range_words, release_named};

const DS: &str = "digitalSignature";
const DE: &str = "dataEncipherment";
const KE: &str = "keyEncipherment";

pub(super) fn library() -> Library {
    Library::embedded().unwrap()
}

pub(super) fn planned(library: &Library) -> impl Iterator<Item = &Procedure> {
    let all = library.procedures().iter();
    all.filter(|procedure| procedure.assess_only.is_none())
}

pub(super) fn name(procedure: &Procedure) -> String {
    format!("{} {}", procedure.appliance, procedure.purpose)
}

fn procedure(appliance: Appliance, purpose: &str) -> Procedure {
    let library = library();
    library
        .procedure(appliance, &purpose.into())
        .unwrap()
        .clone()
}

/// The restart sets that hold for a release: `variant: Service, …`, without the maker's name.
fn sets(appliance: Appliance, purpose: &str, release: &str) -> Vec<String> {
    let release = release_named(release).unwrap();
    procedure(appliance, purpose)
        .restarts
        .iter()
        .filter(|set| set.releases.contains(&release))
        .map(|set| {
            let services: Vec<&str> = set
                .services
                .iter()
                .map(|rule| rule.service.as_str().trim_start_matches("Cisco "))
                .collect();
            format!("{}: {}", set.variant, services.join(", "))
        })
        .collect()
}

fn usages(procedure: &Procedure, release: &Release) -> (Vec<String>, Vec<String>) {
    let rule = procedure
        .usages
        .iter()
        .find(|rule| rule.releases.contains(release))
        .unwrap();
    (rule.key_usage.clone(), rule.extended_usage.clone())
}

/// §1: the kind of node, the purpose, the store of its chain with where and whether it spreads, and whether one
/// certificate can serve several nodes. Twins share their line.
#[rustfmt::skip]
const CATALOGUE: &[(&str, &[&str], bool)] = &[
    ("cucm tomcat", &["tomcat-trust All spreads"], true),
    ("cucm CallManager", &["CallManager-trust CallProcessing spreads"], true),
    ("cucm ipsec", &["ipsec-trust All"], false),
    ("cucm CAPF", &["CAPF-trust Publisher", "CallManager-trust CallProcessing spreads"], false),
    ("cucm TVS", &["TVS-trust CallProcessing"], false),
    ("im-presence tomcat", &["tomcat-trust ImPresence spreads"], true),
    ("im-presence cup", &["cup-trust ImPresence spreads"], false),
    ("im-presence cup-xmpp", &["cup-xmpp-trust ImPresence spreads"], true),
    ("im-presence cup-xmpp-s2s", &["cup-xmpp-trust ImPresence spreads"], true),
    ("im-presence ipsec", &["ipsec-trust All"], false),
    ("unity-connection tomcat", &["tomcat-trust All"], true),
    ("unity-connection ipsec", &["ipsec-trust All"], false),
    ("expressway-c server", &["trusted-ca All"], false),
    ("expressway-e server", &["trusted-ca All"], false),
];

/// Those that no plan renews.
const ASSESSED: [(Appliance, &str, &str); 3] = [
    (Appliance::Cucm, "ITLRecovery", "utils itl reset localkey"),
    (
        Appliance::ExpresswayC,
        "client",
        "copy the new server certificate",
    ),
    (
        Appliance::ExpresswayE,
        "client",
        "copy the new server certificate",
    ),
];

/// Those of the catalogue that have an elliptic-curve twin.
const TWINS: &[&str] = &["tomcat", "CallManager", "cup", "cup-xmpp", "cup-xmpp-s2s"];

#[test]
fn every_purpose_of_every_kind_of_node_has_its_stores() {
    let library = library();
    let mut found: BTreeMap<String, (Vec<String>, bool)> = BTreeMap::new();
    for procedure in planned(&library) {
        let stores = procedure.stores.iter().map(|rule| {
            let spreads = if rule.replicated { " spreads" } else { "" };
            format!("{} {:?}{spreads}", rule.store, rule.nodes)
        });
        found.insert(name(procedure), (stores.collect(), procedure.multi_server));
    }
    let mut expected = BTreeMap::new();
    for (line, stores, multi_server) in CATALOGUE {
        let stores: Vec<String> = stores.iter().map(|store| (*store).to_owned()).collect();
        let purpose = line.split(' ').next_back().unwrap();
        if TWINS.contains(&purpose) {
            expected.insert(format!("{line}-ECDSA"), (stores.clone(), *multi_server));
        }
        expected.insert((*line).to_owned(), (stores, *multi_server));
    }
    assert_eq!(found, expected);
    for (appliance, purpose, way) in ASSESSED {
        let told = procedure(appliance, purpose).assess_only.unwrap().text;
        assert!(told.contains(way), "{told}");
    }
    assert_eq!(library.procedures().len(), expected.len() + ASSESSED.len());
    let written: BTreeSet<String> = library.procedures().iter().map(name).collect();
    for appliance in Appliance::ALL {
        for purpose in appliance.purposes() {
            assert!(
                written.contains(&format!("{appliance} {purpose}")),
                "{appliance} {purpose}"
            );
        }
    }
}

/// §2: who needs keyEncipherment from 14 on, and on 12.5; the twins never do, CAPF signs instead.
#[test]
fn usages_are_those_of_the_guides() {
    let library = library();
    for procedure in planned(&library).filter(|it| !is_expressway(it)) {
        let purpose = procedure.purpose.as_str();
        let unity = procedure.appliance == Appliance::UnityConnection;
        let cucm = procedure.appliance == Appliance::Cucm;
        let twin = purpose.ends_with("-ECDSA");
        let of_peers = purpose == "ipsec" || purpose.starts_with("cup");
        for (release, since_14) in [
            ("12.5SU3", false),
            ("14", true),
            ("14SU3", true),
            ("15", true),
        ] {
            let release = release_named(release).unwrap();
            let (key_usage, extended) = usages(procedure, &release);
            let enciphers_keys =
                !twin && (!since_14 || unity || purpose == "TVS" || (purpose == "ipsec" && cucm));
            let mut expected = match purpose {
                "CAPF" => vec![DS, "keyCertSign"],
                _ if enciphers_keys => vec![DS, KE, DE],
                _ => vec![DS, DE],
            };
            let place = format!("{} {release}", name(procedure));
            assert_eq!(key_usage, expected, "{place}");
            expected = vec!["serverAuth", "clientAuth"];
            if purpose == "CAPF" && !since_14 {
                expected.pop();
            }
            if of_peers && !unity {
                expected.push("ipsecEndSystem");
            }
            assert_eq!(extended, expected, "{place}");
        }
    }
}

fn is_expressway(procedure: &Procedure) -> bool {
    matches!(
        procedure.appliance,
        Appliance::ExpresswayC | Appliance::ExpresswayE
    )
}

/// expressway §8: who needs clientAuth in the server certificate, by release.
#[test]
fn client_authentication_is_asked_for_where_the_release_does() {
    for (release, of_core, of_edge) in [
        ("X14.0.1", true, true),
        ("X14.3.7", true, true),
        ("X15.3.2", true, true),
        ("X15.4.0", true, false),
        ("X15.5.0", false, false),
    ] {
        let release = release_named(release).unwrap();
        let asks = |appliance| {
            let (_, extended) = usages(&procedure(appliance, "server"), &release);
            assert!(extended.contains(&"serverAuth".to_owned()));
            extended.contains(&"clientAuth".to_owned())
        };
        let found = (asks(Appliance::ExpresswayC), asks(Appliance::ExpresswayE));
        assert_eq!(found, (of_core, of_edge), "{release}");
    }
}

/// §4.2 to §4.4: what phones hold, what is in the certificate trust list, and where one node has to stay.
#[test]
fn phones_hold_four_certificates() {
    let library = library();
    let mut told = Vec::new();
    for procedure in library.procedures() {
        if let Some(phones) = &procedure.phones {
            told.push(format!(
                "{} ctl {} resets {} one stays {}",
                procedure.purpose,
                phones.ctl,
                range_words(&phones.upload_resets),
                phones.one_stays
            ));
        }
    }
    assert_eq!(
        told,
        [
            "CAPF ctl true resets 14 and later one stays false",
            "CallManager ctl true resets 14 and later one stays false",
            "CallManager-ECDSA ctl false resets 14 and later one stays false",
            "TVS ctl false resets 14 and later one stays true",
        ]
    );
}

#[rustfmt::skip]
const CUCM_SETS: &[(&str, &str, &[&str])] = &[
    ("tomcat", "14", &[
        "default: Tomcat, UDS Tomcat, AXL Tomcat, DRF Master, DRF Local, Tftp",
        "minimal: Tomcat, UDS Tomcat, AXL Tomcat, Tftp",
        "security-guide: Tomcat, UDS Tomcat, AXL Tomcat, DRF Master, DRF Local, Tftp, Intercluster Lookup Service, Location Bandwidth Manager, Extension Mobility",
        "single-sign-on: Tomcat, UDS Tomcat, AXL Tomcat, SSOSP Tomcat, DRF Master, DRF Local, Tftp",
    ]),
    ("tomcat", "12.5SU3", &["default: Tomcat, Tftp", "sip-oauth: Tomcat, Tftp, CallManager"]),
    ("CallManager", "12.5", &["default: Trust Verification Service, Tftp, CallManager, CTIManager"]),
    ("CallManager", "14", &["default: Trust Verification Service, Tftp, CallManager, CTIManager, HAProxy"]),
    ("CallManager", "14SU1", &[
        "default: CallManager, CTIManager, Trust Verification Service, Tftp, HAProxy",
        "minimal: HAProxy",
        "technote: Trust Verification Service, Tftp, CallManager, CTIManager",
    ]),
    ("CallManager-ECDSA", "15SU2", &[
        "default: CallManager, CTIManager, Trust Verification Service, Tftp, HAProxy",
        "minimal: CallManager, HAProxy",
        "technote: Trust Verification Service, Tftp, CallManager, CTIManager",
    ]),
    ("CAPF", "12.5", &[
        "default: Certificate Authority Proxy Function, Trust Verification Service, Tftp",
        "technote: Trust Verification Service, Tftp, Certificate Authority Proxy Function",
    ]),
    ("TVS", "12.5", &["default: Trust Verification Service, Tftp", "technote: Trust Verification Service, Tftp"]),
    ("TVS", "14SU3", &["default: Tftp", "technote: Trust Verification Service, Tftp"]),
    ("ipsec", "15", &["default: DRF Master, DRF Local", "technote: DRF Master, DRF Local, Tomcat"]),
];

#[rustfmt::skip]
const OTHER_SETS: &[(Appliance, &str, &str, &[&str])] = &[
    (Appliance::ImPresence, "tomcat", "14SU3", &[
        "default: Tomcat, DRF Local, Intercluster Sync Agent",
        "minimal: Tomcat, Intercluster Sync Agent",
        "security-guide: Tomcat, DRF Local, Intercluster Sync Agent",
        "single-sign-on: Tomcat, DRF Local, Intercluster Sync Agent",
    ]),
    (Appliance::ImPresence, "cup", "15", &["default: SIP Proxy, Presence Engine"]),
    (Appliance::ImPresence, "cup-xmpp", "12.5", &["default: XCP Router, Intercluster Sync Agent"]),
    (Appliance::ImPresence, "cup-xmpp-s2s", "14", &["default: XCP XMPP Federation Connection Manager, Intercluster Sync Agent"]),
    (Appliance::ImPresence, "ipsec", "14", &["default: DRF Local", "technote: DRF Local, Tomcat"]),
    (Appliance::UnityConnection, "tomcat", "15", &[
        "default: Tomcat, Connection IMAP Server, DirSync, Connection Jetty, Connection SMTP Server, Connection Conversation Manager",
    ]),
    (Appliance::UnityConnection, "ipsec", "14", &["default: DRF Master, DRF Local"]),
];

#[test]
fn restarts_what_the_documents_ask_for() {
    let cucm = CUCM_SETS
        .iter()
        .map(|(purpose, release, expected)| (Appliance::Cucm, *purpose, *release, *expected));
    for (appliance, purpose, release, expected) in cucm.chain(OTHER_SETS.iter().copied()) {
        assert_eq!(
            sets(appliance, purpose, release),
            expected,
            "{appliance} {purpose} {release}"
        );
    }
    let library = library();
    for procedure in planned(&library) {
        for unspoken in ["11.5", "16"] {
            let sets = sets(procedure.appliance, procedure.purpose.as_str(), unspoken);
            assert!(
                sets.is_empty(),
                "{}: a release that no document speaks of",
                name(procedure)
            );
        }
    }
}

/// One name of a variant chooses for every node, so a purpose that both kinds of node of a cluster hold has the same ones.
#[test]
fn both_kinds_of_node_of_a_cluster_offer_the_same_variants() {
    let mut compared = 0;
    for purpose in Appliance::ImPresence.purposes() {
        if !Appliance::Cucm.purposes().any(|other| other == purpose) {
            continue;
        }
        for release in ["12.5", "14", "14SU3", "15"] {
            let variants = |appliance| -> Vec<String> {
                sets(appliance, purpose, release)
                    .iter()
                    .map(|set| set.split(':').next().unwrap().to_owned())
                    .collect()
            };
            let of_cucm = variants(Appliance::Cucm);
            assert_eq!(
                of_cucm,
                variants(Appliance::ImPresence),
                "{purpose} {release}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 12);
}

#[test]
fn tomcat_says_where_and_how() {
    let tomcat = procedure(Appliance::Cucm, "tomcat");
    let row = |service: &str| {
        let rules = &tomcat.restarts[0].services;
        let rule = rules
            .iter()
            .find(|rule| rule.service.as_str() == service)
            .unwrap();
        (rule.nodes, rule.by)
    };
    let everywhere = NodeSelection::CallProcessing;
    assert_eq!(row("Cisco Tomcat"), (everywhere, ControlPath::Shell));
    assert_eq!(row("Cisco UDS Tomcat"), (everywhere, ControlPath::Shell));
    assert_eq!(
        row("Cisco DRF Local"),
        (everywhere, ControlPath::ControlCenter)
    );
    assert_eq!(
        row("Cisco DRF Master"),
        (NodeSelection::Publisher, ControlPath::ControlCenter)
    );
    let sync = &procedure(Appliance::ImPresence, "tomcat").restarts[0].services[2];
    assert_eq!(sync.nodes, NodeSelection::PresencePublisher);
}

#[test]
fn gates_stand_where_they_belong() {
    let library = library();
    // An Expressway has no gate of its own: what must hold is judged by the plan (zones, tunnels).
    let having = |gate: Gate| -> Vec<String> {
        planned(&library)
            .filter(|procedure| procedure.preconditions.iter().any(|rule| rule.gate == gate))
            .map(name)
            .collect()
    };
    assert_eq!(
        having(Gate::SsoDisabled),
        [
            "cucm tomcat",
            "im-presence tomcat",
            "unity-connection tomcat"
        ]
    );
    let idle = having(Gate::BackupIdle);
    for procedure in planned(&library) {
        let backup = procedure.restarts.iter().flat_map(|set| &set.services);
        let touched = backup
            .clone()
            .any(|rule| rule.service.as_str().starts_with("Cisco DRF"));
        assert_eq!(
            touched,
            idle.contains(&name(procedure)),
            "{}",
            name(procedure)
        );
    }
    let all = planned(&library).filter(|it| !is_expressway(it)).count();
    assert_eq!(having(Gate::ReplicationGood).len(), all);
    assert_eq!(having(Gate::PlatformServicesUp).len(), all);
}
