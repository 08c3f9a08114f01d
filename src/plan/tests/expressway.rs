//! Both sides of a traversal and the cluster behind it, under a new intermediate.

use super::outline;
use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

/// The whole plan: every step by cluster, then who waits for whom.
fn told(scene: &Scene) -> String {
    let (plans, links) = scene.estate();
    let mut lines = Vec::new();
    for (name, plan) in &plans {
        lines.push(format!("{name}:"));
        let steps = plan.steps.iter().zip(outline(plan));
        lines.extend(steps.map(|(step, told)| format!("  {} {told}", step.id)));
    }
    lines.extend(links);
    lines.join("\n")
}

#[test]
fn everybody_trusts_before_anybody_shows() {
    insta::assert_snapshot!(told(&Scene::with_expressway()));
}

/// The tomcat certificates of the cluster behind change as well: its restarts serve both, and nothing waits in a circle.
#[test]
fn the_cluster_behind_changes_too() {
    insta::assert_snapshot!(told(&Scene::with_expressway().with_tomcat()));
}

#[test]
fn only_the_edge_is_due() {
    let mut scene = Scene::with_expressway();
    scene.renewed(CORE);
    let (plans, links) = scene.estate();
    assert_eq!(plans.keys().collect::<Vec<_>>(), [CORE, EDGE]);
    insta::assert_snapshot!(outline(&plans[CORE]).join("\n"), @r"
    prepare trust Corp Root @expc1
    prepare trust Corp Issuing @expc1
    prepare trust Corp Root @expc2
    prepare trust Corp Issuing @expc2
    activate restart Expressway @expc1
    activate confirm @expc1
    activate restart Expressway @expc2
    activate confirm @expc2
    verify confirm @cluster
    ");
    assert_eq!(
        links,
        [
            "core-08 -> edge-12", // the core trusts the edge's new chain before any of it is stored
            "core-08 -> edge-14", // the certificates of the edge after the lists of the core
            "edge-07 -> core-05", // the core restarts once the certificates are there
            "edge-11 -> core-05", // the lists of the core after those of the edge
        ]
    );
}

#[test]
fn only_the_core_is_due() {
    let mut scene = Scene::with_expressway();
    scene.renewed(EDGE);
    let (plans, links) = scene.estate();
    assert_eq!(plans.keys().collect::<Vec<_>>(), [CORE, EDGE, HQ]);
    let uploads = |name: &str| {
        outline(&plans[name])
            .iter()
            .filter(|it| it.contains("upload"))
            .count()
    };
    assert_eq!((uploads(CORE), uploads(EDGE), uploads(HQ)), (2, 0, 0));
    assert_eq!(
        links,
        [
            "core-07 -> edge-05",
            "core-07 -> hq-07",
            "edge-08 -> core-08",
            "edge-08 -> core-12",
            "hq-17 -> core-12",
        ]
    );
}

/// Where every list holds the chain nothing restarts for it; it is read again before the other side changes.
#[test]
fn a_chain_that_is_there_needs_no_round() {
    let mut scene = Scene::with_expressway();
    for cluster in [CORE, EDGE, HQ] {
        let corp = [
            authority("Corp Root", "Corp Root"),
            authority("Corp Issuing", "Corp Root"),
        ];
        let known = &mut scene.of_cluster(cluster).certificates;
        known.extend(corp.map(|it| (it.sha256.clone(), it)));
        scene.trusting(cluster);
    }
    let (plans, links) = scene.estate();
    insta::assert_snapshot!(outline(&plans[CORE]).join("\n"), @r"
    request request @expc1
    request request @expc2
    request await @cluster
    prepare confirm @cluster
    install upload @expc1
    install upload @expc2
    activate restart Expressway @expc1
    activate confirm @expc1
    activate restart Expressway @expc2
    activate confirm @expc2
    verify confirm @cluster
    ");
    assert_eq!(outline(&plans[HQ]), ["prepare confirm @cluster"]);
    assert_eq!(
        plans[HQ].steps[0].after.len(),
        2 * (3 + 2 + 1),
        "every store of every node"
    );
    assert_eq!(
        links,
        [
            "core-04 -> edge-05",
            "edge-04 -> core-05",
            "edge-10 -> core-07",
            "hq-01 -> core-05",
        ]
    );
}

#[test]
fn nothing_due_is_an_empty_plan_and_so_is_the_plan_after() {
    let mut scene = Scene::with_expressway();
    for cluster in [CORE, EDGE] {
        scene.renewed(cluster);
    }
    assert!(scene.estate().0.is_empty());
    scene.trusting(CORE);
    scene.trusting(EDGE);
    scene.trusting(HQ);
    let plan = scene.plan().unwrap();
    assert!(plan.clusters.is_empty() && plan.links.is_empty());
}

/// Every peer is proved by its ports, its start, its zones and its tunnels; what counts from which restart is named.
#[test]
fn a_restart_is_proved_before_the_next() {
    let (plans, _) = Scene::with_expressway().estate();
    let edge = &plans[EDGE];
    let node = NodeName::from(EDGES[0]);
    let of = |at: usize| &edge.steps[at - 1];
    let since = |step: &str| Condition::StartedSince {
        node: node.clone(),
        service: WHOLE_PEER.into(),
        step: StepId::new(step),
    };
    let traverses = Condition::Traverses {
        node: node.clone(),
        zones: ["UC".to_owned()].into(),
        tunnels: 2,
    };
    let healthy = Condition::Healthy {
        node: node.clone(),
        services: [ServiceName::from(WHOLE_PEER)].into(),
    };
    let serves = |port| Condition::Serves {
        node: node.clone(),
        listener: Listener {
            port,
            key: KeyAlgorithm::Rsa,
        },
        step: StepId::new("edge-05"),
    };
    let (trust, identity) = (of(9), of(15));
    assert!(trust.after.contains(&since("edge-02")), "{trust:#?}");
    assert!(identity.after.contains(&since("edge-12")), "{identity:#?}");
    assert!(
        identity.after.contains(&serves(Port::Rest))
            && identity.after.contains(&serves(Port::Zone))
    );
    for step in [trust, identity, of(18)] {
        assert!(
            step.after.contains(&traverses) && step.after.contains(&healthy),
            "{step:#?}"
        );
    }
    // Nothing is written while a peer is not as it was.
    assert!(of(1).before.contains(&traverses), "{:#?}", of(1));
    let restart = of(8);
    assert_eq!(
        restart.disruption.as_ref().unwrap().loses,
        "remote access over this peer"
    );
    assert!(
        restart
            .rests_on
            .contains(&ClaimId::from("EXPRESSWAY-RESTART"))
    );
    assert!(
        !edge
            .steps
            .iter()
            .flat_map(|step| &step.rests_on)
            .any(|it| it.as_str().starts_with("CUCM-"))
    );
    assert!(
        restart.because.contains("expiring"),
        "{:?}",
        restart.because
    );
}

/// While only lists have grown nothing that is served has changed: the places to rest say so.
#[test]
fn a_change_may_rest_between_the_rounds() {
    let (plans, _) = Scene::with_expressway().estate();
    let stops = timeline(&plans[CORE]).safe_stops;
    let told = |step: &str| {
        let stop = stops.iter().find(|stop| stop.after.as_str() == step);
        stop.map(|stop| stop.state.as_str()).unwrap_or_default()
    };
    assert!(
        told("core-09").contains("nothing that is served has changed"),
        "{stops:#?}"
    );
    assert!(
        told("core-11").contains("nothing that is served has changed"),
        "{stops:#?}"
    );
    assert!(
        told("core-15").contains("serve the new certificate"),
        "{stops:#?}"
    );
    assert!(
        told("core-17").contains("serves its new certificate"),
        "{stops:#?}"
    );
}

/// Names: the own one, the cluster's, what the present certificate has, what the other side looks for.
#[test]
fn a_request_names_what_the_neighbours_look_for() {
    let mut scene = Scene::with_expressway();
    for name in CORES {
        let core = scene
            .of_cluster(CORE)
            .certificates
            .get_mut(&fingerprint(name))
            .unwrap();
        core.common_name = Some("expc.example.com".to_owned());
        core.names = [
            SubjectName::dns(name),
            SubjectName::dns("profile.example.com"),
        ]
        .into();
    }
    for name in EDGES {
        let edge = scene
            .of_cluster(EDGE)
            .certificates
            .get_mut(&fingerprint(name))
            .unwrap();
        edge.names = [
            SubjectName::dns("alias.example.com"),
            SubjectName::dns("*.example.com"),
        ]
        .into();
    }
    let Observed::Present(domains) = &mut scene.told(CORES[0]).domains else {
        panic!("domains")
    };
    domains[0].xmpp_federation = Some(true);
    let (plans, _) = scene.estate();
    let asked = |cluster: &str| {
        let mut requests = plans[cluster]
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::GenerateRequest {
                    common_name, names, ..
                } => {
                    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                    Some(format!("{common_name}: {}", names.join(" ")))
                }
                _ => None,
            });
        requests.next().unwrap()
    };
    assert_eq!(
        asked(CORE),
        "expc.example.com: dns:expc.example.com dns:expc1.example.com dns:profile.example.com"
    );
    assert_eq!(
        asked(EDGE),
        "expe1.example.com: dns:alias.example.com dns:collab-edge.example.com dns:example.com dns:expe1.example.com"
    );
}

/// The client certificate of X15.5: told always, and given to a person where it is a copy of what is replaced.
#[test]
fn the_client_certificate_is_left_to_a_person() {
    let mut scene = Scene::with_expressway();
    for name in CORES.into_iter().chain(EDGES) {
        let peer = scene.peer(name);
        peer.release = Observed::Present(Release::parse("X15.5.0").unwrap());
    }
    let copy = Observed::Present(fingerprint(CORES[1]));
    scene
        .peer(CORES[1])
        .identities
        .insert("client".into(), copy);
    let (plans, _) = scene.estate();
    let person = |name: &str| {
        let mut steps = plans[name].steps.iter();
        steps.find_map(|step| match &step.action {
            Action::Person { instruction } => Some(instruction.clone()),
            _ => None,
        })
    };
    let told = person(CORE).unwrap();
    assert!(
        told.contains(CORES[1]) && !told.contains(CORES[0]),
        "{told}"
    );
    assert_eq!(person(EDGE), None);
    for name in [CORE, EDGE] {
        let reminders = &plans[name].reminders;
        assert!(
            reminders.iter().any(|it| it.contains("client certificate")),
            "{reminders:?}"
        );
        let terms = plans[name]
            .steps
            .iter()
            .find_map(|step| match &step.action {
                Action::AwaitCertificates { terms, .. } => Some(&terms.extended_usage),
                _ => None,
            });
        assert_eq!(terms, Some(&["serverAuth".to_owned()].into()));
    }
}

/// Restarts by the plan's own steps are no drift; the settings of a peer are.
#[test]
fn the_facts_of_a_peer_are_in_the_basis() {
    let mut scene = Scene::with_expressway();
    let (plans, _) = scene.estate();
    let core = &plans[CORE];
    let zones = &core.basis["expc1.example.com zones"];
    assert_eq!(zones, "UC to expe1.example.com to expe2.example.com");
    let all = touched(core, core.steps.len());
    assert!(
        all.covers("expc1.example.com running services")
            && all.covers("expc1.example.com serves on 443/rsa")
    );
    assert!(
        all.covers("expc2.example.com server identity") && !all.covers("expc1.example.com zones")
    );
    let Observed::Present(zones) = &mut scene.told(CORES[0]).zones else {
        panic!("zones")
    };
    zones[0].peer_addresses.pop();
    let after = basis(scene.of_cluster(CORE));
    let moved = moved(&core.basis, &after);
    assert_eq!(moved.len(), 1, "{moved:#?}");
    assert_eq!(moved[0].fact, "expc1.example.com zones");
}
