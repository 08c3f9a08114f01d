//! The estate file as a user meets it.

mod chains;
mod expressway;
mod mistakes;
mod starter;

use super::*;
use crate::model::{Distribution, NodeName, Port, Role, SubjectName};

const LAB: &str = include_str!("lab.yaml");

fn load(text: &str) -> Result<Estate, EstateError> {
    let document = Document::new("estate.yaml", text);
    Estate::from_document(&document, Path::new("/srv/estate/estate.yaml"))
}

/// The lab's estate file with one passage changed.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(LAB.matches(from).count(), 1, "{from}");
    LAB.replace(from, to)
}

fn refusal(text: &str) -> String {
    load(text).expect_err("refused").to_string()
}

/// `line:column message` of every problem.
fn spots(text: &str) -> Vec<String> {
    match load(text).expect_err("refused") {
        EstateError::Wrong(problems) => problems
            .spots()
            .iter()
            .map(|spot| format!("{}:{} {}", spot.line, spot.column, spot.message))
            .collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn reads_what_the_lab_writes() {
    let estate = load(LAB).unwrap();
    let hq = &estate.clusters[&ClusterName::from("hq")];
    assert_eq!(
        hq.publisher().unwrap().name,
        "cucm-pub.hq.example.com".into()
    );
    let publisher = hq.publisher().unwrap();
    assert_eq!(
        (publisher.port(Port::Rest), publisher.port(Port::Ssh)),
        (40001, 40003)
    );
    let subscriber = &hq.nodes[&NodeName::from("cucm-sub1.hq.example.com")];
    assert_eq!(subscriber.role, Role::Subscriber);
    assert_eq!(
        (subscriber.port(Port::Soap), subscriber.address.as_str()),
        (8443, "127.0.0.2")
    );
    let presence = &hq.nodes[&NodeName::from("imp1.hq.example.com")];
    assert_eq!(presence.address, "imp1.hq.example.com");

    let account = |name: &str| &estate.accounts[&AccountName::from(name)].password;
    assert_eq!(
        account("hq-platform"),
        &PasswordSource::File("/srv/estate/secrets/hq-platform".into())
    );
    assert_eq!(
        account("hq-application"),
        &PasswordSource::Command(vec!["pass".into(), "show".into(), "hq".into()])
    );
    assert_eq!(account("spare"), &PasswordSource::Keyring);

    assert_eq!(estate.timers.poll, std::time::Duration::from_millis(50));
    assert_eq!(estate.timers.issue, std::time::Duration::from_secs(20));
    assert_eq!(estate.timers.phones_back, Timers::default().phones_back);
    assert_eq!(estate.pins, Some("/srv/estate/pins.json".into()));
    assert_eq!(
        estate.backup_not_older_than,
        Some(SignedDuration::from_hours(7 * 24))
    );
    assert_eq!(estate.rollout.waves.len(), 1);
    assert_eq!(estate.rollout.waves[0].parallel, 4);
}

#[test]
fn a_tomcat_rule_covers_every_node_of_the_cluster_presence_included() {
    let estate = load(LAB).unwrap();
    let [wanted] = &estate.certificates[..] else {
        panic!()
    };
    assert_eq!(wanted.nodes.len(), 3);
    assert_eq!(wanted.distribution, Distribution::ThisServer);
    assert_eq!(wanted.key.to_string(), "rsa-2048");
    assert_eq!(
        wanted.also,
        [SubjectName::dns("voice.hq.example.com")].into()
    );
    assert_eq!(wanted.renew_before, SignedDuration::from_hours(45 * 24));
    assert_eq!(
        wanted.rule,
        "line 22 (names the product), the only rule that covers it"
    );
}

#[test]
fn the_most_specific_rule_wins_and_says_so() {
    let cluster = "desired:\n  - {where: {cluster: [hq], purpose: [tomcat]}, issuer: api, distribution: multi-server, key: rsa-3072}\n  \
                   - {where: {purpose: [tomcat, tomcat-ECDSA]}, issuer: api, distribution: this-server, key: ec-256}\n";
    let text = changed("desired:\n", cluster)
        .replace("purpose: [tomcat, tomcat-ECDSA]", "purpose: [tomcat-ECDSA]");
    let estate = load(&text).unwrap();
    let told: Vec<String> = estate
        .certificates
        .iter()
        .map(|wanted| {
            format!(
                "{} {} {}: {}",
                wanted.purpose, wanted.issuer, wanted.key, wanted.rule
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "tomcat api rsa-3072: line 22 (names the cluster) wins over line 24 (names the product)",
            "tomcat-ECDSA api ec-256: line 23 (names neither cluster nor product), the only rule that covers it",
        ]
    );
}

#[test]
fn every_default_is_there_when_little_is_written() {
    let text = "format: 1\naccounts: {a: {user: x}}\nclusters:\n  - name: hq\n    product: cucm\n    accounts: {platform: a, application: a}\n    nodes: [{name: p.example.com, role: publisher}]\n";
    let estate = load(text).unwrap();
    assert_eq!(estate.timers, Timers::default());
    assert_eq!(estate.timers.issue, std::time::Duration::ZERO);
    assert_eq!(estate.valid_for, SignedDuration::from_hours(24));
    assert_eq!(
        (estate.pins, estate.state_dir, estate.backup_not_older_than),
        (None, None, None)
    );
    assert!(estate.certificates.is_empty());
}

#[test]
fn waves_take_each_cluster_once_and_windows_are_read() {
    let rollout = "rollout:\n  waves: [{name: canary, clusters: [hq], parallel: 1}, {name: all, clusters: [\"*\"]}]\n  \
                   windows: [{clusters: [\"*\"], days: [sun, sat], from: \"22:00\", for: 6h, zone: Europe/Brussels}]";
    let estate = load(&changed(
        "rollout: {parallel_clusters: 4, max_failures: 2}",
        rollout,
    ))
    .unwrap();
    let waves: Vec<(&str, usize, u32)> = estate
        .rollout
        .waves
        .iter()
        .map(|wave| (wave.name.as_str(), wave.clusters.len(), wave.parallel))
        .collect();
    assert_eq!(waves, [("canary", 1, 1), ("all", 0, 8)]);
    let window = &estate.rollout.windows[0];
    assert_eq!(
        window.days,
        [jiff::civil::Weekday::Saturday, jiff::civil::Weekday::Sunday]
    );
    assert_eq!(window.from, jiff::civil::time(22, 0, 0, 0));
}

#[test]
fn files_that_are_no_text_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.yaml");
    let told = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Estate::load(&path).unwrap_err().to_string()
    };
    let rows: [(&[u8], &str); 5] = [
        (b"", "the file is empty"),
        (b"# nothing\n---\n", "the file is empty"),
        (b"format: 1\n\xff", "is not UTF-8 text (byte 10, line 2)"),
        (b"\xff\xfef\0o\0", "is not UTF-8 text (byte 0, line 1)"),
        (&vec![b'#'; (1 << 20) + 1], "is larger than 1048576 bytes"),
    ];
    for (bytes, expected) in rows {
        let message = told(bytes);
        assert!(message.contains(expected), "{message}");
    }
    let message = Estate::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("found a directory"), "{message}");
    let message = Estate::load(&folder.path().join("none"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("cannot read") && message.contains("reissue init"),
        "{message}"
    );
    std::fs::write(&path, format!("\u{feff}{LAB}")).unwrap();
    assert!(Estate::load(&path).is_ok());
}

#[test]
fn the_schema_names_every_field_and_refuses_others() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    let named: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert!(
        ["format", "clusters", "desired"]
            .iter()
            .all(|name| named.iter().any(|n| n == name))
    );
    let text = schema.to_string();
    for word in [
        "im-presence",
        "multi-server",
        "rsa-3072",
        "expressway-e",
        "\"folder\"",
        "ms|m|s",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert!(!text.contains("Raw"), "names of our types reach the user");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z:{}\\[\\]\\-,&*!|>'\"%@`#\t\n é\u{0}]{0,200}") {
        drop(load(&text).map_err(|error| error.to_string()));
    }

    #[test]
    fn no_damage_to_a_good_file_makes_it_panic(at in 0..LAB.len(), cut in 0usize..40, put in "[^a]{0,6}") {
        let end = LAB.ceil_char_boundary((at + cut).min(LAB.len()));
        let start = LAB.floor_char_boundary(at);
        let mut text = LAB.to_owned();
        text.replace_range(start..end, &put);
        drop(load(&text).map_err(|error| error.to_string()));
    }
}
