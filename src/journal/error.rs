//! What can go wrong with a journal.

use std::io;
use std::path::PathBuf;

/// Why a journal cannot be used, or cannot be used any longer.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk refused. The run ends here: what is not on disk must not reach a device.
    #[error(
        "could not {what} {}: {source}; nothing more is sent to any device; make the disk writable \
         again and run `reissue resume`", path.display()
    )]
    Disk {
        /// What was tried.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// An earlier write of this run failed.
    #[error(
        "the journal could not be written earlier in this run ({0}); nothing more is sent to any \
         device; make the disk writable again and run `reissue resume`"
    )]
    Broken(String),
    /// The file is not what was written to it.
    #[error(
        "{} is damaged at record {record}: {why}; it is not used, and no device is touched; restore \
         the file from a copy, or look at the devices and give the run up with `reissue runs close`",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The first record that is not as it was written, from 0.
        record: u64,
        /// What is wrong.
        why: String,
    },
    /// Another release wrote it.
    #[error(
        "{} has journal format {found}, this release reads format {known}; \
         resume it with the release that opened it", path.display()
    )]
    Version {
        /// The journal.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// [`super::JOURNAL_FORMAT`].
        known: u32,
    },
    /// The run's directory is there but the run never began.
    #[error(
        "{} holds no first record: the run never began and sent nothing; apply the plan anew",
        path.display()
    )]
    NeverBegan {
        /// The journal.
        path: PathBuf,
    },
    /// There is no such run.
    #[error("there is no run at {}; `reissue runs` lists those there are", path.display())]
    NoSuchRun {
        /// Where it would be.
        path: PathBuf,
    },
    /// An event that cannot follow what the journal says.
    #[error("the journal does not allow this now: {0}; `reissue runs` shows where the run stands")]
    Illegal(String),
}
