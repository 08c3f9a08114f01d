//! One row for each verdict, in each profile.

use super::*;

type Change = fn(&mut Bench);

/// A change to a good edge, and the verdicts of Expressway and CUCM by their beginning and a word in them.
const ROWS: &[(&str, Change, &str, &str)] = &[
    ("good", |_| {}, "verifies", "verifies"),
    (
        "root missing",
        |bench| bench.distrust("Root"),
        "broken: the authority Root is not in the store (chain ends at depth 1)",
        "unknown: the store holds Issuing but not Root above it",
    ),
    (
        "root missing and sent along",
        |bench| {
            bench.distrust("Root");
            bench.sends(&["Issuing", "Root"]);
        },
        "broken: the authority Root is not in the store (chain ends at depth 2)",
        "unknown: the store holds Issuing but not Root above it",
    ),
    (
        "nothing trusted",
        |bench| bench.store = Observed::Absent,
        "broken: the authority Issuing is not in the store (chain ends at depth 0)",
        "broken: the authority Issuing is not in the store (chain ends at depth 0)",
    ),
    (
        "intermediate missing",
        |bench| bench.distrust("Issuing"),
        "broken: the intermediate Issuing is not in the store though its root is",
        "broken: the intermediate Issuing is not in the store though its root is",
    ),
    (
        "intermediate only sent along",
        |bench| {
            bench.distrust("Issuing");
            bench.sends(&["Issuing"]);
        },
        "verifies: the intermediate Issuing is sent along but not in the store",
        "verifies: the intermediate Issuing is sent along but not in the store",
    ),
    (
        "intermediate only sent along where the whole chain is wanted",
        |bench| {
            bench.distrust("Issuing");
            bench.sends(&["Issuing"]);
            bench.edge.whole_chain = true;
        },
        "broken: the intermediate Issuing is not in the store though its root is, being sent along is not enough here",
        "broken: the intermediate Issuing is not in the store though its root is, being sent along is not enough here",
    ),
    (
        "self-signed and trusted",
        |bench| {
            bench.know(certificate(CUCM, CUCM));
            bench.trust(certificate(CUCM, CUCM));
        },
        "verifies",
        "verifies",
    ),
    (
        "self-signed and not trusted",
        |bench| bench.know(certificate(CUCM, CUCM)),
        "broken: cucm.steven.lab is self-signed and not in the store (depth 0)",
        "broken: cucm.steven.lab is self-signed and not in the store (depth 0)",
    ),
    (
        "two of one name, the other first",
        |bench| {
            bench.distrust("Root");
            bench.trust(namesake("Root", "Root of before"));
            bench.trust(authority("Root", "Root"));
        },
        "broken: the store holds two certificates named Root; the first",
        "verifies",
    ),
    (
        "two of one name, the right one first",
        |bench| bench.trust(namesake("Root", "Root of before")),
        "verifies",
        "verifies",
    ),
    (
        "name missing",
        |bench| {
            let leaf = bench.leaf();
            leaf.names = [SubjectName::dns("other.steven.lab")].into();
            leaf.common_name = Some("other.steven.lab".to_owned());
        },
        "broken: no DNS name of the certificate is cucm.steven.lab",
        "broken: no DNS name of the certificate is cucm.steven.lab",
    ),
    (
        "only the common name",
        |bench| bench.leaf().names.clear(),
        "verifies: cucm.steven.lab is only the common name",
        "verifies: cucm.steven.lab is only the common name",
    ),
    (
        "only the common name, which does not count",
        |bench| {
            bench.leaf().names.clear();
            bench.edge.name = NameCheck::AnyOf {
                names: [CUCM.to_owned()].into(),
                common_name: false,
            };
        },
        "broken: no DNS name of the certificate is cucm.steven.lab; the common name has it",
        "broken: no DNS name of the certificate is cucm.steven.lab; the common name has it",
    ),
    (
        "names not checked",
        |bench| {
            bench.leaf().names.clear();
            bench.leaf().common_name = None;
            bench.edge.name = NameCheck::Nothing;
        },
        "verifies",
        "verifies",
    ),
    (
        "name unknown",
        |bench| bench.edge.name = NameCheck::Unknown("not asked".to_owned()),
        "unknown: the expected name: not asked",
        "unknown: the expected name: not asked",
    ),
    (
        "expired",
        |bench| bench.leaf().not_after = moment("2026-11-01T00:00:00Z"),
        "broken: cucm.steven.lab ended on 2026-11-01T00:00:00Z (depth 0)",
        "broken: cucm.steven.lab ended on 2026-11-01T00:00:00Z (depth 0)",
    ),
    (
        "authority expired",
        |bench| {
            let root = bench.certificates.get_mut(&fingerprint("Root")).unwrap();
            root.not_after = moment("2026-11-01T00:00:00Z");
        },
        "broken: Root ended on 2026-11-01T00:00:00Z (depth 2)",
        "broken: Root ended on 2026-11-01T00:00:00Z (depth 2)",
    ),
    (
        "not yet valid",
        |bench| bench.leaf().not_before = moment("2026-12-01T00:00:00Z"),
        "broken: cucm.steven.lab begins on 2026-12-01T00:00:00Z (depth 0)",
        "broken: cucm.steven.lab begins on 2026-12-01T00:00:00Z (depth 0)",
    ),
    (
        "no server",
        |bench| bench.leaf().extended_usage = Some(["clientAuth".to_owned()].into()),
        "broken: the certificate does not allow serverAuth",
        "broken: the certificate does not allow serverAuth",
    ),
    (
        "no usages at all",
        |bench| bench.leaf().extended_usage = None,
        "verifies",
        "verifies",
    ),
    (
        "key identifiers that do not fit",
        |bench| {
            bench.leaf().authority_key_id = Some("aa".to_owned());
            let issuing = bench.certificates.get_mut(&fingerprint("Issuing")).unwrap();
            issuing.subject_key_id = Some("bb".to_owned());
        },
        "broken: the authority CN=Issuing is not in the store (chain ends at depth 0)",
        "broken: the authority CN=Issuing is not in the store (chain ends at depth 0)",
    ),
    (
        "issuer of another name",
        |bench| bench.leaf().issuer = "CN=Somebody".to_owned(),
        "broken: the authority CN=Somebody is not in the store (chain ends at depth 0)",
        "broken: the authority CN=Somebody is not in the store (chain ends at depth 0)",
    ),
    (
        "store unknown",
        |bench| bench.store = Observed::Unknown("timed out".to_owned()),
        "unknown: trusted-ca of vcsc.steven.lab: timed out",
        "unknown: trusted-ca of vcsc.steven.lab: timed out",
    ),
    (
        "store unknown and the name missing",
        |bench| {
            bench.store = Observed::Unknown("timed out".to_owned());
            bench.edge.name = NameCheck::AnyOf {
                names: ["10.48.36.215".to_owned()].into(),
                common_name: true,
            };
        },
        "broken: no DNS name of the certificate is 10.48.36.215",
        "broken: no DNS name of the certificate is 10.48.36.215",
    ),
    (
        "presented unknown",
        |bench| bench.presented = Observed::Unknown("timed out".to_owned()),
        "unknown: what cucm.steven.lab presents: timed out",
        "unknown: what cucm.steven.lab presents: timed out",
    ),
    (
        "presents nothing",
        |bench| bench.presented = Observed::Absent,
        "unknown: cucm.steven.lab presents nothing there",
        "unknown: cucm.steven.lab presents nothing there",
    ),
    (
        "certificate not read",
        |bench| {
            bench.certificates.remove(&fingerprint(CUCM));
        },
        "unknown: the certificate",
        "unknown: the certificate",
    ),
    (
        "entry not read",
        |bench| {
            bench.store = Observed::Present(vec![fingerprint("nobody read it")]);
        },
        "unknown: 1 entries of the store were not read",
        "unknown: 1 entries of the store were not read",
    ),
    (
        "assumed and not verifying",
        |bench| {
            bench.store = Observed::Absent;
            bench.edge.basis = Basis::Assumed("only if integrated");
        },
        "unknown: only if integrated; if so: the authority Issuing is not in the store",
        "unknown: only if integrated; if so: the authority Issuing is not in the store",
    ),
    (
        "a circle of signatures",
        |bench| {
            bench.trust(authority("Issuing", "Root"));
            bench.distrust("Root");
            bench.know(authority("Root", "Issuing"));
            bench.trust(authority("Root", "Issuing"));
        },
        "unknown: the chain is longer than 16 certificates",
        "unknown: the chain is longer than 16 certificates",
    ),
];

#[test]
fn every_verdict_in_each_profile() {
    for (what, change, expressway, cucm) in ROWS {
        for (profile, expected) in [(Profile::Expressway, expressway), (Profile::Cucm, cucm)] {
            let mut bench = Bench::good(profile);
            change(&mut bench);
            let found = bench.verdict().to_string();
            assert!(found.starts_with(expected), "{what}, {profile:?}: {found}");
            if *expected == "verifies" {
                assert_eq!(found, "verifies", "{what}, {profile:?}");
            }
        }
    }
}

#[test]
fn names_are_compared_as_the_traffic_server_does() {
    let rows = [
        ("cucm.steven.lab", "CUCM.Steven.Lab", true),
        ("*.steven.lab", "cucm.steven.lab", true),
        ("*.steven.lab", "a.cucm.steven.lab", false),
        ("*.steven.lab", "steven.lab", false),
        ("*.lab", "steven.lab", false),
        ("cucm.*.lab", "cucm.steven.lab", false),
        ("cucm.steven.lab", "cucm", false),
    ];
    for (held, expected, fits) in rows {
        let mut bench = Bench::good(Profile::Expressway);
        let leaf = bench.leaf();
        leaf.names = [SubjectName::dns(held)].into();
        leaf.common_name = None;
        bench.edge.name = NameCheck::AnyOf {
            names: [expected.to_owned()].into(),
            common_name: true,
        };
        assert_eq!(bench.verdict().holds(), fits, "{held} for {expected}");
    }
}

#[test]
fn an_address_among_the_names_does_not_help() {
    let mut bench = Bench::good(Profile::Expressway);
    let address = "10.48.36.215";
    bench
        .leaf()
        .names
        .insert(SubjectName::Ip(address.parse().unwrap()));
    bench.edge.name = NameCheck::AnyOf {
        names: [address.to_owned()].into(),
        common_name: true,
    };
    let expected = Break::NameMissing {
        expected: vec![address.to_owned()],
        in_common_name: false,
    };
    assert_eq!(bench.breaks(), [expected]);
    bench.leaf().names.insert(SubjectName::dns(address));
    assert!(bench.verdict().holds());
}

#[test]
fn of_several_common_names_none_rescues() {
    let mut bench = Bench::good(Profile::Expressway);
    let leaf = bench.leaf();
    leaf.names.clear();
    leaf.subject = format!("CN=first, CN={CUCM}");
    assert!(bench.verdict().is_broken());
}

#[test]
fn a_signature_that_nobody_verified_is_unknown() {
    let mut bench = Bench::good(Profile::Cucm);
    let leaf = bench.certificates.remove(&fingerprint(CUCM)).unwrap();
    let elsewhere = [(
        leaf.sha256.clone(),
        Certificate {
            signed_by: [].into(),
            ..leaf
        },
    )]
    .into();
    let mut pool = Pool::of(&bench.certificates);
    pool.join(&elsewhere);
    let store = bench
        .store
        .clone()
        .map(|entries| Anchors::of(&entries, &pool));
    let verdict = evaluate(&bench.edge, &bench.presented, &store, &pool, now());
    let says = verdict.to_string();
    assert!(
        says.starts_with("unknown: Issuing is in the store and has the right name"),
        "{says}"
    );
}

#[test]
fn everything_that_is_wrong_is_said() {
    let mut bench = Bench::good(Profile::Expressway);
    bench.know(named(certificate(CUCM, CUCM), &["elsewhere.lab"]));
    let leaf = bench.leaf();
    leaf.common_name = None;
    leaf.not_after = moment("2026-11-01T00:00:00Z");
    leaf.extended_usage = Some([].into());
    let kinds = bench.breaks();
    assert!(
        matches!(
            kinds.as_slice(),
            [
                Break::SelfSigned { .. },
                Break::NameMissing { .. },
                Break::Expired { depth: 0, .. },
                Break::UsageMissing(Usage::ServerAuth)
            ]
        ),
        "{kinds:#?}"
    );
}
