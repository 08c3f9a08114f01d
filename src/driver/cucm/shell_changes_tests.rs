use std::collections::BTreeSet;

use super::*;
use crate::model::{Purpose, Store};

/// Something that the plan wants otherwise.
type Change = fn(&mut Write);

const NODE: &str = "pub.hq.example.com";

fn request(change: impl FnOnce(&mut Write)) -> Result<WriteCommand, WriteError> {
    let mut write = Write::GenerateRequest {
        purpose: Purpose::from("tomcat"),
        distribution: Distribution::ThisServer,
        common_name: NODE.to_owned(),
        names: [SubjectName::dns(NODE)].into(),
        key: KeySpec {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        hash: "sha256".to_owned(),
    };
    change(&mut write);
    certificate_command(&NodeName::from(NODE), &write)
}

#[test]
fn only_the_request_that_the_shell_makes_is_asked_of_it() {
    let tomcat = WriteCommand::GenerateRequest(Purpose::from("tomcat"));
    assert_eq!(request(|_| {}), Ok(tomcat));
    let cases: [(Change, &str); 7] = [
        (
            |write| {
                if let Write::GenerateRequest { distribution, .. } = write {
                    *distribution = Distribution::MultiServer;
                }
            },
            "the distribution",
        ),
        (
            |write| {
                if let Write::GenerateRequest { key, .. } = write {
                    key.bits = 4096;
                }
            },
            "expected rsa-2048",
        ),
        (
            |write| {
                if let Write::GenerateRequest { purpose, .. } = write {
                    *purpose = Purpose::from("tomcat-ECDSA");
                }
            },
            "expected ec-384",
        ),
        (
            |write| {
                if let Write::GenerateRequest { hash, .. } = write {
                    *hash = "sha512".to_owned();
                }
            },
            "the hash",
        ),
        (
            |write| {
                if let Write::GenerateRequest { common_name, .. } = write {
                    *common_name = "pub-ms.hq.example.com".to_owned();
                }
            },
            "the common name",
        ),
        (
            |write| {
                if let Write::GenerateRequest { names, .. } = write {
                    *names = BTreeSet::new();
                }
            },
            "the alternative names",
        ),
        (
            |write| {
                if let Write::GenerateRequest { names, .. } = write {
                    names.insert(SubjectName::dns("www.example.com"));
                }
            },
            "www.example.com",
        ),
    ];
    for (change, word) in cases {
        let refused = request(change).unwrap_err();
        assert!(matches!(refused, WriteError::NotSent(_)), "{refused:?}");
        assert!(refused.to_string().contains(word), "{word}: {refused}");
    }
}

#[test]
fn printed_words_say_whether_the_node_acted() {
    let csr = WriteCommand::GenerateRequest(Purpose::from("tomcat"));
    let own = WriteCommand::ImportIdentity {
        purpose: Purpose::from("tomcat"),
        pem: String::new(),
    };
    let trust = WriteCommand::ImportTrust {
        store: Store::from("tomcat-trust"),
        pem: String::new(),
    };
    let ctl = WriteCommand::UpdateTrustList;
    let restart = WriteCommand::RestartService(ServiceName::from("Cisco Tomcat"));
    let pasted = "-----BEGIN CERTIFICATE-----\nexpired\n-----END CERTIFICATE-----\n\n";
    let imported =
        format!("{pasted}Successfully imported certificate for tomcat.\nPlease restart services");
    let e1 = format!("{pasted}CA  Certificate is not available in the Trust Store");
    let new_words = format!("{pasted}Try later");
    let cases = [
        (
            &csr,
            true,
            "Successfully Generated CSR  for tomcat.",
            "done",
        ),
        (&csr, true, "successfully generated csr for tomcat", "done"),
        (&csr, true, "Error: busy", "unknown"),
        (&csr, true, "No valid command entered", "refused"),
        (&csr, true, "Invalid certificate type", "refused E10"),
        (&own, true, &imported, "done"),
        (&own, true, &e1, "refused E1"),
        (&own, true, &new_words, "unknown"),
        (
            &own,
            true,
            "Certificate operation is not successful",
            "broken E11",
        ),
        (&own, true, pasted, "unknown"),
        (&own, false, "tomcat is busy", "refused"),
        (
            &trust,
            true,
            "Successfully Imported Certificate for tomcat",
            "done",
        ),
        (&trust, true, "Error in CA certificate", "refused E6"),
        (
            &ctl,
            true,
            "y\nUpdating CTL file\n\nCTL file Updated\nPlease Restart",
            "done",
        ),
        (
            &ctl,
            true,
            "Updating CTL file\nThe token has expired",
            "unknown",
        ),
        (&ctl, false, "Cluster is not in mixed mode", "refused"),
        (&restart, true, "Cisco Tomcat[STOPPING]", "done"),
        (&restart, true, "Cisco UDS Tomcat[STOPPED]", "refused"),
    ];
    for (command, acted, text, expected) in cases {
        let printed = Printed {
            text: text.to_owned(),
            acted,
        };
        let outcome = judge(&NodeName::from(NODE), command, &printed);
        let (kind, code) = expected.split_once(' ').unwrap_or((expected, ""));
        let found = match &outcome {
            Ok(()) => "done",
            Err(WriteError::Refused(_)) => "refused",
            Err(WriteError::Unknown(_)) => "unknown",
            Err(WriteError::Broken(_)) => "broken",
            Err(_) => "other",
        };
        assert_eq!(found, kind, "{command}: {text}: {outcome:?}");
        let said = outcome
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(said.contains(code), "{code}: {said}");
    }
}
