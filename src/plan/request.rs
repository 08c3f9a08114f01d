//! The signing requests of one purpose, and what may not be asked for.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::{Distribution, KeyAlgorithm, NodeName, Observed, Procedure, SubjectName};

use super::due::Due;
use super::facts::{Refusals, Site, unknown};

/// More bits than this no node takes (invariant I24).
const LONGEST_KEY: u32 = 4096;

/// One signing request.
pub(super) struct Request {
    /// The node that makes it.
    pub(super) node: NodeName,
    /// The nodes whose certificate it will be, in restart order.
    pub(super) nodes: Vec<NodeName>,
    pub(super) common_name: String,
    pub(super) names: BTreeSet<SubjectName>,
}

/// What the interface or a hard invariant forbids to ask for.
pub(super) fn request_rules(site: &Site<'_>, due: &Due<'_>, procedure: &Procedure) -> Refusals {
    let wanted = due.wanted;
    let purpose = &wanted.purpose;
    let mut refusals = Vec::new();
    let shared = wanted.distribution == Distribution::MultiServer;
    if shared && !procedure.multi_server {
        let says =
            format!("expected a purpose that can be shared; {purpose} cannot be multi-server");
        refusals.push(site.refuse(says, "Set `distribution: this-server` for it."));
    }
    if shared && site.nodes.len() < 2 {
        let says = "expected two nodes or more for a multi-server request; the cluster has one";
        refusals.push(site.refuse(says, "Set `distribution: this-server` for it."));
    }
    let first = leader(site, due);
    if shared && !due.nodes.contains(&first) {
        let says = format!(
            "expected the publisher among the nodes of the shared {purpose} certificate; it makes the request"
        );
        let next = "Let the rule cover the publisher.";
        refusals.push(site.refuse(says, next).breaking("I9").at([&first]));
    }
    if !site.release.has_certificate_interface() {
        refusals.extend(by_shell(site, due));
    }
    if shared {
        refusals.extend(membership(site, due));
    }
    if wanted.key.bits > LONGEST_KEY {
        let says = format!(
            "expected a key of at most {LONGEST_KEY} bits; found {}",
            wanted.key
        );
        refusals.push(site.refuse(says, "Ask for a shorter key.").breaking("I24"));
    }
    if (wanted.key.algorithm == KeyAlgorithm::Ec) != purpose.is_ecdsa() {
        let says = format!(
            "expected the kind of key that {purpose} holds; found {}",
            wanted.key
        );
        refusals.push(site.refuse(
            says,
            "Ask for ec-… with purposes that end in -ECDSA, for rsa-… with all others.",
        ));
    }
    for name in &wanted.also {
        match name {
            SubjectName::Dns(text) if text.contains('*') => refusals.push(
                site.refuse(
                    format!("expected names without wildcards; found {name}"),
                    "Write the names out.",
                )
                .breaking("I24"),
            ),
            SubjectName::Dns(_) => {}
            SubjectName::Ip(_) | SubjectName::Other(_) => refusals.push(site.refuse(
                format!("expected DNS names only, which is what the interface takes; found {name}"),
                "Remove it from `names: {also: […]}`.",
            )),
        }
    }
    let addresses = due
        .nodes
        .iter()
        .filter(|node| node.as_str().parse::<IpAddr>().is_ok());
    refusals.extend(addresses.map(|node| {
        let says = "expected a node known by a DNS name; it is known by an address, which a request cannot carry";
        site.refuse(says, "Give the node a host name in the cluster's server list.").breaking("I18").at([node])
    }));
    refusals
}

/// The node that makes a shared request: the first in restart order of those whose part holds the purpose.
fn leader(site: &Site<'_>, due: &Due<'_>) -> NodeName {
    let roles = site.state.product.holders(&due.wanted.purpose);
    let holds = |name: &&NodeName| {
        let node = site.state.nodes.get(*name);
        node.is_some_and(|node| roles.contains(&node.role))
    };
    let first = site.nodes.iter().find(holds);
    first.unwrap_or(&site.publisher).clone()
}

/// The shell makes requests of one kind only (claim VOS-CSR-GEN-CONTENT), and no shared ones (E16).
fn by_shell(site: &Site<'_>, due: &Due<'_>) -> Refusals {
    let wanted = due.wanted;
    let mut refusals = Vec::new();
    let release = &site.release;
    let mut refuse = |expected: String, found: String, next: &str| {
        let says = format!(
            "expected {expected}, because certificates of release {release} are changed in the shell; found {found}"
        );
        refusals.push(site.refuse(says, next));
    };
    if wanted.distribution == Distribution::MultiServer {
        refuse(
            format!("`distribution: this-server` for {}", wanted.purpose),
            "multi-server".to_owned(),
            "Ask for one certificate for each node, or renew the shared one by hand in OS Administration.",
        );
    }
    let makes = if wanted.purpose.is_ecdsa() {
        "ec-384"
    } else {
        "rsa-2048"
    };
    if wanted.key.to_string() != makes {
        refuse(
            format!("`key: {makes}`, which is what `set csr gen` makes"),
            wanted.key.to_string(),
            "Ask for the key that the shell makes.",
        );
    }
    if !wanted.also.is_empty() {
        refuse(
            "no further names, which `set csr gen` does not take".to_owned(),
            wanted
                .also
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            "Remove them from `names: {also: […]}`.",
        );
    }
    refusals
}

/// A shared certificate names every node of the cluster that holds the purpose, so that the list must be known.
fn membership(site: &Site<'_>, due: &Due<'_>) -> Refusals {
    let listed = match &site.state.listed {
        Observed::Present(listed) => listed,
        Observed::Unknown(why) => {
            return vec![unknown(site.cluster, "the cluster's node list", why)];
        }
        Observed::Absent => {
            return vec![unknown(
                site.cluster,
                "the cluster's node list",
                "it is empty",
            )];
        }
    };
    let holders = site.state.product.holders(&due.wanted.purpose);
    let strangers: Vec<&NodeName> = listed
        .iter()
        .filter(|(node, role)| holders.contains(role) && !due.nodes.contains(node))
        .map(|(node, _)| node)
        .collect();
    let missing: Vec<&NodeName> = due
        .nodes
        .iter()
        .filter(|node| !listed.contains_key(*node))
        .collect();
    if strangers.is_empty() && missing.is_empty() {
        return Vec::new();
    }
    let says = format!(
        "expected the shared {} certificate to name exactly the nodes that the publisher lists; they differ in these",
        due.wanted.purpose
    );
    let next = "Let the estate file declare exactly the nodes of the cluster.";
    vec![
        site.refuse(says, next)
            .breaking("I18")
            .at(strangers.into_iter().chain(missing)),
    ]
}

/// A request that waits belongs to somebody; a new one would destroy its key.
pub(super) fn pending(site: &Site<'_>, due: &Due<'_>) -> Refusals {
    let purpose = &due.wanted.purpose;
    let waiting = due.nodes.iter().filter_map(|node| {
        match site.state.nodes.get(node)?.pending.get(purpose)? {
            Observed::Absent => None,
            Observed::Unknown(why) => {
                let fact = format!("whether a {purpose} request waits");
                Some(unknown(site.cluster, &fact, why).breaking("I7").at([node]))
            }
            Observed::Present(request) => Some(
                site.refuse(
                    format!(
                        "expected no {purpose} request that waits; found one for {} with key {}, which a new \
                         request would destroy",
                        request.subject,
                        request.key.sha256.short()
                    ),
                    "Finish that renewal, or delete the request in OS Administration, then plan again.",
                )
                .breaking("I7")
                .at([node]),
            ),
        }
    });
    waiting.collect()
}

pub(super) fn requests(site: &Site<'_>, due: &Due<'_>) -> Vec<Request> {
    let wanted = due.wanted;
    let named = |nodes: &[NodeName]| -> BTreeSet<SubjectName> {
        let own = nodes.iter().map(|node| SubjectName::dns(node.as_str()));
        own.chain(wanted.also.iter().cloned()).collect()
    };
    match wanted.distribution {
        Distribution::MultiServer => vec![Request {
            node: leader(site, due),
            nodes: due.nodes.clone(),
            common_name: shared_common_name(site, due),
            names: named(&due.nodes),
        }],
        Distribution::ThisServer => due
            .nodes
            .iter()
            .map(|node| Request {
                node: node.clone(),
                nodes: vec![node.clone()],
                common_name: own_common_name(site, due, node),
                names: named(std::slice::from_ref(node)),
            })
            .collect(),
    }
}

/// The common name of a node's own certificate: its name. CAPF keeps the one it has, by which phones and 802.1X know
/// it; the shell takes none.
fn own_common_name(site: &Site<'_>, due: &Due<'_>, node: &NodeName) -> String {
    let purpose = &due.wanted.purpose;
    let present = site.state.identity(node, purpose);
    let known = present.and_then(|certificate| certificate.common_name.clone());
    let keeps = purpose.as_str() == "CAPF" && site.release.has_certificate_interface();
    known.filter(|_| keeps).unwrap_or_else(|| node.to_string())
}

/// The common name of the shared certificate: the one that the nodes share now, or else the platform's
/// default, `HOST-ms.DOMAIN` (claim CUCM-MULTI-SERVER-CN; `HOST-EC-ms.DOMAIN` by cucm-certificate-rules §1).
fn shared_common_name(site: &Site<'_>, due: &Due<'_>) -> String {
    let purpose = &due.wanted.purpose;
    let first = leader(site, due);
    let present = site.state.identity(&first, purpose);
    let shared = present.filter(|certificate| {
        let others = due.nodes.iter().filter(|node| **node != first);
        others
            .filter_map(|node| site.state.identity(node, purpose))
            .any(|other| other.sha256 == certificate.sha256)
    });
    if let Some(name) = shared.and_then(|certificate| certificate.common_name.as_ref()) {
        return name.clone();
    }
    let middle = if purpose.is_ecdsa() { "-EC-ms" } else { "-ms" };
    match first.as_str().split_once('.') {
        Some((host, domain)) => format!("{host}{middle}.{domain}"),
        None => format!("{first}{middle}"),
    }
}
