//! Files that cannot be read as certificates, in the terms of the upload error table, and files that were not given.

use super::LintFinding;
use crate::model::{Product, Severity};
use crate::pki::PkiError;

/// What is said where the request that a certificate answers was not given: its key, names and usages are not compared.
pub fn request_not_given() -> LintFinding {
    LintFinding::new(
        "L-request-not-given",
        Severity::Notice,
        "cucm-upload-errors E4, E5, E15",
    )
    .found("request not given: key, names and usages not compared with it")
    .expected("the request that the certificate answers")
    .remedy("Give the request with --csr.")
}

/// What a file that [`crate::pki::read_bundle`] refused would mean on a node.
pub fn unreadable(error: &PkiError, product: Product) -> LintFinding {
    const EXPRESSWAY: &str =
        "Invalid certificate: The file provided is not a valid X.509 PEM certificate file.";
    let (code, predicted) = match error {
        PkiError::Damaged { .. } | PkiError::Empty { .. } | PkiError::RequestSignature { .. } => {
            ("E7", "reading the certificate")
        }
        PkiError::WrongKind { .. } | PkiError::TooLarge { .. } => {
            ("E8", "Certificate is not in PEM format")
        }
        PkiError::PrivateKey { .. } => ("E9", "Invalid certificate file"),
        PkiError::NoChain { .. } => ("E1", super::authorities::E1),
    };
    let expressway = matches!(product, Product::ExpresswayC | Product::ExpresswayE);
    let predicted = match (expressway, code) {
        (false, _) => predicted,
        (true, "E1") => super::authorities::UNRECOGNIZED,
        (true, _) => EXPRESSWAY,
    };
    LintFinding::new(
        code,
        Severity::Blocker,
        "cucm-upload-errors §1 (HCM-F error table); expressway §2.6",
    )
    .found(error.to_string())
    .expected("one certificate and its authorities, and no key")
    .predicted(Some(predicted))
}
