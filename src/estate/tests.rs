use super::*;
use crate::model::{Distribution, NodeName, Port, Role, SubjectName};
use crate::pki::testing::{Issued, Recipe};

const LAB: &str = include_str!("testing/lab.yaml");

fn load(text: &str) -> Result<Estate, EstateError> {
    let document = Document::new("estate.yaml", text);
    Estate::from_document(document, Path::new("/srv/estate/estate.yaml"))
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
    assert_eq!(
        estate.timers.issue,
        Some(std::time::Duration::from_secs(20))
    );
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
    assert_eq!(estate.timers.issue, None);
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

/// A passage of the lab's file, what stands there instead, and all that is said about it.
#[rustfmt::skip]
const ONE_MISTAKE: &[(&str, &str, &str)] = &[
    ("format: 1\n", "format: 2\n", "1:9 this release reads format 1, not 2"),
    ("format: 1\n", "format: one\n", "1:9 expected a whole number"),
    ("format: 1\n", "", "28:1 the field `format` is missing"),
    ("valid_for: 24h", "valid_far: 24h", "3:1 no field `valid_far`; did you mean `valid_for`?"),
    ("valid_for: 24h", "valid_for: 24", "3:12 `24` is not a duration: 24 has no unit; write it like 20m, 1h30m, 250ms or 7d"),
    ("valid_for: 24h", "valid_for: 24hours", "3:12 `24hours` is not a duration: the units are w, d, h, m, s and ms, not `hours`; write it like 20m, 1h30m, 250ms or 7d"),
    ("valid_for: 24h", "valid_for: 0s", "3:12 this duration may not be zero"),
    ("poll: 50ms", "poll: 0ms", "2:147 this duration may not be zero"),
    ("valid_for: 24h", "valid_for: 24h\nvalid_for: 1h", "4:1 `valid_for` stands here twice"),
    ("pins: pins.json", "\tpins: pins.json", "8:2 tabs disallowed within this context (block indentation)"),
    ("spare: {user: reissue}", "sp/are: {user: reissue}", "7:3 `sp/are` cannot name an account"),
    ("spare: {user: reissue}", "spare: {user: ''}", "7:17 the user's name is empty"),
    ("spare: {user: reissue}", "spare: {user: reissue, password: hunter2}", "7:36 expected where the password is, not the password"),
    ("spare: {user: reissue}", "spare: {user: reissue, password: {value: hunter2}}", "7:36 expected where the password is, not the password"),
    ("spare: {user: reissue}", "spare: {user: reissue, password: {command: []}}", "7:36 the command names no program"),
    ("accounts: {platform: hq-platform,", "accounts: {platform: hq-platfrom,", "13:26 `hq-platfrom` is not an account of this file; did you mean `hq-platform`?"),
    ("product: cucm\n", "product: cumc\n", "12:14 `cumc` is not a product; did you mean `cucm`?"),
    ("role: subscriber", "role: subscribe", "16:49 `subscribe` is not a role of cucm; did you mean `subscriber`?"),
    ("role: subscriber", "role: peer", "16:49 `peer` is not a role of cucm"),
    ("role: publisher", "role: subscriber", "11:11 the cluster `hq` has no publisher"),
    ("role: subscriber", "role: publisher", "16:49 the cluster `hq` has two publishers"),
    ("imp1.hq.example.com", "cucm-pub.hq.example.com", "17:16 `cucm-pub.hq.example.com` stands in this file twice"),
    ("imp1.hq.example.com", "imp1", "17:16 a node's name needs its domain"),
    ("imp1.hq.example.com", "imp_1.hq.example.com", "17:16 `imp_1.hq.example.com` is not a host name: '_' cannot be in one"),
    ("imp1.hq.example.com", "10.0.0.300", "17:16 `10.0.0.300` is not a host name: its last part is a number, and it is no IP address"),
    ("address: 127.0.0.2", "address: 127.0.0.2:443", "16:70 `127.0.0.2:443` is not a host name: ':' cannot be in one"),
    ("address: 127.0.0.2", "address: 127.0.0.1, ports: {soap: 40003}", "16:95 port 40003 at 127.0.0.1 is already that of cucm-pub.hq.example.com"),
    ("address: 127.0.0.2", "address: imp1.hq.example.com", "17:16 port 443 at imp1.hq.example.com is already that of cucm-sub1.hq.example.com"),
    ("soap: 40002", "soap: 40001", "15:105 port 40001 at 127.0.0.1 is already that of cucm-pub.hq.example.com"),
    ("soap: 40002", "soap: 0", "15:105 a port is a number from 1 to 65535"),
    ("soap: 40002", "soap: 70000", "15:105 expected a whole number of at most 65535"),
    ("kind: folder", "kind: foldre", "19:16 `foldre` is not a kind of issuer; did you mean `folder`?"),
    ("requests: signing/out, ", "", "19:3 an issuer of kind `folder` needs `requests` and `issued`"),
    ("issued: signing/in", "issued: signing/out", "19:55 `issued` and `requests` are the same folder"),
    ("issued: signing/in", "issued: ''", "19:55 the path is empty"),
    ("kind: command, command", "kind: command, requests: x, command", "20:34 an issuer of kind `command` has no `requests`"),
    ("issuer: corp", "issuer: crop", "23:13 `crop` is not an issuer of this file; did you mean `corp`?"),
    ("distribution: this-server", "distribution: single-server", "24:19 `single-server` is not a distribution"),
    ("key: rsa-2048", "key: rsa-1024", "25:10 `rsa-1024` is not a key"),
    ("key: rsa-2048", "key: ec-256", "25:10 tomcat holds an RSA key, not ec-256"),
    ("purpose: [tomcat]", "purpose: [Tomcat]", "22:40 `Tomcat` is not a purpose that an authority signs; did you mean `tomcat`?"),
    ("purpose: [tomcat]", "purpose: []", "22:39 the list is empty, so the rule covers nothing"),
    (", purpose: [tomcat]", "", "22:13 the field `purpose` is missing"),
    ("product: [cucm]", "product: [unity-connection]", "22:51 this rule covers no certificate"),
    ("product: [cucm]", "cluster: [hp]", "22:23 `hp` is not a cluster of this file; did you mean `hq`?"),
    ("[Voice.hq.example.com]", "['*.hq.example.com']", "26:20 `*.hq.example.com` is a wildcard"),
    ("[Voice.hq.example.com]", "[voice..example.com]", "26:20 `voice..example.com` is not a host name: two dots stand side by side, or it begins with one"),
    ("{parallel_clusters: 4,", "{parallel_clusters: 0,", "28:30 expected a number from 1 to 64, found 0"),
    ("{parallel_clusters: 4, max_failures: 2}", "{waves: [{name: canary, clusters: []}]}", "28:44 the list names no cluster"),
    ("{parallel_clusters: 4, max_failures: 2}", "{windows: [{clusters: ['*'], days: [moon], from: '22:00', for: 6h, zone: UTC}]}", "28:46 `moon` is not a day; did you mean `mon`?"),
    ("{parallel_clusters: 4, max_failures: 2}", "{windows: [{clusters: ['*'], days: [mon], from: '25:00', for: 6h, zone: UTC}]}", "28:58 `25:00` is not a time of day"),
    ("{parallel_clusters: 4, max_failures: 2}", "{windows: [{clusters: ['*'], days: [mon], from: '22:00', for: 8d, zone: UTC}]}", "28:72 a weekly window lasts a week at most"),
    ("{parallel_clusters: 4, max_failures: 2}", "{windows: [{clusters: ['*'], days: [mon], from: '22:00', for: 6h, zone: Europe/Brusels}]}", "28:82 `Europe/Brusels` is not a time zone that this computer knows"),
];

#[test]
fn names_each_mistake_and_its_place() {
    let mut wrong = Vec::new();
    for (from, to, expected) in ONE_MISTAKE {
        let told = spots(&changed(from, to));
        if told != [*expected] {
            wrong.push(format!(
                "{to:?}\n  expected {expected}\n  found    {}",
                told.join("\n           ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tells_everything_at_once_in_the_order_of_the_file() {
    let text = changed("valid_for: 24h", "valid_for: 24")
        .replace("role: publisher", "role: publsher")
        .replace("issuer: corp", "issuer: crop")
        .replace("this-server", "multi-server")
        .replace("backup_not_older_than: 7d", "backup_not_older_than: 7 days");
    let told = spots(&text);
    let lines: Vec<&str> = told
        .iter()
        .filter_map(|spot| spot.split(':').next())
        .collect();
    assert_eq!(lines, ["3", "11", "15", "23", "29"], "{told:#?}");
}

#[test]
fn a_multi_server_certificate_has_no_ip_address_and_more_than_one_node() {
    let text = changed("distribution: this-server", "distribution: multi-server")
        .replace("[Voice.hq.example.com]", "[10.0.0.1]");
    assert_eq!(
        spots(&text),
        ["26:20 10.0.0.1 cannot be in a multi-server certificate"]
    );
    let nodes = LAB
        .lines()
        .filter(|line| !line.contains("-sub1") && !line.contains("imp1"));
    let text = nodes
        .collect::<Vec<_>>()
        .join("\n")
        .replace("this-server", "multi-server");
    assert_eq!(
        spots(&text),
        ["22:19 `hq` has one node for tomcat: nothing to share"]
    );
}

#[test]
fn equal_rules_are_refused_with_both_lines() {
    let rule = "desired:\n  - {where: {product: [cucm], purpose: [tomcat, ipsec]}, issuer: api, distribution: this-server, key: rsa-3072}\n";
    insta::assert_snapshot!(refusal(&changed("desired:\n", rule)), @"
    error: the rules of lines 22 and 23 both cover tomcat of `hq`, and neither is more specific
      --> estate.yaml:23:5
       |
    22 |   - {where: {product: [cucm], purpose: [tomcat, ipsec]}, issuer: api, distribution: this-ser...
       |     - the other rule
    23 |   - where: {product: [cucm], purpose: [tomcat]}
       |     ^
       |
       = help: a rule that names the cluster wins over one that names the product, and that over one that names neither
    ");
}

#[test]
fn an_excerpt_shows_the_line_and_the_way_out() {
    insta::assert_snapshot!(
        refusal(&changed("imp1.hq.example.com, role", "imp1.hq.example.com, adress: 10.0.0.1, role")), @"
    error: no field `adress`; did you mean `address`?
      --> estate.yaml:17:37
       |
    17 |       - {name: imp1.hq.example.com, adress: 10.0.0.1, role: im-presence}
       |                                     ^^^^^^
       |
       = help: fields here: name, role, address, ports
    ");
}

#[test]
fn a_password_in_the_file_is_never_shown() {
    let places = [
        ("{user: reissue}", "{user: reissue, password: hunter2}"),
        ("{user: reissue}", "{user: reissue, password: [hunter2]}"),
        (
            "{user: reissue}",
            "{user: reissue, password: {file: x, value: hunter2}}",
        ),
        ("{user: reissue}", "{user: reissue, pasword: hunter2}"),
        (
            "{user: reissue}",
            "{user: reissue, secret: hunter2, users: x}",
        ),
        ("{user: reissue}", "{user: reissue, password: 'hunter2"),
        (
            "spare: {user: reissue}",
            "spare:\n    user: reissue\n    password:\n      hunter2\n    x: y",
        ),
        (
            "spare: {user: reissue}",
            "spare:\n    user: reissue\n    password: |\n      hunter2\n    x: y",
        ),
    ];
    for (from, to) in places {
        let told = refusal(&changed(from, to));
        assert!(!told.contains("hunter2"), "{told}");
    }
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
    assert_eq!(estate.accounts[&lab.platform].user, "no");
    assert_eq!(estate.accounts[&lab.application].user, "a\": {b} # c");
    assert_eq!(estate.clusters.len(), 1);
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

/// The refusal of `desired()` when the chain file holds these bytes.
fn chain_of(bytes: &[u8]) -> Result<crate::model::Desired, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("ca")).unwrap();
    std::fs::write(folder.path().join("ca/corp-chain.pem"), bytes).unwrap();
    let path = folder.path().join("estate.yaml");
    std::fs::write(&path, LAB).unwrap();
    Estate::load(&path)
        .unwrap()
        .desired()
        .map_err(|error| error.to_string())
}

#[test]
fn the_issuer_s_chain_is_read_root_first_whatever_its_order() {
    let root = Recipe::authority("Root").self_signed();
    let middle = root.sign(Recipe::authority("Middle"));
    let leaf = middle.sign(Recipe::leaf("a.example.com"));
    let pem = |issued: &[&Issued]| {
        issued
            .iter()
            .map(|one| one.parsed.pem.as_str())
            .collect::<String>()
    };

    let desired = chain_of(pem(&[&middle, &root]).as_bytes()).unwrap();
    let chain: Vec<&str> = desired.issuers[&IssuerName::from("corp")]
        .chain
        .iter()
        .map(|authority| authority.certificate.title())
        .collect();
    assert_eq!(chain, ["Root", "Middle"]);
    assert_eq!(desired.issuers.len(), 1, "only issuers that a rule names");
    assert_eq!(desired.certificates.len(), 1);

    let rows = [
        (
            pem(&[&root, &middle, &leaf]),
            "holds a.example.com, which is no authority",
        ),
        (pem(&[&middle]), "is missing"),
        (String::new(), "the file is empty"),
        ("hello".to_owned(), "expected"),
    ];
    for (text, expected) in rows {
        let told = chain_of(text.as_bytes()).unwrap_err();
        assert!(told.contains(expected) && told.contains("`corp`"), "{told}");
        assert!(told.contains("corp-chain.pem"), "{told}");
    }
    let told = load(LAB).unwrap().desired().unwrap_err().to_string();
    assert!(
        told.contains("cannot be read from /srv/estate/ca/corp-chain.pem"),
        "{told}"
    );
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
        let text = format!("{}{put}{}", &LAB[..start], &LAB[end..]);
        drop(load(&text).map_err(|error| error.to_string()));
    }
}
