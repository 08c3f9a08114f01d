//! Logs and archives: cut into pieces the result is the same, and whatever the file is, it is read to an end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::diagnose::{Examination, Scanner};

fuzz_target!(|bytes: &[u8]| {
    let mut whole = Scanner::new().expect("the anchors");
    whole.feed(bytes);
    let mut pieces = Scanner::new().expect("the anchors");
    let size = usize::from(bytes.first().copied().unwrap_or(0) % 61) + 1;
    for piece in bytes.chunks(size) {
        pieces.feed(piece);
    }
    assert_eq!(whole.finish(), pieces.finish());
    let mut examination = Examination::new().expect("the anchors");
    examination.read("the input", bytes);
    let report = examination.finish(None, jiff::Timestamp::UNIX_EPOCH);
    let text = reissue::render::diagnosis(&report);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
});
