use std::collections::BTreeMap;
use std::sync::Arc;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509Req;

use super::*;
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, DAY, Validity, Wanted};
use crate::state::{Identity, Ports, Quirks, Role, Web};

const NOW: i64 = 1_790_000_000;
const MOMENT: Moment = Moment { ms: 0, unix: NOW };

fn key() -> PKey<Private> {
    KeyRing::elliptic(256).unwrap()
}

fn authority(name: &str, issuer: Option<&Identity>) -> Identity {
    mint::authority(name, key(), issuer, Validity::days(NOW, 100, 1000)).unwrap()
}

fn request(key: &PKey<Private>, names: &[&str], purpose: &str) -> X509Req {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let wanted = Wanted {
        common_name: "pub.example.com",
        names: &names,
        purpose,
    };
    mint::request(&wanted, key, MessageDigest::sha256()).unwrap()
}

/// A node with a pending tomcat request for two names, and the whole chain in its store.
struct Bench {
    node: Node,
    key: PKey<Private>,
    root: Identity,
    issuing: Identity,
}

const NAMES: [&str; 2] = ["pub.example.com", "voice.example.com"];

fn bench() -> Bench {
    let root = authority("Root", None);
    let issuing = authority("Issuing", Some(&root));
    let key = key();
    let names = [String::from("pub.example.com")];
    let wanted = Wanted {
        common_name: "pub.example.com",
        names: &names,
        purpose: "tomcat",
    };
    let old = mint::self_signed(&wanted, self::key(), Validity::days(NOW, 300, 9)).unwrap();
    let mut node = Node {
        name: "pub.example.com".to_owned(),
        role: Role::Publisher,
        ports: Ports::default(),
        identities: BTreeMap::from([("tomcat".to_owned(), old)]),
        pending: BTreeMap::new(),
        trusts: BTreeMap::new(),
        presented: BTreeMap::new(),
        services: BTreeMap::new(),
        web: Web::Up,
        sso_enabled: false,
        replication: 2,
        clock_skew: 0,
        lockout_enabled: false,
        lockouts: BTreeMap::new(),
        quirks: Quirks::default(),
        host_key: Arc::new(crate::ssh::new_host_key()),
    };
    node.trusts.insert(
        "tomcat-trust".to_owned(),
        vec![root.certificate.clone(), issuing.certificate.clone()],
    );
    let request = Arc::new(request(&key, &NAMES, "tomcat"));
    let pending = PendingRequest {
        request,
        key: key.clone(),
        shared_with: Vec::new(),
    };
    node.pending.insert("tomcat".to_owned(), pending);
    Bench {
        node,
        key,
        root,
        issuing,
    }
}

impl Bench {
    fn leaf(&self, key: &PKey<Private>, names: &[&str], validity: Validity) -> X509 {
        mint::sign_as_asked(&request(key, names, "tomcat"), &self.issuing, validity).unwrap()
    }

    fn good(&self) -> X509 {
        self.leaf(&self.key, &NAMES, Validity::days(NOW, 1, 397))
    }

    fn judge(&self, leaf: &X509) -> Result<(), Refusal> {
        judge_identity(&self.node, "tomcat", leaf, &[], MOMENT)
    }
}

#[test]
fn a_faultless_identity_is_accepted_whatever_the_order_and_case_of_its_names() {
    let bench = bench();
    assert_eq!(bench.judge(&bench.good()), Ok(()));
    let turned = bench.leaf(
        &bench.key,
        &["VOICE.example.com", "pub.example.com"],
        Validity::days(NOW, 1, 397),
    );
    assert_eq!(bench.judge(&turned), Ok(()));
}

#[test]
fn each_fault_of_a_leaf_has_its_refusal() {
    let bench = bench();
    let usual = Validity::days(NOW, 1, 397);
    let rows = [
        (
            "another key",
            bench.leaf(&key(), &NAMES, usual),
            Refusal::KeyDiffers,
        ),
        (
            "a name too few",
            bench.leaf(&bench.key, &["pub.example.com"], usual),
            Refusal::NamesDiffer,
        ),
        (
            "no names",
            bench.leaf(&bench.key, &[], usual),
            Refusal::NamesDiffer,
        ),
        (
            "expired",
            bench.leaf(&bench.key, &NAMES, Validity::days(NOW, 400, -1)),
            Refusal::Expired,
        ),
        (
            "not yet valid",
            bench.leaf(&bench.key, &NAMES, Validity::days(NOW, -1, 397)),
            Refusal::NotYetValid,
        ),
    ];
    for (what, leaf, expected) in rows {
        assert_eq!(bench.judge(&leaf), Err(expected), "{what}");
    }
}

#[test]
fn a_leaf_without_a_usage_of_its_request_is_refused() {
    let mut bench = bench();
    // The pending request asks for what ipsec asks for; the leaf has what tomcat asks for.
    let asked = Arc::new(request(&bench.key, &NAMES, "ipsec"));
    bench.node.pending.get_mut("tomcat").unwrap().request = asked;
    assert_eq!(bench.judge(&bench.good()), Err(Refusal::Usages));
}

#[test]
fn the_names_are_not_compared_when_the_request_has_none() {
    let mut bench = bench();
    bench.node.pending.get_mut("tomcat").unwrap().request =
        Arc::new(request(&bench.key, &[], "tomcat"));
    assert_eq!(bench.judge(&bench.good()), Ok(()));
}

#[test]
fn the_nodes_own_clock_decides() {
    let mut bench = bench();
    let leaf = bench.good();
    bench.node.clock_skew = -2 * DAY;
    assert_eq!(bench.judge(&leaf), Err(Refusal::NotYetValid));
    bench.node.clock_skew = 500 * DAY;
    assert_eq!(bench.judge(&leaf), Err(Refusal::Expired));
}

#[test]
fn a_chain_with_a_gap_is_refused_unless_it_comes_along() {
    let mut bench = bench();
    let leaf = bench.good();
    for missing in [0, 1] {
        let mut store = vec![
            bench.root.certificate.clone(),
            bench.issuing.certificate.clone(),
        ];
        let gone = store.remove(missing);
        bench.node.trusts.insert("tomcat-trust".to_owned(), store);
        assert_eq!(bench.judge(&leaf), Err(Refusal::NoChain));
        assert_eq!(
            judge_identity(&bench.node, "tomcat", &leaf, &[gone], MOMENT),
            Ok(())
        );
    }
}

#[test]
fn without_a_request_or_a_purpose_there_is_nothing_to_upload_to() {
    let mut bench = bench();
    let leaf = bench.good();
    assert_eq!(
        judge_identity(&bench.node, "Tomcat", &leaf, &[], MOMENT),
        Err(Refusal::WrongUnit)
    );
    bench.node.pending.clear();
    let refusal = bench.judge(&leaf).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist"
    );
    assert_eq!(refusal.status(), 400);
}

#[test]
fn a_trust_store_takes_authorities_and_self_signed_leaves() {
    let bench = bench();
    let stale = mint::authority("Stale", key(), None, Validity::days(NOW, 500, -1))
        .unwrap()
        .certificate;
    let own = bench.node.identities["tomcat"].certificate.clone();
    let rows = [
        (&bench.root.certificate, Ok(())),
        (&own, Ok(())),
        (&stale, Err(Refusal::Expired)),
        (&bench.good(), Err(Refusal::NotAnAuthority)),
    ];
    for (certificate, expected) in rows {
        assert_eq!(judge_trust(certificate, NOW), expected);
    }
}

#[test]
fn texts_that_are_no_certificate_are_told_apart() {
    let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    let rows = [
        (pem("PRIVATE KEY"), Refusal::HasPrivateKey),
        (pem("PKCS7"), Refusal::NotPem),
        ("<html></html>".to_owned(), Refusal::NotPem),
        (pem("CERTIFICATE"), Refusal::Unreadable),
    ];
    for (text, expected) in rows {
        assert_eq!(read_certificate(&text).unwrap_err(), expected, "{text}");
    }
}
