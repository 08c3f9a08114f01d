//! Certificates that no lab makes by itself: authorities of a chosen name, age and power, below those of the lab.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509, X509Name};
use reissue::clock::{Clock, SystemClock};
use reissue_lab::Lab;

const DAY: i64 = 86_400;

/// An authority with its key.
pub struct Forged {
    pub certificate: X509,
    pub key: PKey<Private>,
}

impl Forged {
    /// One of the lab's own, by the name of its file: `root` or `issuing`.
    pub fn of(lab: &Lab, file: &str) -> Self {
        let read = |ending: &str| std::fs::read(lab.dir().join(format!("ca/{file}.{ending}")));
        Self {
            certificate: X509::from_pem(&read("pem").unwrap()).unwrap(),
            key: PKey::private_key_from_pem(&read("key").unwrap()).unwrap(),
        }
    }

    pub fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().unwrap()
    }
}

/// What is to be forged.
pub struct Wanted<'a> {
    pub name: &'a str,
    /// Days from now; the first usually negative.
    pub days: (i64, i64),
    pub authority: bool,
    /// Itself if absent.
    pub signer: Option<&'a Forged>,
    /// A new one if absent.
    pub key: Option<&'a PKey<Private>>,
}

impl<'a> Wanted<'a> {
    pub fn authority(name: &'a str, days: (i64, i64)) -> Self {
        Self {
            name,
            days,
            authority: true,
            signer: None,
            key: None,
        }
    }

    pub fn below(self, signer: &'a Forged) -> Self {
        Self {
            signer: Some(signer),
            ..self
        }
    }

    pub fn forge(self) -> Forged {
        let fresh = || {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
            PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
        };
        let key = self.key.cloned().unwrap_or_else(fresh);
        // The lab's authorities have these two parts in their names.
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_text("O", "Example Corporation")
            .unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, self.name)
            .unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let mut serial = BigNum::new().unwrap();
        serial.rand(127, MsbOption::MAYBE_ZERO, false).unwrap();
        let serial: Asn1Integer = serial.to_asn1_integer().unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&name).unwrap();
        let signer = self.signer.map(|signer| &signer.certificate);
        let issuer = signer.map_or(&*name, |signer| signer.subject_name());
        builder.set_issuer_name(issuer).unwrap();
        builder.set_pubkey(&key).unwrap();
        let now = Clock::now(&SystemClock).as_second();
        let at = |days: i64| Asn1Time::from_unix(now + days * DAY).unwrap();
        builder.set_not_before(&at(self.days.0)).unwrap();
        builder.set_not_after(&at(self.days.1)).unwrap();
        if self.authority {
            let basic = BasicConstraints::new().critical().ca().build().unwrap();
            builder.append_extension(basic).unwrap();
            let mut usage = KeyUsage::new();
            let usage = usage.critical().key_cert_sign().crl_sign().build();
            builder.append_extension(usage.unwrap()).unwrap();
        }
        let by = self.signer.map_or(&key, |signer| &signer.key);
        builder.sign(by, MessageDigest::sha256()).unwrap();
        let certificate = builder.build();
        Forged { certificate, key }
    }
}
