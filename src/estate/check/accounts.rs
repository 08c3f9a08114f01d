//! Accounts, and which of them a cluster is asked by.

use std::collections::BTreeMap;

use super::Check;
use crate::estate::raw::{Named, RawAccount, RawAccounts, RawPassword, Word};
use crate::estate::{Account, Accounts, PasswordSource};
use crate::model::{AccountName, Product};
use crate::yaml::{Placed, Problem};

impl Check<'_> {
    /// The accounts of a cluster: those that its product has and no others. Without a product each is only looked up.
    pub(super) fn cluster_accounts(
        &mut self,
        raw: &Placed<RawAccounts>,
        product: Option<Product>,
        accounts: &Named<RawAccount>,
    ) -> Option<Accounts> {
        let written = [
            ("platform", raw.platform.as_ref()),
            ("application", raw.application.as_ref()),
            ("administrator", raw.administrator.as_ref()),
            ("shell", raw.shell.as_ref()),
        ];
        for account in written.iter().filter_map(|(_, account)| *account) {
            let known = accounts.keys().map(|name| name.as_str());
            self.known(account, "an account of this file", known);
        }
        let product = product?;
        let wanted: &[&str] = match product {
            Product::Cucm | Product::UnityConnection => &["platform", "application"],
            Product::ExpresswayC | Product::ExpresswayE => &["administrator"],
        };
        let may: &[&str] = match product {
            Product::Cucm | Product::UnityConnection => &[],
            Product::ExpresswayC | Product::ExpresswayE => &["shell"],
        };
        let help = format!("{product} is asked by: {}", wanted.join(" and "));
        for (name, account) in written {
            match account {
                Some(account) if !wanted.contains(&name) && !may.contains(&name) => {
                    let message = format!("{product} has no {name} account");
                    self.problem(Problem::at(account.place, message).help(help.clone()));
                }
                None if wanted.contains(&name) => {
                    let message = format!("the {name} account of this {product} is missing");
                    self.problem(Problem::at(raw.place, message).help(help.clone()));
                }
                Some(_) | None => {}
            }
        }
        let name = |word: Option<&Word>| word.map(|word| AccountName::new(word.as_str()));
        match product {
            Product::Cucm | Product::UnityConnection => Some(Accounts::Platform {
                platform: name(raw.platform.as_ref())?,
                application: name(raw.application.as_ref())?,
            }),
            Product::ExpresswayC | Product::ExpresswayE => Some(Accounts::Expressway {
                administrator: name(raw.administrator.as_ref())?,
                shell: name(raw.shell.as_ref()),
            }),
        }
    }

    pub(super) fn accounts(&mut self, raw: &Named<RawAccount>) -> BTreeMap<AccountName, Account> {
        let mut accounts = BTreeMap::new();
        for (name, account) in raw {
            self.short_name(name, "an account");
            if account.user.trim().is_empty() {
                self.problem(Problem::at(account.user.place, "the user's name is empty"));
            }
            let password = match &account.password {
                None => Some(PasswordSource::Keyring),
                Some(password) => self.password(password),
            };
            if let Some(password) = password {
                let user = account.user.value.clone();
                let account = Account { user, password };
                accounts.insert(AccountName::new(name.as_str()), account);
            }
        }
        accounts
    }

    fn password(&mut self, raw: &Placed<RawPassword>) -> Option<PasswordSource> {
        let placed = |value| Placed {
            value,
            place: raw.place,
        };
        match &raw.value {
            RawPassword::File(path) => self.path(&placed(path.clone())).map(PasswordSource::File),
            RawPassword::Command(command) => {
                let command = Placed {
                    value: command.clone(),
                    place: raw.place,
                };
                self.command(&command).map(PasswordSource::Command)
            }
            RawPassword::Other => {
                self.problem(
                    Problem::at(raw.place, "expected where the password is, not the password")
                        .help(
                            "write {file: PATH} or {command: [PROGRAM, ARGUMENT…]}, or leave it out and \
                             use `reissue secret set`; change a password that stood here",
                        ),
                );
                None
            }
        }
    }
}
