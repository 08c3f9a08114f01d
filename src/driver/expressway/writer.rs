//! The write side of a cluster. Every change is sent once; nothing here repeats one.

use std::sync::Arc;

use super::ExpresswayReader;
use super::answers::{accepted, failed};
use super::changes::{Change, RequestBody, form};
use super::decode::certificates::first;
use super::decode::description::Description;
use super::peer::PeerClient;
use super::requests::{BASE, Call, DESCRIPTION, SERVER};
use crate::driver::{Actuate, BoxFuture, Observe, Scope, Write, WriteError};
use crate::model::{ClusterState, Fingerprint, KeyAlgorithm, NodeName, Port};
use crate::pki::{self, SubjectParts};
use crate::transport::rest::WriteClient;
use crate::transport::{TransportError, WriteAccess};

/// The port whose certificate proves a peer to this program.
// claim: EXPRESSWAY-PORTS
const PROVED_BY_SERVER: [Port; 1] = [Port::Rest];

/// The media type of a body in JSON.
const JSON: &str = "application/json";

/// What becomes of a change whose call the peer's own description does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undescribed {
    /// It is not sent.
    Held,
    /// It is sent: a person wants it so.
    Sent,
}

/// Changes one cluster. Reads go to the reader that it was made of.
pub struct ExpresswayWriter {
    reader: Arc<ExpresswayReader>,
    access: WriteAccess,
    undescribed: Undescribed,
}

impl ExpresswayWriter {
    /// Makes a writer.
    pub fn new(
        reader: Arc<ExpresswayReader>,
        access: WriteAccess,
        undescribed: Undescribed,
    ) -> Self {
        Self {
            reader,
            access,
            undescribed,
        }
    }

    async fn send(&self, node: &NodeName, write: &Write) -> Result<(), WriteError> {
        let held = |why: String| WriteError::NotSent(format!("{node}: nothing was sent: {why}"));
        let client = self.reader.client(node).ok_or_else(|| {
            held("the estate file declares no such peer in this cluster".to_owned())
        })?;
        let change = Change::of(write).map_err(|why| {
            held(format!(
                "{why}. This is a defect of the plan, please report it"
            ))
        })?;
        let call = change.call();
        if self.undescribed == Undescribed::Held {
            described(client, &call).await?;
        }
        match &change {
            Change::Upload { pem, .. } => {
                let (media_type, body) = form(pem);
                self.post(client, &call, &media_type, body).await
            }
            Change::Request { names, bits, hash } => {
                let subject = subject(client).await?;
                let body = RequestBody::new(names, *bits, hash, &subject);
                let body = serde_json::to_vec(&body).map_err(|error| held(error.to_string()))?;
                self.post(client, &call, JSON, body).await
            }
            Change::Restart => self.post(client, &call, JSON, b"{}".to_vec()).await,
        }
    }

    async fn post(
        &self,
        client: &PeerClient,
        call: &Call,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<(), WriteError> {
        let path = format!("{BASE}{}", call.path);
        let what = format!("{}: `POST {path}`", client.access.name);
        let writer =
            WriteClient::new(&client.rest, &self.access).map_err(|error| failed(&what, error))?;
        let reply = writer.post_any(&path, media_type, body).await;
        accepted(&what, &reply.map_err(|error| failed(&what, error))?)
    }
}

/// The peer's own description must name a call before it is made.
// claim: EXPRESSWAY-RAML
async fn described(client: &PeerClient, call: &Call) -> Result<(), WriteError> {
    const OVERRIDE: &str = "Do this step on the peer's own pages, or, if you know that it takes the call, \
        give --write-undescribed";
    let node = &client.access.name;
    let reply = client.rest.get_any(DESCRIPTION).await.map_err(|error| {
        let why = format!("the description of its interface cannot be read. {OVERRIDE}");
        not_begun(node, &why, &error)
    })?;
    let lacks = match Description::parse(&reply.body) {
        Ok(known) => known.lacks(call),
        Err(error) => Some(format!("{call} that can be read ({error})")),
    };
    match lacks {
        None => Ok(()),
        Some(lacks) => Err(WriteError::NotSent(format!(
            "{node}: nothing was sent: its own description of its interface (`GET {DESCRIPTION}`) has no {lacks}. {OVERRIDE}"
        ))),
    }
}

/// The subject of the certificate that the peer stores now, so that the new one is like the old one.
// claim: EXPRESSWAY-CSR-FIELDS
async fn subject(client: &PeerClient) -> Result<SubjectParts, WriteError> {
    let node = &client.access.name;
    let path = format!("{BASE}{SERVER}");
    let reply = client.rest.get_any(&path).await.map_err(|error| {
        not_begun(
            node,
            "the certificate that it stores cannot be read",
            &error,
        )
    })?;
    let unreadable = |why: String| {
        WriteError::NotSent(format!(
            "{node}: nothing was sent: the subject of its present certificate is to be repeated, and {why}"
        ))
    };
    let pem = first(&path, &reply.body).map_err(|error| unreadable(error.to_string()))?;
    let mut read = pki::read_bundle(pem.as_bytes(), "the stored certificate")
        .map_err(|error| unreadable(error.to_string()))?;
    let stored = read
        .pop()
        .ok_or_else(|| unreadable("it stores none".to_owned()))?;
    Ok(pki::subject_parts(&stored))
}

/// A change that was not sent, because what it needs to know first could not be learned.
fn not_begun(node: &NodeName, why: &str, error: &TransportError) -> WriteError {
    if error.is_not_trusted() {
        return WriteError::NotTrusted(error.to_string());
    }
    if error.is_unauthorized() {
        return WriteError::Unauthorized(error.to_string());
    }
    WriteError::NotSent(format!("{node}: nothing was sent: {why}: {error}"))
}

impl Observe for ExpresswayWriter {
    fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState> {
        self.reader.observe(scope)
    }
}

impl Actuate for ExpresswayWriter {
    fn perform<'a>(
        &'a self,
        node: &'a NodeName,
        write: &'a Write,
    ) -> BoxFuture<'a, Result<(), WriteError>> {
        Box::pin(self.send(node, write))
    }

    fn expect_leaf(
        &self,
        node: &NodeName,
        key: KeyAlgorithm,
        leaf: &Fingerprint,
    ) -> Result<(), String> {
        let access = self.reader.access();
        let now = access.clock.now();
        access
            .network
            .pins
            .expect_leaf(node, &PROVED_BY_SERVER, key, leaf, now)
            .map_err(|error| {
                format!("{node}: the certificate to come was not added to the known peers: {error}")
            })
    }

    fn settle_leaf(&self, node: &NodeName, leaf: &Fingerprint) -> Result<(), String> {
        let pins = &self.reader.access().network.pins;
        pins.settle_leaf(node, &PROVED_BY_SERVER, leaf)
            .map_err(|error| {
                format!("{node}: the former certificate is still a known peer: {error}")
            })
    }
}
