//! Ranges of releases in words.

use crate::model::{Release, ReleaseRange};

type Level = (u32, u32, u32);

/// Reads a range of releases, both ends inclusive.
///
/// | words | covers |
/// |---|---|
/// | `14` | every release whose number begins with 14, with every service update |
/// | `12.5` | 12.5 with every service update |
/// | `14SU2` | exactly 14 SU2; `14SU0` is 14 without a service update |
/// | `14SU1..` | 14 SU1 and everything later |
/// | `..12.5` | everything up to the last service update of 12.5 |
/// | `12.5..14` | from 12.5 without a service update to the last service update of 14 |
/// | `..` | every release |
///
/// # Errors
/// A sentence that says what was expected.
pub(super) fn parse(text: &str) -> Result<ReleaseRange, String> {
    let wrong = || {
        format!(
            "`{text}` is not a range of releases; write it like 14, 12.5, 14SU2, 14SU1.., ..12.5 or 12.5..14"
        )
    };
    let end = |text: &str| -> Result<Option<(Level, Level)>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        release(text).map(Some).ok_or_else(wrong)
    };
    let range = match text.split_once("..") {
        None => {
            let (first, last) = release(text).ok_or_else(wrong)?;
            ReleaseRange {
                from: Some(first),
                to: Some(last),
            }
        }
        Some((from, to)) => ReleaseRange {
            from: end(from)?.map(|(first, _)| first),
            to: end(to)?.map(|(_, last)| last),
        },
    };
    match (range.from, range.to) {
        (Some(from), Some(to)) if from > to => Err(format!("`{text}` ends before it begins")),
        _ => Ok(range),
    }
}

/// The first and the last level that a release's name covers.
fn release(text: &str) -> Option<(Level, Level)> {
    let number = |text: &str| -> Option<u32> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (name, update) = match text.split_once("SU") {
        Some((name, update)) => (name, Some(number(update)?)),
        None => (text, None),
    };
    let (major, minor) = match name.split_once('.') {
        Some((major, minor)) => (number(major)?, Some(number(minor)?)),
        None => (number(name)?, None),
    };
    match (minor, update) {
        (minor, Some(update)) => {
            let level = (major, minor.unwrap_or(0), update);
            Some((level, level))
        }
        (Some(minor), None) => Some(((major, minor, 0), (major, minor, u32::MAX))),
        (None, None) => Some(((major, 0, 0), (major, u32::MAX, u32::MAX))),
    }
}

/// Whether a release lies in both.
pub(super) fn overlap(one: &ReleaseRange, other: &ReleaseRange) -> bool {
    let begins_in_time = |from: Option<Level>, to: Option<Level>| match (from, to) {
        (Some(from), Some(to)) => from <= to,
        _ => true,
    };
    begins_in_time(one.from, other.to) && begins_in_time(other.from, one.to)
}

/// The releases that facts speak of, with more service updates than there are.
/// Source: cucm-certificate-rules §8.
const BASES: [(u32, u32); 7] = [
    (10, 5),
    (11, 0),
    (11, 5),
    (12, 0),
    (12, 5),
    (14, 0),
    (15, 0),
];
const UPDATES: u32 = 20;

/// The first release, by its name, that a test picks out.
pub(super) fn first(picks: impl Fn(&Release) -> bool) -> Option<String> {
    let levels = BASES
        .iter()
        .flat_map(|(major, minor)| (0..UPDATES).map(|update| (*major, *minor, update)));
    levels
        .filter(|level| at(*level).is_some_and(|release| picks(&release)))
        .map(name)
        .next()
}

/// A release by its printed form (`14.0.1.13900-155`) or its name (`14SU3`, `12.5`; without an update the first of it).
///
/// # Errors
/// A sentence that says what was expected.
pub fn release_named(text: &str) -> Result<Release, String> {
    Release::parse(text)
        .ok()
        .or_else(|| release(text).and_then(|(first, _)| at(first)))
        .ok_or_else(|| format!("`{text}` is not a release such as 12.5, 14SU3 or 14.0.1.13900-155"))
}

fn at((major, minor, update): Level) -> Option<Release> {
    let build = update.checked_add(10)?.checked_mul(1000)?;
    Release::parse(&format!("{major}.{minor}.1.{build}-0")).ok()
}

fn name((major, minor, update): Level) -> String {
    let mut text = major.to_string();
    if minor > 0 && minor < u32::MAX {
        text.push_str(&format!(".{minor}"));
    }
    if update > 0 && update < u32::MAX {
        text.push_str(&format!("SU{update}"));
    }
    text
}

/// A range for people: `12.5`, `14SU1 to 15`, `14 and later`, `14 without a service update`.
pub fn range_words(range: &ReleaseRange) -> String {
    match (range.from, range.to) {
        (None, None) => "every release".to_owned(),
        (None, Some((0, 0, 0))) => "no release".to_owned(),
        (None, Some(to)) => format!("up to {}", name(to)),
        (Some(from), None) => format!("{} and later", name(from)),
        (Some(from), Some(to)) if from == to && from.2 == 0 => {
            format!("{} without a service update", name(from))
        }
        (Some(from), Some(to)) if name(from) == name(to) => name(from),
        (Some(from), Some(to)) => format!("{} to {}", name(from), name(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_range_in_words() {
        let rows = [
            ("12.5", "12.5"),
            ("14..15", "14 to 15"),
            ("14SU1..15", "14SU1 to 15"),
            ("14SU2", "14SU2"),
            ("14SU0", "14 without a service update"),
            ("14..", "14 and later"),
            ("..12.5", "up to 12.5"),
            ("..", "every release"),
        ];
        for (written, told) in rows {
            assert_eq!(range_words(&parse(written).unwrap()), told);
        }
    }

    #[test]
    fn takes_a_release_by_name_and_as_printed() {
        let level = |text: &str| release_named(text).map(|release| release.level());
        assert_eq!(level("14SU3"), Ok((14, 0, 3)));
        assert_eq!(level("12.5"), Ok((12, 5, 0)));
        assert_eq!(level("14.0.1.13900-155"), Ok((14, 0, 3)));
        assert!(level("14 SU3").unwrap_err().contains("is not a release"));
        assert!(level("14SU4294967295").is_err());
    }

    #[test]
    fn finds_the_first_release_of_a_kind() {
        assert_eq!(
            first(|release| release.level() > (14, 0, 1)).as_deref(),
            Some("14SU2")
        );
        assert_eq!(first(|_| false), None);
    }

    #[test]
    fn covers_what_the_table_says() {
        let releases = [
            ("11.5", "11.5.1.10000-6"),
            ("12.5", "12.5.1.10000-22"),
            ("12.5SU3", "12.5.1.13900-152"),
            ("14", "14.0.1.10000-20"),
            ("14SU1", "14.0.1.11900-132"),
            ("14SU3", "14.0.1.13900-155"),
            ("15SU2", "15.0.1.12900-234"),
        ];
        let rows = [
            ("14", "14 14SU1 14SU3"),
            ("12.5", "12.5 12.5SU3"),
            ("14SU1", "14SU1"),
            ("12.5SU3", "12.5SU3"),
            ("14SU1..", "14SU1 14SU3 15SU2"),
            ("..12.5", "11.5 12.5 12.5SU3"),
            ("12.5..14", "12.5 12.5SU3 14 14SU1 14SU3"),
            ("12.5..14SU1", "12.5 12.5SU3 14 14SU1"),
            ("..", "11.5 12.5 12.5SU3 14 14SU1 14SU3 15SU2"),
        ];
        for (words, expected) in rows {
            let range = parse(words).unwrap();
            let covered: Vec<&str> = releases
                .iter()
                .filter(|(_, printed)| range.contains(&Release::parse(printed).unwrap()))
                .map(|(name, _)| *name)
                .collect();
            assert_eq!(covered.join(" "), expected, "{words}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for words in [
            "", "x", "14su1", "14 SU1", "14.", "14.0.1", "14SU", "SU1", "-1", "14...15", "14..x",
            "+14",
        ] {
            assert!(
                parse(words).unwrap_err().contains("is not a range"),
                "{words}"
            );
        }
        assert_eq!(
            parse("15..14").unwrap_err(),
            "`15..14` ends before it begins"
        );
    }

    #[test]
    fn knows_what_overlaps() {
        let rows = [
            ("14", "14SU1..", true),
            ("12.5", "14", false),
            ("..12.5", "12.5SU3..", true),
            ("..", "14", true),
            ("14..15", "15", true),
            ("..12.5", "14..", false),
        ];
        for (one, other, expected) in rows {
            let (one, other) = (parse(one).unwrap(), parse(other).unwrap());
            assert_eq!(overlap(&one, &other), expected);
            assert_eq!(overlap(&other, &one), expected);
        }
    }
}
