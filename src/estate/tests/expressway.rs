//! Expressway clusters: peers, one administrator account, and the ports of the edge.

use super::*;
use crate::model::Product;

const EDGE: &str = "\
format: 1
accounts:
  vos: {user: reissue}
  exp: {user: reader}
clusters:
  - name: core
    product: expressway-c
    accounts: {administrator: exp}
    nodes: [{name: expc1.example.com, role: peer}, {name: expc2.example.com, role: peer}]
  - name: edge
    product: expressway-e
    accounts: {administrator: exp}
    nodes: [{name: expe1.example.com, role: peer, ports: {rest: 4430, zone: 7002, tunnel: 2223}}]
";

#[test]
fn peers_are_asked_by_one_administrator_account() {
    let estate = load(EDGE).unwrap();
    let core = &estate.clusters[&ClusterName::from("core")];
    assert_eq!(core.product, Product::ExpresswayC);
    assert_eq!(
        core.accounts,
        Accounts::Expressway {
            administrator: AccountName::from("exp"),
            shell: None,
        }
    );
    assert_eq!(core.nodes.len(), 2);
    let edge = &estate.clusters[&ClusterName::from("edge")].nodes[&"expe1.example.com".into()];
    let ports = [Port::Rest, Port::Zone, Port::Tunnel].map(|port| edge.port(port));
    assert_eq!((edge.role, ports), (Role::Peer, [4430, 7002, 2223]));
}

#[test]
fn accounts_of_the_wrong_product_are_told_by_line_and_column() {
    let rows = [
        (
            "product: expressway-e\n    accounts: {administrator: exp}",
            "product: expressway-e\n    accounts: {platform: vos, administrator: exp}",
            vec!["12:26 expressway-e has no platform account"],
        ),
        (
            "product: expressway-e\n    accounts: {administrator: exp}",
            "product: expressway-e\n    accounts: {platform: vos, application: vos}",
            vec![
                "12:15 the administrator account of this expressway-e is missing",
                "12:26 expressway-e has no platform account",
                "12:44 expressway-e has no application account",
            ],
        ),
        (
            "product: expressway-e\n    accounts: {administrator: exp}",
            "product: expressway-e\n    accounts: {administrator: exq}",
            vec!["12:31 `exq` is not an account of this file; did you mean `exp`?"],
        ),
        (
            "role: peer, ports",
            "role: publisher, ports",
            vec!["13:45 `publisher` is not a role of expressway-e"],
        ),
    ];
    for (from, to, expected) in rows {
        assert_eq!(spots(&EDGE.replace(from, to)), expected, "{to}");
    }
    let mixed = changed(
        "accounts: {platform: hq-platform, application: hq-application}",
        "accounts: {platform: hq-platform, administrator: spare}",
    );
    assert_eq!(
        spots(&mixed),
        [
            "13:15 the application account of this cucm is missing",
            "13:54 cucm has no administrator account"
        ]
    );
}
