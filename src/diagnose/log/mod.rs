//! Expressway diagnostic logs: bytes in, merged events out, in bounded memory whatever the bytes are.
//!
//! A log is read line by line; lines without a time of their own belong to the record before them, because
//! the devices' messages and copies of them are wrapped over several lines. Only a record with one of the
//! anchors in it is looked at closely.

mod destination;
mod event;
mod field;
mod merge;
mod record;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memchr;

pub use event::{Action, What};
pub use merge::{Findings, Merged, PortVote};

use merge::Ledger;
use record::{Record, begins_record};

/// The longest part of a line that is read, in bytes.
pub const LINE_LIMIT: usize = 32 * 1024;

/// One of these stands in every message that is known. Each message has several, so that a line break in the
/// middle of one of them hides nothing. Base64 of `/https/` has three shapes, by its place in a group of three.
const ANCHORS: &[&str] = &[
    "Core server certificate",
    "certificate verification failed",
    "Action=Terminate",
    "Action=Continue",
    "not in certificate",
    "SSL connection failed",
    "certificate verify failed",
    "connect failed",
    "L2h0dHBzL",
    "9odHRwcy",
    "vaHR0cHMv",
    "TLS Negotiation Error",
    "TLS negotiation error",
    "Negotiation Error",
    "SSH tunnels have been established",
    "No SSH tunnels",
    "Unrecognized CA",
    "not currently trusted by the Expressway",
    "not a valid X.509",
    "PEM certificate file",
];

/// Reads a log piece by piece. How it is cut into pieces does not change the result.
#[derive(Debug)]
pub struct Scanner {
    anchors: AhoCorasick,
    /// The beginning of a line whose end has not come yet.
    unfinished: Vec<u8>,
    /// The line under way is longer than [`LINE_LIMIT`].
    overlong: bool,
    record: Record,
    ledger: Ledger,
    bytes: u64,
    lines: u64,
    cut_lines: u64,
    dated_lines: u64,
}

/// What was read, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Bytes, after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines that begin with a time.
    pub dated_lines: u64,
    /// Lines longer than [`LINE_LIMIT`], of which only the beginning was read.
    pub cut_lines: u64,
}

impl Scanner {
    /// A reader at the beginning of a log. `None` only if the anchors cannot be compiled.
    pub fn new() -> Option<Self> {
        let anchors = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(ANCHORS)
            .ok()?;
        Some(Self {
            anchors,
            unfinished: Vec::new(),
            overlong: false,
            record: Record::default(),
            ledger: Ledger::default(),
            bytes: 0,
            lines: 0,
            cut_lines: 0,
            dated_lines: 0,
        })
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.bytes = self.bytes.saturating_add(chunk.len() as u64);
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            if self.unfinished.is_empty() {
                self.line(line);
            } else {
                self.keep(line);
                let whole = std::mem::take(&mut self.unfinished);
                self.line(&whole);
                self.unfinished = whole;
                self.unfinished.clear();
            }
            rest = after.get(1..).unwrap_or_default();
        }
        self.keep(rest);
    }

    /// Ends one file. The next bytes are another file's; what was found is kept together.
    pub fn end_of_file(&mut self) {
        if !self.unfinished.is_empty() {
            let whole = std::mem::take(&mut self.unfinished);
            self.line(&whole);
        }
        self.close_record();
        self.record.forget_head();
    }

    /// What was found in all files.
    pub fn finish(mut self) -> (Findings, Counts) {
        self.end_of_file();
        let counts = self.counts();
        (self.ledger.finish(), counts)
    }

    /// What was read so far.
    pub fn counts(&self) -> Counts {
        Counts {
            bytes: self.bytes,
            lines: self.lines,
            dated_lines: self.dated_lines,
            cut_lines: self.cut_lines,
        }
    }

    /// How much was recognised so far: times, messages and requests. It grows as soon as something looks like a log.
    pub(super) fn recognised(&self) -> u64 {
        self.dated_lines.saturating_add(self.ledger.seen())
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LINE_LIMIT.saturating_sub(self.unfinished.len());
        match part.get(..room) {
            Some(fits) if part.len() > room => {
                self.unfinished.extend_from_slice(fits);
                self.overlong = true;
            }
            _ => self.unfinished.extend_from_slice(part),
        }
    }

    /// One line without its line feed.
    fn line(&mut self, line: &[u8]) {
        self.lines += 1;
        let (line, cut) = match line.get(..LINE_LIMIT) {
            Some(beginning) if line.len() > LINE_LIMIT => (beginning, true),
            _ => (line, self.overlong),
        };
        self.overlong = false;
        self.cut_lines += u64::from(cut);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let dated = begins_record(line);
        self.dated_lines += u64::from(dated);
        if dated || !self.record.has_room(line.len()) {
            self.close_record();
        }
        let interesting = self.anchors.is_match(line);
        self.record.add(line, dated, interesting);
    }

    fn close_record(&mut self) {
        if self.record.is_interesting() {
            self.ledger.take(&self.record);
        }
        self.record.clear();
    }
}
