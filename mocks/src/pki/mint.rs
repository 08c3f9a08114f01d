//! Making certificates and requests.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::stack::Stack;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{
    X509, X509Builder, X509Extension, X509KeyUsage, X509Name, X509NameRef, X509Ref, X509Req,
    X509ReqBuilder, X509v3Context,
};

use super::keys::KeyRing;
use super::names::carrying;
use super::usages::Usages;
use crate::state::{Identity, Release};

/// One day in seconds.
pub(crate) const DAY: i64 = 86_400;

/// From when to when a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Validity {
    /// From so many days ago until so many days ahead; both may be negative.
    pub(crate) fn days(now: i64, ago: i64, ahead: i64) -> Self {
        Self {
            from: now - ago * DAY,
            until: now + ahead * DAY,
        }
    }
}

/// What a request asks for.
pub(crate) struct Wanted<'a> {
    pub(crate) common_name: &'a str,
    /// DNS names; none means that the request has no such extension (claim: CUCM-REST-CSR-SAN).
    pub(crate) names: &'a [String],
    pub(crate) purpose: &'a str,
}

/// A device's subject, by default without OU.
///
/// claim: CUCM-CSR-SUBJECT
pub(crate) fn device_subject(common_name: &str, with_unit: bool) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_text("C", "BE")?;
    name.append_entry_by_text("ST", "Brussels")?;
    name.append_entry_by_text("L", "Brussels")?;
    name.append_entry_by_text("O", "Example Telecom")?;
    if with_unit {
        name.append_entry_by_text("OU", "Voice")?;
    }
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

/// A builder with version 3, a random serial number, both names, the key and the validity.
pub(crate) fn builder(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKeyRef<impl openssl::pkey::HasPublic>,
    validity: Validity,
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    let (from, until) = (
        Asn1Time::from_unix(validity.from)?,
        Asn1Time::from_unix(validity.until)?,
    );
    builder.set_not_before(&from)?;
    builder.set_not_after(&until)?;
    Ok(builder)
}

/// A self-signed device certificate.
pub(crate) fn self_signed(
    wanted: &Wanted<'_>,
    key: PKey<Private>,
    validity: Validity,
) -> Result<Identity, ErrorStack> {
    let subject = device_subject(wanted.common_name, false)?;
    let mut builder = builder(&subject, &subject, &key, validity)?;
    let usages = Usages::of(wanted.purpose, Release::FOURTEEN);
    let extensions = device_extensions(&builder.x509v3_context(None, None), wanted, usages)?;
    for extension in &extensions {
        builder.append_extension2(extension)?;
    }
    builder.sign(&key, MessageDigest::sha256())?;
    Ok(Identity {
        certificate: builder.build(),
        key,
    })
}

/// An authority: self-signed when `issuer` is absent.
pub(crate) fn authority(
    common_name: &str,
    key: PKey<Private>,
    issuer: Option<&Identity>,
    validity: Validity,
) -> Result<Identity, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_text("O", "Example Corporation")?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    let subject = name.build();
    let above: Option<&X509Ref> = issuer.map(|issuer| issuer.certificate.as_ref());
    let mut builder = builder(
        &subject,
        above.map_or(&subject, X509Ref::subject_name),
        &key,
        validity,
    )?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(
        KeyUsage::new()
            .critical()
            .key_cert_sign()
            .crl_sign()
            .build()?,
    )?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(above, None))?;
    builder.append_extension(identifier)?;
    if above.is_some() {
        let identifier = AuthorityKeyIdentifier::new()
            .keyid(true)
            .build(&builder.x509v3_context(above, None))?;
        builder.append_extension(identifier)?;
    }
    builder.sign(
        issuer.map_or(&key, |issuer| &issuer.key),
        MessageDigest::sha256(),
    )?;
    Ok(Identity {
        certificate: builder.build(),
        key,
    })
}

/// A request for a device certificate with the usages of release 14.
pub(crate) fn request(
    wanted: &Wanted<'_>,
    key: &PKey<Private>,
    digest: MessageDigest,
) -> Result<X509Req, ErrorStack> {
    let usages = Usages::of(wanted.purpose, Release::FOURTEEN);
    request_for(wanted, usages, key, digest)
}

/// A request for a device certificate with these usages.
pub(crate) fn request_for(
    wanted: &Wanted<'_>,
    usages: Usages,
    key: &PKey<Private>,
    digest: MessageDigest,
) -> Result<X509Req, ErrorStack> {
    let subject = device_subject(wanted.common_name, false)?;
    request_of(&subject, wanted, usages, key, digest)
}

/// Likewise with this subject.
pub(crate) fn request_of(
    subject: &X509NameRef,
    wanted: &Wanted<'_>,
    usages: Usages,
    key: &PKey<Private>,
    digest: MessageDigest,
) -> Result<X509Req, ErrorStack> {
    let mut builder = X509ReqBuilder::new()?;
    builder.set_version(0)?;
    builder.set_subject_name(subject)?;
    builder.set_pubkey(key)?;
    let extensions = device_extensions(&builder.x509v3_context(None), wanted, usages)?;
    builder.add_extensions(&extensions)?;
    builder.sign(key, digest)?;
    Ok(builder.build())
}

/// A device certificate for a request, signed by an authority with exactly what the request asks for.
pub(crate) fn sign_as_asked(
    request: &X509Req,
    issuer: &Identity,
    validity: Validity,
) -> Result<X509, ErrorStack> {
    let key = request.public_key()?;
    let mut builder = builder(
        request.subject_name(),
        issuer.certificate.subject_name(),
        &key,
        validity,
    )?;
    for extension in &request.extensions()? {
        builder.append_extension2(extension)?;
    }
    mark_signer(&mut builder, request)?;
    builder.sign(&issuer.key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// Makes the certificate of a request that wants to sign others an authority with no authority below it.
///
/// claim: CUCM-CAPF-IS-AN-AUTHORITY
pub(crate) fn mark_signer(builder: &mut X509Builder, request: &X509Req) -> Result<(), ErrorStack> {
    let asked = carrying(request, &KeyRing::elliptic(256)?)?;
    let signs = asked
        .key_usage()
        .is_some_and(|usage| usage.contains(X509KeyUsage::KEY_CERT_SIGN));
    if signs {
        let constraints = BasicConstraints::new().critical().ca().pathlen(0).build()?;
        builder.append_extension(constraints)?;
    }
    Ok(())
}

/// The usages a purpose asks for, and the names.
fn device_extensions(
    context: &X509v3Context<'_>,
    wanted: &Wanted<'_>,
    usages: Usages,
) -> Result<Stack<X509Extension>, ErrorStack> {
    let mut extensions = Stack::new()?;
    for extension in usages.extensions()? {
        extensions.push(extension)?;
    }
    if !wanted.names.is_empty() {
        let mut names = SubjectAlternativeName::new();
        for name in wanted.names {
            names.dns(name);
        }
        extensions.push(names.build(context)?)?;
    }
    Ok(extensions)
}
