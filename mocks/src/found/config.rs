//! What a lab is asked to be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::authority::Misbehaviour;
use crate::expressway::ExpresswayConfig;
use crate::fault::Fault;
use crate::scope::can_be_shared;
use crate::state::{Product, Release};

/// The purposes of CUCM whose certificates an authority can sign.
///
/// claim: CUCM-PURPOSES
const SIGNABLE: [&str; 7] = [
    "tomcat",
    "tomcat-ECDSA",
    "CallManager",
    "CallManager-ECDSA",
    "ipsec",
    "CAPF",
    "TVS",
];

/// The purposes that only IM and Presence nodes have.
///
/// claim: IMP-PURPOSES
const OF_PRESENCE: [&str; 6] = [
    "cup",
    "cup-ECDSA",
    "cup-xmpp",
    "cup-xmpp-ECDSA",
    "cup-xmpp-s2s",
    "cup-xmpp-s2s-ECDSA",
];

/// The purposes of Unity Connection.
///
/// claim: CUC-PURPOSES
const OF_UNITY: [&str; 3] = ["tomcat", "tomcat-ECDSA", "ipsec"];

/// The certificate a node starts with, for each purpose that is to be renewed. Days count from the lab's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TomcatStart {
    /// Signed by the corporate authority, expired two days ago.
    Expired,
    /// Signed by the corporate authority, expiring in so many days.
    Expiring(i64),
    /// Self-signed, expiring in so many days.
    SelfSigned(i64),
    /// Signed by an authority that is not the corporate one any more, good for two hundred days.
    SignedByOldCa,
    /// Signed by today's issuing authority, good for three hundred days.
    Good,
}

/// How to build a lab.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent conditions, each on or off"
)]
pub struct LabConfig {
    /// Where its files go; a temporary directory if absent.
    pub dir: Option<PathBuf>,
    /// How many clusters.
    pub clusters: usize,
    /// How many subscribers each has.
    pub subscribers: usize,
    /// How many IM and Presence nodes each has; the first is their database publisher.
    pub presence: usize,
    /// How many nodes the Unity Connection cluster beside each of them has; none is no such cluster.
    pub unity: usize,
    /// The release as the platform prints it.
    pub release: String,
    /// What every nominal duration is multiplied by.
    pub time_scale: f64,
    /// Whether the estate asks for one certificate for a whole cluster.
    pub multi_server: bool,
    /// Whether SAML single sign-on starts enabled.
    pub sso: bool,
    /// Whether three failed logins lock the platform account.
    pub lockout: bool,
    /// How many phones each cluster has.
    pub phones: usize,
    /// The first nodes' certificates of `purposes`, publisher first; the last one counts for the rest. Presence nodes
    /// follow the subscribers; a Unity Connection cluster counts from the beginning.
    pub tomcat: Vec<TomcatStart>,
    /// The purposes that start as `tomcat` says and that the estate file wants renewed. All others are self-signed and
    /// good for years.
    pub purposes: Vec<String>,
    /// Whether the clusters are in mixed mode, with a CTL.
    pub mixed_mode: bool,
    /// How many of each cluster's phones are switched off at the start.
    pub absent_phones: usize,
    /// How many of each cluster's phones are authenticated or encrypted, with certificates of their own.
    pub secure_phones: usize,
    /// Whether one multi-server tomcat certificate stands in for CallManager too.
    pub reuse: bool,
    /// Timers of the estate file in place of those that suit the scale, as `tomcat_restart` → `5s`.
    pub timers: BTreeMap<String, String>,
    /// Expressway-C and Expressway-E beside the clusters; the certificates that they meet are then signed.
    pub expressway: Option<ExpresswayConfig>,
    /// What the authority does wrong from the start.
    pub misbehave: Misbehaviour,
    /// Faults planted from the start.
    pub faults: Vec<Fault>,
}

impl Default for LabConfig {
    /// One cluster of three nodes on release 14, a hundredth of the usual time: the publisher's certificate is
    /// self-signed and ends in nine days, the first subscriber's has expired, the second's ends in twenty days.
    fn default() -> Self {
        Self {
            dir: None,
            clusters: 1,
            subscribers: 2,
            presence: 0,
            unity: 0,
            release: "14.0.1.13900-155".to_owned(),
            time_scale: 0.01,
            multi_server: false,
            sso: false,
            lockout: true,
            phones: 24,
            tomcat: vec![
                TomcatStart::SelfSigned(9),
                TomcatStart::Expired,
                TomcatStart::Expiring(20),
            ],
            purposes: vec!["tomcat".to_owned()],
            mixed_mode: false,
            absent_phones: 0,
            secure_phones: 0,
            reuse: false,
            timers: BTreeMap::new(),
            expressway: None,
            misbehave: Misbehaviour::Honest,
            faults: Vec::new(),
        }
    }
}

impl LabConfig {
    pub(super) fn start_of(&self, position: usize) -> TomcatStart {
        self.tomcat
            .get(position)
            .or(self.tomcat.last())
            .copied()
            .unwrap_or(TomcatStart::Good)
    }

    /// The first of the purposes that no authority signs for these products.
    pub(crate) fn unsignable(&self) -> Option<&str> {
        let known = self.purposes_of(Product::Cucm);
        let mut purposes = self.purposes.iter().map(String::as_str);
        purposes.find(|purpose| !known.contains(purpose))
    }

    /// Those of the purposes to be renewed that clusters of a product have.
    pub(crate) fn purposes_of(&self, product: Product) -> Vec<&str> {
        let has = |purpose: &&str| match product {
            Product::UnityConnection => OF_UNITY.contains(purpose),
            Product::Cucm => {
                SIGNABLE.contains(purpose) || (self.presence > 0 && OF_PRESENCE.contains(purpose))
            }
        };
        let purposes = self.purposes.iter().map(String::as_str);
        purposes.filter(has).collect()
    }

    /// Whether a node's certificate of a purpose starts as [`LabConfig::tomcat`] says. Of CAPF only the publisher's
    /// is used.
    pub(super) fn renews(&self, purpose: &str, publisher: bool) -> bool {
        self.purposes.iter().any(|wanted| wanted == purpose) && (publisher || purpose != "CAPF")
    }

    /// Whether a node holds a CAPF certificate.
    ///
    /// claim: CUCM-CAPF-COPIES
    pub(super) fn has_capf(&self, publisher: bool) -> bool {
        publisher || Release::of(&self.release) < Release::FOURTEEN
    }

    /// Whether a certificate of a purpose that is not to be renewed is signed all the same, because Expressway-C
    /// trusts one self-signed certificate of a name only.
    ///
    /// claim: EXPRESSWAY-STORE-SAME-CN
    pub(super) fn signs_for_expressway(&self, purpose: &str) -> bool {
        self.expressway.is_some() && matches!(purpose, "tomcat" | "CallManager" | "cup-xmpp")
    }

    /// Whether a purpose's certificate starts with an RSA key; the others take no time to make.
    pub(super) fn starts_with_rsa(&self, purpose: &str, publisher: bool) -> bool {
        let usual = matches!(purpose, "tomcat" | "CallManager");
        usual || (!purpose.ends_with("-ECDSA") && self.renews(purpose, publisher))
    }

    /// How the estate file wants a purpose of a product distributed.
    pub(crate) fn distribution(&self, product: Product, purpose: &str) -> &'static str {
        let several = match product {
            Product::UnityConnection => self.multi_server && self.unity > 1,
            Product::Cucm if purpose.starts_with("cup") => self.multi_server && self.presence > 1,
            Product::Cucm => self.multi_server || self.reuse,
        };
        if several && can_be_shared(product, purpose) {
            "multi-server"
        } else {
            "this-server"
        }
    }

    /// How many RSA keys founding takes: two for the authority, those of each node, one for a shared certificate.
    pub(crate) fn keys_needed(&self) -> usize {
        let of_node = |publisher: bool| {
            let purposes = SIGNABLE.iter();
            purposes
                .filter(|purpose| self.starts_with_rsa(purpose, publisher))
                .count()
        };
        let of_others = 5 * self.presence + 2 * self.unity;
        let of_cluster = of_node(true) + self.subscribers * of_node(false) + of_others;
        let peers = self.expressway.as_ref();
        let peers = peers.map_or(0, |expressway| expressway.core + expressway.edge);
        2 + self.clusters * (of_cluster + usize::from(self.reuse)) + peers
    }
}
