//! A procedure as text: what is done, where, in which order, and where each line comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::{
    Appliance, ClaimId, ControlPath, Gate, KeyAlgorithm, NodeSelection, PhoneRule, Procedure,
    Proof, RestartRule, RestartSet, SourcedText,
};
use crate::playbook::{Claim, range_words};

use super::words::{clean, duration, list, wrapped};

type Claims = BTreeMap<ClaimId, Claim>;

/// Every procedure in one line: what it is for, where its chain goes, its restart variants.
pub fn playbook_list(procedures: &[Procedure]) -> String {
    let mut text = String::new();
    for procedure in procedures {
        let stores: Vec<&str> = procedure
            .stores
            .iter()
            .map(|rule| rule.store.as_str())
            .collect();
        let variants: BTreeSet<&str> = procedure
            .restarts
            .iter()
            .map(|set| set.variant.as_str())
            .collect();
        let variants: Vec<&str> = variants.into_iter().collect();
        let what = if procedure.assess_only.is_some() {
            "only assessed, never planned".to_owned()
        } else {
            format!(
                "chain to {}; restarts: {}",
                stores.join(", "),
                variants.join(", ")
            )
        };
        let first = format!(
            "{:<17} {:<19}",
            procedure.appliance.to_string(),
            clean(procedure.purpose.as_str())
        );
        text.push_str(&wrapped(&first, &what));
    }
    text
}

/// One procedure in full, with its sources spelled out and the evidence of every belief that it rests on.
pub fn playbook(procedure: &Procedure, claims: &Claims) -> String {
    let title = format!("{} on {} nodes", procedure.purpose, procedure.appliance);
    let mut text = wrapped("", &title);
    if let Some(recovery) = &procedure.assess_only {
        heading(&mut text, "ONLY ASSESSED: no plan renews it");
        sourced(&mut text, "  ", &recovery.text, &recovery.source);
    } else {
        before(&mut text, procedure);
        request(&mut text, procedure);
        if let Some(phones) = &procedure.phones {
            phone_rules(&mut text, phones, claims);
        }
        restarts(&mut text, procedure, claims);
        proofs(&mut text, procedure);
    }
    heading(&mut text, "FOR PEOPLE");
    for reminder in &procedure.reminders {
        sourced(&mut text, "  - ", &reminder.text, &reminder.source);
    }
    heading(&mut text, "NO WAY BACK");
    let SourcedText { text: says, source } = &procedure.irreversible;
    sourced(&mut text, "  ", says, source);
    heading(&mut text, "SOURCES");
    for (tag, title) in &procedure.sources {
        text.push_str(&wrapped(&format!("  {tag:<9} "), title));
    }
    beliefs(&mut text, procedure, claims);
    text
}

fn heading(text: &mut String, words: &str) {
    let _ = writeln!(text, "\n{words}");
}

/// A sentence with its source behind it.
fn sourced(text: &mut String, first: &str, says: &str, source: &str) {
    text.push_str(&wrapped(first, &format!("{says} [{source}]")));
}

fn before(text: &mut String, procedure: &Procedure) {
    heading(text, "BEFORE THE FIRST WRITE");
    for rule in &procedure.preconditions {
        let holds = match rule.gate {
            Gate::SsoDisabled => "SAML single sign-on is off on every node",
            Gate::BackupIdle => "no backup or restore runs",
            Gate::ReplicationGood => "database replication is good on every node",
            Gate::PlatformServicesUp => {
                "the services that spread requests and certificates run on every node"
            }
        };
        sourced(text, "  - ", holds, &rule.source);
    }
    heading(text, "TRUST, root first");
    for rule in &procedure.stores {
        let spreads = if rule.replicated {
            "one upload spreads by itself, and every node is read back"
        } else {
            "each node has an upload of its own, and is read back"
        };
        let at = selection(rule.nodes, "of the cluster");
        let says = format!("{} on {at}: {spreads}", rule.store);
        sourced(text, "  - ", &says, &rule.source);
    }
}

fn request(text: &mut String, procedure: &Procedure) {
    heading(text, "REQUEST AND UPLOAD");
    let covers = if procedure.multi_server {
        "one certificate for each node, or one for several"
    } else {
        "one certificate for each node"
    };
    text.push_str(&wrapped(
        "  - ",
        &format!("hash {}; {covers}", procedure.hash),
    ));
    for rule in &procedure.usages {
        let says = format!(
            "release {}: at least {}; extended {}",
            range_words(&rule.releases),
            list(&rule.key_usage),
            list(&rule.extended_usage)
        );
        sourced(text, "  - ", &says, &rule.source);
    }
}

fn phone_rules(text: &mut String, phones: &PhoneRule, claims: &Claims) {
    heading(text, "PHONES");
    let mut rules = vec![
        "phones hold it: nothing else that they hold is renewed at the same time, and once the services have \
         restarted every phone is reset and waited for"
            .to_owned(),
    ];
    if phones.ctl {
        rules.push(
            "in mixed mode the certificate trust list is updated on the publisher after the uploads and before the \
             restarts"
                .to_owned(),
        );
    }
    rules.push(format!(
        "the upload itself resets phones: {}",
        range_words(&phones.upload_resets)
    ));
    if phones.one_stays {
        rules.push(
            "with several nodes the publisher changes first, and the others when every phone is back".to_owned(),
        );
    }
    for rule in rules {
        text.push_str(&wrapped("  - ", &rule));
    }
    basis(text, "    ", &phones.source, &phones.claims, claims);
}

fn restarts(text: &mut String, procedure: &Procedure, claims: &Claims) {
    let attended = !procedure.attended.is_empty();
    if attended {
        heading(text, "BY HAND BEFORE THE FIRST RESTART");
        for rule in &procedure.attended {
            let says = format!("from {} nodes on: {}", rule.from_nodes, rule.before);
            sourced(text, "  - ", &says, &rule.source);
        }
    }
    let mut told = Vec::new();
    for set in &procedure.restarts {
        restart_set(text, procedure.appliance, set);
        for rule in &set.services {
            // What another set restarts in the same way is told once.
            if !told.contains(&rule) {
                restart(text, rule, claims);
                told.push(rule);
            }
        }
    }
    if attended {
        heading(text, "BY HAND AFTER THE LAST RESTART");
        for rule in &procedure.attended {
            let says = format!("from {} nodes on: {}", rule.from_nodes, rule.after);
            sourced(text, "  - ", &says, &rule.source);
        }
    }
}

fn restart_set(text: &mut String, appliance: Appliance, set: &RestartSet) {
    let variant = clean(&set.variant);
    heading(
        text,
        &format!(
            "RESTARTS `{variant}`, release {}",
            range_words(&set.releases)
        ),
    );
    if let Some(note) = &set.note {
        text.push_str(&wrapped("  ", note));
    }
    text.push_str(
        "  Only what runs there, one node after the other, each when the last is healthy:\n",
    );
    for (place, kind) in kinds(appliance) {
        let services: Vec<&str> = set
            .services
            .iter()
            .filter(|rule| kind.contains(&rule.nodes))
            .map(|rule| rule.service.as_str())
            .collect();
        if !services.is_empty() {
            text.push_str(&wrapped(
                &format!("  {place:<26} "),
                &services.join(", then "),
            ));
        }
    }
}

fn restart(text: &mut String, rule: &RestartRule, claims: &Claims) {
    let by = match rule.by {
        ControlPath::Shell => "in the shell",
        ControlPath::ControlCenter => "by Control Center",
        ControlPath::Peer => "by its own interface",
    };
    let says = format!(
        "{} on {}, {by}, about {}",
        rule.service,
        selection(rule.nodes, "of this kind"),
        duration(rule.takes)
    );
    text.push_str(&wrapped("  * ", &says));
    let outage = if rule.outage.is_empty() {
        "nothing that users notice"
    } else {
        &rule.outage
    };
    text.push_str(&wrapped("      meanwhile   ", outage));
    basis(text, "      ", &rule.source, &rule.claims, claims);
}

/// Where a line comes from, and how well what it rests on is supported.
fn basis(text: &mut String, indent: &str, source: &str, rests_on: &[ClaimId], claims: &Claims) {
    text.push_str(&wrapped(&format!("{indent}source      "), source));
    let named: Vec<String> = rests_on
        .iter()
        .map(|id| format!("{id} ({})", evidence(id, claims)))
        .collect();
    text.push_str(&wrapped(
        &format!("{indent}rests on    "),
        &named.join(", "),
    ));
}

fn evidence(id: &ClaimId, claims: &Claims) -> String {
    claims
        .get(id)
        .map_or_else(|| "assumed".to_owned(), |claim| claim.evidence.to_string())
}

fn proofs(text: &mut String, procedure: &Procedure) {
    heading(text, "PROOF");
    for rule in &procedure.proof {
        let says = match &rule.by {
            Proof::Port { port, key, always } => {
                let key = match key {
                    KeyAlgorithm::Rsa => "RSA",
                    KeyAlgorithm::Ec => "elliptic-curve",
                    KeyAlgorithm::Other => "other",
                };
                let counts = if *always {
                    "always"
                } else {
                    "where it presented the former certificate"
                };
                format!("port {port} presents it to a client with {key} keys; counts {counts}")
            }
            Proof::Service(service) => {
                format!("{service} started after the upload; counts where it restarts")
            }
        };
        sourced(text, "  - ", &says, &rule.source);
    }
}

fn beliefs(text: &mut String, procedure: &Procedure, claims: &Claims) {
    let named = rests_on(procedure);
    if named.is_empty() {
        return;
    }
    heading(text, "WHAT IT RESTS ON");
    for id in named {
        let says = claims
            .get(id)
            .map_or("not in the ledger", |claim| claim.says.as_str());
        let sentence = format!("{id} ({}): {says}", evidence(id, claims));
        text.push_str(&wrapped("  ", &sentence));
    }
}

/// The beliefs that a procedure names.
pub fn rests_on(procedure: &Procedure) -> BTreeSet<&ClaimId> {
    let restarts = procedure.restarts.iter().flat_map(|set| &set.services);
    let phones = procedure.phones.iter().flat_map(|phones| &phones.claims);
    restarts
        .flat_map(|rule| &rule.claims)
        .chain(phones)
        .collect()
}

fn selection(nodes: NodeSelection, whole: &str) -> String {
    match nodes {
        NodeSelection::All => format!("every node {whole}"),
        NodeSelection::Publisher => "the publisher".to_owned(),
        NodeSelection::Subscribers => "every subscriber".to_owned(),
        NodeSelection::ImPresence => "every presence node".to_owned(),
        NodeSelection::PresencePublisher => "the presence publisher".to_owned(),
        NodeSelection::CallProcessing => "the publisher and every subscriber".to_owned(),
    }
}

/// The kinds of node that run some software, in the order of their turn, with the selections that hold them.
fn kinds(appliance: Appliance) -> &'static [(&'static str, &'static [NodeSelection])] {
    use NodeSelection::{
        All, CallProcessing, ImPresence, PresencePublisher, Publisher, Subscribers,
    };
    match appliance {
        Appliance::Cucm | Appliance::UnityConnection => &[
            ("publisher", &[All, CallProcessing, Publisher]),
            ("each subscriber", &[All, CallProcessing, Subscribers]),
        ],
        Appliance::ImPresence => &[
            ("presence publisher", &[All, ImPresence, PresencePublisher]),
            ("each other presence node", &[All, ImPresence]),
        ],
        Appliance::ExpresswayC | Appliance::ExpresswayE => &[("each peer", &[All])],
    }
}

#[cfg(test)]
#[path = "playbook_tests.rs"]
mod tests;
