//! The order of steps and why.

use std::collections::BTreeMap;

use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

use super::outline;

#[test]
fn a_cluster_goes_stage_by_stage_publisher_first_one_node_at_a_time() {
    let restarts = |node: &str, names: &[&str]| -> Vec<String> {
        let restarts = names
            .iter()
            .map(|name| format!("activate restart {name} @{node}"));
        restarts
            .chain([format!("activate confirm @{node}")])
            .collect()
    };
    let on_subscribers = [
        "Cisco Tomcat",
        "Cisco UDS Tomcat",
        "Cisco AXL Tomcat",
        "Cisco DRF Local",
        "Cisco Tftp",
    ];
    let on_publisher = [
        "Cisco Tomcat",
        "Cisco UDS Tomcat",
        "Cisco AXL Tomcat",
        "Cisco DRF Master",
        "Cisco DRF Local",
        "Cisco Tftp",
    ];
    let mut expected: Vec<String> = [
        "prepare trust Corp Root @cucm-pub",
        "prepare trust Corp Issuing @cucm-pub",
        "request request @cucm-pub",
        "request request @cucm-sub1",
        "request request @cucm-sub2",
        "request await @cluster",
        "install upload @cucm-pub",
        "install upload @cucm-sub1",
        "install upload @cucm-sub2",
    ]
    .map(str::to_owned)
    .into();
    expected.extend(restarts("cucm-pub", &on_publisher));
    expected.extend(restarts("cucm-sub1", &on_subscribers));
    expected.extend(restarts("cucm-sub2", &on_subscribers));
    expected.push("verify confirm @cluster".to_owned());
    assert_eq!(outline(&Scene::three_nodes().planned()), expected);
}

#[test]
fn presence_nodes_come_last_and_restart_only_what_they_run() {
    let mut scene = Scene::of(&[
        (PRESENCE, Role::ImPresence),
        (PUBLISHER, Role::Publisher),
        (FIRST, Role::Subscriber),
    ]);
    scene.procedures.push(Procedure {
        appliance: Appliance::ImPresence,
        ..procedure()
    });
    let plan = scene.planned();
    let names: Vec<&str> = plan.nodes.iter().map(NodeName::as_str).collect();
    assert_eq!(names, [PUBLISHER, FIRST, PRESENCE]);
    let outline = outline(&plan);
    let on_presence: Vec<&String> = outline
        .iter()
        .filter(|line| line.contains("restart") && line.ends_with("@an-imp1"))
        .collect();
    assert_eq!(
        on_presence,
        [
            "activate restart Cisco Tomcat @an-imp1",
            "activate restart Cisco DRF Local @an-imp1"
        ]
    );
}

#[test]
fn single_sign_on_goes_off_after_the_issuer_and_on_at_the_end() {
    let mut scene = Scene::three_nodes();
    scene.node(PUBLISHER).sso = Observed::Present(SsoState::Enabled);
    let plan = scene.planned();
    let outline = outline(&plan);
    let at = |line: &str| outline.iter().position(|other| other == line).unwrap();
    let off = at("install person @cluster");
    assert!(at("request await @cluster") < off && off < at("install upload @cucm-pub"));
    assert_eq!(at("verify person @cluster"), outline.len() - 1);
    let publisher = NodeName::from(PUBLISHER);
    assert_eq!(
        plan.steps[off].after,
        [Condition::SsoDisabled {
            node: publisher.clone()
        }]
    );
    assert_eq!(
        plan.steps.last().unwrap().after,
        [Condition::SsoEnabled {
            node: publisher.clone()
        }]
    );
    for step in plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::UploadIdentity { .. }))
    {
        assert!(step.before.contains(&Condition::SsoDisabled {
            node: publisher.clone()
        }));
    }
}

#[test]
fn an_old_backup_is_renewed_by_a_person_before_the_first_write() {
    for last in [
        Observed::Present(moment("2026-11-01T00:00:00Z")),
        Observed::Absent,
        Observed::Unknown("timeout".into()),
    ] {
        let mut scene = Scene::three_nodes();
        scene.node(PUBLISHER).last_backup = last;
        let plan = scene.planned();
        assert_eq!(outline(&plan)[0], "prepare person @cucm-pub");
        assert!(
            plan.edges
                .iter()
                .any(|edge| edge.first == plan.steps[0].id && edge.then == plan.steps[1].id)
        );
    }
}

#[test]
fn the_first_write_waits_for_replication_and_platform_services() {
    let plan = Scene::three_nodes().planned();
    let first = &plan.steps[0];
    assert!(first.before.contains(&Condition::ReplicationGood {}));
    for node in &plan.nodes {
        let service = ServiceName::from("Cisco Tomcat");
        assert!(first.before.contains(&Condition::Runs {
            node: node.clone(),
            service
        }));
    }
    assert_eq!(
        first.after,
        plan.nodes
            .iter()
            .map(|node| Condition::Trusts {
                node: node.clone(),
                store: "tomcat-trust".into(),
                sha256: fingerprint("Corp Root")
            })
            .collect::<Vec<_>>()
    );
}

#[test]
fn backup_services_restart_only_while_no_backup_runs() {
    let plan = Scene::three_nodes().planned();
    let idle = Condition::BackupIdle {
        node: PUBLISHER.into(),
    };
    for step in &plan.steps {
        let Action::RestartService { service, .. } = &step.action else {
            continue;
        };
        assert_eq!(
            step.before.contains(&idle),
            service.as_str().starts_with("Cisco DRF"),
            "{service}"
        );
    }
}

#[test]
fn each_node_is_proved_on_its_ports_and_6972_only_where_it_served_tomcat() {
    let mut scene = Scene::three_nodes();
    let tftp = Listener {
        port: Port::Tftp,
        key: KeyAlgorithm::Rsa,
    };
    let other = ServedChain {
        leaf: fingerprint("another"),
        rest: vec![],
    };
    scene
        .node(FIRST)
        .served
        .insert(tftp, Observed::Present(other));
    scene
        .node(SECOND)
        .served
        .insert(tftp, Observed::Unknown("refused".to_owned()));
    let plan = scene.planned();
    let mut proved: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for step in plan
        .steps
        .iter()
        .filter(|step| step.stage == Stage::Activate)
    {
        for condition in &step.after {
            if let Condition::Serves { node, listener, .. } = condition {
                proved
                    .entry(node.as_str())
                    .or_default()
                    .push(listener.to_string());
            }
        }
    }
    assert_eq!(proved[PUBLISHER], ["443/rsa", "8443/rsa", "6972/rsa"]);
    assert_eq!(proved[FIRST], ["443/rsa", "8443/rsa"]);
    assert_eq!(proved[SECOND], ["443/rsa", "8443/rsa"]);
    assert!(
        plan.reminders
            .iter()
            .any(|it| it.contains("cucm-sub2") && it.contains("6972") && it.contains("refused"))
    );
}

#[test]
fn edges_agree_with_the_order_and_ids_are_numbers_in_order() {
    let mut scene = Scene::three_nodes();
    scene.node(PUBLISHER).sso = Observed::Present(SsoState::Enabled);
    scene.node(PUBLISHER).last_backup = Observed::Absent;
    let plan = scene.planned();
    let place = |id: &StepId| plan.steps.iter().position(|step| step.id == *id).unwrap();
    assert!(
        plan.edges
            .iter()
            .all(|edge| place(&edge.first) < place(&edge.then))
    );
    for (at, step) in plan.steps.iter().enumerate() {
        assert_eq!(step.id.as_str(), format!("hq-{:02}", at + 1));
        let has_reason = plan.edges.iter().any(|edge| edge.then == step.id);
        assert_eq!(has_reason, at > 0, "{}", step.id);
    }
}

#[test]
fn only_uploads_of_identities_are_points_of_no_return() {
    let plan = Scene::three_nodes().planned();
    for step in &plan.steps {
        let upload = matches!(step.action, Action::UploadIdentity { .. });
        assert_eq!(
            matches!(step.reversal, Reversal::Irreversible { .. }),
            upload,
            "{}",
            step.id
        );
    }
}
