//! Keys, certificates and requests: made, read and compared.

pub(crate) mod keys;
pub(crate) mod mint;
pub(crate) mod names;
pub(crate) mod usages;
