//! `secret`: passwords in the keyring of the operating system.

use serde::Serialize;

use crate::estate::{Account, PasswordSource};
use crate::model::AccountName;
use crate::secrets::{Keyring, prompt, read_line};

use super::exit::{CliError, Exit};
use super::output::Output;
use super::session::Session;

/// `secret set ACCOUNT`.
pub(super) fn set(
    session: &Session,
    output: Output,
    name: &str,
    from_stdin: bool,
) -> Result<Exit, CliError> {
    let (name, account) = account(session, name)?;
    if account.password != PasswordSource::Keyring {
        return Err(CliError::new(
            Exit::Usage,
            format!(
                "the estate file takes the password of {name} from elsewhere, not from the keyring"
            ),
        )
        .hint("remove `password` from the account in the estate file to use the keyring"));
    }
    let failed = |error| CliError::new(Exit::Failed, error);
    let keyring = Keyring::native().map_err(failed)?;
    let password = if from_stdin {
        read_line(&name, std::io::stdin().lock())
    } else {
        prompt(&name)
    };
    keyring
        .keep(&name, &password.map_err(failed)?)
        .map_err(failed)?;
    Ok(output.result(Exit::Done, &name, || {
        format!("The password of {name} is in the keyring.\n")
    }))
}

/// `secret list`.
pub(super) fn list(session: &Session, output: Output) -> Exit {
    #[derive(Serialize)]
    struct Row<'a> {
        account: &'a AccountName,
        user: &'a str,
        from: String,
        readable: bool,
        problem: Option<String>,
    }
    let rows: Vec<Row<'_>> = session
        .estate
        .accounts
        .iter()
        .map(|(name, account)| {
            let from = match &account.password {
                PasswordSource::Keyring => "the keyring".to_owned(),
                PasswordSource::File(path) => path.display().to_string(),
                PasswordSource::Command(words) => {
                    format!("program {}", words.first().map_or("", String::as_str))
                }
            };
            let read = session.source(name, account).read(name);
            let problem = read.err().map(|error| error.to_string());
            Row {
                account: name,
                user: &account.user,
                from,
                readable: problem.is_none(),
                problem,
            }
        })
        .collect();
    let exit = if rows.iter().all(|row| row.readable) {
        Exit::Done
    } else {
        Exit::Failed
    };
    output.result(exit, &rows, || {
        rows.iter()
            .map(|row| {
                let state = row.problem.as_deref().unwrap_or("there");
                format!(
                    "{:<24} user {:<16} {}: {state}\n",
                    row.account, row.user, row.from
                )
            })
            .collect()
    })
}

/// `secret remove ACCOUNT`.
pub(super) fn remove(session: &Session, output: Output, name: &str) -> Result<Exit, CliError> {
    let (name, _) = account(session, name)?;
    let failed = |error| CliError::new(Exit::Failed, error);
    Keyring::native()
        .map_err(failed)?
        .remove(&name)
        .map_err(failed)?;
    Ok(output.result(Exit::Done, &name, || {
        format!("The password of {name} is no longer in the keyring.\n")
    }))
}

fn account<'a>(session: &'a Session, name: &str) -> Result<(AccountName, &'a Account), CliError> {
    let known = session
        .estate
        .accounts
        .get_key_value(&AccountName::from(name));
    known
        .map(|(name, account)| (name.clone(), account))
        .ok_or_else(|| {
            let names: Vec<&str> = session
                .estate
                .accounts
                .keys()
                .map(AccountName::as_str)
                .collect();
            CliError::new(
                Exit::Usage,
                format!("the estate file has no account `{name}`"),
            )
            .hint(format!("it has {}", names.join(", ")))
        })
}
