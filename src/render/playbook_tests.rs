//! What a procedure looks like when it is told.

use super::super::words::WIDTH;
use super::*;
use crate::playbook::Library;

#[test]
fn every_procedure_is_told_with_its_sources_and_its_evidence() {
    let library = Library::embedded().unwrap();
    for procedure in library.procedures() {
        let text = playbook(procedure, library.claims());
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (tag, title) in &procedure.sources {
            assert!(flat.contains(&format!("{tag} {title}")), "{tag}");
        }
        for claim in rests_on(procedure) {
            let evidence = library.claims()[claim].evidence;
            assert!(flat.contains(&format!("{claim} ({evidence}): ")), "{claim}");
        }
        for set in &procedure.restarts {
            assert!(flat.contains(&format!("RESTARTS `{}`", set.variant)));
        }
    }
}

#[test]
fn each_kind_of_node_has_its_own_order() {
    let library = Library::embedded().unwrap();
    let ipsec = library.procedure(Appliance::Cucm, &"ipsec".into()).unwrap();
    let text = playbook(ipsec, library.claims());
    let order = |place: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(place));
        line.unwrap()
            .trim_start()
            .split_once("  ")
            .unwrap()
            .1
            .trim()
            .to_owned()
    };
    assert_eq!(
        order("publisher "),
        "Cisco DRF Master, then Cisco DRF Local"
    );
    assert_eq!(order("each subscriber"), "Cisco DRF Local");
}

#[test]
fn the_list_marks_what_is_only_assessed() {
    let library = Library::embedded().unwrap();
    let list = playbook_list(library.procedures());
    let marked: Vec<&str> = list
        .lines()
        .filter(|line| line.contains("only assessed"))
        .collect();
    let names: Vec<String> = marked
        .iter()
        .map(|line| {
            line.split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let expected = [
        "cucm ITLRecovery",
        "expressway-c client",
        "expressway-e client",
    ];
    assert_eq!(names, expected, "{list}");
}
