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

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memchr;

pub use event::{Action, What};
pub use merge::{Findings, Merged, PortVote};

use merge::Ledger;
use record::{Record, begins_record};

/// The longest part of a line that is read, in bytes.
pub const LINE_LIMIT: usize = 32 * 1024;

/// Base64 of `/https/` has three shapes, by its place in a group of three. They are searched for beside [`MESSAGES`].
const PATHS: [&str; 3] = ["L2h0dHBzL", "9odHRwcy", "vaHR0cHMv"];

/// One of these stands in every message that is known. Each message has several, so that a line break in the
/// middle of one of them hides nothing.
const MESSAGES: &[&str] = &[
    "Core server certificate",
    "certificate verification failed",
    "Action=Terminate",
    "Action=Continue",
    "not in certificate",
    "SSL connection failed",
    "certificate verify failed",
    "connect failed",
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

/// Compiled once: an archive may have thousands of small files. Copies share it.
static ANCHORS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(PATHS.iter().chain(MESSAGES))
        .ok()
});

/// What kind of anchors a record has. Most have none, and of the others most only the path of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    path: bool,
    message: bool,
}

impl Marks {
    /// The pattern's number, in the order in which they were compiled.
    fn add(&mut self, pattern: usize) {
        if pattern < PATHS.len() {
            self.path = true;
        } else {
            self.message = true;
        }
    }
}

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
        let anchors = ANCHORS.clone()?;
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
        // One search for the whole piece costs less than one for each line; no anchor holds a line end.
        let anchors = self.anchors.clone();
        let mut hits = anchors.find_iter(chunk).peekable();
        let mut rest = chunk;
        let mut end = 0;
        while let Some(length) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(length);
            end += length + 1;
            let mut marks = Marks::default();
            while let Some(hit) = hits.next_if(|hit| hit.start() < end) {
                marks.add(hit.pattern().as_usize());
            }
            if self.unfinished.is_empty() && line.len() <= LINE_LIMIT {
                self.line(line, marks);
            } else {
                self.keep(line);
                self.end_line();
            }
            rest = after.get(1..).unwrap_or_default();
        }
        self.keep(rest);
    }

    /// Ends the line of which the beginning was kept.
    fn end_line(&mut self) {
        let whole = std::mem::take(&mut self.unfinished);
        let mut marks = Marks::default();
        for hit in self.anchors.find_iter(&whole) {
            marks.add(hit.pattern().as_usize());
        }
        self.line(&whole, marks);
        self.unfinished = whole;
        self.unfinished.clear();
    }

    /// Ends one file. The next bytes are another file's; what was found is kept together.
    pub fn end_of_file(&mut self) {
        if !self.unfinished.is_empty() {
            self.end_line();
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

    /// One line without its line feed, and the anchors in it.
    fn line(&mut self, line: &[u8], marks: Marks) {
        self.lines += 1;
        self.cut_lines += u64::from(std::mem::take(&mut self.overlong));
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let dated = begins_record(line);
        self.dated_lines += u64::from(dated);
        if dated || !self.record.has_room(line.len()) {
            self.close_record();
        }
        self.record.add(line, dated, marks);
    }

    fn close_record(&mut self) {
        if self.record.marks() != Marks::default() {
            self.ledger.take(&self.record);
        }
        self.record.clear();
    }
}
