//! Words, widths and durations.

use jiff::{SignedDuration, Timestamp};

/// The widest line of plain text, in characters.
pub(super) const WIDTH: usize = 100;

/// Makes text from a device or a file safe to show: white space becomes a space, and characters that steer a
/// terminal or turn the direction of writing are spelled out.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => cleaned.push(' '),
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                cleaned.extend(c.escape_unicode());
            }
            c if c.is_control() => cleaned.extend(c.escape_unicode()),
            c => cleaned.push(c),
        }
    }
    cleaned
}

/// Breaks text at spaces so that no line is wider than [`WIDTH`]. The first line starts with `first`, the
/// others with as many spaces. A single word that is too long is cut.
pub(super) fn wrapped(first: &str, text: &str) -> String {
    let indent = first.chars().count();
    let room = WIDTH.saturating_sub(indent).max(20);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in clean(text).split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + rest.len() > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while rest.len() > room {
            let tail = rest.split_off(room);
            lines.push(rest.into_iter().collect());
            rest = tail;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        used += rest.len();
        line.extend(rest);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        let start = if place == 0 {
            first.to_owned()
        } else {
            " ".repeat(indent)
        };
        text.push_str(format!("{start}{line}").trim_end());
        text.push('\n');
    }
    text
}

/// `1 h 05 min`, `10 min`, `30 s`; nothing shorter than a second.
pub(super) fn duration(span: SignedDuration) -> String {
    let seconds = span.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// Time since the start: `+0:09`.
pub(super) fn offset(span: SignedDuration) -> String {
    let minutes = span.as_secs() / 60;
    format!("+{}:{:02}", minutes / 60, minutes % 60)
}

/// A moment to the minute, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `1 step`, `2 steps`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// `a, b and c`.
pub(super) fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", init.join(", "), last.as_ref())
        }
    }
}
