//! Everything that is refused, each with what it names.

use std::collections::BTreeSet;

use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

type Plant = fn(&mut Scene);

/// Invariant, node, a part of what is said, and what is planted.
type Row = (
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
    Plant,
);

/// Each row is planned twice: with the assessment's findings, whose blockers speak first, and without any,
/// so that the planner's own checks are seen to stand by themselves.
fn refused(rows: &[Row], findings: bool) {
    for (at, (invariant, node, says, plant)) in rows.iter().enumerate() {
        let mut scene = Scene::three_nodes();
        plant(&mut scene);
        let result = if findings {
            scene.plan()
        } else {
            scene.options.force_renew = true;
            scene.plan_with(&[])
        };
        let refusals = result.expect_err(&format!("row {at} `{says}` was planned"));
        let fits = |refusal: &Refusal| {
            refusal.invariant == *invariant
                && node.is_none_or(|node| refusal.nodes.contains(&NodeName::from(node)))
                && refusal.says.contains(says)
                && !refusal.next.is_empty()
        };
        assert!(
            refusals.iter().any(fits),
            "row {at} `{says}`: {refusals:#?}"
        );
    }
}

fn request() -> SigningRequest {
    SigningRequest {
        sha256: fingerprint("request"),
        subject: "CN=somebody".to_owned(),
        common_name: None,
        key: certificate("somebody", "x").key,
        names: BTreeSet::new(),
        key_usage: None,
        extended_usage: None,
        pem: String::new(),
    }
}

#[test]
fn facts_that_forbid_a_change_or_are_unknown() {
    let rows: &[Row] = &[
        (Some("I25"), Some(FIRST), "release", |scene| {
            scene.node(FIRST).release = Observed::Unknown("refused".into())
        }),
        (None, None, "or later", |scene| {
            scene.node(FIRST).release =
                Observed::Present(Release::parse("11.5.1.13900-152").unwrap())
        }),
        (Some("I25"), Some(SECOND), "services", |scene| {
            scene.node(SECOND).services = Observed::Unknown("x".into())
        }),
        (Some("I25"), Some(SECOND), "single sign-on", |scene| {
            scene.node(SECOND).sso = Observed::Unknown("x".into())
        }),
        (Some("I25"), Some(SECOND), "inventory", |scene| {
            scene.node(SECOND).inventory = Observed::Unknown("x".into())
        }),
        (
            Some("I25"),
            Some(FIRST),
            "Platform Administrative Web Service",
            |scene| {
                let Observed::Present(services) = &mut scene.node(FIRST).services else {
                    unreachable!()
                };
                services.remove(&ServiceName::from("Platform Administrative Web Service"));
            },
        ),
        (Some("I25"), Some(FIRST), "replication", |scene| {
            let Observed::Present(states) = &mut scene.cluster().replication else {
                unreachable!()
            };
            states.get_mut(&NodeName::from(FIRST)).unwrap().state = Some(3);
        }),
        (Some("I25"), None, "replication", |scene| {
            scene.cluster().replication = Observed::Unknown("x".into())
        }),
        (Some("I13"), Some(PUBLISHER), "backup", |scene| {
            scene.node(PUBLISHER).backup_job = Observed::Present(BackupJob::Running("40 %".into()))
        }),
        (Some("I7"), Some(FIRST), "somebody", |scene| {
            scene
                .node(FIRST)
                .pending
                .insert("tomcat".into(), Observed::Present(request()));
        }),
        (Some("I7"), Some(FIRST), "", |scene| {
            scene
                .node(FIRST)
                .pending
                .insert("tomcat".into(), Observed::Unknown("x".into()));
        }),
        (Some("I25"), Some(FIRST), "8443/rsa", |scene| {
            let listener = Listener {
                port: Port::Soap,
                key: KeyAlgorithm::Rsa,
            };
            scene
                .node(FIRST)
                .served
                .insert(listener, Observed::Unknown("timeout".into()));
        }),
    ];
    refused(rows, true);
    refused(rows, false);
}

#[test]
fn what_only_the_planner_knows() {
    let rows: &[Row] = &[
        (
            None,
            None,
            "a purpose of expressway-c that a plan renews, server; found tomcat",
            |scene| scene.cluster().product = Product::ExpresswayC,
        ),
        (None, None, "playbook", |scene| scene.procedures.clear()),
        (None, None, "issuer", |scene| scene.desired.issuers.clear()),
        (None, None, "a playbook for CallManager", |scene| {
            scene.wanted().purpose = "CallManager".into();
            for node in [PUBLISHER, FIRST, SECOND] {
                scene
                    .node(node)
                    .identities
                    .insert("CallManager".into(), Observed::Absent);
            }
        }),
        (Some("I9"), None, "one publisher", |scene| {
            scene.node(PUBLISHER).role = Role::Subscriber
        }),
        (Some("I11"), None, "security mode", |scene| {
            scene.cluster().security = Observed::Absent
        }),
        (Some("I25"), None, "not observed", |scene| {
            scene.observation.clusters.clear()
        }),
        (
            Some("I8"),
            Some(FIRST),
            "none of the restart set runs",
            |scene| {
                for set in &mut scene.procedures[0].restarts {
                    set.services
                        .retain(|rule| rule.service.as_str() == "Cisco Tftp");
                }
                let Observed::Present(services) = &mut scene.node(FIRST).services else {
                    unreachable!()
                };
                services.remove(&ServiceName::from("Cisco Tftp"));
            },
        ),
        (Some("I8"), None, "default, minimal", |scene| {
            scene
                .options
                .variants
                .insert("tomcat".into(), "boldest".into());
        }),
        (Some("I9"), Some(SECOND), "stopping", |scene| {
            let Observed::Present(services) = &mut scene.node(SECOND).services else {
                unreachable!()
            };
            services
                .get_mut(&ServiceName::from("Cisco Tftp"))
                .unwrap()
                .status = ServiceStatus::Stopping;
        }),
        (Some("I8"), Some(SECOND), "nothing answers", |scene| {
            let listener = Listener {
                port: Port::Soap,
                key: KeyAlgorithm::Rsa,
            };
            scene.node(SECOND).served.insert(listener, Observed::Absent);
        }),
        (
            Some("I8"),
            Some(PUBLISHER),
            "the restart set leaves it out",
            |scene| {
                for set in &mut scene.procedures[0].restarts {
                    set.services
                        .retain(|rule| rule.service.as_str() != "Cisco Tomcat");
                }
            },
        ),
        (Some("I8"), None, "names none for this node", |scene| {
            scene.procedures[0].proof.clear()
        }),
        (None, None, "usages", |scene| {
            scene.procedures[0].usages.clear()
        }),
        (Some("I24"), None, "4096", |scene| {
            scene.wanted().key = KeySpec {
                algorithm: KeyAlgorithm::Rsa,
                bits: 8192,
            }
        }),
        (None, None, "kind of key", |scene| {
            scene.wanted().key = "ec-384".parse().unwrap()
        }),
        (Some("I24"), None, "wildcards", |scene| {
            scene.wanted().also = [SubjectName::dns("*.example.com")].into()
        }),
        (None, None, "DNS names only", |scene| {
            scene.wanted().also = ["ip:10.0.0.1".parse().unwrap()].into()
        }),
    ];
    refused(rows, false);
}

#[test]
fn shared_certificates_that_cannot_be() {
    let rows: &[Row] = &[
        (None, None, "multi-server", |scene| {
            scene.wanted().distribution = Distribution::MultiServer;
            scene.procedures[0].multi_server = false;
        }),
        (None, None, "has one", |scene| {
            *scene = Scene::of(&[(PUBLISHER, Role::Publisher)]);
            scene.wanted().distribution = Distribution::MultiServer;
        }),
        (Some("I9"), Some(PUBLISHER), "makes the request", |scene| {
            scene.wanted().distribution = Distribution::MultiServer;
            scene.wanted().nodes.remove(&NodeName::from(PUBLISHER));
        }),
        (Some("I18"), Some("new.hq.example.com"), "differ", |scene| {
            scene.wanted().distribution = Distribution::MultiServer;
            let Observed::Present(listed) = &mut scene.cluster().listed else {
                unreachable!()
            };
            listed.insert("new.hq.example.com".into(), Role::Subscriber);
        }),
        (Some("I25"), None, "node list", |scene| {
            scene.wanted().distribution = Distribution::MultiServer;
            scene.cluster().listed = Observed::Unknown("x".into());
        }),
    ];
    refused(rows, false);
}

#[test]
fn chains_and_stores_that_would_not_do() {
    let rows: &[Row] = &[
        (Some("I5"), None, "found none", |scene| chain(scene).clear()),
        (Some("I5"), None, "as a root is", |scene| {
            chain(scene).remove(0);
        }),
        (Some("I5"), None, "to be signed by Corp Root", |scene| {
            chain(scene)[1].certificate.signed_by.clear()
        }),
        (Some("I5"), None, "basic constraints", |scene| {
            chain(scene)[1].certificate.authority = false
        }),
        (Some("I5"), None, "valid now", |scene| {
            chain(scene)[0].certificate.not_after = moment("2026-11-22T19:59:59Z")
        }),
        (Some("I5"), None, "outlive", |scene| {
            chain(scene)[1].certificate.not_after = moment("2026-12-01T00:00:00Z")
        }),
        (Some("I19"), None, "twice", |scene| {
            chain(scene)[1].certificate.common_name = Some("corp root".to_owned());
        }),
        (Some("I25"), Some(FIRST), "tomcat-trust", |scene| {
            scene
                .node(FIRST)
                .trust
                .insert("tomcat-trust".into(), Observed::Unknown("x".into()));
        }),
        (Some("I22"), Some(FIRST), "silently keep", |scene| {
            let same = Certificate {
                sha256: fingerprint("other root"),
                ..authority("Corp Root", "Corp Root")
            };
            scene.trust(FIRST, same);
        }),
        (
            Some("I22"),
            Some(FIRST),
            "cucm-sub2.hq.example.com tomcat",
            |scene| {
                // The authority of the certificates in service would be replaced by one with another key.
                let old = Certificate {
                    sha256: fingerprint("first root"),
                    not_before: moment("2020-01-01T00:00:00Z"),
                    key: certificate("former key", "x").key,
                    ..authority("Corp Root", "Corp Root")
                };
                for node in [PUBLISHER, FIRST, SECOND] {
                    scene.trust(node, old.clone());
                }
                scene.certificate(SECOND).signed_by = [old.sha256].into();
            },
        ),
        (Some("I22"), Some(FIRST), "could not be read", |scene| {
            let Observed::Present(entries) = scene
                .node(FIRST)
                .trust
                .get_mut(&Store::from("tomcat-trust"))
                .unwrap()
            else {
                unreachable!()
            };
            entries.push(TrustEntry {
                file: "odd".into(),
                sha256: fingerprint("odd"),
            });
        }),
    ];
    refused(rows, false);
}

fn chain(scene: &mut Scene) -> &mut Vec<Authority> {
    &mut scene
        .desired
        .issuers
        .get_mut(&IssuerName::from("corp"))
        .unwrap()
        .chain
}
