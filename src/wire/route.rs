//! Routes.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `rtm_family` | 0 | 1 | `AF_INET`, `AF_INET6` |
//! | `rtm_dst_len` | 1 | 1 | bits of the destination; 0 is the default route |
//! | `rtm_src_len` | 2 | 1 | bits of the source |
//! | `rtm_tos` | 3 | 1 | |
//! | `rtm_table` | 4 | 1 | `RT_TABLE_*` up to 255 |
//! | `rtm_protocol` | 5 | 1 | `RTPROT_*` |
//! | `rtm_scope` | 6 | 1 | `RT_SCOPE_*` |
//! | `rtm_type` | 7 | 1 | `RTN_*` |
//! | `rtm_flags` | 8 | 4 | `RTM_F_*`, and `RTNH_F_*` of the one nexthop |
//!
//! Machine's byte order. Then `RTA_*` attributes. `RTA_TABLE` is the whole table, and needed above 255; the kernel always
//! sends it. `RTA_VIA` is a gateway of another family than the route's: its family (2), then the address.
//!
//! Source: `uapi/linux/rtnetlink.h: struct rtmsg, struct rtvia`. `RTM_F_FIB_MATCH`: Linux 4.14 (IPv4), 5.3 (IPv6);
//! `RTA_VIA` with IPv4 routes: 5.2.

use super::attr::{self, Attr, Attrs, prefix_len};
use super::msg::{self, Writer};
use crate::prefix::Prefix;
use crate::uapi::{
    AF_INET, AF_INET6, RTA_DST, RTA_GATEWAY, RTA_IIF, RTA_METRICS, RTA_MULTIPATH, RTA_OIF, RTA_PREFSRC, RTA_PRIORITY,
    RTA_SRC, RTA_TABLE, RTA_VIA, RTAX_MTU,
};
use core::mem::{offset_of, size_of};
use core::net::IpAddr;
use linux_raw_sys::netlink::{rtmsg, rtnexthop, rtvia};

/// Bytes of the fixed part.
pub const FIXED: usize = size_of::<rtmsg>();
/// Where `RTNH_F_*` and `RTM_F_*` stand in it, 4 bytes.
pub const FLAGS: usize = offset_of!(rtmsg, rtm_flags);
/// Bytes of a nexthop's fixed part.
const HOP: usize = 8;

const _: () = {
    assert!(size_of::<rtnexthop>() == HOP);
    assert!(offset_of!(rtnexthop, rtnh_ifindex) == 4);
    assert!(FIXED == 12);
    assert!(offset_of!(rtmsg, rtm_dst_len) == 1);
    assert!(offset_of!(rtmsg, rtm_src_len) == 2);
    assert!(offset_of!(rtmsg, rtm_tos) == 3);
    assert!(offset_of!(rtmsg, rtm_table) == 4);
    assert!(offset_of!(rtmsg, rtm_protocol) == 5);
    assert!(offset_of!(rtmsg, rtm_scope) == 6);
    assert!(offset_of!(rtmsg, rtm_type) == 7);
    assert!(FLAGS == 8);
    assert!(size_of::<rtvia>() == 2);
};

/// A route.
///
/// Requests:
/// - `RTM_NEWROUTE` with `NLM_F_CREATE` and one of `NLM_F_EXCL` (add), `NLM_F_REPLACE` (replace), `NLM_F_APPEND`
///   (append).
/// - `RTM_DELROUTE`: the first route that has what is said. What is not said is zero, `None`, and for the scope
///   `RT_SCOPE_NOWHERE`.
/// - `RTM_GETROUTE` without `NLM_F_DUMP`, where a packet would go: `family`, a `dst` with all its bits, `oif` or `iif`,
///   and in `flags` `RTM_F_LOOKUP_TABLE` (the answer says which table) or `RTM_F_FIB_MATCH` (the answer is the
///   route that decides). The strict check takes nothing else.
/// - `RTM_GETROUTE` with `NLM_F_DUMP`: `family`, and as a filter `table`, `protocol`, `kind`, `oif`. If the family has no
///   such table the dump ends with the error `ENOENT`; a dump of all families passes over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// `AF_INET` or `AF_INET6`. (A dump of all families has others.)
    pub family: u8,
    /// The destination; `None` is the default route. One of length 0 is written and read as `None`.
    pub dst: Option<Prefix>,
    /// The source that it is for; likewise.
    pub src: Option<Prefix>,
    /// The type of service that it is for.
    pub tos: u8,
    /// Its table.
    pub table: u32,
    /// Who put it there: an `RTPROT_*`.
    pub protocol: u8,
    /// How far away the destination is: an `RT_SCOPE_*`.
    ///
    /// Where nothing is said iproute2 asks for universe with IPv6, and with IPv4 for host (local routes), link
    /// (broadcast, multicast, anycast, and unicast without a gateway), universe (others); nowhere in a deletion.
    pub scope: u8,
    /// What it does: an `RTN_*`.
    pub kind: u8,
    /// `RTM_F_*` and `RTNH_F_*`: `RTNH_F_ONLINK` in a request, `RTNH_F_DEAD` and `RTNH_F_LINKDOWN` in an answer.
    pub flags: u32,
    /// The interface that packets leave by.
    pub oif: Option<u32>,
    /// The interface that the packet came in by, in a `RTM_GETROUTE`.
    pub iif: Option<u32>,
    /// The gateway; of an IPv4 route it may be an IPv6 one.
    pub gateway: Option<IpAddr>,
    /// The source address of packets that have none yet.
    pub prefsrc: Option<IpAddr>,
    /// Its metric: the lower goes first.
    pub priority: Option<u32>,
    /// Largest packet, bytes.
    pub mtu: Option<u32>,
    /// Whether there is more than one nexthop: see [`nexthops`]; they are not written here.
    pub multipath: bool,
}

/// A nexthop of a route: where packets leave by.
///
/// In `RTA_MULTIPATH`, one behind the other, each at a multiple of 4:
///
/// | field | offset | size | |
/// |---|---|---|---|
/// | `rtnh_len` | 0 | 2 | bytes, with its attributes |
/// | `rtnh_flags` | 2 | 1 | `RTNH_F_*` |
/// | `rtnh_hops` | 3 | 1 | its weight, less one |
/// | `rtnh_ifindex` | 4 | 4 | the interface |
///
/// Source: `uapi/linux/rtnetlink.h: struct rtnexthop`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nexthop<'a> {
    /// The interface; 0 where none is said.
    pub oif: u32,
    /// The gateway; of an IPv4 route it may be an IPv6 one.
    pub gateway: Option<IpAddr>,
    /// The bytes of its address.
    pub via: &'a [u8],
    /// `RTNH_F_*`
    pub flags: u32,
    /// How many parts of all packets it gets: 1 and up.
    pub weight: u32,
}

impl<'a> Nexthop<'a> {
    fn of(oif: u32, flags: u32, weight: u32, attrs: &'a [u8]) -> Self {
        let via = gateway(attrs);
        Self { oif, gateway: attr::ip(via), via, flags, weight }
    }
}

/// The bytes of a gateway's address, from a route's attributes or a nexthop's; empty where there is none.
#[inline(never)]
pub fn gateway(attrs: &[u8]) -> &[u8] {
    match attr::find(attrs, RTA_GATEWAY) {
        // Behind the family, which the length tells as well.
        b"" => attr::find(attrs, RTA_VIA).get(size_of::<rtvia>()..).unwrap_or_default(),
        gateway => gateway,
    }
}

/// Gives `each` the nexthops of a route, from its body: one, or those of `RTA_MULTIPATH`. Stops at one that is malformed.
#[inline(never)]
pub fn nexthops(body: &[u8], each: &mut dyn FnMut(Nexthop<'_>)) {
    let attrs = body.get(FIXED..).unwrap_or_default();
    let mut rest = attr::find(attrs, RTA_MULTIPATH);
    if rest.is_empty() {
        let oif = attr::number(attrs, RTA_OIF).unwrap_or(0);
        let flags = attr::word(body, FLAGS);
        return each(Nexthop::of(oif, flags, 1, attrs));
    }
    while let [l0, l1, flags, hops, i0, i1, i2, i3, ..] = *rest {
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        let Some(attrs) = rest.get(HOP..len) else { return };
        let oif = u32::from_ne_bytes([i0, i1, i2, i3]);
        each(Nexthop::of(oif, flags.into(), u32::from(hops) + 1, attrs));
        rest = rest.get(msg::aligned(len)..).unwrap_or_default();
    }
}

impl Route {
    /// Reads a body.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&[family, dst_len, src_len, tos, table, protocol, scope, kind, f0, f1, f2, f3], attrs) =
            payload.split_first_chunk::<FIXED>()?;
        let mut route = Self {
            family,
            tos,
            table: u32::from(table),
            protocol,
            scope,
            kind,
            flags: u32::from_ne_bytes([f0, f1, f2, f3]),
            ..Self::default()
        };
        let mut attrs = Attrs::new(attrs);
        for attr in &mut attrs {
            route.take(attr, dst_len, src_len);
        }
        // A length without its address, or too large for it, would make another route of it: the default one.
        let whole = prefix_len(route.dst) == dst_len && prefix_len(route.src) == src_len;
        (attrs.is_done() && whole).then_some(route)
    }

    /// Takes one attribute in. A function of its own writes the fields in place, which makes a fifth less code.
    #[inline(never)]
    fn take(&mut self, attr: Attr<'_>, dst_len: u8, src_len: u8) {
        match attr.kind {
            RTA_DST => self.dst = attr.prefix(dst_len),
            RTA_SRC => self.src = attr.prefix(src_len),
            RTA_IIF => self.iif = attr.u32(),
            RTA_OIF => self.oif = attr.u32(),
            RTA_GATEWAY => self.gateway = attr.ip(),
            // Behind the family, which the length tells as well.
            RTA_VIA => self.gateway = attr.payload.get(size_of::<rtvia>()..).and_then(attr::ip),
            RTA_PRIORITY => self.priority = attr.u32(),
            RTA_PREFSRC => self.prefsrc = attr.ip(),
            RTA_METRICS => self.mtu = attr.nested().find(|attr| attr.kind == RTAX_MTU).and_then(|mtu| mtu.u32()),
            RTA_MULTIPATH => self.multipath = true,
            RTA_TABLE => self.table = attr.u32().unwrap_or(self.table),
            _ => {}
        }
    }

    /// Writes a request's body.
    pub fn put(&self, writer: &mut Writer<'_>) {
        let (dst_len, src_len) = (prefix_len(self.dst), prefix_len(self.src));
        let table = u8::try_from(self.table);
        writer.push(
            &[self.family, dst_len, src_len, self.tos],
            &[
                table.unwrap_or(0), // RT_TABLE_UNSPEC: see the attribute
                self.protocol,
                self.scope,
                self.kind,
            ],
        );
        writer.push(&self.flags.to_ne_bytes(), &[]);
        writer.maybe_prefix(RTA_DST, self.dst);
        writer.maybe_prefix(RTA_SRC, self.src);
        match self.gateway {
            Some(gateway @ IpAddr::V6(_)) if self.family == AF_INET => {
                writer.attr_of_ip(RTA_VIA, &u16::from(AF_INET6).to_ne_bytes(), gateway);
            }
            gateway => writer.maybe_ip(RTA_GATEWAY, gateway),
        }
        writer.maybe_ip(RTA_PREFSRC, self.prefsrc);
        writer.maybe_u32(RTA_PRIORITY, self.priority);
        if table.is_err() {
            writer.attr_u32(RTA_TABLE, self.table);
        }
        writer.maybe_u32(RTA_IIF, self.iif);
        writer.maybe_u32(RTA_OIF, self.oif);
        if let Some(mtu) = self.mtu {
            let metrics = writer.nest(RTA_METRICS);
            writer.attr_u32(RTAX_MTU, mtu);
            writer.end_nest(metrics);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(route: &Route) -> Option<Route> {
        let mut buf = [0xa5; 256];
        let mut writer = Writer::new(&mut buf);
        route.put(&mut writer);
        writer.finish()?;
        Route::parse(writer.bytes())
    }

    #[test]
    fn what_is_put_is_parsed() {
        let v6 = IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]);
        let full = Route {
            family: AF_INET,
            dst: Some(Prefix { addr: IpAddr::from([10, 0, 0, 0]), len: 8 }),
            src: Some(Prefix { addr: IpAddr::from([10, 1, 0, 0]), len: 16 }),
            tos: 4,
            table: 256,
            protocol: 4,
            scope: 253,
            kind: 1,
            flags: 4,
            oif: Some(5),
            iif: Some(6),
            gateway: Some(v6),
            prefsrc: Some(IpAddr::from([10, 0, 0, 1])),
            priority: Some(0xff00_2000),
            mtu: Some(1300),
            multipath: false,
        };
        let six = Route { family: AF_INET6, gateway: Some(v6), table: 255, ..Route::default() };
        for route in [full, six, Route::default()] {
            assert_eq!(there_and_back(&route), Some(route));
        }
    }

    #[test]
    fn nexthops_are_one_or_many() {
        let found = |bytes: &[u8]| {
            let mut found = Vec::new();
            nexthops(bytes, &mut |hop| found.push((hop.oif, hop.via.to_vec(), hop.flags, hop.weight)));
            found
        };
        let v6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let mut buf = [0xa5; 128];
        let mut writer = Writer::new(&mut buf);
        Route { family: AF_INET, oif: Some(3), gateway: Some(IpAddr::from(v6)), ..Route::default() }.put(&mut writer);
        assert_eq!(found(writer.bytes()), [(3, v6.to_vec(), 0, 1)]);
        writer.truncate(0);
        Route { family: AF_INET, ..Route::default() }.put(&mut writer);
        let nest = writer.nest(RTA_MULTIPATH);
        writer.push(&[16, 0, 1, 4], &7_u32.to_ne_bytes());
        writer.attr_ip(RTA_GATEWAY, IpAddr::from([10, 0, 0, 1]));
        writer.push(&[8, 0, 0, 0], &8_u32.to_ne_bytes());
        writer.push(&[9, 0, 0, 0], &[0; 4]); // cut
        writer.end_nest(nest);
        assert_eq!(found(writer.bytes()), [(7, vec![10, 0, 0, 1], 1, 5), (8, vec![], 0, 1)]);
    }

    #[test]
    fn a_prefix_of_no_length_is_the_default_route() {
        let addr = IpAddr::from([0; 4]);
        let route = Route { family: AF_INET, dst: Some(Prefix { addr, len: 0 }), ..Route::default() };
        assert_eq!(there_and_back(&route), Some(Route { dst: None, ..route }));
    }

    #[test]
    fn a_cut_or_impossible_body_is_none() {
        assert_eq!(Route::parse(&[0; FIXED - 1]), None);
        assert_eq!(Route::parse(&[0; FIXED + 4]), None);
        assert_eq!(Route::parse(&[2, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None); // a length, no address
        let addr = IpAddr::from([10, 0, 0, 0]);
        assert_eq!(there_and_back(&Route { dst: Some(Prefix { addr, len: 33 }), ..Route::default() }), None);
    }
}
