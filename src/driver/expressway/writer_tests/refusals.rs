//! Refusals, and what is never sent.

use reissue_lab::{Fault, Misbehaviour, Mode};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn refusals_carry_the_sentence_of_the_peer_and_change_nothing() {
    let site = Site::start(1);
    let old = site.peer(Peer::stored_sha256);
    site.perform(&request(2048)).await.unwrap();
    refused(
        site.perform(&request(2048)).await,
        "HTTP 409 with \"Conflict\"",
    );
    let leaf = site.issued().await;
    let sentence = "Invalid certificate: Unrecognized CA. This certificate is not currently trusted by the Expressway.";
    refused(site.perform(&identity(&leaf)).await, sentence);
    site.upload_chain().await;
    site.lab.misbehave(Misbehaviour::ServerAuthOnly);
    let without = site.issued().await;
    let sentence = "does not have the Client Authentication extended key usage";
    refused(site.perform(&identity(&without)).await, sentence);
    site.lab.misbehave(Misbehaviour::OtherKey);
    let other = site.issued().await;
    refused(site.perform(&identity(&other)).await, "\"Bad Request\"");
    assert_eq!(site.peer(Peer::stored_sha256), old);
    site.perform(&identity(&leaf)).await.unwrap();
    assert_ne!(site.peer(Peer::stored_sha256), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_peer_does_not_describe_is_held_unless_a_person_wants_it() {
    let site = Site::start(1);
    let planted = site.lab.change_expressways(|all| {
        "pem".clone_into(&mut all.edge.quirks.upload_part);
    });
    assert!(planted.is_some());
    let write = trust(&chain(&site.lab)[0].pem);
    let held = site.perform(&write).await.unwrap_err();
    assert!(matches!(held, WriteError::NotSent(_)), "{held}");
    for words in [EDGE, "POST /certs/root", "`pem`", "--write-undescribed"] {
        assert!(held.to_string().contains(words), "{words}: {held}");
    }
    assert_eq!(site.writes(), 0);
    site.perform(&request(2048)).await.unwrap();
    let sent = site.writer(Undescribed::Sent);
    let sent = sent.perform(&NodeName::from(EDGE), &write).await;
    refused(sent, "\"Bad Request\"");
    assert_eq!(site.writes(), 2);

    site.lab
        .plant(Fault::new("rest GET /api/raml", Mode::Status500));
    let held = site.perform(&restart()).await.unwrap_err();
    assert!(matches!(held, WriteError::NotSent(_)), "{held}");
    assert_eq!(site.peer(|peer| peer.restarts), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_leaves_the_outcome_unknown_and_is_sent_once() {
    let site = Site::start(1);
    site.lab
        .plant(Fault::new("rest POST restart", Mode::ActThenDrop));
    let dropped = site.perform(&restart()).await.unwrap_err();
    assert!(matches!(dropped, WriteError::Unknown(_)), "{dropped}");
    assert_eq!(site.peer(|peer| peer.restarts), 1);
    assert_eq!(site.writes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_account_is_tried_once() {
    let site = Site::start(1);
    site.lab
        .plant(Fault::new("rest POST restart", Mode::Status401));
    for _ in 0..2 {
        let error = site.perform(&restart()).await.unwrap_err();
        assert!(matches!(error, WriteError::Unauthorized(_)), "{error}");
    }
    assert_eq!(site.writes(), 1);
    assert_eq!(site.peer(|peer| peer.restarts), 0);

    let site = Site::start(1);
    site.lab
        .plant(Fault::new("rest POST restart", Mode::Html200));
    let page = site.perform(&restart()).await.unwrap_err();
    assert!(matches!(page, WriteError::Unauthorized(_)), "{page}");
    assert!(page.to_string().contains("login page"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_said_is_not_sent() {
    let site = Site::start(1);
    let changed = |change: fn(&mut Write)| {
        let mut write = request(2048);
        change(&mut write);
        write
    };
    let bad = [
        request(3072),
        changed(|write| {
            if let Write::GenerateRequest { names, .. } = write {
                names.insert(SubjectName::Ip("10.0.0.1".parse().unwrap()));
            }
        }),
        changed(|write| {
            if let Write::GenerateRequest { distribution, .. } = write {
                *distribution = Distribution::MultiServer;
            }
        }),
        changed(|write| {
            if let Write::GenerateRequest { hash, .. } = write {
                "sha1".clone_into(hash);
            }
        }),
        trust("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        trust(
            &chain(&site.lab)
                .iter()
                .map(|it| it.pem.clone())
                .collect::<String>(),
        ),
        Write::UploadTrust {
            store: Store::from("tomcat-trust"),
            pem: chain(&site.lab)[0].pem.clone(),
            description: String::new(),
        },
        Write::RestartService {
            service: ServiceName::from("Cisco Tomcat"),
            by: ControlPath::Peer,
        },
        Write::RestartService {
            service: ServiceName::from(WHOLE_PEER),
            by: ControlPath::Shell,
        },
        Write::UpdateTrustList,
    ];
    for write in bad {
        let error = site.perform(&write).await.unwrap_err();
        assert!(
            matches!(error, WriteError::NotSent(_)),
            "{write:?}: {error}"
        );
    }
    let writer = site.writer(Undescribed::Held);
    let nobody = writer.perform(&NodeName::from("x"), &restart()).await;
    assert!(matches!(nobody, Err(WriteError::NotSent(_))), "{nobody:?}");
    assert_eq!(site.writes(), 0);
}
