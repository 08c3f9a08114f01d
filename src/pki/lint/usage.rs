//! What the key may be used for, and the extensions that say so.

use super::{Demands, IssuedCheck, LintFinding, list};
use crate::model::{Severity, Usages};
use crate::pki::certificate::extensions_of;
use crate::pki::extensions::{BASIC_CONSTRAINTS, KEY_USAGE};

const CLIENT: &str = "clientAuth";

pub(super) fn check(check: &IssuedCheck<'_>) -> Vec<LintFinding> {
    let facts = &check.leaf.facts;
    let (asked_key, asked_extended) = check.request.map_or((None, None), |request| {
        (request.key_usage.as_ref(), request.extended_usage.as_ref())
    });
    let (demanded_key, demanded_extended) = check.demands.map_or(
        (None, None),
        |Demands {
             key_usage,
             extended_usage,
             ..
         }| (Some(key_usage), Some(extended_usage)),
    );
    let key = missing(facts.key_usage.as_ref(), [asked_key, demanded_key]);
    let mut extended = missing(
        facts.extended_usage.as_ref(),
        [asked_extended, demanded_extended],
    );
    let client = extended.remove(CLIENT).then(|| {
        no_client_usage(
            check,
            demanded_extended.map(|usages| usages.contains(CLIENT)),
        )
    });
    [
        missing_usages(check, "key usage", &key, facts.key_usage.as_ref()),
        missing_usages(
            check,
            "extended key usage",
            &extended,
            facts.extended_usage.as_ref(),
        ),
        client,
        extra(facts.key_usage.as_ref(), asked_key, "key usage"),
        extra(
            facts.extended_usage.as_ref(),
            asked_extended,
            "extended key usage",
        ),
        critical(check),
        authority(check),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the request or the demands want and the certificate lacks.
fn missing(issued: Option<&Usages>, wanted: [Option<&Usages>; 2]) -> Usages {
    let has = |usage: &&String| issued.is_some_and(|issued| issued.contains(*usage));
    wanted
        .into_iter()
        .flatten()
        .flatten()
        .filter(|usage| !has(usage))
        .cloned()
        .collect()
}

fn missing_usages(
    check: &IssuedCheck<'_>,
    what: &str,
    missing: &Usages,
    issued: Option<&Usages>,
) -> Option<LintFinding> {
    if missing.is_empty() {
        return None;
    }
    let source = if check.on_voice_platform() {
        "cucm-upload-errors E15 (Security Guide 14, Cisco 217138)"
    } else {
        "the request, or the plan, asks for it"
    };
    let has = issued.map_or_else(|| "no such extension".to_owned(), list);
    Some(
        LintFinding::new("E15", Severity::Blocker, source)
            .found(format!("{what} lacks {}; it has: {has}", list(missing)))
            .expected("every usage that the request asks for")
            .remedy(format!(
                "Ask the authority for a template that keeps the {what}: {}.",
                list(missing)
            )),
    )
}

/// Public authorities stop issuing clientAuth. Source: Field Notice 74345. A procedure that does not demand it knows the
/// release; without one nobody knows which release of Expressway it is.
fn no_client_usage(check: &IssuedCheck<'_>, demanded: Option<bool>) -> LintFinding {
    let (severity, source) = match (demanded, check.on_voice_platform()) {
        (Some(true), _) => (
            Severity::Blocker,
            "demanded by the procedure; Field Notice 74345",
        ),
        (_, true) => (
            Severity::Warning,
            "cucm-certificate-rules §2 (Field Notice 74345)",
        ),
        (Some(false), false) => (Severity::Warning, "expressway §8 (Cisco 225482, 225693)"),
        (None, false) => (Severity::Blocker, "expressway §8 (Cisco 225482, 225693)"),
    };
    let effect = if check.on_voice_platform() {
        "Without it mutual TLS can fail: LDAP, SIP trunks, SIP OAuth over remote access, between nodes, XMPP federation."
    } else {
        "Releases up to X15.3 refuse it; X15.4 takes it on Expressway-E only, after EnableServerEkuUpload is on; the tunnels of Expressway-C need it in any release."
    };
    LintFinding::new("L-client-auth", severity, source)
        .found("extended key usage lacks clientAuth")
        .expected("serverAuth and clientAuth, as the request asks")
        .remedy(format!("{effect} Have it signed by an authority that still issues clientAuth, such as a private one."))
}

fn extra(issued: Option<&Usages>, asked: Option<&Usages>, what: &str) -> Option<LintFinding> {
    let (issued, asked) = (issued?, asked?);
    let extra: Vec<_> = issued.difference(asked).collect();
    (!extra.is_empty()).then(|| {
        LintFinding::new(
            "L-extra-usage",
            Severity::Notice,
            "cucm-certificate-rules §2 (inferred)",
        )
        .found(format!("{what} has also: {}", list(extra)))
        .expected(format!("what the request asks for: {}", list(asked)))
        .remedy("Usages beyond the request are not known to do harm.")
    })
}

/// Source: cucm-certificate-rules §2 (Cisco 118855).
fn critical(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let mut critical = extensions_of(check.leaf).ok()?.critical;
    critical.remove(KEY_USAGE);
    critical.remove(BASIC_CONSTRAINTS);
    (check.on_voice_platform() && !critical.is_empty()).then(|| {
        LintFinding::new("L-critical", Severity::Warning, "cucm-certificate-rules §2 (Cisco 118855)")
            .found(format!("critical extensions: {}", list(&critical)))
            .expected("only key usage and basic constraints marked critical")
            .remedy("Contact Center Express cannot verify such a certificate: have it issued without the mark if one connects to this cluster.")
    })
}

/// A CAPF certificate is an authority for phones; no other purpose is.
fn authority(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let facts = &check.leaf.facts;
    if !check.is_for("CAPF") {
        return facts.authority.then(|| {
            LintFinding::new(
                "L-authority",
                Severity::Warning,
                "cucm-certificate-rules §2",
            )
            .found("it is an authority (basic constraints CA:TRUE)")
            .expected("an end certificate")
            .remedy("Check that this is the issued certificate and not one of its authorities.")
        });
    }
    let length = extensions_of(check.leaf).ok()?.path_length;
    let signs = |usage: &str| {
        facts
            .key_usage
            .as_ref()
            .is_some_and(|usages| usages.contains(usage))
    };
    let right =
        facts.authority && length == Some(0) && signs("keyCertSign") && signs("digitalSignature");
    (!right).then(|| {
        LintFinding::new("L-capf", Severity::Blocker, "cucm-certificate-rules §2 (Security Guide 15)")
            .found(format!(
                "CA:{}, path length {}, key usage {}",
                if facts.authority { "TRUE" } else { "FALSE" },
                length.map_or_else(|| "not set".to_owned(), |length| length.to_string()),
                facts.key_usage.as_ref().map_or_else(|| "not set".to_owned(), list)
            ))
            .expected("CA:TRUE, path length 0, key usage digitalSignature and keyCertSign")
            .remedy("Have it issued with the authority's template for subordinate authorities; otherwise TLS with phones fails.")
    })
}
