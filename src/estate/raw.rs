//! The estate file as it is written, before anything is checked. The doc comments become the descriptions
//! in the JSON Schema that editors show.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::{Distribution, Product, Role};
use crate::yaml::{DurationText, Placed};

/// A word that was not looked up yet.
pub(super) type Word = Placed<String>;
pub(super) type Named<T> = BTreeMap<Word, T>;
type Time = Placed<DurationText>;

/// The estate: the clusters, how to reach them, who signs, and what their certificates should be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "reissue estate", rename = "Estate")]
pub(super) struct RawEstate {
    /// The format of this file: 1.
    pub(super) format: Placed<u32>,
    /// How long to wait for what.
    #[serde(default)]
    pub(super) timers: RawTimers,
    /// How long a plan may wait for its first step. Default: 24h.
    pub(super) valid_for: Option<Time>,
    /// Accounts on the devices, by a name of your choice.
    pub(super) accounts: Named<RawAccount>,
    /// The file of known peers, relative to this file. Default: pins.json in the state directory.
    pub(super) pins: Option<Word>,
    /// Where runs are recorded, relative to this file. Default: the user's state directory.
    pub(super) state_dir: Option<Word>,
    /// The clusters.
    pub(super) clusters: Placed<Vec<RawCluster>>,
    /// Who signs, by a name of your choice.
    #[serde(default)]
    pub(super) issuers: Named<RawIssuer>,
    /// What the certificates should be. The rule that names the cluster wins over one that names the
    /// product, and that over one that names neither.
    #[serde(default)]
    pub(super) desired: Vec<Placed<RawRule>>,
    /// Which clusters change when, and how many at once.
    #[serde(default)]
    pub(super) rollout: RawRollout,
    /// The order in which purposes are renewed, named without -ECDSA: twins come with them, and purposes that are
    /// not named with the first. Default: [tomcat, ipsec, CAPF, CallManager, TVS].
    pub(super) order: Option<Placed<Vec<Word>>>,
    /// How many looks in a row must see every phone back before the next certificate that phones hold changes.
    /// Default: 3.
    pub(super) phone_polls: Option<Placed<u32>>,
    /// How many questions about registered devices a minute may be asked of one cluster; a cluster takes 15 unless
    /// configured otherwise, from all clients together. Default: 12.
    pub(super) device_queries_per_minute: Option<Placed<u32>>,
    /// The last successful backup may not be older than this when a change begins. Default: no such rule.
    pub(super) backup_not_older_than: Option<Time>,
}

/// How long to wait for what. Whole numbers with units: w, d, h, m, s, ms.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Timers")]
pub(super) struct RawTimers {
    /// Until a connection stands. Default: 10s.
    pub(super) connect: Option<Time>,
    /// Until a request is answered. Default: 60s.
    pub(super) request: Option<Time>,
    /// Until the platform shell shows its prompt. Default: 120s.
    pub(super) shell_start: Option<Time>,
    /// Until Cisco Tomcat is back. Default: 20m.
    pub(super) tomcat_restart: Option<Time>,
    /// Until any other service is back. Default: 10m.
    pub(super) service_restart: Option<Time>,
    /// Until a port serves the new certificate once its service is back. Default: 5m.
    pub(super) served: Option<Time>,
    /// Until an upload has reached the other nodes. Default: 5m.
    pub(super) replication: Option<Time>,
    /// Until the issuer has signed; then the run stops and is resumed when the files are there. Default: 0s.
    pub(super) issue: Option<Time>,
    /// How long a node that did not answer a change is watched for a trace of it, before it is believed that it
    /// did not act. Default: 2m.
    pub(super) settle: Option<Time>,
    /// Until as many phones are registered as before. Default: 45m.
    pub(super) phones_back: Option<Time>,
    /// Between two looks at something that is waited for. Default: 5s.
    pub(super) poll: Option<Time>,
}

/// One account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account")]
pub(super) struct RawAccount {
    /// The user's name on the device.
    pub(super) user: Word,
    /// Where the password is. Default: the operating system's keyring.
    pub(super) password: Option<Placed<RawPassword>>,
}

/// Where a password is; never the password.
#[derive(Debug)]
pub(super) enum RawPassword {
    File(String),
    Command(Vec<String>),
    /// Anything else. What it was is dropped at once: it may be the password itself.
    Other,
}

/// One cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cluster")]
pub(super) struct RawCluster {
    /// A short name of your choice.
    pub(super) name: Word,
    /// What it is made of.
    #[schemars(with = "Product")]
    pub(super) product: Word,
    /// The accounts to use.
    pub(super) accounts: Placed<RawAccounts>,
    /// Every node.
    pub(super) nodes: Vec<RawNode>,
}

/// The accounts of a cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Accounts")]
pub(super) struct RawAccounts {
    /// Not for Expressway: the platform (operating system) account: certificates and shell.
    pub(super) platform: Option<Word>,
    /// Not for Expressway: the application account: AXL, RIS, PerfMon and Control Center.
    pub(super) application: Option<Word>,
    /// For Expressway: the administrator account with API access.
    pub(super) administrator: Option<Word>,
    /// For Expressway, if wanted: an account of the command line over SSH. What only `xConfiguration` tells (whether
    /// servers are verified, which kind of key is preferred) stays unknown without it.
    pub(super) shell: Option<Word>,
}

/// One node.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Node")]
pub(super) struct RawNode {
    /// The fully qualified name.
    pub(super) name: Word,
    /// Its part in the cluster.
    #[schemars(with = "Role")]
    pub(super) role: Word,
    /// An IP address or a name to connect to. Default: the node's name.
    pub(super) address: Option<Word>,
    /// Ports that are not where they usually are.
    #[serde(default)]
    pub(super) ports: RawPorts,
}

/// Ports of a node.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ports")]
pub(super) struct RawPorts {
    /// Administration pages and the certificate interface. Default: 443.
    pub(super) rest: Option<Placed<u16>>,
    /// AXL and serviceability. Default: 8443.
    pub(super) soap: Option<Placed<u16>>,
    /// The platform shell. Default: 22.
    pub(super) ssh: Option<Placed<u16>>,
    /// Configuration files over HTTPS. Default: 6972.
    pub(super) tftp: Option<Placed<u16>>,
    /// SIP over TLS. Default: 5061.
    pub(super) sip: Option<Placed<u16>>,
    /// The trust verification service. Default: 2445.
    pub(super) tvs: Option<Placed<u16>>,
    /// XMPP of the IM and Presence service. Default: 7400.
    pub(super) xmpp: Option<Placed<u16>>,
    /// SIP of the traversal zone on Expressway-E. Default: 7001.
    pub(super) zone: Option<Placed<u16>>,
    /// The tunnels of remote access on Expressway-E. Default: 2222.
    pub(super) tunnel: Option<Placed<u16>>,
}

/// One issuer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Issuer")]
pub(super) struct RawIssuer {
    /// `folder`: requests are put into one folder, certificates are taken from another.
    /// `command`: a program gets the request on its standard input and prints the certificate.
    #[schemars(extend("enum" = ["folder", "command"]))]
    pub(super) kind: Word,
    /// For `folder`: where requests are put.
    pub(super) requests: Option<Word>,
    /// For `folder`: where issued certificates appear, under any name.
    pub(super) issued: Option<Word>,
    /// For `command`: the program and its arguments. No shell reads them.
    pub(super) command: Option<Placed<Vec<String>>>,
    /// Every authority above the leaf, in any order and encoding.
    pub(super) chain: Word,
}

/// One rule: what the certificates of some clusters and purposes should be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub(super) struct RawRule {
    /// What the rule covers.
    #[serde(rename = "where")]
    pub(super) covers: RawWhere,
    /// Who is to sign.
    pub(super) issuer: Word,
    /// One certificate for each node, or one for all.
    #[schemars(with = "Distribution")]
    pub(super) distribution: Word,
    /// The key to ask for.
    #[schemars(extend("enum" = ["rsa-2048", "rsa-3072", "rsa-4096", "ec-256", "ec-384", "ec-521"]))]
    pub(super) key: Word,
    /// Names in the certificate.
    #[serde(default)]
    pub(super) names: RawNames,
    /// A certificate is due when less than this is left. Default: 30d.
    pub(super) renew_before: Option<Time>,
}

/// What a rule covers: a certificate that is in every list given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Where")]
pub(super) struct RawWhere {
    /// Clusters by name. Default: all.
    pub(super) cluster: Option<Placed<Vec<Word>>>,
    /// Products. Default: all.
    #[schemars(with = "Option<Vec<Product>>")]
    pub(super) product: Option<Placed<Vec<Word>>>,
    /// Purposes as the platform prints them: `tomcat`.
    pub(super) purpose: Placed<Vec<Word>>,
}

/// Names in a certificate.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Names")]
pub(super) struct RawNames {
    /// DNS names or IP addresses beside those of the nodes.
    #[serde(default)]
    pub(super) also: Vec<Word>,
}

/// Which clusters change when, and how many at once.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rollout")]
pub(super) struct RawRollout {
    /// How many clusters change at once, where a wave does not say. Default: 8.
    pub(super) parallel_clusters: Option<Placed<u32>>,
    /// After how many failed clusters no other is begun, where a wave does not say. Default: 1.
    pub(super) max_failures: Option<Placed<u32>>,
    /// Waves, one after the other. A cluster belongs to the first that names it. Default: one wave of all.
    #[serde(default)]
    pub(super) waves: Vec<RawWave>,
    /// When services may restart. Default: always.
    #[serde(default)]
    pub(super) windows: Vec<RawWindow>,
}

/// One wave.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wave")]
pub(super) struct RawWave {
    /// A short name of your choice.
    pub(super) name: Word,
    /// Clusters by name; `*` is every other.
    pub(super) clusters: Placed<Vec<Word>>,
    /// How many clusters change at once.
    pub(super) parallel: Option<Placed<u32>>,
    /// After how many failed clusters no other is begun.
    pub(super) max_failures: Option<Placed<u32>>,
}

/// One weekly change window.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Window")]
pub(super) struct RawWindow {
    /// Clusters by name; `*` is every one.
    pub(super) clusters: Placed<Vec<Word>>,
    /// The days on which it opens.
    #[schemars(extend("items" = {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}))]
    pub(super) days: Placed<Vec<Word>>,
    /// When it opens, as 22:00, in its time zone.
    pub(super) from: Word,
    /// How long it stays open.
    #[serde(rename = "for")]
    pub(super) lasts: Time,
    /// An IANA time zone, such as Europe/Brussels.
    pub(super) zone: Word,
}

impl<'de> Deserialize<'de> for RawPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PasswordVisitor)
    }
}

struct PasswordVisitor;

/// Accepts everything: an error of the reader would quote what it found.
impl<'de> Visitor<'de> for PasswordVisitor {
    type Value = RawPassword;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{file: PATH} or {command: [PROGRAM, ARGUMENT…]}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawPassword, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            found = Some(match (found, key.as_str()) {
                (None, "file") => RawPassword::File(map.next_value()?),
                (None, "command") => RawPassword::Command(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    RawPassword::Other
                }
            });
        }
        Ok(found.unwrap_or(RawPassword::Other))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawPassword, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(RawPassword::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<RawPassword, E> {
        Ok(RawPassword::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<RawPassword, E> {
        Ok(RawPassword::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<RawPassword, E> {
        Ok(RawPassword::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<RawPassword, E> {
        Ok(RawPassword::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<RawPassword, E> {
        Ok(RawPassword::Other)
    }

    fn visit_unit<E>(self) -> Result<RawPassword, E> {
        Ok(RawPassword::Other)
    }
}

impl JsonSchema for RawPassword {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Password".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                {
                    "type": "object",
                    "description": "The first line of a file that only its owner can read.",
                    "properties": {"file": {"type": "string"}},
                    "required": ["file"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "description": "The first line that a program prints.",
                    "properties": {"command": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
                    "required": ["command"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
