//! The certificate inventory of one node: `GET …/snapshot/server`.

use serde::Deserialize;

use super::DecodeError;
use crate::model::{Purpose, Store};

const QUESTION: &str = "GET snapshot/server";

/// The inventory as text: which PEM lies where. Nothing is parsed yet.
// claim: CUCM-REST-SNAPSHOT, CUCM-REST-SNAPSHOT-FIELDS
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The name by which the node calls itself; `None` if the answer does not say.
    pub server: Option<String>,
    /// One entry for each purpose, in the node's order.
    pub identities: Vec<Identity>,
    /// One entry for each trust store, in the node's order.
    pub trusts: Vec<TrustStore>,
}

/// What the node holds for one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The purpose as the node spells it.
    pub purpose: Purpose,
    /// The certificate's PEM; `None` when the member is null, empty or absent.
    pub certificate: Option<String>,
    /// The PEM of the request that waits; `None` when the member is null, empty or absent.
    pub request: Option<String>,
}

/// What one trust store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustStore {
    /// The store, always with the suffix `-trust`.
    pub store: Store,
    /// File name and PEM of each entry.
    pub entries: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Answer {
    server: Option<String>,
    identities: Vec<AnsweredIdentity>,
    trusts: Vec<AnsweredTrust>,
}

#[derive(Deserialize)]
struct AnsweredIdentity {
    service: String,
    certificate: Option<String>,
    csr: Option<String>,
}

#[derive(Deserialize)]
struct AnsweredTrust {
    service: String,
    certificate_data: Vec<AnsweredEntry>,
}

#[derive(Deserialize)]
struct AnsweredEntry {
    filename: String,
    certificate: String,
}

/// Reads the answer. Members that nobody asked about are passed over; `identities` and `trusts` must be
/// there, and each entry must name its service.
///
/// # Errors
/// If it is not JSON of that form.
pub fn snapshot(body: &[u8]) -> Result<Snapshot, DecodeError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        DecodeError::new(
            QUESTION,
            format!("JSON with identities and trusts ({error})"),
            &super::text(body),
        )
    })?;
    Ok(Snapshot {
        server: answer.server.as_deref().and_then(filled),
        identities: answer.identities.into_iter().map(identity).collect(),
        trusts: answer.trusts.into_iter().map(trust).collect(),
    })
}

// claim: CUCM-REST-SNAPSHOT-EMPTY
fn identity(answered: AnsweredIdentity) -> Identity {
    Identity {
        purpose: Purpose::new(answered.service),
        certificate: answered.certificate.as_deref().and_then(filled),
        request: answered.csr.as_deref().and_then(filled),
    }
}

// claim: CUCM-REST-TRUST-SUFFIX
fn trust(answered: AnsweredTrust) -> TrustStore {
    let bare = Store::new(answered.service);
    TrustStore {
        store: Store::new(format!("{}-trust", bare.service())),
        entries: answered
            .certificate_data
            .into_iter()
            .map(|entry| (entry.filename, entry.certificate))
            .collect(),
    }
}

fn filled(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{
        "trackingId": "t-1", "server": "cucm-pub", "future": {"a": [1]},
        "identities": [
            {"service": "tomcat", "certificate": "PEM", "csr": "REQUEST", "extra": 1},
            {"service": "CAPF", "certificate": "", "csr": null},
            {"service": "TVS"}
        ],
        "trusts": [
            {"service": "tomcat-trust", "certificate_data": [{"filename": "ca_01.pem", "certificate": "A"}]},
            {"service": "CallManager", "certificate_data": []}
        ],
        "revokedCertificates": []
    }"#;

    #[test]
    fn all_three_forms_of_none_are_none() {
        let snapshot = snapshot(FULL.as_bytes()).unwrap();
        let seen: Vec<_> = snapshot
            .identities
            .iter()
            .map(|i| {
                (
                    i.purpose.as_str(),
                    i.certificate.as_deref(),
                    i.request.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("tomcat", Some("PEM"), Some("REQUEST")),
                ("CAPF", None, None),
                ("TVS", None, None)
            ]
        );
        assert_eq!(snapshot.server.as_deref(), Some("cucm-pub"));
    }

    #[test]
    fn stores_are_named_with_their_suffix_whichever_way_the_node_spells_them() {
        let snapshot = snapshot(FULL.as_bytes()).unwrap();
        let stores: Vec<_> = snapshot.trusts.iter().map(|t| t.store.as_str()).collect();
        assert_eq!(stores, ["tomcat-trust", "CallManager-trust"]);
        assert_eq!(
            snapshot.trusts[0].entries,
            [("ca_01.pem".to_owned(), "A".to_owned())]
        );
    }

    #[test]
    fn what_is_missing_is_refused_by_name() {
        let cases = [
            ("<html>Sign in</html>", "Sign in"),
            ("", "nothing"),
            (r#"{"server": "a", "identities": []}"#, "trusts"),
            (
                r#"{"identities": [{"certificate": "x"}], "trusts": []}"#,
                "service",
            ),
            (
                r#"{"identities": [], "trusts": [{"service": "tomcat"}]}"#,
                "certificate_data",
            ),
            (r#"{"identities": {}, "trusts": []}"#, "sequence"),
            (r#"{"identities": [], "trusts": []} tail"#, "trailing"),
        ];
        for (body, word) in cases {
            let error = snapshot(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(word), "{body}: {error}");
        }
    }
}
