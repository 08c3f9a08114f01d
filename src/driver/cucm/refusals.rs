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
    /// Letters and digits of the stable part, in lower case; any of these wordings, each given by parts that stand
    /// in this order.
    wordings: &'static [&'static [&'static str]],
    /// What is behind it.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// In the order in which they are tried: the more exact text first. E1 to E11 are sentences that documents print;
/// of E12, E13 and E15 only the condition is documented, so words of it must do. E14 and E16 to E18 have no text.
/// HCM-F renders most of them with numbers of its own, `CAA1014` to `CAA1027`.
// claim: CUCM-UPLOAD-NO-CHAIN, CUCM-UPLOAD-NO-CSR, CUCM-UPLOAD-KEY-DIFFERS, CUCM-UPLOAD-SAN-DIFFERS,
// CUCM-UPLOAD-NOT-CA, CUCM-UPLOAD-UNREADABLE, CUCM-UPLOAD-WRONG-UNIT, CUCM-UPLOAD-EXPIRED, CUCM-UPLOAD-WILDCARD,
// CUCM-UPLOAD-USAGES
const KNOWN: [Refusal; 14] = [
    refusal(
        "E1",
        &[
            &["cacertificateisnotavailableinthetruststore"],
            &["caa1018"],
        ],
        "the root or an intermediate is not in this node's trust store",
        "upload root, then each intermediate, look that they are stored, then upload the certificate again",
    ),
    refusal(
        "E4",
        &[
            &["csrpublickeyandcertificatepublickeydo", "notmatch"],
            &["caa1015"],
        ],
        "the certificate was made from another request than the one that waits on this node",
        "use the certificate of the waiting request, or have that request signed",
    ),
    refusal(
        "E5",
        &[&["csrsanandcertificatesando", "notmatch"], &["caa1016"]],
        "the authority added or dropped alternative names",
        "have it sign exactly the names of the request, or make a request with the names that it insists on",
    ),
    refusal(
        "E2",
        &[&["csrdoesnotexist"], &["caa1017"], &["caa1023"]],
        "no request waits on this node for this purpose: it was used up or replaced",
        "make a new request, have it signed, and upload that certificate",
    ),
    refusal(
        "E3",
        &[&["dercouldnotbeuploaded"]],
        "no request waits on this node (E2), or the certificate's key is not that of the waiting one (E4)",
        "look at the waiting request; if there is one, have it signed, else make a new one",
    ),
    refusal(
        "E6",
        &[&["errorincacertificate"], &["caa1019"]],
        "the authority's certificate cannot be used as one",
        "export it again as PEM and check that it says CA:TRUE",
    ),
    refusal(
        "E8",
        &[&["certificateisnotinpemformat"], &["caa1021"]],
        "the certificate is in another encoding, or text stands before it",
        "convert it to a single PEM block",
    ),
    refusal(
        "E9",
        &[&["invalidcertificatefile"], &["caa1022"]],
        "the file is no certificate, or holds a private key",
        "give a file with the certificate and nothing else",
    ),
    refusal(
        "E10",
        &[
            &["invalidcertificatetype"],
            &["unabletogenerate", "csr", "type"],
            &["caa1014"],
            &["caa1025"],
        ],
        "this product has no such purpose",
        "compare the purpose with those that `reissue status` lists for the node",
    ),
    refusal(
        "E11",
        &[&["certificateoperationisnotsuccessful"], &["caa1027"]],
        "the platform failed internally",
        "look at the node before anything is sent again; its logs are IPT Platform CertMgr and Cisco Tomcat",
    ),
    refusal(
        "E13",
        &[&["wildcard"]],
        "names with a star are not supported",
        "have explicit names signed",
    ),
    refusal(
        "E15",
        &[&["keyusage"]],
        "the authority left out a key usage that the request asked for",
        "correct its template: every usage of the request must be in the certificate",
    ),
    refusal(
        "E12",
        &[&["certificate", "expired"], &["expired", "certificate"]],
        "the certificate is expired by the node's clock",
        "get a current one, and compare the node's clock with ours",
    ),
    refusal(
        "E7",
        &[&["error", "readingthecertificate"], &["caa1020"]],
        "the node could not read the certificate",
        "export it again as a single PEM block",
    ),
];

const fn refusal(
    code: &'static str,
    wordings: &'static [&'static [&'static str]],
    cause: &'static str,
    remedy: &'static str,
) -> Refusal {
    Refusal {
        code,
        wordings,
        cause,
        remedy,
    }
}

/// The refusal that a text stands for, whatever its case, punctuation and spacing.
pub fn recognise(text: &str) -> Option<&'static Refusal> {
    let letters = letters(text);
    KNOWN.iter().find(|known| {
        let mut wordings = known.wordings.iter();
        wordings.any(|parts| in_order(&letters, parts))
    })
}

/// Whether the parts stand in a text one after the other.
fn in_order(text: &str, parts: &[&str]) -> bool {
    let mut rest = Some(text);
    for part in parts {
        rest = rest.and_then(|rest| Some(rest.split_once(part)?.1));
    }
    rest.is_some()
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
            (
                "CSR publickey and  certificate public-key does not match!",
                "E4",
            ),
            ("CSR SAN and certificate SAN do not match", "E5"),
            (
                "The file /usr/local/platform/upload/certs//CallManager-ECDSA.der could not be\r\nuploaded",
                "E3",
            ),
            (
                "file /usr/local/platform/.security/CAPF/keys/CAPF.csr  does not exist.",
                "E2",
            ),
            ("Error in CA certificate", "E6"),
            ("Error while reading the certificate", "E7"),
            ("Certificate is not in PEM format", "E8"),
            ("Invalid certificate file", "E9"),
            ("Invalid certificate type", "E10"),
            ("Certificate operation is not successful", "E11"),
            ("The certificate has expired", "E12"),
            ("Wildcard certificates are not supported", "E13"),
            ("Key Usage missing", "E15"),
            ("Error occurred while reading the certificate.", "E7"),
            ("Unable to generate CSR for type CallManager", "E10"),
            ("This is an expired certificate", "E12"),
            ("CAA1014", "E10"),
            ("CAA1015: keys", "E4"),
            ("CAA1016", "E5"),
            ("CAA1017", "E2"),
            ("CAA1018", "E1"),
            ("CAA1019", "E6"),
            ("CAA1020", "E7"),
            ("CAA1021", "E8"),
            ("CAA1022", "E9"),
            ("CAA1023", "E2"),
            ("CAA1025", "E10"),
            ("caa-1027", "E11"),
        ];
        for (text, code) in cases {
            assert_eq!(
                recognise(text).map(|known| known.code),
                Some(code),
                "{text}"
            );
        }
        for unknown in [
            "Something else happened",
            "Your session has expired",
            "Done reading the certificate",
            "CAA1013",
            "",
        ] {
            assert_eq!(recognise(unknown), None, "{unknown}");
        }
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
