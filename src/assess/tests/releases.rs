//! What depends on the release of Expressway.

use super::super::testing::*;
use crate::model::*;

const C1: &str = CORES[0];
const E1: &str = EDGES[0];

/// A certificate for servers only.
pub(super) fn deny_clients(certificate: &mut Certificate) {
    certificate.extended_usage = Some(["serverAuth".to_owned()].into());
}

/// Release, which certificate of which peer is without clientAuth, and how bad that is.
#[test]
fn client_authentication_is_judged_by_release() {
    let rows = [
        ("X14.0.1", CORE, C1, Some(Severity::Critical)),
        ("X15.3.9", EDGE, E1, Some(Severity::Critical)),
        ("X15.4.0", CORE, C1, Some(Severity::Critical)),
        ("X15.4.0", EDGE, E1, Some(Severity::Notice)),
        ("X15.5.0", CORE, C1, None),
        ("X15.5.0", EDGE, E1, None),
    ];
    for (release, cluster, node, expected) in rows {
        let mut case = Case::with_expressway();
        case.release(release);
        deny_clients(case.server(cluster, node));
        let findings = case.findings();
        let found = findings
            .iter()
            .find(|finding| finding.code.as_str() == "expressway-client-auth");
        let severity = found.map(|finding| finding.severity);
        assert_eq!(severity, expected, "{release} {node}: {findings:#?}");
    }
    let mut case = Case::with_expressway();
    case.release("X15.5.0");
    let mut client = certificate("client of c1", "exp-int");
    client.names.insert(SubjectName::dns("expc.example.com"));
    client.extended_usage = Some(["serverAuth".to_owned()].into());
    let held = Observed::Present(client.sha256.clone());
    case.peer(CORE, C1).identities.insert("client".into(), held);
    case.of(CORE)
        .certificates
        .insert(client.sha256.clone(), client);
    let finding = case.finding("expressway-client-auth");
    assert_eq!(finding.purpose, Some("client".into()));
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(case.codes(), ["expressway-client-auth"]);
}

#[test]
fn before_every_request_was_verified_an_untrusted_server_is_a_warning() {
    let mut case = Case::with_expressway();
    case.release("X14.0.7");
    case.distrust(CORE, C1, "root");
    let finding = case.finding("expressway-server-untrusted");
    assert_eq!(finding.severity, Severity::Warning);
    let notices = case.codes();
    let verify = notices
        .iter()
        .filter(|code| *code == "expressway-tls-verify");
    assert_eq!(verify.count(), 2, "one for each peer: {notices:?}");
}
