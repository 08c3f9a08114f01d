//! Who signed whom, and the order of a chain.

use std::collections::{BTreeMap, BTreeSet};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Public};
use openssl::x509::X509;

use super::certificate::Parsed;
use super::error::PkiError;
use crate::model::{Certificate, Fingerprint};

/// So many certificates of one name are tried as signers. Of more, only those with the fitting key identifier:
/// a hostile answer could otherwise cost the square of its length in signatures.
const MOST_OF_ONE_NAME: usize = 64;

/// A possible signer.
struct Signer {
    sha256: Fingerprint,
    key_id: Option<String>,
    key: PKey<Public>,
}

/// Fills `signed_by` of every certificate: each other one (or itself) whose subject is its issuer and whose
/// key verifies its signature. A certificate without DER in `ders` is left as it is and signs nothing.
pub fn link(
    certificates: &mut BTreeMap<Fingerprint, Certificate>,
    ders: &BTreeMap<Fingerprint, Vec<u8>>,
) {
    let mut signers: BTreeMap<String, Vec<Signer>> = BTreeMap::new();
    let mut opened: Vec<(Fingerprint, X509)> = Vec::new();
    for (sha256, certificate) in certificates.iter() {
        let Some(library) = ders.get(sha256).and_then(|der| X509::from_der(der).ok()) else {
            continue;
        };
        if let Ok(key) = library.public_key() {
            let named = signers.entry(folded(&certificate.subject)).or_default();
            let key_id = certificate.subject_key_id.clone();
            named.push(Signer {
                sha256: sha256.clone(),
                key_id,
                key,
            });
        }
        opened.push((sha256.clone(), library));
    }
    for (sha256, library) in opened {
        if let Some(certificate) = certificates.get_mut(&sha256) {
            let named = signers
                .get(&folded(&certificate.issuer))
                .map_or(&[][..], Vec::as_slice);
            let wanted = &certificate.authority_key_id;
            certificate.signed_by = named
                .iter()
                .filter(|signer| named.len() <= MOST_OF_ONE_NAME || signer.key_id == *wanted)
                .take(MOST_OF_ONE_NAME)
                .filter(|signer| verifies(&library, &signer.key))
                .map(|signer| signer.sha256.clone())
                .collect();
        }
    }
}

fn verifies(certificate: &X509, key: &PKey<Public>) -> bool {
    let verified = matches!(certificate.verify(key), Ok(true));
    // A signature that does not fit leaves its errors behind, and the next TLS call would take them for its own.
    drop(ErrorStack::get());
    verified
}

/// A name as names are compared: case and runs of spaces do not matter. Source: RFC 5280 §7.1. It only
/// chooses candidates; the signature decides.
fn folded(name: &str) -> String {
    name.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// [`link`] for certificates that were read together.
pub fn link_all(certificates: &mut [Parsed]) {
    let mut facts: BTreeMap<_, _> = certificates
        .iter()
        .map(|c| (c.facts.sha256.clone(), c.facts.clone()))
        .collect();
    let ders = certificates
        .iter()
        .map(|c| (c.facts.sha256.clone(), c.der.clone()))
        .collect();
    link(&mut facts, &ders);
    for certificate in certificates {
        if let Some(linked) = facts.get(&certificate.facts.sha256) {
            certificate.facts.signed_by.clone_from(&linked.signed_by);
        }
    }
}

/// Orders the certificates of one chain, root first, each signed by the one before, and fills `signed_by`.
/// A leaf may stand at the end.
///
/// # Errors
/// [`PkiError::NoChain`] if there is no self-signed root, more than one line of signatures, a certificate that
/// belongs to another chain, or one that signs without being an authority.
pub fn order_chain(mut certificates: Vec<Parsed>) -> Result<Vec<Parsed>, PkiError> {
    let mut seen = BTreeSet::new();
    certificates.retain(|certificate| seen.insert(certificate.facts.sha256.clone()));
    link_all(&mut certificates);
    let mut ordered = vec![take_root(&mut certificates)?];
    while let Some(last) = ordered.last()
        && !certificates.is_empty()
    {
        let mut next = certificates
            .extract_if(.., |c| c.facts.signed_by.contains(&last.facts.sha256))
            .collect::<Vec<_>>();
        let (Some(found), None) = (next.pop(), next.pop()) else {
            return Err(broken_after(&last.facts, &certificates));
        };
        if !last.facts.authority {
            return Err(no_chain(
                format!(
                    "{} signed {} but is no authority (basic constraints)",
                    last.facts.title(),
                    found.facts.title()
                ),
                "Ask for the authority's own certificate",
            ));
        }
        ordered.push(found);
    }
    Ok(ordered)
}

fn take_root(certificates: &mut Vec<Parsed>) -> Result<Parsed, PkiError> {
    let mut roots = certificates
        .extract_if(.., |c| c.facts.is_self_signed())
        .collect::<Vec<_>>();
    match (roots.pop(), roots.pop()) {
        (Some(root), None) => Ok(root),
        (Some(one), Some(other)) => Err(no_chain(
            format!(
                "{} and {} are both roots",
                one.facts.title(),
                other.facts.title()
            ),
            "Leave out the one that is not of this chain",
        )),
        (None, _) => {
            let missing = certificates
                .iter()
                .find(|c| c.facts.signed_by.is_empty())
                .map_or("a root".to_owned(), |c| format!("`{}`", c.facts.issuer));
            Err(no_chain(
                format!("the self-signed certificate of {missing} is missing"),
                "Add it, as the authority publishes it",
            ))
        }
    }
}

/// `last` signed none of the rest, or more than one of them.
fn broken_after(last: &Certificate, rest: &[Parsed]) -> PkiError {
    let stray = rest.iter().find(|c| c.facts.signed_by.is_empty());
    match stray {
        Some(stray) => no_chain(
            format!(
                "nothing given signed {} (its issuer is `{}`)",
                stray.facts.title(),
                stray.facts.issuer
            ),
            "Add its issuer's certificate, or leave it out",
        ),
        None => no_chain(
            format!(
                "more than one certificate below {} continues the chain",
                last.title()
            ),
            "Leave out those that are not of this chain",
        ),
    }
}

fn no_chain(problem: String, next: &str) -> PkiError {
    PkiError::NoChain {
        problem,
        next: format!("{next}."),
    }
}

/// Splits what an authority sent into the certificate that it issued and the authorities above it. The leaf
/// signs nothing, itself included; of several such the one that is no authority.
///
/// # Errors
/// [`PkiError::NoChain`] if none or several qualify.
pub fn choose_leaf(mut certificates: Vec<Parsed>) -> Result<(Parsed, Vec<Parsed>), PkiError> {
    link_all(&mut certificates);
    if let [only] = certificates.as_slice() {
        return Ok((only.clone(), Vec::new()));
    }
    let signers: BTreeSet<Fingerprint> = certificates
        .iter()
        .flat_map(|c| c.facts.signed_by.iter().cloned())
        .collect();
    let (mut rest, mut leaves): (Vec<_>, Vec<_>) = certificates
        .into_iter()
        .partition(|c| signers.contains(&c.facts.sha256));
    if leaves.iter().any(|c| !c.facts.authority) {
        rest.extend(leaves.extract_if(.., |c| c.facts.authority));
    }
    match (leaves.pop(), leaves.pop()) {
        (Some(leaf), None) => Ok((leaf, rest)),
        (Some(one), Some(other)) => Err(no_chain(
            format!(
                "{} and {} are both end certificates",
                one.facts.title(),
                other.facts.title()
            ),
            "Give one issued certificate with its authorities",
        )),
        (None, _) => Err(no_chain(
            "there are only roots".to_owned(),
            "Give the issued certificate as well",
        )),
    }
}
