//! The first estate file: an example to fill in, or one made from what a publisher tells.

use std::collections::BTreeMap;

use crate::model::{ClusterName, NodeName, Role};

/// What `discover` learned from a publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// What the cluster is to be called.
    pub cluster: ClusterName,
    /// Its nodes. The names come from a device and may be anything; the estate file's own check judges them.
    pub nodes: BTreeMap<NodeName, Role>,
    /// Addresses that were connected to, where they are not the names.
    pub addresses: BTreeMap<NodeName, String>,
    /// The platform account's user.
    pub platform_user: String,
    /// The application account's user.
    pub application_user: String,
}

/// An estate file to fill in. It loads as it is.
pub fn starter() -> &'static str {
    include_str!("starter.yaml")
}

/// An estate file for a cluster that was asked: the starter with its accounts, cluster and nodes. The passwords
/// are expected in the keyring; the rule and the issuer are those of the starter.
pub fn write_starter(found: &Discovered) -> String {
    let cluster = &found.cluster;
    let platform = quoted(&format!("{cluster}-platform"));
    let application = quoted(&format!("{cluster}-application"));
    let accounts = format!(
        "accounts:\n  {platform}: {{user: {}}}\n  {application}: {{user: {}}}\n",
        quoted(&found.platform_user),
        quoted(&found.application_user),
    );
    let node = |(name, role): (&NodeName, &Role)| {
        let address = found.addresses.get(name);
        let address = address.map_or(String::new(), |it| format!(", address: {}", quoted(it)));
        let name = quoted(name.as_str());
        format!("      - {{name: {name}, role: {role}{address}}}\n")
    };
    // The publisher first, as people list a cluster.
    let mut nodes: Vec<(&NodeName, &Role)> = found.nodes.iter().collect();
    nodes.sort_by_key(|(_, role)| **role);
    let clusters = format!(
        "clusters:\n  - name: {}\n    product: cucm\n    \
         accounts: {{platform: {platform}, application: {application}}}\n    nodes:\n{}",
        quoted(cluster.as_str()),
        nodes.into_iter().map(node).collect::<String>(),
    );
    let mut text = String::new();
    for section in starter().split_inclusive("\n\n") {
        match section.lines().find(|line| !line.starts_with('#')) {
            Some("accounts:") => {
                text.extend(
                    section
                        .lines()
                        .take_while(|line| line.starts_with('#'))
                        .map(|line| format!("{line}\n")),
                );
                text.push_str(&accounts);
                text.push('\n');
            }
            Some("clusters:") => {
                text.push_str(&clusters);
                text.push('\n');
            }
            _ => text.push_str(section),
        }
    }
    text
}

/// Plain where YAML leaves no doubt, else in double quotes. What JSON escapes, YAML reads back.
fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
