//! The real-time information service: which phones are registered where.

use jiff::Timestamp;

use super::xml::{Element, envelope, tag};
use super::{SERVICEABILITY, Spoken, is_qualified, not_qualified, unknown};
use crate::log::Place;
use crate::state::{Cluster, Node, Phone};
use crate::world::World;

/// The most devices one answer holds.
const MOST: usize = 1000;

/// claim: CUCM-RIS-SELECT
pub(super) fn answer(world: &World, place: &Place, operation: &Element) -> Spoken {
    if !is_qualified(operation) {
        return not_qualified(operation);
    }
    if operation.name != "selectCmDevice" {
        return unknown(operation);
    }
    let Some(criteria) = operation.child("CmSelectionCriteria") else {
        return not_qualified(operation);
    };
    let inner = world
        .read(place, |cluster, _, _| found(cluster, &Wanted::of(criteria)))
        .unwrap_or_default();
    let body = format!(
        "<ns1:selectCmDeviceResponse xmlns:ns1=\"{SERVICEABILITY}\"><ns1:selectCmDeviceReturn>{inner}\
         </ns1:selectCmDeviceReturn></ns1:selectCmDeviceResponse>"
    );
    (200, envelope("soapenv", &body))
}

struct Wanted<'a> {
    most: usize,
    status: &'a str,
    node: &'a str,
    names: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(criteria: &'a Element) -> Self {
        let items = criteria
            .child("SelectItems")
            .map(|items| items.children.as_slice())
            .unwrap_or_default();
        Self {
            most: criteria
                .text_of("MaxReturnedDevices")
                .and_then(|text| text.parse().ok())
                .unwrap_or(MOST)
                .min(MOST),
            status: criteria.text_of("Status").unwrap_or("Any"),
            node: criteria.text_of("NodeName").unwrap_or_default(),
            names: items
                .iter()
                .filter_map(|item| item.text_of("Item"))
                .filter(|name| !name.is_empty())
                .collect(),
        }
    }

    fn takes(&self, phone: &Phone) -> bool {
        let status = self.status == "Any" || self.status == status_word(phone);
        let node = self.node.is_empty() || self.node == "Any" || self.node == phone.node;
        let named = |name: &&str| match name.strip_suffix('*') {
            Some(start) => phone.name.starts_with(start),
            None => phone.name == **name,
        };
        status && node && (self.names.is_empty() || self.names.iter().any(named))
    }
}

fn status_word(phone: &Phone) -> &'static str {
    if phone.registered {
        "Registered"
    } else {
        "UnRegistered"
    }
}

fn found(cluster: &Cluster, wanted: &Wanted<'_>) -> String {
    let chosen: Vec<&Phone> = cluster
        .phones
        .iter()
        .filter(|phone| wanted.takes(phone))
        .take(wanted.most)
        .collect();
    let row = |node: &Node| {
        let here: String = chosen
            .iter()
            .filter(|phone| phone.node == node.name)
            .map(|phone| device(phone))
            .collect();
        let code = if here.is_empty() { "NotFound" } else { "Ok" };
        let head = [
            tag("ns1:ReturnCode", code),
            tag("ns1:Name", &node.name),
            tag("ns1:NoChange", "false"),
        ]
        .concat();
        format!("<ns1:item>{head}<ns1:CmDevices>{here}</ns1:CmDevices></ns1:item>")
    };
    let processing = cluster.nodes.iter();
    let processing = processing.filter(|node| node.role.processes_calls());
    let nodes: String = processing.map(row).collect();
    format!(
        "<ns1:SelectCmDeviceResult>{}<ns1:CmNodes>{nodes}</ns1:CmNodes></ns1:SelectCmDeviceResult>{}",
        tag("ns1:TotalDevicesFound", &chosen.len().to_string()),
        tag("ns1:StateInfo", "")
    )
}

/// The platform's number: registered, gone without a word, reset, or left by its Cisco CallManager.
fn reason(phone: &Phone) -> &'static str {
    match phone {
        Phone {
            registered: true, ..
        } => "0",
        Phone { online: false, .. } => "13",
        Phone { fetches: true, .. } => "9",
        Phone { .. } => "15",
    }
}

fn device(phone: &Phone) -> String {
    let since = Timestamp::from_second(phone.since)
        .unwrap_or_default()
        .as_second();
    format!(
        "<ns1:item>{}{}{}{}{}{}</ns1:item>",
        tag("ns1:Name", &phone.name),
        tag("ns1:Status", status_word(phone)),
        tag("ns1:StatusReason", reason(phone)),
        tag("ns1:Model", "684"),
        tag("ns1:Protocol", "SIP"),
        tag("ns1:TimeStamp", &since.to_string()),
    )
}
