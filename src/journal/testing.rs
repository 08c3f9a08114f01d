//! A disk in memory that can fail or stop at its n-th call.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::Disk;

/// What the n-th changing call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It and every later call fails without effect.
    Before(usize),
    /// Half of it reaches the medium; every later call fails.
    Half(usize),
    /// It fails without effect, and the disk works again.
    Once(usize),
    /// It takes effect and yet fails, as does every later call.
    After(usize),
}

#[derive(Clone, Default)]
struct Content {
    files: BTreeMap<PathBuf, Vec<u8>>,
    directories: BTreeSet<PathBuf>,
    calls: usize,
    fault: Option<Fault>,
    stopped: bool,
}

/// The disk. What is on it outlives the fault.
#[derive(Default)]
pub(crate) struct MemoryDisk(Mutex<Content>);

impl MemoryDisk {
    /// Plants a fault, or lifts it; counting begins anew.
    pub(crate) fn plant(&self, fault: Option<Fault>) {
        let mut content = self.content();
        content.calls = 0;
        content.stopped = false;
        content.fault = fault;
    }

    /// Whether the fault struck.
    pub(crate) fn stopped(&self) -> bool {
        self.content().stopped
    }

    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        self.content().files.get(path).cloned().unwrap_or_default()
    }

    pub(crate) fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.content().files.insert(path.to_owned(), bytes);
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, act: impl Fn(&mut Content, bool)) -> io::Result<()> {
        let mut content = self.content();
        let full = || Err(io::ErrorKind::StorageFull.into());
        if content.stopped {
            return full();
        }
        content.calls += 1;
        let this = content.calls;
        match content.fault {
            Some(Fault::Once(at)) if at == this => return full(),
            Some(Fault::Before(at)) if at == this => {}
            Some(Fault::Half(at)) if at == this => act(&mut content, true),
            Some(Fault::After(at)) if at == this => act(&mut content, false),
            _ => {
                act(&mut content, false);
                return Ok(());
            }
        }
        content.stopped = true;
        full()
    }
}

impl Disk for MemoryDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        if self.content().directories.contains(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.change(|content, _| {
            content.directories.insert(path.to_owned());
        })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // A rename happens or does not; there is no half of it.
        self.change(|content, half| {
            if !half {
                content.files.insert(path.to_owned(), bytes.to_owned());
            }
        })
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.change(|content, half| {
            let end = if half { bytes.len() / 2 } else { bytes.len() };
            content
                .files
                .entry(path.to_owned())
                .or_default()
                .extend_from_slice(&bytes[..end]);
        })
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.change(|content, _| {
            if let Some(bytes) = content.files.get_mut(path) {
                bytes.truncate(usize::try_from(length).unwrap());
            }
        })
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.content()
            .files
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let content = self.content();
        let below = content.files.keys().chain(&content.directories);
        let names: BTreeSet<String> = below
            .filter_map(|entry| entry.strip_prefix(path).ok()?.components().next())
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        Ok(names.into_iter().collect())
    }
}
