//! Certificates that belong together, or should: chains, what is missing, and what a node would stumble over.

mod pool;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::finding::Diagnosis;
use super::forms::{Forms, trouble};
use crate::model::{Certificate, Fingerprint, Product, Severity};
use crate::pki::lint::{IssuedCheck, LintFinding, check_issued};
use crate::pki::{Parsed, issuer_urls, link_all};

use pool::Pool;

/// So many end certificates are linted.
const MOST_LEAVES: usize = 20;

const CHAIN: &str = "cucm-upload-errors E1; expressway §2.3, §2.6";
const TWINS: &str = "expressway §2.3 (CSCwa12905); cucm-upload-errors §3";
const CLIENT: &str =
    "expressway §8 (Cisco 225482, 225693, FN74362); cucm-certificate-rules §2 (FN74345)";

/// What a certificate is in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// An end certificate.
    Leaf,
    /// An authority that another one signed.
    Intermediate,
    /// An authority that signed itself.
    Root,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The chain it stands in, counted from 1; end certificate first within a chain.
    pub chain: usize,
    /// What it is there.
    pub place: Place,
    /// Its facts.
    pub certificate: Certificate,
    /// The files that hold it.
    pub files: Vec<String>,
}

/// What the certificates are, in the order of their chains, and what is wrong with files and chains.
pub(super) fn diagnose(forms: Forms, now: Timestamp) -> (Vec<Listed>, Vec<Diagnosis>) {
    let mut found: Vec<Diagnosis> = forms.files.iter().filter_map(trouble).collect();
    found.extend(disordered(&forms));
    let pool = Pool::of(forms);
    let chains = pool.chains();
    found.extend(pool.duplicates());
    found.extend(pool.twins());
    found.extend(pool.missing());
    let leaves: Vec<&Parsed> = pool.leaves().collect();
    for leaf in leaves.iter().take(MOST_LEAVES) {
        found.extend(no_client_usage(&leaf.facts));
        found.extend(pool.lint(leaf, now));
    }
    found.extend(pool.authorities_out_of_date(&chains, &leaves, now));
    (pool.listed(&chains), found)
}

impl Pool {
    fn duplicates(&self) -> Vec<Diagnosis> {
        self.certificates
            .iter()
            .filter_map(|certificate| {
                let facts = &certificate.facts;
                let holders = self.files.get(&facts.sha256)?;
                (holders.len() > 1).then(|| {
                    Diagnosis::new("bundle-duplicate", Severity::Notice, facts.title(), CHAIN)
                        .found(format!(
                            "the same certificate ({}) is given {} times: {}",
                            facts.sha256.short(),
                            holders.len(),
                            cut_list(holders)
                        ))
                        .cause("Bundles were put together from overlapping parts.")
                        .remedy("Give each certificate once.")
                })
            })
            .collect()
    }

    /// Different certificates of one common name.
    fn twins(&self) -> Vec<Diagnosis> {
        let mut named: BTreeMap<&str, Vec<&Certificate>> = BTreeMap::new();
        for certificate in &self.certificates {
            if let Some(name) = &certificate.facts.common_name {
                named.entry(name).or_default().push(&certificate.facts);
            }
        }
        named
            .into_iter()
            .filter(|(_, twins)| twins.len() > 1)
            .map(|(name, twins)| {
                let each: Vec<String> = twins
                    .iter()
                    .map(|twin| {
                        format!("{} valid {} to {}", twin.sha256.short(), twin.not_before, twin.not_after)
                    })
                    .collect();
                Diagnosis::new("bundle-same-name", Severity::Warning, name, TWINS)
                    .found(format!("{} different certificates have this common name: {}", twins.len(), cut_list(&each)))
                    .cause("A trust list uses one certificate of a common name: Expressway the first that matches, so the other acts as if absent (CSCwa12905); CUCM keeps the one that begins later and drops the other.")
                    .remedy("Decide which one is meant and leave the other out.")
                    .remedy("If both must be trusted (tomcat and CallManager self-signed, or an authority with a new key), have them signed by an authority, or give them different names.")
            })
            .collect()
    }

    /// Issuers that nothing given stands for.
    fn missing(&self) -> Vec<Diagnosis> {
        let mut by_issuer: BTreeMap<&str, Vec<&Parsed>> = BTreeMap::new();
        for certificate in &self.certificates {
            if certificate.facts.signed_by.is_empty() {
                by_issuer
                    .entry(&certificate.facts.issuer)
                    .or_default()
                    .push(certificate);
            }
        }
        by_issuer
            .into_iter()
            .map(|(issuer, below)| self.missing_issuer(issuer, &below))
            .collect()
    }

    fn missing_issuer(&self, issuer: &str, below: &[&Parsed]) -> Diagnosis {
        let titles: Vec<String> = below
            .iter()
            .map(|certificate| certificate.facts.title().to_owned())
            .collect();
        let namesake = self
            .certificates
            .iter()
            .any(|certificate| certificate.facts.subject == issuer);
        let urls: BTreeSet<String> = below
            .iter()
            .flat_map(|certificate| issuer_urls(certificate))
            .collect();
        let key = below
            .iter()
            .find_map(|certificate| certificate.facts.authority_key_id.as_deref());
        let mut diagnosis = Diagnosis::new(
            "bundle-incomplete",
            Severity::Critical,
            cut_list(&titles),
            CHAIN,
        );
        diagnosis = if namesake {
            diagnosis
                .found(format!("`{issuer}` is given, but its key did not sign this"))
                .cause("The authority was renewed under the same name with another key, or two authorities share the name.")
        } else {
            diagnosis
                .found(format!("the certificate of `{issuer}`, which signed it, is not given"))
                .cause("A node takes a certificate only when every authority above it is in the trust store, up to the root.")
        };
        let key = key.map_or_else(String::new, |key| {
            format!(", with the subject key identifier {key}")
        });
        diagnosis = diagnosis.remedy(format!(
            "Ask the authority for the certificate of `{issuer}`{key}, and for all above it, in Base-64 (PEM)."
        ));
        if !urls.is_empty() {
            let urls: Vec<String> = urls.into_iter().collect();
            diagnosis = diagnosis.remedy(format!(
                "The certificate says where it is published: {}",
                cut_list(&urls)
            ));
        }
        diagnosis
    }

    /// The rules for an issued certificate, without those that are answered here for all files together.
    fn lint(&self, leaf: &Parsed, now: Timestamp) -> Vec<Diagnosis> {
        let own = [
            "E1",
            "L-order",
            "L-same-name",
            "L-unrelated",
            "L-client-auth",
            "L-chain-not-given",
            "L-request-not-given",
        ];
        let chain: Vec<Parsed> = self
            .certificates
            .iter()
            .filter(|other| other.facts.sha256 != leaf.facts.sha256)
            .cloned()
            .collect();
        check_issued(&IssuedCheck {
            release: None,
            leaf,
            chain: &chain,
            request: None,
            stored: None,
            demands: None,
            purpose: None,
            product: Product::Cucm,
            now,
        })
        .into_iter()
        .filter(|finding| !own.contains(&finding.code))
        .map(|finding| from_lint(&leaf.facts, finding))
        .collect()
    }

    /// Authorities above an end certificate are judged with it; these are the others.
    fn authorities_out_of_date(
        &self,
        chains: &[Vec<&Parsed>],
        leaves: &[&Parsed],
        now: Timestamp,
    ) -> Vec<Diagnosis> {
        let judged: BTreeSet<&Fingerprint> = chains
            .iter()
            .filter(|chain| {
                let first = chain.first();
                leaves
                    .iter()
                    .take(MOST_LEAVES)
                    .any(|leaf| first.is_some_and(|first| first.facts.sha256 == leaf.facts.sha256))
            })
            .flatten()
            .map(|certificate| &certificate.facts.sha256)
            .collect();
        self.certificates
            .iter()
            .map(|certificate| &certificate.facts)
            .filter(|facts| !judged.contains(&facts.sha256) && !facts.valid_at(now))
            .map(|facts| {
                Diagnosis::new("bundle-dates", Severity::Critical, facts.title(), CHAIN)
                    .found(format!("valid only from {} to {}", facts.not_before, facts.not_after))
                    .cause("It was renewed since, or the wrong one was taken. CUCM refuses an expired certificate.")
                    .remedy("Get the current one from where the authority publishes it.")
            })
            .collect()
    }
}

fn from_lint(leaf: &Certificate, finding: LintFinding) -> Diagnosis {
    let mut diagnosis =
        Diagnosis::new(finding.code, finding.severity, leaf.title(), finding.source)
            .found(finding.found)
            .cause(match finding.predicted {
                Some(answer) => format!(
                    "Expected: {}. The node would answer: {answer}.",
                    finding.expected
                ),
                None => format!("Expected: {}.", finding.expected),
            });
    diagnosis.remedies = finding.remedies;
    diagnosis
}

fn no_client_usage(leaf: &Certificate) -> Option<Diagnosis> {
    let usages = leaf.extended_usage.as_ref()?;
    let any = usages.contains("clientAuth") || usages.contains("anyExtendedKeyUsage");
    (!any).then(|| {
        let has: Vec<String> = usages.iter().cloned().collect();
        Diagnosis::new("bundle-no-client-auth", Severity::Warning, leaf.title(), CLIENT)
            .found(format!("the extended key usage has {} and no clientAuth", cut_list(&has)))
            .cause("Public authorities stop issuing clientAuth. Expressway up to X15.3 refuses the upload, and X15.4 takes it on Expressway-E only, after EnableServerEkuUpload is on; Expressway-C needs it for the tunnels in every release. On CUCM and Unity Connection mutual TLS can fail: LDAP, SIP trunks, SIP OAuth, XMPP federation.")
            .remedy("Have the request signed with serverAuth and clientAuth, as it asks; a private authority still can.")
    })
}

/// A file whose certificates stand in no order of signatures. Leaf first and root first are both in use.
fn disordered(forms: &Forms) -> Vec<Diagnosis> {
    forms
        .files
        .iter()
        .filter_map(|file| {
            let mut given = file.certificates.clone().ok()?;
            link_all(&mut given);
            let place_of = |fingerprint: &Fingerprint| {
                given.iter().position(|c| c.facts.sha256 == *fingerprint)
            };
            let mut directions = BTreeSet::new();
            let mut gap = false;
            for (place, certificate) in given.iter().enumerate() {
                let facts = &certificate.facts;
                for signer in facts.signed_by.iter().filter(|signer| **signer != facts.sha256) {
                    let above = place_of(signer)?;
                    directions.insert(above > place);
                    gap |= above.abs_diff(place) != 1;
                }
            }
            let chain = given.len() > 2 && directions.len() > 1;
            (chain && gap).then(|| {
                let titles: Vec<String> =
                    given.iter().map(|c| c.facts.title().to_owned()).collect();
                Diagnosis::new("bundle-order", Severity::Notice, &file.name, CHAIN)
                    .found(format!("its certificates stand in no order of signatures: {}", cut_list(&titles)))
                    .cause("A server that sends them so, or a person who uploads them one by one in this order, fails.")
                    .remedy("To upload by hand: the root, then each intermediate below it, then the certificate. This program orders them by itself.")
            })
        })
        .collect()
}

/// A few items in one line.
fn cut_list(items: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = items.iter().take(SHOWN).map(String::as_str).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
