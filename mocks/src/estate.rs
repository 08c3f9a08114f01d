//! The estate file of a lab with its companions: secrets, pins and folders.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::clock::unix_now;
use crate::expressway;
use crate::files::{FileError, make_dir, make_private_dir, write_private, write_public};
use crate::found::LabConfig;
use crate::ssh;
use crate::state::{Cluster, Node, Product, Role, fingerprint};
use crate::world::World;

/// Writes everything a client needs into `dir` and answers the estate file's path.
pub(crate) fn write(dir: &Path, config: &LabConfig, world: &World) -> Result<PathBuf, FileError> {
    make_private_dir(&dir.join("secrets"))?;
    make_dir(&dir.join("signing/out"))?;
    make_dir(&dir.join("signing/in"))?;
    let names: std::collections::BTreeSet<String> = world
        .places()
        .into_iter()
        .map(|place| place.cluster)
        .collect();
    let mut text = head(config);
    let mut accounts = String::from("accounts:\n");
    let mut clusters = String::from("clusters:\n");
    let mut pins = Vec::new();
    for name in names {
        let described = world.read_cluster(&name, |cluster| {
            pins.extend(cluster.nodes.iter().flat_map(pins_of));
            (
                accounts_of(cluster),
                cluster_text(cluster),
                cluster.accounts.clone(),
            )
        });
        let Some((account, cluster, secrets)) = described else {
            continue;
        };
        accounts.push_str(&account);
        clusters.push_str(&cluster);
        let secret = |kind: &str| dir.join("secrets").join(format!("{name}-{kind}"));
        write_private(
            &secret("platform"),
            format!("{}\n", secrets.platform.password).as_bytes(),
        )?;
        write_private(
            &secret("application"),
            format!("{}\n", secrets.application.password).as_bytes(),
        )?;
    }
    let peers = world.read_expressways(|deployment, now| {
        accounts.push_str(&expressway::estate::accounts(deployment));
        clusters.push_str(&expressway::estate::clusters(deployment));
        let at = noted_at(now.unix);
        let mut secrets = Vec::new();
        for cluster in deployment.clusters() {
            let of_peer = |peer| expressway::estate::pins(peer, &at);
            pins.extend(cluster.peers.iter().flat_map(of_peer));
            let password = cluster.account.password.clone();
            secrets.push((expressway::estate::account(cluster), password));
        }
        secrets
    });
    for (account, password) in peers.unwrap_or_default() {
        let secret = dir.join("secrets").join(account);
        write_private(&secret, format!("{password}\n").as_bytes())?;
    }
    text.push_str(&accounts);
    text.push_str("pins: pins.json\nstate_dir: state\n");
    text.push_str(&clusters);
    text.push_str(&tail(config));
    let pins = json!({ "format": 1, "peers": pins });
    write_private(&dir.join("pins.json"), format!("{pins:#}\n").as_bytes())?;
    let estate = dir.join("estate.yaml");
    write_public(&estate, text.as_bytes())?;
    Ok(estate)
}

/// Timers that leave a restart several times its scaled duration, and a slow machine a few seconds.
fn head(config: &LabConfig) -> String {
    let scaled = |nominal: u64, least: u64| {
        let long = Duration::from_secs(nominal).mul_f64(config.time_scale.clamp(0.0, 1000.0) * 4.0);
        format!("{}s", long.as_secs().saturating_add(1).max(least))
    };
    let poll = Duration::from_secs(5)
        .mul_f64(config.time_scale.clamp(0.0, 1000.0))
        .as_millis()
        .clamp(10, 5000);
    let timers = [
        ("connect", "3s".to_owned()),
        ("request", "30s".to_owned()),
        ("shell_start", scaled(60, 30)),
        ("tomcat_restart", scaled(300, 20)),
        ("service_restart", scaled(60, 10)),
        ("served", scaled(300, 20)),
        ("replication", scaled(30, 10)),
        ("issue", scaled(60, 20)),
        ("settle", scaled(60, 2)),
        ("phones_back", scaled(60, 10)),
        ("poll", format!("{poll}ms")),
    ];
    let mut text = String::from(
        "# The estate of a simulated lab: every address is on this machine, and nothing here is a real device.\n\
         format: 1\ntimers:\n",
    );
    for (name, usual) in timers {
        let value = config.timers.get(name).unwrap_or(&usual);
        put(&mut text, format_args!("  {name}: {value}\n"));
    }
    text
}

fn accounts_of(cluster: &Cluster) -> String {
    let line = |kind: &str, user: &str| {
        let name = format!("{}-{kind}", cluster.name);
        format!("  {name}: {{user: {user}, password: {{file: secrets/{name}}}}}\n")
    };
    let (platform, application) = (
        &cluster.accounts.platform.user,
        &cluster.accounts.application.user,
    );
    line("platform", platform) + &line("application", application)
}

fn cluster_text(cluster: &Cluster) -> String {
    let name = &cluster.name;
    let mut text = format!(
        "  - name: {name}\n    product: {}\n    \
         accounts: {{platform: {name}-platform, application: {name}-application}}\n    nodes:\n",
        cluster.product.word()
    );
    for node in &cluster.nodes {
        let role = match node.role {
            Role::Publisher => "publisher",
            Role::Subscriber => "subscriber",
            Role::ImPresence => "im-presence",
        };
        put(
            &mut text,
            format_args!(
                "      - name: {}\n        role: {role}\n        address: 127.0.0.1\n        \
                 ports: {{{}}}\n",
                node.name,
                ports_text(cluster.product, node)
            ),
        );
    }
    text
}

/// The ports that a node has a use for.
fn ports_text(product: Product, node: &Node) -> String {
    let ports = node.ports;
    let everywhere = format!(
        "rest: {}, soap: {}, ssh: {}",
        ports.rest, ports.soap, ports.ssh
    );
    match (product, node.role) {
        (Product::UnityConnection, _) => everywhere,
        (Product::Cucm, Role::ImPresence) => {
            format!("{everywhere}, sip: {}, xmpp: {}", ports.sip, ports.xmpp)
        }
        (Product::Cucm, _) => format!(
            "{everywhere}, tftp: {}, sip: {}, tvs: {}",
            ports.tftp, ports.sip, ports.tvs
        ),
    }
}

/// The issuer, and one rule for each product and for each kind of key and distribution among the purposes.
fn tail(config: &LabConfig) -> String {
    let mut text = String::from(
        "issuers:\n  corp: {kind: folder, requests: signing/out, issued: signing/in, chain: ca/corp-chain.pem}\n\
         desired:\n",
    );
    rules(config, Product::Cucm, &mut text);
    if config.unity > 0 {
        rules(config, Product::UnityConnection, &mut text);
    }
    if config.expressway.is_some() {
        text.push_str(expressway::estate::RULE);
    }
    let queries = device_queries(config.time_scale);
    text + &format!("device_queries_per_minute: {queries}\nbackup_not_older_than: 7d\n")
}

/// What is left of 15 questions in a minute of the lab's own time.
///
/// claim: CUCM-RIS-RATE
fn device_queries(scale: f64) -> u64 {
    const USUAL: u64 = 12;
    const MOST: u64 = 6_000;
    let mut queries = USUAL;
    let mut left = scale;
    while left > 0.0 && left < 1.0 && queries < MOST {
        queries *= 2;
        left *= 2.0;
    }
    queries.min(MOST)
}

fn rules(config: &LabConfig, product: Product, text: &mut String) {
    let mut kinds: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for purpose in config.purposes_of(product) {
        let key = if purpose.ends_with("-ECDSA") {
            "ec-384"
        } else {
            "rsa-2048"
        };
        let kind = (config.distribution(product, purpose), key);
        kinds.entry(kind).or_default().push(purpose);
    }
    for ((distribution, key), purposes) in kinds {
        put(
            text,
            format_args!(
                "  - where: {{product: [{}], purpose: [{}]}}\n    issuer: corp\n    \
                 distribution: {distribution}\n    key: {key}\n    renew_before: 30d\n",
                product.word(),
                purposes.join(", ")
            ),
        );
    }
}

/// What a careful operator would have noted down about a node before: both leaves of both web ports, and the host key.
fn pins_of(node: &Node) -> Vec<serde_json::Value> {
    let at = noted_at(unix_now());
    let pin = |port: u16, key: &str, sha256: String| json!({ "node": node.name, "port": port, "key": key, "sha256": sha256, "proved": "written by the lab", "at": at });
    let mut pins = Vec::new();
    for port in [443, 8443] {
        for (purpose, key) in [("tomcat", "rsa"), ("tomcat-ECDSA", "ecdsa")] {
            let certificate = node
                .identities
                .get(purpose)
                .map(|identity| &identity.certificate);
            pins.extend(certificate.map(|certificate| pin(port, key, fingerprint(certificate))));
        }
    }
    pins.push(pin(22, "ssh-ed25519", ssh::host_key_sha256(&node.host_key)));
    pins
}

/// A moment as the file of known peers writes it.
fn noted_at(unix: i64) -> String {
    let time = jiff::Timestamp::from_second(unix).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writing into a string cannot fail.
fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    if text.write_fmt(arguments).is_err() {
        text.push('\n');
    }
}
