//! Certificates and signing requests: reads them, orders them, checks what an issuer sent back.
//!
//! OpenSSL and `x509-parser` stay inside this module; the rest of the product sees [`crate::model`] and
//! [`Parsed`]. Both libraries look at everything that is read: OpenSSL for keys and signatures, the parser for
//! what OpenSSL's safe interface does not show (criticality, usages by identifier, general names).
//!
//! What comes from a device, an authority or a person is hostile until parsed: nothing here panics on it, and
//! every text that a certificate carries is made printable before it leaves.

mod armour;
mod bundle;
mod certificate;
mod chain;
mod error;
mod extensions;
mod form;
pub mod lint;
mod name;
mod recognise;
mod request;
mod subject;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trust;

pub use armour::FILE_LIMIT;
pub use bundle::{read_bundle, read_each};
pub use certificate::{Parsed, issuer_urls, parse_der};
pub use chain::{choose_leaf, link, link_all, order_chain};
pub use error::PkiError;
pub use form::{Form, Pem, form};
pub use name::printable;
pub use request::read_request;
pub use subject::{SubjectParts, subject_parts};
pub use trust::{KeptBecause, TrustPrediction, predict_trust_upload};
