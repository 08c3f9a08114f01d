//! Phones, as far as a registration count needs them.

/// One phone and where it is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// The device name, such as `SEP001122334455`.
    pub name: String,
    /// The node it registers with.
    pub node: String,
    /// Whether it is registered now.
    pub registered: bool,
    /// When its status last changed, in seconds since 1970.
    pub since: i64,
}
