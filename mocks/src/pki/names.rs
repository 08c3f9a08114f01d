//! Reading what certificates and requests carry.

use std::collections::BTreeSet;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Ref, X509Req};

use super::mint::{self, Validity};

/// The alternative names as a set: DNS names in lower case without a trailing dot, addresses as they are, anything
/// else under a word of its own so that it equals nothing.
pub(crate) fn alternative_names(certificate: &X509Ref) -> BTreeSet<String> {
    let Some(names) = certificate.subject_alt_names() else {
        return BTreeSet::new();
    };
    let read = |name: &openssl::x509::GeneralNameRef| {
        if let Some(dns) = name.dnsname() {
            return dns.trim_end_matches('.').to_ascii_lowercase();
        }
        match name.ipaddress() {
            Some(address) => format!("address:{}", hex::encode(address)),
            None => "another kind of name".to_owned(),
        }
    };
    names.iter().map(read).collect()
}

/// A scratch certificate that carries a request's extensions, so that they can be read like a certificate's.
pub(crate) fn carrying(request: &X509Req, key: &PKey<Private>) -> Result<X509, ErrorStack> {
    let subject = request.subject_name();
    let mut builder = mint::builder(
        subject,
        subject,
        key,
        Validity {
            from: 0,
            until: mint::DAY,
        },
    )?;
    for extension in &request.extensions()? {
        builder.append_extension2(extension)?;
    }
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// Whether an extension has this object identifier, given as the bytes of its DER content.
pub(crate) fn extension_is(der: &[u8], identifier: &[u8]) -> bool {
    let Some(length) = u8::try_from(identifier.len()).ok() else {
        return false;
    };
    let mut wanted = vec![0x06, length];
    wanted.extend_from_slice(identifier);
    der.windows(wanted.len())
        .take(6)
        .any(|window| window == wanted)
}

/// The identifier of the subject alternative name, 2.5.29.17.
pub(crate) const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// The identifier of the key usage, 2.5.29.15.
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

/// The identifier of the extended key usage, 2.5.29.37.
pub(crate) const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
