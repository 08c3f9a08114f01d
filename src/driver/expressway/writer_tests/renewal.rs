//! From the request to the service.

use std::time::Instant;

use reissue_lab::state::Identity;

use super::*;
use crate::pki::testing::Recipe;

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_on_one_peer_from_request_to_service() {
    let site = Site::start(2);
    let before = site.look().await;
    let old = served(&before).unwrap().clone();
    assert!(uptime(&before).unwrap() >= 3600);

    site.upload_chain().await;
    let listed = site.look().await;
    for authority in chain(&site.lab) {
        let store = Store::from("trusted-ca");
        assert_eq!(listed.trusts(&store, &authority.facts.sha256), Some(true));
    }
    site.perform(&request(2048)).await.unwrap();
    let pending = site.pending().await;
    assert_eq!(pending.common_name.as_deref(), Some("expe.example.com"));
    let names = [
        EDGE,
        "expe.example.com",
        "example.com",
        "collab-edge.example.com",
    ];
    assert_eq!(pending.names, names.map(SubjectName::dns).into());
    let key = (pending.key.algorithm, pending.key.bits);
    assert_eq!(key, (KeyAlgorithm::Rsa, 2048));

    let leaf = site.issued().await;
    let sha256 = leaf.facts.sha256.clone();
    let (node, writer) = (NodeName::from(EDGE), site.writer(Undescribed::Held));
    writer
        .expect_leaf(&node, KeyAlgorithm::Rsa, &sha256)
        .unwrap();
    site.perform(&identity(&leaf)).await.unwrap();
    let stored = site.look().await;
    assert_eq!(stored.identities[&server()].present(), Some(&sha256));
    assert_eq!(served(&stored), Some(&old), "stored is not served");

    site.perform(&restart()).await.unwrap();
    let begun = Instant::now();
    loop {
        let now = site.look().await;
        if served(&now) == Some(&sha256) && uptime(&now).is_some_and(|up| up < 3600) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "never served");
    }
    writer.settle_leaf(&node, &sha256).unwrap();
    let book = PinBook::new(site.lab.dir().join("pins.json"));
    let pins = book.of(&node, Port::Rest).unwrap();
    assert_eq!(pins.len(), 1, "{pins:?}");
    assert_eq!(pins[0].sha256, sha256);
    assert_eq!(site.peer(|peer| peer.restarts), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeats_the_subject_of_the_stored_certificate() {
    let site = Site::start(1);
    let mut recipe = Recipe::leaf(EDGE);
    let subject = [
        ("C", "BE"),
        ("ST", "Brussels"),
        ("L", "Évere"),
        ("O", "Example \"Telecom\", S.A."),
        ("OU", "Voice"),
        ("OU", "Second"),
        ("CN", EDGE),
        ("emailAddress", "voice@example.com"),
    ];
    recipe.subject = subject.map(|(kind, value)| (kind, value.to_owned())).into();
    let certificate = recipe.self_signed_library();
    let planted = site.lab.change_peer("edge", EDGE, |peer| {
        let key = peer.stored.key.clone();
        peer.stored = Identity { certificate, key };
    });
    assert!(planted);
    site.perform(&request(4096)).await.unwrap();
    let made = site.peer(|peer| Arc::clone(&peer.pending.as_ref().unwrap().request));
    let entries = made.subject_name().entries();
    let made: Vec<String> = entries
        .map(|entry| entry.data().to_string().unwrap())
        .collect();
    let mut expected: Vec<&str> = subject.map(|(_, value)| value).into();
    expected.retain(|value| *value != "Second");
    // The common name is the peer's own and comes last.
    expected.retain(|value| *value != EDGE);
    expected.push(EDGE);
    assert_eq!(made, expected);
    assert_eq!(site.pending().await.key.bits, 4096);
}
