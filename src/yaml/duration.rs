//! Durations as people write them: `20m`, `1h30m`, `250ms`, `7d`.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// The units, longest first, with their milliseconds. A day is 24 hours.
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Ten years: longer is a slip.
const LONGEST: u64 = 3_660 * 24 * 3_600_000;

/// A duration that was not read yet, so that a wrong one is reported together with everything else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DurationText(pub String);

impl JsonSchema for DurationText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]+(w|d|h|ms|m|s))+$",
            "examples": ["20m", "1h30m", "250ms", "7d"]
        })
    }
}

/// Reads a duration: whole numbers, each with a unit of `w`, `d`, `h`, `m`, `s` or `ms`, longest unit first.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = |why: &str| {
        format!("`{text}` is not a duration: {why}; write it like 20m, 1h30m, 250ms or 7d")
    };
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    if rest.is_empty() {
        return Err(wrong("it is empty"));
    }
    while !rest.is_empty() {
        let (digits, after) = split_at_first(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_at_first(after, |c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(wrong("it does not start with a whole number"));
        }
        if unit.is_empty() {
            return Err(wrong(&format!("{digits} has no unit")));
        }
        if !UNITS.iter().any(|(name, _)| *name == unit) {
            return Err(wrong(&format!(
                "the units are w, d, h, m, s and ms, not `{unit}`"
            )));
        }
        let Some((_, factor)) = units.find(|(name, _)| *name == unit) else {
            return Err(wrong("each unit stands once, the longest first"));
        };
        total = digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*factor))
            .and_then(|part| total.checked_add(part))
            .filter(|sum| *sum <= LONGEST)
            .ok_or_else(|| wrong("it is longer than ten years"))?;
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

fn split_at_first(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        let rows = [
            ("0s", 0),
            ("250ms", 250),
            ("50ms", 50),
            ("20m", 1_200_000),
            ("1h30m", 5_400_000),
            ("1d2h3m4s5ms", 93_784_005),
            ("2w", 1_209_600_000),
        ];
        for (text, milliseconds) in rows {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let rows = [
            ("", "it is empty"),
            ("20", "20 has no unit"),
            ("m", "it does not start with a whole number"),
            ("-5m", "it does not start with a whole number"),
            ("20min", "not `min`"),
            ("1.5h", "not `.`"),
            ("5 m", "not ` m`"),
            ("30m1h", "the longest first"),
            ("1m1m", "the longest first"),
            ("11000d", "longer than ten years"),
            ("99999999999999999999d", "longer than ten years"),
        ];
        for (text, expected) in rows {
            let message = parse_duration(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
