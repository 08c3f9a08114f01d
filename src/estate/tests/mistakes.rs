//! What is said about a wrong file, and where.

use super::{LAB, changed, refusal, spots};

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
