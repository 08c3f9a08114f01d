//! A record without its white space, and the fields between fixed words.

use memchr::memmem;

use crate::pki::printable;

/// The longest name, address or text that is taken from a log, in bytes.
const LONGEST_FIELD: usize = 300;

/// A record in lower case without white space, so that no line break hides a phrase. Each byte knows where
/// it stood.
#[derive(Debug, Default)]
pub(super) struct Tight {
    low: Vec<u8>,
    at: Vec<usize>,
}

/// White space between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    None,
    Space,
    LineEnd,
}

impl Tight {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut tight = Self {
            low: Vec::with_capacity(text.len()),
            at: Vec::with_capacity(text.len()),
        };
        for (place, byte) in text.iter().enumerate() {
            if !byte.is_ascii_whitespace() {
                tight.low.push(byte.to_ascii_lowercase());
                tight.at.push(place);
            }
        }
        tight
    }

    /// Where a phrase stands, given in lower case and without spaces.
    pub(super) fn places(&self, phrase: &str) -> Vec<usize> {
        memmem::find_iter(&self.low, phrase.as_bytes()).collect()
    }

    /// A part, or nothing if there is none.
    pub(super) fn part(&self, from: usize, to: usize) -> &[u8] {
        self.low
            .get(from..to.min(self.low.len()))
            .unwrap_or_default()
    }

    /// Where a byte stood in the record.
    pub(super) fn original(&self, place: usize) -> Option<usize> {
        self.at.get(place).copied()
    }

    /// What stood between a byte and the one before it.
    pub(super) fn gap(&self, text: &[u8], place: usize) -> Gap {
        let between = || {
            let from = self.original(place.checked_sub(1)?)?.checked_add(1)?;
            text.get(from..self.original(place)?)
        };
        match between() {
            Some([]) | None => Gap::None,
            Some(space) if space.contains(&b'\n') => Gap::LineEnd,
            Some(_) => Gap::Space,
        }
    }

    /// A part as it stood in the record, on one line.
    pub(super) fn as_written(&self, text: &[u8], from: usize, to: usize) -> String {
        let (Some(first), Some(last)) = (
            self.at.get(from),
            to.checked_sub(1).and_then(|last| self.at.get(last)),
        ) else {
            return String::new();
        };
        let part = text.get(*first..=*last).unwrap_or_default();
        shown(part, LONGEST_FIELD)
    }
}

/// The first place of a phrase in a part of a record.
pub(super) fn find(part: &[u8], phrase: &str) -> Option<usize> {
    memmem::find(part, phrase.as_bytes())
}

/// What stands before a byte, if that comes soon; otherwise the host name at the beginning.
pub(super) fn until(part: &[u8], end: u8) -> String {
    let near = part.get(..LONGEST_FIELD).unwrap_or(part);
    let text = match near.iter().position(|byte| *byte == end) {
        Some(place) => near.get(..place).unwrap_or_default(),
        None => host_at(near),
    };
    name(text)
}

/// A name without the marks that copying puts around it.
pub(super) fn name(bytes: &[u8]) -> String {
    let is_mark = |byte: &u8| b"`'\"<>*#| ".contains(byte);
    let from = bytes.iter().take_while(|byte| is_mark(byte)).count();
    let rest = bytes.get(from..).unwrap_or_default();
    let behind = rest.iter().rev().take_while(|byte| is_mark(byte)).count();
    let kept = rest.len().saturating_sub(behind);
    shown(rest.get(..kept).unwrap_or_default(), LONGEST_FIELD)
}

/// The host name or address with which a part begins.
pub(super) fn host_at(part: &[u8]) -> &[u8] {
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(byte);
    let end = part
        .iter()
        .take(LONGEST_FIELD)
        .take_while(|byte| is_host(byte))
        .count();
    part.get(..end).unwrap_or_default()
}

/// Bytes of a log on one line, at most so many of them, with everything spelled out that could deceive a
/// terminal or a reader.
pub(super) fn shown(bytes: &[u8], most: usize) -> String {
    let cut = bytes.len() > most;
    let text = String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes));
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line = printable(&words.join(" "));
    if cut {
        line.push('…');
    }
    line
}
