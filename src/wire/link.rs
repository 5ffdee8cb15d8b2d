//! Links: network interfaces, VRFs among them.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `ifi_family` | 0 | 1 | `AF_UNSPEC` |
//! | | 1 | 1 | zero |
//! | `ifi_type` | 2 | 2 | `ARPHRD_*` |
//! | `ifi_index` | 4 | 4 | 0: a new one, or the one that `IFLA_IFNAME` names |
//! | `ifi_flags` | 8 | 4 | `IFF_*` |
//! | `ifi_change` | 12 | 4 | which flags a request changes |
//!
//! Machine's byte order. Then `IFLA_*` attributes; what a kind of link has of its own is nested:
//! `IFLA_LINKINFO { IFLA_INFO_KIND "vrf", IFLA_INFO_DATA { IFLA_VRF_TABLE } }`, and of a VRF's member
//! `IFLA_LINKINFO { IFLA_INFO_SLAVE_KIND "vrf", IFLA_INFO_SLAVE_DATA { IFLA_VRF_PORT_TABLE } }`.
//!
//! Source: `uapi/linux/rtnetlink.h: struct ifinfomsg`, `uapi/linux/if_link.h`, `uapi/linux/veth.h`.

use super::attr::{Attr, Attrs};
use super::msg::Writer;
use crate::uapi::{
    IFLA_ADDRESS, IFLA_CARRIER, IFLA_EXT_MASK, IFLA_IFALIAS, IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA, IFLA_INFO_SLAVE_KIND, IFLA_LINKINFO, IFLA_MASTER, IFLA_MTU, IFLA_OPERSTATE,
    IFLA_VRF_PORT_TABLE, IFLA_VRF_TABLE, VETH_INFO_PEER,
};
use core::mem::{offset_of, size_of};
use linux_raw_sys::netlink::ifinfomsg;

/// Bytes of the fixed part.
pub const FIXED: usize = size_of::<ifinfomsg>();
/// Where the index stands in it, 4 bytes as are those below.
pub const INDEX: usize = offset_of!(ifinfomsg, ifi_index);
/// Where `IFF_*` stand.
pub const FLAGS: usize = offset_of!(ifinfomsg, ifi_flags);
/// Where it stands which of them are to change.
pub const CHANGE: usize = offset_of!(ifinfomsg, ifi_change);

const _: () = {
    assert!(FIXED == 16);
    assert!(offset_of!(ifinfomsg, ifi_type) == 2);
    assert!(INDEX == 4);
    assert!(FLAGS == 8);
    assert!(CHANGE == 12);
};

/// A link.
///
/// Requests:
/// - `RTM_NEWLINK` with `NLM_F_CREATE | NLM_F_EXCL` makes one: `name`, `kind` and what the kind needs.
/// - `RTM_NEWLINK` without them changes one: `index`, or index 0 and `name`; then what is to change.
/// - `RTM_DELLINK`, and `RTM_GETLINK` without `NLM_F_DUMP`: `index`, or index 0 and `name`.
/// - `RTM_GETLINK` with `NLM_F_DUMP`: nothing, or `kind`, or `master`. Both are only a saving: a kernel that does not
///   know the kind (its module is not loaded yet) gives every link, so the answers need looking at.
///
/// An event `RTM_DELLINK` whose `family` is `AF_BRIDGE` says that the link left a bridge, not that it is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link<'a> {
    /// `AF_UNSPEC`; of a bridge's events `AF_BRIDGE`.
    pub family: u8,
    /// What it is at the lowest level: an `ARPHRD_*`; 0 in requests.
    pub kind_type: u16,
    /// Its index, 1 and up.
    pub index: u32,
    /// `IFF_*`: of an answer what holds, of a request what is to hold.
    pub flags: u32,
    /// Which of `flags` a request changes. (Of an event, which have changed; older kernels say all.)
    pub change: u32,
    /// Its name, 1 to 15 bytes.
    pub name: Option<&'a [u8]>,
    /// Bytes of the largest packet.
    pub mtu: Option<u32>,
    /// Index of the VRF, bridge or bond that it belongs to. `Some(0)` in a request takes it out.
    pub master: Option<u32>,
    /// Its own link-layer address: 6 bytes of an Ethernet.
    pub address: Option<&'a [u8]>,
    /// A free text, up to 255 bytes. Empty in a request takes it away.
    pub alias: Option<&'a [u8]>,
    /// What made it: `vrf`, `dummy`, `veth`; a physical interface has none.
    pub kind: Option<&'a [u8]>,
    /// A VRF's table; in a request only with the kind `vrf`.
    pub vrf_table: Option<u32>,
    /// The other end's name, only in a request for the kind `veth`. Unsaid, the kernel gives it one.
    pub peer: Option<&'a [u8]>,
    /// What its master is. Never in a request, this and the three below.
    pub slave_kind: Option<&'a [u8]>,
    /// The table of the VRF that it belongs to.
    pub port_table: Option<u32>,
    /// `IF_OPER_*`. Source: RFC 2863.
    pub operstate: Option<u8>,
    /// Whether the cable has a signal.
    pub carrier: Option<bool>,
    /// `RTEXT_FILTER_*`, only in requests: `RTEXT_FILTER_SKIP_STATS` keeps the answers small.
    pub ext_mask: Option<u32>,
}

impl<'a> Link<'a> {
    /// The question for the link of that name.
    pub fn by_name(name: &'a [u8]) -> Self {
        Self { name: Some(name), ext_mask: Some(crate::uapi::RTEXT_FILTER_SKIP_STATS), ..Self::default() }
    }

    /// Reads a body.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (&[family, _, t0, t1, i0, i1, i2, i3, f0, f1, f2, f3, c0, c1, c2, c3], attrs) =
            payload.split_first_chunk::<FIXED>()?;
        let mut link = Self {
            family,
            kind_type: u16::from_ne_bytes([t0, t1]),
            index: u32::from_ne_bytes([i0, i1, i2, i3]),
            flags: u32::from_ne_bytes([f0, f1, f2, f3]),
            change: u32::from_ne_bytes([c0, c1, c2, c3]),
            ..Self::default()
        };
        let mut attrs = Attrs::new(attrs);
        for attr in &mut attrs {
            link.take(attr);
        }
        attrs.is_done().then_some(link)
    }

    /// Takes one attribute in. A function of its own writes the fields in place, which makes a fifth less code.
    #[inline(never)]
    fn take(&mut self, attr: Attr<'a>) {
        match attr.kind {
            IFLA_ADDRESS => self.address = Some(attr.payload),
            IFLA_IFNAME => self.name = Some(attr.str()),
            IFLA_MTU => self.mtu = attr.u32(),
            IFLA_MASTER => self.master = attr.u32(),
            IFLA_OPERSTATE => self.operstate = attr.u8(),
            IFLA_LINKINFO => self.parse_info(attr),
            IFLA_IFALIAS => self.alias = Some(attr.str()),
            IFLA_EXT_MASK => self.ext_mask = attr.u32(),
            IFLA_CARRIER => self.carrier = attr.u8().map(|on| on != 0),
            _ => {}
        }
    }

    fn parse_info(&mut self, info: Attr<'a>) {
        // What the numbers in the data mean depends on the kind, which may come after it.
        let mut data = Attrs::new(&[]);
        let mut slave_data = Attrs::new(&[]);
        for attr in info.nested() {
            match attr.kind {
                IFLA_INFO_KIND => self.kind = Some(attr.str()),
                IFLA_INFO_DATA => data = attr.nested(),
                IFLA_INFO_SLAVE_KIND => self.slave_kind = Some(attr.str()),
                IFLA_INFO_SLAVE_DATA => slave_data = attr.nested(),
                _ => {}
            }
        }
        match self.kind {
            Some(b"vrf") => self.vrf_table = find(data, IFLA_VRF_TABLE).and_then(|attr| attr.u32()),
            Some(b"veth") => {
                let peer = find(data, VETH_INFO_PEER).and_then(|attr| attr.payload.get(FIXED..));
                self.peer = find(Attrs::new(peer.unwrap_or_default()), IFLA_IFNAME).map(|attr| attr.str());
            }
            _ => {}
        }
        if self.slave_kind == Some(b"vrf") {
            self.port_table = find(slave_data, IFLA_VRF_PORT_TABLE).and_then(|attr| attr.u32());
        }
    }

    /// Writes a request's body.
    pub fn put(&self, writer: &mut Writer<'_>) {
        put_fixed(writer, self);
        writer.maybe_u32(IFLA_EXT_MASK, self.ext_mask);
        writer.maybe_str(IFLA_IFNAME, self.name);
        if let Some(address) = self.address {
            writer.attr(IFLA_ADDRESS, address);
        }
        writer.maybe_u32(IFLA_MTU, self.mtu);
        writer.maybe_u32(IFLA_MASTER, self.master);
        if let Some(alias) = self.alias {
            // Without a NUL: the kernel takes the length as it is, and an alias of length 0 as none.
            writer.attr(IFLA_IFALIAS, alias);
        }
        if let Some(kind) = self.kind {
            let info = writer.nest(IFLA_LINKINFO);
            writer.attr(IFLA_INFO_KIND, kind);
            if self.vrf_table.is_some() || self.peer.is_some() {
                let data = writer.nest(IFLA_INFO_DATA);
                writer.maybe_u32(IFLA_VRF_TABLE, self.vrf_table);
                if let Some(name) = self.peer {
                    let peer = writer.nest(VETH_INFO_PEER);
                    put_fixed(writer, &Link::default());
                    writer.attr_str(IFLA_IFNAME, name);
                    writer.end_nest(peer);
                }
                writer.end_nest(data);
            }
            writer.end_nest(info);
        }
    }
}

fn put_fixed(writer: &mut Writer<'_>, link: &Link<'_>) {
    let [t0, t1] = link.kind_type.to_ne_bytes();
    writer.push(&[link.family, 0, t0, t1], &link.index.to_ne_bytes());
    writer.push(&link.flags.to_ne_bytes(), &link.change.to_ne_bytes());
}

fn find(mut attrs: Attrs<'_>, kind: u16) -> Option<Attr<'_>> {
    attrs.find(|attr| attr.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_parsed() {
        let vrf = Link {
            index: 3,
            flags: 1,
            change: 1,
            name: Some(b"mgmt"),
            mtu: Some(1500),
            master: Some(0),
            address: Some(&[2, 0, 0, 0, 0, 1]),
            alias: Some(b""),
            kind: Some(b"vrf"),
            vrf_table: Some(0x1_0000),
            ext_mask: Some(8),
            ..Link::default()
        };
        let veth = Link { name: Some(b"v0"), kind: Some(b"veth"), peer: Some(b"v1"), ..Link::default() };
        let dummy = Link { family: 7, kind_type: 1, kind: Some(b"dummy"), ..Link::default() };
        for link in [vrf, veth, dummy, Link::default()] {
            let mut buf = [0xa5; 128];
            let mut writer = Writer::new(&mut buf);
            link.put(&mut writer);
            assert!(writer.finish().is_some());
            assert_eq!(Link::parse(writer.bytes()), Some(link));
        }
    }

    #[test]
    fn the_data_of_another_kind_is_not_a_table() {
        let mut buf = [0xa5; 128];
        let mut writer = Writer::new(&mut buf);
        Link { kind: Some(b"vlan"), vrf_table: Some(7), ..Link::default() }.put(&mut writer);
        assert_eq!(
            Link::parse(writer.bytes()).map(|link| (link.kind, link.vrf_table)),
            Some((Some(b"vlan".as_slice()), None))
        );
    }

    #[test]
    fn a_cut_body_is_none() {
        assert_eq!(Link::parse(&[0; FIXED - 1]), None);
        assert_eq!(Link::parse(&[0; FIXED + 4]), None); // an attribute of length 0
    }
}
