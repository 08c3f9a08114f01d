//! Signing requests and the certificates awaited for them (I5, I6, I7, I8, I18, I28).

use std::collections::BTreeSet;

use crate::model::{Distribution, Fingerprint, NodeName, Purpose, StepId, SubjectName};
use crate::plan::{Action, ClusterPlan, Condition, IssueTerms, Step};

use super::catalogue::{self, Nodes};
use super::node::{Held, Request};
use super::world::World;
use super::{Judge, PLAN_AGAIN};

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    match &step.action {
        Action::GenerateRequest {
            purpose,
            distribution,
            nodes,
            names,
            ..
        } => {
            covers(judge, world, step, purpose, *distribution, nodes);
            named(judge, step, nodes, names);
            freeze(judge, world, step, purpose, nodes);
        }
        Action::AwaitCertificates {
            requests, terms, ..
        } => {
            for request in requests {
                let made = world.asked.contains_key(request);
                judge.require(made, "I6", Some(step), &[], || {
                    (
                        format!("{request} made no request before, so that nothing can be signed"),
                        PLAN_AGAIN.to_owned(),
                    )
                });
            }
            links(judge, world, step, requests, terms);
        }
        Action::Person { .. }
        | Action::UploadTrust { .. }
        | Action::UploadIdentity { .. }
        | Action::RestartService { .. }
        | Action::UpdateTrustList {}
        | Action::ResetPhones { .. }
        | Action::Confirm { .. } => {}
    }
}

/// I6 and I8: a request covers its own node alone, or comes from the node that leads and covers every node that
/// shares the purpose. A shared certificate lands on all of them, so that one left out would serve it unproved.
fn covers(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    purpose: &Purpose,
    distribution: Distribution,
    nodes: &BTreeSet<NodeName>,
) {
    if distribution == Distribution::ThisServer {
        let own = nodes.iter().eq(step.node.as_ref());
        judge.require(own, "I6", Some(step), &[], || {
            (
                "a request for one server covers exactly the node that makes it".to_owned(),
                PLAN_AGAIN.to_owned(),
            )
        });
        return;
    }
    let shared_by = catalogue::known(purpose).and_then(|known| known.shared_by);
    let shared_by = shared_by.filter(|_| world.release.has_certificate_interface());
    let Some(shared_by) = shared_by else {
        judge.breaks(
            "I6",
            Some(step),
            &[],
            format!(
                "{purpose} cannot be shared by the nodes of a cluster of release {}",
                world.release
            ),
            "Ask for one certificate for each node.",
        );
        return;
    };
    let sharing = |node: &&NodeName| shared_by.contain(world.seen, node);
    let leads = match shared_by {
        Nodes::Presence => world.seen.presence_publisher.present(),
        Nodes::All | Nodes::Publisher | Nodes::CallProcessing | Nodes::Own => {
            world.seen.publisher()
        }
    };
    judge.require(step.node.is_some() && step.node.as_ref() == leads, "I6", Some(step), &[], || {
        (
            "a shared request is made by the publisher, for presence nodes by theirs; the cluster takes none from another node"
                .to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
    let left_out: Vec<&NodeName> = world
        .nodes
        .keys()
        .filter(sharing)
        .filter(|node| !nodes.contains(*node))
        .collect();
    judge.none(&left_out, "I8", Some(step), || {
        (
            "the shared certificate would be stored there too, and no step would prove it"
                .to_owned(),
            "Let the shared certificate cover every node that holds the purpose.".to_owned(),
        )
    });
    let strangers: Vec<&NodeName> = nodes.iter().filter(|node| !sharing(node)).collect();
    judge.none(&strangers, "I6", Some(step), || {
        (
            format!("a shared {purpose} certificate does not reach this node"),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I18: each node's own name is asked for.
fn named(
    judge: &mut Judge<'_>,
    step: &Step,
    nodes: &BTreeSet<NodeName>,
    names: &BTreeSet<SubjectName>,
) {
    let own = |node: &&NodeName| !names.contains(&SubjectName::dns(node.as_str()));
    let missing: Vec<&NodeName> = nodes.iter().filter(own).collect();
    judge.none(&missing, "I18", Some(step), || {
        (
            "the request does not ask for the name by which others reach the node".to_owned(),
            "Ask for every node's own name.".to_owned(),
        )
    });
}

/// I7: nobody's request is overwritten. I28: and that is looked at again right before.
fn freeze(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    purpose: &Purpose,
    nodes: &BTreeSet<NodeName>,
) {
    let waits = |node: &&NodeName| world.request(node, purpose) != Request::None;
    let waiting: Vec<&NodeName> = nodes.iter().filter(waits).collect();
    judge.none(&waiting, "I7", Some(step), || {
        (
            format!("a request for {purpose} waits there, or may wait; a new one destroys its key"),
            "Finish or delete the waiting request first.".to_owned(),
        )
    });
    let unguarded = |at: &&NodeName| {
        !step.before.iter().any(|condition| {
            matches!(condition, Condition::NoRequest { node, purpose: of } if node == *at && of == purpose)
        })
    };
    let unguarded: Vec<&NodeName> = nodes.iter().filter(unguarded).collect();
    judge.none(&unguarded, "I28", Some(step), || {
        (
            "nothing checks, right before the step, that nobody made a request meanwhile"
                .to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I5: the chain that a certificate must have is one, from a root down, of authorities that are valid.
fn links(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    requests: &BTreeSet<StepId>,
    terms: &IssueTerms,
) {
    let asked = requests
        .iter()
        .filter_map(|request| world.asked.get(request));
    let nodes: BTreeSet<&NodeName> = asked.flat_map(|asked| asked.nodes).collect();
    let nodes: Vec<&NodeName> = nodes.into_iter().collect();
    judge.require(!terms.chain.is_empty(), "I5", Some(step), &nodes, || {
        (
            "no chain is named that the certificate must have".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
    let mut above: Option<&Fingerprint> = None;
    for each in &terms.chain {
        let known = world.seen.certificates.get(each);
        let signer = above.unwrap_or(each);
        let fits = known.is_some_and(|it| {
            it.authority && it.valid_at(world.at) && it.signed_by.contains(signer)
        });
        judge.require(fits, "I5", Some(step), &nodes, || {
            let title = known.map_or_else(|| each.short(), |it| it.title());
            (
                format!("{title} is not known as a valid authority that the one before it signed; a chain starts with its root"),
                "Correct the issuer's chain in the estate, and plan again.".to_owned(),
            )
        });
        above = Some(each);
    }
}

/// I7: every request is answered.
pub(super) fn at_the_end(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    for step in &plan.steps {
        let Action::GenerateRequest { purpose, nodes, .. } = &step.action else {
            continue;
        };
        let answer = Held::Issued(step.id.clone());
        let unanswered = |node: &&NodeName| {
            let node = world.nodes.get(*node);
            node.and_then(|node| node.identities.get(purpose)) != Some(&answer)
        };
        let unanswered: Vec<&NodeName> = nodes.iter().filter(unanswered).collect();
        judge.none(&unanswered, "I7", Some(step), || {
            (
                format!("the request made here is never answered by an upload of {purpose}"),
                "A request that nobody finishes blocks the next renewal; plan again.".to_owned(),
            )
        });
    }
}
