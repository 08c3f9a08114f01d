use std::collections::BTreeMap;

use crate::pki::testing::{Issued, Recipe};
use crate::pki::{Parsed, choose_leaf, link, link_all, order_chain};

fn chain() -> (Issued, Issued, Issued) {
    let root = Recipe::authority("Root").self_signed();
    let issuing = root.sign(Recipe::authority("Issuing"));
    let leaf = issuing.sign(Recipe::leaf("cucm.example.com"));
    (root, issuing, leaf)
}

fn titles(chain: &[Parsed]) -> Vec<&str> {
    chain
        .iter()
        .map(|certificate| certificate.facts.title())
        .collect()
}

#[test]
fn signatures_decide_and_names_do_not() {
    let (root, issuing, leaf) = chain();
    // The same name as the issuing authority, another key.
    let impostor = Recipe::authority("Issuing").self_signed();
    let all = [&root, &issuing, &leaf, &impostor];
    let mut facts: BTreeMap<_, _> = all
        .iter()
        .map(|c| (c.parsed.facts.sha256.clone(), c.parsed.facts.clone()))
        .collect();
    let mut ders: BTreeMap<_, _> = all
        .iter()
        .map(|c| (c.parsed.facts.sha256.clone(), c.parsed.der.clone()))
        .collect();
    link(&mut facts, &ders);
    let signers = |certificate: &Issued| facts[&certificate.parsed.facts.sha256].signed_by.clone();
    let id = |certificate: &Issued| certificate.parsed.facts.sha256.clone();
    assert_eq!(signers(&leaf), [id(&issuing)].into());
    assert_eq!(signers(&issuing), [id(&root)].into());
    assert_eq!(signers(&root), [id(&root)].into());
    assert_eq!(signers(&impostor), [id(&impostor)].into());

    // Without its bytes a signer proves nothing, and what is known of it stays.
    ders.remove(&id(&issuing));
    let mut again = facts.clone();
    link(&mut again, &ders);
    assert!(again[&id(&leaf)].signed_by.is_empty());
    assert_eq!(again[&id(&issuing)], facts[&id(&issuing)]);
}

#[test]
fn an_issuer_in_another_case_is_still_found() {
    let root = Recipe::authority("Acme  Root").self_signed();
    let again = Recipe {
        key: root.key.clone(),
        ..Recipe::authority("ACME ROOT")
    }
    .self_signed();
    let leaf = root.sign(Recipe::leaf("x"));
    let ordered = order_chain(vec![leaf.parsed, again.parsed]).expect("chain");
    assert_eq!(titles(&ordered), ["ACME ROOT", "x"]);
}

#[test]
fn a_chain_is_ordered_root_first_from_any_order() {
    let (root, issuing, leaf) = chain();
    for order in [
        [&root, &issuing, &leaf],
        [&leaf, &root, &issuing],
        [&leaf, &issuing, &root],
    ] {
        let mut shuffled: Vec<Parsed> = order.iter().map(|c| c.parsed.clone()).collect();
        shuffled.push(root.parsed.clone());
        let ordered = order_chain(shuffled).expect("chain");
        assert_eq!(titles(&ordered), ["Root", "Issuing", "cucm.example.com"]);
        assert!(ordered[0].facts.is_self_signed());
        assert!(
            ordered[2]
                .facts
                .signed_by
                .contains(&issuing.parsed.facts.sha256)
        );
    }
}

#[test]
fn what_is_no_chain_is_refused_with_a_way_on() {
    let (root, issuing, leaf) = chain();
    let second = root.sign(Recipe::authority("Issuing 2"));
    let stranger = Recipe::authority("Other root").self_signed();
    let from_stranger = stranger.sign(Recipe::authority("Other issuing"));
    let no_authority = root.sign(Recipe {
        authority: None,
        ..Recipe::authority("Not one")
    });
    let below = no_authority.sign(Recipe::leaf("below"));
    for (certificates, word) in [
        (vec![], "a root is missing"),
        (
            vec![&issuing, &leaf],
            "self-signed certificate of `CN=Root` is missing",
        ),
        (vec![&root, &stranger], "are both roots"),
        (
            vec![&root, &leaf],
            "nothing given signed cucm.example.com (its issuer is `CN=Issuing`)",
        ),
        (
            vec![&root, &issuing, &second],
            "more than one certificate below Root",
        ),
        (
            vec![&root, &issuing, &from_stranger],
            "nothing given signed Other issuing",
        ),
        (
            vec![&root, &no_authority, &below],
            "Not one signed below but is no authority",
        ),
    ] {
        let given = certificates.iter().map(|c| c.parsed.clone()).collect();
        let error = order_chain(given).expect_err(word).to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn the_leaf_is_found_among_its_authorities() {
    let (root, issuing, leaf) = chain();
    let given = vec![
        root.parsed.clone(),
        leaf.parsed.clone(),
        issuing.parsed.clone(),
    ];
    let (found, authorities) = choose_leaf(given).expect("leaf");
    assert_eq!(found.facts.title(), "cucm.example.com");
    assert_eq!(titles(&authorities), ["Root", "Issuing"]);

    let (alone, none) = choose_leaf(vec![root.parsed.clone()]).expect("one is one");
    assert_eq!((alone.facts.title(), none.len()), ("Root", 0));

    let other = issuing.sign(Recipe::leaf("other.example.com"));
    assert!(choose_leaf(vec![leaf.parsed, other.parsed]).is_err());
    assert!(
        choose_leaf(vec![
            root.parsed.clone(),
            Recipe::authority("R").self_signed().parsed
        ])
        .is_err()
    );

    // A proxy function's certificate is an authority itself.
    let proxy = issuing.sign(Recipe::authority("CAPF"));
    let (found, _) = choose_leaf(vec![proxy.parsed, root.parsed, issuing.parsed]).expect("leaf");
    assert_eq!(found.facts.title(), "CAPF");
    assert!(choose_leaf(Vec::new()).is_err());
}

#[test]
fn many_authorities_of_one_name_cost_little_and_hide_nothing() {
    let mut all: Vec<Parsed> = (0..200)
        .map(|_| Recipe::authority("Root").self_signed().parsed)
        .collect();
    let root = Recipe::authority("Root").self_signed();
    all.push(root.parsed.clone());
    all.push(root.sign(Recipe::leaf("leaf")).parsed);
    link_all(&mut all);
    let leaf = all.last().expect("leaf");
    assert_eq!(leaf.facts.signed_by, [root.parsed.facts.sha256].into());
}

#[test]
fn a_signature_that_does_not_fit_leaves_no_error_behind() {
    let (root, _, _) = chain();
    let impostor = Recipe::authority("Root").self_signed();
    let leaf = impostor.sign(Recipe::leaf("x"));
    link_all(&mut [root.parsed, leaf.parsed]);
    assert!(openssl::error::ErrorStack::get().errors().is_empty());
}
