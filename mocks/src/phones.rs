//! Phones that are reset, fetch their files, and register, or do not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::agenda::Due;
use crate::log::{Channel, Kind, Place};
use crate::state::evaluation::{self, Credentials, Offer, Signed};
use crate::state::{Cluster, Face, Holding, Node, Phone, ServiceState, TrustList, fingerprint};
use crate::world::Scene;

/// How long a phone takes from a reset to its registration, before scaling.
const RESTART: Duration = Duration::from_secs(40);

/// How long phones take to register again after their Cisco CallManager is back, before scaling.
const RETURN: Duration = Duration::from_secs(30);

/// How long a phone waits for a TFTP service that does not answer, before scaling.
const RETRY: Duration = Duration::from_secs(10);

impl Scene<'_> {
    /// Resets every phone that has power, of one pool or of all, and answers how many there were.
    ///
    /// claim: PHONE-RESET
    pub(crate) fn reset_phones(&mut self, cluster: &str, pool: Option<&str>) -> usize {
        self.start_phones(cluster, RESTART, |phone| {
            let meant = phone.is_able() && pool.is_none_or(|pool| pool == phone.pool);
            phone.fetches |= meant;
            meant
        })
    }

    /// Switches on every phone that has no power.
    pub(crate) fn return_phones(&mut self, cluster: &str) -> usize {
        self.start_phones(cluster, RESTART, |phone| {
            let absent = !phone.online;
            phone.online = true;
            phone.fetches |= absent;
            absent && phone.is_able()
        })
    }

    /// Unregisters a node's phones when its Cisco CallManager goes.
    ///
    /// claim: CUCM-CALLMANAGER-RESTART-PHONES
    pub(crate) fn phones_leave(&mut self, place: &Place) {
        let unix = self.now.unix;
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        for phone in cluster
            .phones
            .iter_mut()
            .filter(|phone| phone.node == place.node)
        {
            phone.turn(false, unix);
        }
    }

    /// Lets a node's phones come back to its Cisco CallManager.
    pub(crate) fn phones_come_back(&mut self, place: &Place) {
        self.start_phones(&place.cluster, RETURN, |phone| {
            phone.node == place.node && phone.is_able() && !phone.registered
        });
    }

    fn start_phones(
        &mut self,
        cluster: &str,
        takes: Duration,
        mut chosen: impl FnMut(&mut Phone) -> bool,
    ) -> usize {
        let now = self.now;
        let due_ms = now.ms.saturating_add(self.world.scaled_ms(takes));
        let Some(found) = self.clusters.get_mut(cluster) else {
            return 0;
        };
        let mut count = 0;
        for phone in &mut found.phones {
            if chosen(phone) {
                phone.turn(false, now.unix);
                phone.due_ms = Some(due_ms);
                count += 1;
            }
        }
        if count > 0 {
            let cluster = cluster.to_owned();
            self.later(takes, Due::Phones { cluster });
        }
        count
    }

    /// Lets every phone that is ready fetch its files and register.
    pub(crate) fn phones_are_due(&mut self, cluster: &str) {
        let now = self.now;
        let retry_ms = now.ms.saturating_add(self.world.scaled_ms(RETRY));
        let Some(found) = self.clusters.get_mut(cluster) else {
            return;
        };
        let nodes: BTreeSet<String> = found
            .phones
            .iter()
            .map(|phone| phone.node.clone())
            .collect();
        let meetings: BTreeMap<String, Meeting> = nodes
            .into_iter()
            .map(|node| (node.clone(), meeting(found, &node, now.unix)))
            .collect();
        let (mut registered, mut stranded, mut waits) = (BTreeMap::new(), Vec::new(), false);
        let ready = |phone: &&mut Phone| {
            phone.is_able() && phone.due_ms.is_some_and(|due_ms| due_ms <= now.ms)
        };
        for phone in found.phones.iter_mut().filter(ready) {
            phone.due_ms = None;
            match meetings.get(&phone.node) {
                Some(Meeting::Offer(offer)) => match evaluate(phone, offer) {
                    Ok(holding) => {
                        phone.holding = holding;
                        if std::mem::take(&mut phone.fetches) {
                            phone.fetched_ms = Some(now.ms);
                        }
                        phone.turn(true, now.unix);
                        *registered.entry(phone.node.clone()).or_insert(0_usize) += 1;
                    }
                    Err(why) => {
                        phone.stranded = Some(why.to_string());
                        stranded.push((phone.node.clone(), format!("{}: {why}", phone.name)));
                    }
                },
                Some(Meeting::NoFiles) => {
                    phone.due_ms = Some(retry_ms);
                    waits = true;
                }
                // It registers when that service is back.
                Some(Meeting::NoCallManager) | None => {}
            }
        }
        for (node, count) in registered {
            let place = Place::new(cluster, &node);
            let detail = format!("{count} phones");
            self.note(
                &place,
                Channel::Lab,
                Kind::Effect,
                "phones-registered",
                &detail,
            );
        }
        for (node, detail) in stranded {
            let place = Place::new(cluster, &node);
            self.note(
                &place,
                Channel::Lab,
                Kind::Violation,
                "phone-stranded",
                &detail,
            );
        }
        self.close_changes(cluster);
        if waits {
            let cluster = cluster.to_owned();
            self.later(RETRY, Due::Phones { cluster });
        }
    }
}

/// What a phone meets at its node.
enum Meeting {
    Offer(Box<Offer>),
    NoFiles,
    NoCallManager,
}

fn evaluate(phone: &Phone, offer: &Offer) -> Result<Holding, evaluation::Untrusted> {
    let holding = if phone.fetches {
        evaluation::fetch(&phone.holding, offer)?
    } else {
        phone.holding.clone()
    };
    let credentials = Credentials {
        mode: phone.mode,
        lsc: phone.lsc.as_deref(),
    };
    evaluation::register(credentials, &holding, offer)?;
    Ok(holding)
}

/// What the phones of a node are offered. Files come from its own TFTP service, or from another one that runs.
fn meeting(cluster: &Cluster, home: &str, unix: i64) -> Meeting {
    let Some(node) = cluster
        .node(home)
        .filter(|node| runs(node, Face::Sip.service()))
    else {
        return Meeting::NoCallManager;
    };
    let mut servers = std::iter::once(node).chain(&cluster.nodes);
    let Some(server) = servers.find(|node| runs(node, Face::Tftp.service())) else {
        return Meeting::NoFiles;
    };
    let signed = |list: &TrustList| list.signer.clone();
    let itl = cluster.itl(server, unix);
    let signs = server.services.get(Face::Tftp.service());
    let signs = signs.and_then(|service| service.loaded.get("CallManager").cloned());
    Meeting::Offer(Box::new(Offer {
        ctl: cluster.ctl(unix).map(|list| Signed {
            signer: signed(&list),
            content: list.signers(),
        }),
        itl: Signed {
            signer: signed(&itl),
            content: itl.held(),
        },
        configuration: signs
            .or_else(|| server.stored("CallManager"))
            .unwrap_or_default(),
        verifiers: verifiers(cluster),
        known: known(cluster),
        callmanager: node.served(Face::Sip).unwrap_or_default(),
        authorities: authorities(cluster, node),
    }))
}

fn runs(node: &Node, service: &str) -> bool {
    let found = node.services.get(service);
    found.is_some_and(|service| service.state == ServiceState::Started)
}

/// claim: PHONE-ACCEPTS
fn verifiers(cluster: &Cluster) -> BTreeSet<String> {
    let running = cluster
        .nodes
        .iter()
        .filter(|node| runs(node, Face::Tvs.service()));
    running.filter_map(|node| node.served(Face::Tvs)).collect()
}

/// claim: PHONE-TVS-KNOWS
fn known(cluster: &Cluster) -> BTreeSet<String> {
    let of_node = |node: &Node| {
        let own = node
            .identities
            .values()
            .map(|identity| fingerprint(&identity.certificate));
        let trusted = node
            .trusts
            .values()
            .flatten()
            .map(|certificate| fingerprint(certificate));
        own.chain(trusted).collect::<Vec<_>>()
    };
    cluster.nodes.iter().flat_map(of_node).collect()
}

/// The CAPF certificates whose signatures on phones' own certificates count.
///
/// claim: PHONE-LSC-CAPF
fn authorities(cluster: &Cluster, node: &Node) -> BTreeSet<String> {
    let prints = |node: &Node, store: &str| -> BTreeSet<String> {
        let entries = node.trusts.get(store).into_iter().flatten();
        entries
            .map(|certificate| fingerprint(certificate))
            .collect()
    };
    let of_capf = cluster
        .publisher()
        .map(|publisher| prints(publisher, "CAPF-trust"));
    let here = prints(node, "CallManager-trust");
    here.intersection(&of_capf.unwrap_or_default())
        .cloned()
        .collect()
}
