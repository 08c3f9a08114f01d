//! The usages a request asks for, by the product and the release of the node that makes it.

use openssl::x509::extension::{ExtendedKeyUsage, KeyUsage};

use crate::state::{Cluster, Node, Product, Role};

/// The object identifier of the usage `ipsecEndSystem`, which the platform asks for beside the usual two.
const IPSEC_END_SYSTEM: &str = "1.3.6.1.5.5.7.3.5";

/// How a node makes its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    table: Table,
    before_14: bool,
    /// Whether the subject has an OU.
    pub(crate) with_unit: bool,
}

/// Whose table of usages it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Cucm,
    Presence,
    Unity,
}

impl Form {
    /// How a call-processing node of release 14 makes them, without OU.
    pub(crate) const USUAL: Self = Self {
        table: Table::Cucm,
        before_14: false,
        with_unit: false,
    };

    /// How this node makes them.
    pub(crate) fn of(cluster: &Cluster, node: &Node, with_unit: bool) -> Self {
        let table = match (cluster.product, node.role) {
            (Product::UnityConnection, _) => Table::Unity,
            (Product::Cucm, Role::ImPresence) => Table::Presence,
            (Product::Cucm, _) => Table::Cucm,
        };
        Self {
            table,
            before_14: cluster.version().0 < 14,
            with_unit,
        }
    }

    /// Key usage and extended key usage for a purpose.
    ///
    /// claim: CUCM-CSR-USAGES-14, CUCM-CSR-USAGES-12-5, IMP-CSR-USAGES, CUC-CSR-USAGES
    pub(crate) fn usages(self, purpose: &str) -> (KeyUsage, ExtendedKeyUsage) {
        let (mut usage, mut extended) = (KeyUsage::new(), ExtendedKeyUsage::new());
        usage.digital_signature();
        extended.server_auth();
        if purpose == "CAPF" {
            usage.key_cert_sign();
            if !self.before_14 {
                extended.client_auth();
            }
            return (usage, extended);
        }
        extended.client_auth();
        usage.data_encipherment();
        if purpose == "ipsec" || purpose.starts_with("cup") {
            extended.other(IPSEC_END_SYSTEM);
        }
        if self.enciphers_keys(purpose) {
            usage.key_encipherment();
        }
        (usage, extended)
    }

    fn enciphers_keys(self, purpose: &str) -> bool {
        let rsa = !purpose.ends_with("-ECDSA");
        match self.table {
            Table::Unity => rsa,
            Table::Cucm | Table::Presence if self.before_14 => rsa,
            Table::Cucm => matches!(purpose, "ipsec" | "TVS"),
            Table::Presence => false,
        }
    }
}
