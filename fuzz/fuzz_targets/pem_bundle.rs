//! Certificates in whatever form, and what is told of their form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::pki;

fuzz_target!(|bytes: &[u8]| {
    let _ = pki::form(bytes);
    if let Ok(mut read) = pki::read_each(bytes, "the input") {
        pki::link_all(&mut read);
        for certificate in &read {
            let _ = pki::issuer_urls(certificate);
            // What was read must read again as the same.
            let again = pki::read_bundle(certificate.pem.as_bytes(), "again").expect("its own PEM");
            assert_eq!(again[0].der, certificate.der);
        }
        let _ = pki::choose_leaf(read.clone());
        let _ = pki::order_chain(read);
    }
});
