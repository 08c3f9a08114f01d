//! The messages that are known, and their fields. Words are matched without regard to case and white space;
//! what is missing or cut stays unknown.
//!
//! Source: expressway §7 (002; Apache Traffic Server's own format strings), §2.6 and §4.1 (004).
// claim: EXPRESSWAY-LOG-LINES

use std::collections::BTreeSet;

use super::Marks;
use super::destination::{self, Destination};
use super::field::{Gap, Tight, find, host_at, name, until};

/// So many messages of one kind are taken from one record.
const MOST_OF_A_KIND: usize = 64;
/// The fields of a message stand within so many bytes.
const REACH: usize = 1500;

/// Whether the connection ended for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The connection was ended.
    Terminate,
    /// It was only logged: verification is not enforced.
    Continue,
    /// The message does not say.
    Unknown,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The chain of a server's certificate was not accepted.
    Unverified {
        /// OpenSSL's text.
        error: String,
        /// Which certificate of the chain: 0 is the server's own.
        depth: Option<u32>,
    },
    /// The name that was asked for is not in the server's certificate.
    NameMissing,
    /// A connection failed, with OpenSSL's error text.
    Failed {
        /// The text.
        error: String,
        /// Whether it failed because the certificate did not verify.
        verify: bool,
    },
    /// A client was answered with 502 because the connection behind it failed.
    Answered502,
    /// A zone's handshake failed.
    ZoneTls,
    /// No tunnel between Expressway-C and Expressway-E.
    NoTunnels,
    /// An upload was refused: an authority is missing.
    UnrecognizedAuthority,
    /// An upload was refused: the file is not PEM.
    NotPem,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) what: What,
    /// The name that was verified, lower case; empty where a message names none.
    pub(super) name: String,
    /// The address that was connected to.
    pub(super) address: Option<String>,
    pub(super) action: Action,
}

/// A message or a request, at its place in the record.
#[derive(Debug)]
pub(super) enum Sight {
    Event(Event),
    Request(Destination),
}

const CHAIN: &str = "certificateverificationfailedfor(";
const NAME: &str = "sni(";
const NOT_IN: &str = ")notincertificate";
const FAILED: &str = "sslconnectionfailedfor";

/// Everything known in a record, in its order. Only what its anchors promise is searched for.
pub(super) fn sights(text: &[u8], marks: Marks) -> Vec<Sight> {
    let tight = Tight::of(text);
    let mut found: Vec<(usize, Sight)> = Vec::new();
    if marks.message {
        found.extend(messages(text, &tight));
    }
    if marks.path {
        found.extend(requests(text, &tight));
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, sight)| sight).collect()
}

fn messages(text: &[u8], tight: &Tight) -> Vec<(usize, Sight)> {
    let mut found = Vec::new();
    let mut add = |phrase: &str, read: &dyn Fn(usize) -> Option<Event>| {
        for place in tight.places(phrase).into_iter().take(MOST_OF_A_KIND) {
            if let Some(event) = read(place + phrase.len()) {
                found.push((place, Sight::Event(event)));
            }
        }
    };
    add(CHAIN, &|after| Some(unverified(text, tight, after)));
    add(NAME, &|after| name_missing(tight, after));
    add(FAILED, &|after| Some(failed(text, tight, after)));
    let plain = [
        ("502connectfailed", What::Answered502),
        ("tlsnegotiationerror", What::ZoneTls),
        ("nosshtunnelshavebeenestablished", What::NoTunnels),
        ("unrecognizedca", What::UnrecognizedAuthority),
        ("notavalidx.509pemcertificatefile", What::NotPem),
    ];
    for (phrase, what) in plain {
        add(phrase, &|_| Some(Event::plain(what.clone())));
    }
    found
}

impl Event {
    fn plain(what: What) -> Self {
        Self {
            what,
            name: String::new(),
            address: None,
            action: Action::Unknown,
        }
    }
}

/// The fields after `… failed for (`, up to the next message.
fn unverified(text: &[u8], tight: &Tight, after: usize) -> Event {
    let fields = fields(tight, after);
    let error = find(fields, "error=").map_or_else(String::new, |at| {
        let start = at + "error=".len();
        let rest = fields.get(start..).unwrap_or_default();
        let length = find(rest, "server=")
            .or_else(|| find(rest, "depth="))
            .unwrap_or(rest.len())
            .min(160);
        tight.as_written(text, after + start, after + start + length)
    });
    let depth = find(fields, "depth=").and_then(|at| {
        let digits = fields.get(at + "depth=".len()..)?;
        let length = digits
            .iter()
            .take(4)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        std::str::from_utf8(digits.get(..length)?)
            .ok()?
            .parse()
            .ok()
    });
    Event {
        what: What::Unverified { error, depth },
        name: until(fields, b')'),
        address: address(fields),
        action: action(fields),
    }
}

fn name_missing(tight: &Tight, after: usize) -> Option<Event> {
    let fields = fields(tight, after);
    let end = find(fields, NOT_IN).filter(|end| *end <= 300)?;
    let (asked, rest) = fields.split_at_checked(end)?;
    Some(Event {
        what: What::NameMissing,
        name: name(asked),
        address: address(rest),
        action: action(rest),
    })
}

/// The name stands in quotation marks, which copying may have changed or dropped.
fn failed(text: &[u8], tight: &Tight, after: usize) -> Event {
    let fields = fields(tight, after);
    let quote = fields
        .iter()
        .take(4)
        .take_while(|byte| !byte.is_ascii_alphanumeric())
        .count();
    let name = host_at(fields.get(quote..).unwrap_or_default());
    let error = find(fields, "error:").map_or_else(String::new, |at| {
        let length = reason(text, tight, after + at, fields.len().saturating_sub(at));
        tight.as_written(text, after + at, after + at + length)
    });
    Event {
        what: What::Failed {
            error,
            verify: find(fields, "certificateverifyfailed").is_some(),
        },
        name: String::from_utf8_lossy(name.strip_suffix(b":").unwrap_or(name)).into_owned(),
        address: None,
        action: Action::Unknown,
    }
}

/// How long `error:CODE:LIBRARY:FUNCTION:REASON` is: the reason ends with the words that are known, or its line.
fn reason(text: &[u8], tight: &Tight, from: usize, most: usize) -> usize {
    const VERIFY: &str = "certificateverifyfailed";
    let part = tight.part(from, from.saturating_add(most.min(200)));
    if let Some(known) = find(part, VERIFY) {
        return known + VERIFY.len();
    }
    let mut colons = 0;
    for (offset, byte) in part.iter().enumerate() {
        if colons >= 4 && tight.gap(text, from + offset) == Gap::LineEnd {
            return offset;
        }
        colons += u32::from(*byte == b':');
    }
    part.len()
}

/// The bytes in which the fields of one message stand: as far as it reaches, or to the next message.
fn fields(tight: &Tight, after: usize) -> &[u8] {
    let part = tight.part(after, after.saturating_add(REACH));
    let next = [CHAIN, FAILED, "warning:", "502connectfailed"]
        .iter()
        .filter_map(|phrase| find(part, phrase))
        .chain(find(part, NAME).filter(|at| *at > 0))
        .min();
    part.get(..next.unwrap_or(part.len())).unwrap_or(part)
}

fn action(fields: &[u8]) -> Action {
    let word = find(fields, "action=").and_then(|at| fields.get(at + "action=".len()..));
    match word {
        Some(word) if word.starts_with(b"terminate") => Action::Terminate,
        Some(word) if word.starts_with(b"continue") => Action::Continue,
        _ => Action::Unknown,
    }
}

/// The address in `server=NAME(ADDRESS)`.
fn address(fields: &[u8]) -> Option<String> {
    let server = fields.get(find(fields, "server=")? + "server=".len()..)?;
    let open = server.iter().take(300).position(|byte| *byte == b'(')?;
    let inside = host_at(server.get(open + 1..)?);
    (!inside.is_empty()).then(|| String::from_utf8_lossy(inside).into_owned())
}

fn requests(text: &[u8], tight: &Tight) -> Vec<(usize, Sight)> {
    let places: BTreeSet<usize> = ["l2h0dhbzl", "9odhrwcy", "vahr0chmv"]
        .iter()
        .flat_map(|anchor| tight.places(anchor).into_iter().take(MOST_OF_A_KIND))
        .collect();
    places
        .into_iter()
        .filter_map(|place| {
            let destination = destination::around(text, tight, place)?;
            Some((place, Sight::Request(destination)))
        })
        .collect()
}
