//! What is said of each class: violations when it is stranded, and a section of the proof.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{NodeName, StepId};
use crate::plan::Step;

use super::class::{PhoneClass, Presence};
use super::lists::{Refusal, accepts, answering, verifies};
use super::{Looked, Member, Phones};
use crate::simulate::Judge;
use crate::simulate::catalogue::PhonePart;
use crate::simulate::world::World;

/// What the proof says of one class of phones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassProof {
    /// The class.
    #[serde(flatten)]
    pub class: PhoneClass,
    /// How many phones it has; 0 where nobody could count them.
    pub phones: usize,
    /// What these phones hold when the plan begins.
    pub holds: Holds,
    /// How many states they were judged in, each with a reset at that moment.
    pub states: usize,
    /// In how many of them they know the signer of everything that they are offered.
    pub by_signer: usize,
    /// In how many of them a TVS that they know answers for what they do not know.
    pub by_tvs: usize,
    /// Where they are stranded, if they are.
    pub stranded: Option<Stranded>,
    /// All of it in one sentence.
    pub says: String,
}

/// What a class of phones holds when the plan begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holds {
    /// Signers in the ITL.
    pub itl_signers: Vec<String>,
    /// TVS certificates in the ITL, by node: SHA-256.
    pub itl_tvs: BTreeMap<NodeName, String>,
    /// Signers in the CTL; empty where the cluster is not in mixed mode.
    pub ctl_signers: Vec<String>,
}

/// From where on a class of phones takes nothing that the cluster offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stranded {
    /// The first step after whose beginning a reset strands them; `None`: before the first step.
    pub step: Option<StepId>,
    /// Why.
    pub why: String,
}

impl Phones<'_> {
    /// Judges every class in this state, as if it were reset now.
    pub(in crate::simulate) fn judge(
        &mut self,
        judge: &mut Judge<'_>,
        world: &World<'_>,
        step: Option<&Step>,
    ) {
        self.states += 1;
        if self.moved {
            let before = self.last.answered;
            self.last = self.look();
            self.moved = false;
            self.keeps_one(judge, world, step, before);
        }
        let last = self.last;
        for member in &mut self.members {
            judge.extent.checks += 1;
            let held = match member.class.presence {
                Presence::Registered => last.online,
                Presence::Absent | Presence::Waived | Presence::Unknown => last.absent,
            };
            let unheard = member.class.presence == Presence::Registered
                && member.class.signals_by_tls()
                && !last.signalling;
            match held {
                Ok(ways) if !unheard => {
                    member.by_signer += usize::from(ways.signer);
                    member.by_tvs += usize::from(ways.tvs);
                }
                Ok(_) => strand(judge, member, step, SIGNALLING, LIST_FIRST),
                Err(refusal) => strand(judge, member, step, why(refusal), ORDER),
            }
        }
    }

    fn look(&self) -> Looked {
        let listed = |place: usize, turn: u16| {
            let lists = self.trust_lists.iter();
            lists.clone().all(|list| list.get(place) == Some(&turn))
        };
        let signalling = self.servers.iter().enumerate().all(|(place, server)| {
            let new = server
                .presents
                .iter()
                .filter(|turn| **turn == server.call_manager);
            let mut new = new.filter(|turn| **turn > 0);
            new.all(|turn| listed(place, *turn))
        });
        let answering = answering(&self.servers);
        let mut lists = self.online.lists.iter();
        let answered = lists.all(|list| verifies(&answering, list));
        Looked {
            online: accepts(&self.servers, &self.online),
            absent: accepts(&self.servers, &self.absent),
            signalling,
            answered,
        }
    }

    /// I3: while a TVS certificate changes, another one that phones know stays and answers.
    fn keeps_one(
        &self,
        judge: &mut Judge<'_>,
        world: &World<'_>,
        step: Option<&Step>,
        before: bool,
    ) {
        let several = self.servers.iter().filter(|server| server.verifies).count() > 1;
        let changes = world
            .pass
            .as_ref()
            .is_some_and(|pass| pass.part == PhonePart::Tvs);
        let registered = self.members.iter();
        let registered = registered
            .filter(|member| member.class.presence == Presence::Registered)
            .map(|member| member.phones)
            .sum::<usize>();
        if !several || !changes || registered == 0 || !before {
            return;
        }
        judge.require(self.last.answered, "I3", step, &[], || {
            (
                format!("no TVS answers any more that every list of the {registered} registered phones names: while one node changes its TVS certificate another that phones know must keep its own"),
                "Change the publisher's TVS first; on releases before 14 restart Cisco Tftp on every node that runs it, so that all lists name the new one; reset the phones, see them back, and change the other nodes then.".to_owned(),
            )
        });
    }

    /// The section of the proof.
    pub(in crate::simulate) fn proofs(&self, world: &World<'_>) -> Vec<ClassProof> {
        let holds = self.holds(world);
        let members = self.members.iter();
        members
            .map(|member| ClassProof {
                class: member.class.clone(),
                phones: member.phones,
                holds: holds.clone(),
                states: self.states,
                by_signer: member.by_signer,
                by_tvs: member.by_tvs,
                stranded: member.stranded.clone(),
                says: self.sentence(member),
            })
            .collect()
    }

    fn holds(&self, world: &World<'_>) -> Holds {
        let certificate = |name: &NodeName, purpose: &str| {
            let node = world.seen.nodes.get(name)?;
            let held = node.identities.get(&purpose.into())?.present()?;
            Some(held.to_string())
        };
        let of_files = |(name, _): &(&&NodeName, _)| format!("CallManager of {name}");
        let pairs = || self.names.iter().zip(&self.servers);
        let files = pairs().filter(|(_, server)| server.serves_files);
        let recovery = self.by_recovery.then(|| "ITLRecovery".to_owned());
        let mixed = !self.trust_lists.is_empty();
        Holds {
            itl_signers: recovery
                .clone()
                .into_iter()
                .chain(files.map(|pair| of_files(&pair)))
                .collect(),
            itl_tvs: self
                .names
                .iter()
                .filter_map(|name| Some(((*name).clone(), certificate(name, "TVS")?)))
                .collect(),
            ctl_signers: recovery
                .into_iter()
                .chain(pairs().map(|pair| of_files(&pair)))
                .filter(|_| mixed)
                .collect(),
        }
    }

    fn sentence(&self, member: &Member) -> String {
        let who = format!("{} {}", member.phones, member.class.words());
        let who = match member.class.presence {
            Presence::Unknown => member.class.words(),
            Presence::Registered | Presence::Absent | Presence::Waived => who,
        };
        if let Some(stranded) = &member.stranded {
            let from = match &stranded.step {
                Some(step) => format!("from {step} on"),
                None => "from the beginning".to_owned(),
            };
            let by_hand = match member.class.presence {
                Presence::Waived => "; a person deletes their lists by hand when they come back",
                Presence::Registered | Presence::Absent | Presence::Unknown => "",
            };
            return format!("{who}: {from} {}{by_hand}", stranded.why);
        }
        let signer = if self.by_recovery {
            "the ITL signer (ITLRecovery) stays"
        } else {
            "they know the ITL signer (CallManager)"
        };
        let tvs = if member.by_tvs == self.states {
            "a TVS that they know answers at every step".to_owned()
        } else {
            format!(
                "a TVS that they know answers in {} of {} states",
                member.by_tvs, self.states
            )
        };
        match (member.class.presence, member.by_signer == self.states) {
            (Presence::Registered, true) => {
                format!(
                    "{who}: at every step {signer} and they know who signs configuration files; {tvs}"
                )
            }
            (Presence::Registered, false) => format!(
                "{who}: at every step {signer}; in {} of {} states they know who signs configuration files, and {tvs}",
                member.by_signer, self.states
            ),
            (Presence::Absent | Presence::Waived | Presence::Unknown, _) => {
                format!("{who}: how old their lists are is unknown; {tvs}")
            }
        }
    }
}

const SIGNALLING: &str = "they signal by TLS and call processing presents a CallManager certificate that their certificate trust list does not name: they stay `registering`";
const LIST_FIRST: &str = "In mixed mode update the trust list after the last CallManager upload and before the first restart.";
const ORDER: &str = "Finish CallManager first: restart, reset the phones of every device pool, see all of them back; only then change TVS, the publisher alone first, with its own reset and return of all phones before the other nodes.";

fn why(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::List => {
            "they refuse the trust list that they are offered: they do not know its signer, and no TVS whose certificate they hold answers for it"
        }
        Refusal::File => {
            "they refuse their configuration file: it may be signed by a CallManager certificate that their list does not name, and no TVS whose certificate they hold answers for it"
        }
    }
}

/// Notes the first state that strands a class; what is waived is reported and breaks nothing.
fn strand(
    judge: &mut Judge<'_>,
    member: &mut Member,
    step: Option<&Step>,
    why: &str,
    remedy: &str,
) {
    if member.stranded.is_some() {
        return;
    }
    member.stranded = Some(Stranded {
        step: step.map(|step| step.id.clone()),
        why: why.to_owned(),
    });
    let invariant = match (member.class.presence, step) {
        (Presence::Registered, _) => "I1",
        (Presence::Absent | Presence::Unknown, Some(_)) => "I4",
        // Waived, or so before the plan began: no step of it strands them.
        (Presence::Waived | Presence::Absent | Presence::Unknown, _) => return,
    };
    let remedy = match member.class.presence {
        Presence::Absent | Presence::Unknown => {
            "Bring these phones back first, or waive them by name with a reason and delete their lists by hand when they return."
        }
        Presence::Registered | Presence::Waived => remedy,
    };
    let says = format!(
        "{} {}: a reset here would strand them; {why}",
        member.phones,
        member.class.words()
    );
    judge.breaks(invariant, step, &[], says, remedy);
}
