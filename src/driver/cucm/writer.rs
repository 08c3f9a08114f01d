//! The write side of a cluster. Every change is sent once; nothing here repeats one.

use std::sync::Arc;

use super::CucmReader;
use super::decode::control;
use super::node::NodeClient;
use super::refusals;
use super::requests::{rest, soap};
use crate::driver::{Actuate, BoxFuture, Observe, Scope, Write, WriteError};
use crate::model::{
    ClusterState, ControlPath, Fingerprint, KeyAlgorithm, NodeName, Port, ServiceName,
};
use crate::transport::rest::WriteClient;
use crate::transport::soap::SoapWriter;
use crate::transport::ssh::ShellWriter;
use crate::transport::{Reply, TransportError, WriteAccess};

/// Ports whose certificate proves the node to this program.
// claim: CUCM-TOMCAT-STORED-NOT-SERVED
const PROVED_BY_TOMCAT: [Port; 2] = [Port::Rest, Port::Soap];

/// Changes one cluster. Reads go to the reader that it was made of.
pub struct CucmWriter {
    reader: Arc<CucmReader>,
    access: WriteAccess,
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
            Write::UpdateTrustList | Write::ResetPhones { .. } => Err(WriteError::NotSent(
                format!("{node}: nothing was sent: this driver has no such call"),
            )),
            Write::RestartService { service, by } => match by {
                ControlPath::Shell => self.restart_by_shell(client, service).await,
                ControlPath::ControlCenter => self.restart_by_control_center(client, service).await,
            },
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

    /// The prompt's return ends the command; whether the service is back is for a look to say.
    // claim: VOS-SERVICE-RESTART, VOS-NEVER-STARTED, CUCM-TOMCAT-RESTART-CLI
    async fn restart_by_shell(
        &self,
        client: &NodeClient,
        service: &ServiceName,
    ) -> Result<(), WriteError> {
        let node = &client.access.name;
        let writer = ShellWriter::new(&client.shell, &self.access);
        let output = writer
            .restart_service(service, self.reader.access.restart_limit, |line| {
                tracing::info!(%line, "restarting");
            })
            .await
            .map_err(transport_error)?;
        if output.contains(&format!("{service}[")) {
            return Ok(());
        }
        Err(WriteError::Refused(format!(
            "{node}: the shell was to restart {service}: expected lines such as `{service}[STOPPING]`, found {}. Look at \
             the service's state and at its name in `utils service list`.",
            super::decode::excerpt(&output)
        )))
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

/// What a failed exchange means for the device. Unclear answers are unknown, never a refusal.
fn transport_error(error: TransportError) -> WriteError {
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
    if let Some(known) = refusals::recognise(&String::from_utf8_lossy(&reply.body)) {
        let text = format!(
            "{found}. {}: {}. What to do: {}.",
            known.code, known.cause, known.remedy
        );
        // An internal failure says nothing about how far it came.
        return if known.code == "E11" {
            WriteError::Unknown(text)
        } else {
            WriteError::Refused(text)
        };
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
            (500, e11, "unknown", "E11"),
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
                WriteError::Unauthorized(_) => "unauthorized",
                WriteError::NotSent(_) | WriteError::NotTrusted(_) => "other",
            };
            assert_eq!(found, kind, "{status} {body}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
