//! The frame of a record: `LLLLLLLL HHHHHHHHHHHHHHHH {json}\n`.
//!
//! `L` is the length of the JSON in hexadecimal. `H` is the start of SHA-256 over the whole digest of the
//! record before and the JSON, so that a record can be neither changed, dropped, repeated nor moved.

use sha2::{Digest as _, Sha256};

/// The whole digest of a record; the next one continues it.
pub(super) type Link = [u8; 32];

/// What the first record continues.
pub(super) const START: Link = [0; 32];

const HEADER: usize = 8 + 1 + 16 + 1;

/// No event comes near: a request or certificate in PEM is a few kilobytes.
const LONGEST: usize = 4 << 20;

/// What was read of a journal.
#[derive(Debug)]
pub(super) struct Scanned {
    /// The JSON of each whole record.
    pub(super) records: Vec<String>,
    /// What the next record continues.
    pub(super) link: Link,
    /// The length of the whole records in bytes.
    pub(super) whole: usize,
    /// The length of an incomplete record behind them: its write was cut off, so nothing relied on it.
    pub(super) torn: usize,
}

/// Why bytes are not a journal.
#[derive(Debug)]
pub(super) struct Damage {
    pub(super) record: u64,
    pub(super) why: String,
}

/// Frames one record.
pub(super) fn seal(previous: &Link, json: &str) -> (Vec<u8>, Link) {
    let link = digest(previous, json.as_bytes());
    let framed = format!("{} {json}\n", head(json.len(), &link));
    (framed.into_bytes(), link)
}

/// Reads records to the end. A tail without its line feed is torn; whatever else is wrong is damage.
pub(super) fn scan(bytes: &[u8]) -> Result<Scanned, Damage> {
    let mut scanned = Scanned {
        records: Vec::new(),
        link: START,
        whole: 0,
        torn: 0,
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let found = next(&scanned.link, rest).map_err(|why| Damage {
            record: scanned.records.len() as u64,
            why: why.to_owned(),
        })?;
        let Some((json, link, length)) = found else {
            scanned.torn = rest.len();
            break;
        };
        scanned.records.push(json);
        scanned.link = link;
        scanned.whole += length;
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(scanned)
}

/// The record at the start of some bytes, or `None` if only a part of it was written.
fn next(previous: &Link, rest: &[u8]) -> Result<Option<(String, Link, usize)>, &'static str> {
    let Some(head_bytes) = rest.get(..HEADER) else {
        return if rest
            .iter()
            .enumerate()
            .all(|(at, byte)| header_byte(at, *byte))
        {
            Ok(None)
        } else {
            Err("its header is not a header")
        };
    };
    if !head_bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| header_byte(at, *byte))
    {
        return Err("its header is not a header");
    }
    let length = rest
        .get(..8)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
        .filter(|length| *length <= LONGEST)
        .ok_or("its length is impossible")?;
    let body = rest.get(HEADER..).unwrap_or_default();
    let (Some(json), Some(end)) = (body.get(..length), body.get(length)) else {
        return if rest.contains(&b'\n') {
            Err("its length is not the length of its text")
        } else {
            Ok(None)
        };
    };
    if *end != b'\n' {
        return Err("it does not end where it should");
    }
    let link = digest(previous, json);
    if head_bytes != format!("{} ", head(length, &link)).as_bytes() {
        return Err("its checksum does not fit its text and the records before");
    }
    let json = std::str::from_utf8(json).map_err(|_| "its text is not UTF-8")?;
    Ok(Some((json.to_owned(), link, HEADER + length + 1)))
}

fn header_byte(at: usize, byte: u8) -> bool {
    match at {
        8 | 25 => byte == b' ',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    }
}

fn digest(previous: &Link, json: &[u8]) -> Link {
    Sha256::new()
        .chain_update(previous)
        .chain_update(json)
        .finalize()
        .into()
}

fn head(length: usize, link: &Link) -> String {
    format!(
        "{length:08x} {}",
        hex::encode(link.first_chunk::<8>().unwrap_or(&[0; 8]))
    )
}
