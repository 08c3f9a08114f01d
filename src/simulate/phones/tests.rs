//! Table tests of the phones.
