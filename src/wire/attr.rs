//! Attributes: what a message says beyond its fixed part, each with its kind and length.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `nla_len` | 0 | 2 | bytes of the attribute, this header included, padding not |
//! | `nla_type` | 2 | 2 | kind; its top two bits are `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` |
//!
//! Machine's byte order. The payload follows at 4; the next attribute starts at a multiple of 4. A payload may be
//! attributes again (nested).
//!
//! Source: `uapi/linux/netlink.h: struct nlattr`.

use super::msg::{Writer, aligned};
use crate::prefix::Prefix;
use crate::uapi::{NLA_F_NESTED, NLA_F_NET_BYTEORDER};
use core::mem::{offset_of, size_of};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use linux_raw_sys::netlink::nlattr;

/// Bytes of an attribute's header.
const HEADER: usize = 4;

const _: () = {
    assert!(size_of::<nlattr>() == HEADER);
    assert!(offset_of!(nlattr, nla_type) == 2);
};

/// An attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr<'a> {
    /// Its kind, without the flags; what it means depends on the message.
    pub kind: u16,
    /// Its payload, without padding.
    pub payload: &'a [u8],
}

impl<'a> Attr<'a> {
    /// The payload as a number of 8 bits; `None` where it has another length, here and below.
    pub fn u8(&self) -> Option<u8> {
        match self.payload {
            &[value] => Some(value),
            _ => None,
        }
    }

    /// The payload as a number of 16 bits.
    pub fn u16(&self) -> Option<u16> {
        self.payload.try_into().ok().map(u16::from_ne_bytes)
    }

    /// The payload as a number of 32 bits.
    pub fn u32(&self) -> Option<u32> {
        self.payload.try_into().ok().map(u32::from_ne_bytes)
    }

    /// The payload as a text, up to its NUL if it has one.
    pub fn str(&self) -> &'a [u8] {
        self.payload.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    /// The payload as an address: 4 bytes are IPv4, 16 are IPv6.
    pub fn ip(&self) -> Option<IpAddr> {
        ip(self.payload)
    }

    /// The payload as the address of a prefix of that length.
    ///
    /// `None` where the address has fewer bits, and where the length is 0: such a prefix says nothing.
    pub(super) fn prefix(&self, len: u8) -> Option<Prefix> {
        self.ip().map(|addr| Prefix { addr, len }).filter(|prefix| len > 0 && len <= Prefix::host(prefix.addr).len)
    }

    /// The payload as attributes.
    pub const fn nested(&self) -> Attrs<'a> {
        Attrs::new(self.payload)
    }
}

/// The address of those bytes: 4 are IPv4, 16 are IPv6.
#[inline(never)]
pub fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(v4)));
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| IpAddr::V6(Ipv6Addr::from(v6)))
}

/// The bits of a prefix's network; 0 where there is none.
pub(super) fn prefix_len(prefix: Option<Prefix>) -> u8 {
    prefix.map_or(0, |prefix| prefix.len)
}

/// The attributes of a message's body, or of a nest.
///
/// Ends where what is left is no whole attribute; [`Attrs::is_done`] tells that from the regular end.
#[derive(Clone, Copy, Debug)]
pub struct Attrs<'a> {
    rest: &'a [u8],
}

impl<'a> Attrs<'a> {
    /// The attributes of those bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether every byte belonged to an attribute that was given.
    pub const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        let &[l0, l1, k0, k1] = self.rest.first_chunk()?;
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        let payload = self.rest.get(HEADER..len)?;
        // The last one's padding may be missing.
        self.rest = self.rest.get(aligned(len)..).unwrap_or_default();
        let kind = u16::from_ne_bytes([k0, k1]) & !(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
        Some(Attr { kind, payload })
    }
}

/// The payload of the last attribute of that kind; empty where there is none.
#[inline(never)]
pub fn find(attrs: &[u8], kind: u16) -> &[u8] {
    let mut found: &[u8] = &[];
    for attr in Attrs::new(attrs) {
        if attr.kind == kind {
            found = attr.payload;
        }
    }
    found
}

/// The attribute of that kind as a number of 32 bits.
#[inline(never)]
pub fn number(attrs: &[u8], kind: u16) -> Option<u32> {
    find(attrs, kind).try_into().ok().map(u32::from_ne_bytes)
}

/// The attribute of that kind as a text, up to its NUL.
#[inline(never)]
pub fn text(attrs: &[u8], kind: u16) -> &[u8] {
    Attr { kind, payload: find(attrs, kind) }.str()
}

/// Four bytes of a fixed part as a number; 0 where it is too short.
#[inline(never)]
pub fn word(body: &[u8], at: usize) -> u32 {
    body.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

/// Where a nest begins.
#[derive(Clone, Copy, Debug)]
#[must_use = "a nest that is not ended has no length"]
pub struct Mark(usize);

impl Writer<'_> {
    /// Writes an attribute.
    pub fn attr(&mut self, kind: u16, payload: &[u8]) {
        self.attr_of(kind, payload, &[]);
    }

    /// Writes an attribute whose payload is `head` and then `tail`.
    pub fn attr_of(&mut self, kind: u16, head: &[u8], tail: &[u8]) {
        let len = HEADER.saturating_add(head.len()).saturating_add(tail.len());
        match u16::try_from(len) {
            Ok(len) => {
                self.attr_header(kind, len);
                self.push(head, tail);
            }
            Err(_) => self.overflow(),
        }
    }

    fn attr_header(&mut self, kind: u16, len: u16) {
        self.push(&len.to_ne_bytes(), &kind.to_ne_bytes());
    }

    /// Writes an attribute with a number of 8 bits.
    pub fn attr_u8(&mut self, kind: u16, value: u8) {
        self.attr(kind, &[value]);
    }

    /// Writes an attribute with a number of 16 bits.
    pub fn attr_u16(&mut self, kind: u16, value: u16) {
        self.attr(kind, &value.to_ne_bytes());
    }

    /// Writes an attribute with a number of 32 bits.
    pub fn attr_u32(&mut self, kind: u16, value: u32) {
        self.attr(kind, &value.to_ne_bytes());
    }

    /// Writes an attribute with a text, and a NUL after it.
    pub fn attr_str(&mut self, kind: u16, text: &[u8]) {
        self.attr_of(kind, text, &[0]);
    }

    /// Writes an attribute with an address.
    pub fn attr_ip(&mut self, kind: u16, addr: IpAddr) {
        self.attr_of_ip(kind, &[], addr);
    }

    /// Writes an attribute whose payload is `head` and then an address.
    pub(super) fn attr_of_ip(&mut self, kind: u16, head: &[u8], addr: IpAddr) {
        match addr {
            IpAddr::V4(v4) => self.attr_of(kind, head, &v4.octets()),
            IpAddr::V6(v6) => self.attr_of(kind, head, &v6.octets()),
        }
    }

    /// Writes an attribute with a number of 32 bits, if there is one.
    pub(super) fn maybe_u32(&mut self, kind: u16, value: Option<u32>) {
        if let Some(value) = value {
            self.attr_u32(kind, value);
        }
    }

    /// Writes an attribute with a text and a NUL, if there is one.
    pub(super) fn maybe_str(&mut self, kind: u16, text: Option<&[u8]>) {
        if let Some(text) = text {
            self.attr_str(kind, text);
        }
    }

    /// Writes an attribute with an address, if there is one.
    pub(super) fn maybe_ip(&mut self, kind: u16, addr: Option<IpAddr>) {
        if let Some(addr) = addr {
            self.attr_ip(kind, addr);
        }
    }

    /// Writes an attribute with a prefix's address, if there is one; its length has a field of its own.
    pub(super) fn maybe_prefix(&mut self, kind: u16, prefix: Option<Prefix>) {
        self.maybe_ip(kind, prefix.filter(|prefix| prefix.len > 0).map(|prefix| prefix.addr));
    }

    /// Starts an attribute whose payload is the attributes up to [`Writer::end_nest`].
    ///
    /// rtnetlink's old messages have the plain kind, as iproute2 writes it; newer ones want `kind | NLA_F_NESTED`.
    pub fn nest(&mut self, kind: u16) -> Mark {
        let mark = Mark(self.len());
        self.attr_header(kind, 0);
        mark
    }

    /// Ends a nest: now its length is known.
    pub fn end_nest(&mut self, mark: Mark) {
        match u16::try_from(self.len().saturating_sub(mark.0)) {
            Ok(len) => self.patch(mark.0, &len.to_ne_bytes()),
            Err(_) => self.overflow(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_payload_comes_back() {
        let mut buf = [0xa5; 128];
        let mut writer = Writer::new(&mut buf);
        writer.attr_u8(1, 2);
        writer.attr_u16(2, 0x0304);
        writer.attr_u32(3, 0x0506_0708);
        writer.attr_str(4, b"eth0");
        let nest = writer.nest(5 | NLA_F_NESTED);
        writer.attr_ip(1, IpAddr::from([10, 0, 0, 1]));
        writer.attr_ip(2, IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]));
        writer.end_nest(nest);
        writer.attr(6, &[]);
        let mut attrs = Attrs::new(writer.bytes());
        assert_eq!(attrs.next().and_then(|attr| attr.u8()), Some(2));
        assert_eq!(attrs.next().and_then(|attr| attr.u16()), Some(0x0304));
        assert_eq!(attrs.next().and_then(|attr| attr.u32()), Some(0x0506_0708));
        assert_eq!(attrs.next(), Some(Attr { kind: 4, payload: b"eth0\0" }));
        let nest = attrs.next().unwrap_or(Attr { kind: 0, payload: &[] });
        assert_eq!((nest.kind, nest.u8(), nest.u16(), nest.u32(), nest.ip()), (5, None, None, None, None));
        let mut inner = nest.nested();
        assert_eq!(inner.next().and_then(|attr| attr.ip()), Some(IpAddr::from([10, 0, 0, 1])));
        assert!(!inner.is_done());
        assert_eq!(inner.next().and_then(|attr| attr.ip()), Some(IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1])));
        assert!(inner.is_done());
        assert_eq!(attrs.next(), Some(Attr { kind: 6, payload: &[] }));
        assert_eq!(attrs.next(), None);
        assert!(attrs.is_done());
        assert_eq!(Attr { kind: 0, payload: b"eth0\0\0" }.str(), b"eth0");
        assert_eq!(Attr { kind: 0, payload: b"vrf" }.str(), b"vrf");
    }

    #[test]
    fn padding_is_zeroed() {
        let mut buf = [0xa5; 8];
        let mut writer = Writer::new(&mut buf);
        writer.attr_u8(1, 2);
        assert_eq!(writer.bytes().split_at_checked(4).map(|halves| halves.1), Some([2, 0, 0, 0].as_slice()));
    }

    #[test]
    fn a_malformed_attribute_ends_the_list() {
        for len in [0_u16, 3, 9, u16::MAX] {
            let [l0, l1] = len.to_ne_bytes();
            let bytes = [l0, l1, 1, 0, 7, 0, 0, 0];
            let mut attrs = Attrs::new(&bytes);
            assert_eq!(attrs.next(), None);
            assert!(!attrs.is_done());
        }
        let [l0, l1] = 5_u16.to_ne_bytes();
        let [k0, k1] = 1_u16.to_ne_bytes();
        let unpadded = [l0, l1, k0, k1, 7];
        let mut attrs = Attrs::new(&unpadded);
        assert_eq!(attrs.next().and_then(|attr| attr.u8()), Some(7));
        assert!(attrs.is_done());
    }

    #[test]
    fn what_is_too_long_overflows() {
        let mut buf = [0xa5; 0x1_0010];
        let mut writer = Writer::new(&mut buf);
        writer.attr(1, &[0; 0xfffc]);
        assert_eq!(writer.finish(), None);
        writer.truncate(0);
        writer.attr(1, &[0; 0xfffb]);
        assert_eq!(writer.finish(), Some(0x1_0000));
        writer.truncate(0);
        let nest = writer.nest(1);
        writer.attr(1, &[0; 0xfff8]);
        writer.end_nest(nest);
        assert_eq!(writer.finish(), None);
    }
}
