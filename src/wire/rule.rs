//! Rules: which table a packet's route is looked up in.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `family` | 0 | 1 | `AF_INET`, `AF_INET6` |
//! | `dst_len` | 1 | 1 | bits of the destination |
//! | `src_len` | 2 | 1 | bits of the source |
//! | `tos` | 3 | 1 | |
//! | `table` | 4 | 1 | `RT_TABLE_*` up to 255 |
//! | `res1`, `res2` | 5 | 2 | zero |
//! | `action` | 7 | 1 | `FR_ACT_*` |
//! | `flags` | 8 | 4 | `FIB_RULE_*` |
//!
//! Machine's byte order. Then `FRA_*` attributes. `FRA_TABLE` is the whole table, and needed above 255; the kernel always
//! sends it.
//!
//! Source: `uapi/linux/fib_rules.h: struct fib_rule_hdr`. `FRA_L3MDEV`: Linux 4.8; `FRA_PROTOCOL`: 4.17.

use super::attr::{Attr, Attrs, prefix_len};
use super::msg::Writer;
use crate::prefix::Prefix;
use crate::uapi::{
    FRA_DST, FRA_FWMARK, FRA_FWMASK, FRA_GOTO, FRA_IIFNAME, FRA_L3MDEV, FRA_OIFNAME, FRA_PAD, FRA_PRIORITY,
    FRA_PROTOCOL, FRA_SRC, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE,
};
use core::mem::{offset_of, size_of};
use linux_raw_sys::netlink::fib_rule_hdr;

/// Bytes of the fixed part.
pub const FIXED: usize = size_of::<fib_rule_hdr>();
/// Where the table stands in it, if it is below 256.
pub const TABLE: usize = offset_of!(fib_rule_hdr, table);
/// Where `FR_ACT_*` stands.
pub const ACTION: usize = offset_of!(fib_rule_hdr, action);
/// Where `FIB_RULE_*` stand, 4 bytes.
pub const FLAGS: usize = offset_of!(fib_rule_hdr, flags);

const _: () = {
    assert!(FIXED == 12);
    assert!(offset_of!(fib_rule_hdr, dst_len) == 1);
    assert!(offset_of!(fib_rule_hdr, src_len) == 2);
    assert!(offset_of!(fib_rule_hdr, tos) == 3);
    assert!(TABLE == 4);
    assert!(ACTION == 7);
    assert!(FLAGS == 8);
};

/// A rule.
///
/// Requests:
/// - `RTM_NEWRULE` with `NLM_F_CREATE | NLM_F_EXCL` adds one.
/// - `RTM_DELRULE`: the first rule that has what is said; what is not said (zero, `None`, false) is not compared.
/// - `RTM_GETRULE` with `NLM_F_DUMP`: `family` and nothing else, or the strict check refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule<'a> {
    /// `AF_INET` or `AF_INET6`. (A dump of all families has others.)
    pub family: u8,
    /// What happens on a match: an `FR_ACT_*`; `FR_ACT_TO_TBL` looks the route up.
    pub action: u8,
    /// The table; 0 where none is meant, or with `l3mdev` the VRF's.
    pub table: u32,
    /// Its place: the lower goes first. `None` in an answer is 0 ([`Rule::pref`]), in a request to add, one before the
    /// second rule that there is.
    pub priority: Option<u32>,
    /// Matches packets of a VRF.
    pub l3mdev: bool,
    /// Matches that source; `None` is all. One of length 0 is written and read as `None`.
    pub src: Option<Prefix>,
    /// Matches that destination; likewise.
    pub dst: Option<Prefix>,
    /// Matches what came in by the interface of that name.
    pub iif: Option<&'a [u8]>,
    /// Matches what is bound to the interface of that name.
    pub oif: Option<&'a [u8]>,
    /// Matches that mark, in the bits of `fwmask`.
    pub fwmark: Option<u32>,
    /// Which bits of the mark count; `None` in a request is all of them. (An answer has no `fwmark` where that is 0.)
    pub fwmask: Option<u32>,
    /// `FIB_RULE_*`: `FIB_RULE_INVERT` matches what the rest does not.
    pub flags: u32,
    /// Who put it there: an `RTPROT_*`; `None` in a request is `RTPROT_UNSPEC`, as in iproute2.
    pub protocol: Option<u8>,
    /// Routes of the table with that many bits or fewer do not count.
    pub suppress_prefixlen: Option<u32>,
    /// With `FR_ACT_GOTO`: the walk goes on at the first rule of that preference.
    pub goto: Option<u32>,
    /// Matches that type of service.
    pub tos: u8,
    /// Whether it says more than this struct has: users, ports, protocols, a tunnel. Never written.
    pub other: bool,
}

impl<'a> Rule<'a> {
    /// A rule that says nothing, for constants: [`Rule::default`] cannot be one.
    pub const EMPTY: Self = Self {
        family: 0,
        action: 0,
        table: 0,
        priority: None,
        l3mdev: false,
        src: None,
        dst: None,
        iif: None,
        oif: None,
        fwmark: None,
        fwmask: None,
        flags: 0,
        protocol: None,
        suppress_prefixlen: None,
        goto: None,
        tos: 0,
        other: false,
    };

    /// The place of a rule that the kernel told of.
    pub fn pref(&self) -> u32 {
        self.priority.unwrap_or(0)
    }

    /// Reads a body.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (&[family, dst_len, src_len, tos, table, _, _, action, f0, f1, f2, f3], attrs) =
            payload.split_first_chunk::<FIXED>()?;
        let flags = u32::from_ne_bytes([f0, f1, f2, f3]);
        let mut rule = Self { family, action, table: u32::from(table), flags, tos, ..Self::default() };
        let mut attrs = Attrs::new(attrs);
        for attr in &mut attrs {
            rule.take(attr, dst_len, src_len);
        }
        // A length without its address, or too large for it, would make another rule of it: one that matches all.
        let whole = prefix_len(rule.dst) == dst_len && prefix_len(rule.src) == src_len;
        (attrs.is_done() && whole).then_some(rule)
    }

    /// Takes one attribute in. A function of its own writes the fields in place, which makes a fifth less code.
    #[inline(never)]
    fn take(&mut self, attr: Attr<'a>, dst_len: u8, src_len: u8) {
        match attr.kind {
            FRA_DST => self.dst = attr.prefix(dst_len),
            FRA_SRC => self.src = attr.prefix(src_len),
            FRA_IIFNAME => self.iif = Some(attr.str()),
            FRA_PRIORITY => self.priority = attr.u32(),
            FRA_FWMARK => self.fwmark = attr.u32(),
            // The kernel always says it; -1 is none.
            FRA_SUPPRESS_PREFIXLEN => self.suppress_prefixlen = attr.u32().filter(|&len| len != u32::MAX),
            FRA_TABLE => self.table = attr.u32().unwrap_or(self.table),
            FRA_FWMASK => self.fwmask = attr.u32(),
            FRA_OIFNAME => self.oif = Some(attr.str()),
            FRA_GOTO => self.goto = attr.u32(),
            FRA_L3MDEV => self.l3mdev = attr.u8() != Some(0),
            FRA_PROTOCOL => self.protocol = attr.u8(),
            FRA_PAD => {}
            // Also what kernels to come will know: better a rule too many that is not ours.
            _ => self.other = true,
        }
    }

    /// Writes a request's body.
    pub fn put(&self, writer: &mut Writer<'_>) {
        let table = u8::try_from(self.table);
        writer.push(
            &[self.family, prefix_len(self.dst), prefix_len(self.src), self.tos],
            &[
                table.unwrap_or(0), // RT_TABLE_UNSPEC: see the attribute
                0,
                0,
                self.action,
            ],
        );
        writer.push(&self.flags.to_ne_bytes(), &[]);
        writer.maybe_u32(FRA_PRIORITY, self.priority);
        writer.maybe_prefix(FRA_SRC, self.src);
        writer.maybe_prefix(FRA_DST, self.dst);
        writer.maybe_str(FRA_IIFNAME, self.iif);
        writer.maybe_str(FRA_OIFNAME, self.oif);
        writer.maybe_u32(FRA_FWMARK, self.fwmark);
        writer.maybe_u32(FRA_FWMASK, self.fwmask);
        if table.is_err() {
            writer.attr_u32(FRA_TABLE, self.table);
        }
        writer.maybe_u32(FRA_SUPPRESS_PREFIXLEN, self.suppress_prefixlen);
        writer.maybe_u32(FRA_GOTO, self.goto);
        if self.l3mdev {
            writer.attr_u8(FRA_L3MDEV, 1);
        }
        if let Some(protocol) = self.protocol {
            writer.attr_u8(FRA_PROTOCOL, protocol);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uapi::{AF_INET, FIB_RULE_INVERT, FR_ACT_TO_TBL};
    use core::net::IpAddr;

    fn there_and_back<'b>(buf: &'b mut [u8], rule: &Rule<'_>) -> Option<Rule<'b>> {
        let mut writer = Writer::new(buf);
        rule.put(&mut writer);
        let len = writer.finish()?;
        Rule::parse(buf.get(..len)?)
    }

    #[test]
    fn what_is_put_is_parsed() {
        let full = Rule {
            family: AF_INET,
            action: FR_ACT_TO_TBL,
            table: 256,
            priority: Some(0),
            l3mdev: true,
            src: Some(Prefix { addr: IpAddr::from([10, 0, 0, 0]), len: 8 }),
            dst: Some(Prefix { addr: IpAddr::from([10, 1, 0, 0]), len: 16 }),
            iif: Some(b"eth0"),
            oif: Some(b"eth1"),
            fwmark: Some(1),
            fwmask: Some(3),
            flags: FIB_RULE_INVERT,
            protocol: Some(4),
            suppress_prefixlen: Some(0),
            goto: Some(7),
            tos: 4,
            other: false,
        };
        for rule in [full, Rule { table: 255, ..Rule::default() }, Rule::default()] {
            assert_eq!(there_and_back(&mut [0xa5; 256], &rule), Some(rule));
        }
    }

    #[test]
    fn what_is_not_modelled_is_noticed() {
        let mut buf = [0xa5; 64];
        let mut writer = Writer::new(&mut buf);
        Rule::default().put(&mut writer);
        writer.attr_u32(FRA_SUPPRESS_PREFIXLEN, u32::MAX);
        assert_eq!(Rule::parse(writer.bytes()), Some(Rule::default()));
        writer.attr(20, &[0; 8]); // FRA_UID_RANGE
        assert_eq!(Rule::parse(writer.bytes()), Some(Rule { other: true, ..Rule::default() }));
    }

    #[test]
    fn a_cut_or_impossible_body_is_none() {
        assert_eq!(Rule::parse(&[0; FIXED - 1]), None);
        assert_eq!(Rule::parse(&[0; FIXED + 4]), None);
        assert_eq!(Rule::parse(&[2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None); // a length, no address
        let src = Some(Prefix { addr: IpAddr::from([10, 0, 0, 0]), len: 33 });
        assert_eq!(there_and_back(&mut [0xa5; 64], &Rule { src, ..Rule::default() }), None);
    }
}
