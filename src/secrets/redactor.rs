//! Takes live secrets out of any text before it reaches a log, an error or a file.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::Secret;

/// What stands where a secret stood.
const MASK: &str = "[redacted]";

/// Knows the secrets of this process in every spelling in which they could leak. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that `user:password` goes before `password`.
    spellings: Arc<RwLock<Vec<Zeroizing<String>>>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Redactor")
    }
}

impl Redactor {
    /// A redactor that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a password and the forms in which HTTP Basic sends it for this user.
    pub fn learn_login(&self, user: &str, password: &Secret) {
        self.learn(password);
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        self.add(encodings(&pair));
    }

    /// Learns any other secret, such as a session cookie.
    pub fn learn(&self, secret: &Secret) {
        self.add(spellings(secret.expose()));
    }

    /// The text with every known secret masked.
    pub fn clean(&self, text: &str) -> String {
        let spellings = self
            .spellings
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut cleaned = text.to_owned();
        for spelling in spellings.iter() {
            if cleaned.contains(spelling.as_str()) {
                cleaned = cleaned.replace(spelling.as_str(), MASK);
            }
        }
        cleaned
    }

    fn add(&self, new: BTreeSet<String>) {
        let mut known = self
            .spellings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for spelling in new {
            if !spelling.is_empty() && !known.iter().any(|old| **old == spelling) {
                known.push(Zeroizing::new(spelling));
            }
        }
        known.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    }
}

/// Every spelling of a text: as it is, escaped for a URL, XML, JSON or Rust's `{:?}`, and encoded.
fn spellings(text: &str) -> BTreeSet<String> {
    let mut all = encodings(text);
    all.insert(text.to_owned());
    // UTF-16 that was printed as if it were text.
    all.insert(text.chars().flat_map(|letter| [letter, '\0']).collect());
    for lower in [false, true] {
        let percent = percent_encoded(text, lower);
        all.insert(percent.replace("%20", "+"));
        all.insert(percent);
    }
    all.insert(quick_xml::escape::escape(text).into_owned());
    all.insert(quick_xml::escape::partial_escape(text).into_owned());
    all.insert(quick_xml::escape::minimal_escape(text).into_owned());
    for quoted in [
        serde_json::to_string(text).unwrap_or_default(),
        format!("{text:?}"),
    ] {
        all.insert(quoted.trim_matches('"').to_owned());
    }
    all
}

/// Base64 in its four dialects and hexadecimal in both cases.
fn encodings(text: &str) -> BTreeSet<String> {
    BTreeSet::from([
        STANDARD.encode(text),
        STANDARD_NO_PAD.encode(text),
        URL_SAFE.encode(text),
        URL_SAFE_NO_PAD.encode(text),
        hex::encode(text),
        hex::encode_upper(text),
    ])
}

fn percent_encoded(text: &str, lower: bool) -> String {
    let encode = |byte: u8| match char::from(byte) {
        letter if letter.is_ascii_alphanumeric() || "-_.~".contains(letter) => letter.to_string(),
        _ if lower => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_every_spelling() {
        let password = "p&ss <w\"rd> é/1";
        let redactor = Redactor::new();
        redactor.learn_login("reissue", &Secret::new(password.into()));
        let leaks = [
            password.to_owned(),
            "p%26ss%20%3Cw%22rd%3E%20%C3%A9%2F1".to_owned(),
            "p%26ss+%3cw%22rd%3e+%c3%a9%2f1".to_owned(),
            "p&amp;ss &lt;w&quot;rd&gt; é/1".to_owned(),
            "p&ss <w\\\"rd> é/1".to_owned(),
            format!(
                "Authorization: Basic {}",
                STANDARD.encode(format!("reissue:{password}"))
            ),
            STANDARD.encode(password),
            hex::encode(password),
            hex::encode_upper(password),
        ];
        for leak in leaks {
            let cleaned = redactor.clean(&format!("before {leak} after"));
            assert!(cleaned.starts_with("before "), "{cleaned}");
            assert!(cleaned.ends_with("[redacted] after"), "{leak} -> {cleaned}");
        }
    }

    #[test]
    fn leaves_other_text_alone() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new(String::new()));
        assert_eq!(redactor.clean("nothing secret"), "nothing secret");
    }
}
