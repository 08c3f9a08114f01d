//! Several purposes in one change: which go together, in which order, and what stands between them.

use reissue::assess::assess;
use reissue::model::{Fingerprint, Observed, Product, Purpose, Store, TrustEntry};
use reissue::plan::{Action, ClusterPlan, Condition, Options, Refusal, Stage, Step, Waivers, plan};
use reissue::playbook::Library;

use crate::scenes::{Scene, Shape, now};

fn planned(scene: &Scene, options: &Options) -> Result<ClusterPlan, Vec<Refusal>> {
    let library = Library::embedded().unwrap();
    let procedures = library.procedures();
    let (observation, desired) = (&scene.observation, &scene.desired);
    let findings = assess(observation, desired, procedures, now());
    let plan = plan(observation, desired, procedures, &findings, options, now())?;
    Ok(plan
        .clusters
        .into_values()
        .next()
        .expect("something is due"))
}

fn of(shape: Shape) -> ClusterPlan {
    planned(&Scene::of(&[shape]), &Options::default()).unwrap()
}

fn everything() -> Shape {
    let all: Vec<&'static str> = Product::Cucm.purposes().collect();
    Shape {
        subscribers: 1,
        presence: 2,
        wanted: all.clone(),
        due: all,
        ..Shape::default()
    }
}

fn only(purposes: &[&'static str]) -> Shape {
    Shape {
        wanted: purposes.to_vec(),
        due: purposes.to_vec(),
        ..Shape::default()
    }
}

/// One word for each step that matters here, in order.
fn course(plan: &ClusterPlan) -> Vec<String> {
    let word = |step: &Step| {
        let node = step.node.as_ref().map_or("cluster", |node| node.short());
        Some(match &step.action {
            Action::UploadIdentity { purpose, .. } => format!("{purpose}@{node}"),
            Action::UpdateTrustList {} => "ctl".to_owned(),
            Action::RestartService { service, .. } => format!("{service}@{node}"),
            Action::ResetPhones { pool } => format!("reset {pool}"),
            Action::Confirm { .. } if step.stage == Stage::Activate => format!("confirm@{node}"),
            Action::Person { .. } => "person".to_owned(),
            _ => return None,
        })
    };
    plan.steps.iter().filter_map(word).collect()
}

fn at(course: &[String], word: &str) -> usize {
    let found = course.iter().position(|other| other == word);
    found.unwrap_or_else(|| panic!("no `{word}` in {course:#?}"))
}

fn last(course: &[String], word: &str) -> usize {
    let found = course.iter().rposition(|other| other == word);
    found.unwrap_or_else(|| panic!("no `{word}` in {course:#?}"))
}

#[test]
fn the_usual_order_has_the_certificates_that_phones_hold_one_after_the_other() {
    let plan = of(everything());
    let course = course(&plan);
    let uploads = [
        "tomcat@pub00",
        "ipsec@pub00",
        "CAPF@pub00",
        "CallManager@pub00",
        "TVS@pub00",
    ];
    let places = uploads.map(|word| at(&course, word));
    assert!(places.is_sorted(), "{course:#?}");
    for purposes in [
        ("CAPF@pub00", "CallManager@pub00"),
        ("CallManager@pub00", "TVS@pub00"),
    ] {
        let between = &course[at(&course, purposes.0)..at(&course, purposes.1)];
        let (reset, gate) = (
            last(between, "reset Pool 1"),
            last(between, "confirm@cluster"),
        );
        assert!(reset < gate && gate + 1 == between.len(), "{between:#?}");
    }
    // Twins come with their purpose, before anything restarts for it.
    assert!(at(&course, "CallManager-ECDSA@sub01") < at(&course, "Cisco CallManager@pub00"));
}

#[test]
fn what_phones_hold_nothing_of_shares_the_restarts_of_a_node() {
    let plan = of(everything());
    let course = course(&plan);
    let first = &course[..at(&course, "CAPF@pub00")];
    for service in ["Cisco Tomcat", "Cisco DRF Local"] {
        for node in ["pub00", "sub01", "imp01", "imp02"] {
            let word = format!("{service}@{node}");
            let times = first.iter().filter(|other| **other == word).count();
            assert_eq!(times, 1, "{word}");
        }
    }
    assert!(at(first, "ipsec@imp02") < at(first, "Cisco Tomcat@pub00"));
    // High availability of presence goes off before the first presence node restarts, and on after the last.
    let persons: Vec<usize> = (0..first.len())
        .filter(|place| first[*place] == "person")
        .collect();
    assert_eq!(persons.len(), 2, "{first:#?}");
    assert!(persons[0] < at(first, "Cisco XCP Router@imp01"));
    assert!(persons[1] > last(first, "confirm@imp02"));
}

#[test]
fn the_order_is_the_estates_to_choose() {
    let mut scene = Scene::of(&[everything()]);
    scene.desired.order = ["TVS", "CallManager", "tomcat"].map(Purpose::from).into();
    let course = course(&planned(&scene, &Options::default()).unwrap());
    let uploads = ["TVS@pub00", "CallManager@pub00", "tomcat@pub00"];
    assert!(
        uploads.map(|word| at(&course, word)).is_sorted(),
        "{course:#?}"
    );
}

#[test]
fn a_cluster_in_mixed_mode_gets_its_trust_list_between_upload_and_restart() {
    let shape = Shape {
        mixed: true,
        ..only(&["CallManager", "CAPF", "TVS", "tomcat"])
    };
    let plan = of(shape.clone());
    let course = course(&plan);
    let lists: Vec<usize> = (0..course.len())
        .filter(|place| course[*place] == "ctl")
        .collect();
    assert_eq!(lists.len(), 2, "for CAPF and for CallManager: {course:#?}");
    assert!(at(&course, "CAPF@pub00") < lists[0]);
    assert!(lists[0] < at(&course, "Cisco Certificate Authority Proxy Function@pub00"));
    assert!(at(&course, "CallManager@sub02") < lists[1]);
    assert!(lists[1] < at(&course, "Cisco CallManager@pub00"));
    let read_back = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::UpdateTrustList {}));
    for step in read_back {
        assert!(
            step.after
                .iter()
                .all(|it| matches!(it, Condition::TrustListHolds { .. }))
                && !step.after.is_empty()
        );
    }
    let non_secure = of(Shape {
        mixed: false,
        ..shape
    });
    assert!(
        !non_secure
            .steps
            .iter()
            .any(|step| matches!(step.action, Action::UpdateTrustList {}))
    );
}

#[test]
fn the_trust_verification_service_changes_on_the_publisher_first_and_then_elsewhere() {
    let course = course(&of(only(&["TVS"])));
    let gates: Vec<usize> = (0..course.len())
        .filter(|place| course[*place] == "confirm@cluster")
        .collect();
    assert_eq!(gates.len(), 2, "{course:#?}");
    assert!(at(&course, "TVS@pub00") < gates[0] && gates[0] < at(&course, "TVS@sub01"));
    assert!(at(&course, "TVS@sub02") < gates[1]);
}

#[test]
fn an_upload_that_resets_phones_by_itself_is_a_step_that_users_notice() {
    for (release, notices) in [("12.5.1.16900-30", false), ("14.0.1.10000-20", true)] {
        let plan = of(Shape {
            release,
            ..only(&["CallManager"])
        });
        let upload = plan
            .steps
            .iter()
            .find(|step| matches!(step.action, Action::UploadIdentity { .. }));
        let upload = upload.unwrap();
        assert_eq!(upload.disruption.is_some(), notices, "{release}");
        assert_eq!(upload.stage == Stage::Activate, notices, "{release}");
    }
}

#[test]
fn phones_that_are_absent_stop_the_plan_until_they_are_waived_by_name() {
    let scene = Scene::of(&[Shape {
        absent: 2,
        ..only(&["TVS"])
    }]);
    let refusals = planned(&scene, &Options::default()).unwrap_err();
    let [refusal] = refusals.as_slice() else {
        panic!("{refusals:#?}")
    };
    assert_eq!(refusal.invariant, Some("I4"));
    assert!(
        refusal.says.contains("SEP000000000014, SEP000000000015"),
        "{refusal:#?}"
    );
    let waived = Waivers {
        all: false,
        phones: ["SEP000000000014", "SEP000000000015"]
            .map(str::to_owned)
            .into(),
        why: "in storage".to_owned(),
    };
    let options = Options {
        waived,
        ..Options::default()
    };
    let phones = planned(&scene, &options).unwrap().phones.unwrap();
    assert_eq!(phones.waived.len(), 2);
    assert_eq!(phones.waived["SEP000000000014"], "in storage");
    assert_eq!(
        phones
            .registered
            .values()
            .map(std::collections::BTreeSet::len)
            .sum::<usize>(),
        20
    );
    // A certificate that phones do not need to come back does not ask for them.
    let capf = Scene::of(&[Shape {
        absent: 2,
        ..only(&["CAPF"])
    }]);
    assert!(planned(&capf, &Options::default()).is_ok());
}

#[test]
fn phones_that_cannot_be_counted_stop_what_they_hold_and_nothing_else() {
    for (purpose, refused) in [("CallManager", true), ("tomcat", false)] {
        let mut scene = Scene::of(&[only(&[purpose])]);
        let cluster = scene.observation.clusters.values_mut().next().unwrap();
        cluster.phones = Observed::Unknown("the interface is busy".to_owned());
        let result = planned(&scene, &Options::default());
        assert_eq!(result.is_err(), refused, "{purpose}: {result:#?}");
    }
}

#[test]
fn a_reused_tomcat_certificate_is_renewed_with_the_care_for_phones() {
    let plan = of(Shape {
        reuse: true,
        mixed: true,
        shared: vec!["tomcat"],
        ..only(&["tomcat", "CallManager"])
    });
    let course = course(&plan);
    assert!(
        !course.iter().any(|word| word.starts_with("CallManager@")),
        "{course:#?}"
    );
    assert!(at(&course, "tomcat@pub00") < at(&course, "ctl"));
    assert!(at(&course, "ctl") < at(&course, "Cisco Tomcat@pub00"));
    assert!(last(&course, "Cisco HAProxy@sub02") < at(&course, "reset Pool 0"));
    let trusts = |store: &str| {
        plan.steps.iter().any(
            |step| matches!(&step.action, Action::UploadTrust { store: into, .. } if into.as_str() == store),
        )
    };
    assert!(trusts("tomcat-trust") && trusts("CallManager-trust"));
}

#[test]
fn the_shell_of_release_12_5_makes_no_shared_certificates_and_one_kind_of_key() {
    let shape = Shape {
        release: "12.5.1.16900-30",
        ..only(&["tomcat"])
    };
    let plan = of(shape.clone());
    let request = plan
        .steps
        .iter()
        .find(|step| matches!(step.action, Action::GenerateRequest { .. }));
    let claims: Vec<&str> = request
        .unwrap()
        .rests_on
        .iter()
        .map(reissue::model::ClaimId::as_str)
        .collect();
    assert!(claims.contains(&"VOS-CSR-GEN"), "{claims:?}");
    assert!(
        !claims.iter().any(|claim| claim.starts_with("CUCM-REST-")),
        "{claims:?}"
    );
    let mut scene = Scene::of(&[Shape {
        shared: vec!["tomcat"],
        ..shape
    }]);
    scene.desired.certificates[0].key = "rsa-3072".parse().unwrap();
    let refusals = planned(&scene, &Options::default()).unwrap_err();
    for words in ["found multi-server", "found rsa-3072"] {
        assert!(
            refusals.iter().any(|it| it.says.contains(words)),
            "{words}: {refusals:#?}"
        );
    }
}

/// An authority that ended years ago and that nothing needs, in a store of the publisher.
fn cluttered(shape: Shape) -> Scene {
    let mut scene = Scene::of(&[shape]);
    let cluster = scene.observation.clusters.values_mut().next().unwrap();
    let mut old = cluster.certificates.values().next().unwrap().clone();
    old.sha256 = Fingerprint::of(b"bygone");
    old.key.sha256 = Fingerprint::of(b"bygone key");
    old.common_name = Some("Bygone CA".to_owned());
    old.not_after = crate::scenes::moment("2020-01-01T00:00:00Z");
    let publisher = cluster.publisher().unwrap().clone();
    let entry = TrustEntry {
        file: "Bygone_CA".to_owned(),
        sha256: old.sha256.clone(),
    };
    let stores = &mut cluster.nodes.get_mut(&publisher).unwrap().trust;
    let Some(Observed::Present(entries)) = stores.get_mut(&Store::from("tomcat-trust")) else {
        panic!("no store: {stores:#?}")
    };
    entries.push(entry);
    cluster.certificates.insert(old.sha256.clone(), old);
    scene
}

#[test]
fn what_may_be_cleared_away_comes_after_everything_else_and_only_when_asked_for() {
    let tidy = Options {
        tidy: true,
        ..Options::default()
    };
    let signed_on = Shape {
        sso: true,
        ..everything()
    };
    let scene = cluttered(signed_on.clone());
    let plain = planned(&scene, &Options::default()).unwrap();
    let plan = planned(&scene, &tidy).unwrap();
    let (last, before) = plan.steps.split_last().unwrap();
    assert_eq!(before, plain.steps, "nothing else changes with it");
    assert_eq!(
        (last.stage, &last.after, &last.before),
        (Stage::Tidy, &vec![], &vec![])
    );
    assert!(
        matches!(&last.action, Action::Person { instruction } if instruction.contains("Bygone CA")),
        "{last:#?}"
    );
    let edges = plan.edges.iter().filter(|edge| edge.then == last.id);
    let firsts: Vec<_> = edges.map(|edge| &edge.first).collect();
    assert_eq!(firsts, [&before.last().unwrap().id], "{:#?}", plan.edges);
    // Nothing to list, nothing is asked.
    let clean = planned(&Scene::of(&[signed_on]), &tidy).unwrap();
    assert_eq!(clean.steps, plain.steps);
}

#[test]
fn unity_connection_restarts_its_own_services_and_resets_no_phones() {
    let plan = of(Shape {
        product: Product::UnityConnection,
        subscribers: 1,
        ..only(&["tomcat", "ipsec"])
    });
    let course = course(&plan);
    assert!(
        at(&course, "Connection Conversation Manager@pub00") < at(&course, "Cisco Tomcat@sub01")
    );
    assert!(plan.phones.is_none());
    assert!(!course.iter().any(|word| word.starts_with("reset")));
}
