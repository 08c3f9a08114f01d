//! The shell commands that change a node, and what each of them is answered when it asks. There is no way to send
//! another command or another answer.

use std::fmt;

use crate::model::{Purpose, ServiceName, Store};

use super::command::is_word;

/// A change that is typed into the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteCommand {
    /// Restarts a service. It asks nothing.
    // claim: VOS-SERVICE-RESTART
    RestartService(ServiceName),
    /// Makes a key and a signing request for this node. It may ask whether the request shall have an OU: no.
    // claim: VOS-CSR-GEN
    GenerateRequest(Purpose),
    /// Installs an issued certificate, one PEM block, when the shell asks for it.
    // claim: VOS-CERT-IMPORT
    ImportIdentity {
        /// The purpose.
        purpose: Purpose,
        /// The block.
        pem: String,
    },
    /// Puts an authority's certificate, one PEM block, into a trust store when the shell asks for it.
    // claim: VOS-CERT-IMPORT
    ImportTrust {
        /// The store.
        store: Store,
        /// The block.
        pem: String,
    },
    /// Writes the certificate trust list anew. It asks whether to continue: yes.
    // claim: VOS-CTL-UPDATE
    UpdateTrustList,
}

impl WriteCommand {
    /// What to type; `None` if a name in it is not one that a node can have printed, or the block is not one PEM
    /// block of a certificate.
    pub(super) fn script(&self) -> Option<Script> {
        let (named, exchanges, line_acts) = match self {
            Self::RestartService(service) => {
                let words: Vec<_> = service.as_str().split(' ').collect();
                let named = words.len() <= 10 && words.iter().all(|word| is_word(word));
                (named, Vec::new(), true)
            }
            Self::GenerateRequest(purpose) => (
                is_word(purpose.as_str()),
                vec![Exchange {
                    question: Question::Ends("includeouincsryesno"),
                    reply: "no\n".to_owned(),
                }],
                true,
            ),
            Self::ImportIdentity { purpose, pem } => {
                (is_word(purpose.as_str()), vec![pasted(pem)?], false)
            }
            Self::ImportTrust { store, pem } => {
                (is_word(store.as_str()), vec![pasted(pem)?], false)
            }
            Self::UpdateTrustList => (
                true,
                vec![Exchange {
                    question: Question::Ends("thisoperationupdatesthectlfiledoyouwanttocontinueyn"),
                    reply: "y\n".to_owned(),
                }],
                false,
            ),
        };
        named.then(|| Script {
            line: self.to_string(),
            exchanges,
            line_acts,
        })
    }
}

/// As it is typed. A store goes by the name of its service, as success is reported for it.
impl fmt::Display for WriteCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestartService(service) => write!(formatter, "utils service restart {service}"),
            Self::GenerateRequest(purpose) => write!(formatter, "set csr gen {purpose}"),
            Self::ImportIdentity { purpose, .. } => {
                write!(formatter, "set cert import own {purpose}")
            }
            Self::ImportTrust { store, .. } => {
                write!(formatter, "set cert import trust {}", store.service())
            }
            Self::UpdateTrustList => formatter.write_str("utils ctl update CTLFile"),
        }
    }
}

/// A line and the answers to every question that may follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) line: String,
    /// Each is answered at most once.
    pub(super) exchanges: Vec<Exchange>,
    /// Whether the node acts on the line alone, so that what follows may be the outcome. If not, it acts on the first
    /// answer.
    pub(super) line_acts: bool,
}

impl Script {
    /// A line that is asked nothing.
    pub(super) fn look(line: String) -> Self {
        Self {
            line,
            exchanges: Vec::new(),
            line_acts: true,
        }
    }
}

/// A known question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) question: Question,
    pub(super) reply: String,
}

/// How a question is known, by its letters and digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The output so far ends with these.
    Ends(&'static str),
    /// The output so far has these.
    Says(&'static str),
}

/// The block, each line ended once, and an empty line behind it.
fn pasted(pem: &str) -> Option<Exchange> {
    let lines: Vec<&str> = pem.lines().map(str::trim_end).collect();
    let lines = lines.strip_suffix(&[""]).unwrap_or(&lines);
    let [first, body @ .., last] = lines else {
        return None;
    };
    let digits = |line: &&str| {
        (1..=76).contains(&line.len())
            && line
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    };
    let block = *first == "-----BEGIN CERTIFICATE-----"
        && *last == "-----END CERTIFICATE-----"
        && !body.is_empty()
        && body.iter().all(digits);
    block.then(|| Exchange {
        question: Question::Says("pastethecertificateandhitenter"),
        reply: format!("{}\n\n", lines.join("\n")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str =
        "-----BEGIN CERTIFICATE-----\r\nMIIB\r\nAA==\r\n-----END CERTIFICATE-----\r\n";

    fn import(purpose: &str, pem: &str) -> WriteCommand {
        WriteCommand::ImportIdentity {
            purpose: Purpose::from(purpose),
            pem: pem.to_owned(),
        }
    }

    #[test]
    fn a_block_is_pasted_line_by_line_and_ended_by_an_empty_line() {
        let script = import("tomcat", PEM).script().unwrap();
        assert_eq!(script.line, "set cert import own tomcat");
        let expected = "-----BEGIN CERTIFICATE-----\nMIIB\nAA==\n-----END CERTIFICATE-----\n\n";
        assert_eq!(script.exchanges[0].reply, expected);
        let trust = WriteCommand::ImportTrust {
            store: Store::from("CallManager-trust"),
            pem: PEM.to_owned(),
        };
        assert_eq!(trust.to_string(), "set cert import trust CallManager");
    }

    #[test]
    fn neither_a_name_nor_a_block_can_carry_a_command() {
        let body = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        for pem in [
            String::new(),
            body(""),
            body("MIIB\n\nset cert regen tomcat"),
            body("set cert regen tomcat"),
            body("MIIB\u{3}"),
            format!("{PEM}{PEM}"),
            format!("notes\n{PEM}"),
        ] {
            assert_eq!(import("tomcat", &pem).script(), None, "{pem:?}");
        }
        assert_eq!(import("tomcat\nquit", PEM).script(), None);
        let service = |name: &str| WriteCommand::RestartService(ServiceName::from(name)).script();
        assert_eq!(
            service("Cisco UDS Tomcat").unwrap().line,
            "utils service restart Cisco UDS Tomcat"
        );
        for bad in [
            "",
            "Cisco  Tomcat",
            "Cisco Tomcat\r",
            "Cisco Tomcat | grep",
            " Cisco",
        ] {
            assert_eq!(service(bad), None, "{bad:?}");
        }
    }
}
