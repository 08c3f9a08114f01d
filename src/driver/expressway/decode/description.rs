//! The peer's description of its own interface: RAML, read for its resources and their methods only.
// claim: EXPRESSWAY-RAML

use std::collections::BTreeSet;

use super::{DecodeError, plain};
use crate::model::Interface;

const QUESTION: &str = "/api/raml";
/// Deepest nesting of resources and most lines that are read. The real one nests five deep.
const DEEPEST: usize = 32;
const MOST: usize = 200_000;

/// The paths that can be fetched, as the description writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    readable: BTreeSet<String>,
}

impl Description {
    /// Reads a description. A resource is a key that begins with `/`; it can be fetched if `get:` stands below it.
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
        let mut readable = BTreeSet::new();
        // Indentation and path of the resources that are open.
        let mut open: Vec<(usize, String)> = Vec::new();
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
            if key.starts_with('/') {
                open.retain(|(outer, _)| *outer < indent);
                let above = open.last().map_or("", |(_, path)| path);
                open.push((indent, format!("{above}{}", plain(key))));
            } else if key == "get" {
                let inside = open.iter().rev().find(|(outer, _)| *outer < indent);
                readable.extend(inside.map(|(_, path)| path.clone()));
            }
        }
        Ok(Self { readable })
    }

    /// Whether a path below `/api/provisioning` can be fetched. Where the description's own base lies is not known.
    fn has(&self, path: &str) -> bool {
        self.readable.iter().any(|known| known.ends_with(path))
    }

    /// Compares with a profile.
    pub fn compared(&self, profile: &[&str]) -> Interface {
        let lacks: Vec<String> = profile
            .iter()
            .filter(|path| !self.has(path))
            .map(|path| format!("GET {path}"))
            .collect();
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
        self.readable.iter().find_map(|path| {
            let (_, name) = path.rsplit_once("/certs/")?;
            let harmless = |letter: char| letter.is_ascii_alphabetic() || "_-".contains(letter);
            let named = name.contains("client") && !name.contains("csr");
            (named && name.chars().all(harmless)).then(|| format!("/certs/{name}"))
        })
    }
}
