//! Every message that is known, in the forms in which it is met.

use super::{codes, examine, only};
use crate::diagnose::{Action, PortVote, Report};
use crate::model::Severity;

/// A log of one message, as the devices write it.
fn log(message: &str) -> Report {
    let line =
        format!("2022-07-11T18:55:26.016+02:00 vcsc traffic_server[18242]: [ET_NET 0] {message}\n");
    examine(&[("log.txt", line.as_bytes())])
}

/// The failed connection of 002, scenario 1, wrapped as it is there.
const WRAPPED: &str = r#"<#root>
===Failed connection on 6972===
2022-07-11T18:55:25.910+02:00 vcsc traffic_server[18242]: UTCTime="2022-07-11 16:55:25,910" Module="network.http" Msg="GET http://vcs_control.steven.lab:8443/c3RldmVuLmxhYi9odHRwcy9jdWNtLnN0ZXZlbi5sYWIvODQ0Mw/cucm-uds/user HTTP/1.1"
2022-07-11T18:55:26.000+02:00 vcsc traffic_server[18242]: UTCTime="2022-07-11 16:55:26,000" Module="network.http" Msg="GET http://vcs_control.steven.lab:8443/c3RldmVuLmxhYi9odHRwcy9jdWNtLnN0ZXZlbi5sYWIvNjk3Mg/SPDefault.cnf.xml HTTP/1.1"
2022-07-11T18:55:26.016+02:00 vcsc traffic_server[18242]: [ET_NET 0]

WARNING: Core server certificate verification failed for

(cucm.steven.lab).

Action=Terminate Error=self signed certificate server=cucm.steven.lab(10.48.36.215)

depth=0

2022-07-11T18:55:26.016+02:00 vcsc traffic_server[18242]: [ET_NET 0]

ERROR: SSL connection failed for

'cucm.steven.lab': error:1416F086:

SSL routines:tls_process_server_certificate:certificate verify failed

2022-07-11T18:55:26.024+02:00 vcsc traffic_server[18242]: UTCTime="2022-07-11 16:55:26,024" Module="net

502 connect failed

...
"#;

#[test]
fn the_self_signed_leaf_of_the_article() {
    let report = examine(&[("log.txt", WRAPPED.as_bytes())]);
    let found = only(&report);
    assert_eq!(
        (found.code, found.severity),
        ("mra-self-signed", Severity::Critical)
    );
    assert_eq!(found.subject, "cucm.steven.lab (10.48.36.215), port 6972");
    let seen = found.seen.as_ref().unwrap();
    assert_eq!(
        seen.ports,
        [PortVote {
            port: 6972,
            failures: 1
        }]
    );
    assert_eq!(
        seen.first,
        Some("2022-07-11T16:55:26.016Z".parse().unwrap())
    );
    assert_eq!(
        (seen.count, seen.by.as_slice()),
        (1, &["vcsc".to_owned()][..])
    );
    for part in [
        "`self signed certificate`",
        "depth 0",
        "verify failed` once",
        "502 connect failed` once",
    ] {
        assert!(found.found.contains(part), "{part}: {}", found.found);
    }
    let remedies = found.remedies.join("\n");
    for part in [
        "every Expressway-C peer",
        "CSCwa12905",
        "signed by an authority",
        "Short-term only",
        "VerifyOriginServer: Off",
    ] {
        assert!(remedies.contains(part), "{part}: {remedies}");
    }
}

/// 002, scenario 2.
const NAME: &str = r#"
2022-07-11T19:49:01.472+02:00 vcsc traffic_server[3916]: UTCTime="2022-07-11 17:49:01,472" Module="network.http" Msg="GET http://vcs_control.steven.lab:8443/c3RldmVuLmxhYi9odHRwcy8xMC40OC4zNi4yMTUvODQ0Mw/cucm-uds/version HTTP/1.1"
...
2022-07-11T19:49:01.491+02:00 vcsc traffic_server[3916]: [ET_NET 2]

WARNING: SNI (
```

```
10.48.36.215
) not in certificate
. Action=Terminate server=10.48.36.215(10.48.36.215)
2022-07-11T19:49:01.491+02:00 vcsc traffic_server[3916]: [ET_NET 2]
ERROR: SSL connection failed for
  '10.48.36.215': error:1416F086:
SSL routines:tls_process_server_certificate:certificate verify failed
"#;

#[test]
fn the_address_that_is_not_in_the_certificate() {
    let report = examine(&[("log.txt", NAME.as_bytes())]);
    let found = only(&report);
    assert_eq!(found.code, "mra-name");
    assert_eq!(found.subject, "10.48.36.215, port 8443");
    assert!(
        found.cause.contains("advertises an address"),
        "{}",
        found.cause
    );
    assert!(
        found.remedies[0].contains("System > Server"),
        "{:?}",
        found.remedies
    );
    assert!(
        found.remedies[1].contains("IP entry"),
        "{:?}",
        found.remedies
    );
}

#[test]
fn a_name_that_is_missing_is_told_from_an_address() {
    for (name, short) in [("cucm2.example.com", false), ("cucm2", true)] {
        let report = log(&format!(
            "WARNING: SNI ({name}) not in certificate. Action=Terminate server={name}(192.0.2.7)"
        ));
        let found = only(&report);
        assert_eq!(
            (found.code, found.subject.as_str()),
            ("mra-name", &*format!("{name} (192.0.2.7)"))
        );
        assert_eq!(
            found.cause.contains("without its domain"),
            short,
            "{}",
            found.cause
        );
        assert!(found.remedies[0].contains(name), "{:?}", found.remedies);
    }
}

#[test]
fn each_wording_of_openssl_is_classed() {
    let rows = [
        ("self signed certificate", 0, "mra-self-signed"),
        ("self-signed certificate", 0, "mra-self-signed"),
        (
            "self signed certificate in certificate chain",
            1,
            "mra-ca-missing",
        ),
        (
            "self-signed certificate in certificate chain",
            2,
            "mra-ca-missing",
        ),
        (
            "unable to get local issuer certificate",
            0,
            "mra-ca-missing",
        ),
        (
            "unable to get local issuer certificate",
            1,
            "mra-ca-missing",
        ),
        ("unable to get issuer certificate", 2, "mra-ca-missing"),
        (
            "unable to verify the first certificate",
            0,
            "mra-ca-missing",
        ),
        ("certificate has expired", 0, "mra-dates"),
        ("certificate is not yet valid", 1, "mra-dates"),
        ("CA md too weak", 1, "mra-unverified"),
        ("unsuitable certificate purpose", 0, "mra-unverified"),
        ("", 0, "mra-unverified"),
    ];
    for (error, depth, code) in rows {
        for server in [
            "cuc.corp.example(10.1.2.3)",
            "imp1.corp.example(2001:db8::7)",
        ] {
            let report = log(&format!(
                "WARNING: Core server certificate verification failed for (host.corp.example). \
                 Action=Terminate Error={error} server={server} depth={depth}"
            ));
            let found = only(&report);
            assert_eq!(found.code, code, "{error} {depth}");
            let address = server.split(['(', ')']).nth(1).unwrap();
            assert_eq!(found.subject, format!("host.corp.example ({address})"));
        }
    }
}

#[test]
fn a_connection_that_went_on_is_a_warning() {
    for (message, code) in [
        (
            "Core server certificate verification failed for (a.example). Action=Continue Error=self-signed certificate server=a.example(10.0.0.1) depth=0",
            "mra-self-signed",
        ),
        (
            "SNI (a.example) not in certificate. Action=Continue server=a.example(10.0.0.1)",
            "mra-name",
        ),
    ] {
        let report = log(&format!("WARNING: {message}"));
        let found = only(&report);
        assert_eq!((found.code, found.severity), (code, Severity::Warning));
        assert!(found.found.contains("Action=Continue"), "{}", found.found);
        assert!(found.cause.contains("permissive"), "{}", found.cause);
        assert!(!found.remedies.join("").contains("VerifyOriginServer"));
    }
    assert!(Action::Terminate < Action::Continue);
}

#[test]
fn a_failed_connection_by_itself_asks_for_more() {
    let rows = [
        (
            "'h.example': error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed",
            "mra-connection",
        ),
        (
            "'h.example': error:0A000086:SSL routines::certificate verify failed",
            "mra-connection",
        ),
        (
            "\u{2018}h.example\u{2019}: error:14090086:SSL routines:ssl3_get_server_certificate:certificate verify failed",
            "mra-connection",
        ),
        (
            "'h.example': error:14094418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca",
            "mra-connection-other",
        ),
        (
            "'h.example': error:0A00010B:SSL routines::wrong version number",
            "mra-connection-other",
        ),
        ("'h.example'", "mra-connection-other"),
    ];
    for (rest, code) in rows {
        let report = log(&format!("ERROR: SSL connection failed for {rest}"));
        let found = only(&report);
        assert_eq!(
            (found.code, found.subject.as_str()),
            (code, "h.example"),
            "{rest}"
        );
    }
    let plain = log("HTTP/1.1 502 connect failed");
    assert_eq!(codes(&plain), ["mra-502"]);
}

#[test]
fn zones_tunnels_and_uploads() {
    let rows = [
        (
            "Event=\"Zone\" Detail=\"TLS Negotiation Error\"",
            "zone-tls",
        ),
        ("tls negotiation error TLS negotiation error", "zone-tls"),
        ("No SSH tunnels have been established", "tunnels-down"),
        (
            "Invalid certificate: Unrecognized CA. This certificate is not currently trusted by the Expressway.",
            "upload-unrecognized-ca",
        ),
        (
            "Invalid certificate: The file provided is not a valid X.509 PEM certificate file.",
            "upload-not-pem",
        ),
    ];
    for (message, code) in rows {
        assert_eq!(codes(&log(message)), [code], "{message}");
        // Copied from a page, without a time.
        assert_eq!(
            codes(&examine(&[("copied", message.as_bytes())])),
            [code],
            "{message}"
        );
    }
}

#[test]
fn repeats_are_merged_and_ports_are_counted() {
    let mut text = String::new();
    for (minute, port) in [("10", "ODQ0Mw"), ("11", "Njk3Mg"), ("12", "Njk3Mg")] {
        // x/https/c.example/ is 18 bytes, so that the port's digits stand by themselves.
        text += &format!(
            "2026-01-01T00:{minute}:00Z c1 t: GET /eC9odHRwcy9jLmV4YW1wbGUv{port}/u HTTP/1.1\n"
        );
        text += &format!(
            "2026-01-01T00:{minute}:01Z c1 t: Core server certificate verification failed for (c.example). Action=Terminate Error=self signed certificate server=c.example(10.0.0.1) depth=0\n"
        );
    }
    text += "2026-01-01T00:30:00Z c2 t: Core server certificate verification failed for (c.example). Action=Terminate Error=self signed certificate server=c.example(10.0.0.1) depth=0\n";
    let report = examine(&[("log", text.as_bytes())]);
    let seen = only(&report).seen.as_ref().unwrap();
    assert_eq!(seen.count, 4);
    assert_eq!(
        seen.ports,
        [
            PortVote {
                port: 6972,
                failures: 2
            },
            PortVote {
                port: 8443,
                failures: 1
            }
        ]
    );
    assert_eq!(seen.by, ["c1", "c2"]);
    assert_eq!(seen.first.unwrap().to_string(), "2026-01-01T00:10:01Z");
    assert_eq!(seen.last.unwrap().to_string(), "2026-01-01T00:30:00Z");
}

#[test]
fn a_phrase_that_is_broken_anywhere_is_found() {
    let message = "WARNING: Core server certificate verification failed for (cucm.example). Action=Terminate Error=unable to get local issuer certificate server=cucm.example(10.0.0.1) depth=1";
    let head = "2026-01-01T00:00:00Z vcsc t: ";
    for place in 1..message.len() {
        let (first, second) = message.split_at(place);
        for between in ["\n", "\r\n", "\n\n   "] {
            let text = format!("{head}{first}{between}{second}\n{head}next\n");
            let report = examine(&[("log", text.as_bytes())]);
            let found = only(&report);
            assert_eq!(found.code, "mra-ca-missing", "{text}");
            assert_eq!(found.subject, "cucm.example (10.0.0.1)", "{text}");
            assert!(found.found.contains("depth 1"), "{text}");
        }
    }
}

#[test]
fn a_message_that_is_cut_says_what_it_has() {
    let message = "Core server certificate verification failed for (cucm.example). Action=Terminate Error=self signed certificate server=cucm.example(10.0.0.1) depth=0";
    for length in 0..message.len() {
        let report = log(message.get(..length).unwrap());
        let named = length > "Core server certificate verification failed for (cucm.example".len();
        if named {
            assert!(
                only(&report).subject.starts_with("cucm.example"),
                "{length}"
            );
        }
    }
}
