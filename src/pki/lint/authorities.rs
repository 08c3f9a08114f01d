//! The authorities above an issued certificate, and what the trust store will make of them.

use std::collections::BTreeSet;

use super::{IssuedCheck, LintFinding, list};
use crate::model::{Certificate, Severity};
use crate::pki::certificate::extensions_of;
use crate::pki::chain::link_all;
use crate::pki::{Parsed, TrustPrediction, predict_trust_upload};

pub(super) const E1: &str = "CA certificate is not available in the trust-store";
/// Expressway's words for the same (expressway §2.6).
pub(super) const UNRECOGNIZED: &str = "Invalid certificate: Unrecognized CA";
const E6: &str = "Error in CA certificate";
const E1_SOURCE: &str = "cucm-upload-errors E1 (Cisco 217138)";
const SAME_NAME: &str = "cucm-upload-errors §3 (Cisco 217138, Security Guide 14)";

pub(super) fn check(check: &IssuedCheck<'_>) -> Vec<LintFinding> {
    let mut pool = vec![check.leaf.clone()];
    pool.extend(
        check
            .chain
            .iter()
            .filter(|c| c.facts.sha256 != check.leaf.facts.sha256)
            .cloned(),
    );
    link_all(&mut pool);
    let path = path(&pool, check);
    let Some((leaf, above)) = path.split_first() else {
        return Vec::new();
    };
    if leaf.facts.is_self_signed() {
        return vec![self_signed(check)];
    }
    let mut findings: Vec<_> = [incomplete(check, &path), issuer(check, &leaf.facts)]
        .into_iter()
        .flatten()
        .collect();
    findings.extend(outlives(&leaf.facts, above));
    findings.extend(too_short_for_phones(check, above));
    for (below, authority) in above.iter().enumerate() {
        findings.extend(unfit(check, authority, below));
    }
    findings.extend(order(check, above));
    findings.extend(twins(check, above));
    for authority in above.iter().rev() {
        findings.extend(store(check, &authority.facts));
    }
    findings
}

/// From the leaf to the root, as far as signatures lead. Where two authorities share a key, the demanded one
/// is taken, then the one that the store holds.
fn path<'p>(pool: &'p [Parsed], check: &IssuedCheck<'_>) -> Vec<&'p Parsed> {
    let preferred = |certificate: &Certificate| {
        let demanded = check
            .demands
            .is_some_and(|d| d.chain.contains(&certificate.sha256));
        let stored = check
            .stored
            .is_some_and(|s| s.iter().any(|c| c.sha256 == certificate.sha256));
        (!demanded, !stored, certificate.sha256.clone())
    };
    let mut path: Vec<&Parsed> = pool.first().into_iter().collect();
    while let Some(last) = path.last().filter(|last| !last.facts.is_self_signed()) {
        let next = pool
            .iter()
            .filter(|c| last.facts.signed_by.contains(&c.facts.sha256))
            .filter(|c| path.iter().all(|seen| seen.facts.sha256 != c.facts.sha256))
            .min_by_key(|c| preferred(&c.facts));
        let Some(next) = next else { break };
        path.push(next);
    }
    path
}

fn self_signed(check: &IssuedCheck<'_>) -> LintFinding {
    let issued = check.request.is_some() || check.demands.is_some();
    let severity = if issued {
        Severity::Blocker
    } else {
        Severity::Notice
    };
    LintFinding::new(
        "L-self-signed",
        severity,
        "a request is answered by an authority",
    )
    .found("signed with its own key")
    .expected("signed by an authority")
    .remedy("Have the request signed by the issuer.")
}

fn incomplete(check: &IssuedCheck<'_>, path: &[&Parsed]) -> Option<LintFinding> {
    let last = &path
        .last()
        .filter(|last| !last.facts.is_self_signed())?
        .facts;
    let demanded = check.demands.is_some_and(|it| !it.chain.is_empty());
    let nothing_given =
        path.len() == 1 && check.chain.iter().all(|it| it.facts == check.leaf.facts);
    if nothing_given && !demanded && check.stored.is_none() {
        return Some(chain_not_given(last));
    }
    let named = |certificate: &Certificate| certificate.subject == last.issuer;
    let mut finding = LintFinding::new("E1", Severity::Blocker, E1_SOURCE)
        .expected("every authority up to a self-signed root, each verified by its signature")
        .predicted(check.answers(E1).or(Some(UNRECOGNIZED)));
    if check.chain.iter().any(|c| named(&c.facts)) {
        finding = finding
            .found(format!("`{}` is given, but its key did not sign {}", last.issuer, last.title()))
            .remedy("Give the authority's certificate with the key that signed: it may have been renewed under the same name.");
    } else {
        finding = finding
            .found(format!(
                "the certificate of `{}`, which signed {}, is not given",
                last.issuer,
                last.title()
            ))
            .remedy(format!(
                "Add the certificate of `{}` and all above it.",
                last.issuer
            ));
    }
    if check
        .stored
        .is_some_and(|stored| stored.iter().any(|c| named(c)))
    {
        finding = finding.remedy("The node's store holds one of that name: give its file, so that the signature can be checked.");
    }
    Some(finding)
}

/// Nothing is known to be missing where nothing was given.
fn chain_not_given(leaf: &Certificate) -> LintFinding {
    LintFinding::new("L-chain-not-given", Severity::Notice, E1_SOURCE)
        .found("chain not given: not checked")
        .expected(format!("the certificate of `{}` and all above it", leaf.issuer))
        .remedy("Give the authorities with --chain, so that their signatures, dates and names can be checked.")
}

/// The certificates of phones stand below CAPF, so that every authority above it must allow one more step than it
/// does for other purposes.
fn too_short_for_phones(check: &IssuedCheck<'_>, above: &[&Parsed]) -> Option<LintFinding> {
    let short = above.iter().enumerate().find(|(below, authority)| {
        let length = extensions_of(authority).ok().and_then(|it| it.path_length);
        length.is_some_and(|length| usize::try_from(length).is_ok_and(|length| length <= *below))
    });
    let (_, authority) = short.filter(|_| check.is_for("CAPF"))?;
    Some(
        LintFinding::new("L-capf-path", Severity::Critical, "RFC 5280 §4.2.1.9")
            .found(format!(
                "{} allows too few authorities below it (path length)",
                authority.facts.title()
            ))
            .expected("authorities that allow CAPF below them, which signs for phones")
            .remedy("Have CAPF signed by an authority with a longer path length: certificates of phones do not verify otherwise."),
    )
}

fn issuer(check: &IssuedCheck<'_>, leaf: &Certificate) -> Option<LintFinding> {
    let wanted = check.demands?.chain.last()?;
    (!leaf.signed_by.contains(wanted)).then(|| {
        LintFinding::new(
            "L-issuer",
            Severity::Blocker,
            "demanded by the plan: the issuer's chain",
        )
        .found(format!("issued by `{}`", leaf.issuer))
        .expected(format!(
            "signed by the authority {}, the last of the issuer's chain",
            wanted.short()
        ))
        .remedy("Have the request signed by the issuer that the estate file names.")
        .remedy("Or correct the issuer's chain in the estate file and plan again.")
    })
}

fn outlives(leaf: &Certificate, above: &[&Parsed]) -> Option<LintFinding> {
    let first = above
        .iter()
        .min_by_key(|c| c.facts.not_after)
        .map(|c| &c.facts)?;
    (leaf.not_after > first.not_after).then(|| {
        LintFinding::new(
            "L-outlives-authority",
            Severity::Warning,
            "RFC 5280 §6.1: every certificate of a path must be valid",
        )
        .found(format!(
            "valid until {}, but its authority {} only until {}",
            leaf.not_after,
            first.title(),
            first.not_after
        ))
        .expected("an end not after that of its authorities")
        .remedy(format!(
            "Plan the next renewal before {}, when {} ends.",
            first.not_after,
            first.title()
        ))
    })
}

/// Whether a certificate may sign what stands below it; `below` counts the authorities between it and the leaf.
fn unfit(check: &IssuedCheck<'_>, authority: &Parsed, below: usize) -> Option<LintFinding> {
    let facts = &authority.facts;
    let extensions = extensions_of(authority).ok()?;
    let too_deep = extensions
        .path_length
        .is_some_and(|length| usize::try_from(length).is_ok_and(|length| length < below));
    let no_signer = facts
        .key_usage
        .as_ref()
        .is_some_and(|usages| !usages.contains("keyCertSign"));
    let faults: Vec<String> = [
        (
            !facts.authority,
            "is no authority (basic constraints)".to_owned(),
        ),
        (
            no_signer,
            "may not sign certificates (key usage)".to_owned(),
        ),
        (
            too_deep,
            "allows fewer authorities below it (path length)".to_owned(),
        ),
        (
            !facts.valid_at(check.now),
            format!(
                "is valid only from {} to {}",
                facts.not_before, facts.not_after
            ),
        ),
    ]
    .into_iter()
    .filter_map(|(wrong, fault)| wrong.then_some(fault))
    .collect();
    (!faults.is_empty()).then(|| {
        LintFinding::new(
            "E6",
            Severity::Blocker,
            "cucm-upload-errors E6 (HCM-F error table)",
        )
        .found(format!("{} {}", facts.title(), faults.join(" and ")))
        .expected("authorities with CA:TRUE, keyCertSign and current dates")
        .predicted(check.answers(E6))
        .remedy("Get the authority's current certificate from where it publishes it.")
    })
}

/// By hand, authorities go in root first; those of other chains do not go in at all.
fn order(check: &IssuedCheck<'_>, above: &[&Parsed]) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    let position = |certificate: &&Parsed| {
        above
            .iter()
            .rev()
            .position(|c| c.facts.sha256 == certificate.facts.sha256)
    };
    let given: Vec<_> = check.chain.iter().filter_map(|c| position(&c)).collect();
    if !given.is_sorted() {
        findings.push(
            LintFinding::new(
                "L-order",
                Severity::Notice,
                "cucm-certificate-rules §3, U1 (Cisco 217138)",
            )
            .found("the authorities are given in another order")
            .expected(format!(
                "to upload by hand: {}, then the certificate",
                list(above.iter().rev().map(|c| c.facts.title()))
            ))
            .remedy("Nothing, if this program uploads them: it orders them by their signatures."),
        );
    }
    let strays: BTreeSet<_> = check
        .chain
        .iter()
        .filter(|c| position(c).is_none() && c.facts.sha256 != check.leaf.facts.sha256)
        .map(|c| c.facts.title())
        .collect();
    if !strays.is_empty() {
        findings.push(
            LintFinding::new("L-unrelated", Severity::Notice, "signatures")
                .found(format!(
                    "given, but not above this certificate: {}",
                    list(strays)
                ))
                .expected("only its own authorities")
                .remedy("Leave them out: every certificate in a trust store is trusted."),
        );
    }
    findings
}

/// Two authorities of one chain with one name: a store keeps only one of them.
fn twins(check: &IssuedCheck<'_>, above: &[&Parsed]) -> Option<LintFinding> {
    let mut seen = BTreeSet::new();
    let twin = above
        .iter()
        .map(|c| c.facts.title())
        .find(|title| !seen.insert(*title))?;
    Some(
        LintFinding::new("L-same-name", Severity::Blocker, SAME_NAME)
            .found(format!("two authorities above it are named {twin}"))
            .expected("one certificate for each common name, which is all that a trust store keeps")
            .predicted(check.answers(E1))
            .remedy("Use an issuer whose authorities have different names."),
    )
}

/// What the store will do with an authority that it does not hold.
fn store(check: &IssuedCheck<'_>, authority: &Certificate) -> Option<LintFinding> {
    let stored = check.stored?;
    if stored.iter().any(|c| c.sha256 == authority.sha256) {
        return None;
    }
    let title = authority.title();
    if !check.on_voice_platform() {
        return same_name_on_expressway(stored, authority);
    }
    match predict_trust_upload(stored, authority, check.now) {
        // An expired authority is reported as unfit.
        TrustPrediction::Identical | TrustPrediction::Refused => None,
        TrustPrediction::Stored => Some(
            LintFinding::new("L-upload-first", Severity::Notice, E1_SOURCE)
                .found(format!("the store does not hold {title}"))
                .expected("root, then each intermediate, then the certificate")
                .remedy(format!("Upload {title} and read it back first.")),
        ),
        TrustPrediction::Replaces(removed) => Some(
            LintFinding::new("L-replaces", Severity::Warning, SAME_NAME)
                .found(format!(
                    "uploading {title} removes {} of the same name from the store",
                    list(removed.iter().map(|c| c.short().to_owned()))
                ))
                .expected("no certificate in service that was signed by the removed one's key")
                .remedy("List what the removed one signed, on all nodes, before the upload."),
        ),
        TrustPrediction::SilentlyKept { kept, because } => Some(
            LintFinding::new("E1", Severity::Blocker, SAME_NAME)
                .found(format!(
                    "the store will keep {} instead of {title}: {because}",
                    kept.short()
                ))
                .expected(format!("{} in the store", authority.sha256.short()))
                .predicted(check.answers(E1))
                .remedy(format!(
                    "Delete {} from the store, which cannot be undone, then upload {title}.",
                    kept.short()
                ))
                .remedy("Or use an issuer whose authority has a name of its own."),
        ),
    }
}

fn same_name_on_expressway(
    stored: &[&Certificate],
    authority: &Certificate,
) -> Option<LintFinding> {
    let other = stored.iter().find(|c| c.title() == authority.title())?;
    Some(
        LintFinding::new("L-same-name", Severity::Blocker, "expressway: CSCwa12894; certificate guide X15.5")
            .found(format!("the trust list holds {}, another certificate named {}", other.sha256.short(), authority.title()))
            .expected("one certificate for each common name")
            .remedy("Remove the other one when nothing in service was signed by it: only the first match is used.")
            .remedy("Or use an issuer whose authority has a name of its own."),
    )
}
