//! The plan file, the basis, and what steps may change.

use std::collections::BTreeMap;

use crate::model::*;
use crate::plan::file::{PlanFileError, load, save};
use crate::plan::testing::*;
use crate::plan::*;

#[test]
fn a_plan_comes_back_from_its_file() {
    let plan = Scene::three_nodes().plan().unwrap();
    let text = save(&plan).unwrap();
    let (again, digest) = load(&text).unwrap();
    assert_eq!(again, plan);
    assert_eq!(digest, file::digest(&plan).unwrap());
    let squeezed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        load(&squeezed.to_string()).unwrap().1,
        digest,
        "white space is not content"
    );
}

#[test]
fn other_files_are_refused_by_what_they_are() {
    let plan = Scene::three_nodes().plan().unwrap();
    let text = save(&plan).unwrap();
    let mut unknown: serde_json::Value = serde_json::from_str(&text).unwrap();
    unknown["plan"]["clusters"]["hq"]["steps"][0]["surprise"] = true.into();
    let digest = match load(&unknown.to_string()) {
        Err(PlanFileError::Edited { expected, .. }) => expected,
        other => panic!("{other:?}"),
    };
    unknown["digest"] = digest.into();
    let cut = text.get(..text.len() / 2).unwrap().to_owned();
    let rows: &[(&str, String)] = &[
        ("not complete JSON", cut),
        ("not complete JSON", String::new()),
        ("not complete JSON", "[".repeat(100_000)),
        ("as `reissue plan -o` writes it", "{}".to_owned()),
        (
            "as `reissue plan -o` writes it",
            text.replacen("\"digest\"", "\"extra\": 1, \"digest\"", 1),
        ),
        (
            "found 2",
            text.replacen("\"format\": 1", "\"format\": 2", 1),
        ),
        (
            "was edited",
            text.replacen("Cisco Tomcat", "Cisco Tomcet", 1),
        ),
        (
            "was edited",
            text.replacen("\"clusters\"", "\"more\": 1, \"clusters\"", 1),
        ),
        (
            "only members and values that this release knows",
            unknown.to_string(),
        ),
    ];
    for (says, text) in rows {
        let error = load(text).expect_err(says).to_string();
        assert!(error.contains(says), "expected `{says}`, found `{error}`");
    }
    assert!(file::fits(file::LONGEST_FILE).is_ok());
    let error = file::fits(file::LONGEST_FILE + 1).unwrap_err().to_string();
    assert!(error.contains("at most"), "{error}");
}

/// The digest is that of the canonical form of the file's own text, made here a second time.
#[test]
fn the_digest_is_that_of_the_sorted_text() {
    fn canonical(value: &serde_json::Value) -> String {
        match value {
            serde_json::Value::Object(members) => {
                let members: BTreeMap<&String, String> = members
                    .iter()
                    .map(|(name, it)| (name, canonical(it)))
                    .collect();
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, it)| format!("{}:{it}", serde_json::json!(name)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            serde_json::Value::Array(items) => {
                let items: Vec<String> = items.iter().map(canonical).collect();
                format!("[{}]", items.join(","))
            }
            plain => plain.to_string(),
        }
    }
    let mut plan = Scene::three_nodes().plan().unwrap();
    let first = plan.clusters.values().next().unwrap().steps[0].id.clone();
    plan.links.push(Edge {
        first: first.clone(),
        then: first,
        why: "a \"link\"\n".to_owned(),
    });
    let mut value = serde_json::to_value(&plan).unwrap();
    let of = |value: &serde_json::Value| Fingerprint::of(canonical(value).as_bytes());
    assert_eq!(file::digest(&plan).unwrap(), of(&value));
    let text: serde_json::Value = serde_json::from_str(&save(&plan).unwrap()).unwrap();
    assert_eq!(text["plan"], value);
    let members = value.as_object_mut().unwrap();
    members.remove("made");
    members.remove("valid_until");
    assert_eq!(file::content_digest(&plan).unwrap(), of(&value));
}

#[test]
fn the_basis_shows_what_moved_and_leaves_out_what_moves_by_itself() {
    let mut scene = Scene::three_nodes();
    let then = basis(scene.cluster());
    let Observed::Present(services) = &mut scene.node(FIRST).services else {
        unreachable!()
    };
    services
        .get_mut(&ServiceName::from("Cisco Tftp"))
        .unwrap()
        .up_seconds = Some(77);
    scene.node(FIRST).clock_skew_seconds = Observed::Present(-200);
    scene.node(FIRST).pending.remove(&Purpose::from("tomcat"));
    scene.node(PUBLISHER).last_backup = Observed::Absent;
    scene.cluster().phones = Observed::Unknown("busy".to_owned());
    assert_eq!(moved(&then, &basis(scene.cluster())), []);

    scene.node(FIRST).sso = Observed::Present(SsoState::Enabled);
    scene.node(SECOND).trust.clear();
    let old = fingerprint("Old Root");
    assert_eq!(
        moved(&then, &basis(scene.cluster())),
        [
            Moved {
                fact: format!("{FIRST} single sign-on"),
                was: "off".into(),
                is: "on".into()
            },
            Moved {
                fact: format!("{SECOND} tomcat-trust {old}"),
                was: format!("{old} (Old Root)"),
                is: "not there".into(),
            },
        ]
    );
}

#[test]
fn every_planted_change_moves_the_basis() {
    type Plant = fn(&mut Scene);
    let rows: &[(&str, Plant)] = &[
        ("cluster node list", |s| {
            s.cluster().listed = Observed::Absent
        }),
        ("cluster security mode", |s| {
            s.cluster().security = Observed::Present(SecurityMode::Mixed)
        }),
        ("cucm-pub.hq.example.com release", |s| {
            s.node(PUBLISHER).release = Observed::Unknown("x".into())
        }),
        ("cucm-pub.hq.example.com calls itself", |s| {
            s.node(PUBLISHER).reported_name = Observed::Present("x".into())
        }),
        ("cucm-pub.hq.example.com clock", |s| {
            s.node(PUBLISHER).clock_skew_seconds = Observed::Present(301)
        }),
        ("cucm-pub.hq.example.com tomcat identity", |s| {
            s.node(PUBLISHER)
                .identities
                .insert("tomcat".into(), Observed::Present(fingerprint("new")));
        }),
        ("cucm-pub.hq.example.com tomcat request", |s| {
            s.node(PUBLISHER)
                .pending
                .insert("tomcat".into(), Observed::Unknown("x".into()));
        }),
        ("cucm-pub.hq.example.com serves on 443/rsa", |s| {
            let listener = Listener {
                port: Port::Rest,
                key: KeyAlgorithm::Rsa,
            };
            s.node(PUBLISHER).served.insert(listener, Observed::Absent);
        }),
        ("cucm-pub.hq.example.com running services", |s| {
            let Observed::Present(services) = &mut s.node(PUBLISHER).services else {
                unreachable!()
            };
            services
                .get_mut(&ServiceName::from("Cisco Tftp"))
                .unwrap()
                .status = ServiceStatus::Stopped;
        }),
        ("cucm-pub.hq.example.com backup job", |s| {
            s.node(PUBLISHER).backup_job = Observed::Present(BackupJob::Running("1 %".into()))
        }),
        ("cucm-sub1.hq.example.com replication", |s| {
            let Observed::Present(states) = &mut s.cluster().replication else {
                unreachable!()
            };
            states.remove(&NodeName::from(FIRST));
        }),
        ("cucm-sub1.hq.example.com authenticated", |s| {
            let Observed::Present(states) = &mut s.cluster().network else {
                unreachable!()
            };
            states.insert(FIRST.into(), false);
        }),
    ];
    for (fact, plant) in rows {
        let mut scene = Scene::three_nodes();
        let then = basis(scene.cluster());
        plant(&mut scene);
        let moved = moved(&then, &basis(scene.cluster()));
        assert_eq!(
            moved.iter().map(|it| it.fact.as_str()).collect::<Vec<_>>(),
            [*fact]
        );
    }
}

#[test]
fn steps_touch_what_they_change_and_nothing_else() {
    let mut scene = Scene::three_nodes();
    scene.node(PUBLISHER).sso = Observed::Present(SsoState::Enabled);
    let plan = scene.planned();
    let upto = |what: fn(&Action) -> bool| {
        plan.steps
            .iter()
            .position(|step| what(&step.action))
            .unwrap()
    };
    let root = fingerprint("Corp Root");
    let trust = touched(&plan, upto(|it| matches!(it, Action::UploadTrust { .. })));
    assert!(trust.covers(&format!("{SECOND} tomcat-trust {root}")));
    assert!(!trust.covers(&format!(
        "{SECOND} tomcat-trust {}",
        fingerprint("Corp Issuing")
    )));
    assert!(!trust.covers(&format!("{PUBLISHER} tomcat request")));

    let request = touched(
        &plan,
        upto(|it| matches!(it, Action::GenerateRequest { .. })),
    );
    assert!(request.covers(&format!("{PUBLISHER} tomcat request")));
    assert!(!request.covers(&format!("{FIRST} tomcat request")));

    let person = touched(&plan, upto(|it| matches!(it, Action::Person { .. })));
    assert!(person.covers(&format!("{PUBLISHER} single sign-on")));
    assert!(!person.covers(&format!("{FIRST} single sign-on")));

    let upload = touched(
        &plan,
        upto(|it| matches!(it, Action::UploadIdentity { .. })),
    );
    assert!(upload.covers(&format!("{PUBLISHER} tomcat identity")));
    assert!(!upload.covers(&format!("{FIRST} tomcat identity")));
    assert!(!upload.covers(&format!("{PUBLISHER} serves on 443/rsa")));

    let restart = touched(
        &plan,
        upto(|it| matches!(it, Action::RestartService { .. })),
    );
    assert!(restart.covers(&format!("{PUBLISHER} serves on 443/rsa")));
    assert!(!restart.covers(&format!("{FIRST} serves on 443/rsa")));
    assert!(!restart.covers("cluster security mode"));
}

#[test]
fn an_authority_that_vanishes_by_its_name_is_touched() {
    let mut scene = Scene::three_nodes();
    let old = Certificate {
        sha256: fingerprint("root of 2020"),
        not_before: moment("2020-01-01T00:00:00Z"),
        ..authority("Corp Root", "Corp Root")
    };
    scene.trust(FIRST, old.clone());
    let plan = scene.planned();
    assert!(touched(&plan, 0).covers(&format!("{FIRST} tomcat-trust {}", old.sha256)));
}
