//! Nodes that answer questions badly: unknown is never taken for good.

use reissue_lab::{Fault, Mode};

use serde_json::Value;

use crate::support::{self, Ended, reissue};
use crate::trial::{Trial, lab, together, writes};

/// A question of each interface, and ways in which its answer can go wrong.
const QUESTIONS: [(&str, &[Mode]); 7] = [
    (
        "rest GET snapshot",
        &[
            Mode::DropBefore,
            Mode::Status500,
            Mode::Html200,
            Mode::Truncated,
            Mode::HugeBody,
            Mode::SlowBody,
        ],
    ),
    (
        "control soapGetServiceStatus",
        &[
            Mode::Status503,
            Mode::Html200,
            Mode::Truncated,
            Mode::HugeBody,
        ],
    ),
    (
        "axl listProcessNode",
        &[Mode::Status401, Mode::Html200, Mode::ActThenDrop],
    ),
    (
        "ssh utils dbreplication runtimestate",
        &[Mode::SshCut, Mode::Truncated, Mode::HugeBody],
    ),
    (
        "ssh utils sso status",
        &[Mode::SshCut, Mode::SshCutActed, Mode::SlowBody],
    ),
    ("ssh show version active", &[Mode::SshCut]),
    ("ssh utils disaster_recovery status", &[Mode::Truncated]),
];

/// More often than any program would try again.
const ALWAYS: u32 = 1_000_000;

/// The steps of a plan.
fn steps(planned: &Ended) -> Value {
    planned.data()["plan"]["clusters"]["hq"]["steps"].clone()
}

#[test]
fn no_plan_is_made_on_what_cannot_be_read() {
    let lab = lab(|_| {});
    let file = lab.dir().join("plan.json");
    let words = ["plan", "--json", "-o", file.to_str().unwrap()];
    let undisturbed = steps(&reissue(&lab, words).expect(0));
    for (on, modes) in QUESTIONS {
        for mode in modes {
            drop(std::fs::remove_file(&file));
            lab.plant(Fault::new(on, *mode).times(ALWAYS));
            let ended = reissue(&lab, words);
            lab.clear_faults();
            let what = format!("{on}, {}: exit {}\n{}", mode.word(), ended.code, ended.err);
            assert!(!ended.err.contains("panicked"), "{what}");
            match ended.code {
                // Learned by another way.
                0 => assert_eq!(steps(&ended), undisturbed, "{what}"),
                1 | 4 => {
                    assert!(ended.err.contains("cucm-"), "it names no node: {what}");
                    assert!(!file.exists(), "a plan was written: {what}");
                }
                _ => panic!("{what}"),
            }
        }
    }
    assert_eq!(writes(&lab), 0);
    support::no_violation(&lab);
}

#[test]
fn a_node_that_cannot_be_read_during_the_run_stops_it() {
    together(&QUESTIONS, |(on, modes)| {
        let trial = Trial::new();
        // The first looks pass; the fault begins somewhere in the middle of the run.
        trial
            .lab
            .plant(Fault::new(on, modes[0]).after(10).times(ALWAYS));
        trial.ends_well(&format!("{on}, {} from the eleventh on", modes[0].word()));
    });
}

#[test]
fn a_question_that_fails_now_and_then_changes_nothing() {
    let trial = Trial::new();
    for (on, modes) in QUESTIONS {
        for (number, mode) in (0..).zip(modes) {
            if *mode != Mode::Status401 {
                trial.lab.plant(Fault::new(on, *mode).after(4 * number + 3));
            }
        }
    }
    trial.ends_well("many questions, each once");
}
