//! The nearest valid word.

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

/// Says that a word is not `what`, with the nearest one that is, or else all of them.
pub fn unknown<'a>(
    word: &str,
    what: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("`{word}` is not {what}; did you mean `{near}`?");
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if all.is_empty() {
        format!("`{word}` is not {what}; there is none")
    } else {
        format!("`{word}` is not {what}; expected {}", all.join(", "))
    }
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

    #[test]
    fn names_all_when_nothing_is_near() {
        assert_eq!(
            unknown("moon", "a day", ["mon", "tue"]),
            "`moon` is not a day; did you mean `mon`?"
        );
        assert_eq!(
            unknown("x", "a day", ["mon", "tue"]),
            "`x` is not a day; expected mon, tue"
        );
        assert_eq!(
            unknown("x", "an account", []),
            "`x` is not an account; there is none"
        );
    }
}
