//! The status document of an Expressway peer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::driver::expressway::decode::status;

fuzz_target!(|bytes: &[u8]| {
    let _ = status::status(bytes);
});
