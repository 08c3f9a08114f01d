//! Several clusters in one plan: each for itself, and none begun after too many failed.

use reissue_lab::{Fault, Kind, Lab, LogEntry, Mode};

use super::{Journey, publisher, restarted_once, says};
use crate::support::{no_violation, renewed, small, stored};

const CLUSTERS: [&str; 3] = ["hq", "site2", "site3"];

/// Three clusters, one of which says that it took its certificate and did not.
fn one_fails(failing: &str) -> (Journey, Vec<String>) {
    let lab = small(|config| {
        config.clusters = 3;
        config.timers.insert("served".to_owned(), "3s".to_owned());
    });
    lab.plant(Fault::new("rest POST identity", Mode::SuccessNotApplied).at(&publisher(failing)));
    let before = CLUSTERS
        .iter()
        .flat_map(|name| stored(&lab, name))
        .collect();
    (Journey::on(lab), before)
}

fn writes(lab: &Lab, cluster: &str) -> Vec<LogEntry> {
    let log = lab.log().into_iter();
    log.filter(|entry| entry.cluster == cluster && entry.kind == Kind::Write)
        .collect()
}

#[test]
fn a_cluster_that_fails_does_not_keep_the_others() {
    let (journey, before) = one_fails("site2");
    let lab = &journey.lab;
    let words = ["--parallel-clusters", "3", "--max-failures", "2", "--json"];
    let data = journey.apply(&words).expect(1).data();
    for (name, class) in [("hq", "done"), ("site2", "failed"), ("site3", "done")] {
        assert_eq!(
            data["clusters"][name]["class"], class,
            "{}",
            data["clusters"][name]
        );
    }
    renewed(lab, "hq", &before);
    renewed(lab, "site3", &before);
    assert!(before.contains(&stored(lab, "site2")[0]));
    let others = [writes(lab, "hq"), writes(lab, "site3")];
    // They were worked on together: one began before the other had ended.
    assert!(others[0][0].seq < others[1].last().unwrap().seq);
    assert!(others[1][0].seq < others[0].last().unwrap().seq);
    journey.resume(&[]).expect(0);
    assert_eq!(
        [writes(lab, "hq"), writes(lab, "site3")],
        others,
        "done is done"
    );
    renewed(lab, "site2", &before);
    no_violation(lab);
    restarted_once(lab, 18);
}

#[test]
fn no_cluster_is_begun_after_too_many_failures() {
    let (journey, before) = one_fails("hq");
    let lab = &journey.lab;
    let words = ["--parallel-clusters", "1", "--max-failures", "1"];
    says(&journey.apply(&words).expect(1), &["site2", "not begun"]);
    for name in ["site2", "site3"] {
        assert_eq!(writes(lab, name), [], "{name} was begun");
    }
    journey.resume(&["--parallel-clusters", "1"]).expect(0);
    for pair in CLUSTERS.windows(2) {
        let (first, then) = (writes(lab, pair[0]), writes(lab, pair[1]));
        assert!(
            first.last().unwrap().seq < then[0].seq,
            "{pair:?}: one after the other"
        );
    }
    for name in CLUSTERS {
        renewed(lab, name, &before);
    }
    no_violation(lab);
    restarted_once(lab, 18);
}
