//! The REST interface of a peer, and its status document.

mod multipart;
mod raml;
mod settings;

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::{ExpresswayCluster, Side};
use super::peer::Peer;
use super::release::ExpresswayRelease;
use super::{PeerRefusal, PeerRequest, status};
use crate::fault::Mode;
use crate::http::{Answer, Call, Reply, carry_out, unauthorised};
use crate::log::{Channel, Kind, Place};
use crate::world::World;

/// Both spellings of the interface's base.
///
/// claim: EXPRESSWAY-REST-BASE
const BASES: [&str; 2] = ["/api/v1/provisioning/", "/api/provisioning/"];

const REALM: &str = "Expressway";

/// Answers one call.
///
/// claim: EXPRESSWAY-REST-BASIC, EXPRESSWAY-LOGIN-PAGE
pub(crate) fn answer(world: &Arc<World>, place: &Place, call: &Call) -> Answer {
    let good = call
        .credentials()
        .is_some_and(|(user, password)| world.login_peer(place, &user, &password, Channel::Rest));
    if !good {
        return Answer::Reply(unauthorised(REALM));
    }
    let path = BASES
        .iter()
        .find_map(|base| call.path.strip_prefix(base))
        .unwrap_or(&call.path);
    let writes = call.method != "GET";
    let kind = if writes { Kind::Write } else { Kind::Read };
    let what = format!("{} {path}", call.method);
    let request = world.begin(place, Channel::Rest, kind, &what, "");
    match request.fault {
        Some(Mode::Status401) => return Answer::Reply(unauthorised(REALM)),
        Some(Mode::Html200) => return Answer::Reply(Reply::page(200, "Login")),
        _ => {}
    }
    carry_out(world, &request, |acts| {
        if writes {
            write(world, place, path, call, acts)
        } else {
            read(world, place, path, call)
        }
    })
}

fn read(world: &World, place: &Place, path: &str, call: &Call) -> Reply {
    match path {
        "certs/server" => looked(world, place, |_, peer| {
            pem(std::slice::from_ref(&peer.stored.certificate))
        }),
        "certs/root" => looked(world, place, |_, peer| pem(&peer.trusted)),
        "certs/generate_csr" => looked(world, place, |_, peer| pending(peer)),
        "/api/raml" => looked(world, place, |cluster, _| {
            Reply::new(200, "text/plain", raml::text(cluster))
        }),
        "/status.xml" => document(world, place, None),
        "/getxml" => document(world, place, call.parameter("location")),
        _ => settings::read(world, place, path),
    }
}

fn write(world: &World, place: &Place, path: &str, call: &Call, acts: bool) -> Reply {
    match (call.method.as_str(), path) {
        ("POST", "certs/server") => uploaded(world, place, call, "OK", |text| {
            world.store_server(place, text, acts, Channel::Rest)
        }),
        ("POST", "certs/root") => {
            uploaded(world, place, call, "Root Certificate updated.", |text| {
                world.append_trusted(place, text, acts, Channel::Rest)
            })
        }
        ("POST", "certs/generate_csr") => make_request(world, place, &call.body, acts),
        ("POST", "restart") => restart(world, place, call, acts),
        _ if path.contains("cluster") => {
            let detail = format!("{} {path}", call.method);
            let (channel, kind) = (Channel::Rest, Kind::Violation);
            world.note(place, channel, kind, "peer-fields-written", &detail);
            message(200, "Operation was successful")
        }
        _ => message(405, "Method Not Allowed"),
    }
}

/// claim: EXPRESSWAY-REST-MESSAGE
fn message(status: u16, text: &str) -> Reply {
    object(status, &json!({ "Message": text }))
}

fn object(status: u16, value: &Value) -> Reply {
    Reply::new(status, "application/json", value.to_string())
}

fn looked(
    world: &World,
    place: &Place,
    look: impl FnOnce(&ExpresswayCluster, &Peer) -> Reply,
) -> Reply {
    let reply = world.read_peer(place, |cluster, peer, _| look(cluster, peer));
    reply.unwrap_or_else(|| message(404, "Not Found"))
}

/// claim: EXPRESSWAY-CERT-GET, EXPRESSWAY-TRUST-GET
fn pem(certificates: &[openssl::x509::X509]) -> Reply {
    let blocks = certificates.iter().filter_map(|one| one.to_pem().ok());
    let text: String = blocks
        .map(|block| String::from_utf8_lossy(&block).into_owned())
        .collect();
    Reply::new(200, "text/html", text.replace('\n', "\r\n"))
}

/// claim: EXPRESSWAY-CSR-GET
fn pending(peer: &Peer) -> Reply {
    let held = peer.pending.as_ref();
    let held = held.and_then(|pending| pending.request.to_pem().ok());
    match held {
        Some(block) => {
            let text = String::from_utf8_lossy(&block).replace('\n', "\r\n");
            Reply::new(200, "text/html", text)
        }
        None => message(404, "Not Found"),
    }
}

/// claim: EXPRESSWAY-STATUS-XML
fn document(world: &World, place: &Place, location: Option<&str>) -> Reply {
    let location = location.map(|path| path.replace("%2F", "/").replace("%2f", "/"));
    let made = world.scene(|scene| {
        let deployment = scene.expressways.as_ref()?;
        let (cluster, peer) = deployment.at(place)?;
        let all = status::of(deployment, cluster, peer, scene.clusters, scene.now);
        let wanted = location.as_deref().map(|path| {
            let path = path.trim_start_matches('/');
            path.strip_prefix("Status/").unwrap_or(path).to_owned()
        });
        let chosen: Vec<_> = all
            .iter()
            .filter(|element| wanted.as_ref().is_none_or(|name| element.is(name)))
            .collect();
        Some(status::xml(&cluster.release, &chosen))
    });
    Reply::new(200, "text/xml", made.unwrap_or_default())
}

/// claim: EXPRESSWAY-CERT-SERVER, EXPRESSWAY-TRUST-APPENDS, EXPRESSWAY-CERT-BAD-REQUEST
fn uploaded(
    world: &World,
    place: &Place,
    call: &Call,
    done: &str,
    store: impl FnOnce(&str) -> Result<(), PeerRefusal>,
) -> Reply {
    let part = world.read_peer(place, |cluster, _, _| cluster.quirks.upload_part.clone());
    let content = call.header("content-type").unwrap_or_default();
    let text = part.and_then(|part| multipart::part(content, &call.body, &part));
    let stored = text
        .ok_or(PeerRefusal::BadRequest)
        .and_then(|text| store(&text));
    match stored {
        Ok(()) => message(200, done),
        Err(refusal) => message(refusal.status(), &refusal.to_string()),
    }
}

/// claim: EXPRESSWAY-CSR-FIELDS, EXPRESSWAY-CSR-CONFLICT
fn make_request(world: &World, place: &Place, body: &str, acts: bool) -> Reply {
    let Ok(wanted) = serde_json::from_str::<PeerRequest>(body) else {
        return message(400, "Bad Request");
    };
    let made = if acts {
        world.make_peer_request(place, &wanted, Channel::Rest)
    } else {
        Ok(())
    };
    match made {
        Ok(()) => message(200, "The operation was successful"),
        Err(refusal) => message(refusal.status(), &refusal.to_string()),
    }
}

/// claim: EXPRESSWAY-CSRF-HEADER, EXPRESSWAY-RESTART
fn restart(world: &World, place: &Place, call: &Call, acts: bool) -> Reply {
    let needs_header = world
        .read_peer(place, |cluster, _, _| cluster.numbers())
        .is_some_and(ExpresswayRelease::is_at_least_14_2);
    if needs_header && call.header("x-csrf-header").is_none() {
        return message(403, "Forbidden");
    }
    if acts {
        world.restart_peer(place, Channel::Rest);
    }
    message(200, "The operation was successful")
}

/// The interface's first path element for one side.
fn side_of(path: &str) -> Option<Side> {
    [Side::Core, Side::Edge]
        .into_iter()
        .find(|side| path.starts_with(&format!("{}/", side.branch())))
}
