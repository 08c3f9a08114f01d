//! The server certificates of a cluster's peers that are due, with everything settled that their steps need.

use std::collections::BTreeSet;

use crate::model::{
    Distribution, Issuer, KeyAlgorithm, NodeName, Observed, Procedure, SubjectName, UsageRule,
};

use super::super::Question;
use super::super::due::Due;
use super::super::facts::{Refusals, unknown};
use super::super::refusal::Refusal;
use super::super::trust::chain_refusals;
use super::request::{Request, requests};
use super::{Party, SERVER};

/// The lengths of an RSA key that a peer makes. Source: expressway §2.2.
const KEYS: [u32; 2] = [2048, 4096];

/// What is due in one cluster.
pub(in crate::plan) struct Server<'a> {
    pub(in crate::plan) due: Due<'a>,
    pub(in crate::plan) issuer: &'a Issuer,
    pub(super) procedure: &'a Procedure,
    /// What the issued certificates must carry.
    pub(super) carries: &'a UsageRule,
    pub(super) requests: Vec<Request>,
}

impl<'a> Server<'a> {
    /// Settles what is due.
    ///
    /// # Errors
    /// Every reason why it cannot be done safely.
    pub(super) fn settle(
        question: &Question<'a>,
        party: &Party<'a>,
        due: Due<'a>,
    ) -> Result<Self, Refusals> {
        let procedure = party
            .procedure(question, SERVER)
            .map_err(|refusal| vec![refusal])?;
        let release = party.release()?;
        let mut refusals = asked(party, &due);
        refusals.extend(pending(party, &due));
        let issuer = question.desired.issuers.get(&due.wanted.issuer);
        match issuer {
            Some(issuer) => {
                refusals.extend(chain_refusals(
                    party.cluster,
                    question.now,
                    due.wanted,
                    issuer,
                ));
            }
            None => refusals.push(party.refuse(
                format!(
                    "expected issuer {}; the estate names no such issuer",
                    due.wanted.issuer
                ),
                "Add the issuer to the estate file.",
            )),
        }
        let mut rules = procedure.usages.iter();
        let carries = rules.find(|rule| rule.releases.contains(&release));
        if carries.is_none() {
            refusals.push(party.refuse(
                format!(
                    "expected the {SERVER} procedure to name the usages for release {release}; it names none"
                ),
                "Use a playbook that covers this release.",
            ));
        }
        match (issuer, carries) {
            (Some(issuer), Some(carries)) if refusals.is_empty() => Ok(Self {
                requests: requests(question.observation, party, &due),
                due,
                issuer,
                procedure,
                carries,
            }),
            _ => Err(refusals),
        }
    }

    /// The codes of the findings that a step on some peers answers.
    pub(in crate::plan) fn because<'n>(
        &self,
        nodes: impl IntoIterator<Item = &'n NodeName>,
    ) -> BTreeSet<String> {
        let nodes: BTreeSet<&NodeName> = nodes.into_iter().collect();
        let findings = self.due.findings.iter();
        findings
            .filter(|finding| {
                finding
                    .node
                    .as_ref()
                    .is_none_or(|node| nodes.contains(node))
            })
            .map(|finding| finding.code.to_string())
            .collect()
    }
}

/// What a peer cannot be asked for.
fn asked(party: &Party<'_>, due: &Due<'_>) -> Refusals {
    let wanted = due.wanted;
    let mut refusals = Vec::new();
    if wanted.distribution == Distribution::MultiServer {
        let says = "expected one certificate for each peer, because a peer's key never leaves it; found multi-server";
        refusals.push(party.refuse(says, "Set `distribution: this-server` for it."));
    }
    let key = wanted.key;
    if key.algorithm != KeyAlgorithm::Rsa || !KEYS.contains(&key.bits) {
        let says = format!("expected a key that a peer makes, rsa-2048 or rsa-4096; found {key}");
        refusals.push(party.refuse(says, "Ask for one of these.").breaking("I24"));
    }
    for name in &wanted.also {
        let plain = matches!(name, SubjectName::Dns(text) if !text.contains('*'));
        if !plain {
            let says = format!("expected DNS names without wildcards; found {name}");
            let next = "Remove it from `names: {also: […]}`.";
            refusals.push(party.refuse(says, next).breaking("I24"));
        }
    }
    refusals
}

/// A request that waits belongs to somebody; a peer has one at a time, and a new one would destroy its key.
fn pending(party: &Party<'_>, due: &Due<'_>) -> Refusals {
    let waiting = |node: &NodeName| -> Option<Refusal> {
        match party.state.nodes.get(node)?.pending.get(&due.wanted.purpose)? {
            Observed::Absent => None,
            Observed::Unknown(why) => {
                Some(unknown(party.cluster, "whether a request waits", why).breaking("I7"))
            }
            Observed::Present(request) => Some(
                party
                    .refuse(
                        format!(
                            "expected no signing request that waits; found one for {} with key {}, which a new request \
                             would destroy",
                            request.subject,
                            request.key.sha256.short()
                        ),
                        "Finish that renewal, or discard the request in the peer's web pages (Maintenance, Security, \
                         Server certificate), then plan again.",
                    )
                    .breaking("I7"),
            ),
        }
        .map(|refusal| refusal.at([node]))
    };
    due.nodes.iter().filter_map(waiting).collect()
}
