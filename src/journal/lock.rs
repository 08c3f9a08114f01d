//! One writer a cluster, by a lock of the operating system: it ends with its process, however that ends.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{ClusterName, RunId};

/// Who holds a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run.
    pub run: RunId,
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    /// This process.
    pub fn here(run: RunId, since: Timestamp) -> Self {
        let host = ["/proc/sys/kernel/hostname", "/etc/hostname"]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok())
            .map_or_else(|| "this machine".to_owned(), |name| name.trim().to_owned());
        Self {
            run,
            pid: std::process::id(),
            host,
            since,
        }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            run,
            pid,
            host,
            since,
        } = self;
        write!(
            formatter,
            "run {run}, process {pid} on {host}, since {since:.0}"
        )
    }
}

/// Why a cluster could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error(
        "cluster {cluster} is held by {}; wait for it to end (--lock-timeout), or stop that process: \
         its lock ends with it", holder.as_ref().map_or("another process".to_owned(), Holder::to_string)
    )]
    Held {
        /// The cluster.
        cluster: ClusterName,
        /// The holder, as far as it is written down.
        holder: Option<Holder>,
    },
    /// An unfinished run of this cluster must be ended first.
    #[error(
        "run {run} of cluster {cluster} is not finished; `reissue resume {run}` goes on with it, \
         `reissue runs close {run}` gives it up"
    )]
    Unfinished {
        /// The cluster.
        cluster: ClusterName,
        /// The run.
        run: RunId,
    },
    /// The lock file could not be used.
    #[error("could not lock {}: {source}; no device was touched", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// How often a held lock is tried again; a person who waits does not notice it.
const RETRY: Duration = Duration::from_millis(50);

/// A cluster that this process holds, until this value is dropped.
#[derive(Debug)]
pub struct ClusterLock {
    file: File,
}

impl ClusterLock {
    /// Takes a cluster, waiting at most `patience` for another process to let go of it.
    ///
    /// # Errors
    /// [`LockError::Held`] names the holder; [`LockError::Disk`] if the file cannot be used.
    pub fn take(
        state: &Path,
        cluster: &ClusterName,
        holder: &Holder,
        patience: Duration,
    ) -> Result<Self, LockError> {
        let directory = state.join("locks");
        let path = directory.join(format!("{}.lock", file_name(cluster.as_str())));
        let disk = |source| LockError::Disk {
            path: path.clone(),
            source,
        };
        create_directory(&directory).map_err(disk)?;
        let file = open(&path).map_err(disk)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(disk(source)),
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                    std::thread::sleep(RETRY.min(patience));
                }
                Err(TryLockError::WouldBlock) => {
                    let holder = read_holder(&path);
                    return Err(LockError::Held {
                        cluster: cluster.clone(),
                        holder,
                    });
                }
            }
        }
        let lock = Self { file };
        lock.write(holder).map_err(disk)?;
        Ok(lock)
    }

    /// The words in the file inform people; the lock itself is the system's.
    fn write(&self, holder: &Holder) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&serde_json::to_vec(holder)?)
    }
}

impl Drop for ClusterLock {
    fn drop(&mut self) {
        // The system lets go when the file is closed, whatever these two answer.
        drop(self.file.set_len(0));
        drop(self.file.unlock());
    }
}

fn read_holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(4096)
        .read_to_string(&mut text)
        .ok()?;
    serde_json::from_str(&text).ok()
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A name as a file name: letters, digits, `-`, `_` and inner dots stay, all else becomes `%` and hex digits.
pub(super) fn file_name(name: &str) -> String {
    let plain = |at: usize, byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && at > 0)
    };
    name.bytes()
        .enumerate()
        .map(|(at, byte)| {
            if plain(at, byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02x}")
            }
        })
        .collect()
}
