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

/// Has the server certificates of a cluster signed below a root of a name, which may be for some usage only.
fn authority_of_server(case: &mut Case, cluster: &str, root: &str, usage: Option<&str>) {
    let mut wanted = case.desired.certificates[0].clone();
    wanted.cluster = cluster.into();
    wanted.purpose = "server".into();
    wanted.nodes = case.of(cluster).nodes.keys().cloned().collect();
    let issuer = case.desired.issuers.get_mut(&wanted.issuer).unwrap();
    let authority = &mut issuer.chain[0].certificate;
    authority.common_name = Some(root.to_owned());
    authority.extended_usage = usage.map(|usage| [usage.to_owned()].into());
    case.desired.certificates.push(wanted);
}

/// Release, cluster, the root that is to sign, its own usages, and how bad that is.
#[test]
fn whether_the_issuer_can_still_give_client_authentication_is_told_before() {
    let rows = [
        (
            "X14.2.5",
            CORE,
            "ISRG Root X1",
            None,
            Some(Severity::Critical),
        ),
        (
            "X14.2.5",
            EDGE,
            "isrg root x2",
            None,
            Some(Severity::Critical),
        ),
        (
            "X14.2.5",
            EDGE,
            "DigiCert Assured ID Root G2",
            None,
            Some(Severity::Notice),
        ),
        ("X14.2.5", CORE, "Example Corp Root CA", None, None),
        (
            "X14.2.5",
            CORE,
            "Example Corp Root CA",
            Some("serverAuth"),
            Some(Severity::Critical),
        ),
        (
            "X14.2.5",
            CORE,
            "Example Corp Root CA",
            Some("clientAuth"),
            None,
        ),
        ("X15.4.0", EDGE, "ISRG Root X1", None, None),
        ("X15.5.0", CORE, "ISRG Root X1", None, None),
    ];
    for (release, cluster, root, usage, expected) in rows {
        let mut case = Case::with_expressway();
        case.release(release);
        authority_of_server(&mut case, cluster, root, usage);
        let findings = case.findings();
        let found = findings.iter().find(|finding| {
            finding.code.as_str() == "expressway-client-auth-issuer"
                && finding.cluster == cluster.into()
        });
        let severity = found.map(|finding| finding.severity);
        assert_eq!(
            severity, expected,
            "{release} {cluster} {root}: {findings:#?}"
        );
    }
}
