//! What the Expressways of a lab are asked to be.

use super::trouble::Trouble;
use crate::found::TomcatStart;

/// Two Expressway clusters beside the others.
#[derive(Clone, Debug)]
pub struct ExpresswayConfig {
    /// How many Expressway-C peers.
    pub core: usize,
    /// How many Expressway-E peers.
    pub edge: usize,
    /// The release of both, such as X14.2.
    pub release: String,
    /// The release they were upgraded from, which decides whether RSA certificates are asked for first; none for a
    /// fresh installation.
    pub upgraded_from: Option<String>,
    /// How the certificates of the peers start. Those of Expressway-E are signed by a public authority.
    pub start: TomcatStart,
    /// What is wrong from the start.
    pub troubles: Vec<Trouble>,
}

impl Default for ExpresswayConfig {
    /// Two peers on each side on X14.2, upgraded from X14.0, whose certificates end in twenty days.
    fn default() -> Self {
        Self {
            core: 2,
            edge: 2,
            release: "X14.2".to_owned(),
            upgraded_from: Some("X14.0".to_owned()),
            start: TomcatStart::Expiring(20),
            troubles: Vec::new(),
        }
    }
}
