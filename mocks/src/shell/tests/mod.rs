mod imports;
mod reads;
mod session;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::terminal::PAGER;
use super::*;
use crate::fault::Fault;
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
use crate::state::{
    Accounts, Backup, BackupRecord, Cluster, Credentials, Identity, Memory, Node, PendingRequest,
    Ports, Product, Role, ServiceState, TrustLists, Web, usual_services,
};
use crate::world::{Log, LogEntry};

pub(crate) const PASSWORD: &str = "right horse";

/// A publisher and two subscribers of which each has the quirks of its kind.
pub(crate) fn world() -> Arc<World> {
    world_at(0.0005)
}

/// The same world at another pace, for a test that looks at what passes.
fn world_at(scale: f64) -> Arc<World> {
    let subscriber = |name, quirks| node(name, Role::Subscriber, quirks);
    let early = Quirks {
        returns_early: true,
        prompt_needs_newline: true,
        ..Quirks::default()
    };
    let doubled = Quirks {
        doubled_prompt: true,
        keyboard_interactive_only: true,
        ..Quirks::default()
    };
    let account = |user: &str, password: &str| Credentials {
        user: user.into(),
        password: password.into(),
    };
    let cluster = Cluster {
        name: "hq".into(),
        product: Product::Cucm,
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
        reuse: false,
        lists: TrustLists::default(),
        backup: Backup::default(),
        phones: Vec::new(),
        last_restarted: None,
        memory: Memory::default(),
    };
    let log = Log::open(&tempfile::tempdir().unwrap().path().join("lab.jsonl")).unwrap();
    Arc::new(World::new(
        BTreeMap::from([("hq".to_owned(), cluster)]),
        scale,
        log,
        KeyRing::default(),
    ))
}

fn node(name: &str, role: Role, quirks: Quirks) -> Node {
    let own = ["tomcat", "tomcat-ECDSA", "CallManager", "TVS"]
        .map(|unit| (unit.to_owned(), identity(name, unit)));
    Node {
        name: name.into(),
        role,
        ports: Ports::default(),
        identities: BTreeMap::from(own),
        pending: BTreeMap::new(),
        trusts: BTreeMap::from([(
            "tomcat-trust".to_owned(),
            vec![identity("Corp Root", "tomcat").certificate],
        )]),
        presented: BTreeMap::new(),
        services: usual_services(role == Role::Publisher)
            .into_iter()
            .collect(),
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
    let wanted = Wanted {
        common_name: name,
        names: &[],
        purpose,
    };
    let validity = Validity::days(1_795_000_000, 100, 265);
    mint::self_signed(&wanted, KeyRing::elliptic(256).unwrap(), validity).unwrap()
}

pub(crate) fn place(node: &str) -> Place {
    Place::new("hq", &format!("{node}.example.com"))
}

/// Types all of `typed` at once and leaves; answers how the session ended and all that was shown.
async fn typed_at_once(world: &Arc<World>, node: &str, rows: u32, typed: &str) -> (Ended, String) {
    let (mut client, device) = duplex(1 << 20);
    client.write_all(typed.as_bytes()).await.unwrap();
    let seat = Seat {
        world: Arc::clone(world),
        place: place(node),
    };
    let ended = interact(device, rows, &seat).await;
    let mut shown = String::new();
    client.read_to_string(&mut shown).await.unwrap();
    (ended, shown)
}

/// Types each text once the text before it has been shown; answers how the session ended and all that was shown.
async fn dialogue(world: &Arc<World>, node: &str, steps: &[(&str, &str)]) -> (Ended, String) {
    let (mut client, device) = duplex(1 << 20);
    let seat = Seat {
        world: Arc::clone(world),
        place: place(node),
    };
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
    let (_, shown) = typed_at_once(world, node, 24, &typed).await;
    let (_, after) = shown.split_once(&format!("admin:{command}\r\n")).unwrap();
    after.split("admin:").next().unwrap().to_owned()
}

fn of_kind(world: &World, kind: Kind) -> Vec<LogEntry> {
    world
        .entries()
        .into_iter()
        .filter(|entry| entry.kind == kind)
        .collect()
}
