//! Every code that `assess` and `diagnose` can give, with what a person needs to know of it.

mod assessed;
mod diagnosed;
mod issued;

use assessed::ASSESSED;
use diagnosed::DIAGNOSED;
use issued::ISSUED;

/// The long text of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What usually causes it.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
}

/// The text of one code.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    explanations().find(|known| known.code == code)
}

/// All of them: those of `assess`, of `diagnose`, and of an issued certificate.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    [ASSESSED, DIAGNOSED, ISSUED].into_iter().flatten()
}
