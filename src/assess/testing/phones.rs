//! The good cluster with what phones hold.

use std::collections::BTreeMap;

use super::*;

/// A certificate of a purpose that phones hold, with a serial number of its own.
pub(in crate::assess) fn phone_certificate(purpose: &str, node: &str) -> Certificate {
    let known = format!("{purpose} of {node}");
    let authority = purpose == "CAPF";
    Certificate {
        common_name: Some(if authority { "CAPF-1a2b3c4d" } else { node }.to_owned()),
        serial: fingerprint(&known).short().to_owned(),
        names: [SubjectName::dns(node)].into(),
        authority,
        key_usage: Some(["digitalSignature".to_owned(), "keyCertSign".to_owned()].into()),
        ..certificate(&known, "root")
    }
}

impl Case {
    /// The good cluster with CallManager, CAPF and TVS, and two phones that are registered and hold no certificate.
    pub(in crate::assess) fn with_phones() -> Self {
        let mut case = Self::good();
        let both = [PUBLISHER, SUBSCRIBER];
        for (purpose, nodes) in [
            ("CallManager", &both[..]),
            ("TVS", &both),
            ("CAPF", &both[..1]),
        ] {
            case.want(purpose, nodes, Appliance::Cucm);
            case.procedures.last_mut().unwrap().phones = Some(PhoneRule {
                ctl: purpose != "TVS",
                upload_resets: ReleaseRange::default(),
                one_stays: purpose == "TVS",
                source: String::new(),
                claims: vec![],
            });
            for node in nodes {
                case.hold(node, purpose, phone_certificate(purpose, node));
            }
            for node in both {
                case.trust(
                    node,
                    &format!("{purpose}-trust"),
                    certificate("root", "root"),
                );
            }
        }
        let phone = PhoneProfile {
            pool: Some("Default".to_owned()),
            security: PhoneSecurity::NonSecure,
            lsc: Some(false),
        };
        let phones = ["SEP1", "SEP2"].map(str::to_owned);
        case.cluster().phones = Observed::Present(PhoneCensus {
            counted: BTreeMap::new(),
            registered: phones.clone().map(|name| (name, 1)).into(),
            configured: Observed::Present(phones.map(|name| (name, phone.clone())).into()),
        });
        case
    }

    pub(in crate::assess) fn census(&mut self) -> &mut PhoneCensus {
        let Observed::Present(census) = &mut self.cluster().phones else {
            panic!("census")
        };
        census
    }

    pub(in crate::assess) fn phone(&mut self, name: &str) -> &mut PhoneProfile {
        let Observed::Present(phones) = &mut self.census().configured else {
            panic!("profiles")
        };
        phones.get_mut(name).unwrap()
    }

    /// Mixed mode, with a list of every CallManager and CAPF certificate.
    pub(in crate::assess) fn mixed(&mut self) {
        self.cluster().security = Observed::Present(SecurityMode::Mixed);
        let held = [
            (PUBLISHER, "CallManager"),
            (SUBSCRIBER, "CallManager"),
            (PUBLISHER, "CAPF"),
        ];
        let records = held.map(|(node, purpose)| TrustRecord {
            function: "CCM+TFTP".to_owned(),
            subject: format!("CN={node}"),
            serial: phone_certificate(purpose, node).serial,
        });
        self.cluster().ctl = Observed::Present(TrustList {
            modified: "Fri Mar 06 19:45:13 CET 2026".to_owned(),
            records: records.into(),
        });
    }
}
