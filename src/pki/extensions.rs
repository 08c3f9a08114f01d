//! The extensions that certificates and requests share.

use std::collections::BTreeSet;
use std::net::IpAddr;

use x509_parser::extensions::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, GeneralName, KeyIdentifier,
    KeyUsage, SubjectAlternativeName, X509Extension,
};
use x509_parser::prelude::FromDer;

use super::name::{one_line, printable};
use crate::model::{SubjectName, Usages};

/// What the known extensions say.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) names: BTreeSet<SubjectName>,
    pub(super) key_usage: Option<Usages>,
    pub(super) extended_usage: Option<Usages>,
    pub(super) authority: bool,
    pub(super) path_length: Option<u32>,
    pub(super) subject_key_id: Option<String>,
    pub(super) authority_key_id: Option<String>,
    /// Dotted identifiers of all critical extensions.
    pub(super) critical: BTreeSet<String>,
}

/// Key usage, as it stands in [`Extensions::critical`].
pub(super) const KEY_USAGE: &str = "2.5.29.15";
/// Basic constraints.
pub(super) const BASIC_CONSTRAINTS: &str = "2.5.29.19";

impl Extensions {
    /// Reads the known extensions from their own bytes and ignores the others. Stricter than OpenSSL's
    /// verification, which lets duplicates and malformed names pass (promises §7).
    ///
    /// # Errors
    /// A sentence that names the extension.
    pub(super) fn read(extensions: &[X509Extension<'_>]) -> Result<Self, String> {
        let mut read = Self::default();
        let mut seen = BTreeSet::new();
        for extension in extensions {
            let identifier = extension.oid.to_id_string();
            read.take(&identifier, extension.value)?;
            if extension.critical {
                read.critical.insert(identifier.clone());
            }
            if !seen.insert(identifier) {
                return Err(format!("extension {} stands in it twice", extension.oid));
            }
        }
        Ok(read)
    }

    fn take(&mut self, identifier: &str, value: &[u8]) -> Result<(), String> {
        match identifier {
            "2.5.29.14" => {
                let key: KeyIdentifier<'_> = whole(value, "subject key identifier")?;
                self.subject_key_id = Some(hex::encode(key.0));
            }
            KEY_USAGE => self.key_usage = Some(key_usages(whole(value, "key usage")?)),
            "2.5.29.17" => {
                let names: SubjectAlternativeName<'_> = whole(value, "subject alternative name")?;
                self.names = names.general_names.iter().map(subject_name).collect();
            }
            BASIC_CONSTRAINTS => {
                let basic: BasicConstraints = whole(value, "basic constraints")?;
                self.authority = basic.ca;
                self.path_length = basic.path_len_constraint;
            }
            "2.5.29.35" => {
                let key: AuthorityKeyIdentifier<'_> = whole(value, "authority key identifier")?;
                self.authority_key_id = key.key_identifier.map(|key| hex::encode(key.0));
            }
            "2.5.29.37" => {
                self.extended_usage = Some(extended_usages(&whole(value, "extended key usage")?));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Decodes a value that must fill all its bytes.
fn whole<'a, T, E>(value: &'a [u8], what: &str) -> Result<T, String>
where
    T: FromDer<'a, E>,
{
    match T::from_der(value) {
        Ok(([], read)) => Ok(read),
        _ => Err(format!("its {what} cannot be read")),
    }
}

fn key_usages(usage: KeyUsage) -> Usages {
    [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .map(|(_, name)| name.to_owned())
    .collect()
}

fn extended_usages(usage: &ExtendedKeyUsage<'_>) -> Usages {
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .map(|(_, name)| name.to_owned());
    let other = usage
        .other
        .iter()
        .map(|identifier| match identifier.to_id_string() {
            ipsec if ipsec == "1.3.6.1.5.5.7.3.5" => "ipsecEndSystem".to_owned(),
            other => other,
        });
    known.chain(other).collect()
}

/// A general name. A DNS name with characters that no host name has becomes [`SubjectName::Other`], so that
/// it can never equal a name that a plan asks for.
fn subject_name(name: &GeneralName<'_>) -> SubjectName {
    match name {
        GeneralName::DNSName(host) if is_host_name(host) => SubjectName::dns(host),
        GeneralName::DNSName(host) => SubjectName::Other(format!("dns:{}", printable(host))),
        GeneralName::IPAddress(bytes) => ip_address(bytes).map_or_else(
            || SubjectName::Other(format!("ip:{}", hex::encode(bytes))),
            SubjectName::Ip,
        ),
        GeneralName::RFC822Name(text) => SubjectName::Other(format!("email:{}", printable(text))),
        GeneralName::URI(text) => SubjectName::Other(format!("uri:{}", printable(text))),
        GeneralName::DirectoryName(name) => {
            SubjectName::Other(format!("directory:{}", one_line(name)))
        }
        GeneralName::RegisteredID(id) => SubjectName::Other(format!("id:{}", id.to_id_string())),
        GeneralName::OtherName(id, value) => {
            SubjectName::Other(format!("name:{}:{}", id.to_id_string(), hex::encode(value)))
        }
        GeneralName::X400Address(any) | GeneralName::EDIPartyName(any) => {
            SubjectName::Other(format!("tag-{}:{}", any.tag().0, hex::encode(any.data)))
        }
        GeneralName::Invalid(tag, bytes) => {
            SubjectName::Other(format!("tag-{}:{}", tag.0, hex::encode(bytes)))
        }
    }
}

fn is_host_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}
