//! What only the command line of a peer tells.

use super::decode::configuration;
use super::peer::PeerClient;
use crate::driver::problems::Problems;
use crate::model::{Expressway, Observed, Release};
use crate::transport::ssh::{ReadCommand, ShellReader};

/// Why a setting of the command line is unknown.
pub(super) const NOT_ASKED: &str =
    "only the command line tells it, and the estate file names no `shell` account for this cluster";

/// The first release in which Expressway-C can be told not to verify. Source: expressway §6.
const VERIFIES_FROM: (u32, u32, u32) = (14, 2, 0);

impl PeerClient {
    /// Asks for it, but only under an account of its own: accounts of the interface may not log in there, and refused
    /// logins ban the source.
    // claim: EXPRESSWAY-BANS, EXPRESSWAY-CLI-CASE
    pub(super) async fn command_line(
        &self,
        told: &mut Expressway,
        release: &Observed<Release>,
        problems: &Problems,
    ) {
        let Some(shell) = &self.shell else { return };
        let release = release.present();
        if release.is_some_and(|release| release.level() < VERIFIES_FROM) {
            told.verifies_origin = Observed::Absent;
        }
        if told.verifies_origin != Observed::Absent {
            let command = ReadCommand::VerifyOriginServer;
            let read = self.typed(shell, &command, problems).await;
            let read = read.and_then(|text| {
                let read = configuration::verifies_origin(&command.to_string(), &text);
                read.map_err(|error| format!("{}: {error}", self.access.name))
            });
            told.verifies_origin = read.into();
        }
        let ciphers = self.typed(shell, &ReadCommand::Ciphers, problems).await;
        told.prefers = ciphers
            .and_then(|text| configuration::prefers(&text, release))
            .into();
    }

    async fn typed(
        &self,
        shell: &ShellReader,
        command: &ReadCommand,
        problems: &Problems,
    ) -> Result<String, String> {
        let printed = shell.run(command).await;
        printed.map_err(|error| {
            problems.note(&self.access.name, &error);
            error.to_string()
        })
    }
}
