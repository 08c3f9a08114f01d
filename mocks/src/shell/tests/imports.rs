use openssl::hash::MessageDigest;
use openssl::x509::{X509, X509Req};

use super::*;
use crate::clock::unix_now;
use crate::state::fingerprint;

const BEFORE_14: &str = "12.5.1.11900-146";
const LOST_UPLOAD: &str =
    "The file /usr/local/platform/upload/certs//tomcat.der could not be uploaded\r\n";

/// A world of that release whose authority signs until next year.
fn shop(release: &str) -> (Arc<World>, Identity) {
    let world = world();
    world.change_cluster("hq", |cluster| cluster.release = release.to_owned());
    let validity = Validity::days(unix_now(), 30, 365);
    let root = mint::authority("New Root", KeyRing::elliptic(256).unwrap(), None, validity);
    (world, root.unwrap())
}

fn text(certificate: &X509) -> String {
    String::from_utf8(certificate.to_pem().unwrap()).unwrap()
}

fn signed(request: &str, root: &Identity) -> X509 {
    let request = X509Req::from_pem(request.as_bytes()).unwrap();
    mint::sign_as_asked(&request, root, Validity::days(unix_now(), 1, 300)).unwrap()
}

/// Pastes a text at the prompt of a command and answers what comes after its last line's echo.
async fn paste(world: &Arc<World>, command: &str, pasted: &str) -> String {
    let typed = format!("{command}\r{}\rquit\r", pasted.replace('\n', "\r"));
    let (_, shown) = typed_at_once(world, "pub", 1000, &typed).await;
    let (_, after) = shown
        .split_once("Paste the Certificate and Hit Enter\r\n")
        .unwrap_or_else(|| panic!("{shown}"));
    let echoed = pasted.replace('\n', "\r\n");
    let (_, after) = after
        .split_once(&format!("{echoed}\r\n"))
        .unwrap_or_else(|| panic!("no echo: {shown}"));
    after.split("admin:").next().unwrap().to_owned()
}

async fn request_of(world: &Arc<World>) -> String {
    let shown = answer(world, "pub", "set csr gen tomcat").await;
    assert_eq!(shown, "Successfully Generated CSR for tomcat\r\n");
    answer(world, "pub", "show csr own tomcat").await
}

fn stored(world: &World) -> Option<String> {
    let look = |_: &Cluster, node: &Node, _| node.stored("tomcat");
    world.read(&place("pub"), look).flatten()
}

#[tokio::test]
async fn a_certificate_is_renewed_by_command_alone() {
    let (world, root) = shop(BEFORE_14);
    let trusted = paste(
        &world,
        "set cert import trust tomcat",
        &text(&root.certificate),
    )
    .await;
    assert!(
        trusted.starts_with("Successfully imported certificate for tomcat.\r\n"),
        "{trusted}"
    );
    let listed = answer(&world, "pub", "show cert list trust").await;
    assert!(listed.contains("tomcat-trust/New_Root.pem: "), "{listed}");
    let shown = answer(&world, "pub", "show cert trust tomcat-trust/New_Root.pem").await;
    let (_, block) = shown.split_once("-----BEGIN").unwrap();
    let read = X509::from_pem(format!("-----BEGIN{block}").as_bytes()).unwrap();
    assert_eq!(fingerprint(&read), fingerprint(&root.certificate));

    let leaf = signed(&request_of(&world).await, &root);
    let names = crate::pki::names::alternative_names(&leaf);
    assert_eq!(
        Vec::from_iter(names),
        ["pub.example.com"],
        "nothing but the node's own name"
    );
    let imported = paste(&world, "set cert import own tomcat", &text(&leaf)).await;
    assert!(
        imported.contains("for the new certificate to\r\nbecome active."),
        "{imported}"
    );
    assert_eq!(stored(&world), Some(fingerprint(&leaf)));
    assert_eq!(answer(&world, "pub", "show csr list own").await, "");
    let writes: Vec<String> = of_kind(&world, Kind::Write)
        .into_iter()
        .map(|entry| entry.what)
        .collect();
    assert_eq!(
        writes,
        [
            "set cert import trust tomcat",
            "set csr gen tomcat",
            "set cert import own tomcat"
        ]
    );
    assert_eq!(world.changes(), 3);
    assert_eq!(of_kind(&world, Kind::Violation), []);
}

#[tokio::test]
async fn an_identity_is_refused_in_the_words_of_its_fault() {
    for (release, stored_root, days_left, words) in [
        (
            BEFORE_14,
            false,
            300,
            "CA certificate is not available in the trust-store\r\n",
        ),
        (BEFORE_14, true, -2, "The certificate has expired\r\n"),
        (
            "14.0.1.10000-20",
            true,
            -2,
            "The certificate has expired\r\n",
        ),
    ] {
        let (world, root) = shop(release);
        if stored_root {
            let pem = text(&root.certificate);
            paste(&world, "set cert import trust tomcat", &pem).await;
        }
        let before = stored(&world);
        let request = X509Req::from_pem(request_of(&world).await.as_bytes()).unwrap();
        let validity = Validity::days(unix_now(), 20, days_left);
        let leaf = mint::sign_as_asked(&request, &root, validity).unwrap();
        assert_eq!(
            paste(&world, "set cert import own tomcat", &text(&leaf)).await,
            words
        );
        assert_eq!(stored(&world), before);
    }
}

#[tokio::test]
async fn a_certificate_for_an_overwritten_request_is_refused_in_the_words_of_the_release() {
    for (release, words) in [
        (BEFORE_14, LOST_UPLOAD),
        (
            "14.0.1.10000-20",
            "CSR public key and certificate public key do not match\r\n",
        ),
    ] {
        let (world, root) = shop(release);
        let first = request_of(&world).await;
        request_of(&world).await;
        let leaf = text(&signed(&first, &root));
        assert_eq!(
            paste(&world, "set cert import own tomcat", &leaf).await,
            words
        );
    }
}

#[tokio::test]
async fn what_the_authority_changed_is_refused() {
    // The usages that release 14 asks for lack one bit of those that 12.5 asks for.
    for (name, words) in [
        (
            "www.example.com",
            "CSR SAN and Certificate SAN does not match",
        ),
        (
            "pub.example.com",
            "The certificate lacks a key usage or extended key usage of the CSR",
        ),
    ] {
        let (world, root) = shop(BEFORE_14);
        request_of(&world).await;
        let key = |_: &Cluster, node: &Node, _| node.pending["tomcat"].key.clone();
        let key = world.read(&place("pub"), key).unwrap();
        let changed = Wanted {
            common_name: "pub.example.com",
            names: &[name.to_owned()],
            purpose: "tomcat",
        };
        let request = mint::request(&changed, &key, MessageDigest::sha256()).unwrap();
        let pem = String::from_utf8(request.to_pem().unwrap()).unwrap();
        let leaf = text(&signed(&pem, &root));
        assert_eq!(
            paste(&world, "set cert import own tomcat", &leaf).await,
            format!("{words}\r\n")
        );
    }
}

#[tokio::test]
async fn what_is_no_certificate_changes_nothing() {
    let (world, root) = shop(BEFORE_14);
    let pem = text(&root.certificate);
    let damaged = pem.replace("MII", "AAA");
    let leaf = signed(&request_of(&world).await, &root);
    world.change(&place("pub"), |node| node.pending.clear());
    let rows = [
        ("trust tomcat", "quit\n", "Certificate is not in PEM format"),
        ("trust tomcat", "", "Certificate is not in PEM format"),
        (
            "trust tomcat",
            &format!("Subject: CN=New Root\n{pem}"),
            "Certificate is not in PEM format",
        ),
        (
            "own tomcat",
            &format!("{pem}{pem}"),
            "Invalid certificate file",
        ),
        (
            "own tomcat",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "Invalid certificate file",
        ),
        ("own tomcat", &damaged, "Error reading the certificate"),
        ("trust nothing", &pem, "Invalid certificate type"),
        ("own nothing", &pem, "Invalid certificate type"),
        ("trust tomcat", &text(&leaf), "Error in CA certificate"),
        ("own tomcat", &text(&leaf), LOST_UPLOAD.trim_end()),
    ];
    let before = stored(&world);
    let effects = of_kind(&world, Kind::Effect).len();
    for (what, pasted, words) in rows {
        let shown = paste(&world, &format!("set cert import {what}"), pasted).await;
        assert_eq!(shown, format!("{words}\r\n"), "{what}: {pasted}");
    }
    assert_eq!(stored(&world), before);
    assert_eq!(of_kind(&world, Kind::Effect).len(), effects);
    let shown = answer(&world, "pub", "set csr gen ITLRecovery").await;
    assert_eq!(shown, "Invalid certificate type\r\n");
}

#[tokio::test]
async fn a_paste_that_is_broken_off_changes_nothing() {
    for broken in ["-----BEGIN CERTIFICATE-----\rMIIB\x03", "\x04", "\x03"] {
        let (world, _) = shop(BEFORE_14);
        let steps = [
            ("admin:", "set cert import trust tomcat\r"),
            ("Hit Enter", broken),
            ("admin:", "quit\r"),
        ];
        let (ended, shown) = dialogue(&world, "pub", &steps).await;
        assert_eq!(ended, Ended::Quit);
        assert!(
            shown.contains("The operation was aborted, nothing has been changed\r\nadmin:quit"),
            "{shown}"
        );
        assert_eq!(of_kind(&world, Kind::Effect), []);
        assert_eq!(world.changes(), 1);
    }
}

#[tokio::test]
async fn the_unit_of_the_subject_is_asked_about_from_14su1_on() {
    for (release, reply, made, unit) in [
        (BEFORE_14, None, true, false),
        ("14.0.1.10000-20", None, true, false),
        ("14.0.1.11900-132", Some("no"), true, false),
        ("14.0.1.11900-132", Some("yes"), true, true),
        ("15.0.1.12900-234", Some("perhaps"), false, false),
    ] {
        let (world, _) = shop(release);
        let typed = match reply {
            Some(reply) => format!("set csr gen tomcat\r{reply}\rquit\r"),
            None => "set csr gen tomcat\rquit\r".to_owned(),
        };
        let (_, shown) = typed_at_once(&world, "pub", 24, &typed).await;
        let asked = shown.contains("Include OU in CSR (yes|no)?");
        assert_eq!(asked, reply.is_some(), "{release}: {shown}");
        assert_eq!(
            shown.contains("Successfully Generated CSR for tomcat\r\n"),
            made,
            "{shown}"
        );
        let subject = world.read(&place("pub"), |_, node, _| {
            let pending = node.pending.get("tomcat")?;
            Some(format!("{:?}", pending.request.subject_name()))
        });
        let subject = subject.flatten();
        assert_eq!(subject.is_some(), made, "{release}");
        assert_eq!(subject.is_some_and(|name| name.contains("Voice")), unit);
    }
}

#[tokio::test]
async fn elliptic_purposes_get_a_key_of_384_bits() {
    let (world, _) = shop(BEFORE_14);
    let typed = "set csr gen tomcat-ECDSA\rquit\r";
    let (_, shown) = typed_at_once(&world, "sub2", 24, typed).await;
    assert!(
        shown.contains("Successfully Generated CSR  for tomcat-ECDSA\r\n"),
        "some nodes print two blanks: {shown}"
    );
    let bits = world.read(&place("sub2"), |_, node, _| {
        node.pending["tomcat-ECDSA"].key.bits()
    });
    assert_eq!(bits, Some(384));
}

#[tokio::test]
async fn planted_faults_strike_the_certificate_commands() {
    for (mode, acted, cut) in [
        (Mode::SshCut, false, true),
        (Mode::SshCutActed, true, true),
        (Mode::SuccessNotApplied, false, false),
    ] {
        let (world, root) = shop(BEFORE_14);
        world.plant(Fault::new("ssh set csr gen", mode));
        world.plant(Fault::new("ssh set cert import trust", mode));
        let (ended, shown) = typed_at_once(&world, "pub", 24, "set csr gen tomcat\rquit\r").await;
        assert_eq!(ended == Ended::Cut, cut, "{mode:?}");
        assert_eq!(shown.contains("Successfully"), !cut, "{mode:?}: {shown}");
        let pasted = text(&root.certificate).replace('\n', "\r");
        let typed = format!("set cert import trust tomcat\r{pasted}\rquit\r");
        let (ended, shown) = typed_at_once(&world, "pub", 24, &typed).await;
        assert_eq!(ended == Ended::Cut, cut, "{mode:?}");
        assert_eq!(shown.contains("Successfully"), !cut, "{mode:?}: {shown}");
        let words: Vec<String> = of_kind(&world, Kind::Effect)
            .into_iter()
            .map(|entry| entry.what)
            .collect();
        let expected: &[&str] = if acted {
            &["request-made", "trust-upload"]
        } else {
            &[]
        };
        assert!(words.iter().take(2).eq(expected), "{mode:?}: {words:?}");
        assert_eq!(of_kind(&world, Kind::Fault).len(), 2);
    }
}

#[tokio::test]
async fn a_shared_certificate_is_not_taken_by_command_from_14su2_on() {
    for (release, refused) in [("14.0.1.11900-132", false), ("14.0.1.12900-161", true)] {
        let (world, root) = shop(release);
        let pem = text(&root.certificate);
        paste(&world, "set cert import trust tomcat", &pem).await;
        let wanted = crate::RequestWanted {
            purpose: "tomcat".to_owned(),
            multi_server: true,
            common_name: "pub-ms.example.com".to_owned(),
            names: Vec::new(),
            elliptic: false,
            bits: 2048,
            digest: "sha256".to_owned(),
        };
        let request = world.make_request(&place("pub"), &wanted, true, Channel::Rest);
        let leaf = text(&signed(&request.unwrap(), &root));
        let shown = paste(&world, "set cert import own tomcat", &leaf).await;
        assert_eq!(shown.starts_with("Multi-server"), refused, "{shown}");
        assert_eq!(shown.starts_with("Successfully"), !refused, "{shown}");
    }
}
