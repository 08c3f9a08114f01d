//! What a phone makes of the files and the node it meets: data in, a verdict out.

use std::collections::BTreeSet;
use std::fmt;

use super::phone::{HeldItl, Holding, SecurityMode};

/// A file with the fingerprint of its signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<T> {
    /// Who signed it.
    pub signer: String,
    /// What it says.
    pub content: T,
}

/// What one phone meets when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The certificate trust list; none outside mixed mode.
    pub ctl: Option<Signed<BTreeSet<String>>>,
    /// The initial trust list.
    pub itl: Signed<HeldItl>,
    /// The signer of configuration files.
    pub configuration: String,
    /// The certificates that running trust verification services present.
    pub verifiers: BTreeSet<String>,
    /// The certificates they vouch for.
    pub known: BTreeSet<String>,
    /// The certificate on 5061.
    pub callmanager: String,
    /// The CAPF certificates whose signatures the node takes.
    pub authorities: BTreeSet<String>,
}

/// What a phone does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untrusted {
    /// The certificate trust list.
    Ctl,
    /// The initial trust list.
    Itl,
    /// Its configuration file.
    Configuration,
    /// The certificate on 5061.
    CallManager,
    /// Its own certificate, which the node does not take.
    OwnCertificate,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Ctl => "the signer of the CTL file is in no list of the phone, and no TVS that it knows vouches for it",
            Self::Itl => "the signer of the ITL file is in no list of the phone, and no TVS that it knows vouches for it",
            Self::Configuration => {
                "the signer of the configuration file is in no list of the phone, and no TVS that it knows vouches for it"
            }
            Self::CallManager => {
                "the certificate on 5061 is in no list of the phone, and no TVS that it knows vouches for it"
            }
            Self::OwnCertificate => "the CAPF certificate that signed the phone's own one is trusted no more",
        })
    }
}

/// How a phone proves itself.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// How its signalling is protected.
    pub mode: SecurityMode,
    /// The CAPF certificate that signed its own one.
    pub lsc: Option<&'a str>,
}

/// Takes over CTL, ITL and configuration in this order, each judged by what was taken before.
///
/// claim: PHONE-ACCEPTS, PHONE-RESET
///
/// # Errors
/// The first file that the phone does not take.
pub fn fetch(held: &Holding, offer: &Offer) -> Result<Holding, Untrusted> {
    let mut holding = held.clone();
    if let Some(ctl) = &offer.ctl {
        accept(&holding, offer, &ctl.signer, Untrusted::Ctl)?;
        holding.ctl.clone_from(&ctl.content);
    }
    accept(&holding, offer, &offer.itl.signer, Untrusted::Itl)?;
    holding.itl.clone_from(&offer.itl.content);
    accept(
        &holding,
        offer,
        &offer.configuration,
        Untrusted::Configuration,
    )?;
    Ok(holding)
}

/// Registers with what the phone holds. Phones without protection look at nothing.
///
/// claim: PHONE-ACCEPTS, PHONE-LSC-CAPF
///
/// # Errors
/// What does not fit.
pub fn register(phone: Credentials<'_>, holding: &Holding, offer: &Offer) -> Result<(), Untrusted> {
    if !phone.mode.is_secure() {
        return Ok(());
    }
    accept(holding, offer, &offer.callmanager, Untrusted::CallManager)?;
    match phone.lsc {
        Some(lsc) if !offer.authorities.contains(lsc) => Err(Untrusted::OwnCertificate),
        _ => Ok(()),
    }
}

/// claim: PHONE-ACCEPTS, PHONE-TVS-KNOWS
fn accept(
    holding: &Holding,
    offer: &Offer,
    signer: &str,
    otherwise: Untrusted,
) -> Result<(), Untrusted> {
    let own = holding.ctl.contains(signer) || holding.itl.signers.contains(signer);
    let vouched = offer.known.contains(signer) && !holding.itl.tvs.is_disjoint(&offer.verifiers);
    if own || vouched {
        Ok(())
    } else {
        Err(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn held(signers: &[&str], tvs: &[&str], ctl: &[&str]) -> Holding {
        Holding {
            itl: HeldItl {
                signers: set(signers),
                tvs: set(tvs),
            },
            ctl: set(ctl),
        }
    }

    /// What a cluster at rest offers: certificates of generation 1 everywhere, ITL signed by `ITLRecovery`.
    fn offer() -> Offer {
        Offer {
            ctl: None,
            itl: Signed {
                signer: "recovery1".into(),
                content: HeldItl {
                    signers: set(&["recovery1", "callmanager1"]),
                    tvs: set(&["tvs1", "tvs1b"]),
                },
            },
            configuration: "callmanager1".into(),
            verifiers: set(&["tvs1", "tvs1b"]),
            known: set(&["recovery1", "callmanager1", "tvs1", "tvs1b"]),
            callmanager: "callmanager1".into(),
            authorities: set(&["capf1"]),
        }
    }

    fn usual() -> Holding {
        held(&["recovery1", "callmanager1"], &["tvs1", "tvs1b"], &[])
    }

    #[test]
    fn files_are_taken_by_signer_or_by_verification_service() {
        type Turn = fn(&mut Offer);
        let renewed: Turn = |offer| {
            offer.itl.content.signers = set(&["recovery1", "callmanager2"]);
            offer.configuration = "callmanager2".into();
            offer.known = set(&["recovery1", "callmanager2", "tvs1", "tvs1b"]);
        };
        let signed_by_callmanager: Turn = |offer| {
            offer.itl.signer = "callmanager2".into();
            offer.itl.content.signers = set(&["callmanager2"]);
            offer.configuration = "callmanager2".into();
            offer.known = set(&["callmanager2", "tvs1", "tvs1b"]);
        };
        let both_at_once: Turn = |offer| {
            offer.itl.signer = "callmanager2".into();
            offer.itl.content.signers = set(&["callmanager2"]);
            offer.configuration = "callmanager2".into();
            offer.verifiers = set(&["tvs2", "tvs2b"]);
            offer.known = set(&["callmanager2", "tvs2", "tvs2b"]);
        };
        let recovery_and_tvs: Turn = |offer| {
            offer.itl.signer = "recovery2".into();
            offer.verifiers = set(&["tvs2", "tvs2b"]);
            offer.known = set(&["recovery2", "callmanager1", "tvs2", "tvs2b"]);
        };
        let no_service: Turn = |offer| {
            offer.itl.signer = "recovery2".into();
            offer.known.insert("recovery2".into());
            offer.verifiers.clear();
        };
        let unlisted_configuration: Turn = |offer| {
            offer.configuration = "callmanager2".into();
            offer.verifiers = set(&["tvs2"]);
        };
        let foreign_list: Turn = |offer| {
            offer.ctl = Some(Signed {
                signer: "token".into(),
                content: set(&["token"]),
            });
        };
        let rows: [(&str, Turn, Option<Untrusted>); 8] = [
            ("nothing changed", |_| (), None),
            (
                "CallManager renewed, the ITL still signed by ITLRecovery",
                renewed,
                None,
            ),
            (
                "CallManager signs the ITL, TVS vouches",
                signed_by_callmanager,
                None,
            ),
            (
                "CallManager signs the ITL and TVS changed with it",
                both_at_once,
                Some(Untrusted::Itl),
            ),
            (
                "ITLRecovery and every TVS changed",
                recovery_and_tvs,
                Some(Untrusted::Itl),
            ),
            (
                "ITLRecovery changed and no TVS runs",
                no_service,
                Some(Untrusted::Itl),
            ),
            (
                "the ITL offered does not list who signs configurations, and no listed TVS runs",
                unlisted_configuration,
                Some(Untrusted::Configuration),
            ),
            ("a CTL of a stranger", foreign_list, Some(Untrusted::Ctl)),
        ];
        for (what, turn, expected) in rows {
            let mut offer = offer();
            turn(&mut offer);
            assert_eq!(fetch(&usual(), &offer).err(), expected, "{what}");
        }
    }

    #[test]
    fn one_listed_service_that_runs_is_enough() {
        let mut offer = offer();
        offer.itl.signer = "recovery2".into();
        offer.known.insert("recovery2".into());
        offer.verifiers = set(&["tvs2", "tvs1b"]);
        let taken = fetch(&usual(), &offer).unwrap();
        assert_eq!(taken.itl, offer.itl.content);
    }

    #[test]
    fn a_signer_in_the_ctl_counts_for_every_file() {
        let mut offer = offer();
        offer.ctl = Some(Signed {
            signer: "recovery1".into(),
            content: set(&["recovery1", "callmanager2"]),
        });
        offer.itl.signer = "callmanager2".into();
        offer.configuration = "callmanager2".into();
        offer.verifiers.clear();
        let taken = fetch(&held(&[], &[], &["recovery1"]), &offer).unwrap();
        assert_eq!(taken.ctl, set(&["recovery1", "callmanager2"]));
    }

    #[test]
    fn only_secure_phones_look_at_the_node() {
        let mut offer = offer();
        offer.callmanager = "callmanager2".into();
        offer.verifiers.clear();
        let rows = [
            (SecurityMode::NonSecure, Some("capf0"), None),
            (
                SecurityMode::Authenticated,
                None,
                Some(Untrusted::CallManager),
            ),
            (
                SecurityMode::Encrypted,
                Some("capf1"),
                Some(Untrusted::CallManager),
            ),
        ];
        for (mode, lsc, expected) in rows {
            let verdict = register(Credentials { mode, lsc }, &usual(), &offer);
            assert_eq!(verdict.err(), expected, "{mode:?}");
        }
        offer.callmanager = "callmanager1".into();
        for (lsc, expected) in [
            (Some("capf1"), None),
            (None, None),
            (Some("capf0"), Some(Untrusted::OwnCertificate)),
        ] {
            let mode = SecurityMode::Encrypted;
            let verdict = register(Credentials { mode, lsc }, &usual(), &offer);
            assert_eq!(verdict.err(), expected, "{lsc:?}");
        }
    }
}
