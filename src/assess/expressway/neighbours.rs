//! The clusters that a check looks at beside its own.

use crate::model::{ClusterName, ClusterState, neighbours};

use super::super::Context;

/// The Expressway clusters at the other end of this one's zones.
pub(super) fn far<'a>(context: &Context<'a>) -> Vec<&'a ClusterState> {
    states(context, neighbours::far(context.estate, context.name))
}

/// The CUCM clusters whose publishers Expressway-C connects to.
pub(super) fn unified<'a>(context: &Context<'a>) -> Vec<&'a ClusterState> {
    states(context, neighbours::served(context.estate, context.state))
}

fn states<'a>(context: &Context<'a>, names: Vec<&ClusterName>) -> Vec<&'a ClusterState> {
    let of = |name: &ClusterName| context.estate.get(name);
    names.into_iter().filter_map(of).collect()
}
