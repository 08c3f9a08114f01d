//! The usages that a request asks for, by purpose and release.

use openssl::error::ErrorStack;
use openssl::x509::X509Extension;
use openssl::x509::extension::{ExtendedKeyUsage, KeyUsage};

use crate::state::{Cluster, Node, Product, Release, Role};

/// What the certificate of a purpose may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the columns of the vendor's table, each yes or no"
)]
pub(crate) struct Usages {
    client: bool,
    ipsec: bool,
    key_encipherment: bool,
    data_encipherment: bool,
    signs: bool,
}

impl Usages {
    /// The vendor's table. Every purpose has `serverAuth` and `digitalSignature`.
    ///
    /// claim: CUCM-CSR-USAGES-14, CUCM-CSR-USAGES-12-5
    pub(crate) fn of(purpose: &str, release: Release) -> Self {
        let early = release < Release::FOURTEEN;
        if purpose == "CAPF" {
            return Self {
                client: !early,
                ipsec: false,
                key_encipherment: false,
                data_encipherment: false,
                signs: true,
            };
        }
        Self {
            client: true,
            ipsec: purpose == "ipsec",
            key_encipherment: early || matches!(purpose, "ipsec" | "TVS"),
            data_encipherment: true,
            signs: false,
        }
    }

    /// What a peer of Expressway asks for.
    ///
    /// claim: EXPRESSWAY-CSR-USAGES
    pub(crate) fn of_expressway() -> Self {
        Self {
            client: true,
            ipsec: false,
            key_encipherment: true,
            data_encipherment: false,
            signs: false,
        }
    }

    /// What a node of this product and role asks for.
    ///
    /// claim: IMP-CSR-USAGES, CUC-CSR-USAGES
    pub(crate) fn on(cluster: &Cluster, node: &Node, purpose: &str) -> Self {
        let usual = Self::of(purpose, cluster.numbers());
        match (cluster.product, node.role) {
            (Product::UnityConnection, _) => Self {
                key_encipherment: true,
                ..usual
            },
            (Product::Cucm, Role::ImPresence) => Self {
                ipsec: usual.ipsec || purpose.starts_with("cup"),
                key_encipherment: cluster.numbers() < Release::FOURTEEN,
                ..usual
            },
            (Product::Cucm, _) => usual,
        }
    }

    /// The two extensions.
    pub(crate) fn extensions(self) -> Result<[X509Extension; 2], ErrorStack> {
        let mut purposes = ExtendedKeyUsage::new();
        purposes.server_auth();
        if self.client {
            purposes.client_auth();
        }
        if self.ipsec {
            purposes.other("1.3.6.1.5.5.7.3.5");
        }
        let mut usage = KeyUsage::new();
        usage.digital_signature();
        if self.key_encipherment {
            usage.key_encipherment();
        }
        if self.data_encipherment {
            usage.data_encipherment();
        }
        if self.signs {
            usage.key_cert_sign();
        }
        Ok([purposes.build()?, usage.build()?])
    }
}

#[cfg(test)]
mod tests {
    use openssl::hash::MessageDigest;
    use openssl::x509::X509KeyUsage;

    use crate::pki::keys::KeyRing;
    use crate::pki::mint::{self, Wanted};
    use crate::pki::names::carrying;

    use super::*;

    #[test]
    fn requests_ask_for_what_the_table_of_their_release_says() {
        let (signature, key, data, signs) = (
            X509KeyUsage::DIGITAL_SIGNATURE,
            X509KeyUsage::KEY_ENCIPHERMENT,
            X509KeyUsage::DATA_ENCIPHERMENT,
            X509KeyUsage::KEY_CERT_SIGN,
        );
        let twelve = Release::of("12.5.1.16900-48");
        let rows = [
            ("CallManager", Release::FOURTEEN, signature | data),
            ("CallManager", twelve, signature | key | data),
            ("tomcat", twelve, signature | key | data),
            ("TVS", Release::FOURTEEN, signature | key | data),
            ("ipsec", Release::FOURTEEN, signature | key | data),
            ("CAPF", Release::FOURTEEN, signature | signs),
            ("CAPF", twelve, signature | signs),
        ];
        for (purpose, release, expected) in rows {
            let wanted = Wanted {
                common_name: "pub.example.com",
                names: &[],
                purpose,
            };
            let own = KeyRing::elliptic(256).unwrap();
            let usages = Usages::of(purpose, release);
            let request =
                mint::request_for(&wanted, usages, &own, MessageDigest::sha256()).unwrap();
            let asked = carrying(&request, &own).unwrap();
            assert_eq!(asked.key_usage(), Some(expected), "{purpose} {release:?}");
            let extended: Vec<String> = format!("{:?}", asked.extended_key_usage())
                .split([' ', '|', '(', ')'])
                .map(str::to_owned)
                .collect();
            let has = |word: &str| extended.iter().any(|part| part == word);
            assert!(has("SSL_SERVER"), "{extended:?}");
            let client = !(purpose == "CAPF" && release == twelve);
            assert_eq!(has("SSL_CLIENT"), client, "{purpose} {release:?}");
        }
    }
}
