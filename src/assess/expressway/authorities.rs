//! Which authorities above a certificate a store of another cluster lacks.
//!
//! Signatures were checked among the certificates of one cluster only. A certificate of another cluster stands for an
//! authority if it has the same subject and the same key: it verifies what that one verifies.

use crate::model::{Certificate, ClusterState};

/// No real chain is longer.
const LONGEST: usize = 8;

/// The authorities that a store lacks so that the whole chain of a certificate is there: root, every intermediate, or
/// the certificate itself where it is self-signed. Of several ways up, that which lacks least. Empty: complete, or not
/// to be told because the home cluster does not know the signer and the store has one of its name.
// claim: EXPRESSWAY-FULL-CHAIN
pub(super) fn lacking(
    home: &ClusterState,
    certificate: &Certificate,
    store: &[&Certificate],
) -> Vec<String> {
    if certificate.is_self_signed() {
        return if holds(store, certificate) {
            Vec::new()
        } else {
            vec![format!("{} (self-signed)", certificate.title())]
        };
    }
    above(home, certificate, store, LONGEST)
}

fn above(
    home: &ClusterState,
    certificate: &Certificate,
    store: &[&Certificate],
    left: usize,
) -> Vec<String> {
    if certificate.is_self_signed() || left == 0 {
        return Vec::new();
    }
    let signers = certificate
        .signed_by
        .iter()
        .filter_map(|signer| home.certificates.get(signer));
    let ways = signers.map(|signer| {
        let mut lacks = above(home, signer, store, left - 1);
        if !holds(store, signer) {
            lacks.push(signer.title().to_owned());
        }
        lacks
    });
    ways.min_by_key(Vec::len).unwrap_or_else(|| {
        let named = store.iter().any(|it| it.subject == certificate.issuer);
        if named {
            Vec::new()
        } else {
            vec![certificate.issuer.clone()]
        }
    })
}

fn holds(store: &[&Certificate], authority: &Certificate) -> bool {
    store
        .iter()
        .any(|held| held.subject == authority.subject && held.key.sha256 == authority.key.sha256)
}
