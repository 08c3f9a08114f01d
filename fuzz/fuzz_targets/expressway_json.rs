//! Settings and certificates of an Expressway peer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::driver::expressway::decode::{certificates, settings};
use reissue::model::ZoneKind;

fuzz_target!(|bytes: &[u8]| {
    let _ = settings::zones("a question", bytes, ZoneKind::UnifiedCommunications);
    let _ = settings::domains("a question", bytes);
    let _ = settings::servers("a question", bytes);
    let _ = settings::remote_access("a question", bytes);
    let _ = settings::own_name("a question", bytes);
    if let Ok(blocks) = certificates::blocks("a question", bytes) {
        for block in blocks {
            let _ = reissue::pki::read_bundle(block.as_bytes(), "a block");
        }
    }
});
