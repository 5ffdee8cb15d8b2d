//! BPF programs, as bytes.
//!
//! Registers: 0 is what a program gives back, 1 its context at the start, 10 the stack. Source:
//! `uapi/linux/bpf.h`, `Documentation/bpf/standardization/instruction-set.rst`.

use crate::conf::hash::hash;
use crate::text::Buf;
use crate::wire::attr::Attr;

/// One instruction. Source: `uapi/linux/bpf.h: struct bpf_insn`; byte order the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Insn {
    /// Operation.
    pub code: u8,
    /// Registers: the destination's number in the low four bits, the source's in the high four (the other way round
    /// on big-endian processors, which this program is not built for).
    pub regs: u8,
    /// Offset, bytes or instructions.
    pub off: i16,
    /// Immediate value.
    pub imm: i32,
}
const _: () = assert!(size_of::<Insn>() == 8);
const _: () = assert!(cfg!(target_endian = "little"));

/// A program's name as `bpftool prog` shows it: at most 15 of `[A-Za-z0-9_.]`, then NULs. Since 4.15.
pub type Name = [u8; 16];

/// How far a service is kept in its VRF. Each level is the one before and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// New sockets are bound to the VRF, as `ip vrf exec` does it.
    Bind,
    /// Nothing leaves or arrives by another interface.
    Guard,
    /// Nor does root find a way out.
    Strict,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bind, Self::Guard, Self::Strict];

    /// The level's name, which is also a component of its cgroups' paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Guard => "guard",
            Self::Strict => "strict",
        }
    }

    /// The level of that name.
    pub fn of(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name().as_bytes() == name)
    }
}

/// `BPF_ALU64 | BPF_MOV | BPF_K`
const MOV_IMM: u8 = 0xb7;
/// `BPF_LDX | BPF_MEM | BPF_W`
const LOAD_U32: u8 = 0x61;
/// `BPF_STX | BPF_MEM | BPF_W`
const STORE_U32: u8 = 0x63;
/// `BPF_JMP | BPF_JA`
const JUMP: u8 = 0x05;
/// `BPF_JMP | BPF_JEQ | BPF_K`
const IF_EQUAL: u8 = 0x15;
/// `BPF_JMP | BPF_JGT | BPF_K`
const IF_ABOVE: u8 = 0x25;
/// `BPF_JMP | BPF_JNE | BPF_K`
const IF_OTHER: u8 = 0x55;
/// `BPF_JMP32 | BPF_JNE | BPF_K`: of the low half. Since 5.1.
const IF_OTHER_U32: u8 = 0x56;
/// `BPF_JMP | BPF_JGT | BPF_X`
const IF_ABOVE_REG: u8 = 0x2d;
/// `BPF_LDX | BPF_MEM | BPF_DW`
const LOAD_U64: u8 = 0x79;
/// `BPF_ALU64 | BPF_MOV | BPF_X`
const MOV: u8 = 0xbf;
/// `BPF_ALU64 | BPF_ADD | BPF_K`
const ADD_IMM: u8 = 0x07;
/// `BPF_ALU | BPF_AND | BPF_K`: of the low half.
const AND_U32: u8 = 0x54;
/// `BPF_LDX | BPF_MEM | BPF_B`
const LOAD_U8: u8 = 0x71;
/// `BPF_ST | BPF_MEM | BPF_W` and `BPF_H`
const STORE_IMM_U32: u8 = 0x62;
const STORE_IMM_U16: u8 = 0x6a;
/// `BPF_JMP | BPF_CALL`
const CALL: u8 = 0x85;
/// `BPF_JMP | BPF_EXIT`
const EXIT: u8 = 0x95;

/// `struct bpf_sock: bound_dev_if`, its first field, and `protocol`.
const BOUND_DEV_IF: i16 = 0;
const PROTOCOL: i16 = 12;
/// `struct __sk_buff: ifindex`: the device by which a packet is about to leave, or by which it came.
const IFINDEX: i16 = 40;
/// `struct __sk_buff: protocol`, in the network's byte order, and `vlan_present`.
const SKB_PROTOCOL: i16 = 16;
const SKB_VLAN: i16 = 20;
/// `ETH_P_IP`, `ETH_P_IPV6` as that has them.
const IPV4: i32 = 0x0008;
const IPV6: i32 = 0xdd86;
/// `BPF_FUNC_skb_load_bytes`, `BPF_FUNC_skb_store_bytes`, `BPF_FUNC_redirect`.
const LOAD_BYTES: i32 = 26;
const STORE_BYTES: i32 = 9;
const REDIRECT: i32 = 23;
/// `struct bpf_sockopt: sk`, `optval`, `optval_end`, `level`, `optname`, `optlen`.
const OPT_SOCK: i16 = 0;
const OPT_VALUE: i16 = 8;
const OPT_END: i16 = 16;
const OPT_LEVEL: i16 = 24;
const OPT_NAME: i16 = 28;
const OPT_LEN: i16 = 32;
/// `struct bpf_sock_addr`: `user_ip4`, `user_ip6`, `sk`.
const ADDR_V4: i16 = 4;
const ADDR_V6: i16 = 8;
const ADDR_SOCK: i16 = 64;
/// `BPF_FUNC_set_retval`: which errno a refusal has, where it is not to be EPERM. Since 5.18.
const SET_RETVAL: i32 = 187;
/// The protocols of IP have 8 bits. Those above are the kernel's own and make other sockets, behind the back of any
/// program: MPTCP (262), SMC (256). Source: `uapi/linux/in.h`.
const LAST_OF_IP: i32 = 255;
/// The answer to one that is not allowed: programs that would like MPTCP take TCP then.
const EPROTONOSUPPORT: i32 = 93;

const fn insn(code: u8, regs: u8, off: i16, imm: i32) -> Insn {
    Insn { code, regs, off, imm }
}

/// Sets what is given back: that it be allowed, or refused.
const YES: Insn = insn(MOV_IMM, 0, 0, 1);
const NO: Insn = insn(MOV_IMM, 0, 0, 0);
/// Gives it back.
const END: Insn = insn(EXIT, 0, 0, 0);

/// Binds each new socket to an interface: what `SO_BINDTODEVICE` would set, before the program that asked for the
/// socket has it. For `BPF_CGROUP_INET_SOCK_CREATE`.
pub fn bind(ifindex: u32) -> [Insn; 4] {
    [insn(MOV_IMM, 2, 0, ifindex.cast_signed()), insn(STORE_U32, 1 | 2 << 4, BOUND_DEV_IF, 0), YES, END]
}

/// As [`bind`], and refuses protocols that are not those of IP. Where the kernel has no `bpf_set_retval` it refuses the
/// program with `EINVAL`: then without `errno`, and the refusal is EPERM.
pub fn guard(ifindex: u32, errno: bool) -> [Insn; 10] {
    let [index, store, yes, end] = bind(ifindex);
    let call = if errno { insn(CALL, 0, 0, SET_RETVAL) } else { NO };
    [
        insn(LOAD_U32, 2 | 1 << 4, PROTOCOL, 0),
        insn(IF_ABOVE, 2, 4, LAST_OF_IP),
        index,
        store,
        yes,
        end,
        insn(MOV_IMM, 1, 0, -EPROTONOSUPPORT),
        call,
        NO,
        END,
    ]
}

/// A network by an interface, or an address of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// The interface's index.
    pub interface: u32,
    /// Whether it is of IPv4: then four bytes count.
    pub v4: bool,
    /// Bits of the network.
    pub len: u8,
    /// The address; what is beyond the length does not matter.
    pub bytes: [u8; 16],
}

impl Net {
    /// Whether an address is in it.
    #[inline(never)]
    pub fn contains(&self, other: &Self) -> bool {
        let mut left = self.len;
        self.v4 == other.v4
            && self.bytes.iter().zip(other.bytes).all(|(own, other)| {
                let beyond = 0xff_u8.checked_shr(left.into()).unwrap_or(0);
                left = left.saturating_sub(8);
                (own ^ other) & !beyond == 0
            })
    }

    /// Its address.
    pub fn address(&self) -> Option<core::net::IpAddr> {
        Attr { kind: 0, payload: self.bytes.get(..if self.v4 { 4 } else { 16 })? }.ip()
    }

    /// How many instructions it takes to compare with it.
    fn size(&self) -> i16 {
        let (words, part) = (i16::from(self.len / 32), self.len % 32);
        2 * words + if part == 0 { 1 } else { 4 }
    }
}

/// Lets packets pass that leave or came by one of these interfaces, which are in ascending order; and by the interfaces of
/// `shared` what goes to one of their networks. For `BPF_CGROUP_INET_EGRESS` and `BPF_CGROUP_INET_INGRESS`.
///
/// The interfaces are in the program, not in a map: it takes less time, and another set takes the place of the one before in one
/// step all the same (`BPF_F_REPLACE`). It is a search by halves. False where it would not fit: with more than ten
/// thousand interfaces, or some thousand networks, a jump is too far.
pub fn pass(interfaces: &[u32], shared: &[Net], put: &mut dyn FnMut(Insn)) -> bool {
    put(insn(LOAD_U32, 2 | 1 << 4, IFINDEX, 0));
    let mut fits = true;
    for (n, net) in shared.iter().enumerate() {
        let interface = net.interface;
        if shared.iter().take(n).any(|earlier| earlier.interface == interface) {
            continue;
        }
        let (mut length, mut fits_in) = (0_i16, true);
        fits_in &= pass_to(interface, shared, &mut |_| length = length.saturating_add(1));
        put(insn(IF_OTHER, 2, length, interface.cast_signed()));
        fits &= fits_in && length < i16::MAX && pass_to(interface, shared, put);
    }
    fits && search(interfaces, put)
}

/// Lets what goes to one of an interface's networks pass.
#[inline(never)]
fn pass_to(interface: u32, shared: &[Net], put: &mut dyn FnMut(Insn)) -> bool {
    by_family(0, put, &mut |v4, put| {
        let (at, len) = if v4 { (16, 4) } else { (24, 16) }; // the destination
        load_bytes(at, len, 0, put);
        let fits = one_of(shared, interface, v4, STACK, 0, put);
        put(YES);
        put(END);
        fits
    })
}

/// Sends what comes from one of the networks to one of the own addresses into a VRF, whose Ethernet address it gets, as if it
/// had come in there. IPv6 neighbours and multicast listeners (ICMPv6 130 to 137 and 143) are left to the interface. What has
/// a VLAN is another interface's. Of `own` and `networks` those with that interface count. For `BPF_PROG_TYPE_SCHED_CLS`, in
/// which -1 leaves a packet to the next filter.
///
/// False where it would not fit.
#[inline(never)]
pub fn divert(
    interface: u32,
    vrf: u32,
    mac: [u8; 6],
    own: &[Net],
    networks: &[Net],
    put: &mut dyn FnMut(Insn),
) -> bool {
    let [m0, m1, m2, m3, m4, m5] = mac;
    let deliver = [
        insn(STORE_IMM_U32, 10, -8, i32::from_ne_bytes([m0, m1, m2, m3])),
        insn(STORE_IMM_U16, 10, -4, i32::from(u16::from_ne_bytes([m4, m5]))),
        insn(MOV, 1 | 6 << 4, 0, 0),
        insn(MOV_IMM, 2, 0, 0),
        insn(MOV, 3 | 10 << 4, 0, 0),
        insn(ADD_IMM, 3, 0, -8),
        insn(MOV_IMM, 4, 0, 6),
        insn(MOV_IMM, 5, 0, 0),
        insn(CALL, 0, 0, STORE_BYTES),
        insn(MOV_IMM, 1, 0, vrf.cast_signed()),
        insn(MOV_IMM, 2, 0, 1), // BPF_F_INGRESS
        insn(CALL, 0, 0, REDIRECT),
        END,
    ];
    put(insn(LOAD_U32, 2 | 1 << 4, SKB_VLAN, 0));
    put(insn(IF_EQUAL, 2, 2, 0));
    put(LEAVE);
    put(END);
    by_family(LEAVE.imm, put, &mut |v4, put| {
        let fits;
        if v4 {
            load_bytes(ETHERNET + 12, 8, LEAVE.imm, put);
            fits = one_of(own, interface, v4, STACK + 4, LEAVE.imm, put)
                && one_of(networks, interface, v4, STACK, LEAVE.imm, put);
        } else {
            load_bytes(ETHERNET + 4, 36, LEAVE.imm, put);
            fits = one_of(own, interface, v4, STACK + 20, LEAVE.imm, put)
                && one_of(networks, interface, v4, STACK + 4, LEAVE.imm, put);
            put(insn(LOAD_U8, 2 | 10 << 4, STACK + 2, 0));
            put(insn(IF_OTHER, 2, 16, 58)); // IPPROTO_ICMPV6
            load_bytes(ETHERNET + 40, 1, LEAVE.imm, put); // nine
            put(insn(LOAD_U8, 2 | 10 << 4, STACK, 0));
            put(insn(IF_ABOVE, 2, 1, 137));
            put(insn(IF_ABOVE, 2, 2, 129));
            put(insn(IF_EQUAL, 2, 1, 143));
            put(insn(JUMP, 0, 2, 0));
            put(LEAVE);
            put(END);
        }
        for insn in deliver {
            put(insn);
        }
        fits
    })
}

/// Leaves a packet to the next filter: `TC_ACT_UNSPEC`.
const LEAVE: Insn = insn(MOV_IMM, 0, 0, -1);
/// Bytes of an Ethernet's header.
const ETHERNET: i32 = 14;
/// Where on the stack bytes of the packet are put.
const STACK: i16 = -48;

/// Puts the program for IPv4 (true) or IPv6; false where it would not fit.
type OfFamily<'f> = &'f mut dyn FnMut(bool, &mut dyn FnMut(Insn)) -> bool;

/// Puts one program for IPv4 packets and one for IPv6; for others there is only the answer `no`.
#[inline(never)]
fn by_family(no: i32, put: &mut dyn FnMut(Insn), each: OfFamily<'_>) -> bool {
    let mut length = 0_i16;
    let fits = each(true, &mut |_| length = length.saturating_add(1)) && length < i16::MAX - 3;
    put(insn(MOV, 6 | 1 << 4, 0, 0));
    put(insn(LOAD_U32, 2 | 1 << 4, SKB_PROTOCOL, 0));
    put(insn(IF_EQUAL, 2, length.saturating_add(3), IPV6));
    put(insn(IF_EQUAL, 2, 2, IPV4));
    put(insn(MOV_IMM, 0, 0, no));
    put(END);
    fits && each(true, put) && each(false, put)
}

/// Puts bytes of the packet onto the stack; where it has not so many, the answer is `no`. Register 0 is 0 then.
#[inline(never)]
fn load_bytes(at: i32, len: i32, no: i32, put: &mut dyn FnMut(Insn)) {
    for insn in [
        insn(MOV, 1 | 6 << 4, 0, 0),
        insn(MOV_IMM, 2, 0, at),
        insn(MOV, 3 | 10 << 4, 0, 0),
        insn(ADD_IMM, 3, 0, STACK.into()),
        insn(MOV_IMM, 4, 0, len),
        insn(CALL, 0, 0, LOAD_BYTES),
        insn(IF_EQUAL, 0, 2, 0),
        insn(MOV_IMM, 0, 0, no),
        END,
    ] {
        put(insn);
    }
}

/// Goes on where the address that is `at` on the stack is in one of an interface's networks; else the answer is `no`.
/// Register 0 has to be 0.
#[inline(never)]
fn one_of(nets: &[Net], interface: u32, v4: bool, at: i16, no: i32, put: &mut dyn FnMut(Insn)) -> bool {
    let wanted = |net: &&Net| net.interface == interface && net.v4 == v4;
    let mut left = 2_i16;
    for net in nets.iter().filter(wanted) {
        left = left.saturating_add(net.size());
    }
    let fits = left < i16::MAX;
    if left == 2 {
        // Never: but without it, what follows would be unreachable.
        put(insn(IF_OTHER, 0, 2, 0));
    }
    for net in nets.iter().filter(wanted) {
        let mut rest = net.size();
        left -= rest;
        let mut bits = u32::from(net.len);
        for (place, word) in (0_i16..).zip(net.bytes.chunks_exact(4)) {
            if bits == 0 {
                break;
            }
            // What is beyond the length is not compared; in the network's byte order that is the end.
            let mask = u32::MAX.checked_shr(bits).map_or(u32::MAX, |beyond| !beyond).to_be();
            let word = word.try_into().map_or(0, u32::from_ne_bytes) & mask;
            put(insn(LOAD_U32, 4 | 10 << 4, at + 4 * place, 0));
            rest -= 2;
            if mask != u32::MAX {
                put(insn(AND_U32, 4, 0, mask.cast_signed()));
                rest -= 1;
            }
            put(insn(IF_OTHER_U32, 4, rest, word.cast_signed()));
            bits = bits.saturating_sub(32);
        }
        // Always: but a plain jump would leave what follows it unreachable.
        put(insn(IF_EQUAL, 0, left, 0));
    }
    put(insn(MOV_IMM, 0, 0, no));
    put(END);
    fits
}

/// A number that tells programs apart.
pub fn digest(program: &[Insn]) -> u32 {
    program.iter().fold(0, |sum, insn| {
        let [o0, o1] = insn.off.to_ne_bytes();
        let [i0, i1, i2, i3] = insn.imm.to_ne_bytes();
        let [s0, s1, s2, s3] = u32::to_ne_bytes(sum);
        hash(&[s0, s1, s2, s3, insn.code, insn.regs, o0, o1, i0, i1, i2, i3])
    })
}

/// So many are looked at one after the other.
const FEW: usize = 4;

fn search(interfaces: &[u32], put: &mut dyn FnMut(Insn)) -> bool {
    if interfaces.len() > FEW {
        let (low, high) = interfaces.split_at(interfaces.len() / 2);
        let mut length = 0_i16;
        let fits = search(low, &mut |_| length = length.saturating_add(1)) && length < i16::MAX;
        let last = low.last().copied().unwrap_or(0);
        put(insn(IF_ABOVE, 2, length, last.cast_signed()));
        return fits && search(low, put) && search(high, put);
    }
    let mut left = i16::try_from(interfaces.len()).unwrap_or(0);
    for interface in interfaces {
        left -= 1;
        put(insn(IF_EQUAL, 2, left + 2, interface.cast_signed()));
    }
    put(NO);
    put(END);
    // The verifier refuses what is never reached.
    if !interfaces.is_empty() {
        put(YES);
        put(END);
    }
    true
}

/// `SOL_SOCKET` and its options that bind to a device (`asm-generic/socket.h`).
const SOL_SOCKET: i32 = 1;
const SO_BINDTODEVICE: i32 = 25;
const SO_BINDTOIFINDEX: i32 = 62;
/// `IPPROTO_IP` and the options that join a group, leave it, or choose its sources (`uapi/linux/in.h`): up to
/// `IP_DROP_MEMBERSHIP` with a `struct ip_mreqn` or `ip_mreq`, up to `IP_MSFILTER` with the address of an interface, and up to
/// `MCAST_MSFILTER`, which IPv6 has too, with an index at the start of the value.
const IPPROTO_IP: i32 = 0;
/// The interface by which a socket sends to groups, with the same values or a `struct in_addr`.
const IP_MULTICAST_IF: i32 = 32;
const IP_ADD_MEMBERSHIP: i32 = 35;
const IP_DROP_MEMBERSHIP: i32 = 36;
const IP_MSFILTER: i32 = 41;
const MCAST_MSFILTER: i32 = 48;
/// `IPPROTO_IPV6` and its own options of that kind (`uapi/linux/in6.h`), with a `struct ipv6_mreq`.
const IPPROTO_IPV6: i32 = 41;
const IPV6_REQUESTS: [i32; 4] = [20, 21, 27, 28];
/// `SOL_NETLINK` (`linux/socket.h`), `NETLINK_ADD_MEMBERSHIP` (`uapi/linux/netlink.h`), and the group to which the kernel
/// passes on what a router's advertisement says (`uapi/linux/rtnetlink.h: RTNLGRP_ND_USEROPT`).
const SOL_NETLINK: i32 = 270;
const NETLINK_ADD_MEMBERSHIP: i32 = 1;
const ND_USEROPT: i32 = 20;
/// `struct ip_mreqn`: `imr_address`, `imr_ifindex`; its size; that of `struct ip_mreq`.
const MREQN_ADDRESS: i16 = 4;
const MREQN_INDEX: i16 = 8;
const MREQN: i32 = 12;
const MREQ: i32 = 8;
/// `struct ipv6_mreq: ipv6mr_ifindex`, and its size.
const MREQ6_INDEX: i16 = 16;
const MREQ6: i32 = 20;

/// Refuses to bind a socket to another device: where the level is not IPv4's, IPv6's or netlink's, of [`options`].
const KEEP_BOUND: [Insn; 3] =
    [insn(IF_OTHER, 4, 2, SOL_SOCKET), insn(IF_EQUAL, 5, 79, SO_BINDTODEVICE), insn(IF_EQUAL, 5, 78, SO_BINDTOIFINDEX)];

/// Lets sockets join groups by these interfaces alone, which are in ascending order and of which one is the VRF. For
/// `BPF_CGROUP_SETSOCKOPT`, since 5.3. With `is_strict`, it also refuses to bind a socket to another device.
///
/// A join makes the kernel send a report of its own, with the group and a list of sources, which no program for packets sees. The kernel
/// takes the interface from the value; an index of 0, or an address, it looks up in table main, whatever the socket is bound to.
/// So index 0 becomes the first member's. An address becomes that of the only member, and is refused where there are
/// several. The options up to `IP_MSFILTER` have no place for an index and are refused. The interface by which a socket sends to groups is
/// one of these, too: what it sends by another does not leave, but programs of this machine hear it.
///
/// A value that was looked at here goes to the kernel as it was seen: the caller may write to its own memory meanwhile. With any other
/// option, an `optlen` of 0 tells the kernel to take the value as the caller gave it: without that, one of more than a page would
/// be an EFAULT (5.8). The kernel does not run the program for system calls of 32 bits on a kernel of 64.
///
/// False where it would not fit.
pub fn options(vrf: u32, interfaces: &[u32], is_strict: bool, put: &mut dyn FnMut(Insn)) -> bool {
    let mut members = interfaces.iter().copied().filter(|index| *index != vrf);
    let first = members.next().unwrap_or(vrf).cast_signed();
    let has_several = members.next().is_some();
    let strict: &[Insn] = if is_strict { &KEEP_BOUND } else { &[] };
    let by = i16::from(is_strict) * 3;
    let by_address = if has_several { insn(LOAD_U32, 2 | 7 << 4, MREQN_ADDRESS, 0) } else { insn(MOV_IMM, 2, 0, 0) };
    let [join6, leave6, join_anycast, leave_anycast] = IPV6_REQUESTS;
    let dispatch = [
        insn(LOAD_U32, 4 | 1 << 4, OPT_LEVEL, 0),
        insn(LOAD_U32, 5 | 1 << 4, OPT_NAME, 0),
        insn(LOAD_U64, 7 | 1 << 4, OPT_VALUE, 0),
        insn(LOAD_U64, 3 | 1 << 4, OPT_END, 0),
        insn(IF_EQUAL, 4, 27 + by, IPPROTO_IP),
        insn(IF_EQUAL, 4, 12 + by, IPPROTO_IPV6),
        insn(IF_EQUAL, 4, 1 + by, SOL_NETLINK),
    ];
    let rest = [
        insn(JUMP, 0, 73, 0),
        // SOL_NETLINK. Generic netlink gives its groups numbers of their own.
        insn(IF_OTHER, 5, 72, NETLINK_ADD_MEMBERSHIP),
        insn(LOAD_U64, 2 | 1 << 4, OPT_SOCK, 0),
        insn(LOAD_U32, 2 | 2 << 4, PROTOCOL, 0),
        insn(IF_OTHER, 2, 69, 0), // NETLINK_ROUTE
        insn(MOV, 8 | 7 << 4, 0, 0),
        insn(ADD_IMM, 8, 0, 4),
        insn(IF_ABOVE_REG, 8 | 3 << 4, 64, 0), // never
        insn(LOAD_U32, 2 | 7 << 4, 0, 0),
        insn(IF_EQUAL, 2, 68, ND_USEROPT),
        insn(JUMP, 0, 61, 0),
        // IPPROTO_IPV6
        insn(IF_ABOVE, 5, 62, MCAST_MSFILTER),
        insn(IF_ABOVE, 5, 53, IP_MSFILTER),
        insn(IF_EQUAL, 5, 4, join6),
        insn(IF_EQUAL, 5, 3, leave6),
        insn(IF_EQUAL, 5, 2, join_anycast),
        insn(IF_EQUAL, 5, 1, leave_anycast),
        insn(JUMP, 0, 56, 0),
        insn(MOV, 8 | 7 << 4, 0, 0),
        insn(ADD_IMM, 8, 0, MREQ6),
        insn(IF_ABOVE_REG, 8 | 3 << 4, 51, 0), // the kernel refuses it
        insn(LOAD_U32, 2 | 7 << 4, MREQ6_INDEX, 0),
        insn(IF_OTHER, 2, 57, 0),
        insn(STORE_IMM_U32, 7, MREQ6_INDEX, first),
        insn(JUMP, 0, 47, 0),
        // IPPROTO_IP
        insn(IF_EQUAL, 5, 21, IP_MULTICAST_IF),
        insn(IF_ABOVE, 5, 47, MCAST_MSFILTER),
        insn(IF_ABOVE, 5, 38, IP_MSFILTER),
        insn(IF_ABOVE, 5, 49, IP_DROP_MEMBERSHIP),
        insn(IF_ABOVE, 5, 1, IP_ADD_MEMBERSHIP - 1),
        insn(JUMP, 0, 43, 0),
        insn(MOV, 8 | 7 << 4, 0, 0),
        insn(ADD_IMM, 8, 0, MREQN),
        insn(IF_ABOVE_REG, 8 | 3 << 4, 44, 0), // never: there are 16 bytes at least
        insn(LOAD_U32, 2 | 1 << 4, OPT_LEN, 0),
        insn(IF_ABOVE, 2, 5, MREQN - 1),
        insn(IF_ABOVE, 2, 1, MREQ - 1),
        insn(JUMP, 0, 34, 0), // the kernel refuses it
        insn(STORE_IMM_U32, 7, MREQN_INDEX, 0),
        insn(MOV_IMM, 2, 0, MREQN),
        insn(STORE_U32, 1 | 2 << 4, OPT_LEN, 0),
        insn(LOAD_U32, 2 | 7 << 4, MREQN_INDEX, 0),
        insn(IF_OTHER, 2, 37, 0),
        by_address,
        insn(IF_OTHER, 2, 33, 0),
        insn(STORE_IMM_U32, 7, MREQN_INDEX, first),
        insn(JUMP, 0, 25, 0),
        // IP_MULTICAST_IF
        insn(MOV, 8 | 7 << 4, 0, 0),
        insn(ADD_IMM, 8, 0, MREQN),
        insn(IF_ABOVE_REG, 8 | 3 << 4, 28, 0), // never
        insn(LOAD_U32, 2 | 1 << 4, OPT_LEN, 0),
        insn(IF_ABOVE, 2, 8, MREQN - 1),
        insn(IF_ABOVE, 2, 4, MREQ - 1),
        insn(IF_ABOVE, 2, 1, 3),
        insn(JUMP, 0, 17, 0),             // the kernel refuses it
        insn(LOAD_U32, 2 | 7 << 4, 0, 0), // a struct in_addr
        insn(STORE_U32, 7 | 2 << 4, MREQN_ADDRESS, 0),
        insn(STORE_IMM_U32, 7, MREQN_INDEX, 0),
        insn(MOV_IMM, 2, 0, MREQN),
        insn(STORE_U32, 1 | 2 << 4, OPT_LEN, 0),
        insn(LOAD_U32, 2 | 7 << 4, MREQN_INDEX, 0),
        insn(IF_OTHER, 2, 18, 0),
        insn(LOAD_U32, 2 | 7 << 4, MREQN_ADDRESS, 0),
        insn(IF_EQUAL, 2, 8, 0), // none, as at first
        insn(STORE_IMM_U32, 7, MREQN_INDEX, first),
        insn(JUMP, 0, if has_several { 12 } else { 6 }, 0),
        // With an index at the start.
        insn(MOV, 8 | 7 << 4, 0, 0),
        insn(ADD_IMM, 8, 0, 4),
        insn(IF_ABOVE_REG, 8 | 3 << 4, 9, 0), // never
        insn(LOAD_U32, 2 | 7 << 4, 0, 0),
        insn(IF_OTHER, 2, 9, 0),
        insn(STORE_IMM_U32, 7, 0, first),
        // As it was seen.
        YES,
        END,
        // As the caller gave it.
        insn(MOV_IMM, 2, 0, 0),
        insn(STORE_U32, 1 | 2 << 4, OPT_LEN, 0),
        YES,
        END,
        NO,
        END,
    ];
    for insn in dispatch.iter().chain(strict).chain(&rest) {
        put(*insn);
    }
    search(interfaces, put)
}

/// The addresses of IPv4 that are no one host's, from 224.0.0.0 on: so begins the first byte.
const SHARED_BITS: i32 = 0xe0;
/// The third word of an IPv6 address that stands for one of IPv4 (`::ffff:0:0/96`), in the network's byte order.
const MAPPED: i32 = 0xffff_0000_u32.cast_signed();

/// What an address is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A datagram of IPv4 is sent: `BPF_CGROUP_UDP4_SENDMSG`.
    Send,
    /// A socket is connected to an address of IPv4: `BPF_CGROUP_INET4_CONNECT`.
    Connect4,
    /// A socket is connected to an address of IPv6, which may stand for one of IPv4: `BPF_CGROUP_INET6_CONNECT`.
    Connect6,
}

/// Lets a socket send datagrams of IPv4 only while it is bound to one of these interfaces, which are in ascending order. `connect`
/// to `AF_UNSPEC` frees a socket of its interface. Of what it sends to a multicast group or to everybody, the kernel makes a copy for
/// this machine itself, which no program for packets sees.
///
/// A connected socket sends without being asked, so the same holds when it is connected to an address from 224.0.0.0 on. The broadcast
/// address of a network cannot be told from another. Since 5.3.
///
/// False where it would not fit.
pub fn addresses(deed: Deed, interfaces: &[u32], put: &mut dyn FnMut(Insn)) -> bool {
    if deed == Deed::Connect6 {
        put(insn(LOAD_U32, 2 | 1 << 4, ADDR_V6, 0));
        put(insn(IF_OTHER_U32, 2, 7, 0));
        put(insn(LOAD_U32, 2 | 1 << 4, ADDR_V6 + 4, 0));
        put(insn(IF_OTHER_U32, 2, 5, 0));
        put(insn(LOAD_U32, 2 | 1 << 4, ADDR_V6 + 8, 0));
        put(insn(IF_OTHER_U32, 2, 3, MAPPED));
    }
    if deed != Deed::Send {
        put(insn(LOAD_U32, 2 | 1 << 4, if deed == Deed::Connect4 { ADDR_V4 } else { ADDR_V6 + 12 }, 0));
        put(insn(AND_U32, 2, 0, SHARED_BITS));
        put(insn(IF_EQUAL, 2, 2, SHARED_BITS));
        put(YES);
        put(END);
    }
    put(insn(LOAD_U64, 2 | 1 << 4, ADDR_SOCK, 0));
    put(insn(LOAD_U32, 2 | 2 << 4, BOUND_DEV_IF, 0));
    search(interfaces, put)
}

/// The start of the names of the programs made here, by what they are for.
pub const BIND: [u8; 7] = *b"vlbind_";
/// Of [`guard`]'s.
pub const GUARD: [u8; 7] = *b"vlguar_";
/// Of [`pass`]'s.
pub const PASS: [u8; 7] = *b"vlpass_";
/// Of [`options`]' at strict.
pub const KEEP: [u8; 7] = *b"vlkeep_";
/// Of [`options`]' at guard.
pub const JOIN: [u8; 7] = *b"vljoin_";
/// Of [`addresses`]'.
pub const ADDRESS: [u8; 7] = *b"vladdr_";
/// Of [`divert`]'s.
pub const SHARE: [u8; 7] = *b"vlshar_";

/// A sum over what [`pass`] lets through: another set has another one.
pub fn sum(interfaces: &[u32], shared: &[Net]) -> u32 {
    let sum =
        interfaces.iter().fold(0, |sum, interface| hash(&(u64::from(sum) << 32 | u64::from(*interface)).to_ne_bytes()));
    shared.iter().fold(sum, |sum, net| {
        let place = hash(&(u64::from(net.interface) << 16 | u64::from(net.v4) << 8 | u64::from(net.len)).to_ne_bytes());
        hash(&(u64::from(sum ^ place) << 32 | u64::from(hash(&net.bytes))).to_ne_bytes())
    })
}

/// A program's name: what it is for, and a number that tells whether it is the one that is wanted. With the first two the
/// number is the interface's index, so that a program left over from a VRF that has been made anew since is known for what
/// it is; with [`pass`]'s a sum over all of them.
pub fn name(start: &[u8; 7], number: u32) -> Name {
    let mut name = [0; 16];
    let mut text = Buf::new(&mut name);
    text.bytes(start);
    for digit in 0..8_u32 {
        text.hex(number >> (28 - 4 * digit) & 0xf);
    }
    name
}

/// The number in a program's name; 0 where it has none.
pub fn number(name: &Name) -> u32 {
    let digits = name.iter().skip(7).take(8).map(|digit| char::from(*digit).to_digit(16));
    digits.fold(0, |number, digit| number << 4 | digit.unwrap_or(0))
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "what is wrong with a program ends the test"
)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_after_its_interface() {
        assert_eq!(name(&BIND, 0), *b"vlbind_00000000\0");
        assert_eq!(name(&BIND, 0x1a9), *b"vlbind_000001a9\0");
        assert_eq!(name(&GUARD, u32::MAX), *b"vlguar_ffffffff\0");
        for index in [0, 1, 0x1a9, 0x8000_0007, u32::MAX] {
            assert_eq!(number(&name(&BIND, index)), index);
        }
        assert_ne!(sum(&[], &[]), 1, "bind::repair looks for the filter of no interface by another number");
    }

    #[test]
    fn levels_are_ordered_and_named() {
        assert!(Level::Bind < Level::Guard && Level::Guard < Level::Strict);
        assert_eq!(Level::of(b"guard"), Some(Level::Guard));
        assert_eq!(Level::of(b"guar"), None);
    }

    /// What a program gives back for a context of 32-bit fields, and which fields it wrote: the instructions used here.
    fn run(program: &[Insn], context: &[(i16, u32)]) -> (u64, Vec<(i16, u32)>) {
        run_with(program, context, &[])
    }

    /// The same with a packet. The stack is what is below address 0; the context is elsewhere.
    fn run_with(program: &[Insn], context: &[(i16, u32)], packet: &[u8]) -> (u64, Vec<(i16, u32)>) {
        const CONTEXT: u64 = 1 << 40;
        let mut stack = [0xa5_u8; 64];
        let place =
            |base: u64, off: i16| usize::try_from(base.cast_signed() + i64::from(off) + 64).expect("on the stack");
        let (mut registers, mut written, mut at) = ([0_u64; 11], Vec::new(), 0_usize);
        registers[1] = CONTEXT;
        loop {
            let Insn { code, regs, off, imm } = program[at];
            let (to, from) = (usize::from(regs & 15), usize::from(regs >> 4));
            let wide = i64::from(imm).cast_unsigned();
            let jumps = match code {
                MOV_IMM => {
                    registers[to] = wide;
                    false
                }
                LOAD_U32 if from == 10 => {
                    let bytes = stack[place(0, off)..].first_chunk().expect("four bytes");
                    registers[to] = u64::from(u32::from_ne_bytes(*bytes));
                    false
                }
                LOAD_U8 => {
                    registers[to] = u64::from(stack[place(0, off)]);
                    false
                }
                STORE_IMM_U32 | STORE_IMM_U16 => false,
                MOV => {
                    registers[to] = registers[from];
                    false
                }
                ADD_IMM => {
                    registers[to] = registers[to].wrapping_add(wide);
                    false
                }
                AND_U32 => {
                    registers[to] &= u64::from(imm.cast_unsigned());
                    false
                }
                LOAD_U32 => {
                    assert_eq!(registers[from], CONTEXT);
                    let (_, value) = context.iter().find(|(field, _)| *field == off).expect("a field");
                    registers[to] = u64::from(*value);
                    false
                }
                STORE_U32 => {
                    written.push((off, u32::try_from(registers[from]).expect("32 bits")));
                    false
                }
                CALL if imm == LOAD_BYTES => {
                    assert_eq!(registers[1], CONTEXT);
                    let [start, len] = [registers[2], registers[4]].map(|n| usize::try_from(n).expect("small"));
                    let to = place(registers[3], 0);
                    registers[0] = match packet.get(start..start + len) {
                        Some(bytes) => {
                            stack[to..to + len].copy_from_slice(bytes);
                            0
                        }
                        None => u64::MAX,
                    };
                    false
                }
                CALL if imm == REDIRECT => {
                    registers[0] = 7; // TC_ACT_REDIRECT
                    written.push((0, u32::try_from(registers[1]).expect("an index")));
                    false
                }
                CALL => false,
                IF_OTHER => registers[to] != wide,
                IF_OTHER_U32 => registers[to] & 0xffff_ffff != u64::from(imm.cast_unsigned()),
                JUMP => true,
                IF_EQUAL => registers[to] == wide,
                IF_ABOVE => registers[to] > wide,
                EXIT => return (registers[0], written),
                code => panic!("{code:#x}"),
            };
            at = at + 1 + if jumps { usize::try_from(off).expect("forwards") } else { 0 };
        }
    }

    #[test]
    fn the_program_stores_the_index_and_lets_the_socket_be_made() {
        assert_eq!(run(&bind(0x0102_0304), &[]), (1, vec![(BOUND_DEV_IF, 0x0102_0304)]));
    }

    #[test]
    fn guard_refuses_what_is_no_protocol_of_ip() {
        for errno in [false, true] {
            let program = guard(7, errno);
            for protocol in [0, 6, 17, 132, 255] {
                assert_eq!(run(&program, &[(PROTOCOL, protocol)]), (1, vec![(BOUND_DEV_IF, 7)]));
            }
            for protocol in [256, 262, u32::MAX] {
                assert_eq!(run(&program, &[(PROTOCOL, protocol)]), (0, vec![]));
            }
        }
    }

    #[test]
    fn a_packet_passes_by_the_interfaces_of_the_set_alone() {
        let mut none = Vec::new();
        assert!(pass(&[], &[], &mut |insn| none.push(insn)));
        assert_eq!((none.len(), run(&none, &[(IFINDEX, 1)]).0), (3, 0));
        for count in 0..200_u32 {
            let set: Vec<u32> = (1..=count).map(|n| n * 3).collect();
            let mut program = Vec::new();
            assert!(pass(&set, &[], &mut |insn| program.push(insn)));
            for index in 0..=count * 3 + 4 {
                let wanted = u64::from(set.contains(&index));
                assert_eq!(run(&program, &[(IFINDEX, index)]).0, wanted, "{index} of {count}");
            }
        }
        assert_ne!(sum(&[1, 2], &[]), sum(&[2, 1], &[]));
        assert_ne!(sum(&[1], &[]), sum(&[1, 2], &[]));
    }

    fn net(interface: u32, address: &str, len: u8) -> Net {
        let mut bytes = [0; 16];
        let v4 = match address.parse().expect("an address") {
            core::net::IpAddr::V4(v4) => {
                bytes[..4].copy_from_slice(&v4.octets());
                true
            }
            core::net::IpAddr::V6(v6) => {
                bytes = v6.octets();
                false
            }
        };
        Net { interface, v4, len, bytes }
    }

    /// A packet from here to there behind `head` bytes of other things, and its protocol.
    fn packet(head: usize, from: &str, to: &str, kind: Option<u8>) -> (Vec<u8>, u32) {
        let (from, to) = (net(0, from, 0), net(0, to, 0));
        let mut bytes = vec![0; head];
        let len = if from.v4 { 4 } else { 16 };
        bytes.extend_from_slice(if from.v4 {
            &[0x45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        } else {
            &[0x60, 0, 0, 0, 0, 0, 17, 0]
        });
        if kind.is_some() {
            bytes[head + 6] = 58;
        }
        bytes.extend_from_slice(&from.bytes[..len]);
        bytes.extend_from_slice(&to.bytes[..len]);
        bytes.push(kind.unwrap_or(0));
        (bytes, if from.v4 { IPV4 } else { IPV6 }.cast_unsigned())
    }

    #[test]
    fn by_a_shared_interface_packets_pass_to_its_networks_alone() {
        let shared = [
            net(5, "10.20.30.0", 24),
            net(5, "192.0.2.9", 32),
            net(6, "0.0.0.0", 0),
            net(5, "fd20::", 62),
            net(5, "fd21::7", 128),
        ];
        let mut program = Vec::new();
        assert!(pass(&[3, 9], &shared, &mut |insn| program.push(insn)));
        let goes = |interface, to: &str| {
            let from = if to.contains(':') { "::" } else { "0.0.0.0" };
            let (bytes, protocol) = packet(0, from, to, None);
            run_with(&program, &[(IFINDEX, interface), (SKB_PROTOCOL, protocol)], &bytes).0 == 1
        };
        for to in ["10.20.30.1", "10.20.30.255", "192.0.2.9", "fd20::1", "fd20:0:0:3::1", "fd21::7"] {
            assert!(goes(5, to), "{to}");
            assert!(goes(3, to) && goes(9, to), "{to}");
            assert!(!goes(4, to), "{to}");
        }
        for to in
            ["10.20.31.1", "8.8.8.8", "192.0.2.8", "255.255.255.255", "fd20:0:0:4::1", "fd21::8", "ff02::1", "fe80::1"]
        {
            assert!(!goes(5, to), "{to}");
        }
        assert!(goes(6, "8.8.8.8") && !goes(6, "fd20::1"));
        // What is no IP, or cut.
        assert_eq!(run_with(&program, &[(IFINDEX, 5), (SKB_PROTOCOL, 0x0608)], &[0; 64]).0, 0);
        assert_eq!(run_with(&program, &[(IFINDEX, 5), (SKB_PROTOCOL, IPV4.cast_unsigned())], &[0x45; 16]).0, 0);
        let other = net(5, "10.20.30.0", 23);
        assert_ne!(sum(&[3], &shared[..1]), sum(&[3], &[other]));
        assert_ne!(sum(&[3], &shared[..1]), sum(&[3], &[]));
    }

    #[test]
    fn what_comes_from_the_networks_to_the_own_addresses_is_diverted() {
        let networks = [net(5, "10.20.30.0", 24), net(5, "fd20::", 64), net(6, "0.0.0.0", 0)];
        let own = [net(5, "10.20.30.40", 32), net(5, "10.20.30.41", 32), net(5, "fd20::40", 128)];
        let mut program = Vec::new();
        assert!(divert(5, 77, [2, 0, 0, 0, 0, 1], &own, &networks, &mut |insn| program.push(insn)));
        let goes = |from: &str, to: &str, kind, vlan| {
            let (bytes, protocol) = packet(14, from, to, kind);
            match run_with(&program, &[(SKB_VLAN, vlan), (SKB_PROTOCOL, protocol)], &bytes) {
                (7, written) => written == [(0, 77)],
                (answer, written) => {
                    assert_eq!((answer, written), (u64::MAX, vec![])); // TC_ACT_UNSPEC
                    false
                }
            }
        };
        assert!(goes("10.20.30.1", "10.20.30.40", None, 0) && goes("10.20.30.1", "10.20.30.41", None, 0));
        assert!(!goes("10.20.30.1", "10.20.30.40", None, 1));
        for (from, to) in [("8.8.8.8", "10.20.30.40"), ("10.20.30.1", "10.20.30.42"), ("10.20.30.1", "8.8.8.8")] {
            assert!(!goes(from, to, None, 0), "{from} {to}");
        }
        assert!(goes("fd20::1", "fd20::40", None, 0) && !goes("fe80::1", "fd20::40", None, 0));
        for kind in 0..=255 {
            let stays = matches!(kind, 130..=137 | 143);
            assert_eq!(goes("fd20::1", "fd20::40", Some(kind), 0), !stays, "{kind}");
        }
        let mut none = Vec::new();
        assert!(divert(5, 77, [0; 6], &[], &[], &mut |insn| none.push(insn)));
        assert_ne!(digest(&none), digest(&program));
    }

    #[test]
    fn a_set_that_is_too_large_is_told() {
        let set: Vec<u32> = (1..=10_000).collect();
        assert!(pass(&set, &[], &mut |_| {}));
        let set: Vec<u32> = (1..=100_000).collect();
        assert!(!pass(&set, &[], &mut |_| {}));
    }
}
