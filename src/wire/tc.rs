//! Queues and filters: where packets that come in by an interface meet programs.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `tcm_family` | 0 | 1 | zero |
//! | padding | 1 | 3 | zero |
//! | `tcm_ifindex` | 4 | 4 | the interface |
//! | `tcm_handle` | 8 | 4 | its number: of the queue, of the filter |
//! | `tcm_parent` | 12 | 4 | where it hangs |
//! | `tcm_info` | 16 | 4 | of a filter: its preference in the high half, in the low half the protocol (network's byte order) |
//!
//! Machine's byte order. Then `TCA_*` attributes; those of a kind are in the nest `TCA_OPTIONS`.
//!
//! `clsact` is no queue: it only has two places for filters, one for what comes in and one for what leaves. Linux 4.5. A filter
//! of kind `bpf` whose program itself says what becomes of a packet (direct action): Linux 4.4.
//!
//! Source: `uapi/linux/rtnetlink.h: struct tcmsg`, `uapi/linux/pkt_sched.h`, `uapi/linux/pkt_cls.h: TCA_BPF_*`, tc-bpf(8).

use super::attr::Attrs;
use super::msg::Writer;
use crate::uapi::{NLA_F_NESTED, TCA_KIND, TCA_OPTIONS};
use core::mem::{offset_of, size_of};
use linux_raw_sys::netlink::tcmsg;

/// Bytes of the fixed part.
const FIXED: usize = 20;

const _: () = {
    assert!(size_of::<tcmsg>() == FIXED);
    assert!(offset_of!(tcmsg, tcm_ifindex) == 4);
    assert!(offset_of!(tcmsg, tcm_handle) == 8);
    assert!(offset_of!(tcmsg, tcm_parent) == 12);
    assert!(offset_of!(tcmsg, tcm_info) == 16);
};

/// `TC_H_CLSACT`, which is also `TC_H_INGRESS`: where the queue hangs; and its own number.
const CLSACT: u32 = 0xffff_fff1;
const CLSACT_HANDLE: u32 = 0xffff_0000;
/// `TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)`: where filters hang for what comes in. The older queue `ingress` takes it, too.
pub const INGRESS: u32 = 0xffff_fff2;
/// `TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)`: for what leaves.
pub const EGRESS: u32 = 0xffff_fff3;

/// `TCA_BPF_FD`, `TCA_BPF_NAME`, `TCA_BPF_FLAGS`; `TCA_BPF_FLAG_ACT_DIRECT`.
const FD: u16 = 6;
const NAME: u16 = 7;
const FLAGS: u16 = 8;
const DIRECT: u32 = 1;
/// `ETH_P_ALL`
const ALL: u16 = 3;

fn fixed(index: u32, handle: u32, parent: u32, info: u32, out: &mut Writer<'_>) {
    for field in [0, index, handle, parent, info] {
        out.push(&field.to_ne_bytes(), &[]);
    }
}

/// `RTM_NEWQDISC`, `RTM_DELQDISC`: the place for filters of an interface.
pub fn clsact(index: u32, out: &mut Writer<'_>) {
    fixed(index, CLSACT_HANDLE, CLSACT, 0, out);
    out.attr_str(TCA_KIND, b"clsact");
}

/// A filter for what comes in, which is a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter<'a> {
    /// The interface.
    pub index: u32,
    /// Its number among those of the same preference.
    pub handle: u32,
    /// Its preference: the lower goes first.
    pub pref: u16,
    /// What it is called.
    pub name: &'a [u8],
}

impl<'a> Filter<'a> {
    /// `RTM_NEWTFILTER` with the descriptor of a program; `RTM_DELTFILTER` without.
    #[inline(never)]
    pub fn put(&self, program: Option<u32>, out: &mut Writer<'_>) {
        let info = u32::from(self.pref) << 16 | u32::from(ALL.to_be());
        fixed(self.index, self.handle, INGRESS, info, out);
        out.attr_str(TCA_KIND, b"bpf");
        if let Some(program) = program {
            let options = out.nest(TCA_OPTIONS | NLA_F_NESTED);
            out.attr_u32(FD, program);
            out.attr_str(NAME, self.name);
            out.attr_u32(FLAGS, DIRECT);
            out.end_nest(options);
        }
    }

    /// Reads an answer; `None` for a filter of another kind, and for what stands for all of a preference.
    #[inline(never)]
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (head, attrs) = payload.split_first_chunk::<FIXED>()?;
        let &[_, _, _, _, i0, i1, i2, i3, h0, h1, h2, h3, _, _, _, _, n0, n1, n2, n3] = head;
        let mut name: &[u8] = b"";
        let mut is_bpf = false;
        for attr in Attrs::new(attrs) {
            match attr.kind {
                TCA_KIND => is_bpf = attr.str() == b"bpf",
                TCA_OPTIONS => name = attr.nested().find(|attr| attr.kind == NAME).map_or(name, |attr| attr.str()),
                _ => {}
            }
        }
        let handle = u32::from_ne_bytes([h0, h1, h2, h3]);
        let pref = u16::try_from(u32::from_ne_bytes([n0, n1, n2, n3]) >> 16).unwrap_or(0);
        let filter = Self { index: u32::from_ne_bytes([i0, i1, i2, i3]), handle, pref, name };
        if is_bpf && handle != 0 { Some(filter) } else { None }
    }
}

/// Dump of `RTM_GETTFILTER`: the filters of an interface, [`INGRESS`] or [`EGRESS`].
pub fn filters(index: u32, parent: u32, out: &mut Writer<'_>) {
    fixed(index, 0, parent, 0, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_parsed() {
        let mut buf = [0xa5; 128];
        let mut writer = Writer::new(&mut buf);
        let filter = Filter { index: 3, handle: 10, pref: 65000, name: b"vlshar_00000001" };
        filter.put(Some(5), &mut writer);
        assert_eq!(Filter::parse(writer.bytes()), Some(filter));
        writer.truncate(0);
        Filter { handle: 0, ..filter }.put(None, &mut writer);
        assert_eq!(Filter::parse(writer.bytes()), None);
        assert_eq!(Filter::parse(&[0; FIXED - 1]), None);
        assert_eq!(Filter::parse(&[0; FIXED]), None);
    }
}
