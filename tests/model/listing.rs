//! The programs for people to read: initramfs/bpf.md, with a comment beside each instruction. `BLESS=1` writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::{env, fs};

use vrf_launch::bind::filter::{self, Kind, Processor};
use vrf_launch::bind::program::{Deed, Insn, bind, guard};
use vrf_launch_tests::elf::repository;

use crate::calls;
use crate::classic::code::{AND, ANSWER, IF_ABOVE, IF_ANY_BIT, IF_EQUAL, IF_NOT_LESS, JUMP, LOAD};
use crate::context::Hook;
use crate::packets::{diverting, net, passing};
use crate::sockets::{addressing, looking};

/// An instruction as `bpftool prog dump xlated` writes it, but with the number of the instruction that a jump leads to.
pub fn insn(program: &[Insn], at: usize) -> String {
    let Insn { code, regs, off, imm } = program[at];
    let (to, from) = (regs & 15, regs >> 4);
    let target = at as i64 + 1 + i64::from(off);
    match code {
        0xb7 => format!("r{to} = {imm}"),
        0xbf => format!("r{to} = r{from}"),
        0x07 => format!("r{to} += {imm}"),
        0x54 => format!("w{to} &= {imm:#x}"),
        0x61 => format!("r{to} = *(u32 *)(r{from} {off:+})"),
        0x71 => format!("r{to} = *(u8 *)(r{from} {off:+})"),
        0x63 => format!("*(u32 *)(r{to} {off:+}) = r{from}"),
        0x62 => format!("*(u32 *)(r{to} {off:+}) = {imm:#x}"),
        0x6a => format!("*(u16 *)(r{to} {off:+}) = {imm:#x}"),
        0x05 => format!("goto {target}"),
        0x15 if imm > 255 => format!("if r{to} == {imm:#x} goto {target}"),
        0x15 => format!("if r{to} == {imm} goto {target}"),
        0x25 => format!("if r{to} > {imm} goto {target}"),
        0x2d => format!("if r{to} > r{from} goto {target}"),
        0x79 => format!("r{to} = *(u64 *)(r{from} {off:+})"),
        0x55 => format!("if r{to} != {imm} goto {target}"),
        0x56 => format!("if w{to} != {imm:#x} goto {target}"),
        0x85 => format!("call {imm}"),
        0x95 => "exit".to_string(),
        _ => panic!("{code:#x}: not known"),
    }
}

/// An instruction of a filter, as the kernel's `bpf_dbg` writes it, but with the numbers of the instructions that a jump leads to.
pub fn filter_insn(filter: &[filter::Insn], at: usize) -> String {
    let filter::Insn { code, yes, no, value } = filter[at];
    let (yes, no) = (at + 1 + usize::from(yes), at + 1 + usize::from(no));
    match code {
        LOAD => format!("ld [{value}]"),
        AND => format!("and #{value:#x}"),
        JUMP => format!("ja {}", at + 1 + value as usize),
        IF_EQUAL => format!("jeq #{value:#x}, {yes}, {no}"),
        IF_ABOVE => format!("jgt #{value:#x}, {yes}, {no}"),
        IF_NOT_LESS => format!("jge #{value:#x}, {yes}, {no}"),
        IF_ANY_BIT => format!("jset #{value:#x}, {yes}, {no}"),
        ANSWER => format!("ret #{value:#x}"),
        _ => panic!("{code:#x}: not known"),
    }
}

/// What is known while a listing is read from the top.
#[derive(Default)]
struct Known {
    /// The field or the byte that register 2 holds.
    field: &'static str,
    /// Where in the packet the bytes on the stack are from, and how many.
    bytes: (i32, i32),
    /// What register 2 holds where jumps lead to.
    there: BTreeMap<i64, &'static str>,
}

/// The arguments of a helper, from register 1 on, and its name.
fn helper(number: i32) -> (&'static str, &'static [&'static str]) {
    match number {
        26 => (
            "bpf_skb_load_bytes",
            &["the context", "from here in the packet", "to the stack", "to there on it", "so many bytes"],
        ),
        9 => (
            "bpf_skb_store_bytes",
            &[
                "the context",
                "to here in the packet",
                "from the stack",
                "from there on it",
                "so many bytes",
                "no flags",
            ],
        ),
        23 => ("bpf_redirect", &["the interface", "BPF_F_INGRESS: as if it had come in there"]),
        187 => ("bpf_set_retval", &["-EPROTONOSUPPORT"]),
        _ => panic!("{number}: not known"),
    }
}

impl Known {
    /// What a word or a byte on the stack is.
    fn part(&self, hook: Hook, off: i16) -> (&'static str, i32) {
        let head = if hook == Hook::Classifier { 14 } else { 0 };
        let at = self.bytes.0 + i32::from(off) + 48 - head;
        match (self.bytes.1, at) {
            (4 | 8, 12) => ("the source", 0),
            (4 | 8, 16) => ("the destination", 0),
            (16 | 36, 6) => ("the next header", 0),
            (16 | 36, 8..24) => ("the source", (at - 8) / 4),
            (16 | 36, 24..40) => ("the destination", (at - 24) / 4),
            (1, 40) => ("the type of ICMPv6", 0),
            other => panic!("{other:?}: not known"),
        }
    }

    /// A word of an address as it is written.
    fn word(&self, imm: i32) -> String {
        let [a, b, c, d] = imm.to_le_bytes();
        if self.bytes.1 <= 8 { Ipv4Addr::new(a, b, c, d).to_string() } else { format!("{a:02x}{b:02x}:{c:02x}{d:02x}") }
    }

    fn comparison(&self, hook: Hook, insn: Insn) -> String {
        let is = match (self.field, insn.imm) {
            ("ifindex", index) if insn.code == 0x25 => return format!("interfaces above {index} are looked for there"),
            ("ifindex", index) if insn.code == 0x55 => return format!("not the shared interface {index}"),
            ("ifindex", index) => return format!("interface {index}: yes"),
            ("protocol", 255) if hook == Hook::SockCreate => {
                "a protocol that is not of IP, as that of MPTCP is: refused"
            }
            ("protocol", 0x0008) => "IPv4",
            ("protocol", 0xdd86) => "IPv6",
            ("vlan_present", 0) => "no VLAN",
            ("the next header", 58) => "not ICMPv6: diverted",
            ("the type of ICMPv6", 137) => "above the types of neighbours",
            ("the type of ICMPv6", 129) => "130 to 137, of listeners and neighbours: left",
            ("the type of ICMPv6", 143) => "a report of listeners: left",
            other => panic!("{other:?}: not known"),
        };
        is.to_string()
    }

    /// A comment for an instruction.
    fn comment(&mut self, hook: Hook, program: &[Insn], at: usize) -> String {
        let insn = program[at];
        let (to, from) = (insn.regs & 15, insn.regs >> 4);
        if let Some(field) = self.there.get(&(at as i64)) {
            self.field = field;
        }
        if [0x05, 0x15, 0x25, 0x55].contains(&insn.code) {
            self.there.entry(at as i64 + 1 + i64::from(insn.off)).or_insert(self.field);
        }
        match hook {
            Hook::SetSockOpt => return option_comment(program, at),
            Hook::SendMsg4 | Hook::Connect4 | Hook::Connect6 => return address_comment(hook, program, at),
            _ => {}
        }
        let next_call = program[at..].iter().find(|insn| insn.code == 0x85).map(|insn| helper(insn.imm));
        match insn.code {
            0x61 if from == 1 => {
                let (context, _) = hook.context();
                let offset = usize::try_from(insn.off).expect("of the context");
                self.field = hook.field(offset).expect("a field").0;
                format!("struct {context}: {}", self.field)
            }
            0x61 => {
                let (what, word) = self.part(hook, insn.off);
                if self.bytes.1 <= 8 { what.to_string() } else { format!("{what}, word {} of 4", word + 1) }
            }
            0x71 => {
                self.field = self.part(hook, insn.off).0;
                self.field.to_string()
            }
            0x54 => "the bits of the network".into(),
            0x56 => format!("not {}: not this network", self.word(insn.imm)),
            0x63 => {
                let offset = usize::try_from(insn.off).expect("of the context");
                let field = hook.field(offset).expect("a field").0;
                let why = match field {
                    "bound_dev_if" => ": the socket is bound",
                    "optlen" => ": the kernel takes the value as the caller gave it",
                    _ => "",
                };
                format!("struct {}: {field}{why}", hook.context().0)
            }
            0x62 | 0x6a => "the Ethernet address of the VRF".into(),
            0x07 => helper_argument(next_call, 3),
            0xbf if to == 6 => "keeps the context: a helper overwrites registers 1 to 5".into(),
            0xbf => helper_argument(next_call, if to == 3 { 2 } else { usize::from(to) - 1 }),
            0xb7 if to == 0 => match (hook, insn.imm) {
                (Hook::Classifier, -1) => "TC_ACT_UNSPEC: left to the next filter".into(),
                (_, 1) => "allowed".into(),
                (_, 0) => "refused".into(),
                other => panic!("{other:?}: not known"),
            },
            0xb7 if next_call.is_none_or(|call| call.0 == "bpf_set_retval") && to == 2 => match insn.imm {
                0 => "nothing".into(),
                _ => "the VRF".into(),
            },
            // Register 3 takes two instructions: the fourth text is for the length.
            0xb7 => match next_call {
                Some((_, arguments)) => {
                    let after = usize::from(to > 3 && arguments.len() > 3);
                    arguments[usize::from(to) - 1 + after].to_string()
                }
                None => "nobody reads it on kernels without bpf_set_retval".into(),
            },
            0x85 => {
                if insn.imm == 26 {
                    let of = |register: u8| {
                        let set = program[..at].iter().rev().find(|insn| insn.code == 0xb7 && insn.regs == register);
                        set.expect("an argument").imm
                    };
                    self.bytes = (of(2), of(4));
                }
                helper(insn.imm).0.into()
            }
            0x15 | 0x55 if to == 0 => {
                let is_checked = at > 0 && program[at - 1].code == 0x85;
                match insn.code {
                    0x15 if is_checked => "the packet has these bytes".into(),
                    0x15 => "always: the address is in the network".into(),
                    _ => "never: there is no network of this family".into(),
                }
            }
            0x15 | 0x25 | 0x55 => self.comparison(hook, insn),
            0x05 => "none of these".into(),
            _ => String::new(),
        }
    }
}

/// A comment for an instruction of the program for options.
fn option_comment(program: &[Insn], at: usize) -> String {
    let insn = program[at];
    let before = at.checked_sub(1).map(|before| program[before]);
    let context = |off: i16| {
        let field = Hook::SetSockOpt.field(usize::try_from(off).expect("of the context")).expect("a field").0;
        format!("struct bpf_sockopt: {field}")
    };
    let text = match (insn.code, insn.regs & 15, insn.imm) {
        (0x61 | 0x79, ..) if insn.regs >> 4 == 1 => return context(insn.off),
        (0x61, ..) if insn.regs >> 4 == 2 => "struct bpf_sock: protocol",
        (0x61, ..) if program[at + 1].code == 0x63 => "struct in_addr",
        (0x61, ..) => match insn.off {
            0 => "the value: the index, or the group of netlink",
            4 => "struct ip_mreqn: imr_address",
            8 => "struct ip_mreqn: imr_ifindex",
            _ => "struct ipv6_mreq: ipv6mr_ifindex",
        },
        (0x63, 7, _) => "struct ip_mreqn: imr_address",
        (0x63, ..) => {
            let why = match before.map(|insn| insn.imm) {
                Some(0) => ": the kernel takes the value as the caller gave it",
                _ => ": there is room for 16 bytes at least",
            };
            return context(insn.off) + why;
        }
        (0x62, _, 0) => "no index yet",
        (0x62, ..) => "index 0 becomes the first member's",
        (0xbf, ..) | (0x07, ..) => "the end of what is read",
        (0x2d, ..) => "beyond the value",
        (0xb7, 0, 1) => "allowed",
        (0xb7, 0, _) => "refused",
        (0xb7, _, 12) => "the size of struct ip_mreqn",
        (0xb7, ..) if program[at + 1].code == 0x63 => "nothing",
        (0xb7, ..) => "an address becomes the only member's index",
        (0x15, 4, 0) => "IPPROTO_IP",
        (0x15, 4, 41) => "IPPROTO_IPV6",
        (0x15, 4, 270) => "SOL_NETLINK",
        (0x55, 4, 1) => "not SOL_SOCKET",
        (0x15, 5, 25) => "SO_BINDTODEVICE: refused",
        (0x15, 5, 62) => "SO_BINDTOIFINDEX: refused",
        (0x15, 5, 32) => "IP_MULTICAST_IF",
        (0x15, 2, 0) => "neither index nor address",
        (0x25, 2, 3) => "struct in_addr",
        (0x15, 5, 20) => "IPV6_JOIN_GROUP",
        (0x15, 5, 21) => "IPV6_LEAVE_GROUP",
        (0x15, 5, 27) => "IPV6_JOIN_ANYCAST",
        (0x15, 5, 28) => "IPV6_LEAVE_ANYCAST",
        (0x55, 5, 1) => "not NETLINK_ADD_MEMBERSHIP",
        (0x25, 5, 48) => "above MCAST_MSFILTER",
        (0x25, 5, 41) => "MCAST_JOIN_GROUP to MCAST_MSFILTER",
        (0x25, 5, 36) => "IP_UNBLOCK_SOURCE to IP_MSFILTER, by an address: refused",
        (0x25, 5, 34) => "IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP",
        (0x25, 2, 11) => "struct ip_mreqn",
        (0x25, 2, 7) => "struct ip_mreq",
        (0x15, 2, 20) if program[at + 1].code == 0x05 => "RTNLGRP_ND_USEROPT: refused",
        (0x25, ..) => return format!("interfaces above {} are looked for there", insn.imm),
        (0x15, ..) => return format!("interface {}: yes", insn.imm),
        (0x55, ..) => match before.map(|insn| (insn.code, insn.off)) {
            Some((0x61, 12)) => "not NETLINK_ROUTE",
            Some((0x61, 4)) => "one of several members' addresses, perhaps: refused",
            Some((0xb7, _)) => "never",
            _ => "an index: it is looked for",
        },
        _ => "",
    };
    text.to_string()
}

/// A comment for an instruction of the programs for addresses.
fn address_comment(hook: Hook, program: &[Insn], at: usize) -> String {
    let insn = program[at];
    let text = match (insn.code, insn.regs >> 4, insn.imm) {
        (0x61 | 0x79, 1, _) => {
            let field = hook.field(usize::try_from(insn.off).expect("of the context")).expect("a field").0;
            return format!("struct bpf_sock_addr: {field}");
        }
        (0x61, ..) => "struct bpf_sock: bound_dev_if",
        (0x56, ..) => "not an address of IPv4",
        (0x54, ..) => "the first three bits",
        (0x15, _, 0xe0) => "from 224.0.0.0 on",
        (0x15, ..) => return format!("interface {}: yes", insn.imm),
        (0xb7, _, 1) => "allowed",
        (0xb7, ..) => "refused",
        _ => "",
    };
    text.to_string()
}

fn helper_argument(call: Option<(&'static str, &'static [&'static str])>, at: usize) -> String {
    call.map_or(String::new(), |call| call.1[at].to_string())
}

/// A program with its comments.
fn listing(hook: Hook, program: &[Insn]) -> String {
    let (mut text, mut known) = ("```\n".to_string(), Known::default());
    for at in 0..program.len() {
        let comment = known.comment(hook, program, at);
        line(&mut text, at, &insn(program, at), &comment);
    }
    text + "```\n"
}

fn line(text: &mut String, at: usize, insn: &str, comment: &str) {
    let space = if comment.is_empty() { "" } else { "; " };
    let line = format!("{at:>3}  {insn:<32} {space}{comment}");
    writeln!(text, "{}", line.trim_end()).expect("room");
}

/// A filter with its comments.
fn filter_listing(processor: Processor, kind: Kind) -> String {
    let filter = calls::filter(processor, kind);
    let (mut text, mut loaded) = ("```\n".to_string(), 0);
    for (at, insn) in filter.iter().enumerate() {
        let comment = match insn.code {
            LOAD => {
                loaded = insn.value;
                match insn.value {
                    0 => "the number of the system call".into(),
                    4 => "the processor whose numbers the program uses".into(),
                    16 => "the first argument, its lower half".into(),
                    24 => "the second argument, its lower half".into(),
                    32 => "the third argument, its lower half".into(),
                    36 => "the third argument, its upper half".into(),
                    other => panic!("{other}: not known"),
                }
            }
            AND => "the number without the mark of x32".into(),
            IF_NOT_LESS if insn.value == 0x4000_0000 => "the numbers of x32".into(),
            IF_NOT_LESS => format!("{} and numbers above", calls::names(processor, insn.value)),
            IF_ANY_BIT => "CLONE_NEWUSER".into(),
            IF_EQUAL => match loaded {
                0 => calls::names(processor, insn.value),
                4 => calls::arch_name(insn.value).into(),
                16 if is_of_socketcall(&filter, at) => {
                    if insn.value == 1 { "SYS_SOCKET" } else { "SYS_SOCKETPAIR" }.into()
                }
                16 => family(insn.value).into(),
                24 => second(insn.value).into(),
                _ => third(insn.value).into(),
            },
            _ => match insn.value {
                0x7fff_0000 => "SECCOMP_RET_ALLOW: let through".into(),
                0x7fc0_0000 => "SECCOMP_RET_USER_NOTIF: the supervisor is asked".into(),
                0x5_0000 => "SECCOMP_RET_ERRNO: said to be done, and nothing is".into(),
                0x5_0001 => "SECCOMP_RET_ERRNO: EPERM".into(),
                0x5_0026 => "SECCOMP_RET_ERRNO: ENOSYS".into(),
                0x5_0061 => "SECCOMP_RET_ERRNO: EAFNOSUPPORT".into(),
                other => panic!("{other:#x}: not known"),
            },
        };
        line(&mut text, at, &filter_insn(&filter, at), &comment);
    }
    text + "```\n"
}

/// Whether a comparison of the first argument is one of `socketcall(2)`: that of SYS_SOCKETPAIR is there.
fn is_of_socketcall(filter: &[filter::Insn], at: usize) -> bool {
    filter[at..(at + 2).min(filter.len())].iter().any(|insn| (insn.code, insn.value) == (IF_EQUAL, 8))
}

/// The second argument: of `ioctl(2)`, and the level of `setsockopt(2)`.
fn second(number: u32) -> &'static str {
    match number {
        0x5412 => "TIOCSTI",
        0x541c => "TIOCLINUX",
        0 => "SOL_IP",
        41 => "SOL_IPV6",
        other => panic!("{other:#x}: not known"),
    }
}

/// The third argument: of `request_key(2)`, and the option of `setsockopt(2)`.
fn third(number: u32) -> &'static str {
    match number {
        0 => "nothing for a program outside",
        11 => "IP_RECVERR",
        25 => "IPV6_RECVERR",
        other => panic!("{other}: not known"),
    }
}

fn family(number: u32) -> &'static str {
    match number {
        1 => "AF_UNIX",
        2 => "AF_INET",
        10 => "AF_INET6",
        15 => "AF_KEY",
        16 => "AF_NETLINK",
        17 => "AF_PACKET",
        38 => "AF_ALG",
        other => panic!("{other}: not known"),
    }
}

const HEAD: &str = "\
# The BPF programs, to read

`tests/model.rs` writes this file from the bytes that the kernel is given (`BLESS=1`), and fails when it is another. The same test runs the bytes
and compares every verdict with the rules of [isolation.md](isolation.md); `tests/model/survivors.txt` says which changes of
an instruction it would not notice, and why they mean the same.

The example is a VRF with the index 7, whose members are the interfaces 3 and 5. Its Ethernet address is 02:fe:80:01:ff:7f.
Where a card is shared, that is the interface 2 with the addresses 10.20.30.40 and fd20::40.

Instructions are written as `bpftool prog dump xlated` writes them, and those of filters as `bpf_dbg` does. A jump names
the number of the instruction that it leads to. Register 1 holds the context at the start, register 10 the upper end of the
stack, and register 0 what the program gives back. Numbers of fields are in this processor's byte order, which is little-endian;
what comes from a packet or from `__sk_buff.protocol` is in the network's, so that IPv4 (0x0800) reads as 8
and IPv6 (0x86dd) as 0xdd86.
";

fn document() -> String {
    let shared = [net(2, "10.20.30.0/24"), net(2, "fd20::/64")];
    let own = [net(2, "10.20.30.40/32"), net(2, "fd20::40/128")];
    let mut text = HEAD.to_string();
    let mut part = |title: &str, about: &str, listing: &str| {
        write!(text, "\n## {title}\n\n{about}\n\n{listing}").expect("room");
    };
    part(
        "A new socket, at bind",
        "`BPF_CGROUP_INET_SOCK_CREATE`. It runs when a program makes a socket of IPv4 or IPv6, before the program has it.",
        &listing(Hook::SockCreate, &bind(7)),
    );
    part(
        "A new socket, at guard and strict",
        "The same hook. A program that is refused MPTCP with EPROTONOSUPPORT takes TCP.",
        &listing(Hook::SockCreate, &guard(7, true)),
    );
    part(
        "A new socket, at guard and strict before Linux 5.18",
        "Without `bpf_set_retval` the refusal is an EPERM. Only instruction 7 differs.",
        &listing(Hook::SockCreate, &guard(7, false)),
    );
    part(
        "A packet, at guard and strict",
        "`BPF_CGROUP_INET_EGRESS` and `BPF_CGROUP_INET_INGRESS`. The set is the members and the VRF itself. A set of more than four \
interfaces\nis searched by halves.",
        &listing(Hook::Egress, &passing(&[3, 5, 7], &[])),
    );
    part(
        "A packet that leaves, where more than four interfaces are in the set",
        "The same with the members 3, 5, 8, 9 and 12.",
        &listing(Hook::Egress, &passing(&[3, 5, 7, 8, 9, 12], &[])),
    );
    part(
        "A packet that leaves, with a shared card",
        "`BPF_CGROUP_INET_EGRESS`. By the card, packets leave to 10.20.30.0/24 and fd20::/64 alone.",
        &listing(Hook::Egress, &passing(&[3, 5, 7], &shared)),
    );
    part(
        "A packet that comes in by a shared card",
        "A classifier (`BPF_PROG_TYPE_SCHED_CLS`) of the card. It sends into the VRF what comes from the VRF's networks to the card's \
addresses.",
        &listing(Hook::Classifier, &diverting(2, 7, &own, &shared)),
    );
    part(
        "A socket option, at guard",
        "`BPF_CGROUP_SETSOCKOPT`. Groups are joined by the members and the VRF alone. Index 0 becomes the first member's; with several \
members\nan address is refused.",
        &listing(Hook::SetSockOpt, &looking(7, &[3, 5, 7], false)),
    );
    part(
        "A socket option, at strict, where the VRF has one member",
        "The same hook. Nobody binds a socket again. The address of an interface becomes the only member's index.",
        &listing(Hook::SetSockOpt, &looking(7, &[3, 7], true)),
    );
    for (title, about, deed) in [
        (
            "A datagram of IPv4, at strict",
            "`BPF_CGROUP_UDP4_SENDMSG`. A socket sends only while it is bound to a member or the VRF.",
            Deed::Send,
        ),
        (
            "A connection, at strict",
            "`BPF_CGROUP_INET4_CONNECT`. A connected socket sends without being asked.",
            Deed::Connect4,
        ),
        (
            "A connection of an IPv6 socket, at strict",
            "`BPF_CGROUP_INET6_CONNECT`. The address may stand for one of IPv4.",
            Deed::Connect6,
        ),
    ] {
        let (hook, program) = addressing(deed, &[3, 5, 7]);
        part(title, about, &listing(hook, &program));
    }
    for (title, about, kind) in [
        (
            "The seccomp filter of guard, on x86_64",
            "It looks at the number first, as for most calls that is enough. What the kernel takes as an `int` is the lower half of a \
register.",
            Kind::Guard,
        ),
        (
            "The seccomp filter of strict, on x86_64",
            "It refuses user namespaces as well, and calls whose flags it cannot see. IP_RECVERR is not set.",
            Kind::Strict,
        ),
        (
            "The seccomp filter of `--bind seccomp`, on x86_64",
            "It asks the supervisor for each socket of IPv4 and IPv6.",
            Kind::Asking,
        ),
    ] {
        part(title, about, &filter_listing(Processor::X86_64, kind));
    }
    text
}

#[test]
fn the_listing_is_of_the_programs() {
    let (path, text) = (repository().join("initramfs/bpf.md"), document());
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).expect("a file");
    }
    assert!(fs::read_to_string(&path).expect("the listing") == text, "BLESS=1 writes bpf.md anew");
    let isolation = fs::read_to_string(repository().join("initramfs/isolation.md")).expect("the text");
    assert!(isolation.contains("(bpf.md)"), "isolation.md has no link to it");
}
