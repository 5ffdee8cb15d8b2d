//! The sockets that a service is started with: standard input and output, those of `LISTEN_FDS`, those of `--keep-fd`. Each is
//! bound to the VRF, or the start is refused.
//!
//! | socket | |
//! |---|---|
//! | bound to the VRF or to a member | is passed on |
//! | of TCP, without a port and a peer; of datagrams or raw, without a peer | is bound; datagrams that have arrived are thrown away |
//! | of TCP, with a port or a peer; any other | is refused |
//!
//! A listener is refused, because to bind it is too late for those who have asked already. A connection that waits to be accepted
//! stays unbound, and so does one whose handshake is going on: its last packet is matched by what the listener was bound to when
//! the first one came (seen on 6.1). A socket that has a port and does not listen yet makes the kernel warn when it does
//! (`inet_csk_get_port`). A connection has an address of the other side.
//!
//! Not reached: the programs of the service's cgroup see the sockets that are made in it, and these were made elsewhere. They are
//! bound, as at level bind, and their packets are not filtered.
//!
//! Source: `net/ipv4/tcp_minisocks.c`, `net/ipv4/inet_connection_sock.c: inet_csk_get_port`, `inet_csk_accept`.

use super::{ACCEPTS, DOMAIN, PROTOCOL, TYPE, bind_to, is_elsewhere, is_inet, put_socket};
use crate::bind::Vrf;
use crate::bind::filter::FAMILIES;
use crate::bind::program::Level;
use crate::error::{Errno, Error, What, Why};
use crate::log::{self, Outcome, say};
use crate::rtnl::Rtnl;
use crate::sys::mem::List;
use crate::sys::{self, OwnedFd, net};
use crate::text::Buf;
use crate::{uapi, vrf};
use core::mem::ManuallyDrop;

/// `AF_KEY`, `AF_PACKET`: making one takes CAP_NET_ADMIN or CAP_NET_RAW, and using it takes nothing. Source: `linux/socket.h`.
const PRIVILEGED: [u32; 2] = [15, 17];
/// `IPPROTO_TCP`.
const TCP: u32 = 6;
/// More datagrams than that do not wait at a socket: something keeps sending.
const MOST: u32 = 1 << 16;

/// Why a socket is not passed on: what is said behind its description, whether the VRF's name ends it, and what to do.
type Fault = (&'static str, bool, &'static str);

const OPEN_IT_HERE: &str =
    "BindToDevice= in its .socket unit binds it to the VRF; --listen tcp:PORT or udp:PORT opens one there in its place";
const LISTENS: Fault = (" outside of VRF ", true, OPEN_IT_HERE);
const OUTSIDE: Fault = (" is outside of VRF ", true, OPEN_IT_HERE);
const CONNECTION: Fault = (
    " is a connection outside of VRF ",
    true,
    "--listen tcp:PORT --inetd accepts in the VRF; so does a .socket unit with BindToDevice=",
);
const NAMESPACE: Fault =
    (": it is of another network namespace", false, "start the command where the socket was opened: ip netns exec");
const MPTCP: Fault =
    (": guard and strict refuse MPTCP", false, "a TCP socket can be passed: no SocketProtocol=mptcp in a .socket unit");
const FAMILY: Fault = (": guard and strict refuse that family", false, "--isolation bind does not look at families");
const PRIVILEGE: Fault =
    (": making it takes a privilege that strict takes away", false, "--isolation guard leaves that privilege");

/// Binds the sockets among those descriptors to a VRF, or refuses to go on with one that cannot be bound. A bit stands for each
/// descriptor. What is not open or not a socket is left alone.
pub fn bind_or_refuse(vrf: &Vrf<'_>, level: Level, descriptors: u64) -> Outcome {
    for fd in (0..u64::BITS).filter(|fd| descriptors >> fd & 1 == 1) {
        let socket = ManuallyDrop::new(sys::unleak(fd.cast_signed()));
        let refuse = |why: Why<'_>, advice| {
            let mut room = [0; 10];
            let mut digits = Buf::new(&mut room);
            let what = What::Deed("pass descriptor", digits.num(fd).as_bytes());
            say(&Error { why, advice, ..Error::system(what, Errno::EPERM) })
        };
        match one(vrf, level, fd, &socket) {
            Ok(None) | Err(Errno::EBADF | Errno::ENOTSOCK) => {}
            Ok(Some((says, named, advice))) => {
                let mut room = [0; 256];
                let mut text = Buf::new(&mut room);
                put_socket(&socket, &mut text);
                text.str(says).bytes(if named { vrf.name } else { b"" });
                return Err(refuse(Why::Text(text.as_bytes()), advice));
            }
            Err(errno) => return Err(refuse(Why::Errno(errno), "")),
        }
    }
    Ok(())
}

/// Binds one socket, or tells why it cannot be passed on.
fn one(vrf: &Vrf<'_>, level: Level, fd: u32, socket: &OwnedFd) -> Result<Option<Fault>, Errno> {
    let of = |option| net::option(socket, uapi::SOL_SOCKET, option);
    let domain = of(DOMAIN)?;
    let kind = of(TYPE)?;
    let is_inet = is_inet(socket);
    // What the level does not let the service make, it does not get from others either.
    if level == Level::Strict && (PRIVILEGED.contains(&domain) || is_inet && kind == uapi::SOCK_RAW) {
        return Ok(Some(PRIVILEGE));
    }
    if !is_inet {
        return Ok((level > Level::Bind && !FAMILIES.contains(&domain)).then_some(FAMILY));
    }
    if is_elsewhere(socket) {
        return Ok(Some(NAMESPACE));
    }
    let protocol = of(PROTOCOL)?;
    if level > Level::Bind && protocol == uapi::IPPROTO_MPTCP {
        return Ok(Some(MPTCP));
    }
    if is_within(vrf, of(uapi::SO_BINDTOIFINDEX)?)? {
        return Ok(None);
    }
    let has_peer = net::name(socket, true).is_ok();
    let waits = kind == uapi::SOCK_DGRAM || kind == uapi::SOCK_RAW;
    let is_fresh = waits || kind == uapi::SOCK_STREAM && protocol == TCP && net::port(socket)? == [0, 0];
    if has_peer {
        return Ok(Some(CONNECTION));
    }
    if !is_fresh {
        return Ok(Some(if of(ACCEPTS)? == 0 { OUTSIDE } else { LISTENS }));
    }
    bind_to(socket, vrf.index)?;
    if waits {
        empty(socket)?;
    }
    log::step(&|out| {
        put_socket(socket, out.str("bound descriptor ").num(fd).str(": "));
    });
    Ok(None)
}

/// Whether that interface is the VRF or one of its members.
fn is_within(vrf: &Vrf<'_>, interface: u32) -> Result<bool, Errno> {
    if interface == vrf.index || interface == 0 || !vrf.interfaces.is_empty() {
        return Ok(interface == vrf.index || vrf.interfaces.contains(&interface));
    }
    // At bind nobody has asked for the members yet.
    let mut interfaces = List::new();
    let mut rtnl = ManuallyDrop::new(Rtnl::open_plain()?);
    vrf::interfaces(&mut rtnl, vrf.index, &mut interfaces)?;
    Ok(interfaces.as_slice().contains(&interface))
}

/// Throws away the datagrams that wait at a socket: they came before it was bound.
fn empty(socket: &OwnedFd) -> Result<(), Errno> {
    for _ in 0..MOST {
        if net::discard(socket) == Err(Errno::EAGAIN) {
            return Ok(());
        }
    }
    Err(Errno::ENOBUFS)
}
