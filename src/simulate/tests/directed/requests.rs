//! Requests, uploads, and single sign-on around them.

use super::*;

pub(super) const FAULTS: &[Fault] = &[
    (
        "no certificate was waited for",
        PLAIN,
        &["I6", "shape"],
        PUBLISHER,
        |_, plan| {
            remove(plan, 0, is_wait);
        },
    ),
    (
        "a wait before the request",
        PLAIN,
        &["I6"],
        "",
        |_, plan| {
            let wait = remove(plan, 0, is_wait);
            plan.steps.insert(2, wait);
        },
    ),
    (
        "another node's request",
        PLAIN,
        &["I6", "I7", "I8", "I22", "I28"],
        FIRST,
        |_, plan| {
            let other = step(plan, 0, is_request).id.clone();
            if let Action::UploadIdentity { request, .. } = &mut step(plan, 1, is_upload).action {
                *request = other;
            }
        },
    ),
    (
        "a request that waits already",
        PLAIN,
        &["I7"],
        FIRST,
        |scene, _| {
            let waiting = Observed::Unknown("timed out".to_owned());
            scene.node(FIRST).pending.insert("tomcat".into(), waiting);
        },
    ),
    (
        "a request that nobody answers",
        PLAIN,
        &["I7"],
        FIRST,
        |_, plan| {
            remove(plan, 1, is_upload);
            plan.steps
                .retain(|step| !(is_restart(&step.action) && step.node == Some(FIRST.into())));
            plan.steps
                .retain(|step| !(is_confirm(&step.action) && step.node != Some(PUBLISHER.into())));
            let id = step(plan, 1, is_request).id.clone();
            for step in &mut plan.steps {
                step.after
                    .retain(|it| !matches!(it, Condition::Serves { step, .. } if *step == id));
            }
        },
    ),
    (
        "a shared request that another node makes",
        SHARED,
        &["I6"],
        FIRST,
        |_, plan| {
            step(plan, 0, is_request).node = Some(FIRST.into());
        },
    ),
    (
        "a shared certificate that leaves a node out",
        SHARED,
        &["I8"],
        FIRST,
        |_, plan| {
            if let Action::GenerateRequest { nodes, .. } = &mut step(plan, 0, is_request).action {
                nodes.remove(&FIRST.into());
            }
            plan.edges.clear();
            let only = |it: &Condition| {
                !format!("{it:?}").contains(FIRST) || matches!(it, Condition::Trusts { .. })
            };
            for step in &mut plan.steps {
                let own = step.node == Some(PUBLISHER.into());
                if own && !matches!(step.action, Action::UploadTrust { .. }) {
                    step.before.retain(only);
                    step.after.retain(only);
                }
            }
            plan.steps.retain(|step| {
                step.node != Some(FIRST.into())
                    && !(is_confirm(&step.action) && step.node.is_none())
            });
            if let Action::UploadIdentity { nodes, .. } = &mut step(plan, 0, is_upload).action {
                nodes.remove(&FIRST.into());
            }
        },
    ),
    (
        "single sign-on that stays on",
        SIGNED_ON,
        &["I14"],
        FIRST,
        |_, plan| {
            remove(plan, 0, is_person);
        },
    ),
    (
        "single sign-on that stays off",
        SIGNED_ON,
        &["I14"],
        FIRST,
        |_, plan| {
            remove(plan, 1, is_person);
        },
    ),
    (
        "single sign-on that comes back too early",
        SIGNED_ON,
        &["I14"],
        FIRST,
        |_, plan| {
            let on = remove(plan, 1, is_person);
            let at = place(plan, 0, is_confirm);
            plan.steps.insert(at, on);
        },
    ),
    (
        "single sign-on that is not looked at again",
        PLAIN,
        &["I14"],
        PUBLISHER,
        |_, plan| {
            let before = &mut step(plan, 0, is_upload).before;
            before.retain(|it| !matches!(it, Condition::SsoDisabled { .. }));
        },
    ),
    (
        "a request without the node's name",
        PLAIN,
        &["I18"],
        FIRST,
        |_, plan| {
            asked(step(plan, 1, is_request)).0.clear();
        },
    ),
    ("a wildcard", PLAIN, &["I24"], FIRST, |_, plan| {
        asked(step(plan, 1, is_request))
            .0
            .insert(SubjectName::dns("*.hq.example.com"));
    }),
    ("a key of 8192 bits", PLAIN, &["I24"], FIRST, |_, plan| {
        asked(step(plan, 1, is_request)).1.bits = 8192;
    }),
    (
        "a key of the other kind",
        PLAIN,
        &["I24"],
        FIRST,
        |_, plan| {
            *asked(step(plan, 1, is_request)).1 = "ec-384".parse().unwrap();
        },
    ),
    (
        "a request made by somebody meanwhile",
        PLAIN,
        &["I28"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_request).before.clear();
        },
    ),
    (
        "a request replaced before the upload",
        PLAIN,
        &["I28"],
        FIRST,
        |_, plan| {
            let before = &mut step(plan, 1, is_upload).before;
            before.retain(|it| !matches!(it, Condition::RequestOf { .. }));
        },
    ),
    (
        "a certificate replaced before the restart",
        PLAIN,
        &["I28"],
        PUBLISHER,
        |_, plan| {
            let before = &mut step(plan, 0, is_restart).before;
            before.retain(|it| !matches!(it, Condition::IdentityOf { .. }));
        },
    ),
];
