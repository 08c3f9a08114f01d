//! The write side of a cluster. Every change is sent once; nothing here repeats one.

use std::sync::Arc;

use super::ask::AskError;
use super::decode::{axl, control, excerpt};
use super::node::NodeClient;
use super::requests::{rest, soap};
use super::{CucmReader, refusals, shell_changes};
use crate::driver::{Actuate, BoxFuture, Observe, Scope, Write, WriteError};
use crate::model::{
    ClusterState, ControlPath, Fingerprint, KeyAlgorithm, NodeName, Port, Product, Role,
    ServiceName,
};
use crate::transport::rest::WriteClient;
use crate::transport::soap::SoapWriter;
use crate::transport::ssh::WriteCommand;
use crate::transport::{Reply, TransportError, WriteAccess};

/// Ports whose certificate proves the node to this program.
// claim: CUCM-TOMCAT-STORED-NOT-SERVED
const PROVED_BY_TOMCAT: [Port; 2] = [Port::Rest, Port::Soap];

/// Changes one cluster. Reads go to the reader that it was made of.
pub struct CucmWriter {
    pub(super) reader: Arc<CucmReader>,
    pub(super) access: WriteAccess,
}

impl CucmWriter {
    /// Makes a writer.
    pub fn new(reader: Arc<CucmReader>, access: WriteAccess) -> Self {
        Self { reader, access }
    }

    /// The reader.
    pub fn reader(&self) -> &Arc<CucmReader> {
        &self.reader
    }

    async fn send(&self, node: &NodeName, write: &Write) -> Result<(), WriteError> {
        let client = self.reader.clients.get(node).ok_or_else(|| {
            WriteError::NotSent(format!(
                "{node}: the estate file declares no such node in this cluster, so nothing was sent"
            ))
        })?;
        // What failed in the last look may work now.
        client.begin().await;
        match write {
            Write::UploadTrust { .. }
            | Write::GenerateRequest { .. }
            | Write::UploadIdentity { .. } => {
                let by_shell = client.certificates_by_shell().await.map_err(|error| {
                    let why = "its release is not known, and with it the interface that changes certificates";
                    not_begun(node, why, error)
                })?;
                if by_shell {
                    let command = shell_changes::certificate_command(node, write)?;
                    self.type_in(client, &command).await
                } else {
                    self.by_interface(client, write).await
                }
            }
            Write::UpdateTrustList => {
                self.at_publisher(client, "the trust list is written")?;
                self.type_in(client, &WriteCommand::UpdateTrustList).await
            }
            Write::ResetPhones { pool } => {
                self.at_publisher(client, "phones are reset")?;
                self.reset_phones(client, pool).await
            }
            Write::RestartService { service, by } => match by {
                ControlPath::Shell => self.restart_by_shell(client, service).await,
                ControlPath::ControlCenter => self.restart_by_control_center(client, service).await,
                ControlPath::Peer => Err(WriteError::NotSent(format!(
                    "{}: nothing was sent: it is not an Expressway peer. This is a defect of the plan, please report it",
                    client.access.name
                ))),
            },
        }
    }

    /// Only the publisher of a cluster with phones can do some things.
    fn at_publisher(&self, client: &NodeClient, what: &str) -> Result<(), WriteError> {
        let access = &client.access;
        if self.reader.access.product == Product::Cucm && access.role == Role::Publisher {
            return Ok(());
        }
        Err(WriteError::NotSent(format!(
            "{}: nothing was sent: {what} on the publisher of a CUCM cluster only. This is a defect of the plan, please \
             report it",
            access.name
        )))
    }

    async fn by_interface(&self, client: &NodeClient, write: &Write) -> Result<(), WriteError> {
        let node = &client.access.name;
        match write {
            Write::UploadTrust {
                store,
                pem,
                description,
            } => {
                let body = rest::UploadTrust::new(store, pem, description);
                self.post(client, rest::TRUST, &body).await
            }
            Write::GenerateRequest {
                purpose,
                distribution,
                common_name,
                names,
                key,
                hash,
            } => {
                let body = rest::GenerateRequest::new(
                    purpose,
                    *distribution,
                    common_name,
                    names,
                    *key,
                    hash,
                )
                .map_err(|why| WriteError::NotSent(format!("{node}: nothing was sent: {why}")))?;
                self.post(client, rest::SIGNING_REQUEST, &body).await
            }
            Write::UploadIdentity { purpose, pem } => {
                let body = rest::UploadIdentity::new(purpose, pem);
                self.post(client, rest::IDENTITY, &body).await
            }
            Write::UpdateTrustList | Write::ResetPhones { .. } | Write::RestartService { .. } => {
                Err(WriteError::NotSent(format!(
                    "{node}: nothing was sent: the certificate interface has no such call"
                )))
            }
        }
    }

    // claim: CUCM-REST-BASIC
    async fn post(
        &self,
        client: &NodeClient,
        path: &'static str,
        body: &impl serde::Serialize,
    ) -> Result<(), WriteError> {
        let node = &client.access.name;
        let json = serde_json::to_vec(body)
            .map_err(|error| WriteError::NotSent(format!("{node}: nothing was sent: {error}")))?;
        let writer = WriteClient::new(&client.rest, &self.access).map_err(transport_error)?;
        writer
            .post(path, json)
            .await
            .map(drop)
            .map_err(transport_error)
    }

    // claim: CUCM-CONTROL-RESTART, CUCM-CONTROL-NONSTOP
    async fn restart_by_control_center(
        &self,
        client: &NodeClient,
        service: &ServiceName,
    ) -> Result<(), WriteError> {
        let node = &client.access.name;
        let call = soap::restart(service)
            .map_err(|error| WriteError::NotSent(format!("{node}: nothing was sent: {error}")))?;
        let writer = SoapWriter::new(&client.soap, &self.access).map_err(transport_error)?;
        let answer = writer
            .control_services(call.path, call.document)
            .await
            .map_err(transport_error)?;
        match control::accepted(&answer) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(found)) => Err(WriteError::Refused(format!(
                "{node}: Control Center was to restart {service}: expected return code 0, found {found}. Look at the \
                 service's state; if it must restart, do it on the serviceability page or the command line."
            ))),
            Err(error) => Err(WriteError::Unknown(format!(
                "{node}: the restart of {service} was sent and its outcome is unknown: {error}. Look at the service's \
                 state before anything is sent again."
            ))),
        }
    }

    // claim: CUCM-AXL-RESET-POOL, CUCM-AXL-CALL
    async fn reset_phones(&self, client: &NodeClient, pool: &str) -> Result<(), WriteError> {
        let node = &client.access.name;
        if pool.trim().is_empty() {
            return Err(WriteError::NotSent(format!(
                "{node}: nothing was sent: phones are reset by device pool, and these have none that is known. Reset \
                 them by hand"
            )));
        }
        let version = self.reader.axl_version(client).await.map_err(|error| {
            not_begun(
                node,
                "the version of its database interface is not known",
                error,
            )
        })?;
        let call = soap::reset_pool(version, pool)
            .map_err(|error| WriteError::NotSent(format!("{node}: nothing was sent: {error}")))?;
        let writer = SoapWriter::new(&client.soap, &self.access).map_err(transport_error)?;
        let answer = writer
            .reset_device_pool(call.path, &call.action, call.document)
            .await
            .map_err(transport_error)?;
        match axl::reset_taken(&answer) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(found)) => Err(WriteError::Refused(format!(
                "{node}: the phones of device pool {} were to be reset: expected true, found {found}. Look whether the \
                 pool is still there; if they must be reset, do it on the page of the device pool.",
                excerpt(pool)
            ))),
            Err(error) => Err(WriteError::Unknown(format!(
                "{node}: the reset of device pool {} was sent and its outcome is unknown: {error}. Look at the phones \
                 before anything is sent again.",
                excerpt(pool)
            ))),
        }
    }
}

impl Observe for CucmWriter {
    fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState> {
        self.reader.observe(scope)
    }
}

impl Actuate for CucmWriter {
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
        let access = &self.reader.access;
        let now = access.clock.now();
        access
            .network
            .pins
            .expect_leaf(node, &PROVED_BY_TOMCAT, key, leaf, now)
            .map_err(|error| {
                format!("{node}: the certificate to come was not added to the known peers: {error}")
            })
    }

    fn settle_leaf(&self, node: &NodeName, leaf: &Fingerprint) -> Result<(), String> {
        let pins = &self.reader.access.network.pins;
        pins.settle_leaf(node, &PROVED_BY_TOMCAT, leaf)
            .map_err(|error| {
                format!("{node}: the former certificate is still a known peer: {error}")
            })
    }
}

/// A change that was not sent, because what it needs to know first could not be learned.
fn not_begun(node: &NodeName, why: &str, error: AskError) -> WriteError {
    match error {
        AskError::Transport(error) if error.is_not_trusted() => {
            WriteError::NotTrusted(error.to_string())
        }
        AskError::Transport(error) if error.is_unauthorized() => {
            WriteError::Unauthorized(error.to_string())
        }
        error => WriteError::NotSent(format!("{node}: nothing was sent, because {why}: {error}")),
    }
}

/// What a failed exchange means for the device. Unclear answers are unknown, never a refusal.
pub(super) fn transport_error(error: TransportError) -> WriteError {
    if error.is_not_trusted() {
        return WriteError::NotTrusted(error.to_string());
    }
    if error.is_unauthorized() {
        return WriteError::Unauthorized(error.to_string());
    }
    match error {
        TransportError::Status {
            place,
            request,
            reply,
            ..
        } => answered(&format!("{place}: `{request}`"), &reply),
        TransportError::Fault { .. } => WriteError::Refused(format!(
            "{error}. Look at the node's state before anything is sent again."
        )),
        TransportError::Question { acted: false, .. } => WriteError::Refused(error.to_string()),
        error if error.not_sent() => WriteError::NotSent(error.to_string()),
        error => WriteError::Unknown(error.to_string()),
    }
}

/// A status other than success. A node that names a reason has looked at the request and refused it. One that
/// answers 5xx without a known reason may have done half of it.
// claim: CUCM-REST-403, CUCM-REST-ERROR-BODY, CUCM-REST-GONE-DURING-TOMCAT
fn answered(what: &str, reply: &Reply) -> WriteError {
    let status = reply.status;
    let words = refusals::words(&reply.body);
    let found = format!("{what}: expected HTTP 200, found HTTP {status} with {words}");
    if status == 403 {
        return WriteError::Unauthorized(format!(
            "{found}. The account may read and not write: give it privilege 1 (`set account name` on the node), or use \
             another platform account."
        ));
    }
    if let Some(known) = recognised(&found, &String::from_utf8_lossy(&reply.body)) {
        return known;
    }
    if status < 500 {
        return WriteError::Refused(format!(
            "{found}. This text is not known: read it, look at the node's state, and go on by hand if need be."
        ));
    }
    WriteError::Unknown(format!(
        "{found}. The node may have acted: look at its state before anything is sent again."
    ))
}

/// What a known refusal means. An internal failure says nothing about how far it came.
pub(super) fn recognised(found: &str, text: &str) -> Option<WriteError> {
    let known = refusals::recognise(text)?;
    let text = format!(
        "{found}. {}: {}. What to do: {}.",
        known.code, known.cause, known.remedy
    );
    Some(if known.code == "E11" {
        WriteError::Broken(text)
    } else {
        WriteError::Refused(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            content_type: "application/json".to_owned(),
            date: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn an_answer_says_whether_the_node_refused_or_may_have_acted() {
        let e1 = r#"{"messages": ["CA certificate is not available in the trust-store"]}"#;
        let e4 = r#"{"message": "CSR public key and certificate public key do not match"}"#;
        let e11 = r#"{"message": "Certificate operation is not successful"}"#;
        let cases = [
            (400, e1, "refused", "E1: the root or an intermediate"),
            (
                500,
                e4,
                "refused",
                "E4: the certificate was made from another request",
            ),
            (500, e11, "broken", "E11"),
            (400, r#"{"message": "New words"}"#, "refused", "`New words`"),
            (403, "", "unauthorized", "privilege 1"),
            (404, "<html>Not Found</html>", "refused", "HTTP 404"),
            (
                500,
                r#"{"message": "New words"}"#,
                "unknown",
                "may have acted",
            ),
            (503, "<html>Busy</html>", "unknown", "HTTP 503"),
            (302, "", "refused", "HTTP 302"),
        ];
        for (status, body, kind, text) in cases {
            let error = answered("pub: `POST x`", &reply(status, body));
            let found = match &error {
                WriteError::Refused(_) => "refused",
                WriteError::Unknown(_) => "unknown",
                WriteError::Broken(_) => "broken",
                WriteError::Unauthorized(_) => "unauthorized",
                WriteError::NotSent(_) | WriteError::NotTrusted(_) => "other",
            };
            assert_eq!(found, kind, "{status} {body}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
