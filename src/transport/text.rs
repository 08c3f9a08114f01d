//! Makes text from a device fit for a terminal and a log.

/// The beginning of a device's text on one line: at most `longest` characters, and nothing in it that could
/// move a cursor, colour a terminal, reorder a line or start a new one.
pub(crate) fn excerpt(bytes: &[u8], longest: usize) -> String {
    // Four bytes a character at most; the rest is not looked at.
    let head = bytes.get(..longest.saturating_mul(4)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split_whitespace() {
        let space = usize::from(!line.is_empty());
        if space == 1 {
            line.push(' ');
        }
        for letter in word.chars() {
            if taken >= longest {
                line.push('…');
                return line;
            }
            line.push(if is_harmless(letter) {
                letter
            } else {
                '\u{fffd}'
            });
            taken += 1;
        }
        taken += space;
    }
    line
}

/// The letters and digits of a text in lower case. Devices' sentences are compared by these, because punctuation,
/// hyphens, blanks and capitals differ from release to release (cucm-upload-errors §1).
pub(crate) fn letters(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// Control characters, and the marks that reorder a line or are invisible, are not.
fn is_harmless(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_harmless_line() {
        let rows: [(&[u8], &str); 5] = [
            (b"  two\r\n lines ", "two lines"),
            (b"\x1b[2Jgone", "\u{fffd}[2Jgone"),
            ("a\u{202e}b".as_bytes(), "a\u{fffd}b"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            (b"0123456789abc", "0123456789…"),
        ];
        for (bytes, expected) in rows {
            assert_eq!(excerpt(bytes, 10), expected);
        }
    }
}
