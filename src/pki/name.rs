//! Distinguished names and other texts inside certificates, as one printable line.

use std::fmt::Write as _;

use x509_parser::asn1_rs::Tag;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Replaces what a terminal or a reader could be deceived by (controls, line ends, bidirectional marks,
/// invisible and combining characters) by visible escapes such as `\u{202e}`.
///
/// Escapes rather than removes, so that two different texts stay different.
pub fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' => clean.push(character),
            other => clean.extend(other.escape_debug()),
        }
    }
    clean
}

/// A name in one line, most specific part first, special characters escaped. Source: RFC 4514.
pub(super) fn one_line(name: &X509Name<'_>) -> String {
    let parts: Vec<String> = name
        .iter_rdn()
        .map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+"))
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(", ")
}

/// The last common name, printable.
pub(super) fn common_name(name: &X509Name<'_>) -> Option<String> {
    let last = name.iter_common_name().last()?;
    Some(text(last).map_or_else(|| hexadecimal(last), |value| printable(&value)))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let kind = oid2abbrev(attribute.attr_type(), oid_registry())
        .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
    let value = text(attribute).map_or_else(|| hexadecimal(attribute), |value| escaped(&value));
    format!("{kind}={value}")
}

fn escaped(value: &str) -> String {
    let mut line = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, ',' | '+' | '"' | ';' | '<' | '>') {
            line.push('\\');
            line.push(character);
        } else {
            line.push_str(&printable(character.encode_utf8(&mut [0; 4])));
        }
    }
    line
}

/// Decodes a directory string; `None` if its bytes do not fit its type.
pub(super) fn text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let bytes = attribute.as_slice();
    match attribute.attr_value().tag() {
        Tag::BmpString => {
            let units = bytes.chunks_exact(2);
            units.remainder().is_empty().then_some(())?;
            let units = units.map(|unit| {
                unit.iter()
                    .fold(0, |value, byte| value << 8 | u16::from(*byte))
            });
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        Tag::UniversalString => {
            let points = bytes.chunks_exact(4);
            points.remainder().is_empty().then_some(())?;
            points
                .map(|point| {
                    char::from_u32(
                        point
                            .iter()
                            .fold(0, |value, byte| value << 8 | u32::from(*byte)),
                    )
                })
                .collect()
        }
        // Teletex in practice holds Latin-1.
        Tag::T61String => Some(bytes.iter().copied().map(char::from).collect()),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

fn hexadecimal(attribute: &AttributeTypeAndValue<'_>) -> String {
    attribute
        .as_slice()
        .iter()
        .fold("#".to_owned(), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceiving_characters_become_visible() {
        for (text, expected) in [
            ("cucm-pub.example.com", "cucm-pub.example.com"),
            ("Société \"A\" d'Été", "Société \"A\" d'Été"),
            ("a\nb\r\tc\u{1b}[31m", "a\\nb\\r\\tc\\u{1b}[31m"),
            ("evil\u{202e}moc", "evil\\u{202e}moc"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("e\u{301}", "e\\u{301}"),
            ("back\\slash", "back\\\\slash"),
            ("nul\0", "nul\\0"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
