//! Commands that only look leave no trace: not on a node, and in no file but the one that was asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reissue_lab::Kind;

use crate::support::{Ended, command, finish};
use crate::trial::{Trial, writes};

/// What every file below some folders holds.
fn files(folders: &[&Path]) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
                into.insert(path, Vec::new());
            } else if !path.ends_with("lab.jsonl") {
                into.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    for folder in folders {
        walk(folder, &mut found);
    }
    found
}

#[test]
fn commands_that_look_change_nothing() {
    let trial = Trial::new();
    let lab = &trial.lab;
    trial.apply().expect(0);
    let (home, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folders = [lab.dir(), home.path(), here.path()];
    let run = |words: &[&str]| -> Ended {
        let mut command = command(lab.estate(), words);
        for name in ["HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env(name, home.path());
        }
        finish(command.current_dir(here.path()).spawn().unwrap())
    };
    let plan = trial.plan.to_str().unwrap();
    let observation = here.path().join("observation.json");
    let observation = observation.to_str().unwrap();
    let certificate = lab.dir().join("ca/issuing.pem");
    let mut before = files(&folders);
    let log = writes(lab);
    let looks: [(&[&str], Option<&str>, i32); 21] = [
        (&["status"], None, 0),
        (&["status", "--json"], None, 0),
        (&["doctor"], None, 0),
        (&["observe", "-o", observation], Some(observation), 0),
        (&["assess"], None, 0),
        (&["assess", "--observation", observation], None, 0),
        (&["plan"], None, 0),
        (&["plan", "--check"], None, 0),
        (&["show", plan], None, 0),
        (&["show", plan, "--format", "html"], None, 0),
        (&["simulate", plan, "--observation", observation], None, 0),
        (&["graph", plan], None, 0),
        (&["graph", "--trust"], None, 0),
        (&["verify"], None, 0),
        (&["report"], None, 0),
        (&["runs"], None, 0),
        (&["explain"], None, 0),
        (&["lint", certificate.to_str().unwrap()], None, 3),
        (&["trust", "list"], None, 0),
        (&["secret", "list"], None, 0),
        (&["playbook", "list"], None, 0),
    ];
    for (words, asked_for, code) in looks {
        let ended = run(words);
        assert_eq!(ended.code, code, "{words:?}\n{}{}", ended.out, ended.err);
        let after = files(&folders);
        let changed: Vec<_> = after
            .iter()
            .filter(|(path, bytes)| before.get(*path) != Some(bytes))
            .map(|(path, _)| path.as_path())
            .chain(
                before
                    .keys()
                    .filter(|path| !after.contains_key(*path))
                    .map(PathBuf::as_path),
            )
            .collect();
        let expected: Vec<&Path> = asked_for.iter().map(Path::new).collect();
        assert_eq!(changed, expected, "{words:?}");
        before = after;
    }
    assert_eq!(writes(lab), log, "a node was written to");
    let effects = lab
        .log()
        .iter()
        .filter(|entry| entry.kind == Kind::Write)
        .count();
    assert_eq!(effects, log);
}
