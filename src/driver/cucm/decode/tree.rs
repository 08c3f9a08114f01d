//! Finding things in an answer by local name: prefixes differ from release to release
//! (claim: CUCM-SOAP-PREFIXES).

use super::DecodeError;
use crate::transport::soap::Element;

/// Elements below `element` along a path of names, at every step all that have the name.
pub(super) fn all<'a>(element: &'a Element, path: &[&str]) -> Vec<&'a Element> {
    path.iter().fold(vec![element], |level, name| {
        level
            .into_iter()
            .flat_map(|element| element.children.iter().filter(|child| child.name == *name))
            .collect()
    })
}

/// The one element at a path.
pub(super) fn one<'a>(
    question: &'static str,
    element: &'a Element,
    path: &[&str],
) -> Result<&'a Element, DecodeError> {
    match all(element, path).as_slice() {
        [only] => Ok(only),
        found => Err(DecodeError::new(
            question,
            format!("one element {} below {}", path.join("/"), element.name),
            &format!("{} of them, among {}", found.len(), children(element)),
        )),
    }
}

/// The text of the one element at a path.
pub(super) fn text<'a>(
    question: &'static str,
    element: &'a Element,
    path: &[&str],
) -> Result<&'a str, DecodeError> {
    one(question, element, path).map(|found| found.text.as_str())
}

/// The number in the one element at a path.
pub(super) fn number<T: std::str::FromStr>(
    question: &'static str,
    element: &Element,
    path: &[&str],
) -> Result<T, DecodeError> {
    let text = text(question, element, path)?;
    text.parse()
        .map_err(|_| DecodeError::new(question, format!("a number in {}", path.join("/")), text))
}

fn children(element: &Element) -> String {
    let names: Vec<&str> = element
        .children
        .iter()
        .map(|child| child.name.as_str())
        .collect();
    names.join(" ")
}
