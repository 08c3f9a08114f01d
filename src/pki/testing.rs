//! A small authority for tests.

use jiff::Timestamp;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509ReqBuilder};

use super::{Parsed, parse_der, read_request};
use crate::model::SigningRequest;

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

pub(crate) fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("curve");
    PKey::from_ec_key(EcKey::generate(&group).expect("key")).expect("key")
}

pub(crate) fn rsa_key(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).expect("key")).expect("key")
}

/// What to put into a certificate or a request. The defaults are an end certificate of 2026.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) key: PKey<Private>,
    pub(crate) subject: Vec<(&'static str, String)>,
    pub(crate) names: Vec<String>,
    pub(crate) usage: Option<Vec<&'static str>>,
    pub(crate) extended: Option<Vec<&'static str>>,
    pub(crate) authority: Option<(bool, Option<u32>)>,
    pub(crate) from: &'static str,
    pub(crate) until: &'static str,
    pub(crate) serial: u32,
    pub(crate) digest: MessageDigest,
    /// Identifier, critical, value.
    pub(crate) extra: Vec<(&'static str, bool, Vec<u8>)>,
}

impl Recipe {
    pub(crate) fn leaf(name: &str) -> Self {
        Self {
            key: ec_key(),
            subject: vec![("CN", name.to_owned())],
            names: vec![format!("dns:{name}")],
            usage: Some(vec![
                "digitalSignature",
                "keyEncipherment",
                "dataEncipherment",
            ]),
            extended: Some(vec!["serverAuth", "clientAuth"]),
            authority: None,
            from: "2026-01-01T00:00:00Z",
            until: "2026-12-31T23:59:59Z",
            serial: 4096,
            digest: MessageDigest::sha256(),
            extra: Vec::new(),
        }
    }

    pub(crate) fn authority(name: &str) -> Self {
        Self {
            names: Vec::new(),
            usage: Some(vec!["keyCertSign", "cRLSign"]),
            extended: None,
            authority: Some((true, None)),
            from: "2020-01-01T00:00:00Z",
            until: "2040-01-01T00:00:00Z",
            ..Self::leaf(name)
        }
    }

    fn name(&self) -> X509Name {
        let mut name = X509Name::builder().expect("name");
        for (field, value) in &self.subject {
            name.append_entry_by_text(field, value).expect("entry");
        }
        name.build()
    }

    fn alternative_names(&self) -> Option<SubjectAlternativeName> {
        let mut extension = SubjectAlternativeName::new();
        for name in &self.names {
            match name.split_once(':').expect("kind:name") {
                ("dns", value) => extension.dns(value),
                ("ip", value) => extension.ip(value),
                ("email", value) => extension.email(value),
                ("uri", value) => extension.uri(value),
                other => panic!("{other:?}"),
            };
        }
        (!self.names.is_empty()).then_some(extension)
    }

    fn usages(&self) -> Vec<X509Extension> {
        let key = self.usage.as_ref().map(|usages| {
            let mut extension = KeyUsage::new();
            for usage in usages {
                match *usage {
                    "digitalSignature" => extension.digital_signature(),
                    "nonRepudiation" => extension.non_repudiation(),
                    "keyEncipherment" => extension.key_encipherment(),
                    "dataEncipherment" => extension.data_encipherment(),
                    "keyAgreement" => extension.key_agreement(),
                    "keyCertSign" => extension.key_cert_sign(),
                    "cRLSign" => extension.crl_sign(),
                    "decipherOnly" => extension.decipher_only(),
                    other => panic!("{other}"),
                };
            }
            extension.build().expect("usage")
        });
        let extended = self.extended.as_ref().map(|usages| {
            let mut extension = ExtendedKeyUsage::new();
            for usage in usages {
                extension.other(usage);
            }
            extension.build().expect("usage")
        });
        key.into_iter().chain(extended).collect()
    }

    fn extras(&self) -> Vec<X509Extension> {
        let extension = |(identifier, critical, value): &(&str, bool, Vec<u8>)| {
            let identifier = Asn1Object::from_str(identifier).expect("identifier");
            let value = Asn1OctetString::new_from_bytes(value).expect("value");
            X509Extension::new_from_der(&identifier, *critical, &value).expect("extension")
        };
        self.extra.iter().map(extension).collect()
    }

    /// Signs it with its own key.
    pub(crate) fn self_signed(self) -> Issued {
        let (library, key) = (self.self_signed_library(), self.key);
        Issued::new(library, key)
    }

    /// As [`Self::self_signed`], for what must not parse.
    pub(crate) fn self_signed_library(&self) -> X509 {
        self.finish(self.builder(&self.name()), None)
    }

    /// The request with this key, subject, names and usages.
    pub(crate) fn request(&self) -> SigningRequest {
        read_request(&self.request_pem()).expect("request")
    }

    pub(crate) fn request_pem(&self) -> Vec<u8> {
        let mut builder = X509ReqBuilder::new().expect("builder");
        builder.set_version(0).expect("version");
        builder.set_subject_name(&self.name()).expect("name");
        builder.set_pubkey(&self.key).expect("key");
        let mut extensions = Stack::new().expect("stack");
        for extension in self.usages().into_iter().chain(self.extras()) {
            extensions.push(extension).expect("push");
        }
        if let Some(names) = self.alternative_names() {
            let names = names.build(&builder.x509v3_context(None)).expect("names");
            extensions.push(names).expect("push");
        }
        if !extensions.is_empty() {
            builder.add_extensions(&extensions).expect("extensions");
        }
        builder.sign(&self.key, self.digest).expect("sign");
        builder.build().to_pem().expect("pem")
    }

    fn builder(&self, issuer: &X509Name) -> X509Builder {
        let mut builder = X509Builder::new().expect("builder");
        let serial = BigNum::from_u32(self.serial).expect("serial");
        let time = |text| match text {
            "never" => Asn1Time::from_str("99991231235959Z").expect("time"),
            text => Asn1Time::from_unix(moment(text).as_second()).expect("time"),
        };
        builder.set_version(2).expect("version");
        builder
            .set_serial_number(&serial.to_asn1_integer().expect("serial"))
            .expect("serial");
        builder.set_subject_name(&self.name()).expect("name");
        builder.set_issuer_name(issuer).expect("name");
        builder.set_not_before(&time(self.from)).expect("time");
        builder.set_not_after(&time(self.until)).expect("time");
        builder.set_pubkey(&self.key).expect("key");
        builder
    }

    fn finish(&self, mut builder: X509Builder, signer: Option<&Issued>) -> X509 {
        let context = builder.x509v3_context(signer.map(|signer| &*signer.library), None);
        let mut extensions = vec![
            SubjectKeyIdentifier::new()
                .build(&context)
                .expect("identifier"),
        ];
        if signer.is_some() {
            let mut extension = AuthorityKeyIdentifier::new();
            extensions.push(extension.keyid(false).build(&context).expect("identifier"));
        }
        if let Some(names) = self.alternative_names() {
            extensions.push(names.build(&context).expect("names"));
        }
        if let Some((authority, length)) = self.authority {
            let mut basic = BasicConstraints::new();
            basic.critical();
            if authority {
                basic.ca();
            }
            if let Some(length) = length {
                basic.pathlen(length);
            }
            extensions.push(basic.build().expect("basic"));
        }
        extensions.extend(self.usages());
        extensions.extend(self.extras());
        for extension in extensions {
            builder.append_extension(extension).expect("extension");
        }
        builder
            .sign(signer.map_or(&self.key, |signer| &signer.key), self.digest)
            .expect("sign");
        builder.build()
    }
}

/// A certificate with its key, so that it can sign others.
pub(crate) struct Issued {
    pub(crate) parsed: Parsed,
    pub(crate) key: PKey<Private>,
    pub(crate) library: X509,
}

impl Issued {
    fn new(library: X509, key: PKey<Private>) -> Self {
        let parsed = parse_der(&library.to_der().expect("der")).expect("parses");
        Self {
            parsed,
            key,
            library,
        }
    }

    /// Signs a recipe.
    pub(crate) fn sign(&self, recipe: Recipe) -> Issued {
        let issuer = X509Name::from_der(&self.library.subject_name().to_der().expect("name"));
        let builder = recipe.builder(&issuer.expect("name"));
        Self::new(recipe.finish(builder, Some(self)), recipe.key)
    }
}

/// A PKCS#7 container of certificates, in DER and in PEM.
pub(crate) fn pkcs7(leaf: &Issued, others: &[&Issued]) -> (Vec<u8>, Vec<u8>) {
    let mut rest = Stack::new().expect("stack");
    for other in others {
        rest.push(other.library.clone()).expect("push");
    }
    let made = Pkcs7::sign(&leaf.library, &leaf.key, &rest, b"", Pkcs7Flags::empty());
    let made = made.expect("container");
    (made.to_der().expect("der"), made.to_pem().expect("pem"))
}

/// A PKCS#12 archive of a certificate and its key.
pub(crate) fn pkcs12(leaf: &Issued) -> Vec<u8> {
    let mut builder = Pkcs12::builder();
    builder.pkey(&leaf.key).cert(&leaf.library);
    let made = builder.build2("secret").expect("archive");
    made.to_der().expect("der")
}
