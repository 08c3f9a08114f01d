//! Each row plants one deviation into a good cluster and expects its finding, and nothing else.

mod cluster;
mod expressway;
mod phones;
mod releases;
mod superfluous;
mod trust;
mod uploads;

use std::collections::BTreeSet;

use super::testing::*;
use super::{assess, explain, explanations};
use crate::model::*;

#[test]
fn a_good_cluster_has_no_finding() {
    assert_eq!(Case::good().codes(), Vec::<String>::new());
}

/// The codes that a deviation gives, once for each finding, and how it is planted.
type Row = (&'static [&'static str], fn(&mut Case));

#[expect(clippy::too_many_lines, reason = "one table")]
fn rows() -> Vec<Row> {
    vec![
        (&["expired"], |case| {
            case.certificate(PUBLISHER).not_after = moment("2026-11-22T11:59:59Z")
        }),
        (&["expiring"], |case| {
            case.certificate(PUBLISHER).not_after = moment("2026-12-20T00:00:00Z")
        }),
        (&["not-yet-valid"], |case| {
            case.certificate(SUBSCRIBER).not_before = moment("2026-11-23T00:00:00Z")
        }),
        (&["self-signed"], |case| {
            let own = fingerprint(PUBLISHER);
            case.certificate(PUBLISHER).signed_by = [own].into();
        }),
        (&["wrong-issuer", "chain-incomplete"], |case| {
            case.certificate(PUBLISHER).signed_by.clear();
        }),
        (&["weak-signature"], |case| {
            case.certificate(PUBLISHER).signature = "sha1WithRSAEncryption".into()
        }),
        (&["names-missing", "names-extra"], |case| {
            case.certificate(PUBLISHER).names = [SubjectName::dns("other.example.com")].into();
        }),
        (&["key-policy"], |case| {
            case.certificate(PUBLISHER).key.bits = 2048
        }),
        (&["usage-missing"], |case| {
            case.node(SUBSCRIBER).release =
                Observed::Present(Release::parse("14.0.1.13900-155").unwrap());
            case.certificate(PUBLISHER).extended_usage = Some(["serverAuth".to_owned()].into());
            case.certificate(SUBSCRIBER).extended_usage =
                Some(["serverAuth".to_owned(), "clientAuth".to_owned()].into());
            case.procedures[0].usages.push(UsageRule {
                releases: ReleaseRange::default(),
                key_usage: vec![],
                extended_usage: vec!["serverAuth".to_owned(), "clientAuth".to_owned()],
                source: "SG14".to_owned(),
            });
        }),
        (&["identity-missing"], |case| {
            case.node(SUBSCRIBER).identities.clear();
        }),
        (&["served-differs"], |case| {
            let other = ServedChain {
                leaf: fingerprint("root"),
                rest: vec![],
            };
            let listener = Listener {
                port: Port::Soap,
                key: KeyAlgorithm::Rsa,
            };
            case.node(SUBSCRIBER)
                .served
                .insert(listener, Observed::Present(other));
        }),
        (&["served-unknown"], |case| {
            let listener = Listener {
                port: Port::Soap,
                key: KeyAlgorithm::Rsa,
            };
            case.node(SUBSCRIBER)
                .served
                .insert(listener, Observed::Unknown("closed".into()));
        }),
        (&["chain-incomplete"], |case| {
            case.node(SUBSCRIBER).trust.clear();
        }),
        (&["node-undeclared"], |case| {
            let Observed::Present(listed) = &mut case.cluster().listed else {
                panic!("listed")
            };
            listed.insert("sub2.hq.example.com".into(), Role::Subscriber);
        }),
        (&["node-unlisted"], |case| {
            let Observed::Present(listed) = &mut case.cluster().listed else {
                panic!("listed")
            };
            listed.remove(&NodeName::from(SUBSCRIBER));
        }),
        (&["replication-bad"], |case| {
            let Observed::Present(states) = &mut case.cluster().replication else {
                panic!("states")
            };
            states.get_mut(&NodeName::from(SUBSCRIBER)).unwrap().state = Some(3);
        }),
        (&["wrong-node"], |case| {
            case.node(SUBSCRIBER).reported_name = Observed::Present("pub.hq.example.com".into());
        }),
        (&["clock-skew"], |case| {
            case.node(PUBLISHER).clock_skew_seconds = Observed::Present(-301)
        }),
        (&["release-differs"], |case| {
            case.node(SUBSCRIBER).release =
                Observed::Present(Release::parse("12.5.1.11900-1").unwrap());
        }),
        (&["backup-running"], |case| {
            case.node(PUBLISHER).backup_job =
                Observed::Present(BackupJob::Running("backup 40%".into()));
        }),
        (&["backup-old"], |case| {
            case.node(PUBLISHER).last_backup = Observed::Absent
        }),
        (&["sso-enabled"], |case| {
            case.node(PUBLISHER).sso = Observed::Present(SsoState::Enabled)
        }),
        (&["unknown-fact"], |case| {
            case.cluster().security = Observed::Unknown("no answer".into())
        }),
        (&["unknown-fact"], |case| {
            case.node(SUBSCRIBER).sso = Observed::Unknown("no answer".into())
        }),
        (&["twin-self-signed"], |case| {
            let twin = certificate("pub-EC.hq.example.com", "pub-EC.hq.example.com");
            case.node(PUBLISHER).identities.insert(
                "tomcat-ECDSA".into(),
                Observed::Present(twin.sha256.clone()),
            );
            case.cluster()
                .certificates
                .insert(twin.sha256.clone(), twin);
        }),
        (&["not-shared"], |case| {
            case.desired.certificates[0].distribution = Distribution::MultiServer;
            let both: BTreeSet<_> = [PUBLISHER, SUBSCRIBER]
                .iter()
                .map(|name| SubjectName::dns(name))
                .collect();
            case.certificate(PUBLISHER).names = both.clone();
            case.certificate(SUBSCRIBER).names = both;
        }),
    ]
}

/// A table with the cluster that it plants into.
type Table = (fn() -> Case, Vec<Row>);

fn tables() -> [Table; 4] {
    [
        (Case::good, rows()),
        (Case::good, cluster::rows()),
        (Case::with_phones, phones::rows()),
        (Case::with_phones, trust::rows()),
    ]
}

#[test]
fn each_deviation_is_found_and_only_that() {
    let mut wrong = Vec::new();
    for (good, rows) in tables() {
        for (place, (expected, plant)) in rows.into_iter().enumerate() {
            let mut case = good();
            plant(&mut case);
            let mut codes = case.codes();
            codes.sort_unstable();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            if codes != expected {
                wrong.push((place, expected, case.findings()));
            }
        }
    }
    assert!(wrong.is_empty(), "row, expected, found: {wrong:#?}");
}

#[test]
fn every_code_is_planted_and_every_planted_code_explained() {
    let planted: BTreeSet<&str> = tables()
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .flat_map(|(codes, _)| codes)
        .copied()
        .collect();
    let elsewhere = |code: &str| {
        let of_files = ["L-", "bundle-", "file-", "log-", "mra-", "upload-"];
        let of_edges = ["zone-tls", "tunnels-down"];
        // `expressway` below plants those.
        let of_expressway = code.starts_with("expressway-");
        of_files.iter().any(|start| code.starts_with(start))
            || of_edges.contains(&code)
            || of_expressway
            || uploads::is_a_number(code)
    };
    let explained: BTreeSet<&str> = explanations()
        .iter()
        .map(|each| each.code)
        .filter(|code| !elsewhere(code))
        .collect();
    assert_eq!(planted, explained);
    assert!(explained.iter().all(|code| explain(code).is_some()));
}

#[test]
fn a_waiting_request_blocks_only_where_the_certificate_is_due() {
    let request = SigningRequest {
        sha256: fingerprint("request"),
        subject: "CN=pub".to_owned(),
        common_name: None,
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 3072,
            sha256: fingerprint("key"),
        },
        names: BTreeSet::new(),
        key_usage: None,
        extended_usage: None,
        pem: String::new(),
    };
    let mut case = Case::good();
    case.node(PUBLISHER)
        .pending
        .insert("tomcat".into(), Observed::Present(request));
    let severity = |case: &Case| {
        let findings = assess(&case.observation, &case.desired, &case.procedures, now());
        findings
            .iter()
            .find(|found| found.code.as_str() == "pending-request")
            .unwrap()
            .severity
    };
    assert_eq!(severity(&case), Severity::Notice);
    case.certificate(PUBLISHER).not_after = moment("2026-11-25T00:00:00Z");
    assert_eq!(severity(&case), Severity::Blocker);
}

#[test]
fn the_last_second_of_validity_still_counts() {
    let mut case = Case::good();
    case.certificate(PUBLISHER).not_after = now();
    assert_eq!(case.codes(), ["expiring"]);
}

#[test]
fn codes_are_unique_and_complete() {
    let codes: BTreeSet<&str> = explanations().iter().map(|each| each.code).collect();
    assert_eq!(codes.len(), explanations().len());
    for each in explanations() {
        for text in [each.means, each.cause, each.remedy, each.source] {
            assert!(!text.is_empty(), "{} lacks a text", each.code);
        }
    }
}
