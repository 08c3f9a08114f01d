//! Which declared node a device means by a name.

use crate::model::NodeName;

use super::NodeAccess;

/// The declared nodes of one cluster, by every name under which a device may list them.
pub(super) struct Roster<'a>(pub(super) &'a [NodeAccess]);

impl Roster<'_> {
    /// The declared node that a device calls by one of some names, tried in order: a qualified name, a host
    /// name or an address. A name that fits no declared node, or more than one, stands for itself.
    pub(super) fn node(&self, reported: &[&str]) -> NodeName {
        let known = reported.iter().find_map(|name| self.known(name));
        let itself = || NodeName::new(plain(reported.first().copied().unwrap_or_default()));
        known.unwrap_or_else(itself)
    }

    fn known(&self, reported: &str) -> Option<NodeName> {
        let reported = plain(reported);
        self.only(|node| plain(node.name.as_str()) == reported)
            .or_else(|| self.only(|node| plain(&node.address) == reported))
            .or_else(|| self.only(|node| same_host(&plain(node.name.as_str()), &reported)))
    }

    fn only(&self, fits: impl Fn(&NodeAccess) -> bool) -> Option<NodeName> {
        let mut fitting = self.0.iter().filter(|node| fits(node));
        let first = fitting.next()?;
        fitting.next().is_none().then(|| first.name.clone())
    }
}

fn plain(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// Equal first labels, where one of the two has no domain. Two different domains are two different nodes.
fn same_host(one: &str, other: &str) -> bool {
    match (one.split_once('.'), other.split_once('.')) {
        (None, Some((host, _))) => one == host,
        (Some((host, _)), None) => host == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Role;

    fn node(name: &str, address: &str) -> NodeAccess {
        NodeAccess {
            name: NodeName::from(name),
            role: Role::Subscriber,
            address: address.to_owned(),
            ports: BTreeMap::new(),
        }
    }

    #[test]
    fn nodes_are_found_by_every_name_a_device_uses() {
        let nodes = [
            node("pub.hq.example.com", "10.0.1.11"),
            node("sub.hq.example.com", "10.0.1.12"),
            node("sub.lab.example.com", "10.0.1.12"),
            node("bare", "bare"),
        ];
        let cases: [(&[&str], &str); 9] = [
            (&["PUB.hq.example.com."], "pub.hq.example.com"),
            (&["Pub"], "pub.hq.example.com"),
            (&["10.0.1.11"], "pub.hq.example.com"),
            (&["bare.hq.example.com"], "bare"),
            (&["other", "pub"], "pub.hq.example.com"),
            (&["pub.other.example.com"], "pub.other.example.com"),
            (&["sub"], "sub"),
            (&["10.0.1.12"], "10.0.1.12"),
            (&["Nobody"], "nobody"),
        ];
        for (reported, expected) in cases {
            assert_eq!(
                Roster(&nodes).node(reported).as_str(),
                expected,
                "{reported:?}"
            );
        }
    }
}
