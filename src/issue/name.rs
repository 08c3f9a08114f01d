//! Names of requests as names of files.

use super::IssueError;
use crate::model::Fingerprint;

/// The longest file name, in bytes, without its extension.
const LONGEST: usize = 180;

/// Turns `<cluster>.<node>.<purpose>` into the stem of a file name that stays inside its folder on any system:
/// letters, digits, `.`, `-` and `_`, not hidden, not too long. A name that had to be changed carries a digest
/// of the original, so that two names never meet in one file.
///
/// # Errors
/// [`IssueError::NoName`] for an empty name.
pub fn file_name(name: &str) -> Result<String, IssueError> {
    if name.is_empty() {
        return Err(IssueError::NoName);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut stem: String = name
        .chars()
        .take(LONGEST)
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    if stem.starts_with('.') {
        stem.insert(0, '_');
    }
    if stem != name {
        stem = format!("{stem}-{}", Fingerprint::of(name.as_bytes()).short());
    }
    Ok(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_their_folder() {
        let ordinary = "hq.cucm-pub.hq.example.com.tomcat-ECDSA";
        assert_eq!(file_name(ordinary).expect("name"), ordinary);
        let long = "x".repeat(500);
        let strange = [
            "../../etc/passwd",
            "..",
            ".",
            ".hidden",
            "a/b",
            "a\\b",
            "a\0b",
            "C:con",
            "a\nb",
            "é",
            &long,
        ];
        let mut seen = std::collections::BTreeSet::new();
        for name in strange {
            let file = file_name(name).expect("name");
            assert!(!file.starts_with('.') && file.len() <= 200, "{file}");
            assert!(
                file.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
                "{file}"
            );
            assert!(seen.insert(file), "{name}");
        }
        assert_ne!(
            file_name("a/b").expect("name"),
            file_name("a_b").expect("name")
        );
        assert!(matches!(file_name(""), Err(IssueError::NoName)));
    }
}
