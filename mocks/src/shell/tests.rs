use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::terminal::PAGER;
use super::*;
use crate::fault::Fault;
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
use crate::state::{
    Accounts, Backup, BackupRecord, Cluster, Credentials, Identity, Node, PendingRequest, Ports, Role, ServiceState,
    Web, usual_services,
};
use crate::world::{Log, LogEntry};

pub(crate) const PASSWORD: &str = "right horse";

/// A publisher and two subscribers of which each has the quirks of its kind.
pub(crate) fn world() -> Arc<World> {
    let subscriber = |name, quirks| node(name, Role::Subscriber, quirks);
    let early = Quirks { returns_early: true, prompt_needs_newline: true, ..Quirks::default() };
    let doubled = Quirks { doubled_prompt: true, keyboard_interactive_only: true, ..Quirks::default() };
    let account = |user: &str, password: &str| Credentials { user: user.into(), password: password.into() };
    let cluster = Cluster {
        name: "hq".into(),
        release: "14.0.1.12900-161".into(),
        nodes: vec![
            node("pub.example.com", Role::Publisher, Quirks::default()),
            subscriber("sub1.example.com", early),
            subscriber("sub2.example.com", doubled),
        ],
        further_listed: Vec::new(),
        accounts: Accounts {
            platform: account("operator", PASSWORD),
            application: account("reader", "other horse"),
        },
        mixed_mode: false,
        backup: Backup::default(),
        phones: Vec::new(),
        last_restarted: None,
    };
    let log = Log::open(&tempfile::tempdir().unwrap().path().join("lab.jsonl")).unwrap();
    Arc::new(World::new(BTreeMap::from([("hq".to_owned(), cluster)]), 0.0005, log, KeyRing::default()))
}

fn node(name: &str, role: Role, quirks: Quirks) -> Node {
    let own = ["tomcat", "tomcat-ECDSA", "CallManager", "TVS"].map(|unit| (unit.to_owned(), identity(name, unit)));
    Node {
        name: name.into(),
        role,
        ports: Ports::default(),
        identities: BTreeMap::from(own),
        pending: BTreeMap::new(),
        trusts: BTreeMap::from([("tomcat-trust".to_owned(), vec![identity("Corp Root", "tomcat").certificate])]),
        presented: BTreeMap::new(),
        services: usual_services(role == Role::Publisher).into_iter().collect(),
        web: Web::Up,
        sso_enabled: false,
        replication: 2,
        clock_skew: 0,
        lockout_enabled: true,
        lockouts: BTreeMap::new(),
        quirks,
        host_key: Arc::new(crate::ssh::new_host_key()),
    }
}

fn identity(name: &str, purpose: &str) -> Identity {
    let wanted = Wanted { common_name: name, names: &[], purpose };
    let validity = Validity::days(1_795_000_000, 100, 265);
    mint::self_signed(&wanted, KeyRing::elliptic(256).unwrap(), validity).unwrap()
}

pub(crate) fn place(node: &str) -> Place {
    Place::new("hq", &format!("{node}.example.com"))
}

/// Types all of `typed` at once and leaves; answers how the session ended and all that was shown.
async fn session(world: &Arc<World>, node: &str, rows: u32, typed: &str) -> (Ended, String) {
    let (mut client, device) = duplex(1 << 20);
    client.write_all(typed.as_bytes()).await.unwrap();
    let seat = Seat { world: Arc::clone(world), place: place(node) };
    let ended = interact(device, rows, &seat).await;
    let mut shown = String::new();
    client.read_to_string(&mut shown).await.unwrap();
    (ended, shown)
}

/// Types each text once the text before it has been shown; answers how the session ended and all that was shown.
async fn dialogue(world: &Arc<World>, node: &str, steps: &[(&str, &str)]) -> (Ended, String) {
    let (mut client, device) = duplex(1 << 20);
    let seat = Seat { world: Arc::clone(world), place: place(node) };
    let running = tokio::spawn(async move { interact(device, 24, &seat).await });
    let mut shown = Vec::new();
    for (awaited, typed) in steps {
        let from = shown.len();
        while !String::from_utf8_lossy(&shown[from..]).contains(awaited) {
            shown.push(client.read_u8().await.unwrap());
        }
        client.write_all(typed.as_bytes()).await.unwrap();
    }
    client.read_to_end(&mut shown).await.unwrap();
    (running.await.unwrap(), String::from_utf8(shown).unwrap())
}

/// The answer of one command, between its echo and the next prompt.
async fn answer(world: &Arc<World>, node: &str, command: &str) -> String {
    let typed = format!("set cli pagination off\r{command}\rquit\r");
    let (_, shown) = session(world, node, 24, &typed).await;
    let (_, after) = shown.split_once(&format!("admin:{command}\r\n")).unwrap();
    after.split("admin:").next().unwrap().to_owned()
}

fn of_kind(world: &World, kind: Kind) -> Vec<LogEntry> {
    world.entries().into_iter().filter(|entry| entry.kind == kind).collect()
}

#[tokio::test]
async fn greets_and_prompts() {
    let (ended, shown) = session(&world(), "pub", 24, "quit\r").await;
    assert_eq!(ended, Ended::Quit);
    assert!(shown.starts_with("Command Line Interface is starting up, please wait...\r\n"), "{shown:?}");
    assert!(shown.ends_with("\r\n\r\nadmin:quit\r\n"), "{shown:?}");
}

#[tokio::test]
async fn a_slow_node_prompts_after_a_newline_only() {
    let (_, shown) = dialogue(&world(), "sub1", &[("RAM\r\n\r\n", "\r"), ("admin:", "quit\r")]).await;
    assert!(shown.ends_with("RAM\r\n\r\n\r\nadmin:quit\r\n"), "{shown:?}");
}

#[tokio::test]
async fn a_doubled_prompt_has_a_lone_return_and_an_escape_sequence() {
    let (_, shown) = session(&world(), "sub2", 24, "quit\r").await;
    assert!(shown.ends_with("\x1b[0madmin:\r\n\radmin:quit\r\n"), "{shown:?}");
}

#[tokio::test]
async fn reads_are_answered_from_the_estate() {
    let world = world();
    world.change_cluster("hq", |cluster| {
        cluster.mixed_mode = true;
        cluster.further_listed.push("new.example.com".into());
        let record = BackupRecord { file: "2026-11-20.tar".into(), at: 1_795_000_000, succeeded: true };
        cluster.backup = Backup { running: Some(40), restoring: None, history: vec![record] };
    });
    world.change(&place("sub1"), |node| node.replication = 3);
    world.change(&place("pub"), |node| {
        node.sso_enabled = true;
        node.clock_skew = 86_400 * 400;
    });
    for (command, expected) in [
        ("show version active", "Active Master Version: 14.0.1.12900-161"),
        ("show network cluster", "pub.example.com pub Publisher callmanager DBPub authenticated\r\n"),
        ("show network cluster", "sub2.example.com sub2 Subscriber callmanager DBSub authenticated using TCP since"),
        ("show network cluster", "new.example.com new Subscriber"),
        ("show status", "Product Ver        : 14.0.1.12900-161"),
        ("utils service list", "Cisco Tomcat[STARTED]\r\n"),
        ("utils service list", "Cisco Dialed Number Analyzer[STOPPED]  Service Not Activated\r\n"),
        ("utils sso status", "SSO Status: Enabled"),
        ("utils disaster_recovery status backup", "Percentage Complete: 40"),
        ("utils disaster_recovery status restore", "drfCliMsg: No restore status available"),
        ("utils disaster_recovery history backup", "2026-11-20.tar  NETWORK  Wed Nov 18 "),
        ("utils dbreplication runtimestate", "(g_2)          (2) Setup Completed"),
        ("utils dbreplication runtimestate", "(g_3)          (3) Setup Failed"),
        (
            "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'",
            "ClusterSecurityMode 1\r\n",
        ),
        ("show cert list own", "tomcat/tomcat.pem: Self-signed certificate generated by system\r\n"),
        ("show cert list trust", "tomcat-trust/Corp_Root_"),
        ("show cert own tomcat/tomcat.pem", "-----BEGIN CERTIFICATE-----\r\n"),
        ("show cert own tomcat", "SubjectDN: CN=pub.example.com"),
        ("show ctl", "The CTL file was verified successfully."),
        ("show itl", "The ITL file was verified successfully."),
        ("shutdown now", "No valid command entered\r\n"),
    ] {
        let shown = answer(&world, "pub", command).await;
        assert!(shown.contains(expected), "{command}: {shown}");
    }
    let date = answer(&world, "pub", "show status").await;
    assert!(date.contains(", 2028 ") || date.contains(", 2027 "), "the node's own clock, not the lab's: {date}");
}

#[tokio::test]
async fn a_pending_request_is_listed_and_shown() {
    let world = world();
    assert!(!answer(&world, "sub2", "show csr list own").await.contains("csr"));
    let key = KeyRing::elliptic(256).unwrap();
    let wanted = Wanted { common_name: "sub2.example.com", names: &[], purpose: "tomcat" };
    let request = mint::request(&wanted, &key, openssl::hash::MessageDigest::sha256()).unwrap();
    world.change(&place("sub2"), |node| {
        let pending = PendingRequest { request: request.into(), key, shared_with: Vec::new() };
        node.pending.insert("tomcat".into(), pending);
    });
    assert!(answer(&world, "sub2", "show csr list own").await.starts_with("tomcat/tomcat.csr\r\n"));
    let shown = answer(&world, "sub2", "show csr own tomcat").await;
    assert!(shown.starts_with("-----BEGIN CERTIFICATE SIGN REQUEST-----\r\n"), "{shown}");
}

#[tokio::test]
async fn long_output_stops_at_the_pager_until_it_is_turned_off() {
    let typed = "utils service list\rqset cli pagination off\rutils service list\rquit\r";
    let (_, shown) = session(&world(), "pub", 10, typed).await;
    assert_eq!(shown.matches(PAGER).count(), 1);
    assert!(shown.contains("Automatic pagination is turned off\r\n"));
    assert_eq!(shown.matches("System Application Agent[STARTED]").count(), 1);
}

#[tokio::test]
async fn a_restart_is_followed_until_the_service_is_started() {
    let world = world();
    let shown = answer(&world, "pub", "utils service restart Cisco Tftp").await;
    assert!(shown.starts_with(" Don't press Ctrl-c while the service is getting RESTARTED.If Service"), "{shown}");
    assert!(shown.contains("Service Manager is running\r\nCisco Tftp[STOPPING]\r\n"), "{shown}");
    assert!(shown.ends_with("Cisco Tftp[STARTED]\r\n"), "{shown}");
    assert_eq!(world.service_state(&place("pub"), "Cisco Tftp"), Some(ServiceState::Started));
    let effects = of_kind(&world, Kind::Effect);
    let whats: Vec<&str> = effects.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(whats, ["restart-begin", "served-leaf-changed", "restart-end"]);
}

#[tokio::test]
async fn some_nodes_return_while_the_service_is_still_starting() {
    let world = world();
    let (_, shown) = session(&world, "sub1", 24, "\rutils service restart Cisco Tomcat\rquit\r").await;
    assert!(shown.contains("Cisco Tomcat[STARTING]\r\nadmin:quit"), "{shown}");
    assert!(!shown.contains("[STARTED]"), "{shown}");
}

#[tokio::test]
async fn a_service_without_a_role_is_not_restarted() {
    let world = world();
    let shown = answer(&world, "pub", "utils service restart Cisco Dialed Number Analyzer").await;
    assert_eq!(shown, "Cisco Dialed Number Analyzer[STOPPED]  Service Not Activated\r\n");
    let shown = answer(&world, "pub", "utils service restart Cisco Nothing").await;
    assert_eq!(shown, "Invalid service name: Cisco Nothing\r\n");
    assert_eq!(of_kind(&world, Kind::Effect), []);
}

#[tokio::test]
async fn an_interrupted_restart_is_a_violation_and_goes_on() {
    let world = world();
    world.plant(Fault::new("restart Cisco Tftp", Mode::RestartStuck));
    let steps = [("admin:", "utils service restart Cisco Tftp\r"), ("[STOPPING]", "\x03"), ("admin:", "quit\r")];
    let (ended, shown) = dialogue(&world, "pub", &steps).await;
    assert_eq!(ended, Ended::Quit);
    assert!(shown.contains("^C\r\nadmin:quit"), "{shown}");
    assert_eq!(world.service_state(&place("pub"), "Cisco Tftp"), Some(ServiceState::Stopping));
    let violations = of_kind(&world, Kind::Violation);
    assert!(violations.iter().any(|entry| entry.what == "interrupt-during-restart"), "{violations:?}");
}

#[tokio::test]
async fn planted_faults_cut_before_or_after_the_act() {
    for (mode, acted) in [
        (Mode::SshCut, false),
        (Mode::DropBefore, false),
        (Mode::SshCutActed, true),
        (Mode::ActThenDrop, true),
    ] {
        let world = world();
        world.plant(Fault::new("ssh utils service restart", mode).at("pub"));
        let (ended, shown) = session(&world, "pub", 24, "utils service restart Cisco Tftp\rquit\r").await;
        assert_eq!(ended, Ended::Cut, "{mode:?}");
        assert!(!shown.contains("[STOPPING]"), "{mode:?}");
        let begun = of_kind(&world, Kind::Effect).iter().any(|entry| entry.what == "restart-begin");
        assert_eq!(begun, acted, "{mode:?}");
    }
}

#[tokio::test]
async fn planted_faults_lie_about_a_restart() {
    for (mode, says_started, begun, ends) in [
        (Mode::SuccessNotApplied, true, false, ServiceState::Started),
        (Mode::NeverStarted, false, true, ServiceState::Starting),
        (Mode::NeverStarts, false, true, ServiceState::Starting),
    ] {
        let world = world();
        world.plant(Fault::new("restart", mode));
        let shown = answer(&world, "pub", "utils service restart Cisco Tftp").await;
        assert_eq!(shown.contains("[STARTED]"), says_started, "{mode:?}: {shown}");
        let effects = of_kind(&world, Kind::Effect);
        assert_eq!(effects.iter().any(|entry| entry.what == "restart-begin"), begun, "{mode:?}");
        assert_eq!(world.service_state(&place("pub"), "Cisco Tftp"), Some(ends), "{mode:?}");
    }
}

#[tokio::test]
async fn a_truncated_answer_ends_in_a_cut() {
    let world = world();
    world.plant(Fault::new("show version", Mode::Truncated));
    let (ended, shown) = session(&world, "pub", 24, "show version active\rquit\r").await;
    assert_eq!(ended, Ended::Cut);
    assert!(shown.contains("Active Master") && !shown.contains("No Installed"), "{shown}");
}

#[tokio::test]
async fn the_trust_list_is_updated_only_after_a_yes() {
    let world = world();
    for (reply, updated) in [("n", false), ("", false), ("y", true)] {
        let typed = format!("utils ctl update CTLFile\r{reply}\rquit\r");
        let (_, shown) = session(&world, "pub", 24, &typed).await;
        assert!(shown.contains("Do you want to continue? (y/n):"), "{shown}");
        assert_eq!(shown.contains("CTL file Updated\r\n"), updated, "{reply:?}");
        assert_eq!(of_kind(&world, Kind::Effect).iter().any(|entry| entry.what == "ctl-updated"), updated);
    }
}

#[tokio::test]
async fn regenerating_replaces_the_certificate_and_is_a_violation() {
    for (command, unit) in [
        ("set cert regen tomcat-ECDSA", "tomcat-ECDSA"),
        ("set web-security unit org place state", "tomcat"),
    ] {
        let world = world();
        let stored = || world.read(&place("pub"), |_, node, _| node.stored(unit)).flatten();
        let before = stored();
        let shown = answer(&world, "pub", command).await;
        assert!(shown.contains(&format!("Successfully regenerated certificate for {unit}.")), "{shown}");
        assert_ne!(stored(), before, "{command}");
        assert_eq!(of_kind(&world, Kind::Violation).first().map(|entry| entry.what.as_str()), Some("regenerate-used"));
    }
}

#[tokio::test]
async fn every_command_is_logged_and_no_password() {
    let world = world();
    let typed = format!("show status\rlogin {PASSWORD}\r utils  service restart Cisco Tftp\rquit\r");
    session(&world, "pub", 24, &typed).await;
    let logged: Vec<(Kind, String)> = world
        .entries()
        .into_iter()
        .filter(|entry| matches!(entry.kind, Kind::Read | Kind::Write))
        .map(|entry| (entry.kind, entry.what))
        .collect();
    assert_eq!(
        logged,
        [
            (Kind::Read, "show status".to_owned()),
            (Kind::Read, "(a line with a password)".to_owned()),
            (Kind::Write, "utils service restart Cisco Tftp".to_owned()),
        ]
    );
}
