//! What carrying out a plan takes from the estate file: limits, waits, issuers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::estate::IssuerKind;
use crate::execute::{Limits, Signer, Waits};
use crate::issue::{CommandIssuer, FolderIssuer, Issuer};
use crate::model::IssuerName;
use crate::pki;
use crate::plan::Stage;

use super::arguments::{RunOptions, Until};
use super::exit::{CliError, Exit};
use super::session::Session;

/// The least time that an issuer's command is given.
const COMMAND_LIMIT: Duration = Duration::from_mins(10);

/// How far and how wide: as the estate file says, unless the command line says otherwise.
pub(super) fn limits(session: &Session, options: &RunOptions) -> Limits {
    let rollout = &session.estate.rollout;
    let mut waves = rollout.waves.clone();
    for wave in &mut waves {
        wave.parallel = options.parallel_clusters.unwrap_or(wave.parallel);
        wave.max_failures = options.max_failures.unwrap_or(wave.max_failures);
    }
    Limits {
        until: options.until.map(|until| match until {
            Until::Prepare => Stage::Prepare,
            Until::Request => Stage::Request,
            Until::Install => Stage::Install,
            Until::Activate => Stage::Activate,
            Until::Verify => Stage::Verify,
        }),
        waves,
        windows: rollout.windows.clone(),
    }
}

pub(super) fn waits(session: &Session) -> Waits {
    let timers = &session.estate.timers;
    Waits {
        tomcat_restart: timers.tomcat_restart,
        service_restart: timers.service_restart,
        served: timers.served,
        replication: timers.replication,
        issue: Some(timers.issue),
        phones_back: timers.phones_back,
        settle: timers.settle,
        poll: timers.poll,
    }
}

pub(super) fn signers(session: &Session) -> Result<BTreeMap<IssuerName, Signer>, CliError> {
    let desired = session.desired()?;
    let mut signers = BTreeMap::new();
    for (name, source) in &session.estate.issuers {
        let Some(known) = desired.issuers.get(name) else {
            continue;
        };
        let issuer: Arc<dyn Issuer> = match &source.kind {
            IssuerKind::Folder { requests, issued } => {
                Arc::new(FolderIssuer::new(requests, issued))
            }
            IssuerKind::Command { command } => {
                let kept = session.state_dir.join("issued").join(name.as_str());
                let limit = session.estate.timers.issue.max(COMMAND_LIMIT);
                Arc::new(CommandIssuer::new(command.clone(), limit, kept))
            }
        };
        let mut chain = Vec::new();
        for authority in &known.chain {
            let read = pki::read_bundle(authority.pem.as_bytes(), name.as_str());
            chain.extend(read.map_err(|error| CliError::new(Exit::Usage, error))?);
        }
        signers.insert(name.clone(), Signer { issuer, chain });
    }
    Ok(signers)
}
