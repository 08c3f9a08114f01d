//! A renewal through the program, whatever the estate: what the commands say, what is in effect, and many beside each
//! other.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use reissue_lab::Lab;

use crate::support::Ended;

/// Node, purpose and fingerprint.
pub type InEffect = BTreeSet<(String, String, String)>;

/// Everything that is stored and in effect.
pub fn in_effect(lab: &Lab) -> InEffect {
    let mut found = BTreeSet::new();
    for cluster in ["hq", "hq-unity"] {
        lab.look_cluster(cluster, |cluster| {
            for node in &cluster.nodes {
                for purpose in node.identities.keys() {
                    if node.in_effect(purpose)
                        && let Some(sha256) = node.stored(purpose)
                    {
                        found.insert((node.name.clone(), purpose.clone(), sha256));
                    }
                }
            }
        });
    }
    found
}

/// The words of the command that a plan proposes.
pub fn apply_words(planned: &Ended) -> Option<Vec<String>> {
    let text = format!("{}{}", planned.out, planned.err);
    let line = text
        .lines()
        .find_map(|line| line.split_once("reissue apply "))?
        .1;
    let words = line.split_whitespace().map(str::to_owned);
    Some(std::iter::once("apply".to_owned()).chain(words).collect())
}

/// The step that a person is asked to mark.
pub fn marked(ended: &Ended) -> Option<String> {
    let text = format!("{}{}", ended.out, ended.err);
    let (_, rest) = text.rsplit_once("reissue mark ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// Runs things beside each other, since they mostly wait, and prints a row for each. Fails with the rows of all that
/// failed.
pub fn side_by_side<T: Send>(
    things: Vec<T>,
    row: impl Fn(&T) -> String + Sync,
    run: impl Fn(&T) + Sync,
) {
    let open = Mutex::new(things.into_iter());
    let failed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(thing) = open.lock().unwrap().next() else {
                return;
            };
            let began = Instant::now();
            let ended = catch_unwind(AssertUnwindSafe(|| run(&thing)));
            let word = if ended.is_ok() { "ok" } else { "FAILED" };
            println!("{word:<7}{:>6.1?}  {}", began.elapsed(), row(&thing));
            if ended.is_err() {
                failed.lock().unwrap().push(row(&thing));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
