//! The issuers' chain files.

use super::super::Estate;
use super::{LAB, load};
use crate::model::{Desired, IssuerName};
use crate::pki::testing::{Issued, Recipe};

/// The refusal of `desired()` when the chain file holds these bytes.
fn chain_of(bytes: &[u8]) -> Result<Desired, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("ca")).unwrap();
    std::fs::write(folder.path().join("ca/corp-chain.pem"), bytes).unwrap();
    let path = folder.path().join("estate.yaml");
    std::fs::write(&path, LAB).unwrap();
    Estate::load(&path)
        .unwrap()
        .desired()
        .map_err(|error| error.to_string())
}

#[test]
fn the_issuer_s_chain_is_read_root_first_whatever_its_order() {
    let root = Recipe::authority("Root").self_signed();
    let middle = root.sign(Recipe::authority("Middle"));
    let leaf = middle.sign(Recipe::leaf("a.example.com"));
    let pem = |issued: &[&Issued]| {
        issued
            .iter()
            .map(|one| one.parsed.pem.as_str())
            .collect::<String>()
    };

    let desired = chain_of(pem(&[&middle, &root]).as_bytes()).unwrap();
    let chain: Vec<&str> = desired.issuers[&IssuerName::from("corp")]
        .chain
        .iter()
        .map(|authority| authority.certificate.title())
        .collect();
    assert_eq!(chain, ["Root", "Middle"]);
    assert_eq!(desired.issuers.len(), 1, "only issuers that a rule names");
    assert_eq!(desired.certificates.len(), 1);

    let rows = [
        (
            pem(&[&root, &middle, &leaf]),
            "holds a.example.com, which is no authority",
        ),
        (pem(&[&middle]), "is missing"),
        (String::new(), "the file is empty"),
        ("hello".to_owned(), "expected"),
    ];
    for (text, expected) in rows {
        let told = chain_of(text.as_bytes()).unwrap_err();
        assert!(told.contains(expected) && told.contains("`corp`"), "{told}");
        assert!(told.contains("corp-chain.pem"), "{told}");
    }
    let told = load(LAB).unwrap().desired().unwrap_err().to_string();
    assert!(
        told.contains("cannot be read from /srv/estate/ca/corp-chain.pem"),
        "{told}"
    );
}
