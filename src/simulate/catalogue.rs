//! What each purpose is to nodes, services and phones: the proof's own copy, written from the rule book and the
//! claims, never from a playbook.

use crate::model::{
    Appliance, ClusterState, KeyAlgorithm, Listener, NodeName, Port, Product, Purpose, Release,
    ServiceName, WHOLE_PEER,
};

/// The trust verification service.
pub(super) const TVS: &str = "Cisco Trust Verification Service";
/// The service that signs configuration files and offers the ITL.
pub(super) const TFTP: &str = "Cisco Tftp";
/// Call processing.
pub(super) const CALL_MANAGER: &str = "Cisco CallManager";
/// The proxy before call processing.
pub(super) const HA_PROXY: &str = "Cisco HAProxy";

/// Services that hand to phones what they trust: they restart in a pass of phones on nodes that store nothing new, too.
/// Source: cucm-certificate-rules §4.2 to §4.4.
const OF_PHONES: [&str; 6] = [
    CALL_MANAGER,
    HA_PROXY,
    "Cisco CTIManager",
    TVS,
    TFTP,
    "Cisco Certificate Authority Proxy Function",
];

/// Some nodes of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nodes {
    All,
    Publisher,
    CallProcessing,
    Presence,
    /// Those whose certificate it is, each by itself: nothing spreads. Source: claim EXPRESSWAY-PER-PEER.
    Own,
}

impl Nodes {
    /// Whether a node is one of them.
    pub(super) fn contain(self, seen: &ClusterState, node: &NodeName) -> bool {
        match self {
            Self::All | Self::Own => seen.nodes.contains_key(node),
            Self::Publisher => seen.publisher() == Some(node),
            Self::CallProcessing => seen.appliance(node) == Some(Appliance::Cucm),
            Self::Presence => seen.appliance(node) == Some(Appliance::ImPresence),
        }
    }
}

/// What phones hold of a certificate. Source: claims PHONE-ITL-CONTENT and VOS-CTL-RECORDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PhonePart {
    /// Signer of configuration files (and of lists before 12.0).
    CallManager,
    /// Signer of what phones authenticate with.
    Capf,
    /// Whom phones ask about signers that they do not know.
    Tvs,
}

impl PhonePart {
    /// Whether the certificate trust list of a mixed-mode cluster holds it.
    pub(super) fn is_listed(self) -> bool {
        matches!(self, Self::CallManager | Self::Capf)
    }

    /// Whether phones verify what they fetch with it, so that two such may not change together.
    pub(super) fn verifies(self) -> bool {
        matches!(self, Self::CallManager | Self::Tvs)
    }
}

/// What is known of a purpose and its twin.
pub(super) struct Known {
    plain: &'static str,
    on: &'static [Appliance],
    has_twin: bool,
    /// The nodes of a shared certificate; none where each node has its own.
    pub(super) shared_by: Option<Nodes>,
    /// Where the chain must be trusted before the certificate is stored, and by whom.
    pub(super) trust: &'static [(&'static str, Nodes)],
    /// What loads the certificate at its start; one that runs is enough as a proof.
    loaders: &'static [&'static str],
    /// What phones hold of it.
    pub(super) phones: Option<PhonePart>,
}

const PLATFORM: &[Appliance] = &[
    Appliance::Cucm,
    Appliance::ImPresence,
    Appliance::UnityConnection,
];

/// The one list of authorities that a peer of Expressway trusts. Source: expressway §2.3.
pub(super) const TRUSTED_LIST: &str = "trusted-ca";

/// Source: cucm-certificate-rules §1 (holders, stores, sharing), §4 (services); expressway §2.1, §2.3, §5.
const KNOWN: [Known; 9] = [
    Known {
        plain: "server",
        on: &[Appliance::ExpresswayC, Appliance::ExpresswayE],
        has_twin: false,
        shared_by: None,
        trust: &[(TRUSTED_LIST, Nodes::Own)],
        loaders: &[WHOLE_PEER],
        phones: None,
    },
    Known {
        plain: "tomcat",
        on: PLATFORM,
        has_twin: true,
        shared_by: Some(Nodes::All),
        trust: &[("tomcat-trust", Nodes::All)],
        loaders: &["Cisco Tomcat"],
        phones: None,
    },
    Known {
        plain: "ipsec",
        on: PLATFORM,
        has_twin: false,
        shared_by: None,
        trust: &[("ipsec-trust", Nodes::All)],
        loaders: &["Cisco DRF Local", "Cisco DRF Master"],
        phones: None,
    },
    Known {
        plain: "CallManager",
        on: &[Appliance::Cucm],
        has_twin: true,
        shared_by: Some(Nodes::CallProcessing),
        trust: &[("CallManager-trust", Nodes::CallProcessing)],
        loaders: &[CALL_MANAGER, HA_PROXY, TFTP],
        phones: Some(PhonePart::CallManager),
    },
    Known {
        plain: "CAPF",
        on: &[Appliance::Cucm],
        has_twin: false,
        shared_by: None,
        trust: &[
            ("CAPF-trust", Nodes::Publisher),
            ("CallManager-trust", Nodes::CallProcessing),
        ],
        loaders: &["Cisco Certificate Authority Proxy Function"],
        phones: Some(PhonePart::Capf),
    },
    Known {
        plain: "TVS",
        on: &[Appliance::Cucm],
        has_twin: false,
        shared_by: None,
        trust: &[("TVS-trust", Nodes::CallProcessing)],
        loaders: &[TVS],
        phones: Some(PhonePart::Tvs),
    },
    Known {
        plain: "cup",
        on: &[Appliance::ImPresence],
        has_twin: true,
        shared_by: None,
        trust: &[("cup-trust", Nodes::Presence)],
        loaders: &["Cisco SIP Proxy", "Cisco Presence Engine"],
        phones: None,
    },
    Known {
        plain: "cup-xmpp",
        on: &[Appliance::ImPresence],
        has_twin: true,
        shared_by: Some(Nodes::Presence),
        trust: &[("cup-xmpp-trust", Nodes::Presence)],
        loaders: &["Cisco XCP Router"],
        phones: None,
    },
    Known {
        plain: "cup-xmpp-s2s",
        on: &[Appliance::ImPresence],
        has_twin: true,
        shared_by: Some(Nodes::Presence),
        trust: &[("cup-xmpp-trust", Nodes::Presence)],
        loaders: &["Cisco XCP XMPP Federation Connection Manager"],
        phones: None,
    },
];

/// What is known of a purpose; `None` if this proof does not know it.
pub(super) fn known(purpose: &Purpose) -> Option<&'static Known> {
    let plain = purpose.plain_str();
    KNOWN
        .iter()
        .find(|known| known.plain == plain && (known.has_twin || !purpose.is_ecdsa()))
}

impl Known {
    /// Whether nodes of a kind hold it.
    pub(super) fn is_held_by(&self, appliance: Appliance) -> bool {
        self.on.contains(&appliance)
    }
}

/// Whether a start of a service proves that a node without a port for it has loaded a purpose's certificate, among the
/// services that run there. A proxy is enough for what the documents say it is; the file service only where nothing
/// else loads the certificate. Source: claims CUCM-CALLMANAGER-SERVED, CUCM-IPSEC-RESTART, CUCM-CAPF-RESTART,
/// IMP-RESTARTS.
pub(super) fn loads(
    service: &str,
    purpose: &Purpose,
    release: &Release,
    runs: impl Fn(&str) -> bool,
) -> bool {
    let listed = known(purpose).is_some_and(|known| known.loaders.contains(&service));
    let enough = match service {
        HA_PROXY => !purpose.is_ecdsa() && release.level() >= (14, 0, 1),
        TFTP => !runs(CALL_MANAGER),
        _ => true,
    };
    listed && enough && runs(service)
}

/// Whether a service restarts with another. Source: claim IMP-XCP-ROUTER-TAKES-ALL.
pub(super) fn takes_along(restarted: &ServiceName, other: &str) -> bool {
    restarted.as_str() == other
        || (restarted.as_str() == "Cisco XCP Router" && other.starts_with("Cisco XCP "))
}

/// Whether a service of a node with a new certificate restarts by itself. Source: claim CUCM-TVS-SELF-RESTART.
pub(super) fn restarts_itself(service: &str, release: &Release) -> bool {
    let own = [TVS, "Cisco Certificate Authority Proxy Function"];
    release.level() >= (14, 0, 0) && own.contains(&service)
}

/// Whether a restart of a service has to do with what phones trust.
pub(super) fn is_of_phones(service: &ServiceName) -> bool {
    OF_PHONES.contains(&service.as_str())
}

/// Whether an upload resets phones by itself. Source: claim PHONE-AUTO-RESET.
pub(super) fn resets_phones(release: &Release) -> bool {
    release.level() >= (14, 0, 0)
}

/// Whether a service presents its node's certificates on a listener, as they are at its start. Source:
/// cucm-certificate-rules §4.1 and §4.2, cucm-rest-and-cli §0 fact 9, claims CUCM-CALLMANAGER-SERVED, CUCM-TVS-PORT,
/// IMP-CUP-PORT, IMP-XMPP-PORT.
pub(super) fn presents(
    service: &str,
    listener: Listener,
    appliance: Appliance,
    release: &Release,
) -> bool {
    let presence = appliance == Appliance::ImPresence;
    if matches!(appliance, Appliance::ExpresswayC | Appliance::ExpresswayE) {
        return service == WHOLE_PEER && of_peer(listener);
    }
    match listener.port {
        Port::Rest | Port::Soap => service == "Cisco Tomcat",
        Port::Tftp => service == TFTP,
        Port::Sip if presence => service == "Cisco SIP Proxy",
        Port::Sip => {
            let proxied = listener.key == KeyAlgorithm::Rsa && release.level() >= (14, 0, 1);
            service == CALL_MANAGER || (service == HA_PROXY && proxied)
        }
        Port::Tvs => service == TVS,
        Port::Xmpp => service == "Cisco XCP Router",
        Port::Ssh | Port::Zone | Port::Tunnel => false,
    }
}

/// Whether a listener of a peer of Expressway must present its server certificate. The tunnels present it as well; they
/// are counted, not asked for it. Source: expressway §3, §5.
pub(super) fn of_peer(listener: Listener) -> bool {
    matches!(listener.port, Port::Rest | Port::Zone) && listener.key == KeyAlgorithm::Rsa
}

/// Whether a cluster is one of Expressway, which has no publisher, no database and no platform beside its peers.
pub(super) fn is_expressway(product: Product) -> bool {
    matches!(product, Product::ExpresswayC | Product::ExpresswayE)
}

/// Whether a restart of a service loads what a store was given. Source: claim EXPRESSWAY-TRUST-AFTER-RESTART; for what
/// verifies Expressway-C, expressway §7 and claims EXPRESSWAY-CUCM-TRUSTS-CORE, EXPRESSWAY-IMP-TRUSTS-CORE.
pub(super) fn loads_store(service: &str, store: &str, appliance: Appliance) -> bool {
    let (services, stores): (&[&str], &[&str]) = match appliance {
        Appliance::ExpresswayC | Appliance::ExpresswayE => (&[WHOLE_PEER], &[TRUSTED_LIST]),
        Appliance::Cucm => (
            &["Cisco Tomcat", CALL_MANAGER, HA_PROXY],
            &["tomcat-trust", "CallManager-trust"],
        ),
        Appliance::ImPresence => (
            &["Cisco Tomcat", "Cisco XCP Router"],
            &["tomcat-trust", "cup-xmpp-trust"],
        ),
        Appliance::UnityConnection => (&[], &[]),
    };
    services.contains(&service) && stores.contains(&store)
}

/// Which purposes, without twins, a port other than the web ports may present; the first that matches what was seen
/// counts. Where tomcat is reused for CallManager both match; claim CUCM-REUSE.
pub(super) fn candidates(port: Port, appliance: Appliance) -> &'static [&'static str] {
    match (port, appliance) {
        (Port::Tftp | Port::Sip, Appliance::Cucm) => &["tomcat", "CallManager"],
        (Port::Sip, Appliance::ImPresence) => &["cup"],
        (Port::Tvs, Appliance::Cucm) => &["TVS"],
        (Port::Xmpp, Appliance::ImPresence) => &["cup-xmpp"],
        (
            Port::Rest
            | Port::Soap
            | Port::Tftp
            | Port::Sip
            | Port::Tvs
            | Port::Xmpp
            | Port::Ssh
            | Port::Zone
            | Port::Tunnel,
            _,
        ) => &[],
    }
}

/// The nodes on which an upload to a store of one node takes effect beside that node. Source: rule U12, claims
/// CUCM-TRUST-REPLICATES, IMP-TOMCAT-TRUST-SHARED, IMP-TRUST-SPREADS, CUC-PURPOSES.
pub(super) fn spreads_to(
    seen: &ClusterState,
    release: &Release,
    at: &NodeName,
    store: &str,
) -> Option<Nodes> {
    if seen.appliance(at) == Some(Appliance::UnityConnection) {
        return None;
    }
    let presence = (leader(seen, at) == Some(at)).then_some(Nodes::Presence);
    match store {
        "tomcat-trust" if release.has_certificate_interface() => Some(Nodes::All),
        "tomcat-trust" if seen.appliance(at) == Some(Appliance::ImPresence) => presence,
        "tomcat-trust" | "CallManager-trust" => Some(Nodes::CallProcessing),
        "cup-trust" | "cup-xmpp-trust" => presence,
        _ => None,
    }
}

/// The node that goes first among the nodes of one's kind: the publisher, among presence nodes theirs.
pub(super) fn leader<'a>(seen: &'a ClusterState, node: &NodeName) -> Option<&'a NodeName> {
    if seen.appliance(node) == Some(Appliance::ImPresence) {
        seen.presence_publisher.present()
    } else {
        seen.publisher()
    }
}
