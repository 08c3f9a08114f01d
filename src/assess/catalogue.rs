//! Every code that `assess` can give, with what a person needs to know of it.

/// The long text of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What usually causes it.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
}

/// The text of one code.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    EXPLANATIONS.iter().find(|known| known.code == code)
}

/// All of them.
pub fn explanations() -> &'static [Explanation] {
    EXPLANATIONS
}

const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "expired",
        means: "The certificate's validity has ended.",
        cause: "Clients that check validity refuse the node now; some keep old sessions until their next handshake.",
        remedy: "Renew the purpose: `reissue plan`.",
        source: "cucm-certificate-rules: T217138 step 1, rule O4",
    },
    Explanation {
        code: "expiring",
        means: "Less time is left than the estate file's `renew_before`.",
        cause: "Lifetimes end at night too; certificate monitoring of the platform only warns.",
        remedy: "Renew the purpose: `reissue plan`.",
        source: "cucm-certificate-rules §6: certificate monitor facts",
    },
    Explanation {
        code: "not-yet-valid",
        means: "The certificate begins in the future, or a clock is wrong.",
        cause: "It was signed with a later start, or the node's or this machine's clock is off.",
        remedy: "Check the clocks first (`reissue doctor`); then renew.",
        source: "cucm-upload-errors E12",
    },
    Explanation {
        code: "identity-missing",
        means: "The node lists no certificate for a purpose that the estate file wants.",
        cause: "The node does not run the purpose, or the platform hides it.",
        remedy: "Check the node in OS Administration; renew if it should have one.",
        source: "cucm-rest-and-cli §2.1",
    },
    Explanation {
        code: "identity-unknown",
        means: "The certificate could not be read.",
        cause: "The interface did not answer, or answered with something that is no certificate.",
        remedy: "Mend what the message names and observe again. No plan rests on a fact that is unknown.",
        source: "cucm-rest-and-cli §2.1",
    },
    Explanation {
        code: "self-signed",
        means: "The certificate is signed by its own key although an issuer is wanted.",
        cause: "The platform made it at installation, after a host name change, or by a regenerate.",
        remedy: "Renew the purpose: `reissue plan`.",
        source: "cucm-certificate-rules §10",
    },
    Explanation {
        code: "wrong-issuer",
        means: "Another authority than the desired one signed it.",
        cause: "The authority was changed, or renewed under a new key.",
        remedy: "Renew the purpose, or correct the issuer's chain in the estate file.",
        source: "cucm-upload-errors §3",
    },
    Explanation {
        code: "weak-signature",
        means: "It is signed with a hash that is no longer sound.",
        cause: "An old authority signed it.",
        remedy: "Renew the purpose with an authority that signs with SHA-256.",
        source: "cucm-certificate-rules §2",
    },
    Explanation {
        code: "names-missing",
        means: "A name that clients use is not in the subject alternative names.",
        cause: "A node was added or renamed, the authority dropped a name, or the estate file asks for more.",
        remedy: "Renew the purpose; the request asks for every name.",
        source: "cucm-certificate-rules §11: new node added to a multi-server cluster",
    },
    Explanation {
        code: "names-extra",
        means: "It carries names that neither the topology nor the estate file asks for.",
        cause: "An older request asked for them.",
        remedy: "Nothing, or add them to `names: {also: […]}` so that a renewal keeps them.",
        source: "cucm-upload-errors §2",
    },
    Explanation {
        code: "key-policy",
        means: "The key is of another kind, or shorter, than the estate file asks.",
        cause: "It was made under an older policy.",
        remedy: "Renew the purpose; the request asks for the desired key.",
        source: "cucm-certificate-rules §2: algorithms",
    },
    Explanation {
        code: "usage-missing",
        means: "A key usage that the purpose needs is missing.",
        cause: "The authority's template dropped it; public authorities are dropping clientAuth.",
        remedy: "Have the authority sign with every usage of the request, then renew.",
        source: "cucm-certificate-rules §2: SG14 table, FN74345",
    },
    Explanation {
        code: "not-shared",
        means: "The nodes hold different certificates although one for all is wanted.",
        cause: "They were renewed one by one, or a node did not get the shared one.",
        remedy: "Renew the purpose with multi-server distribution.",
        source: "cucm-certificate-rules §1: multi-server scope",
    },
    Explanation {
        code: "served-differs",
        means: "A port presents another certificate than the one stored.",
        cause: "The service that holds it did not restart since the upload.",
        remedy: "Restart it on that node: `utils service restart Cisco Tomcat`, publisher first, one node at a time.",
        source: "cucm-certificate-rules §4.1, §11",
    },
    Explanation {
        code: "not-served",
        means: "Nothing on the port answers with the kind of key that is stored.",
        cause: "The service is down, or serves only the other kind.",
        remedy: "Look at the service on that node.",
        source: "cucm-certificate-rules §4.1",
    },
    Explanation {
        code: "served-unknown",
        means: "What the port presents could not be learned.",
        cause: "The port is closed to this machine, or the handshake did not end.",
        remedy: "Open the port to this machine; without it no restart can be proved.",
        source: "promise P15",
    },
    Explanation {
        code: "pending-request",
        means: "A signing request waits on the node.",
        cause: "Somebody is renewing by hand, or an earlier attempt was left.",
        remedy: "Finish that renewal, or delete the request in OS Administration. A new request would destroy its key.",
        source: "cucm-rest-and-cli §0 fact 6, U7; invariant I7",
    },
    Explanation {
        code: "trust-unknown",
        means: "A trust store could not be read.",
        cause: "The interface did not list it.",
        remedy: "Observe again; a chain that cannot be seen cannot be relied on.",
        source: "cucm-rest-and-cli §2.1",
    },
    Explanation {
        code: "chain-incomplete",
        means: "The trust store does not hold every authority above the stored certificate.",
        cause: "The certificate was uploaded with a chain, and an authority was deleted later.",
        remedy: "Upload the missing authority to the store in OS Administration; a renewal brings its own chain.",
        source: "cucm-upload-errors E1",
    },
    Explanation {
        code: "chain-expired",
        means: "An authority that the chain needs is no longer valid in the store.",
        cause: "The authority was renewed and the store still holds the old one.",
        remedy: "Upload the renewed authority; mind the rule of one certificate per common name.",
        source: "cucm-upload-errors §3",
    },
    Explanation {
        code: "tomcat-reused",
        means: "The tomcat certificate is also the CallManager certificate.",
        cause: "Tomcat certificate reuse was switched on: renewing tomcat renews CallManager too and resets phones.",
        remedy: "This release does not plan that. Renew by hand with the phone procedure.",
        source: "cucm-certificate-rules §8: tomcat reuse, T221070",
    },
    Explanation {
        code: "twin-self-signed",
        means: "The elliptic-curve twin of the purpose is self-signed and no rule covers it.",
        cause: "The twin was made at installation and forgotten.",
        remedy: "Sign it too if Expressway prefers ECDSA (X14.2 may): its chain must then be trusted there.",
        source: "cucm-certificate-rules §9, T225476",
    },
    Explanation {
        code: "node-undeclared",
        means: "The cluster has a node that the estate file does not name.",
        cause: "A node was added after the estate file was written.",
        remedy: "Add it to the estate file; a plan that forgets a node leaves it behind.",
        source: "cucm-certificate-rules §11",
    },
    Explanation {
        code: "node-unlisted",
        means: "The estate file names a node that the publisher does not list.",
        cause: "It was removed, renamed, or the name is mistyped.",
        remedy: "Correct the estate file.",
        source: "cucm-soap §2.2 listProcessNode",
    },
    Explanation {
        code: "role-differs",
        means: "A node has another role than the estate file says.",
        cause: "The estate file is wrong.",
        remedy: "Correct the role; the publisher restarts first.",
        source: "cucm-soap §2.2",
    },
    Explanation {
        code: "node-unauthenticated",
        means: "A node is not authenticated in the cluster's own network view.",
        cause: "It is down, unreachable for the publisher, or its security password differs.",
        remedy: "Mend the cluster first: certificates spread only between authenticated nodes.",
        source: "cucm-rest-and-cli §4.4",
    },
    Explanation {
        code: "replication-bad",
        means: "Database replication is not good.",
        cause: "A node's database lags or is split.",
        remedy: "`utils dbreplication runtimestate` on the publisher; repair before any change.",
        source: "cucm-certificate-rules §6; invariant I25",
    },
    Explanation {
        code: "unknown-fact",
        means: "A fact that every plan rests on could not be learned.",
        cause: "The node or interface did not answer; the text says what happened.",
        remedy: "Mend what it names, then observe again.",
        source: "invariant I25",
    },
    Explanation {
        code: "phones-unknown",
        means: "The number of registered phones could not be learned.",
        cause: "PerfMon or RIS did not answer.",
        remedy: "Observe again; without it nobody can say afterwards whether phones came back.",
        source: "cucm-soap §4, §5",
    },
    Explanation {
        code: "wrong-node",
        means: "The node that answers calls itself by another name.",
        cause: "The address belongs to another node, or the node was renamed.",
        remedy: "Correct the address in the estate file. Nothing is written to a node that is not the one meant.",
        source: "promise list F36",
    },
    Explanation {
        code: "release-unsupported",
        means: "The release has no certificate interface over REST.",
        cause: "It is older than 14.",
        remedy: "Renew by hand, or wait for shell support.",
        source: "cucm-rest-and-cli §0 fact 3",
    },
    Explanation {
        code: "release-differs",
        means: "Nodes of one cluster run different releases.",
        cause: "An upgrade is under way.",
        remedy: "Finish the upgrade first.",
        source: "cucm-rest-and-cli U19",
    },
    Explanation {
        code: "clock-skew",
        means: "The node's clock and this machine's are too far apart.",
        cause: "One of them has no time source.",
        remedy: "`utils ntp status` on the node; check this machine's clock.",
        source: "promise P13",
    },
    Explanation {
        code: "platform-service-down",
        means: "A service that makes and spreads certificates does not run.",
        cause: "It failed or was stopped.",
        remedy: "Start it on that node before any change.",
        source: "cucm-rest-and-cli §3.3, T118731",
    },
    Explanation {
        code: "service-down",
        means: "A service is down without having been commanded out of service.",
        cause: "It failed, or is starting.",
        remedy: "Look at it first; after the change it must run again as now.",
        source: "cucm-soap §3.2",
    },
    Explanation {
        code: "backup-running",
        means: "A backup or restore runs.",
        cause: "The schedule, or somebody.",
        remedy: "Wait until it has ended; restarting the DRF services would break it.",
        source: "cucm-certificate-rules §6: DRF idle",
    },
    Explanation {
        code: "backup-old",
        means: "The last successful backup is older than the estate file allows.",
        cause: "The schedule failed or there is none.",
        remedy: "Take a DRS backup; there is no other way back from an upload.",
        source: "cucm-certificate-rules O9",
    },
    Explanation {
        code: "sso-enabled",
        means: "SAML single sign-on is on.",
        cause: "It was configured.",
        remedy: "The plan has steps to switch it off before and on again after, with the metadata to export.",
        source: "cucm-certificate-rules §6: SSO gate",
    },
];
