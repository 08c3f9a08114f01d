//! Files that commands write: whole or not at all.

use std::io::Write as _;
use std::path::Path;

use super::exit::{CliError, Exit};

/// Writes a file beside its place and renames it, so that a reader sees the old one or the new one.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |error: std::io::Error| {
        CliError::new(
            Exit::Failed,
            format!("{} cannot be written: {error}", path.display()),
        )
        .hint("check that the folder exists, belongs to you and has space left")
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Reads a file of at most some bytes.
pub(super) fn read_file(path: &Path, most: usize) -> Result<Vec<u8>, CliError> {
    use std::io::Read as _;
    let failed = |why: String| CliError::new(Exit::Usage, format!("{}: {why}", path.display()));
    let file =
        std::fs::File::open(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(format!("cannot be read: {error}")))?;
    if bytes.len() > most {
        return Err(failed(format!("expected at most {most} bytes, found more")));
    }
    Ok(bytes)
}
