//! A proof, as text.

use std::fmt::Write as _;

use crate::simulate::{Proof, Reliance};

/// What was looked at, why each class of phones still takes what it is offered, and each invariant that fails with what would mend it.
pub fn proof(proof: &Proof) -> String {
    let mut text = String::new();
    for (cluster, extent) in &proof.clusters {
        let broken = proof
            .violations
            .iter()
            .filter(|violation| violation.cluster == *cluster)
            .count();
        let verdict = match broken {
            0 => {
                "no invariant fails in any state that a stop or a crash can leave behind".to_owned()
            }
            1 => "1 invariant fails".to_owned(),
            many => format!("{many} invariants fail"),
        };
        let _ = writeln!(
            text,
            "{cluster}: {} steps, {} states, {} checks: {verdict}",
            extent.steps, extent.states, extent.checks
        );
        for class in proof.phones.get(cluster).into_iter().flatten() {
            let _ = writeln!(text, "  {}", class.says);
        }
    }
    if let Some(reliance) = &proof.reliance {
        text.push_str(&relied_on(reliance, proof));
    }
    for violation in &proof.violations {
        let step = violation
            .step
            .as_ref()
            .map_or_else(|| "the plan".to_owned(), ToString::to_string);
        let nodes: Vec<&str> = violation
            .nodes
            .iter()
            .map(crate::model::NodeName::as_str)
            .collect();
        let _ = writeln!(
            text,
            "\n{} {step} {}",
            violation.invariant,
            nodes.join(", ")
        );
        let _ = writeln!(text, "  {}", violation.says);
        let _ = writeln!(text, "  to mend it: {}", violation.remedy);
    }
    text
}

/// What was looked at between clusters.
fn relied_on(reliance: &Reliance, proof: &Proof) -> String {
    let broken = proof.violations.iter().any(|it| it.invariant == "I16");
    let verdict = if broken {
        "some break outside the restart of one of their ends, see I16 below"
    } else {
        "none breaks outside the restart of one of its ends"
    };
    let orders = match reliance.orders {
        1 => "one order of the steps".to_owned(),
        many => {
            format!("{many} orders of the steps, each with one cluster as early as links allow")
        }
    };
    format!(
        "connections of Expressway: {} of {} verify before the plan; {} judgements over {orders}: {verdict}\n",
        reliance.held, reliance.connections, reliance.judgements
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Extent, Violation};

    #[test]
    fn a_broken_connection_stands_with_its_step_its_symptom_and_the_way_out() {
        let reliance = Reliance {
            connections: 42,
            held: 32,
            orders: 3,
            judgements: 212,
        };
        let mut whole = Proof {
            reliance: Some(reliance),
            ..Proof::default()
        };
        let extent = Extent {
            steps: 17,
            states: 35,
            checks: 391,
        };
        whole.clusters.insert("edge".into(), extent);
        assert_eq!(
            proof(&whole),
            "edge: 17 steps, 35 states, 391 checks: no invariant fails in any state that a stop or a crash can leave behind\n\
             connections of Expressway: 32 of 42 verify before the plan; 212 judgements over 3 orders of the steps, each \
             with one cluster as early as links allow: none breaks outside the restart of one of its ends\n"
        );
        whole.violations.push(Violation {
            cluster: "edge".into(),
            step: Some("edge-10".into()),
            invariant: "I16",
            nodes: ["expc1.example.com", "expe1.example.com"]
                .map(Into::into)
                .into(),
            says: "expc1.example.com to expe1.example.com on 7001 is broken".to_owned(),
            remedy: "Carry core-01 out before edge-10.".to_owned(),
        });
        let text = proof(&whole);
        assert!(text.contains("391 checks: 1 invariant fails\n"), "{text}");
        assert!(
            text.contains("some break outside the restart of one of their ends, see I16 below\n"),
            "{text}"
        );
        let end = "\nI16 edge-10 expc1.example.com, expe1.example.com\n  expc1.example.com to expe1.example.com on 7001 is broken\n  \
                   to mend it: Carry core-01 out before edge-10.\n";
        assert!(text.ends_with(end), "{text}");
    }
}
