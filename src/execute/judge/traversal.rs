//! Zones and tunnels of an Expressway peer.

use std::collections::BTreeSet;

use super::{Holds, Judgement, Unknown, fails, unknown};
use crate::model::{Expressway, NodeName, NodeState, Observed};

/// Whether some zones are active and so many tunnels are established.
// claim: EXPRESSWAY-ZONE-STATUS, EXPRESSWAY-STATUS-MRA
pub(super) fn goes(
    seen: &NodeState,
    node: &NodeName,
    zones: &BTreeSet<String>,
    tunnels: u64,
) -> Judgement {
    let told = match &seen.expressway {
        Observed::Present(told) => told.as_ref(),
        Observed::Absent => return fails(format!("zones of {node}"), "it is no Expressway"),
        Observed::Unknown(why) => return unknown(format!("the zones of {node}"), why),
    };
    match active(told, node, zones) {
        Holds => established(told, node, tunnels),
        other => other,
    }
}

fn active(told: &Expressway, node: &NodeName, zones: &BTreeSet<String>) -> Judgement {
    let listed = match &told.zones {
        Observed::Present(listed) => listed.as_slice(),
        Observed::Absent => &[],
        Observed::Unknown(why) => return unknown(format!("the zones of {node}"), why),
    };
    for name in zones {
        let expected = || format!("zone {name} of {node} active");
        let Some(zone) = listed.iter().find(|zone| zone.name == *name) else {
            return fails(expected(), "it is not listed");
        };
        match &zone.status {
            Observed::Present(status) if status.eq_ignore_ascii_case("active") => {}
            Observed::Present(status) if zone.cause.is_empty() => return fails(expected(), status),
            Observed::Present(status) => {
                return fails(expected(), format!("{status}: {}", zone.cause));
            }
            Observed::Absent => return fails(expected(), "it has no status"),
            Observed::Unknown(why) => return unknown(expected(), why),
        }
    }
    Holds
}

fn established(told: &Expressway, node: &NodeName, tunnels: u64) -> Judgement {
    if tunnels == 0 {
        return Holds;
    }
    let expected = format!("at least {tunnels} SSH tunnels of {node}");
    let listed = match &told.tunnels {
        Observed::Present(listed) => listed.as_slice(),
        Observed::Absent => &[],
        Observed::Unknown(why) => {
            return Unknown {
                why: format!("{expected}: {why}"),
            };
        }
    };
    let up = listed
        .iter()
        .filter(|tunnel| tunnel.is_established())
        .count();
    if u64::try_from(up).unwrap_or(u64::MAX) >= tunnels {
        Holds
    } else {
        fails(expected, format!("{up} established"))
    }
}
