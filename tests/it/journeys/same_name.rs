//! Authorities of one name in one trust store: what an upload of another one does, and what the plan makes of that.

use std::fs;

use reissue_lab::state::fingerprint;
use reissue_lab::{Kind, Lab, TomcatStart};

use super::{effects, says};
use crate::crash::scene::Scene;
use crate::forge::{Forged, Wanted};
use crate::support::{self, count, no_violation, reissue, renewed};

const ISSUING: &str = "Example Corp Issuing CA 2";

/// A publisher and a subscriber with certificates of the corporate authority, in whose stores another one stands in
/// for the issuing authority of today.
fn stored(tomcat: TomcatStart, other: impl Fn(&Lab) -> Forged) -> (Lab, Forged) {
    let lab = support::lab(|config| {
        config.subscribers = 1;
        config.tomcat = vec![tomcat];
    });
    let other = other(&lab);
    let today = fingerprint(&Forged::of(&lab, "issuing").certificate);
    for node in ["cucm-pub", "cucm-sub1"] {
        lab.change("hq", node, |node| {
            let store = node.trusts.get_mut("tomcat-trust").unwrap();
            store.retain(|entry| fingerprint(entry) != today);
            store.push(other.certificate.clone());
        });
    }
    (lab, other)
}

/// A former certificate of the issuing authority: the same name and, unless it has one of its own, the same key.
fn former(lab: &Lab, days: (i64, i64), same_key: bool) -> Forged {
    let (root, issuing) = (Forged::of(lab, "root"), Forged::of(lab, "issuing"));
    let wanted = Wanted::authority(ISSUING, days).below(&root);
    let key = same_key.then_some(&issuing.key);
    Wanted { key, ..wanted }.forge()
}

/// The fingerprints that a node's store has for a name.
fn of_name(lab: &Lab, node: &str) -> Vec<String> {
    let held = lab.look("hq", node, |node| {
        let store = node.trusts["tomcat-trust"].iter();
        let named = store.filter(|it| reissue_lab::state::common_name(it) == ISSUING);
        named.map(|it| fingerprint(it)).collect()
    });
    held.unwrap()
}

#[test]
fn an_older_one_with_the_same_key_is_replaced_and_the_new_one_read_back() {
    let (lab, old) = stored(TomcatStart::Expiring(9), |lab| {
        former(lab, (-900, 200), true)
    });
    let today = fingerprint(&Forged::of(&lab, "issuing").certificate);
    let file = lab.dir().join("plan.json").display().to_string();
    let scene = Scene::on(lab, &[]);
    let lab = &scene.lab;
    let shown = reissue(lab, ["show", &file]).expect(0);
    says(&shown, &[&fingerprint(&old.certificate)[..12], "same"]);
    assert_eq!(scene.survive(&[]), 0);
    renewed(lab, "hq", &scene.before["hq"]);
    for node in ["cucm-pub", "cucm-sub1"] {
        assert_eq!(of_name(lab, node), std::slice::from_ref(&today), "{node}");
    }
    let uploads = effects(lab, "trust-upload");
    assert!(
        uploads
            .keys()
            .any(|it| it.contains(ISSUING) && it.ends_with("replaced")),
        "{uploads:?}"
    );
    no_violation(lab);
}

#[test]
fn the_very_same_one_is_not_uploaded_again() {
    let lab = support::lab(|config| {
        config.subscribers = 0;
        config.tomcat = vec![TomcatStart::Expiring(9)];
    });
    for file in ["root", "issuing"] {
        let authority = Forged::of(&lab, file).certificate;
        let print = fingerprint(&authority);
        lab.change("hq", "cucm-pub", |node| {
            let store = node.trusts.get_mut("tomcat-trust").unwrap();
            store.retain(|entry| fingerprint(entry) != print);
            store.push(authority);
        });
    }
    let scene = Scene::on(lab, &[]);
    assert_eq!(scene.survive(&[]), 0);
    renewed(&scene.lab, "hq", &scene.before["hq"]);
    assert_eq!(count(&scene.lab, Kind::Write, "POST trust"), 0);
    no_violation(&scene.lab);
}

/// One that began later, or at the same second, stays, and the node says that all went well.
#[test]
fn a_younger_one_would_silently_stay_so_that_nothing_is_planned() {
    let (lab, young) = stored(TomcatStart::Expiring(9), |lab| former(lab, (-1, 900), true));
    let refused = reissue(&lab, ["plan"]).expect(4);
    let print = &fingerprint(&young.certificate)[..12];
    says(
        &refused,
        &[
            "I22",
            "it would silently keep",
            print,
            "renewed under a new name",
        ],
    );
    let assessed = reissue(&lab, ["assess"]).expect(0);
    says(&assessed, &["authority-name-clash"]);
    assert_eq!(lab.changes(), 0);
}

/// One that has expired is refused by every store: the chain itself is.
#[test]
fn an_expired_authority_is_refused_with_its_chain() {
    let lab = support::lab(|config| config.subscribers = 0);
    let ended = former(&lab, (-900, -1), true);
    let root = Forged::of(&lab, "root");
    let chain = [ended.pem(), root.pem()].concat();
    fs::write(lab.dir().join("ca/corp-chain.pem"), chain).unwrap();
    let refused = reissue(&lab, ["plan"]).expect(4);
    says(&refused, &["I5", ISSUING, "to be valid now"]);
    assert_eq!(lab.changes(), 0);
}

/// A new key under the old name breaks whatever the old key signed, wherever it is stored or served.
#[test]
fn an_authority_with_a_new_key_names_all_that_it_would_break() {
    let lab = support::lab(|config| {
        config.subscribers = 1;
        config.tomcat = vec![TomcatStart::Expiring(9)];
    });
    let root = Forged::of(&lab, "root");
    // The one that signed what is in service.
    let former = "Example Corp Issuing CA 1";
    let rekeyed = Wanted::authority(former, (-1, 900)).below(&root).forge();
    let chain = [rekeyed.pem(), root.pem()].concat();
    fs::write(lab.dir().join("ca/corp-chain.pem"), chain).unwrap();
    let refused = reissue(&lab, ["plan"]).expect(4);
    let refused = refused.err.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = vec![
        "I22".to_owned(),
        "replace an authority of the same name".to_owned(),
    ];
    for node in ["cucm-pub.hq.example.com", "cucm-sub1.hq.example.com"] {
        words.push(format!("{node} tomcat"));
        for port in ["443", "8443", "6972"] {
            words.push(format!("{node} port {port}"));
        }
    }
    for word in words {
        assert!(refused.contains(&word), "no {word} in {refused}");
    }
    assert_eq!(lab.changes(), 0);
}
