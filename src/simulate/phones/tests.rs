//! Table tests of what phones take.

use super::lists::*;

const NEW: Turn = 1;

/// A list of the file server 0 that names some TVS certificates.
fn list(signer: Turn, tvs: &[Turn]) -> List {
    List {
        call_manager: (0, signer),
        tvs: tvs.iter().copied().map(Some).collect(),
    }
}

/// A server that serves files and verifies, as it was observed among so many.
fn server(place: Place, servers: usize) -> Server {
    Server {
        serves_files: place == 0,
        verifies: true,
        tvs: Some(0),
        offers: vec![list(0, &vec![0; servers])],
        answers_with: vec![0],
        presents: vec![0],
        ..Server::default()
    }
}

fn holding(signer: ListSigner, servers: usize) -> Holding {
    Holding {
        signer,
        lists: vec![list(0, &vec![0; servers])],
        trust_lists: vec![],
    }
}

type Change = fn(&mut Vec<Server>);

/// A case: its name, who signs lists, how many servers there are, what changes, and how phones fare.
type Row = (
    &'static str,
    ListSigner,
    usize,
    Change,
    Result<Ways, Refusal>,
);

const BOTH_WAYS: Result<Ways, Refusal> = Ok(Ways {
    signer: true,
    tvs: true,
});
const BY_SIGNER: Result<Ways, Refusal> = Ok(Ways {
    signer: true,
    tvs: false,
});
const BY_TVS: Result<Ways, Refusal> = Ok(Ways {
    signer: false,
    tvs: true,
});

fn signs_anew(servers: &mut [Server]) {
    servers[0].call_manager = NEW;
    servers[0].offers = vec![list(NEW, &vec![0; servers.len()])];
}

fn verifiers_change(servers: &mut [Server]) {
    for server in servers {
        server.tvs_in_flight = true;
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn phones_take_what_they_can_verify() {
    use ListSigner::{CallManager, KnownRecovery, UnknownRecovery};
    let nothing: Change = |_| {};
    let stored: Change = |servers| servers[0].call_manager = NEW;
    let offered: Change = |servers| signs_anew(servers);
    let verifiers: Change = |servers| verifiers_change(servers);
    let both: Change = |servers| {
        servers[0].call_manager = NEW;
        verifiers_change(servers);
    };
    let both_offered: Change = |servers| {
        signs_anew(servers);
        verifiers_change(servers);
    };
    let restarting: Change = |servers| servers[0].tvs_restarts = true;
    let stored_and_restarting: Change = |servers| {
        servers[0].call_manager = NEW;
        servers[0].tvs_restarts = true;
    };
    let none_runs: Change = |servers| {
        for server in servers {
            server.verifies = false;
        }
    };
    let rows: [Row; 16] = [
        ("nothing changed", KnownRecovery, 2, nothing, BOTH_WAYS),
        (
            "nothing changed, age unknown",
            UnknownRecovery,
            2,
            nothing,
            BY_TVS,
        ),
        ("a new signer is stored", KnownRecovery, 2, stored, BY_TVS),
        (
            "a new signer is offered",
            KnownRecovery,
            2,
            offered,
            BOTH_WAYS,
        ),
        (
            "a new signer is offered, age unknown",
            UnknownRecovery,
            2,
            offered,
            BY_TVS,
        ),
        (
            "before 12.0 a new signer is offered",
            CallManager,
            2,
            offered,
            BY_TVS,
        ),
        ("TVS changes", KnownRecovery, 2, verifiers, BY_SIGNER),
        (
            "TVS changes, age unknown",
            UnknownRecovery,
            2,
            verifiers,
            Err(Refusal::List),
        ),
        (
            "before 12.0 TVS changes",
            CallManager,
            2,
            verifiers,
            BY_SIGNER,
        ),
        ("both change", KnownRecovery, 2, both, Err(Refusal::File)),
        (
            "before 12.0 both change",
            CallManager,
            2,
            both_offered,
            Err(Refusal::List),
        ),
        (
            "one TVS of two restarts",
            UnknownRecovery,
            2,
            restarting,
            BY_TVS,
        ),
        (
            "the only TVS restarts",
            UnknownRecovery,
            1,
            restarting,
            BY_TVS,
        ),
        (
            "the only TVS restarts under a new signer",
            KnownRecovery,
            1,
            stored_and_restarting,
            BY_TVS,
        ),
        ("no TVS runs", KnownRecovery, 2, none_runs, BY_SIGNER),
        (
            "no TVS runs, age unknown",
            UnknownRecovery,
            2,
            none_runs,
            Err(Refusal::List),
        ),
    ];
    for (name, signer, count, change, expected) in rows {
        let mut servers: Vec<Server> = (0..count).map(|place| server(place, count)).collect();
        change(&mut servers);
        assert_eq!(
            accepts(&servers, &holding(signer, count)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_trust_list_names_signers_too() {
    let mut servers = vec![server(0, 1)];
    servers[0].call_manager = NEW;
    servers[0].verifies = false;
    let mut held = holding(ListSigner::KnownRecovery, 1);
    assert_eq!(accepts(&servers, &held), Err(Refusal::File));
    held.trust_lists = vec![vec![NEW]];
    assert_eq!(accepts(&servers, &held), BY_SIGNER);
    // One that may still hold the former list does not know it.
    held.trust_lists.push(vec![0]);
    assert_eq!(accepts(&servers, &held), Err(Refusal::File));
}

#[test]
fn the_oldest_and_the_newest_list_count() {
    let mut servers: Vec<Server> = (0..2).map(|place| server(place, 2)).collect();
    servers[0].tvs = Some(NEW);
    servers[0].answers_with = vec![NEW];
    let old = list(0, &[0, 0]);
    let new = list(0, &[NEW, 0]);
    assert!(verifies(&answering(&servers), &old) && verifies(&answering(&servers), &new));
    servers[1].tvs_in_flight = true;
    assert!(!verifies(&answering(&servers), &old) && verifies(&answering(&servers), &new));
    servers[0].answers_with = vec![0, NEW];
    assert!(
        !verifies(&answering(&servers), &new),
        "which of the two answers is not known"
    );
}
