//! Certificates as a peer sends them: PEM, labelled as a web page, with any line ends.
// claim: EXPRESSWAY-PEM-AS-HTML

use super::DecodeError;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// The PEM blocks of an answer, in its order.
///
/// # Errors
/// [`DecodeError`] if a block does not end, or the text has no block and is not empty.
pub fn blocks(question: &str, body: &[u8]) -> Result<Vec<String>, DecodeError> {
    const EXPECTED: &str = "PEM blocks";
    let text = String::from_utf8_lossy(body);
    let wrong = |found: &str| DecodeError::new(question, EXPECTED, found);
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with(BEGIN) && block.replace(String::new()).is_some() {
            return Err(wrong("a block inside a block"));
        }
        let Some(open) = &mut block else { continue };
        open.push_str(line);
        open.push('\n');
        if line.starts_with(END) {
            blocks.extend(block.take());
        }
    }
    if block.is_some() {
        return Err(wrong("a block without an end"));
    }
    if blocks.is_empty() && !text.trim().is_empty() {
        return Err(wrong(&text));
    }
    Ok(blocks)
}

/// The one block of an answer.
///
/// # Errors
/// [`DecodeError`] as for [`blocks`], or if there is none.
pub fn first(question: &str, body: &[u8]) -> Result<String, DecodeError> {
    let mut blocks = blocks(question, body)?.into_iter();
    blocks
        .next()
        .ok_or_else(|| DecodeError::new(question, "a PEM block", ""))
}
