//! What a node says when it refuses a certificate, and what that means. The texts are renderings of several
//! documents and differ by release, so they are compared by their letters alone (cucm-upload-errors §1).

use serde_json::Value;

use super::decode::excerpt;
use crate::transport::letters;

/// A refusal that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its number in cucm-upload-errors §1.
    pub code: &'static str,
    /// Letters and digits of the stable part, in lower case.
    stable: &'static str,
    /// What is behind it.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// In the order in which they are tried: the more exact text first. E1 to E11 are sentences that documents print;
/// of E12, E13 and E15 only the condition is documented, so a word of it must do. E14 and E16 to E18 have no text.
// claim: CUCM-UPLOAD-NO-CHAIN, CUCM-UPLOAD-NO-CSR, CUCM-UPLOAD-KEY-DIFFERS, CUCM-UPLOAD-SAN-DIFFERS,
// CUCM-UPLOAD-NOT-CA, CUCM-UPLOAD-UNREADABLE, CUCM-UPLOAD-WRONG-UNIT, CUCM-UPLOAD-EXPIRED, CUCM-UPLOAD-WILDCARD,
// CUCM-UPLOAD-USAGES
const KNOWN: [Refusal; 14] = [
    refusal(
        "E1",
        "cacertificateisnotavailableinthetruststore",
        "the root or an intermediate is not in this node's trust store",
        "upload root, then each intermediate, look that they are stored, then upload the certificate again",
    ),
    refusal(
        "E4",
        "csrpublickeyandcertificatepublickeydonotmatch",
        "the certificate was made from another request than the one that waits on this node",
        "use the certificate of the waiting request, or have that request signed",
    ),
    refusal(
        "E5",
        "csrsanandcertificatesandoesnotmatch",
        "the authority added or dropped alternative names",
        "have it sign exactly the names of the request, or make a request with the names that it insists on",
    ),
    refusal(
        "E2",
        "csrdoesnotexist",
        "no request waits on this node for this purpose: it was used up or replaced",
        "make a new request, have it signed, and upload that certificate",
    ),
    refusal(
        "E3",
        "dercouldnotbeuploaded",
        "no request waits on this node (E2), or the certificate's key is not that of the waiting one (E4)",
        "look at the waiting request; if there is one, have it signed, else make a new one",
    ),
    refusal(
        "E6",
        "errorincacertificate",
        "the authority's certificate cannot be used as one",
        "export it again as PEM and check that it says CA:TRUE",
    ),
    refusal(
        "E8",
        "certificateisnotinpemformat",
        "the certificate is in another encoding, or text stands before it",
        "convert it to a single PEM block",
    ),
    refusal(
        "E9",
        "invalidcertificatefile",
        "the file is no certificate, or holds a private key",
        "give a file with the certificate and nothing else",
    ),
    refusal(
        "E10",
        "invalidcertificatetype",
        "this product has no such purpose",
        "compare the purpose with those that `reissue status` lists for the node",
    ),
    refusal(
        "E11",
        "certificateoperationisnotsuccessful",
        "the platform failed internally",
        "look at the node before anything is sent again; its logs are IPT Platform CertMgr and Cisco Tomcat",
    ),
    refusal(
        "E13",
        "wildcard",
        "names with a star are not supported",
        "have explicit names signed",
    ),
    refusal(
        "E15",
        "keyusage",
        "the authority left out a key usage that the request asked for",
        "correct its template: every usage of the request must be in the certificate",
    ),
    refusal(
        "E12",
        "expired",
        "the certificate is expired by the node's clock",
        "get a current one, and compare the node's clock with ours",
    ),
    refusal(
        "E7",
        "readingthecertificate",
        "the node could not read the certificate",
        "export it again as a single PEM block",
    ),
];

const fn refusal(
    code: &'static str,
    stable: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> Refusal {
    Refusal {
        code,
        stable,
        cause,
        remedy,
    }
}

/// The refusal that a text stands for, whatever its case, punctuation and spacing.
pub fn recognise(text: &str) -> Option<&'static Refusal> {
    let letters = letters(text);
    KNOWN.iter().find(|known| letters.contains(known.stable))
}

/// The texts in an error's body: JSON members that readers of this interface know, or the body itself.
// claim: CUCM-REST-ERROR-BODY (inferred)
pub fn words(body: &[u8]) -> String {
    let raw = String::from_utf8_lossy(body);
    let mut texts = Vec::new();
    if let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) {
        for name in ["messages", "message", "error", "errors", "details"] {
            if let Some(value) = members.get(name) {
                collect(value, &mut texts);
            }
        }
    }
    texts.dedup();
    if texts.is_empty() {
        excerpt(&raw)
    } else {
        excerpt(&texts.join("; "))
    }
}

/// Strings of a member, of a list, or of a list of objects; no deeper.
fn collect(value: &Value, texts: &mut Vec<String>) {
    let inside: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        other => vec![other],
    };
    for value in inside {
        match value {
            Value::String(text) => texts.push(text.clone()),
            Value::Object(members) => {
                texts.extend(
                    members
                        .values()
                        .filter_map(Value::as_str)
                        .map(str::to_owned),
                );
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_recognised_in_any_spelling() {
        let cases = [
            ("CA certificate is not available in the trust-store", "E1"),
            ("ca  Certificate is not available in the Trust Store.", "E1"),
            (
                "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist",
                "E2",
            ),
            (
                "The file /usr/local/platform/upload/certs//tomcat.der could not be uploaded",
                "E3",
            ),
            (
                "CSR public key and certificate public key do not match",
                "E4",
            ),
            ("CSR SAN and Certificate SAN does not match", "E5"),
            ("Error in CA certificate", "E6"),
            ("Error while reading the certificate", "E7"),
            ("Certificate is not in PEM format", "E8"),
            ("Invalid certificate file", "E9"),
            ("Invalid certificate type", "E10"),
            ("Certificate operation is not successful", "E11"),
            ("The certificate has expired", "E12"),
            ("Wildcard certificates are not supported", "E13"),
            ("Key Usage missing", "E15"),
        ];
        for (text, code) in cases {
            assert_eq!(
                recognise(text).map(|known| known.code),
                Some(code),
                "{text}"
            );
        }
        assert_eq!(recognise("Something else happened"), None);
        assert_eq!(recognise(""), None);
    }

    #[test]
    fn words_are_found_in_every_known_body() {
        let cases = [
            (r#"{"messages": ["one", "two"]}"#, "`one; two`"),
            (r#"{"messages": [{"text": "one", "code": 4}]}"#, "`one`"),
            (r#"{"message": "one"}"#, "`one`"),
            (r#"{"error": "bad", "message": "bad"}"#, "`bad`"),
            (r#"{"status": 400}"#, r#"`{"status": 400}`"#),
            ("<html>404</html>", "`<html>404</html>`"),
            ("", "nothing"),
        ];
        for (body, expected) in cases {
            assert_eq!(words(body.as_bytes()), expected, "{body}");
        }
    }
}
