//! Every code that `assess`, `lint` and `diagnose` can give, with what a person needs to know of it.

mod certificates;
mod cluster;
mod diagnosed;
mod expressway;
mod issued;
mod phones;
mod trust;
mod uploads;

use std::sync::LazyLock;

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
    explanations().iter().find(|known| known.code == code)
}

/// All of them: findings of `assess` first, then what nodes answer to an upload, then other findings of `lint`,
/// then those of `diagnose`.
pub fn explanations() -> &'static [Explanation] {
    static ALL: LazyLock<Vec<Explanation>> = LazyLock::new(|| {
        [
            certificates::ENTRIES,
            trust::ENTRIES,
            phones::ENTRIES,
            cluster::ENTRIES,
            expressway::ENTRIES,
            uploads::ENTRIES,
            issued::ENTRIES,
            diagnosed::ENTRIES,
        ]
        .concat()
    });
    &ALL
}
