//! Settings of the documented interface: objects, or arrays of objects.
//! Source: expressway §3 (field names from docstrings of client code).
// claim: EXPRESSWAY-SETTINGS

use serde_json::{Map, Value};

use super::{DecodeError, plain};
use crate::model::{Domain, Observed, UnifiedServer, Zone, ZoneKind};

type Object = Map<String, Value>;

/// The zones of one path.
///
/// # Errors
/// [`DecodeError`] if the answer is not a list of zones with names.
pub fn zones(question: &str, body: &[u8], kind: ZoneKind) -> Result<Vec<Zone>, DecodeError> {
    let zone = |row: &Object| {
        Ok(Zone {
            name: needed(question, row, "Name", "zones with a member `Name`")?,
            kind,
            peer_addresses: list(row, "PeerAddress"),
            verify_name: text(row, "SIPTLSVerifySubjectName"),
            status: match text(row, "Status") {
                Some(status) => Observed::Present(status),
                None => Observed::Unknown(format!("`GET {question}` does not tell it")),
            },
            cause: String::new(),
            connections: Vec::new(),
        })
    };
    rows(question, body)?.iter().map(zone).collect()
}

/// The domains.
///
/// # Errors
/// [`DecodeError`] if the answer is not a list of domains with names.
pub fn domains(question: &str, body: &[u8]) -> Result<Vec<Domain>, DecodeError> {
    let domain = |row: &Object| {
        Ok(Domain {
            name: needed(question, row, "Name", "domains with a member `Name`")?,
            sip: switch(row, "Sip"),
            edge_sip: switch(row, "EdgeSip"),
            edge_xmpp: switch(row, "EdgeXmpp"),
            xmpp_federation: switch(row, "XmppFederation"),
        })
    };
    rows(question, body)?.iter().map(domain).collect()
}

/// The servers of a list.
///
/// # Errors
/// [`DecodeError`] if the answer is not a list of servers with publishers.
pub fn servers(question: &str, body: &[u8]) -> Result<Vec<UnifiedServer>, DecodeError> {
    let server = |row: &Object| {
        Ok(UnifiedServer {
            address: needed(
                question,
                row,
                "Publisher",
                "servers with a member `Publisher`",
            )?,
            verify: switch(row, "TlsVerify"),
        })
    };
    rows(question, body)?.iter().map(server).collect()
}

/// Whether mobile and remote access is on.
///
/// # Errors
/// [`DecodeError`] if the answer has no member `Enabled` that is On or Off.
pub fn remote_access(question: &str, body: &[u8]) -> Result<bool, DecodeError> {
    const EXPECTED: &str = "a member `Enabled` that is On or Off";
    let rows = rows(question, body)?;
    let row = rows.first();
    row.and_then(|row| switch(row, "Enabled"))
        .ok_or_else(|| DecodeError::new(question, EXPECTED, &String::from_utf8_lossy(body)))
}

/// Host name and domain, joined, in lower case; `Absent` where no host name is set.
///
/// # Errors
/// [`DecodeError`] if the answer is no object.
pub fn own_name(question: &str, body: &[u8]) -> Result<Observed<String>, DecodeError> {
    let rows = rows(question, body)?;
    let Some(row) = rows.first() else {
        return Ok(Observed::Absent);
    };
    let member = |name| text(row, name).map(|text| text.trim_matches('.').to_ascii_lowercase());
    Ok(match (member("SystemHostName"), member("DomainName")) {
        (Some(host), Some(domain))
            if domain.is_empty() || host.ends_with(&format!(".{domain}")) =>
        {
            Observed::Present(host)
        }
        (Some(host), Some(domain)) => Observed::Present(format!("{host}.{domain}")),
        (Some(host), None) => Observed::Present(host),
        (None, _) => Observed::Absent,
    })
}

/// The objects of an answer: an array of them, or one.
fn rows(question: &str, body: &[u8]) -> Result<Vec<Object>, DecodeError> {
    const EXPECTED: &str = "a JSON object or an array of objects";
    let wrong = || DecodeError::new(question, EXPECTED, &String::from_utf8_lossy(body));
    match serde_json::from_slice(body).map_err(|_| wrong())? {
        Value::Object(row) => Ok(vec![row]),
        Value::Array(rows) => rows
            .into_iter()
            .map(|row| match row {
                Value::Object(row) => Ok(row),
                _ => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}

fn needed(
    question: &str,
    row: &Object,
    member: &str,
    expected: &'static str,
) -> Result<String, DecodeError> {
    text(row, member).ok_or_else(|| {
        let found = serde_json::to_string(row).unwrap_or_default();
        DecodeError::new(question, expected, &found)
    })
}

fn text(row: &Object, member: &str) -> Option<String> {
    row.get(member)
        .and_then(Value::as_str)
        .map(plain)
        .filter(|text| !text.is_empty())
}

fn switch(row: &Object, member: &str) -> Option<bool> {
    match row.get(member)? {
        Value::Bool(on) => Some(*on),
        Value::String(word) if word.eq_ignore_ascii_case("on") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("off") => Some(false),
        _ => None,
    }
}

/// A list of texts, or one text.
fn list(row: &Object, member: &str) -> Vec<String> {
    let words = match row.get(member) {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(word)) => vec![word.as_str()],
        _ => Vec::new(),
    };
    words
        .into_iter()
        .map(plain)
        .filter(|word| !word.is_empty())
        .collect()
}
