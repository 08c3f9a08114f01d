//! What must be known before anything is written.

use super::*;

pub(super) const FAULTS: &[Fault] = &[
    (
        "an unknown security mode",
        PLAIN,
        &["I11"],
        "",
        |scene, _| {
            scene.cluster().security = Observed::Unknown("AXL is down".to_owned());
        },
    ),
    (
        "replication that is broken",
        PLAIN,
        &["I25"],
        FIRST,
        |scene, _| {
            let Observed::Present(states) = &mut scene.cluster().replication else {
                panic!()
            };
            states.get_mut(&FIRST.into()).unwrap().state = Some(4);
        },
    ),
    (
        "a node of which something is unknown",
        WITH_PRESENCE,
        &["I25"],
        PRESENCE,
        |scene, _| {
            scene.node(PRESENCE).sso = Observed::Unknown("timed out".to_owned());
        },
    ),
    (
        "a node that was not observed",
        PLAIN,
        &["I25"],
        "sub9.hq.example.com",
        |scene, _| {
            let Observed::Present(listed) = &mut scene.cluster().listed else {
                panic!()
            };
            listed.insert("sub9.hq.example.com".into(), Role::Subscriber);
        },
    ),
    (
        "a node that is not authenticated",
        PLAIN,
        &["I25"],
        FIRST,
        |scene, _| {
            scene.cluster().network = Observed::Present([(FIRST.into(), false)].into());
        },
    ),
    (
        "a backup that runs",
        PLAIN,
        &["I13", "I25"],
        PUBLISHER,
        |scene, _| {
            scene.node(PUBLISHER).backup_job =
                Observed::Present(BackupJob::Running("30 %".to_owned()));
        },
    ),
    (
        "a first write that does not ask for replication",
        PLAIN,
        &["I25"],
        PUBLISHER,
        |_, plan| {
            plan.steps[0].before.clear();
        },
    ),
    (
        "a product that the proof does not know",
        PLAIN,
        &["I2"],
        FIRST,
        |_, plan| {
            plan.product = Product::ExpresswayC;
        },
    ),
    (
        "a write that hides in another stage",
        PLAIN,
        &["shape"],
        PUBLISHER,
        |_, plan| {
            step(plan, 0, is_upload).stage = Stage::Prepare;
        },
    ),
];
