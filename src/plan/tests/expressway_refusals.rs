//! What forbids a change of Expressway, and what is asked of clusters that are left out.

use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

/// Invariant, a node that is named, words, and how the scene is spoiled.
type Row<'a> = (Option<&'a str>, &'a str, &'a str, fn(&mut Scene));

fn refused(rows: &[Row<'_>]) {
    for (invariant, node, words, spoil) in rows {
        let mut scene = Scene::with_expressway();
        spoil(&mut scene);
        let refusals = scene.plan().expect_err(words);
        let fits = |refusal: &&Refusal| {
            let named = refusal.nodes.iter().any(|it| it.as_str() == *node);
            refusal.invariant == *invariant
                && (named || node.is_empty())
                && refusal.says.contains(words)
                && !refusal.next.is_empty()
        };
        assert!(
            refusals.iter().any(|it| fits(&it)),
            "{words}: {refusals:#?}"
        );
    }
}

fn request() -> SigningRequest {
    SigningRequest {
        sha256: fingerprint("request"),
        pem: String::new(),
        subject: "CN=somebody".to_owned(),
        common_name: Some("somebody".to_owned()),
        key: certificate("somebody", "x").key,
        names: [].into(),
        key_usage: None,
        extended_usage: None,
    }
}

#[test]
fn facts_that_forbid_a_change() {
    refused(&[
        (
            Some("I19"),
            "expc2.example.com",
            "another certificate of that name",
            |scene| {
                let mut old = authority("Corp Issuing", "Corp Root");
                old.sha256 = fingerprint("an older Corp Issuing");
                let entry = TrustEntry {
                    file: "0002".to_owned(),
                    sha256: old.sha256.clone(),
                };
                scene
                    .of_cluster(CORE)
                    .certificates
                    .insert(old.sha256.clone(), old);
                let list = scene
                    .peer(CORES[1])
                    .trust
                    .get_mut(&Store::from("trusted-ca"))
                    .unwrap();
                *list = Observed::Present(vec![entry]);
            },
        ),
        (
            Some("I25"),
            "expe2.example.com",
            "one release on Expressway-C and Expressway-E",
            |scene| {
                scene.peer(EDGES[1]).release =
                    Observed::Present(Release::parse("X15.0.1").unwrap());
            },
        ),
        (
            Some("I7"),
            "expe1.example.com",
            "a request for CN=somebody waits",
            |scene| {
                scene
                    .peer(EDGES[0])
                    .pending
                    .insert("server".into(), Observed::Present(request()));
            },
        ),
        (Some("I7"), "expe1.example.com", "found: 403", |scene| {
            scene
                .peer(EDGES[0])
                .pending
                .insert("server".into(), Observed::Unknown("403".into()));
        }),
        (
            None,
            "expc1.example.com",
            "without POST /certs/server",
            |scene| {
                let lacks = vec![
                    "POST /certs/server".to_owned(),
                    "GET /common/domain".to_owned(),
                ];
                scene.told(CORES[0]).interface = Observed::Present(Interface::Lacks(lacks));
            },
        ),
        (
            Some("I25"),
            "expc1.example.com",
            "the description of its interface",
            |scene| {
                scene.told(CORES[0]).interface = Observed::Unknown("404".into());
            },
        ),
        (
            Some("I25"),
            "expe1.example.com",
            "the trusted CA list",
            |scene| {
                let unknown = Observed::Unknown("timeout".into());
                scene
                    .peer(EDGES[0])
                    .trust
                    .insert("trusted-ca".into(), unknown);
            },
        ),
        (Some("I25"), "expe2.example.com", "the zones", |scene| {
            scene.told(EDGES[1]).zones = Observed::Unknown("timeout".into());
        }),
    ]);
}

#[test]
fn what_cannot_be_ordered_or_asked_for() {
    refused(&[
        (
            Some("I16"),
            "expc1.example.com",
            "which servers it connects to",
            |scene| {
                for name in CORES {
                    scene.told(name).call_managers = Observed::Unknown("timeout".into());
                }
            },
        ),
        (None, "", "one certificate for each peer", |scene| {
            scene.desired.certificates[0].distribution = Distribution::MultiServer;
        }),
        (
            Some("I24"),
            "",
            "rsa-2048 or rsa-4096; found rsa-3072",
            |scene| {
                scene.desired.certificates[1].key = "rsa-3072".parse().unwrap();
            },
        ),
        (None, "", "name the usages for release X13.0.0", |scene| {
            for name in CORES.into_iter().chain(EDGES) {
                scene.peer(name).release = Observed::Present(Release::parse("X13.0.0").unwrap());
            }
        }),
        (None, "", "a playbook for server on expressway-e", |scene| {
            scene
                .procedures
                .retain(|it| it.appliance != Appliance::ExpresswayE);
        }),
        (
            Some("I21"),
            "",
            "a playbook for cup-xmpp on im-presence",
            |scene| {
                scene
                    .procedures
                    .retain(|it| it.purpose.as_str() != "cup-xmpp");
            },
        ),
        (Some("I25"), "", "2, Setup Completed", |scene| {
            let bad = Replication {
                state: Some(3),
                words: "Bad".to_owned(),
            };
            scene.cluster().replication = Observed::Present([(PUBLISHER.into(), bad)].into());
        }),
    ]);
}

/// A cluster that is left out must trust the chain already; then it is told that nobody reads it again.
#[test]
fn whoever_is_left_out_must_trust_already() {
    let cut = |scene: &mut Scene, word: &str| {
        scene.options.except = Cut::read(&[word.to_owned()], &scene.desired).unwrap();
    };
    let mut scene = Scene::with_expressway();
    cut(&mut scene, EDGE);
    let refusals = scene.plan().unwrap_err();
    assert_eq!(refusals.len(), 2, "one for each authority: {refusals:#?}");
    for refusal in &refusals {
        assert_eq!(refusal.invariant, Some("I16"));
        assert_eq!(refusal.cluster, Some(EDGE.into()));
        assert_eq!(refusal.nodes.len(), 2);
        assert!(
            refusal.says.contains("trusted-ca")
                && refusal.says.contains("server certificates of core")
        );
    }
    scene.trusting(EDGE);
    let (plans, _) = scene.estate();
    assert_eq!(plans.keys().collect::<Vec<_>>(), [CORE, HQ]);
    let reminders = &plans[CORE].reminders;
    assert!(
        reminders
            .iter()
            .any(|it| it.starts_with("edge verifies") && it.contains("Restart none")),
        "{reminders:?}"
    );

    // One peer cut away: its list is looked at, and not filled.
    let mut scene = Scene::with_expressway();
    cut(&mut scene, EDGES[1]);
    let refusals = scene.plan().unwrap_err();
    assert!(
        refusals
            .iter()
            .all(|it| it.nodes == [EDGES[1].into()].into()),
        "{refusals:#?}"
    );

    // The cluster behind, whose stores are two by node.
    let mut scene = Scene::with_expressway().with_tomcat();
    cut(&mut scene, HQ);
    let refusals = scene.plan().unwrap_err();
    let stores = ["tomcat-trust", "CallManager-trust", "cup-xmpp-trust"];
    for store in stores {
        assert!(
            refusals.iter().any(|it| it.says.contains(store)),
            "{store}: {refusals:#?}"
        );
    }
}

/// A peer that is cut away keeps its list, and nothing waits for what it does not get.
#[test]
fn a_peer_that_is_cut_away_is_not_waited_for() {
    let mut scene = Scene::with_expressway();
    scene.renewed(EDGE);
    scene.options.except = Cut::read(&[CORES[1].to_owned()], &scene.desired).unwrap();
    let (plans, _) = scene.estate();
    let away = NodeName::from(CORES[1]);
    let core = &plans[CORE];
    assert!(
        core.steps
            .iter()
            .all(|step| step.node != Some(away.clone()))
    );
    let mut conditions = core
        .steps
        .iter()
        .flat_map(|step| step.before.iter().chain(&step.after));
    let asked = |it: &Condition| matches!(it, Condition::Trusts { node, .. } if *node == away);
    assert!(!conditions.any(asked));
    assert!(
        core.steps
            .iter()
            .any(|step| matches!(step.action, Action::UploadIdentity { .. }))
    );
}

/// No call tells which Unity Connection clusters are served.
#[test]
fn unity_connection_is_taken_as_served() {
    let mut scene = Scene::with_expressway();
    for cluster in [CORE, EDGE] {
        scene.renewed(cluster);
    }
    let mut voice = scene.of_cluster(HQ).clone();
    voice.product = Product::UnityConnection;
    voice.security = Observed::Absent;
    voice.nodes.retain(|name, _| name.as_str() == PUBLISHER);
    voice
        .certificates
        .get_mut(&fingerprint(PUBLISHER))
        .unwrap()
        .not_after = now();
    voice.listed = Observed::Present([(PUBLISHER.into(), Role::Publisher)].into());
    let Observed::Present(replication) = &mut voice.replication else {
        panic!("replication")
    };
    replication.retain(|name, _| name.as_str() == PUBLISHER);
    scene.observation.clusters.insert("voice".into(), voice);
    let mut tomcat = procedure();
    tomcat.appliance = Appliance::UnityConnection;
    scene.procedures.push(tomcat);
    let wanted = DesiredCertificate {
        cluster: "voice".into(),
        purpose: "tomcat".into(),
        nodes: [PUBLISHER.into()].into(),
        ..scene.desired.certificates[0].clone()
    };
    scene.desired.certificates.push(wanted);
    let (plans, links) = scene.estate();
    assert_eq!(plans.keys().collect::<Vec<_>>(), [CORE, "voice"]);
    let reminders = &plans[CORE].reminders;
    assert!(
        reminders
            .iter()
            .any(|it| it.contains("voice is taken as served")),
        "{reminders:?}"
    );
    assert_eq!(links.len(), 2, "{links:?}");
}
