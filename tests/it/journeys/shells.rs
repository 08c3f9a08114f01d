//! Release 12.5, whose certificates are changed in the shell: all that phones hold and do not hold, disturbed.

use std::collections::BTreeMap;

use reissue_lab::state::Node;
use reissue_lab::{Kind, Lab, TomcatStart, When};

use super::{effects, said, says};
use crate::crash::scene::{Point, Scene};
use crate::support::{self, count, no_violation, reissue};

const PURPOSES: [&str; 4] = ["tomcat", "ipsec", "CallManager", "TVS"];

/// A publisher and a subscriber of release 12.5 with four purposes that end soon.
fn twelve(mixed: bool) -> Scene {
    let lab = support::lab(|config| {
        "12.5.1.16900-30".clone_into(&mut config.release);
        config.subscribers = 1;
        config.phones = 6;
        config.mixed_mode = mixed;
        config.secure_phones = if mixed { 3 } else { 0 };
        config.tomcat = vec![TomcatStart::Expiring(9)];
        config.purposes = PURPOSES.map(str::to_owned).into();
        // So long a change that was sent and not answered may still take effect.
        config.timers.insert("request".to_owned(), "3s".to_owned());
        config
            .timers
            .insert("shell_start".to_owned(), "6s".to_owned());
    });
    Scene::on(lab, &[])
}

/// What every node stores of each purpose.
fn held(lab: &Lab) -> BTreeMap<String, String> {
    let of = |node: &Node| -> Vec<(String, String)> {
        let purposes = PURPOSES.iter();
        let held = purposes.filter_map(|purpose| {
            Some((format!("{} {purpose}", node.name), node.stored(purpose)?))
        });
        held.collect()
    };
    let places = lab.world().places().into_iter();
    let held = places.filter_map(|place| lab.look(&place.cluster, &place.node, of));
    held.flatten().collect()
}

/// Every certificate is another one, each was stored once, every phone is back, and nothing careless was done.
#[track_caller]
fn judge(scene: &Scene, before: &BTreeMap<String, String>) {
    let lab = &scene.lab;
    no_violation(lab);
    let after = held(lab);
    for (what, print) in before {
        assert_ne!(&after[what], print, "{what} was not renewed");
    }
    support::renewed(lab, "hq", &scene.before["hq"]);
    let stored = effects(lab, "identity-stored");
    assert_eq!(stored.len(), 8, "{stored:#?}");
    assert!(stored.values().all(|times| *times == 1), "{stored:#?}");
    assert_eq!(
        count(lab, Kind::Write, "POST "),
        0,
        "12.5 has no interface for it"
    );
    let lost = lab.look_cluster("hq", |cluster| {
        let lost = cluster.phones.iter().filter(|phone| !phone.registered);
        lost.map(|phone| phone.name.clone()).collect::<Vec<_>>()
    });
    assert_eq!(lost.unwrap(), [""; 0]);
    says(&reissue(lab, ["verify"]).expect(0), &["Verified: "]);
    let again = reissue(lab, ["plan"]).expect(0);
    assert!(said(&again).contains("Nothing to do"), "{}", said(&again));
}

#[track_caller]
fn survives(mixed: bool, kills: &[Point]) {
    let scene = twelve(mixed);
    let before = held(&scene.lab);
    assert_eq!(before.len(), 8);
    let struck = scene.survive(kills);
    assert_eq!(struck, kills.len(), "every kill strikes");
    scene.tell("release 12.5", || judge(&scene, &before));
}

#[test]
fn a_non_secure_cluster_is_renewed_in_the_shell() {
    survives(false, &[]);
}

#[test]
fn a_non_secure_cluster_is_renewed_though_the_run_is_killed() {
    survives(
        false,
        &[
            Point::Change(4, When::AfterActing),
            Point::Change(12, When::BeforeActing),
            Point::Change(10, When::AfterActing),
            Point::Request(60, When::AfterActing),
        ],
    );
}

#[test]
fn a_cluster_in_mixed_mode_is_renewed_though_the_run_is_killed() {
    survives(
        true,
        &[
            Point::Change(8, When::AfterActing),
            Point::Change(14, When::AfterActing),
            Point::Change(9, When::BeforeActing),
        ],
    );
}
