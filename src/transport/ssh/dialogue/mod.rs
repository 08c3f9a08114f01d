//! Reads the platform shell's half of a conversation: where the echo ends, whether the prompt is back, whether it
//! pages or asks. Pure, so that recorded sessions can be played to it. Source of all words: cucm-rest-and-cli §4.1, §4.7.

mod terminal;

use terminal::Terminal;

use super::change::Question;
use crate::transport::letters;

/// The prompt of every known release; a command counter may stand before it.
const PROMPT: &str = "admin:";

/// The last words of the banner, after which some nodes show no prompt until they get a line.
const WELCOME: &str = "Welcome to the Platform Command Line Interface";

/// Lines on which the shell waits for a space.
const PAGERS: [&str; 4] = [
    "--More--",
    "<--- More --->",
    "Press any key",
    "Press <enter> for 1 line",
];

/// How lines end on which the shell waits for an answer, in lower case.
const QUESTIONS: [&str; 12] = [
    "(yes|no)?",
    "(yes/no)",
    "(yes/no)?",
    "(yes/no):",
    "(yes / no)",
    "(y/n):",
    "(y/n)?",
    "(y/n)",
    "[y/n]?",
    "[y/n]:",
    "to continue:",
    "password:",
];

/// What the last line looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Text that goes on.
    Running,
    /// The prompt.
    Prompt,
    /// The pager wants a key.
    Pager,
    /// A question in known words.
    Question,
    /// It ends like a question or a label; only silence tells which.
    Doubtful,
}

/// Which command line talks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The platform's: it prompts.
    #[default]
    Platform,
    /// Expressway's: it does not prompt; greeting and answers end with a line of one word.
    // claim: EXPRESSWAY-CLI-PTY, EXPRESSWAY-CLI-ERROR
    Expressway,
}

/// The words with which Expressway ends an answer; the second stands below one that it could not give.
const ENDS: [&str; 2] = ["OK", FAILED];
pub(super) const FAILED: &str = "ERROR";

/// One exchange: from a command (or the login) to the prompt.
#[derive(Debug)]
pub(super) struct Dialogue {
    dialect: Dialect,
    terminal: Terminal,
    /// What was typed and the prompt to wait for; `None` for the greeting.
    command: Option<(String, String)>,
    /// Where the command's own output begins, once its echo was seen.
    output_from: Option<usize>,
    /// How far lines were reported.
    reported: usize,
}

impl Dialogue {
    /// What comes after the login.
    pub(super) fn greeting(dialect: Dialect, limit: usize) -> Self {
        Self {
            dialect,
            terminal: Terminal::new(limit),
            command: None,
            output_from: Some(0),
            reported: 0,
        }
    }

    /// What comes after a command, given the prompt that was learned at the greeting.
    pub(super) fn command(dialect: Dialect, line: &str, prompt: &str, limit: usize) -> Self {
        Self {
            dialect,
            terminal: Terminal::new(limit),
            command: Some((line.to_owned(), prompt.to_owned())),
            output_from: None,
            reported: 0,
        }
    }

    /// Takes bytes as they come. False once the text is larger than allowed.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> bool {
        let fits = self.terminal.feed(bytes);
        if let (None, Some((line, _))) = (self.output_from, &self.command) {
            self.output_from = after_echo(self.terminal.text(), line);
            self.reported = self.output_from.unwrap_or_default();
        }
        fits
    }

    /// Judges the last line.
    pub(super) fn sight(&self) -> Sight {
        let Some(from) = self.output_from else {
            // Whatever is there was left over from before: the echo comes first.
            return Sight::Running;
        };
        if self.dialect == Dialect::Expressway {
            return self.ended(from);
        }
        if self.terminal.line_start() < from {
            return Sight::Running;
        }
        let line = self.last_line();
        let lower = line.to_ascii_lowercase();
        if self.is_prompt(&line) {
            Sight::Prompt
        } else if PAGERS.iter().any(|pager| line.starts_with(pager)) {
            Sight::Pager
        } else if QUESTIONS.iter().any(|question| lower.ends_with(question)) {
            Sight::Question
        } else if line.ends_with(['?', ':']) {
            Sight::Doubtful
        } else {
            Sight::Running
        }
    }

    /// Whether an answer that begins somewhere has come to its last line.
    fn ended(&self, from: usize) -> Sight {
        let text = self.terminal.text().get(from..).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        if last.is_some_and(|line| ENDS.contains(&line)) && text.ends_with(['\n', '\r']) {
            Sight::Prompt
        } else {
            Sight::Running
        }
    }

    /// The line that the cursor is on.
    pub(super) fn last_line(&self) -> String {
        String::from_utf8_lossy(self.terminal.line())
            .trim()
            .to_owned()
    }

    /// The prompt that ended the greeting, in the form in which later ones are compared.
    pub(super) fn prompt(&self) -> String {
        shape(&self.last_line())
    }

    /// Whether the banner is over though no prompt is there.
    pub(super) fn is_welcomed(&self) -> bool {
        String::from_utf8_lossy(self.terminal.text()).contains(WELCOME)
    }

    /// Whether the node asks a question that is known.
    pub(super) fn asks(&self, question: Question) -> bool {
        let Some(from) = self.output_from else {
            return false;
        };
        let printed = self.terminal.text().get(from..).unwrap_or_default();
        let printed = letters(&String::from_utf8_lossy(printed));
        match question {
            Question::Ends(words) => printed.ends_with(words),
            Question::Says(words) => printed.contains(words),
        }
    }

    /// An answer is about to be typed: output begins behind the question, and the next line that counts is a later
    /// one, whether the node echoes the answer or not.
    pub(super) fn answer(&mut self) {
        let end = self.terminal.text().len();
        self.output_from = Some(end);
        self.reported = end;
    }

    /// Removes the pager's line; a space is about to be sent.
    pub(super) fn turn_page(&mut self) {
        self.terminal.drop_line();
    }

    /// Whole lines that were not reported yet.
    pub(super) fn new_lines(&mut self) -> Vec<String> {
        let end = self.terminal.line_start();
        if self.output_from.is_none() || end <= self.reported {
            return Vec::new();
        }
        let new = self
            .terminal
            .text()
            .get(self.reported..end)
            .unwrap_or_default();
        self.reported = end;
        String::from_utf8_lossy(new)
            .lines()
            .map(|line| line.trim_end().to_owned())
            .filter(|line| !line.is_empty() && !self.is_prompt(line))
            .collect()
    }

    /// The command's output: without the echo, the prompt, and white space at the ends of lines.
    pub(super) fn output(&self) -> String {
        let from = self.output_from.unwrap_or_default();
        let end = self.terminal.line_start().max(from);
        let text = self.terminal.text().get(from..end).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let mut lines: Vec<_> = text.lines().map(str::trim_end).collect();
        // Some nodes print the prompt twice; the first one is no output.
        while lines
            .last()
            .is_some_and(|line| line.is_empty() || self.is_prompt(line))
        {
            lines.pop();
        }
        lines.join("\n").trim_start_matches('\n').to_owned()
    }

    fn is_prompt(&self, line: &str) -> bool {
        match (self.dialect, &self.command) {
            (Dialect::Expressway, _) => line == "OK",
            (Dialect::Platform, Some((_, prompt))) => shape(line) == *prompt,
            (Dialect::Platform, None) => {
                line.ends_with(PROMPT) && line.len() <= 40 && !line.contains(' ')
            }
        }
    }
}

/// A prompt with its counter's digits made equal, so that it can be compared.
fn shape(prompt: &str) -> String {
    let mut shape = String::new();
    for letter in prompt.chars() {
        let letter = if letter.is_ascii_digit() { '#' } else { letter };
        if !(letter == '#' && shape.ends_with('#')) {
            shape.push(letter);
        }
    }
    shape
}

/// Where the line after the echo begins. White space is not compared: the terminal wraps long lines.
fn after_echo(text: &[u8], command: &str) -> Option<usize> {
    let wanted: Vec<u8> = command
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let seen: Vec<(usize, u8)> = text
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, byte)| !byte.is_ascii_whitespace())
        .collect();
    let echo = seen
        .windows(wanted.len().max(1))
        .find(|window| window.iter().map(|(_, byte)| byte).eq(&wanted))?;
    let (end, _) = echo.last()?;
    let line_end = text.iter().skip(*end).position(|byte| *byte == b'\n')?;
    Some(end + line_end + 1)
}

#[cfg(test)]
mod tests;
