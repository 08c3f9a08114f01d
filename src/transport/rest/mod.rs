//! JSON over HTTPS: a client that can only ask, and one that can also tell.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName};

use super::http::{HttpPeer, Outgoing, Proof};
use super::{Endpoint, Login, Network, Reply, TransportError, WriteAccess};

/// Asks a node: sends `GET` and nothing else.
#[derive(Clone, Debug)]
pub struct ReadClient {
    peer: Arc<HttpPeer>,
}

impl ReadClient {
    /// Prepares a client; connects to nothing yet.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] if the TLS library refuses its settings.
    pub fn new(
        network: &Network,
        endpoint: Endpoint,
        login: Login,
    ) -> Result<Self, TransportError> {
        let peer = Arc::new(HttpPeer::new(network, endpoint, login)?);
        Ok(Self { peer })
    }

    /// Fetches a path. The answer is a success and not a web page; whether it is JSON is for the decoder to say.
    ///
    /// # Errors
    /// [`TransportError`]; any status but 2xx is [`TransportError::Status`] with the whole answer.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, TransportError> {
        let name = format!("GET {path}");
        let out = Outgoing {
            method: Method::GET,
            url: self.peer.url(path, query)?,
            headers: &[(ACCEPT, "application/json".to_owned())],
            body: Vec::new(),
            proof: Proof::Password,
            harmless: true,
            name: &name,
        };
        let reply = self.peer.exchange(out).await?.reply;
        judged(&self.peer, &name, reply)
    }

    /// Fetches a path whose media type says little: Expressway sends certificates as `text/html`. The answer is a
    /// success that does not begin like a web page.
    ///
    /// # Errors
    /// As for [`Self::get`]. A login page with status 200 is [`TransportError::Html`].
    // claim: EXPRESSWAY-PEM-AS-HTML, EXPRESSWAY-LOGIN-PAGE
    pub async fn get_any(&self, path: &str) -> Result<Reply, TransportError> {
        let name = format!("GET {path}");
        let out = Outgoing {
            method: Method::GET,
            url: self.peer.url(path, &[])?,
            headers: &[(ACCEPT, "*/*".to_owned())],
            body: Vec::new(),
            proof: Proof::Password,
            harmless: true,
            name: &name,
        };
        let reply = unlabelled(self.peer.exchange(out).await?.reply);
        judged(&self.peer, &name, reply)
    }

    /// Makes the next request shake hands again: after a certificate changed, a kept connection still shows the old.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn fresh(&self) -> Result<(), TransportError> {
        self.peer.fresh()
    }
}

/// Tells a node: sends `POST`, each on a connection of its own, once.
#[derive(Debug)]
pub struct WriteClient {
    peer: HttpPeer,
}

impl WriteClient {
    /// Makes a client that can write out of one that cannot.
    ///
    /// # Errors
    /// As for [`ReadClient::new`].
    pub fn new(reader: &ReadClient, _access: &WriteAccess) -> Result<Self, TransportError> {
        let peer = reader.peer.unpooled()?;
        Ok(Self { peer })
    }

    /// Posts a JSON document, once. A success says only that the node answered so.
    ///
    /// # Errors
    /// [`TransportError`]; [`TransportError::not_sent`] tells whether the node can have acted.
    pub async fn post(&self, path: &str, json: Vec<u8>) -> Result<Reply, TransportError> {
        let name = format!("POST {path}");
        let out = Outgoing {
            method: Method::POST,
            url: self.peer.url(path, &[])?,
            headers: &[
                (ACCEPT, "application/json".to_owned()),
                (CONTENT_TYPE, "application/json".to_owned()),
            ],
            body: json,
            proof: Proof::Password,
            harmless: false,
            name: &name,
        };
        let reply = self.peer.exchange(out).await?.reply;
        judged(&self.peer, &name, reply)
    }

    /// Posts a document of any media type, once, with the header that Expressway wants against forged requests. The
    /// answer is taken as by [`ReadClient::get_any`].
    ///
    /// # Errors
    /// As for [`Self::post`].
    // claim: EXPRESSWAY-CSRF-HEADER, EXPRESSWAY-LOGIN-PAGE
    pub async fn post_any(
        &self,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Reply, TransportError> {
        let name = format!("POST {path}");
        let out = Outgoing {
            method: Method::POST,
            url: self.peer.url(path, &[])?,
            headers: &[
                (ACCEPT, "*/*".to_owned()),
                (CONTENT_TYPE, media_type.to_owned()),
                (HeaderName::from_static("x-csrf-header"), "1".to_owned()),
            ],
            body,
            proof: Proof::Password,
            harmless: false,
            name: &name,
        };
        let reply = unlabelled(self.peer.exchange(out).await?.reply);
        judged(&self.peer, &name, reply)
    }
}

/// An answer that does not begin like a web page is none, whatever its media type says.
fn unlabelled(mut reply: Reply) -> Reply {
    if reply.is_page() && !reply.begins_as_page() {
        reply.content_type.clear();
    }
    reply
}

/// Lets only successes through that are not web pages.
fn judged(peer: &HttpPeer, name: &str, reply: Reply) -> Result<Reply, TransportError> {
    let success = (200..300).contains(&reply.status);
    if success && reply.is_page() {
        return Err(TransportError::Html {
            place: peer.endpoint.place(),
            request: name.to_owned(),
            status: reply.status,
            found: peer.quote(&reply),
        });
    }
    if success {
        return Ok(reply);
    }
    Err(TransportError::Status {
        place: peer.endpoint.place(),
        request: name.to_owned(),
        found: peer.quote(&reply),
        reply: Box::new(reply),
    })
}

#[cfg(test)]
mod tests;
