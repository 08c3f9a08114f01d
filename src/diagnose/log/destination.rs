//! Where a request goes: `domain/https/HOST/PORT` in base64, as a part of its path.
//! Source: 002 (traffic server verification), scenario 2.
// claim: EXPRESSWAY-LOG-PATH

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::field::{Gap, Tight, shown};

/// The longest destination that is decoded, in digits.
const LONGEST: usize = 1024;

/// The host and port that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) host: String,
    pub(super) port: u16,
}

/// The destination around an anchor at a place of the record without white space. A line may break inside the
/// digits or beside them, so each reading is tried, the longest first.
pub(super) fn around(text: &[u8], tight: &Tight, place: usize) -> Option<Destination> {
    let (mut start, mut line_start) = (place, None);
    while let Some(before) = start.checked_sub(1)
        && place - before < LONGEST
        && byte(text, tight, before).is_some()
    {
        match tight.gap(text, start) {
            Gap::None => {}
            Gap::LineEnd => line_start = line_start.or(Some(start)),
            Gap::Space => break,
        }
        start = before;
    }
    let (mut end, mut line_end) = (place, None);
    while byte(text, tight, end).is_some() && end - place < LONGEST {
        if end > place {
            match tight.gap(text, end) {
                Gap::None => {}
                Gap::LineEnd => line_end = line_end.or(Some(end)),
                Gap::Space => break,
            }
        }
        end += 1;
    }
    let starts = [Some(start), line_start].into_iter().flatten();
    starts
        .flat_map(|start| [Some(end), line_end].map(|end| (start, end)))
        .find_map(|(start, end)| {
            let digits: Option<Vec<u8>> = (start..end?).map(|at| byte(text, tight, at)).collect();
            decode(&digits?)
        })
}

/// The digit of base64 at a place, as it was written.
fn byte(text: &[u8], tight: &Tight, place: usize) -> Option<u8> {
    let byte = *text.get(tight.original(place)?)?;
    let is_digit = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_');
    is_digit.then_some(byte)
}

fn decode(digits: &[u8]) -> Option<Destination> {
    let standard: Vec<u8> = digits
        .iter()
        .map(|digit| match digit {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let decoded = String::from_utf8(STANDARD_NO_PAD.decode(standard).ok()?).ok()?;
    let mut parts = decoded.split('/').skip(1);
    let (scheme, host, port) = (parts.next()?, parts.next()?, parts.next()?);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if scheme != "https" || host.is_empty() || !host.chars().all(is_host) {
        return None;
    }
    Some(Destination {
        host: shown(host.to_ascii_lowercase().as_bytes(), 253),
        port: port.parse().ok().filter(|port| *port != 0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Destination> {
        let tight = Tight::of(text.as_bytes());
        let anchors = ["l2h0dhbzl", "9odhrwcy", "vahr0chmv"];
        let place = anchors.iter().find_map(|anchor| tight.places(anchor).pop());
        around(text.as_bytes(), &tight, place.expect("an anchor"))
    }

    #[test]
    fn each_shape_of_the_path_is_decoded() {
        let rows = [
            ("steven.lab/https/10.48.36.215/8443", "10.48.36.215", 8443),
            ("lab.example/https/cucm.example/6972", "cucm.example", 6972),
            (
                "example.com/https/CUC1.example.com/443",
                "cuc1.example.com",
                443,
            ),
            ("a/https/2001:db8::1/8443", "2001:db8::1", 8443),
        ];
        for (plain, host, port) in rows {
            let digits = STANDARD_NO_PAD.encode(plain);
            let expected = Some(Destination {
                host: host.to_owned(),
                port,
            });
            let halves = digits.split_at(digits.len() - 2);
            for path in [
                format!("GET http://vcs_control:8443/{digits}/cucm-uds/x HTTP/1.1"),
                format!("GET /{digits} HTTP/1.1"),
                format!("GET /{}\n{}/get_edge_config", halves.0, halves.1),
                format!("path={digits}\nHost: edge"),
                format!("Msg=\"GET\n{digits}\nHost: edge"),
                digits.clone(),
            ] {
                assert_eq!(read(&path), expected, "{path}");
            }
        }
        assert_eq!(
            read("c3RldmVuLmxhYi9odHRwcy8xMC40OC4zNi4yMTUvODQ0Mw"),
            Some(Destination {
                host: "10.48.36.215".to_owned(),
                port: 8443
            })
        );
    }

    #[test]
    fn what_is_no_destination_is_none() {
        for plain in [
            "ab/https/",
            "ab/https/host",
            "ab/https/host/",
            "ab/https/host/70000",
            "ab/https/ho\u{1b}st/8443",
            "ab/https/host/0",
        ] {
            assert_eq!(read(&STANDARD_NO_PAD.encode(plain)), None, "{plain}");
        }
    }
}
