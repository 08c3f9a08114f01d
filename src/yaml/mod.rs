//! Reads the YAML files that people write, and tells them where and how a file is wrong: file, line, column,
//! the line itself and the nearest word that would be right.

mod document;
mod duration;
mod hide;
mod nearest;
mod place;
mod problem;

pub use document::{Document, LARGEST, UnreadableError};
pub use duration::{DurationText, parse_duration};
pub use nearest::{choose, look_up, nearest};
pub use place::{Place, Placed};
pub use problem::{Problem, Problems, Spot};
