//! The only place that writes to standard output and standard error. Data goes to the one, talk to the other.

use std::io::{self, Write as _};

use serde::Serialize;

use super::exit::{CliError, Exit};

/// The format of the JSON envelope.
const ENVELOPE_FORMAT: u32 = 1;

/// Where a command's results go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    command: &'static str,
    json: bool,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    format: u32,
    command: &'a str,
    exit: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

#[derive(Serialize)]
struct Problem<'a> {
    says: &'a str,
    hints: &'a [String],
}

impl Output {
    /// Output of one command, as text or as one JSON document.
    pub(super) fn new(command: &'static str, json: bool) -> Self {
        Self { command, json }
    }

    /// Whether the result is to be JSON.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// A result: text for a person, or data for a program.
    pub(super) fn result<T: Serialize>(
        self,
        exit: Exit,
        data: &T,
        text: impl FnOnce() -> String,
    ) -> Exit {
        if self.json {
            self.envelope(exit, None, Some(data));
        } else {
            write_out(&text());
        }
        exit
    }

    /// A text that is data by itself, such as a drawing.
    pub(super) fn text(self, text: String) -> Exit {
        let data = serde_json::json!({ "text": text });
        self.result(Exit::Done, &data, || text)
    }

    /// A failure. With `--json` it is an envelope on standard output as well as a text on standard error.
    pub(super) fn failure(self, error: &CliError) -> Exit {
        if self.json {
            let problem = Problem {
                says: &error.says,
                hints: &error.hints,
            };
            self.envelope::<()>(error.exit, Some(problem), None);
        }
        let text = error.to_string();
        // Excerpts of a file bring their own heading.
        let heading = if text.starts_with("error") {
            ""
        } else {
            "error: "
        };
        talk(&format!("{heading}{text}"));
        error.exit
    }

    fn envelope<T: Serialize>(self, exit: Exit, error: Option<Problem<'_>>, data: Option<&T>) {
        let envelope = Envelope {
            format: ENVELOPE_FORMAT,
            command: self.command,
            exit: exit.code(),
            error,
            data,
        };
        match serde_json::to_string_pretty(&envelope) {
            Ok(text) => write_out(&(text + "\n")),
            Err(error) => talk(&format!(
                "error: the result could not be written as JSON: {error}"
            )),
        }
    }
}

/// Data to standard output. A closed pipe is the reader's choice and no failure.
pub(super) fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// One line of talk to standard error.
pub(super) fn talk(text: &str) {
    let mut out = io::stderr().lock();
    drop(writeln!(out, "{text}"));
}
