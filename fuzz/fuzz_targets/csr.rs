//! Signing requests.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = reissue::pki::read_request(bytes) {
        let again = reissue::pki::read_request(request.pem.as_bytes()).expect("its own PEM");
        assert_eq!(again, request);
    }
});
