//! Keeps a password that somebody wrote into a file out of the excerpts that errors quote.

/// Overwrites what follows a key that sounds like a secret, byte for byte, so that places stay true.
/// A reference (`{file: …}`, `{command: …}`) says where a secret is and stays readable.
pub(super) fn hide_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut deeper_than: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let inside = deeper_than.is_some_and(|key| indent > key) && !line.trim().is_empty();
        if inside && !is_reference(line) {
            cover(line, 0, &mut shown);
            continue;
        }
        if !inside && !line.trim().is_empty() {
            deeper_than = None;
        }
        match secret_value(line) {
            Some(at) => {
                // A value may go on in the lines below.
                deeper_than = Some(indent);
                cover(line, at, &mut shown);
            }
            None => shown.push_str(line),
        }
    }
    shown
}

/// Where a value begins that must not be shown.
fn secret_value(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(colon) = line.get(from..)?.find(':').map(|offset| from + offset) {
        let key = line.get(..colon)?.trim_end().trim_end_matches(['"', '\'']);
        let start = key
            .rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
            .map_or(0, |at| at + 1);
        let word = key.get(start..)?.to_lowercase();
        let sounds_secret = ["pas", "pwd", "psw", "secret", "token"]
            .iter()
            .any(|part| word.starts_with(part));
        from = colon + 1;
        if sounds_secret && !line.get(from..).is_some_and(is_reference) {
            return Some(from);
        }
    }
    None
}

fn is_reference(value: &str) -> bool {
    let value = value.trim_start().trim_start_matches(['{', ' ']);
    let alone = value.matches(':').count() == 1;
    alone && (value.starts_with("file:") || value.starts_with("command:"))
}

fn cover(line: &str, from: usize, shown: &mut String) {
    let (kept, hidden) = line.split_at_checked(from).unwrap_or(("", line));
    shown.push_str(kept);
    shown.extend(hidden.bytes().map(|byte| match byte {
        b' ' | b'\t' | b'\r' | b'\n' => char::from(byte),
        _ => '*',
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_what_was_written_as_a_password() {
        let rows = [
            ("password: hunter2\n", "password: *******\n"),
            ("  pasword: 'hü'\nuser: x", "  pasword: *****\nuser: x"),
            (
                "hq: {user: x, password: hunter2, no: 1}",
                "hq: {user: x, password: ******** *** **",
            ),
            (
                "password:\n  hunter2\nuser: x\n",
                "password:\n  *******\nuser: x\n",
            ),
            ("password: {value: hunter2}", "password: ******* ********"),
            (
                "password: {file: x, value: y}",
                "password: ****** ** ****** **",
            ),
            ("\"password\": hunter2", "\"password\": *******"),
        ];
        for (text, expected) in rows {
            assert_eq!(hide_secrets(text), expected);
            assert_eq!(hide_secrets(text).len(), text.len());
        }
    }

    #[test]
    fn leaves_references_and_the_rest() {
        let rows = [
            "password: {file: secrets/hq-platform}\n",
            "password:\n  file: secrets/hq\n",
            "password: {command: [pass, show, hq]}\n",
            "pins: pins.json\n",
            "names: {also: [voice.example.com]}\n",
        ];
        for text in rows {
            assert_eq!(hide_secrets(text), text);
        }
    }
}
