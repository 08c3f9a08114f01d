//! What an operator does to any purpose, without the detour over the wire.

use std::collections::BTreeSet;

use reissue_lab::state::ServiceState;
use reissue_lab::world::Place;
use reissue_lab::{Channel, Ending, Lab, LabConfig, Refusal, RequestWanted};

use crate::client::{self, PUBLISHER, quick, until};

pub(crate) const FIRST: &str = client::FIRST;
pub(crate) const SECOND: &str = "cucm-sub2.hq.example.com";
pub(crate) const NODES: [&str; 3] = [PUBLISHER, FIRST, SECOND];

pub(crate) const TWELVE: &str = "12.5.1.16900-48";

/// A lab of mixed mode in which every second phone is secure.
pub(crate) fn mixed() -> LabConfig {
    LabConfig {
        mixed_mode: true,
        secure_phones: 12,
        ..quick()
    }
}

/// A lab of another release.
pub(crate) fn of(release: &str) -> LabConfig {
    LabConfig {
        release: release.to_owned(),
        ..quick()
    }
}

/// The distinct words of the judge.
pub(crate) fn words(lab: &Lab) -> BTreeSet<String> {
    client::violations(lab).into_iter().collect()
}

pub(crate) fn wanted(node: &str, purpose: &str) -> RequestWanted {
    let elliptic = purpose.ends_with("-ECDSA");
    RequestWanted {
        purpose: purpose.to_owned(),
        multi_server: false,
        common_name: node.to_owned(),
        names: vec![node.to_owned()],
        elliptic,
        bits: if elliptic { 384 } else { 2048 },
        digest: "sha256".to_owned(),
    }
}

/// Uploads the authority's chain to a store; what is there already may stay.
pub(crate) fn trust(lab: &Lab, node: &str, service: &str) {
    let place = Place::new("hq", node);
    for file in ["root.pem", "issuing.pem"] {
        let pem = std::fs::read_to_string(lab.dir().join("ca").join(file)).unwrap();
        let stored = lab
            .world()
            .store_trust(&place, &[service.to_owned()], &[pem], Channel::Rest);
        assert!(
            matches!(stored, Ok(()) | Err(Refusal::AlreadyPresent)),
            "{stored:?}"
        );
    }
}

/// Has a new certificate of a purpose signed and uploads it, chain first.
pub(crate) fn renew(lab: &Lab, node: &str, purpose: &str) {
    trust(lab, node, purpose.trim_end_matches("-ECDSA"));
    let place = Place::new("hq", node);
    let request = lab
        .world()
        .make_request(&place, &wanted(node, purpose), true, Channel::Rest)
        .unwrap();
    let leaf = lab.authority().sign(request.as_bytes()).unwrap();
    let leaf = String::from_utf8(leaf).unwrap();
    lab.world()
        .store_identity(&place, purpose, &[leaf], Channel::Rest)
        .unwrap();
}

pub(crate) fn restart(lab: &Lab, node: &str, service: &str) {
    let place = Place::new("hq", node);
    lab.world()
        .restart_service(&place, service, Ending::Started, Channel::Ssh)
        .unwrap();
    until("the restart", || {
        lab.world().service_state(&place, service) == Some(ServiceState::Started)
    });
}

pub(crate) fn restart_all(lab: &Lab, services: &[&str]) {
    for node in NODES {
        for service in services {
            restart(lab, node, service);
        }
    }
}

/// Makes the CTL anew, as `utils ctl update CTLFile` does.
pub(crate) fn update_ctl(lab: &Lab) {
    lab.change_cluster("hq", |cluster| {
        cluster.lists.ctl = Some(cluster.make_ctl(1_800_000_000));
    });
}

/// Resets one device pool over AXL and answers the status.
pub(crate) fn reset_pool(lab: &Lab, pool: &str) -> u16 {
    let version = lab
        .look_cluster("hq", |cluster| {
            let (major, minor) = cluster.version();
            format!("{major}.{minor}")
        })
        .unwrap();
    let operation = format!(
        "<a:resetDevicePool xmlns:a=\"http://www.cisco.com/AXL/API/{version}\"><name>{pool}</name></a:resetDevicePool>"
    );
    let action = format!("\"CUCM:DB ver={version} resetDevicePool\"");
    client::soap(lab, PUBLISHER, "/axl/", &action, &operation)
        .unwrap()
        .status
}

/// Resets every phone.
pub(crate) fn reset_all(lab: &Lab) {
    for pool in ["HQ-DP1", "HQ-DP2"] {
        assert_eq!(reset_pool(lab, pool), 200);
    }
}

/// How many phones are registered and how many are stranded.
pub(crate) fn phones(lab: &Lab) -> (usize, usize) {
    lab.look_cluster("hq", |cluster| {
        let phones = cluster.phones.iter();
        let stranded = phones.clone().filter(|phone| phone.stranded.is_some());
        (
            phones.filter(|phone| phone.registered).count(),
            stranded.count(),
        )
    })
    .unwrap()
}

/// Waits until no phone is under way any more.
pub(crate) fn settled(lab: &Lab) {
    until("the phones", || {
        lab.look_cluster("hq", |cluster| {
            cluster
                .phones
                .iter()
                .all(|phone| phone.registered || phone.stranded.is_some() || !phone.online)
        })
        .unwrap()
    });
}
