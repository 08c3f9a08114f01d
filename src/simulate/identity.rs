//! Identity uploads: what they need, where they go, and what may not run meanwhile (I5, I6, I13, I14, I15, I28).

use std::collections::BTreeSet;

use crate::model::{Fingerprint, NodeName, Purpose, SsoState, StepId};
use crate::plan::{Action, Condition, Step};

use super::catalogue::Nodes;
use super::node::Request;
use super::trust::lacking;
use super::world::World;
use super::{Judge, PLAN_AGAIN, catalogue};

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    if let Action::UploadIdentity {
        purpose,
        request,
        nodes,
    } = &step.action
    {
        in_place(judge, world, step, purpose, nodes);
        answers(judge, world, step, purpose, request, nodes);
        chain_is_there(judge, world, step, purpose, request, nodes);
        match purpose.plain_str() {
            "tomcat" => single_sign_on_is_off(judge, world, step, nodes),
            "ipsec" => super::activation::no_backup(judge, world, step),
            _ => {}
        }
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

/// I15: CAPF is the publisher's alone. I6: a purpose is stored where it is held, and where it has a certificate of its
/// own.
fn in_place(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    purpose: &Purpose,
    nodes: &BTreeSet<NodeName>,
) {
    let publisher = world.seen.publisher();
    let others: Vec<&NodeName> = nodes
        .iter()
        .filter(|node| Some(*node) != publisher)
        .collect();
    if purpose.as_str() == "CAPF" {
        judge.none(&others, "I15", Some(step), || {
            (
                "only the publisher's CAPF certificate is in use; the others' are left alone"
                    .to_owned(),
                "Renew CAPF on the publisher only.".to_owned(),
            )
        });
    }
    let held = |node: &&NodeName| {
        let appliance = world.seen.appliance(node);
        let known = catalogue::known(purpose);
        known.is_some_and(|known| appliance.is_some_and(|appliance| known.is_held_by(appliance)))
    };
    let elsewhere: Vec<&NodeName> = nodes.iter().filter(|node| !held(node)).collect();
    judge.none(&elsewhere, "I6", Some(step), || {
        (
            format!("a node of this kind holds no {purpose}"),
            PLAN_AGAIN.to_owned(),
        )
    });
    let lent = world.reused.iter().find(|reused| {
        let other = if reused.is_ecdsa() {
            "CallManager-ECDSA"
        } else {
            "CallManager"
        };
        purpose.as_str() == other
    });
    judge.require(lent.is_none(), "I6", Some(step), &[], || {
        let lent = lent.map(Purpose::as_str).unwrap_or_default();
        (
            format!("{lent} is reused for {purpose} there, which has no certificate of its own"),
            format!("Renew {lent}."),
        )
    });
}

/// I5: every node that may have to verify the certificate was seen to trust the whole chain, for it may have to as soon
/// as that is stored; and the uploading nodes are asked again, for days may lie between.
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
    for (store, needed_by) in world.stores_of(purpose) {
        let mut lacking = lacking(world, &store, needed_by, &terms.chain);
        lacking.retain(|node| needed_by != Nodes::Own || nodes.contains(*node));
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
        let unasked = |at: &&NodeName| {
            needed_by.contain(world.seen, at)
                && !terms.chain.iter().all(|authority| asked(at, authority))
        };
        let unasked: Vec<&NodeName> = nodes.iter().filter(unasked).collect();
        judge.none(&unasked, "I5", Some(step), || {
            (
                format!(
                    "nothing checks, right before the upload, that {store} still holds the chain"
                ),
                PLAN_AGAIN.to_owned(),
            )
        });
    }
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
    let open = world.unfinished();
    judge.none(&open, "I14", Some(step), || {
        (
            "single sign-on would come back while the old certificate may still be in service there".to_owned(),
            "Switch it on after every node was confirmed.".to_owned(),
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
