//! The shape of the source: imports point one way, each heavy package has one home, files stay short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines a source file may have.
const LONGEST_FILE: usize = 400;

/// Which modules a module may name, beside itself, `model` and `clock`.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &[]),
    ("yaml", &[]),
    ("pki", &[]),
    ("secrets", &[]),
    ("estate", &["yaml", "pki", "secrets"]),
    ("playbook", &["yaml"]),
    ("transport", &["secrets"]),
    ("driver", &["transport", "pki", "secrets"]),
    ("observe", &["driver", "estate"]),
    ("assess", &["pki"]),
    ("plan", &["assess"]),
    ("diagnose", &["pki"]),
    ("edges", &["plan"]),
    ("simulate", &["plan", "edges"]),
    ("issue", &["pki"]),
    ("journal", &["plan"]),
    ("execute", &["plan", "journal", "driver", "issue", "pki"]),
    (
        "render",
        &[
            "pki", "assess", "plan", "edges", "simulate", "journal", "execute", "playbook",
            "diagnose",
        ],
    ),
    (
        "cli",
        &[
            "yaml",
            "pki",
            "secrets",
            "estate",
            "playbook",
            "transport",
            "driver",
            "observe",
            "assess",
            "diagnose",
            "plan",
            "edges",
            "simulate",
            "issue",
            "journal",
            "execute",
            "render",
        ],
    ),
];

/// Packages that only some modules may name.
const HOMES: &[(&str, &[&str])] = &[
    ("aho_corasick", &["diagnose"]),
    ("clap", &["cli"]),
    ("flate2", &["diagnose"]),
    ("indicatif", &["render"]),
    ("keyring", &["secrets"]),
    ("keyring_core", &["secrets"]),
    ("openssl", &["pki", "transport"]),
    ("reqwest", &["transport"]),
    ("rustls", &["transport"]),
    ("ssh2", &["transport"]),
    ("quick_xml", &["transport", "driver"]),
    (
        "tokio",
        &[
            "transport",
            "driver",
            "observe",
            "issue",
            "execute",
            "cli",
            "secrets",
        ],
    ),
    ("memchr", &["diagnose"]),
    ("tar", &["diagnose"]),
    ("serde_saphyr", &["yaml", "estate", "playbook"]),
];

/// Words that a pure module may not contain.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "ToSocketAddrs",
    "std::process",
    "time::Instant",
    "SystemTime",
    "Instant::",
    "rand::",
];
const PURE: &[&str] = &["model", "assess", "diagnose", "plan", "edges", "simulate"];

fn sources(under: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                into.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(under),
        &mut found,
    );
    assert!(!found.is_empty(), "no source under {under}");
    found
}

/// The first folder or file name under `src/`: the module a file belongs to.
fn module_of(path: &Path) -> String {
    let below = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = below
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The text without comments and without the part behind `#[cfg(test)]`-marked inline modules.
fn code(text: &str) -> String {
    let body = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    body.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Modules named after `crate::`, also inside one brace group.
fn named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' | ':' | ' ' | '\n' => {
                        if depth == 1 && !word.is_empty() {
                            found.insert(std::mem::take(&mut word));
                        }
                        word.clear();
                        continue;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                if letter.is_alphanumeric() || letter == '_' {
                    word.push(letter);
                }
            }
            found.insert(word);
        } else {
            found.insert(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found
}

#[test]
fn imports_point_one_way() {
    let table: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(allowed) = table.get(module.as_str()) else {
            wrong.push(format!(
                "{}: module `{module}` is not in the table",
                path.display()
            ));
            continue;
        };
        for name in named(&code(&text)) {
            let known = table.contains_key(name.as_str());
            let fine = name == module
                || name == "model"
                || name == "clock"
                || allowed.contains(&name.as_str());
            if known && !fine {
                wrong.push(format!("{}: `{module}` names `{name}`", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the direction of data:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn each_package_has_its_home() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        let code = code(&text);
        for (package, homes) in HOMES {
            let uses = code.contains(&format!("use {package}::"))
                || code.contains(&format!(" {package}::"));
            if uses && !homes.contains(&module.as_str()) {
                wrong.push(format!("{}: `{module}` uses `{package}`", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "packages away from home:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_pure_stages_name_no_clock_file_or_socket() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        if !PURE.contains(&module_of(&path).as_str()) {
            continue;
        }
        let code = code(&text);
        for word in IMPURE {
            if code.contains(word) {
                wrong.push(format!("{}: `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "impure stages:\n{}", wrong.join("\n"));
}

#[test]
fn the_checker_shares_no_code_with_the_planner() {
    let data = [
        "Action",
        "ClusterPlan",
        "Condition",
        "Disruption",
        "Edge",
        "IssueTerms",
        "PhoneBaseline",
        "Plan",
        "Reversal",
        "Stage",
        "Step",
    ];
    for (path, text) in sources("src") {
        let below = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
        let tests = below.components().any(|part| part.as_os_str() == "tests");
        if !["simulate", "edges"].contains(&module_of(&path).as_str()) || tests {
            continue;
        }
        for line in code(&text)
            .lines()
            .filter(|line| line.contains("crate::plan"))
        {
            let names = line.split("crate::plan::").nth(1).unwrap_or_default();
            let named = names
                .trim_matches(['{', '}', ';', ' '])
                .split(',')
                .map(str::trim);
            for name in named.filter(|name| !name.is_empty()) {
                assert!(
                    data.contains(&name),
                    "{}: takes `{name}` from the planner",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for folder in ["src", "mocks/src", "tests", "benches"] {
        if !Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).exists() {
            continue;
        }
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            if lines > LONGEST_FILE {
                long.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    assert!(
        long.is_empty(),
        "files over {LONGEST_FILE} lines:\n{}",
        long.join("\n")
    );
}

#[test]
fn the_lab_does_not_know_the_tool() {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("mocks/Cargo.toml")).unwrap();
    for line in manifest.lines() {
        assert!(
            !line.trim_start().starts_with("reissue =") && !line.contains("path = \"..\""),
            "{line}"
        );
    }
    for (path, text) in sources("mocks/src") {
        assert!(
            !text.contains("reissue::"),
            "{} names the tool",
            path.display()
        );
    }
}
