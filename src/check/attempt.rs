//! Tries the ways out, from a throw-away process that is in a VRF as a service is.
//!
//! The judge is not what a system call answers, but whether something arrives: at sockets that were made outside of the
//! VRF and are bound to lo, or by way of them at a socket that was made inside. Both ends are looked at by the process that
//! tries; sockets it has inherited belong to the cgroup of who made them.

use super::report::{End, HELD, OUT, UNTRIED};
use super::ways::{self, MOST, Way};
use crate::bind::program::Level;
use crate::bind::{self, Backend, Vrf, cgroup};
use crate::error::Errno;
use crate::log::{Outcome, refused};
use crate::rtnl::Rtnl;
use crate::service::seal;
use crate::sys::process::{self, Harmless, signal};
use crate::sys::{self, OwnedFd, file, net};
use crate::uapi;
use core::ffi::CStr;

/// Index of lo in every network namespace. Source: `net/flow.h: LOOPBACK_IFINDEX`.
const LO: u32 = 1;
/// The user and group nobody.
const NOBODY: u32 = 65534;
/// `SOCK_NONBLOCK`
const NONBLOCK: u32 = linux_raw_sys::general::O_NONBLOCK;
/// How long something may take to arrive, or a connection to be made.
const PATIENCE_MS: u32 = 100;

/// Options. Source: `uapi/asm-generic/socket.h`, `uapi/linux/in.h`, `uapi/linux/in6.h`.
mod option {
    /// Level, `PKTINFO`, and to join a group: of IPv4 and of IPv6.
    pub const IP: [u32; 3] = [0, 8, 35];
    pub const IPV6: [u32; 3] = [41, 50, 20];
    pub const IPV6_V6ONLY: u32 = 26;
    /// `SOL_NETLINK`, `NETLINK_ADD_MEMBERSHIP`, `RTNLGRP_ND_USEROPT`.
    pub const ROUTERS: [u32; 3] = [270, 1, 20];
    /// The steps that set an option, for IPv4 and IPv6: its level and number, where in its value the index of the
    /// interface (or a 1) stands, and the value's length.
    pub const STEPS: [(u8, [u8; 4], [u8; 4]); 5] = [
        (b'i', [1, 62, 0, 4], [1, 62, 0, 4]),       // SO_BINDTOIFINDEX
        (b'n', [1, 25, NAME, 2], [1, 25, NAME, 2]), // SO_BINDTODEVICE
        (b'x', [1, 6, 0, 4], [1, 6, 0, 4]),         // SO_BROADCAST
        (b'u', [0, 50, 3, 4], [41, 76, 3, 4]),      // IP_UNICAST_IF, IPV6_UNICAST_IF: the network's byte order
        (b'm', [0, 32, 8, 12], [41, 17, 0, 4]),     // IP_MULTICAST_IF: struct ip_mreqn; IPV6_MULTICAST_IF
    ];
    /// It is the interface's name.
    pub const NAME: u8 = 12;
}
/// `IPPROTO_UDP`
const UDP: u32 = 17;
/// Families whose packets the kernel sends by sockets of its own, with the kind of socket that each has: SMC, RDS, TIPC,
/// RXRPC, KCM, PPPOX. Source: `linux/socket.h`.
const FAMILIES: [[u8; 2]; 6] = [[43, 1], [21, 5], [30, 2], [33, 2], [41, 5], [24, 1]];
/// `AF_PACKET`
const PACKET: u32 = 17;

/// Where an address leads to.
#[derive(Clone, Copy)]
enum To {
    /// Nowhere: all addresses of one's own.
    All,
    /// Broadcast.
    Everybody,
    /// The machine itself.
    Own,
    /// A multicast group.
    Group,
}

/// An address, and its length. Source: `uapi/linux/in.h: struct sockaddr_in`, `uapi/linux/in6.h: struct sockaddr_in6`.
struct Address([u8; 28], usize);

impl Address {
    /// `scope` is an interface, for IPv6.
    #[inline(never)]
    fn new(six: bool, to: To, port: [u8; 2], scope: u32) -> Self {
        let mut bytes = [0; 28];
        let [high, low] = port;
        let [family, ..] = if six { uapi::AF_INET6 } else { uapi::AF_INET }.to_ne_bytes();
        fill(&mut bytes, 0, &[family, 0, high, low]);
        fill(&mut bytes, if six { 8 } else { 4 }, &host(six, to));
        if six {
            fill(&mut bytes, 24, &scope.to_ne_bytes());
        }
        Self(bytes, if six { 28 } else { 16 })
    }

    fn bytes(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

/// Puts bytes into a struct.
#[inline(never)]
fn fill(bytes: &mut [u8], at: usize, from: &[u8]) {
    for (place, byte) in bytes.iter_mut().skip(at).zip(from) {
        *place = *byte;
    }
}

/// An address: of IPv4 the first four bytes count. The group of IPv6 is of the scope of an interface, so that nothing that is
/// sent to it leaves the machine.
#[inline(never)]
fn host(six: bool, to: To) -> [u8; 16] {
    let mut host = [0; 16];
    match (six, to) {
        (false, To::Own) => fill(&mut host, 0, &[127, 0, 0, 1]),
        (false, To::Group) => fill(&mut host, 0, &[239, 255, 118, 108]),
        (false, To::Everybody) => fill(&mut host, 0, &[255; 4]),
        (true, To::Own) => fill(&mut host, 15, &[1]),
        (true, To::Group) => {
            fill(&mut host, 0, &[0xff, 1]);
            fill(&mut host, 14, &[0x76, 0x6c]);
        }
        _ => {}
    }
    host
}

/// Sockets of one family that are in no VRF, bound to lo.
struct Family {
    /// Gets datagrams.
    udp: OwnedFd,
    /// Gets connections.
    tcp: OwnedFd,
    /// Makes them.
    client: OwnedFd,
    /// Gets what is sent to the group. For IPv6 it is bound to another interface: lo has no multicast.
    group: OwnedFd,
}

/// The signals that end the process, and that of a broken pipe. They wait until nothing is left of what has been tried.
pub struct Ends {
    /// There is something to read from it when one of them has come.
    fd: OwnedFd,
    /// What was blocked before.
    mask: u64,
}

impl Ends {
    /// Lets them wait.
    pub fn hold() -> Result<Self, Errno> {
        const ENDS: [u32; 5] = [signal::HUP, signal::INT, signal::QUIT, signal::TERM, signal::PIPE];
        let set = ENDS.into_iter().fold(0, |set, number| set | signal::set(number));
        let fd = process::signalfd(set)?;
        Ok(Self { fd, mask: process::swap_signal_mask(set)? })
    }

    /// Takes those that have come, and those that come from here on.
    pub fn release(&self) {
        let _ = process::swap_signal_mask(self.mask); // it was set before, so it can be
    }

    /// Waits until something can be read. Errors: `EINTR` where one of the signals has come.
    fn wait_readable(&self, fd: &OwnedFd) -> Result<(), Errno> {
        let mut watched = [net::watch(sys::number(fd)), net::watch(sys::number(&self.fd))];
        loop {
            net::wait(&mut watched, u32::MAX)?;
            let [other, signal] = &watched;
            match (net::is_ready(other), net::is_ready(signal)) {
                (_, true) => return Err(Errno::EINTR),
                (true, false) => return Ok(()),
                (false, false) => {}
            }
        }
    }
}

/// The sockets outside.
pub struct Outside<'e> {
    /// What ends the attempts.
    ends: &'e Ends,
    /// IPv4 and IPv6; a family that the kernel has not got is not tried.
    families: [Option<Family>; 2],
    /// Index of the other interface for multicast of IPv6.
    other: u32,
}

impl<'e> Outside<'e> {
    /// Makes them. This process is in no VRF, nor is the interface `other`.
    pub fn open(other: u32, ends: &'e Ends) -> Result<Self, Errno> {
        Ok(Self { ends, families: [family(false, LO)?, family(true, other)?], other })
    }

    /// The descriptors, as bits.
    fn bits(&self) -> u64 {
        let of = |Family { udp, tcp, client, group }: &Family| {
            [udp, tcp, client, group].into_iter().fold(0, |bits, socket| bits | sys::bit(socket))
        };
        self.families.iter().flatten().fold(0, |bits, family| bits | of(family))
    }
}

#[inline(never)]
fn family(six: bool, other: u32) -> Result<Option<Family>, Errno> {
    let domain = if six { uapi::AF_INET6 } else { uapi::AF_INET };
    let made = |kind: u32, interface: u32| -> Result<OwnedFd, Errno> {
        let socket = net::socket(domain.into(), kind | NONBLOCK, 0)?;
        net::set_option(&socket, uapi::SOL_SOCKET, uapi::SO_BINDTOIFINDEX, interface.cast_signed())?;
        if six {
            net::set_option(&socket, 41, option::IPV6_V6ONLY, 1)?;
        }
        net::bind(&socket, Address::new(six, To::All, [0; 2], 0).bytes())?;
        Ok(socket)
    };
    let udp = match made(uapi::SOCK_DGRAM, LO) {
        Err(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL) => return Ok(None),
        other => other?,
    };
    let tcp = made(uapi::SOCK_STREAM, LO)?;
    net::listen(&tcp, 8)?;
    let family = Family { udp, tcp, client: made(uapi::SOCK_STREAM, LO)?, group: made(uapi::SOCK_DGRAM, other)? };
    // Where that is not possible, what depends on it works nowhere, and is said to.
    let _ = join_group(&family.group, six, other);
    Ok(Some(family))
}

/// Joins the group by an interface.
fn join_group(socket: &OwnedFd, six: bool, interface: u32) -> Result<(), Errno> {
    // `struct ip_mreqn`, or `struct ipv6_mreq`: the group, for IPv4 an address of nobody, and the interface.
    let mut request = [0; 20];
    fill(&mut request, 0, &host(six, To::Group));
    let size = if six { 20 } else { 12 };
    fill(&mut request, size - 4, &interface.to_ne_bytes());
    let [level, .., join] = if six { option::IPV6 } else { option::IP };
    net::set_option_bytes(socket, level, join, request.get(..size).unwrap_or_default())
}

/// Where the process that tries is.
pub enum Place<'p> {
    /// In no VRF.
    Nowhere,
    /// In a cgroup that is there.
    Cgroup(&'p CStr),
    /// In the one that a service would be in.
    As,
}

/// What came of it, way by way.
pub struct Found([End; MOST]);

impl Found {
    /// Nothing has been tried.
    pub const NOTHING: Self = Self([UNTRIED; MOST]);

    /// How a way ended.
    pub fn end(&self, number: usize) -> End {
        self.0.get(number).copied().unwrap_or(UNTRIED)
    }

    fn set(&mut self, number: usize, end: End) {
        fill(&mut self.0, number, &[end]);
    }
}

/// Something got through: not an error, but as good a way to be done.
const THROUGH: Errno = Errno(255);

/// Tries all ways, in a process of its own; false where that could not be, which has been said. Whatever the outcome, that process
/// has ended. Errors: `EINTR` where one of the signals that end this process has come.
#[inline(never)]
pub fn attempt(
    outside: &Outside<'_>,
    place: &Place<'_>,
    vrf: &Vrf<'_>,
    level: Level,
    root: &CStr,
    as_root: bool,
    found: &mut Found,
) -> Result<bool, Errno> {
    let [reader, writer] = file::pipe()?;
    let pid = process::fork()?;
    if pid == 0 {
        outside.ends.release();
        let tried = Try { outside, vrf, level, root, as_root, pipe: &writer }.go(place, found);
        process::exit(tried.map_or_else(|exit| exit.code().into(), |()| 0));
    }
    drop(writer);
    let read = outside.ends.wait_readable(&reader).and_then(|()| file::read_all(&reader, &mut found.0).map(drop));
    if read.is_err() {
        process::kill(pid, signal::KILL);
    }
    let ended = process::wait(pid)?;
    read.map(|()| ended == 0)
}

/// The process that tries.
struct Try<'t> {
    outside: &'t Outside<'t>,
    vrf: &'t Vrf<'t>,
    level: Level,
    /// Where the cgroup tree begins.
    root: &'t CStr,
    as_root: bool,
    pipe: &'t OwnedFd,
}

impl Try<'_> {
    #[inline(never)]
    fn go(&self, place: &Place<'_>, found: &mut Found) -> Outcome {
        match place {
            Place::As => bind::bind(Some(self.vrf), self.level, Backend::Cgroup).map(drop)?,
            Place::Cgroup(path) => self.said(join(path))?,
            Place::Nowhere => {}
        }
        let is_sealed = !matches!(place, Place::Nowhere) && self.level > Level::Bind;
        if is_sealed {
            let keep = self.outside.bits() | sys::bit(self.pipe);
            seal::seal(self.level, None, (self.level > Level::Bind).then_some(keep))?;
        }
        if !self.as_root {
            self.said(process::become_user(NOBODY, NOBODY, &[]))?;
        }
        ways::each(&mut |number, way| {
            if (is_sealed || way.has_control()) && (self.as_root || !way.is_roots) {
                self.way(number, way, found);
            }
        });
        self.said(file::write_all(self.pipe, &found.0))
    }

    /// Says what went wrong.
    #[inline(never)]
    fn said(&self, done: Result<(), Errno>) -> Outcome {
        done.map_err(|errno| refused("try to get out of", self.vrf.name, errno))
    }

    /// Tries one way, and looks whether something arrived: also of a way before, which took longer.
    #[inline(never)]
    fn way(&self, number: usize, way: &Way<'_>, found: &mut Found) {
        found.set(
            number,
            self.steps(number, way).map_or_else(|Errno(errno)| u8::try_from(errno).unwrap_or(HELD), |()| HELD),
        );
        for Family { udp, group, .. } in self.outside.families.iter().flatten() {
            for socket in [udp, group] {
                let mut bytes = [0];
                while let Ok(1) = file::read(socket, &mut bytes) {
                    let [number] = bytes;
                    found.set(number.into(), OUT);
                }
            }
        }
    }

    /// Takes the steps; ends with [`THROUGH`] where that alone tells that the way is open.
    #[inline(never)]
    fn steps(&self, number: usize, way: &Way<'_>) -> Result<(), Errno> {
        match (way.family, way.kind) {
            (_, b'p') => return through(net::socket(PACKET, uapi::SOCK_RAW, 0)),
            (b'-', _) => return others(way),
            _ => {}
        }
        let six = way.family == b'6';
        let domain = if six { uapi::AF_INET6 } else { uapi::AF_INET };
        let [outside_v4, outside_v6] = &self.outside.families;
        let Some(outside) = (if six { outside_v6 } else { outside_v4 }) else { return Err(Errno::EAFNOSUPPORT) };
        let (kind, protocol) = match way.kind {
            b't' => (uapi::SOCK_STREAM, 0),
            b'm' => (uapi::SOCK_STREAM, uapi::IPPROTO_MPTCP),
            b'r' => (uapi::SOCK_RAW, UDP),
            _ => (uapi::SOCK_DGRAM, 0),
        };
        if way.has(b'w') {
            join(self.root)?; // before the socket is made
        }
        let socket = net::socket(domain.into(), kind | NONBLOCK, protocol)?;
        let other = if six && (way.has(b'g') || way.has(b'j')) { self.outside.other } else { LO };
        prepare(&socket, way, six, other)?;
        if way.has(b'j') {
            return through(join_group(&socket, six, other));
        }
        if way.has(b'=') {
            let bound = net::option(&socket, uapi::SOL_SOCKET, uapi::SO_BINDTOIFINDEX)?;
            return through_if(bound != self.vrf.index);
        }
        if way.has(b'c') {
            reaches(&socket, &outside.tcp, six)
        } else if way.has(b'l') {
            is_connected_to(&socket, &outside.client, six)
        } else if way.has(b'r') {
            is_sent_to(&socket, outside, six, if way.has(b'g') { other } else { 0 })
        } else {
            sends(&socket, outside, way, six, other, number)
        }
    }
}

/// Takes the steps that change a socket.
#[inline(never)]
fn prepare(socket: &OwnedFd, way: &Way<'_>, six: bool, other: u32) -> Result<(), Errno> {
    if way.has(b'd') {
        net::connect(socket, &[0; 16])?;
    }
    for (step, v4, v6) in option::STEPS {
        if way.has(step) {
            let [level, option, at, len] = if six { v6 } else { v4 };
            let mut value = *b"lo\0\0\0\0\0\0\0\0\0\0";
            if at != option::NAME {
                value = [0; 12];
                fill(&mut value, at.into(), &other.to_le_bytes());
            }
            let value = value.get(..len.into()).unwrap_or_default();
            net::set_option_bytes(socket, level.into(), option.into(), value)?;
        }
    }
    if way.has(b'b') {
        net::bind(socket, Address::new(six, To::Group, [0; 2], other).bytes())?;
    }
    Ok(())
}

/// Sends the way's number to a socket outside; what arrives there will be seen.
#[inline(never)]
fn sends(socket: &OwnedFd, outside: &Family, way: &Way<'_>, six: bool, other: u32, number: usize) -> Result<(), Errno> {
    let (mut to, mut receiver) = (To::Own, &outside.udp);
    if way.has(b'g') {
        (to, receiver) = (To::Group, &outside.group);
    }
    if way.has(b'x') {
        to = To::Everybody;
    }
    // `struct in_pktinfo`: the interface, and two addresses; `struct in6_pktinfo`: an address, and the interface.
    let ([level, kind, _], at, len) = if six { (option::IPV6, 16, 20) } else { (option::IP, 0, 12) };
    let mut info = [0; 20];
    fill(&mut info, at, &LO.to_ne_bytes());
    let control = if way.has(b'p') { info.get(..len).map(|info| (level, kind, info)) } else { None };
    let port = net::port(receiver)?;
    let [high, low] = port;
    // With a header where the kernel makes none. Source: RFC 768.
    let packet = [0, 0, high, low, 0, 9, 0, 0, u8::try_from(number).unwrap_or(u8::MAX)];
    let bytes = packet.get(if way.kind == b'r' { 0 } else { 8 }..).unwrap_or_default();
    let address = Address::new(six, to, port, if way.has(b's') { other } else { 0 });
    net::send_to(socket, bytes, address.bytes(), control)?;
    net::wait_readable(receiver, PATIENCE_MS).map(drop)
}

fn join(path: &CStr) -> Result<(), Errno> {
    cgroup::join(&file::open_dir(path)?)
}

fn through<T>(done: Result<T, Errno>) -> Result<(), Errno> {
    done.and(Err(THROUGH))
}

fn through_if(is_through: bool) -> Result<(), Errno> {
    if is_through { Err(THROUGH) } else { Ok(()) }
}

/// Ways that need no socket of IP.
#[inline(never)]
fn others(way: &Way<'_>) -> Result<(), Errno> {
    let calls = [(b'q', Harmless::IoUring), (b'y', Harmless::Pair), (b'a', Harmless::Key), (b'z', Harmless::Input)];
    if let Some((_, call)) = calls.iter().find(|(step, _)| way.has(*step)) {
        return through(process::may(*call));
    }
    if way.has(b'k') {
        // Nothing of lo is changed, which only who may change it is told.
        let mut body = [0; 16];
        fill(&mut body, 4, &LO.to_ne_bytes());
        return through(Rtnl::open_plain()?.ask(uapi::RTM_NEWLINK, &body, &mut |_| {}));
    }
    if way.has(b'v') {
        let [level, join, group] = option::ROUTERS;
        let socket = net::socket(uapi::AF_NETLINK, uapi::SOCK_RAW, uapi::NETLINK_ROUTE)?;
        return through(net::set_option(&socket, level, join, group.cast_signed()));
    }
    let mut answer = Ok(());
    for [family, kind] in FAMILIES {
        answer = through(net::socket(family.into(), kind.into(), 0));
        if answer == Err(THROUGH) {
            break;
        }
    }
    answer
}

/// Whether a connection of this socket arrives at that one.
#[inline(never)]
fn reaches(socket: &OwnedFd, listener: &OwnedFd, six: bool) -> Result<(), Errno> {
    let made = net::connect(socket, Address::new(six, To::Own, net::port(listener)?, 0).bytes());
    let waits = matches!(made, Ok(()) | Err(Errno::EINPROGRESS));
    if net::wait_readable(listener, if waits { PATIENCE_MS } else { 0 })? {
        return through(net::accept(listener));
    }
    if waits { Ok(()) } else { made }
}

/// Whether a connection of that socket, which is outside, arrives at this one.
#[inline(never)]
fn is_connected_to(socket: &OwnedFd, client: &OwnedFd, six: bool) -> Result<(), Errno> {
    net::bind(socket, Address::new(six, To::All, [0; 2], 0).bytes())?;
    net::listen(socket, 8)?;
    let _ = net::connect(client, Address::new(six, To::Own, net::port(socket)?, 0).bytes());
    let arrived = net::wait_readable(socket, PATIENCE_MS);
    let _ = net::connect(client, &[0; 16]); // it is free for the next
    through_if(arrived?)
}

/// Whether a datagram of a socket outside arrives at this one: to the group by interface `other`, if that is not 0.
#[inline(never)]
fn is_sent_to(socket: &OwnedFd, outside: &Family, six: bool, other: u32) -> Result<(), Errno> {
    let (sender, to) = if other != 0 { (&outside.group, To::Group) } else { (&outside.udp, To::Own) };
    if other == 0 {
        net::bind(socket, Address::new(six, To::All, [0; 2], 0).bytes())?;
    }
    let address = Address::new(six, to, net::port(socket)?, other);
    let _ = net::send_to(sender, &[u8::MAX], address.bytes(), None); // a number of no way
    through_if(net::wait_readable(socket, PATIENCE_MS)?)
}
