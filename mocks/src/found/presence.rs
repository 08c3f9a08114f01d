//! IM and Presence nodes as they are when the lab starts.

use openssl::error::ErrorStack;

use super::products::Holdings;
use super::{Founding, bare_node};
use crate::state::{Node, Role, presence_services};

/// claim: IMP-PURPOSES
const HOLDINGS: Holdings = Holdings {
    rsa: &["tomcat", "ipsec", "cup", "cup-xmpp", "cup-xmpp-s2s"],
    elliptic: &[
        "tomcat-ECDSA",
        "cup-ECDSA",
        "cup-xmpp-ECDSA",
        "cup-xmpp-s2s-ECDSA",
    ],
    stores: &["tomcat-trust", "ipsec-trust", "cup-trust", "cup-xmpp-trust"],
};

/// The presence node of that number, from 1, of a CUCM cluster.
pub(super) fn node(
    founding: &Founding<'_>,
    cluster: &str,
    number: usize,
) -> Result<Node, ErrorStack> {
    let position = founding.config.subscribers + number;
    let name = format!("imp{number}.{cluster}.example.com");
    Ok(Node {
        identities: HOLDINGS.identities(founding, &name, position)?,
        trusts: HOLDINGS.trusts(founding),
        services: presence_services().into_iter().collect(),
        sso_enabled: false,
        ..bare_node(founding.config, name, Role::ImPresence, position)
    })
}
