//! What an Expressway peer says of its own interface.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::driver::expressway::decode::description::Description;
use reissue::driver::expressway::requests;
use reissue::model::{Interface, Product};

fuzz_target!(|bytes: &[u8]| {
    let Ok(description) = Description::parse(bytes) else {
        return;
    };
    let _ = description.client_certificate();
    for product in [Product::ExpresswayC, Product::ExpresswayE] {
        let profile = requests::profile(product);
        if let Interface::Lacks(missing) = description.compared(&profile) {
            assert!(!missing.is_empty() && missing.len() <= profile.len());
        }
    }
});
