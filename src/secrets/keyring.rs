//! The operating system's keyring, under the service name `reissue` and the account's name as the user.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};

use crate::model::AccountName;

use super::{Secret, SecretError};

/// The name under which entries are kept.
const SERVICE: &str = "reissue";

/// A store of passwords.
#[derive(Clone, Debug)]
pub struct Keyring {
    store: Arc<CredentialStore>,
}

impl Keyring {
    /// The keyring of this login session.
    ///
    /// # Errors
    /// [`SecretError::NoKeyring`] on a computer without one, such as a server without a desktop session.
    pub fn native() -> Result<Self, SecretError> {
        let status = keyring::Entry::store_status();
        let cause = status.as_ref().err().map(ToString::to_string);
        match (cause, keyring_core::get_default_store()) {
            (None, Some(store)) => Ok(Self { store }),
            (cause, _) => Err(SecretError::NoKeyring {
                cause: cause.unwrap_or_else(|| "no store is set".to_owned()),
            }),
        }
    }

    /// A given store, so that tests need no desktop session.
    #[cfg(test)]
    pub(crate) fn over(store: Arc<CredentialStore>) -> Self {
        Self { store }
    }

    /// Reads an account's password.
    ///
    /// # Errors
    /// [`SecretError::NotInKeyring`] if there is none, [`SecretError::Keyring`] if the store refuses.
    pub fn read(&self, account: &AccountName) -> Result<Secret, SecretError> {
        self.entry(account)?
            .get_password()
            .map(Secret::new)
            .map_err(|error| refused(account, &error))
    }

    /// Keeps an account's password, replacing the one before.
    ///
    /// # Errors
    /// [`SecretError::Keyring`] if the store refuses or does not give the password back.
    pub fn keep(&self, account: &AccountName, password: &Secret) -> Result<(), SecretError> {
        self.entry(account)?
            .set_password(password.expose())
            .map_err(|error| refused(account, &error))?;
        // Some stores accept and forget; find out now rather than in the change window.
        if self.read(account)?.expose() == password.expose() {
            Ok(())
        } else {
            Err(SecretError::Keyring {
                account: account.to_string(),
                cause: "it accepted the password but gave back another one".to_owned(),
            })
        }
    }

    /// Removes an account's password.
    ///
    /// # Errors
    /// [`SecretError::NotInKeyring`] if there is none, [`SecretError::Keyring`] if the store refuses.
    pub fn remove(&self, account: &AccountName) -> Result<(), SecretError> {
        self.entry(account)?
            .delete_credential()
            .map_err(|error| refused(account, &error))
    }

    fn entry(&self, account: &AccountName) -> Result<Entry, SecretError> {
        self.store
            .build(SERVICE, account.as_str(), None)
            .map_err(|error| refused(account, &error))
    }
}

fn refused(account: &AccountName, error: &Error) -> SecretError {
    let account = account.to_string();
    // Exhaustive by intent where the text could carry the password: those two hold the raw bytes.
    match error {
        Error::NoEntry => SecretError::NotInKeyring { account },
        Error::BadEncoding(_) | Error::BadDataFormat(..) => SecretError::Keyring {
            account,
            cause: "the entry is not text".to_owned(),
        },
        other => SecretError::Keyring {
            account,
            cause: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_reads_and_removes() {
        let keyring = Keyring::over(keyring_core::mock::Store::new().unwrap());
        let account = AccountName::new("hq-platform");
        assert!(matches!(
            keyring.read(&account),
            Err(SecretError::NotInKeyring { .. })
        ));
        keyring
            .keep(&account, &Secret::new("Night-Shift-7".into()))
            .unwrap();
        assert_eq!(keyring.read(&account).unwrap().expose(), "Night-Shift-7");
        keyring.remove(&account).unwrap();
        let text = keyring.read(&account).unwrap_err().to_string();
        assert!(text.contains("reissue secret set hq-platform"), "{text}");
    }

    #[test]
    fn a_locked_store_is_not_an_empty_one() {
        let store = keyring_core::mock::Store::new().unwrap();
        let keyring = Keyring::over(store);
        let account = AccountName::new("hq-platform");
        let entry = keyring.entry(&account).unwrap();
        let credential: &keyring_core::mock::Cred = entry.as_any().downcast_ref().unwrap();
        credential.set_error(Error::NoStorageAccess("locked".into()));
        assert!(matches!(
            keyring.read(&account),
            Err(SecretError::Keyring { .. })
        ));
    }
}
