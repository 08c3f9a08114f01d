//! The certificate interface. Reads use a singular name with a query, writes a plural name
//! with a body (cucm-rest-and-cli §2).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{Distribution, KeyAlgorithm, KeySpec, Purpose, Store, SubjectName};

/// The whole inventory of the addressed node.
// claim: CUCM-REST-BASE, CUCM-REST-SNAPSHOT
pub const SNAPSHOT: &str = "/platformcom/api/v1/certmgr/config/snapshot/server";
/// Makes a key and a signing request.
// claim: CUCM-REST-CSR
pub const SIGNING_REQUEST: &str = "/platformcom/api/v1/certmgr/config/csr";
/// Takes an issued certificate.
// claim: CUCM-REST-IDENTITY
pub const IDENTITY: &str = "/platformcom/api/v1/certmgr/config/identity/certificates";
/// Takes the certificate of an authority.
// claim: CUCM-REST-TRUST
pub const TRUST: &str = "/platformcom/api/v1/certmgr/config/trust/certificates";

/// The body of `POST csr`.
// claim: CUCM-REST-CSR, CUCM-REST-CSR-FIELDS
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateRequest<'a> {
    service: &'a str,
    distribution: &'static str,
    common_name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alt_names: Vec<&'a str>,
    key_type: &'static str,
    key_length: u32,
    hash_algorithm: &'a str,
}

impl<'a> GenerateRequest<'a> {
    /// Asks for a request.
    ///
    /// # Errors
    /// [`Unsendable`] if a name is not a DNS name or the key is of a kind that the interface does not know.
    pub fn new(
        purpose: &'a Purpose,
        distribution: Distribution,
        common_name: &'a str,
        names: &'a BTreeSet<SubjectName>,
        key: KeySpec,
        hash: &'a str,
    ) -> Result<Self, Unsendable> {
        let alt_names = names.iter().map(dns_name).collect::<Result<_, _>>()?;
        Ok(Self {
            service: purpose.as_str(),
            distribution: distribution_word(distribution),
            common_name,
            alt_names,
            key_type: key_word(key)?,
            key_length: key.bits,
            hash_algorithm: hash,
        })
    }
}

/// `multi-server` is in no source, only the screen's label `Multi-server(SAN)` is: what comes back must be read
/// before it is relied on (cucm-rest-and-cli U1).
// claim: CUCM-REST-DISTRIBUTION, CUCM-REST-MULTI-SERVER (assumed)
fn distribution_word(distribution: Distribution) -> &'static str {
    match distribution {
        Distribution::ThisServer => "this-server",
        Distribution::MultiServer => "multi-server",
    }
}

// claim: CUCM-REST-CSR-FIELDS, CUCM-REST-CSR-EC (inferred)
fn key_word(key: KeySpec) -> Result<&'static str, Unsendable> {
    match key.algorithm {
        KeyAlgorithm::Rsa => Ok("rsa"),
        KeyAlgorithm::Ec => Ok("ec"),
        KeyAlgorithm::Other => Err(Unsendable::Key(key)),
    }
}

fn dns_name(name: &SubjectName) -> Result<&str, Unsendable> {
    match name {
        SubjectName::Dns(name) => Ok(name),
        SubjectName::Ip(_) | SubjectName::Other(_) => Err(Unsendable::Name(name.clone())),
    }
}

/// The body of `POST identity/certificates`: one leaf.
// claim: CUCM-REST-IDENTITY
#[derive(Debug, Serialize)]
pub struct UploadIdentity<'a> {
    service: &'a str,
    certificates: [&'a str; 1],
}

impl<'a> UploadIdentity<'a> {
    /// Installs one leaf. Its authorities go to the trust store before, not into this list.
    pub fn new(purpose: &'a Purpose, pem: &'a str) -> Self {
        Self {
            service: purpose.as_str(),
            certificates: [pem],
        }
    }
}

/// The body of `POST trust/certificates`: one authority for one store. Here the service is a list.
// claim: CUCM-REST-TRUST
#[derive(Debug, Serialize)]
pub struct UploadTrust<'a> {
    service: [&'a str; 1],
    certificates: [&'a str; 1],
    description: &'a str,
}

impl<'a> UploadTrust<'a> {
    /// Puts one authority into one store.
    pub fn new(store: &'a Store, pem: &'a str, description: &'a str) -> Self {
        Self {
            service: [store.service()],
            certificates: [pem],
            description,
        }
    }
}

/// Something that the certificate interface has no way to say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// Not a DNS name.
    #[error(
        "expected DNS names only, which is all the certificate interface takes, found `{0}`; take it out of the plan"
    )]
    Name(SubjectName),
    /// Neither RSA nor elliptic curve.
    #[error(
        "expected an RSA or elliptic-curve key, found `{0}`; choose another key in the estate file"
    )]
    Key(KeySpec),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rsa(bits: u32) -> KeySpec {
        KeySpec {
            algorithm: KeyAlgorithm::Rsa,
            bits,
        }
    }

    #[test]
    fn a_request_names_everything_and_leaves_out_an_empty_list() {
        let purpose = Purpose::from("tomcat");
        let names = BTreeSet::from([
            SubjectName::dns("b.example.com"),
            SubjectName::dns("a.example.com"),
        ]);
        let body = GenerateRequest::new(
            &purpose,
            Distribution::MultiServer,
            "a-ms.example.com",
            &names,
            rsa(3072),
            "sha256",
        )
        .unwrap();
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({"service": "tomcat", "distribution": "multi-server", "commonName": "a-ms.example.com",
                "altNames": ["a.example.com", "b.example.com"], "keyType": "rsa", "keyLength": 3072,
                "hashAlgorithm": "sha256"})
        );
        let none = BTreeSet::new();
        let body = GenerateRequest::new(
            &purpose,
            Distribution::ThisServer,
            "a",
            &none,
            rsa(2048),
            "sha256",
        )
        .unwrap();
        let body = serde_json::to_value(body).unwrap();
        assert_eq!(body["distribution"], "this-server");
        assert!(body.get("altNames").is_none(), "{body}");
    }

    #[test]
    fn names_that_cannot_be_said_are_refused() {
        let purpose = Purpose::from("tomcat");
        let address = SubjectName::Ip("10.0.0.1".parse().unwrap());
        let names = BTreeSet::from([address.clone()]);
        let refused = GenerateRequest::new(
            &purpose,
            Distribution::ThisServer,
            "a",
            &names,
            rsa(2048),
            "sha256",
        )
        .unwrap_err();
        assert_eq!(refused, Unsendable::Name(address));
    }

    #[test]
    fn the_service_is_a_list_for_trust_and_a_string_for_an_identity() {
        let (purpose, store) = (Purpose::from("tomcat"), Store::from("tomcat-trust"));
        assert_eq!(
            serde_json::to_value(UploadTrust::new(&store, "PEM", "Corp Root")).unwrap(),
            json!({"service": ["tomcat"], "certificates": ["PEM"], "description": "Corp Root"})
        );
        assert_eq!(
            serde_json::to_value(UploadIdentity::new(&purpose, "PEM")).unwrap(),
            json!({"service": "tomcat", "certificates": ["PEM"]})
        );
    }
}
