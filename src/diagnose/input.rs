//! From a file to what is in it: by content and never by name, through compression and archives, within limits.

use std::cell::Cell;
use std::io::{self, Chain, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};
use zeroize::Zeroize as _;

use super::Input;
use super::forms::{Forms, Told, is_key};
use super::log::Scanner;
use crate::pki::{FILE_LIMIT, Form, form, printable};

/// The most bytes that are read of one file, counted at every level of packing: 8 GiB.
pub const READ_LIMIT: u64 = 8 * 1024 * 1024 * 1024;
/// How many times something may be packed into something else.
pub const DEPTH_LIMIT: usize = 4;
/// The most entries of archives that are looked at in one file.
pub const ENTRY_LIMIT: usize = 10_000;
/// So many bytes of certificates are held while it is not known whether an archive has logs.
const HELD_LIMIT: usize = 8 * 1024 * 1024;
/// So many notes are kept for one file.
const MOST_NOTES: usize = 20;
/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// Where the content of a file goes.
pub(super) struct Sink<'a> {
    scanner: &'a mut Scanner,
    forms: &'a mut Forms,
    name: String,
    left: Rc<Cell<u64>>,
    entries: usize,
    /// Certificate files of archives.
    held: Vec<(String, Vec<u8>)>,
    held_bytes: usize,
    skipped: usize,
    reading: Reading,
}

/// What became of one file.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) logs: usize,
    is: Option<String>,
    broken: bool,
    notes: Vec<String>,
}

impl Reading {
    fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note.into());
        }
    }

    fn broken(&mut self, note: impl Into<String>) {
        self.broken = true;
        self.note(note);
    }

    pub(super) fn input(self, name: &str) -> Input {
        Input {
            name: printable(name),
            is: self
                .is
                .unwrap_or_else(|| "nothing that is known".to_owned()),
            known: !self.broken,
            notes: self.notes,
        }
    }
}

impl<'a> Sink<'a> {
    pub(super) fn new(scanner: &'a mut Scanner, forms: &'a mut Forms, name: &str) -> Self {
        Self {
            scanner,
            forms,
            name: name.to_owned(),
            left: Rc::new(Cell::new(READ_LIMIT)),
            entries: 0,
            held: Vec::new(),
            held_bytes: 0,
            skipped: 0,
            reading: Reading::default(),
        }
    }
}

/// Reads a file to its end or to a limit.
pub(super) fn read(mut file: impl Read, sink: &mut Sink<'_>) -> Reading {
    let top = Place {
        depth: 0,
        name: None,
    };
    unpack(&mut file, &top, sink);
    if sink.left.get() == 0 {
        sink.reading.broken(format!(
            "only the first {READ_LIMIT} bytes were read, counted after unpacking"
        ));
    }
    settle_held(sink);
    std::mem::take(&mut sink.reading)
}

/// Where something was found.
struct Place {
    depth: usize,
    /// Its name in an archive.
    name: Option<String>,
}

/// Ends a read when nothing is left of what may be read.
struct Limited<'r> {
    inner: &'r mut dyn Read,
    left: Rc<Cell<u64>>,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.left.get()).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let Some(room) = buffer.get_mut(..room) else {
            return Ok(0);
        };
        let read = self.inner.read(room)?;
        self.left.set(self.left.get().saturating_sub(read as u64));
        Ok(read)
    }
}

type Whole<'r> = Chain<Cursor<Vec<u8>>, Limited<'r>>;

/// Looks at the beginning of a stream and chooses how to go on.
fn unpack(source: &mut dyn Read, place: &Place, sink: &mut Sink<'_>) {
    let mut limited = Limited {
        inner: source,
        left: Rc::clone(&sink.left),
    };
    let mut head = Vec::new();
    let most = FILE_LIMIT as u64 + 1;
    if let Err(error) = limited.by_ref().take(most).read_to_end(&mut head) {
        sink.reading.broken(ends_early(place, &error));
    }
    let complete = head.len() <= FILE_LIMIT;
    let packed = head.starts_with(b"\x1f\x8b\x08");
    let archive = is_tar(&head);
    if (packed || archive) && place.depth >= DEPTH_LIMIT {
        sink.reading.broken(format!(
            "something is packed more than {DEPTH_LIMIT} times into something else; not read"
        ));
    } else if packed {
        let below = Place {
            depth: place.depth + 1,
            name: place.name.clone(),
        };
        let whole: Whole<'_> = Cursor::new(head).chain(limited);
        unpack(&mut MultiGzDecoder::new(whole), &below, sink);
    } else if archive {
        entries(Cursor::new(head).chain(limited), place, sink);
    } else if complete {
        small(head, place, sink);
    } else {
        long(&head, &mut limited, place, sink);
    }
}

fn ends_early(place: &Place, error: &io::Error) -> String {
    let what = place.name.as_deref().unwrap_or("it");
    let error = printable(&error.to_string());
    format!("{what} could not be read to its end ({error}); what came before counts")
}

/// Each file of an archive. Raw: the names' extensions are entries of their own, which keeps memory bounded.
fn entries(whole: Whole<'_>, place: &Place, sink: &mut Sink<'_>) {
    let mut archive = Archive::new(whole);
    let Ok(entries) = archive.entries() else {
        sink.reading.broken("the archive cannot be read");
        return;
    };
    for entry in entries.raw(true) {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                sink.reading.broken(ends_early(place, &error));
                return;
            }
        };
        sink.entries += 1;
        if sink.entries > ENTRY_LIMIT {
            sink.reading
                .broken(format!("only {ENTRY_LIMIT} entries were looked at"));
            return;
        }
        let kind = entry.header().entry_type();
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let below = Place {
            depth: place.depth + 1,
            name: Some(printable(&name).chars().take(200).collect()),
        };
        unpack(&mut entry, &below, sink);
    }
}

/// A tar header adds its bytes up. Every writer fills this field; not every one writes a magic word.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else {
        return false;
    };
    let written = header.get(148..156).unwrap_or_default();
    let digits: String = written
        .iter()
        .skip_while(|byte| **byte == b' ')
        .take_while(|byte| byte.is_ascii_digit())
        .map(|byte| char::from(*byte))
        .collect();
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(place, byte)| match place {
            148..156 => u32::from(b' '),
            _ => u32::from(*byte),
        })
        .sum();
    u32::from_str_radix(&digits, 8).is_ok_and(|written| written == sum)
}

/// What is short enough to be a certificate file: that, or a short log.
fn small(mut bytes: Vec<u8>, place: &Place, sink: &mut Sink<'_>) {
    let form = form(&bytes);
    let may_be_log = matches!(
        form,
        Form::Text | Form::Unknown | Form::Pem(_) | Form::PrivateKeyPem | Form::Other(..)
    );
    if may_be_log && is_log(&bytes, form) {
        log(&mut bytes.as_slice(), place, sink);
        return;
    }
    match &place.name {
        None => {
            let told = sink.forms.take(&sink.name, &bytes);
            tell(told, sink);
        }
        Some(_)
            if matches!(
                form,
                Form::Text | Form::Unknown | Form::Empty | Form::Other(..)
            ) =>
        {
            sink.skipped += 1;
        }
        Some(name) if sink.held_bytes + bytes.len() <= HELD_LIMIT => {
            sink.held_bytes += bytes.len();
            sink.held.push((name.clone(), std::mem::take(&mut bytes)));
        }
        Some(_) => sink.skipped += 1,
    }
    bytes.zeroize();
}

fn tell(told: Told, sink: &mut Sink<'_>) {
    sink.reading.is = Some(told.is);
    sink.reading.broken |= !told.known;
}

/// A known message makes a log of anything; times at the beginning of lines make one of plain text.
fn is_log(bytes: &[u8], form: Form) -> bool {
    let Some(mut trial) = Scanner::new() else {
        return false;
    };
    trial.feed(bytes);
    let (findings, counts) = trial.finish();
    let plain = matches!(form, Form::Text | Form::Unknown | Form::Other(..));
    !findings.merged.is_empty() || (plain && counts.dated_lines > 0)
}

/// More bytes than any certificate file has.
fn long(head: &[u8], rest: &mut Limited<'_>, place: &Place, sink: &mut Sink<'_>) {
    let beginning = head.get(..8192).unwrap_or(head);
    if beginning.contains(&0) {
        if place.name.is_some() {
            sink.skipped += 1;
        } else {
            let is = match form(beginning) {
                Form::Zip => "a ZIP archive: unpack it and give the files inside",
                _ if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") => {
                    "text in UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`"
                }
                _ => "bytes that are neither text nor a known archive",
            };
            sink.reading.is = Some(is.to_owned());
            sink.reading.broken = true;
        }
        return;
    }
    log(&mut Cursor::new(head).chain(rest), place, sink);
}

/// Streams a log.
fn log(source: &mut dyn Read, place: &Place, sink: &mut Sink<'_>) {
    let before = sink.scanner.recognised();
    let mut buffer = vec![0; CHUNK];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => sink.scanner.feed(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                sink.reading.broken(ends_early(place, &error));
                break;
            }
        }
    }
    sink.scanner.end_of_file();
    if sink.scanner.recognised() > before {
        sink.reading.logs += 1;
        if sink.reading.is.is_none() {
            sink.reading.is = Some("a log".to_owned());
        }
    } else if place.name.is_some() {
        sink.skipped += 1;
    } else {
        sink.reading.is = Some("long text without a time or a known message".to_owned());
        sink.reading.broken = true;
    }
}

/// Certificates in the archive of a log download are its trust list and no bundle to be judged; in an archive
/// without logs they are what was meant.
fn settle_held(sink: &mut Sink<'_>) {
    let held = std::mem::take(&mut sink.held);
    let logs = sink.reading.logs;
    if sink.entries > 0 {
        sink.reading.is = Some(format!(
            "an archive of {} entries with {logs} logs",
            sink.entries
        ));
    }
    if logs > 0 {
        let mut alone = 0;
        for (name, mut bytes) in held {
            if is_key(form(&bytes)) {
                sink.forms.take(&name, &bytes);
            } else {
                alone += 1;
            }
            bytes.zeroize();
        }
        if alone > 0 {
            sink.reading.note(format!(
                "{alone} certificate files in it were left alone: unpack it to diagnose them"
            ));
        }
    } else if !held.is_empty() {
        let count = held.len();
        for (name, mut bytes) in held {
            let told = sink.forms.take(&name, &bytes);
            sink.reading.broken |= !told.known;
            bytes.zeroize();
        }
        sink.reading.is = Some(format!("an archive with {count} certificate files"));
    } else if sink.entries > 0 {
        sink.reading
            .broken("no log and no certificate is in the archive");
    }
    if sink.skipped > 0 {
        sink.reading.note(format!(
            "{} other files in it are neither logs nor certificates",
            sink.skipped
        ));
    }
}
