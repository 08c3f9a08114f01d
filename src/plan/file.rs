//! The plan file: `{"digest": …, "plan": {…}}`. The digest is what a person approves; it is taken over the
//! plan's canonical JSON (members sorted, no white space), so that any edit shows.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::Fingerprint;

use super::step::{PLAN_FORMAT, Plan};

/// A file longer than this, in bytes, is refused unread. A plan of 100 clusters with 8 nodes is about 32 MiB.
pub const LONGEST_FILE: usize = 64 * 1024 * 1024;

/// Why a plan file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is too long.
    #[error(
        "expected a plan file of at most {LONGEST_FILE} bytes, found {0}; make a new plan with `reissue plan`"
    )]
    TooLong(usize),
    /// It is not JSON, or ends too early.
    #[error(
        "expected a plan file, found text that is not complete JSON; make a new plan with `reissue plan`"
    )]
    NotJson(#[source] serde_json::Error),
    /// It is JSON of another shape.
    #[error(
        "expected {{\"digest\": …, \"plan\": …}} as `reissue plan -o` writes it; make a new plan"
    )]
    NotAPlan(#[source] serde_json::Error),
    /// Another release wrote it.
    #[error("expected plan format {PLAN_FORMAT}, found {0}; plan again with this release")]
    OtherFormat(String),
    /// It was changed after it was made.
    #[error(
        "expected the digest {expected}, found {found}: the plan was edited after it was made; plan again"
    )]
    Edited {
        /// The digest of what the file holds.
        expected: String,
        /// The digest that the file states.
        found: String,
    },
    /// It holds members or values that this release does not know.
    #[error(
        "expected only members and values that this release knows; plan again with this release"
    )]
    Unreadable(#[source] serde_json::Error),
    /// It could not be turned into text. A fault of this program.
    #[error("the plan could not be written as JSON, which is a fault of reissue; please report it")]
    NotWritable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    digest: String,
    plan: Map<String, Value>,
}

/// The digest by which a plan is approved.
///
/// # Errors
/// [`PlanFileError::NotWritable`].
pub fn digest(plan: &Plan) -> Result<Fingerprint, PlanFileError> {
    Ok(digest_of(&value_of(plan)?))
}

/// A digest without the moments at which the plan was made and ends: planning the same again gives the same.
///
/// # Errors
/// [`PlanFileError::NotWritable`].
pub fn content_digest(plan: &Plan) -> Result<Fingerprint, PlanFileError> {
    let mut value = value_of(plan)?;
    if let Value::Object(members) = &mut value {
        members.remove("made");
        members.remove("valid_until");
    }
    Ok(digest_of(&value))
}

/// The text of a plan file.
///
/// # Errors
/// [`PlanFileError::NotWritable`].
pub fn save(plan: &Plan) -> Result<String, PlanFileError> {
    let plan = value_of(plan)?;
    let mut members = Map::new();
    members.insert(
        "digest".to_owned(),
        Value::String(digest_of(&plan).to_string()),
    );
    members.insert("plan".to_owned(), plan);
    let mut text = serde_json::to_string_pretty(&members).map_err(PlanFileError::NotWritable)?;
    text.push('\n');
    Ok(text)
}

/// Reads a plan file. Gives the plan with its digest.
///
/// # Errors
/// [`PlanFileError`] says what the text is instead.
pub fn load(text: &str) -> Result<(Plan, Fingerprint), PlanFileError> {
    if text.len() > LONGEST_FILE {
        return Err(PlanFileError::TooLong(text.len()));
    }
    let value: Value = serde_json::from_str(text).map_err(PlanFileError::NotJson)?;
    let file = PlanFile::deserialize(value).map_err(PlanFileError::NotAPlan)?;
    let format = file.plan.get("format");
    if format.and_then(Value::as_u64) != Some(u64::from(PLAN_FORMAT)) {
        let found = format.map_or_else(|| "none".to_owned(), ToString::to_string);
        return Err(PlanFileError::OtherFormat(found));
    }
    let plan = Value::Object(file.plan);
    let expected = digest_of(&plan);
    if expected.as_str() != file.digest {
        return Err(PlanFileError::Edited {
            expected: expected.to_string(),
            found: file.digest,
        });
    }
    let plan = Plan::deserialize(plan).map_err(PlanFileError::Unreadable)?;
    Ok((plan, expected))
}

fn value_of(plan: &Plan) -> Result<Value, PlanFileError> {
    serde_json::to_value(plan).map_err(PlanFileError::NotWritable)
}

fn digest_of(value: &Value) -> Fingerprint {
    let mut text = String::new();
    write_canonical(value, &mut text);
    Fingerprint::of(text.as_bytes())
}

/// Members sorted by name, whatever order the map keeps.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (place, (name, member)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                write_canonical(member, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}
