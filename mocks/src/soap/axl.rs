//! AXL, as far as a certificate renewal asks it.

use super::xml::{Element, envelope, escape, fault, tag};
use super::{Spoken, unknown};
use crate::http::Call;
use crate::judge;
use crate::log::{Channel, Kind, Place};
use crate::state::{Cluster, Node, Phone, Role};
use crate::world::World;

/// claim: CUCM-AXL-CALL, CUCM-AXL-CHILDREN, CUCM-AXL-WRONG-VERSION
pub(super) fn answer(
    world: &World,
    place: &Place,
    call: &Call,
    operation: &Element,
    acts: bool,
) -> Spoken {
    let namespace = operation.namespace.as_deref().unwrap_or_default();
    let Some(version) = namespace.strip_prefix("http://www.cisco.com/AXL/API/") else {
        return axl_fault(operation, 5007, "Unknown namespace of the request");
    };
    let action = call
        .header("soapaction")
        .unwrap_or_default()
        .trim_matches('"');
    if action != format!("CUCM:DB ver={version} {}", operation.name) {
        return axl_fault(
            operation,
            5007,
            "The SOAPAction and the request do not match",
        );
    }
    let answer = world.read(place, |cluster, node, _| {
        if !accepts(version, cluster.version()) {
            let text = format!("The specified AXL version {version} is not supported");
            return axl_fault(operation, 5007, &text);
        }
        if !operation.all_below(&|child| child.namespace.is_none()) {
            return axl_fault(
                operation,
                -1,
                "Unexpected element: children of an AXL request have no namespace",
            );
        }
        let result = match operation.name.as_str() {
            "resetDevicePool" => {
                Some(named_pool(cluster, operation).map(|_| format!("{{{POOL_ID}}}")))
            }
            _ => result(cluster, node, operation),
        };
        match result {
            Some(Ok(inner)) => (200, response(version, &operation.name, &inner)),
            Some(Err(text)) => axl_fault(operation, 5000, &text),
            None => unknown(operation),
        }
    });
    let answer = answer.unwrap_or_else(|| axl_fault(operation, 5000, "The node is not known"));
    if answer.0 == 200 && operation.name == "resetDevicePool" && acts {
        reset_pool(world, place, operation);
    }
    answer
}

/// Every pool answers with the same identifier; nobody looks it up.
const POOL_ID: &str = "1B1B9EB6-7803-11D3-BDF0-00108302EAD1";

/// The pool that a reset names.
///
/// claim: CUCM-AXL-RESET-POOL
fn named_pool<'a>(cluster: &Cluster, operation: &'a Element) -> Result<&'a str, String> {
    let pool = operation.text_of("name").unwrap_or_default();
    if cluster.phones.iter().any(|phone| phone.pool == pool) {
        Ok(pool)
    } else {
        Err(format!(
            "Item not valid: The specified DevicePool {pool} was not found"
        ))
    }
}

fn reset_pool(world: &World, place: &Place, operation: &Element) {
    world.scene(|scene| {
        let Some(cluster) = scene.cluster(place) else {
            return;
        };
        let Ok(pool) = named_pool(cluster, operation) else {
            return;
        };
        let careless = judge::reset(cluster, pool)
            .into_iter()
            .chain(judge::bad_replication(cluster, "reset of phones"));
        for (what, detail) in careless {
            scene.note(place, Channel::Axl, Kind::Violation, what, &detail);
        }
        let count = scene.reset_phones(&place.cluster, Some(pool));
        let detail = format!("{count} phones of {pool}");
        scene.note(place, Channel::Axl, Kind::Effect, "phones-reset", &detail);
    });
}

/// Every schema from 11.5 up to the release's own.
///
/// claim: CUCM-AXL-START-VERSION
fn accepts(version: &str, release: (u32, u32)) -> bool {
    let known: [(&str, (u32, u32)); 4] = [
        ("11.5", (11, 5)),
        ("12.5", (12, 5)),
        ("14.0", (14, 0)),
        ("15.0", (15, 0)),
    ];
    known
        .iter()
        .any(|(text, numbers)| *text == version && *numbers <= release)
}

fn response(version: &str, operation: &str, inner: &str) -> String {
    let body = format!(
        "<ns:{operation}Response xmlns:ns=\"http://www.cisco.com/AXL/API/{version}\"><return>{inner}</return>\
         </ns:{operation}Response>"
    );
    envelope("soapenv", &body)
}

/// claim: CUCM-AXL-FAULT
fn axl_fault(operation: &Element, code: i32, text: &str) -> Spoken {
    let detail = format!(
        "<axlError><axlcode>{code}</axlcode><axlmessage>{}</axlmessage><request>{}</request></axlError>",
        escape(text),
        escape(&operation.name)
    );
    (500, fault("soapenv:Server", text, &detail))
}

fn result(cluster: &Cluster, node: &Node, operation: &Element) -> Option<Result<String, String>> {
    match operation.name.as_str() {
        "getCCMVersion" => Some(version(cluster, node, operation)),
        "listProcessNode" => Some(Ok(process_nodes(cluster))),
        "executeSQLQuery" => Some(query(cluster, operation)),
        "getNumDevices" => Some(devices(cluster, operation)),
        _ => None,
    }
}

/// claim: CUCM-AXL-VERSION
fn version(cluster: &Cluster, node: &Node, operation: &Element) -> Result<String, String> {
    let name = operation
        .text_of("processNodeName")
        .filter(|name| !name.is_empty())
        .unwrap_or(&node.name);
    if cluster.node(name).is_none() {
        return Err(format!(
            "Item not valid: The specified {name} was not found"
        ));
    }
    Ok(format!(
        "<componentVersion>{}</componentVersion>",
        tag("version", &cluster.release)
    ))
}

/// claim: CUCM-AXL-NODES
fn process_nodes(cluster: &Cluster) -> String {
    let row_of = |name: &str, usage: &str, role: &str| {
        let role = tag("processNodeRole", role);
        format!(
            "<processNode>{}{}{}{role}</processNode>",
            tag("name", name),
            tag("description", ""),
            tag("nodeUsage", usage)
        )
    };
    let row = |name: &str, usage: &str| row_of(name, usage, "CUCM Voice/Video");
    let row_of_node = |node: &Node| match node.role {
        Role::Publisher => row(&node.name, "Publisher"),
        Role::Subscriber => row(&node.name, "Subscriber"),
        Role::ImPresence => row_of(&node.name, "Subscriber", "CUCM IM and Presence"),
    };
    let mut rows = vec![row("EnterpriseWideData", "Publisher")];
    rows.extend(cluster.nodes.iter().map(row_of_node));
    rows.extend(
        cluster
            .further_listed
            .iter()
            .map(|name| row(name, "Subscriber")),
    );
    rows.concat()
}

/// Every phone with its device pool, its security mode and the state of its own certificate.
const PROFILES: &str = "select d.name,dp.name as pool,sp.tkdevicesecuritymode as mode,d.tkcertificatestatus as lsc \
    from device d left join devicepool dp on d.fkdevicepool=dp.pkid left join securityprofile sp on \
    d.fksecurityprofile=sp.pkid where d.tkclass=1";

/// The rows of the queries a renewal asks.
///
/// claim: CUCM-AXL-SECURITY-MODE, CUCM-AXL-PHONE-NAMES, CUCM-AXL-PHONE-PROFILES
fn query(cluster: &Cluster, operation: &Element) -> Result<String, String> {
    let sql = operation
        .text_of("sql")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if sql == "select name from device where tkclass=1" {
        return Ok(cluster
            .phones
            .iter()
            .map(|phone| row(&[("name", &phone.name)]))
            .collect());
    }
    if sql == PROFILES {
        return Ok(cluster.phones.iter().map(profile).collect());
    }
    if !sql.starts_with("select paramname,paramvalue from processconfig where ") {
        return Err(
            "The lab answers the parameters of processconfig and the names and profiles of phones only"
                .to_owned(),
        );
    }
    let parameters = [
        (
            "ClusterSecurityMode",
            if cluster.mixed_mode { "1" } else { "0" },
        ),
        ("RollBackToPreGrayback", "F"),
    ];
    let rows = parameters
        .iter()
        .filter(|(name, _)| sql.contains(&format!("'{}'", name.to_ascii_lowercase())));
    let rows = rows.map(|(name, value)| row(&[("paramname", name), ("paramvalue", value)]));
    Ok(rows.collect())
}

fn profile(phone: &Phone) -> String {
    let mode = phone.mode.number().to_string();
    let own = if phone.lsc.is_some() { "4" } else { "1" };
    row(&[
        ("name", &phone.name),
        ("pool", &phone.pool),
        ("mode", &mode),
        ("lsc", own),
    ])
}

fn row(columns: &[(&str, &str)]) -> String {
    let columns: String = columns
        .iter()
        .map(|(name, value)| tag(name, value))
        .collect();
    format!("<row>{columns}</row>")
}

/// claim: CUCM-AXL-DEVICES
fn devices(cluster: &Cluster, operation: &Element) -> Result<String, String> {
    match operation.text_of("class") {
        Some("Phone") => Ok(tag("numDevices", &cluster.phones.len().to_string())),
        other => Err(format!("Class {} is not known", other.unwrap_or("(none)"))),
    }
}
