//! The two rounds of restarts, one peer at a time: first the lists of authorities take effect, then the certificates.
// claim: EXPRESSWAY-TRUST-AFTER-RESTART, EXPRESSWAY-ACTIVE-AFTER-RESTART

use std::collections::BTreeSet;

use crate::model::{
    ClaimId, ControlPath, Listener, NodeName, Observed, Proof, ServiceName, StepId, Tunnel,
    WHOLE_PEER, ZoneKind,
};

use super::super::Question;
use super::super::activate::ONE_LOOK;
use super::super::draft::{cited, step};
use super::super::step::{Action, Condition, Disruption, Reversal, Stage, Step};
use super::super::trusting::{Wanted, whose};
use super::steps::{Course, trusts};
use super::{Party, survey};

/// What to do about a restart that goes wrong. Source: expressway §5.
const RESTART_WAY_BACK: &str = "A restart cannot be taken back. If the peer does not come up, look at its console and \
    restart no other peer meanwhile: those that run carry its load.";

const ONE_AT_A_TIME: &str =
    "one peer at a time: the next only when the last is back with its zones and tunnels (I9, I26)";

/// First restart and last proof of a round.
type Round = Option<(StepId, StepId)>;

/// The peer runs.
pub(super) fn healthy(node: &NodeName) -> Condition {
    Condition::Healthy {
        node: node.clone(),
        services: [ServiceName::from(WHOLE_PEER)].into(),
    }
}

/// The traversal of a peer as it was seen; none where nothing was active.
pub(super) fn traverses(party: &Party<'_>, node: &NodeName) -> Option<Condition> {
    let told = party.state.nodes.get(node)?.expressway.present()?;
    let zones = told.zones.present().into_iter().flatten();
    let active = zones.filter(|zone| {
        let is = |status: &String| status.eq_ignore_ascii_case("active");
        zone.kind != ZoneKind::Other && zone.status.present().is_some_and(is)
    });
    let zones: BTreeSet<String> = active.map(|zone| zone.name.clone()).collect();
    let tunnels = told.tunnels.present().map_or(&[][..], Vec::as_slice);
    let up = tunnels
        .iter()
        .filter(|it| Tunnel::is_established(it))
        .count();
    let tunnels = u64::try_from(up).unwrap_or(u64::MAX);
    (!zones.is_empty() || tunnels > 0).then(|| Condition::Traverses {
        node: node.clone(),
        zones,
        tunnels,
    })
}

impl Course<'_, '_> {
    /// Restarts every peer whose list has grown.
    pub(super) fn trust_round(&mut self, wanted: &[Wanted<'_>], ready: &[StepId]) -> Round {
        let nodes: Vec<NodeName> = self.trusted.keys().cloned().collect();
        let mut first = None;
        let mut proved: Vec<StepId> = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let uploads = self.trusted.get(node).cloned().unwrap_or_default();
            let added = self.added(node);
            let because = self.because(node);
            let id = self.restart_step(
                node,
                added.clone(),
                because.clone(),
                "What was added to its list of authorities counts for connections after a restart.",
            )?;
            self.draft.edges(
                &uploads,
                &id,
                "a restart is asked for only after every upload was read back (I8)",
            );
            let why = "nobody is disturbed for certificates that may never come";
            self.draft.edges(ready, &id, why);
            self.draft.edges(&proved, &id, ONE_AT_A_TIME);
            first.get_or_insert(id.clone());
            let mut after: Vec<Condition> = uploads
                .last()
                .map(|last| since(node, last))
                .into_iter()
                .collect();
            if at + 1 == nodes.len() {
                after.extend(self.all_needs());
            } else {
                after.extend(added);
            }
            let what = match wanted {
                [] => "it is back and trusts what was added".to_owned(),
                wanted => format!(
                    "it is back and trusts the new certificates ({})",
                    whose(wanted)
                ),
            };
            let claims = ["EXPRESSWAY-TRUST-AFTER-RESTART"].map(ClaimId::from).into();
            proved = vec![self.prove(node, &id, after, what, Step {
                because,
                rests_on: claims,
                ..step(Stage::Activate, Action::Confirm { what: String::new() }, "The list is read by a peer when it starts; its zones and tunnels must be as they were before the next.")
            })];
        }
        Some((first?, proved.pop()?))
    }

    /// What was added to the list of a peer.
    fn added(&self, node: &NodeName) -> Vec<Condition> {
        let uploads = self.uploads.iter().filter(|upload| upload.node == *node);
        uploads
            .map(|upload| trusts(node, &upload.authority.certificate.sha256))
            .collect()
    }

    /// The codes of the findings behind what was added to the list of a peer.
    fn because(&self, node: &NodeName) -> BTreeSet<String> {
        let uploads = self.uploads.iter().filter(|upload| upload.node == *node);
        let needs = uploads.filter_map(|upload| self.needs.get(upload.need));
        needs
            .flat_map(|need| need.because.iter().cloned())
            .collect()
    }

    /// Restarts every peer that got a certificate.
    pub(super) fn identity_round(&mut self) -> Round {
        let server = self.party.server.as_ref()?;
        let stored = self.stored.clone();
        let mut first = None;
        let mut proved: Vec<StepId> = stored.values().cloned().collect();
        let mut why = "a restart is asked for only after every upload was read back (I8)";
        for (node, upload) in &stored {
            let made = self.requested.get(node)?.clone();
            let holds = Condition::IdentityOf {
                node: node.clone(),
                purpose: server.due.wanted.purpose.clone(),
                step: made.clone(),
            };
            let because = server.because([node]);
            let id = self.restart_step(
                node,
                vec![holds],
                because.clone(),
                "The peer goes on with the old certificate until it restarts.",
            )?;
            self.draft.edges(&proved, &id, why);
            why = ONE_AT_A_TIME;
            first.get_or_insert(id.clone());
            let mut after = self.serves(node, &made);
            after.push(since(node, upload));
            let proofs: Vec<&str> = server
                .procedure
                .proof
                .iter()
                .map(|it| it.source.as_str())
                .collect();
            let what = "it serves its new certificate and is back".to_owned();
            proved = vec![self.prove(node, &id, after, what, Step {
                because,
                sources: cited(server.procedure, &proofs),
                ..step(Stage::Activate, Action::Confirm { what: String::new() }, "A reply proves nothing; its ports are asked for the certificate, and its zones and tunnels must be as they were.")
            })];
        }
        Some((first?, proved.pop()?))
    }

    /// The ports by which a new certificate is seen, by the playbook.
    fn serves(&self, node: &NodeName, made: &StepId) -> Vec<Condition> {
        let rules = self.party.server.iter().flat_map(|it| &it.procedure.proof);
        let ports = rules.filter_map(|rule| match rule.by {
            Proof::Port { port, key, always } => {
                let listener = Listener { port, key };
                (always || self.served_before(node, listener)).then_some(listener)
            }
            Proof::Service(_) => None,
        });
        let serves = |listener| Condition::Serves {
            node: node.clone(),
            listener,
            step: made.clone(),
        };
        ports.map(serves).collect()
    }

    fn served_before(&self, node: &NodeName, listener: Listener) -> bool {
        let served = self
            .party
            .state
            .nodes
            .get(node)
            .and_then(|it| it.served.get(&listener));
        matches!(served, Some(Observed::Present(_)))
    }

    fn restart_step(
        &mut self,
        node: &NodeName,
        before: Vec<Condition>,
        because: BTreeSet<String>,
        why: &str,
    ) -> Option<StepId> {
        let (procedure, rule) = self.restart?;
        let service = ServiceName::from(WHOLE_PEER);
        Some(self.draft.add(Step {
            node: Some(node.clone()),
            before,
            after: vec![Condition::Runs {
                node: node.clone(),
                service: service.clone(),
            }],
            disruption: Some(Disruption {
                service: service.clone(),
                loses: rule.outage.clone(),
                lasts: rule.takes,
            }),
            takes: rule.takes,
            reversal: Reversal::Manual {
                how: RESTART_WAY_BACK.to_owned(),
            },
            because,
            sources: cited(procedure, &[&rule.source]),
            rests_on: rule.claims.iter().cloned().collect(),
            ..step(
                Stage::Activate,
                Action::RestartService {
                    service,
                    by: ControlPath::Peer,
                },
                why,
            )
        }))
    }

    /// Adds the proof of a restart: what is given, and that the peer is as it was.
    fn prove(
        &mut self,
        node: &NodeName,
        restart: &StepId,
        mut after: Vec<Condition>,
        what: String,
        rest: Step,
    ) -> StepId {
        after.push(healthy(node));
        after.extend(traverses(self.party, node));
        let id = self.draft.add(Step {
            node: Some(node.clone()),
            action: Action::Confirm { what },
            after,
            takes: ONE_LOOK,
            ..rest
        });
        self.draft.edge(
            restart,
            &id,
            "a restart is done when it is seen that the peer is back (I8)",
        );
        id
    }

    /// Has a person renew the client certificates that were copies of the old server certificate.
    // claim: EXPRESSWAY-CLIENT-STORE
    pub(super) fn renew_client(&mut self, question: &Question<'_>, after: Option<&StepId>) {
        let Some(after) = after else {
            return;
        };
        let copies = survey::copies(self.party);
        if copies.is_empty() {
            return;
        }
        let names: Vec<&str> = copies.iter().map(|node| node.as_str()).collect();
        let how = survey::client_way(question, self.party);
        let instruction = format!(
            "Renew the client certificate of {}: each is a copy of the server certificate that has just been replaced. \
             {how} Then `reissue mark` this step.",
            names.join(", ")
        );
        let id = self.draft.add(Step {
            ..step(
                Stage::Activate,
                Action::Person { instruction },
                "No call is known by which this tool could do or see it.",
            )
        });
        self.draft.edge(
            after,
            &id,
            "the new server certificate is in effect before it is copied",
        );
    }

    /// Reads the whole cluster again.
    pub(super) fn verify(&mut self, proved: &StepId) {
        let mut after = Vec::new();
        let mut because = BTreeSet::new();
        if let Some(server) = &self.party.server {
            for (node, made) in &self.requested {
                after.push(Condition::IdentityOf {
                    node: node.clone(),
                    purpose: server.due.wanted.purpose.clone(),
                    step: made.clone(),
                });
                after.extend(self.serves(node, made));
            }
            because.extend(server.because(&server.due.nodes));
        }
        for need in &self.needs {
            because.extend(need.because.iter().cloned());
        }
        after.extend(self.all_needs());
        for node in &self.party.nodes {
            after.push(healthy(node));
            after.extend(traverses(self.party, node));
        }
        let id = self.draft.add(Step {
            after,
            takes: ONE_LOOK,
            because,
            ..step(
                Stage::Verify,
                Action::Confirm {
                    what: "every peer holds, serves and trusts what this plan wanted".to_owned(),
                },
                "What was true of each peer right after its restart must still be true of all of them.",
            )
        });
        self.draft
            .edge(proved, &id, "every peer was proved by itself before");
    }
}

fn since(node: &NodeName, upload: &StepId) -> Condition {
    Condition::StartedSince {
        node: node.clone(),
        service: ServiceName::from(WHOLE_PEER),
        step: upload.clone(),
    }
}
