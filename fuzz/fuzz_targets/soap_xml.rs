//! SOAP answers: the tree, and every decoder on it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::driver::cucm::decode::{axl, control, phones};
use reissue::transport::soap::Element;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(root) = Element::parse(bytes) {
        let _ = axl::release(&root);
        let _ = axl::nodes(&root);
        let _ = axl::security_mode(&root);
        let _ = axl::phone_profiles(&root);
        let _ = axl::reset_taken(&root);
        let _ = control::services(&root);
        let _ = control::accepted(&root);
        let _ = phones::registered(&root, 1000);
        let _ = phones::counted(&root);
    }
});
