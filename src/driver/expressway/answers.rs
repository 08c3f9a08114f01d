//! What a peer's answer to a change means.

use serde_json::Value;

use super::decode::plain;
use crate::driver::WriteError;
use crate::transport::{Reply, TransportError, letters};

/// Words by which a peer says no, by their letters: it does so with HTTP 200 as well.
// claim: EXPRESSWAY-REST-MESSAGE, EXPRESSWAY-CSR-CONFLICT, EXPRESSWAY-CERT-BAD-REQUEST
const REFUSALS: [&str; 4] = [
    "alreadyexists",
    "badrequest",
    "conflict",
    "invalidcertificate",
];

/// The word of a failure behind the interface. Source: expressway §1 (a fixture).
const FAILURE: &str = "commanderror";

/// What a success says. Any text but a refusal is one; what it really did, only a look tells.
pub(super) fn accepted(what: &str, reply: &Reply) -> Result<(), WriteError> {
    let words = words(&reply.body);
    let said = letters(&words);
    if said.contains(FAILURE) || REFUSALS.iter().any(|refusal| said.contains(refusal)) {
        return Err(WriteError::Refused(format!(
            "{what}: answered with HTTP {} and \"{words}\"",
            reply.status
        )));
    }
    Ok(())
}

/// What a failed exchange means for the peer. Unclear answers are unknown, never a refusal.
pub(super) fn failed(what: &str, error: TransportError) -> WriteError {
    if error.is_not_trusted() {
        return WriteError::NotTrusted(error.to_string());
    }
    if error.is_unauthorized() {
        return WriteError::Unauthorized(error.to_string());
    }
    match error {
        TransportError::Status { reply, .. } => answered(what, &reply),
        // claim: EXPRESSWAY-LOGIN-PAGE
        TransportError::Html { ref found, .. } if found.to_ascii_lowercase().contains("login") => {
            WriteError::Unauthorized(format!(
                "{what}: expected data, found a login page: the account was not accepted. It is not tried again; check the \
                 account and whether it has API access."
            ))
        }
        error if error.not_sent() => WriteError::NotSent(error.to_string()),
        error => WriteError::Unknown(error.to_string()),
    }
}

/// A status other than success.
fn answered(what: &str, reply: &Reply) -> WriteError {
    let status = reply.status;
    let words = words(&reply.body);
    let found = format!("{what}: expected HTTP 200, found HTTP {status} with \"{words}\"");
    let said = letters(&words);
    if status == 403 {
        return WriteError::Unauthorized(format!(
            "{found}. The account may read and not write, or the peer wants another proof: give it read-write and API \
             access, or do this step on the peer's own pages."
        ));
    }
    if status < 500 || REFUSALS.iter().any(|refusal| said.contains(refusal)) {
        return WriteError::Refused(format!("{found}."));
    }
    if said.contains(FAILURE) {
        return WriteError::Broken(format!("{found}."));
    }
    WriteError::Unknown(format!(
        "{found}. The peer may have acted: look at its state before anything is sent again."
    ))
}

/// The text of an answer: its Message, or the answer itself.
// claim: EXPRESSWAY-REST-MESSAGE
fn words(body: &[u8]) -> String {
    let message = serde_json::from_slice::<Value>(body).ok();
    let message = message.as_ref().and_then(|value| value.get("Message"));
    match message.and_then(Value::as_str) {
        Some(text) => plain(text),
        None => plain(&String::from_utf8_lossy(body)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            content_type: "application/json".to_owned(),
            date: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn kind(error: &WriteError) -> &'static str {
        match error {
            WriteError::NotSent(_) => "not sent",
            WriteError::Refused(_) => "refused",
            WriteError::Unknown(_) => "unknown",
            WriteError::Broken(_) => "broken",
            WriteError::Unauthorized(_) => "unauthorized",
            WriteError::NotTrusted(_) => "not trusted",
        }
    }

    #[test]
    fn an_answer_says_whether_the_peer_refused_or_may_have_acted() {
        let cases = [
            (
                400,
                r#"{"Message":"Bad Request"}"#,
                "refused",
                "\"Bad Request\"",
            ),
            (409, r#"{"Message":"Conflict"}"#, "refused", "\"Conflict\""),
            (405, "Method Not Allowed", "refused", "HTTP 405"),
            (302, "", "refused", "HTTP 302"),
            (
                403,
                r#"{"Message":"Forbidden"}"#,
                "unauthorized",
                "\"Forbidden\"",
            ),
            (500, r#"{"Message":"Conflict"}"#, "refused", "\"Conflict\""),
            (
                500,
                r#"{"Message":"CommandError: Socket Error: Timeout"}"#,
                "broken",
                "\"CommandError: Socket Error: Timeout\"",
            ),
            (
                500,
                r#"{"Message":"New words"}"#,
                "unknown",
                "may have acted",
            ),
            (503, "<html>Busy</html>", "unknown", "HTTP 503"),
        ];
        for (status, body, expected, text) in cases {
            let error = answered("c1: `POST x`", &reply(status, body));
            assert_eq!(kind(&error), expected, "{error}");
            assert!(error.to_string().contains(text), "{error}");
            assert!(error.to_string().starts_with("c1: `POST x`"), "{error}");
        }
    }

    #[test]
    fn a_success_is_read_too() {
        for good in [
            r#"{"Message":"OK"}"#,
            r#"{"Message":"Root Certificate updated."}"#,
            "",
            "{}",
        ] {
            assert_eq!(accepted("x", &reply(200, good)), Ok(()), "{good}");
        }
        for refusal in [
            "CommandError: Socket Error: Timeout",
            "Neighbor zone name already exists",
            "Bad Request",
            "Conflict",
            "Invalid certificate: Unrecognized CA.",
        ] {
            let body = serde_json::json!({ "Message": refusal }).to_string();
            let error = accepted("x", &reply(200, &body)).unwrap_err();
            assert_eq!(kind(&error), "refused");
            assert!(error.to_string().contains(refusal), "{error}");
        }
    }
}
