//! From the messages of a log to what is wrong and what to do.
//! Source: expressway §2.6, §4.1, §7 (000, 002 and 004; TAC-MRA; Apache Traffic Server).
// claim: EXPRESSWAY-TRUST-LIST, EXPRESSWAY-NAME-CHECK, EXPRESSWAY-ENFORCES

use super::finding::{Diagnosis, Fault, Seen, Server};
use super::log::{Action, Findings, Merged, What};
use super::words;
use crate::model::Severity;

const TRAFFIC: &str = "expressway §7 (Cisco: traffic server verification; Apache Traffic Server)";
const TROUBLE: &str = "expressway §4.1, §2.6 (Cisco: troubleshoot Expressway certificates)";

/// One diagnosis for each message that is not merely the consequence of another one.
pub(super) fn diagnoses(findings: &Findings) -> Vec<Diagnosis> {
    let reason_for = |name: &str| {
        findings.merged.iter().any(|other| {
            matches!(other.what, What::Unverified { .. } | What::NameMissing) && is(other, name)
        })
    };
    let any_reason = findings
        .merged
        .iter()
        .any(|other| !matches!(other.what, What::Answered502) && !other.name.is_empty());
    let mut found: Vec<Diagnosis> = findings
        .merged
        .iter()
        .filter_map(|merged| match &merged.what {
            What::Unverified { error, depth } => Some(unverified(merged, error, *depth)),
            What::NameMissing => Some(name_missing(merged)),
            What::Failed { verify: true, .. } if reason_for(&merged.name) => None,
            What::Failed { error, verify } => Some(failed(merged, error, *verify)),
            What::Answered502 if any_reason => None,
            What::Answered502 => Some(answered_502(merged)),
            What::ZoneTls => Some(zone_tls(merged)),
            What::NoTunnels => Some(no_tunnels(merged)),
            What::UnrecognizedAuthority => Some(unrecognized(merged)),
            What::NotPem => Some(not_pem(merged)),
        })
        .collect();
    for diagnosis in &mut found {
        consequences(diagnosis, findings);
    }
    if findings.uncounted > 0 {
        found.push(
            Diagnosis::new("log-crowded", Severity::Notice, "the log", TRAFFIC)
                .found(format!(
                    "{} further messages of other kinds are not told apart",
                    findings.uncounted
                ))
                .cause("The log names more different servers than any cluster has.")
                .remedy("Diagnose a part of it, around the time of the failure."),
        );
    }
    found
}

fn is(merged: &Merged, name: &str) -> bool {
    merged.name == name || merged.address.as_deref() == Some(name)
}

/// How often the connection and the client failed for it.
fn consequences(diagnosis: &mut Diagnosis, findings: &Findings) {
    let Some(server) = &diagnosis.server else {
        return;
    };
    let count = |wanted: &dyn Fn(&Merged) -> bool| -> u64 {
        findings
            .merged
            .iter()
            .filter(|merged| wanted(merged))
            .map(|merged| merged.count)
            .sum()
    };
    let refused = count(&|merged| {
        matches!(merged.what, What::Failed { verify: true, .. })
            && (merged.name == server.name || Some(&merged.name) == server.address.as_ref())
    });
    let answered = count(&|merged| merged.what == What::Answered502);
    if refused > 0 && !diagnosis.code.starts_with("mra-connection") {
        diagnosis.found += &format!(
            "; connections to it ended with `certificate verify failed` {}",
            words::times(refused)
        );
    }
    if answered > 0 {
        diagnosis.found += &format!(
            "; clients got `502 connect failed` {} in this log",
            words::times(answered)
        );
    }
}

fn about(code: &'static str, severity: Severity, merged: &Merged, fault: Fault) -> Diagnosis {
    let mut diagnosis = plain(code, severity, merged, TRAFFIC);
    diagnosis.subject = words::server(&merged.name, merged.address.as_deref(), &merged.ports);
    diagnosis.server = Some(Server {
        name: merged.name.clone(),
        address: merged.address.clone(),
        fault,
    });
    diagnosis
}

fn plain(
    code: &'static str,
    severity: Severity,
    merged: &Merged,
    source: &'static str,
) -> Diagnosis {
    let writers: Vec<String> = merged.writers.iter().cloned().collect();
    let subject = if writers.is_empty() {
        "the log".to_owned()
    } else {
        writers.join(", ")
    };
    let mut diagnosis = Diagnosis::new(code, severity, subject, source);
    diagnosis.seen = Some(Seen {
        count: merged.count,
        first: merged.first,
        last: merged.last,
        by: writers,
        ports: merged.ports.clone(),
        message: merged.excerpt.clone(),
    });
    diagnosis
}

/// A connection that went on is worth knowing; one that ended strands users now.
fn severity(action: Action) -> Severity {
    match action {
        Action::Continue => Severity::Warning,
        Action::Terminate | Action::Unknown => Severity::Critical,
    }
}

/// OpenSSL's texts for a certificate signed by its own key, in old and new spelling, letters only.
fn letters(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The text decides, and the depth where the text leaves it open: an authority that is missing for a leaf is
/// also reported at depth 0.
fn unverified(merged: &Merged, error: &str, depth: Option<u32>) -> Diagnosis {
    let text = letters(error);
    let diagnosis = if text.contains("inchain") || text.contains("getlocalissuer") {
        authority_missing(merged, error, depth)
    } else if text.contains("hasexpired") || text.contains("notyetvalid") {
        dates(merged, error, depth)
    } else if text.contains("selfsigned") && depth.unwrap_or(0) == 0 {
        self_signed(merged, error)
    } else if ["issuer", "firstcertificate", "selfsigned"]
        .iter()
        .any(|word| text.contains(word))
    {
        authority_missing(merged, error, depth)
    } else {
        other_error(merged, error, depth)
    };
    with_action(diagnosis, merged.action)
}

fn at_depth(depth: Option<u32>) -> String {
    depth.map_or_else(String::new, |depth| format!(", depth {depth}"))
}

fn self_signed(merged: &Merged, error: &str) -> Diagnosis {
    about("mra-self-signed", severity(merged.action), merged, Fault::SelfSigned)
        .found(format!("its certificate was not accepted: {}, depth 0", words::quoted(error)))
        .cause(format!(
            "It presents {} whose own key signed it, and the trusted CA list of Expressway-C does not hold that certificate.",
            words::presented(&merged.ports)
        ))
        .remedy("Have the server's certificate signed by an authority whose chain every Expressway-C peer trusts. This lasts.")
        .remedy("Or import that very certificate on every Expressway-C peer: Maintenance > Security > Trusted CA Certificate; the list is not replicated.")
        .remedy("That works for one certificate of a common name only (CSCwa12905): self-signed tomcat and CallManager share one, so CA-sign them, or let CUCM 14 reuse one certificate for both.")
        .remedy("If only the -ECDSA twin is self-signed, RSA may be preferred instead: put `ECDHE-RSA-AES256-GCM-SHA384:` before the cipher string (Maintenance > Security > Ciphers). With TLS 1.3 the string does not decide.")
}

fn authority_missing(merged: &Merged, error: &str, depth: Option<u32>) -> Diagnosis {
    about("mra-ca-missing", severity(merged.action), merged, Fault::AuthorityMissing)
        .found(format!("its chain was not accepted: {}{}", words::quoted(error), at_depth(depth)))
        .cause(format!(
            "It presents {} that an authority signed, and the trusted CA list of Expressway-C lacks an authority of that chain.",
            words::presented(&merged.ports)
        ))
        .remedy("Import the whole chain, the root and each intermediate, on every Expressway-C peer: Maintenance > Security > Trusted CA Certificate; the list is not replicated.")
        .remedy("If the list seems to hold it already, look for another certificate of the same common name: only the first match is used (CSCwa12905).")
}

fn dates(merged: &Merged, error: &str, depth: Option<u32>) -> Diagnosis {
    let whose = match depth {
        Some(0) => "The server's own certificate",
        Some(_) => "An authority above the server's certificate",
        None => "A certificate of the chain",
    };
    about("mra-dates", severity(merged.action), merged, Fault::Dates)
        .found(format!("its chain was not accepted: {}{}", words::quoted(error), at_depth(depth)))
        .cause(format!("{whose} is outside its validity, or the clock of Expressway-C is wrong."))
        .remedy("Compare the clocks first; then renew the certificate that the depth points to (0 is the server's own).")
        .remedy("A renewed authority must be imported on every Expressway-C peer, and the old one of the same name removed (CSCwa12905).")
}

fn other_error(merged: &Merged, error: &str, depth: Option<u32>) -> Diagnosis {
    about("mra-unverified", severity(merged.action), merged, Fault::Other)
        .found(format!("its chain was not accepted: {}{}", words::quoted(error), at_depth(depth)))
        .cause("OpenSSL refuses the chain for the reason that it gives; depth 0 is the server's own certificate, each further number an authority above it.")
        .remedy("Look at the chain that the port presents (`reissue status`, or a capture), and give the certificates to `reissue diagnose`.")
}

/// What the configured name must be, and the difference that an address makes.
fn name_missing(merged: &Merged) -> Diagnosis {
    let name = &merged.name;
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let diagnosis = about("mra-name", severity(merged.action), merged, Fault::Name).found(format!(
        "its certificate does not hold the name that was asked for, {}",
        words::quoted(name)
    ));
    let diagnosis = if is_address {
        diagnosis
            .cause(format!("Clients are told to connect to the address {name}: CUCM's System > Server (or the UC service) advertises an address, and certificates hold names."))
            .remedy(format!("In CUCM, System > Server: replace {name} by the node's FQDN as its certificate holds it. Then refresh the servers on Expressway-C (Configuration > Unified Communications)."))
            .remedy("An IP entry in the certificate does not help: only DNS entries and the common name are compared.")
    } else {
        let short = if name.contains('.') {
            ""
        } else {
            ", here a host name without its domain"
        };
        diagnosis
            .cause(format!("The name that CUCM advertises in System > Server{short} is not among the DNS names of the certificate that {} presents.", words::port_of(&merged.ports)))
            .remedy(format!("Either renew the certificate with {name} among its DNS names,"))
            .remedy("or in CUCM, System > Server: put the FQDN that the certificate holds. Then refresh the servers on Expressway-C (Configuration > Unified Communications).")
    };
    with_action(diagnosis, merged.action)
}

fn with_action(diagnosis: Diagnosis, action: Action) -> Diagnosis {
    match action {
        Action::Continue => {
            let found = format!("{}; the connection went on (Action=Continue)", diagnosis.found);
            let cause = format!(
                "{} Verification is permissive here: it fails as soon as it is enforced (X14.2.0 and later by default).",
                diagnosis.cause
            );
            diagnosis.found(found).cause(cause)
        }
        Action::Terminate | Action::Unknown => diagnosis.remedy(
            "Short-term only, to get users back in during the window: on each Expressway-C, `xConfiguration EdgeConfigServer VerifyOriginServer: Off`. It takes the check away for every server; switch it On again once the cause is mended.",
        ),
    }
}

fn failed(merged: &Merged, error: &str, verify: bool) -> Diagnosis {
    let code = if verify {
        "mra-connection"
    } else {
        "mra-connection-other"
    };
    let found = format!("the connection failed: {}", words::quoted(error));
    let diagnosis = about(code, Severity::Critical, merged, Fault::Other).found(found);
    if verify {
        diagnosis
            .cause("Its certificate did not verify. The warning that gives the reason is not in this log; it stands right before this line.")
            .remedy("Collect the diagnostic log of every Expressway-C peer around that time and diagnose them together.")
            .remedy("Or give an observation of the cluster (`--observation`), to see what its ports present.")
    } else {
        diagnosis
            .cause("The handshake failed for another reason than the server's certificate: versions, ciphers, or the server refused what Expressway-C presented.")
            .remedy("If the text names an alert about a certificate or an unknown CA, the server refused Expressway-C: its whole chain must be in tomcat-trust and CallManager-trust of CUCM, and Tomcat and CallManager be restarted.")
    }
}

fn answered_502(merged: &Merged) -> Diagnosis {
    plain("mra-502", Severity::Critical, merged, TRAFFIC)
        .found("clients got `502 connect failed`, and no line tells why")
        .cause("Expressway-C could not connect to a server behind it. Without a warning beside it, it may be the network as well as a certificate.")
        .remedy("Collect the diagnostic log of Expressway-C (of every peer) around that time: the warning stands right before the 502.")
}

fn zone_tls(merged: &Merged) -> Diagnosis {
    plain("zone-tls", Severity::Critical, merged, TROUBLE)
        .found("a zone is down with `TLS Negotiation Error`")
        .cause("The handshake between Expressway-C and Expressway-E failed: a name that is configured is not in the other side's certificate, or one side does not trust the other's chain.")
        .remedy("On Expressway-C, the peer address of the traversal zone must be a DNS name in the certificate of Expressway-E.")
        .remedy("On Expressway-E, the TLS verify subject name must be in the certificate of every Expressway-C peer: use the cluster's FQDN.")
        .remedy("Both sides, every peer: the root and each intermediate of both certificates in Maintenance > Security > Trusted CA Certificate.")
        .remedy("Up to X15.3 both certificates need clientAuth as well as serverAuth.")
}

fn no_tunnels(merged: &Merged) -> Diagnosis {
    plain("tunnels-down", Severity::Critical, merged, TROUBLE)
        .found("no SSH tunnel between Expressway-C and Expressway-E")
        .cause("With the zone active this is typical after a renewal: an intermediate authority is not trusted. The zone is content with the root, the tunnels need the whole chain.")
        .remedy("Import each intermediate of both certificates on every Expressway-C and Expressway-E peer; authorities change their intermediates.")
        .remedy("The certificate of Expressway-C needs clientAuth for the tunnels in every release (port 2222).")
        .remedy("Unknown identifiers in the issuer's or subject's name make tunnels fail too.")
}

fn unrecognized(merged: &Merged) -> Diagnosis {
    plain("upload-unrecognized-ca", Severity::Critical, merged, TROUBLE)
        .found("an upload was refused: `Unrecognized CA`")
        .cause("An authority above the certificate is not in the trusted CA list of that Expressway.")
        .remedy("Import the root and each intermediate first: Maintenance > Security > Trusted CA Certificate, on every peer; then upload the certificate again.")
        .remedy("`reissue diagnose CERTIFICATE…` names the authorities that are missing and where to get them.")
}

fn not_pem(merged: &Merged) -> Diagnosis {
    plain("upload-not-pem", Severity::Critical, merged, TROUBLE)
        .found("an upload was refused: `not a valid X.509 PEM certificate file`")
        .cause("The file is in another form (DER, PKCS#7, PKCS#12); its ending does not matter.")
        .remedy("`reissue diagnose FILE` tells what it is and the command that converts it.")
}
