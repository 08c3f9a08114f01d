//! One procedure, cut down to a release and a restart variant.

use std::collections::BTreeSet;

use super::{Library, range_words};
use crate::model::{Appliance, Procedure, Purpose, Release};

/// Why there is nothing to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NarrowError {
    /// No procedure is written for this purpose there.
    #[error("there is no procedure for `{purpose}` on {appliance} nodes; there is {}", known.join(", "))]
    Purpose {
        /// The kind of node.
        appliance: Appliance,
        /// The purpose asked for.
        purpose: Purpose,
        /// Those that have one.
        known: Vec<String>,
    },
    /// The procedure says nothing of this release.
    #[error("the procedure does not cover release {release}; it covers {}", covered.join(", "))]
    Release {
        /// The release asked for.
        release: Release,
        /// The ranges that its restart sets hold for.
        covered: Vec<String>,
    },
    /// No restart set has this name for this release.
    #[error("no restart set is called `{variant}` here; there is {}", offered.join(", "))]
    Variant {
        /// The variant asked for.
        variant: String,
        /// Those that there are.
        offered: Vec<String>,
    },
}

impl Library {
    /// A procedure with what it says of one release and one restart variant alone; of all where `None`. One that is only
    /// assessed says nothing of either.
    ///
    /// # Errors
    /// [`NarrowError`], which names what there is instead.
    pub fn narrowed(
        &self,
        appliance: Appliance,
        purpose: &Purpose,
        release: Option<&Release>,
        variant: Option<&str>,
    ) -> Result<Procedure, NarrowError> {
        let Some(procedure) = self.procedure(appliance, purpose) else {
            let of_kind = self.procedures.iter();
            return Err(NarrowError::Purpose {
                appliance,
                purpose: purpose.clone(),
                known: of_kind
                    .filter(|known| known.appliance == appliance)
                    .map(|known| known.purpose.to_string())
                    .collect(),
            });
        };
        let mut procedure = procedure.clone();
        if procedure.assess_only.is_some() {
            return Ok(procedure);
        }
        if let Some(release) = release {
            let covered = unique(
                procedure
                    .restarts
                    .iter()
                    .map(|set| range_words(&set.releases)),
            );
            procedure
                .restarts
                .retain(|set| set.releases.contains(release));
            procedure
                .usages
                .retain(|rule| rule.releases.contains(release));
            if procedure.restarts.is_empty() {
                let release = release.clone();
                return Err(NarrowError::Release { release, covered });
            }
        }
        if let Some(variant) = variant {
            let offered = unique(procedure.restarts.iter().map(|set| set.variant.clone()));
            procedure.restarts.retain(|set| set.variant == variant);
            if procedure.restarts.is_empty() {
                let variant = variant.to_owned();
                return Err(NarrowError::Variant { variant, offered });
            }
        }
        Ok(procedure)
    }
}

fn unique(words: impl Iterator<Item = String>) -> Vec<String> {
    words.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::release_named;

    fn narrowed(
        purpose: &str,
        release: Option<&str>,
        variant: Option<&str>,
    ) -> Result<Procedure, NarrowError> {
        let release = release.map(|name| release_named(name).unwrap());
        Library::embedded().unwrap().narrowed(
            Appliance::Cucm,
            &purpose.into(),
            release.as_ref(),
            variant,
        )
    }

    #[test]
    fn keeps_what_holds_for_the_release_and_the_variant() {
        let all = narrowed("CallManager", None, None).unwrap();
        assert_eq!((all.restarts.len(), all.usages.len()), (5, 2));
        let one = narrowed("CallManager", Some("14SU3"), Some("minimal")).unwrap();
        assert_eq!((one.restarts.len(), one.usages.len()), (1, 1));
        assert_eq!(
            one.restarts[0].services[0].service.as_str(),
            "Cisco HAProxy"
        );
    }

    #[test]
    fn names_what_there_is_instead() {
        let told = |purpose, release, variant| {
            narrowed(purpose, release, variant).unwrap_err().to_string()
        };
        assert!(told("cup", None, None).contains("there is CAPF, CallManager"));
        assert_eq!(
            told("TVS", Some("16"), None),
            "the procedure does not cover release 16.0.1.10000-0; it covers 12.5, 14 to 15"
        );
        assert_eq!(
            told("CallManager", Some("12.5"), Some("minimal")),
            "no restart set is called `minimal` here; there is default"
        );
    }

    #[test]
    fn shows_what_is_only_assessed_for_every_release() {
        let recovery = narrowed("ITLRecovery", Some("16"), Some("x")).unwrap();
        assert!(recovery.assess_only.is_some() && recovery.restarts.is_empty());
    }
}
