//! The ports of a peer.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use tokio::spawn;

use super::cluster::Side;
use super::peer::PeerPorts;
use crate::log::Place;
use crate::state::Face;
use crate::world::World;
use crate::{http, ssh, tls};

/// Listeners that are not served yet: the web server, the shell, and those looked at for their certificate.
pub(crate) struct PeerBound {
    web: TcpListener,
    unused: TcpListener,
    shell: TcpListener,
    faces: Vec<TcpListener>,
}

/// Opens the ports of a peer.
///
/// claim: EXPRESSWAY-TRAVERSAL-PORTS
pub(crate) fn bind(side: Side) -> io::Result<(PeerPorts, PeerBound)> {
    let open = || -> io::Result<(u16, TcpListener)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok((listener.local_addr()?.port(), listener))
    };
    let (rest, web) = open()?;
    let (soap, unused) = open()?;
    let (ssh, shell) = open()?;
    let (sip, face) = open()?;
    let mut ports = PeerPorts {
        rest,
        soap,
        ssh,
        sip,
        ..PeerPorts::default()
    };
    let mut faces = vec![face];
    if side == Side::Edge {
        for port in [&mut ports.traversal, &mut ports.tunnel] {
            let (number, listener) = open()?;
            *port = number;
            faces.push(listener);
        }
    }
    let bound = PeerBound {
        web,
        unused,
        shell,
        faces,
    };
    Ok((ports, bound))
}

/// Answers on the ports of a peer from now on. Only inside a runtime.
pub(crate) fn serve(world: &Arc<World>, place: &Place, bound: PeerBound) -> io::Result<()> {
    let here = || (Arc::clone(world), place.clone());
    let listener = tokio::net::TcpListener::from_std;
    let (web_world, web_place) = here();
    let web = listener(bound.web)?;
    spawn(http::serve(web_world, web_place, web, super::rest::answer));
    let unused = listener(bound.unused)?;
    spawn(async move {
        loop {
            if let Ok((tcp, _)) = tls::accept(&unused).await {
                tls::reset(tcp);
            }
        }
    });
    let (shell_world, shell_place) = here();
    spawn(ssh::serve(listener(bound.shell)?, shell_world, shell_place));
    for face in bound.faces {
        let (world, place) = here();
        // Every port of a peer presents the same certificate.
        spawn(tls::serve_face(world, place, Face::Web, listener(face)?));
    }
    Ok(())
}
