//! Requests made and certificates imported on the command line.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::Store;
use super::terminal::Typed;
use super::{Next, Seat, Shell};
use crate::certificates::RequestWanted;
use crate::state::{Cluster, Release};
use crate::upload::Refusal;
use crate::world::{Channel, Request};

/// The most lines that are taken at the paste prompt.
const MOST_LINES: usize = 400;

/// What the shell says when it goes back to the prompt with nothing done; the wording is a guess.
const ABORTED: &str = "The operation was aborted, nothing has been changed\n";

impl<S: AsyncRead + AsyncWrite + Unpin> Shell<'_, S> {
    /// Makes a request for this server. From 14SU1 on it asks about the OU first, and takes no answer but its own two.
    ///
    /// claim: VOS-CSR-GEN
    pub(super) async fn generate(&mut self, unit: &str, request: &Request) -> io::Result<Next> {
        let mut with_unit = false;
        if self.seat.release() >= Release::FOURTEEN_SU1 {
            self.terminal.raw("Include OU in CSR (yes|no)?").await?;
            with_unit = match self.terminal.read_line().await? {
                Typed::Line(line) if line.trim() == "yes" => true,
                Typed::Line(line) if line.trim() == "no" => false,
                _ => return self.conclude(request, true, ABORTED).await,
            };
        }
        let made = self.seat.world.make_request_with(
            with_unit,
            &self.seat.place,
            &request_for(unit, &self.seat.place.node),
            request.acts(),
            Channel::Ssh,
        );
        // Captured with one blank and with two.
        let blanks = if self.quirks.doubled_prompt {
            "  "
        } else {
            " "
        };
        let text = match made {
            Ok(_) => format!("Successfully Generated CSR{blanks}for {unit}\n"),
            Err(refusal) => format!("{refusal}\n"),
        };
        self.conclude(request, true, &text).await
    }

    /// Takes one certificate at the paste prompt.
    ///
    /// claim: VOS-CERT-IMPORT, VOS-CERT-IMPORT-REFUSED
    pub(super) async fn import(
        &mut self,
        store: Store,
        unit: &str,
        request: &Request,
    ) -> io::Result<Next> {
        self.terminal
            .write("Paste the Certificate and Hit Enter\n")
            .await?;
        let Some(pasted) = self.pasted().await? else {
            return self.conclude(request, true, ABORTED).await;
        };
        let imported = match only_block(&pasted) {
            Ok(()) if request.acts() => self.seat.import(store, unit, pasted),
            other => other.map_err(|refusal| refusal.to_string()),
        };
        let text = match imported {
            Ok(()) => format!(
                "Successfully imported certificate for {unit}.\n\
                 Please restart services related to {unit} for the new certificate to\nbecome active.\n"
            ),
            Err(words) => format!("{words}\n"),
        };
        self.conclude(request, true, &text).await
    }

    /// The pasted lines up to an empty one; nothing if the paste was broken off or does not end.
    async fn pasted(&mut self) -> io::Result<Option<String>> {
        let mut text = String::new();
        for _ in 0..MOST_LINES {
            match self.terminal.read_line().await? {
                Typed::Line(line) if line.trim().is_empty() => return Ok(Some(text)),
                Typed::Line(line) => text.extend([line.trim_end(), "\n"]),
                Typed::Interrupt | Typed::End => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Seat {
    fn release(&self) -> Release {
        let read = |cluster: &Cluster, _: &_, _| cluster.numbers();
        let release = self.world.read(&self.place, read);
        release.unwrap_or(Release::FOURTEEN)
    }

    /// Stores a certificate, or answers the words of its refusal.
    fn import(&self, store: Store, unit: &str, pem: String) -> Result<(), String> {
        if store == Store::Own && self.is_shared(unit) && self.release() >= Release::FOURTEEN_SU2 {
            return Err(format!(
                "Multi-server certificates for {unit} cannot be uploaded by command; use the administration pages"
            ));
        }
        let (place, channel, texts) = (&self.place, Channel::Ssh, [pem]);
        let stored = match store {
            Store::Own => self.world.store_identity(place, unit, &texts, channel),
            Store::Trust => {
                let units = [unit.to_owned()];
                self.world.store_trust(place, &units, &texts, channel)
            }
        };
        stored.map_err(|refusal| match refusal {
            Refusal::NoRequest(_) | Refusal::KeyDiffers if self.release() < Release::FOURTEEN => {
                format!(
                    "The file /usr/local/platform/upload/certs//{unit}.der could not be uploaded"
                )
            }
            other => other.to_string(),
        })
    }

    /// Whether the pending request is one of several nodes.
    ///
    /// claim: VOS-CERT-IMPORT-MULTI
    fn is_shared(&self, unit: &str) -> bool {
        let shared = self.world.read(&self.place, |_, node, _| {
            let pending = node.pending.get(unit);
            pending.is_some_and(|pending| !pending.shared_with.is_empty())
        });
        shared.unwrap_or(false)
    }
}

/// What a request of the command line holds: nothing of it can be chosen.
///
/// claim: VOS-CSR-GEN-CONTENT
fn request_for(unit: &str, node: &str) -> RequestWanted {
    let elliptic = unit.ends_with("-ECDSA");
    RequestWanted {
        purpose: unit.to_owned(),
        multi_server: false,
        common_name: node.to_owned(),
        names: vec![node.to_owned()],
        elliptic,
        bits: if elliptic { 384 } else { 2048 },
        digest: if elliptic { "sha384" } else { "sha256" }.to_owned(),
    }
}

/// Whether a pasted text is one certificate block and nothing else. Two blocks are no valid file, as one with a
/// private key is none.
///
/// claim: VOS-CERT-IMPORT, CUCM-UPLOAD-UNREADABLE
fn only_block(text: &str) -> Result<(), Refusal> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    if text.contains("PRIVATE KEY-----") || text.matches(BEGIN).count() > 1 {
        return Err(Refusal::HasPrivateKey);
    }
    let bare = text.starts_with(BEGIN) && text.trim_end().ends_with(END);
    if !bare {
        return Err(Refusal::NotPem);
    }
    crate::upload::read_certificate(text).map(drop)
}
