use super::{Case, recipe};
use crate::model::{Product, Severity};
use crate::pki::testing::Recipe;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn the_two_sets_must_be_equal() {
    for (issued, same) in [
        (&["dns:example.com", "dns:cucm.example.com"][..], true),
        (&["dns:EXAMPLE.com.", "dns:CUCM.example.com"], true),
        (&["dns:cucm.example.com"], false),
        (
            &[
                "dns:cucm.example.com",
                "dns:example.com",
                "dns:www.example.com",
            ],
            false,
        ),
        (
            &["dns:cucm.example.com", "dns:example.com", "ip:10.0.0.1"],
            false,
        ),
        (
            &[
                "dns:cucm.example.com",
                "dns:example.com",
                "email:a@example.com",
            ],
            false,
        ),
        (&[], false),
    ] {
        let case = Case::changed(|recipe| recipe.names = names(issued));
        let expected: &[_] = if same {
            &[]
        } else {
            &[("E5", Severity::Blocker)]
        };
        assert_eq!(case.codes(), expected, "{issued:?}");
    }
}

#[test]
fn a_mismatch_names_both_ways_out() {
    let finding = Case::changed(|recipe| {
        recipe.names = names(&[
            "dns:cucm.example.com",
            "dns:www.cucm.example.com",
            "ip:10.0.0.1",
        ]);
    })
    .only();
    assert_eq!(
        finding.predicted,
        Some("CSR SAN and Certificate SAN does not match")
    );
    assert_eq!(
        finding.found,
        "missing: dns:example.com; extra: dns:www.cucm.example.com, ip:10.0.0.1"
    );
    let [again, anew] = finding.remedies.as_slice() else {
        panic!("{:?}", finding.remedies)
    };
    assert!(again.contains("without the www name"), "{again}");
    assert!(
        anew.contains("dns:www.cucm.example.com") && anew.contains("no IP addresses"),
        "{anew}"
    );
}

#[test]
fn habits_of_authorities_are_recognised() {
    let common_name = Case::changed(|recipe| {
        recipe.subject = vec![("CN", "cucm-ms.example.com".into())];
        recipe.names.push("dns:cucm-ms.example.com".into());
    });
    let e5 = common_name
        .findings()
        .into_iter()
        .find(|finding| finding.code == "E5")
        .expect("E5");
    assert!(
        e5.remedies[0].contains("without adding the common name"),
        "{:?}",
        e5.remedies
    );
    let domain = Case::changed(|recipe| recipe.names = names(&["dns:cucm.example.com"])).only();
    assert!(
        domain.remedies[0].contains("parent domain dns:example.com"),
        "{:?}",
        domain.remedies
    );
}

#[test]
fn names_of_other_kinds_never_match() {
    let asked = Recipe {
        names: names(&["dns:cucm.example.com", "uri:https://a.example"]),
        ..recipe()
    };
    let finding = Case::new(&asked, asked.clone()).only();
    assert_eq!((finding.code, finding.severity), ("E5", Severity::Blocker));
    assert!(
        finding.found.contains("other:uri:https://a.example"),
        "{}",
        finding.found
    );
}

#[test]
fn without_requested_names_the_node_does_not_compare() {
    let asked = Recipe {
        names: Vec::new(),
        ..recipe()
    };
    let case = Case::new(
        &asked,
        Recipe {
            names: names(&["dns:cucm.example.com"]),
            ..asked.clone()
        },
    );
    assert_eq!(case.codes(), [("L-names-not-compared", Severity::Notice)]);
    assert_eq!(
        Case::new(&asked, asked.clone()).codes(),
        [("L-no-names", Severity::Notice)]
    );
}

#[test]
fn expressway_wants_all_names_and_takes_more() {
    let mut more = Case::changed(|recipe| recipe.names.push("dns:more.example.com".into()));
    more.product = Product::ExpresswayE;
    assert_eq!(more.codes(), []);
    let mut fewer = Case::changed(|recipe| recipe.names = names(&["dns:cucm.example.com"]));
    fewer.product = Product::ExpresswayE;
    assert_eq!(fewer.codes(), [("L-names-missing", Severity::Blocker)]);
}

#[test]
fn wildcards_are_refused_but_for_federation() {
    for (purpose, severity) in [
        ("tomcat-ECDSA", Severity::Blocker),
        ("cup-xmpp-ECDSA", Severity::Blocker),
        ("cup-xmpp-s2s-ECDSA", Severity::Notice),
    ] {
        let asked = Recipe {
            names: names(&["dns:*.example.com"]),
            ..recipe()
        };
        let mut case = Case::new(&asked, asked.clone());
        case.purpose = purpose.into();
        assert_eq!(case.codes(), [("E13", severity)], "{purpose}");
    }
    let subject = Recipe {
        subject: vec![("CN", "*.example.com".into())],
        ..recipe()
    };
    assert_eq!(
        Case::new(&subject, subject.clone()).codes(),
        [("E13", Severity::Blocker)]
    );
}

#[test]
fn only_the_organizational_unit_may_be_dropped() {
    let subject = vec![
        ("O", "Acme, OU=x".to_owned()),
        ("OU", "Voice".to_owned()),
        ("CN", "cucm".to_owned()),
    ];
    let asked = Recipe {
        subject: subject.clone(),
        ..recipe()
    };
    for (dropped, expected) in [(1, vec![]), (0, vec![("L-subject", Severity::Warning)])] {
        let mut subject = subject.clone();
        subject.remove(dropped);
        let case = Case::new(
            &asked,
            Recipe {
                subject,
                ..asked.clone()
            },
        );
        assert_eq!(case.codes(), expected, "{dropped}");
    }
}

#[test]
fn ten_thousand_differences_stay_readable() {
    let finding = Case::changed(|recipe| {
        recipe
            .names
            .extend((0..10_000).map(|number| format!("dns:node{number}.example.com")));
    })
    .only();
    assert!(
        finding.found.len() < 2000 && finding.found.contains("and 9980 more"),
        "{}",
        finding.found
    );
}
