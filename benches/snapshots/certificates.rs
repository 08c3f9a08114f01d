//! Real certificates in the form in which a node lists them.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{X509, X509Name};
use serde_json::{Value, json};

/// Purposes of a node of release 15. Source: cucm-rest-and-cli §2.
const PURPOSES: [&str; 8] = [
    "tomcat",
    "tomcat-ECDSA",
    "CallManager",
    "CallManager-ECDSA",
    "CAPF",
    "TVS",
    "ipsec",
    "ITLRecovery",
];
const STORES: [&str; 5] = [
    "tomcat-trust",
    "CallManager-trust",
    "CAPF-trust",
    "ipsec-trust",
    "TVS-trust",
];

/// Entries in each store: 50 on a node.
const ENTRIES: u32 = 10;

/// One authority, and one key for everything that it signs: making keys would take longer than all the rest.
struct Workshop {
    authority: X509,
    signer: PKey<Private>,
    key: PKey<Private>,
}

impl Workshop {
    fn open() -> Self {
        let signer = rsa();
        let name = name("Corp Issuing");
        let authority = certificate(&name, &name, 1, &signer, &signer, None);
        Self {
            authority,
            signer,
            key: rsa(),
        }
    }

    fn sign(&self, host: &str, serial: u32) -> String {
        let subject = name(host);
        let issuer = self.authority.subject_name();
        let signed = certificate(
            &subject,
            issuer,
            serial,
            &self.key,
            &self.signer,
            Some(host),
        );
        String::from_utf8(signed.to_pem().expect("PEM")).expect("PEM is ASCII")
    }
}

fn rsa() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key")
}

fn name(common: &str) -> X509Name {
    let mut name = X509Name::builder().expect("a name");
    for (field, value) in [("C", "BE"), ("O", "Example"), ("CN", common)] {
        name.append_entry_by_text(field, value).expect("an entry");
    }
    name.build()
}

/// An authority without `host`, else an identity.
fn certificate(
    subject: &X509Name,
    issuer: &openssl::x509::X509NameRef,
    serial: u32,
    key: &PKey<Private>,
    signer: &PKey<Private>,
    host: Option<&str>,
) -> X509 {
    let mut builder = X509::builder().expect("a builder");
    builder.set_version(2).expect("version");
    let serial = BigNum::from_u32(serial).and_then(|number| number.to_asn1_integer());
    builder
        .set_serial_number(&serial.expect("a serial"))
        .expect("serial");
    builder.set_subject_name(subject).expect("subject");
    builder.set_issuer_name(issuer).expect("issuer");
    let time = |text| Asn1Time::from_str(text).expect("a time");
    builder
        .set_not_before(&time("20260101000000Z"))
        .expect("start");
    builder
        .set_not_after(&time("20271231235959Z"))
        .expect("end");
    builder.set_pubkey(key).expect("key");
    let extensions = if let Some(host) = host {
        let mut names = SubjectAlternativeName::new();
        let names = names.dns(host).build(&builder.x509v3_context(None, None));
        let usage = KeyUsage::new()
            .digital_signature()
            .data_encipherment()
            .build();
        let extended = ExtendedKeyUsage::new().server_auth().client_auth().build();
        vec![names, usage, extended]
    } else {
        vec![BasicConstraints::new().critical().ca().build()]
    };
    for extension in extensions {
        builder
            .append_extension(extension.expect("an extension"))
            .expect("extension");
    }
    builder
        .sign(signer, MessageDigest::sha256())
        .expect("a signature");
    builder.build()
}

/// The answers of `nodes` nodes to `GET snapshot/server`, each with 8 identities and 50 trust entries. All
/// certificates differ.
pub(crate) fn snapshots(nodes: u32) -> Vec<Vec<u8>> {
    let workshop = Workshop::open();
    let mut serial = 1;
    let mut signed = |host: &str| {
        serial += 1;
        workshop.sign(host, serial)
    };
    let mut snapshot = |node: u32| {
        let host = format!("cucm-{node}.hq.example.com");
        let identities: Vec<Value> = PURPOSES
            .iter()
            .map(|purpose| json!({"service": purpose, "certificate": signed(&host), "csr": null}))
            .collect();
        let entry = |number| {
            let title = format!("authority-{number}.example.com");
            json!({"filename": format!("{title}_{number:08x}"), "certificate": signed(&title)})
        };
        let mut entries: Vec<Value> = (0..ENTRIES * 5).map(entry).collect();
        let trusts: Vec<Value> = STORES
            .iter()
            .map(|store| {
                let rest = entries.split_off(ENTRIES as usize);
                let data = std::mem::replace(&mut entries, rest);
                json!({"service": store, "certificate_data": data})
            })
            .collect();
        json!({"trackingId": "t-1", "server": host, "identities": identities, "trusts": trusts})
    };
    (0..nodes)
        .map(|node| snapshot(node).to_string().into_bytes())
        .collect()
}
