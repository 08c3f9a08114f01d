//! The lists of phones as the command line shows them.

use std::fmt::Write as _;

use jiff::Timestamp;
use openssl::hash::{Hasher, MessageDigest};
use openssl::x509::{X509NameRef, X509Ref};

use crate::state::{Record, TrustList};

/// A list with its checksums, its time and its records, or that there is none.
///
/// claim: VOS-CTL-SHOW, VOS-CTL-MODIFIED, VOS-CTL-RECORDS, VOS-ITL-SHOW
pub(super) fn show(word: &str, list: Option<&TrustList>) -> String {
    let Some(list) = list else {
        return format!(
            "\nLength of {word} file: 0\n{word} File not found.\nError parsing the {word} File.\n"
        );
    };
    let content: Vec<Vec<u8>> = list
        .records
        .iter()
        .filter_map(|record| record.certificate.to_der().ok())
        .collect();
    let modified = Timestamp::from_second(list.modified)
        .map(|time| time.strftime("%a %b %d %H:%M:%S UTC %Y").to_string())
        .unwrap_or_default();
    let records = list.records.iter().enumerate();
    let records: String = records
        .map(|(position, one)| record(word, position + 1, one))
        .collect();
    format!(
        "\nThe checksum value of the {word} file:\n{}(MD5)\n{}(SHA1)\n\nLength of {word} file: {}\n\
         The {word} File was last modified on {modified}\n{records}\nThe {word} file was verified successfully.\n",
        checksum(MessageDigest::md5(), &content),
        checksum(MessageDigest::sha1(), &content),
        content.iter().map(Vec::len).sum::<usize>(),
    )
}

fn record(word: &str, number: usize, record: &Record) -> String {
    let certificate = &record.certificate;
    let lines = [
        ("DNSNAME", record.node.clone()),
        ("SUBJECTNAME", name(certificate.subject_name())),
        ("FUNCTION", record.function.text().to_owned()),
        ("ISSUERNAME", name(certificate.issuer_name())),
        ("SERIALNUMBER", serial(certificate)),
    ];
    let mut text = format!(
        "\n\t{word} Record #:{number}\n\t  ----\nBYTEPOS TAG             LENGTH  VALUE\n------- ---             ------  -----\n"
    );
    // The first line of a record is its own length, which the lab does not count.
    for (position, (tag, value)) in lines.iter().enumerate() {
        let _ = writeln!(
            text,
            "{:<8}{tag:<16}{:<8}{value}",
            position + 2,
            value.len()
        );
    }
    if number == 1 {
        let _ = writeln!(text, "This etoken was used to sign the {word} file.");
    }
    text
}

/// A name as `CN=…;O=…`, the most specific part first.
fn name(name: &X509NameRef) -> String {
    let mut parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let kind = entry.object().nid().short_name().unwrap_or_default();
            let value = entry.data().to_string().unwrap_or_default();
            format!("{kind}={value}")
        })
        .collect();
    parts.reverse();
    parts.join(";")
}

fn serial(certificate: &X509Ref) -> String {
    let bytes = certificate
        .serial_number()
        .to_bn()
        .map(|number| number.to_vec());
    let bytes = bytes.unwrap_or_default();
    let shown: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    shown.join(":")
}

fn checksum(digest: MessageDigest, content: &[Vec<u8>]) -> String {
    let hashed = Hasher::new(digest).and_then(|mut hasher| {
        content.iter().try_for_each(|part| hasher.update(part))?;
        hasher.finish()
    });
    hashed.map(hex::encode).unwrap_or_default()
}
