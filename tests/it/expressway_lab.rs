//! The read commands on simulated Expressways: a healthy deployment has no findings, and each trouble has its own.

use reissue_lab::expressway::{ExpresswayConfig, Trouble};
use reissue_lab::state::Identity;
use reissue_lab::{Lab, Misbehaviour, Place, TomcatStart};
use serde_json::Value;

use crate::support::{self, no_violation, reissue};

const RELEASES: [&str; 4] = ["X14.0", "X14.2", "X15.4", "X15.5"];

/// Both Expressways beside a CUCM and a Unity Connection cluster. `twins`: their elliptic-curve certificates are signed.
fn lab(release: &str, twins: bool) -> Lab {
    support::lab(|config| {
        config.subscribers = 1;
        config.unity = 1;
        config.tomcat = vec![TomcatStart::Expiring(200)];
        if twins {
            let twins = ["tomcat-ECDSA", "CallManager-ECDSA"];
            config.purposes.extend(twins.map(str::to_owned));
        }
        config.expressway = Some(ExpresswayConfig {
            release: release.to_owned(),
            start: TomcatStart::Expiring(200),
            ..ExpresswayConfig::default()
        });
    })
}

/// A finding in one line: severity, code, cluster, node, expected, found.
fn line(finding: &Value) -> String {
    let words = ["severity", "code", "cluster", "node", "expected", "found"];
    let words = words.map(|word| finding[word].as_str().unwrap_or("-"));
    words.join(" ")
}

/// What is found about Expressway, in any cluster. The estate file asks for another authority than that of the first
/// certificates, which is no trouble of theirs.
fn findings(lab: &Lab) -> Vec<String> {
    let found = reissue(lab, ["assess", "--json"]).expect(0).data();
    let found = found.as_array().unwrap().iter();
    let about = |finding: &&Value| {
        let code = finding["code"].as_str().unwrap();
        let of_peers = ["core", "edge"].iter().any(|it| finding["cluster"] == *it);
        (of_peers || code.starts_with("expressway-")) && code != "wrong-issuer"
    };
    found.filter(about).map(line).collect()
}

#[track_caller]
fn only(found: &[String], expected: &[&str]) {
    let other: Vec<&String> = found
        .iter()
        .filter(|line| !expected.iter().any(|words| line.contains(words)))
        .collect();
    assert!(other.is_empty(), "{other:#?}");
    for words in expected {
        assert!(found.iter().any(|line| line.contains(words)), "{words}");
    }
}

#[test]
fn a_healthy_deployment_has_no_findings() {
    for release in RELEASES {
        let lab = lab(release, true);
        let expected: &[&str] = match release {
            // The lab's servers have TLS verify on, which proves little before X14.0.8.
            "X14.0" => &["notice expressway-tls-verify"],
            "X15.5" => &["warning unknown-fact core", "warning unknown-fact edge"],
            _ => &[],
        };
        only(&findings(&lab), expected);
        let doctor = reissue(&lab, ["doctor"]).expect(0);
        assert!(!doctor.out.contains("FAILED"), "{}", doctor.out);
        let status = reissue(&lab, ["status"]).expect(0);
        for words in [
            release,
            "zone UC-Traversal Active",
            "2 tunnels",
            "interface as known",
        ] {
            assert!(status.out.contains(words), "{words}\n{}", status.out);
        }
        no_violation(&lab);
    }
}

/// What each trouble brings about: the code, the cluster that it is told of, and words of it. Those of one store come
/// after each other, and the later adds to the words of the earlier.
const TROUBLES: [(Trouble, &str); 11] = [
    (
        Trouble::CoreLacksIntermediate,
        "critical expressway-far-authority-missing core expc1.example.com",
    ),
    (
        Trouble::EdgeLacksIntermediate,
        "critical expressway-far-authority-missing edge expe1.example.com",
    ),
    (
        Trouble::CoreLacksRoot,
        "without Public Trust Root, Public Trust Issuing CA 1",
    ),
    (
        Trouble::EdgeLacksRoot,
        "without Example Corp Root CA, Example Corp Issuing CA 1",
    ),
    (
        Trouble::PeerAddress,
        "critical expressway-zone-peer-name edge",
    ),
    (
        Trouble::VerifyName,
        "critical expressway-zone-verify-name core",
    ),
    (
        Trouble::CucmLacksRoot,
        "critical expressway-not-trusted-by-cucm core",
    ),
    (
        Trouble::CoreLacksOwnIntermediate,
        "critical expressway-unrecognized-authority core",
    ),
    (Trouble::ServerByAddress, "expressway-advertised-name core"),
    (
        Trouble::MixedRelease,
        "warning expressway-release-mixed core",
    ),
    (
        Trouble::VerifyOriginOff,
        "warning expressway-origin-unverified core expc1",
    ),
];

/// Whether a line tells a trouble.
fn tells(line: &str, words: &str) -> bool {
    !words.is_empty() && line.contains(words)
}

#[test]
fn each_trouble_is_found_by_its_code_when_it_comes_about() {
    let lab = lab("X14.2", true);
    let mut before = findings(&lab);
    for (trouble, words) in TROUBLES {
        assert!(
            !before.iter().any(|line| tells(line, words)),
            "{trouble:?} {before:#?}"
        );
        lab.trouble(trouble).unwrap();
        let after = findings(&lab);
        let told = after.iter().any(|line| tells(line, words));
        assert_eq!(told, !words.is_empty(), "{trouble:?} {after:#?}");
        before = after;
    }
}

#[test]
fn a_missing_intermediate_takes_the_tunnels_and_leaves_the_zone() {
    let lab = lab("X14.2", true);
    lab.trouble(Trouble::EdgeLacksIntermediate).unwrap();
    let found = findings(&lab);
    for words in [
        "without Example Corp Issuing CA 1; the zone is active and no tunnel is established, as this does",
        "critical expressway-tunnel-down edge expe1.example.com",
    ] {
        assert!(
            found.iter().any(|line| line.contains(words)),
            "{words} {found:#?}"
        );
    }
    assert!(
        !found.iter().any(|line| line.contains("zone-down")),
        "{found:#?}"
    );
    let status = reissue(&lab, ["status"]).expect(0);
    assert!(status.out.contains("0 of 2 tunnels"), "{}", status.out);
}

#[test]
fn an_authority_that_another_of_its_name_hides_takes_zones_and_tunnels() {
    let lab = lab("X14.2", true);
    lab.trouble(Trouble::DuplicateName).unwrap();
    let found = findings(&lab);
    for words in [
        "critical expressway-same-name core expc1.example.com",
        "critical expressway-zone-down core expc1.example.com",
        "critical expressway-tunnel-down core expc1.example.com",
    ] {
        assert!(
            found.iter().any(|line| line.contains(words)),
            "{words} {found:#?}"
        );
    }
}

#[test]
fn the_same_troubles_on_other_releases_differ_as_the_releases_do() {
    for release in ["X14.0", "X15.4", "X15.5"] {
        let lab = lab(release, true);
        for (trouble, _) in TROUBLES {
            lab.trouble(trouble).unwrap();
        }
        let found = findings(&lab);
        for (trouble, words) in TROUBLES {
            let told = found.iter().any(|line| tells(line, words));
            let hidden = match release {
                // claim: EXPRESSWAY-CUCM-TRUSTS-CORE
                "X14.0" => matches!(trouble, Trouble::CucmLacksRoot | Trouble::VerifyOriginOff),
                // What a peer connects with cannot be read.
                "X15.5" => matches!(
                    trouble,
                    Trouble::CucmLacksRoot
                        | Trouble::VerifyName
                        | Trouble::EdgeLacksRoot
                        | Trouble::EdgeLacksIntermediate
                ),
                _ => false,
            };
            let expected = !hidden && !words.is_empty();
            assert_eq!(told, expected, "{release} {trouble:?} {found:#?}");
        }
        let by_address = found
            .iter()
            .find(|line| line.contains("expressway-advertised-name"))
            .unwrap();
        // Nothing is enforced: the release is too old, or verification is off.
        assert!(by_address.starts_with("warning"), "{release} {by_address}");
    }
}

#[test]
fn self_signed_twins_are_told_where_their_kind_of_key_is_asked_for_first() {
    let lab = lab("X14.2", false);
    only(&findings(&lab), &[]);
    lab.trouble(Trouble::EllipticFirst).unwrap();
    let untrusted = "critical expressway-server-untrusted core expc";
    only(&findings(&lab), &[untrusted]);
}

/// Stores a certificate on a peer that answers a request with nothing but its own names.
fn stored(lab: &Lab, cluster: &str, peer: &str, misbehaviour: Misbehaviour) {
    lab.world()
        .foreign_peer_request(&Place::new(cluster, peer))
        .unwrap();
    lab.misbehave(misbehaviour);
    lab.change_peer(cluster, peer, |peer| {
        let pending = peer.pending.take().unwrap();
        let issued = lab.authority().sign(&pending.request.to_pem().unwrap());
        peer.stored = Identity {
            certificate: openssl::x509::X509::from_pem(&issued.unwrap()).unwrap(),
            key: pending.key,
        };
    });
}

#[test]
fn certificates_without_a_name_or_a_usage_are_found_by_what_the_release_needs() {
    for (release, of_edge) in [
        ("X14.2", "critical expressway-client-auth edge expe1"),
        ("X15.4", "notice expressway-client-auth edge expe1"),
        ("X15.5", ""),
    ] {
        let lab = lab(release, true);
        stored(&lab, "core", "expc1.example.com", Misbehaviour::SanDropped);
        stored(
            &lab,
            "edge",
            "expe1.example.com",
            Misbehaviour::ServerAuthOnly,
        );
        lab.change_expressways(|all| "pem".clone_into(&mut all.edge.quirks.upload_part));
        let found = findings(&lab);
        for words in [
            "warning expressway-name-missing core expc1",
            "warning expressway-domain-missing edge expe1",
            "critical served-differs edge expe1",
            "notice expressway-interface edge expe1",
        ] {
            assert!(
                found.iter().any(|line| line.contains(words)),
                "{release} {words} {found:#?}"
            );
        }
        let told = found
            .iter()
            .any(|line| line.contains("expressway-client-auth"));
        let as_expected = found.iter().any(|line| tells(line, of_edge));
        assert_eq!(
            (told, as_expected),
            (!of_edge.is_empty(), !of_edge.is_empty()),
            "{release} {found:#?}"
        );
    }
}
