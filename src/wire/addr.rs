//! Addresses of interfaces.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `ifa_family` | 0 | 1 | `AF_INET`, `AF_INET6` |
//! | `ifa_prefixlen` | 1 | 1 | bits of the network, of the peer's if there is one |
//! | `ifa_flags` | 2 | 1 | the low 8 `IFA_F_*` |
//! | `ifa_scope` | 3 | 1 | `RT_SCOPE_*` |
//! | `ifa_index` | 4 | 4 | the interface |
//!
//! Machine's byte order. Then `IFA_*` attributes. `IFA_LOCAL` is the interface's own address and `IFA_ADDRESS` the
//! peer's; without a peer both are the same (IPv4), or the kernel sends only `IFA_ADDRESS` (IPv6).
//!
//! Source: `uapi/linux/if_addr.h: struct ifaddrmsg, struct ifa_cacheinfo`. `IFA_PROTO`: Linux 5.18.

use super::attr::{Attr, Attrs};
use super::msg::Writer;
use crate::uapi::{
    IFA_ADDRESS, IFA_BROADCAST, IFA_CACHEINFO, IFA_FLAGS, IFA_LABEL, IFA_LOCAL, IFA_PROTO, IFA_RT_PRIORITY,
};
use core::mem::{offset_of, size_of};
use core::net::IpAddr;
use linux_raw_sys::netlink::{ifa_cacheinfo, ifaddrmsg};

/// Bytes of the fixed part.
pub const FIXED: usize = size_of::<ifaddrmsg>();
/// Where the prefix's length stands in it.
pub const LEN: usize = offset_of!(ifaddrmsg, ifa_prefixlen);
/// Where the interface's index stands, 4 bytes.
pub const INDEX: usize = offset_of!(ifaddrmsg, ifa_index);

const _: () = {
    assert!(FIXED == 8);
    assert!(LEN == 1);
    assert!(offset_of!(ifaddrmsg, ifa_flags) == 2);
    assert!(offset_of!(ifaddrmsg, ifa_scope) == 3);
    assert!(INDEX == 4);
    assert!(size_of::<ifa_cacheinfo>() == 16);
    assert!(offset_of!(ifa_cacheinfo, ifa_valid) == 4);
};

/// An interface's address.
///
/// Requests:
/// - `RTM_NEWADDR` with `NLM_F_CREATE | NLM_F_EXCL` adds one: `family`, `prefixlen`, `index`, and both `local` and
///   `address`, as iproute2 gives them.
/// - `RTM_DELADDR`: the same.
/// - `RTM_GETADDR` with `NLM_F_DUMP`: `family`, or `AF_UNSPEC` for both, and `index`, or 0 for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addr<'a> {
    /// `AF_INET` or `AF_INET6`.
    pub family: u8,
    /// Bits of the network, of the peer's if there is one.
    pub prefixlen: u8,
    /// `IFA_F_*`.
    pub flags: u32,
    /// How far it is valid: an `RT_SCOPE_*`.
    pub scope: u8,
    /// The interface.
    pub index: u32,
    /// The interface's own address. The kernel leaves it out of an IPv6 address without a peer: [`Addr::own`].
    pub local: Option<IpAddr>,
    /// The peer's address; without a peer the same as `local`.
    pub address: Option<IpAddr>,
    /// The broadcast address (IPv4).
    pub broadcast: Option<IpAddr>,
    /// A name for it that begins with the interface's (IPv4), up to 15 bytes.
    pub label: Option<&'a [u8]>,
    /// How long it holds.
    pub cacheinfo: Option<CacheInfo>,
    /// Metric of the connected route.
    pub rt_priority: Option<u32>,
    /// Who put it there: an `IFAPROT_*`.
    pub proto: Option<u8>,
}

/// How long an address holds, in seconds from now; `u32::MAX` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheInfo {
    /// How long it is used for new connections.
    pub preferred: u32,
    /// How long it stays.
    pub valid: u32,
}

impl CacheInfo {
    fn parse(attr: Attr<'_>) -> Option<Self> {
        let &[p0, p1, p2, p3, v0, v1, v2, v3] = attr.payload.first_chunk()?;
        Some(Self { preferred: u32::from_ne_bytes([p0, p1, p2, p3]), valid: u32::from_ne_bytes([v0, v1, v2, v3]) })
    }
}

impl<'a> Addr<'a> {
    /// The interface's own address, however the kernel says it.
    pub fn own(&self) -> Option<IpAddr> {
        self.local.or(self.address)
    }

    /// Reads a body.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (&[family, prefixlen, flags, scope, i0, i1, i2, i3], attrs) = payload.split_first_chunk::<FIXED>()?;
        let mut addr = Self {
            family,
            prefixlen,
            flags: u32::from(flags),
            scope,
            index: u32::from_ne_bytes([i0, i1, i2, i3]),
            ..Self::default()
        };
        let mut attrs = Attrs::new(attrs);
        for attr in &mut attrs {
            addr.take(attr);
        }
        let most = match addr.own() {
            Some(IpAddr::V4(_)) => 32,
            _ => 128,
        };
        (attrs.is_done() && prefixlen <= most).then_some(addr)
    }

    /// Takes one attribute in. A function of its own writes the fields in place, which makes a fifth less code.
    #[inline(never)]
    fn take(&mut self, attr: Attr<'a>) {
        match attr.kind {
            IFA_ADDRESS => self.address = attr.ip(),
            IFA_LOCAL => self.local = attr.ip(),
            IFA_LABEL => self.label = Some(attr.str()),
            IFA_BROADCAST => self.broadcast = attr.ip(),
            IFA_CACHEINFO => self.cacheinfo = CacheInfo::parse(attr),
            // All of them again, with those that the byte has no room for.
            IFA_FLAGS => self.flags = attr.u32().unwrap_or(self.flags),
            IFA_RT_PRIORITY => self.rt_priority = attr.u32(),
            IFA_PROTO => self.proto = attr.u8(),
            _ => {}
        }
    }

    /// Writes a request's body.
    pub fn put(&self, writer: &mut Writer<'_>) {
        let flags = u8::try_from(self.flags);
        writer.push(&[self.family, self.prefixlen, flags.unwrap_or(0), self.scope], &self.index.to_ne_bytes());
        writer.maybe_ip(IFA_LOCAL, self.local);
        writer.maybe_str(IFA_LABEL, self.label);
        if flags.is_err() {
            writer.attr_u32(IFA_FLAGS, self.flags);
        }
        writer.maybe_u32(IFA_RT_PRIORITY, self.rt_priority);
        writer.maybe_ip(IFA_ADDRESS, self.address);
        writer.maybe_ip(IFA_BROADCAST, self.broadcast);
        if let Some(CacheInfo { preferred, valid }) = self.cacheinfo {
            let [p0, p1, p2, p3] = preferred.to_ne_bytes();
            let [v0, v1, v2, v3] = valid.to_ne_bytes();
            // Then when it was made and changed, which the kernel says and nobody else.
            writer.attr_of(IFA_CACHEINFO, &[p0, p1, p2, p3, v0, v1, v2, v3], &[0; 8]);
        }
        if let Some(proto) = self.proto {
            writer.attr_u8(IFA_PROTO, proto);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uapi::{AF_INET, AF_INET6, IFA_F_NODAD, IFA_F_NOPREFIXROUTE};

    fn there_and_back<'b>(buf: &'b mut [u8], addr: &Addr<'_>) -> Option<Addr<'b>> {
        let mut writer = Writer::new(buf);
        addr.put(&mut writer);
        let len = writer.finish()?;
        Addr::parse(buf.get(..len)?)
    }

    #[test]
    fn what_is_put_is_parsed() {
        let v4 = Addr {
            family: AF_INET,
            prefixlen: 24,
            flags: IFA_F_NOPREFIXROUTE | IFA_F_NODAD,
            scope: 253,
            index: 7,
            local: Some(IpAddr::from([10, 0, 0, 1])),
            address: Some(IpAddr::from([10, 0, 0, 2])),
            broadcast: Some(IpAddr::from([10, 0, 0, 255])),
            label: Some(b"eth0:1"),
            cacheinfo: Some(CacheInfo { preferred: 60, valid: u32::MAX }),
            rt_priority: Some(77),
            proto: Some(3),
        };
        let address = Some(IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]));
        let v6 = Addr { family: AF_INET6, prefixlen: 128, flags: IFA_F_NODAD, address, ..Addr::default() };
        for addr in [v4, v6, Addr::default()] {
            assert_eq!(there_and_back(&mut [0xa5; 256], &addr), Some(addr));
        }
        assert_eq!((v4.own(), v6.own()), (v4.local, address));
    }

    #[test]
    fn a_cut_or_impossible_body_is_none() {
        assert_eq!(Addr::parse(&[0; FIXED - 1]), None);
        assert_eq!(Addr::parse(&[0; FIXED + 4]), None);
        let local = Some(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(there_and_back(&mut [0xa5; 64], &Addr { prefixlen: 33, local, ..Addr::default() }), None);
        assert_eq!(there_and_back(&mut [0xa5; 64], &Addr { prefixlen: 129, ..Addr::default() }), None);
    }
}
