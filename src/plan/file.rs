//! The plan file: `{"digest": …, "plan": {…}}`. The digest is what a person approves; it is taken over the
//! plan's canonical JSON (members sorted, no white space), so that any edit shows.

use std::collections::BTreeMap;
use std::io::BufWriter;

use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::model::{ClusterName, Fingerprint};

use super::step::{ClusterPlan, PLAN_FORMAT, Plan};

/// A file longer than this, in bytes, is neither written nor read. A plan of 100 clusters with 8 nodes of which tomcat is
/// due is about 32 MiB, one of 100 clusters with 21 nodes of which every purpose is due about 416 MiB.
pub const LONGEST_FILE: usize = 512 * 1024 * 1024;

/// What is no plan as `save` writes it is looked at more closely, which takes many times its length in memory, up to
/// this many bytes.
const LONGEST_DOUBTFUL: usize = 64 * 1024 * 1024;

/// Why a plan file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is too long.
    #[error(
        "expected a plan file of at most {LONGEST_FILE} bytes, found {0}; plan fewer clusters at once with `reissue plan --only`"
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

/// A file as `save` writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    digest: String,
    plan: Plan,
}

/// A file of which only the outermost shape is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Doubtful {
    digest: String,
    plan: Map<String, Value>,
}

/// The digest by which a plan is approved.
///
/// # Errors
/// [`PlanFileError::NotWritable`].
pub fn digest(plan: &Plan) -> Result<Fingerprint, PlanFileError> {
    digest_of(&Sorted {
        plan,
        moments: true,
    })
}

/// A digest without the moments at which the plan was made and ends: planning the same again gives the same.
///
/// # Errors
/// [`PlanFileError::NotWritable`].
pub fn content_digest(plan: &Plan) -> Result<Fingerprint, PlanFileError> {
    digest_of(&Sorted {
        plan,
        moments: false,
    })
}

/// The text of a plan file.
///
/// # Errors
/// [`PlanFileError::TooLong`] where nobody could read it again, and [`PlanFileError::NotWritable`].
pub fn save(plan: &Plan) -> Result<String, PlanFileError> {
    #[derive(Serialize)]
    struct File<'a> {
        digest: Fingerprint,
        plan: Sorted<'a>,
    }
    let file = File {
        digest: digest(plan)?,
        plan: Sorted {
            plan,
            moments: true,
        },
    };
    let mut text = serde_json::to_string_pretty(&file).map_err(PlanFileError::NotWritable)?;
    text.push('\n');
    fits(text.len())?;
    Ok(text)
}

/// Whether a file of so many bytes is written and read.
pub(super) fn fits(length: usize) -> Result<(), PlanFileError> {
    if length > LONGEST_FILE {
        return Err(PlanFileError::TooLong(length));
    }
    Ok(())
}

/// Reads a plan file. Gives the plan with its digest.
///
/// # Errors
/// [`PlanFileError`] says what the text is instead.
pub fn load(text: &str) -> Result<(Plan, Fingerprint), PlanFileError> {
    fits(text.len())?;
    let Written {
        digest: found,
        plan,
    } = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(error) if text.len() > LONGEST_DOUBTFUL => return Err(PlanFileError::NotAPlan(error)),
        Err(_) => return look_closely(text),
    };
    if plan.format != PLAN_FORMAT {
        return Err(PlanFileError::OtherFormat(plan.format.to_string()));
    }
    let expected = unedited(digest(&plan)?, found)?;
    Ok((plan, expected))
}

/// What a text is that is no plan of this release.
fn look_closely(text: &str) -> Result<(Plan, Fingerprint), PlanFileError> {
    let value: Value = serde_json::from_str(text).map_err(PlanFileError::NotJson)?;
    let file = Doubtful::deserialize(value).map_err(PlanFileError::NotAPlan)?;
    let format = file.plan.get("format");
    if format.and_then(Value::as_u64) != Some(u64::from(PLAN_FORMAT)) {
        let found = format.map_or_else(|| "none".to_owned(), ToString::to_string);
        return Err(PlanFileError::OtherFormat(found));
    }
    let plan = Value::Object(file.plan);
    let expected = unedited(digest_of(&Canonical(&plan))?, file.digest)?;
    let plan = Plan::deserialize(plan).map_err(PlanFileError::Unreadable)?;
    Ok((plan, expected))
}

/// The digest of what a file holds, if it is the one that the file states.
fn unedited(expected: Fingerprint, found: String) -> Result<Fingerprint, PlanFileError> {
    if expected.as_str() == found {
        return Ok(expected);
    }
    Err(PlanFileError::Edited {
        expected: expected.to_string(),
        found,
    })
}

fn digest_of(canonical: &impl Serialize) -> Result<Fingerprint, PlanFileError> {
    let mut writer = BufWriter::new(Sha256::new());
    serde_json::to_writer(&mut writer, canonical).map_err(PlanFileError::NotWritable)?;
    let digest = writer
        .into_inner()
        .map_err(|error| PlanFileError::NotWritable(serde_json::Error::io(error.into_error())))?;
    Ok(Fingerprint::of_stream(digest))
}

/// A plan with its members sorted by name, whatever their order in this program. Its clusters are sorted one after the
/// other, so that no more than one of them is in memory a second time.
struct Sorted<'a> {
    plan: &'a Plan,
    /// With the moments at which the plan was made and ends.
    moments: bool,
}

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let around = Plan {
            clusters: BTreeMap::new(),
            links: self.plan.links.clone(),
            ..*self.plan
        };
        let around = serde_json::to_value(around).map_err(S::Error::custom)?;
        let left_out = |name: &str| !self.moments && matches!(name, "made" | "valid_until");
        let mut members = serializer.serialize_map(None)?;
        for (name, member) in sorted(around.as_object().into_iter().flatten()) {
            if name == "clusters" {
                members.serialize_entry(name, &SortedClusters(&self.plan.clusters))?;
            } else if !left_out(name) {
                members.serialize_entry(name, &Canonical(member))?;
            }
        }
        members.end()
    }
}

struct SortedClusters<'a>(&'a BTreeMap<ClusterName, ClusterPlan>);

impl Serialize for SortedClusters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, it)| (name, SortedCluster(it))))
    }
}

struct SortedCluster<'a>(&'a ClusterPlan);

impl Serialize for SortedCluster<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = serde_json::to_value(self.0).map_err(S::Error::custom)?;
        Canonical(&value).serialize(serializer)
    }
}

/// JSON with the members of every object sorted by name, whatever order the map keeps.
struct Canonical<'a>(&'a Value);

impl Serialize for Canonical<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let members = sorted(members).into_iter();
                serializer.collect_map(members.map(|(name, it)| (name, Canonical(it))))
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Canonical)),
            plain => plain.serialize(serializer),
        }
    }
}

fn sorted<'a>(
    members: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Vec<(&'a String, &'a Value)> {
    let mut sorted: Vec<_> = members.into_iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted
}
