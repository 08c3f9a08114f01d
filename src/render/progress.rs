//! What happens during a run, as it happens: bars on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::execute::{Progress, Watch};
use crate::journal::DoneHow;
use crate::model::{ClusterName, StepId};
use crate::plan::Plan;

use super::steps::title;

/// How often a bar's clock moves on while a step waits.
const TICK: Duration = Duration::from_millis(250);

/// Shows a run on standard error.
pub struct ProgressWatch {
    titles: BTreeMap<StepId, String>,
    all: MultiProgress,
    bars: Mutex<BTreeMap<ClusterName, ProgressBar>>,
    terminal: bool,
}

impl ProgressWatch {
    /// Prepares one bar for each cluster. Without a terminal there are lines instead of bars, and with
    /// `talk` false there is nothing.
    pub fn new(plan: &Plan, talk: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if talk && terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let all = MultiProgress::with_draw_target(target);
        let style = ProgressStyle::with_template(
            "{prefix:12} {bar:24} {pos:>3}/{len} {elapsed:>4} {wide_msg}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bars = plan.clusters.iter().map(|(name, cluster)| {
            let length = u64::try_from(cluster.steps.len()).unwrap_or(u64::MAX);
            let bar = all.add(
                ProgressBar::new(length)
                    .with_style(style.clone())
                    .with_prefix(name.to_string()),
            );
            if talk && terminal {
                bar.enable_steady_tick(TICK);
            }
            (name.clone(), bar)
        });
        let bars = Mutex::new(bars.collect());
        let steps = plan.clusters.values().flat_map(|cluster| &cluster.steps);
        let titles = steps.map(|step| (step.id.clone(), title(step))).collect();
        Self {
            titles,
            all,
            bars,
            terminal: terminal || !talk,
        }
    }

    /// Leaves the last state of every bar on the screen.
    pub fn finish(&self) {
        for bar in self
            .bars
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            bar.abandon();
        }
    }

    /// A line that stays: above the bars on a terminal, by itself elsewhere.
    fn line(&self, text: &str) {
        if self.terminal {
            // A hidden target swallows it, as it should.
            drop(self.all.println(text));
        } else {
            use std::io::Write as _;
            drop(writeln!(std::io::stderr().lock(), "{text}"));
        }
    }

    fn title(&self, step: &StepId) -> &str {
        self.titles.get(step).map_or("", String::as_str)
    }

    fn bar(&self, cluster: &ClusterName, change: impl FnOnce(&ProgressBar)) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bars.get(cluster) {
            change(bar);
        }
    }
}

impl Watch for ProgressWatch {
    fn tell(&self, cluster: &ClusterName, progress: &Progress) {
        match progress {
            Progress::StepBegun { step, number, of } => {
                let title = self.title(step);
                self.bar(cluster, |bar| {
                    bar.set_position(u64::try_from(number.saturating_sub(1)).unwrap_or(0));
                    bar.set_message(format!("{step} {title}"));
                });
                if !self.terminal {
                    self.line(&format!("{step} {number}/{of} {title}"));
                }
            }
            Progress::StepNote { step, text } => {
                self.bar(cluster, |bar| {
                    bar.set_message(format!("{step} {}: {text}", self.title(step)))
                });
                if !self.terminal {
                    self.line(&format!("{step}   {text}"));
                }
            }
            Progress::StepDone { step, how } => {
                self.bar(cluster, |bar| bar.inc(1));
                self.line(&format!("{step} {}: {}", done(how), self.title(step)));
            }
            Progress::Stopped {
                step, what, next, ..
            } => {
                let place = step
                    .as_ref()
                    .map_or_else(|| cluster.to_string(), ToString::to_string);
                self.bar(cluster, |bar| {
                    bar.set_message(format!("stopped at {place}"))
                });
                self.line(&format!("{place} stopped: {what}\n  next: {next}"));
            }
            Progress::ClusterDone => self.line(&format!("{cluster} done")),
        }
    }
}

fn done(how: &DoneHow) -> &'static str {
    match how {
        DoneHow::Performed {} => "done",
        DoneHow::FoundAlreadyDone {} => "found already done",
        DoneHow::Seen {} => "seen",
        DoneHow::Marked { .. } => "marked by a person",
    }
}
