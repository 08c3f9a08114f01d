use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn book() -> (tempfile::TempDir, PinBook) {
    let folder = tempfile::tempdir().unwrap();
    let book = PinBook::new(folder.path().join("state/pins.json"));
    (folder, book)
}

fn peer(node: &str, port: u16, key: &str, leaf: &str) -> Peer {
    Peer {
        node: NodeName::from(node),
        port,
        key: key.into(),
        sha256: Fingerprint::of(leaf.as_bytes()),
        proved: "test".into(),
        at: Timestamp::UNIX_EPOCH,
    }
}

fn leaves(book: &PinBook, node: &str, port: Port) -> BTreeSet<Fingerprint> {
    let peers = book.of(&NodeName::from(node), port).unwrap();
    peers.into_iter().map(|peer| peer.sha256).collect()
}

fn of(leaves: &[&str]) -> BTreeSet<Fingerprint> {
    leaves
        .iter()
        .map(|leaf| Fingerprint::of(leaf.as_bytes()))
        .collect()
}

#[test]
fn a_missing_book_knows_nobody() {
    let (_folder, book) = book();
    let found = Fingerprint::of(b"leaf");
    let refusal = book
        .check(&"a".into(), Port::Rest, &found)
        .unwrap()
        .unwrap_err();
    assert!(matches!(refusal, Refusal::Unknown { .. }));
    let text = refusal.to_string();
    assert!(
        text.contains("reissue trust add a") && text.contains(found.as_str()),
        "{text}"
    );
}

#[test]
fn a_changed_peer_names_both_fingerprints() {
    let (_folder, book) = book();
    book.add(peer("a", 443, "rsa", "old")).unwrap();
    let node = NodeName::from("a");
    let found = Fingerprint::of(b"new");
    assert!(
        book.check(&node, Port::Rest, &Fingerprint::of(b"old"))
            .unwrap()
            .is_ok()
    );
    let text = book
        .check(&node, Port::Rest, &found)
        .unwrap()
        .unwrap_err()
        .to_string();
    assert!(text.contains(found.as_str()), "{text}");
    assert!(text.contains(Fingerprint::of(b"old").as_str()), "{text}");
    // Another port, another node: nothing is inherited.
    for (node, port) in [("a", Port::Soap), ("b", Port::Rest)] {
        let verdict = book
            .check(&node.into(), port, &Fingerprint::of(b"old"))
            .unwrap();
        assert!(matches!(verdict, Err(Refusal::Unknown { .. })));
    }
}

#[test]
fn a_renewal_moves_the_pin_forward() {
    let (_folder, book) = book();
    for entry in [
        peer("a", 443, "rsa", "old"),
        peer("a", 8443, "rsa", "old"),
        peer("a", 443, "ecdsa", "twin"),
        peer("b", 443, "rsa", "other"),
    ] {
        book.add(entry).unwrap();
    }
    let node = NodeName::from("a");
    let new = Fingerprint::of(b"new");
    for _again in 0..2 {
        book.expect_leaf(
            &node,
            &[Port::Rest, Port::Soap],
            KeyAlgorithm::Rsa,
            &new,
            Timestamp::MIN,
        )
        .unwrap();
        assert_eq!(leaves(&book, "a", Port::Rest), of(&["old", "new", "twin"]));
        assert_eq!(leaves(&book, "a", Port::Soap), of(&["old", "new"]));
    }
    for _again in 0..2 {
        book.settle_leaf(&node, &[Port::Rest], &new).unwrap();
        assert_eq!(leaves(&book, "a", Port::Rest), of(&["new", "twin"]));
        assert_eq!(leaves(&book, "a", Port::Soap), of(&["old", "new"]));
        assert_eq!(leaves(&book, "b", Port::Rest), of(&["other"]));
    }
    // Settling on what was never expected must not lock the node out.
    book.settle_leaf(&node, &[Port::Rest], &Fingerprint::of(b"stranger"))
        .unwrap();
    assert_eq!(leaves(&book, "a", Port::Rest), of(&["new", "twin"]));
}

#[test]
fn adding_replaces_and_removing_counts() {
    let (_folder, book) = book();
    book.add(peer("a", 443, "rsa", "one")).unwrap();
    book.add(peer("a", 443, "rsa", "two")).unwrap();
    book.add(peer("a", 22, "ssh-ed25519", "key")).unwrap();
    assert_eq!(leaves(&book, "a", Port::Rest), of(&["two"]));
    assert_eq!(book.remove(&"a".into(), Some(Port::Ssh)).unwrap(), 1);
    assert_eq!(book.remove(&"a".into(), None).unwrap(), 1);
    assert_eq!(book.remove(&"a".into(), None).unwrap(), 0);
}

#[test]
fn the_file_is_private_and_refused_when_it_is_not() {
    let (_folder, book) = book();
    book.add(peer("a", 443, "rsa", "one")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(book.path()), 0o600);
    std::fs::set_permissions(book.path(), std::fs::Permissions::from_mode(0o660)).unwrap();
    let error = book.peers().unwrap_err();
    assert!(matches!(error, PinError::Unsafe { .. }), "{error}");
    assert!(book.add(peer("a", 443, "rsa", "planted")).is_err());
}

#[test]
fn damage_is_refused() {
    let (_folder, book) = book();
    book.add(peer("a", 443, "rsa", "one")).unwrap();
    let good = std::fs::read_to_string(book.path()).unwrap();
    let upper = Fingerprint::of(b"one").as_str().to_ascii_uppercase();
    for bad in [
        String::new(),
        "[]".to_owned(),
        good.replace("\"format\": 1", "\"format\": 2"),
        good.replace("\"node\"", "\"host\""),
        good.replace(Fingerprint::of(b"one").as_str(), &upper),
        good.chars().take(good.len() / 2).collect(),
    ] {
        std::fs::write(book.path(), &bad).unwrap();
        let error = book.peers().unwrap_err();
        assert!(
            matches!(error, PinError::Malformed { .. }),
            "{bad}: {error}"
        );
    }
}

#[test]
fn many_writers_lose_nothing() {
    let (_folder, book) = book();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let book = book.clone();
            scope.spawn(move || {
                for round in 0..5 {
                    book.add(peer(&format!("n{number}-{round}"), 443, "rsa", "x"))
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(book.peers().unwrap().len(), 40);
}
