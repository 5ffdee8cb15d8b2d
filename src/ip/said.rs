//! What iproute2 says of things that more than one command here tells of.
//!
//! Source: `ip/iprule.c`, `ip/iproute.c`, `lib/rt_names.c` of iproute2.

use crate::conf::values::{TABLES, name_of};
use crate::text::Buf;
use crate::uapi;
use crate::wire::attr::{find, ip, number, text, word};
use crate::wire::rule;

/// Protocols by name, pairs of name and `IPPROTO_*`, as /etc/protocols has them. Others are `ipproto-NUMBER`.
const TRANSPORTS: &[u8] = b"icmp 1 tcp 6 udp 17 gre 47 esp 50 ipv6-icmp 58 ospf 89 vrrp 112 sctp 132";

/// Types of routes, and what rules do that look no route up.
pub const TYPES: &[u8] =
    b"local 2 broadcast 3 anycast 4 multicast 5 blackhole 6 unreachable 7 prohibit 8 throw 9 nat 10";

/// Puts the name of a number, or the number.
#[inline(never)]
pub fn put_name(list: &'static [u8], number: u32, out: &mut Buf<'_>) {
    match name_of(list, number) {
        b"" => out.num(number),
        name => out.bytes(name),
    };
}

/// Puts a prefix; without its length, where that is all of it.
#[inline(never)]
pub fn put_prefix(value: &[u8], len: u8, none: &str, out: &mut Buf<'_>) {
    if len == 0 {
        out.str(none);
        return;
    }
    if let Some(addr) = ip(value) {
        out.ip(addr);
    }
    if usize::from(len) < 8 * value.len() {
        out.str("/").num(len.into());
    }
}

/// Whom a rule is for: `from all` and more. `l3mdev` is said where it is for packets of a VRF.
#[inline(never)]
pub fn put_selector(rule: &[u8], l3mdev: &str, out: &mut Buf<'_>) {
    let &[_, to, from, tos, ..] = rule else { return };
    let of = rule.get(rule::FIXED..).unwrap_or_default();
    let one = |kind| find(of, kind).first().copied().unwrap_or(0);
    let flags = word(rule, rule::FLAGS);
    if flags & uapi::FIB_RULE_INVERT != 0 {
        out.str("not ");
    }
    put_prefix(find(of, uapi::FRA_SRC), from, "all", out.str("from "));
    if to != 0 {
        put_prefix(find(of, uapi::FRA_DST), to, "", out.str(" to "));
    }
    if tos != 0 {
        out.str(" tos 0x").hex(u32::from(tos) / 16).hex(u32::from(tos) % 16);
    }
    let mask = number(of, uapi::FRA_FWMASK).unwrap_or(u32::MAX);
    if let Some(mark) = number(of, uapi::FRA_FWMARK).filter(|mark| *mark != 0 || mask != u32::MAX) {
        out.str(" fwmark 0x").hex(mark);
        if mask != u32::MAX {
            out.str("/0x").hex(mask);
        }
    }
    for (says, kind, detached) in [
        (" iif ", uapi::FRA_IIFNAME, uapi::FIB_RULE_IIF_DETACHED),
        (" oif ", uapi::FRA_OIFNAME, uapi::FIB_RULE_OIF_DETACHED),
    ] {
        if !find(of, kind).is_empty() {
            out.str(says).shown(text(of, kind));
            if flags & detached != 0 {
                out.str(" [detached]");
            }
        }
    }
    if one(uapi::FRA_L3MDEV) != 0 {
        out.str(" ").str(l3mdev);
    }
    let range = find(of, uapi::FRA_UID_RANGE);
    if !range.is_empty() {
        out.str(" uidrange ").num(word(range, 0)).str("-").num(word(range, 4));
    }
    let protocol = one(uapi::FRA_IP_PROTO).into();
    if protocol != 0 {
        out.str(" ipproto ").str(if name_of(TRANSPORTS, protocol).is_empty() { "ipproto-" } else { "" });
        put_name(TRANSPORTS, protocol, out);
    }
    for (says, kind) in [(" sport ", uapi::FRA_SPORT_RANGE), (" dport ", uapi::FRA_DPORT_RANGE)] {
        if let &[a, b, c, d] = find(of, kind) {
            let (first, last) = (u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d]));
            out.str(says).num(first.into());
            if first != last {
                out.str("-").num(last.into());
            }
        }
    }
}

/// What a rule does: `table main`, where `lookup` is the word before the table; `unreachable`, `goto 100` and more. Nothing for
/// a rule that looks up the tables of VRFs.
pub fn put_action(rule: &[u8], lookup: &str, out: &mut Buf<'_>) {
    let of = rule.get(rule::FIXED..).unwrap_or_default();
    let byte = |at: usize| rule.get(at).copied().unwrap_or(0);
    match byte(rule::ACTION) {
        uapi::FR_ACT_TO_TBL => {
            let table = number(of, uapi::FRA_TABLE).unwrap_or_else(|| byte(rule::TABLE).into());
            if table != 0 {
                put_name(TABLES, table, out.str(lookup));
            }
            if let Some(len) = number(of, uapi::FRA_SUPPRESS_PREFIXLEN).filter(|len| *len != u32::MAX) {
                out.str(" suppress_prefixlength ").num(len);
            }
        }
        uapi::FR_ACT_GOTO => {
            out.str("goto ").num(number(of, uapi::FRA_GOTO).unwrap_or(0));
        }
        uapi::FR_ACT_NOP => {
            out.str("nop");
        }
        action => put_name(TYPES, action.into(), out),
    }
}
