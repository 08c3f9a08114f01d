//! Passwords: where they come from, how they are held, and how they are kept out of every text.

mod keyring;
mod redactor;
mod source;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

pub use keyring::Keyring;
pub use redactor::Redactor;
pub use source::{PasswordSource, prompt, read_line};

/// A password or session token. Wiped from memory when dropped; prints as `[secret]`; cannot be serialised.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes over a text.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text itself, for the place that sends it. Named so that a reader notices.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Why a password could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be opened or read.
    #[error(
        "account {account}: the password file {path} cannot be read: {cause}. Check the path in the estate \
         file, or leave `password` out and type `reissue secret set {account}`.",
        path = path.display()
    )]
    FileUnreadable {
        /// The account.
        account: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file could have been read or planted by somebody else.
    #[error(
        "account {account}: the password file {path} is not safe: expected a regular file that you own with \
         mode 0600, found {found}. If nobody else has read it, type `chmod 600 {path}`; else change the password.",
        path = path.display()
    )]
    FileUnsafe {
        /// The account.
        account: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// A source gave no usable password.
    #[error(
        "account {account}: {origin} gave no usable password: expected one line of text, found {found}."
    )]
    Unusable {
        /// The account.
        account: String,
        /// The file, program or stream.
        origin: String,
        /// What came instead.
        found: String,
    },
    /// The helper program failed.
    #[error(
        "account {account}: the password program `{program}` {found}. Run it by hand: it must print the \
         password as its first line and exit with 0."
    )]
    Command {
        /// The account.
        account: String,
        /// The program, without its arguments.
        program: String,
        /// What it did.
        found: String,
    },
    /// The helper program did not end in time.
    #[error(
        "account {account}: the password program `{program}` did not end within {} s and was stopped. \
         It must not ask questions.",
        limit.as_secs()
    )]
    CommandSlow {
        /// The account.
        account: String,
        /// The program, without its arguments.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
    /// No keyring here.
    #[error(
        "this computer offers no keyring ({cause}). Give the account a password file instead (`password: \
         {{file: PATH}}` with mode 0600), or a program (`password: {{command: [prog, arg]}}`), or \
         pass its password with `--password-stdin ACCOUNT`."
    )]
    NoKeyring {
        /// What the system said.
        cause: String,
    },
    /// The keyring has no such entry.
    #[error(
        "account {account}: the keyring holds no password for it. Type `reissue secret set {account}`."
    )]
    NotInKeyring {
        /// The account.
        account: String,
    },
    /// The keyring refused.
    #[error(
        "account {account}: the keyring answered: {cause}. Unlock it and try again, or use a password file."
    )]
    Keyring {
        /// The account.
        account: String,
        /// What it said.
        cause: String,
    },
    /// The terminal could not be read.
    #[error(
        "the password could not be read from the terminal: {0}. Use `secret set ACCOUNT --stdin` where there is none."
    )]
    Terminal(io::Error),
}
