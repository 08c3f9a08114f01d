//! What a synthetic cluster's nodes run, hold and present, and its phones.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::*;

use super::scene::Setting;

/// Phones that every cluster has: pool, name, security, LSC, registered.
const PHONES: [(&str, &str, PhoneSecurity, bool, bool); 5] = [
    ("desks", "SEP01", PhoneSecurity::NonSecure, false, true),
    ("desks", "SEP02", PhoneSecurity::NonSecure, false, true),
    ("halls", "SEP03", PhoneSecurity::Encrypted, true, true),
    ("halls", "SEP04", PhoneSecurity::Unknown, false, true),
    ("halls", AWAY, PhoneSecurity::NonSecure, false, false),
];
/// The phone that is not registered, and waived.
pub(super) const AWAY: &str = "SEP05";

/// Ports beside the web ports, and what presents there, from release 14 on.
pub(super) const PORTS: [(Port, KeyAlgorithm, &str); 4] = [
    (Port::Sip, KeyAlgorithm::Rsa, "CallManager"),
    (Port::Tvs, KeyAlgorithm::Rsa, "TVS"),
    (Port::Sip, KeyAlgorithm::Rsa, "cup"),
    (Port::Xmpp, KeyAlgorithm::Rsa, "cup-xmpp"),
];

/// What a node holds beside tomcat and its twin.
pub(super) fn held_by(role: Role) -> &'static [&'static str] {
    match role {
        Role::Publisher => &["ipsec", "CallManager", "CallManager-ECDSA", "TVS", "CAPF"],
        Role::Subscriber => &["ipsec", "CallManager", "CallManager-ECDSA", "TVS"],
        Role::ImPresence | Role::Peer => &["ipsec", "cup", "cup-xmpp", "cup-xmpp-s2s"],
    }
}

pub(super) fn stores_of(role: Role) -> &'static [&'static str] {
    match role {
        Role::ImPresence | Role::Peer => &["ipsec-trust", "cup-trust", "cup-xmpp-trust"],
        Role::Publisher | Role::Subscriber => &[
            "ipsec-trust",
            "CallManager-trust",
            "CAPF-trust",
            "TVS-trust",
        ],
    }
}

pub(super) fn census() -> PhoneCensus {
    let profiles = PHONES.iter().map(|(pool, name, security, lsc, _)| {
        let profile = PhoneProfile {
            pool: Some((*pool).to_owned()),
            security: *security,
            lsc: Some(*lsc),
        };
        ((*name).to_owned(), profile)
    });
    let registered = PHONES.iter().filter(|phone| phone.4);
    PhoneCensus {
        counted: BTreeMap::new(),
        registered: registered.map(|phone| (phone.1.to_owned(), 1)).collect(),
        configured: Observed::Present(profiles.collect()),
    }
}

/// The phones by pool that a plan answers for.
pub(super) fn registered() -> BTreeMap<String, BTreeSet<String>> {
    let mut pools: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (pool, name, ..) in PHONES.iter().filter(|phone| phone.4) {
        pools
            .entry((*pool).to_owned())
            .or_default()
            .insert((*name).to_owned());
    }
    pools
}

pub(super) fn services(role: Role, rich: bool) -> BTreeMap<ServiceName, ServiceState> {
    let mut names = vec![
        "Cisco Tomcat",
        "Platform Administrative Web Service",
        "Cisco DRF Local",
    ];
    if role != Role::ImPresence {
        names.extend(["Cisco UDS Tomcat", "Cisco CallManager", "Cisco Tftp"]);
    }
    if role == Role::Publisher {
        names.push("Cisco DRF Master");
    }
    match role {
        Role::Publisher if rich => names.extend([
            "Cisco Trust Verification Service",
            "Cisco Certificate Authority Proxy Function",
        ]),
        Role::Subscriber if rich => names.push("Cisco Trust Verification Service"),
        Role::ImPresence if rich => names.extend([
            "Cisco SIP Proxy",
            "Cisco Presence Engine",
            "Cisco XCP Router",
            "Cisco XCP XMPP Federation Connection Manager",
        ]),
        _ => {}
    }
    let started = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(9),
    };
    names
        .into_iter()
        .map(|name| (name.into(), started.clone()))
        .collect()
}

impl Setting {
    /// Whether nodes hold more than what tomcat needs.
    pub(super) fn is_rich(&self) -> bool {
        !self.more.is_empty() || self.reuse
    }

    pub(super) fn release(&self) -> Release {
        Release::parse(self.release).unwrap()
    }

    /// What is renewed.
    pub(super) fn due(&self) -> Vec<&'static str> {
        let web = self.web.then_some("tomcat");
        let twin = self.twin.then_some("tomcat-ECDSA");
        web.into_iter()
            .chain(twin)
            .chain(self.more.iter().copied())
            .collect()
    }

    pub(super) fn product(&self) -> Product {
        if self.unity {
            Product::UnityConnection
        } else {
            Product::Cucm
        }
    }

    pub(super) fn security(&self) -> Observed<SecurityMode> {
        match (self.unity, self.mixed) {
            (true, _) => Observed::Absent,
            (false, true) => Observed::Present(SecurityMode::Mixed),
            (false, false) => Observed::Present(SecurityMode::NonSecure),
        }
    }
}
