//! The lists that phones are given: CTL and ITL.

use std::collections::{BTreeMap, BTreeSet};

use openssl::x509::X509;

use super::phone::HeldItl;
use super::{Cluster, Node, Release, Role, fingerprint};

/// What a certificate in a list is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// It signs the lists.
    Token,
    /// It serves signalling and signs files.
    CallManagerTftp,
    /// It signs files.
    Tftp,
    /// It signs the phones' own certificates.
    Capf,
    /// It vouches for others.
    Tvs,
}

impl Function {
    /// The word in a printed record.
    ///
    /// claim: VOS-CTL-RECORDS
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Token => "System Administrator Security Token",
            Self::CallManagerTftp => "CCM+TFTP",
            Self::Tftp => "TFTP",
            Self::Capf => "CAPF",
            Self::Tvs => "TVS",
        }
    }
}

/// One certificate of a list.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it is there for.
    pub function: Function,
    /// The node it belongs to.
    pub node: String,
    /// The certificate.
    pub certificate: X509,
}

/// A list as it lies on a TFTP server.
#[derive(Clone, Debug)]
pub struct TrustList {
    /// The fingerprint of its signer.
    pub signer: String,
    /// Its certificates.
    pub records: Vec<Record>,
    /// When it was made, in seconds since 1970.
    pub modified: i64,
}

impl TrustList {
    /// The fingerprints of those who may sign files.
    #[must_use]
    pub fn signers(&self) -> BTreeSet<String> {
        self.prints(|function| !matches!(function, Function::Capf | Function::Tvs))
    }

    /// What a phone keeps of an initial trust list.
    #[must_use]
    pub fn held(&self) -> HeldItl {
        HeldItl {
            signers: self.signers(),
            tvs: self.prints(|function| function == Function::Tvs),
        }
    }

    /// Whether a certificate of this fingerprint is in it.
    #[must_use]
    pub fn holds(&self, print: &str) -> bool {
        self.prints(|_| true).contains(print)
    }

    fn prints(&self, takes: impl Fn(Function) -> bool) -> BTreeSet<String> {
        let taken = self.records.iter().filter(|record| takes(record.function));
        taken
            .map(|record| fingerprint(&record.certificate))
            .collect()
    }
}

/// The lists of a cluster.
#[derive(Clone, Debug, Default)]
pub struct TrustLists {
    /// The certificate trust list as it was last made.
    pub ctl: Option<TrustList>,
    /// The initial trust list that each node's TFTP service offers, by node.
    pub itl: BTreeMap<String, TrustList>,
}

impl Cluster {
    /// The CTL on the TFTP servers, in mixed mode. A cluster that was never told to make one has one of what it stores.
    #[must_use]
    pub fn ctl(&self, unix: i64) -> Option<TrustList> {
        self.mixed_mode.then(|| {
            let made = self.lists.ctl.clone();
            made.unwrap_or_else(|| self.make_ctl(unix))
        })
    }

    /// Makes a CTL of the certificates that are stored now.
    ///
    /// claim: VOS-CTL-RECORDS
    #[must_use]
    pub fn make_ctl(&self, unix: i64) -> TrustList {
        let mut records: Vec<Record> = self
            .publisher()
            .and_then(|node| self.token(node))
            .into_iter()
            .collect();
        let signer = signer(&records);
        for node in self.nodes.iter().filter(|node| node.role.processes_calls()) {
            records.extend(record(Function::CallManagerTftp, node, "CallManager"));
        }
        records.extend(self.capf());
        TrustList {
            signer,
            records,
            modified: unix,
        }
    }

    /// The ITL that a node's TFTP service offers.
    #[must_use]
    pub fn itl(&self, node: &Node, unix: i64) -> TrustList {
        let offered = self.lists.itl.get(&node.name).cloned();
        offered.unwrap_or_else(|| self.make_itl(node, unix))
    }

    /// Makes the ITL of a node of the certificates that are stored now.
    ///
    /// claim: PHONE-ITL-CONTENT
    #[must_use]
    pub fn make_itl(&self, node: &Node, unix: i64) -> TrustList {
        let mut records: Vec<Record> = self.token(node).into_iter().collect();
        let signer = signer(&records);
        records.extend(record(Function::Tftp, node, "CallManager"));
        records.extend(self.verifiers_and_capf());
        TrustList {
            signer,
            records,
            modified: unix,
        }
    }

    /// Brings the TVS and CAPF certificates of every ITL up to date, as release 14 does without a restart.
    ///
    /// claim: PHONE-ITL-ON-START
    pub(crate) fn refresh_itls(&mut self, unix: i64) {
        let fresh = self.verifiers_and_capf();
        for list in self.lists.itl.values_mut() {
            list.records
                .retain(|record| !matches!(record.function, Function::Tvs | Function::Capf));
            list.records.extend(fresh.iter().cloned());
            list.modified = unix;
        }
    }

    fn token(&self, node: &Node) -> Option<Record> {
        let purpose = if self.numbers() >= Release::ITL_RECOVERY {
            "ITLRecovery"
        } else {
            "CallManager"
        };
        record(Function::Token, node, purpose)
    }

    fn verifiers_and_capf(&self) -> Vec<Record> {
        let verifiers = self
            .nodes
            .iter()
            .filter_map(|node| record(Function::Tvs, node, "TVS"));
        verifiers.chain(self.capf()).collect()
    }

    fn capf(&self) -> Option<Record> {
        let publisher = self
            .nodes
            .iter()
            .find(|node| node.role == Role::Publisher)?;
        record(Function::Capf, publisher, "CAPF")
    }
}

fn record(function: Function, node: &Node, purpose: &str) -> Option<Record> {
    let identity = node.identities.get(purpose)?;
    Some(Record {
        function,
        node: node.name.clone(),
        certificate: identity.certificate.clone(),
    })
}

fn signer(records: &[Record]) -> String {
    let first = records.first();
    first.map_or_else(String::new, |record| fingerprint(&record.certificate))
}
