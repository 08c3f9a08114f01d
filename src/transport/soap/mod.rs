//! SOAP 1.1 over HTTPS, as the administration and serviceability interfaces speak it.

mod element;
mod fault;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName};

use crate::secrets::Secret;

use super::http::{HttpPeer, Incoming, Outgoing, Proof};
use super::text::excerpt;
use super::{Endpoint, Login, Network, Reply, TransportError, WriteAccess};

pub use element::Element;
pub use fault::Fault;

/// Operations that change nothing (cucm-soap §2.2, §3.1, §4, §5). A reader sends no other.
const READS: [&str; 12] = [
    "executeSQLQuery",
    "getCCMVersion",
    "getNumDevices",
    "getProductInformationList",
    "getServiceParameter",
    "listProcessNode",
    "listProcessNodeService",
    "perfmonCollectCounterData",
    "selectCmDevice",
    "selectCmDeviceExt",
    "soapGetServiceStatus",
    "soapGetStaticServiceList",
];

/// The operations that a writer sends: one starts, stops and restarts services, one resets the phones of a pool.
const CONTROL: &str = "soapDoControlServices";
const RESET: &str = "resetDevicePool";

/// The cookie by which a node remembers a login (cucm-soap §1).
const SESSION: &str = "JSESSIONIDSSO";

/// Asks a node by a closed list of operations.
#[derive(Clone, Debug)]
pub struct SoapReader {
    peer: Arc<HttpPeer>,
    /// Session cookies by the first part of the path: each web application has its own.
    sessions: Arc<Mutex<BTreeMap<String, Secret>>>,
}

impl SoapReader {
    /// Prepares a client; connects to nothing yet.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] if the TLS library refuses its settings.
    pub fn new(
        network: &Network,
        endpoint: Endpoint,
        login: Login,
    ) -> Result<Self, TransportError> {
        Ok(Self {
            peer: Arc::new(HttpPeer::new(network, endpoint, login)?),
            sessions: Arc::default(),
        })
    }

    /// Sends an envelope and returns the element in the answer's `Body`. `action` is the header `SOAPAction`; which
    /// operation it is, is read from the envelope itself.
    ///
    /// # Errors
    /// [`TransportError::Forbidden`] if the operation is not a read; the others as they come.
    pub async fn call(
        &self,
        path: &str,
        action: &str,
        envelope: Vec<u8>,
    ) -> Result<Element, TransportError> {
        let dated = self.call_dated(path, action, envelope).await;
        dated.map(|(element, _)| element)
    }

    /// As [`Self::call`], with the answer's header `Date` as sent.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn call_dated(
        &self,
        path: &str,
        action: &str,
        envelope: Vec<u8>,
    ) -> Result<(Element, Option<String>), TransportError> {
        let operation = operation(&envelope).unwrap_or_default();
        if !READS.contains(&operation.as_str()) {
            return Err(TransportError::Forbidden {
                place: self.peer.endpoint.place(),
                request: operation,
                expected: "one of the operations that only read",
            });
        }
        let application = application(path);
        let cookie = self.sessions().get(&application).cloned();
        if let Some(cookie) = cookie {
            let proof = Proof::Cookie(cookie.expose());
            let incoming = send(
                &self.peer,
                path,
                action,
                &operation,
                envelope.clone(),
                proof,
            )
            .await?;
            // An expired session shows as 404 (cucm-soap §1), or as 401: then once more with the password.
            if !matches!(incoming.reply.status, 401 | 404) {
                return dated(&self.peer, &operation, incoming.reply);
            }
            self.sessions().remove(&application);
        }
        let incoming = send(
            &self.peer,
            path,
            action,
            &operation,
            envelope,
            Proof::Password,
        )
        .await?;
        if let Some(cookie) = session(&incoming) {
            self.peer.network.redactor.learn(&cookie.value);
            self.sessions().insert(application, cookie.pair);
        }
        dated(&self.peer, &operation, incoming.reply)
    }

    /// Makes the next request shake hands and log in again.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn fresh(&self) -> Result<(), TransportError> {
        self.sessions().clear();
        self.peer.fresh()
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Secret>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Controls services of a node and resets phones. Each request has a connection and a login of its own and is sent once.
#[derive(Debug)]
pub struct SoapWriter {
    peer: HttpPeer,
}

impl SoapWriter {
    /// Makes a client that can control services out of one that cannot.
    ///
    /// # Errors
    /// As for [`SoapReader::new`].
    pub fn new(reader: &SoapReader, _access: &WriteAccess) -> Result<Self, TransportError> {
        let peer = reader.peer.unpooled()?;
        Ok(Self { peer })
    }

    /// Sends an envelope of `soapDoControlServices`, once, and returns the element in the answer's `Body`.
    ///
    /// # Errors
    /// [`TransportError::Forbidden`] for any other operation; [`TransportError::not_sent`] tells whether the node can have
    /// acted.
    pub async fn control_services(
        &self,
        path: &str,
        envelope: Vec<u8>,
    ) -> Result<Element, TransportError> {
        self.once(path, CONTROL, CONTROL, envelope).await
    }

    /// Sends an envelope of AXL's `resetDevicePool`, once, and returns the element in the answer's `Body`. `action`
    /// is the header `SOAPAction`.
    ///
    /// # Errors
    /// As for [`Self::control_services`].
    pub async fn reset_device_pool(
        &self,
        path: &str,
        action: &str,
        envelope: Vec<u8>,
    ) -> Result<Element, TransportError> {
        self.once(path, action, RESET, envelope).await
    }

    async fn once(
        &self,
        path: &str,
        action: &str,
        allowed: &'static str,
        envelope: Vec<u8>,
    ) -> Result<Element, TransportError> {
        let operation = operation(&envelope).unwrap_or_default();
        if operation != allowed {
            return Err(TransportError::Forbidden {
                place: self.peer.endpoint.place(),
                request: operation,
                expected: allowed,
            });
        }
        let incoming = send(&self.peer, path, action, allowed, envelope, Proof::Password).await?;
        answer(&self.peer, allowed, incoming.reply)
    }
}

/// The operation that an envelope of ours carries: the first element of its `Body`.
fn operation(envelope: &[u8]) -> Option<String> {
    let root = Element::parse(envelope).ok()?;
    let body = root.child("Body").filter(|_| root.name == "Envelope")?;
    match body.children.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    }
}

fn application(path: &str) -> String {
    path.split('/')
        .find(|part| !part.is_empty())
        .unwrap_or_default()
        .to_owned()
}

async fn send(
    peer: &HttpPeer,
    path: &str,
    action: &str,
    operation: &str,
    body: Vec<u8>,
    proof: Proof<'_>,
) -> Result<Incoming, TransportError> {
    let out = Outgoing {
        method: Method::POST,
        url: peer.url(path, &[])?,
        headers: &[
            (ACCEPT, "text/xml".to_owned()),
            (CONTENT_TYPE, "text/xml; charset=UTF-8".to_owned()),
            (
                HeaderName::from_static("soapaction"),
                format!("\"{action}\""),
            ),
        ],
        body,
        proof,
        harmless: READS.contains(&operation),
        name: operation,
    };
    peer.exchange(out).await
}

struct SessionCookie {
    /// `NAME=value`, as it is sent back.
    pair: Secret,
    value: Secret,
}

fn session(incoming: &Incoming) -> Option<SessionCookie> {
    incoming.cookies.iter().find_map(|cookie| {
        let pair = cookie.split(';').next()?.trim();
        let value = pair.strip_prefix(SESSION)?.strip_prefix('=')?;
        (!value.is_empty()).then(|| SessionCookie {
            pair: Secret::new(pair.to_owned()),
            value: Secret::new(value.to_owned()),
        })
    })
}

fn dated(
    peer: &HttpPeer,
    operation: &str,
    reply: Reply,
) -> Result<(Element, Option<String>), TransportError> {
    let date = reply.date.clone();
    Ok((answer(peer, operation, reply)?, date))
}

/// Judges an answer: the element in its `Body`, or a fault, or something else.
fn answer(peer: &HttpPeer, operation: &str, reply: Reply) -> Result<Element, TransportError> {
    let place = peer.endpoint.place();
    let request = operation.to_owned();
    let success = (200..300).contains(&reply.status);
    if success && reply.is_page() {
        return Err(TransportError::Html {
            place,
            request,
            status: reply.status,
            found: peer.quote(&reply),
        });
    }
    let parsed = Element::parse(&reply.body).and_then(|root| {
        let body = root.children.into_iter().find(|child| child.name == "Body");
        body.filter(|_| root.name == "Envelope")
            .ok_or_else(|| format!("`{}`", excerpt(root.name.as_bytes(), 40)))
    });
    // A fault arrives with HTTP 500; anything else with such a status comes from in front of the interface.
    match parsed {
        Ok(body) => match Fault::read(&body, &peer.network.redactor) {
            Some(fault) => Err(TransportError::Fault {
                place,
                request,
                fault: Box::new(fault),
            }),
            None if success => body
                .children
                .into_iter()
                .next()
                .ok_or(TransportError::Malformed {
                    place,
                    request,
                    expected: "an answer in the envelope",
                    found: "an empty body".to_owned(),
                }),
            None => Err(TransportError::Status {
                place,
                request,
                found: peer.quote(&reply),
                reply: Box::new(reply),
            }),
        },
        Err(found) if success => Err(TransportError::Malformed {
            place,
            request,
            expected: "a SOAP envelope",
            found: excerpt(found.as_bytes(), 200),
        }),
        Err(_) => Err(TransportError::Status {
            place,
            request,
            found: peer.quote(&reply),
            reply: Box::new(reply),
        }),
    }
}

#[cfg(test)]
mod tests;
