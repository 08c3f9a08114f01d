//! The terminal side of a shell: line editing with echo, output with CRLF ends, and the pager.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

/// What the pager prints when the screen is full.
///
/// claim: VOS-PAGER
pub(crate) const PAGER: &str = "Press <enter> for 1 line, <space> for one page, or <q> to quit";

/// The longest line that is read; what a client types beyond it is not taken.
const LONGEST_LINE: usize = 4096;

/// The rows of a terminal whose client named no height.
const USUAL_ROWS: u32 = 24;

const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;

/// What a person or a program typed at a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line, ended by a carriage return or a line feed.
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line.
    End,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// The time passed.
    Through,
    /// Ctrl-C came first.
    Interrupted,
}

/// A terminal over any byte stream.
pub(crate) struct Terminal<S> {
    stream: S,
    /// Lines between two stops of the pager.
    page: usize,
    /// Whether long output stops at the pager.
    pub(crate) pagination: bool,
    typed_ahead: VecDeque<u8>,
    after_return: bool,
    /// Echo that goes out before the next read, so that a pasted line is one packet.
    echo: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Terminal<S> {
    /// A terminal of `rows` lines; 0 stands for the usual height.
    pub(crate) fn new(stream: S, rows: u32) -> Self {
        let rows = if rows == 0 { USUAL_ROWS } else { rows };
        Self {
            stream,
            page: usize::try_from(rows)
                .unwrap_or(usize::MAX)
                .saturating_sub(1)
                .max(1),
            pagination: true,
            typed_ahead: VecDeque::new(),
            after_return: false,
            echo: Vec::new(),
        }
    }

    /// Sends text, with every line feed as CRLF.
    pub(crate) async fn write(&mut self, text: &str) -> io::Result<()> {
        self.raw(&text.replace('\n', "\r\n")).await
    }

    /// Sends text as it is.
    pub(crate) async fn raw(&mut self, text: &str) -> io::Result<()> {
        self.flush_echo().await?;
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }

    async fn flush_echo(&mut self) -> io::Result<()> {
        if self.echo.is_empty() {
            return Ok(());
        }
        self.stream
            .write_all(&std::mem::take(&mut self.echo))
            .await?;
        self.stream.flush().await
    }

    /// Reads one line with echo.
    ///
    /// claim: VOS-ECHO
    pub(crate) async fn read_line(&mut self) -> io::Result<Typed> {
        let mut line: Vec<u8> = Vec::new();
        loop {
            match self.key().await? {
                b'\r' | b'\n' => {
                    self.raw("\r\n").await?;
                    return Ok(Typed::Line(String::from_utf8_lossy(&line).into_owned()));
                }
                INTERRUPT => {
                    self.raw("^C\r\n").await?;
                    return Ok(Typed::Interrupt);
                }
                END if line.is_empty() => return Ok(Typed::End),
                0x08 | 0x7f => self.rub_out(&mut line),
                key if key >= b' ' && line.len() < LONGEST_LINE => {
                    line.push(key);
                    self.echo.push(key);
                }
                _ => {}
            }
        }
    }

    fn rub_out(&mut self, line: &mut Vec<u8>) {
        if line.pop().is_some() {
            self.echo.extend(b"\x08 \x08");
        }
    }

    /// Prints text page by page, until its end or until the reader quits.
    pub(crate) async fn page(&mut self, text: &str) -> io::Result<()> {
        if !self.pagination {
            return self.write(text).await;
        }
        let mut room = self.page;
        for line in text.split_inclusive('\n') {
            if room == 0 {
                room = self.ask_for_more().await?;
                if room == 0 {
                    return Ok(());
                }
            }
            self.write(line).await?;
            room -= 1;
        }
        Ok(())
    }

    /// Shows the pager and answers how many lines may follow; 0 means quit.
    async fn ask_for_more(&mut self) -> io::Result<usize> {
        self.raw(PAGER).await?;
        let lines = loop {
            match self.key().await? {
                b' ' => break self.page,
                b'\r' | b'\n' => break 1,
                b'q' | b'Q' | INTERRUPT => break 0,
                _ => {}
            }
        };
        let blank = " ".repeat(PAGER.len());
        self.raw(&format!("\r{blank}\r")).await?;
        Ok(lines)
    }

    /// Lets time pass while keys are kept for the next prompt; Ctrl-C ends the wait.
    pub(crate) async fn wait(&mut self, duration: Duration) -> io::Result<Waited> {
        let until = Instant::now() + duration;
        loop {
            if let Some(at) = self.typed_ahead.iter().position(|key| *key == INTERRUPT) {
                self.typed_ahead.drain(..=at);
                self.raw("^C\r\n").await?;
                return Ok(Waited::Interrupted);
            }
            match tokio::time::timeout_at(until, self.fill()).await {
                Ok(read) => read?,
                Err(_) => return Ok(Waited::Through),
            }
        }
    }

    /// One key, where CRLF counts as one return.
    async fn key(&mut self) -> io::Result<u8> {
        loop {
            while let Some(key) = self.typed_ahead.pop_front() {
                let doubled = self.after_return && key == b'\n';
                self.after_return = key == b'\r';
                if !doubled {
                    return Ok(key);
                }
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.flush_echo().await?;
        let mut chunk = [0_u8; 1024];
        let read = self.stream.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.typed_ahead.extend(chunk.iter().take(read));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    fn terminal(rows: u32) -> (DuplexStream, Terminal<DuplexStream>) {
        let (client, device) = duplex(1 << 20);
        (client, Terminal::new(device, rows))
    }

    async fn seen(mut client: DuplexStream, terminal: Terminal<DuplexStream>) -> String {
        drop(terminal);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn reads_lines_whatever_ends_them() {
        for (typed, expected) in [
            ("show status\r", vec!["show status"]),
            ("show status\n", vec!["show status"]),
            ("one\r\ntwo\r\n", vec!["one", "two"]),
            ("\r\r", vec!["", ""]),
            ("sow\x7f\x7fhow\r", vec!["show"]),
            ("a\x1bb\r", vec!["ab"]),
        ] {
            let (mut client, mut device) = terminal(24);
            client.write_all(typed.as_bytes()).await.unwrap();
            for line in expected {
                assert_eq!(
                    device.read_line().await.unwrap(),
                    Typed::Line(line.into()),
                    "{typed:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn echoes_what_is_typed() {
        let (mut client, mut device) = terminal(24);
        client.write_all(b"shox\x7fw\r").await.unwrap();
        device.read_line().await.unwrap();
        assert_eq!(seen(client, device).await, "shox\x08 \x08w\r\n");
    }

    #[tokio::test]
    async fn tells_the_end_of_the_session_from_an_interrupt() {
        let (mut client, mut device) = terminal(24);
        client.write_all(b"abc\x03\x04").await.unwrap();
        assert_eq!(device.read_line().await.unwrap(), Typed::Interrupt);
        assert_eq!(device.read_line().await.unwrap(), Typed::End);
        drop(client);
        let gone = device.read_line().await.unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn stops_a_long_output_at_the_screens_height() {
        let (mut client, mut device) = terminal(4);
        client.write_all(b" \rq").await.unwrap();
        let text = (1..=20).fold(String::new(), |text, line| format!("{text}{line}\n"));
        device.page(&text).await.unwrap();
        let shown = seen(client, device).await;
        assert_eq!(shown.matches(PAGER).count(), 3);
        assert!(
            shown.contains("7\r\n") && !shown.contains("8\r\n"),
            "{shown:?}"
        );
    }

    #[tokio::test]
    async fn prints_through_without_pagination() {
        let (client, mut device) = terminal(4);
        device.pagination = false;
        let text = "line\n".repeat(50);
        device.page(&text).await.unwrap();
        assert_eq!(seen(client, device).await, "line\r\n".repeat(50));
    }

    #[tokio::test]
    async fn keeps_keys_typed_during_a_wait_and_hears_an_interrupt() {
        let (mut client, mut device) = terminal(24);
        client.write_all(b"next\r").await.unwrap();
        assert_eq!(
            device.wait(Duration::from_millis(5)).await.unwrap(),
            Waited::Through
        );
        assert_eq!(
            device.read_line().await.unwrap(),
            Typed::Line("next".into())
        );
        client.write_all(b"lost\x03").await.unwrap();
        assert_eq!(
            device.wait(Duration::from_mins(1)).await.unwrap(),
            Waited::Interrupted
        );
    }
}
