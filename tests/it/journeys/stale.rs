//! A plan rests on facts. When one has moved, before the run or between two of its steps, the run says which and
//! writes nothing.

use std::sync::Arc;

use reissue_lab::When;
use reissue_lab::state::{Cluster, Face, Node, ServiceState};

use super::{Journey, TOMCAT, UPLOAD, publisher, restarted_once, says};
use crate::support::{no_violation, renewed, small, stored};

/// What somebody else changes, and changes back.
type Change = fn(&mut Cluster);

struct Row {
    /// The fact, with its old and new value.
    says: &'static str,
    change: Change,
    back: Change,
}

fn first(cluster: &mut Cluster) -> &mut Node {
    &mut cluster.nodes[0]
}

/// Exchanges the certificates of two purposes.
fn exchange(cluster: &mut Cluster, one: &str, other: &str) {
    let identities = &mut first(cluster).identities;
    let moved = identities
        .insert(one.to_owned(), identities[other].clone())
        .unwrap();
    identities.insert(other.to_owned(), moved);
}

/// Exchanges what is served to phones with what is served to trunks.
fn exchange_served(cluster: &mut Cluster) {
    let presented = &mut first(cluster).presented;
    let moved = presented
        .insert(Face::Tftp, Arc::clone(&presented[&Face::Sip]))
        .unwrap();
    presented.insert(Face::Sip, moved);
}

fn service(cluster: &mut Cluster, state: ServiceState) {
    first(cluster)
        .services
        .get_mut("Cisco CTIManager")
        .unwrap()
        .state = state;
}

const RELEASE: Row = Row {
    says: "release was 14.0.1.13900-155 and is 14.0.1.14900-1",
    change: |cluster| "14.0.1.14900-1".clone_into(&mut cluster.release),
    back: |cluster| "14.0.1.13900-155".clone_into(&mut cluster.release),
};

const NODES: Row = Row {
    says: "cluster node list was cucm-pub.hq.example.com (publisher) and is cucm-pub.hq.example.com (publisher), new.hq.example.com",
    change: |cluster| cluster.further_listed.push("new.hq.example.com".to_owned()),
    back: |cluster| cluster.further_listed.clear(),
};

const SECURITY: Row = Row {
    says: "cluster security mode was non-secure and is mixed",
    change: |cluster| cluster.mixed_mode = true,
    back: |cluster| cluster.mixed_mode = false,
};

const SINGLE_SIGN_ON: Row = Row {
    says: "single sign-on was off and is on",
    change: |cluster| first(cluster).sso_enabled = true,
    back: |cluster| first(cluster).sso_enabled = false,
};

const REPLICATION: Row = Row {
    says: "replication was good and is not good",
    change: |cluster| first(cluster).replication = 3,
    back: |cluster| first(cluster).replication = 2,
};

const BACKUP: Row = Row {
    says: "backup job was none and is running",
    change: |cluster| cluster.backup.running = Some(30),
    back: |cluster| cluster.backup.running = None,
};

const OTHER_PURPOSE: Row = Row {
    says: "CallManager identity was",
    change: |cluster| exchange(cluster, "CallManager", "TVS"),
    back: |cluster| exchange(cluster, "CallManager", "TVS"),
};

const TRUST_ENTRY: Row = Row {
    says: "was not there and is",
    change: |cluster| {
        let node = first(cluster);
        let stranger = node.identities["ipsec"].certificate.clone();
        node.trusts.get_mut("tomcat-trust").unwrap().push(stranger);
    },
    back: |cluster| drop(first(cluster).trusts.get_mut("tomcat-trust").unwrap().pop()),
};

const CLOCK: Row = Row {
    says: "clock was within 300 seconds and is off by more than 300 seconds",
    change: |cluster| first(cluster).clock_skew = 3600,
    back: |cluster| first(cluster).clock_skew = 0,
};

/// Facts that a restart of a service, which is a step of the plan, may move too.
const BEFORE_ONLY: [Row; 3] = [
    Row {
        says: "running services: gone",
        change: |cluster| service(cluster, ServiceState::Stopped),
        back: |cluster| service(cluster, ServiceState::Started),
    },
    Row {
        says: "tomcat identity was",
        change: |cluster| exchange(cluster, "tomcat", "TVS"),
        back: |cluster| exchange(cluster, "tomcat", "TVS"),
    },
    Row {
        says: "serves on 6972/rsa was",
        change: exchange_served,
        back: exchange_served,
    },
];

#[test]
fn a_plan_is_refused_when_any_fact_has_moved() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let rows = [
        RELEASE,
        NODES,
        SECURITY,
        SINGLE_SIGN_ON,
        REPLICATION,
        BACKUP,
        OTHER_PURPOSE,
        TRUST_ENTRY,
        CLOCK,
    ];
    for row in rows.into_iter().chain(BEFORE_ONLY) {
        assert!(lab.change_cluster("hq", row.change));
        let refused = journey.apply(&[]);
        assert_eq!(refused.code, 5, "{}\n{}", row.says, super::said(&refused));
        says(&refused, &[row.says, "new plan"]);
        assert!(lab.change_cluster("hq", row.back));
    }
    lab.foreign_request("hq", "cucm-pub", "tomcat").unwrap();
    says(
        &journey.apply(&[]).expect(5),
        &["tomcat request was not there and is key"],
    );
    lab.change("hq", "cucm-pub", |node| node.pending.clear());
    assert_eq!(lab.changes(), 0, "nothing was written");
    // With every fact back where it was, the plan holds again: nothing else had kept it.
    journey.apply(&["--until", "prepare"]).expect(0);
    no_violation(lab);
}

#[test]
fn a_run_stops_when_a_fact_moves_between_two_steps() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let before = stored(lab, "hq");
    let rows = [
        SECURITY,
        NODES,
        OTHER_PURPOSE,
        REPLICATION,
        RELEASE,
        SINGLE_SIGN_ON,
    ];
    let mut go_on = journey.words(&[]);
    for (row, number) in rows.into_iter().zip(UPLOAD..) {
        let world = Arc::clone(lab.world());
        let strike = move || assert!(world.change_cluster("hq", row.change));
        lab.at_change(number, When::AfterActing, Box::new(strike));
        let stopped = crate::support::reissue(lab, &go_on);
        assert_eq!(stopped.code, 7, "{}\n{}", row.says, super::said(&stopped));
        says(&stopped, &[row.says, "Put it back"]);
        assert_eq!(
            lab.changes(),
            number,
            "{}: nothing more was written",
            row.says
        );
        // Still there: it stops again before its first step.
        says(&journey.resume(&[]).expect(7), &[row.says]);
        assert_eq!(
            lab.changes(),
            number,
            "{}: nothing more was written",
            row.says
        );
        assert!(lab.change_cluster("hq", row.back));
        go_on = vec!["resume".to_owned()];
    }
    journey.resume(&[]).expect(0);
    renewed(lab, "hq", &before);
    no_violation(lab);
    restarted_once(lab, 6);
}

#[test]
fn a_request_that_somebody_replaced_stops_the_run() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let before = stored(lab, "hq");
    journey.apply(&["--until", "request"]).expect(0);
    lab.foreign_request("hq", &publisher("hq"), "tomcat")
        .unwrap();
    let changes = lab.changes();
    says(
        &journey.resume(&[]).expect(7),
        &["tomcat request", "cucm-pub"],
    );
    assert_eq!(lab.changes(), changes, "nothing more was written");
    assert_eq!(stored(lab, "hq"), before);
    assert!(changes < TOMCAT);
}
