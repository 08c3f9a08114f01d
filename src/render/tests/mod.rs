//! Plans as people see them.

mod links;
mod phones;

use super::words::{WIDTH, clean, duration, wrapped};
use super::*;
use crate::model::*;
use crate::plan::Plan;
use crate::plan::file::digest;
use crate::plan::testing::*;

/// A ledger in which all but two beliefs of a plan are documented, and one is missing.
fn beliefs(plan: &Plan) -> Beliefs {
    let steps = plan.clusters.values().flat_map(|cluster| &cluster.steps);
    let claims = steps.flat_map(|step| step.rests_on.clone());
    let mut beliefs: Beliefs = claims
        .map(|claim| {
            let evidence = match claim.as_str() {
                "CUCM-TRUST-REPLICATES" => "inferred",
                "CUCM-REST-CSR" => "captured",
                _ => "documented",
            };
            let says = format!("What {claim} says.");
            (
                claim,
                Belief {
                    says,
                    evidence: evidence.to_owned(),
                },
            )
        })
        .collect();
    beliefs.remove(&ClaimId::from("VOS-SSO-STATUS"));
    beliefs
}

/// Three nodes with the short restart set, single sign-on on, an old backup, a port that could not be read.
fn planned() -> Plan {
    let mut scene = Scene::three_nodes();
    scene.node(PUBLISHER).sso = Observed::Present(SsoState::Enabled);
    scene.node(PUBLISHER).last_backup = Observed::Present(moment("2026-11-01T02:00:00Z"));
    let tftp = Listener {
        port: Port::Tftp,
        key: KeyAlgorithm::Rsa,
    };
    scene
        .node(SECOND)
        .served
        .insert(tftp, Observed::Unknown("connection refused".to_owned()));
    scene
        .options
        .variants
        .insert("tomcat".into(), "minimal".to_owned());
    scene.plan().unwrap()
}

fn text(plan: &Plan) -> String {
    plan_text(plan, &digest(plan).unwrap(), &beliefs(plan))
}

/// A cluster whose names come from a hostile device or file.
fn hostile() -> Plan {
    let evil = "</td><script>alert(1)</script>\u{1b}[31m|`\u{202e}\"\n#*_x";
    let mut scene = Scene::three_nodes();
    scene
        .desired
        .issuers
        .get_mut(&IssuerName::from("corp"))
        .unwrap()
        .chain[0]
        .certificate
        .common_name = Some(evil.to_owned());
    let mut plan = scene.plan().unwrap();
    let mut cluster = plan.clusters.pop_first().unwrap().1;
    cluster.reminders.push(evil.to_owned());
    cluster.edges[0].why = evil.to_owned();
    plan.clusters.insert(ClusterName::new(evil), cluster);
    plan
}

#[test]
fn the_plan_of_three_nodes_as_text() {
    let plan = planned();
    let shown = text(&plan).replace(digest(&plan).unwrap().as_str(), "DIGEST");
    insta::assert_snapshot!(shown);
}

#[test]
fn text_is_never_wider_than_a_hundred_columns() {
    for plan in [planned(), hostile(), Scene::three_nodes().plan().unwrap()] {
        for line in text(&plan).lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn every_step_is_in_every_form_and_points_of_no_return_are_marked() {
    let plan = planned();
    let digest = digest(&plan).unwrap();
    let forms = [
        text(&plan),
        plan_markdown(&plan, &digest, &beliefs(&plan)),
        plan_html(&plan, &digest, &beliefs(&plan)).unwrap(),
    ];
    let steps = &plan.clusters[&ClusterName::from("hq")].steps;
    for form in &forms {
        for step in steps {
            assert!(form.contains(step.id.as_str()), "{} is missing", step.id);
        }
        assert_eq!(form.matches("POINT OF NO RETURN").count(), 3);
        assert!(form.contains(digest.as_str()));
        assert!(
            form.contains("connection refused"),
            "what is not proved is told"
        );
    }
    for graph in [plan_dot(&plan), plan_mermaid(&plan)] {
        assert!(steps.iter().all(|step| graph.contains(step.id.as_str())));
    }
}

#[test]
fn hostile_names_stay_text() {
    let plan = hostile();
    let digest = digest(&plan).unwrap();
    let html = plan_html(&plan, &digest, &beliefs(&plan)).unwrap();
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"));
    let markdown = plan_markdown(&plan, &digest, &beliefs(&plan));
    assert!(markdown.contains("&lt;script&gt;") && !markdown.contains("<script"));
    for row in markdown
        .lines()
        .filter(|line| line.starts_with("| hq-01 |"))
    {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 9, "{row}");
    }
    let mermaid = plan_mermaid(&plan);
    assert!(
        !mermaid.contains("<script")
            && mermaid
                .lines()
                .all(|line| line.matches('"').count() % 2 == 0)
    );
    let dot = plan_dot(&plan);
    assert!(
        dot.lines()
            .all(|line| line.replace("\\\"", "").matches('"').count() % 2 == 0)
    );
    for form in [text(&plan), html, markdown, mermaid, dot] {
        assert!(!form.contains('\u{1b}') && !form.contains('\u{202e}'));
    }
}

#[test]
fn beliefs_that_are_not_documented_are_named_with_their_steps() {
    let text = text(&planned());
    assert!(text.contains("inferred  CUCM-TRUST-REPLICATES: What CUCM-TRUST-REPLICATES says."));
    assert!(
        text.contains("assumed   VOS-SSO-STATUS"),
        "what the ledger lacks counts as assumed"
    );
    assert!(
        !text.contains("CUCM-REST-CSR:"),
        "what was captured needs no warning"
    );
}

#[test]
fn an_empty_plan_says_so() {
    let plan = Scene::three_nodes().plan_with(&[]).unwrap();
    assert!(text(&plan).contains("Nothing is due"));
    assert!(
        plan_html(&plan, &digest(&plan).unwrap(), &beliefs(&plan))
            .unwrap()
            .contains("Nothing is due")
    );
}

#[test]
fn refusals_name_cause_invariant_and_way_out() {
    let mut scene = Scene::three_nodes();
    scene.node(FIRST).sso = Observed::Unknown("the shell did not answer within 120 s".to_owned());
    let told = refusals_text(&scene.plan().unwrap_err());
    insta::assert_snapshot!(told, @r"
    REFUSED: no plan was made, and nothing was written to any device.
    - cluster hq: cucm-sub1.hq.example.com: unknown-fact: expected single sign-on; found: the shell did
      not answer within 120 s (invariant I25)
      next: Mend what it names, then observe again.
    ");
}

#[test]
fn words_break_at_the_width_and_only_there() {
    let rows = [
        ("", "a b", "a b\n".to_owned()),
        ("x ", "", "x\n".to_owned()),
        ("- ", "two\nlines", "- two lines\n".to_owned()),
        (
            "",
            &"y".repeat(WIDTH + 5),
            format!("{}\nyyyyy\n", "y".repeat(WIDTH)),
        ),
    ];
    for (first, text, expected) in rows {
        assert_eq!(wrapped(first, text), expected);
    }
    assert_eq!(clean("a\u{7}b\tc"), "a\\u{7}b c");
    let span = |seconds| duration(jiff::SignedDuration::from_secs(seconds));
    assert_eq!(
        [0, 59, 60, 61, 3600, 3900, 7261].map(span),
        [
            "0 s",
            "59 s",
            "1 min",
            "1 min 1 s",
            "1 h",
            "1 h 05 min",
            "2 h 01 min"
        ]
    );
}
