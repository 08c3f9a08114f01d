//! Trust stores.

use super::*;

pub(super) const FAULTS: &[Fault] = &[
    (
        "an intermediate before its root",
        PLAIN,
        &["I5"],
        PUBLISHER,
        |_, plan| {
            plan.steps.swap(0, 1);
            let (first, second) = plan.steps.split_at_mut(1);
            std::mem::swap(&mut first[0].before, &mut second[0].before);
        },
    ),
    (
        "a subscriber that was not seen to trust the chain",
        PLAIN,
        &["I5"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_trust).after.truncate(1);
        },
    ),
    (
        "a chain that is not asked for again",
        PLAIN,
        &["I5"],
        PUBLISHER,
        |_, plan| {
            let before = &mut step(plan, 0, is_upload).before;
            before.retain(|it| !matches!(it, Condition::Trusts { .. }));
        },
    ),
    (
        "a chain without its root",
        PLAIN,
        &["I5", "shape"],
        FIRST,
        |_, plan| {
            if let Action::AwaitCertificates { terms, .. } = &mut step(plan, 0, is_wait).action {
                terms.chain.remove(0);
            }
        },
    ),
    (
        "an authority that has expired",
        PLAIN,
        &["I5"],
        FIRST,
        |scene, _| {
            let root = fingerprint(ROOT);
            let known = &mut scene.cluster().certificates;
            known.get_mut(&root).unwrap().not_after = "2026-01-01T00:00:00Z".parse().unwrap();
        },
    ),
    (
        "an authority on which a served certificate rests would go",
        PLAIN,
        &["I5"],
        FIRST,
        |scene, _| {
            let old = fingerprint("Old Root");
            let known = &mut scene.cluster().certificates;
            known.get_mut(&old).unwrap().common_name = Some(ROOT.to_owned());
            known.get_mut(&old).unwrap().not_before = "2015-01-01T00:00:00Z".parse().unwrap();
        },
    ),
    (
        "an authority that nobody read",
        PLAIN,
        &["I5"],
        PUBLISHER,
        |scene, _| {
            scene.cluster().certificates.remove(&fingerprint(ROOT));
        },
    ),
    (
        "a write that is not read back",
        PLAIN,
        &["I22"],
        PUBLISHER,
        |_, plan| {
            step(plan, 0, is_restart).after.clear();
        },
    ),
    (
        "a younger namesake that stays",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            namesake(scene, "2026-01-01T00:00:00Z");
        },
    ),
    (
        "a namesake that began with it",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            namesake(scene, "2025-01-01T00:00:00Z");
        },
    ),
    (
        "an entry that nobody could read",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            let held = Observed::Present(vec![entry("unreadable")]);
            scene.node(FIRST).trust.insert("tomcat-trust".into(), held);
        },
    ),
    (
        "a store that nobody could read",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            let held = Observed::Unknown("timed out".to_owned());
            scene.node(FIRST).trust.insert("tomcat-trust".into(), held);
        },
    ),
    (
        "an authority that nothing needs",
        PLAIN,
        &["shape"],
        PUBLISHER,
        |scene, plan| {
            let other = certificate("Other Root", "Other Root");
            scene
                .cluster()
                .certificates
                .insert(other.sha256.clone(), other);
            let mut more = plan.steps[0].clone();
            more.id = "hq-99".into();
            more.after = vec![Condition::Trusts {
                node: PUBLISHER.into(),
                store: "tomcat-trust".into(),
                sha256: fingerprint("Other Root"),
            }];
            more.action = Action::UploadTrust {
                store: "tomcat-trust".into(),
                sha256: fingerprint("Other Root"),
                title: "Other Root".to_owned(),
                pem: pem("Other Root"),
            };
            plan.steps.insert(1, more);
        },
    ),
];
