use super::{Case, Demands, recipe};
use crate::model::{Product, Severity};
use crate::pki::testing::Recipe;

const E1: &str = "CA certificate is not available in the trust-store";

#[test]
fn a_missing_authority_is_named() {
    let mut case = Case::changed(|_| {});
    case.stored = Some(Vec::new());
    for (kept, wanted) in [
        (vec![], "CN=Issuing"),
        (vec![1], "CN=Root"),
        (vec![0], "CN=Issuing"),
    ] {
        let whole = [case.root.parsed.clone(), case.issuing.parsed.clone()];
        case.chain = kept
            .iter()
            .map(|at| whole.get::<usize>(*at).expect("there").clone())
            .collect();
        let findings = case.findings();
        let finding = findings
            .iter()
            .find(|finding| finding.code == "E1")
            .expect("E1");
        assert_eq!(
            (finding.severity, finding.predicted),
            (Severity::Blocker, Some(E1))
        );
        assert!(
            finding.found.contains(wanted),
            "{wanted}: {}",
            finding.found
        );
    }
    case.product = Product::ExpresswayC;
    let findings = case.findings();
    let finding = findings
        .iter()
        .find(|finding| finding.code == "E1")
        .expect("E1");
    assert_eq!(
        finding.predicted,
        Some("Invalid certificate: Unrecognized CA")
    );
}

#[test]
fn a_name_alone_does_not_make_an_issuer() {
    let mut case = Case::changed(|_| {});
    let impostor = case.root.sign(Recipe::authority("Issuing"));
    case.chain = vec![case.root.parsed.clone(), impostor.parsed];
    let findings = case.findings();
    let finding = findings
        .iter()
        .find(|finding| finding.code == "E1")
        .expect("E1");
    assert!(
        finding.found.contains("its key did not sign"),
        "{}",
        finding.found
    );
}

#[test]
fn the_planned_issuer_must_have_signed() {
    let mut case = Case::changed(|_| {});
    let other = case
        .root
        .sign(Recipe::authority("Other issuing"))
        .parsed
        .facts
        .sha256;
    let root = case.root.parsed.facts.sha256.clone();
    case.demands = Some(Demands {
        chain: vec![root, other],
        ..Demands::default()
    });
    assert_eq!(case.codes(), [("L-issuer", Severity::Blocker)]);
}

#[test]
fn an_unfit_authority_is_refused_with_the_reason() {
    for (change, word) in [
        (
            Recipe {
                authority: None,
                ..Recipe::authority("Issuing")
            },
            "is no authority",
        ),
        (
            Recipe {
                usage: Some(vec!["digitalSignature"]),
                ..Recipe::authority("Issuing")
            },
            "may not sign",
        ),
        (
            Recipe {
                until: "2026-02-01T00:00:00Z",
                ..Recipe::authority("Issuing")
            },
            "is valid only from",
        ),
    ] {
        let mut case = Case::changed(|recipe| recipe.until = "2026-02-01T00:00:00Z");
        let issuing = case.root.sign(change);
        case.leaf = issuing.sign(recipe()).parsed;
        case.request = None;
        case.chain = vec![case.root.parsed.clone(), issuing.parsed];
        let findings = case.findings();
        let finding = findings
            .iter()
            .find(|finding| finding.code == "E6")
            .expect("E6");
        assert_eq!(finding.predicted, Some("Error in CA certificate"));
        assert!(finding.found.contains(word), "{word}: {}", finding.found);
    }
}

#[test]
fn path_lengths_count_authorities_below() {
    for (length, expected) in [(0, vec![("E6", Severity::Blocker)]), (1, vec![])] {
        let mut case = Case::changed(|_| {});
        let root = Recipe {
            authority: Some((true, Some(length))),
            ..Recipe::authority("Root")
        };
        let root = root.self_signed();
        let issuing = root.sign(Recipe {
            authority: Some((true, Some(0))),
            ..Recipe::authority("Issuing")
        });
        let leaf = Recipe::leaf("x");
        case.request = Some(leaf.request());
        case.leaf = issuing.sign(leaf).parsed;
        case.chain = vec![root.parsed, issuing.parsed];
        assert_eq!(case.codes(), expected, "{length}");
    }
}

#[test]
fn the_order_and_strays_are_remarked_on() {
    let mut case = Case::changed(|_| {});
    case.chain.reverse();
    let finding = case.only();
    assert_eq!(
        (finding.code, finding.severity),
        ("L-order", Severity::Notice)
    );
    assert!(
        finding.expected.contains("Root, Issuing, then"),
        "{}",
        finding.expected
    );
    case.chain.reverse();
    case.chain
        .push(Recipe::authority("Stranger").self_signed().parsed);
    case.chain.push(case.leaf.clone());
    let finding = case.only();
    assert_eq!(
        (finding.code, finding.severity),
        ("L-unrelated", Severity::Notice)
    );
    assert!(finding.found.ends_with("Stranger"), "{}", finding.found);
}

#[test]
fn the_store_decides_what_an_upload_does() {
    let stored = |name: &str, from: &'static str| {
        Recipe {
            from,
            serial: 7,
            ..Recipe::authority(name)
        }
        .self_signed()
        .parsed
        .facts
    };
    let mut case = Case::changed(|_| {});
    let root = case.root.parsed.facts.clone();
    let issuing = case.issuing.parsed.facts.clone();
    let older = stored("Issuing", "2019-01-01T00:00:00Z");
    let newer = stored("Issuing", "2025-01-01T00:00:00Z");
    let first = ("L-upload-first", Severity::Notice);
    for (product, holds, expected) in [
        (Product::Cucm, vec![root.clone(), issuing.clone()], vec![]),
        (Product::Cucm, vec![root.clone()], vec![first]),
        (Product::Cucm, vec![], vec![first, first]),
        (
            Product::Cucm,
            vec![root.clone(), older.clone()],
            vec![("L-replaces", Severity::Warning)],
        ),
        (
            Product::Cucm,
            vec![root.clone(), newer],
            vec![("E1", Severity::Blocker)],
        ),
        (Product::ExpresswayC, vec![root.clone()], vec![]),
        (
            Product::ExpresswayC,
            vec![root, older],
            vec![("L-same-name", Severity::Blocker)],
        ),
    ] {
        case.product = product;
        case.stored = Some(holds);
        assert_eq!(case.codes(), expected, "{product}");
    }
}

#[test]
fn two_authorities_of_one_name_do_not_fit_into_a_store() {
    let mut case = Case::changed(|_| {});
    let issuing = case.root.sign(Recipe {
        serial: 9,
        ..Recipe::authority("Root")
    });
    let leaf = recipe();
    case.request = Some(leaf.request());
    case.leaf = issuing.sign(leaf).parsed;
    case.chain = vec![case.root.parsed.clone(), issuing.parsed];
    assert_eq!(case.codes(), [("L-same-name", Severity::Blocker)]);
}

#[test]
fn a_certificate_that_outlives_its_authority_is_remarked_on() {
    let case = Case::changed(|recipe| recipe.until = "2041-01-01T00:00:00Z");
    assert_eq!(case.codes(), [("L-outlives-authority", Severity::Warning)]);
}

#[test]
fn a_self_signed_certificate_answers_no_request() {
    let asked = recipe();
    let mut case = Case::new(&asked, asked.clone());
    case.leaf = asked.self_signed().parsed;
    assert_eq!(case.codes(), [("L-self-signed", Severity::Blocker)]);
    case.request = None;
    assert_eq!(case.codes(), [("L-self-signed", Severity::Notice)]);
}

#[test]
fn authorities_above_capf_allow_one_more_step() {
    let capf = Recipe {
        usage: Some(vec!["digitalSignature", "keyCertSign"]),
        authority: Some((true, Some(0))),
        ..recipe()
    };
    for (length, expected) in [(0, vec![("L-capf-path", Severity::Critical)]), (1, vec![])] {
        let mut case = Case::changed(|_| {});
        let issuing = case.root.sign(Recipe {
            authority: Some((true, Some(length))),
            ..Recipe::authority("Issuing")
        });
        case.request = None;
        case.leaf = issuing.sign(capf.clone()).parsed;
        case.chain = vec![case.root.parsed.clone(), issuing.parsed];
        case.purpose = "CAPF".into();
        case.product = Product::Cucm;
        let mut codes = case.codes();
        // The test's keys are elliptic, which is another finding.
        codes.retain(|(code, _)| *code != "L-key-kind");
        assert_eq!(codes, expected, "{length}");
    }
}
