//! The peer's description of its own interface: RAML, read for its resources, their methods and the parts of their forms.
// claim: EXPRESSWAY-RAML

use std::collections::{BTreeMap, BTreeSet};

use super::{DecodeError, plain};
use crate::driver::expressway::requests::{Call, Verb};
use crate::model::Interface;

const QUESTION: &str = "/api/raml";
/// Deepest nesting of resources and most lines that are read. The real one nests five deep.
const DEEPEST: usize = 32;
const MOST: usize = 200_000;

/// The calls that a peer offers, with their paths as the description writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The parts that the form of a call has; empty where none is described.
    calls: BTreeMap<(Verb, String), BTreeSet<String>>,
}

/// A list of a form's parts that is being read.
struct Form {
    call: (Verb, String),
    outer: usize,
    inner: Option<usize>,
}

impl Description {
    /// Reads a description. A resource is a key that begins with `/`; it can be fetched if `get:` stands below it, and
    /// posted to if `post:` does.
    ///
    /// # Errors
    /// [`DecodeError`] if the text does not begin with `#%RAML`, nests too deep or is too long.
    pub fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        const EXPECTED: &str = "text that begins with #%RAML";
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}');
        if !text.starts_with("#%RAML") {
            return Err(DecodeError::new(QUESTION, EXPECTED, text));
        }
        let mut read = Self {
            calls: BTreeMap::new(),
        };
        // Indentation and path of the resources that are open, and the method and the form that are.
        let mut open: Vec<(usize, String)> = Vec::new();
        let mut call: Option<(usize, (Verb, String))> = None;
        let mut form: Option<Form> = None;
        for (number, line) in text.lines().enumerate() {
            let key = line.trim_start();
            let indent = line.len() - key.len();
            let Some(key) = key.trim_end().split_once(':').map(|(key, _)| key) else {
                continue;
            };
            let key = key.trim_matches(['"', '\'']);
            if number > MOST || open.len() > DEEPEST {
                let expected = "resources of a sensible depth and number";
                return Err(DecodeError::new(QUESTION, expected, key));
            }
            form = form.filter(|form| indent > form.outer);
            call = call.filter(|(outer, _)| indent > *outer);
            if let Some(form) = &mut form {
                read.part(form, indent, key);
            } else if key.starts_with('/') {
                open.retain(|(outer, _)| *outer < indent);
                let above = open.last().map_or("", |(_, path)| path);
                open.push((indent, format!("{above}{}", plain(key))));
            } else if let Some(verb) = [Verb::Get, Verb::Post]
                .into_iter()
                .find(|verb| verb.key() == key)
            {
                let inside = open.iter().rev().find(|(outer, _)| *outer < indent);
                call = inside.map(|(_, path)| (indent, (verb, path.clone())));
                read.calls
                    .extend(call.iter().map(|(_, call)| (call.clone(), BTreeSet::new())));
            } else if key == "formParameters" {
                form = call.as_ref().map(|(_, call)| Form {
                    call: call.clone(),
                    outer: indent,
                    inner: None,
                });
            }
        }
        Ok(read)
    }

    /// The keys right below `formParameters` name the parts; what is deeper describes them.
    fn part(&mut self, form: &mut Form, indent: usize, key: &str) {
        if *form.inner.get_or_insert(indent) == indent
            && let Some(parts) = self.calls.get_mut(&form.call)
        {
            parts.insert(plain(key));
        }
    }

    /// What the description lacks of a call; `None` if it names it. Where the description's own base lies is not known. A
    /// question below another branch is harmless; a change there would be another change.
    pub fn lacks(&self, wanted: &Call) -> Option<String> {
        let base = |known: &str| match known.strip_suffix(wanted.path) {
            Some(above) if wanted.verb == Verb::Post => {
                above.is_empty() || above.ends_with("/provisioning")
            }
            above => above.is_some(),
        };
        let mut described = self
            .calls
            .iter()
            .filter(|((verb, path), _)| *verb == wanted.verb && base(path));
        let Some((_, parts)) = described.next() else {
            return Some(wanted.to_string());
        };
        let part = wanted.part?;
        if parts.is_empty() || parts.contains(part) {
            return None;
        }
        let named: Vec<&str> = parts.iter().map(String::as_str).collect();
        Some(format!(
            "{wanted} with a part `{part}` (it has `{}`)",
            named.join("`, `")
        ))
    }

    /// Compares with a profile.
    pub fn compared(&self, profile: &[Call]) -> Interface {
        let lacks: Vec<String> = profile.iter().filter_map(|call| self.lacks(call)).collect();
        if lacks.is_empty() {
            Interface::Matches
        } else {
            Interface::Lacks(lacks)
        }
    }

    /// The path of the client certificate below `/api/provisioning`, if one is described. No source names it: it is
    /// looked for beside the server certificate, by the word.
    // claim: EXPRESSWAY-CLIENT-STORE
    pub fn client_certificate(&self) -> Option<String> {
        let readable = self.calls.keys().filter(|(verb, _)| *verb == Verb::Get);
        let mut paths = readable.map(|(_, path)| path);
        paths.find_map(|path| {
            let (_, name) = path.rsplit_once("/certs/")?;
            let harmless = |letter: char| letter.is_ascii_alphabetic() || "_-".contains(letter);
            let named = name.contains("client") && !name.contains("csr");
            (named && name.chars().all(harmless)).then(|| format!("/certs/{name}"))
        })
    }
}
