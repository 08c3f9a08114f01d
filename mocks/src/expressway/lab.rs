//! What a test asks of a lab's Expressways.

use openssl::error::ErrorStack;

use super::cluster::Deployment;
use super::peer::Peer;
use super::trouble::Trouble;
use crate::lab::Lab;
use crate::log::Place;

impl Lab {
    /// Looks at a peer, named fully or by its host name.
    pub fn look_peer<T>(
        &self,
        cluster: &str,
        peer: &str,
        look: impl FnOnce(&Peer) -> T,
    ) -> Option<T> {
        let place = Place::new(cluster, peer);
        self.world().read_peer(&place, |_, peer, _| look(peer))
    }

    /// Changes a peer likewise, as nobody does who is part of the estate. Answers false if there is none such.
    pub fn change_peer(&self, cluster: &str, peer: &str, change: impl FnOnce(&mut Peer)) -> bool {
        let place = Place::new(cluster, peer);
        let changed = self.change_expressways(|all| all.at_mut(&place).map(change).is_some());
        changed == Some(true)
    }

    /// Looks at both Expressway clusters; nothing if the lab has none.
    pub fn look_expressways<T>(&self, look: impl FnOnce(&Deployment) -> T) -> Option<T> {
        self.world().read_expressways(|all, _| look(all))
    }

    /// Changes both Expressway clusters likewise.
    pub fn change_expressways<T>(&self, change: impl FnOnce(&mut Deployment) -> T) -> Option<T> {
        self.world().change_expressways(change)
    }

    /// Brings a trouble about in a running lab. A lab without Expressways has none.
    ///
    /// # Errors
    /// When OpenSSL cannot make the certificate that the trouble takes.
    pub fn trouble(&self, trouble: Trouble) -> Result<(), ErrorStack> {
        self.world().planting(|scene| {
            let Some(deployment) = scene.expressways.as_mut() else {
                return Ok(());
            };
            trouble.befall(deployment, scene.clusters)
        })
    }

    /// What the traffic server of an Expressway-C peer wrote down so far, named fully or by its host name.
    #[must_use]
    pub fn traffic_log(&self, peer: &str) -> String {
        let log = self.look_expressways(|all| all.core.peer(peer).map(|peer| peer.traffic.clone()));
        log.flatten().unwrap_or_default()
    }
}
