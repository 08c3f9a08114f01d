//! The steps of a cluster of peers, in the order in which they are carried out.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Distribution, Fingerprint, NodeName, Procedure, Release, RestartRule, StepId, Store,
};

use super::super::Question;
use super::super::activate::ONE_LOOK;
use super::super::basis;
use super::super::beliefs::Way;
use super::super::draft::{Draft, cited, step};
use super::super::stages::ONE_CALL;
use super::super::step::{Action, ClusterPlan, Condition, IssueTerms, Reversal, Stage, Step};
use super::super::trusting::{Wanted, whose};
use super::server::Server;
use super::trust::{Need, Upload};
use super::{Party, Planned, STORE, survey};

/// What to do with an authority that is not wanted any more. Source: expressway §2.3.
const TRUST_WAY_BACK: &str = "Delete it in the peer's web pages (Maintenance, Security, Trusted CA certificate), only \
    while nothing chains to it, and restart the peer. No call is known that does.";

/// What to do with a request that is not wanted any more. Source: expressway §2.2.
const REQUEST_WAY_BACK: &str = "Discard the request in the peer's web pages (Maintenance, Security, Server certificate). \
    Its key is lost then; the certificate in service is not touched.";

/// Why one step comes before another.
const LIST_BEFORE_REQUEST: &str =
    "a list that does not take the chain is found before anybody signs anything";
const BY_NAME: &str = "one peer after the other, by name";

/// The plan of one cluster while it grows.
pub(super) struct Course<'p, 'a> {
    pub(super) party: &'p Party<'a>,
    pub(super) draft: Draft,
    pub(super) plan: ClusterPlan,
    /// How a peer restarts; none where nothing does.
    pub(super) restart: Option<(&'a Procedure, &'a RestartRule)>,
    pub(super) needs: Vec<Need<'a>>,
    pub(super) uploads: Vec<Upload<'a>>,
    /// The trust uploads of each peer, in order.
    pub(super) trusted: BTreeMap<NodeName, Vec<StepId>>,
    /// The request of each peer.
    pub(super) requested: BTreeMap<NodeName, StepId>,
    /// The upload of each peer's certificate.
    pub(super) stored: BTreeMap<NodeName, StepId>,
}

impl<'p, 'a> Course<'p, 'a> {
    pub(super) fn new(
        party: &'p Party<'a>,
        release: Release,
        restart: Option<(&'a Procedure, &'a RestartRule)>,
        needs: Vec<Need<'a>>,
        uploads: Vec<Upload<'a>>,
    ) -> Self {
        let mut first_write = Vec::new();
        for node in &party.nodes {
            first_write.push(super::rounds::healthy(node));
            first_write.extend(super::rounds::traverses(party, node));
        }
        Self {
            draft: Draft::of(party.cluster, Way::Peer, first_write),
            plan: ClusterPlan {
                product: party.state.product,
                release,
                nodes: party.nodes.clone(),
                steps: Vec::new(),
                edges: Vec::new(),
                basis: basis(party.state),
                phones: None,
                findings: Vec::new(),
                reminders: Vec::new(),
            },
            party,
            restart,
            needs,
            uploads,
            trusted: BTreeMap::new(),
            requested: BTreeMap::new(),
            stored: BTreeMap::new(),
        }
    }

    /// Every step, in order.
    pub(super) fn planned(mut self, question: &Question<'_>, wanted: &[Wanted<'_>]) -> Planned {
        self.prepare();
        let issued = self.request();
        let ready: Vec<StepId> = issued.iter().cloned().collect();
        let trust = self.trust_round(wanted, &ready);
        let loaded = match &trust {
            Some((_, last)) => Some(last.clone()),
            None if wanted.is_empty() => None,
            None => Some(self.look(wanted)),
        };
        self.install(issued.as_ref(), loaded.as_ref());
        let identity = self.identity_round();
        self.renew_client(question, identity.as_ref().map(|(_, last)| last));
        let last = identity
            .as_ref()
            .or(trust.as_ref())
            .map(|(_, last)| last.clone());
        if let Some(last) = last {
            self.verify(&last);
        }
        if let Some(server) = &self.party.server {
            let renewed = self.party.renewed();
            let about = |node: &NodeName| renewed.contains(node);
            let findings: BTreeSet<_> = server.due.findings.iter().collect();
            let findings = findings
                .into_iter()
                .filter(|it| it.node.as_ref().is_none_or(about));
            self.plan.findings = findings.map(|finding| (*finding).clone()).collect();
        }
        let reminders = survey::reminders(question, self.party, wanted);
        self.plan.reminders.extend(reminders);
        self.draft.finish(&mut self.plan);
        Planned {
            plan: self.plan,
            loaded,
            rounds: [trust, identity],
        }
    }

    /// Spreads the chains: peer by peer, every root before what it signed.
    fn prepare(&mut self) {
        let mut placed: BTreeMap<(NodeName, Fingerprint), StepId> = BTreeMap::new();
        for upload in std::mem::take(&mut self.uploads) {
            let Some(need) = self.needs.get(upload.need) else {
                continue;
            };
            let id = self.draft.add(self.trust_step(&upload, need));
            let above = need
                .below
                .map(|signer| (upload.node.clone(), signer.clone()));
            if let Some(above) = above.and_then(|key| placed.get(&key)) {
                let why = "an authority is uploaded after the one that signed it (I5)";
                self.draft.edge(above, &id, why);
            }
            let sha256 = upload.authority.certificate.sha256.clone();
            placed.insert((upload.node.clone(), sha256), id.clone());
            self.trusted
                .entry(upload.node.clone())
                .or_default()
                .push(id);
            self.uploads.push(upload);
        }
    }

    fn trust_step(&self, upload: &Upload<'_>, need: &Need<'_>) -> Step {
        let certificate = &upload.authority.certificate;
        let title = certificate.title().to_owned();
        let whose: Vec<&str> = need.whose.iter().map(String::as_str).collect();
        let why = format!(
            "The new certificates ({}) are refused until this peer's own list holds {title}.",
            whose.join(", ")
        );
        Step {
            node: Some(upload.node.clone()),
            after: vec![trusts(&upload.node, &certificate.sha256)],
            takes: ONE_CALL,
            reversal: Reversal::Manual {
                how: TRUST_WAY_BACK.to_owned(),
            },
            because: need.because.clone(),
            sources: self.sources(|procedure| {
                procedure
                    .stores
                    .iter()
                    .map(|rule| rule.source.as_str())
                    .collect()
            }),
            ..step(
                Stage::Prepare,
                Action::UploadTrust {
                    store: Store::from(STORE),
                    sha256: certificate.sha256.clone(),
                    title,
                    pem: upload.authority.pem.clone(),
                },
                why,
            )
        }
    }

    pub(super) fn sources(&self, lines: impl Fn(&'a Procedure) -> Vec<&'a str>) -> Vec<String> {
        let of = |(procedure, _): (&'a Procedure, _)| cited(procedure, &lines(procedure));
        self.restart.map_or_else(Vec::new, of)
    }

    /// Has keys and requests made and waits for the certificates.
    fn request(&mut self) -> Option<StepId> {
        let server = self.party.server.as_ref()?;
        let mut last: Option<StepId> = None;
        for request in &server.requests {
            let id = self.draft.next();
            let step = request_step(server, request, &id);
            self.draft.add(step);
            let trusted = self.trusted.get(&request.node).into_iter().flatten();
            self.draft.edges(trusted, &id, LIST_BEFORE_REQUEST);
            if let Some(last) = &last {
                self.draft.edge(last, &id, BY_NAME);
            }
            self.requested.insert(request.node.clone(), id.clone());
            last = Some(id);
        }
        let requests: BTreeSet<StepId> = self.requested.values().cloned().collect();
        let action = Action::AwaitCertificates {
            issuer: server.due.wanted.issuer.clone(),
            requests: requests.clone(),
            terms: terms(server),
        };
        let why = "Each certificate is checked against its request and these terms before any upload; a peer may take a \
                   wrong one with a warning, and serve it.";
        let id = self.draft.add(Step {
            because: server.because(&server.due.nodes),
            sources: cited(server.procedure, &[&server.carries.source]),
            ..step(Stage::Request, action, why)
        });
        self.draft
            .edges(&requests, &id, "the issuer signs what the peers made");
        Some(id)
    }

    /// Adds the step that reads again that every list holds what others are about to show.
    fn look(&mut self, wanted: &[Wanted<'_>]) -> StepId {
        let after = self.all_needs();
        let what = format!("every peer trusts the new certificates ({})", whose(wanted));
        self.draft.add(Step {
            after,
            takes: ONE_LOOK,
            because: wanted.iter().flat_map(|it| it.because.iter().cloned()).collect(),
            ..step(
                Stage::Prepare,
                Action::Confirm { what },
                "Every authority was there when the plan was made; it is read again before the other cluster changes (I16).",
            )
        })
    }

    /// Every authority that is needed, on every peer that has it or gets it; a peer that is cut away may lack it.
    pub(super) fn all_needs(&self) -> Vec<Condition> {
        let store = Store::from(STORE);
        let nodes = self.party.state.nodes.iter();
        let all = nodes.flat_map(|(name, node)| self.needs.iter().map(move |it| (name, node, it)));
        all.filter_map(|(name, node, need)| {
            let sha256 = &need.authority.certificate.sha256;
            let gets =
                |it: &Upload<'_>| it.node == *name && it.authority.certificate.sha256 == *sha256;
            let holds = node.trusts(&store, sha256) == Some(true);
            (holds || self.uploads.iter().any(gets)).then(|| trusts(name, sha256))
        })
        .collect()
    }

    /// Stores the new certificates. Nothing serves them yet.
    fn install(&mut self, issued: Option<&StepId>, loaded: Option<&StepId>) {
        let Some(server) = self.party.server.as_ref() else {
            return;
        };
        let mut last: Option<StepId> = None;
        for request in &server.requests {
            let node = &request.node;
            let Some(made) = self.requested.get(node).cloned() else {
                continue;
            };
            let id = self.draft.add(upload_step(server, node, &made));
            self.draft.edges(
                issued,
                &id,
                "the certificate must exist and have passed its checks (I6)",
            );
            let trusted = self.trusted.get(node).into_iter().flatten();
            self.draft.edges(
                trusted,
                &id,
                "a certificate is refused until its whole chain is trusted (I5)",
            );
            let why = "what is stored is served after any restart, so that every list counts before (I16)";
            self.draft.edges(loaded, &id, why);
            if let Some(last) = &last {
                self.draft.edge(last, &id, BY_NAME);
            }
            self.stored.insert(node.clone(), id.clone());
            last = Some(id);
        }
    }
}

fn upload_step(server: &Server<'_>, node: &NodeName, made: &StepId) -> Step {
    let purpose = server.due.wanted.purpose.clone();
    let mut before = vec![Condition::RequestOf {
        node: node.clone(),
        purpose: purpose.clone(),
        step: made.clone(),
    }];
    let chain = server.issuer.chain.iter();
    before.extend(chain.map(|it| trusts(node, &it.certificate.sha256)));
    let after = vec![
        Condition::IdentityOf {
            node: node.clone(),
            purpose: purpose.clone(),
            step: made.clone(),
        },
        Condition::NoRequest {
            node: node.clone(),
            purpose: purpose.clone(),
        },
    ];
    Step {
        node: Some(node.clone()),
        before,
        after,
        takes: ONE_CALL,
        reversal: Reversal::Irreversible {
            recovery: server.procedure.irreversible.text.clone(),
        },
        because: server.because([node]),
        sources: cited(server.procedure, &[&server.procedure.irreversible.source]),
        ..step(
            Stage::Install,
            Action::UploadIdentity {
                purpose,
                request: made.clone(),
                nodes: [node.clone()].into(),
            },
            "Stored now, served only after the restart; a peer that restarts by accident serves it then.",
        )
    }
}

fn request_step(server: &Server<'_>, request: &super::request::Request, id: &StepId) -> Step {
    let wanted = server.due.wanted;
    let node = &request.node;
    Step {
        node: Some(node.clone()),
        before: vec![Condition::NoRequest {
            node: node.clone(),
            purpose: wanted.purpose.clone(),
        }],
        after: vec![Condition::RequestOf {
            node: node.clone(),
            purpose: wanted.purpose.clone(),
            step: id.clone(),
        }],
        takes: ONE_CALL,
        reversal: Reversal::Manual {
            how: REQUEST_WAY_BACK.to_owned(),
        },
        because: server.because([node]),
        sources: cited(server.procedure, &[&server.carries.source]),
        ..step(
            Stage::Request,
            Action::GenerateRequest {
                purpose: wanted.purpose.clone(),
                distribution: Distribution::ThisServer,
                nodes: [node.clone()].into(),
                common_name: request.common_name.clone(),
                names: request.names.clone(),
                key: wanted.key,
                hash: server.procedure.hash.clone(),
            },
            "A new certificate needs a request of this peer; its key never leaves the peer.",
        )
    }
}

fn terms(server: &Server<'_>) -> IssueTerms {
    let chain = server.issuer.chain.iter();
    IssueTerms {
        chain: chain.map(|it| it.certificate.sha256.clone()).collect(),
        key_usage: server.carries.key_usage.iter().cloned().collect(),
        extended_usage: server.carries.extended_usage.iter().cloned().collect(),
        at_least: server.due.wanted.renew_before,
    }
}

/// The list of a peer holds an authority.
pub(super) fn trusts(node: &NodeName, sha256: &Fingerprint) -> Condition {
    Condition::Trusts {
        node: node.clone(),
        store: Store::from(STORE),
        sha256: sha256.clone(),
    }
}
