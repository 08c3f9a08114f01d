//! The pin book's file: JSON, mode 0600, replaced by rename while an operating-system lock is held.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Peer, PinError};

/// The format that this release reads and writes.
pub(super) const FORMAT: u32 = 1;

/// Enough for 30 000 peers.
const LARGEST: u64 = 8 * 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    format: u32,
    peers: Vec<Peer>,
}

/// Every peer, in order; none if there is no file.
pub(super) fn read(path: &Path) -> Result<Vec<Peer>, PinError> {
    let disk = |cause: io::Error| PinError::Disk {
        path: path.to_owned(),
        doing: "read",
        cause: cause.to_string(),
    };
    let malformed = |found: String| PinError::Malformed {
        path: path.to_owned(),
        found,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(disk(cause)),
    };
    if let Some(found) = open_to_others(&file.metadata().map_err(disk)?) {
        return Err(PinError::Unsafe {
            path: path.to_owned(),
            found,
        });
    }
    let mut text = String::new();
    file.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(disk)?;
    if text.len() as u64 > LARGEST {
        return Err(malformed(format!("more than {LARGEST} bytes")));
    }
    let book: Book = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    if book.format != FORMAT {
        return Err(malformed(format!("format {}", book.format)));
    }
    let mut peers = book.peers;
    if let Some(bad) = peers.iter().find(|peer| {
        crate::model::Fingerprint::parse(peer.sha256.as_str()).as_ref() != Some(&peer.sha256)
    }) {
        return Err(malformed(format!(
            "a `sha256` of {} that is not 64 lower-case hexadecimal digits",
            bad.node
        )));
    }
    sort(&mut peers);
    Ok(peers)
}

/// Reads the book under the lock, changes it, and replaces the file.
pub(super) fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut Vec<Peer>) -> T,
) -> Result<T, PinError> {
    let disk = |cause: io::Error| PinError::Disk {
        path: path.to_owned(),
        doing: "written",
        cause: cause.to_string(),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(disk)?;
    // A file of its own, because the book's file is another one after each change. The system drops the lock
    // with the process that holds it.
    let lock = lock_file(path).map_err(disk)?;
    lock.lock().map_err(disk)?;

    let mut peers = read(path)?;
    let outcome = change(&mut peers);
    sort(&mut peers);
    replace(path, folder, peers).map_err(disk)?;
    Ok(outcome)
}

fn replace(path: &Path, folder: &Path, peers: Vec<Peer>) -> io::Result<()> {
    let book = Book {
        format: FORMAT,
        peers,
    };
    // Made with mode 0600.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut new, &book)?;
    new.write_all(b"\n")?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

fn lock_file(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(PathBuf::from(name))
}

/// Makes the new name itself durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Says in what way others than the owner could change the file. Reading it tells them nothing secret.
#[cfg(unix)]
fn open_to_others(facts: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    if facts.uid() != rustix::process::geteuid().as_raw() {
        Some("a file that another user owns".to_owned())
    } else if facts.mode() & 0o022 != 0 {
        Some(format!("mode {:04o}", facts.mode() & 0o7777))
    } else {
        None
    }
}

#[cfg(not(unix))]
fn open_to_others(_facts: &fs::Metadata) -> Option<String> {
    None
}

fn sort(peers: &mut [Peer]) {
    peers.sort_by(|a, b| {
        (&a.node, a.port, &a.key, a.at, &a.sha256).cmp(&(&b.node, b.port, &b.key, b.at, &b.sha256))
    });
}
