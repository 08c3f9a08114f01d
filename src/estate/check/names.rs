//! Names that people choose and names that the network knows.

use std::net::IpAddr;

use super::Check;
use crate::estate::raw::Word;
use crate::model::SubjectName;
use crate::yaml::{Problem, choose, look_up};

/// Names of one's own choice become parts of file names and step names.
const LONGEST_SHORT_NAME: usize = 40;

impl Check<'_> {
    /// Letters, digits, `-` and `_`: the name becomes part of file names and is typed in commands.
    pub(super) fn short_name(&mut self, name: &Word, what: &str) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !starts_well || !name.chars().all(allowed) || name.len() > LONGEST_SHORT_NAME {
            self.problem(
                Problem::at(name.place, format!("`{}` cannot name {what}", name.value)).help(
                    "use letters, digits, `-` and `_`, at most 40, beginning with a letter or digit",
                ),
            );
        }
    }

    /// Looks a name up; says what it could have meant.
    pub(super) fn known<'n>(
        &mut self,
        word: &Word,
        what: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> bool {
        let found = look_up(word, what, names);
        found.map_err(|problem| self.problem(problem)).is_ok()
    }

    /// The value that a word stands for.
    pub(super) fn chosen<N: AsRef<str>, T: Copy>(
        &mut self,
        word: &Word,
        what: &str,
        meanings: &[(N, T)],
    ) -> Option<T> {
        let chosen = choose(word, what, meanings);
        chosen.map_err(|problem| self.problem(problem)).ok()
    }

    /// A DNS name of at least two parts, in lower case and without a trailing dot.
    pub(super) fn qualified_name(&mut self, word: &Word, what: &str) -> Option<String> {
        match dns_name(word) {
            Ok(name) if name.contains('.') => Some(name),
            Ok(_) => {
                self.problem(
                    Problem::at(word.place, format!("{what} needs its domain")).help(format!(
                        "write it in full, such as {}.example.com",
                        word.value
                    )),
                );
                None
            }
            Err(why) => {
                self.problem(Problem::at(word.place, why));
                None
            }
        }
    }

    /// A name for a certificate: an IP address or a DNS name.
    pub(super) fn subject_name(&mut self, word: &Word) -> Option<SubjectName> {
        if let Ok(address) = word.parse::<IpAddr>() {
            return Some(SubjectName::Ip(address));
        }
        if word.contains('*') {
            self.problem(
                Problem::at(word.place, format!("`{}` is a wildcard", word.value))
                    .help("the platform refuses wildcards; name every host"),
            );
            return None;
        }
        dns_name(word)
            .map(|name| SubjectName::dns(&name))
            .map_err(|why| self.problem(Problem::at(word.place, why)))
            .ok()
    }

    /// What to connect to: an IP address or a DNS name.
    pub(super) fn address(&mut self, word: &Word) -> Option<String> {
        if let Ok(address) = word.parse::<IpAddr>() {
            return Some(address.to_string());
        }
        dns_name(word)
            .map_err(|why| {
                let problem = Problem::at(word.place, why);
                self.problem(if word.contains(':') {
                    problem.help("ports stand apart: ports: {rest: …, soap: …, ssh: …}")
                } else {
                    problem
                });
            })
            .ok()
    }
}

/// Host names by RFC 1123: letters, digits and hyphens, at most 63 in a part and 253 in all.
fn dns_name(word: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("`{word}` is not a host name: {why}"));
    let name = word.strip_suffix('.').unwrap_or(word).to_ascii_lowercase();
    if name.is_empty() {
        return wrong("it is empty");
    }
    if name.len() > 253 {
        return wrong("it is longer than 253 characters");
    }
    for part in name.split('.') {
        if part.is_empty() {
            return wrong("two dots stand side by side, or it begins with one");
        }
        if part.len() > 63 {
            return wrong("a part is longer than 63 characters");
        }
        if part.starts_with('-') || part.ends_with('-') {
            return wrong("a part begins or ends with a hyphen");
        }
        if let Some(c) = part
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-')
        {
            return wrong(&format!("{c:?} cannot be in one"));
        }
    }
    if name
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
    {
        return wrong("its last part is a number, and it is no IP address");
    }
    Ok(name)
}
