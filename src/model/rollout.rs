//! Which clusters change when, and how many at once.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::{Time, Weekday};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::ClusterName;

/// One wave of clusters; the next begins when it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    /// Its name.
    pub name: String,
    /// Its clusters.
    pub clusters: BTreeSet<ClusterName>,
    /// How many of them change at once; at least 1.
    pub parallel: u32,
    /// After how many failed clusters no other is begun; at least 1.
    pub max_failures: u32,
}

/// One weekly change window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The clusters that it binds.
    pub clusters: BTreeSet<ClusterName>,
    /// The days on which it opens, Monday first.
    pub days: Vec<Weekday>,
    /// When it opens, in its time zone.
    pub from: Time,
    /// How long it stays open; at most a week.
    pub lasts: Duration,
    /// Its IANA time zone, one that this computer knows.
    pub zone: String,
}

impl Window {
    /// When the window closes that is open at a moment; `None` if it is shut then.
    pub fn closes(&self, at: Timestamp) -> Option<Timestamp> {
        let ends = |opens: Timestamp| opens.checked_add(self.lasts).ok();
        self.openings(at)
            .filter(|opens| *opens <= at)
            .filter_map(ends)
            .filter(|closes| at < *closes)
            .max()
    }

    /// When it opens next after a moment.
    pub fn opens(&self, after: Timestamp) -> Option<Timestamp> {
        self.openings(after).filter(|opens| after < *opens).min()
    }

    /// Every opening from a week before a moment to a week behind it. A time of day that a change of clocks
    /// leaves out is moved forward by the gap.
    fn openings(&self, around: Timestamp) -> impl Iterator<Item = Timestamp> {
        let local: Option<Zoned> = around.in_tz(&self.zone).ok();
        let day = move |offset: i64| {
            let days = SignedDuration::from_hours(24 * offset);
            let date = local.as_ref()?.date().checked_add(days).ok()?;
            self.days
                .contains(&date.weekday())
                .then(|| date.to_datetime(self.from).in_tz(&self.zone).ok())?
                .map(|zoned| zoned.timestamp())
        };
        (-8..=8).filter_map(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saturday_night() -> Window {
        Window {
            clusters: BTreeSet::new(),
            days: vec![Weekday::Saturday],
            from: Time::constant(22, 0, 0, 0),
            lasts: Duration::from_hours(6),
            zone: "Europe/Brussels".to_owned(),
        }
    }

    #[test]
    fn a_window_that_passes_midnight_is_open_on_both_days() {
        // 2026-11-21 is a Saturday; Brussels is an hour ahead of UTC then.
        let rows = [
            ("2026-11-21T20:59:59Z", None),
            ("2026-11-21T21:00:00Z", Some("2026-11-22T03:00:00Z")),
            ("2026-11-22T02:59:59Z", Some("2026-11-22T03:00:00Z")),
            ("2026-11-22T03:00:00Z", None),
            // Clocks go forward on 2026-03-29 at 02:00: the window still lasts six hours.
            ("2026-03-29T02:59:59Z", Some("2026-03-29T03:00:00Z")),
        ];
        for (at, closes) in rows {
            let at: Timestamp = at.parse().unwrap();
            let closes: Option<Timestamp> = closes.map(|closes| closes.parse().unwrap());
            assert_eq!(saturday_night().closes(at), closes, "{at}");
        }
    }

    #[test]
    fn the_next_opening_is_at_most_a_week_away() {
        let open: Timestamp = "2026-11-21T21:00:00Z".parse().unwrap();
        let next: Timestamp = "2026-11-28T21:00:00Z".parse().unwrap();
        assert_eq!(saturday_night().opens(open), Some(next));
    }
}
