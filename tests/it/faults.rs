//! Each way in which a device fails at a change: the run ends done, or stops honestly and is resumed.

use reissue_lab::Mode;

use crate::trial::{Trial, plant, together};

const TRUST: &str = "rest POST trust";
const REQUEST: &str = "rest POST csr";
const IDENTITY: &str = "rest POST identity";
const SHELL: &str = "ssh utils service restart";
const CONTROL: &str = "control soapDoControlServices";

const MODES: [Mode; 16] = [
    Mode::DropBefore,
    Mode::ActThenDrop,
    Mode::Status500,
    Mode::Status503,
    Mode::Status401,
    Mode::Html200,
    Mode::Truncated,
    Mode::SlowBody,
    Mode::SuccessNotApplied,
    Mode::HugeBody,
    Mode::SshCut,
    Mode::SshCutActed,
    Mode::NeverStarted,
    Mode::NeverStarts,
    Mode::RestartStuck,
    Mode::RateLimited,
];

/// Tries every mode at one kind of change, each in a lab of its own. Most of a run is waiting, so they go together.
#[track_caller]
fn tried(on: &str, modes: &[Mode]) {
    together(modes, |mode| {
        let what = format!("{on}, {}", mode.word());
        let trial = Trial::new();
        plant(&trial.lab, on, *mode);
        trial.ends_well(&what);
        let struck = trial
            .lab
            .log()
            .iter()
            .any(|entry| entry.what == mode.word());
        assert!(struck, "{what}: the fault never struck");
    });
}

#[test]
fn uploads_of_trust_fail() {
    tried(TRUST, &[Mode::Status500, Mode::SuccessNotApplied]);
}

#[test]
fn requests_fail() {
    tried(
        REQUEST,
        &[
            Mode::DropBefore,
            Mode::ActThenDrop,
            Mode::Truncated,
            Mode::SlowBody,
            Mode::HugeBody,
        ],
    );
}

#[test]
fn uploads_of_identities_fail() {
    tried(
        IDENTITY,
        &[
            Mode::ActThenDrop,
            Mode::Status401,
            Mode::Status503,
            Mode::Html200,
            Mode::SuccessNotApplied,
        ],
    );
}

#[test]
fn restarts_by_shell_fail() {
    tried(
        SHELL,
        &[
            Mode::SshCut,
            Mode::SshCutActed,
            Mode::SuccessNotApplied,
            Mode::NeverStarted,
            Mode::NeverStarts,
            Mode::RestartStuck,
        ],
    );
}

#[test]
fn restarts_by_control_center_fail() {
    tried(
        CONTROL,
        &[
            Mode::DropBefore,
            Mode::ActThenDrop,
            Mode::Status503,
            Mode::SuccessNotApplied,
            Mode::RateLimited,
            Mode::NeverStarts,
        ],
    );
}

#[test]
#[ignore = "long: every fault at every kind of change"]
fn every_fault_at_every_change() {
    for on in [TRUST, REQUEST, IDENTITY, SHELL, CONTROL] {
        let (some, others) = MODES.split_at(MODES.len() / 2);
        tried(on, some);
        tried(on, others);
    }
}
