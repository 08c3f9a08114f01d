//! A record: one message of a log, from its time to the next one.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use memchr::memmem;

use super::Marks;
use super::field::shown;

/// The longest record that is looked at in one piece, in bytes.
const RECORD_LIMIT: usize = 64 * 1024;
/// So many lines without a time belong to one record at most.
const MOST_LINES: usize = 64;
/// The beginning of a dated line holds its time and the name of the system that wrote it.
const HEAD: usize = 128;

/// The lines of one record.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: Vec<u8>,
    lines: usize,
    marks: Marks,
    /// The beginning of the last dated line: a record that is cut for its length keeps its time.
    head: Vec<u8>,
}

impl Record {
    /// Whether a further line may be added.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.lines < MOST_LINES && self.text.len().saturating_add(bytes) < RECORD_LIMIT
    }

    pub(super) fn add(&mut self, line: &[u8], dated: bool, marks: Marks) {
        if dated {
            self.head.clear();
            self.head
                .extend_from_slice(line.get(..HEAD).unwrap_or(line));
        }
        if line.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(line);
        self.lines += 1;
        self.marks.path |= marks.path;
        self.marks.message |= marks.message;
    }

    /// The anchors in it.
    pub(super) fn marks(&self) -> Marks {
        self.marks
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.lines = 0;
        self.marks = Marks::default();
    }

    /// A new file begins, and its first lines do not belong to the last time of the old one.
    pub(super) fn forget_head(&mut self) {
        self.head.clear();
    }

    /// Its lines, with line feeds between them.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// When it was written; `None` if no time with an offset stands in it.
    pub(super) fn moment(&self) -> Option<Timestamp> {
        let head = String::from_utf8_lossy(&self.head);
        let first = head.split_ascii_whitespace().next()?;
        first.parse().ok().or_else(|| self.utc_time())
    }

    /// The system that wrote it: the second word.
    pub(super) fn writer(&self) -> Option<String> {
        let mut words = self
            .head
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        words.next()?;
        words.next().map(|word| shown(word, 64))
    }

    /// `UTCTime="2022-07-11 16:55:26,016"`, which the devices' modules add.
    fn utc_time(&self) -> Option<Timestamp> {
        let label: &[u8] = b"UTCTime=\"";
        let start = memmem::find(&self.text, label)? + label.len();
        let value = self.text.get(start..start.checked_add(23)?)?;
        let value = std::str::from_utf8(value).ok()?.replace(',', ".");
        let civil: DateTime = value.parse().ok()?;
        civil
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    }
}

/// Whether a line begins with a time: `2022-07-11T18:55:26…`, the same with a space, or `Jul 11 18:55:26`.
pub(super) fn begins_record(line: &[u8]) -> bool {
    fits(line, b"0000-00-00T00:00:00")
        || fits(line, b"0000-00-00 00:00:00")
        || fits(line, b"aaa 00 00:00:00")
        || fits(line, b"aaa  0 00:00:00")
}

/// `0` stands for a digit, `a` for a letter, anything else for itself.
fn fits(line: &[u8], shape: &[u8]) -> bool {
    line.len() >= shape.len()
        && line.iter().zip(shape).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            other => byte == other,
        })
}
