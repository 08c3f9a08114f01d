use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{CommandIssuer, FolderIssuer, IssueError, IssuedCertificates, Issuer};
use crate::model::{Fingerprint, SigningRequest};
use crate::pki::testing::{Issued, Recipe};

const NAME: &str = "hq.cucm-pub.example.com.tomcat";

fn wanted(request: &SigningRequest) -> BTreeMap<Fingerprint, String> {
    [(request.key.sha256.clone(), NAME.to_owned())].into()
}

fn titles(found: &IssuedCertificates, request: &SigningRequest) -> Vec<String> {
    let chain = found
        .get(&request.key.sha256)
        .map(Vec::as_slice)
        .unwrap_or_default();
    chain
        .iter()
        .map(|certificate| certificate.facts.title().to_owned())
        .collect()
}

fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("folder");
    let mut names: Vec<_> = entries
        .map(|e| e.expect("entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

fn authorities() -> (Issued, Issued) {
    let root = Recipe::authority("Root").self_signed();
    let issuing = root.sign(Recipe::authority("Issuing"));
    (root, issuing)
}

#[tokio::test]
async fn a_request_is_written_once_and_another_is_put_aside() {
    let folder = tempfile::tempdir().expect("folder");
    let issuer = FolderIssuer::new(folder.path(), folder.path());
    let (first, second) = (Recipe::leaf("a").request(), Recipe::leaf("a").request());
    for _ in 0..2 {
        issuer.submit(NAME, &first).await.expect("written");
        assert_eq!(listing(folder.path()), [format!("{NAME}.csr")]);
    }
    issuer.submit(NAME, &second).await.expect("written");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("file");
    let old = format!(
        "{NAME}.{}.superseded",
        Fingerprint::of(first.pem.as_bytes()).short()
    );
    assert_eq!(listing(folder.path()).len(), 2);
    assert_eq!(read(&old), first.pem);
    assert_eq!(read(&format!("{NAME}.csr")), second.pem);

    // Requests in the folder of certificates are not in the way.
    let found = issuer.collect(&wanted(&second)).await.expect("collected");
    assert!(
        found.is_empty() && issuer.ignored().is_empty(),
        "{:?}",
        issuer.ignored()
    );
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let issuer = FolderIssuer::new("/nonexistent/requests", "/nonexistent/issued");
    let request = Recipe::leaf("a").request();
    let error = issuer
        .submit(NAME, &request)
        .await
        .expect_err("no folder")
        .to_string();
    assert!(
        error.contains("cannot write /nonexistent/requests/hq.cucm"),
        "{error}"
    );
    let error = issuer
        .collect(&wanted(&request))
        .await
        .expect_err("no folder")
        .to_string();
    assert!(error.contains("cannot read /nonexistent/issued"), "{error}");
}

#[tokio::test]
async fn certificates_are_found_by_their_key_among_junk() {
    let folder = tempfile::tempdir().expect("folder");
    let issuer = FolderIssuer::new(folder.path(), folder.path());
    let (root, issuing) = authorities();
    let (mine, other) = (Recipe::leaf("mine"), Recipe::leaf("other"));
    let request = mine.request();
    let leaf = issuing.sign(mine.clone());
    let write =
        |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("write");
    write(
        "chain.p7b.pem",
        format!("{}{}", issuing.parsed.pem, root.parsed.pem).as_bytes(),
    );
    write("some name.cer", &leaf.parsed.der);
    write("other.pem", issuing.sign(other).parsed.pem.as_bytes());
    write("readme.txt", b"certificates for tonight");
    write("half.cer", &leaf.parsed.der[..300]);
    write(
        "key.pem",
        &leaf.key.private_key_to_pem_pkcs8().expect("pem"),
    );
    write("huge.pem", &vec![b'-'; 1024 * 1024 + 1]);
    write(".DS_Store", b"\0\0");
    fs::create_dir(folder.path().join("old")).expect("folder");

    let found = issuer.collect(&wanted(&request)).await.expect("collected");
    assert_eq!(found.len(), 1);
    assert_eq!(titles(&found, &request), ["mine", "Issuing", "Root"]);
    let ignored = issuer.ignored();
    let whys: Vec<_> = ignored
        .iter()
        .map(|file| {
            (
                file.path.file_name().expect("name").to_str().expect("text"),
                file.why.as_str(),
            )
        })
        .collect();
    let expected = [
        ("half.cer", "is damaged"),
        ("huge.pem", "1048577 bytes"),
        ("key.pem", "holds a private key"),
        ("readme.txt", "text without a certificate"),
    ];
    assert_eq!(whys.len(), expected.len(), "{whys:?}");
    for ((file, why), (name, word)) in whys.iter().zip(expected) {
        assert!(*file == name && why.contains(word), "{file}: {why}");
    }

    // A second answer to the same request mends the first.
    let again = issuing.sign(Recipe {
        from: "2026-02-01T00:00:00Z",
        ..mine
    });
    write("a-second.pem", again.parsed.pem.as_bytes());
    let found = issuer.collect(&wanted(&request)).await.expect("collected");
    assert_eq!(
        found[&request.key.sha256][0].facts.sha256,
        again.parsed.facts.sha256
    );
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

fn command(folder: &Path, script: &str) -> CommandIssuer {
    CommandIssuer::new(shell(script), Duration::from_secs(20), folder.join("kept"))
}

#[tokio::test]
async fn a_command_answers_once_and_its_answer_is_kept() {
    let folder = tempfile::tempdir().expect("folder");
    let (root, issuing) = authorities();
    let recipe = Recipe::leaf("mine");
    let request = recipe.request();
    let bundle = format!(
        "{}{}{}",
        root.parsed.pem,
        issuing.sign(recipe).parsed.pem,
        issuing.parsed.pem
    );
    let (answer, log) = (folder.path().join("answer"), folder.path().join("log"));
    fs::write(&answer, bundle).expect("write");
    let script = format!(
        "cat >> '{log}'; echo \"$REISSUE_REQUEST\" >> '{log}'; echo working >&2; cat '{answer}'",
        log = log.display(),
        answer = answer.display()
    );
    for _ in 0..2 {
        // Each time as after a restart: nothing is remembered but the folder.
        let issuer = command(folder.path(), &script);
        issuer.submit(NAME, &request).await.expect("issued");
        let found = issuer.collect(&wanted(&request)).await.expect("collected");
        assert_eq!(titles(&found, &request), ["mine", "Issuing", "Root"]);
    }
    let log = fs::read_to_string(log).expect("log");
    assert_eq!(
        log,
        format!("{}{NAME}\n", request.pem),
        "asked once, with the request"
    );
}

/// More than is shown, and more than a pipe holds.
const NOISE: &str = "i=0; while [ $i -lt 5000 ]; do echo noise $i >&2; i=$((i+1)); done; \
                     echo over >&2; exit 4";

#[tokio::test]
async fn a_command_that_fails_is_quoted() {
    let folder = tempfile::tempdir().expect("folder");
    let request = Recipe::leaf("mine").request();
    let other = Recipe::leaf("other").self_signed().parsed.pem;
    for (script, words) in [
        (
            "echo first >&2; printf 'no \\033[31mquota\\n' >&2; exit 3".to_owned(),
            "exit status: 3 for hq.cucm-pub.example.com.tomcat. It said: first / no \\u{1b}[31mquota",
        ),
        ("exit 1".to_owned(), "It said: nothing"),
        ("echo '<html>'".to_owned(), "its output is a web page"),
        ("true".to_owned(), "its output is empty"),
        (format!("echo '{other}'"), "certificates for other keys"),
        ("yes".to_owned(), "it wrote more than 1 MiB"),
        (NOISE.to_owned(), "noise 4999 / over. Correct"),
    ] {
        let issuer = command(folder.path(), &script);
        let error = issuer
            .submit(NAME, &request)
            .await
            .expect_err(words)
            .to_string();
        assert!(error.contains(words), "{script}: {error}");
        assert!(
            issuer
                .collect(&wanted(&request))
                .await
                .expect("collected")
                .is_empty()
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_command_started_is_stopped_with_it() {
    let folder = tempfile::tempdir().expect("folder");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo");
    assert!(made.success());
    // The pipe ends when the last process that could write into it is gone.
    let (gone, told) = std::sync::mpsc::channel();
    let read = pipe.clone();
    std::thread::spawn(move || gone.send(fs::read(read).expect("pipe")));
    let script = format!("sleep 600 > '{}' & wait", pipe.display());
    let kept = folder.path().join("kept");
    let issuer = CommandIssuer::new(shell(&script), Duration::from_secs(2), kept);
    let error = issuer
        .submit(NAME, &Recipe::leaf("mine").request())
        .await
        .expect_err("hangs");
    assert!(matches!(error, IssueError::TimedOut { .. }), "{error}");
    assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(Vec::new()));
}

#[tokio::test]
async fn a_command_that_hangs_is_stopped_and_the_doubt_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    let request = Recipe::leaf("mine").request();
    let issuer = CommandIssuer::new(
        shell("exec sleep 600"),
        Duration::from_millis(50),
        folder.path().join("kept"),
    );
    let error = issuer.submit(NAME, &request).await.expect_err("hangs");
    assert!(matches!(error, IssueError::TimedOut { .. }));
    assert!(
        error
            .to_string()
            .contains("may have issued a certificate all the same"),
        "{error}"
    );
}

#[tokio::test]
async fn a_command_that_is_not_there_sent_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let request = Recipe::leaf("mine").request();
    for words in [vec![], vec!["/nonexistent/sign".to_owned()]] {
        let issuer = CommandIssuer::new(words, Duration::from_secs(1), folder.path().join("kept"));
        let error = issuer.submit(NAME, &request).await.expect_err("not there");
        assert!(matches!(error, IssueError::NotStarted { .. }), "{error}");
    }
}
