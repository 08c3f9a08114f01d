//! Nodes that answer questions badly: unknown is never taken for good.

use reissue_lab::{Fault, Mode};

use crate::support::{self, reissue};
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

#[test]
fn no_plan_is_made_on_what_cannot_be_read() {
    let lab = lab(|_| {});
    let file = lab.dir().join("plan.json");
    for (on, modes) in QUESTIONS {
        for mode in modes {
            lab.plant(Fault::new(on, *mode).times(ALWAYS));
            let ended = reissue(&lab, ["plan", "-o", file.to_str().unwrap()]);
            let said = format!(
                "{on}, {}: exit {}\n{}{}",
                mode.word(),
                ended.code,
                ended.out,
                ended.err
            );
            assert_eq!(ended.code, 4, "{said}");
            assert!(ended.err.contains("cucm-"), "it names no node: {said}");
            assert!(!ended.err.contains("panicked"), "{said}");
            assert!(!file.exists(), "a plan was written: {said}");
            lab.clear_faults();
        }
    }
    assert_eq!(writes(&lab), 0);
    support::no_violation(&lab);
    support::plan(&lab);
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
