//! What a plan and a report say of phones.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::clock::FrozenClock;
use crate::journal::testing::MemoryDisk;
use crate::journal::{Event, Journal, Opening, RunRecord, read_run};
use crate::plan::{Action, ClusterPlan, Condition, PhoneBaseline, Stage, Step};
use crate::render::{report_html, report_markdown};

const REASON: &str = "in a cupboard <b>|\u{202e}";

/// The plan of three nodes, in which phones hold what changes.
fn with_phones() -> Plan {
    let mut plan = planned();
    let cluster = plan.clusters.get_mut(&ClusterName::from("hq")).unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    cluster.phones = Some(PhoneBaseline {
        registered: [
            ("floor".to_owned(), names(&["SEP0A", "SEP0B"])),
            ("lobby".to_owned(), names(&["SEP0C"])),
        ]
        .into(),
        waived: [("SEP0D".to_owned(), REASON.to_owned())].into(),
    });
    let step = |id: &str, action, after| Step {
        id: id.into(),
        stage: Stage::Activate,
        action,
        after,
        before: Vec::new(),
        ..cluster.steps[0].clone()
    };
    let reset = step(
        "hq-90",
        Action::ResetPhones {
            pool: "floor".to_owned(),
        },
        vec![Condition::PhonesReset {
            pool: "floor".to_owned(),
            step: "hq-90".into(),
        }],
    );
    let gate = step(
        "hq-91",
        Action::Confirm {
            what: "every phone is back".to_owned(),
        },
        vec![Condition::PhonesBack {
            resets: ["hq-90".into()].into(),
            polls: 3,
        }],
    );
    let activated = |step: &Step| step.stage <= Stage::Activate;
    let place = cluster.steps.iter().rposition(activated).unwrap() + 1;
    cluster.steps.splice(place..place, [reset, gate]);
    plan
}

/// Text in one line, however it was wrapped or marked up.
fn flat(text: &str) -> String {
    let plain = text.replace('\\', "");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_form_says_what_phones_notice_and_how_to_go_on_without_some() {
    let plan = with_phones();
    let digest = digest(&plan).unwrap();
    let forms = [
        text(&plan),
        plan_markdown(&plan, &digest, &beliefs(&plan)),
        plan_html(&plan, &digest, &beliefs(&plan)).unwrap(),
    ];
    for form in forms {
        assert!(!form.contains('\u{202e}'));
        let form = flat(&form);
        for told in [
            "3 phones registered when this was planned, 2 of floor and 1 of lobby",
            "SEP0D, absent: in a cupboard",
            "tomcat: they are reset by hq-90 (floor); nothing goes on after hq-91 until all are back in 3 looks in a row",
            "reissue mark hq-90 --waive NAME --why TEXT",
            "reissue mark hq-91 --waive NAME --why TEXT",
            "the phones of device pool floor have been reset",
        ] {
            assert!(form.contains(told), "{told} is missing in\n{form}");
        }
    }
    for graph in [plan_dot(&plan), plan_mermaid(&plan)] {
        assert!(graph.contains("gate: phones are back"));
        assert!(graph.contains("reset phones of floor"));
    }
}

#[test]
fn a_plan_without_phones_says_nothing_of_them() {
    let plan = planned();
    let told = flat(&text(&plan));
    assert!(!told.contains("answers for") && !told.contains("--waive"));
}

/// The record of a run of a plan in which these events happened.
fn record(plan: &Plan, events: Vec<Event>) -> RunRecord {
    let disk = Arc::new(MemoryDisk::default());
    let state = Path::new("/state");
    let ids = |cluster: &ClusterPlan| cluster.steps.iter().map(|step| step.id.clone()).collect();
    let opening = Opening {
        operator: "kim".to_owned(),
        tool: "0.1.0".to_owned(),
        plan: digest(plan).unwrap(),
        plan_file: Vec::new(),
        steps: plan
            .clusters
            .iter()
            .map(|(name, cluster)| (name.clone(), ids(cluster)))
            .collect(),
    };
    let clock = Arc::new(FrozenClock(moment("2026-11-23T01:00:00Z")));
    let kept = Arc::<MemoryDisk>::clone(&disk);
    let journal = Journal::create(kept, clock, state, "one".into(), opening).unwrap();
    for event in events {
        journal.record(event).unwrap();
    }
    read_run(disk.as_ref(), state, &"one".into()).unwrap()
}

#[test]
fn a_report_names_waived_phones_with_who_when_and_why() {
    let plan = with_phones();
    let waived = Event::PhonesWaived {
        step: "hq-91".into(),
        phones: ["SEP0A", "SEP0B"].map(str::to_owned).into(),
        by: "sam".to_owned(),
        why: "moved | to <another> site".to_owned(),
    };
    let record = record(&plan, vec![waived]);
    let markdown = report_markdown(&"one".into(), &plan, &record);
    let rows = [
        "| 2026-11-23T01:00:00Z | sam | hq-91 | SEP0A, SEP0B | moved \\| to <another> site |",
        "| SEP0D | in a cupboard",
    ];
    for row in rows {
        assert!(markdown.contains(row), "{row} is missing in\n{markdown}");
    }
    let html = report_html(&"one".into(), &plan, &record).unwrap();
    assert!(html.contains("<td>SEP0A, SEP0B</td><td>moved | to &lt;another&gt; site</td>"));
    assert!(html.contains("SEP0D") && !html.contains("<b>"));

    let without = planned();
    let record = self::record(&without, Vec::new());
    for report in [
        report_markdown(&"one".into(), &without, &record),
        report_html(&"one".into(), &without, &record).unwrap(),
    ] {
        assert!(!report.contains("nobody waits for"));
    }
}
