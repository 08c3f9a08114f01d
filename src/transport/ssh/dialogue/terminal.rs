//! Turns a terminal's byte stream into plain lines: no escape sequences, no carriage returns, no erased text.

/// The text so far.
#[derive(Debug)]
pub(super) struct Terminal {
    text: Vec<u8>,
    line_start: usize,
    state: State,
    /// A carriage return came and nothing after it yet.
    returned: bool,
    limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Plain,
    /// After ESC.
    Escape,
    /// In `ESC [ …`, which ends with a byte from `@` to `~`.
    Control,
    /// In `ESC ] …`, which ends with BEL or ESC `\`.
    Title,
}

impl Terminal {
    /// An empty screen that takes this many bytes of text.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            text: Vec::new(),
            line_start: 0,
            state: State::Plain,
            returned: false,
            limit,
        }
    }

    /// Takes bytes. False once the text is larger than the limit; the rest is dropped.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Plain | State::Title, 0x1b) => State::Escape,
                (State::Plain, _) => {
                    self.plain(byte);
                    State::Plain
                }
                (State::Escape, b'[') => State::Control,
                (State::Escape, b']') => State::Title,
                (State::Control, b'@'..=b'~') | (State::Title, 0x07) | (State::Escape, _) => {
                    State::Plain
                }
                (state @ (State::Control | State::Title), _) => state,
            };
        }
        self.text.len() <= self.limit
    }

    /// Everything, lines separated by `\n`.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where the cursor's line begins.
    pub(super) fn line_start(&self) -> usize {
        self.line_start
    }

    /// The cursor's line.
    pub(super) fn line(&self) -> &[u8] {
        self.text.get(self.line_start..).unwrap_or_default()
    }

    /// Forgets the cursor's line.
    pub(super) fn drop_line(&mut self) {
        self.text.truncate(self.line_start);
        self.returned = false;
    }

    fn plain(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                self.returned = false;
                self.push(b'\n');
                self.line_start = self.text.len();
            }
            b'\r' => self.returned = true,
            0x08 if self.text.len() > self.line_start => {
                self.text.pop();
            }
            b'\t' | 0x20..=0x7e | 0x80.. => {
                if std::mem::take(&mut self.returned) {
                    self.start_over();
                }
                self.push(byte);
            }
            _ => {}
        }
    }

    /// Text after a lone carriage return: blanks were only meant to wipe the line; other text stays as a line.
    fn start_over(&mut self) {
        if self.line().iter().all(u8::is_ascii_whitespace) {
            self.text.truncate(self.line_start);
        } else {
            self.push(b'\n');
            self.line_start = self.text.len();
        }
    }

    fn push(&mut self, byte: u8) {
        // One more than allowed shows that it is too much.
        if self.text.len() <= self.limit {
            self.text.push(byte);
        }
    }
}
