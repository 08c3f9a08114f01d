//! A Unity Connection cluster as it is when the lab starts.

use openssl::error::ErrorStack;

use super::products::Holdings;
use super::{Founding, assemble, bare_node};
use crate::state::{Cluster, Node, Product, Role, unity_services};

/// claim: CUC-PURPOSES
const HOLDINGS: Holdings = Holdings {
    rsa: &["tomcat", "ipsec"],
    elliptic: &["tomcat-ECDSA"],
    stores: &["tomcat-trust", "ipsec-trust"],
};

/// The Unity Connection cluster beside a CUCM cluster of that name.
pub(super) fn cluster(founding: &Founding<'_>, beside: &str) -> Result<Cluster, ErrorStack> {
    let nodes = (0..founding.config.unity)
        .map(|position| node(founding, beside, position))
        .collect::<Result<Vec<Node>, ErrorStack>>()?;
    let name = format!("{beside}-unity");
    Ok(assemble(founding, name, Product::UnityConnection, nodes))
}

fn node(founding: &Founding<'_>, beside: &str, position: usize) -> Result<Node, ErrorStack> {
    let (host, role) = match position {
        0 => ("cuc-pub".to_owned(), Role::Publisher),
        1 => ("cuc-sub".to_owned(), Role::Subscriber),
        further => (format!("cuc-sub{further}"), Role::Subscriber),
    };
    let name = format!("{host}.{beside}.example.com");
    Ok(Node {
        identities: HOLDINGS.identities(founding, &name, position)?,
        trusts: HOLDINGS.trusts(founding),
        services: unity_services(role == Role::Publisher)
            .into_iter()
            .collect(),
        sso_enabled: false,
        ..bare_node(founding.config, name, role, position)
    })
}
