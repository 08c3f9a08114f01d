//! What a command needs from the estate: its files, its passwords, its devices.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::{Clock, FrozenClock, SystemClock};
use crate::driver::cucm::{ClusterAccess, CucmReader};
use crate::driver::expressway::{ExpresswayAccess, ExpresswayReader};
use crate::driver::{NodeAccess, Observe, Problem, ProblemKind};
use crate::estate::{self, Accounts, Cluster, Estate};
use crate::model::{AccountName, ClusterName, Desired, Observation, Port, Procedure};
use crate::observe::observe_all;
use crate::pki::{self, Parsed};
use crate::playbook::Library;
use crate::secrets::{PasswordSource, Redactor, Secret, read_line};
use crate::transport::{Limits, Login, Network, PinBook};

use super::arguments::Common;
use super::exit::{CliError, Exit};

/// One command's view of the estate.
pub(super) struct Session {
    pub(super) estate: Estate,
    pub(super) state_dir: PathBuf,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) library: Library,
    pub(super) network: Network,
    /// The account whose password came over standard input.
    given: Option<(AccountName, Secret)>,
}

/// What asks one cluster.
pub(super) enum Reader {
    /// CUCM or Unity Connection; a writer can be made of it.
    Cucm(Arc<CucmReader>),
    /// Expressway, likewise.
    Expressway(Arc<ExpresswayReader>),
}

impl Reader {
    pub(super) fn observe(&self) -> Arc<dyn Observe> {
        match self {
            Self::Cucm(reader) => Arc::clone(reader) as Arc<dyn Observe>,
            Self::Expressway(reader) => Arc::clone(reader) as Arc<dyn Observe>,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Cucm(reader) => reader.problems(),
            Self::Expressway(reader) => reader.problems(),
        }
    }
}

/// Every cluster with its reader.
pub(super) type Readers = BTreeMap<ClusterName, Reader>;

impl Session {
    /// Reads the estate file and the procedures. Asks nobody for a password yet.
    pub(super) fn open(common: &Common, redactor: &Redactor) -> Result<Self, CliError> {
        let estate =
            Estate::load(&common.estate).map_err(|error| CliError::new(Exit::Usage, error))?;
        let given = common
            .password_stdin
            .as_deref()
            .map(|name| given(name, &estate))
            .transpose()?;
        let library = library(common.playbooks.as_deref())?;
        let state_dir = state_dir(common, &estate)?;
        let pins = estate
            .pins
            .clone()
            .unwrap_or_else(|| state_dir.join("pins.json"));
        let timers = &estate.timers;
        let limits = Limits {
            connect: timers.connect,
            request: timers.request,
            shell_start: timers.shell_start,
            ..Limits::default()
        };
        let network = Network::new(PinBook::new(pins), redactor.clone(), limits);
        Ok(Self {
            estate,
            state_dir,
            clock: clock(common),
            library,
            network,
            given,
        })
    }

    /// The desired state, with the issuers' chains read from their files.
    pub(super) fn desired(&self) -> Result<Desired, CliError> {
        self.estate
            .desired()
            .map_err(|error| CliError::new(Exit::Usage, error))
    }

    /// The procedures.
    pub(super) fn procedures(&self) -> &[Procedure] {
        self.library.procedures()
    }

    /// The password source of an account of the estate.
    pub(super) fn source(&self, name: &AccountName, account: &estate::Account) -> PasswordSource {
        if let Some((_, password)) = self.given.as_ref().filter(|(given, _)| given == name) {
            return PasswordSource::Given(password.clone());
        }
        match &account.password {
            estate::PasswordSource::Keyring => PasswordSource::Keyring,
            estate::PasswordSource::File(path) => PasswordSource::File(path.clone()),
            estate::PasswordSource::Command(words) => PasswordSource::Command(words.clone()),
        }
    }

    /// A reader for each cluster, or only for those named.
    pub(super) fn readers(&self, only: Option<&[ClusterName]>) -> Result<Readers, CliError> {
        let desired = self.desired()?;
        let authorities = authorities(&desired)?;
        let mut passwords: BTreeMap<&AccountName, Secret> = BTreeMap::new();
        let mut readers = Readers::new();
        for cluster in self.estate.clusters.values() {
            if only.is_some_and(|only| !only.contains(&cluster.name)) {
                continue;
            }
            for name in cluster.accounts.names() {
                if !passwords.contains_key(name) {
                    passwords.insert(name, self.password(name)?);
                }
            }
            let reader = self.reader(cluster, &authorities, &passwords)?;
            readers.insert(cluster.name.clone(), reader);
        }
        Ok(readers)
    }

    fn reader(
        &self,
        cluster: &Cluster,
        authorities: &[Parsed],
        passwords: &BTreeMap<&AccountName, Secret>,
    ) -> Result<Reader, CliError> {
        let login = |name: &AccountName| self.login(name, passwords);
        let failed = |error| CliError::new(Exit::Failed, error);
        Ok(match &cluster.accounts {
            Accounts::Platform {
                platform,
                application,
            } => {
                let access = ClusterAccess {
                    product: cluster.product,
                    device_queries_per_minute: self.estate.device_queries_per_minute,
                    nodes: nodes(cluster),
                    platform: login(platform)?,
                    application: login(application)?,
                    network: self.network.clone(),
                    restart_limit: self.estate.timers.tomcat_restart,
                    authorities: authorities.to_vec(),
                    clock: Arc::clone(&self.clock),
                };
                Reader::Cucm(Arc::new(CucmReader::new(access).map_err(failed)?))
            }
            Accounts::Expressway {
                administrator,
                shell,
            } => {
                let access = ExpresswayAccess {
                    product: cluster.product,
                    nodes: nodes(cluster),
                    administrator: login(administrator)?,
                    shell: shell.as_ref().map(login).transpose()?,
                    network: self.network.clone(),
                    authorities: authorities.to_vec(),
                    clock: Arc::clone(&self.clock),
                };
                Reader::Expressway(Arc::new(ExpresswayReader::new(access).map_err(failed)?))
            }
        })
    }

    fn password(&self, name: &AccountName) -> Result<Secret, CliError> {
        let account = self.account(name)?;
        self.source(name, account)
            .read(name)
            .map_err(|error| CliError::new(Exit::Usage, error))
    }

    fn account(&self, name: &AccountName) -> Result<&estate::Account, CliError> {
        self.estate.accounts.get(name).ok_or_else(|| {
            CliError::new(
                Exit::Usage,
                format!("the estate file has no account {name}"),
            )
        })
    }

    fn login(
        &self,
        name: &AccountName,
        passwords: &BTreeMap<&AccountName, Secret>,
    ) -> Result<Login, CliError> {
        let user = self.account(name)?.user.clone();
        let password = passwords.get(name).cloned().ok_or_else(|| {
            CliError::new(Exit::Failed, format!("no password was read for {name}"))
        })?;
        self.network.redactor.learn_login(&user, &password);
        Ok(Login {
            account: name.clone(),
            user,
            password,
        })
    }

    /// Asks every cluster of some readers.
    pub(super) async fn observe(&self, readers: &Readers) -> Result<Observation, CliError> {
        let devices: BTreeMap<ClusterName, Arc<dyn Observe>> = readers
            .iter()
            .map(|(name, reader)| (name.clone(), reader.observe()))
            .collect();
        let observation = observe_all(&devices, &*self.clock).await;
        obstacles(readers)?;
        Ok(observation)
    }

    /// The observation in a file, or a fresh one.
    pub(super) async fn observation(&self, file: Option<&Path>) -> Result<Observation, CliError> {
        match file {
            Some(path) => read_observation(path),
            None => self.observe(&self.readers(None)?).await,
        }
    }
}

/// The password of an account, from the first line of standard input.
fn given(name: &str, estate: &Estate) -> Result<(AccountName, Secret), CliError> {
    let account = AccountName::from(name);
    if !estate.accounts.contains_key(&account) {
        let known: Vec<&str> = estate.accounts.keys().map(AccountName::as_str).collect();
        return Err(CliError::new(
            Exit::Usage,
            format!("the estate file has no account `{name}`"),
        )
        .hint(format!("it has {}", known.join(", "))));
    }
    let password = read_line(&account, std::io::stdin().lock())
        .map_err(|error| CliError::new(Exit::Usage, error))?;
    Ok((account, password))
}

/// Two obstacles end a command by themselves. A peer that is not the pinned one has its own exit code, so that
/// nobody takes it for a node that is merely down; and after a refused login everything else that is unknown
/// only hides the cause.
fn obstacles(readers: &Readers) -> Result<(), CliError> {
    let problems: Vec<Problem> = readers.values().flat_map(Reader::problems).collect();
    let texts = |kind| -> Vec<&str> {
        let of_kind = problems.iter().filter(|problem| problem.kind == kind);
        of_kind.map(|problem| problem.text.as_str()).collect()
    };
    let untrusted = texts(ProblemKind::NotTrusted);
    if !untrusted.is_empty() {
        return Err(CliError::new(Exit::NotTrusted, untrusted.join("\n")));
    }
    let refused = texts(ProblemKind::Unauthorized);
    // One that was asked again says the same in more words.
    match refused.iter().min_by_key(|text| text.len()) {
        Some(first) => Err(CliError::new(Exit::Failed, first)
            .hint("nothing was written to any node; each account was tried once")),
        None => Ok(()),
    }
}

/// The time of day, or the moment that the command line names.
pub(super) fn clock(common: &Common) -> Arc<dyn Clock> {
    match common.at {
        Some(moment) => Arc::new(FrozenClock(moment)),
        None => Arc::new(SystemClock),
    }
}

/// The built-in procedures, or those of a directory.
pub(super) fn library(directory: Option<&Path>) -> Result<Library, CliError> {
    let library = match directory {
        Some(directory) => Library::load(directory),
        None => Library::embedded(),
    };
    library.map_err(|error| CliError::new(Exit::Usage, error))
}

fn state_dir(common: &Common, estate: &Estate) -> Result<PathBuf, CliError> {
    if let Some(chosen) = common
        .state_dir
        .clone()
        .or_else(|| estate.state_dir.clone())
    {
        return Ok(chosen);
    }
    let base = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state"));
    base.or_else(home)
        .map(|base| base.join("reissue"))
        .ok_or_else(|| {
            CliError::new(
                Exit::Usage,
                "no state directory: neither XDG_STATE_HOME nor HOME is set",
            )
            .hint("name one with --state-dir DIR")
        })
}

/// Every certificate of the issuers, so that what nodes hold can be linked to them.
fn authorities(desired: &Desired) -> Result<Vec<Parsed>, CliError> {
    let mut all = Vec::new();
    for (name, issuer) in &desired.issuers {
        for authority in &issuer.chain {
            let read = pki::read_bundle(authority.pem.as_bytes(), name.as_str())
                .map_err(|error| CliError::new(Exit::Usage, error))?;
            all.extend(read);
        }
    }
    Ok(all)
}

fn nodes(cluster: &Cluster) -> Vec<NodeAccess> {
    cluster
        .nodes
        .values()
        .map(|node| NodeAccess {
            name: node.name.clone(),
            role: node.role,
            address: node.address.clone(),
            ports: Port::ALL.map(|port| (port, node.port(port))).into(),
        })
        .collect()
}

/// Reads an observation that `observe` wrote.
pub(super) fn read_observation(path: &Path) -> Result<Observation, CliError> {
    let wrong = |why: String| {
        CliError::new(Exit::Usage, format!("{}: {why}", path.display()))
            .hint("write one with `reissue observe -o FILE`")
    };
    let bytes = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| {
        wrong(format!(
            "expected an observation, found text that is not JSON: {error}"
        ))
    })?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if format != Some(u64::from(crate::model::OBSERVATION_FORMAT)) {
        return Err(wrong(format!(
            "expected observation format {}, found {}",
            crate::model::OBSERVATION_FORMAT,
            format.map_or_else(|| "none".to_owned(), |format| format.to_string())
        )));
    }
    serde_json::from_value(value).map_err(|error| wrong(format!("is not an observation: {error}")))
}
