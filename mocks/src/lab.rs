//! A running lab: started, looked at, disturbed and stopped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openssl::error::ErrorStack;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::authority::{self, Authority, AuthorityError, Misbehaviour};
use crate::certificates::RequestWanted;
use crate::clock::unix_now;
use crate::fault::Fault;
use crate::files::{FileError, make_dir};
use crate::found::{self, LabConfig};
use crate::hooks::When;
use crate::log::{Channel, Kind, Log, LogEntry, Place};
use crate::pki::keys::{self, KeyRing};
use crate::state::{Cluster, Node};
use crate::upload::Refusal;
use crate::world::World;
use crate::{agenda, estate, expressway, listen};

/// Why a lab does not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A directory that holds something else.
    #[error("{0} is not empty and holds no lab; choose another directory")]
    NotALab(PathBuf),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The log or a directory.
    #[error("cannot prepare {path}; check its permissions")]
    Prepare {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A purpose that is not renewed.
    #[error(
        "{0} is no purpose that an authority signs for this lab; expected tomcat, CallManager, their -ECDSA twins, ipsec, CAPF \
         or TVS, and with IM and Presence nodes cup, cup-xmpp, cup-xmpp-s2s and their twins"
    )]
    Purpose(String),
    /// A port or the runtime.
    #[error("cannot {what} on 127.0.0.1; check the limits on open files and processes")]
    Machine {
        /// What was attempted.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A certificate of the beginning.
    #[error("OpenSSL could not make the first certificates")]
    Crypto(#[from] ErrorStack),
    /// The signing authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// A simulated estate that runs until it is dropped.
pub struct Lab {
    world: Arc<World>,
    authority: Arc<Authority>,
    runtime: Option<Runtime>,
    dir: PathBuf,
    estate: PathBuf,
    // Removed with the lab; absent when the caller chose the directory.
    _temporary: Option<TempDir>,
}

impl Lab {
    /// Builds the estate, opens its ports and writes its files. Blocks until everything answers.
    ///
    /// # Errors
    /// [`LabError`], with what to look at.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a lab is described once, at its start"
    )]
    pub fn start(config: LabConfig) -> Result<Self, LabError> {
        if let Some(purpose) = config.unsignable() {
            return Err(LabError::Purpose(purpose.to_owned()));
        }
        let (dir, temporary) = directory(config.dir.as_deref())?;
        make_dir(&dir.join("ca"))?;
        keys::warm(config.keys_needed())?;
        let ring = KeyRing::default();
        let now = unix_now();
        let authority = Arc::new(Authority::found(&ring, now)?);
        authority.misbehave(config.misbehave);
        authority.save(&dir.join("ca"))?;
        let (mut clusters, mut expressways) = found::estate(&config, &authority, &ring, now)?;
        let mut listeners = Vec::new();
        let mut of_peers = Vec::new();
        for cluster in clusters.values_mut() {
            for node in &mut cluster.nodes {
                let (ports, bound) = listen::bind().map_err(|source| LabError::Machine {
                    what: "open a port",
                    source,
                })?;
                node.ports = ports;
                listeners.push((Place::new(&cluster.name, &node.name), bound));
            }
        }
        for cluster in expressways
            .iter_mut()
            .flat_map(|all| [&mut all.core, &mut all.edge])
        {
            for peer in &mut cluster.peers {
                let (ports, bound) =
                    expressway::bind(cluster.side).map_err(|source| LabError::Machine {
                        what: "open a port",
                        source,
                    })?;
                peer.ports = ports;
                of_peers.push((Place::new(&cluster.name, &peer.name), bound));
            }
        }
        let log_path = dir.join("lab.jsonl");
        let log = Log::open(&log_path).map_err(|source| LabError::Prepare {
            path: log_path,
            source,
        })?;
        let world = World::new(clusters, config.time_scale, log, ring);
        let world = Arc::new(match expressways {
            Some(deployment) => world.with_expressways(deployment),
            None => world,
        });
        for fault in &config.faults {
            world.plant(fault.clone());
        }
        let estate = estate::write(&dir, &config, &world)?;
        let runtime = runtime().map_err(|source| LabError::Machine {
            what: "start the threads",
            source,
        })?;
        let lab = Self {
            world,
            authority,
            runtime: Some(runtime),
            dir,
            estate,
            _temporary: temporary,
        };
        lab.serve(listeners, of_peers)
            .map_err(|source| LabError::Machine {
                what: "serve a port",
                source,
            })?;
        Ok(lab)
    }

    fn serve(
        &self,
        listeners: Vec<(Place, listen::Bound)>,
        of_peers: Vec<(Place, expressway::PeerBound)>,
    ) -> io::Result<()> {
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        let _inside = runtime.enter();
        for (place, bound) in listeners {
            listen::serve(&self.world, &place, bound)?;
        }
        for (place, bound) in of_peers {
            expressway::serve(&self.world, &place, bound)?;
        }
        runtime.spawn(agenda::run(Arc::downgrade(&self.world)));
        let (requests, issued) = (self.dir.join("signing/out"), self.dir.join("signing/in"));
        runtime.spawn(authority::watch(
            Arc::downgrade(&self.world),
            Arc::clone(&self.authority),
            requests,
            issued,
        ));
        Ok(())
    }

    /// The estate file.
    #[must_use]
    pub fn estate(&self) -> &Path {
        &self.estate
    }

    /// The directory with all of the lab's files.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Everything that happened so far.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry> {
        self.world.entries()
    }

    /// What no careful operator does, in order.
    #[must_use]
    pub fn violations(&self) -> Vec<LogEntry> {
        self.log()
            .into_iter()
            .filter(|entry| entry.kind == Kind::Violation)
            .collect()
    }

    /// Plants a fault.
    pub fn plant(&self, fault: Fault) {
        self.world.plant(fault);
    }

    /// Takes every planted fault away.
    pub fn clear_faults(&self) {
        self.world.clear_faults();
    }

    /// Changes a node, named fully or by its host name. Answers false if there is none such.
    pub fn change(&self, cluster: &str, node: &str, change: impl FnOnce(&mut Node)) -> bool {
        self.world.change(&Place::new(cluster, node), change)
    }

    /// Changes what a cluster's nodes share. Answers false if there is none such.
    pub fn change_cluster(&self, cluster: &str, change: impl FnOnce(&mut Cluster)) -> bool {
        self.world.change_cluster(cluster, change)
    }

    /// Looks at a node.
    pub fn look<T>(&self, cluster: &str, node: &str, look: impl FnOnce(&Node) -> T) -> Option<T> {
        self.world
            .read(&Place::new(cluster, node), |_, node, _| look(node))
    }

    /// Makes a request on a node as another person would, so that one is pending that is not the client's.
    ///
    /// # Errors
    /// [`Refusal`] as the node words it.
    pub fn foreign_request(&self, cluster: &str, node: &str, purpose: &str) -> Result<(), Refusal> {
        let wanted = RequestWanted {
            purpose: purpose.to_owned(),
            multi_server: false,
            common_name: node.to_owned(),
            names: Vec::new(),
            elliptic: purpose.ends_with("-ECDSA"),
            bits: if purpose.ends_with("-ECDSA") {
                256
            } else {
                2048
            },
            digest: "sha256".to_owned(),
        };
        let place = Place::new(cluster, node);
        self.world
            .make_request(&place, &wanted, true, Channel::Lab)
            .map(drop)
    }

    /// Switches on the phones of a cluster that are off, and answers how many; they fetch their files and register, or
    /// strand, a little later.
    pub fn return_phones(&self, cluster: &str) -> usize {
        self.world.scene(|scene| scene.return_phones(cluster))
    }

    /// Looks at what a cluster's nodes share, and at its phones.
    pub fn look_cluster<T>(&self, cluster: &str, look: impl FnOnce(&Cluster) -> T) -> Option<T> {
        self.world.read_cluster(cluster, look)
    }

    /// Tells the signing authority what to do wrong.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        self.authority.misbehave(misbehaviour);
    }

    /// Stops or resumes the signing authority.
    pub fn pause_authority(&self, paused: bool) {
        self.authority.pause(paused);
    }

    /// The authority itself, for a test that signs by hand.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Calls back, on the thread of the request, when the `number`-th request or command since the start has arrived
    /// or was carried out. Polls of a web server that is away do not count.
    pub fn at_request(&self, number: usize, when: When, callback: Box<dyn FnOnce() + Send>) {
        self.world.at_request(number, when, callback);
    }

    /// Likewise at the `number`-th that means to change something. Reads come in any order; changes do not.
    pub fn at_change(&self, number: usize, when: When, callback: Box<dyn FnOnce() + Send>) {
        self.world.at_change(number, when, callback);
    }

    /// How many requests and commands have arrived.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.world.requests()
    }

    /// How many of them meant to change something.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.world.changes()
    }

    /// The world, for what these methods do not offer.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Waits for Ctrl-C.
    ///
    /// # Errors
    /// When the signal cannot be listened to.
    pub fn wait_for_interrupt(&self) -> io::Result<()> {
        self.runtime
            .as_ref()
            .map_or(Ok(()), |runtime| runtime.block_on(tokio::signal::ctrl_c()))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Workers enough that a hook may block one.
fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .thread_name("lab")
        .enable_all()
        .build()
}

/// The lab's directory: a temporary one, or the given one with an earlier lab removed.
fn directory(wanted: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), LabError> {
    let prepare = |path: &Path, source| LabError::Prepare {
        path: path.to_owned(),
        source,
    };
    let Some(dir) = wanted else {
        let temporary = TempDir::new().map_err(|source| prepare(&std::env::temp_dir(), source))?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    make_dir(dir)?;
    let mut entries = fs::read_dir(dir).map_err(|source| prepare(dir, source))?;
    if dir.join("lab.jsonl").is_file() {
        remove_earlier(dir).map_err(|source| prepare(dir, source))?;
    } else if entries.next().is_some() {
        return Err(LabError::NotALab(dir.to_owned()));
    }
    let dir = dir.canonicalize().map_err(|source| prepare(dir, source))?;
    Ok((dir, None))
}

/// Removes what an earlier lab wrote, and the runs that were made against its nodes.
fn remove_earlier(dir: &Path) -> io::Result<()> {
    for folder in ["ca", "secrets", "signing", "state"] {
        match fs::remove_dir_all(dir.join(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for file in ["estate.yaml", "pins.json", "lab.jsonl"] {
        match fs::remove_file(dir.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
