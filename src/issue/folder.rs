//! Requests and certificates as files that a person carries to the authority and back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use futures_util::future::BoxFuture;

use super::{Ignored, IssueError, IssuedCertificates, Issuer, file_name};
use crate::model::{Certificate, Fingerprint, SigningRequest};
use crate::pki::{FILE_LIMIT, Parsed, link_all, printable, read_bundle, read_request};

/// The most files that are looked at.
const MOST_FILES: usize = 4096;
/// The most bytes that are read.
const MOST_BYTES: usize = 64 * FILE_LIMIT;

/// Writes requests into one folder and reads issued certificates from another.
#[derive(Debug)]
pub struct FolderIssuer {
    requests: PathBuf,
    issued: PathBuf,
    ignored: Mutex<Vec<Ignored>>,
}

impl FolderIssuer {
    /// Names the folder for requests and the one for issued certificates; they may be the same. Neither is
    /// touched yet.
    pub fn new(requests: impl Into<PathBuf>, issued: impl Into<PathBuf>) -> Self {
        Self {
            requests: requests.into(),
            issued: issued.into(),
            ignored: Mutex::default(),
        }
    }
}

impl Issuer for FolderIssuer {
    /// Writes `<name>.csr`. A different request under that name is put aside as
    /// `<name>.<digest>.superseded`, never overwritten.
    fn submit<'a>(
        &'a self,
        name: &'a str,
        request: &'a SigningRequest,
    ) -> BoxFuture<'a, Result<(), IssueError>> {
        let (folder, pem) = (self.requests.clone(), request.pem.clone());
        Box::pin(async move {
            let stem = file_name(name)?;
            let path = folder.join(format!("{stem}.csr"));
            aside(path.clone(), move || {
                write_request(&folder, &stem, &path, &pem)
            })
            .await
        })
    }

    fn collect<'a>(
        &'a self,
        wanted: &'a BTreeMap<Fingerprint, String>,
    ) -> BoxFuture<'a, Result<IssuedCertificates, IssueError>> {
        let (folder, keys) = (self.issued.clone(), wanted.keys().cloned().collect());
        Box::pin(async move {
            let (found, ignored) =
                aside(folder.clone(), move || read_issued(&folder, &keys)).await?;
            for file in &ignored {
                tracing::warn!(path = %file.path.display(), why = file.why, "not used");
            }
            if let Ok(mut last) = self.ignored.lock() {
                *last = ignored;
            }
            Ok(found)
        })
    }

    fn ignored(&self) -> Vec<Ignored> {
        self.ignored
            .lock()
            .map(|ignored| ignored.clone())
            .unwrap_or_default()
    }
}

/// Runs file work where it cannot hold up the other clusters: the folder may be on a slow share.
pub(super) async fn aside<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce() -> Result<T, IssueError> + Send + 'static,
) -> Result<T, IssueError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| IssueError::Interrupted { path })?
}

fn write_request(folder: &Path, stem: &str, path: &Path, pem: &str) -> Result<(), IssueError> {
    let failed = |doing| {
        move |reason| IssueError::File {
            doing,
            path: path.to_owned(),
            reason,
        }
    };
    match read_bounded(path) {
        Ok(there) if there == pem.as_bytes() => return Ok(()),
        Ok(there) => {
            let digest = Fingerprint::of(&there);
            let old = folder.join(format!("{stem}.{}.superseded", digest.short()));
            tracing::warn!(from = %path.display(), to = %old.display(), "another request was there; put aside");
            fs::rename(path, old).map_err(failed("put aside"))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("read")(error)),
    }
    write_whole(folder, path, pem.as_bytes()).map_err(failed("write"))
}

/// Writes a new file that is there whole or not at all, and stays after a power failure. Others may read it.
pub(super) fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = tempfile::Builder::new();
    options.prefix(".");
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = options.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    File::open(folder)?.sync_all()
}

/// Reads at most one byte more than [`FILE_LIMIT`], so that a longer file shows.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(FILE_LIMIT as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads every file of a folder and picks the certificates for these keys.
pub(super) fn read_issued(
    folder: &Path,
    wanted: &BTreeSet<Fingerprint>,
) -> Result<(IssuedCertificates, Vec<Ignored>), IssueError> {
    let too_much = |limit| IssueError::TooMuch {
        path: folder.to_owned(),
        limit,
    };
    let mut pool: Vec<Parsed> = Vec::new();
    let mut ignored = Vec::new();
    let mut total = 0;
    for path in files(folder)? {
        let bytes = match read_bounded(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                ignored.push(Ignored {
                    path,
                    why: format!("it cannot be read: {error}"),
                });
                continue;
            }
        };
        total += bytes.len();
        if total > MOST_BYTES {
            return Err(too_much("64 MiB"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match read_bundle(&bytes, &printable(&name)) {
            Ok(read) => pool.extend(read),
            // Requests may lie in the same folder.
            Err(_) if read_request(&bytes).is_ok() => {}
            Err(error) => ignored.push(Ignored {
                path,
                why: error.to_string(),
            }),
        }
    }
    link_all(&mut pool);
    let found = wanted
        .iter()
        .filter_map(|key| Some((key.clone(), chain(&pool, key)?)));
    Ok((found.collect(), ignored))
}

/// Ordinary files in the order of their names; hidden ones and requests that were put aside are passed over.
fn files(folder: &Path) -> Result<Vec<PathBuf>, IssueError> {
    let failed = |reason| IssueError::File {
        doing: "read",
        path: folder.to_owned(),
        reason,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') || name.ends_with(".superseded") || !path.is_file() {
            continue;
        }
        files.push(path);
        if files.len() > MOST_FILES {
            return Err(IssueError::TooMuch {
                path: folder.to_owned(),
                limit: "4096 files",
            });
        }
    }
    files.sort();
    Ok(files)
}

/// The certificate for a key and the authorities above it. Of several for one key the latest: a second
/// answer to a request is there to mend the first.
fn chain(pool: &[Parsed], key: &Fingerprint) -> Option<Vec<Parsed>> {
    let newest = |facts: &Certificate| (facts.not_before, facts.not_after, facts.sha256.clone());
    let leaf = pool
        .iter()
        .filter(|c| c.facts.key.sha256 == *key)
        .max_by_key(|c| newest(&c.facts))?;
    let mut chain = vec![leaf.clone()];
    while let Some(last) = chain.last().filter(|last| !last.facts.is_self_signed()) {
        let next = pool
            .iter()
            .filter(|c| last.facts.signed_by.contains(&c.facts.sha256))
            .find(|c| chain.iter().all(|seen| seen.facts.sha256 != c.facts.sha256));
        let Some(next) = next else { break };
        chain.push(next.clone());
    }
    Some(chain)
}
