//! The commands that change a node without a certificate in hand: restarts, the CTL update, and what no careful
//! operator types.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::Command;
use super::terminal::{Typed, Waited};
use super::{Next, Seat, Shell};
use crate::fault::Mode;
use crate::judge;
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
use crate::restart::{Ending, RestartRefusal, Restarting};
use crate::state::{Role, ServiceState, fingerprint};
use crate::world::{Channel, Kind, Request};

/// How often a restart prints the service's state, before scaling.
const PROGRESS: Duration = Duration::from_secs(5);

/// The size of a regenerated RSA key.
const KEY_BITS: u32 = 2048;

/// How long a regenerated certificate is valid.
///
/// claim: VOS-CERT-REGEN
const VALID_DAYS: i64 = 5 * 365;

impl<S: AsyncRead + AsyncWrite + Unpin> Shell<'_, S> {
    pub(super) async fn write(&mut self, command: &Command, request: &Request) -> io::Result<Next> {
        match command {
            Command::ServiceRestart(name) => self.restart(name, request).await,
            Command::CtlUpdate => self.update_ctl(request).await,
            Command::RequestGenerate(unit) => self.generate(unit, request).await,
            Command::Import(store, unit) => self.import(*store, unit, request).await,
            Command::Regenerate(unit) => self.regenerate(unit, request).await,
            // It makes the tomcat certificate anew, whatever else it sets.
            Command::WebSecurity => self.regenerate("tomcat", request).await,
            _ => Ok(Next::Prompt),
        }
    }

    /// claim: VOS-SERVICE-RESTART
    async fn restart(&mut self, name: &str, request: &Request) -> io::Result<Next> {
        let ending = match request.fault {
            Some(Mode::NeverStarts) => Ending::NeverStarts,
            Some(Mode::RestartStuck) => Ending::Stuck,
            _ => Ending::Started,
        };
        if !request.acts() {
            return self.pretend_restart(name, request).await;
        }
        let begun = self
            .seat
            .world
            .restart_service(&self.seat.place, name, ending, Channel::Ssh);
        let refusal = begun.as_ref().err().map(refused).unwrap_or_default();
        let next = self.conclude(request, true, &refusal).await?;
        if let (Next::Prompt, Ok(restarting)) = (next, begun) {
            self.follow(&restarting, request.fault).await?;
        }
        Ok(next)
    }

    /// Prints the state until the service is started, or for as long as this node cares to wait.
    ///
    /// claim: VOS-SERVICE-RESTART, VOS-NEVER-STARTED
    async fn follow(&mut self, restarting: &Restarting, fault: Option<Mode>) -> io::Result<()> {
        self.warn().await?;
        let service = &restarting.service;
        let impatient = self.quirks.returns_early || fault == Some(Mode::NeverStarted);
        let mut left = restarting.takes.saturating_mul(2);
        let tick = self
            .seat
            .world
            .scaled(PROGRESS)
            .max(Duration::from_millis(1));
        loop {
            let state = self.seat.world.service_state(&self.seat.place, service);
            let state = state.unwrap_or(ServiceState::Stopped);
            let done = match state {
                ServiceState::Started | ServiceState::Stopped => true,
                ServiceState::Starting => impatient || left.is_zero(),
                ServiceState::Stopping => false,
            };
            if !(impatient && state == ServiceState::Started) {
                let line = format!("{service}[{}]\n", state.shouted());
                self.terminal.write(&line).await?;
            }
            if done {
                return Ok(());
            }
            if self.terminal.wait(tick).await? == Waited::Interrupted {
                self.note(Kind::Violation, "interrupt-during-restart", service);
                return Ok(());
            }
            left = left.saturating_sub(tick);
        }
    }

    /// What a restart prints that never took place.
    async fn pretend_restart(&mut self, name: &str, request: &Request) -> io::Result<Next> {
        self.seat.world.acted(request);
        self.warn().await?;
        for state in [
            ServiceState::Stopping,
            ServiceState::Starting,
            ServiceState::Started,
        ] {
            self.terminal
                .write(&format!("{name}[{}]\n", state.shouted()))
                .await?;
        }
        Ok(Next::Prompt)
    }

    async fn warn(&mut self) -> io::Result<()> {
        self.terminal
            .write(concat!(
                " Don't press Ctrl-c while the service is getting RESTARTED.",
                "If Service has not Restarted Properly, execute the same Command Again\n",
                "Service Manager is running\n",
            ))
            .await
    }

    /// The wording for other nodes than the publisher is a guess.
    ///
    /// claim: VOS-CTL-UPDATE
    async fn update_ctl(&mut self, request: &Request) -> io::Result<Next> {
        if !self.seat.is_publisher() {
            let text = "This command is run on the publisher only\n";
            return self.conclude(request, true, text).await;
        }
        let question = "This operation updates the CTLFile. Do you want to continue? (y/n):";
        let agreed = self.ask(question).await?;
        if agreed && request.acts() {
            self.seat.make_ctl();
            self.note(Kind::Effect, "ctl-updated", "");
            let bad = self.seat.world.read(&self.seat.place, |cluster, _, _| {
                judge::bad_replication(cluster, "CTL update")
            });
            if let Some((what, detail)) = bad.flatten() {
                self.note(Kind::Violation, what, &detail);
            }
        }
        let advice =
            "Please restart Cisco Tftp and Cisco CallManager on every node that runs them\n";
        self.conclude(
            request,
            agreed,
            &format!("\nUpdating CTL file\n\nCTL file Updated\n{advice}"),
        )
        .await
    }

    /// Puts a self-signed certificate in the place of the stored one, as the node does without further question.
    ///
    /// claim: VOS-CERT-REGEN
    async fn regenerate(&mut self, unit: &str, request: &Request) -> io::Result<Next> {
        let agreed =
            unit != "ITLRecovery" || self.ask("Proceed with regeneration (yes|no)?").await?;
        if !agreed || !request.acts() {
            return self.conclude(request, agreed, &regenerated(unit)).await;
        }
        self.note(Kind::Violation, "regenerate-used", &request.what);
        let done = self.seat.replace_with_self_signed(unit);
        let text = if done {
            regenerated(unit)
        } else {
            format!("{unit}: no such certificate\n")
        };
        self.conclude(request, true, &text).await
    }

    /// Runs the hooks behind an action, and prints its answer unless a fault takes the connection away.
    pub(super) async fn conclude(
        &mut self,
        request: &Request,
        agreed: bool,
        text: &str,
    ) -> io::Result<Next> {
        self.seat.world.acted(request);
        if matches!(request.fault, Some(Mode::ActThenDrop | Mode::SshCutActed)) {
            return Ok(Next::Cut);
        }
        if agreed {
            self.terminal.write(text).await?;
        }
        Ok(Next::Prompt)
    }

    async fn ask(&mut self, question: &str) -> io::Result<bool> {
        self.terminal.raw(question).await?;
        Ok(match self.terminal.read_line().await? {
            Typed::Line(line) => matches!(line.trim(), "y" | "Y" | "yes" | "Yes"),
            Typed::Interrupt | Typed::End => false,
        })
    }

    fn note(&self, kind: Kind, what: &str, detail: &str) {
        self.seat
            .world
            .note(&self.seat.place, Channel::Ssh, kind, what, detail);
    }
}

impl Seat {
    /// Answers false when the node has no such certificate.
    fn replace_with_self_signed(&self, unit: &str) -> bool {
        let found = self.world.read(&self.place, |_, node, now| {
            node.identities
                .contains_key(unit)
                .then(|| (node.name.clone(), node.clock(now)))
        });
        let Some((name, clock)) = found.flatten() else {
            return false;
        };
        let key = if unit.ends_with("-ECDSA") {
            KeyRing::elliptic(384)
        } else {
            self.world.keys.rsa(KEY_BITS)
        };
        let wanted = Wanted {
            common_name: &name,
            names: std::slice::from_ref(&name),
            purpose: unit,
        };
        let made = key
            .and_then(|key| mint::self_signed(&wanted, key, Validity::days(clock, 0, VALID_DAYS)));
        let Ok(identity) = made else { return false };
        let detail = format!("{unit} sha256={}", fingerprint(&identity.certificate));
        self.world.note(
            &self.place,
            Channel::Ssh,
            Kind::Effect,
            "identity-regenerated",
            &detail,
        );
        self.world.scene(|scene| {
            scene.judge_phone_trust(&self.place, unit, Channel::Ssh);
            scene.replace(&self.place, unit, &identity);
        });
        true
    }

    fn is_publisher(&self) -> bool {
        let role = self.world.read(&self.place, |_, node, _| node.role);
        role == Some(Role::Publisher)
    }

    /// Makes the CTL anew of what the cluster stores now; without mixed mode there is none.
    fn make_ctl(&self) {
        self.world.scene(|scene| {
            let unix = scene.now.unix;
            if let Some(cluster) = scene
                .cluster(&self.place)
                .filter(|cluster| cluster.mixed_mode)
            {
                let list = cluster.make_ctl(unix);
                let earlier = cluster.lists.ctl.replace(list);
                // The printed time has no fraction, and no two lists share a second.
                if let (Some(earlier), Some(made)) = (earlier, cluster.lists.ctl.as_mut()) {
                    made.modified = made.modified.max(earlier.modified + 1);
                }
            }
        });
    }
}

/// claim: VOS-CERT-REGEN
fn regenerated(unit: &str) -> String {
    format!("Successfully regenerated certificate for {unit}.\n")
}

/// What the node says of a service it does not restart. The wording of both is a guess.
fn refused(refusal: &RestartRefusal) -> String {
    match refusal {
        RestartRefusal::Unknown { service, .. } => format!("Invalid service name: {service}\n"),
        RestartRefusal::NotActivated { service, .. } => {
            format!("{service}[STOPPED]  Service Not Activated\n")
        }
    }
}
