//! Equal messages become one, with how often and when; and the requests near a failure tell its port.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::destination::Destination;
use super::event::{Action, Event, Sight, What, sights};
use super::field::shown;
use super::record::Record;

/// So many different messages are kept apart; further ones are only counted.
const MOST_KINDS: usize = 1000;
/// So many of the latest requests are remembered.
const REMEMBERED: usize = 256;
/// A request belongs to a failure that comes this soon after it.
const NEAR: SignedDuration = SignedDuration::from_secs(10);
/// The longest part of a record that is shown as evidence, in bytes.
const EXCERPT: usize = 400;
/// So many systems are named as writers of a message.
const MOST_WRITERS: usize = 16;
/// So many different ports are counted for one message.
const MOST_PORTS: usize = 16;

/// What tells messages apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    what: What,
    name: String,
    address: Option<String>,
    action: Action,
}

/// How often a port was the one asked for just before the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PortVote {
    /// The port.
    pub port: u16,
    /// So many of the failures came right after a request to it.
    pub failures: u64,
}

/// One message, however often it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// What it says.
    pub what: What,
    /// The server's name as it was verified; empty if it names none.
    pub name: String,
    /// The server's address.
    pub address: Option<String>,
    /// Whether the connection ended for it.
    pub action: Action,
    /// How often.
    pub count: u64,
    /// The first time, if any had one.
    pub first: Option<Timestamp>,
    /// The last time.
    pub last: Option<Timestamp>,
    /// The systems that wrote it.
    pub writers: BTreeSet<String>,
    /// The ports asked for just before, the most frequent first.
    pub ports: Vec<PortVote>,
    /// The beginning of the first record.
    pub excerpt: String,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Each message once.
    pub merged: Vec<Merged>,
    /// Messages beyond the limit of different ones.
    pub uncounted: u64,
    /// Requests whose destination could be read.
    pub requests: u64,
}

#[derive(Debug)]
struct Entry {
    merged: Merged,
    ports: BTreeMap<u16, u64>,
}

#[derive(Debug)]
struct Asked {
    to: Destination,
    at: Option<Timestamp>,
}

/// Collects messages.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: BTreeMap<Key, Entry>,
    asked: VecDeque<Asked>,
    uncounted: u64,
    requests: u64,
    seen: u64,
}

impl Ledger {
    /// Takes everything known from a record.
    pub(super) fn take(&mut self, record: &Record) {
        let sights = sights(record.text(), record.marks());
        if sights.is_empty() {
            return;
        }
        self.seen = self.seen.saturating_add(sights.len() as u64);
        let moment = record.moment();
        for sight in sights {
            match sight {
                Sight::Request(to) => self.ask(to, moment),
                Sight::Event(event) => self.add(event, moment, record),
            }
        }
    }

    /// Messages and requests so far.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    fn ask(&mut self, to: Destination, at: Option<Timestamp>) {
        self.requests += 1;
        if self.asked.len() >= REMEMBERED {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked { to, at });
    }

    fn add(&mut self, event: Event, moment: Option<Timestamp>, record: &Record) {
        let port = self.port_of(&event, moment);
        let key = Key {
            what: event.what,
            name: event.name,
            address: event.address,
            action: event.action,
        };
        if !self.entries.contains_key(&key) && self.entries.len() >= MOST_KINDS {
            self.uncounted += 1;
            return;
        }
        let entry = self
            .entries
            .entry(key.clone())
            .or_insert_with(|| Entry::new(key, record));
        entry.count(moment, port);
        if entry.merged.writers.len() < MOST_WRITERS {
            entry.merged.writers.extend(record.writer());
        }
    }

    /// The port of the latest request to this server, if it came shortly before.
    fn port_of(&self, event: &Event, moment: Option<Timestamp>) -> Option<u16> {
        if event.name.is_empty() {
            return None;
        }
        let meant = |host: &str| host == event.name || Some(host) == event.address.as_deref();
        let near = |at: Option<Timestamp>| match (at, moment) {
            (Some(at), Some(moment)) => moment.duration_since(at).abs() <= NEAR,
            _ => true,
        };
        self.asked
            .iter()
            .rev()
            .find(|asked| meant(&asked.to.host) && near(asked.at))
            .map(|asked| asked.to.port)
    }

    pub(super) fn finish(self) -> Findings {
        Findings {
            merged: self.entries.into_values().map(Entry::finish).collect(),
            uncounted: self.uncounted,
            requests: self.requests,
        }
    }
}

impl Entry {
    fn new(key: Key, record: &Record) -> Self {
        let Key {
            what,
            name,
            address,
            action,
        } = key;
        Self {
            merged: Merged {
                what,
                name,
                address,
                action,
                count: 0,
                first: None,
                last: None,
                writers: BTreeSet::new(),
                ports: Vec::new(),
                excerpt: shown(record.text(), EXCERPT),
            },
            ports: BTreeMap::new(),
        }
    }

    fn count(&mut self, moment: Option<Timestamp>, port: Option<u16>) {
        let merged = &mut self.merged;
        merged.count += 1;
        if let Some(moment) = moment {
            merged.first = Some(merged.first.map_or(moment, |first| first.min(moment)));
            merged.last = Some(merged.last.map_or(moment, |last| last.max(moment)));
        }
        if let Some(port) = port
            && (self.ports.contains_key(&port) || self.ports.len() < MOST_PORTS)
        {
            *self.ports.entry(port).or_default() += 1;
        }
    }

    fn finish(self) -> Merged {
        let mut ports: Vec<PortVote> = self
            .ports
            .into_iter()
            .map(|(port, failures)| PortVote { port, failures })
            .collect();
        ports.sort_by_key(|vote| (std::cmp::Reverse(vote.failures), vote.port));
        Merged {
            ports,
            ..self.merged
        }
    }
}
