//! HTTP/1.1 over TLS: reading requests, and answering them well or badly.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::Sleep;

use crate::fault::Mode;
use crate::log::Place;
use crate::state::{Face, Web};
use crate::tls;
use crate::upload::Refusal;
use crate::world::{Request, World};

/// The largest request body that is read.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// The pause between two bytes of a slow answer.
const SLOW_PAUSE: Duration = Duration::from_millis(50);

/// What stands between a truncated answer's last byte and the end of the connection.
const CUT_PAUSE: Duration = Duration::from_millis(5);

/// A request as the interfaces see it.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
    headers: hyper::HeaderMap,
}

impl Call {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The user and the password of HTTP Basic.
    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        decoded
            .split_once(':')
            .map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// The value of one query parameter, as it is.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    manner: Manner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Whole,
    Truncated,
    Slow,
    Endless,
}

impl Reply {
    pub(crate) fn new(status: u16, kind: &'static str, body: String) -> Self {
        Self {
            status,
            kind,
            headers: Vec::new(),
            body,
            manner: Manner::Whole,
        }
    }

    pub(crate) fn page(status: u16, title: &str) -> Self {
        let body = format!(
            "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        );
        Self::new(status, "text/html;charset=utf-8", body)
    }

    pub(crate) fn with(mut self, header: &'static str, value: String) -> Self {
        self.headers.push((header, value));
        self
    }
}

/// What goes back: an answer, or nothing and the end of the connection.
pub(crate) enum Answer {
    Reply(Reply),
    Drop,
}

/// Carries a request out with whatever fault strikes it. `act` is told whether to change anything.
pub(crate) fn carry_out(
    world: &World,
    request: &Request,
    act: impl FnOnce(bool) -> Reply,
) -> Answer {
    let mut reply = match request.fault {
        Some(Mode::DropBefore | Mode::SshCut) => return Answer::Drop,
        Some(Mode::Status500) => return Answer::Reply(Reply::page(500, "HTTP Status 500")),
        Some(Mode::Internal) => return Answer::Reply(internal()),
        Some(Mode::Status503) => return Answer::Reply(Reply::page(503, "HTTP Status 503")),
        Some(Mode::Status401) => return Answer::Reply(unauthorised("CMPlatform Realm")),
        Some(Mode::Html200) => {
            return Answer::Reply(Reply::page(200, "Cisco Unified Operating System Login"));
        }
        Some(mode) => act(mode.acts()),
        None => act(true),
    };
    if request.acts() {
        world.acted(request);
    }
    match request.fault {
        Some(Mode::ActThenDrop | Mode::SshCutActed) => return Answer::Drop,
        Some(Mode::InternalActed) => reply = internal(),
        Some(Mode::Truncated) => reply.manner = Manner::Truncated,
        Some(Mode::SlowBody) => reply.manner = Manner::Slow,
        Some(Mode::HugeBody) => reply.manner = Manner::Endless,
        _ => {}
    }
    Answer::Reply(reply)
}

/// The platform failed at what it was asked for, and may have done it.
///
/// claim: CUCM-UPLOAD-WRONG-UNIT
fn internal() -> Reply {
    let refusal = Refusal::Internal;
    let body = serde_json::json!({ "messages": [refusal.to_string()] });
    Reply::new(refusal.status(), "application/json", body.to_string())
}

/// claim: CUCM-REST-401
pub(crate) fn unauthorised(realm: &str) -> Reply {
    Reply::page(401, "HTTP Status 401").with("www-authenticate", format!("Basic realm=\"{realm}\""))
}

/// An interface behind a port.
pub(crate) type Interface = fn(&Arc<World>, &Place, &Call) -> Answer;

/// Serves one of the two web ports of a node.
pub(crate) async fn serve(
    world: Arc<World>,
    place: Place,
    listener: TcpListener,
    interface: Interface,
) {
    loop {
        let Ok((tcp, _)) = tls::accept(&listener).await else {
            continue;
        };
        let (world, place) = (Arc::clone(&world), place.clone());
        tokio::spawn(async move {
            let Some(mut cuts) = world.cuts(&place) else {
                return;
            };
            let Some(presented) = tls::presented_now(&world, &place, Face::Web) else {
                return tls::reset(tcp);
            };
            let Some(stream) = tls::shake_hands(&presented, tcp).await else {
                return;
            };
            let service = service_fn(|request| answer(&world, &place, interface, request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                ended = connection => drop(ended),
                cut = cuts.changed() => drop(cut),
            }
        });
    }
}

/// claim: CUCM-REST-GONE-DURING-TOMCAT
async fn answer(
    world: &Arc<World>,
    place: &Place,
    interface: Interface,
    request: HttpRequest<Incoming>,
) -> io::Result<Response<Outgoing>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY)
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        headers: parts.headers,
    };
    let (web, clock) = world
        .read(place, |_, node, now| (node.web, node.clock(now)))
        .or_else(|| world.read_peer(place, |_, peer, now| (peer.web(), now.unix)))
        .unwrap_or((Web::Refused, 0));
    let answer = match web {
        Web::Up => interface(world, place, &call),
        Web::NotFound => Answer::Reply(Reply::page(404, "HTTP Status 404 – Not Found")),
        Web::Unavailable => {
            Answer::Reply(Reply::page(503, "HTTP Status 503 – Service Unavailable"))
        }
        Web::Refused => Answer::Drop,
    };
    match answer {
        Answer::Reply(reply) => Ok(response(reply.with("date", http_date(clock)))),
        Answer::Drop => Err(io::Error::other("closed without an answer")),
    }
}

/// A node's time as HTTP writes it.
fn http_date(unix: i64) -> String {
    let time = jiff::Timestamp::from_second(unix).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn response(reply: Reply) -> Response<Outgoing> {
    let bytes = Bytes::from(reply.body);
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut response = Response::new(Outgoing {
        bytes,
        manner: reply.manner,
        pause: None,
    });
    *response.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(reply.kind));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if reply.manner == Manner::Truncated {
        headers.insert(
            "content-length",
            HeaderValue::from(length.saturating_add(512)),
        );
    }
    response
}

/// A body in the manner of its fault.
struct Outgoing {
    bytes: Bytes,
    manner: Manner,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Outgoing {
    /// Waits once for so long; answers whether the wait is over.
    fn paused(&mut self, context: &mut Context<'_>, pause: Duration) -> bool {
        let sleep = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        let over = sleep.as_mut().poll(context).is_ready();
        if over {
            self.pause = None;
        }
        over
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        match this.manner {
            Manner::Endless => {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b' '; 65_536])))));
            }
            Manner::Slow if !this.bytes.is_empty() => {
                if !this.paused(context, SLOW_PAUSE) {
                    return Poll::Pending;
                }
                return Poll::Ready(Some(Ok(Frame::data(this.bytes.split_to(1)))));
            }
            Manner::Truncated if this.bytes.is_empty() => {
                if !this.paused(context, CUT_PAUSE) {
                    return Poll::Pending;
                }
                return Poll::Ready(Some(Err(io::Error::other("cut short"))));
            }
            _ => {}
        }
        if this.bytes.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.bytes)))))
    }

    fn size_hint(&self) -> SizeHint {
        match self.manner {
            Manner::Whole | Manner::Slow => {
                SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
            }
            Manner::Truncated | Manner::Endless => SizeHint::default(),
        }
    }
}
