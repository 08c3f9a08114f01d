//! Restarts and what follows them.

use super::*;

pub(super) const FAULTS: &[Fault] = &[
    (
        "a restart of what did not run",
        PLAIN,
        &["I8"],
        FIRST,
        |scene, _| {
            let Observed::Present(services) = &mut scene.node(FIRST).services else {
                panic!()
            };
            services.get_mut(&"Cisco Tftp".into()).unwrap().status = ServiceStatus::Stopped;
        },
    ),
    (
        "a port that nobody looks at",
        PLAIN,
        &["I8"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_confirm).after.remove(0);
        },
    ),
    (
        "a service that presents it and is not restarted",
        PLAIN,
        &["I8"],
        FIRST,
        |_, plan| {
            let tftp = |step: &Step| matches!(&step.action, Action::RestartService { service, .. } if service.as_str() == "Cisco Tftp");
            plan.steps
                .retain(|step| !(tftp(step) && step.node == Some(FIRST.into())));
        },
    ),
    (
        "the subscriber before the publisher",
        PLAIN,
        &["I9"],
        FIRST,
        |_, plan| {
            let of = |name: &'static str| {
                move |step: &&Step| step.stage == Stage::Activate && step.node == Some(name.into())
            };
            let first: Vec<Step> = plan.steps.iter().filter(of(FIRST)).cloned().collect();
            let publisher: Vec<Step> = plan.steps.iter().filter(of(PUBLISHER)).cloned().collect();
            let at = plan
                .steps
                .iter()
                .position(|step| step.stage == Stage::Activate)
                .unwrap();
            plan.steps.retain(|step| step.stage != Stage::Activate);
            plan.steps
                .splice(at..at, first.into_iter().chain(publisher));
        },
    ),
    (
        "a service that may stay down",
        PLAIN,
        &["I9"],
        PUBLISHER,
        |_, plan| {
            for condition in &mut step(plan, 0, is_confirm).after {
                if let Condition::Healthy { services, .. } = condition {
                    services.remove(&"Cisco CallManager".into());
                }
            }
        },
    ),
    (
        "two nodes that restart together",
        PLAIN,
        &["I9", "I10"],
        PUBLISHER,
        |_, plan| {
            let confirm = remove(plan, 0, is_confirm);
            let at = place(plan, 0, is_confirm);
            plan.steps.insert(at, confirm);
        },
    ),
    (
        "a backup that nobody looks for",
        PLAIN,
        &["I13"],
        FIRST,
        |_, plan| {
            for step in &mut plan.steps {
                if step.node == Some(FIRST.into()) {
                    step.before
                        .retain(|it| !matches!(it, Condition::BackupIdle { .. }));
                }
            }
        },
    ),
    (
        "a restart that does not say how long it takes",
        PLAIN,
        &["I27"],
        PUBLISHER,
        |_, plan| {
            step(plan, 0, is_restart).takes = SignedDuration::ZERO;
        },
    ),
];
