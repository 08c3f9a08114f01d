//! Certificates from a file or an answer, in whatever form an authority or a device gives them.

use std::collections::BTreeSet;

use openssl::pkcs7::Pkcs7;

use super::armour::blocks;
use super::certificate::{Parsed, parse};
use super::error::PkiError;
use super::recognise::{CERTIFICATES, Recognised, recognise};

/// Reads every certificate of a file, in the file's order, each once.
///
/// Takes PEM, DER and PKCS#7 (either encoding), mixed and in any order, with byte order marks, any line ends,
/// text around the blocks, and UTF-16. At most [`super::FILE_LIMIT`] bytes. `origin` is what errors call it: a
/// path, or `tomcat-trust of cucm-pub.example.com`.
///
/// # Errors
/// [`PkiError`]: a file that holds a private key is refused whole, and so is one with a broken certificate or
/// with anything else than certificates. It never gives an empty list.
pub fn read_bundle(bytes: &[u8], origin: &str) -> Result<Vec<Parsed>, PkiError> {
    let mut seen = BTreeSet::new();
    let mut read = read_each(bytes, origin)?;
    read.retain(|certificate| seen.insert(certificate.facts.sha256.clone()));
    Ok(read)
}

/// As [`read_bundle`], but a certificate that stands in the file twice is given twice.
///
/// # Errors
/// As [`read_bundle`].
pub fn read_each(bytes: &[u8], origin: &str) -> Result<Vec<Parsed>, PkiError> {
    let blocks = blocks(bytes, origin, CERTIFICATES)?;
    let several = blocks.len() > 1;
    let mut read = Vec::new();
    for (number, block) in (1..).zip(&blocks) {
        let part = if several {
            format!("certificate {number} of {origin}")
        } else {
            origin.to_owned()
        };
        read.extend(certificates(block, &part)?);
    }
    if read.is_empty() {
        return Err(recognise(bytes).refusal(origin, CERTIFICATES));
    }
    Ok(read)
}

/// One block: a certificate, or a container of them.
fn certificates(der: &[u8], origin: &str) -> Result<Vec<Parsed>, PkiError> {
    let broken = match parse(der, origin) {
        Ok(certificate) => return Ok(vec![certificate]),
        Err(broken) => broken,
    };
    if let Ok(container) = Pkcs7::from_der(der)
        && let Some(inside) = container.signed().and_then(|signed| signed.certificates())
        && !inside.is_empty()
    {
        return inside
            .iter()
            .map(|certificate| {
                let der = certificate.to_der().map_err(|_| broken.clone())?;
                parse(&der, origin)
            })
            .collect();
    }
    Err(match recognise(der) {
        Recognised::Kind("a certificate", _) => broken,
        Recognised::Unknown if der.first() == Some(&0x30) => broken,
        other => other.refusal(origin, CERTIFICATES),
    })
}
