//! The key, and the signature over it.

use super::{IssuedCheck, LintFinding};
use crate::model::{KeyAlgorithm, Severity};

const E4: &str = "CSR public key and certificate public key do not match";
/// What 12.5 says for E2 and E4 alike; `…` is the purpose. Source: cucm-upload-errors E3.
const OLD_E4: &str = "The file /usr/local/platform/upload/certs//….der could not be uploaded";

pub(super) fn check(check: &IssuedCheck<'_>) -> Vec<LintFinding> {
    [
        request_key(check),
        kind(check),
        length(check),
        signature(check),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn request_key(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let request = check.request?;
    let (wanted, found) = (&request.key.sha256, &check.leaf.facts.key.sha256);
    (wanted != found).then(|| {
        LintFinding::new("E4", Severity::Blocker, "cucm-upload-errors E4 (Cisco 217138)")
            .found(format!("public key {}", found.short()))
            .expected(format!("public key {} of the pending request", wanted.short()))
            .predicted(check.answers_by_release(OLD_E4, E4))
            .remedy("Use the certificate that was issued for the request that is pending now: it may be another node's, or an older request's.")
            .remedy("Or have the pending request signed.")
    })
}

fn kind(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let purpose = check.purpose.filter(|_| check.on_voice_platform())?;
    let key = &check.leaf.facts.key;
    let wanted = if purpose.is_ecdsa() {
        KeyAlgorithm::Ec
    } else {
        KeyAlgorithm::Rsa
    };
    (key.algorithm != wanted).then(|| {
        LintFinding::new("L-key-kind", Severity::Blocker, "cucm-certificate-rules §1")
            .found(format!("key of kind {}", key.algorithm))
            .expected(format!("{wanted} for {purpose}"))
            .remedy("Use the certificate of this purpose: purposes that end in -ECDSA hold an ECDSA key, all others RSA.")
    })
}

fn length(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let key = &check.leaf.facts.key;
    if key.algorithm != KeyAlgorithm::Rsa {
        return None;
    }
    let found = format!("RSA key of {} bits", key.bits);
    if key.bits > 4096 {
        let (severity, source) = if check.on_voice_platform() {
            (
                Severity::Blocker,
                "cucm-upload-errors E14 (Security Guide 14)",
            )
        } else {
            (
                Severity::Warning,
                "Expressway certificate guide: RSA 2048 or 4096; zones may fail with 8192",
            )
        };
        let finding = LintFinding::new("E14", severity, source)
            .found(found)
            .expected("at most 4096 bits");
        return Some(finding.remedy("Make a request with a shorter key and have that signed."));
    }
    (check.is_for("CallManager") && key.bits > 2048).then(|| {
        LintFinding::new("L-key-length", Severity::Warning, "cucm-certificate-rules §2 (Security Guide 14)")
            .found(found)
            .expected("2048 bits for CallManager")
            .remedy("Some phones do not register with a longer CallManager key, and in mixed mode some endpoints reject 4096 bits: check the models in use, or make a request with 2048 bits.")
    })
}

fn signature(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    const SOURCE: &str = "cucm-certificate-rules §2: FIPS mode demands SHA-256";
    let facts = &check.leaf.facts;
    let name = facts.signature.to_ascii_lowercase();
    let found = format!("signed with {}", facts.signature);
    if ["sha1", "md5", "md4", "md2"]
        .iter()
        .any(|weak| name.contains(weak))
    {
        let finding = LintFinding::new("L-weak-signature", Severity::Warning, SOURCE);
        let finding = finding
            .found(found)
            .expected("a signature with SHA-256 or better");
        return Some(finding.remedy("Have the request signed again with SHA-256: peers refuse this signature, and so does a node in FIPS mode."));
    }
    name.contains("pss").then(|| {
        LintFinding::new("L-signature-unknown", Severity::Notice, "no source says whether nodes take it")
            .found(found)
            .expected("an RSA PKCS#1 or ECDSA signature")
            .remedy("Ask the authority for a PKCS#1 signature if a node or a phone refuses the certificate.")
    })
}
