//! The SOAP interfaces on 8443: AXL, Control Center, RIS and PerfMon.

mod axl;
mod control;
mod perfmon;
mod ris;
mod xml;

use std::sync::Arc;

use crate::fault::Mode;
use crate::http::{Answer, Call, Reply, carry_out, unauthorised};
use crate::log::{Channel, Kind, Place};
use crate::state::Product;
use crate::world::{Account, World};
use xml::Element;

/// The namespace of everything but AXL.
const SERVICEABILITY: &str = "http://schemas.cisco.com/ast/soap";

const XML: &str = "text/xml;charset=utf-8";

/// What an interface answers: a status and an envelope.
type Spoken = (u16, String);

/// Answers one call.
///
/// claim: CUCM-SOAP-ACCOUNT, CUCM-SOAP-SSO-COOKIE, CUC-SHELL
pub(crate) fn answer(world: &Arc<World>, place: &Place, call: &Call) -> Answer {
    let product = world.read(place, |cluster, _, _| cluster.product);
    let offered = |channel: &Channel| {
        call.method == "POST"
            && (*channel != Channel::Axl || product != Some(Product::UnityConnection))
    };
    let Some(channel) = interface(&call.path).filter(offered) else {
        return Answer::Reply(Reply::page(404, "HTTP Status 404 – Not Found"));
    };
    let cookie = match authenticate(world, place, call, channel) {
        Ok(cookie) => cookie,
        Err(reply) => return Answer::Reply(reply),
    };
    let Some(operation) = xml::operation(&call.body) else {
        let body = xml::fault(
            "soapenv:Client",
            "The request is not a SOAP 1.1 envelope",
            "",
        );
        return Answer::Reply(Reply::new(500, XML, body));
    };
    let writes = ["soapDoControlServices", "resetDevicePool"];
    let kind = if writes.contains(&operation.name.as_str()) {
        Kind::Write
    } else {
        Kind::Read
    };
    let request = world.begin(place, channel, kind, &operation.name, &detail(&operation));
    let rate_limited = request.fault == Some(Mode::RateLimited);
    let fault = request.fault;
    carry_out(world, &request, |acts| {
        let (status, body) = if rate_limited {
            too_often(channel)
        } else {
            match channel {
                Channel::Axl => axl::answer(world, place, call, &operation, acts),
                Channel::Control => {
                    control::answer(world, place, &operation, fault.filter(|_| acts), acts)
                }
                Channel::Ris => ris::answer(world, place, &operation),
                _ => perfmon::answer(world, place, &operation),
            }
        };
        let reply = Reply::new(status, XML, body);
        match &cookie {
            Some(token) => reply.with(
                "set-cookie",
                format!("JSESSIONIDSSO={token}; Path=/; Secure; HttpOnly"),
            ),
            None => reply,
        }
    })
}

/// The interface behind a path. AXL's trailing slash is required.
fn interface(path: &str) -> Option<Channel> {
    match path {
        "/axl/" => Some(Channel::Axl),
        "/controlcenterservice2/services/ControlCenterServices" => Some(Channel::Control),
        "/realtimeservice2/services/RISService70" => Some(Channel::Ris),
        "/perfmonservice2/services/PerfmonService" => Some(Channel::Perfmon),
        _ => None,
    }
}

/// Takes Basic credentials, or the cookie of an earlier answer. Answers the cookie to set, if a new one is due.
fn authenticate(
    world: &World,
    place: &Place,
    call: &Call,
    channel: Channel,
) -> Result<Option<String>, Reply> {
    if let Some((user, password)) = call.credentials() {
        if world.login(place, Account::Application, &user, &password, channel) {
            return Ok(Some(world.open_session(place)));
        }
        return Err(unauthorised("Cisco Web Services Realm"));
    }
    match call.header("cookie").and_then(session_of) {
        Some(token) if world.has_session(place, token) => Ok(None),
        Some(_) => Err(Reply::page(404, "HTTP Status 404 – Not Found")),
        None => Err(unauthorised("Cisco Web Services Realm")),
    }
}

fn session_of(cookies: &str) -> Option<&str> {
    cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix("JSESSIONIDSSO="))
}

/// claim: CUCM-RIS-RATE
fn too_often(channel: Channel) -> Spoken {
    let text = if channel == Channel::Ris {
        "Exceeded allowed rate for Reatime information. Current allowed rate for realtime information is 15 requests per minute."
    } else {
        "Exceeded allowed rate for Perfmon information. Current allowed rate for perfmon information is 80 requests per minute."
    };
    (500, xml::fault("soapenv:Server.RateControl", text, ""))
}

/// An operation that the lab does not know.
fn unknown(operation: &Element) -> Spoken {
    (
        500,
        xml::fault(
            "soapenv:Client",
            &format!("No such operation: {}", operation.name),
            "",
        ),
    )
}

/// Whether an operation and everything below it is in the serviceability namespace, as its schema wants.
fn is_qualified(operation: &Element) -> bool {
    let qualified = |element: &Element| element.namespace.as_deref() == Some(SERVICEABILITY);
    qualified(operation) && operation.all_below(&qualified)
}

fn not_qualified(operation: &Element) -> Spoken {
    let text = format!(
        "Unexpected element in {}: the schema qualifies every element",
        operation.name
    );
    (500, xml::fault("soapenv:Client", &text, ""))
}

/// An operation in a few words for the log.
fn detail(operation: &Element) -> String {
    fn leaves(element: &Element, into: &mut Vec<String>) {
        for child in &element.children {
            if child.children.is_empty() && !child.text.trim().is_empty() {
                into.push(format!("{}={}", child.name, child.text.trim()));
            }
            leaves(child, into);
        }
    }
    let mut parts = Vec::new();
    leaves(operation, &mut parts);
    parts.truncate(12);
    parts.join(" ")
}
