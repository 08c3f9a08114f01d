//! From the bytes of a file to the DER blocks inside it, whatever wraps them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::PkiError;
use super::name::printable;
use super::recognise::recognise;

/// The longest file that is read, in bytes.
pub const FILE_LIMIT: usize = 1024 * 1024;

pub(super) const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Splits a file into DER blocks. Takes DER, PEM in any line ends and with text around the blocks, bare
/// base64, and PEM saved as UTF-16. What a block is stays to be seen.
///
/// # Errors
/// [`PkiError`] for an empty or huge file, a private key, a broken block, and for a file without any block,
/// naming what it seems to be.
pub(super) fn blocks(
    bytes: &[u8],
    origin: &str,
    expected: &'static str,
) -> Result<Vec<Vec<u8>>, PkiError> {
    if bytes.len() > FILE_LIMIT {
        return Err(PkiError::TooLarge {
            origin: origin.to_owned(),
            size: bytes.len(),
            limit: FILE_LIMIT,
        });
    }
    if bytes
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
    {
        return Err(PkiError::Empty {
            origin: origin.to_owned(),
        });
    }
    let Some(text) = as_text(bytes) else {
        return Ok(vec![bytes.to_vec()]);
    };
    if text.contains("PRIVATE KEY-----") {
        return Err(PkiError::PrivateKey {
            origin: origin.to_owned(),
        });
    }
    if text.contains(BEGIN) {
        return pem_blocks(&text, origin, expected);
    }
    match bare_base64(&text) {
        Some(der) => Ok(vec![der]),
        None => Err(recognise(bytes).refusal(origin, expected)),
    }
}

/// The file as text, if it is text: UTF-8 or UTF-16, or anything around a PEM block.
pub(super) fn as_text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some(utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Some(utf16(rest, u16::from_be_bytes));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if holds(bytes, b"-\0-\0B\0E") {
        let big = bytes.first() == Some(&0);
        return Some(utf16(
            bytes,
            if big {
                u16::from_be_bytes
            } else {
                u16::from_le_bytes
            },
        ));
    }
    if holds(bytes, BEGIN.as_bytes()) {
        return Some(String::from_utf8_lossy(bytes));
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let binary = |c: char| c.is_control() && !c.is_whitespace();
    (!text.contains(binary)).then_some(Cow::Borrowed(text))
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn pem_blocks(text: &str, origin: &str, expected: &'static str) -> Result<Vec<Vec<u8>>, PkiError> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let number = blocks.len() + 1;
        let damaged = |reason: String| PkiError::Damaged {
            origin: origin.to_owned(),
            reason,
        };
        let (label, body) = block
            .split_once(DASHES)
            .filter(|(label, _)| label.len() < 64 && !label.contains('\n'))
            .ok_or_else(|| damaged(format!("the BEGIN line of block {number} is broken")))?;
        check_label(label, origin, expected)?;
        let (body, after) = body
            .split_once(&format!("-----END {label}-----"))
            .filter(|(body, _)| !body.contains(DASHES))
            .ok_or_else(|| {
                damaged(format!(
                    "block {number} ({label}) has no END line of its own"
                ))
            })?;
        let der = decode(body)
            .ok_or_else(|| damaged(format!("block {number} ({label}) is not base64")))?;
        blocks.push(der);
        rest = after;
    }
    Ok(blocks)
}

fn check_label(label: &str, origin: &str, expected: &'static str) -> Result<(), PkiError> {
    let known = [
        "CERTIFICATE",
        "X509 CERTIFICATE",
        "PKCS7",
        "CMS",
        "CERTIFICATE REQUEST",
        "NEW CERTIFICATE REQUEST",
    ];
    if known.contains(&label) {
        return Ok(());
    }
    Err(PkiError::WrongKind {
        origin: origin.to_owned(),
        expected,
        found: format!("a file with a block `{}`", printable(label)),
        next: "Export it again and leave everything else out.",
    })
}

/// Some authorities answer with the base64 alone. Every certificate, request and PKCS#7 begins with `MI`.
pub(super) fn bare_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    text.starts_with("MI").then(|| decode(text)).flatten()
}

fn decode(body: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(digits).ok().filter(|der| !der.is_empty())
}
