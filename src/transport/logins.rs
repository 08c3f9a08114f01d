//! Keeps a wrong password from locking accounts: nodes lock one after three failures (cucm-rest-and-cli §1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::model::{AccountName, NodeName};

use super::{Endpoint, Login, TransportError};

/// Remembers which node accepted or refused which account, over all channels of this process.
///
/// While no node has accepted an account, its logins go one at a time, and the first refusal holds the account back
/// from every other node: one wrong password costs one failure in the whole estate. Once a node has accepted it, the
/// others are tried at the same time, and a refusal counts for that node alone: credentials may differ per
/// node. Nothing is ever tried again after a refusal.
#[derive(Clone, Debug, Default)]
pub struct LoginGuard {
    accounts: Arc<Mutex<BTreeMap<AccountName, Account>>>,
}

#[derive(Debug, Default)]
struct Account {
    accepted: BTreeSet<NodeName>,
    refused: BTreeMap<NodeName, String>,
    /// Held during a login while no node has accepted the account.
    first: Arc<tokio::sync::Mutex<()>>,
    /// Held during a login to a node that has not accepted it.
    nodes: BTreeMap<NodeName, Arc<tokio::sync::Mutex<()>>>,
}

/// Leave to log in once. Dropped without a verdict it leaves the question open.
#[derive(Debug)]
pub(crate) struct Attempt {
    guard: LoginGuard,
    account: AccountName,
    node: NodeName,
    /// Keeps others waiting until the verdict is known; `None` where the node accepted the account before.
    turn: Option<OwnedMutexGuard<()>>,
}

/// What the memory says about an account on a node.
enum Standing {
    Accepted,
    Open {
        turn: Arc<tokio::sync::Mutex<()>>,
        anywhere: bool,
    },
}

impl LoginGuard {
    /// Waits for its turn and gives leave to log in.
    ///
    /// # Errors
    /// [`TransportError::LoginHeld`] or [`TransportError::Unauthorized`] after a refusal.
    pub(crate) async fn attempt(
        &self,
        endpoint: &Endpoint,
        login: &Login,
    ) -> Result<Attempt, TransportError> {
        let attempt = |turn| Attempt {
            guard: self.clone(),
            account: login.account.clone(),
            node: endpoint.node.clone(),
            turn,
        };
        loop {
            let (turn, anywhere) = match self.standing(endpoint, login)? {
                Standing::Accepted => return Ok(attempt(None)),
                Standing::Open { turn, anywhere } => (turn, anywhere),
            };
            let held = turn.lock_owned().await;
            // Somebody else's verdict may have come while this one waited.
            match self.standing(endpoint, login)? {
                Standing::Accepted => return Ok(attempt(None)),
                Standing::Open { anywhere: now, .. } if now == anywhere => {
                    return Ok(attempt(Some(held)));
                }
                Standing::Open { .. } => {}
            }
        }
    }

    fn standing(&self, endpoint: &Endpoint, login: &Login) -> Result<Standing, TransportError> {
        let mut accounts = self.accounts();
        let account = accounts.entry(login.account.clone()).or_default();
        if let Some(found) = account.refused.get(&endpoint.node) {
            return Err(TransportError::Unauthorized {
                place: endpoint.place(),
                account: login.account.to_string(),
                found: format!("{found} (earlier in this run)"),
            });
        }
        if account.accepted.contains(&endpoint.node) {
            return Ok(Standing::Accepted);
        }
        if !account.accepted.is_empty() {
            let turn = account.nodes.entry(endpoint.node.clone()).or_default();
            return Ok(Standing::Open {
                turn: Arc::clone(turn),
                anywhere: true,
            });
        }
        match account.refused.keys().next() {
            Some(first) => Err(TransportError::LoginHeld {
                place: endpoint.place(),
                account: login.account.to_string(),
                first: first.clone(),
            }),
            None => Ok(Standing::Open {
                turn: Arc::clone(&account.first),
                anywhere: false,
            }),
        }
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<AccountName, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The node accepted the account.
    pub(crate) fn accepted(self) {
        if self.turn.is_some() {
            let mut accounts = self.guard.accounts();
            let account = accounts.entry(self.account.clone()).or_default();
            account.accepted.insert(self.node.clone());
        }
    }

    /// The node refused the account, in these words.
    pub(crate) fn refused(self, found: &str) {
        let mut accounts = self.guard.accounts();
        let account = accounts.entry(self.account.clone()).or_default();
        account.refused.insert(self.node.clone(), found.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Port;
    use crate::secrets::Secret;

    use super::*;

    fn endpoint(node: &str) -> Endpoint {
        Endpoint {
            node: NodeName::from(node),
            host: "127.0.0.1".into(),
            port: 1,
            standard: Port::Rest,
        }
    }

    fn login() -> Login {
        Login {
            account: AccountName::new("hq"),
            user: "reissue".into(),
            password: Secret::new("wrong".into()),
        }
    }

    #[tokio::test]
    async fn the_first_refusal_holds_every_node() {
        let guard = LoginGuard::default();
        let first = guard.attempt(&endpoint("a"), &login()).await.unwrap();
        // Eleven others wait meanwhile and are all turned away.
        let waiting: Vec<_> = (0..11)
            .map(|number| {
                let guard = guard.clone();
                tokio::spawn(async move {
                    let node = endpoint(&format!("n{number}"));
                    guard.attempt(&node, &login()).await.map(|_| ())
                })
            })
            .collect();
        tokio::task::yield_now().await;
        first.refused("HTTP 401");
        for task in waiting {
            let error = task.await.unwrap().unwrap_err();
            assert!(matches!(error, TransportError::LoginHeld { .. }), "{error}");
        }
        let again = guard.attempt(&endpoint("a"), &login()).await.unwrap_err();
        assert!(matches!(again, TransportError::Unauthorized { .. }));
    }

    #[tokio::test]
    async fn a_proved_account_is_refused_by_one_node_only() {
        let guard = LoginGuard::default();
        let attempt = guard.attempt(&endpoint("a"), &login()).await.unwrap();
        attempt.accepted();
        // Two nodes at the same time now.
        let b = guard.attempt(&endpoint("b"), &login()).await.unwrap();
        let c = guard.attempt(&endpoint("c"), &login()).await.unwrap();
        b.refused("HTTP 401");
        c.accepted();
        assert!(guard.attempt(&endpoint("a"), &login()).await.is_ok());
        assert!(guard.attempt(&endpoint("b"), &login()).await.is_err());
        assert!(guard.attempt(&endpoint("d"), &login()).await.is_ok());
    }

    #[tokio::test]
    async fn an_open_outcome_lets_the_next_one_try() {
        let guard = LoginGuard::default();
        drop(guard.attempt(&endpoint("a"), &login()).await.unwrap());
        assert!(guard.attempt(&endpoint("b"), &login()).await.is_ok());
    }
}
