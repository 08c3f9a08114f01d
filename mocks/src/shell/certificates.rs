//! Certificates, pending requests and trust lists as the command line shows them.

use std::fmt::Write as _;

use openssl::hash::{Hasher, MessageDigest};
use openssl::x509::{X509, X509Ref};

use super::command::Store;
use crate::state::{Cluster, Node, common_name};

/// One line for each stored certificate of the node, or of its trust stores.
///
/// claim: VOS-CERT-LIST
pub(super) fn list(store: Store, cluster: &Cluster, node: &Node) -> String {
    let mut text = String::new();
    match store {
        Store::Own => {
            for (unit, identity) in &node.identities {
                let _ = writeln!(
                    text,
                    "{unit}/{unit}.pem: {}",
                    describe(&identity.certificate)
                );
            }
        }
        Store::Trust => {
            for (unit, certificates) in &node.trusts {
                for certificate in certificates {
                    let _ = writeln!(
                        text,
                        "{unit}/{}: {}",
                        file(certificate, cluster),
                        describe(certificate)
                    );
                }
            }
        }
    }
    text
}

/// One certificate: a few decoded lines and the PEM block. `name` is `tomcat` or `tomcat/tomcat.pem`.
///
/// claim: VOS-CERT-OWN
pub(super) fn one(store: Store, name: &str, cluster: &Cluster, node: &Node) -> String {
    let found = match store {
        Store::Own => node
            .identities
            .get(unit(name))
            .map(|identity| &identity.certificate),
        Store::Trust => trusted(name, cluster, node),
    };
    let Some(certificate) = found else {
        return missing(name);
    };
    let pem = certificate
        .to_pem()
        .map(|pem| String::from_utf8_lossy(&pem).into_owned())
        .unwrap_or_default();
    format!("[\n{}]\n{pem}\n", decoded(certificate, cluster))
}

/// claim: VOS-CSR-LIST
pub(super) fn requests(node: &Node) -> String {
    let mut text = String::new();
    for unit in node.pending.keys() {
        let _ = writeln!(text, "{unit}/{unit}.csr");
    }
    text
}

/// A pending request's PEM. Nodes with a doubled prompt print the older marker.
///
/// claim: VOS-CSR-OWN
pub(super) fn request(name: &str, node: &Node) -> String {
    let Some(pending) = node.pending.get(unit(name)) else {
        return missing(name);
    };
    let pem = pending
        .request
        .to_pem()
        .map(|pem| String::from_utf8_lossy(&pem).into_owned())
        .unwrap_or_default();
    if node.quirks.doubled_prompt {
        return pem.replace("CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST");
    }
    pem
}

/// The trust list in the few lines that tell one from another. Its content stands for every certificate that phones
/// are given, on all nodes.
///
/// claim: VOS-CTL-SHOW, VOS-ITL-SHOW
pub(super) fn trust_list(word: &str, cluster: &Cluster, node: &Node) -> String {
    if word == "CTL" && !cluster.mixed_mode {
        return format!(
            "\nLength of {word} file: 0\n{word} File not found.\nError parsing the {word} File.\n"
        );
    }
    let units = ["CallManager", "TVS", "CAPF", "ITLRecovery"];
    let content: Vec<Vec<u8>> = cluster
        .nodes
        .iter()
        .flat_map(|node| units.iter().filter_map(|unit| node.identities.get(*unit)))
        .filter_map(|identity| identity.certificate.to_der().ok())
        .collect();
    let signer = node
        .identities
        .get("ITLRecovery")
        .map(|identity| common_name(&identity.certificate));
    format!(
        "\nThe checksum value of the {word} file:\n{}(MD5)\n{}(SHA1)\n\nLength of {word} file: {}\n\
         SIGNER: {}\n\nThe {word} file was verified successfully.\n",
        checksum(MessageDigest::md5(), &content),
        checksum(MessageDigest::sha1(), &content),
        content.iter().map(Vec::len).sum::<usize>(),
        signer.unwrap_or_default(),
    )
}

fn checksum(digest: MessageDigest, content: &[Vec<u8>]) -> String {
    let hashed = Hasher::new(digest).and_then(|mut hasher| {
        content.iter().try_for_each(|part| hasher.update(part))?;
        hasher.finish()
    });
    hashed.map(hex::encode).unwrap_or_default()
}

/// The unit in `tomcat`, `tomcat/tomcat.pem` or `tomcat/tomcat.csr`.
fn unit(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

fn trusted<'a>(name: &str, cluster: &Cluster, node: &'a Node) -> Option<&'a X509> {
    let (store, wanted) = name
        .split_once('/')
        .map_or((None, name), |(store, file)| (Some(store), file));
    node.trusts
        .iter()
        .filter(|(unit, _)| store.is_none_or(|store| store == unit.as_str()))
        .flat_map(|(_, certificates)| certificates)
        .find(|certificate| file(certificate, cluster) == wanted)
}

/// What the node says of a name it has no file for. The wording is a guess.
fn missing(name: &str) -> String {
    format!("{name}: no such certificate or request\n")
}

fn describe(certificate: &X509Ref) -> String {
    if certificate
        .issuer_name()
        .try_cmp(certificate.subject_name())
        .is_ok_and(std::cmp::Ordering::is_eq)
    {
        return "Self-signed certificate generated by system".to_owned();
    }
    format!("Certificate Signed by {}", issuer(certificate))
}

fn issuer(certificate: &X509Ref) -> String {
    let mut names = certificate
        .issuer_name()
        .entries_by_nid(openssl::nid::Nid::COMMONNAME);
    names
        .next()
        .and_then(|name| name.data().to_string().ok())
        .unwrap_or_default()
}

fn serial(certificate: &X509Ref) -> String {
    certificate
        .serial_number()
        .to_bn()
        .and_then(|number| number.to_hex_str())
        .map(|hex| hex.to_string())
        .unwrap_or_default()
}

/// The file name of a trust certificate.
///
/// claim: CUCM-TRUST-FILENAME
fn file(certificate: &X509Ref, cluster: &Cluster) -> String {
    let name = common_name(certificate).replace([' ', '/'], "_");
    if cluster.service_update() >= (14, 1) {
        format!("{name}_{}.pem", serial(certificate).to_lowercase())
    } else {
        format!("{name}.pem")
    }
}

/// The lines above the PEM block, with the words of the release.
///
/// claim: VOS-CERT-OWN
fn decoded(certificate: &X509Ref, cluster: &Cluster) -> String {
    let words = if cluster.service_update() >= (14, 2) {
        ["IssuerDN", "Start Date", "Final Date", "SubjectDN"]
    } else {
        ["Issuer Name", "Validity From", "To", "Subject Name"]
    };
    let values = [
        format!("CN={}", issuer(certificate)),
        certificate.not_before().to_string(),
        certificate.not_after().to_string(),
        format!("CN={}", common_name(certificate)),
    ];
    let lines = words
        .iter()
        .zip(&values)
        .map(|(word, value)| format!("  {word}: {value}\n"));
    format!(
        "  Serial Number: {}\n{}",
        serial(certificate),
        lines.collect::<String>()
    )
}
