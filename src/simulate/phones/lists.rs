//! When a phone takes what it is offered: a pure reading of what it holds and of what the cluster's servers offer and
//! run. Source: claims PHONE-ACCEPTS, PHONE-ITL-CONTENT, PHONE-TVS-KNOWS, PHONE-ITL-ON-START.

/// Which of a node's successive certificates: 0 is the one observed, every upload adds one.
pub(super) type Turn = u16;

/// A server by its place among the cluster's call-processing nodes.
pub(super) type Place = usize;

/// An initial trust list (ITL): one file server's CallManager certificate, and every TVS certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List {
    /// The file server, and its CallManager certificate, with which it signs.
    pub(super) call_manager: (Place, Turn),
    /// TVS certificates by server; `None` where a server has none.
    pub(super) tvs: Vec<Option<Turn>>,
}

/// A certificate trust list (CTL): CallManager certificates by server.
pub(super) type TrustListed = Vec<Turn>;

/// One call-processing node as phones see it.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each may hold with each of the others"
)]
pub(super) struct Server {
    /// Whether it offers files.
    pub(super) serves_files: bool,
    /// Whether its TVS runs.
    pub(super) verifies: bool,
    /// The CallManager certificate that it stores.
    pub(super) call_manager: Turn,
    /// The TVS certificate that it stores.
    pub(super) tvs: Option<Turn>,
    /// The lists that it may offer: one, or the former one as well while nobody saw the later one in effect.
    pub(super) offers: Vec<List>,
    /// The TVS certificates that its service may have loaded; the last one is what it has in the end.
    pub(super) answers_with: Vec<Turn>,
    /// The CallManager certificates that call processing may present.
    pub(super) presents: Vec<Turn>,
    /// Whether its TVS certificate is in flight.
    pub(super) tvs_in_flight: bool,
    /// Whether its TVS restarts.
    pub(super) tvs_restarts: bool,
}

/// Who signs lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListSigner {
    /// `ITLRecovery`, which no plan changes, and which these phones are known to hold: from 12.0 on.
    KnownRecovery,
    /// `ITLRecovery`, but how old the phones' lists are is unknown.
    UnknownRecovery,
    /// The file server's CallManager: before 12.0.
    CallManager,
}

/// By which ways a phone takes everything that it may be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ways {
    /// It knows every signer.
    pub(super) signer: bool,
    /// A TVS that it knows answers.
    pub(super) tvs: bool,
}

/// Why a phone refuses what it is offered: it is stranded then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The list.
    List,
    /// The configuration file.
    File,
}

/// Some phones: every list that one of them may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    /// Who signs lists, for them.
    pub(super) signer: ListSigner,
    /// The lists.
    pub(super) lists: Vec<List>,
    /// Certificate trust lists; empty where the cluster is not in mixed mode.
    pub(super) trust_lists: Vec<TrustListed>,
}

/// The TVS certificate with which each server answers for sure; `None` where it does not. Where no other can answer, a
/// restart of the only one lets phones wait and no more; a change of its certificate does not pass.
pub(super) fn answering(servers: &[Server]) -> Vec<Option<Turn>> {
    let only = servers.iter().filter(|server| server.verifies).count() == 1;
    let certain = |server: &Server| {
        let up = server.verifies && !server.tvs_in_flight && (only || !server.tvs_restarts);
        let (last, former) = server.answers_with.split_last()?;
        (up && former.iter().all(|turn| turn == last)).then_some(*last)
    };
    servers.iter().map(certain).collect()
}

/// Whether one of those answers that a list names.
pub(super) fn verifies(answering: &[Option<Turn>], list: &List) -> bool {
    let mut pairs = answering.iter().zip(&list.tvs);
    pairs.any(|(answers, named)| answers.is_some() && answers == named)
}

/// Whether phones that are reset now take the list and the configuration file of whichever server answers them.
pub(super) fn accepts(servers: &[Server], holding: &Holding) -> Result<Ways, Refusal> {
    let answering = answering(servers);
    let all_verify = holding.lists.iter().all(|list| verifies(&answering, list));
    let listed = |place: Place, turn: Turn| {
        let lists = &holding.trust_lists;
        !lists.is_empty() && lists.iter().all(|list| list.get(place) == Some(&turn))
    };
    let mut ways = Ways {
        signer: true,
        tvs: all_verify,
    };
    for (place, server) in servers.iter().enumerate() {
        for offer in server.offers.iter().filter(|_| server.serves_files) {
            let held = |list: &List| list.call_manager == offer.call_manager;
            let (signed_at, signed_with) = offer.call_manager;
            let knows = match holding.signer {
                ListSigner::KnownRecovery => true,
                ListSigner::UnknownRecovery => false,
                ListSigner::CallManager => {
                    holding.lists.iter().all(held) || listed(signed_at, signed_with)
                }
            };
            if !knows && !all_verify {
                return Err(Refusal::List);
            }
            // The file may be signed with what the server stores, though its list is older: nobody documents when it
            // changes over.
            let stored = server.call_manager;
            let knows_file = stored == signed_with || listed(place, stored);
            let tvs = verifies(&answering, offer);
            if !knows_file && !tvs {
                return Err(Refusal::File);
            }
            ways.signer &= knows && knows_file;
            ways.tvs &= tvs;
        }
    }
    Ok(ways)
}
