//! Clusters and nodes.

use std::collections::BTreeMap;

use super::Check;
use crate::estate::raw::{Named, RawAccount, RawCluster, RawNode, RawPorts};
use crate::estate::{Cluster, Node};
use crate::model::{Appliance, ClusterName, NodeName, Port, Product, Role};
use crate::yaml::{Place, Placed, Problem};

/// Nodes seen so far, over all clusters: by name, and by what is connected to.
#[derive(Default)]
struct Seen {
    nodes: BTreeMap<NodeName, Place>,
    endpoints: BTreeMap<(String, u16), (Place, String)>,
}

impl Check<'_> {
    pub(super) fn clusters(
        &mut self,
        raw: &Placed<Vec<RawCluster>>,
        accounts: &Named<RawAccount>,
    ) -> BTreeMap<ClusterName, Cluster> {
        if raw.is_empty() {
            self.problem(
                Problem::at(raw.place, "there is no cluster")
                    .help("`reissue discover` writes one from its publisher"),
            );
        }
        let mut seen = Seen::default();
        let mut names: BTreeMap<&str, Place> = BTreeMap::new();
        let mut clusters = BTreeMap::new();
        for cluster in &raw.value {
            self.short_name(&cluster.name, "a cluster");
            if let Some(first) = names.insert(&cluster.name, cluster.name.place) {
                let message = format!("two clusters are named `{}`", cluster.name.value);
                self.problem(Problem::at(cluster.name.place, message).also(first, "the other"));
            }
            if let Some(cluster) = self.cluster(cluster, accounts, &mut seen) {
                clusters.insert(cluster.name.clone(), cluster);
            }
        }
        clusters
    }

    fn cluster(
        &mut self,
        raw: &RawCluster,
        accounts: &Named<RawAccount>,
        seen: &mut Seen,
    ) -> Option<Cluster> {
        let products = Product::ALL.map(|product| (product.to_string(), product));
        let product = self.chosen(&raw.product, "a product", &products);
        let accounts = self.cluster_accounts(&raw.accounts, product, accounts);
        let product = product?;
        let mut nodes = BTreeMap::new();
        for node in &raw.nodes {
            if let Some(node) = self.node(node, product, seen) {
                nodes.insert(node.name.clone(), node);
            }
        }
        self.publishers(raw, product);
        Some(Cluster {
            name: ClusterName::new(raw.name.as_str()),
            product,
            accounts: accounts?,
            nodes,
        })
    }

    /// A product with publishers has exactly one in a cluster.
    fn publishers(&mut self, raw: &RawCluster, product: Product) {
        let cluster = &raw.name.value;
        if raw.nodes.is_empty() {
            let message = format!("the cluster `{cluster}` has no node");
            self.problem(Problem::at(raw.name.place, message));
            return;
        }
        if !product.roles().contains(&Role::Publisher) {
            return;
        }
        let is_publisher = |node: &&RawNode| node.role.value == Role::Publisher.to_string();
        let mut publishers = raw.nodes.iter().filter(is_publisher);
        match (publishers.next(), publishers.next()) {
            (None, _) => self.problem(
                Problem::at(
                    raw.name.place,
                    format!("the cluster `{cluster}` has no publisher"),
                )
                .help("give the node that writes its database the role `publisher`"),
            ),
            (Some(first), Some(second)) => {
                let message = format!("the cluster `{cluster}` has two publishers");
                self.problem(
                    Problem::at(second.role.place, message)
                        .also(first.role.place, "the other")
                        .help(
                            "a cluster has one; every other call-processing node is a `subscriber`",
                        ),
                );
            }
            (Some(_), None) => {}
        }
    }

    fn node(&mut self, raw: &RawNode, product: Product, seen: &mut Seen) -> Option<Node> {
        let roles = product.roles().iter().map(|role| (role.to_string(), *role));
        let what = format!("a role of {product}");
        let role = self.chosen(&raw.role, &what, &roles.collect::<Vec<_>>());
        let name = self
            .qualified_name(&raw.name, "a node's name")
            .map(NodeName::new);
        let address = match &raw.address {
            Some(address) => self.address(address),
            None => name.as_ref().map(|name| name.as_str().to_owned()),
        };
        let (name, address) = (name?, address?);
        if let Some(first) = seen.nodes.insert(name.clone(), raw.name.place) {
            let message = format!("`{name}` stands in this file twice");
            self.problem(Problem::at(raw.name.place, message).also(first, "the other"));
        }
        let role = role?;
        let moved = self.ports(raw, Appliance::of(product, role), &name, &address, seen);
        Some(Node {
            name,
            role,
            address,
            moved,
        })
    }

    /// Two nodes, or two services of one, cannot answer at one address and port.
    fn ports(
        &mut self,
        raw: &RawNode,
        appliance: Appliance,
        name: &NodeName,
        address: &str,
        seen: &mut Seen,
    ) -> BTreeMap<Port, u16> {
        let mut moved = BTreeMap::new();
        for (port, written) in written_ports(&raw.ports) {
            let number = written.map_or(port.standard(), |written| written.value);
            let fallback = raw.address.as_ref().unwrap_or(&raw.name).place;
            let place = written.map_or(fallback, |written| written.place);
            if number == 0 {
                self.problem(Problem::at(place, "a port is a number from 1 to 65535"));
            }
            if written.is_some() {
                moved.insert(port, number);
            } else if !Port::of(appliance).contains(&port) {
                continue;
            }
            let endpoint = (address.to_owned(), number);
            match seen.endpoints.get(&endpoint) {
                // A node that stands here twice was reported as such.
                Some((_, other)) if other == name.as_str() && written.is_none() => {}
                Some((first, other)) => {
                    let message = format!("port {number} at {address} is already that of {other}");
                    self.problem(
                        Problem::at(place, message)
                            .also(*first, "the other")
                            .help("give each node its own `address`, or `ports` that differ"),
                    );
                    break;
                }
                None => {
                    let owner = (place, name.as_str().to_owned());
                    seen.endpoints.insert(endpoint, owner);
                }
            }
        }
        moved
    }
}

fn written_ports(raw: &RawPorts) -> [(Port, Option<&Placed<u16>>); 9] {
    [
        (Port::Rest, raw.rest.as_ref()),
        (Port::Soap, raw.soap.as_ref()),
        (Port::Ssh, raw.ssh.as_ref()),
        (Port::Tftp, raw.tftp.as_ref()),
        (Port::Sip, raw.sip.as_ref()),
        (Port::Tvs, raw.tvs.as_ref()),
        (Port::Xmpp, raw.xmpp.as_ref()),
        (Port::Zone, raw.zone.as_ref()),
        (Port::Tunnel, raw.tunnel.as_ref()),
    ]
}
