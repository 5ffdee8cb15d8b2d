//! The programs for new sockets and for socket options: each comparison is of all that a run does.

use std::net::IpAddr;

use vrf_launch::bind::program::{self, Deed, Insn, bind, guard};

use crate::context::Hook;
use crate::machine::{self, Seen};
use crate::rules::{self, EPERM, Level, Request, Taken, Verdict};

/// What a run is given, and what is to be seen then.
pub struct Case {
    pub context: Vec<u8>,
    pub packet: Vec<u8>,
    pub wanted: Seen,
}

/// A new socket. The answer is 1 or 0; an errno that is not EPERM is set by `bpf_set_retval`.
fn new_socket(level: Level, vrf: u32, has_set_retval: bool, family: u32, kind: u32, protocol: u32) -> Case {
    let fields = |bound| {
        let socket = [("bound_dev_if", bound), ("family", family), ("type", kind), ("protocol", protocol)];
        Hook::SockCreate.filled(&socket)
    };
    let (verdict, bound) = rules::new_socket(level, vrf, protocol, has_set_retval);
    let (answer, retval) = match verdict {
        Verdict::Allowed => (1, 0),
        Verdict::Refused(EPERM) => (0, 0),
        Verdict::Refused(errno) => (0, -errno),
        Verdict::Asked => unreachable!("nobody is asked here"),
    };
    let wanted = Seen { answer, retval, context: fields(bound.unwrap_or(0)), ..Seen::default() };
    Case { context: fields(0), packet: vec![], wanted }
}

/// Every family, every kind with every combination of its flags, every protocol of IP, those of the kernel's own, and the edges.
fn all_sockets() -> impl Iterator<Item = (u32, u32, u32)> {
    let protocols = (0..=520).chain([1 << 15, 1 << 16, (1 << 16) + 6, 1 << 31, (1 << 31) - 1, u32::MAX - 1, u32::MAX]);
    (0..=46).flat_map(move |family| {
        let protocols = protocols.clone();
        (0..=10).flat_map(move |kind| protocols.clone().map(move |protocol| (family, kind, protocol)))
    })
}

/// What is looked at when a program has been changed.
pub fn some_sockets(level: Level, vrf: u32, has_set_retval: bool) -> Vec<Case> {
    let protocols = [0, 1, 6, 17, 58, 132, 253, 254, 255, 256, 257, 258, 262, 1 << 16, u32::MAX];
    let mut cases = Vec::new();
    for (family, kind) in [(2, 1), (2, 2), (10, 1), (10, 3)] {
        cases.extend(protocols.map(|protocol| new_socket(level, vrf, has_set_retval, family, kind, protocol)));
    }
    cases
}

/// The program for options.
pub fn looking(vrf: u32, interfaces: &[u32], is_strict: bool) -> Vec<Insn> {
    let mut program = Vec::new();
    assert!(program::options(vrf, interfaces, is_strict, &mut |insn| program.push(insn)));
    program
}

/// A context with the value and the socket behind it, as `machine` wants it.
fn option_context(request: Request<'_>, optlen: u32, shown: &[u8]) -> Vec<u8> {
    let fields = [("level", request.level), ("optname", request.option), ("optlen", optlen)];
    let mut context = Hook::SetSockOpt.filled(&fields);
    context.extend(shown);
    context.extend(Hook::SockCreate.filled(&[("protocol", request.protocol)]));
    context
}

fn option(is_strict: bool, vrf: u32, interfaces: &[u32], request: Request<'_>) -> Case {
    let value = request.value;
    let len = u32::try_from(value.len()).expect("short");
    let mut shown = value.to_vec();
    shown.resize(value.len().max(16), 0);
    let context = option_context(request, len, &shown);
    let (answer, seen) = match rules::socket_option(is_strict, vrf, interfaces, request) {
        Taken::Refused => (0, context.clone()),
        // With an optlen of 0 the kernel takes the value as the caller gave it.
        Taken::AsGiven => (1, option_context(request, 0, &shown)),
        Taken::AsSeen(taken) => {
            let mut seen = shown.clone();
            let len = u32::try_from(taken.len()).expect("short");
            seen[..taken.len()].copy_from_slice(&taken);
            (1, option_context(request, len, &seen))
        }
    };
    let wanted = Seen { answer, context: seen, ..Seen::default() };
    Case { context, packet: vec![], wanted }
}

/// Every level and option, with values of every length, and every index of interest at each place where one may stand.
pub fn options(is_strict: bool, vrf: u32, interfaces: &[u32]) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |level, option_, protocol, value: &[u8]| {
        cases.push(option(is_strict, vrf, interfaces, Request { level, option: option_, protocol, value }));
    };
    let levels = (0..=300).chain([65535, 1 << 31, u32::MAX]);
    for level in levels {
        for option in (0..=90).chain([1 << 16, u32::MAX]) {
            add(level, option, 0, &[1, 0, 0, 0]);
        }
    }
    let mut indices: Vec<u32> =
        interfaces.iter().flat_map(|index| [index - 1, *index, index + 1, index | 1 << 24]).collect();
    indices.extend([0, 1, 19, 20, 21, 1 << 24, u32::MAX]);
    let hidden: Vec<(u32, u32)> =
        (31..=50).map(|option| (0, option)).chain((18..=50).map(|option| (41, option))).collect();
    for (level, option) in hidden {
        for index in &indices {
            // The same index at each place, with other bytes before and behind it.
            for at in [0, 4, 8, 12, 16, 20] {
                let mut value = [0; 24];
                value[at..at + 4].copy_from_slice(&index.to_ne_bytes());
                for len in [4, 7, 8, 10, 12, 20, 24] {
                    add(level, option, 0, &value[..len]);
                }
                let mut value = [9; 24];
                value[at..at + 4].copy_from_slice(&index.to_ne_bytes());
                add(level, option, 0, &value);
            }
        }
        // With less than an index, the kernel does not read what the program puts behind it.
        for len in (if option > 41 { 4 } else { 0 }..=24).chain([264]) {
            add(level, option, 0, &vec![0; len]);
            add(level, option, 0, &vec![9; len]);
        }
    }
    for option in 0..=4 {
        for protocol in [0, 1, 16] {
            for group in &indices {
                add(270, option, protocol, &group.to_ne_bytes());
            }
        }
    }
    cases
}

/// The hook and the program for addresses.
pub fn addressing(deed: Deed, interfaces: &[u32]) -> (Hook, Vec<Insn>) {
    let mut program = Vec::new();
    assert!(program::addresses(deed, interfaces, &mut |insn| program.push(insn)));
    let hook = match deed {
        Deed::Send => Hook::SendMsg4,
        Deed::Connect4 => Hook::Connect4,
        Deed::Connect6 => Hook::Connect6,
    };
    (hook, program)
}

fn address(deed: Deed, interfaces: &[u32], bound: u32, to: IpAddr) -> Case {
    let words: Vec<(String, u32)> = match to {
        IpAddr::V4(v4) => vec![("user_ip4".into(), u32::from_ne_bytes(v4.octets()))],
        IpAddr::V6(v6) => (1..=4_u32)
            .zip(v6.octets().chunks_exact(4))
            .map(|(n, word)| (format!("user_ip6, word {n} of 4"), u32::from_ne_bytes(word.try_into().expect("a word"))))
            .collect(),
    };
    let fields: Vec<(&str, u32)> = words.iter().map(|(name, word)| (name.as_str(), *word)).collect();
    let mut context = addressing(deed, interfaces).0.filled(&fields);
    context.extend(Hook::SockCreate.filled(&[("bound_dev_if", bound)]));
    let allowed = rules::address(deed == Deed::Send, interfaces, bound, to) == Verdict::Allowed;
    let wanted = Seen { answer: allowed.into(), context: context.clone(), ..Seen::default() };
    Case { context, packet: vec![], wanted }
}

/// Every first byte of an address, and those of IPv6 that are almost one of IPv4; each of a socket bound to what is around the set.
pub fn addresses(deed: Deed, interfaces: &[u32]) -> Vec<Case> {
    let mut bound: Vec<u32> =
        interfaces.iter().flat_map(|index| [index - 1, *index, index + 1, index | 1 << 24]).collect();
    bound.extend([0, 1, u32::MAX]);
    let mut to: Vec<IpAddr> = Vec::new();
    for first in 0..=255 {
        for rest in [0, 1, 0xe0, 255] {
            let v4 = std::net::Ipv4Addr::new(first, rest, rest, rest);
            to.push(if deed == Deed::Connect6 { v4.to_ipv6_mapped().into() } else { v4.into() });
        }
    }
    if deed == Deed::Connect6 {
        let mapped = "::ffff:239.1.2.3".parse::<std::net::Ipv6Addr>().expect("an address").to_bits();
        to.extend((32..128).map(|bit| IpAddr::V6((mapped ^ 1 << bit).into())));
        to.extend(
            ["::", "::1", "ff02::1", "2001:db8::1", "::239.1.2.3", "e000::1", "0:0:e000::1", "0:0:0:0:e000::1"]
                .map(|text| text.parse::<IpAddr>().expect("an address")),
        );
    }
    let one = |to| bound.iter().map(move |bound| address(deed, interfaces, *bound, to));
    to.into_iter().flat_map(one).collect()
}

/// Compares each case; gives how many there are, or what differs.
pub fn compare<'c>(
    hook: Hook,
    program: &[vrf_launch::bind::program::Insn],
    cases: impl IntoIterator<Item = &'c Case>,
) -> Result<usize, String> {
    let mut cases = cases.into_iter();
    let mut outcome = Ok(0);
    machine::with(hook, program, &mut |run| {
        for case in cases.by_ref() {
            let mut seen = run(&case.context, &case.packet);
            // What is refused the kernel does not look at.
            if hook == Hook::SetSockOpt && seen.answer == 0 {
                seen.context = case.context.clone();
            }
            if seen != case.wanted {
                outcome =
                    Err(format!("of {:?} {:?}\n{seen:?}\ninstead of\n{:?}", case.context, case.packet, case.wanted));
                return;
            }
            if let Ok(count) = &mut outcome {
                *count += 1;
            }
        }
    })?;
    outcome
}

#[test]
fn new_sockets_are_bound_or_refused() {
    for vrf in [1, 7, 255, 256, 0x0102_0304, i32::MAX as u32] {
        let programs = [
            (Level::Bind, true, bind(vrf).to_vec()),
            (Level::Guard, true, guard(vrf, true).to_vec()),
            (Level::Guard, false, guard(vrf, false).to_vec()),
        ];
        for (level, has_set_retval, program) in programs {
            // All combinations for one VRF; for the others, those of one family.
            let all = all_sockets().filter(|socket| vrf == 7 || *socket == (2, 1, socket.2));
            let cases: Vec<Case> = all
                .map(|(family, kind, protocol)| new_socket(level, vrf, has_set_retval, family, kind, protocol))
                .collect();
            assert!(cases.len() > 500);
            assert_eq!(compare(Hook::SockCreate, &program, &cases), Ok(cases.len()), "{level:?} {vrf}");
        }
    }
}

#[test]
fn groups_are_joined_by_the_interfaces_of_a_set_and_no_socket_is_bound_again_at_strict() {
    let sets: [(u32, &[u32]); 7] = [
        (7, &[7]),
        (7, &[3, 7]),
        (7, &[7, 9]),
        (7, &[3, 5, 7]),
        (1, &[1, 2, 3, 4, 5]),
        (20, &[2, 3, 5, 7, 11, 13, 17, 20]),
        (300, &[19, 20, 21, 255, 256, 300, 65_536, 16_777_216]),
    ];
    for (vrf, interfaces) in sets {
        for is_strict in [false, true] {
            let cases = options(is_strict, vrf, interfaces);
            let program = looking(vrf, interfaces, is_strict);
            assert_eq!(compare(Hook::SetSockOpt, &program, &cases), Ok(cases.len()), "{vrf} {interfaces:?}");
        }
    }
}

#[test]
fn at_strict_a_socket_that_was_freed_sends_nothing_over_ipv4() {
    for interfaces in [&[7][..], &[3, 7], &[2, 3, 5, 7, 11, 13, 17, 20]] {
        for deed in [Deed::Send, Deed::Connect4, Deed::Connect6] {
            let cases = addresses(deed, interfaces);
            let (hook, program) = addressing(deed, interfaces);
            assert_eq!(compare(hook, &program, &cases), Ok(cases.len()), "{deed:?} {interfaces:?}");
        }
    }
}
