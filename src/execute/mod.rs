//! Carries out a plan, one step at a time in each cluster, and stops where it cannot know.
//!
//! A step that changes a device goes: look (is it done already? may it be done?), intent into the journal,
//! one call, look again until the change is seen. A reply decides nothing; what is seen does. A call without
//! an answer is never repeated unless a look proves that the device did not act.

mod by_itself;
mod certificates;
mod change;
mod cluster;
mod confirm;
mod evidence;
mod gate;
mod judge;
mod linked;
mod loaded;
mod look;
mod mark;
mod outcome;
mod run;
mod settle;
mod standing;
mod stops;
mod surroundings;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use gate::waive;
pub use judge::{Judgement, Look, judge};
pub use mark::{Decision, Mark, MarkError, mark};
pub use outcome::{Class, ClusterOutcome, Outcome};
pub use run::{Executor, Limits, Signer};
pub use surroundings::{Progress, Stop, SystemTimer, Timer, Waits, Watch};
