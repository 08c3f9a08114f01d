//! The parts of a certificate's subject that a new request repeats.

use x509_parser::prelude::FromDer as _;
use x509_parser::x509::AttributeTypeAndValue;

use super::Parsed;
use super::name::text;

/// What a subject says beside its common name. Of several values of one kind the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectParts {
    /// `C`: two letters.
    pub country: Option<String>,
    /// `ST`.
    pub province: Option<String>,
    /// `L`.
    pub locality: Option<String>,
    /// `O`.
    pub organization: Option<String>,
    /// `OU`.
    pub unit: Option<String>,
    /// `emailAddress`.
    pub email: Option<String>,
}

/// Reads the parts of a certificate's subject. What is no text is left out.
pub fn subject_parts(certificate: &Parsed) -> SubjectParts {
    let read = x509_parser::certificate::X509Certificate::from_der(&certificate.der);
    let Ok((_, read)) = read else {
        return SubjectParts::default();
    };
    let subject = read.subject();
    SubjectParts {
        country: first(subject.iter_country()),
        province: first(subject.iter_state_or_province()),
        locality: first(subject.iter_locality()),
        organization: first(subject.iter_organization()),
        unit: first(subject.iter_organizational_unit()),
        email: first(subject.iter_email()),
    }
}

fn first<'a>(mut values: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Option<String> {
    values
        .find_map(text)
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}
