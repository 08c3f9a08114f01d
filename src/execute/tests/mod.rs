//! Whole runs on a cluster in memory. Its own list of effects is the judge, never the run's report.

mod ends;
mod faults;
mod gates;
mod judging;
mod linked;
mod phones;

use super::testing::Scene;

/// What an undisturbed run does to the cluster.
fn undisturbed() -> Vec<String> {
    let scene = Scene::new();
    scene.run().unwrap();
    scene.effects()
}
