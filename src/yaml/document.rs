//! A file as text, with its name.

use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_saphyr::{Error as YamlError, Location};

use super::hide::hide_secrets;
use super::{Place, Problem, Problems, nearest};

/// The most bytes that are read of a file that a person writes. A thousand clusters take a tenth of it.
pub const LARGEST: u64 = 1 << 20;

/// A file that cannot be read as text.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableError {
    /// It is not there, or may not be read.
    #[error("cannot read {path}: {why}")]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// It is a directory, a device or a pipe.
    #[error("expected a file at {path}, found {found}; name the YAML file itself")]
    NotAFile {
        /// The path as given.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// It is larger than [`LARGEST`].
    #[error(
        "{path} is larger than {LARGEST} bytes, which no file of this kind needs; is it the right file?"
    )]
    TooLarge {
        /// The path as given.
        path: PathBuf,
    },
    /// Its bytes are not UTF-8.
    #[error(
        "{path} is not UTF-8 text (byte {offset}, line {line}); save it as UTF-8 without changing its words"
    )]
    NotUtf8 {
        /// The path as given.
        path: PathBuf,
        /// The first byte that is wrong, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
}

/// The text of a file and the name by which errors call it.
#[derive(Clone, Debug)]
pub struct Document {
    name: String,
    text: String,
    shown: String,
}

impl Document {
    /// Takes a text as it is. A byte order mark is dropped.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Self {
            name: name.into(),
            shown: hide_secrets(&text),
            text,
        }
    }

    /// Reads a file of at most [`LARGEST`] bytes.
    ///
    /// # Errors
    /// [`UnreadableError`] if it is missing, not a regular file, too large or not UTF-8.
    pub fn read(path: &Path) -> Result<Self, UnreadableError> {
        let io = |why| UnreadableError::Io {
            path: path.to_owned(),
            why,
        };
        // Asked before opening: opening a pipe would wait for its writer.
        let kind = std::fs::metadata(path).map_err(io)?;
        if !kind.is_file() {
            return Err(UnreadableError::NotAFile {
                path: path.to_owned(),
                found: if kind.is_dir() {
                    "a directory"
                } else {
                    "a device or a pipe"
                },
            });
        }
        let file = std::fs::File::open(path).map_err(io)?;
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(io)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(UnreadableError::TooLarge {
                path: path.to_owned(),
            });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(path.display().to_string(), text)),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                let before = error.as_bytes().iter().take(offset);
                Err(UnreadableError::NotUtf8 {
                    path: path.to_owned(),
                    offset,
                    line: 1 + before.filter(|byte| **byte == b'\n').count(),
                })
            }
        }
    }

    /// The name by which errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, except that what was written in place of a secret is covered.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Reads the text into a value.
    ///
    /// # Errors
    /// The first place where the text is no YAML or not of the expected shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problems> {
        let is_comment = |line: &str| line.is_empty() || line.starts_with('#') || line == "---";
        if self.text.lines().map(str::trim).all(is_comment) {
            return Err(self.report(vec![Problem::of_file("the file is empty")]));
        }
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(&self.text, options)
            .map_err(|error| self.report(vec![self.explain(&error)]))
    }

    /// Puts problems into words.
    pub fn report(&self, problems: Vec<Problem>) -> Problems {
        Problems::new(self, problems)
    }

    /// The line of a place and the column in characters, both from 1.
    pub fn line_and_column(&self, place: Place) -> (usize, usize) {
        let before = self.text.get(..self.range(place).start).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        let column = 1 + before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        (line, column)
    }

    /// The bytes of a place, cut to one line and to what the text has: a reader's report is not trusted.
    pub(super) fn range(&self, place: Place) -> Range<usize> {
        let start = self
            .text
            .floor_char_boundary(place.start.min(self.text.len()));
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        let end = place.end.clamp(start, start + line.len());
        start..self.text.ceil_char_boundary(end)
    }

    /// The reader knows bytes for what it has read, but only line and column for what it could not read.
    fn place(&self, location: Location) -> Option<Place> {
        if let Some(place) = Place::of(location) {
            return Some(place);
        }
        let above = usize::try_from(location.line()).ok()?.checked_sub(1)?;
        let left = usize::try_from(location.column()).ok()?.saturating_sub(1);
        let before: usize = self
            .text
            .split_inclusive('\n')
            .take(above)
            .map(str::len)
            .sum();
        let line = self.text.get(before..)?.lines().next().unwrap_or_default();
        let inside = line
            .char_indices()
            .nth(left)
            .map_or(line.len(), |(at, _)| at);
        let start = before + inside;
        Some(Place { start, end: start })
    }

    fn explain(&self, error: &YamlError) -> Problem {
        let place = error.location().and_then(|location| self.place(location));
        let problem = |message: String| match place {
            Some(place) => Problem::at(place, message),
            None => Problem::of_file(message),
        };
        match error {
            YamlError::AliasError { error, .. } => self.explain(error),
            YamlError::SerdeUnknownField {
                field, expected, ..
            } => {
                let help = format!("fields here: {}", expected.join(", "));
                match nearest(field, expected.iter().copied()) {
                    Some(near) => problem(format!("no field `{field}`; did you mean `{near}`?")),
                    None => problem(format!("no field `{field}`")),
                }
                .help(help)
            }
            YamlError::SerdeMissingField { field, .. } => {
                problem(format!("the field `{field}` is missing")).label("among these fields")
            }
            YamlError::DuplicateMappingKey { key, .. } => match key {
                Some(key) => problem(format!("`{key}` stands here twice")),
                None => problem("a key stands here twice".to_owned()),
            },
            // The value itself stays out of the sentence: it may be a password in the wrong place.
            YamlError::SerdeInvalidType { expected, .. }
            | YamlError::SerdeInvalidValue { expected, .. } => {
                problem(format!("expected {}", in_plain_words(expected)))
            }
            YamlError::InvalidScalar { ty: expected, .. }
            | YamlError::Unexpected { expected, .. } => {
                problem(format!("expected {}", in_plain_words(expected)))
            }
            other => {
                let text = other.without_snippet().to_string();
                let text = text.split(" at line ").next().unwrap_or_default();
                let problem = problem(text.to_owned());
                if place.is_some_and(|place| self.is_near_tab(place)) {
                    problem.help("YAML is indented by spaces; there is a tab here")
                } else {
                    problem
                }
            }
        }
    }

    fn is_near_tab(&self, place: Place) -> bool {
        let (line, _) = self.line_and_column(place);
        self.text
            .lines()
            .skip(line.saturating_sub(2))
            .take(2)
            .any(|line| line.trim_start_matches(' ').starts_with('\t'))
    }
}

/// The reader's words for what it wants, in words of somebody who writes a file.
fn in_plain_words(expected: &str) -> &str {
    match expected {
        "mapping start" => "fields, each as `name: value`",
        "sequence start" => "a list, as `[one, two]`",
        "string scalar" | "scalar" => "a single value",
        "boolean" | "bool" => "true or false",
        "u16" => "a whole number of at most 65535",
        "u32" | "u64" => "a whole number",
        other => other,
    }
}
