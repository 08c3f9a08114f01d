//! The questions and the changes: paths, and the profile with which a peer's own description is compared.

use std::fmt;

use crate::model::Product;

/// The documented interface; Cisco's examples also write `/api/v1/provisioning`.
// claim: EXPRESSWAY-REST-BASE
pub const BASE: &str = "/api/provisioning";
/// The peer's description of its interface.
pub const DESCRIPTION: &str = "/api/raml";
/// The status document.
// claim: EXPRESSWAY-STATUS
pub const STATUS: &str = "/status.xml";

/// The server certificate of this peer.
// claim: EXPRESSWAY-CERT-SERVER
pub const SERVER: &str = "/certs/server";
/// The trusted CA list of this peer.
// claim: EXPRESSWAY-CERT-ROOT
pub const ROOT: &str = "/certs/root";
/// The signing request that waits.
// claim: EXPRESSWAY-CSR
pub const REQUEST: &str = "/certs/generate_csr";
/// Domains.
pub const DOMAIN: &str = "/common/domain";
/// Mobile and remote access.
pub const REMOTE_ACCESS: &str = "/common/mra";
/// Host name and domain.
pub const DNS: &str = "/common/dns/dns";
/// Unified Communications Manager publishers.
pub const CALL_MANAGERS: &str = "/controller/server/cucm";
/// IM and Presence publishers.
pub const PRESENCE: &str = "/controller/server/imp";

/// Unified Communications traversal zones, then other traversal zones.
pub fn zones(product: Product) -> [&'static str; 2] {
    if product == Product::ExpresswayE {
        [
            "/edge/zone/unifiedcommunicationstraversal",
            "/edge/zone/traversalserver",
        ]
    } else {
        [
            "/controller/zone/unifiedcommunicationstraversal",
            "/controller/zone/traversalclient",
        ]
    }
}

/// Restarts this peer.
// claim: EXPRESSWAY-RESTART
pub const RESTART: &str = "/restart";

/// The part of a form that holds the file of an upload.
// claim: EXPRESSWAY-CERT-SERVER
pub const PART: &str = "file";

/// What is done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes.
    Post,
}

impl Verb {
    /// Its key in a description.
    pub fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }
}

/// A call of the documented interface. Prints as `POST /certs/root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is done.
    pub verb: Verb,
    /// With which path below [`BASE`].
    pub path: &'static str,
    /// The part of the form that it sends, if it sends one.
    pub part: Option<&'static str>,
}

impl Call {
    /// Appends to the trusted CA list.
    pub const UPLOAD_TRUST: Self = Self::upload(ROOT);
    /// Stores a server certificate.
    pub const UPLOAD_SERVER: Self = Self::upload(SERVER);
    /// Makes a signing request.
    pub const MAKE_REQUEST: Self = Self::post(REQUEST);
    /// Restarts the peer.
    pub const RESTART_PEER: Self = Self::post(RESTART);
    /// Every change that is ever sent to a peer. None of them touches the cluster's peers: their fields, saved empty, reset
    /// a box to its factory settings. Source: expressway §3.
    pub const CHANGES: [Self; 4] = [
        Self::UPLOAD_TRUST,
        Self::UPLOAD_SERVER,
        Self::MAKE_REQUEST,
        Self::RESTART_PEER,
    ];

    const fn get(path: &'static str) -> Self {
        Self {
            verb: Verb::Get,
            path,
            part: None,
        }
    }

    const fn post(path: &'static str) -> Self {
        Self {
            verb: Verb::Post,
            path,
            part: None,
        }
    }

    const fn upload(path: &'static str) -> Self {
        Self {
            verb: Verb::Post,
            path,
            part: Some(PART),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Get => "GET",
            Verb::Post => "POST",
        };
        write!(formatter, "{verb} {}", self.path)
    }
}

/// Every call that is made on a peer: the built-in profile.
pub fn profile(product: Product) -> Vec<Call> {
    let mut paths = vec![SERVER, ROOT, REQUEST, DOMAIN, REMOTE_ACCESS, DNS];
    paths.extend(zones(product));
    if product == Product::ExpresswayC {
        paths.extend([CALL_MANAGERS, PRESENCE]);
    }
    let reads = paths.into_iter().map(Call::get);
    reads.chain(Call::CHANGES).collect()
}
