//! Conversations about changes, played by a scripted node.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use crate::model::{NodeName, Port, Purpose, Store};
use crate::transport::testing::network;

use super::super::WriteCommand;
use super::super::dialogue::Dialect;
use super::*;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const PASTED: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\n";
const ASKS_FOR_IT: &str = "Paste the Certificate and Hit Enter\r\n";
/// What the node does instead of a reply: it goes away.
const CUT: &str = "\u{0}cut";

/// What the node expects to be typed, and its reply.
type Turn = (&'static str, String);

/// A node that expects certain texts, in this order, and replies to each; then it says nothing any more.
struct Played {
    turns: VecDeque<Turn>,
    said: Sender<String>,
    line: Option<Sender<Vec<u8>>>,
    heard: Receiver<Vec<u8>>,
}

impl Played {
    fn print(&mut self, reply: &str) {
        let (text, cut) = match reply.strip_suffix(CUT) {
            Some(text) => (text, true),
            None => (reply, false),
        };
        if let Some(line) = &self.line {
            line.send(text.as_bytes().to_vec()).unwrap();
        }
        if cut {
            self.line = None;
        }
    }
}

impl Wire for Played {
    fn say(&mut self, text: &[u8], _limit: Duration) -> Result<(), String> {
        let text = String::from_utf8(text.to_vec()).unwrap();
        self.said.send(text.clone()).unwrap();
        if let Some((expected, reply)) = self.turns.pop_front() {
            assert_eq!(text, expected);
            self.print(&reply);
        }
        Ok(())
    }

    fn hear(&mut self, wait: Duration, buffer: &mut [u8]) -> Sound {
        match self.heard.recv_timeout(wait) {
            Ok(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Sound::Bytes(bytes.len())
            }
            Err(RecvTimeoutError::Timeout) => Sound::Silence,
            Err(RecvTimeoutError::Disconnected) => Sound::Gone("the node went away".to_owned()),
        }
    }
}

/// What came of a command, in a word, and every text that was typed.
fn play(command: &WriteCommand, turns: &[(&'static str, &str)]) -> (String, Vec<String>) {
    let (said, typed) = channel();
    let (line, heard) = channel();
    let mut wire = Played {
        turns: turns
            .iter()
            .map(|(expected, reply)| (*expected, (*reply).to_owned()))
            .collect(),
        said,
        line: Some(line),
        heard,
    };
    wire.print("   Welcome to the Platform Command Line Interface\r\n\r\nadmin:");
    let endpoint = Endpoint {
        node: NodeName::from("cucm-pub"),
        host: "127.0.0.1".into(),
        port: 22,
        standard: Port::Ssh,
    };
    let mut live = Live::greeted(wire, Dialect::Platform, endpoint, network().1).unwrap();
    let limit = Duration::from_secs(5);
    let script = command.script().unwrap();
    let outcome = match live.run(&script, limit, &mut (Box::new(|_: &str| {}) as Progress)) {
        Ok(Printed { text, acted }) => format!("{acted}: {text}"),
        Err(Broken::Gone { sent, .. }) => format!("cut, sent {sent}"),
        Err(Broken::Failed(TransportError::Question {
            question, acted, ..
        })) => format!("asked, acted {acted}: {question}"),
        Err(Broken::Failed(error)) => error.to_string(),
    };
    drop(live);
    (outcome, typed.iter().collect())
}

fn csr() -> WriteCommand {
    WriteCommand::GenerateRequest(Purpose::from("tomcat"))
}

fn own() -> WriteCommand {
    WriteCommand::ImportIdentity {
        purpose: Purpose::from("tomcat"),
        pem: PEM.to_owned(),
    }
}

fn echoed(line: &str, reply: &str) -> String {
    format!("{}\r\n{reply}", line.trim_end())
}

const CSR: &str = "set csr gen tomcat\n";
const OWN: &str = "set cert import own tomcat\n";
const CTL: &str = "utils ctl update CTLFile\n";
const CTL_ASKS: &str = "This operation updates the CTLFile. Do you want to continue? (y/n):";

#[test]
fn known_questions_are_answered_once_and_the_rest_is_the_outcome() {
    let done = "Successfully Generated CSR  for tomcat";
    let (outcome, typed) = play(
        &csr(),
        &[
            (CSR, &echoed(CSR, "Include OU in CSR (yes|no)? ")),
            ("no\n", &format!("no\r\n\r\n{done}\r\n\r\nadmin:")),
        ],
    );
    assert_eq!(outcome, format!("true: no\n\n{done}"));
    assert_eq!(typed, [CSR, "no\n"]);
    // Release 12.5 asks nothing.
    let reply = echoed(CSR, &format!("{done}.\r\nadmin:"));
    let (outcome, typed) = play(&csr(), &[(CSR, &reply)]);
    assert_eq!(
        (outcome, typed),
        (format!("true: {done}."), vec![CSR.to_owned()])
    );

    let updated = "Updating CTL file\r\n\r\nCTL file Updated\r\nadmin:";
    let (outcome, typed) = play(
        &WriteCommand::UpdateTrustList,
        &[
            (CTL, &echoed(CTL, &CTL_ASKS.replace(" Do", "\r\nDo"))),
            ("y\n", &format!("y\r\n{updated}")),
        ],
    );
    assert!(outcome.ends_with("CTL file Updated"), "{outcome}");
    assert_eq!(typed, [CTL, "y\n"]);
}

#[test]
fn a_block_is_pasted_where_it_is_asked_for_echoed_or_not() {
    let trust = WriteCommand::ImportTrust {
        store: Store::from("tomcat-trust"),
        pem: PEM.to_owned(),
    };
    let line = "set cert import trust tomcat\n";
    let done =
        "Successfully imported certificate for tomcat.\r\nPlease restart services\r\n\r\nadmin:";
    let echo = PASTED.replace('\n', "\r\n");
    for asks in [
        ASKS_FOR_IT,
        "Paste the Certificate and Hit Enter: ",
        "Please paste the certificate, and hit ENTER",
    ] {
        for echo in [echo.as_str(), "\r\n"] {
            let (outcome, typed) = play(
                &trust,
                &[
                    (line, &echoed(line, asks)),
                    (PASTED, &format!("{echo}{done}")),
                ],
            );
            assert!(outcome.starts_with("true: "), "{outcome}");
            assert!(outcome.ends_with("Please restart services"), "{outcome}");
            assert_eq!(typed, [line, PASTED]);
        }
    }
    // Refused before it was asked for: nothing was pasted.
    let reply = echoed(OWN, "Invalid certificate type\r\nadmin:");
    let (outcome, typed) = play(&own(), &[(OWN, &reply)]);
    assert_eq!(outcome, "false: Invalid certificate type");
    assert_eq!(typed, [OWN]);
}

#[test]
fn unknown_questions_are_answered_by_nothing() {
    let rows: [(WriteCommand, Vec<Turn>, &str); 6] = [
        (
            csr(),
            vec![(CSR, echoed(CSR, "A CSR exists. Overwrite it (yes/no)? "))],
            "asked, acted true: A CSR exists. Overwrite it (yes/no)?",
        ),
        (
            own(),
            vec![(OWN, echoed(OWN, "Replace the certificate (yes|no)? "))],
            "asked, acted false: Replace the certificate (yes|no)?",
        ),
        (
            own(),
            vec![
                (OWN, echoed(OWN, ASKS_FOR_IT)),
                (PASTED, "\r\nRestart the services now [y/n]? ".to_owned()),
            ],
            "asked, acted true: Restart the services now [y/n]?",
        ),
        (
            WriteCommand::UpdateTrustList,
            vec![(CTL, echoed(CTL, "Do you want to continue? (y/n):"))],
            "asked, acted false: Do you want to continue? (y/n):",
        ),
        (
            WriteCommand::UpdateTrustList,
            vec![
                (CTL, echoed(CTL, CTL_ASKS)),
                ("y\n", "y\r\nReset all phones? (y/n):".to_owned()),
            ],
            "asked, acted true: Reset all phones? (y/n):",
        ),
        // Not even a known one twice.
        (
            WriteCommand::UpdateTrustList,
            vec![
                (CTL, echoed(CTL, CTL_ASKS)),
                ("y\n", format!("y\r\n{CTL_ASKS}")),
            ],
            "asked, acted true: This operation updates the CTLFile. Do you want to continue? (y/n):",
        ),
    ];
    for (command, turns, expected) in rows {
        let expected_said: Vec<&str> = turns.iter().map(|(said, _)| *said).collect();
        let turns: Vec<_> = turns
            .iter()
            .map(|(said, reply)| (*said, reply.as_str()))
            .collect();
        let (outcome, typed) = play(&command, &turns);
        assert_eq!(outcome, expected);
        assert_eq!(typed, expected_said);
    }
}

#[test]
fn a_torn_session_leaves_the_outcome_unknown_and_nothing_is_typed_again() {
    let rows = [
        (csr(), vec![(CSR, CUT.to_owned())]),
        (own(), vec![(OWN, echoed(OWN, CUT))]),
        (
            own(),
            vec![(OWN, echoed(OWN, ASKS_FOR_IT)), (PASTED, CUT.to_owned())],
        ),
        (
            WriteCommand::UpdateTrustList,
            vec![
                (CTL, echoed(CTL, CTL_ASKS)),
                ("y\n", format!("y\r\nUpdating CTL file\r\n{CUT}")),
            ],
        ),
    ];
    for (command, turns) in rows {
        let expected_said: Vec<&str> = turns.iter().map(|(said, _)| *said).collect();
        let turns: Vec<_> = turns
            .iter()
            .map(|(said, reply)| (*said, reply.as_str()))
            .collect();
        let (outcome, typed) = play(&command, &turns);
        assert_eq!(outcome, "cut, sent true", "{command}: {turns:?}");
        assert_eq!(typed, expected_said);
    }
}
