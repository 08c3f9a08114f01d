//! A plan in sentences, before any layout.

mod condition;
mod phones;
mod step;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{ClaimId, ClusterName, Finding, Fingerprint, NodeName};
use crate::plan::{Action, ClusterPlan, Condition, Edge, Plan, Stage, timeline};

use super::Beliefs;
use super::words::{count, duration, list, moment};
pub(super) use phones::{PhonesView, is_gate};
pub(super) use step::{StepView, what};

/// A whole plan.
#[derive(Serialize)]
pub(super) struct PlanView {
    pub(super) made: String,
    pub(super) valid_until: String,
    pub(super) digest: String,
    pub(super) summary: String,
    pub(super) clusters: Vec<ClusterView>,
}

/// One cluster.
#[derive(Serialize)]
pub(super) struct ClusterView {
    pub(super) name: String,
    pub(super) product: String,
    /// Full names in restart order.
    pub(super) nodes: Vec<String>,
    pub(super) findings: Vec<FindingView>,
    pub(super) stages: Vec<StageView>,
    pub(super) course: CourseView,
    /// `None` where phones hold nothing of what changes.
    pub(super) phones: Option<PhonesView>,
    pub(super) reminders: Vec<String>,
    /// Texts that steps refer to by their place, counted from 1.
    pub(super) ways_back: Vec<String>,
    pub(super) sources: Vec<String>,
    pub(super) beliefs: Vec<BeliefView>,
}

/// Findings of one code.
#[derive(Serialize)]
pub(super) struct FindingView {
    pub(super) severity: String,
    pub(super) code: String,
    pub(super) node: String,
    pub(super) says: String,
}

/// Steps of one stage that follow one another.
#[derive(Serialize)]
pub(super) struct StageView {
    pub(super) name: String,
    pub(super) means: String,
    pub(super) steps: Vec<StepView>,
}

/// The timeline.
#[derive(Serialize)]
pub(super) struct CourseView {
    pub(super) total: String,
    pub(super) window: String,
    pub(super) outages: Vec<OutageView>,
    pub(super) safe_stops: Vec<(String, String)>,
    pub(super) no_return: String,
    pub(super) waits: String,
}

/// What users miss.
#[derive(Serialize)]
pub(super) struct OutageView {
    pub(super) service: String,
    pub(super) loses: String,
    pub(super) lasts: String,
}

/// A belief that is neither captured nor documented.
#[derive(Serialize)]
pub(super) struct BeliefView {
    pub(super) id: String,
    pub(super) evidence: String,
    pub(super) says: String,
    pub(super) steps: String,
}

impl PlanView {
    pub(super) fn of(plan: &Plan, digest: &Fingerprint, beliefs: &Beliefs) -> Self {
        let clusters: Vec<ClusterView> = plan
            .clusters
            .iter()
            .map(|(name, cluster)| ClusterView::of(name, cluster, &plan.links, beliefs))
            .collect();
        let steps: usize = plan
            .clusters
            .values()
            .map(|cluster| cluster.steps.len())
            .sum();
        let finals = clusters
            .iter()
            .flat_map(|cluster| &cluster.stages)
            .flat_map(|stage| &stage.steps)
            .filter(|step| step.no_return)
            .count();
        let summary = if clusters.is_empty() {
            "Nothing is due: there is nothing to change.".to_owned()
        } else {
            format!(
                "{}, {}, of them {} of no return.",
                count(clusters.len(), "cluster"),
                count(steps, "step"),
                count(finals, "point")
            )
        };
        Self {
            made: moment(plan.made),
            valid_until: moment(plan.valid_until),
            digest: digest.to_string(),
            summary,
            clusters,
        }
    }
}

impl ClusterView {
    fn of(name: &ClusterName, plan: &ClusterPlan, links: &[Edge], beliefs: &Beliefs) -> Self {
        let labels = Labels::of(plan);
        let mut notes = Notes::default();
        let course = timeline(plan);
        let mut stages: Vec<StageView> = Vec::new();
        for (step, timed) in plan.steps.iter().zip(&course.steps) {
            let stage = step.stage.to_string();
            if stages.last().is_none_or(|last| last.name != stage) {
                stages.push(StageView {
                    name: stage,
                    means: means(step.stage).to_owned(),
                    steps: vec![],
                });
            }
            let mut view = StepView::of(step, timed, plan, &labels, &mut notes);
            view.wait_for_others(step, links);
            if let Some(last) = stages.last_mut() {
                last.steps.push(view);
            }
        }
        Self {
            name: name.to_string(),
            product: format!("{} {}", plan.product, plan.release),
            nodes: plan.nodes.iter().map(ToString::to_string).collect(),
            findings: plan
                .findings
                .iter()
                .map(|finding| finding_view(finding, &labels))
                .collect(),
            stages,
            course: CourseView::of(plan, links, &labels),
            phones: PhonesView::of(plan),
            reminders: plan.reminders.clone(),
            ways_back: notes.ways_back.texts,
            sources: notes.sources.texts,
            beliefs: weak_beliefs(plan, beliefs),
        }
    }
}

fn means(stage: Stage) -> &'static str {
    match stage {
        Stage::Prepare => "trust is spread; nothing restarts and users notice nothing",
        Stage::Request => "requests are made and signed; may take days, users notice nothing",
        Stage::Install => "certificates are stored; nodes serve the old ones until they restart",
        Stage::Activate => "services restart, one node at a time; users notice",
        Stage::Verify => "everything is read again",
        Stage::Tidy => "what nothing needs any more is cleared away; late and optional",
    }
}

fn finding_view(finding: &Finding, labels: &Labels) -> FindingView {
    let purpose = finding
        .purpose
        .as_ref()
        .map_or_else(String::new, |purpose| format!("{purpose}: "));
    FindingView {
        severity: finding.severity.to_string(),
        code: finding.code.to_string(),
        node: finding
            .node
            .as_ref()
            .map_or("cluster", |node| labels.node(node))
            .to_owned(),
        says: format!(
            "{purpose}expected {}; found {}",
            finding.expected, finding.found
        ),
    }
}

impl CourseView {
    fn of(plan: &ClusterPlan, links: &[Edge], labels: &Labels) -> Self {
        let course = timeline(plan);
        let waits = plan.steps.iter().map(|step| &step.id).filter(|step| {
            course.waits.contains(step) || links.iter().any(|link| link.then == **step)
        });
        let waits: Vec<crate::model::StepId> = waits.cloned().collect();
        let ids = |steps: &[crate::model::StepId]| {
            list(&steps.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        Self {
            total: duration(course.total),
            window: duration(course.window),
            outages: course
                .outages
                .iter()
                .map(|(service, outage)| OutageView {
                    service: service.to_string(),
                    loses: outage.loses.clone(),
                    lasts: {
                        let nodes: Vec<&str> =
                            outage.nodes.iter().map(|node| labels.node(node)).collect();
                        format!(
                            "{} in all, on {} in turn",
                            duration(outage.lasts),
                            list(&nodes)
                        )
                    },
                })
                .collect(),
            safe_stops: course
                .safe_stops
                .iter()
                .map(|stop| (stop.after.to_string(), stop.state.clone()))
                .collect(),
            no_return: course
                .no_return
                .map_or_else(|| "none".to_owned(), |step| step.to_string()),
            waits: ids(&waits),
        }
    }
}

/// The beliefs that nobody has seen or read in a document, the weakest first.
fn weak_beliefs(plan: &ClusterPlan, beliefs: &Beliefs) -> Vec<BeliefView> {
    let mut resting: BTreeMap<&ClaimId, Vec<String>> = BTreeMap::new();
    for step in &plan.steps {
        for claim in &step.rests_on {
            resting.entry(claim).or_default().push(step.id.to_string());
        }
    }
    let mut weak: Vec<BeliefView> = resting
        .into_iter()
        .filter_map(|(claim, steps)| {
            let (evidence, says) = match beliefs.get(claim) {
                Some(belief) => (belief.evidence.as_str(), belief.says.as_str()),
                None => ("assumed", "The ledger does not hold this belief."),
            };
            (evidence != "captured" && evidence != "documented").then(|| BeliefView {
                id: claim.to_string(),
                evidence: evidence.to_owned(),
                says: says.to_owned(),
                steps: match steps.as_slice() {
                    [first, .., last] if steps.len() > 4 => {
                        format!("{} from {first} to {last}", count(steps.len(), "step"))
                    }
                    few => list(few),
                },
            })
        })
        .collect();
    weak.sort_by(|one, other| (&one.evidence, &one.id).cmp(&(&other.evidence, &other.id)));
    weak
}

/// Short names for what a cluster's plan speaks of.
pub(super) struct Labels {
    nodes: BTreeMap<NodeName, String>,
    certificates: BTreeMap<Fingerprint, String>,
}

impl Labels {
    pub(super) fn of(plan: &ClusterPlan) -> Self {
        let unique = |node: &NodeName| {
            plan.nodes
                .iter()
                .filter(|other| other.short() == node.short())
                .count()
                == 1
        };
        let label = |node: &NodeName| {
            let text = if unique(node) {
                node.short()
            } else {
                node.as_str()
            };
            (node.clone(), text.to_owned())
        };
        let titles = plan.steps.iter().filter_map(|step| match &step.action {
            Action::UploadTrust { sha256, title, .. } => Some((sha256.clone(), title.clone())),
            _ => None,
        });
        let seen = plan.basis.values().filter_map(|value| {
            let (digits, title) = value.split_once(" (")?;
            Some((
                Fingerprint::parse(digits)?,
                title.strip_suffix(')')?.to_owned(),
            ))
        });
        Self {
            nodes: plan.nodes.iter().map(label).collect(),
            certificates: seen.chain(titles).collect(),
        }
    }

    /// A node by its short name, unless two share it.
    pub(super) fn node<'a>(&'a self, node: &'a NodeName) -> &'a str {
        self.nodes.get(node).map_or(node.as_str(), String::as_str)
    }

    /// A certificate by its common name and the start of its fingerprint.
    pub(super) fn certificate(&self, sha256: &Fingerprint) -> String {
        match self.certificates.get(sha256) {
            Some(title) => format!("{title} ({})", sha256.short()),
            None => sha256.short().to_owned(),
        }
    }
}

/// One condition of a plan as a sentence of its own.
pub(super) fn told_alone(condition: &Condition, plan: &ClusterPlan) -> String {
    condition::told(std::slice::from_ref(condition), plan, &Labels::of(plan)).concat()
}

/// Texts that several steps share; each is told once and referred to by its number.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) ways_back: Numbered,
    pub(super) sources: Numbered,
}

/// Texts in the order in which they were first needed.
#[derive(Default)]
pub(super) struct Numbered {
    texts: Vec<String>,
}

impl Numbered {
    /// The number of a text, counted from 1.
    pub(super) fn number(&mut self, text: &str) -> usize {
        if let Some(place) = self.texts.iter().position(|known| known == text) {
            return place + 1;
        }
        self.texts.push(text.to_owned());
        self.texts.len()
    }
}
