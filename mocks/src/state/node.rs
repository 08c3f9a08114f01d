//! One node.

use std::collections::BTreeMap;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::x509::X509;
use russh::keys::PrivateKey;

use super::identity::{Identity, PendingRequest, Presented};
use super::loads::loaded_by;
use super::service::Service;
use super::{Moment, Release, fingerprint};

/// A node's part in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The first node.
    Publisher,
    /// Any other call-processing node, or the second Unity Connection node.
    Subscriber,
    /// An IM and Presence node; the first of a cluster is their database publisher.
    ImPresence,
}

impl Role {
    /// Whether nodes of this role process calls.
    #[must_use]
    pub fn processes_calls(self) -> bool {
        matches!(self, Self::Publisher | Self::Subscriber)
    }
}

/// The loopback ports of a node, in place of the standard ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// In place of 443.
    pub rest: u16,
    /// In place of 8443.
    pub soap: u16,
    /// In place of 22.
    pub ssh: u16,
    /// In place of 6972.
    pub tftp: u16,
    /// In place of 5061.
    pub sip: u16,
    /// In place of 2445.
    pub tvs: u16,
    /// In place of 7400, on IM and Presence nodes (claim: IMP-XMPP-PORT).
    pub xmpp: u16,
}

/// A service that presents a certificate on one or more ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// Cisco Tomcat, on 443 and 8443.
    Web,
    /// Cisco Tftp, on 6972.
    Tftp,
    /// Cisco CallManager, on 5061.
    Sip,
    /// Cisco Trust Verification Service, on 2445 (claim: CUCM-TVS-PORT).
    Tvs,
    /// Cisco SIP Proxy of an IM and Presence node, on 5061 (claim: IMP-CUP-PORT).
    PresenceSip,
    /// Cisco XCP Router, on 7400 (claim: IMP-XMPP-PORT).
    Xmpp,
    /// Cisco XCP XMPP Federation Connection Manager, on no port that the lab opens.
    Federation,
}

impl Face {
    /// Every face; a node has those whose service it has.
    pub const ALL: [Self; 7] = [
        Self::Web,
        Self::Tftp,
        Self::Sip,
        Self::Tvs,
        Self::PresenceSip,
        Self::Xmpp,
        Self::Federation,
    ];

    /// The service behind the face.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::Web => "Cisco Tomcat",
            Self::Tftp => "Cisco Tftp",
            Self::Sip => "Cisco CallManager",
            Self::Tvs => "Cisco Trust Verification Service",
            Self::PresenceSip => "Cisco SIP Proxy",
            Self::Xmpp => "Cisco XCP Router",
            Self::Federation => "Cisco XCP XMPP Federation Connection Manager",
        }
    }

    /// The purpose whose certificate it presents.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Web | Self::Tftp => "tomcat",
            Self::Sip => "CallManager",
            Self::Tvs => "TVS",
            Self::PresenceSip => "cup",
            Self::Xmpp => "cup-xmpp",
            Self::Federation => "cup-xmpp-s2s",
        }
    }

    /// The purpose of the elliptic-curve twin on the same port.
    ///
    /// claim: CUCM-ECDSA-TWIN, CUCM-CALLMANAGER-SERVED
    #[must_use]
    pub fn twin(self) -> Option<&'static str> {
        match self {
            Self::Web => Some("tomcat-ECDSA"),
            Self::Sip => Some("CallManager-ECDSA"),
            Self::PresenceSip => Some("cup-ECDSA"),
            Self::Xmpp => Some("cup-xmpp-ECDSA"),
            Self::Federation => Some("cup-xmpp-s2s-ECDSA"),
            Self::Tftp | Self::Tvs => None,
        }
    }

    /// The face of a service, if it has one.
    #[must_use]
    pub fn of(service: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|face| face.service() == service)
    }
}

/// How far the web server behind 443 and 8443 is.
///
/// claim: CUCM-REST-GONE-DURING-TOMCAT
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Web {
    /// Everything answers.
    Up,
    /// Connections are reset.
    Refused,
    /// Every path is answered 404 with a page.
    NotFound,
    /// Every path is answered 503.
    Unavailable,
}

/// Ways in which one node differs from the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent differences, each on or off"
)]
pub struct Quirks {
    /// The shell returns to the prompt while a restarted service is still starting (claim: VOS-NEVER-STARTED).
    pub returns_early: bool,
    /// The first prompt appears only after a newline (claim: VOS-START-SLOW).
    pub prompt_needs_newline: bool,
    /// Plain password authentication is refused (claim: VOS-AUTH).
    pub keyboard_interactive_only: bool,
    /// The prompt comes twice, with a lone carriage return (claim: VOS-PROMPT).
    pub doubled_prompt: bool,
    /// The platform account may only read (claim: CUCM-REST-403).
    pub read_only_account: bool,
}

/// Failed logins of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockout {
    /// Since the last good one.
    pub failed: u32,
    /// Over the lab's whole life.
    pub failed_ever: u32,
    /// Locked until this many milliseconds after the lab's start.
    pub locked_until_ms: u64,
}

/// One node of a cluster. Every condition a test may want to plant is a public field.
pub struct Node {
    /// The fully qualified name.
    pub name: String,
    /// Its part in the cluster.
    pub role: Role,
    /// Where it listens.
    pub ports: Ports,
    /// Stored identities by purpose.
    pub identities: BTreeMap<String, Identity>,
    /// Pending requests by purpose.
    pub pending: BTreeMap<String, PendingRequest>,
    /// Trust stores by name, with the suffix `-trust`.
    pub trusts: BTreeMap<String, Vec<X509>>,
    /// What each face presents now.
    pub presented: BTreeMap<Face, Arc<Presented>>,
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// How far the web server is.
    pub web: Web,
    /// Whether SAML single sign-on is enabled.
    pub sso_enabled: bool,
    /// The database's replication state; 2 is good (claim: CUCM-REPLICATION-GOOD).
    pub replication: u8,
    /// Seconds the node's clock is ahead of the lab's.
    pub clock_skew: i64,
    /// Whether three failed logins lock an account (claim: CUCM-ACCOUNT-LOCKOUT).
    pub lockout_enabled: bool,
    /// Failed logins by account name.
    pub lockouts: BTreeMap<String, Lockout>,
    /// Its differences.
    pub quirks: Quirks,
    /// The SSH host key.
    pub host_key: Arc<PrivateKey>,
}

impl Node {
    /// The name before the first dot.
    #[must_use]
    pub fn host(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }

    /// The name after the first dot.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, domain)| domain)
    }

    /// The node's own time in seconds since 1970.
    #[must_use]
    pub fn clock(&self, now: Moment) -> i64 {
        now.unix.saturating_add(self.clock_skew)
    }

    /// Finds a service by name, whatever the case, and answers the name as the node spells it.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<(&str, &Service)> {
        let found = self
            .services
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
        found.map(|(known, service)| (known.as_str(), service))
    }

    /// The fingerprint of the stored certificate of a purpose.
    #[must_use]
    pub fn stored(&self, purpose: &str) -> Option<String> {
        self.identities
            .get(purpose)
            .map(|identity| fingerprint(&identity.certificate))
    }

    /// The fingerprint of the RSA leaf a face presents.
    #[must_use]
    pub fn served(&self, face: Face) -> Option<String> {
        self.presented
            .get(&face)
            .map(|presented| fingerprint(&presented.identity.certificate))
    }

    /// Whether a face presents the certificate that is stored for it.
    #[must_use]
    pub fn serves_stored(&self, face: Face) -> bool {
        self.stored(face.purpose()) == self.served(face)
    }

    /// The fingerprint of the elliptic-curve twin a face presents.
    #[must_use]
    pub fn served_twin(&self, face: Face) -> Option<String> {
        let twin = self.presented.get(&face)?.twin.as_ref()?;
        Some(fingerprint(&twin.certificate))
    }

    /// Whether the stored certificate of a purpose is the one that works: its port presents it, or, where there is
    /// none, every service that loads it and has a role on the node did so.
    ///
    /// claim: CUCM-CALLMANAGER-SERVED, CUCM-IPSEC-RESTART, CUCM-CAPF-RESTART
    #[must_use]
    pub fn in_effect(&self, purpose: &str) -> bool {
        let stored = self.stored(purpose);
        // Cisco Tftp presents what Cisco Tomcat is judged by.
        let faces = Face::ALL.into_iter().filter(|face| *face != Face::Tftp);
        let shown = faces.into_iter().find_map(|face| {
            if face.purpose() == purpose {
                return Some(self.served(face));
            }
            (face.twin() == Some(purpose)).then(|| self.served_twin(face))
        });
        if let Some(served) = shown {
            return served == stored;
        }
        let mut loaders = self.services.iter().filter(|(name, service)| {
            // The one service whose purposes depend on the release loads none that has no port.
            service.is_active() && loaded_by(name, Release::FOURTEEN).contains(&purpose)
        });
        loaders.all(|(_, service)| service.loaded.get(purpose) == stored.as_ref())
    }

    /// Whether a service of this node has still to load a certificate of this purpose.
    #[must_use]
    pub(crate) fn awaits(&self, service: &str, purpose: &str) -> bool {
        let found = self.services.get(service).filter(|found| found.is_active());
        let stored = self.stored(purpose);
        stored.is_some() && found.is_some_and(|found| found.loaded.get(purpose) != stored.as_ref())
    }

    /// Loads what a service takes with it when it starts.
    pub(crate) fn load_service(&mut self, name: &str, release: Release) {
        let purposes = loaded_by(name, release).iter();
        let loaded = purposes
            .filter_map(|purpose| Some(((*purpose).to_owned(), self.stored(purpose)?)))
            .collect();
        if let Some(service) = self.services.get_mut(name) {
            service.loaded = loaded;
        }
        match Face::of(name) {
            Some(face) => self.load(face),
            // The proxy in front of 5061 has the RSA certificate only.
            None if loaded_by(name, release).contains(&Face::Sip.purpose()) => {
                let twin = self
                    .presented
                    .get(&Face::Sip)
                    .and_then(|shown| shown.twin.clone());
                self.present(Face::Sip, twin);
            }
            None => {}
        }
    }

    /// Loads a face's stored certificate, as its service does when it starts. A node without the certificate keeps
    /// what it had.
    pub fn load(&mut self, face: Face) {
        let twin = face.twin().and_then(|twin| self.identities.get(twin));
        self.present(face, twin.cloned());
    }

    fn present(&mut self, face: Face, twin: Option<Identity>) {
        let Some(identity) = self.identities.get(face.purpose()).cloned() else {
            return;
        };
        let store = crate::upload::trust_store_of(face.purpose());
        let chain = self.authorities_above(&identity.certificate, &store);
        self.presented
            .insert(face, Arc::new(Presented::new(identity, twin, chain)));
    }

    /// The authorities above a leaf that the store holds, without the self-signed root.
    ///
    /// claim: CUCM-SERVED-CHAIN
    fn authorities_above(&self, leaf: &X509, store: &str) -> Vec<X509> {
        let mut chain: Vec<X509> = Vec::new();
        let mut below = leaf.clone();
        while let Some(issuer) = self
            .issuer_of(&below, store)
            .filter(|issuer| !is_self_signed(issuer))
        {
            if chain.len() > 8 {
                break;
            }
            chain.push(issuer.clone());
            below = issuer;
        }
        chain
    }

    /// The certificate in a store that signed another one.
    #[must_use]
    pub fn issuer_of(&self, certificate: &X509, store: &str) -> Option<X509> {
        let candidates = self.trusts.get(store)?;
        candidates
            .iter()
            .find(|issuer| signed_by(certificate, issuer))
            .cloned()
    }
}

/// Whether one certificate names another one as its issuer and carries its signature.
pub(crate) fn signed_by(certificate: &X509, issuer: &X509) -> bool {
    let signed = same_name(issuer.subject_name(), certificate.issuer_name())
        && issuer
            .public_key()
            .is_ok_and(|key| certificate.verify(&key).unwrap_or(false));
    // A failed verification leaves its reason in a queue of the thread, where the next TLS read would take it for its own.
    drop(ErrorStack::get());
    signed
}

/// Whether a certificate names itself as its issuer.
#[must_use]
pub(crate) fn is_self_signed(certificate: &X509) -> bool {
    same_name(certificate.subject_name(), certificate.issuer_name())
}

fn same_name(one: &openssl::x509::X509NameRef, other: &openssl::x509::X509NameRef) -> bool {
    one.try_cmp(other)
        .is_ok_and(|order| order == std::cmp::Ordering::Equal)
}
