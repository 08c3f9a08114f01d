//! What a node answered, read into facts. Pure: every function here runs on bytes from a file as well.
//!
//! Decoders are tolerant of what they do not know and strict on what they need: a shape that none of the
//! fact sheets shows is an error with its words in it, never a default.

pub mod axl;
pub mod certificates;
pub mod control;
pub mod phones;
pub mod platform;
pub mod shell;
pub mod snapshot;
mod tree;
pub mod trust_list;

/// An answer that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer to `{question}` has an unknown form: expected {expected}, found {found}")]
pub struct DecodeError {
    /// What was asked.
    pub question: &'static str,
    /// What the fact sheets say that the answer looks like.
    pub expected: String,
    /// The part of the answer that does not, cut to a line.
    pub found: String,
}

impl DecodeError {
    pub(super) fn new(question: &'static str, expected: impl Into<String>, found: &str) -> Self {
        Self {
            question,
            expected: expected.into(),
            found: excerpt(found),
        }
    }
}

/// The longest piece of a device's own words that a message quotes: a line on a wide terminal.
const EXCERPT: usize = 160;

/// A device's words on one short line, fit for a terminal: no control, direction or invisible characters.
pub fn excerpt(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        for character in word.chars().filter(|c| is_plain(*c)) {
            if length >= EXCERPT {
                line.push('…');
                return format!("`{line}`");
            }
            line.push(character);
            length += 1;
        }
    }
    if line.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{line}`")
    }
}

fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A shell's output as text. The platform writes ASCII; anything else is shown as the replacement character.
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn excerpts_are_one_bounded_harmless_line() {
        assert_eq!(excerpt("a\r\n\tb"), "`a b`");
        assert_eq!(excerpt(" \n "), "nothing");
        assert_eq!(excerpt("\u{1b}[31mred\u{202e}\u{0}"), "`[31mred`");
        let long = excerpt(&"x".repeat(100_000));
        assert_eq!(long.chars().count(), 163);
        assert!(long.ends_with("…`"), "{long}");
    }
}

#[cfg(test)]
mod testing {
    use crate::transport::soap::Element;

    pub(super) fn leaf(name: &str, text: &str) -> Element {
        Element {
            name: name.to_owned(),
            text: text.to_owned(),
            ..Element::default()
        }
    }

    pub(super) fn branch(name: &str, children: Vec<Element>) -> Element {
        Element {
            name: name.to_owned(),
            children,
            ..Element::default()
        }
    }
}
