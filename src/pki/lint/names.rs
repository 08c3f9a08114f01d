//! Subject and alternative names.

use std::collections::BTreeSet;

use super::{IssuedCheck, LintFinding, list};
use crate::model::{Certificate, Severity, SigningRequest, SubjectName};

pub(super) fn check(check: &IssuedCheck<'_>) -> Vec<LintFinding> {
    let requested = check.request.and_then(|request| {
        if request.names.is_empty() {
            unasked_names(check)
        } else if check.on_voice_platform() {
            unequal_names(check, request)
        } else {
            missing_names(check, request)
        }
    });
    [requested, no_names(check), wildcard(check), subject(check)]
        .into_iter()
        .flatten()
        .collect()
}

/// The node compares the two sets and wants them equal; other kinds of names never compare equal.
/// Source: cucm-upload-errors §2.
fn unequal_names(check: &IssuedCheck<'_>, request: &SigningRequest) -> Option<LintFinding> {
    let issued = &check.leaf.facts.names;
    let missing: BTreeSet<_> = request.names.difference(issued).collect();
    let extra: BTreeSet<_> = issued.difference(&request.names).collect();
    let strange: BTreeSet<_> = issued
        .intersection(&request.names)
        .filter(|name| is_other(name))
        .collect();
    if missing.is_empty() && extra.is_empty() && strange.is_empty() {
        return None;
    }
    let mut found = vec![
        format!("missing: {}", list(&missing)),
        format!("extra: {}", list(&extra)),
    ];
    if !strange.is_empty() {
        found.push(format!(
            "of a kind that nodes do not compare: {}",
            list(&strange)
        ));
    }
    let finding = LintFinding::new(
        "E5",
        Severity::Blocker,
        "cucm-upload-errors E5, §2 (Cisco 217138, 200641)",
    )
    .found(found.join("; "))
    .expected(format!(
        "exactly the names of the request: {}",
        list(&request.names)
    ))
    .predicted(check.answers("CSR SAN and Certificate SAN does not match"))
    .remedy(format!(
        "Ask the authority to sign the same request again with exactly its names{}.",
        habit(&check.leaf.facts, &missing, &extra)
    ));
    let addresses = extra.iter().any(|name| matches!(name, SubjectName::Ip(_)));
    let limit = if addresses {
        "; a multi-server request takes no IP addresses"
    } else {
        ""
    };
    Some(finding.remedy(format!(
        "Or make a new request, which replaces the pending one, for the names that the authority issues: {}{limit}. In OS \
         Administration these are the names and the parent domain of the request; do not use `set web-security` for \
         it, which replaces a signed tomcat certificate by a self-signed one at once.",
        list(issued.iter().filter(|name| !is_other(name)))
    )))
}

/// What authorities are known to do to names. Source: cucm-upload-errors §2.
fn habit(
    issued: &Certificate,
    missing: &BTreeSet<&SubjectName>,
    extra: &BTreeSet<&SubjectName>,
) -> String {
    let common_name = issued.common_name.as_deref().map(SubjectName::dns);
    let is_www = |name: &&&SubjectName| host(name).is_some_and(|host| host.starts_with("www."));
    let parents: BTreeSet<&str> = issued
        .names
        .iter()
        .filter_map(|name| Some(host(name)?.split_once('.')?.1))
        .collect();
    let is_parent = |name: &&&SubjectName| host(name).is_some_and(|host| parents.contains(host));
    if extra.iter().any(|name| is_www(&name)) {
        ", without the www name that it added".to_owned()
    } else if common_name.is_some_and(|name| extra.contains(&name)) {
        ", without adding the common name".to_owned()
    } else if let Some(domain) = missing.iter().find(is_parent) {
        format!(", keeping the parent domain {domain} (or clear it when the request is made)")
    } else {
        String::new()
    }
}

fn unasked_names(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let issued = &check.leaf.facts.names;
    (check.on_voice_platform() && !issued.is_empty()).then(|| {
        LintFinding::new(
            "L-names-not-compared",
            Severity::Notice,
            "cucm-upload-errors §2 (Cisco 200641)",
        )
        .found(format!(
            "the request has no alternative names, the certificate has: {}",
            list(issued)
        ))
        .expected("names that were asked for")
        .remedy("The node skips the comparison then: check these names yourself.")
    })
}

fn missing_names(check: &IssuedCheck<'_>, request: &SigningRequest) -> Option<LintFinding> {
    let missing: Vec<_> = request.names.difference(&check.leaf.facts.names).collect();
    (!missing.is_empty()).then(|| {
        LintFinding::new(
            "L-names-missing",
            Severity::Blocker,
            "Expressway certificate guide: zones and clients match the alternative names",
        )
        .found(format!("missing: {}", list(&missing)))
        .expected(format!(
            "at least the names of the request: {}",
            list(&request.names)
        ))
        .remedy("Ask the authority to sign the same request again with all its names.")
    })
}

fn no_names(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let facts = &check.leaf.facts;
    let asked = check
        .request
        .is_some_and(|request| !request.names.is_empty());
    (facts.names.is_empty() && !asked).then(|| {
        LintFinding::new("L-no-names", Severity::Notice, "RFC 6125 §6.4.4; Expressway matches alternative names first")
            .found("no subject alternative name")
            .expected("the names under which clients know the node")
            .remedy("Most clients ignore the common name: ask for the names in the request if clients connect to this purpose.")
    })
}

fn wildcard(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let facts = &check.leaf.facts;
    let stars: BTreeSet<String> = facts
        .names
        .iter()
        .map(ToString::to_string)
        .chain(facts.common_name.iter().map(|name| format!("CN={name}")))
        .filter(|name| name.contains('*'))
        .collect();
    if stars.is_empty() {
        return None;
    }
    let federation = check.is_for("cup-xmpp-s2s") || check.is_for("cup-xmpp-s2s-ECDSA");
    let finding = if federation {
        LintFinding::new(
            "E13",
            Severity::Notice,
            "cucm-certificate-rules §2 (IM and Presence guide 12.5)",
        )
        .expected(
            "wildcards only with `Enable Wildcards in XMPP Federation Security Certificates` on",
        )
        .remedy("Check that setting on the IM and Presence cluster.")
    } else {
        LintFinding::new(
            "E13",
            Severity::Blocker,
            "cucm-upload-errors E13 (Cisco 217138, Security Guide 14)",
        )
        .expected("explicit names; wildcards are not supported")
        .remedy("Ask for a certificate with every name written out.")
    };
    Some(finding.found(list(stars)))
}

/// Differences of the subject: an organizational unit may be dropped, the rest is not documented.
fn subject(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let request = check.request?;
    let parts = |subject: &str| -> BTreeSet<String> {
        subject
            .split(", ")
            .filter(|part| !part.starts_with("OU="))
            .map(str::to_owned)
            .collect()
    };
    let (asked, issued) = (&request.subject, &check.leaf.facts.subject);
    (parts(asked) != parts(issued)).then(|| {
        LintFinding::new("L-subject", Severity::Warning, "cucm-upload-errors §2: unknown whether nodes accept it")
            .found(issued.clone())
            .expected(asked.clone())
            .remedy("Ask the authority to keep the subject of the request, or accept the difference: no source says that a node compares it.")
    })
}

fn host(name: &SubjectName) -> Option<&str> {
    match name {
        SubjectName::Dns(host) => Some(host),
        SubjectName::Ip(_) | SubjectName::Other(_) => None,
    }
}

fn is_other(name: &SubjectName) -> bool {
    matches!(name, SubjectName::Other(_))
}
