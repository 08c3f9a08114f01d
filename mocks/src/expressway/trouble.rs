//! What can be wrong with the trust of a deployment.

use std::collections::BTreeMap;
use std::str::FromStr;

use openssl::error::ErrorStack;
use openssl::x509::X509;

use super::cluster::{Deployment, ExpresswayCluster};
use super::settings;
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity};
use crate::state::{Cluster, Product, common_name, fingerprint};

/// Something that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// No Expressway-C peer trusts the root of Expressway-E.
    CoreLacksRoot,
    /// No Expressway-E peer trusts the root of Expressway-C.
    EdgeLacksRoot,
    /// No Expressway-C peer holds the intermediate authority of Expressway-E.
    CoreLacksIntermediate,
    /// No Expressway-E peer holds the intermediate authority of Expressway-C.
    EdgeLacksIntermediate,
    /// The zone of Expressway-C goes to names that are not in the certificates of Expressway-E.
    PeerAddress,
    /// The zone of Expressway-E wants a name that is not in the certificates of Expressway-C.
    VerifyName,
    /// Before the root of Expressway-E another authority of its name stands in the stores of Expressway-C.
    DuplicateName,
    /// Every node stands in System > Server by an address.
    ServerByAddress,
    /// Expressway-C asks for elliptic-curve certificates first, which the nodes signed themselves.
    EllipticFirst,
    /// No CUCM node holds the root of Expressway-C in its tomcat-trust.
    CucmLacksRoot,
    /// Expressway-C goes on without trust.
    VerifyOriginOff,
    /// No Expressway-C peer holds the intermediate authority of its own certificate.
    CoreLacksOwnIntermediate,
    /// Expressway-E runs another release than Expressway-C.
    MixedRelease,
}

const TROUBLES: [(&str, Trouble); 13] = [
    ("core-lacks-root", Trouble::CoreLacksRoot),
    ("edge-lacks-root", Trouble::EdgeLacksRoot),
    ("core-lacks-intermediate", Trouble::CoreLacksIntermediate),
    ("edge-lacks-intermediate", Trouble::EdgeLacksIntermediate),
    ("peer-address", Trouble::PeerAddress),
    ("verify-name", Trouble::VerifyName),
    ("duplicate-name", Trouble::DuplicateName),
    ("server-by-address", Trouble::ServerByAddress),
    ("elliptic-first", Trouble::EllipticFirst),
    ("cucm-lacks-root", Trouble::CucmLacksRoot),
    ("verify-origin-off", Trouble::VerifyOriginOff),
    (
        "core-lacks-own-intermediate",
        Trouble::CoreLacksOwnIntermediate,
    ),
    ("mixed-release", Trouble::MixedRelease),
];

/// A release that no lab has by itself.
const OTHER_RELEASE: &str = "X14.3";

/// A word that names no trouble.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{found}` is no trouble of an Expressway; the troubles are {known}")]
pub struct TroubleError {
    found: String,
    known: String,
}

impl FromStr for Trouble {
    type Err = TroubleError;

    fn from_str(word: &str) -> Result<Self, TroubleError> {
        let mut known = TROUBLES.into_iter();
        let found = known.find(|(known, _)| *known == word);
        found
            .map(|(_, trouble)| trouble)
            .ok_or_else(|| TroubleError {
                found: word.to_owned(),
                known: TROUBLES.map(|(known, _)| known).join(", "),
            })
    }
}

impl Trouble {
    /// Brings the trouble about, as if it had been so at the last restart of every peer.
    pub(crate) fn befall(
        self,
        deployment: &mut Deployment,
        clusters: &mut BTreeMap<String, Cluster>,
    ) -> Result<(), ErrorStack> {
        let (public, corporate) = (deployment.public.clone(), deployment.corporate.clone());
        match self {
            Self::CoreLacksRoot => forget(&mut deployment.core, public.first()),
            Self::EdgeLacksRoot => forget(&mut deployment.edge, corporate.first()),
            Self::CoreLacksIntermediate => forget(&mut deployment.core, public.get(1)),
            Self::EdgeLacksIntermediate => forget(&mut deployment.edge, corporate.get(1)),
            Self::PeerAddress => {
                let addresses = deployment.core.peer_addresses.iter_mut();
                addresses.for_each(|address| *address = format!("inside-{address}"));
            }
            Self::VerifyName => "another.example.com".clone_into(&mut deployment.edge.verify_name),
            Self::DuplicateName => {
                let name = public
                    .first()
                    .map_or_else(String::new, |root| common_name(root));
                let double = namesake(&name)?;
                for peer in &mut deployment.core.peers {
                    peer.trusted.insert(0, double.clone());
                    peer.loaded.insert(0, double.clone());
                }
            }
            Self::ServerByAddress => {
                let nodes = clusters.values().flat_map(|cluster| &cluster.nodes);
                for (number, node) in nodes.enumerate() {
                    let address = format!("10.48.36.{}", 215 + number);
                    deployment.advertised.insert(node.name.clone(), address);
                }
            }
            Self::EllipticFirst => settings::prefer_elliptic(&mut deployment.core, true),
            Self::CucmLacksRoot => {
                let cucm = clusters.values_mut();
                let cucm = cucm.filter(|cluster| cluster.product == Product::Cucm);
                for node in cucm.flat_map(|cluster| &mut cluster.nodes) {
                    if let Some(store) = node.trusts.get_mut("tomcat-trust") {
                        remove(store, corporate.first());
                    }
                }
            }
            Self::VerifyOriginOff => {
                let settings = &mut deployment.core.settings;
                settings.insert(settings::VERIFY_ORIGIN.to_owned(), "Off".to_owned());
            }
            Self::CoreLacksOwnIntermediate => forget(&mut deployment.core, corporate.get(1)),
            Self::MixedRelease => OTHER_RELEASE.clone_into(&mut deployment.edge.release),
        }
        Ok(())
    }
}

fn forget(cluster: &mut ExpresswayCluster, authority: Option<&X509>) {
    for peer in &mut cluster.peers {
        remove(&mut peer.trusted, authority);
        remove(&mut peer.loaded, authority);
    }
}

fn remove(store: &mut Vec<X509>, authority: Option<&X509>) {
    let print = authority.map(|authority| fingerprint(authority));
    store.retain(|held| Some(fingerprint(held)) != print);
}

/// Another authority of a name.
fn namesake(name: &str) -> Result<X509, ErrorStack> {
    let validity = Validity::days(crate::clock::unix_now(), 10, 1000);
    let made = mint::authority(name, KeyRing::elliptic(256)?, None, validity)?;
    Ok(made.certificate)
}
