//! The programs for packets: that of the cgroup, which lets them pass or not, and that of a shared card, which diverts them.

use std::net::IpAddr;

use vrf_launch::bind::program::{Insn, Net, divert, pass};

use crate::context::Hook;
use crate::machine::{REDIRECTED, Seen};
use crate::rules::{self, Frame, Network, Verdict};
use crate::sockets::{Case, compare};

pub fn net(interface: u32, text: &str) -> Network {
    let (address, len) = text.split_once('/').expect("a length");
    Network { interface, address: address.parse().expect("an address"), len: len.parse().expect("a number") }
}

/// The bytes of an address.
fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn nets(list: &[Network]) -> Vec<Net> {
    let one = |network: &Network| {
        let mut bytes = [0; 16];
        let octets = octets(network.address);
        bytes[..octets.len()].copy_from_slice(&octets);
        Net { interface: network.interface, v4: network.address.is_ipv4(), len: network.len, bytes }
    };
    list.iter().map(one).collect()
}

pub fn passing(interfaces: &[u32], shared: &[Network]) -> Vec<Insn> {
    let mut program = Vec::new();
    assert!(pass(interfaces, &nets(shared), &mut |insn| program.push(insn)));
    program
}

pub fn diverting(interface: u32, vrf: u32, own: &[Network], networks: &[Network]) -> Vec<Insn> {
    let mut program = Vec::new();
    assert!(divert(interface, vrf, MAC, &nets(own), &nets(networks), &mut |insn| program.push(insn)));
    program
}

const MAC: [u8; 6] = [0x02, 0xfe, 0x80, 0x01, 0xff, 0x7f];

/// An IP packet, up to the first byte behind its header: `next` is its protocol, `first` that byte.
fn ip(from: IpAddr, to: IpAddr, next: u8, first: u8) -> Vec<u8> {
    let mut bytes = match from {
        IpAddr::V4(_) => vec![0x45, 0, 0, 21, 0, 0, 0, 0, 64, next, 0, 0],
        IpAddr::V6(_) => vec![0x60, 0, 0, 0, 0, 1, next, 64],
    };
    bytes.extend(octets(from));
    bytes.extend(octets(to));
    bytes.push(first);
    bytes
}

/// `ETH_P_IP` or `ETH_P_IPV6`, as a context has it.
fn protocol(address: IpAddr) -> u32 {
    u32::from(if address.is_ipv4() { 0x0800_u16 } else { 0x86dd }.to_be())
}

/// An address of the same family, for what does not matter.
fn other(address: IpAddr) -> IpAddr {
    if address.is_ipv4() { "203.0.113.77" } else { "2001:db8:77::1" }.parse().expect("an address")
}

/// A packet that is about to leave by an interface, or has come by it.
fn leaving(
    interfaces: &[u32],
    shared: &[Network],
    (interface, protocol): (u32, u32),
    packet: Vec<u8>,
    to: Option<IpAddr>,
) -> Case {
    let context = Hook::Egress.filled(&[("ifindex", interface), ("protocol", protocol)]);
    let allowed = rules::packet(interfaces, shared, interface, to) == Verdict::Allowed;
    let wanted = Seen { answer: allowed.into(), context: context.clone(), packet: packet.clone(), ..Seen::default() };
    Case { context, packet, wanted }
}

fn to(interfaces: &[u32], shared: &[Network], interface: u32, to: IpAddr) -> Case {
    let packet = ip(other(to), to, 17, 0);
    leaving(interfaces, shared, (interface, protocol(to)), packet, Some(to))
}

/// Cut after each byte, and of other protocols.
fn broken(interfaces: &[u32], shared: &[Network], interface: u32, to: IpAddr) -> Vec<Case> {
    let whole = ip(other(to), to, 17, 0);
    let cut = |len: usize| {
        let arrived = len + 1 >= whole.len();
        leaving(interfaces, shared, (interface, protocol(to)), whole[..len].to_vec(), arrived.then_some(to))
    };
    let mut cases: Vec<Case> = (0..=whole.len()).map(cut).collect();
    let kinds = [0, 0x0806, 0x8100, 0x88a8, 0x0801, 0x86dc, 0x86de, 0x07ff, 0xffff];
    let kinds = kinds.map(|kind: u16| u32::from(kind.to_be()));
    for kind in kinds.into_iter().chain([0x0800, 0x86dd]).filter(|kind| *kind != protocol(to)) {
        cases.push(leaving(interfaces, shared, (interface, kind), whole.clone(), None));
    }
    cases
}

/// An address with one bit changed.
fn flipped(address: IpAddr, bit: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() ^ 1 << (31 - bit)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() ^ 1 << (127 - bit)).into()),
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first and the last address of a network, those before and behind, and all that differ from the first by a bit.
fn around(network: &Network) -> Vec<IpAddr> {
    let bits = width(network.address);
    let mut list: Vec<IpAddr> = (0..bits).map(|bit| flipped(network.address, bit)).collect();
    let step = |by: i128| match network.address {
        IpAddr::V4(v4) => {
            let hosts = u32::MAX.checked_shr(network.len.into()).unwrap_or(0);
            let (first, last) = (v4.to_bits() & !hosts, v4.to_bits() | hosts);
            [first.wrapping_add(by as u32), last.wrapping_add(by as u32)].map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(v6) => {
            let hosts = u128::MAX.checked_shr(network.len.into()).unwrap_or(0);
            let (first, last) = (v6.to_bits() & !hosts, v6.to_bits() | hosts);
            [first.wrapping_add(by as u128), last.wrapping_add(by as u128)].map(|bits| IpAddr::V6(bits.into()))
        }
    };
    list.extend([-1, 0, 1].into_iter().flat_map(step));
    list.push(network.address);
    list
}

/// The indices at, just below and just above each of a set, and the edges.
fn indices(set: &[u32]) -> Vec<u32> {
    let mut list: Vec<u32> =
        set.iter().flat_map(|index| [index - 1, *index, index.wrapping_add(1), index | 1 << 31]).collect();
    list.extend([0, 1, 255, 256, i32::MAX as u32, 1 << 31, u32::MAX]);
    list.sort_unstable();
    list.dedup();
    list
}

/// By interfaces alone, of a packet that would be none.
fn by(set: &[u32], interface: u32) -> Case {
    leaving(set, &[], (interface, 0), vec![], None)
}

#[test]
fn packets_pass_by_the_interfaces_of_a_set_alone() {
    let check = |set: &[u32], indices: Vec<u32>| {
        let cases: Vec<Case> = indices.iter().map(|index| by(set, *index)).collect();
        let program = passing(set, &[]);
        for hook in [Hook::Egress, Hook::Ingress] {
            assert_eq!(compare(hook, &program, &cases), Ok(cases.len()), "{set:?}");
        }
    };
    // Every set of up to eight of ten interfaces.
    for chosen in 0..1_u32 << 10 {
        let set: Vec<u32> = (1..=10).filter(|index| chosen >> (index - 1) & 1 != 0).collect();
        if set.len() <= 8 {
            check(&set, (0..=11).collect());
        }
    }
    // Longer ones, with and without room between, in each byte of an index.
    for count in 0..=40 {
        let places: [fn(u32) -> u32; 6] =
            [|n| n, |n| 3 * n, |n| 256 * n, |n| 65_536 * n - 1, |n| (n << 24) + 7, |n| i32::MAX as u32 - 41 + n];
        for place in places {
            let set: Vec<u32> = (1..=count).map(place).collect();
            check(&set, indices(&set));
        }
    }
}

#[test]
fn by_a_shared_interface_packets_pass_to_its_networks_alone() {
    let members = [3, 9];
    let check = |networks: &[Network], cases: Vec<Case>| {
        assert_eq!(compare(Hook::Egress, &passing(&members, networks), &cases), Ok(cases.len()), "{networks:?}");
    };
    // One network of each length.
    for address in ["10.20.30.40", "0.0.0.0", "255.255.255.255", "fd20:1:2:3:4:5:6:7", "::", "ffff:ffff::ffff:ffff"] {
        let address: IpAddr = address.parse().expect("an address");
        for len in 0..=width(address) {
            let networks = [Network { interface: 5, address, len }];
            let mut cases = Vec::new();
            for there in around(&networks[0]) {
                cases.extend([5, 3, 4].map(|interface| to(&members, &networks, interface, there)));
            }
            cases.push(to(
                &members,
                &networks,
                5,
                if address.is_ipv4() { "::a14:1e28" } else { "10.20.30.40" }.parse().expect("an address"),
            ));
            cases.extend([5, 3, 4].into_iter().flat_map(|interface| broken(&members, &networks, interface, address)));
            check(&networks, cases);
        }
    }
    let networks = several();
    for count in 0..=networks.len() {
        check(&networks[..count], to_several(&members, &networks[..count]));
    }
}

/// Networks by three interfaces, one within another, beside another, and such that what a cut packet would read as is in one.
/// The words of an address are all different, so that one taken for another is noticed.
pub fn several() -> [Network; 9] {
    [
        net(5, "10.20.30.0/24"),
        net(5, "fd20::/62"),
        net(6, "192.0.2.9/32"),
        net(5, "10.20.31.0/25"),
        net(6, "fd21:0:1:2:3:4:5:6/128"),
        net(12, "0.0.0.0/1"),
        net(12, "::/3"),
        net(6, "2001:db8:2001:db8:2001:db8:2000::/100"),
        net(5, "10.0.0.0/9"),
    ]
}

/// All addresses of IPv6 made of the words of an interface's networks, and of another word.
fn mixed(interface: u32, networks: &[Network]) -> Vec<IpAddr> {
    let mut words = vec![u32::MAX];
    for network in networks.iter().filter(|network| network.interface == interface) {
        if let IpAddr::V6(v6) = network.address {
            words.extend([96, 64, 32, 0].map(|from| (v6.to_bits() >> from) as u32));
        }
    }
    words.sort_unstable();
    words.dedup();
    let longer = |list: Vec<u128>| {
        list.iter().flat_map(|bits| words.iter().map(move |word| bits << 32 | u128::from(*word))).collect()
    };
    (0..4).fold(vec![0_u128], |list, _| longer(list)).into_iter().map(|bits| IpAddr::V6(bits.into())).collect()
}

/// What is looked at where there are several networks.
pub fn to_several(members: &[u32], networks: &[Network]) -> Vec<Case> {
    let mut cases = Vec::new();
    for interface in [0, 3, 4, 5, 6, 7, 9, 12, 13, i32::MAX as u32] {
        for network in several() {
            cases.extend(around(&network).into_iter().map(|there| to(members, networks, interface, there)));
            cases.extend(broken(members, networks, interface, network.address));
        }
        cases.extend(mixed(interface, &several()).into_iter().map(|there| to(members, networks, interface, there)));
    }
    cases
}

/// The indices around a set, for a program that has been changed.
pub fn by_each(set: &[u32]) -> Vec<Case> {
    indices(set).into_iter().map(|index| by(set, index)).collect()
}

/// A frame that came in by a shared card, of which so many bytes have arrived.
fn coming(
    (interface, vrf): (u32, u32),
    (own, networks): (&[Network], &[Network]),
    vlan: u32,
    (from, to): (IpAddr, IpAddr),
    (next, first): (u8, u8),
    len: usize,
) -> Case {
    let mut packet = vec![0xaa; 12];
    packet.extend(if from.is_ipv4() { [0x08, 0x00] } else { [0x86, 0xdd] });
    packet.extend(ip(from, to, next, first));
    packet.truncate(len);
    let is_icmp = from.is_ipv6() && next == 58;
    // The last byte is behind the destination.
    let arrived = packet.len() >= if from.is_ipv4() { 34 } else { 54 + usize::from(is_icmp) };
    let frame = Frame { vlan: vlan != 0, from, to, icmp: is_icmp.then_some(first) };
    let diverted = arrived && rules::is_diverted(interface, own, networks, &frame);
    let context = Hook::Classifier.filled(&[("vlan_present", vlan), ("protocol", protocol(from))]);
    let mut wanted = Seen { answer: -1, context: context.clone(), packet: packet.clone(), ..Seen::default() };
    if diverted {
        (wanted.answer, wanted.redirect, wanted.stored) = (REDIRECTED, Some((vrf, 1)), Some(0));
        wanted.packet[..6].copy_from_slice(&MAC);
    }
    Case { context, packet, wanted }
}

/// The shared card 5 has two addresses of each family and a network of each; the card 6 is not asked for.
pub fn card() -> ([Network; 5], [Network; 5]) {
    (
        [
            net(5, "10.20.30.40/32"),
            net(5, "fd20::40/128"),
            net(5, "10.20.30.41/32"),
            net(5, "2001:db8:2001:db8:2001:db8:2001:db8/128"),
            net(6, "10.20.30.60/32"),
        ],
        [
            net(5, "10.20.30.0/24"),
            net(5, "fd20::/62"),
            net(5, "192.0.2.0/31"),
            net(5, "2001:db8::/33"),
            net(6, "0.0.0.0/0"),
        ],
    )
}

/// What may come in by the card, where it has these addresses and networks.
pub fn diverted(vrf: u32, lists: (&[Network], &[Network])) -> Vec<Case> {
    let (own, networks) = card();
    let mut cases = Vec::new();
    let mut add = |vlan, ends, what, len| cases.push(coming((5, vrf), lists, vlan, ends, what, len));
    // Each source with each destination.
    let sources: Vec<IpAddr> = networks.iter().flat_map(around).collect();
    let ends = |from: IpAddr, to: IpAddr| (from.is_ipv4() == to.is_ipv4()).then_some((from, to));
    for to in
        own.iter().map(|own| own.address).chain(["10.20.30.1", "fd20::1"].map(|to| to.parse().expect("an address")))
    {
        for ends in sources.iter().filter_map(|from| ends(*from, to)) {
            add(0, ends, (17, 0), 100);
        }
    }
    for from in networks.iter().map(|network| network.address) {
        for ends in own.iter().flat_map(around).filter_map(|to| ends(from, to)) {
            add(0, ends, (6, 0), 100);
        }
    }
    for to in mixed(5, &own) {
        add(0, (networks[1].address, to), (17, 0), 100);
    }
    for from in mixed(5, &networks) {
        add(0, (from, own[1].address), (17, 0), 100);
    }
    // Each type of ICMPv6, each protocol, each length, VLANs.
    let pairs = [
        ("10.20.30.1", "10.20.30.40"),
        ("fd20::1", "fd20::40"),
        ("2001:db8::1", "2001:db8:2001:db8:2001:db8:2001:db8"),
    ];
    for ends in pairs.map(|(from, to)| (from.parse().expect("an address"), to.parse().expect("an address"))) {
        for number in 0..=255 {
            add(0, ends, (58, number), 100);
            add(0, ends, (1, number), 100);
            add(0, ends, (number, 135), 100);
        }
        for len in 0..=56 {
            add(0, ends, (58, 128), len);
            add(0, ends, (17, 128), len);
        }
        for vlan in [1, 2, 1 << 31, u32::MAX] {
            add(vlan, ends, (17, 0), 100);
        }
    }
    // The same bytes, but a frame that is neither.
    let whole = |v4| {
        let is_one = |case: &&Case| case.wanted.redirect.is_some() && (case.context[16..18] == [8, 0]) == v4;
        cases.iter().find(is_one).map(|case| case.packet.clone())
    };
    let packets: Vec<Vec<u8>> = [true, false].into_iter().filter_map(whole).collect();
    for kind in [0x0806_u16, 0x8100, 0x8847, 0, 0x0801, 0x07ff, 0x86dc, 0x86de] {
        for packet in &packets {
            let context = Hook::Classifier.filled(&[("vlan_present", 0), ("protocol", kind.to_be().into())]);
            let packet = packet.clone();
            let wanted = Seen { answer: -1, context: context.clone(), packet: packet.clone(), ..Seen::default() };
            cases.push(Case { context, packet, wanted });
        }
    }
    cases
}

#[test]
fn what_comes_from_the_networks_to_the_cards_addresses_is_diverted() {
    let (own, networks) = card();
    for vrf in [7, 0x0102_0304] {
        for (own, networks) in [
            (&own[..], &networks[..]),
            (&own[..1], &networks[..2]),
            (&own[..2], &networks[..1]),
            (&own[..0], &networks[..]),
            (&own[..], &networks[..0]),
        ] {
            let cases = diverted(vrf, (own, networks));
            let count = cases.iter().filter(|case| case.wanted.redirect.is_some()).count();
            assert!(count > 100 || own.is_empty() || networks.is_empty(), "{count}");
            assert_eq!(compare(Hook::Classifier, &diverting(5, vrf, own, networks), &cases), Ok(cases.len()));
        }
    }
}
