//! The platform's certificate interface, `/platformcom/api/v1/certmgr/config` on 443.

mod answers;
mod bodies;

use std::sync::Arc;

use crate::certificates::RequestWanted;
use crate::http::{Answer, Call, Reply, carry_out, unauthorised};
use crate::log::{Channel, Kind, Place};
use crate::upload::Refusal;
use crate::world::{Account, World};

/// claim: CUCM-REST-BASE
const BASE: &str = "/platformcom/api/v1/certmgr/config/";

/// Answers one call.
///
/// claim: CUCM-REST-BASIC, CUCM-REST-401, CUCM-REST-403, CUCM-REST-PER-NODE
pub(crate) fn answer(world: &Arc<World>, place: &Place, call: &Call) -> Answer {
    let release = world
        .read(place, |cluster, _, _| cluster.version())
        .unwrap_or_default();
    let Some(path) = call.path.strip_prefix(BASE).filter(|_| release.0 >= 14) else {
        return Answer::Reply(Reply::page(404, "HTTP Status 404 – Not Found"));
    };
    let good = call.credentials().is_some_and(|(user, password)| {
        world.login(place, Account::Platform, &user, &password, Channel::Rest)
    });
    if !good {
        return Answer::Reply(unauthorised("CMPlatform Realm"));
    }
    let writes = call.method != "GET";
    let kind = if writes { Kind::Write } else { Kind::Read };
    let what = format!("{} {path}", call.method);
    let request = world.begin(place, Channel::Rest, kind, &what, &bodies::detail(call));
    let read_only = world
        .read(place, |_, node, _| node.quirks.read_only_account)
        .unwrap_or(false);
    carry_out(world, &request, |acts| {
        if writes && read_only {
            return answers::messages(403, "The account may not change anything");
        }
        route(world, place, path, call, acts)
    })
}

fn route(world: &World, place: &Place, path: &str, call: &Call, acts: bool) -> Reply {
    let service = call.parameter("service").unwrap_or_default();
    match (call.method.as_str(), path) {
        ("GET", "snapshot/server") => answers::snapshot(world, place),
        ("GET", "csr") => answers::pending(world, place, service),
        ("GET", "identity/certificate") => answers::identity(world, place, service),
        ("GET", "trust/certificate") => answers::trust(world, place, service),
        ("POST", "csr") => make_request(world, place, call, acts),
        ("POST", "identity/certificates") => store_identity(world, place, call, acts),
        ("POST", "trust/certificates") => store_trust(world, place, call, acts),
        _ => Reply::page(404, "HTTP Status 404 – Not Found"),
    }
}

/// claim: CUCM-REST-CSR, CUCM-REST-CSR-FIELDS, CUCM-REST-DISTRIBUTION
fn make_request(world: &World, place: &Place, call: &Call, acts: bool) -> Reply {
    let made = bodies::certificate_request(&call.body)
        .and_then(|wanted: RequestWanted| world.make_request(place, &wanted, acts, Channel::Rest));
    match made {
        Ok(pem) => answers::request_made(&pem),
        Err(refusal) => refused(&refusal),
    }
}

/// claim: CUCM-REST-IDENTITY
fn store_identity(world: &World, place: &Place, call: &Call, acts: bool) -> Reply {
    let stored = bodies::identity_upload(&call.body).and_then(|upload| {
        if acts {
            world.store_identity(place, &upload.service, &upload.certificates, Channel::Rest)
        } else {
            Ok(())
        }
    });
    match stored {
        Ok(()) => answers::messages(200, "Certificate upload operation successful"),
        Err(refusal) => refused(&refusal),
    }
}

/// claim: CUCM-REST-TRUST
fn store_trust(world: &World, place: &Place, call: &Call, acts: bool) -> Reply {
    let stored = bodies::trust_upload(&call.body).and_then(|upload| {
        if acts {
            world.store_trust(place, &upload.service, &upload.certificates, Channel::Rest)
        } else {
            Ok(())
        }
    });
    match stored {
        Ok(()) => answers::messages(201, "Certificate upload operation successful"),
        Err(refusal) => refused(&refusal),
    }
}

/// claim: CUCM-REST-ERROR-BODY
fn refused(refusal: &Refusal) -> Reply {
    answers::messages(refusal.status(), &refusal.to_string())
}
