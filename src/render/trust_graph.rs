//! Who relies on which certificate, for Graphviz and Mermaid, and in words below.

use std::collections::{BTreeMap, BTreeSet};

use crate::edges::{Judged, Party, Verdict, symptoms};

use super::graph::{entities, quoted};
use super::words::clean;

/// What an arrow says: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Broken,
    Unknown,
    Holds,
}

fn state(verdict: &Verdict) -> State {
    match verdict {
        Verdict::Broken(_) => State::Broken,
        Verdict::Unknown(_) => State::Unknown,
        Verdict::Holds { .. } => State::Holds,
    }
}

/// One arrow: from the end that verifies to the end that presents, with what it verifies there.
type Arrows<'a> = BTreeMap<(&'a Party, &'a Party, State), BTreeSet<String>>;

/// Edges of one pair and state share an arrow, so that a large cluster stays readable.
fn arrows(judged: &[Judged]) -> Arrows<'_> {
    let mut arrows = Arrows::new();
    for Judged { edge, verdict } in judged {
        let port = edge
            .port
            .map_or_else(|| edge.leg.to_string(), |port| port.to_string());
        let key = (edge.relying(), edge.presenting(), state(verdict));
        let label = format!("{port} {} {}", edge.key, edge.store);
        arrows.entry(key).or_default().insert(label);
    }
    arrows
}

fn identifiers<'a>(arrows: &Arrows<'a>) -> BTreeMap<&'a Party, String> {
    let ends: BTreeSet<&Party> = arrows
        .keys()
        .flat_map(|(from, to, _)| [*from, *to])
        .collect();
    let numbered = ends.into_iter().enumerate();
    numbered.map(|(at, end)| (end, format!("n{at}"))).collect()
}

/// The ends by cluster; clients have none.
fn clusters<'a>(
    ids: &'a BTreeMap<&'a Party, String>,
) -> BTreeMap<&'a str, Vec<(&'a str, &'a Party)>> {
    let mut clusters: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (end, id) in ids {
        let cluster = match end {
            Party::Node { cluster, .. } => cluster.as_str(),
            Party::Clients => "outside",
        };
        clusters
            .entry(cluster)
            .or_default()
            .push((id.as_str(), *end));
    }
    clusters
}

/// The edges for Mermaid: an arrow points from the end that verifies to the certificate it relies on. Broken ones are
/// thick and red, unknown ones dashed. Below, as comments, what is broken.
pub fn trust_mermaid(judged: &[Judged]) -> String {
    let arrows = arrows(judged);
    let ids = identifiers(&arrows);
    let mut lines = vec!["flowchart LR".to_owned()];
    for (place, (cluster, ends)) in clusters(&ids).into_iter().enumerate() {
        lines.push(format!(
            "  subgraph cluster{place}[\"{}\"]",
            entities(cluster)
        ));
        for (id, end) in ends {
            lines.push(format!("    {id}[\"{}\"]", entities(&end.to_string())));
        }
        lines.push("  end".to_owned());
    }
    let mut broken = Vec::new();
    for (at, ((from, to, state), labels)) in arrows.iter().enumerate() {
        let (from, to) = (id_of(&ids, from), id_of(&ids, to));
        let arrow = match state {
            State::Broken => "==>",
            State::Unknown => "-.->",
            State::Holds => "-->",
        };
        if *state == State::Broken {
            broken.push(at.to_string());
        }
        let labels: Vec<String> = labels.iter().map(|label| entities(label)).collect();
        lines.push(format!(
            "  {from} {arrow}|\"{}\"| {to}",
            labels.join("<br/>")
        ));
    }
    if !broken.is_empty() {
        lines.push(format!(
            "  linkStyle {} stroke:#b3261e,stroke-width:3px",
            broken.join(",")
        ));
    }
    lines.extend(trust_words(judged).lines().map(|line| format!("%% {line}")));
    lines.join("\n") + "\n"
}

/// The edges for Graphviz; see [`trust_mermaid`].
pub fn trust_dot(judged: &[Judged]) -> String {
    let arrows = arrows(judged);
    let ids = identifiers(&arrows);
    let mut lines = vec![
        "digraph trust {".to_owned(),
        "  rankdir=LR;".to_owned(),
        "  node [shape=box, fontname=\"sans-serif\"];".to_owned(),
    ];
    for (place, (cluster, ends)) in clusters(&ids).into_iter().enumerate() {
        lines.push(format!("  subgraph cluster_{place} {{"));
        lines.push(format!("    label={};", quoted(cluster)));
        for (id, end) in ends {
            lines.push(format!("    {id} [label={}];", quoted(&end.to_string())));
        }
        lines.push("  }".to_owned());
    }
    for ((from, to, state), labels) in &arrows {
        let (from, to) = (id_of(&ids, from), id_of(&ids, to));
        let style = match state {
            State::Broken => ", color=\"#b3261e\", penwidth=3",
            State::Unknown => ", style=dashed",
            State::Holds => "",
        };
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        lines.push(format!(
            "  {from} -> {to} [label={}{style}];",
            quoted(&labels.join(", "))
        ));
    }
    lines.push("}".to_owned());
    lines.extend(trust_words(judged).lines().map(|line| format!("// {line}")));
    lines.join("\n") + "\n"
}

/// How many edges verify, and every one that does not or may not: why, and how it is met.
fn trust_words(judged: &[Judged]) -> String {
    let count = |wanted| {
        judged
            .iter()
            .filter(|each| state(&each.verdict) == wanted)
            .count()
    };
    let (holds, broken, unknown) = (
        count(State::Holds),
        count(State::Broken),
        count(State::Unknown),
    );
    let mut text = format!("Connections: {holds} verify, {broken} broken, {unknown} unknown.\n");
    for wanted in [State::Broken, State::Unknown] {
        for Judged { edge, verdict } in judged.iter().filter(|each| state(&each.verdict) == wanted)
        {
            text.push_str(&format!(
                "{}: {}\n",
                clean(&edge.to_string()),
                clean(&verdict.to_string())
            ));
            for seen in symptoms(edge, verdict) {
                text.push_str(&format!("  seen as: {}\n", clean(&seen)));
            }
        }
    }
    for Judged { edge, verdict } in judged {
        if let Verdict::Holds { cautions } = verdict
            && !cautions.is_empty()
        {
            text.push_str(&format!(
                "{}: {}\n",
                clean(&edge.to_string()),
                clean(&verdict.to_string())
            ));
        }
    }
    text
}

fn id_of<'a>(ids: &'a BTreeMap<&Party, String>, end: &Party) -> &'a str {
    ids.get(end).map_or("unknown", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edges::{Site, graph, judge};
    use crate::model::{Observed, Role};
    use crate::plan::testing::{FIRST, PUBLISHER, SECOND, Scene, now};

    fn judged() -> Vec<Judged> {
        let mut scene = Scene::of(&[
            (PUBLISHER, Role::Publisher),
            (FIRST, Role::Subscriber),
            (SECOND, Role::Subscriber),
        ]);
        let store = |scene: &mut Scene, node: &str, held| {
            scene.node(node).trust.insert("tomcat-trust".into(), held);
        };
        store(&mut scene, FIRST, Observed::Present(Vec::new()));
        store(
            &mut scene,
            SECOND,
            Observed::Unknown("refused\nend".to_owned()),
        );
        let observation = &scene.observation;
        judge(&Site::of(observation), &graph(observation), now())
    }

    #[test]
    fn mermaid_marks_what_is_broken_and_what_is_unknown() {
        let text = trust_mermaid(&judged());
        let lines: Vec<&str> = text.lines().collect();
        let drawn = |arrow: &str| lines.iter().filter(|line| line.contains(arrow)).count();
        assert_eq!((drawn(" --> "), drawn(" ==>|"), drawn(" -.->|")), (0, 2, 2));
        assert_eq!(drawn(" -->|"), 2);
        assert!(text.contains("|\"8443 RSA tomcat-trust\"|"), "{text}");
        assert!(text.contains("  linkStyle 2,3 stroke:#b3261e"), "{text}");
        assert!(
            text.contains("%% Connections: 2 verify, 2 broken, 2 unknown.\n"),
            "{text}"
        );
        let why = "broken: the authority Old Root is not in the store (chain ends at depth 0)";
        assert!(text.contains(why), "{text}");
        assert!(
            text.contains("%%   seen as: web services over TLS from"),
            "{text}"
        );
        let says = |line: &&str| line.starts_with("%% ") || !line.contains("verifies");
        assert!(lines.iter().all(says), "{text}");
    }

    #[test]
    fn dot_keeps_what_devices_say_inside_comments() {
        let text = trust_dot(&judged());
        assert!(text.starts_with("digraph trust {\n"));
        assert_eq!(text.matches(", style=dashed];").count(), 2);
        assert_eq!(text.matches(", penwidth=3];").count(), 2);
        let below = text.split_once("\n}\n").expect("an end").1;
        assert!(below.contains("refused"), "{text}");
        assert!(below.lines().all(|line| line.starts_with("// ")), "{text}");
    }
}
