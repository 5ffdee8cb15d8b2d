//! Keywords of `ip`: what they stand for, in the order in which iproute2 compares them.

use super::Class;
use crate::conf::values::Reason;
use crate::uapi;
use linux_raw_sys::netlink;

/// What keywords stand for, what they are about, what has to follow them, and they themselves.
///
/// The second is an attribute, the number of a bit, or a number of the kernel's. Each keyword is behind `=` if the word
/// must be equal, `:` if a beginning will do.
type Group = (u8, u32, u8, &'static [u8]);

/// The word that a command is about; it may stand without a keyword.
pub(super) const HERE: u8 = 0;
pub(super) const DEV: u8 = 1;
pub(super) const NAME: u8 = 2;
pub(super) const TYPE: u8 = 3;
/// The link that a new one is on top of.
pub(super) const LINKED: u8 = 5;
/// A keyword that stands in the way of a beginning, or of a name, and has no meaning here.
pub(super) const OTHER: u8 = 4;
// Numbers, each with its place in `Compiler::numbers`.
pub(super) const NUMBER: u8 = 8;
pub(super) const PREF: u8 = 9;
pub(super) const MTU: u8 = 10;
pub(super) const TABLE: u8 = 11;
pub(super) const SCOPE: u8 = 12;
pub(super) const PROTO: u8 = 13;
pub(super) const MASTER: u8 = 14;
pub(super) const NOMASTER: u8 = 15;
pub(super) const VRF: u8 = 16;
pub(super) const UP: u8 = 17;
pub(super) const FLAG: u8 = 18;
pub(super) const L3MDEV: u8 = 19;
pub(super) const MAC: u8 = 20;
pub(super) const ALIAS: u8 = 21;
pub(super) const LABEL: u8 = 22;
pub(super) const IFNAME: u8 = 23;
pub(super) const SRC: u8 = 24;
pub(super) const PEER: u8 = 25;
pub(super) const BROADCAST: u8 = 26;
pub(super) const VIA: u8 = 27;
pub(super) const SELECTOR: u8 = 28;
pub(super) const MARK: u8 = 29;
/// No keyword.
pub(super) const NONE: u8 = 31;

// What may be missing: numbers of `missing`.
pub(super) const NOTHING: u8 = 0;
pub(super) const AN_ADDRESS: u8 = 1;
pub(super) const A_NAME: u8 = 2;
pub(super) const A_LINK: u8 = 3;
pub(super) const A_NUMBER: u8 = 4;
pub(super) const A_TABLE: u8 = 5;
pub(super) const A_SCOPE: u8 = 6;
pub(super) const A_PROTOCOL: u8 = 7;
pub(super) const AN_ALIAS: u8 = 8;
pub(super) const A_LABEL: u8 = 9;
pub(super) const A_PREFIX: u8 = 10;
pub(super) const A_MARK: u8 = 11;
pub(super) const A_TYPE: u8 = 12;
pub(super) const A_DST: u8 = 13;
pub(super) const THE_DEV: u8 = 14;
pub(super) const THE_TYPE: u8 = 15;
pub(super) const A_SELECTOR: u8 = 16;
pub(super) const AN_OBJECT: u8 = 17;
pub(super) const A_FAMILY: u8 = 18;

pub(super) const fn missing(what: u8) -> Reason {
    match what {
        AN_ADDRESS => "an address is missing",
        A_NAME => "a name is missing",
        A_LINK => "an interface is missing",
        A_NUMBER => "a number is missing",
        A_TABLE => "a table is missing",
        A_SCOPE => "a scope is missing",
        A_PROTOCOL => "a protocol is missing",
        AN_ALIAS => "an alias is missing",
        A_LABEL => "a label is missing",
        A_PREFIX => "a prefix is missing",
        A_MARK => "a mark is missing",
        A_TYPE => "a type is missing",
        A_DST => "a destination is missing",
        THE_DEV => "dev is missing",
        THE_TYPE => "type is missing",
        A_SELECTOR => "a preference or a selector is missing",
        AN_OBJECT => "link, addr, route or rule is missing",
        _ => "inet or inet6 is missing",
    }
}

const fn attr(kind: u16) -> u32 {
    let [low, high] = kind.to_le_bytes();
    u32::from_le_bytes([low, high, 0, 0])
}

const fn byte(value: u8) -> u32 {
    u32::from_le_bytes([value, 0, 0, 0])
}

/// The high byte of `NLM_F_*` that say how something is made.
const fn high(flags: u16) -> u8 {
    let [low, high] = flags.to_le_bytes();
    assert!(low == 0);
    high
}

pub(super) const NEW: u8 = high(uapi::NLM_F_CREATE | uapi::NLM_F_EXCL);
pub(super) const REPLACE: u8 = high(uapi::NLM_F_CREATE | uapi::NLM_F_REPLACE);
pub(super) const APPEND: u8 = high(uapi::NLM_F_CREATE | uapi::NLM_F_APPEND);
pub(super) const DUMP: u8 = high(uapi::NLM_F_DUMP);

// Verbs: the numbers of their classes.
pub(super) const LINK_ADD: u8 = 0;
pub(super) const LINK_DEL: u8 = 1;
pub(super) const LINK_SET: u8 = 2;
pub(super) const ADDR_ADD: u8 = 3;
pub(super) const ADDR_DEL: u8 = 4;
pub(super) const ADDR_FLUSH: u8 = 5;
pub(super) const ROUTE_ADD: u8 = 6;
pub(super) const ROUTE_DEL: u8 = 7;
pub(super) const RULE_ADD: u8 = 8;
pub(super) const RULE_DEL: u8 = 9;
pub(super) const OTHER_VERB: u8 = 10;

pub(super) const fn class(number: u8) -> Option<Class> {
    Some(match number {
        LINK_ADD => Class::LinkAdd,
        LINK_DEL => Class::LinkDel,
        LINK_SET => Class::LinkSet,
        ADDR_ADD => Class::AddrAdd,
        ADDR_DEL => Class::AddrDel,
        ADDR_FLUSH => Class::AddrFlush,
        ROUTE_ADD => Class::RouteAdd,
        ROUTE_DEL => Class::RouteDel,
        RULE_ADD => Class::RuleAdd,
        RULE_DEL => Class::RuleDel,
        _ => return None,
    })
}

// The tables: their places in `TABLES`.
pub(super) const NO_TABLE: usize = 0;
pub(super) const OPTIONS: usize = 1;
pub(super) const FAMILIES: usize = 2;
pub(super) const EVERYTHING: usize = 3;
pub(super) const OBJECTS: usize = 4;
pub(super) const LINK_VERBS: usize = 5;
pub(super) const ADDR_VERBS: usize = 6;
pub(super) const ROUTE_VERBS: usize = 7;
pub(super) const RULE_VERBS: usize = 8;
pub(super) const LINK: usize = 9;
pub(super) const ADDR: usize = 10;
pub(super) const FLUSH: usize = 11;
pub(super) const ROUTE: usize = 12;
pub(super) const RULE: usize = 13;
pub(super) const TYPES: usize = 14;
pub(super) const KINDS: usize = 15;
pub(super) const KIND_VRF: usize = 16;
pub(super) const KIND_VLAN: usize = 17;
pub(super) const KIND_BRIDGE: usize = 18;
pub(super) const TABLE_NAMES: usize = 19;
pub(super) const SCOPE_NAMES: usize = 20;
pub(super) const PROTO_NAMES: usize = 21;
pub(super) const KIND_BOND: usize = 22;
pub(super) const BOND_NAMES: usize = 23;

// Kinds of links with numbers of their own, and a number that is a protocol of Ethernet.
pub(super) const VLAN: u8 = 4;
pub(super) const BRIDGE: u8 = 5;
pub(super) const ETHERTYPE: u8 = 6;
pub(super) const BOND: u8 = 7;
/// A number that is an interface.
pub(super) const INDEX: u8 = 8;

const TABLES: &[&[Group]] = &[
    // Nothing.
    &[],
    // Options.
    &[
        (OTHER, 0, 0, b":-loops"),
        (NAME, 0, 0, b":-family"),
        (HERE, byte(uapi::AF_INET), 0, b"=-4"),
        (HERE, byte(uapi::AF_INET6), 0, b"=-6"),
    ],
    // Families.
    &[(HERE, byte(uapi::AF_INET), 0, b"=inet"), (HERE, byte(uapi::AF_INET6), 0, b"=inet6")],
    // Every address.
    &[(HERE, 0, 0, b"=default=all=any")],
    // Objects: the bytes of their messages' fixed part.
    &[
        (ADDR_ID, 8, 0, b":address"),
        (ROUTE_ID, 12, 0, b":route"),
        (RULE_ID, 12, 0, b":rule"),
        (LINK_ID, 16, 0, b":link"),
    ],
    // Verbs: message type and flags.
    &[
        (LINK_ADD, attr(uapi::RTM_NEWLINK), NEW, b":add"),
        (LINK_SET, attr(uapi::RTM_NEWLINK), 0, b":change"),
        (OTHER_VERB, 0, 0, b":replace:append"),
        (LINK_DEL, attr(uapi::RTM_DELLINK), 0, b":delete"),
        (OTHER_VERB, 0, 0, b":flush"),
        (LINK_SET, attr(uapi::RTM_NEWLINK), 0, b":set"),
    ],
    &[
        (ADDR_ADD, attr(uapi::RTM_NEWADDR), NEW, b":add"),
        (OTHER_VERB, 0, 0, b":change"),
        (ADDR_ADD, attr(uapi::RTM_NEWADDR), REPLACE, b":replace"),
        (OTHER_VERB, 0, 0, b":append"),
        (ADDR_DEL, attr(uapi::RTM_DELADDR), 0, b":delete"),
        (ADDR_FLUSH, attr(uapi::RTM_GETADDR), DUMP, b":flush"),
    ],
    &[
        (ROUTE_ADD, attr(uapi::RTM_NEWROUTE), NEW, b":add"),
        (OTHER_VERB, 0, 0, b":change"),
        (ROUTE_ADD, attr(uapi::RTM_NEWROUTE), REPLACE, b":replace"),
        (ROUTE_ADD, attr(uapi::RTM_NEWROUTE), APPEND, b":append"),
        (ROUTE_DEL, attr(uapi::RTM_DELROUTE), 0, b":delete"),
    ],
    &[
        (RULE_ADD, attr(uapi::RTM_NEWRULE), NEW, b":add"),
        (OTHER_VERB, 0, 0, b":change:replace:append"),
        (RULE_DEL, attr(uapi::RTM_DELRULE), 0, b":delete"),
    ],
    // `ip link`. What most commands have comes first, here and below, where no beginning is taken by that.
    &[
        (DEV, 0, A_LINK, b"=dev"),
        (UP, uapi::IFF_UP, 0, b"=up"),
        (UP, 0, 0, b"=down"),
        (NAME, 0, A_NAME, b"=name"),
        (OTHER, 0, 0, b"=index"),
        (LINKED, attr(uapi::IFLA_LINK), A_LINK, b":link"),
        (MAC, attr(uapi::IFLA_ADDRESS), AN_ADDRESS, b":address"),
        (OTHER, 0, 0, b":broadcast=brd:txqueuelen=qlen:txqlen"),
        (NUMBER, attr(uapi::IFLA_MTU), A_NUMBER, b"=mtu"),
        (OTHER, 0, 0, b"=inet=xdp=netns=multicast=allmulticast=promisc=trailers=arp=carrier=vf"),
        (MASTER, attr(uapi::IFLA_MASTER), A_LINK, b":master=vrf"),
        (NOMASTER, attr(uapi::IFLA_MASTER), 0, b":nomaster"),
        (OTHER, 0, 0, b":dynamic"),
        (TYPE, 0, 0, b":type"),
        (ALIAS, attr(uapi::IFLA_IFALIAS), AN_ALIAS, b"=alias"),
        (OTHER, 0, 0, b"=group=mode=state:numtxqueues:numrxqueues:addrgenmode:link-netns:link-netnsid=protodown"),
        (OTHER, 0, 0, b"=parentdev:help"),
    ],
    // `ip addr`.
    &[
        (DEV, 0, A_LINK, b"=dev"),
        (PEER, attr(uapi::IFA_ADDRESS), AN_ADDRESS, b"=peer=remote"),
        (BROADCAST, attr(uapi::IFA_BROADCAST), AN_ADDRESS, b":broadcast=brd"),
        (OTHER, 0, 0, b"=anycast"),
        (SCOPE, 0, A_SCOPE, b"=scope"),
        (LABEL, attr(uapi::IFA_LABEL), A_LABEL, b"=label"),
        (NUMBER, attr(uapi::IFA_RT_PRIORITY), A_NUMBER, b":metric:priority:preference"),
        (OTHER, 0, 0, b":valid_lft:preferred_lft"),
        (FLAG, uapi::IFA_F_NODAD.trailing_zeros(), 0, b"=nodad"),
        (FLAG, uapi::IFA_F_NOPREFIXROUTE.trailing_zeros(), 0, b"=noprefixroute"),
        (HERE, 0, AN_ADDRESS, b"=local"),
        (OTHER, 0, 0, b":help"),
    ],
    // `ip addr flush`.
    &[
        (OTHER, 0, 0, b"=to=scope=up=down=label=group=master=vrf=nomaster=type=proto=secondary=primary=temporary"),
        (OTHER, 0, 0, b"=dynamic=permanent=tentative=deprecated"),
        (DEV, 0, A_LINK, b"=dev"),
        (OTHER, 0, 0, b":help"),
    ],
    // `ip route`.
    &[
        (DEV, 0, A_LINK, b"=dev=oif"),
        (VIA, attr(uapi::RTA_GATEWAY), AN_ADDRESS, b"=via"),
        (TABLE, 0, A_TABLE, b":table"),
        (SRC, attr(uapi::RTA_PREFSRC), AN_ADDRESS, b"=src"),
        (OTHER, 0, 0, b":dsfield"),
        (NUMBER, attr(uapi::RTA_PRIORITY), A_NUMBER, b":metric:priority=preference"),
        (SCOPE, 0, A_SCOPE, b"=scope"),
        (MTU, 0, A_NUMBER, b"=mtu"),
        (FLAG, uapi::RTNH_F_ONLINK.trailing_zeros(), 0, b"=onlink"),
        (PROTO, 0, A_PROTOCOL, b":protocol"),
        (VRF, 0, A_LINK, b":vrf"),
        (HERE, 0, A_DST, b"=to"),
    ],
    // `ip rule`.
    &[
        (FLAG, uapi::FIB_RULE_INVERT.trailing_zeros(), 0, b"=not"),
        (SELECTOR, attr(uapi::FRA_SRC), A_PREFIX, b"=from"),
        (SELECTOR, attr(uapi::FRA_DST), A_PREFIX, b"=to"),
        (PREF, attr(uapi::FRA_PRIORITY), A_NUMBER, b":preference:order:priority"),
        (OTHER, 0, 0, b":dsfield"),
        (MARK, attr(uapi::FRA_FWMARK), A_MARK, b"=fwmark"),
        (OTHER, 0, 0, b":realms"),
        (PROTO, 0, A_PROTOCOL, b":protocol"),
        (OTHER, 0, 0, b":tun_id"),
        (TABLE, 0, A_TABLE, b":table=lookup"),
        (NUMBER, attr(uapi::FRA_SUPPRESS_PREFIXLEN), A_NUMBER, b":suppress_prefixlength=sup_pl"),
        (IFNAME, attr(uapi::FRA_IIFNAME), A_LINK, b"=dev=iif"),
        (IFNAME, attr(uapi::FRA_OIFNAME), A_LINK, b"=oif"),
        (L3MDEV, attr(uapi::FRA_L3MDEV), 0, b"=l3mdev"),
        (HERE, 0, A_TYPE, b"=type"),
    ],
    // Types of routes, and the actions of rules, which have the same numbers.
    &[
        (TYPE, byte(uapi::RTN_LOCAL), 0, b"=local"),
        (OTHER, 0, 0, b":broadcast=brd:anycast:multicast"),
        (HERE, byte(uapi::RTN_PROHIBIT), 0, b":prohibit"),
        (HERE, byte(uapi::RTN_UNREACHABLE), 0, b":unreachable"),
        (HERE, byte(uapi::RTN_BLACKHOLE), 0, b":blackhole"),
        (OTHER, 0, 0, b":xresolve"),
        (TYPE, byte(uapi::RTN_UNICAST), 0, b":unicast"),
        (TYPE, byte(uapi::RTN_THROW), 0, b"=throw"),
    ],
    // Types of links: what follows them.
    &[
        (TABLE, 0, 0, b"=vrf"),
        (NAME, 0, 0, b"=veth"),
        (NOTHING, 0, 0, b"=dummy"),
        (VLAN, 0, 0, b"=vlan"),
        (BRIDGE, 0, 0, b"=bridge"),
        (BOND, 0, 0, b"=bond"),
    ],
    // `type vrf`.
    &[(TABLE, 0, A_TABLE, b":table")],
    // `type vlan`, `type bridge`: the bytes of a number, and its attribute.
    &[(2, attr(uapi::IFLA_VLAN_ID), 0, b"=id"), (ETHERTYPE, attr(uapi::IFLA_VLAN_PROTOCOL), 0, b"=protocol")],
    &[
        (4, attr(uapi::IFLA_BR_FORWARD_DELAY), 0, b"=forward_delay"),
        (4, attr(uapi::IFLA_BR_HELLO_TIME), 0, b"=hello_time"),
        (4, attr(uapi::IFLA_BR_MAX_AGE), 0, b"=max_age"),
        (4, attr(uapi::IFLA_BR_AGEING_TIME), 0, b"=ageing_time"),
        (4, attr(uapi::IFLA_BR_STP_STATE), 0, b"=stp_state"),
        (2, attr(uapi::IFLA_BR_PRIORITY), 0, b"=priority"),
        (1, attr(uapi::IFLA_BR_VLAN_FILTERING), 0, b"=vlan_filtering"),
    ],
    // Names of numbers, as built into iproute2.
    &[
        (HERE, 253, 0, b"=default"),
        (HERE, uapi::RT_TABLE_MAIN, 0, b"=main"),
        (HERE, uapi::RT_TABLE_LOCAL, 0, b"=local"),
    ],
    &[
        (HERE, byte(uapi::RT_SCOPE_UNIVERSE), 0, b"=global"),
        (HERE, byte(uapi::RT_SCOPE_LINK), 0, b"=link"),
        (HERE, byte(uapi::RT_SCOPE_HOST), 0, b"=host"),
        (HERE, byte(uapi::RT_SCOPE_SITE), 0, b"=site"),
        (HERE, byte(uapi::RT_SCOPE_NOWHERE), 0, b"=nowhere"),
    ],
    &[
        (HERE, byte(uapi::RTPROT_UNSPEC), 0, b"=unspec"),
        (HERE, netlink::RTPROT_REDIRECT, 0, b"=redirect"),
        (HERE, byte(uapi::RTPROT_KERNEL), 0, b"=kernel"),
        (HERE, byte(uapi::RTPROT_BOOT), 0, b"=boot"),
        (HERE, byte(uapi::RTPROT_STATIC), 0, b"=static"),
        (HERE, netlink::RTPROT_GATED, 0, b"=gated"),
        (HERE, netlink::RTPROT_RA, 0, b"=ra"),
        (HERE, netlink::RTPROT_MRT, 0, b"=mrt"),
        (HERE, netlink::RTPROT_ZEBRA, 0, b"=zebra"),
        (HERE, netlink::RTPROT_BIRD, 0, b"=bird"),
        (HERE, netlink::RTPROT_DNROUTED, 0, b"=dnrouted"),
        (HERE, netlink::RTPROT_XORP, 0, b"=xorp"),
        (HERE, netlink::RTPROT_NTK, 0, b"=ntk"),
        (HERE, netlink::RTPROT_DHCP, 0, b"=dhcp"),
        (HERE, netlink::RTPROT_KEEPALIVED, 0, b"=keepalived"),
        (HERE, netlink::RTPROT_BABEL, 0, b"=babel"),
        (HERE, netlink::RTPROT_BGP, 0, b"=bgp"),
        (HERE, netlink::RTPROT_ISIS, 0, b"=isis"),
        (HERE, netlink::RTPROT_OSPF, 0, b"=ospf"),
        (HERE, netlink::RTPROT_RIP, 0, b"=rip"),
        (HERE, netlink::RTPROT_EIGRP, 0, b"=eigrp"),
    ],
    // `type bond`, as `type bridge`; and the names of numbers there.
    &[
        (1, attr(uapi::IFLA_BOND_MODE), 0, b"=mode"),
        (4, attr(uapi::IFLA_BOND_MIIMON), 0, b"=miimon"),
        (4, attr(uapi::IFLA_BOND_UPDELAY), 0, b"=updelay"),
        (4, attr(uapi::IFLA_BOND_DOWNDELAY), 0, b"=downdelay"),
        (1, attr(uapi::IFLA_BOND_USE_CARRIER), 0, b"=use_carrier"),
        (4, attr(uapi::IFLA_BOND_ARP_INTERVAL), 0, b"=arp_interval"),
        (4, attr(uapi::IFLA_BOND_ARP_VALIDATE), 0, b"=arp_validate"),
        (INDEX, attr(uapi::IFLA_BOND_PRIMARY), 0, b"=primary"),
        (1, attr(uapi::IFLA_BOND_PRIMARY_RESELECT), 0, b"=primary_reselect"),
        (1, attr(uapi::IFLA_BOND_FAIL_OVER_MAC), 0, b"=fail_over_mac"),
        (1, attr(uapi::IFLA_BOND_XMIT_HASH_POLICY), 0, b"=xmit_hash_policy"),
        (4, attr(uapi::IFLA_BOND_RESEND_IGMP), 0, b"=resend_igmp"),
        (1, attr(uapi::IFLA_BOND_NUM_PEER_NOTIF), 0, b"=num_grat_arp=num_unsol_na"),
        (1, attr(uapi::IFLA_BOND_ALL_SLAVES_ACTIVE), 0, b"=all_slaves_active"),
        (4, attr(uapi::IFLA_BOND_MIN_LINKS), 0, b"=min_links"),
        (4, attr(uapi::IFLA_BOND_LP_INTERVAL), 0, b"=lp_interval"),
        (4, attr(uapi::IFLA_BOND_PACKETS_PER_SLAVE), 0, b"=packets_per_slave"),
        (1, attr(uapi::IFLA_BOND_AD_LACP_RATE), 0, b"=lacp_rate"),
        (1, attr(uapi::IFLA_BOND_AD_SELECT), 0, b"=ad_select"),
        (2, attr(uapi::IFLA_BOND_AD_ACTOR_SYS_PRIO), 0, b"=ad_actor_sys_prio"),
        (2, attr(uapi::IFLA_BOND_AD_USER_PORT_KEY), 0, b"=ad_user_port_key"),
        (4, attr(uapi::IFLA_BOND_PEER_NOTIF_DELAY), 0, b"=peer_notif_delay"),
    ],
    &[
        (HERE, 0, 0, b"=balance-rr=layer2=slow=stable=always=none=off"),
        (HERE, 1, 0, b"=active-backup=layer3+4=fast=bandwidth=better=active=on"),
        (HERE, 2, 0, b"=balance-xor=layer2+3=count=failure=follow=backup"),
        (HERE, 3, 0, b"=broadcast=encap2+3=all"),
        (HERE, 4, 0, b"=802.3ad=encap3+4=filter"),
        (HERE, 5, 0, b"=balance-tlb=vlan+srcmac=filter_active"),
        (HERE, 6, 0, b"=balance-alb=filter_backup"),
    ],
];

pub(super) const LINK_ID: u8 = 0;
pub(super) const ADDR_ID: u8 = 1;
pub(super) const ROUTE_ID: u8 = 2;
pub(super) const RULE_ID: u8 = 3;

const _: () = {
    assert!(uapi::FR_ACT_PROHIBIT == uapi::RTN_PROHIBIT);
    assert!(uapi::FR_ACT_UNREACHABLE == uapi::RTN_UNREACHABLE);
    assert!(uapi::FR_ACT_BLACKHOLE == uapi::RTN_BLACKHOLE);
    // Routes and rules are finished by the same lines.
    assert!(uapi::RTA_TABLE == uapi::FRA_TABLE);
    // A destination is the same attribute in both, and its length stands before a source's.
    assert!(uapi::RTA_DST == uapi::FRA_DST && uapi::FRA_SRC != uapi::FRA_DST);
};

/// Where a table begins in [`PACKED`]; behind the last one, where all of them end.
pub(super) const fn start(mut table: usize) -> usize {
    let mut tables = TABLES;
    let mut size = 0;
    while let ([groups, rest @ ..], 1..) = (tables, table) {
        let mut groups = *groups;
        while let [(_, _, _, names), rest @ ..] = groups {
            size += names.len() + 3;
            groups = rest;
        }
        size += 5;
        tables = rest;
        table -= 1;
    }
    size
}

/// The tables as bytes. First, four of them, which letters its keywords begin with ([`letter`]); then its groups, the keywords of
/// each first; then a byte that begins no group. As structs they would have a pointer, a length and a relocation for each.
static PACKED: [u8; start(TABLES.len())] = {
    let mut packed = [0; start(TABLES.len())];
    let mut room: &mut [u8] = &mut packed;
    let mut tables = TABLES;
    while let [groups, rest @ ..] = tables {
        room = append(room, &letters(groups).to_le_bytes());
        let mut groups = *groups;
        while let [(id, at, needs, names), rest @ ..] = groups {
            let [at, more, ..] = at.to_le_bytes();
            assert!(more == 0);
            room = append_names(room, names);
            room = append(room, &[END | *id, at, *needs]);
            groups = rest;
        }
        room = append(room, &[0]);
        tables = rest;
    }
    assert!(room.is_empty());
    packed
};

/// The letters with which the keywords of a table begin.
const fn letters(mut groups: &[Group]) -> u32 {
    let mut letters = 0;
    while let [(_, _, _, names), rest @ ..] = groups {
        let mut names = *names;
        while let [sign, rest @ ..] = names {
            if let (b'=' | b':', [first, ..]) = (*sign, rest) {
                letters |= letter(*first);
            }
            names = rest;
        }
        groups = rest;
    }
    letters
}

/// A letter in a set of letters; some other bytes are taken for one.
const fn letter(byte: u8) -> u32 {
    1_u32.wrapping_shl(u32::from_le_bytes([byte, 0, 0, 0]))
}

/// The bit that tells the end of a group from a letter.
pub(super) const END: u8 = 0x80;

/// Writes at the beginning of the room; what is left of it.
const fn append<'r>(room: &'r mut [u8], bytes: &[u8]) -> &'r mut [u8] {
    let (place, rest) = room.split_at_mut(bytes.len());
    place.copy_from_slice(bytes);
    rest
}

/// Writes names, each behind its length in the place of `=`, and with [`BEGINS`] in that of `:`.
const fn append_names<'r>(room: &'r mut [u8], names: &[u8]) -> &'r mut [u8] {
    let (place, rest) = room.split_at_mut(names.len());
    place.copy_from_slice(names);
    let (mut end, mut len) = (names.len(), 0);
    while let ([head @ .., byte], 1..) = (names.split_at(end).0, end) {
        end = head.len();
        match (*byte, place.split_at_mut(end).1) {
            (b'=', [how, ..]) => (*how, len) = (len, 0),
            (b':', [how, ..]) => (*how, len) = (len | BEGINS, 0),
            _ => len += 1,
        }
    }
    assert!(len == 0);
    rest
}

/// The bit of a length that tells a keyword that others begin with.
const BEGINS: u8 = 0x40;

/// What `word` is in the table that begins there, what it is about, and what it needs: of the first keyword that it is
/// or begins. [`NONE`] if there is none.
#[inline(never)]
pub(super) fn keyword(start: usize, word: &[u8]) -> (u8, u8, u8) {
    let first = word.first().copied().unwrap_or(0); // no keyword begins so
    let (mut at, mut found) = (start + 4, false);
    if let Some(&[a, b, c, d]) = PACKED.get(start..at) {
        if u32::from_le_bytes([a, b, c, d]) & letter(first) == 0 {
            return (NONE, 0, 0);
        }
    }
    while let Some(&how) = PACKED.get(at) {
        if how >= END {
            if let (true, Some(&[about, needs])) = (found, PACKED.get(at + 1..at + 3)) {
                return (how & !END, about, needs);
            }
            at += 3;
            continue;
        }
        if how == 0 {
            break;
        }
        let len = usize::from(how & !BEGINS);
        at += 1;
        // Most differ in their first byte.
        if PACKED.get(at) == Some(&first) && (how & BEGINS != 0 || len == word.len()) {
            found |= PACKED.get(at..at + len).is_some_and(|name| name.starts_with(word));
        }
        at += len;
    }
    (NONE, 0, 0)
}
