//! Which purposes each product has that an authority signs, and which nodes hold them.

use super::{Appliance, Product, Purpose, Role};

/// One purpose of one product.
struct Entry {
    product: Product,
    purpose: &'static str,
    holders: &'static [Role],
}

const fn entry(product: Product, purpose: &'static str, holders: &'static [Role]) -> Entry {
    Entry {
        product,
        purpose,
        holders,
    }
}

const EVERY_CUCM: &[Role] = &[Role::Publisher, Role::Subscriber, Role::ImPresence];
const CALL_PROCESSING: &[Role] = &[Role::Publisher, Role::Subscriber];
const PUBLISHER: &[Role] = &[Role::Publisher];
const PRESENCE: &[Role] = &[Role::ImPresence];
const PEERS: &[Role] = &[Role::Peer];

/// Source: cucm-certificate-rules §1; expressway §2.1 (its one server certificate has no name of its own,
/// `server` is ours). `ITLRecovery` and `AUTHZ` are self-signed only and therefore not here.
const CATALOGUE: &[Entry] = &[
    entry(Product::Cucm, "tomcat", EVERY_CUCM),
    entry(Product::Cucm, "tomcat-ECDSA", EVERY_CUCM),
    entry(Product::Cucm, "ipsec", EVERY_CUCM),
    entry(Product::Cucm, "CallManager", CALL_PROCESSING),
    entry(Product::Cucm, "CallManager-ECDSA", CALL_PROCESSING),
    entry(Product::Cucm, "TVS", CALL_PROCESSING),
    entry(Product::Cucm, "CAPF", PUBLISHER),
    entry(Product::Cucm, "cup", PRESENCE),
    entry(Product::Cucm, "cup-ECDSA", PRESENCE),
    entry(Product::Cucm, "cup-xmpp", PRESENCE),
    entry(Product::Cucm, "cup-xmpp-ECDSA", PRESENCE),
    entry(Product::Cucm, "cup-xmpp-s2s", PRESENCE),
    entry(Product::Cucm, "cup-xmpp-s2s-ECDSA", PRESENCE),
    entry(Product::UnityConnection, "tomcat", CALL_PROCESSING),
    entry(Product::UnityConnection, "tomcat-ECDSA", CALL_PROCESSING),
    entry(Product::UnityConnection, "ipsec", CALL_PROCESSING),
    entry(Product::ExpresswayC, "server", PEERS),
    entry(Product::ExpresswayE, "server", PEERS),
];

/// Purposes that are only assessed, so that no rule can ask for them: `ITLRecovery` is only ever self-signed, and no call
/// is known that renews the client certificate of Expressway (expressway §2.4).
const ASSESSED_ONLY: &[(Appliance, &str)] = &[
    (Appliance::Cucm, "ITLRecovery"),
    (Appliance::ExpresswayC, "client"),
    (Appliance::ExpresswayE, "client"),
];

impl Appliance {
    /// The purposes that a procedure may be written for: those that an authority signs, and those that are only
    /// assessed.
    pub fn purposes(self) -> impl Iterator<Item = &'static str> + Clone {
        let signed = CATALOGUE
            .iter()
            .filter(move |entry| {
                let runs = |role: &Role| Self::of(entry.product, *role) == self;
                entry.holders.iter().any(runs)
            })
            .map(|entry| entry.purpose);
        let own = ASSESSED_ONLY
            .iter()
            .filter(move |(appliance, _)| *appliance == self)
            .map(|(_, purpose)| *purpose);
        signed.chain(own)
    }
}

impl Product {
    /// The purposes of this product that an authority signs.
    pub fn purposes(self) -> impl Iterator<Item = &'static str> + Clone {
        CATALOGUE
            .iter()
            .filter(move |entry| entry.product == self)
            .map(|entry| entry.purpose)
    }

    /// The roles whose nodes hold a purpose; empty if the product has no such purpose.
    pub fn holders(self, purpose: &Purpose) -> &'static [Role] {
        CATALOGUE
            .iter()
            .find(|entry| entry.product == self && entry.purpose == purpose.as_str())
            .map_or(&[], |entry| entry.holders)
    }

    /// The roles that nodes of this product have.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Cucm => EVERY_CUCM,
            Self::UnityConnection => CALL_PROCESSING,
            Self::ExpresswayC | Self::ExpresswayE => PEERS,
        }
    }

    /// Every product.
    pub const ALL: [Self; 4] = [
        Self::Cucm,
        Self::UnityConnection,
        Self::ExpresswayC,
        Self::ExpresswayE,
    ];
}
