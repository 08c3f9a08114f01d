//! From a node's inventory as text to facts: parses every PEM once.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::decode::snapshot::{Identity, Snapshot, TrustStore};
use crate::model::{Fingerprint, NodeName, Observed, Purpose, SigningRequest, Store, TrustEntry};
use crate::pki::{self, Parsed};

/// What a node holds, and the certificates themselves.
pub(in crate::driver) struct Inventory {
    pub(in crate::driver) identities: BTreeMap<Purpose, Observed<Fingerprint>>,
    pub(in crate::driver) pending: BTreeMap<Purpose, Observed<SigningRequest>>,
    pub(in crate::driver) trust: BTreeMap<Store, Observed<Vec<TrustEntry>>>,
    pub(in crate::driver) seen: Vec<Parsed>,
}

impl Inventory {
    pub(in crate::driver) fn read(node: &NodeName, snapshot: Snapshot) -> Self {
        let mut inventory = Self {
            identities: BTreeMap::new(),
            pending: BTreeMap::new(),
            trust: BTreeMap::new(),
            seen: Vec::new(),
        };
        for identity in snapshot.identities {
            inventory.add_identity(node, identity);
        }
        for trust in snapshot.trusts {
            inventory.add_trust(node, trust);
        }
        inventory
    }

    fn add_identity(&mut self, node: &NodeName, identity: Identity) {
        let purpose = identity.purpose;
        let certificate = match identity.certificate {
            None => Observed::Absent,
            Some(pem) => self
                .one(&pem, &format!("the {purpose} certificate of {node}"))
                .into(),
        };
        let request = match identity.request {
            None => Observed::Absent,
            Some(pem) => pki::read_request(&pem)
                .map_err(|error| format!("the {purpose} request on {node}: {error}"))
                .into(),
        };
        let (certificate, request) = if self.identities.contains_key(&purpose) {
            let why = format!("{node} lists purpose {purpose} twice, expected once");
            (Observed::Unknown(why.clone()), Observed::Unknown(why))
        } else {
            (certificate, request)
        };
        self.pending.insert(purpose.clone(), request);
        self.identities.insert(purpose, certificate);
    }

    /// One entry that cannot even be decoded leaves the whole store unknown: the store may hold anything.
    fn add_trust(&mut self, node: &NodeName, trust: TrustStore) {
        let store = trust.store;
        let mut entries = Vec::new();
        let mut unreadable = None;
        for (file, pem) in trust.entries {
            let origin = format!("{file} in {store} of {node}");
            match self.one(&pem, &origin) {
                Ok(sha256) => entries.push(TrustEntry { file, sha256 }),
                Err(error) => match bytes_of(&pem) {
                    Some(der) => entries.push(TrustEntry {
                        file,
                        sha256: Fingerprint::of(&der),
                    }),
                    None => unreadable = Some(error),
                },
            }
        }
        entries.sort();
        let read = match (unreadable, self.trust.remove(&store)) {
            (Some(error), _) => Observed::Unknown(error),
            (None, None) => Observed::Present(entries),
            (None, Some(_)) => {
                Observed::Unknown(format!("{node} lists store {store} twice, expected once"))
            }
        };
        self.trust.insert(store, read);
    }

    fn one(&mut self, pem: &str, origin: &str) -> Result<Fingerprint, String> {
        let mut certificates =
            pki::read_bundle(pem.as_bytes(), origin).map_err(|error| error.to_string())?;
        match (certificates.pop(), certificates.len()) {
            (Some(only), 0) => {
                let sha256 = only.facts.sha256.clone();
                self.seen.push(only);
                Ok(sha256)
            }
            (_, more) => Err(format!(
                "{origin}: expected one certificate, found {}",
                more + 1
            )),
        }
    }
}

/// The bytes between the PEM lines. Stores hold odd certificates that no library reads; their fingerprint is
/// known all the same, and one of them must not hide the others.
fn bytes_of(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let digits: String = body.split_whitespace().collect();
    STANDARD.decode(digits).ok().filter(|der| !der.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::testing::Recipe;

    fn trust(name: &str, pems: &[&str]) -> TrustStore {
        let entry = |(number, pem): (usize, &&str)| (format!("{number}.pem"), (*pem).to_owned());
        TrustStore {
            store: Store::from(name),
            entries: pems.iter().enumerate().map(entry).collect(),
        }
    }

    fn identity(certificate: Option<&str>, request: Option<&str>) -> Identity {
        Identity {
            purpose: Purpose::from("tomcat"),
            certificate: certificate.map(str::to_owned),
            request: request.map(str::to_owned),
        }
    }

    fn read(identities: Vec<Identity>, trusts: Vec<TrustStore>) -> Inventory {
        let snapshot = Snapshot {
            server: None,
            identities,
            trusts,
        };
        Inventory::read(&NodeName::from("pub"), snapshot)
    }

    #[test]
    fn an_odd_certificate_keeps_its_fingerprint_and_hides_no_other() {
        let good = Recipe::authority("Corp Root").self_signed().parsed;
        let odd = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
        let inventory = read(vec![], vec![trust("tomcat-trust", &[&good.pem, odd])]);
        let entries = inventory.trust[&Store::from("tomcat-trust")]
            .present()
            .unwrap();
        let found: Vec<_> = entries.iter().map(|entry| entry.sha256.clone()).collect();
        assert_eq!(
            found,
            [good.facts.sha256.clone(), Fingerprint::of(&[0, 1, 2])]
        );
        assert_eq!(inventory.seen, [good]);
    }

    #[test]
    fn what_is_no_certificate_leaves_its_place_unknown() {
        let good = Recipe::leaf("pub").self_signed().parsed.pem;
        let other = Recipe::leaf("sub").self_signed().parsed.pem;
        let two = format!("{good}{other}");
        let cases = [
            (
                vec![trust("a-trust", &["nonsense"])],
                "0.pem in a-trust of pub",
            ),
            (vec![trust("a-trust", &[]), trust("a-trust", &[])], "twice"),
        ];
        for (trusts, word) in cases {
            let inventory = read(vec![], trusts);
            let store = &inventory.trust[&Store::from("a-trust")];
            assert!(
                store.unknown().is_some_and(|why| why.contains(word)),
                "{store:?}"
            );
        }
        let cases = [
            (
                vec![identity(Some("nonsense"), None)],
                "tomcat certificate of pub",
            ),
            (
                vec![identity(Some(&two), None)],
                "expected one certificate, found 2",
            ),
            (
                vec![identity(Some(&good), None), identity(None, None)],
                "twice",
            ),
        ];
        for (identities, word) in cases {
            let inventory = read(identities, vec![]);
            let stored = &inventory.identities[&Purpose::from("tomcat")];
            assert!(
                stored.unknown().is_some_and(|why| why.contains(word)),
                "{stored:?}"
            );
        }
        let inventory = read(vec![identity(Some(&good), Some(&good))], vec![]);
        let pending = &inventory.pending[&Purpose::from("tomcat")];
        assert!(
            pending
                .unknown()
                .is_some_and(|why| why.contains("request on pub")),
            "{pending:?}"
        );
    }
}
