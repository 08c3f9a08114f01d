//! Which clusters of the estate belong together.

use crate::model::{ClusterState, far_side, served_by};

use super::super::Context;

/// The Expressway clusters at the other end of this one's zones.
pub(super) fn far<'a>(context: &Context<'a>) -> Vec<&'a ClusterState> {
    let far = far_side(context.estate, context.name).into_iter();
    far.map(|(_, state)| state).collect()
}

/// The CUCM clusters whose publishers Expressway-C connects to.
pub(super) fn unified<'a>(context: &Context<'a>) -> Vec<&'a ClusterState> {
    let served = served_by(context.estate, context.name).into_iter();
    served.map(|(_, state)| state).collect()
}
