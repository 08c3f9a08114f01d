//! The first estate file.

use super::super::{Discovered, Timers, starter, write_starter};
use super::{load, spots};
use crate::model::{ClusterName, Role};

#[test]
fn the_starter_loads_as_it_is() {
    let estate = load(starter()).unwrap();
    assert_eq!(estate.timers, Timers::default());
    assert_eq!(estate.certificates.len(), 1);
}

#[test]
fn the_starter_s_commented_parts_load_too() {
    let text: String = starter()
        .lines()
        .map(|line| {
            let part = line.trim_start().strip_prefix("# ").unwrap_or(line);
            let code = [
                "timers:",
                "         replication:",
                "rollout:",
                "  waves:",
                "  windows:",
            ];
            let node = part.starts_with("- {name: imp1");
            let line = if code.iter().any(|start| part.starts_with(start)) {
                part
            } else {
                line
            };
            if node {
                format!("      {part}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    assert_ne!(text, starter());
    let told = spots(&text);
    assert_eq!(told, ["44:37 `lab` is not a cluster of this file"]);
}

#[test]
fn a_discovered_cluster_s_file_loads() {
    let found = Discovered {
        cluster: "lab".into(),
        nodes: [
            ("sub.lab.example.com".into(), Role::Subscriber),
            ("pub.lab.example.com".into(), Role::Publisher),
            ("imp.lab.example.com".into(), Role::ImPresence),
        ]
        .into(),
        addresses: [("pub.lab.example.com".into(), "2001:db8::1".to_owned())].into(),
        platform_user: "no".to_owned(),
        application_user: "a\": {b} # c".to_owned(),
    };
    let estate = load(&write_starter(&found)).unwrap();
    let lab = &estate.clusters[&ClusterName::from("lab")];
    assert_eq!(lab.nodes.len(), 3);
    assert_eq!(lab.publisher().unwrap().address, "2001:db8::1");
    let crate::estate::Accounts::Platform {
        platform,
        application,
    } = &lab.accounts
    else {
        panic!("{:?}", lab.accounts)
    };
    assert_eq!(estate.accounts[platform].user, "no");
    assert_eq!(estate.accounts[application].user, "a\": {b} # c");
    assert_eq!(estate.clusters.len(), 1);
}
