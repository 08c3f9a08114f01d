//! The one way to the disk, so that tests can let any of its calls fail.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// What a journal asks of a disk. A call that returns `Ok` has reached the medium.
pub trait Disk: Send + Sync {
    /// Creates a directory that is not there yet, with those above it.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` if it is there.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Writes a file as a whole: others see the old content or the new.
    ///
    /// # Errors
    /// The system's.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Appends to a file that exists.
    ///
    /// # Errors
    /// The system's. How much was appended is then unknown.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Cuts a file.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;

    /// Reads a file of at most 64 MiB.
    ///
    /// # Errors
    /// The system's; `FileTooLarge` beyond the limit.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a directory, sorted; none if there is no such directory.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
}

/// A run with thousands of steps stays below a tenth of this.
const LARGEST: u64 = 64 << 20;

/// The machine's disk. Files and directories are for their owner alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        path.ancestors()
            .skip(1)
            .take(2)
            .try_for_each(sync_directory)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        put(file.as_file_mut(), bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        sync_directory(directory)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(path)?;
        put(&mut file, bytes)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }
}

/// Writes to the medium. A crash test may end the process before it, in the midst of it, or after it.
fn put(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    #[cfg(debug_assertions)]
    let end = super::crash::next();
    #[cfg(debug_assertions)]
    match end {
        Some(super::crash::Point::Before) => super::crash::kill(),
        Some(super::crash::Point::Half) => {
            file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            file.sync_all()?;
            super::crash::kill();
        }
        Some(super::crash::Point::After) | None => {}
    }
    file.write_all(bytes)?;
    file.sync_all()?;
    #[cfg(debug_assertions)]
    if end.is_some() {
        super::crash::kill();
    }
    Ok(())
}

/// A new name is only safe once its directory is on the medium. Other systems than Unix cannot do this.
fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if !path.as_os_str().is_empty() {
        File::open(path)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
