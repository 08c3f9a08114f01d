//! A node's inventory, and the name and the clock that are told with it: by the certificate interface, or by the shell.

use jiff::Timestamp;

use super::ask::{AskError, fact, noted};
use super::decode::excerpt;
use super::decode::shell;
use super::decode::snapshot::{Snapshot, snapshot};
use super::node::{NodeClient, when};
use super::problems::Problems;
use super::requests::rest;
use crate::model::Observed;
use crate::transport::ssh::ReadCommand;

/// What tells the inventory, and with it the node's name and clock.
pub(super) struct Interface {
    pub(super) name: Observed<String>,
    pub(super) clock_skew: Observed<i64>,
    /// `None` where only the others were asked for.
    pub(super) snapshot: Option<Result<Snapshot, String>>,
}

impl NodeClient {
    /// Fetches the inventory; the node's clock is the header `Date` of the answer.
    // claim: CUCM-REST-PER-NODE, CUCM-REST-SNAPSHOT
    pub(super) async fn interface(&self, problems: &Problems, whole: bool) -> Interface {
        let node = &self.access.name;
        match self.snapshot().await {
            Ok((snapshot, clock_skew)) => Interface {
                name: snapshot
                    .server
                    .clone()
                    .ok_or_else(|| format!("{node}: the inventory does not name its server"))
                    .into(),
                clock_skew,
                snapshot: whole.then_some(Ok(snapshot)),
            },
            Err(error) => {
                let why = noted(problems, node, &error);
                Interface {
                    name: Observed::Unknown(why.clone()),
                    clock_skew: Observed::Unknown(why.clone()),
                    snapshot: Some(Err(why)),
                }
            }
        }
    }

    async fn snapshot(&self) -> Result<(Snapshot, Observed<i64>), AskError> {
        let sent = self.clock.now();
        let reply = self.rest.get(rest::SNAPSHOT, &[]).await?;
        let clock_skew = skew(reply.date.as_deref(), sent, self.clock.now()).into();
        let snapshot = snapshot(&reply.body).map_err(AskError::decode(&self.access.name))?;
        Ok((snapshot, clock_skew))
    }

    /// The same from the shell. What its commands print of the time is not known, so the clock is left to
    /// [`Self::services_and_clock`].
    pub(super) async fn interface_by_shell(&self, problems: &Problems, whole: bool) -> Interface {
        let node = &self.access.name;
        let name = self.read(&ReadCommand::Status, shell::host_name).await;
        let snapshot = when(whole, self.inventory_by_shell()).await;
        Interface {
            name: fact(problems, node, name),
            clock_skew: Observed::default(),
            snapshot: snapshot.map(|read| read.map_err(|error| noted(problems, node, &error))),
        }
    }
}

/// The node's clock minus ours. `Date` has whole seconds and is written while the answer is made, so this is
/// right to within a second and half of the time that the answer took.
pub(in crate::driver) fn skew(
    date: Option<&str>,
    sent: Timestamp,
    received: Timestamp,
) -> Result<i64, String> {
    let date = date.ok_or("the answer has no header Date, so the node's clock is not known")?;
    let there = jiff::fmt::rfc2822::parse(date)
        .map_err(|_| format!("the header Date is {}, which is no date", excerpt(date)))?
        .timestamp();
    let middle = i64::midpoint(sent.as_second(), received.as_second());
    Ok(there.as_second() - middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_difference_is_taken_at_the_middle_of_the_exchange() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (sent, received) = (at("2026-11-22T05:00:00Z"), at("2026-11-22T05:00:10Z"));
        let cases = [
            (Some("Sun, 22 Nov 2026 05:00:05 GMT"), Some(0)),
            (Some("Sun, 22 Nov 2026 04:59:05 GMT"), Some(-60)),
            (Some("Sun, 22 Nov 2026 05:05:05 GMT"), Some(300)),
            (Some("yesterday"), None),
            (None, None),
        ];
        for (date, expected) in cases {
            assert_eq!(skew(date, sent, received).ok(), expected, "{date:?}");
        }
    }
}
