//! Questions: the bodies of requests that ask for something, and of dumps with their filters (strict check).
//!
//! The fixed parts are those of [`super::link`], [`super::addr`] and [`super::route`], zero but for what is said.

use super::msg::Writer;
use crate::uapi;
use core::net::Ipv6Addr;

/// `RTM_GETLINK`: the link of that name, without its statistics.
pub fn link_by_name(name: &[u8], out: &mut Writer<'_>) {
    link(0, out);
    out.attr_str(uapi::IFLA_IFNAME, name);
}

/// `RTM_GETLINK`: the link with that index.
pub fn link(index: u32, out: &mut Writer<'_>) {
    out.push(&[0; 4], &index.to_ne_bytes());
    out.push(&[0; 8], &[]);
    out.attr_u32(uapi::IFLA_EXT_MASK, uapi::RTEXT_FILTER_SKIP_STATS);
}

/// Dump of `RTM_GETLINK`: the links of a kind. A kernel that does not know the kind gives all.
pub fn links_of_kind(kind: &[u8], out: &mut Writer<'_>) {
    link(0, out);
    let info = out.nest(uapi::IFLA_LINKINFO);
    out.attr(uapi::IFLA_INFO_KIND, kind);
    out.end_nest(info);
}

/// Dump of `RTM_GETLINK`: the links with that master.
pub fn links_of_master(index: u32, out: &mut Writer<'_>) {
    link(0, out);
    out.attr_u32(uapi::IFLA_MASTER, index);
}

/// `RTM_NEWLINK`: the link of that name into a group.
pub fn into_group(name: &[u8], group: u32, out: &mut Writer<'_>) {
    links_of_group(group, out);
    out.attr_str(uapi::IFLA_IFNAME, name);
}

/// `RTM_DELLINK`: all links of a group, in one step.
pub fn links_of_group(group: u32, out: &mut Writer<'_>) {
    out.push(&[0; 16], &[]);
    out.attr_u32(uapi::IFLA_GROUP, group);
}

/// Dump of `RTM_GETADDR`: the addresses of a link, of one family or (0) of both.
pub fn addrs_of_link(family: u8, index: u32, out: &mut Writer<'_>) {
    out.push(&[family, 0, 0, 0], &index.to_ne_bytes());
}

/// Dump of `RTM_GETROUTE`: the routes of a table.
pub fn routes_of_table(family: u8, table: u32, out: &mut Writer<'_>) {
    out.push(&[family, 0, 0, 0], &[0; 8]);
    out.attr_u32(uapi::RTA_TABLE, table);
}

/// `RTM_GETROUTE`: how an IPv6 address is reached by an interface, or in a VRF.
pub fn route_to(address: Ipv6Addr, oif: u32, out: &mut Writer<'_>) {
    out.push(&[uapi::AF_INET6, 128, 0, 0], &[0; 8]);
    out.attr(uapi::RTA_DST, &address.octets());
    out.attr_u32(uapi::RTA_OIF, oif);
}
