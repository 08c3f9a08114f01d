//! Tomcat certificates that also serve as CallManager certificates: renewing one renews both.

use crate::model::{
    Finding, KeyAlgorithm, Listener, NodeName, Observed, Port, Product, Purpose, Role, Severity,
};

use super::Context;

/// Each tomcat purpose, the purpose that it can stand in for, and the kind of key.
const PAIRS: [(&str, &str, KeyAlgorithm); 2] = [
    ("tomcat", "CallManager", KeyAlgorithm::Rsa),
    ("tomcat-ECDSA", "CallManager-ECDSA", KeyAlgorithm::Ec),
];

/// Whether a node uses its tomcat certificate for CallManager.
enum Reuse {
    /// It does; the text says by what it was seen.
    Seen(&'static str),
    /// It lists no CallManager certificate, and what port 5061 presents was not learned.
    Unknown(String),
    /// It does not.
    No,
}

/// Seen by equal identities, or, where the platform hides the second, by what port 5061 presents.
/// Releases before 14 have no reuse (claim: CUCM-REUSE).
fn of(context: &Context<'_>, node: &NodeName, pair: &(&str, &str, KeyAlgorithm)) -> Reuse {
    let (tomcat, call_manager, key) = *pair;
    let Some(state) = context.state.nodes.get(node) else {
        return Reuse::No;
    };
    let calls = context.state.product == Product::Cucm
        && matches!(state.role, Role::Publisher | Role::Subscriber);
    let old = state
        .release
        .present()
        .is_some_and(|release| !release.has_certificate_interface());
    let Some(Observed::Present(stored)) = state.identities.get(&Purpose::from(tomcat)) else {
        return Reuse::No;
    };
    if !calls || old {
        return Reuse::No;
    }
    let listener = Listener {
        port: Port::Sip,
        key,
    };
    match (
        state.identities.get(&Purpose::from(call_manager)),
        state.served.get(&listener),
    ) {
        (Some(Observed::Present(other)), _) if other == stored => {
            Reuse::Seen("both purposes hold one certificate")
        }
        (Some(Observed::Present(_)), _) => Reuse::No,
        (_, Some(Observed::Present(chain))) if chain.leaf == *stored => {
            Reuse::Seen("port 5061 presents the tomcat certificate")
        }
        (_, Some(Observed::Unknown(why))) => Reuse::Unknown(why.clone()),
        (_, Some(Observed::Present(_) | Observed::Absent) | None) => Reuse::No,
    }
}

/// Whether a node holds no certificate of its own for a purpose because tomcat stands in for it.
pub(super) fn stands_in(context: &Context<'_>, node: &NodeName, purpose: &Purpose) -> bool {
    PAIRS
        .iter()
        .filter(|(_, call_manager, _)| *call_manager == purpose.as_str())
        .any(|pair| matches!(of(context, node, pair), Reuse::Seen(_)))
}

/// Whether any node of the cluster uses a tomcat certificate for CallManager.
pub(super) fn anywhere(context: &Context<'_>) -> bool {
    context.state.nodes.keys().any(|node| {
        PAIRS
            .iter()
            .any(|pair| matches!(of(context, node, pair), Reuse::Seen(_)))
    })
}

/// One notice for each node and pair; where it cannot be told, nobody knows whether a renewal resets phones.
pub(super) fn for_call_manager(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pair in &PAIRS {
        let (tomcat, call_manager, _) = *pair;
        let purpose = Purpose::from(tomcat);
        if !context.wanted().any(|wanted| wanted.purpose == purpose) {
            continue;
        }
        for node in context.state.nodes.keys() {
            let about = |severity, code, expected: String, found: String| Finding {
                purpose: Some(purpose.clone()),
                ..context.finding(severity, code, Some(node), expected, found)
            };
            match of(context, node, pair) {
                Reuse::Seen(how) => findings.push(about(
                    Severity::Notice,
                    "tomcat-reused",
                    format!("to know that renewing {tomcat} renews {call_manager} and resets phones"),
                    how.to_owned(),
                )),
                Reuse::Unknown(why) if tomcat == "tomcat" => findings.push(about(
                    Severity::Blocker,
                    "reuse-unknown",
                    "to know whether tomcat is used for CallManager, whose renewal resets phones"
                        .to_owned(),
                    format!(
                        "the node lists no {call_manager} certificate and port 5061 is unknown: {why}"
                    ),
                )),
                Reuse::Unknown(_) | Reuse::No => {}
            }
        }
    }
    findings
}
