//! Logins: two accounts, and the lock after three failures.

use std::sync::PoisonError;
use std::time::Duration;

use crate::log::{Channel, Kind, Place};
use crate::world::{Account, World};

/// Failed logins that lock an account.
///
/// claim: CUCM-ACCOUNT-LOCKOUT
const ATTEMPTS: u32 = 3;

/// How long the lock holds, before scaling.
const LOCKED_FOR: Duration = Duration::from_mins(5);

impl World {
    /// Whether these credentials open this account on this node. Logs the attempt without the password, counts
    /// failures, and refuses a locked account like a wrong password.
    ///
    /// claim: CUCM-REST-LOCKOUT-COUNTS, CUCM-SOAP-ACCOUNT
    pub fn login(
        &self,
        place: &Place,
        account: Account,
        user: &str,
        password: &str,
        channel: Channel,
    ) -> bool {
        self.scene(|scene| {
            let now = scene.now.ms;
            let until = now.saturating_add(
                u64::try_from(self.scaled(LOCKED_FOR).as_millis()).unwrap_or(u64::MAX),
            );
            let Some(cluster) = scene.cluster(place) else {
                return false;
            };
            let expected = match account {
                Account::Platform => &cluster.accounts.platform,
                Account::Application => &cluster.accounts.application,
            };
            let matches = expected.user == user && expected.password == password;
            let Some(node) = cluster.node_mut(&place.node) else {
                return false;
            };
            let locks = node.lockout_enabled && account == Account::Platform;
            let lockout = node.lockouts.entry(user.to_owned()).or_default();
            let locked = locks && now < lockout.locked_until_ms;
            let good = matches && !locked;
            if good {
                lockout.failed = 0;
            } else {
                lockout.failed += 1;
                lockout.failed_ever += 1;
                if locks && lockout.failed >= ATTEMPTS {
                    lockout.locked_until_ms = until;
                }
            }
            let failures = lockout.failed_ever;
            let word = match (good, locked) {
                (true, _) => "ok",
                (false, true) => "refused, the account is locked",
                (false, false) => "failed",
            };
            scene.note(place, channel, Kind::Login, word, &format!("user={user}"));
            if !good && failures == 2 {
                let detail =
                    format!("user={user}: a second failed login; accounts lock after {ATTEMPTS}");
                scene.note(
                    place,
                    channel,
                    Kind::Violation,
                    "more-than-one-failed-login",
                    &detail,
                );
            }
            good
        })
    }

    /// Opens a SOAP session and answers its token. A restart of Cisco Tomcat ends it.
    ///
    /// claim: CUCM-SOAP-SSO-COOKIE
    pub(crate) fn open_session(&self, place: &Place) -> String {
        let token = format!("{:032X}", rand::random::<u128>());
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert((place.clone(), token.clone()));
        token
    }

    /// Whether a token continues a session on this node.
    pub(crate) fn has_session(&self, place: &Place, token: &str) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.contains(&(place.clone(), token.to_owned()))
    }

    /// Ends every session on a node.
    pub(crate) fn end_sessions(&self, place: &Place) {
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(held_at, _)| held_at != place);
    }
}
