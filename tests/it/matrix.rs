//! Every purpose of every product, release and distribution, in clusters with and without secure phones: planned, proved
//! and carried out on the lab, which judges.

use reissue_lab::{Lab, LabConfig};

use crate::renewal::{InEffect, apply_words, in_effect, marked, side_by_side};
use crate::support::{lab, no_violation, reissue};

/// One cell of the matrix.
#[derive(Clone, Debug)]
pub struct Cell {
    pub product: &'static str,
    pub purposes: Vec<&'static str>,
    pub release: &'static str,
    pub shared: bool,
    pub mixed: bool,
    pub reuse: bool,
}

pub const RELEASES: [&str; 4] = [
    "12.5.1.11900-146",
    "14.0.1.10000-20",
    "14.0.1.13900-155",
    "15.0.1.12900-234",
];

pub const CUCM: [&str; 7] = [
    "tomcat",
    "tomcat-ECDSA",
    "ipsec",
    "CAPF",
    "CallManager",
    "CallManager-ECDSA",
    "TVS",
];

pub const PRESENCE: [&str; 9] = [
    "tomcat",
    "tomcat-ECDSA",
    "ipsec",
    "cup",
    "cup-ECDSA",
    "cup-xmpp",
    "cup-xmpp-ECDSA",
    "cup-xmpp-s2s",
    "cup-xmpp-s2s-ECDSA",
];

pub const UNITY: [&str; 3] = ["tomcat", "tomcat-ECDSA", "ipsec"];

/// Purposes of which one certificate may serve several nodes. Source: cucm-certificate-rules §1.
fn can_be_shared(product: &str, purpose: &str) -> bool {
    match product {
        "cucm" => purpose.starts_with("tomcat") || purpose.starts_with("CallManager"),
        "im-presence" => purpose.starts_with("tomcat") || purpose.starts_with("cup-xmpp"),
        _ => purpose.starts_with("tomcat"),
    }
}

/// What phones hold: only there does it matter whether they are secure.
fn is_of_phones(purpose: &str) -> bool {
    ["CAPF", "CallManager", "TVS"]
        .iter()
        .any(|of| purpose.starts_with(of))
}

/// The cells with one purpose each.
fn single() -> Vec<Cell> {
    let mut cells = Vec::new();
    let products: [(&str, &[&'static str]); 3] = [
        ("cucm", &CUCM),
        ("im-presence", &PRESENCE),
        ("unity-connection", &UNITY),
    ];
    for (product, purposes) in products {
        for purpose in purposes {
            for release in RELEASES {
                for shared in [false, true] {
                    let possible = !release.starts_with("12") && can_be_shared(product, purpose);
                    if shared && !possible {
                        continue;
                    }
                    for mixed in [false, true] {
                        if mixed && !is_of_phones(purpose) {
                            continue;
                        }
                        // Alone it is refused there: nobody could read the trust list back.
                        let beside =
                            (mixed && *purpose == "CallManager-ECDSA").then_some("CallManager");
                        cells.push(Cell {
                            product,
                            purposes: beside.into_iter().chain([*purpose]).collect(),
                            release,
                            shared,
                            mixed,
                            reuse: false,
                        });
                    }
                }
            }
        }
    }
    cells
}

/// The cells in which every purpose of a product is due at once, and those with reuse.
fn together() -> Vec<Cell> {
    let mut cells = Vec::new();
    for release in RELEASES {
        for mixed in [false, true] {
            cells.push(Cell {
                product: "cucm",
                purposes: CUCM.to_vec(),
                release,
                shared: false,
                mixed,
                reuse: false,
            });
        }
        for (product, purposes) in [
            ("im-presence", PRESENCE.to_vec()),
            ("unity-connection", UNITY.to_vec()),
        ] {
            cells.push(Cell {
                product,
                purposes,
                release,
                shared: false,
                mixed: false,
                reuse: false,
            });
        }
    }
    for release in RELEASES
        .into_iter()
        .filter(|release| !release.starts_with("12"))
    {
        for mixed in [false, true] {
            cells.push(Cell {
                product: "cucm",
                purposes: vec!["tomcat"],
                release,
                shared: true,
                mixed,
                reuse: true,
            });
        }
    }
    cells
}

impl Cell {
    pub fn row(&self) -> String {
        format!(
            "{:<17} {:<18} {:<12} {}{}{}",
            self.product,
            self.release,
            if self.shared {
                "multi-server"
            } else {
                "this-server"
            },
            if self.mixed {
                "mixed mode  "
            } else {
                "non-secure  "
            },
            self.purposes.join(", "),
            if self.reuse {
                " (reused for CallManager)"
            } else {
                ""
            }
        )
    }

    fn lab(&self) -> Lab {
        lab(|config| self.found(config))
    }

    /// What the lab of this cell is like.
    pub fn found(&self, config: &mut LabConfig) {
        self.release.clone_into(&mut config.release);
        config.subscribers = 1;
        config.multi_server = self.shared;
        config.mixed_mode = self.mixed;
        config.reuse = self.reuse;
        config.purposes = self
            .purposes
            .iter()
            .map(|purpose| (*purpose).to_owned())
            .collect();
        config.secure_phones = if self.mixed { 4 } else { 0 };
        match self.product {
            "im-presence" => config.presence = 2,
            "unity-connection" => config.unity = 2,
            _ => {}
        }
    }

    /// Plans, applies with a person who does what the plan asks, verifies, and plans again.
    fn run(&self) {
        let lab = self.lab();
        let before = in_effect(&lab);
        let file = lab.dir().join("plan.json").display().to_string();
        let planned = reissue(&lab, ["plan", "-o", &file]).expect(0);
        let words =
            apply_words(&planned).unwrap_or_else(|| panic!("nothing is due: {}", planned.out));
        let mut ended = reissue(&lab, &words);
        let accepted: Vec<&String> = words
            .iter()
            .skip_while(|word| *word != "--accept")
            .collect();
        for _ in 0..8 {
            if ended.code != 6 {
                break;
            }
            let step = marked(&ended).unwrap_or_else(|| panic!("{}{}", ended.out, ended.err));
            reissue(&lab, ["mark", &step, "--done", "--why", "done by hand"]).expect(0);
            let resume = ["resume".to_owned()];
            ended = reissue(&lab, resume.iter().chain(accepted.iter().copied()));
        }
        ended.expect(0);
        self.judge(&lab, &before);
    }

    /// What must be true at the end: nothing else is due, what was wanted is in effect, every phone is there, and the lab
    /// has nothing to complain of.
    pub fn judge(&self, lab: &Lab, before: &InEffect) {
        no_violation(lab);
        reissue(lab, ["verify"]).expect(0);
        let again = reissue(lab, ["plan"]).expect(0);
        assert!(
            apply_words(&again).is_none(),
            "a second plan is not empty: {}",
            again.out
        );
        let after = in_effect(lab);
        for purpose in &self.purposes {
            // Of CAPF only the publisher's is used; before release 14 the others have one that nobody asks for.
            let used = |node: &str| *purpose != "CAPF" || node.starts_with("cucm-pub");
            let of = |all: &InEffect| -> InEffect {
                all.iter()
                    .filter(|(node, held, _)| held == purpose && used(node))
                    .cloned()
                    .collect()
            };
            let (old, new) = (of(before), of(&after));
            assert!(
                !new.is_empty() && old.len() == new.len(),
                "{purpose}: {old:?} {new:?}"
            );
            assert!(
                old.is_disjoint(&new),
                "{purpose} is still in effect: {old:?} {new:?}"
            );
        }
        for cluster in ["hq", "hq-unity"] {
            lab.look_cluster(cluster, |cluster| {
                for phone in &cluster.phones {
                    assert!(
                        phone.registered && phone.stranded.is_none(),
                        "{} did not come back",
                        phone.name
                    );
                }
            });
        }
    }
}

/// Runs cells beside each other.
fn run_all(cells: Vec<Cell>) {
    side_by_side(cells, Cell::row, Cell::run);
}

/// A slice of the matrix that every run takes: each product, each way of changing certificates, phones of both kinds.
#[test]
fn a_slice_of_the_matrix_ends_converged_and_without_a_violation() {
    let cell = |product, purposes: &[&'static str], release, shared, mixed| Cell {
        product,
        purposes: purposes.to_vec(),
        release,
        shared,
        mixed,
        reuse: false,
    };
    run_all(vec![
        cell(
            "cucm",
            &["ipsec", "CallManager", "TVS"],
            RELEASES[0],
            false,
            true,
        ),
        cell(
            "cucm",
            &["tomcat", "CallManager", "CAPF"],
            RELEASES[3],
            true,
            true,
        ),
        cell(
            "im-presence",
            &["cup", "cup-xmpp-ECDSA"],
            RELEASES[2],
            false,
            false,
        ),
        cell(
            "unity-connection",
            &["tomcat", "ipsec"],
            RELEASES[1],
            false,
            false,
        ),
    ]);
}

/// The cells of the releases whose certificates are changed in the shell, or of the others.
fn whole(by_shell: bool) -> Vec<Cell> {
    let mut cells = together();
    cells.extend(single());
    cells.retain(|cell| cell.release.starts_with("12") == by_shell);
    cells
}

#[test]
#[ignore = "a long sweep: cargo matrix"]
fn the_whole_matrix_before_release_14_ends_converged_and_without_a_violation() {
    run_all(whole(true));
}

#[test]
#[ignore = "a long sweep: cargo matrix"]
fn the_whole_matrix_from_release_14_on_ends_converged_and_without_a_violation() {
    run_all(whole(false));
}
