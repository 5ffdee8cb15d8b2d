//! rtnetlink messages: against iproute2's and the kernel's own bytes, and against bytes that mean nothing.
#![cfg(target_endian = "little")] // the captured bytes are

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use std::fmt::Debug;
use std::net::IpAddr;
use vrf_launch::prefix::Prefix;
use vrf_launch::uapi::*;
use vrf_launch::wire::ack::Ack;
use vrf_launch::wire::addr::{Addr, CacheInfo};
use vrf_launch::wire::attr::Attrs;
use vrf_launch::wire::link::Link;
use vrf_launch::wire::msg::{Header, Malformed, Messages, Writer};
use vrf_launch::wire::route::Route;
use vrf_launch::wire::rule::Rule;

const ADD: u16 = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
const CHANGE: u16 = NLM_F_REQUEST | NLM_F_ACK;
const ASK: u16 = NLM_F_REQUEST;
const DUMP: u16 = NLM_F_REQUEST | NLM_F_DUMP;

/// The family that iproute2 has in its questions for links; the kernel does not look.
const AF_PACKET: u8 = 17;

/// The bytes of the case `name` in `golden/wire/FILE`.
fn golden(file: &str, name: &str) -> Vec<u8> {
    let path = format!("{}/golden/wire/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let case = text.split("\n@ ").find_map(|case| case.strip_prefix(name)?.strip_prefix('\n'));
    let case = case.unwrap_or_else(|| panic!("{path} has no case {name}"));
    let lines = case.lines().filter(|line| !line.starts_with(['$', '>', '#']));
    let bytes = lines.flat_map(str::split_whitespace).map(|byte| u8::from_str_radix(byte, 16).expect(byte));
    bytes.collect()
}

/// A request as our writer makes it.
fn request(kind: u16, flags: u16, put: &dyn Fn(&mut Writer)) -> Vec<u8> {
    let mut buf = [0xa5; 512];
    let mut writer = Writer::new(&mut buf);
    writer.begin(kind, flags, 0);
    put(&mut writer);
    writer.end();
    assert_eq!(writer.finish(), Some(writer.len()));
    writer.bytes().to_vec()
}

/// The header and body of the only message in `bytes`.
fn only(bytes: &[u8]) -> (Header, &[u8]) {
    let mut messages = Messages::new(bytes);
    let message = messages.next().expect("a message").expect("a whole message");
    assert_eq!(messages.next(), None);
    message
}

/// The bodies of the messages of a dump; its end is there and says that all went well.
fn dump(bytes: &[u8], kind: u16) -> Vec<&[u8]> {
    let mut bodies = Vec::new();
    let mut ended = false;
    for message in Messages::new(bytes) {
        let (header, body) = message.expect("a whole message");
        assert!(!ended);
        if header.kind == NLMSG_DONE {
            assert_eq!(Ack::parse(&header, body), Some(Ack::default()));
            ended = true;
        } else {
            assert_eq!(header.kind, kind);
            bodies.push(body);
        }
    }
    assert!(ended);
    bodies
}

/// What is put and parsed: one of the four structs.
trait Body<'a>: Sized + PartialEq + Debug {
    fn put(&self, writer: &mut Writer<'_>);
    fn parse(bytes: &'a [u8]) -> Option<Self>;
}

macro_rules! body {
    ($type:ty) => {
        impl<'a> Body<'a> for $type {
            fn put(&self, writer: &mut Writer<'_>) {
                <$type>::put(self, writer);
            }
            fn parse(bytes: &'a [u8]) -> Option<Self> {
                <$type>::parse(bytes)
            }
        }
    };
}
body!(Link<'a>);
body!(Addr<'a>);
body!(Route);
body!(Rule<'a>);

/// Our request is iproute2's to the byte, and its bytes read as the same.
fn same<'a, B: Body<'a>>(theirs: &'a [u8], kind: u16, flags: u16, body: &B) {
    assert_eq!(request(kind, flags, &|writer| body.put(writer)), theirs, "{body:?}");
    assert_eq!(B::parse(only(theirs).1).as_ref(), Some(body));
}

/// Our request says what iproute2's says, in other bytes.
fn alike<'a, B: Body<'a>>(theirs: &'a [u8], kind: u16, flags: u16, body: &B) {
    let (header, payload) = only(theirs);
    assert_eq!((header.kind, header.flags), (kind, flags));
    assert_eq!(B::parse(payload).as_ref(), Some(body));
    assert_ne!(request(kind, flags, &|writer| body.put(writer)), theirs, "use `same`");
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().expect(text))
}

fn prefix(text: &str) -> Option<Prefix> {
    let (addr, len) = text.split_once('/').expect(text);
    Some(Prefix { addr: addr.parse().expect(text), len: len.parse().expect(text) })
}

#[test]
fn made_links_match_iproute2() {
    let check = |name: &str, link: Link| same(&golden("link.hex", name), RTM_NEWLINK, ADD, &link);
    let named = |name| Link { name: Some(name), ..Link::default() };
    check("link_add_vrf", Link { kind: Some(b"vrf"), vrf_table: Some(10), ..named(b"mgmt") });
    check("link_add_vrf_big", Link { kind: Some(b"vrf"), vrf_table: Some(100_000), ..named(b"wide") });
    check("link_add_dummy", Link { kind: Some(b"dummy"), ..named(b"dum0") });
    check("link_add_veth", Link { kind: Some(b"veth"), ..named(b"ve0") });
    check("link_add_veth_peer", Link { kind: Some(b"veth"), peer: Some(b"ve3"), ..named(b"ve2") });
}

#[test]
fn changed_links_match_iproute2() {
    let check = |name: &str, link: Link| same(&golden("link.hex", name), RTM_NEWLINK, CHANGE, &link);
    let link = |index| Link { index, ..Link::default() };
    check("link_set_up", Link { flags: IFF_UP, change: IFF_UP, ..link(3) });
    check("link_set_down", Link { change: IFF_UP, ..link(3) });
    check("link_set_master", Link { master: Some(3), ..link(5) });
    check("link_set_nomaster", Link { master: Some(0), ..link(5) });
    check("link_set_mtu", Link { mtu: Some(1400), ..link(5) });
    check("link_set_address", Link { address: Some(&[2, 0, 0, 0, 0, 0x2a]), ..link(5) });
    check("link_set_alias", Link { alias: Some(b"uplink"), ..link(5) });
    check("link_set_noalias", Link { alias: Some(b""), ..link(9) });
    check("link_set_promisc", Link { flags: 0x100, change: 0x100, ..link(7) });
    same(&golden("link.hex", "link_del"), RTM_DELLINK, CHANGE, &link(9));
}

#[test]
fn questions_for_links_match_iproute2() {
    let check = |name: &str, flags, link: Link| same(&golden("link.hex", name), RTM_GETLINK, flags, &link);
    let link = Link { ext_mask: Some(1), ..Link::default() };
    let name = Some(b"mgmt".as_slice());
    check("get_link", ASK, Link { name, ext_mask: Some(1 | RTEXT_FILTER_SKIP_STATS), ..link });
    check("dump_link_kind", DUMP, Link { family: AF_PACKET, kind: Some(b"vrf"), ..link });
    // iproute2 has IFLA_EXT_MASK first here, as we do, and IFLA_LINKINFO or IFLA_MASTER behind it.
    check("dump_link_master", DUMP, Link { family: AF_PACKET, master: Some(3), ..link });
    check("dump_link", DUMP, Link { family: AF_PACKET, ..link });
}

#[test]
fn addresses_match_iproute2() {
    let check = |name: &str, addr: Addr| same(&golden("addr.hex", name), RTM_NEWADDR, ADD, &addr);
    let addr = |text: &str| {
        let Prefix { addr, len } = prefix(text).unwrap();
        let family = if addr.is_ipv4() { AF_INET } else { AF_INET6 };
        Addr { family, prefixlen: len, index: 5, local: Some(addr), address: Some(addr), ..Addr::default() }
    };
    check("addr_add_v4", addr("10.20.30.40/24"));
    check("addr_add_v4_brd", Addr { broadcast: ip("10.20.31.255"), ..addr("10.20.31.40/24") });
    check("addr_add_v4_peer", Addr { address: ip("10.0.0.2"), ..addr("10.0.0.1/32") });
    check("addr_add_v4_scope", Addr { scope: RT_SCOPE_HOST, index: 3, ..addr("127.0.0.1/8") });
    check("addr_add_v4_label", Addr { label: Some(b"dum0:1"), ..addr("10.20.32.40/24") });
    check("addr_add_v4_noprefixroute", Addr { flags: IFA_F_NOPREFIXROUTE, ..addr("10.20.33.40/24") });
    check("addr_add_v4_metric", Addr { rt_priority: Some(77), ..addr("10.20.34.40/24") });
    check("addr_add_v6", addr("fd00::1/64"));
    check("addr_add_v6_nodad", Addr { flags: IFA_F_NODAD, ..addr("fd00:1::1/64") });
    check("addr_add_v6_peer", Addr { address: ip("fd00:2::2"), ..addr("fd00:2::1/128") });
    same(&golden("addr.hex", "addr_del_v4"), RTM_DELADDR, CHANGE, &addr("10.20.32.40/24"));
    same(&golden("addr.hex", "dump_addr"), RTM_GETADDR, DUMP, &Addr { index: 5, ..Addr::default() });
}

/// A route that `ip route add` makes where nothing is said, in table 10.
fn route(dst: &str) -> Route {
    let dst = prefix(dst);
    let family = if dst.is_some_and(|dst| dst.addr.is_ipv6()) { AF_INET6 } else { AF_INET };
    Route { family, dst, table: 10, protocol: RTPROT_BOOT, kind: RTN_UNICAST, ..Route::default() }
}

#[test]
fn made_routes_match_iproute2() {
    let add = |name: &str, route: Route| same(&golden("route.hex", name), RTM_NEWROUTE, ADD, &route);
    let dum0 = |route: Route| Route { oif: Some(5), ..route };
    let link = |dst| dum0(Route { scope: RT_SCOPE_LINK, ..route(dst) });
    let default = Route { dst: None, ..route("0.0.0.0/0") };
    add("route_add_dev", link("10.9.0.0/24"));
    add("route_add_via", dum0(Route { gateway: ip("10.20.30.1"), ..route("10.9.1.0/24") }));
    add("route_add_onlink", dum0(Route { gateway: ip("192.0.2.1"), flags: RTNH_F_ONLINK, ..default }));
    let unreachable = Route { kind: RTN_UNREACHABLE, priority: Some(4_278_198_272), ..default };
    add("route_add_unreachable", unreachable);
    // iproute2 adds an RTA_DST of length 0 to what is said by its type and IPv6; the kernel answers without it.
    let six = Route { family: AF_INET6, ..unreachable };
    alike(&golden("route.hex", "route_add_unreachable6"), RTM_NEWROUTE, ADD, &six);
    add("route_add_blackhole", Route { kind: RTN_BLACKHOLE, ..route("10.66.0.0/16") });
    add("route_add_big_table", Route { table: 100_000, ..link("10.9.2.0/24") });
    add("route_add_v6", dum0(Route { gateway: ip("fd00::2"), ..route("fd00:9::/64") }));
    add("route_add_via6", dum0(Route { gateway: ip("fd00::2"), ..route("10.9.3.0/24") }));
    let prefsrc = ip("10.20.30.40");
    let (priority, mtu) = (Some(5), Some(1300));
    add("route_add_mtu", Route { protocol: RTPROT_STATIC, prefsrc, priority, mtu, ..link("10.9.4.0/24") });
    add("route_add_local", Route { kind: RTN_LOCAL, scope: RT_SCOPE_HOST, ..link("10.9.5.5/32") });
    // Nexthops are read as being there, and not written.
    let multipath = Route { multipath: true, ..route("10.9.6.0/24") };
    alike(&golden("route.hex", "route_multipath"), RTM_NEWROUTE, ADD, &multipath);
}

#[test]
fn other_verbs_of_routes_match_iproute2() {
    let check = |name: &str, kind, flags, route: Route| same(&golden("route.hex", name), kind, flags, &route);
    let link = Route { scope: RT_SCOPE_LINK, oif: Some(5), priority: Some(5), ..route("10.9.4.0/24") };
    let create = CHANGE | NLM_F_CREATE;
    check("route_replace", RTM_NEWROUTE, create | NLM_F_REPLACE, link);
    check("route_append", RTM_NEWROUTE, create | NLM_F_APPEND, Route { oif: Some(7), ..link });
    let unsaid = Route { protocol: 0, scope: RT_SCOPE_NOWHERE, kind: RTN_UNSPEC, priority: None, ..link };
    check("route_del", RTM_DELROUTE, CHANGE, unsaid);
}

#[test]
fn questions_for_routes_match_iproute2() {
    let check = |name: &str, flags, route: Route| same(&golden("route.hex", name), RTM_GETROUTE, flags, &route);
    let ask = |dst| Route { table: 0, protocol: 0, kind: 0, oif: Some(3), ..route(dst) };
    let flags = RTM_F_LOOKUP_TABLE;
    check("get_route", ASK, Route { flags, ..ask("10.9.1.7/32") });
    check("get_route_fib", ASK, Route { flags: flags | RTM_F_FIB_MATCH, ..ask("10.9.1.7/32") });
    check("get_route6", ASK, ask("fd00:9::5/128"));
    let table = |table| Route { family: AF_INET, table, ..Route::default() };
    check("dump_route_big_table", DUMP, table(100_000));
    // iproute2 has small tables in RTA_TABLE as well here; the kernel takes either.
    alike(&golden("route.hex", "dump_route"), RTM_GETROUTE, DUMP, &table(10));
}

#[test]
fn rules_match_iproute2() {
    let check = |name: &str, rule: Rule| same(&golden("rule.hex", name), RTM_NEWRULE, ADD, &rule);
    let pref = |pref, action| Rule { family: AF_INET, priority: Some(pref), action, ..Rule::default() };
    let six = |rule: Rule<'static>| Rule { family: AF_INET6, ..rule };
    let unreachable = Rule { l3mdev: true, ..pref(2000, FR_ACT_UNREACHABLE) };
    check("rule_add_l3mdev_unreachable", unreachable);
    check("rule_add_l3mdev_unreachable6", six(unreachable));
    let local = Rule { table: RT_TABLE_LOCAL, ..pref(32765, FR_ACT_TO_TBL) };
    check("rule_add_local", local);
    check("rule_add_local6", six(local));
    let many = Rule {
        src: prefix("10.1.0.0/16"),
        dst: prefix("10.2.0.0/16"),
        iif: Some(b"dum0"),
        oif: Some(b"ve0"),
        fwmark: Some(1),
        fwmask: Some(0xff),
        table: 100_000,
        ..pref(100, FR_ACT_TO_TBL)
    };
    check("rule_add_from_iif", many);
    let main = Rule { table: RT_TABLE_MAIN, ..pref(102, FR_ACT_TO_TBL) };
    check("rule_add_suppress", Rule { suppress_prefixlen: Some(0), ..main });
    check("rule_add_goto", Rule { goto: Some(2000), ..pref(104, FR_ACT_GOTO) });

    let differs = |name: &str, rule: Rule| alike(&golden("rule.hex", name), RTM_NEWRULE, ADD, &rule);
    // iproute2 has the attributes in the order of its arguments, here `from` before `pref`.
    let (src, flags, protocol) = (prefix("10.1.2.3/32"), FIB_RULE_INVERT, Some(RTPROT_STATIC));
    differs("rule_add_not_proto", Rule { src, flags, protocol, ..pref(101, FR_ACT_PROHIBIT) });
    // What is not modelled is noticed, and not written.
    differs("rule_add_other", Rule { other: true, priority: Some(103), ..main });

    let del = |name: &str, rule: Rule| same(&golden("rule.hex", name), RTM_DELRULE, CHANGE, &rule);
    del("rule_del_0", pref(0, FR_ACT_UNSPEC));
    del("rule_del_pref", pref(102, FR_ACT_UNSPEC));
    del("rule_del_l3mdev", unreachable);
    del("rule_del_6", six(Rule { action: FR_ACT_UNSPEC, ..local }));

    for (name, family) in [("dump_rule", AF_INET), ("dump_rule6", AF_INET6)] {
        same(&golden("rule.hex", name), RTM_GETRULE, DUMP, &Rule { family, ..Rule::default() });
    }
}

#[test]
fn the_kernels_links_are_read() {
    let read = |name| golden("reply-link.hex", name);
    let bytes = read("get_link_vrf");
    let mgmt = Link::parse(only(&bytes).1).unwrap();
    let flags = IFF_UP | IFF_RUNNING | IFF_MASTER | IFF_LOWER_UP | 0x80; // IFF_NOARP
    let expected = Link {
        kind_type: 1,
        index: 3,
        flags,
        name: Some(b"mgmt"),
        mtu: Some(65575),
        address: Some(&[0x2e, 0x92, 0x29, 0x7c, 0xa9, 0x85]),
        kind: Some(b"vrf"),
        vrf_table: Some(10),
        operstate: Some(IF_OPER_UP),
        carrier: Some(true),
        ..Link::default()
    };
    // The address is the guest's invention, and no two captures have the same.
    assert_eq!(mgmt, Link { address: mgmt.address, ..expected });
    assert_eq!(mgmt.address.map(<[u8]>::len), Some(6));

    let bytes = read("get_link_member");
    let dum0 = Link::parse(only(&bytes).1).unwrap();
    assert_eq!((dum0.name, dum0.index, dum0.mtu), (Some(b"dum0".as_slice()), 5, Some(1400)));
    assert_eq!((dum0.kind, dum0.vrf_table), (Some(b"dummy".as_slice()), None));
    assert_eq!((dum0.master, dum0.slave_kind, dum0.port_table), (Some(3), Some(b"vrf".as_slice()), Some(10)));
    assert_eq!(dum0.alias, Some(b"uplink".as_slice()));
    assert_eq!(dum0.address, Some([2, 0, 0, 0, 0, 0x2a].as_slice()));
    assert_eq!((dum0.operstate, dum0.carrier), (Some(IF_OPER_UNKNOWN), Some(true)));

    let bytes = read("get_link_veth");
    let ve0 = Link::parse(only(&bytes).1).unwrap();
    assert_eq!((ve0.kind, ve0.peer, ve0.master), (Some(b"veth".as_slice()), None, None));
    assert_eq!((ve0.flags & (IFF_UP | IFF_RUNNING), ve0.carrier), (IFF_UP, Some(false)));

    let bytes = read("dump_link_vrf");
    let links = dump(&bytes, RTM_NEWLINK);
    let tables = links.iter().map(|body| Link::parse(body).map(|link| (link.name.unwrap(), link.vrf_table)));
    let tables: Vec<_> = tables.collect();
    assert_eq!(tables, [Some((b"mgmt".as_slice(), Some(10))), Some((b"wide".as_slice(), Some(100_000)))]);
}

#[test]
fn the_kernels_addresses_are_read() {
    let bytes = golden("reply-addr.hex", "dump_addr");
    let addrs: Vec<_> = dump(&bytes, RTM_NEWADDR).iter().map(|body| Addr::parse(body).unwrap()).collect();
    let forever = Some(CacheInfo { preferred: u32::MAX, valid: u32::MAX });
    let v4 = |local: &str, address: &str, prefixlen| Addr {
        family: AF_INET,
        prefixlen,
        flags: IFA_F_PERMANENT,
        index: 5,
        local: ip(local),
        address: ip(address),
        label: Some(b"dum0"),
        cacheinfo: forever,
        ..Addr::default()
    };
    let plain = |addr| v4(addr, addr, 24);
    let v6 = |address, prefixlen| Addr {
        family: AF_INET6,
        prefixlen,
        flags: IFA_F_PERMANENT,
        index: 5,
        address: ip(address),
        cacheinfo: forever,
        ..Addr::default()
    };
    let expected = [
        plain("10.20.30.40"),
        Addr { broadcast: ip("10.20.31.255"), ..plain("10.20.31.40") },
        v4("10.0.0.1", "10.0.0.2", 32),
        Addr { flags: IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE, ..plain("10.20.33.40") },
        Addr { rt_priority: Some(77), ..plain("10.20.34.40") },
        Addr { local: ip("fd00:2::1"), ..v6("fd00:2::2", 128) },
        Addr { flags: IFA_F_PERMANENT | IFA_F_NODAD, ..v6("fd00:1::1", 64) },
        v6("fd00::1", 64),
        Addr { scope: RT_SCOPE_LINK, proto: Some(3), ..v6("fe80::ff:fe00:2a", 64) }, // IFAPROT_KERNEL_LL
    ];
    for (addr, expected) in addrs.iter().zip(&expected) {
        assert_eq!(addr, expected);
    }
    assert_eq!(addrs.len(), expected.len());
}

#[test]
fn the_kernels_rules_are_read() {
    let bytes = golden("reply-rule.hex", "dump_rule");
    let rules: Vec<_> = dump(&bytes, RTM_NEWRULE).iter().map(|body| Rule::parse(body).unwrap()).collect();
    let pref = |pref, table, action| {
        let (family, protocol) = (AF_INET, Some(RTPROT_UNSPEC));
        Rule { family, priority: Some(pref), table, action, protocol, ..Rule::default() }
    };
    let by_kernel = |rule: Rule<'static>| Rule { protocol: Some(RTPROT_KERNEL), ..rule };
    let many = Rule {
        src: prefix("10.1.0.0/16"),
        dst: prefix("10.2.0.0/16"),
        iif: Some(b"dum0"),
        oif: Some(b"ve0"),
        fwmark: Some(1),
        fwmask: Some(0xff),
        ..pref(100, 100_000, FR_ACT_TO_TBL)
    };
    let (src, flags, protocol) = (prefix("10.1.2.3/32"), FIB_RULE_INVERT, Some(RTPROT_STATIC));
    let l3mdev = by_kernel(Rule { l3mdev: true, ..pref(1000, 0, FR_ACT_TO_TBL) });
    let expected = [
        many,
        Rule { src, flags, protocol, ..pref(101, 0, FR_ACT_PROHIBIT) },
        Rule { suppress_prefixlen: Some(0), ..pref(102, RT_TABLE_MAIN, FR_ACT_TO_TBL) },
        Rule { other: true, ..pref(103, RT_TABLE_MAIN, FR_ACT_TO_TBL) },
        Rule { goto: Some(2000), ..pref(104, 0, FR_ACT_GOTO) },
        l3mdev,
        Rule { l3mdev: true, ..pref(2000, 0, FR_ACT_UNREACHABLE) },
        pref(32765, RT_TABLE_LOCAL, FR_ACT_TO_TBL),
        by_kernel(pref(32766, RT_TABLE_MAIN, FR_ACT_TO_TBL)),
        by_kernel(pref(32767, 253, FR_ACT_TO_TBL)),
    ];
    for (rule, expected) in rules.iter().zip(&expected) {
        assert_eq!(rule, expected);
    }
    assert_eq!(rules.len(), expected.len());

    let bytes = golden("reply-rule.hex", "dump_rule6");
    let rules: Vec<_> = dump(&bytes, RTM_NEWRULE).iter().map(|body| Rule::parse(body).unwrap()).collect();
    assert_eq!(rules.iter().map(Rule::pref).collect::<Vec<_>>(), [0, 1000, 2000, 32766]);
    assert_eq!(rules[0].priority, None); // the kernel does not say 0
    assert_eq!(rules[1], Rule { family: AF_INET6, ..l3mdev });
}

#[test]
fn the_kernels_routes_are_read() {
    let bytes = golden("reply-route.hex", "dump_route");
    let routes: Vec<_> = dump(&bytes, RTM_NEWROUTE).iter().map(|body| Route::parse(body).unwrap()).collect();
    let find = |text| routes.iter().find(|route| route.dst == prefix(text)).unwrap();
    let via = |gateway, route: Route| Route { gateway: ip(gateway), oif: Some(5), ..route };
    let default = Route { dst: None, ..route("0.0.0.0/0") };
    assert_eq!(routes[0], Route { flags: RTNH_F_ONLINK, ..via("192.0.2.1", default) });
    assert_eq!(routes[1], Route { kind: RTN_UNREACHABLE, priority: Some(4_278_198_272), ..default });
    assert_eq!(*find("10.9.1.0/24"), via("10.20.30.1", route("10.9.1.0/24")));
    assert_eq!(*find("10.9.3.0/24"), via("fd00::2", route("10.9.3.0/24")));
    assert_eq!(*find("10.66.0.0/16"), Route { kind: RTN_BLACKHOLE, ..route("10.66.0.0/16") });
    let link = Route { scope: RT_SCOPE_LINK, oif: Some(7), priority: Some(5), ..route("10.9.4.0/24") };
    assert_eq!(*find("10.9.4.0/24"), Route { flags: RTNH_F_LINKDOWN, ..link });
    assert_eq!(*find("10.9.6.0/24"), Route { multipath: true, ..route("10.9.6.0/24") });
    let kernel = Route { protocol: RTPROT_KERNEL, oif: Some(3), prefsrc: ip("127.0.0.1"), ..route("127.0.0.1/32") };
    assert_eq!(*find("127.0.0.1/32"), Route { kind: RTN_LOCAL, scope: RT_SCOPE_HOST, ..kernel });
    assert_eq!(routes.len(), 25);

    let bytes = golden("reply-route.hex", "dump_route6");
    let routes: Vec<_> = dump(&bytes, RTM_NEWROUTE).iter().map(|body| Route::parse(body).unwrap()).collect();
    let find = |text| routes.iter().find(|route| route.dst == prefix(text)).unwrap();
    assert_eq!(*find("fd00:9::/64"), Route { priority: Some(1024), ..via("fd00::2", route("fd00:9::/64")) });
    // Of an unreachable IPv6 route the kernel says `dev lo` (index 1).
    let unreachable = Route { family: AF_INET6, kind: RTN_UNREACHABLE, oif: Some(1), ..default };
    assert_eq!(routes[11], Route { priority: Some(4_278_198_272), ..unreachable });

    let bytes = golden("reply-route.hex", "dump_route_big_table");
    let routes = dump(&bytes, RTM_NEWROUTE);
    assert_eq!(routes.iter().map(|body| Route::parse(body).unwrap().table).collect::<Vec<_>>(), [100_000]);
}

#[test]
fn the_kernels_lookups_are_read() {
    let read = |name| Route::parse(only(&golden("reply-route.hex", name)).1).unwrap();
    let via = |gateway, route: Route| Route { gateway: ip(gateway), oif: Some(5), ..route };
    let found = Route { protocol: 0, flags: RTM_F_CLONED, ..route("10.9.1.7/32") };
    assert_eq!(read("get_route"), Route { prefsrc: ip("10.20.30.40"), ..via("10.20.30.1", found) });
    assert_eq!(read("get_route_fib"), via("10.20.30.1", route("10.9.1.0/24")));
    let found = via("fd00::2", route("fd00:9::5/128"));
    // IPv6 says the source that was asked for, also where none was, and gives the route that decides.
    let (src, priority, prefsrc) = (prefix("::/128"), Some(1024), ip("fd00:2::1"));
    assert_eq!(read("get_route6"), Route { src, priority, prefsrc, ..found });
}

#[test]
fn the_kernels_acknowledgements_are_read() {
    let check = |name: &str, expected: Ack| {
        let bytes = golden("reply-ack.hex", name);
        let (header, payload) = only(&bytes);
        assert_eq!(Ack::parse(&header, payload), Some(expected), "{name}");
    };
    let said = |errno, msg| Ack { errno, msg, ..Ack::default() };
    check("ack_done", Ack::default());
    check("ack_gateway", said(101, Some(b"Nexthop has invalid gateway")));
    check("ack_vrf_no_table", said(22, Some(b"VRF table id is missing")));
    check("ack_attr", said(22, Some(b"Invalid prefsrc address")));
    check("ack_exists", said(17, None));
    check("ack_bad_link", said(95, None));
}

/// Bytes that may be a message's body: random ones behind a fixed part, cut into attributes whose lengths fit or do not.
fn body(u: &mut Unstructured) -> Result<Vec<u8>> {
    let fixed = (*u.choose(&[0, 4, 8, 12, 16])?).min(u.len());
    let mut bytes = u.bytes(fixed)?.to_vec();
    if let [_, dst_len, src_len, ..] = bytes.as_mut_slice() {
        // Mostly lengths that a prefix can have, or all would end there.
        (*dst_len, *src_len) = (*dst_len % 40, *src_len % 40);
    }
    while !u.is_empty() && bytes.len() < 2000 {
        let len = usize::from(u.int_in_range(0..=24_u8)?).min(u.len());
        let payload = u.bytes(len)?;
        let wrong = if u.ratio(1, 8)? { u.arbitrary()? } else { 0_u16 };
        let len = u16::try_from(payload.len() + 4).unwrap_or(4).wrapping_add(wrong);
        bytes.extend(len.to_ne_bytes());
        bytes.extend(u.int_in_range(0..=60_u16)?.to_ne_bytes());
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    Ok(bytes)
}

#[test]
fn no_bytes_panic_a_reader() {
    arbtest(|u| {
        let bytes = if u.arbitrary()? { body(u)? } else { u.bytes(u.len())?.to_vec() };
        let header =
            Header { kind: *u.choose(&[NLMSG_ERROR, NLMSG_DONE, 0])?, flags: u.arbitrary()?, ..Header::default() };
        let _ = (Ack::parse(&header, &bytes), Link::parse(&bytes), Addr::parse(&bytes));
        if let Some(route) = Route::parse(&bytes) {
            let prefixes = [route.dst, route.src].into_iter().flatten();
            assert!({ prefixes }.all(|prefix| (1..=Prefix::host(prefix.addr).len).contains(&prefix.len)));
        }
        if let Some(rule) = Rule::parse(&bytes) {
            let prefixes = [rule.dst, rule.src].into_iter().flatten();
            assert!({ prefixes }.all(|prefix| (1..=Prefix::host(prefix.addr).len).contains(&prefix.len)));
        }
        assert!(Attrs::new(&bytes).count() <= bytes.len() / 4 + 1);
        for attr in Attrs::new(&bytes) {
            let _ = (attr.u8(), attr.u16(), attr.u32(), attr.str(), attr.ip(), attr.nested().count());
        }
        let messages: Vec<_> = Messages::new(&bytes).collect();
        assert!(messages.len() <= bytes.len() / 16 + 1);
        let (_, before) = messages.split_last().unwrap_or((&Err(Malformed), &[]));
        assert!(before.iter().all(|message| message.is_ok()));
        Ok(())
    });
}

/// A message cut short is none, or reads as the same: no half a message passes for another.
#[test]
fn no_part_of_a_message_passes_for_another() {
    let files = ["reply-link.hex", "reply-addr.hex", "reply-route.hex", "reply-rule.hex"];
    let names = ["get_link_member", "dump_addr", "get_route", "dump_rule"];
    for (file, name) in files.into_iter().zip(names) {
        let bytes = golden(file, name);
        for message in Messages::new(&bytes) {
            let (header, body) = message.unwrap();
            if header.kind == NLMSG_DONE {
                continue;
            }
            let ends: Vec<usize> = ends(body, if file == "reply-addr.hex" { 8 } else { 12 });
            for len in 0..body.len() {
                let cut = &body[..len];
                let read = match file {
                    "reply-link.hex" => Link::parse(cut).is_some(),
                    "reply-addr.hex" => Addr::parse(cut).is_some(),
                    "reply-route.hex" => Route::parse(cut).is_some(),
                    _ => Rule::parse(cut).is_some(),
                };
                let whole = file == "reply-link.hex" || ends.contains(&len);
                assert!(whole || !read, "{file} {name} cut at {len}");
            }
        }
    }
}

/// Where an attribute of a body ends, with and without padding.
fn ends(body: &[u8], fixed: usize) -> Vec<usize> {
    let mut at = fixed;
    let mut ends = vec![at];
    for attr in Attrs::new(&body[fixed..]) {
        let end = at + 4 + attr.payload.len();
        at = end.next_multiple_of(4);
        ends.extend(end..=at);
    }
    ends
}

fn arbitrary_ip(u: &mut Unstructured, v4: bool) -> Result<IpAddr> {
    Ok(if v4 { IpAddr::from(u.arbitrary::<[u8; 4]>()?) } else { IpAddr::from(u.arbitrary::<[u8; 16]>()?) })
}

fn arbitrary_prefix(u: &mut Unstructured, v4: bool) -> Result<Option<Prefix>> {
    let addr = arbitrary_ip(u, v4)?;
    let len = u.int_in_range(0..=Prefix::host(addr).len)?;
    Ok((len > 0).then_some(Prefix { addr, len })) // none of length 0: it is written as no prefix
}

fn arbitrary_text<'a>(u: &mut Unstructured<'a>) -> Result<Option<&'a [u8]>> {
    let len = usize::from(u.int_in_range(0..=15_u8)?).min(u.len());
    let text = u.bytes(len)?.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(u.arbitrary::<bool>()?.then_some(text))
}

fn arbitrary_ip_or_none(u: &mut Unstructured, v4: bool) -> Result<Option<IpAddr>> {
    let addr = arbitrary_ip(u, v4)?;
    Ok(u.arbitrary::<bool>()?.then_some(addr))
}

/// What is put is parsed, in any room: either it fits and comes back, or the writer says that it did not.
fn round<'a, B: Body<'a>>(u: &mut Unstructured, buf: &'a mut [u8; 512], body: &B) -> Result<()> {
    let room = if u.arbitrary()? { 512 } else { u.int_in_range(0..=512)? };
    let (buf, beyond) = buf.split_at_mut(room);
    let mut writer = Writer::new(buf);
    body.put(&mut writer);
    let len = writer.finish();
    assert!(beyond.iter().all(|&byte| byte == 0xa5));
    assert!(len.is_some() || room < 512);
    if let Some(len) = len {
        assert_eq!(B::parse(&buf[..len]).as_ref(), Some(body));
    }
    Ok(())
}

#[test]
fn what_is_put_is_parsed() {
    arbtest(|u| {
        let v4 = u.arbitrary()?;
        let family = if v4 { AF_INET } else { AF_INET6 };
        let mut bufs = [[0xa5; 512]; 4];
        let [link_buf, addr_buf, route_buf, rule_buf] = &mut bufs;
        let kinds: [Option<&[u8]>; 4] = [None, Some(b"vrf"), Some(b"veth"), Some(b"dummy")];
        let kind = *u.choose(&kinds)?;
        let link = Link {
            family: u.arbitrary()?,
            kind_type: u.arbitrary()?,
            index: u.arbitrary()?,
            flags: u.arbitrary()?,
            change: u.arbitrary()?,
            name: arbitrary_text(u)?,
            mtu: u.arbitrary()?,
            master: u.arbitrary()?,
            address: arbitrary_text(u)?,
            alias: arbitrary_text(u)?,
            kind,
            vrf_table: if kind == Some(b"vrf") { u.arbitrary()? } else { None },
            peer: if kind == Some(b"veth") { arbitrary_text(u)? } else { None },
            ext_mask: u.arbitrary()?,
            ..Link::default()
        };
        round(u, link_buf, &link)?;
        let cacheinfo = CacheInfo { preferred: u.arbitrary()?, valid: u.arbitrary()? };
        let addr = Addr {
            family,
            prefixlen: u.int_in_range(0..=if v4 { 32 } else { 128 })?,
            flags: if u.arbitrary()? { u.arbitrary()? } else { u32::from(u.arbitrary::<u8>()?) },
            scope: u.arbitrary()?,
            index: u.arbitrary()?,
            local: arbitrary_ip_or_none(u, v4)?,
            address: arbitrary_ip_or_none(u, v4)?,
            broadcast: arbitrary_ip_or_none(u, v4)?,
            label: arbitrary_text(u)?,
            cacheinfo: u.arbitrary::<bool>()?.then_some(cacheinfo),
            rt_priority: u.arbitrary()?,
            proto: u.arbitrary()?,
        };
        round(u, addr_buf, &addr)?;
        let gateway_v4 = v4 && u.arbitrary()?;
        let table = if u.arbitrary()? { u.arbitrary()? } else { u32::from(u.arbitrary::<u8>()?) };
        let route = Route {
            family,
            dst: arbitrary_prefix(u, v4)?,
            src: arbitrary_prefix(u, v4)?,
            tos: u.arbitrary()?,
            table,
            protocol: u.arbitrary()?,
            scope: u.arbitrary()?,
            kind: u.arbitrary()?,
            flags: u.arbitrary()?,
            oif: u.arbitrary()?,
            iif: u.arbitrary()?,
            gateway: arbitrary_ip_or_none(u, gateway_v4)?,
            prefsrc: arbitrary_ip_or_none(u, v4)?,
            priority: u.arbitrary()?,
            mtu: u.arbitrary()?,
            multipath: false,
        };
        round(u, route_buf, &route)?;
        let suppress: Option<u32> = u.arbitrary()?;
        let rule = Rule {
            family,
            action: u.arbitrary()?,
            table,
            priority: u.arbitrary()?,
            l3mdev: u.arbitrary()?,
            src: arbitrary_prefix(u, v4)?,
            dst: arbitrary_prefix(u, v4)?,
            iif: arbitrary_text(u)?,
            oif: arbitrary_text(u)?,
            fwmark: u.arbitrary()?,
            fwmask: u.arbitrary()?,
            flags: u.arbitrary()?,
            protocol: u.arbitrary()?,
            suppress_prefixlen: suppress.filter(|&len| len != u32::MAX),
            goto: u.arbitrary()?,
            tos: u.arbitrary()?,
            other: false,
        };
        round(u, rule_buf, &rule)
    });
}
