//! Acknowledgements: how a request went, and in newer kernels a sentence on why it failed.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `error` | 0 | 4 | 0, or an errno below zero |
//! | `msg` | 4 | 16 | the request's header; not in `NLMSG_DONE` |
//! | | 20 | | the request's body, unless `NLM_F_CAPPED` says that it is left out; not in `NLMSG_DONE` |
//!
//! Then attributes, where `NLM_F_ACK_TLVS` says so. Machine's byte order.
//!
//! `NLMSG_ERROR` answers one request (error 0 is the acknowledgement that `NLM_F_ACK` asks for), `NLMSG_DONE` ends a dump.
//!
//! Source: `uapi/linux/netlink.h: struct nlmsgerr`. Extended acknowledgements: Linux 4.12, `NETLINK_EXT_ACK`;
//! `NLMSGERR_ATTR_MISS_TYPE`: 6.1.

use super::attr::Attrs;
use super::msg::{self, Header};
use crate::uapi::{
    NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR, NLMSGERR_ATTR_MISS_TYPE, NLMSGERR_ATTR_MSG,
    NLMSGERR_ATTR_OFFS,
};
use core::mem::{offset_of, size_of};
use linux_raw_sys::netlink::nlmsgerr;

const _: () = {
    assert!(size_of::<nlmsgerr>() == 4 + msg::HEADER);
    assert!(offset_of!(nlmsgerr, msg) == 4);
};

/// What a value that cannot be an errno is taken for: the kernel does not send one.
const EPROTO: u16 = 71;
const _: () = assert!(linux_raw_sys::errno::EPROTO == 71);

/// The largest errno: `MAX_ERRNO`. Source: `include/linux/err.h`.
const MAX_ERRNO: u16 = 4095;

/// How a request went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ack<'a> {
    /// 0 if it was done, else the errno: 1 to 4095.
    pub errno: u16,
    /// The kernel's sentence, if it had one. With `errno` 0 it is a warning.
    pub msg: Option<&'a [u8]>,
    /// Where in the request is what it objects to: bytes from the start of the request's header.
    pub offset: Option<u32>,
    /// The kind of an attribute that it missed.
    pub missing: Option<u16>,
}

impl<'a> Ack<'a> {
    /// Reads the body of an `NLMSG_ERROR` or `NLMSG_DONE`; `None` for other messages and for a cut one.
    ///
    /// Malformed attributes only cost what they would have said.
    pub fn parse(header: &Header, payload: &'a [u8]) -> Option<Self> {
        let (&error, rest) = payload.split_first_chunk()?;
        let tlvs = match header.kind {
            NLMSG_DONE => Some(rest),
            NLMSG_ERROR => {
                let request = Header::parse(rest.first_chunk()?);
                let capped = header.flags & NLM_F_CAPPED != 0;
                let len = if capped { msg::HEADER } else { usize::try_from(request.len).ok()? };
                rest.get(msg::aligned(len)..)
            }
            _ => return None,
        };
        let mut ack = Self { errno: errno(i32::from_ne_bytes(error)), ..Self::default() };
        if header.flags & NLM_F_ACK_TLVS != 0 {
            for attr in Attrs::new(tlvs.unwrap_or_default()) {
                match attr.kind {
                    NLMSGERR_ATTR_MSG => ack.msg = Some(attr.str()),
                    NLMSGERR_ATTR_OFFS => ack.offset = attr.u32(),
                    NLMSGERR_ATTR_MISS_TYPE => ack.missing = attr.u32().and_then(|kind| u16::try_from(kind).ok()),
                    _ => {}
                }
            }
        }
        Some(ack)
    }
}

fn errno(error: i32) -> u16 {
    match error.checked_neg().map(u16::try_from) {
        Some(Ok(errno @ 0..=MAX_ERRNO)) => errno,
        _ => EPROTO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::msg::{Messages, Writer};

    /// An `NLMSG_ERROR` about a request with a body of 8 bytes.
    fn refused<'b>(buf: &'b mut [u8], flags: u16, error: i32, body: &[u8]) -> Option<Ack<'b>> {
        let mut writer = Writer::new(buf);
        writer.begin(NLMSG_ERROR, flags, 1);
        writer.push(&error.to_ne_bytes(), &[]);
        writer.push(&24_u32.to_ne_bytes(), &[0; 12]);
        writer.push(body, &[]);
        if flags & NLM_F_ACK_TLVS != 0 {
            writer.attr_str(NLMSGERR_ATTR_MSG, b"no");
            writer.attr_u32(NLMSGERR_ATTR_OFFS, 16);
            writer.attr_u32(NLMSGERR_ATTR_MISS_TYPE, 1);
        }
        writer.end();
        let len = writer.finish()?;
        let (header, payload) = Messages::new(buf.get(..len)?).next()?.ok()?;
        Ack::parse(&header, payload)
    }

    #[test]
    fn attributes_stand_behind_the_echoed_request() {
        let said = Some(Ack { errno: 22, msg: Some(b"no"), offset: Some(16), missing: Some(1) });
        assert_eq!(refused(&mut [0xa5; 128], NLM_F_ACK_TLVS, -22, &[0; 8]), said);
        assert_eq!(refused(&mut [0xa5; 128], NLM_F_ACK_TLVS | NLM_F_CAPPED, -22, &[]), said);
        let bare = Some(Ack { errno: 22, ..Ack::default() });
        assert_eq!(refused(&mut [0xa5; 128], 0, -22, &[0; 8]), bare);
        assert_eq!(refused(&mut [0xa5; 128], NLM_F_CAPPED, -22, &[]), bare);
        assert_eq!(refused(&mut [0xa5; 128], 0, -22, &[]), bare); // the echo is cut: the errno still counts
    }

    #[test]
    fn an_errno_is_range_checked() {
        let errnos = [(0, 0), (-1, 1), (-4095, 4095), (-4096, EPROTO), (1, EPROTO), (i32::MIN, EPROTO)];
        for (error, expected) in errnos {
            assert_eq!(refused(&mut [0xa5; 128], NLM_F_CAPPED, error, &[]).map(|ack| ack.errno), Some(expected));
        }
    }

    #[test]
    fn done_has_no_echo() {
        let header = Header { kind: NLMSG_DONE, ..Header::default() };
        assert_eq!(Ack::parse(&header, &0_i32.to_ne_bytes()), Some(Ack::default()));
        assert_eq!(Ack::parse(&header, &(-4_i32).to_ne_bytes()).map(|ack| ack.errno), Some(4));
        assert_eq!(Ack::parse(&header, &[0; 3]), None);
        assert_eq!(Ack::parse(&Header { kind: 16, ..Header::default() }, &[0; 20]), None);
    }
}
