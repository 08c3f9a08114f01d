//! The nearest valid word.

use super::{Placed, Problem};

/// The candidate that is most like a word: the same but for case, or a slip of the fingers away.
/// `None` if none is.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    // One slip in three letters: enough for `subscribe`, too few to turn one short word into another.
    let slips = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= slips && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Looks a word up among names.
///
/// # Errors
/// That it is not `what` (a noun with its article), with the nearest name and all of them.
pub fn look_up<'a>(
    word: &Placed<String>,
    what: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), Problem> {
    if names.clone().any(|name| name == word.value) {
        return Ok(());
    }
    Err(unknown(word, what, names))
}

fn unknown<'a>(
    word: &Placed<String>,
    what: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Problem {
    let message = match nearest(&word.value, names.clone()) {
        Some(near) => format!("`{}` is not {what}; did you mean `{near}`?", word.value),
        None => format!("`{}` is not {what}", word.value),
    };
    let all: Vec<&str> = names.collect();
    let help = if all.is_empty() {
        "there is none".to_owned()
    } else {
        format!("expected one of: {}", all.join(", "))
    };
    Problem::at(word.place, message).help(help)
}

/// The value that a word stands for.
///
/// # Errors
/// As [`look_up`].
pub fn choose<N: AsRef<str>, T: Copy>(
    word: &Placed<String>,
    what: &str,
    meanings: &[(N, T)],
) -> Result<T, Problem> {
    meanings
        .iter()
        .find(|(name, _)| name.as_ref() == word.value)
        .map(|(_, value)| *value)
        .ok_or_else(|| unknown(word, what, meanings.iter().map(|(name, _)| name.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_slip_and_nothing_else() {
        let roles = ["publisher", "subscriber", "im-presence"];
        let rows = [
            ("subscribe", Some("subscriber")),
            ("Publisher", Some("publisher")),
            ("im_presence", Some("im-presence")),
            ("node", None),
            ("", None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, roles), expected, "{word}");
        }
        assert_eq!(nearest("hp", ["hq", "lab"]), Some("hq"));
        assert_eq!(nearest("x", ["a"]), None);
    }
}
