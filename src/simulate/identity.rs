//! Identity uploads, and single sign-on around them (I5, I6, I14, I26, I28).

use std::collections::BTreeSet;

use crate::model::{Fingerprint, NodeName, Purpose, SsoState, StepId};
use crate::plan::{Action, Condition, Step};

use super::node::Request;
use super::trust::lacking;
use super::world::{World, store_of};
use super::{Judge, PLAN_AGAIN};

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    if let Action::UploadIdentity {
        purpose,
        request,
        nodes,
    } = &step.action
    {
        one_purpose(judge, world, step, purpose);
        answers(judge, world, step, purpose, request, nodes);
        chain_is_there(judge, world, step, purpose, request, nodes);
        single_sign_on_is_off(judge, world, step, nodes);
    }
    back_too_early(judge, world, step);
}

/// I6: the certificate was received, it answers the request that waits, and lands where that was made.
/// I28: that this request still waits is looked at again right before.
fn answers(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    purpose: &Purpose,
    request: &StepId,
    nodes: &BTreeSet<NodeName>,
) {
    let fits = world.asked.get(request).is_some_and(|asked| {
        asked.purpose == purpose && asked.by == step.node.as_ref() && asked.nodes == nodes
    });
    judge.require(fits, "I6", Some(step), &[], || {
        (
            format!("{request} is not a request that this node made for {purpose} and these nodes"),
            PLAN_AGAIN.to_owned(),
        )
    });
    let received = world.issued.contains_key(request);
    judge.require(received, "I6", Some(step), &[], || {
        (
            format!("the certificate for {request} was not received and checked before this step"),
            "Wait for the certificates before the first upload.".to_owned(),
        )
    });
    let differs = |node: &&NodeName| world.request(node, purpose) != Request::Of(request.clone());
    let others: Vec<&NodeName> = nodes.iter().filter(differs).collect();
    judge.none(&others, "I6", Some(step), || {
        (
            format!(
                "the request that waits there for {purpose}, if any, is not the one of {request}"
            ),
            "Generate, sign and upload one request at a time.".to_owned(),
        )
    });
    let unguarded = |at: &&NodeName| {
        !step.before.iter().any(|condition| {
            matches!(condition, Condition::RequestOf { node, purpose: of, step: by }
                if node == *at && of == purpose && by == request)
        })
    };
    let unguarded: Vec<&NodeName> = nodes.iter().filter(unguarded).collect();
    judge.none(&unguarded, "I28", Some(step), || {
        (
            "nothing checks, right before the upload, that the request is still the one that was signed".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I5: every node of the cluster was seen to trust the whole chain, because each may have to verify the
/// certificate as soon as it is stored; and the uploading nodes are asked again, for days may lie between.
fn chain_is_there(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    purpose: &Purpose,
    request: &StepId,
    nodes: &BTreeSet<NodeName>,
) {
    let Some(terms) = world.issued.get(request) else {
        return;
    };
    let store = store_of(purpose);
    let lacking = lacking(world, &store, &terms.chain);
    judge.none(&lacking, "I5", Some(step), || {
        (
            format!("{store} was not seen to hold root and intermediates of the certificate for {request}"),
            format!("Upload the chain to {store} and read it back on every node first."),
        )
    });
    let asked = |at: &NodeName, authority: &Fingerprint| {
        step.before.iter().any(|condition| {
            matches!(condition, Condition::Trusts { node, store: of, sha256 }
                if node == at && *of == store && sha256 == authority)
        })
    };
    let unasked = |at: &&NodeName| !terms.chain.iter().all(|authority| asked(at, authority));
    let unasked: Vec<&NodeName> = nodes.iter().filter(unasked).collect();
    judge.none(&unasked, "I5", Some(step), || {
        (
            format!("nothing checks, right before the upload, that {store} still holds the chain"),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I14: single sign-on is off everywhere, and that is looked at again right before.
fn single_sign_on_is_off(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    nodes: &BTreeSet<NodeName>,
) {
    let is_on = |node: &&NodeName| {
        world.nodes.get(*node).and_then(|node| node.sso) == Some(SsoState::Enabled)
    };
    let on: Vec<&NodeName> = world.nodes.keys().filter(is_on).collect();
    judge.none(&on, "I14", Some(step), || {
        (
            "SAML single sign-on is on there; the new certificate would end in a login that fails"
                .to_owned(),
            "Switch it off before the first upload, and on again after the last restart."
                .to_owned(),
        )
    });
    let unguarded = |at: &&NodeName| {
        let has = world.nodes.get(*at).is_some_and(|node| node.sso.is_some());
        has && !step
            .before
            .iter()
            .any(|condition| matches!(condition, Condition::SsoDisabled { node } if node == *at))
    };
    let unguarded: Vec<&NodeName> = nodes.iter().filter(unguarded).collect();
    judge.none(&unguarded, "I14", Some(step), || {
        (
            "nothing checks, right before the upload, that single sign-on is still off".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I14: the metadata that bring single sign-on back carry the certificate in service.
fn back_too_early(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let returns = step
        .after
        .iter()
        .any(|condition| matches!(condition, Condition::SsoEnabled { .. }));
    if !returns {
        return;
    }
    let open = world
        .nodes
        .iter()
        .filter(|(_, node)| !node.unproved.is_empty() || !node.unconfirmed.is_empty());
    let open: Vec<&NodeName> = open.map(|(name, _)| name).collect();
    judge.none(&open, "I14", Some(step), || {
        (
            "single sign-on would come back while the old certificate may still be in service there".to_owned(),
            "Switch it on after every node was confirmed.".to_owned(),
        )
    });
}

/// I26: one purpose in flight per cluster, from its first upload until it is served everywhere.
fn one_purpose(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, purpose: &Purpose) {
    let others = world.nodes.iter().filter_map(|(name, node)| {
        let other = node.unproved.iter().find(|open| *open != purpose)?;
        Some((name, other))
    });
    let (nodes, open): (Vec<&NodeName>, BTreeSet<&Purpose>) = others.unzip();
    judge.none(&nodes, "I26", Some(step), || {
        let open: Vec<&str> = open.iter().map(|purpose| purpose.as_str()).collect();
        let open = open.join(", ");
        (
            format!("{open} is stored there and was not seen in service yet"),
            format!("Finish {open} before {purpose}."),
        )
    });
}

/// I14: single sign-on is left as it was found.
pub(super) fn at_the_end(judge: &mut Judge<'_>, world: &World<'_>) {
    let differs = |name: &&NodeName| {
        let now = world.nodes.get(*name).and_then(|node| node.sso);
        let seen = world.seen.nodes.get(*name);
        now != seen.and_then(|node| node.sso.present().copied())
    };
    let differing: Vec<&NodeName> = world.nodes.keys().filter(differs).collect();
    judge.none(&differing, "I14", None, || {
        (
            "at the end single sign-on is not as it was before".to_owned(),
            "What the plan switches off it must switch on again, and nothing else.".to_owned(),
        )
    });
}
