//! Waves and windows.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::{Time, Weekday};

use super::Check;
use crate::estate::Rollout;
use crate::estate::raw::{RawEstate, RawWave, RawWindow, Word};
use crate::model::{ClusterName, Wave, Window};
use crate::yaml::{Placed, Problem};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

const WEEK: Duration = Duration::from_hours(7 * 24);

/// How many clusters change at once unless the file says otherwise. A choice: few enough to watch.
const PARALLEL: u32 = 8;
const MOST_PARALLEL: u32 = 64;

impl Check<'_> {
    pub(super) fn rollout(&mut self, estate: &RawEstate) -> Rollout {
        let raw = &estate.rollout;
        let names = estate
            .clusters
            .iter()
            .map(|cluster| ClusterName::new(cluster.name.as_str()));
        let every: BTreeSet<ClusterName> = names.collect();
        let parallel = self.number(raw.parallel_clusters.as_ref(), PARALLEL, MOST_PARALLEL);
        let max_failures = self.number(raw.max_failures.as_ref(), 1, u32::MAX);
        let windows = raw
            .windows
            .iter()
            .filter_map(|window| self.window(window, &every))
            .collect();
        if raw.waves.is_empty() {
            let all = Wave {
                name: "all".to_owned(),
                clusters: every,
                parallel,
                max_failures,
            };
            return Rollout {
                waves: vec![all],
                windows,
            };
        }
        let waves = self.waves(&raw.waves, &every, (parallel, max_failures));
        Rollout { waves, windows }
    }

    fn waves(
        &mut self,
        raw: &[RawWave],
        every: &BTreeSet<ClusterName>,
        (parallel, max_failures): (u32, u32),
    ) -> Vec<Wave> {
        let before = self.problems.len();
        let mut left = every.clone();
        let mut waves: Vec<Wave> = Vec::new();
        for wave in raw {
            self.short_name(&wave.name, "a wave");
            if waves.iter().any(|other| other.name == wave.name.value) {
                let message = format!("two waves are named `{}`", wave.name.value);
                self.problem(Problem::at(wave.name.place, message));
            }
            let asked = self.cluster_list(&wave.clusters, every);
            let clusters: BTreeSet<ClusterName> = asked.intersection(&left).cloned().collect();
            left.retain(|cluster| !clusters.contains(cluster));
            waves.push(Wave {
                name: wave.name.value.clone(),
                clusters,
                parallel: self.number(wave.parallel.as_ref(), parallel, MOST_PARALLEL),
                max_failures: self.number(wave.max_failures.as_ref(), max_failures, u32::MAX),
            });
        }
        let sound = self.problems.len() == before;
        if let (true, false, Some(last)) = (sound, left.is_empty(), raw.last()) {
            let left: Vec<&str> = left.iter().map(ClusterName::as_str).collect();
            let message = format!("no wave has {}", left.join(", "));
            self.problem(
                Problem::at(last.clusters.place, message)
                    .help("a cluster in no wave would never change; end with a wave of [\"*\"]"),
            );
        }
        waves
    }

    fn window(&mut self, raw: &RawWindow, every: &BTreeSet<ClusterName>) -> Option<Window> {
        let clusters = self.cluster_list(&raw.clusters, every);
        if raw.days.is_empty() {
            self.problem(Problem::at(raw.days.place, "the window opens on no day"));
        }
        for day in &raw.days.value {
            self.chosen(day, "a day", &DAYS);
        }
        let written = |name: &str| raw.days.iter().any(|day| day.value == name);
        let days = DAYS
            .into_iter()
            .filter(|(name, _)| written(name))
            .map(|(_, day)| day);
        let from = self.time(&raw.from);
        let lasts = self.duration(&raw.lasts);
        if lasts.is_some_and(|lasts| lasts > WEEK) {
            self.problem(Problem::at(
                raw.lasts.place,
                "a weekly window lasts a week at most",
            ));
        }
        if jiff::tz::TimeZone::get(&raw.zone).is_err() {
            let message = format!(
                "`{}` is not a time zone that this computer knows",
                raw.zone.value
            );
            self.problem(
                Problem::at(raw.zone.place, message)
                    .help("use an IANA name such as Europe/Brussels or UTC"),
            );
        }
        Some(Window {
            clusters,
            days: days.collect(),
            from: from?,
            lasts: lasts?,
            zone: raw.zone.value.clone(),
        })
    }

    /// `22:00`: two digits, a colon, two digits.
    fn time(&mut self, word: &Word) -> Option<Time> {
        let parsed = word.split_once(':').and_then(|(hour, minute)| {
            let number = |text: &str| {
                let two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
                two.then(|| text.parse().ok()).flatten()
            };
            Time::new(number(hour)?, number(minute)?, 0, 0).ok()
        });
        if parsed.is_none() {
            let message = format!("`{}` is not a time of day", word.value);
            self.problem(Problem::at(word.place, message).help("write it as \"22:00\""));
        }
        parsed
    }

    fn cluster_list(
        &mut self,
        list: &Placed<Vec<Word>>,
        every: &BTreeSet<ClusterName>,
    ) -> BTreeSet<ClusterName> {
        if list.is_empty() {
            self.problem(Problem::at(list.place, "the list names no cluster"));
        }
        let mut found = BTreeSet::new();
        for word in &list.value {
            if word.value == "*" {
                found.extend(every.iter().cloned());
            } else if self.known(
                word,
                "a cluster of this file",
                every.iter().map(ClusterName::as_str),
            ) {
                found.insert(ClusterName::new(word.as_str()));
            }
        }
        found
    }

    fn number(&mut self, written: Option<&Placed<u32>>, default: u32, most: u32) -> u32 {
        let Some(number) = written else {
            return default;
        };
        if number.value == 0 || number.value > most {
            let range = if most == u32::MAX {
                "at least 1".to_owned()
            } else {
                format!("from 1 to {most}")
            };
            let message = format!("expected a number {range}, found {}", number.value);
            self.problem(Problem::at(number.place, message));
            return default;
        }
        number.value
    }
}
