//! What a lab is asked to be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::authority::Misbehaviour;
use crate::fault::Fault;

/// The tomcat certificate a node starts with. Days count from the lab's start.
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
    /// The first nodes' tomcat certificates, publisher first; the last one counts for the rest. Presence nodes follow
    /// the subscribers; a Unity Connection cluster counts from the beginning.
    pub tomcat: Vec<TomcatStart>,
    /// Timers of the estate file in place of those that suit the scale, as `tomcat_restart` → `5s`.
    pub timers: BTreeMap<String, String>,
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
            timers: BTreeMap::new(),
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

    /// The release's first number.
    pub(super) fn major(&self) -> u32 {
        let first = self.release.split('.').next();
        first.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Whether the certificates of a purpose start as [`LabConfig::tomcat`] says; all others are good for years.
    pub(crate) fn starts_due(&self, purpose: &str) -> bool {
        purpose == "tomcat"
    }

    /// How many RSA keys founding takes: two for the authority, and those of each node.
    pub(crate) fn keys_needed(&self) -> usize {
        let cluster = 2 * (self.subscribers + 1) + 5 * self.presence + 2 * self.unity;
        2 + self.clusters * cluster
    }
}
