//! TLS as a node speaks it: the RSA leaf for whoever takes one, the elliptic-curve twin for whoever takes nothing else.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslAcceptor, SslMethod, SslOptions};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

use crate::log::Place;
use crate::state::{Face, Presented, Service, ServiceState, Web};
use crate::world::World;

/// RSA first in both lists, because a server that presents two certificates chooses by them.
const CIPHERS: &str = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:\
                       ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
const SIGNATURES: &str = "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:\
                          ECDSA+SHA256:ECDSA+SHA384";

/// Longest time a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// claim: CUCM-ECDSA-TWIN, CUCM-SERVED-CHAIN
fn acceptor(presented: &Presented) -> Result<SslAcceptor, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    builder.set_cipher_list(CIPHERS)?;
    builder.set_sigalgs_list(SIGNATURES)?;
    if let Some(twin) = &presented.twin {
        builder.set_private_key(&twin.key)?;
        builder.set_certificate(&twin.certificate)?;
    }
    builder.set_private_key(&presented.identity.key)?;
    builder.set_certificate(&presented.identity.certificate)?;
    for authority in &presented.chain {
        builder.add_extra_chain_cert(authority.clone())?;
    }
    Ok(builder.build())
}

/// Takes a connection through its handshake with what the face presents now.
pub(crate) async fn shake_hands(
    presented: &Presented,
    tcp: TcpStream,
) -> Option<SslStream<TcpStream>> {
    if presented.acceptor.get().is_none() {
        let made = acceptor(presented).ok()?;
        presented.acceptor.get_or_init(|| made);
    }
    let ssl = Ssl::new(presented.acceptor.get()?.context()).ok()?;
    let mut stream = SslStream::new(ssl, tcp).ok()?;
    let shaken = tokio::time::timeout(HANDSHAKE, Pin::new(&mut stream).accept()).await;
    matches!(shaken, Ok(Ok(()))).then_some(stream)
}

/// What a new connection to a face meets; nothing means that it is reset.
pub(crate) fn presented_now(world: &World, place: &Place, face: Face) -> Option<Arc<Presented>> {
    let presented = world.read(place, |_, node, _| {
        let service = node.services.get(face.service());
        let stopped = service.is_none_or(|found| found.state == ServiceState::Stopped);
        let away = match face {
            Face::Web => node.web == Web::Refused,
            _ => service.is_none_or(Service::in_transition),
        };
        if stopped || away {
            None
        } else {
            node.presented.get(&face).cloned()
        }
    });
    presented.unwrap_or_else(|| world.peer_presents(place))
}

/// Closes a connection with a reset, as a port without a listener would.
pub(crate) fn reset(tcp: TcpStream) {
    // A peer that is gone already needs no reset.
    drop(tcp.set_zero_linger());
    drop(tcp);
}

/// Serves a port that is only looked at for its certificate: handshake, then silence until the client leaves.
pub(crate) async fn serve_face(world: Arc<World>, place: Place, face: Face, listener: TcpListener) {
    loop {
        let Ok((tcp, _)) = accept(&listener).await else {
            continue;
        };
        let (world, place) = (Arc::clone(&world), place.clone());
        tokio::spawn(async move {
            let Some(presented) = presented_now(&world, &place, face) else {
                return reset(tcp);
            };
            let Some(mut stream) = shake_hands(&presented, tcp).await else {
                return;
            };
            let mut buffer = [0_u8; 1024];
            while matches!(
                tokio::time::timeout(HANDSHAKE, stream.read(&mut buffer)).await,
                Ok(Ok(1..))
            ) {}
        });
    }
}

/// Accepts a connection; an error (out of descriptors, for example) is followed by a short pause.
pub(crate) async fn accept(listener: &TcpListener) -> std::io::Result<(TcpStream, SocketAddr)> {
    let accepted = listener.accept().await;
    if accepted.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    accepted
}
