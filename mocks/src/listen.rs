//! The ports of a node: opened on loopback, and what answers on each.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use tokio::spawn;

use crate::log::Place;
use crate::state::{Face, Ports, Role};
use crate::world::World;
use crate::{http, rest, soap, ssh, tls};

/// The listeners in the order of [`Ports`].
pub(crate) type Bound = [TcpListener; 7];

/// Opens the ports of a node; those that its role has no use for reset what comes.
pub(crate) fn bind() -> io::Result<(Ports, Bound)> {
    let open = || -> io::Result<(u16, TcpListener)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok((listener.local_addr()?.port(), listener))
    };
    let bound = [
        open()?,
        open()?,
        open()?,
        open()?,
        open()?,
        open()?,
        open()?,
    ];
    let [rest, soap, ssh, tftp, sip, tvs, xmpp] = bound.each_ref().map(|(port, _)| *port);
    Ok((
        Ports {
            rest,
            soap,
            ssh,
            tftp,
            sip,
            tvs,
            xmpp,
        },
        bound.map(|(_, listener)| listener),
    ))
}

/// Answers on the ports of a node from now on. Only inside a runtime.
pub(crate) fn serve(world: &Arc<World>, place: &Place, bound: Bound) -> io::Result<()> {
    let here = || (Arc::clone(world), place.clone());
    let [rest, soap, ssh, tftp, sip, tvs, xmpp] = bound.map(tokio::net::TcpListener::from_std);
    for (listener, interface) in [
        (rest, rest::answer as http::Interface),
        (soap, soap::answer),
    ] {
        let (world, place) = here();
        spawn(http::serve(world, place, listener?, interface));
    }
    let (shell_world, shell_place) = here();
    spawn(ssh::serve(ssh?, shell_world, shell_place));
    let presence = world.read(place, |_, node, _| node.role == Role::ImPresence);
    let on_5061 = match presence {
        Some(true) => Face::PresenceSip,
        _ => Face::Sip,
    };
    for (face, listener) in [
        (Face::Tftp, tftp),
        (on_5061, sip),
        (Face::Tvs, tvs),
        (Face::Xmpp, xmpp),
    ] {
        let (world, place) = here();
        spawn(tls::serve_face(world, place, face, listener?));
    }
    Ok(())
}
