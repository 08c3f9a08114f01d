//! Answers of the certificate interface.

use openssl::x509::X509;
use serde_json::{Value, json};

use crate::http::Reply;
use crate::log::Place;
use crate::state::{Node, PendingRequest, Role, common_name};
use crate::world::World;

const JSON: &str = "application/json";

fn reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, JSON, body.to_string())
}

fn tracking() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// claim: CUCM-REST-ERROR-BODY
pub(super) fn messages(status: u16, text: &str) -> Reply {
    reply(
        status,
        &json!({ "trackingId": tracking(), "messages": [text] }),
    )
}

/// claim: CUCM-REST-CSR
pub(super) fn request_made(pem: &str) -> Reply {
    reply(200, &json!({ "trackingId": tracking(), "csr": pem }))
}

fn nothing_there(what: &str) -> Reply {
    messages(404, &format!("No {what} is available"))
}

/// claim: CUCM-REST-GET-CSR
pub(super) fn pending(world: &World, place: &Place, purpose: &str) -> Reply {
    let pem = world
        .read(place, |_, node, _| {
            node.pending.get(purpose).and_then(request_pem)
        })
        .flatten();
    pem.map_or_else(
        || nothing_there("CSR"),
        |pem| reply(200, &json!({ "trackingId": tracking(), "csr": pem })),
    )
}

/// claim: CUCM-REST-GET-IDENTITY
pub(super) fn identity(world: &World, place: &Place, purpose: &str) -> Reply {
    let stored = world.read(place, |_, node, _| {
        node.identities
            .get(purpose)
            .map(|found| pem(&found.certificate))
    });
    match stored.flatten() {
        Some(pem) => reply(
            200,
            &json!({ "trackingId": tracking(), "service": purpose, "certificate": pem }),
        ),
        None => nothing_there("certificate"),
    }
}

/// claim: CUCM-REST-GET-TRUST
pub(super) fn trust(world: &World, place: &Place, service: &str) -> Reply {
    let store = format!("{service}-trust");
    let entries = world.read(place, |_, node, _| {
        let entries = node.trusts.get(&store)?;
        Some(
            entries
                .iter()
                .map(|entry| json!({ "certificate": pem(entry) }))
                .collect::<Vec<_>>(),
        )
    });
    match entries.flatten() {
        Some(entries) => reply(
            200,
            &json!({ "trackingId": tracking(), "certificates": entries }),
        ),
        None => nothing_there("trust store"),
    }
}

/// The whole node. Nodes differ in what is left open: the publisher writes `null` for no request and bare names of
/// trust stores, a subscriber leaves the member out and writes the suffix.
///
/// claim: CUCM-REST-SNAPSHOT, CUCM-REST-SNAPSHOT-FIELDS, CUCM-REST-SNAPSHOT-EMPTY, CUCM-REST-TRUST-SUFFIX,
/// CUCM-REUSE
pub(super) fn snapshot(world: &World, place: &Place) -> Reply {
    let body = world.read(place, |cluster, node, _| {
        let listed = node.identities.keys().filter(|purpose| cluster.lists_purpose(purpose));
        json!({
            "trackingId": tracking(),
            "server": node.name,
            "identities": listed.map(|purpose| identity_member(node, purpose)).collect::<Vec<_>>(),
            "trusts": node.trusts.iter().map(|(store, entries)| trust_member(node, store, entries)).collect::<Vec<_>>(),
            "revokedCertificates": [],
        })
    });
    body.map_or_else(|| nothing_there("server"), |body| reply(200, &body))
}

fn identity_member(node: &Node, purpose: &str) -> Value {
    let certificate = node
        .identities
        .get(purpose)
        .map(|found| pem(&found.certificate))
        .unwrap_or_default();
    let request = node.pending.get(purpose).and_then(request_pem);
    let mut member = json!({ "service": purpose, "certificate": certificate });
    if (request.is_some() || node.role == Role::Publisher)
        && let Some(members) = member.as_object_mut()
    {
        members.insert("csr".to_owned(), json!(request));
    }
    member
}

fn trust_member(node: &Node, store: &str, entries: &[X509]) -> Value {
    let bare = node.role == Role::Publisher;
    let service = if bare {
        store.strip_suffix("-trust").unwrap_or(store)
    } else {
        store
    };
    let data: Vec<Value> = entries
        .iter()
        .map(|entry| json!({ "filename": file_name(entry), "certificate": pem(entry) }))
        .collect();
    json!({ "service": service, "certificate_data": data })
}

/// claim: CUCM-TRUST-FILENAME
fn file_name(certificate: &X509) -> String {
    let serial = certificate
        .serial_number()
        .to_bn()
        .and_then(|number| number.to_hex_str().map(|hex| hex.to_string()));
    format!(
        "{}_{}.pem",
        common_name(certificate).replace(' ', "_"),
        serial.unwrap_or_default().to_lowercase()
    )
}

fn pem(certificate: &X509) -> String {
    certificate
        .to_pem()
        .ok()
        .and_then(|pem| String::from_utf8(pem).ok())
        .unwrap_or_default()
}

fn request_pem(pending: &PendingRequest) -> Option<String> {
    pending
        .request
        .to_pem()
        .ok()
        .and_then(|pem| String::from_utf8(pem).ok())
}
