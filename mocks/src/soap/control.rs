//! Control Center: states of services, and restarts.

use jiff::Timestamp;

use super::xml::{Element, envelope, tag};
use super::{SERVICEABILITY, Spoken, is_qualified, not_qualified, unknown};
use crate::fault::Mode;
use crate::log::{Channel, Place};
use crate::restart::{Ending, ServiceView};
use crate::state::{Product, Role};
use crate::world::World;

/// Services that are never stopped through this interface.
///
/// claim: CUCM-CONTROL-NONSTOP, CUCM-TOMCAT-RESTART-CLI
const NON_STOP: [&str; 3] = ["Cisco Tomcat", "A Cisco DB", "A Cisco DB Replicator"];

pub(super) fn answer(
    world: &World,
    place: &Place,
    operation: &Element,
    fault: Option<Mode>,
    acts: bool,
) -> Spoken {
    if !is_qualified(operation) {
        return not_qualified(operation);
    }
    match operation.name.as_str() {
        "soapGetServiceStatus" => status(world, place, operation),
        "soapDoControlServices" => control(world, place, operation, fault, acts),
        "getProductInformationList" => product(world, place),
        _ => unknown(operation),
    }
}

/// claim: CUCM-CONTROL-STATUS
fn status(world: &World, place: &Place, operation: &Element) -> Spoken {
    let wanted: Vec<&str> = operation
        .children
        .iter()
        .filter(|child| child.name == "ServiceStatus")
        .map(|child| child.text.trim())
        .collect();
    let all = wanted.iter().all(|name| name.is_empty());
    let views = world.service_states(place);
    let chosen = views.iter().filter(|view| {
        all || wanted
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&view.name))
    });
    let items: String = chosen.map(item).collect();
    (200, returned("soapGetServiceStatus", "0", 0, "", &items))
}

fn item(view: &ServiceView) -> String {
    let reason = view.reason.map_or("", crate::state::Reason::text);
    let code = if reason.is_empty() { "-1" } else { "-1068" };
    let started = Timestamp::from_second(view.started_unix).unwrap_or_default();
    let start = if view.uptime == 0 && view.reason.is_some() {
        String::new()
    } else {
        started.strftime("%a %b %e %H:%M:%S %Y").to_string()
    };
    let uptime = if view.reason.is_some() {
        "-1".to_owned()
    } else {
        view.uptime.to_string()
    };
    format!(
        "<item>{}{}{}{}{}{}</item>",
        tag("ServiceName", &view.name),
        tag("ServiceStatus", view.state.word()),
        tag("ReasonCode", code),
        tag(
            "ReasonCodeString",
            if reason.is_empty() { " " } else { reason }
        ),
        tag("StartTime", &start),
        tag("UpTime", &uptime),
    )
}

/// The outer elements have a prefix, the inner ones none (claim: CUCM-SOAP-PREFIXES).
fn returned(operation: &str, code: &str, reason: i32, text: &str, items: &str) -> String {
    let list = format!("<ServiceInfoList>{items}</ServiceInfoList>");
    let inner = format!(
        "{}{}{}{list}",
        tag("ReturnCode", code),
        tag("ReasonCode", &reason.to_string()),
        tag("ReasonString", text)
    );
    let body = format!(
        "<ns1:{operation}Response xmlns:ns1=\"{SERVICEABILITY}\"><{operation}Return>{inner}</{operation}Return>\
         </ns1:{operation}Response>"
    );
    envelope("soapenv", &body)
}

/// claim: CUCM-CONTROL-LOCAL, CUCM-CONTROL-RESTART, CUCM-CONTROL-REFUSAL-SHAPE, CUCM-CONTROL-PLATFORM-SERVICES
fn control(
    world: &World,
    place: &Place,
    operation: &Element,
    fault: Option<Mode>,
    acts: bool,
) -> Spoken {
    let name = "soapDoControlServices";
    let refused = |text: &str| (200, returned(name, "-1", -1, text, ""));
    let Some(request) = operation.child("ControlServiceRequest") else {
        return refused("ControlServiceRequest is missing");
    };
    let Some(node) = request.text_of("NodeName") else {
        return refused("NodeName is missing");
    };
    let host = place.node.split('.').next().unwrap_or_default();
    if !node.is_empty() && node != place.node && node != host {
        return refused("NodeName is not this node; only local services are controlled");
    }
    if request.text_of("ControlType") != Some("Restart") {
        return refused("Only Restart is simulated");
    }
    let services: Vec<String> = request.child("ServiceList").map(listed).unwrap_or_default();
    if let Some(service) = services.iter().find(|service| never_stopped(service)) {
        return refused(&format!("{service} cannot be controlled by this interface"));
    }
    let ending = match fault {
        Some(Mode::NeverStarts) => Ending::NeverStarts,
        Some(Mode::RestartStuck) => Ending::Stuck,
        _ => Ending::Started,
    };
    for service in services.iter().filter(|_| acts) {
        if let Err(refusal) = world.restart_service(place, service, ending, Channel::Control) {
            return refused(&refusal.to_string());
        }
    }
    let views = world.service_states(place);
    let named = views.iter().filter(|view| {
        services
            .iter()
            .any(|service| service.eq_ignore_ascii_case(&view.name))
    });
    (
        200,
        returned(name, "0", -1, "", &named.map(item).collect::<String>()),
    )
}

fn never_stopped(service: &str) -> bool {
    let command_line = service.ends_with("Tomcat") || service == "Cisco HAProxy";
    command_line
        || NON_STOP
            .iter()
            .any(|known| known.eq_ignore_ascii_case(service))
}

fn listed(list: &Element) -> Vec<String> {
    list.children
        .iter()
        .filter(|child| child.name == "item")
        .map(|child| child.text.trim().to_owned())
        .collect()
}

/// A product's name, description, identifier and short name; those of the last two are guesses.
fn named(product: Product, role: Role) -> [&'static str; 4] {
    match (product, role) {
        (Product::Cucm, Role::ImPresence) => [
            "Cisco IM and Presence",
            "Cisco Unified Communications Manager IM and Presence Service",
            "CUP",
            "CUP",
        ],
        (Product::Cucm, _) => [
            "Cisco Unified CallManager",
            "Cisco Unified Communications Manager",
            "CallManager",
            "CCM",
        ],
        (Product::UnityConnection, _) => [
            "Cisco Unity Connection",
            "Cisco Unity Connection",
            "UnityConnection",
            "CUC",
        ],
    }
}

fn product(world: &World, place: &Place) -> Spoken {
    let inner = world.read(place, |cluster, node, _| {
        let primary = cluster
            .publisher()
            .map_or(node.name.as_str(), |publisher| publisher.name.as_str());
        let [name, description, identifier, short] = named(cluster.product, node.role);
        let product = format!(
            "<Products><item>{}{}{}{}{}</item></Products>",
            tag("ProductName", name),
            tag("ProductVersion", &cluster.release),
            tag("ProductDescription", description),
            tag("ProductID", identifier),
            tag("ShortName", short),
        );
        let head = [
            ("ActiveServerVersion", cluster.release.as_str()),
            ("PrimaryNode", primary),
            ("SecondaryNode", ""),
        ];
        let head: String = head.iter().map(|(name, text)| tag(name, text)).collect();
        format!("{head}{product}<Services/>")
    });
    let operation = "getProductInformationList";
    let body = format!(
        "<{operation}Response xmlns=\"{SERVICEABILITY}\"><{operation}Return>{}</{operation}Return></{operation}Response>",
        inner.unwrap_or_default()
    );
    (200, envelope("soapenv", &body))
}
