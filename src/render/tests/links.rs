//! Clusters that wait for each other.

use super::*;

#[test]
fn a_step_that_waits_for_another_cluster_says_so_in_every_form() {
    let plan = Scene::with_expressway().plan().unwrap();
    let digest = digest(&plan).unwrap();
    let forms = [
        text(&plan),
        plan_markdown(&plan, &digest, &beliefs(&plan)),
        plan_html(&plan, &digest, &beliefs(&plan)).unwrap(),
    ];
    assert_eq!(plan.links.len(), 9);
    for form in &forms {
        for link in &plan.links {
            assert!(
                form.contains(&format!("waits for {}", link.first)),
                "{}",
                link.first
            );
        }
    }
    // Two steps of the core wait for others, besides that for the certificates.
    let waits = "waits at    core-07, core-08, core-12 and core-14";
    assert!(forms[0].contains(waits), "{}", forms[0]);
    assert_eq!(plan_dot(&plan).matches("style=dashed").count(), 9);
    assert_eq!(plan_mermaid(&plan).matches("-.->").count(), 9);
}

#[test]
fn a_plan_of_one_cluster_waits_for_nobody() {
    let plan = planned();
    assert!(!text(&plan).contains("waits for") && !plan_dot(&plan).contains("dashed"));
}
