//! Verifying a certificate as Expressway does: by names from link to link, the first of a name alone.

use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

use openssl::asn1::Asn1Time;
use openssl::x509::{X509, X509ExtendedKeyUsage, X509Ref};

use crate::state::{common_name, fingerprint, is_self_signed, signed_by};

/// More links than any chain has.
const LONGEST_CHAIN: usize = 10;

/// Where a chain breaks, in the words of OpenSSL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// How many links above the leaf.
    pub depth: usize,
    /// What is wrong there.
    pub text: &'static str,
}

impl fmt::Display for ChainFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at depth {}", self.text, self.depth)
    }
}

/// Follows a leaf to a root that the store holds, with the help of what came along.
///
/// claim: EXPRESSWAY-CHAIN-BY-NAME, EXPRESSWAY-STORE-SAME-CN, EXPRESSWAY-ZONE-NEEDS-ROOT
///
/// # Errors
/// [`ChainFault`] at the first link that breaks.
pub fn chain(leaf: &X509, sent: &[X509], store: &[X509], clock: i64) -> Result<(), ChainFault> {
    let mut below = leaf.clone();
    for depth in 0..LONGEST_CHAIN {
        let fault = |text| ChainFault { depth, text };
        if has_ended(&below, clock) {
            return Err(fault("certificate has expired"));
        }
        if is_self_signed(&below) {
            let held = first_named(&below, store).is_some_and(|first| same(first, &below));
            return match (held, depth) {
                (true, _) => Ok(()),
                (false, 0) => Err(fault("self signed certificate")),
                (false, _) => Err(fault("self signed certificate in certificate chain")),
            };
        }
        let issuer = issuer_in(&below, store).or_else(|| {
            let mut came = sent.iter();
            came.find(|issuer| signed_by(&below, issuer))
        });
        below = issuer
            .ok_or(fault("unable to get local issuer certificate"))?
            .clone();
    }
    Err(ChainFault {
        depth: LONGEST_CHAIN,
        text: "certificate chain too long",
    })
}

/// The authorities above a leaf that a store holds, without the root.
///
/// claim: EXPRESSWAY-SENDS-CHAIN
pub(crate) fn authorities_above(leaf: &X509, store: &[X509]) -> Vec<X509> {
    let mut chain: Vec<X509> = Vec::new();
    while chain.len() < LONGEST_CHAIN {
        let below = chain.last().unwrap_or(leaf);
        match issuer_in(below, store).filter(|issuer| !is_self_signed(issuer)) {
            Some(issuer) => chain.push(issuer.clone()),
            None => break,
        }
    }
    chain
}

/// The issuer of a certificate, if the first of its name in the store is it.
fn issuer_in<'a>(certificate: &X509, store: &'a [X509]) -> Option<&'a X509> {
    let wanted = certificate.issuer_name();
    let name = wanted
        .entries_by_nid(openssl::nid::Nid::COMMONNAME)
        .next()
        .and_then(|entry| entry.data().to_string().ok());
    let first = store.iter().find(|held| match &name {
        Some(name) => common_name(held) == *name,
        None => matches!(held.subject_name().try_cmp(wanted), Ok(Ordering::Equal)),
    });
    first.filter(|held| signed_by(certificate, held))
}

/// The first certificate of the same common name in the store.
fn first_named<'a>(certificate: &X509, store: &'a [X509]) -> Option<&'a X509> {
    let name = common_name(certificate);
    store.iter().find(|held| common_name(held) == name)
}

fn same(one: &X509Ref, other: &X509Ref) -> bool {
    fingerprint(one) == fingerprint(other)
}

fn has_ended(certificate: &X509, clock: i64) -> bool {
    Asn1Time::from_unix(clock).is_ok_and(|clock| certificate.not_after() <= clock)
}

/// Whether a name is among the DNS alternative names, as a traversal zone wants it.
///
/// claim: EXPRESSWAY-ZONE-NAMES
#[must_use]
pub fn names_peer(certificate: &X509Ref, name: &str) -> bool {
    dns_names(certificate)
        .iter()
        .any(|held| held.eq_ignore_ascii_case(name))
}

/// Whether the traffic server finds a name: among the DNS alternative names, the left-most label for any, or as the
/// first common name. Addresses of the certificate are not looked at.
///
/// claim: EXPRESSWAY-ORIGIN-NAMES
#[must_use]
pub fn names_origin(certificate: &X509Ref, name: &str) -> bool {
    let mut held = dns_names(certificate);
    held.push(common_name(certificate));
    held.iter().any(|pattern| matches_pattern(pattern, name))
}

fn matches_pattern(pattern: &str, name: &str) -> bool {
    if pattern.eq_ignore_ascii_case(name) {
        return true;
    }
    let (Some(domain), Some((_, rest))) = (pattern.strip_prefix("*."), name.split_once('.')) else {
        return false;
    };
    name.parse::<IpAddr>().is_err() && domain.eq_ignore_ascii_case(rest)
}

fn dns_names(certificate: &X509Ref) -> Vec<String> {
    let names = certificate.subject_alt_names();
    let names = names.iter().flatten();
    names
        .filter_map(|name| name.dnsname().map(str::to_owned))
        .collect()
}

/// Whether a certificate may be used by a client. One without the extension counts as one that may not.
#[must_use]
pub fn has_client_auth(certificate: &X509Ref) -> bool {
    has_usage(certificate, X509ExtendedKeyUsage::SSL_CLIENT)
}

/// Whether a certificate may be used by a server, likewise.
#[must_use]
pub fn has_server_auth(certificate: &X509Ref) -> bool {
    has_usage(certificate, X509ExtendedKeyUsage::SSL_SERVER)
}

fn has_usage(certificate: &X509Ref, usage: X509ExtendedKeyUsage) -> bool {
    let held = certificate.extended_key_usage();
    held.is_some_and(|held| held.contains(usage))
}
