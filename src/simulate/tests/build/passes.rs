//! The passes of a plan: uploads, trust list, restarts, proofs, resets and the gate.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::*;
use crate::plan::*;

use super::super::scene::{ISSUING, PUBLISHER, ROOT};
use super::super::site::registered;
use super::{Builder, loader, part, trusts};

/// What restarts for a pass, in order; each only where it runs.
fn set(plain: &str) -> &'static [&'static str] {
    match plain {
        "tomcat" => &[
            "Cisco Tomcat",
            "Cisco UDS Tomcat",
            "Cisco Tftp",
            "Cisco DRF Master",
            "Cisco DRF Local",
        ],
        "ipsec" => &["Cisco DRF Master", "Cisco DRF Local"],
        "CAPF" => &[
            "Cisco Trust Verification Service",
            "Cisco Tftp",
            "Cisco Certificate Authority Proxy Function",
        ],
        "CallManager" => &[
            "Cisco Trust Verification Service",
            "Cisco Tftp",
            "Cisco CallManager",
        ],
        "TVS" => &["Cisco Tftp", "Cisco Trust Verification Service"],
        "cup" => &["Cisco SIP Proxy", "Cisco Presence Engine"],
        "cup-xmpp" => &["Cisco XCP Router"],
        "cup-xmpp-s2s" => &["Cisco XCP XMPP Federation Connection Manager"],
        other => panic!("{other}"),
    }
}

impl Builder {
    pub(super) fn passes(&self) -> Vec<Vec<&'static str>> {
        let due = self.setting.due();
        let platform = due
            .iter()
            .filter(|purpose| !self.is_phones(purpose))
            .copied()
            .collect();
        let mut passes = vec![platform];
        for plain in ["tomcat", "CAPF", "CallManager", "TVS"] {
            let own = due
                .iter()
                .filter(|purpose| self.is_phones(purpose) && part(purpose) == plain);
            passes.push(own.copied().collect());
        }
        passes.retain(|pass: &Vec<_>| !pass.is_empty());
        passes
    }

    pub(super) fn pass(&mut self, purposes: &[&'static str]) {
        let all: Vec<NodeName> = self.nodes.iter().map(|(name, _)| name.clone()).collect();
        let publisher = NodeName::from(PUBLISHER);
        if purposes == ["TVS"] && self.of_role(false).len() > 1 {
            self.round(purposes, &|node| *node == publisher);
            self.round(purposes, &|node| *node != publisher);
        } else {
            self.round(purposes, &|node| all.contains(node));
        }
    }

    fn round(&mut self, purposes: &[&'static str], of: &dyn Fn(&NodeName) -> bool) {
        let plain = part(purposes[0]);
        let phones = self.is_phones(purposes[0]);
        let mut ids = Vec::new();
        for purpose in purposes {
            for (by, nodes) in self.groups(purpose) {
                if of(&by) {
                    let id = self.upload(purpose, &by, &nodes);
                    // Nobody knows whether the list carries twins.
                    ids.extend((!purpose.ends_with("-ECDSA")).then_some(id));
                }
            }
        }
        if self.setting.mixed && phones && plain != "TVS" && !ids.is_empty() {
            let after = ids
                .into_iter()
                .map(|step| Condition::TrustListHolds { step });
            let publisher = NodeName::from(PUBLISHER);
            self.push(
                Stage::Activate,
                Some(&publisher),
                Action::UpdateTrustList {},
            )
            .after = after.collect();
        }
        for (node, role) in self.nodes.clone() {
            if phones && role == Role::ImPresence && plain != "tomcat" {
                continue;
            }
            self.restarts(purposes, &node, of(&node));
        }
        if phones {
            self.reset();
        }
    }

    fn upload(
        &mut self,
        purpose: &'static str,
        by: &NodeName,
        nodes: &BTreeSet<NodeName>,
    ) -> StepId {
        let request = self.requests[&(purpose, by.clone())].clone();
        let disturbs = self.is_phones(purpose) && !self.setting.release.starts_with("12");
        let entries = self.entries(purpose);
        let stage = if disturbs {
            Stage::Activate
        } else {
            Stage::Install
        };
        let action = Action::UploadIdentity {
            purpose: purpose.into(),
            request: request.clone(),
            nodes: nodes.clone(),
        };
        let step = self.push(stage, Some(by), action);
        let id = step.id.clone();
        for node in nodes {
            step.before.push(Condition::RequestOf {
                node: node.clone(),
                purpose: purpose.into(),
                step: request.clone(),
            });
            if part(purpose) == "tomcat" {
                step.before
                    .push(Condition::SsoDisabled { node: node.clone() });
            }
            for (store, _, all) in entries.iter().filter(|entry| entry.2.contains(node)) {
                assert!(all.contains(node));
                step.before
                    .extend([ROOT, ISSUING].map(|name| trusts(node.clone(), store, name)));
            }
            step.after.push(Condition::IdentityOf {
                node: node.clone(),
                purpose: purpose.into(),
                step: request.clone(),
            });
        }
        if purpose == "ipsec" {
            step.before.push(Condition::BackupIdle {
                node: PUBLISHER.into(),
            });
        }
        if disturbs {
            step.disruption = Some(Disruption {
                service: "Cisco CallManager".into(),
                loses: "phones reset".to_owned(),
                lasts: SignedDuration::from_mins(5),
            });
        }
        for node in nodes {
            self.uploads.insert((purpose, node.clone()), id.clone());
        }
        request
    }

    fn restarts(&mut self, purposes: &[&'static str], node: &NodeName, stores: bool) {
        let held: Vec<&str> = purposes
            .iter()
            .filter(|purpose| stores && self.requests.contains_key(&(**purpose, node.clone())))
            .copied()
            .collect();
        let mut services: Vec<&str> = Vec::new();
        for purpose in purposes {
            let extra: &[&str] = if self.is_phones(purpose) && part(purpose) == "tomcat" {
                set("CallManager")
            } else {
                &[]
            };
            for service in set(part(purpose)).iter().chain(extra) {
                let here =
                    held.contains(purpose) || (self.is_phones(purpose) && *service == "Cisco Tftp");
                let runs = self.services[node].contains(&ServiceName::from(*service));
                if here && runs && !services.contains(service) {
                    services.push(service);
                }
            }
        }
        if services.is_empty() {
            return;
        }
        for service in services {
            let by = ControlPath::ControlCenter;
            let guards = held.iter().map(|purpose| Condition::IdentityOf {
                node: node.clone(),
                purpose: (*purpose).into(),
                step: self.requests[&(*purpose, node.clone())].clone(),
            });
            let mut before: Vec<Condition> = guards.collect();
            if service.contains("DRF") {
                before.push(Condition::BackupIdle {
                    node: PUBLISHER.into(),
                });
            }
            let action = Action::RestartService {
                service: service.into(),
                by,
            };
            let step = self.push(Stage::Activate, Some(node), action);
            step.before = before;
            step.after = vec![Condition::Runs {
                node: node.clone(),
                service: service.into(),
            }];
        }
        let after = self.proofs(node, &held);
        let action = Action::Confirm {
            what: "all".to_owned(),
        };
        self.push(Stage::Activate, Some(node), action).after = after;
    }

    /// What shows that a node has some purposes in effect and runs.
    pub(super) fn proofs(&self, node: &NodeName, purposes: &[&'static str]) -> Vec<Condition> {
        let mut after = Vec::new();
        for purpose in purposes {
            let ports = self.served[node].iter().filter(|(_, of)| *of == purpose);
            let ports: Vec<Condition> = ports
                .map(|(listener, _)| Condition::Serves {
                    node: node.clone(),
                    listener: *listener,
                    step: self.requests[&(*purpose, node.clone())].clone(),
                })
                .collect();
            if ports.is_empty() {
                after.push(Condition::StartedSince {
                    node: node.clone(),
                    service: loader(purpose).into(),
                    step: self.uploads[&(*purpose, node.clone())].clone(),
                });
            }
            after.extend(ports);
        }
        let services = self.services[node].clone();
        after.push(Condition::Healthy {
            node: node.clone(),
            services,
        });
        after
    }

    fn reset(&mut self) {
        let publisher = NodeName::from(PUBLISHER);
        let mut resets = BTreeSet::new();
        for pool in registered().into_keys() {
            let step = self.push(
                Stage::Activate,
                Some(&publisher),
                Action::ResetPhones { pool: pool.clone() },
            );
            let id = step.id.clone();
            step.after = vec![Condition::PhonesReset {
                pool,
                step: id.clone(),
            }];
            resets.insert(id);
        }
        let what = "phones".to_owned();
        let step = self.push(Stage::Activate, None, Action::Confirm { what });
        step.after = vec![
            Condition::PhonesBack { resets, polls: 3 },
            Condition::ReplicationGood {},
        ];
    }
}
