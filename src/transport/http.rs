//! One HTTP exchange with one node: proved peer, one login, bounded answer, honest error.

use std::error::Error as StdError;
use std::io;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderName};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};

use super::text::excerpt;
use super::tls::{Rejected, client_config};
use super::{Endpoint, Login, Network, Reply, TransportError};

/// How much of an answer a message quotes, in characters.
const QUOTED: usize = 200;

/// How long an idle connection is kept: shorter than servers do, so that they rarely close it under a request.
const POOL_IDLE: Duration = Duration::from_secs(10);

/// What proves the account in a request.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    /// User and password.
    Password,
    /// A session cookie that the node gave after a password.
    Cookie(&'a str),
}

/// What is to be sent.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: &'a [(HeaderName, String)],
    pub(crate) body: Vec<u8>,
    pub(crate) proof: Proof<'a>,
    /// Changes nothing on the node. A kept connection can be closed by the node at the moment it is used; then it is
    /// sent once more.
    pub(crate) harmless: bool,
    /// For messages: `GET /path`, or an operation's name.
    pub(crate) name: &'a str,
}

/// A complete answer and the session cookie that came with it, if any.
pub(crate) struct Incoming {
    pub(crate) reply: Reply,
    pub(crate) cookies: Vec<String>,
}

/// Connections to one endpoint under one account.
#[derive(Debug)]
pub(crate) struct HttpPeer {
    pub(crate) network: Network,
    pub(crate) endpoint: Endpoint,
    login: Login,
    /// How many idle connections are kept; none makes one for each request.
    keep: usize,
    client: RwLock<Client>,
}

impl HttpPeer {
    /// Prepares; connects to nothing.
    pub(crate) fn new(
        network: &Network,
        endpoint: Endpoint,
        login: Login,
    ) -> Result<Self, TransportError> {
        network.redactor.learn_login(&login.user, &login.password);
        Self::with_pool(network.clone(), endpoint, login, 4)
    }

    /// The same peer and account with a connection of its own for each request: the peer is proved anew before
    /// each write, and a connection that died while idle never makes an outcome unknown.
    pub(crate) fn unpooled(&self) -> Result<Self, TransportError> {
        Self::with_pool(
            self.network.clone(),
            self.endpoint.clone(),
            self.login.clone(),
            0,
        )
    }

    fn with_pool(
        network: Network,
        endpoint: Endpoint,
        login: Login,
        keep: usize,
    ) -> Result<Self, TransportError> {
        let client = client(&network, &endpoint, keep)?;
        Ok(Self {
            network,
            endpoint,
            login,
            keep,
            client: RwLock::new(client),
        })
    }

    /// Drops idle connections: the next request shakes hands again and meets the certificate that is served now.
    pub(crate) fn fresh(&self) -> Result<(), TransportError> {
        let new = client(&self.network, &self.endpoint, self.keep)?;
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// The address of a path with a query, always on this endpoint.
    pub(crate) fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, TransportError> {
        let host = &self.endpoint.host;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        let base = format!("https://{host}:{}/", self.endpoint.port);
        let mut url = Url::parse(&base).map_err(|error| TransportError::NotSent {
            place: self.endpoint.place(),
            cause: format!("the address is not one: {error}"),
        })?;
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// The first words of an answer, fit for a message. Some servers repeat the request's headers in an error page.
    pub(crate) fn quote(&self, reply: &Reply) -> String {
        let head = reply.body.get(..16 * QUOTED).unwrap_or(&reply.body);
        let head = self.network.redactor.clean(&String::from_utf8_lossy(head));
        match excerpt(head.as_bytes(), QUOTED) {
            text if text.is_empty() => "an empty body".to_owned(),
            text => text,
        }
    }

    /// Sends once and takes the whole answer, whatever its status but 401.
    pub(crate) async fn exchange(&self, out: Outgoing<'_>) -> Result<Incoming, TransportError> {
        let started = Instant::now();
        let name = out.name;
        let outcome = self.send_and_read(out).await;
        let took = started.elapsed().as_millis();
        let node = &self.endpoint.node;
        let name = self.network.redactor.clean(name);
        match &outcome {
            Ok(incoming) => tracing::debug!(
                %node, port = self.endpoint.port, request = %name, status = incoming.reply.status,
                bytes = incoming.reply.body.len(), ms = took, "answered"
            ),
            Err(error) => tracing::debug!(
                %node, port = self.endpoint.port, request = %name, ms = took, %error, "not answered"
            ),
        }
        outcome
    }

    async fn send_and_read(&self, out: Outgoing<'_>) -> Result<Incoming, TransportError> {
        let name = out.name;
        let with_cookie = matches!(out.proof, Proof::Cookie(_));
        let attempt = self
            .network
            .logins
            .attempt(&self.endpoint, &self.login)
            .await?;
        let mut outcome = self.request(&out).send().await;
        let cut = |error: &reqwest::Error| {
            error.is_request() && !error.is_connect() && !error.is_timeout()
        };
        if out.harmless && outcome.as_ref().is_err_and(cut) {
            outcome = self.request(&out).send().await;
        }
        let response = outcome.map_err(|error| self.failure(name, &error))?;
        let status = response.status();
        // An expired session is no refused password.
        if status == StatusCode::UNAUTHORIZED && !with_cookie {
            let found = format!("HTTP 401 to `{name}`");
            attempt.refused(&found);
            return Err(TransportError::Unauthorized {
                place: self.endpoint.place(),
                account: self.login.account.to_string(),
                found,
            });
        }
        // Only data says that the password was looked at: an error or a page may come from a proxy in front.
        let page = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| String::from_utf8_lossy(value.as_bytes()).contains("html"));
        if status.is_success() && !page {
            attempt.accepted();
        } else {
            drop(attempt);
        }
        self.read(name, response).await
    }

    fn request(&self, out: &Outgoing<'_>) -> RequestBuilder {
        let client = self
            .client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut request = client
            .request(out.method.clone(), out.url.clone())
            .header(ACCEPT_ENCODING, "identity");
        for (name, value) in out.headers {
            request = request.header(name, value);
        }
        request = match out.proof {
            Proof::Password => {
                request.basic_auth(&self.login.user, Some(self.login.password.expose()))
            }
            Proof::Cookie(cookie) => request.header(reqwest::header::COOKIE, cookie),
        };
        if out.body.is_empty() {
            request
        } else {
            request.body(out.body.clone())
        }
    }

    async fn read(&self, name: &str, mut response: Response) -> Result<Incoming, TransportError> {
        let text = |header: HeaderName| {
            let value = response.headers().get(header)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        if let Some(coding) = text(CONTENT_ENCODING).filter(|coding| coding != "identity") {
            return Err(TransportError::Malformed {
                place: self.endpoint.place(),
                request: name.to_owned(),
                expected: "an answer without compression",
                found: excerpt(coding.as_bytes(), QUOTED),
            });
        }
        let cookies = response
            .headers()
            .get_all(reqwest::header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        let mut reply = Reply {
            status: response.status().as_u16(),
            content_type: text(CONTENT_TYPE).unwrap_or_default(),
            date: text(DATE),
            body: Vec::new(),
        };
        let limit = self.network.limits.body;
        // The library's own read timeout would also run while the node works on its answer.
        let idle = self.network.limits.idle;
        while let Some(chunk) = tokio::time::timeout(idle, response.chunk())
            .await
            .map_err(|_| self.unknown(name, format!("silence of {} s", idle.as_secs_f32())))?
            .map_err(|error| self.failure(name, &error))?
        {
            if reply.body.len() + chunk.len() > limit {
                return Err(TransportError::TooLarge {
                    place: self.endpoint.place(),
                    request: name.to_owned(),
                    limit,
                });
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(Incoming { reply, cookies })
    }

    /// Says what a failed exchange means: refused peer, nothing sent, or unknown.
    fn failure(&self, name: &str, error: &reqwest::Error) -> TransportError {
        let place = self.endpoint.place();
        match rejection(error) {
            Some(Rejected::Peer(refusal)) => {
                return TransportError::NotTrusted {
                    place,
                    refusal: refusal.clone(),
                };
            }
            Some(Rejected::Pins(cause)) => {
                let cause = cause.clone();
                return TransportError::Pins { place, cause };
            }
            None => {}
        }
        let cause = excerpt(
            self.network.redactor.clean(&causes(error)).as_bytes(),
            QUOTED,
        );
        if error.is_connect() || error.is_builder() {
            TransportError::NotSent { place, cause }
        } else if error.is_timeout() {
            self.unknown(name, format!("no whole answer in time ({cause})"))
        } else {
            self.unknown(name, cause)
        }
    }

    fn unknown(&self, name: &str, cause: String) -> TransportError {
        TransportError::Unknown {
            place: self.endpoint.place(),
            request: name.to_owned(),
            cause,
        }
    }
}

fn client(network: &Network, endpoint: &Endpoint, keep: usize) -> Result<Client, TransportError> {
    let not_sent = |cause: String| TransportError::NotSent {
        place: endpoint.place(),
        cause,
    };
    let tls =
        client_config(endpoint, &network.pins).map_err(|error| not_sent(error.to_string()))?;
    let limits = network.limits;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("reissue/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(limits.connect + limits.request)
        .pool_max_idle_per_host(keep)
        .pool_idle_timeout(POOL_IDLE)
        .build()
        .map_err(|error| not_sent(causes(&error)))
}

/// Finds the verifier's reason among an error's causes. An I/O error that wraps another names the inner one only
/// through `get_ref`.
fn rejection<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Rejected> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other))) =
            error.downcast_ref()
        {
            return other.0.downcast_ref();
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// All causes in one line, without the address, which the message names itself.
fn causes(error: &reqwest::Error) -> String {
    let mut line = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        let text = if text.contains("close_notify") {
            "the node closed the connection"
        } else {
            &text
        };
        if !line.contains(text) {
            line = if line.is_empty() {
                text.to_owned()
            } else {
                format!("{line}: {text}")
            };
        }
        next = cause.source();
    }
    if line.is_empty() {
        "the request failed".to_owned()
    } else {
        line
    }
}
