//! What an authority can hand back instead of the certificate that was asked for.

use std::str::FromStr;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::x509::extension::{ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Req};

use super::{Authority, VALID_DAYS};
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity};
use crate::pki::names::{
    ALTERNATIVE_NAME, EXTENDED_USAGE, KEY_USAGE, alternative_names, carrying, extension_is,
};
use crate::state::common_name;

/// What the authority does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Nothing.
    Honest,
    /// The alternative names are left out.
    SanDropped,
    /// A name is added: the common name, or `www.` before it where it is there already.
    CnAdded,
    /// The certificate is for another key.
    OtherKey,
    /// The extended key usage is left out.
    EkuMissing,
    /// The extended key usage is serverAuth alone, as public authorities have it today.
    ServerAuthOnly,
    /// It has expired already.
    Expired,
    /// It starts in a week.
    NotYetValid,
    /// Honest, but in DER.
    Der,
    /// Honest, but in a PKCS#7 bundle with its chain.
    Pkcs7,
    /// Honest, as a PEM bundle from the leaf up.
    BundleLeafFirst,
    /// Honest, as a PEM bundle from the root down.
    BundleRootFirst,
    /// A web page.
    Html,
    /// A name with a star is added.
    Wildcard,
    /// The key usage is left out.
    KeyUsageMissing,
    /// Signed with a new key of the issuing authority, which kept its name.
    Rekeyed,
    /// Honest, but bytes of the file were lost on the way.
    Damaged,
    /// Honest, but with a private key in the same file.
    WithKey,
}

const KINDS: [(&str, Misbehaviour); 18] = [
    ("honest", Misbehaviour::Honest),
    ("san-dropped", Misbehaviour::SanDropped),
    ("cn-added", Misbehaviour::CnAdded),
    ("other-key", Misbehaviour::OtherKey),
    ("eku-missing", Misbehaviour::EkuMissing),
    ("server-auth-only", Misbehaviour::ServerAuthOnly),
    ("expired", Misbehaviour::Expired),
    ("not-yet-valid", Misbehaviour::NotYetValid),
    ("der", Misbehaviour::Der),
    ("pkcs7", Misbehaviour::Pkcs7),
    ("bundle-leaf-first", Misbehaviour::BundleLeafFirst),
    ("bundle-root-first", Misbehaviour::BundleRootFirst),
    ("html", Misbehaviour::Html),
    ("wildcard", Misbehaviour::Wildcard),
    ("key-usage-missing", Misbehaviour::KeyUsageMissing),
    ("rekeyed", Misbehaviour::Rekeyed),
    ("damaged", Misbehaviour::Damaged),
    ("with-key", Misbehaviour::WithKey),
];

impl Misbehaviour {
    /// The word on the command line and in the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        KINDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("unknown", |(word, _)| word)
    }

    /// The ending of the issued file's name.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Der => "cer",
            Self::Pkcs7 => "p7b",
            _ => "pem",
        }
    }
}

impl FromStr for Misbehaviour {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        KINDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, kind)| *kind)
            .ok_or_else(|| {
                format!(
                    "`{word}` is no misbehaviour; there are {}",
                    KINDS.map(|(known, _)| known).join(", ")
                )
            })
    }
}

/// Issues a certificate in whatever form and content the authority is told to.
pub(super) fn issue(
    authority: &Authority,
    request: &X509Req,
    now: i64,
) -> Result<Vec<u8>, ErrorStack> {
    let kind = authority.misbehaviour();
    if kind == Misbehaviour::Html {
        return Ok(b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Session expired</body></html>\n".to_vec());
    }
    let leaf = leaf(authority, request, kind, now)?;
    let above = [&authority.issuing.certificate, &authority.root.certificate];
    match kind {
        Misbehaviour::Der => leaf.to_der(),
        Misbehaviour::Pkcs7 => pkcs7(&[&leaf, above[0], above[1]]),
        Misbehaviour::BundleLeafFirst => {
            Ok([leaf.to_pem()?, above[0].to_pem()?, above[1].to_pem()?].concat())
        }
        Misbehaviour::BundleRootFirst => {
            Ok([above[1].to_pem()?, above[0].to_pem()?, leaf.to_pem()?].concat())
        }
        Misbehaviour::Damaged => Ok(damaged(&leaf.to_pem()?)),
        Misbehaviour::WithKey => {
            let key = KeyRing::elliptic(256)?.private_key_to_pem_pkcs8()?;
            Ok([leaf.to_pem()?, key].concat())
        }
        _ => leaf.to_pem(),
    }
}

/// Without its third line, as after a bad copy.
fn damaged(pem: &[u8]) -> Vec<u8> {
    let lines = pem.split_inclusive(|byte| *byte == b'\n').enumerate();
    let kept = lines.filter(|(place, _)| *place != 2);
    kept.flat_map(|(_, line)| line.to_vec()).collect()
}

fn leaf(
    authority: &Authority,
    request: &X509Req,
    kind: Misbehaviour,
    now: i64,
) -> Result<X509, ErrorStack> {
    let validity = match kind {
        Misbehaviour::Expired => Validity::days(now, 400, -1),
        Misbehaviour::NotYetValid => Validity::days(now, -7, VALID_DAYS),
        _ => Validity {
            from: now - 3600,
            until: now + VALID_DAYS * mint::DAY,
        },
    };
    match kind {
        Misbehaviour::SanDropped
        | Misbehaviour::EkuMissing
        | Misbehaviour::ServerAuthOnly
        | Misbehaviour::CnAdded
        | Misbehaviour::Wildcard
        | Misbehaviour::KeyUsageMissing
        | Misbehaviour::Rekeyed
        | Misbehaviour::OtherKey => altered(authority, request, kind, validity),
        _ => mint::sign_as_asked(request, &authority.issuing, validity),
    }
}

fn altered(
    authority: &Authority,
    request: &X509Req,
    kind: Misbehaviour,
    validity: Validity,
) -> Result<X509, ErrorStack> {
    let scratch = KeyRing::elliptic(256)?;
    let issuer = &authority.issuing;
    let asked_key = request.public_key()?;
    let name = issuer.certificate.subject_name();
    let mut builder = match kind {
        Misbehaviour::OtherKey => mint::builder(request.subject_name(), name, &scratch, validity)?,
        _ => mint::builder(request.subject_name(), name, &asked_key, validity)?,
    };
    for extension in &request.extensions()? {
        let der = extension.to_der()?;
        let names = extension_is(&der, ALTERNATIVE_NAME);
        let dropped = match kind {
            Misbehaviour::SanDropped | Misbehaviour::CnAdded | Misbehaviour::Wildcard => names,
            Misbehaviour::EkuMissing | Misbehaviour::ServerAuthOnly => {
                extension_is(&der, EXTENDED_USAGE)
            }
            Misbehaviour::KeyUsageMissing => extension_is(&der, KEY_USAGE),
            _ => false,
        };
        if !dropped {
            builder.append_extension2(extension)?;
        }
    }
    if kind == Misbehaviour::ServerAuthOnly {
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    }
    if matches!(kind, Misbehaviour::CnAdded | Misbehaviour::Wildcard) {
        let asked = carrying(request, &scratch)?;
        let mut names = alternative_names(&asked);
        let common = common_name(&asked).to_ascii_lowercase();
        if kind == Misbehaviour::Wildcard {
            let domain = common.split_once('.').map_or("", |(_, domain)| domain);
            names.insert(format!("*.{domain}"));
        } else if !names.insert(common.clone()) {
            names.insert(format!("www.{common}"));
        }
        let mut extension = SubjectAlternativeName::new();
        for name in &names {
            extension.dns(name);
        }
        let extension =
            extension.build(&builder.x509v3_context(Some(&issuer.certificate), None))?;
        builder.append_extension(extension)?;
    }
    mint::mark_signer(&mut builder, request)?;
    let key = if kind == Misbehaviour::Rekeyed {
        &scratch
    } else {
        &issuer.key
    };
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// A PKCS#7 `SignedData` that holds certificates and nothing else, in DER.
fn pkcs7(certificates: &[&X509]) -> Result<Vec<u8>, ErrorStack> {
    const SIGNED_DATA: &[u8] = &[
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
    ];
    const DATA: &[u8] = &[
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01,
    ];
    let mut all = Vec::new();
    for certificate in certificates {
        all.extend(certificate.to_der()?);
    }
    let empty_set = wrap(0x31, &[]);
    let parts = [
        &[0x02, 0x01, 0x01],
        empty_set.as_slice(),
        &wrap(0x30, DATA),
        &wrap(0xa0, &all),
        &empty_set,
    ]
    .concat();
    Ok(wrap(
        0x30,
        &[SIGNED_DATA, &wrap(0xa0, &wrap(0x30, &parts))].concat(),
    ))
}

/// A DER element with its length in the shortest form.
fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    let bytes: Vec<u8> = length
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    match (u8::try_from(length), u8::try_from(bytes.len())) {
        (Ok(short), _) if short < 0x80 => element.push(short),
        (_, Ok(count)) => {
            element.push(0x80 | count);
            element.extend(bytes);
        }
        _ => {}
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use openssl::pkcs7::Pkcs7;
    use openssl::pkey::PKey;

    use super::*;
    use crate::pki::mint::Wanted;

    const NOW: i64 = 1_790_000_000;

    fn issued(kind: Misbehaviour) -> (Vec<u8>, X509Req) {
        let authority = Authority::found(&KeyRing::default(), NOW).unwrap();
        authority.misbehave(kind);
        let key = KeyRing::elliptic(256).unwrap();
        let names = ["pub.example.com".to_owned(), "voice.example.com".to_owned()];
        let wanted = Wanted {
            common_name: "pub.example.com",
            names: &names,
            purpose: "tomcat",
        };
        let request = mint::request(&wanted, &key, MessageDigest::sha256()).unwrap();
        (issue(&authority, &request, NOW).unwrap(), request)
    }

    fn names(leaf: &X509) -> Vec<String> {
        alternative_names(leaf).into_iter().collect()
    }

    #[test]
    fn an_honest_leaf_has_what_was_asked_for() {
        let (bytes, request) = issued(Misbehaviour::Honest);
        let leaf = X509::from_pem(&bytes).unwrap();
        assert_eq!(names(&leaf), ["pub.example.com", "voice.example.com"]);
        assert!(
            leaf.public_key()
                .unwrap()
                .public_eq(&request.public_key().unwrap())
        );
        assert!(leaf.extended_key_usage().is_some());
    }

    #[test]
    fn each_content_fault_shows() {
        let leaf = |kind| X509::from_pem(&issued(kind).0).unwrap();
        assert!(names(&leaf(Misbehaviour::SanDropped)).is_empty());
        let added = [
            "pub.example.com",
            "voice.example.com",
            "www.pub.example.com",
        ];
        assert_eq!(names(&leaf(Misbehaviour::CnAdded)), added);
        assert!(
            leaf(Misbehaviour::EkuMissing)
                .extended_key_usage()
                .is_none()
        );
        let (bytes, request) = issued(Misbehaviour::OtherKey);
        let other = X509::from_pem(&bytes).unwrap().public_key().unwrap();
        assert!(!other.public_eq(&request.public_key().unwrap()));
        assert!(names(&leaf(Misbehaviour::Wildcard)).contains(&"*.example.com".to_owned()));
        assert!(leaf(Misbehaviour::KeyUsageMissing).key_usage().is_none());
        let now = openssl::asn1::Asn1Time::from_unix(NOW).unwrap();
        assert!(leaf(Misbehaviour::Expired).not_after() < now);
        assert!(leaf(Misbehaviour::NotYetValid).not_before() > now);
    }

    #[test]
    fn each_form_can_be_read_as_what_it_is() {
        assert!(X509::from_der(&issued(Misbehaviour::Der).0).is_ok());
        let bundle = Pkcs7::from_der(&issued(Misbehaviour::Pkcs7).0).unwrap();
        assert_eq!(bundle.signed().unwrap().certificates().unwrap().len(), 3);
        let first = |kind| common_name(&X509::stack_from_pem(&issued(kind).0).unwrap()[0]);
        assert_eq!(first(Misbehaviour::BundleLeafFirst), "pub.example.com");
        assert_eq!(first(Misbehaviour::BundleRootFirst), "Example Corp Root CA");
        assert!(X509::from_pem(&issued(Misbehaviour::Damaged).0).is_err());
        let with_key = issued(Misbehaviour::WithKey).0;
        assert!(PKey::private_key_from_pem(&with_key).is_ok() && X509::from_pem(&with_key).is_ok());
        assert!(issued(Misbehaviour::Html).0.starts_with(b"<!DOCTYPE html>"));
    }
}
