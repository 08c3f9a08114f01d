//! Purposes beside tomcat that phones hold nothing of.

use super::*;

const BACKUPS: Setting = Setting {
    more: &["ipsec"],
    web: false,
    ..PLAIN
};
const MESSAGES: Setting = Setting {
    more: &["cup", "cup-xmpp", "cup-xmpp-s2s"],
    web: false,
    presence: true,
    ..PLAIN
};

pub(super) const FAULTS: &[Fault] = &[
    (
        "an ipsec upload without a look for backups",
        BACKUPS,
        &["I13"],
        FIRST,
        |_, plan| {
            let before = &mut step(plan, 1, is_upload).before;
            before.retain(|it| !matches!(it, Condition::BackupIdle { .. }));
        },
    ),
    (
        "a start that nobody asks for",
        BACKUPS,
        &["I8"],
        FIRST,
        |_, plan| {
            let after = &mut step(plan, 1, is_confirm).after;
            after.retain(|it| !matches!(it, Condition::StartedSince { .. }));
        },
    ),
    (
        "a start that nothing makes",
        BACKUPS,
        &["I8"],
        FIRST,
        |_, plan| {
            let at = place(plan, 2, is_restart);
            assert_eq!(plan.steps[at].node, Some(FIRST.into()));
            plan.steps.remove(at);
        },
    ),
    (
        "a chain that one node lacks in a store that does not spread",
        BACKUPS,
        &["I22"],
        FIRST,
        |_, plan| {
            plan.steps
                .retain(|step| !(is_trust(&step.action) && step.node == Some(FIRST.into())));
            for store in [0, 1] {
                let trust = step(plan, store, is_trust);
                let mut there = trust.after[0].clone();
                if let Condition::Trusts { node, .. } = &mut there {
                    *node = FIRST.into();
                }
                trust.after.push(there);
            }
        },
    ),
    (
        "a shared certificate of a purpose that is not shared",
        BACKUPS,
        &["I6"],
        PUBLISHER,
        |_, plan| {
            if let Action::GenerateRequest { distribution, .. } =
                &mut step(plan, 0, is_request).action
            {
                *distribution = Distribution::MultiServer;
            }
        },
    ),
    (
        "a shared certificate before there are any",
        Setting {
            release: R125,
            web: false,
            more: &["CallManager"],
            ..PLAIN
        },
        &["I6"],
        PUBLISHER,
        |_, plan| {
            if let Action::GenerateRequest { distribution, .. } =
                &mut step(plan, 0, is_request).action
            {
                *distribution = Distribution::MultiServer;
            }
        },
    ),
    (
        "a key that the shell cannot make",
        Setting {
            release: R125,
            ..BACKUPS
        },
        &["I6"],
        FIRST,
        |_, plan| {
            asked(step(plan, 1, is_request)).1.bits = 3072;
        },
    ),
    (
        "a purpose that nobody knows",
        BACKUPS,
        &["I2", "I6", "I7", "I22", "I28", "shape"],
        FIRST,
        |_, plan| {
            *asked(step(plan, 1, is_request)).2 = "authz".into();
        },
    ),
    (
        "a chain that does not spread on Unity Connection",
        Setting {
            unity: true,
            ..PLAIN
        },
        &["I5"],
        FIRST,
        |_, plan| {
            plan.steps
                .retain(|step| !(is_trust(&step.action) && step.node == Some(FIRST.into())));
        },
    ),
    (
        "presence nodes of which nobody knows who leads",
        MESSAGES,
        &["I9"],
        PRESENCE,
        |scene, _| {
            scene.cluster().presence_publisher = Observed::Unknown("timed out".to_owned());
        },
    ),
    (
        "a presence port that is not looked at",
        MESSAGES,
        &["I8"],
        PRESENCE,
        |_, plan| {
            let after = &mut step(plan, 0, is_confirm).after;
            after.retain(|it| !matches!(it, Condition::Serves { .. }));
        },
    ),
    (
        "a certificate of presence nodes elsewhere",
        MESSAGES,
        &["I6", "I8"],
        PRESENCE,
        |scene, _| {
            scene.node(PRESENCE).role = Role::Subscriber;
        },
    ),
];
