//! What phones hold, in every way in which a plan can take it from them.

use super::*;

const CALLS: Setting = Setting {
    more: &["CallManager"],
    web: false,
    ..PLAIN
};
const MIXED: Setting = Setting {
    mixed: true,
    ..CALLS
};
const VERIFIERS: Setting = Setting {
    more: &["TVS"],
    ..CALLS
};
const BOTH: Setting = Setting {
    more: &["CallManager", "TVS"],
    ..CALLS
};
const ENROLMENT: Setting = Setting {
    more: &["CAPF"],
    ..CALLS
};
const REUSED: Setting = Setting {
    reuse: true,
    distribution: Distribution::MultiServer,
    ..PLAIN
};

fn is_reset(action: &Action) -> bool {
    matches!(action, Action::ResetPhones { .. })
}
fn is_listing(action: &Action) -> bool {
    matches!(action, Action::UpdateTrustList {})
}
fn is_gate(step: &Step) -> bool {
    let mut after = step.after.iter();
    after.any(|it| matches!(it, Condition::PhonesBack { .. }))
}

/// Takes a pass's resets and its gate out; the first pass's if there are several.
fn without_gate(plan: &mut ClusterPlan) {
    let gate = plan.steps.iter().position(is_gate).unwrap();
    plan.steps.remove(gate);
    let resets: Vec<usize> = (0..gate)
        .filter(|at| is_reset(&plan.steps[*at].action))
        .collect();
    for at in resets.into_iter().rev() {
        plan.steps.remove(at);
    }
}

/// Puts the uploads of the second purpose before the first restart.
fn both_at_once(plan: &mut ClusterPlan) {
    let uploads: Vec<usize> = (0..plan.steps.len())
        .filter(|at| is_upload(&plan.steps[*at].action))
        .collect();
    let mut late: Vec<Step> = Vec::new();
    for at in uploads[2..].iter().rev() {
        late.insert(0, plan.steps.remove(*at));
    }
    let at = uploads[1] + 1;
    plan.steps.splice(at..at, late);
}

pub(super) const FAULTS: &[Fault] = &[
    (
        "call processing and its verifiers at once",
        BOTH,
        &["I1", "I2", "I3", "I8", "I12", "I28"],
        "",
        |_, plan| both_at_once(plan),
    ),
    (
        "verifiers before phones are back",
        BOTH,
        &["I2"],
        PUBLISHER,
        |_, plan| without_gate(plan),
    ),
    (
        "all verifiers in one round",
        VERIFIERS,
        &["I3", "I8", "I12", "I28"],
        PUBLISHER,
        |_, plan| {
            let second = remove(plan, 1, is_upload);
            let at = place(plan, 0, is_upload);
            plan.steps.insert(at + 1, second);
        },
    ),
    (
        "a phone that is not waived",
        CALLS,
        &["I4"],
        PUBLISHER,
        |_, plan| {
            plan.phones.as_mut().unwrap().waived.clear();
        },
    ),
    (
        "a registered phone that is waived",
        CALLS,
        &["I4"],
        PUBLISHER,
        |_, plan| {
            let waived = &mut plan.phones.as_mut().unwrap().waived;
            waived.insert("SEP01".to_owned(), "why not".to_owned());
        },
    ),
    (
        "configured phones that nobody read",
        CALLS,
        &["I4", "I12"],
        PUBLISHER,
        |scene, _| {
            let Observed::Present(census) = &mut scene.cluster().phones else {
                panic!()
            };
            census.configured = Observed::Unknown("timed out".to_owned());
        },
    ),
    (
        "phones that nobody counted",
        CALLS,
        &["I12"],
        PUBLISHER,
        |scene, _| {
            scene.cluster().phones = Observed::Unknown("timed out".to_owned());
        },
    ),
    (
        "a phone for which nobody waits",
        CALLS,
        &["I12"],
        PUBLISHER,
        |_, plan| {
            let pools = &mut plan.phones.as_mut().unwrap().registered;
            pools.get_mut("desks").unwrap().remove("SEP01");
        },
    ),
    (
        "a phone in another pool",
        CALLS,
        &["I12"],
        PUBLISHER,
        |_, plan| {
            let pools = &mut plan.phones.as_mut().unwrap().registered;
            pools.get_mut("desks").unwrap().remove("SEP01");
            pools.get_mut("halls").unwrap().insert("SEP01".to_owned());
        },
    ),
    (
        "a pool that is not reset",
        CALLS,
        &["I12", "shape"],
        "",
        |_, plan| {
            remove(plan, 0, is_reset);
        },
    ),
    (
        "phones that are reset before the restarts",
        CALLS,
        &["I12"],
        PUBLISHER,
        |_, plan| {
            let early = remove(plan, 0, is_reset);
            let at = place(plan, 1, is_restart);
            plan.steps.insert(at, early);
        },
    ),
    (
        "a plan that ends before phones are back",
        ENROLMENT,
        &["I12"],
        "",
        |_, plan| {
            plan.steps.retain(|step| !is_gate(step));
        },
    ),
    (
        "a gate that does not look",
        CALLS,
        &["I12"],
        "",
        |_, plan| {
            for condition in plan.steps.iter_mut().flat_map(|step| &mut step.after) {
                if let Condition::PhonesBack { polls, .. } = condition {
                    *polls = 0;
                }
            }
        },
    ),
    (
        "a trust list that is not updated",
        MIXED,
        &["I1", "I11"],
        PUBLISHER,
        |_, plan| {
            remove(plan, 0, is_listing);
        },
    ),
    (
        "a trust list that is updated before the last upload",
        MIXED,
        &["I1", "I11"],
        FIRST,
        |_, plan| {
            let listing = remove(plan, 0, is_listing);
            let at = place(plan, 1, is_upload);
            plan.steps.insert(at, listing);
        },
    ),
    (
        "a trust list of which one certificate is not read back",
        MIXED,
        &["I11"],
        FIRST,
        |_, plan| {
            step(plan, 0, is_listing).after.pop();
        },
    ),
    (
        "a trust list that cannot be read",
        MIXED,
        &["I11"],
        PUBLISHER,
        |scene, _| {
            scene.cluster().ctl = Observed::Unknown("timed out".to_owned());
        },
    ),
    (
        "a trust list where there is none",
        MIXED,
        &["I11"],
        PUBLISHER,
        |scene, _| {
            scene.cluster().security = Observed::Present(SecurityMode::NonSecure);
        },
    ),
    (
        "a subscriber's CAPF",
        ENROLMENT,
        &["I5", "I6", "I15", "I22", "I28"],
        FIRST,
        |_, plan| {
            if let Action::UploadIdentity { nodes, .. } = &mut step(plan, 0, is_upload).action {
                nodes.insert(FIRST.into());
            }
        },
    ),
    (
        "an upload that resets phones and does not say so",
        CALLS,
        &["I27"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_upload).disruption = None;
        },
    ),
    (
        "an upload that resets phones in a stage where nothing is noticed",
        CALLS,
        &["shape"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_upload).stage = Stage::Install;
        },
    ),
    (
        "ipsec in flight with CAPF",
        Setting {
            more: &["ipsec", "CAPF"],
            ..CALLS
        },
        &["I8", "I26", "I28"],
        FIRST,
        |_, plan| {
            let capf = remove(plan, 2, is_upload);
            let at = place(plan, 1, is_upload);
            plan.steps.insert(at + 1, capf);
        },
    ),
    (
        "a certificate that CallManager uses, renewed as if phones did not care",
        REUSED,
        &["I12"],
        "",
        |_, plan| without_gate(plan),
    ),
    (
        "an authority that goes though it signed what phones authenticate with",
        ENROLMENT,
        &["I5"],
        PUBLISHER,
        |scene, _| {
            let own = format!("{PUBLISHER} CAPF");
            let known = &mut scene.cluster().certificates;
            let capf = known.get_mut(&fingerprint(&own)).unwrap();
            capf.common_name = Some(ROOT.to_owned());
            capf.not_before = "2015-01-01T00:00:00Z".parse().unwrap();
            let held = Observed::Present(vec![entry(&own)]);
            scene
                .node(PUBLISHER)
                .trust
                .insert("CAPF-trust".into(), held);
        },
    ),
];

#[test]
fn the_proof_tells_of_every_class() {
    let setting = Setting {
        mixed: true,
        ..BOTH
    };
    let proof = prove(&setting.scene().observation, &built(&setting));
    assert!(proof.holds(), "{}", told(&proof));
    let classes = &proof.phones[&"hq".into()];
    let said: Vec<&str> = classes.iter().map(|class| class.says.as_str()).collect();
    assert_eq!(classes.len(), 4, "{said:#?}");
    let desks = &classes[0];
    assert_eq!(desks.phones, 2);
    assert!(desks.says.starts_with("2 registered phones, non-secure, LSC none: at every step the ITL signer (ITLRecovery) stays"), "{}", desks.says);
    assert!(
        desks.by_signer < desks.states && desks.by_tvs == desks.states,
        "{desks:?}"
    );
    assert_eq!(desks.holds.itl_tvs.len(), 2);
    assert_eq!(desks.holds.ctl_signers.len(), 3);
    let waived = classes
        .iter()
        .find(|class| class.stranded.is_some())
        .unwrap();
    assert_eq!(waived.class.presence, crate::simulate::Presence::Waived);
    assert!(waived.says.contains("by hand"), "{}", waived.says);
}

#[test]
fn an_old_cluster_must_offer_the_first_verifier_everywhere() {
    let setting = Setting {
        release: R125,
        ..VERIFIERS
    };
    let mut plan = built(&setting);
    let cluster = of_cluster(&mut plan);
    let at = cluster
        .steps
        .iter()
        .position(|step| step.node == Some(FIRST.into()) && is_restart(&step.action));
    let at = at.unwrap();
    assert!(is_confirm(&cluster.steps[at + 1].action));
    cluster.steps.drain(at..at + 2);
    let proof = prove(&setting.scene().observation, &plan);
    let found: BTreeSet<&str> = proof.violations.iter().map(|it| it.invariant).collect();
    assert_eq!(found, ["I3"].into(), "{}", told(&proof));
    assert!(proof.violations[0].remedy.contains("Cisco Tftp"));
    assert!(setting.scene().is_old());
}
