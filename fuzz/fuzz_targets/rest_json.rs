//! The certificate inventory of a node, and every certificate in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::driver::cucm::decode::snapshot::snapshot;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(snapshot) = snapshot(bytes) {
        for identity in &snapshot.identities {
            if let Some(pem) = &identity.certificate {
                let _ = reissue::pki::read_bundle(pem.as_bytes(), "an identity");
            }
        }
    }
});
