//! What phones hold, and phones themselves.

use super::Row;
use crate::assess::testing::*;
use crate::model::*;

#[expect(clippy::too_many_lines, reason = "one table")]
pub(super) fn rows() -> Vec<Row> {
    vec![
        (&[], |_| {}),
        (&["phones-absent"], |case| {
            case.census().registered.remove("SEP2");
        }),
        (&["phone-profiles-unknown"], |case| {
            case.census().configured = Observed::Unknown("not allowed".into());
        }),
        // Nothing that phones hold is wanted: it does not matter.
        (&[], |case| {
            case.desired.certificates.truncate(1);
            case.census().configured = Observed::Unknown("not allowed".into());
        }),
        // Phones hold certificates, and CAPF is not due.
        (&[], |case| case.phone("SEP1").lsc = Some(true)),
        (&["expiring", "lsc-in-use"], |case| {
            case.phone("SEP1").lsc = Some(true);
            expiring(case, PUBLISHER, "CAPF");
        }),
        (&["expiring", "lsc-in-use"], |case| {
            case.phone("SEP2").lsc = None;
            expiring(case, PUBLISHER, "CAPF");
        }),
        (&["expiring"], |case| expiring(case, PUBLISHER, "CAPF")),
        (&["capf-not-authority"], |case| {
            held(case, PUBLISHER, "CAPF").authority = false;
        }),
        (&["capf-not-authority"], |case| {
            held(case, PUBLISHER, "CAPF").key_usage = Some(["digitalSignature".to_owned()].into());
        }),
        // Nobody connects to CAPF by name.
        (&[], |case| held(case, PUBLISHER, "CAPF").names.clear()),
        (&["capf-on-subscriber"], |case| {
            case.hold(SUBSCRIBER, "CAPF", certificate("CAPF-5e", "CAPF-5e"));
        }),
        (&["capf-trust-missing", "chain-incomplete"], |case| {
            let store = Store::from("CallManager-trust");
            case.node(SUBSCRIBER).trust.remove(&store);
        }),
        (&["trust-unknown", "trust-unknown"], |case| {
            let unknown = Observed::Unknown("no answer".into());
            let store = Store::from("CallManager-trust");
            case.node(SUBSCRIBER).trust.insert(store, unknown);
        }),
        // It ends in 2027, long after.
        (&[], |case| recovery(case, "2027-12-31T00:00:00Z", 3072)),
        (&["itl-recovery-expiring"], |case| {
            recovery(case, "2027-02-01T00:00:00Z", 3072);
        }),
        (&["itl-recovery-weak"], |case| {
            recovery(case, "2040-02-01T00:00:00Z", 1024);
        }),
        (&[], Case::mixed),
        (&["ctl-stale"], |case| {
            case.mixed();
            held(case, PUBLISHER, "CAPF").serial = "0badcafe".to_owned();
        }),
        (&["ctl-stale"], |case| {
            case.mixed();
            held(case, SUBSCRIBER, "CallManager").serial = "0badcafe".to_owned();
        }),
        // A node that runs neither call processing nor TFTP is not in the list.
        (&[], |case| {
            case.mixed();
            held(case, SUBSCRIBER, "CallManager").serial = "0badcafe".to_owned();
            let Observed::Present(services) = &mut case.node(SUBSCRIBER).services else {
                panic!("services")
            };
            services.remove(&ServiceName::from("Cisco Tftp"));
        }),
        // Once for CallManager and once for CAPF: the list holds both.
        (&["ctl-missing", "ctl-missing"], |case| {
            case.mixed();
            case.cluster().ctl = Observed::Absent;
        }),
        (&["ctl-unknown", "ctl-unknown"], |case| {
            case.mixed();
            case.cluster().ctl = Observed::Unknown("no answer".into());
        }),
        (&["tomcat-reused"], |case| {
            let tomcat = case.node(PUBLISHER).identities[&Purpose::from("tomcat")].clone();
            let identities = &mut case.node(PUBLISHER).identities;
            identities.insert("CallManager".into(), tomcat);
        }),
        // Hidden: the port tells, and CallManager is not missing.
        (&["tomcat-reused"], |case| {
            hide_call_manager(case, Observed::Present(fingerprint(PUBLISHER)));
        }),
        (&["reuse-unknown", "identity-missing"], |case| {
            hide_call_manager(case, Observed::Unknown("closed".into()));
        }),
        (&["identity-missing"], |case| {
            hide_call_manager(case, Observed::Absent)
        }),
        (&["twin-self-signed"], |case| {
            twin(case, PUBLISHER, "CallManager-ECDSA")
        }),
        (&["twin-self-signed", "twin-self-signed"], |case| {
            let node = "imp1.hq.example.com";
            add_presence(case, node);
            case.cluster().presence_publisher = Observed::Present(node.into());
            for purpose in ["cup", "cup-xmpp"] {
                case.want(purpose, &[node], Appliance::ImPresence);
                case.hold(node, purpose, certificate(node, "root"));
                case.trust(
                    node,
                    &format!("{purpose}-trust"),
                    certificate("root", "root"),
                );
                twin(case, node, &format!("{purpose}-ECDSA"));
            }
        }),
    ]
}

fn held<'a>(case: &'a mut Case, node: &str, purpose: &str) -> &'a mut Certificate {
    case.certificate(&format!("{purpose} of {node}"))
}

fn expiring(case: &mut Case, node: &str, purpose: &str) {
    held(case, node, purpose).not_after = moment("2026-12-20T00:00:00Z");
}

/// The same certificate on every node, as from 12.5 on.
fn recovery(case: &mut Case, until: &str, bits: u32) {
    for node in [PUBLISHER, SUBSCRIBER] {
        let mut own = certificate("ITLRECOVERY_pub", "ITLRECOVERY_pub");
        own.not_after = moment(until);
        own.key.bits = bits;
        case.hold(node, "ITLRecovery", own);
    }
}

fn hide_call_manager(case: &mut Case, served: Observed<Fingerprint>) {
    let node = case.node(PUBLISHER);
    node.identities.remove(&Purpose::from("CallManager"));
    let listener = Listener {
        port: Port::Sip,
        key: KeyAlgorithm::Rsa,
    };
    let chain = served.map(|leaf| ServedChain { leaf, rest: vec![] });
    node.served.insert(listener, chain);
}

fn twin(case: &mut Case, node: &str, purpose: &str) {
    let name = format!("{purpose}-EC of {node}");
    case.hold(node, purpose, certificate(&name, &name));
}

#[test]
fn absent_phones_are_counted_and_the_first_named() {
    let mut case = Case::with_phones();
    let Observed::Present(phones) = &mut case.census().configured else {
        panic!("profiles")
    };
    phones.extend((10..30).map(|number| (format!("SEP{number}"), PhoneProfile::default())));
    let finding = case.finding("phones-absent");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(
        finding.found,
        "20 not registered: SEP10, SEP11, SEP12, SEP13, SEP14, SEP15, SEP16, SEP17, SEP18, SEP19 and 10 more"
    );
}

#[test]
fn the_list_blocks_only_what_it_holds() {
    let mut case = Case::with_phones();
    case.mixed();
    case.cluster().ctl = Observed::Absent;
    let blocked: Vec<Option<Purpose>> = case
        .findings()
        .into_iter()
        .filter(|finding| finding.severity == Severity::Blocker)
        .map(|finding| finding.purpose)
        .collect();
    assert_eq!(blocked, [Some("CAPF".into()), Some("CallManager".into())]);
    case.desired.certificates.truncate(1);
    assert_eq!(case.finding("ctl-missing").severity, Severity::Critical);
}

#[test]
fn a_notice_of_reuse_forbids_nothing() {
    let mut case = Case::with_phones();
    hide_call_manager(&mut case, Observed::Present(fingerprint(PUBLISHER)));
    assert_eq!(case.finding("tomcat-reused").severity, Severity::Notice);
    hide_call_manager(&mut case, Observed::Unknown("closed".into()));
    assert_eq!(case.finding("reuse-unknown").severity, Severity::Blocker);
}

#[test]
fn recovery_is_never_mended_by_renewal() {
    let mut case = Case::with_phones();
    recovery(&mut case, "2026-01-02T00:00:00Z", 1024);
    let expired = case.finding("itl-recovery-expiring");
    assert_eq!(expired.severity, Severity::Critical);
    assert!(!expired.renewal_mends && !case.finding("itl-recovery-weak").renewal_mends);
}
