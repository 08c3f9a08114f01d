//! No password leaves: not in any output, file, argument or environment, at any verbosity, in any spelling.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use reissue_lab::{Lab, Mode};

use crate::support::{Ended, command};
use crate::trial::{lab, plant};
use crate::watched::watch;

/// The middle of each password: letters and digits only, so that no escaping changes it.
const CANARIES: [&str; 2] = ["K4n4r13Pl4tf0rm", "K4n4r13Appl1cat10n"];

/// What stands around it, to be escaped in every format.
fn password(canary: &str) -> String {
    format!("a&<\"' %+/{canary}\\>z~9=")
}

/// A lab whose accounts have these passwords, known to the tool or believed by it in vain.
fn guarded(known: bool) -> Lab {
    let lab = lab(|_| {});
    let [platform, application] = CANARIES.map(password);
    for (account, password) in [("hq-platform", &platform), ("hq-application", &application)] {
        std::fs::write(
            lab.dir().join("secrets").join(account),
            format!("{password}\n"),
        )
        .unwrap();
    }
    if known {
        lab.change_cluster("hq", |cluster| {
            cluster.accounts.platform.password = platform;
            cluster.accounts.application.password = application;
        });
    }
    lab
}

/// Every way in which a canary may be spelled.
fn spellings() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for canary in CANARIES {
        let bytes = canary.as_bytes();
        all.push(bytes.to_vec());
        all.push(bytes.iter().rev().copied().collect());
        all.push(hex::encode(bytes).into_bytes());
        all.push(hex::encode_upper(bytes).into_bytes());
        all.push(bytes.iter().flat_map(|byte| [*byte, 0]).collect());
        all.push(canary.to_lowercase().into_bytes());
        // Base64 depends on how many bytes stand before; the letters at both ends mix with the neighbours.
        for before in 0..3 {
            let text = STANDARD_NO_PAD.encode([&vec![b'x'; before], bytes].concat());
            all.push(text.as_bytes()[4..text.len() - 4].to_vec());
        }
    }
    all
}

fn holds(bytes: &[u8], spelling: &[u8]) -> bool {
    bytes
        .windows(spelling.len())
        .any(|window| window == spelling)
}

/// Fails if a canary stands in some bytes.
#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    for spelling in spellings() {
        assert!(
            !holds(bytes, &spelling),
            "{what} holds the password as {}",
            String::from_utf8_lossy(&spelling)
        );
    }
}

/// Every file below a folder, but for the password files themselves.
fn files(folder: &Path, each: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("secrets") {
                files(&path, each);
            }
        } else {
            each(&path, &std::fs::read(&path).unwrap());
        }
    }
}

/// Runs a command at the highest verbosity, and searches what it says and what the system shows of it.
#[track_caller]
fn run(lab: &Lab, words: &[&str]) -> Ended {
    let mut all = vec!["-vvv"];
    all.extend(words);
    let watched = watch(command(lab.estate(), &all));
    let name = words.join(" ");
    clean(
        &format!("the output of {name}"),
        watched.ended.out.as_bytes(),
    );
    clean(&format!("the talk of {name}"), watched.ended.err.as_bytes());
    for seen in &watched.seen {
        clean(&format!("/proc of {name}"), seen);
    }
    watched.ended
}

#[track_caller]
fn files_are_clean(lab: &Lab) {
    let mut searched = 0;
    files(lab.dir(), &mut |path, bytes| {
        clean(&path.display().to_string(), bytes);
        searched += 1;
    });
    assert!(searched > 5, "only {searched} files were searched");
}

#[test]
fn the_search_finds_each_spelling() {
    let password = password(CANARIES[0]);
    let leaks = [
        password.clone().into_bytes(),
        STANDARD_NO_PAD.encode(&password).into_bytes(),
        STANDARD_NO_PAD
            .encode(format!("reissue:{password}"))
            .into_bytes(),
        STANDARD_NO_PAD
            .encode(format!("reissue2:{password}"))
            .into_bytes(),
        hex::encode(&password).into_bytes(),
        password.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        password.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    for leak in leaks {
        let found = spellings().iter().any(|spelling| holds(&leak, spelling));
        assert!(found, "{}", String::from_utf8_lossy(&leak));
    }
}

#[test]
fn nothing_leaks_when_everything_works() {
    let lab = guarded(true);
    let path = |name: &str| lab.dir().join(name).display().to_string();
    let (plan, observation) = (path("plan.json"), path("observation.json"));
    run(&lab, &["doctor"]).expect(0);
    run(&lab, &["secret", "list"]).expect(0);
    run(&lab, &["trust", "list"]).expect(0);
    run(&lab, &["status", "--json"]).expect(0);
    run(&lab, &["observe", "-o", &observation]).expect(0);
    let planned = run(&lab, &["plan", "--json", "-o", &plan]).expect(0);
    let digest = planned.data()["digest"].as_str().unwrap().to_owned();
    plant(&lab, "rest POST identity", Mode::SuccessNotApplied);
    let apply = [
        "apply",
        &plan,
        "--approve",
        &digest,
        "--accept",
        "VOS-SSO-STATUS",
    ];
    run(&lab, &apply).expect(1);
    run(&lab, &["resume"]).expect(0);
    run(&lab, &["verify"]).expect(0);
    run(&lab, &["runs"]).expect(0);
    for format in ["text", "markdown", "html", "json"] {
        run(&lab, &["report", "--format", format]).expect(0);
    }
    files_are_clean(&lab);
}

#[test]
fn nothing_leaks_when_the_password_is_wrong() {
    let lab = guarded(false);
    let plan = lab.dir().join("plan.json").display().to_string();
    let ended = run(&lab, &["plan", "-o", &plan]).expect(1);
    assert!(ended.err.contains("refused account"), "{}", ended.err);
    run(&lab, &["doctor"]).expect(1);
    run(&lab, &["status", "--json"]);
    files_are_clean(&lab);
}

#[test]
fn nothing_leaks_when_a_node_talks_nonsense() {
    let lab = guarded(true);
    let questions = [
        ("rest GET snapshot", Mode::Status500),
        ("axl getCCMVersion", Mode::Status500),
        ("control soapGetServiceStatus", Mode::Html200),
        ("ssh utils sso status", Mode::SshCut),
        ("ssh show version active", Mode::HugeBody),
    ];
    for (on, mode) in questions {
        lab.plant(reissue_lab::Fault::new(on, mode).times(1000));
    }
    run(&lab, &["plan"]).expect(4);
    run(&lab, &["status"]);
    files_are_clean(&lab);
}

#[test]
fn a_password_in_the_wrong_place_is_not_repeated() {
    let lab = guarded(true);
    let good = std::fs::read_to_string(lab.estate()).unwrap();
    for written in ["password: ", "password: {value: ", "pasword: ", "secret: "] {
        let end = if written.contains('{') { "}}" } else { "}" };
        let wrong = format!(
            "  extra: {{user: x, {written}{}{end}\nclusters:\n",
            CANARIES[0]
        );
        let text = good.replacen("pins: pins.json\n", "", 1);
        std::fs::write(lab.estate(), text.replacen("clusters:\n", &wrong, 1)).unwrap();
        let ended = run(&lab, &["status"]).expect(2);
        assert!(ended.err.contains("estate.yaml:"), "{}", ended.err);
    }
}
