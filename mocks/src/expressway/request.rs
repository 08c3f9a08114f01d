//! Certificate requests of a peer.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509Name, X509Req};
use serde::Deserialize;

use super::cluster::ExpresswayCluster;
use super::peer::Peer;
use crate::pki::mint::{self, Wanted};
use crate::pki::usages::Usages;

/// What a peer is asked to put into a request.
///
/// claim: EXPRESSWAY-CSR-FIELDS
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerRequest {
    #[serde(rename = "Additional_FQDNS", default)]
    pub(crate) names: Vec<String>,
    #[serde(rename = "Country")]
    country: Option<String>,
    #[serde(rename = "KeyLength")]
    pub(crate) bits: Option<u32>,
    #[serde(rename = "DigestAlgorithm")]
    pub(crate) digest: Option<String>,
    #[serde(rename = "Province")]
    province: Option<String>,
    #[serde(rename = "Locality")]
    locality: Option<String>,
    #[serde(rename = "Organization")]
    organization: Option<String>,
    #[serde(rename = "OrganizationalUnit")]
    unit: Option<String>,
    #[serde(rename = "Email")]
    email: Option<String>,
}

/// The common name and the names that a request of a peer has by itself.
///
/// claim: EXPRESSWAY-CSR-NAMES
pub(crate) fn own_names(cluster: &ExpresswayCluster, peer: &str) -> (String, Vec<String>) {
    if cluster.peers.len() > 1 {
        let both = vec![peer.to_owned(), cluster.fqdn.clone()];
        (cluster.fqdn.clone(), both)
    } else {
        (peer.to_owned(), vec![peer.to_owned()])
    }
}

/// Makes the request.
///
/// claim: EXPRESSWAY-CSR-NAMES, EXPRESSWAY-CSR-USAGES
pub(crate) fn make(
    cluster: &ExpresswayCluster,
    peer: &Peer,
    wanted: &PeerRequest,
    key: &PKey<Private>,
    digest: MessageDigest,
) -> Result<X509Req, ErrorStack> {
    let (common_name, mut names) = own_names(cluster, &peer.name);
    for name in &wanted.names {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let mut subject = X509Name::builder()?;
    for (kind, value) in [
        (Nid::COUNTRYNAME, &wanted.country),
        (Nid::STATEORPROVINCENAME, &wanted.province),
        (Nid::LOCALITYNAME, &wanted.locality),
        (Nid::ORGANIZATIONNAME, &wanted.organization),
        (Nid::ORGANIZATIONALUNITNAME, &wanted.unit),
        (Nid::PKCS9_EMAILADDRESS, &wanted.email),
    ] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            subject.append_entry_by_nid(kind, value)?;
        }
    }
    subject.append_entry_by_nid(Nid::COMMONNAME, &common_name)?;
    let asked = Wanted {
        common_name: &common_name,
        names: &names,
        purpose: "server",
    };
    mint::request_of(
        &subject.build(),
        &asked,
        Usages::of_expressway(),
        key,
        digest,
    )
}
