//! Messages: the frame that every request and every answer has, and many of them in one buffer.
//!
//! | field | offset | size | |
//! |---|---|---|---|
//! | `nlmsg_len` | 0 | 4 | bytes of the message, this header included, padding not |
//! | `nlmsg_type` | 4 | 2 | `RTM_*`, `NLMSG_*` |
//! | `nlmsg_flags` | 6 | 2 | `NLM_F_*` |
//! | `nlmsg_seq` | 8 | 4 | the answer repeats the request's |
//! | `nlmsg_pid` | 12 | 4 | port: 0 in a request; in an answer the port of who asked |
//!
//! Machine's byte order. The body follows at 16; a message starts at a multiple of 4.
//!
//! Source: `uapi/linux/netlink.h: struct nlmsghdr`, netlink(7).

use crate::bytes::copy;
use core::mem::{offset_of, size_of};
use linux_raw_sys::netlink::nlmsghdr;

/// Bytes of a message's header.
pub const HEADER: usize = 16;

/// What messages and attributes start at a multiple of: `NLMSG_ALIGNTO`, `NLA_ALIGNTO`.
const ALIGN: usize = 4;

const _: () = {
    assert!(size_of::<nlmsghdr>() == HEADER);
    assert!(offset_of!(nlmsghdr, nlmsg_type) == 4);
    assert!(offset_of!(nlmsghdr, nlmsg_flags) == 6);
    assert!(offset_of!(nlmsghdr, nlmsg_seq) == 8);
    assert!(offset_of!(nlmsghdr, nlmsg_pid) == 12);
};

/// A message's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the message, header included, padding not.
    pub len: u32,
    /// What it is about: `RTM_*`, or `NLMSG_*` for what netlink itself says.
    pub kind: u16,
    /// `NLM_F_*`.
    pub flags: u16,
    /// Number of the request that this answers; 0 for an event.
    pub seq: u32,
    /// Port of the socket whose request this answers; 0 for most events.
    pub portid: u32,
}

impl Header {
    /// Reads a header's bytes.
    pub const fn parse(bytes: &[u8; HEADER]) -> Self {
        let &[l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3] = bytes;
        Self {
            len: u32::from_ne_bytes([l0, l1, l2, l3]),
            kind: u16::from_ne_bytes([k0, k1]),
            flags: u16::from_ne_bytes([f0, f1]),
            seq: u32::from_ne_bytes([s0, s1, s2, s3]),
            portid: u32::from_ne_bytes([p0, p1, p2, p3]),
        }
    }

    /// A header's bytes.
    pub const fn bytes(&self) -> [u8; HEADER] {
        let [l0, l1, l2, l3] = self.len.to_ne_bytes();
        let [k0, k1] = self.kind.to_ne_bytes();
        let [f0, f1] = self.flags.to_ne_bytes();
        let [s0, s1, s2, s3] = self.seq.to_ne_bytes();
        let [p0, p1, p2, p3] = self.portid.to_ne_bytes();
        [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3]
    }
}

/// A run of bytes that do not make a whole message, or whose length is smaller than a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The messages of a received datagram, each with its header and its body.
///
/// A malformed rest is an error once, and the end.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// The messages of those bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn split(&mut self) -> Option<(Header, &'a [u8])> {
        // Taken first: whatever goes wrong below, nothing is left to go on with.
        let bytes = core::mem::take(&mut self.rest);
        let header = Header::parse(bytes.first_chunk()?);
        let len = usize::try_from(header.len).ok()?;
        let payload = bytes.get(HEADER..len)?;
        self.rest = bytes.get(aligned(len)..).unwrap_or_default();
        Some((header, payload))
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<(Header, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(self.split().ok_or(Malformed))
    }
}

/// Writes requests one after another into a buffer.
///
/// Between [`Writer::begin`] and [`Writer::end`] come a body's `put` and the attributes of [`super::attr`]. What does not
/// fit is not written, nor is anything after it; [`Writer::finish`] says so. To go on without the request that did not
/// fit, remember [`Writer::len`] before `begin` and [`Writer::truncate`] to it.
#[derive(Debug)]
pub struct Writer<'b> {
    buf: &'b mut [u8],
    len: usize,
    /// Where the message that is being written begins.
    start: usize,
    overflow: bool,
}

impl<'b> Writer<'b> {
    /// A writer at the start of `buf`, whose old bytes do not matter.
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { buf, len: 0, start: 0, overflow: false }
    }

    /// Starts a message: its type, its `NLM_F_*` and its sequence number.
    pub fn begin(&mut self, kind: u16, flags: u16, seq: u32) {
        self.start = self.len;
        self.push(&Header { kind, flags, seq, ..Header::default() }.bytes(), &[]);
    }

    /// Ends the message that [`Writer::begin`] started: now its length is known.
    pub fn end(&mut self) {
        match u32::try_from(self.len.saturating_sub(self.start)) {
            Ok(len) => self.patch(self.start, &len.to_ne_bytes()),
            Err(_) => self.overflow = true,
        }
    }

    /// How many bytes there are, all messages together; `None` if something did not fit.
    pub const fn finish(&self) -> Option<usize> {
        if self.overflow { None } else { Some(self.len) }
    }

    /// Bytes written so far; always a multiple of 4.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is written yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes written so far.
    pub fn bytes(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or_default()
    }

    /// Takes back what was written after there were `len` bytes; what did not fit then is forgotten too.
    pub const fn truncate(&mut self, len: usize) {
        if len <= self.len {
            self.len = len;
            self.overflow = false;
        }
    }

    /// Writes `head` and `tail` as one run of bytes, then zeroes up to a multiple of 4.
    pub fn push(&mut self, head: &[u8], tail: &[u8]) {
        let end = self.len.saturating_add(aligned(head.len().saturating_add(tail.len())));
        match self.buf.get_mut(self.len..end) {
            Some(room) if !self.overflow => {
                let head = copy(head, room);
                let room = room.get_mut(head..).unwrap_or_default();
                let tail = copy(tail, room);
                for padding in room.iter_mut().skip(tail) {
                    *padding = 0;
                }
                self.len = end;
            }
            _ => self.overflow = true,
        }
    }

    /// Writes over bytes that are there: a length that was not known before.
    pub fn patch(&mut self, at: usize, bytes: &[u8]) {
        // After an overflow the place may be the buffer's end.
        let old = self.buf.get_mut(at..self.len).unwrap_or_default();
        copy(bytes, old);
    }

    /// Remembers that something did not fit.
    pub(super) const fn overflow(&mut self) {
        self.overflow = true;
    }
}

/// The next multiple of 4.
pub(super) const fn aligned(len: usize) -> usize {
    len.saturating_add(ALIGN - 1) & !(ALIGN - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_messages_in_one_buffer() {
        let mut buf = [0xa5; 64];
        let mut writer = Writer::new(&mut buf);
        writer.begin(16, 5, 7);
        writer.push(&[1, 2, 3], &[4, 5]);
        writer.end();
        writer.begin(24, 1, 8);
        writer.end();
        assert_eq!(writer.finish(), Some(40));
        let mut messages = Messages::new(writer.bytes());
        let header = Header { len: 24, kind: 16, flags: 5, seq: 7, portid: 0 };
        assert_eq!(messages.next(), Some(Ok((header, [1, 2, 3, 4, 5, 0, 0, 0].as_slice()))));
        let header = Header { len: 16, kind: 24, flags: 1, seq: 8, portid: 0 };
        assert_eq!(messages.next(), Some(Ok((header, [].as_slice()))));
        assert_eq!(messages.next(), None);
        assert!(buf.iter().skip(40).all(|&byte| byte == 0xa5));
    }

    #[test]
    fn overflow_stays_until_truncated() {
        let mut buf = [0xa5; 40];
        let mut writer = Writer::new(&mut buf);
        writer.begin(16, 0, 1);
        writer.end();
        let mark = writer.len();
        writer.begin(16, 0, 2);
        writer.push(&[1; 12], &[]);
        assert_eq!(writer.finish(), None);
        writer.push(&[], &[]); // would fit
        writer.end();
        assert_eq!(writer.finish(), None);
        writer.truncate(mark);
        assert_eq!(writer.finish(), Some(16));
        writer.begin(17, 0, 3);
        writer.push(&[1; 8], &[]);
        writer.end();
        assert_eq!(writer.finish(), Some(40));
        assert_eq!(Messages::new(writer.bytes()).filter(Result::is_ok).count(), 2);
    }

    #[test]
    fn a_malformed_tail_is_one_error() {
        for len in [0_u32, 15, 17, u32::MAX] {
            let mut bytes = [0; 32];
            for (to, from) in bytes.iter_mut().zip(16_u32.to_ne_bytes()) {
                *to = from;
            }
            for (to, from) in bytes.iter_mut().skip(16).zip(len.to_ne_bytes()) {
                *to = from;
            }
            let mut messages = Messages::new(&bytes);
            assert!(messages.next().is_some_and(|message| message.is_ok()));
            assert_eq!(messages.next(), Some(Err(Malformed)));
            assert_eq!(messages.next(), None);
        }
        assert_eq!(Messages::new(&[0; 5]).next(), Some(Err(Malformed)));
    }
}
