//! What is allowed. Written from initramfs/isolation.md and initramfs/reference.md, not from the programs.

use std::net::IpAddr;

pub const EPERM: i32 = 1;
pub const ENOSYS: i32 = 38;
pub const EPROTONOSUPPORT: i32 = 93;
pub const EAFNOSUPPORT: i32 = 97;

/// What becomes of something that a program asks of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Refused(i32),
    /// The supervisor does it.
    Asked,
}
use Verdict::{Allowed, Asked, Refused};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Bind,
    Guard,
}

/// A network by an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    pub interface: u32,
    pub address: IpAddr,
    pub len: u8,
}

impl Network {
    /// Whether an address is of that network: the same family, and the same first bits.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= self.len.into()
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= self.len.into()
            }
            _ => false,
        }
    }
}

/// "A program in the service's cgroup binds each new socket to the VRF." "MPTCP is refused so that programs take TCP", as are all
/// protocols that are not of IP: those of IP have 8 bits. Which interface the socket is bound to then, if it is made.
pub fn new_socket(level: Level, vrf: u32, protocol: u32, has_set_retval: bool) -> (Verdict, Option<u32>) {
    if level == Level::Bind || protocol < 256 {
        (Allowed, Some(vrf))
    } else {
        (Refused(if has_set_retval { EPROTONOSUPPORT } else { EPERM }), None)
    }
}

/// A socket option, with the value that the caller gives.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub level: u32,
    pub option: u32,
    /// The socket's.
    pub protocol: u32,
    pub value: &'a [u8],
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    Refused,
    /// The kernel takes it from the caller's memory.
    AsGiven,
    /// The kernel takes this value.
    AsSeen(Vec<u8>),
}

/// At strict, "no socket is bound again": SO_BINDTODEVICE and SO_BINDTOIFINDEX of SOL_SOCKET are refused.
///
/// "Groups are joined by the VRF's interfaces alone. Index 0 becomes the first member's, an address that of the only member; with
/// several members an address is refused, as is every option that has none but an address." "What a router says is not heard by
/// rtnetlink's group." A value too short for its option is the kernel's to refuse.
pub fn socket_option(is_strict: bool, vrf: u32, interfaces: &[u32], request: Request<'_>) -> Taken {
    let Request { level, option, protocol, value } = request;
    let members: Vec<u32> = interfaces.iter().copied().filter(|index| *index != vrf).collect();
    // The kernel shows 16 bytes at least, those behind the value being 0.
    let mut shown = value.to_vec();
    shown.resize(value.len().max(16), 0);
    let word = |at: usize| u32::from_ne_bytes(shown[at..at + 4].try_into().expect("four bytes"));
    let by_index = |at: usize, len: usize| {
        let mut value = value.to_vec();
        value.resize(value.len().max(len), 0);
        match word(at) {
            0 => {
                let first = members.first().copied().unwrap_or(vrf);
                for (to, from) in value.iter_mut().skip(at).zip(first.to_ne_bytes()) {
                    *to = from;
                }
                Taken::AsSeen(value)
            }
            index if interfaces.contains(&index) => Taken::AsSeen(value),
            _ => Taken::Refused,
        }
    };
    match (level, option) {
        (1, 25 | 62) if is_strict => Taken::Refused,
        // It says which member sends, and with neither index nor address that none does. 4 bytes are an address.
        (0, 32) if value.len() < 4 => Taken::AsSeen(value.to_vec()),
        (0, 32) if value.len() < 12 => {
            let address = if value.len() < 8 { &value[..4] } else { &value[4..8] };
            let long = [&value[..4], address, &[0; 4]].concat();
            socket_option(is_strict, vrf, interfaces, Request { value: &long, ..request })
        }
        (0, 32) if word(8) == 0 && word(4) == 0 => Taken::AsSeen(value.to_vec()),
        (0, 32) if word(8) == 0 && members.len() > 1 => Taken::Refused,
        (0, 32) => by_index(8, 12),
        (0, 35 | 36) if value.len() < 8 => Taken::AsSeen(value.to_vec()),
        (0, 35 | 36) if value.len() < 12 => {
            let mut long = value[..8].to_vec();
            long.resize(12, 0);
            match socket_option(is_strict, vrf, interfaces, Request { value: &long, ..request }) {
                Taken::AsGiven => unreachable!("it is seen"),
                taken => taken,
            }
        }
        (0, 35 | 36) if word(8) == 0 && word(4) != 0 && members.len() > 1 => Taken::Refused,
        (0, 35 | 36) => by_index(8, 12),
        (0, 37..=41) => Taken::Refused,
        (0 | 41, 42..=48) => by_index(0, 0),
        (41, 20 | 21 | 27 | 28) if value.len() < 20 => Taken::AsSeen(value.to_vec()),
        (41, 20 | 21 | 27 | 28) => by_index(16, 0),
        (270, 1) if protocol == 0 && word(0) == 20 => Taken::Refused,
        (270, 1) if protocol == 0 => Taken::AsSeen(value.to_vec()),
        _ => Taken::AsGiven,
    }
}

/// At strict, a socket sends datagrams of IPv4 only while it is bound to an interface of the VRF, and is connected to an address from
/// 224.0.0.0 on, given as one of IPv4 or of IPv6, only then. `is_send` is for the former.
pub fn address(is_send: bool, interfaces: &[u32], bound: u32, to: IpAddr) -> Verdict {
    let to = match to {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(to, IpAddr::V4),
        IpAddr::V4(_) => to,
    };
    let is_shared = matches!(to, IpAddr::V4(v4) if v4.octets()[0] >= 224);
    if interfaces.contains(&bound) || !is_send && !is_shared { Allowed } else { Refused(EPERM) }
}

/// "No packet leaves or arrives by an interface that is not of the VRF." "A service may send by the shared card to those
/// networks alone." `to` is nothing where a packet is no IP, or cut before its destination's end.
pub fn packet(interfaces: &[u32], shared: &[Network], interface: u32, to: Option<IpAddr>) -> Verdict {
    let reaches = |network: &Network| network.interface == interface && to.is_some_and(|to| network.contains(to));
    if interfaces.contains(&interface) || shared.iter().any(reaches) { Allowed } else { Refused(EPERM) }
}

/// What a frame that came in by a shared card has in it.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub vlan: bool,
    pub from: IpAddr,
    pub to: IpAddr,
    /// The type of ICMPv6, if it is that.
    pub icmp: Option<u8>,
}

/// "Packets from one of the networks to one of the card's addresses are sent into the VRF where they come in." Neighbours and
/// multicast listeners of IPv6 (ICMPv6 130 to 137 and 143) stay with the card, and so does what is for a VLAN.
pub fn is_diverted(interface: u32, own: &[Network], networks: &[Network], frame: &Frame) -> bool {
    let has = |list: &[Network], address| list.iter().any(|net| net.interface == interface && net.contains(address));
    !frame.vlan
        && has(own, frame.to)
        && has(networks, frame.from)
        && !frame.icmp.is_some_and(|kind| (130..=137).contains(&kind) || kind == 143)
}

/// What a filter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    Guard,
    Strict,
    /// `--bind seccomp`
    Supervisor,
}

/// The families that a service may have sockets of: IPv4 and IPv6, AF_UNIX, AF_KEY, AF_NETLINK, AF_PACKET, AF_ALG. The kernel
/// makes no sockets of its own for them.
const FAMILIES: [u32; 7] = [2, 10, 1, 15, 16, 17, 38];
const AF_UNIX: u32 = 1;
const CLONE_NEWUSER: u32 = 0x1000_0000;
const SYS_SOCKET: u32 = 1;
const SYS_SOCKETPAIR: u32 = 8;
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541c;
/// A level and an option.
const IP_RECVERR: (u32, u32) = (0, 11);
const IPV6_RECVERR: (u32, u32) = (41, 25);

/// "Families whose sockets the kernel makes (SMC, RDS, TIPC…) and io_uring are refused", in `socketpair(2)` all but AF_UNIX. "A
/// program of 32 bits that makes sockets by `socketcall(2)` has none" at guard and strict. There, "nobody outside is made to
/// act" by a key that is asked for or by input for a terminal. At strict "no user namespaces", and `IP_RECVERR` is not set.
/// The supervisor makes "each socket of IPv4 and IPv6"; under it, programs of x32 make no system call.
pub fn system_call(kind: For, name: &str, x32: bool, arguments: &[u64; 6]) -> Verdict {
    let strict = kind == For::Strict;
    let supervised = kind == For::Supervisor;
    // What the kernel takes as an `int`.
    let [first, second, third] = [0, 1, 2].map(|argument| arguments[argument] as u32);
    match name {
        _ if x32 && supervised => Refused(ENOSYS),
        "io_uring_setup" => Refused(ENOSYS),
        "socket" if supervised && [2, 10].contains(&first) => Asked,
        "socket" if !FAMILIES.contains(&first) => Refused(EAFNOSUPPORT),
        "socketpair" if first != AF_UNIX => Refused(EAFNOSUPPORT),
        // Arguments in memory are out of a filter's sight.
        "socketcall" if supervised && first == SYS_SOCKET => Asked,
        "socketcall" if strict || [SYS_SOCKET, SYS_SOCKETPAIR].contains(&first) => Refused(ENOSYS),
        // So are the flags of clone3: libraries take clone then.
        "clone3" if strict => Refused(ENOSYS),
        "clone" | "unshare" if strict && first & CLONE_NEWUSER != 0 => Refused(EPERM),
        "ioctl" if !supervised && [TIOCSTI, TIOCLINUX].contains(&second) => Refused(EPERM),
        // A pointer, of all its bits.
        "request_key" if !supervised && arguments[2] != 0 => Refused(EPERM),
        "setsockopt" if strict && [IP_RECVERR, IPV6_RECVERR].contains(&(second, third)) => Refused(0),
        _ => Allowed,
    }
}
