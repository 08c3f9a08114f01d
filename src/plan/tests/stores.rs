//! What trust stores do with the chains.

use std::collections::BTreeMap;

use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

use super::outline;

#[test]
fn a_renewed_authority_with_the_same_key_replaces_the_old_one() {
    let mut scene = Scene::three_nodes();
    let old = Certificate {
        sha256: fingerprint("root of 2020"),
        not_before: moment("2020-01-01T00:00:00Z"),
        ..authority("Corp Root", "Corp Root")
    };
    scene.certificate(SECOND).signed_by = [old.sha256.clone()].into();
    scene.trust(PUBLISHER, old.clone());
    let plan = scene.planned();
    assert!(
        plan.steps[0].why.contains(old.sha256.short()),
        "{}",
        plan.steps[0].why
    );
}

#[test]
fn forecasts_of_a_store() {
    let new = authority("Root", "Root");
    let with = |year: &str, name: &str| Certificate {
        sha256: fingerprint(year),
        not_before: moment(&format!("{year}-01-01T00:00:00Z")),
        ..authority(name, name)
    };
    let (older, equal, newer, other) = (
        with("2024", "Root"),
        with("2025", "ROOT"),
        with("2026", "Root"),
        with("2023", "Another"),
    );
    let known: BTreeMap<_, _> = [&older, &equal, &newer, &other]
        .map(|it| (it.sha256.clone(), it.clone()))
        .into();
    let entry = |of: &Certificate| TrustEntry {
        file: String::new(),
        sha256: of.sha256.clone(),
    };
    let odd = fingerprint("odd");
    let unread = TrustEntry {
        file: String::new(),
        sha256: odd.clone(),
    };
    assert_eq!(forecast(&new, &[], &known), Forecast::Stored);
    assert_eq!(forecast(&new, &[entry(&other)], &known), Forecast::Stored);
    assert_eq!(
        forecast(&new, &[entry(&new)], &known),
        Forecast::AlreadyThere
    );
    assert_eq!(
        forecast(&new, &[entry(&older)], &known),
        Forecast::Replaces(vec![&older])
    );
    assert_eq!(
        forecast(&new, &[entry(&equal)], &known),
        Forecast::KeepsOld(&equal)
    );
    assert_eq!(
        forecast(&new, &[entry(&older), entry(&newer)], &known),
        Forecast::KeepsOld(&newer)
    );
    assert_eq!(
        forecast(&new, &[unread], &known),
        Forecast::Unpredictable(&odd)
    );
}

#[test]
fn trust_that_is_there_is_not_uploaded_and_a_node_that_lacks_it_alone_gets_it() {
    let mut scene = Scene::three_nodes();
    for node in [PUBLISHER, FIRST, SECOND] {
        scene.trust(node, authority("Corp Root", "Corp Root"));
    }
    for node in [PUBLISHER, SECOND] {
        scene.trust(node, authority("Corp Issuing", "Corp Root"));
    }
    let outline = outline(&scene.planned());
    let trust: Vec<&String> = outline
        .iter()
        .filter(|line| line.contains("trust"))
        .collect();
    assert_eq!(trust, ["prepare trust Corp Issuing @cucm-sub1"]);
}
