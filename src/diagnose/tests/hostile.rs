//! Whatever the bytes are: an end, a bounded answer, nothing that steers a terminal.

use proptest::prelude::*;

use super::{examine, now};
use crate::diagnose::{Examination, LINE_LIMIT, Scanner};

/// Pieces of real messages and of what may stand between them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "2022-07-11T18:55:26.016+02:00 vcsc traffic_server[1]: ",
        "Core server certificate verification failed for (",
        "cucm.example",
        "). Action=Terminate",
        " Error=self signed certificate ",
        "server=cucm.example(10.0.0.1) depth=0",
        "SNI (",
        ") not in certificate. Action=Continue server=a(b)",
        "SSL connection failed for 'a': error:1:",
        "certificate verify failed",
        "/c3RldmVuLmxhYi9odHRwcy8xMC40OC4zNi4yMTUvODQ0Mw/",
        "502 connect failed",
        "UTCTime=\"2022-07-11 16:55:26,016\"",
        "\n",
        "\r\n",
        "\n\n",
        " ",
    ];
    prop_oneof![
        8 => prop::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (0..3usize).prop_map(|n| vec![b'x'; LINE_LIMIT / 2 * n]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn pieces_never_change_the_result(
        parts in prop::collection::vec(piece(), 0..40),
        cuts in prop::collection::vec(1..5000usize, 1..20),
    ) {
        let bytes = parts.concat();
        let mut whole = Scanner::new().unwrap();
        whole.feed(&bytes);
        let mut cut = Scanner::new().unwrap();
        let mut rest = bytes.as_slice();
        for size in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            cut.feed(piece);
            rest = after;
        }
        prop_assert_eq!(whole.finish(), cut.finish());
    }

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let report = examine(&[("any", &bytes)]);
        let text = crate_text(&report);
        prop_assert!(!text.chars().any(char::is_control));
    }
}

/// Every text of a report, without its own line ends.
fn crate_text(report: &crate::diagnose::Report) -> String {
    let mut text = String::new();
    for input in &report.inputs {
        text += &input.name;
        text += &input.is;
        text += &input.notes.concat();
    }
    for each in &report.diagnoses {
        text += &each.subject;
        text += &each.found;
        text += &each.cause;
        text += &each.remedies.concat();
        if let Some(seen) = &each.seen {
            text += &seen.message;
            text += &seen.by.concat();
        }
    }
    text
}

#[test]
fn what_steers_a_terminal_is_spelled_out() {
    let evil = "2022-07-11T18:55:26Z \u{1b}[2Jvcsc t: Core server certificate verification failed for (\u{1b}]0;owned\u{7}\u{202e}h). Action=Terminate Error=\u{1b}[31mself signed certificate\u{8} server=h(10.0.0.1) depth=0\n\
        2022-07-11T18:55:26Z v t: SNI (\u{9b}31m\u{1b}c) not in certificate. Action=Terminate server=x(1.1.1.1)\n\
        2022-07-11T18:55:26Z v t: SSL connection failed for '\u{1b}c': error:\u{1b}c:x:y:z\n";
    let report = examine(&[("log", evil.as_bytes())]);
    assert!(report.diagnoses.len() >= 2, "{report:#?}");
    let text = crate_text(&report);
    assert!(
        !text.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "{text:?}"
    );
    assert!(text.contains("\\u{1b}"));
}

#[test]
fn many_different_messages_are_bounded() {
    let mut text = String::new();
    for number in 0..1500 {
        text += &format!(
            "2026-01-01T00:00:00Z c t: SNI (h{number}.example) not in certificate. Action=Terminate server=h(10.0.0.1)\n"
        );
    }
    let mut examination = Examination::new().unwrap();
    examination.read("log", text.as_bytes());
    let report = examination.finish(None, now());
    assert_eq!(report.diagnoses.len(), 1001);
    let crowded = report
        .diagnoses
        .iter()
        .find(|each| each.code == "log-crowded")
        .unwrap();
    assert!(crowded.found.starts_with("500 "), "{}", crowded.found);
}

#[test]
fn a_line_without_an_end_is_cut_and_the_next_one_is_read() {
    let mut text = vec![b'x'; LINE_LIMIT * 3];
    text.extend_from_slice(b" SNI (lost.example) not in certificate.\n2026-01-01T00:00:00Z c t: SNI (h.example) not in certificate. Action=Terminate server=h.example(10.0.0.1)\n");
    let report = examine(&[("log", &text)]);
    let subjects: Vec<&str> = report
        .diagnoses
        .iter()
        .map(|each| each.subject.as_str())
        .collect();
    assert_eq!(subjects, ["h.example (10.0.0.1)"]);
    assert_eq!(report.log.unwrap().cut_lines, 1);
}
