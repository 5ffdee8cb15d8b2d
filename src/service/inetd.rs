//! A process for each connection (`--inetd`): the launcher accepts on the sockets that it has opened, and starts the command with
//! the connection as its standard input and output, as inetd and tcpserver do.
//!
//! Environment of the command: `REMOTE_ADDR` and `REMOTE_PORT` (systemd.socket(5)); `PROTO`, `TCPREMOTEIP`, `TCPREMOTEPORT`,
//! `TCPLOCALIP`, `TCPLOCALPORT` (ucspi-tcp). An IPv4 peer of a socket for both families has its IPv4 address.

use super::Settings;
use crate::error::{Errno, Error, What};
use crate::log::{Outcome, refused, say};
use crate::sys::args::{Made, Strings};
use crate::sys::mem::List;
use crate::sys::net::{self, Watched};
use crate::sys::process::{self, signal};
use crate::sys::{OwnedFd, time};
use crate::text::Buf;
use crate::uapi;
use core::ffi::c_int;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many connections there may be at once.
#[derive(Clone, Copy)]
pub struct Limits {
    /// In all; further ones wait in the kernel's queue.
    pub all: usize,
    /// From one address; further ones are closed. 0: as many as in all.
    pub per_source: usize,
}

impl Limits {
    /// What holds where nothing is said.
    pub const USUAL: Self = Self { all: 64, per_source: 0 };
}

/// Why there is nothing to accept.
pub const NOTHING: &str = "--inetd accepts on what --listen opens, of TCP";

/// After want of descriptors, processes or memory, nothing is accepted for so long.
const PAUSE_MS: u32 = 100;

/// Who is connected, and which process serves them.
#[derive(Clone, Copy)]
struct Served {
    pid: u32,
    from: Ipv6Addr,
}

/// Accepts on descriptors `first` and the `count - 1` behind it until a signal ends it (TERM, INT, QUIT, HUP). Connections that
/// are being served then go on.
#[inline(never)]
pub fn serve(
    sockets: (c_int, usize),
    limits: Limits,
    settings: &Settings,
    command: Strings,
    environment: Strings,
) -> Outcome {
    let failed = |errno| refused("serve", b"connections", errno);
    let mask = process::swap_signal_mask(signal::HANDLED).map_err(failed)?;
    let signals = process::signalfd(signal::HANDLED).map_err(failed)?;
    let mut watched = List::<Watched>::new();
    watched.push(net::watch(crate::sys::number(&signals))).map_err(failed)?;
    for fd in (sockets.0..).take(sockets.1) {
        net::set_nonblocking(fd).map_err(failed)?;
        watched.push(net::watch(fd)).map_err(failed)?;
    }
    let mut served = List::<Served>::new();
    loop {
        // Where there are as many as may be, only the end of one is waited for.
        let open = if served.as_slice().len() < limits.all { watched.as_slice().len() } else { 1 };
        let some = watched.as_mut_slice().get_mut(..open).unwrap_or_default();
        net::wait(some, u32::MAX).map_err(failed)?;
        while let Some(number) = process::next_signal(&signals) {
            match number {
                signal::CHLD => while_some(&mut served),
                signal::USR1 | signal::USR2 => {}
                _ => return Ok(()),
            }
        }
        for at in 1..open {
            let Some(here) = watched.as_slice().get(at).filter(|here| net::is_ready(here)).copied() else { continue };
            if served.as_slice().len() >= limits.all {
                break;
            }
            let socket = crate::sys::unleak(here.fd);
            let accepted = net::accept(&socket);
            crate::sys::leak(socket);
            match accepted {
                Ok(connection) => {
                    let start = || child(&connection, sockets, mask, settings, command, environment);
                    if let Err(errno) = take(&connection, limits, &mut served, &start) {
                        refused("serve", b"a connection", errno);
                        time::sleep_ms(PAUSE_MS);
                    }
                }
                Err(Errno::EAGAIN | Errno::ECONNABORTED) => {} // it has gone again
                Err(errno) => {
                    refused("accept", b"a connection", errno);
                    time::sleep_ms(PAUSE_MS);
                }
            }
        }
    }
}

/// Takes those that have ended off the list.
fn while_some(served: &mut List<Served>) {
    while let Ok((pid, _)) = process::reap() {
        let list = served.as_mut_slice();
        if let Some(at) = list.iter().position(|served| served.pid == pid) {
            let last = list.len() - 1;
            let other = list.last().copied();
            if let (Some(place), Some(other)) = (list.get_mut(at), other) {
                *place = other;
            }
            served.truncate(last);
        }
    }
}

/// Starts a process for a connection, unless there are too many from there.
#[inline(never)]
fn take(connection: &OwnedFd, limits: Limits, served: &mut List<Served>, start: &dyn Fn() -> u8) -> Result<(), Errno> {
    let Ok(peer) = net::name(connection, true) else { return Ok(()) }; // it has gone again
    let from = match address(&peer) {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    };
    let same = served.as_slice().iter().filter(|served| served.from == from).count();
    if limits.per_source > 0 && same >= limits.per_source {
        return Ok(());
    }
    let place = served.as_slice().len();
    served.push(Served { pid: 0, from })?;
    match process::fork() {
        Ok(0) => process::exit(start().into()),
        Ok(pid) => {
            if let Some(served) = served.as_mut_slice().get_mut(place) {
                served.pid = pid;
            }
            Ok(())
        }
        Err(errno) => {
            served.truncate(place);
            Err(errno)
        }
    }
}

/// In the child: becomes the command. Gives its exit code where that failed.
#[inline(never)]
fn child(
    connection: &OwnedFd,
    sockets: (c_int, usize),
    mask: u64,
    settings: &Settings,
    command: Strings,
    environment: Strings,
) -> u8 {
    let mut listeners = 0_u64;
    for fd in (sockets.0..).take(sockets.1) {
        listeners |= u32::try_from(fd).ok().and_then(|fd| 1_u64.checked_shl(fd)).unwrap_or(0);
    }
    let ready = process::duplicate(connection, 0)
        .and_then(|()| process::duplicate(connection, 1))
        .and_then(|()| process::close_but(!listeners))
        .and_then(|()| process::swap_signal_mask(mask));
    let mut made = Made::of(environment);
    let stdin = crate::sys::unleak(0);
    if let (Ok(peer), Ok(own)) = (net::name(&stdin, true), net::name(&stdin, false)) {
        let version: &[u8] = if address(&own).is_ipv6() { b"TCP6" } else { b"TCP" };
        made.set_made(b"PROTO=", version);
        let pairs: [(&[u8], &[u8], &[u8; 28]); 3] = [
            (b"REMOTE_ADDR=", b"REMOTE_PORT=", &peer),
            (b"TCPREMOTEIP=", b"TCPREMOTEPORT=", &peer),
            (b"TCPLOCALIP=", b"TCPLOCALPORT=", &own),
        ];
        for (ip, port, of) in pairs {
            let mut room = [0; 48];
            made.set_made(ip, Buf::new(&mut room).ip(address(of)).as_bytes());
            let mut room = [0; 10];
            let [_, _, high, low, ..] = of;
            made.set_made(port, Buf::new(&mut room).num(u16::from_be_bytes([*high, *low]).into()).as_bytes());
        }
    }
    core::mem::forget(stdin);
    match ready.and_then(|_| made.finish()) {
        Ok(environment) => settings.exec(command, environment).code(),
        Err(errno) => say(&Error::system(What::Deed("serve", b"a connection"), errno)).code(),
    }
}

/// The address in a `sockaddr_in` or `sockaddr_in6`; one that stands for an IPv4 address is that.
pub fn address(name: &[u8; 28]) -> IpAddr {
    let family = name.first_chunk().map_or(0, |family| u16::from_ne_bytes(*family));
    if family == u16::from(uapi::AF_INET) {
        let octets: [u8; 4] = name.get(4..8).and_then(|octets| octets.try_into().ok()).unwrap_or_default();
        return IpAddr::V4(Ipv4Addr::from(octets));
    }
    let octets: [u8; 16] = name.get(8..24).and_then(|octets| octets.try_into().ok()).unwrap_or_default();
    let six = Ipv6Addr::from(octets);
    six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4)
}
