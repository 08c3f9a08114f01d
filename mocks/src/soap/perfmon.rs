//! The performance monitor: counts of registered phones, and the database's replication.

use super::xml::{Element, envelope, escape, tag};
use super::{SERVICEABILITY, Spoken, is_qualified, not_qualified, unknown};
use crate::log::Place;
use crate::world::World;

/// claim: CUCM-PERFMON-COUNT
pub(super) fn answer(world: &World, place: &Place, operation: &Element) -> Spoken {
    if !is_qualified(operation) {
        return not_qualified(operation);
    }
    if operation.name != "perfmonCollectCounterData" {
        return unknown(operation);
    }
    let host = operation.text_of("Host").unwrap_or_default();
    let object = operation.text_of("Object").unwrap_or_default();
    let counters = world.read(place, |cluster, _, _| {
        let node = cluster.node(host)?;
        let registered = cluster.registered_with(&node.name).to_string();
        match object {
            "Cisco CallManager" => Some(vec![
                ("RegisteredHardwarePhones", registered),
                ("RegisteredOtherStationDevices", "0".to_owned()),
                ("CallsActive", "0".to_owned()),
            ]),
            "Number of Replicates Created and State of Replication" => {
                Some(vec![("Replicate_State", node.replication.to_string())])
            }
            _ => None,
        }
    });
    let Some(counters) = counters.flatten() else {
        let text = format!(
            "No data for object {} on host {}",
            escape(object),
            escape(host)
        );
        return (500, super::xml::fault("soapenv:Server", &text, ""));
    };
    let name = "perfmonCollectCounterData";
    let row = |(counter, value): &(&str, String)| {
        let path = format!("\\\\{host}\\{object}\\{counter}");
        let inner = [tag("Name", &path), tag("Value", value), tag("CStatus", "1")].concat();
        format!("<{name}Return>{inner}</{name}Return>")
    };
    let rows: String = counters.iter().map(row).collect();
    let body =
        format!("<ns1:{name}Response xmlns:ns1=\"{SERVICEABILITY}\">{rows}</ns1:{name}Response>");
    (200, envelope("soapenv", &body))
}
