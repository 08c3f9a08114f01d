//! What a device can be asked and told. The read side and the write side are different types, so that a
//! command which holds only [`Observe`] cannot write.

mod access;
pub mod cucm;
pub mod expressway;
mod problems;
mod served;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use crate::model::{
    Certificate, ClusterState, ControlPath, Distribution, Fingerprint, KeyAlgorithm, KeySpec,
    NodeName, Purpose, ServiceName, Store, SubjectName,
};
use crate::pki::{self, Parsed};

pub use access::NodeAccess;
pub use problems::{Problem, ProblemKind};

/// A boxed future, so that the traits below can be used as `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A group of facts that is asked for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactGroup {
    /// Node lists and names, security mode, release.
    Topology,
    /// Identities, pending requests, trust stores.
    Certificates,
    /// What the TLS ports present.
    Served,
    /// Services.
    Services,
    /// Single sign-on, backups, clock, replication.
    Platform,
    /// The certificate trust list that phones get.
    TrustList,
    /// Registered phones.
    Phones,
}

/// What to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Only these nodes; `None` for all.
    pub nodes: Option<BTreeSet<NodeName>>,
    /// Only these groups.
    pub groups: BTreeSet<FactGroup>,
}

impl Scope {
    /// Everything about every node.
    pub fn everything() -> Self {
        use FactGroup::{Certificates, Phones, Platform, Served, Services, Topology, TrustList};
        let groups = [
            Topology,
            Certificates,
            Served,
            Services,
            Platform,
            TrustList,
            Phones,
        ];
        Self {
            nodes: None,
            groups: groups.into(),
        }
    }

    /// Everything that a plan rests on: all but the phones, which come and go, and which interfaces with a rate
    /// limit tell about.
    pub fn without_phones() -> Self {
        let mut scope = Self::everything();
        scope.groups.remove(&FactGroup::Phones);
        scope
    }

    /// Whether a node is asked.
    pub fn includes(&self, node: &NodeName) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.contains(node))
    }
}

/// The read side of one cluster.
pub trait Observe: Send + Sync {
    /// Asks the cluster. Never fails as a whole: what was not asked or could not be learned is unknown.
    /// Nodes outside the scope are in the answer with everything unknown.
    fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState>;
}

/// The write side of one cluster.
pub trait Actuate: Observe {
    /// Sends one change to one node, once. An `Ok` proves nothing about the device: read back.
    ///
    /// # Errors
    /// [`WriteError`] says whether anything can have happened.
    fn perform<'a>(
        &'a self,
        node: &'a NodeName,
        write: &'a Write,
    ) -> BoxFuture<'a, Result<(), WriteError>>;

    /// From now on a node may present this leaf as well as the one it is known by: a certificate was
    /// uploaded that it will serve after its restart. Only for a purpose that [`proves_nodes`]. `key` is the kind of its key: a twin of the other kind
    /// stays known. Kept on disk before this returns.
    ///
    /// # Errors
    /// A sentence, if it could not be kept.
    fn expect_leaf(
        &self,
        node: &NodeName,
        key: KeyAlgorithm,
        leaf: &Fingerprint,
    ) -> Result<(), String>;

    /// From now on a node may present only this leaf on the ports by which it is known. Only for a purpose that
    /// [`proves_nodes`], and once one of those ports was seen to serve it: the leaf of another purpose, once expected,
    /// would drive out the one that the node goes on to present.
    ///
    /// # Errors
    /// A sentence, if it could not be kept.
    fn settle_leaf(&self, node: &NodeName, leaf: &Fingerprint) -> Result<(), String>;
}

/// Whether nodes prove themselves to this program by the certificates of a purpose: the ports that it talks to
/// present them. Only their leaves are pinned.
// claim: CUCM-TOMCAT-STORED-NOT-SERVED, CUCM-ECDSA-TWIN, EXPRESSWAY-PORTS
pub fn proves_nodes(purpose: &Purpose) -> bool {
    matches!(purpose.plain().as_str(), "tomcat" | "server")
}

/// A change to a device, complete with its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Puts an authority's certificate into a trust store.
    UploadTrust {
        /// The store.
        store: Store,
        /// One PEM block.
        pem: String,
        /// What the store shows beside it.
        description: String,
    },
    /// Makes a key and a signing request.
    GenerateRequest {
        /// The purpose.
        purpose: Purpose,
        /// One node or all.
        distribution: Distribution,
        /// The subject's common name.
        common_name: String,
        /// Names to ask for.
        names: BTreeSet<SubjectName>,
        /// The key.
        key: KeySpec,
        /// The hash.
        hash: String,
    },
    /// Installs an issued certificate.
    UploadIdentity {
        /// The purpose.
        purpose: Purpose,
        /// One PEM block.
        pem: String,
    },
    /// Has the publisher write the certificate trust list anew.
    UpdateTrustList,
    /// Resets every phone of a device pool.
    ResetPhones {
        /// The pool.
        pool: String,
    },
    /// Restarts a service.
    RestartService {
        /// The service.
        service: ServiceName,
        /// By which interface.
        by: ControlPath,
    },
}

/// Why a change was not confirmed by the device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nothing left this process: the device cannot have acted.
    #[error("{0}")]
    NotSent(String),
    /// The device said no. It should not have acted, but only a look tells.
    #[error("{0}")]
    Refused(String),
    /// It was sent and not answered, or answered in a way that says nothing.
    #[error("{0}")]
    Unknown(String),
    /// The platform says that it failed at it. It may have acted, or done half: a person looks before it is sent again.
    #[error("{0}")]
    Broken(String),
    /// The account was refused. Never tried again: accounts lock after three.
    #[error("{0}")]
    Unauthorized(String),
    /// The peer is not the one that was pinned.
    #[error("{0}")]
    NotTrusted(String),
}

/// Every certificate once, with what signed it.
fn linked(seen: Vec<Parsed>) -> BTreeMap<Fingerprint, Certificate> {
    let mut certificates = BTreeMap::new();
    let mut ders = BTreeMap::new();
    for parsed in seen {
        ders.insert(parsed.facts.sha256.clone(), parsed.der);
        certificates.insert(parsed.facts.sha256.clone(), parsed.facts);
    }
    pki::link(&mut certificates, &ders);
    certificates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_certificates_of_the_web_server_prove_a_node() {
        for (purpose, proves) in [
            ("server", true),
            ("client", false),
            ("tomcat", true),
            ("tomcat-ECDSA", true),
            ("CallManager", false),
            ("TVS", false),
            ("cup-xmpp", false),
        ] {
            assert_eq!(proves_nodes(&Purpose::from(purpose)), proves, "{purpose}");
        }
    }
}
