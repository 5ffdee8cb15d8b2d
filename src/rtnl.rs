//! The rtnetlink socket: requests in batches, each acknowledged, dumps, and waiting for events.
//!
//! Source: netlink(7), rtnetlink(7).

use crate::error::Errno;
use crate::limits;
use crate::log;
use crate::sys::OwnedFd;
use crate::sys::mem::{Lent, List};
use crate::sys::{self, net};
use crate::uapi;
use crate::wire::ack::Ack;
use crate::wire::decode;
use crate::wire::msg::{HEADER, Header, Messages};
use heapless::Vec;

/// Options of a netlink socket. Source: `uapi/linux/netlink.h`.
mod option {
    /// `SOL_NETLINK`
    pub const LEVEL: u32 = 270;
    /// `NETLINK_ADD_MEMBERSHIP`
    pub const ADD_MEMBERSHIP: u32 = 1;
    /// `NETLINK_EXT_ACK`: with a sentence on what is wrong. Since 4.12.
    pub const EXT_ACK: u32 = 11;
    /// `NETLINK_GET_STRICT_CHK`: dumps heed their filters. Since 4.20.
    pub const GET_STRICT_CHK: u32 = 12;
}

/// A socket to rtnetlink, and the batch that is being filled.
pub struct Rtnl {
    fd: OwnedFd,
    /// Number of the last request.
    seq: u32,
    /// Number of the last request that was sent.
    sent: u32,
    /// What has been written and not sent; it never grows beyond [`limits::SEND`].
    out: List<u8>,
    /// The kernel's sentence on its last refusal; often empty.
    sentence: Vec<u8, { limits::KERNEL_TEXT }>,
}

impl Rtnl {
    /// Opens the socket, for one question. Errors: `EAFNOSUPPORT` or `EPROTONOSUPPORT` where the kernel has no
    /// networking.
    #[inline(never)]
    pub fn open_plain() -> sys::Result<Self> {
        Self::over(net::socket(uapi::AF_NETLINK, uapi::SOCK_RAW, uapi::NETLINK_ROUTE)?)
    }

    /// Talks over a socket that is there: rtnetlink's, or one behind which a test answers.
    pub fn over(fd: OwnedFd) -> sys::Result<Self> {
        let mut out = List::new();
        out.reserve(limits::SEND)?;
        Ok(Self { fd, seq: 0, sent: 0, out, sentence: Vec::new() })
    }

    /// Opens the socket, for requests and dumps: refusals come with a sentence, and filters are heeded.
    #[inline(never)]
    pub fn open() -> sys::Result<Self> {
        let rtnl = Self::open_plain()?;
        for wish in [option::EXT_ACK, option::GET_STRICT_CHK] {
            // The oldest supported kernel has both; one that refuses is only less clear in what it says.
            let _ = net::set_option(&rtnl.fd, option::LEVEL, wish, 1);
        }
        Ok(rtnl)
    }

    /// Counts its requests from the first one again: for a test, whose answers name them.
    pub fn restart(&mut self) {
        (self.seq, self.sent) = (0, 0);
        self.out.clear();
    }

    /// The number that tells network namespaces apart for as long as the machine runs (5.14; before, `ENOPROTOOPT`).
    pub fn netns_cookie(&self) -> sys::Result<u64> {
        net::option_u64(&self.fd, uapi::SOL_SOCKET, uapi::SO_NETNS_COOKIE)
    }

    /// The kernel's sentence on what it refused last; often empty.
    pub fn sentence(&self) -> &[u8] {
        &self.sentence
    }

    /// Asks for the events of groups. Source: `uapi/linux/rtnetlink.h: enum rtnetlink_groups`.
    pub fn subscribe(&self, groups: &[u32]) -> sys::Result<()> {
        net::bind_netlink(&self.fd)?;
        for group in groups {
            let group = core::ffi::c_int::try_from(*group).map_err(|_| Errno::EINVAL)?;
            net::set_option(&self.fd, option::LEVEL, option::ADD_MEMBERSHIP, group)?;
        }
        Ok(())
    }

    /// The socket's descriptor, to wait for events on it among others.
    pub fn number(&self) -> core::ffi::c_int {
        sys::number(&self.fd)
    }

    /// Waits for an event and reads it away; false when `timeout_ms` passed without one.
    pub fn wait_event(&self, timeout_ms: u32) -> sys::Result<bool> {
        self.next_event(timeout_ms).map(|event| event.is_some())
    }

    /// Waits for an event, and gives its kind (`RTM_*`), which is 0 where events were lost; `None` when `timeout_ms` passed without
    /// one.
    pub fn next_event(&self, timeout_ms: u32) -> sys::Result<Option<u16>> {
        if !net::wait_readable(&self.fd, timeout_ms)? {
            return Ok(None);
        }
        // Cut to fit: what has happened to which interface is not asked.
        let mut event = [0; 64];
        match net::receive_many(&self.fd, &mut event, 64, &mut [0]) {
            Ok(_) => {
                let [_, _, _, _, low, high, ..] = event;
                Ok(Some(u16::from_ne_bytes([low, high])))
            }
            // Events were lost.
            Err(Errno::ENOBUFS) => Ok(Some(0)),
            Err(errno) => Err(errno),
        }
    }

    /// How many requests wait in the batch.
    pub fn pending(&self) -> usize {
        index(self.seq.wrapping_sub(self.sent))
    }

    /// Adds a request to the batch; false where it is full and has to be sent first.
    #[inline(never)]
    pub fn push(&mut self, kind: u16, flags: u16, body: &[u8]) -> bool {
        self.pending() < limits::BATCH && self.write(kind, flags | uapi::NLM_F_ACK, body)
    }

    #[inline(never)]
    fn write(&mut self, kind: u16, flags: u16, body: &[u8]) -> bool {
        let seq = self.seq.wrapping_add(1);
        let Ok(len) = u32::try_from(HEADER + body.len()) else { return false };
        let header = Header { len, kind, flags: flags | uapi::NLM_F_REQUEST, seq, portid: 0 }.bytes();
        if log::tells(2) {
            log::message(&|out| decode::put(kind, flags | uapi::NLM_F_REQUEST, body, out.str("> ").num(seq).str(" ")));
        }
        let start = self.out.len();
        let padding = [0; 3].get(..body.len().wrapping_neg() % 4).unwrap_or_default();
        for part in [&header, body, padding] {
            if self.out.len() + part.len() > limits::SEND || self.out.extend(part).is_err() {
                self.out.truncate(start);
                return false;
            }
        }
        self.seq = seq;
        true
    }

    /// Sends the batch and gives `each` the answer to every request, in their order: its number in the batch, and the
    /// kernel's errno, where 0 is a yes. Where `each` says true, the sentence that came with it is kept.
    #[inline(never)]
    pub fn flush(&mut self, each: &mut dyn FnMut(usize, Errno) -> bool) -> sys::Result<()> {
        self.exchange(limits::ACK, &mut |number, answer| match answer {
            Answer::Ack(errno) => each(number, errno),
            Answer::Entry(_) => false,
        })
        .map(|_| ())
    }

    /// Sends what has been written and gives `each` the answers, with the number of their request in what was sent, until
    /// every request has been acknowledged; tells whether no dump among them was disturbed. They are received into pieces of `stride` bytes, with one call what is there.
    #[inline(never)]
    fn exchange(&mut self, stride: usize, each: &mut dyn FnMut(usize, Answer<'_>) -> bool) -> sys::Result<bool> {
        // The kernel makes the next part of a dump while the one before is read: two are all of a small dump.
        match Lent::new() {
            Some(mut room) => self.exchange_in(room.bytes(), stride, each),
            None => self.exchange_meanwhile(stride, each),
        }
    }

    /// As [`Self::exchange`], while the answers of another socket are looked at.
    #[inline(never)]
    fn exchange_meanwhile(
        &mut self,
        stride: usize,
        each: &mut dyn FnMut(usize, Answer<'_>) -> bool,
    ) -> sys::Result<bool> {
        self.exchange_in(&mut [0; 2 * limits::RECEIVE], stride, each)
    }

    /// As [`Self::exchange`], received into `buf`.
    #[inline(never)]
    fn exchange_in(
        &mut self,
        buf: &mut [u8],
        stride: usize,
        each: &mut dyn FnMut(usize, Answer<'_>) -> bool,
    ) -> sys::Result<bool> {
        let count = self.pending();
        let mut left = count;
        let mut whole = true;
        let mut entries = 0;
        let first = self.sent.wrapping_add(1);
        self.sent = self.seq;
        let sent = net::send(&self.fd, self.out.as_slice());
        self.out.clear();
        if let Err(errno) = sent {
            // Nothing has got there: that is the answer to each.
            for number in 0..count {
                each(number, Answer::Ack(errno));
            }
            return Err(errno);
        }
        while left > 0 {
            let mut lens = [0; limits::BATCH];
            // The kernel answers before a send returns, and goes on with a table before a receive does: what is not there has
            // been lost, and an overrun socket says so (ENOBUFS) only once.
            let got = net::receive_many(&self.fd, buf, stride, &mut lens).map_err(|errno| match errno {
                Errno::EAGAIN => Errno::ENOBUFS,
                other => other,
            })?;
            for (at, len) in lens.iter().take(got).enumerate() {
                let start = at * stride;
                for message in Messages::new(buf.get(start..start + len).unwrap_or_default()) {
                    let (header, payload) = message.map_err(|_| Errno::EPROTO)?;
                    let number = index(header.seq.wrapping_sub(first));
                    if number >= count {
                        continue; // an answer that nobody waits for any more
                    }
                    // A dump that was disturbed says so in any of its messages.
                    whole &= header.flags & uapi::NLM_F_DUMP_INTR == 0;
                    if !matches!(header.kind, uapi::NLMSG_DONE | uapi::NLMSG_ERROR) {
                        entries += 1;
                        each(number, Answer::Entry(payload));
                        continue;
                    }
                    let ack = Ack::parse(&header, payload).ok_or(Errno::EPROTO)?;
                    left = left.saturating_sub(1);
                    tell_ack(header.seq, core::mem::take(&mut entries), &ack);
                    if each(number, Answer::Ack(Errno(ack.errno.into()))) {
                        let msg = ack.msg.unwrap_or_default();
                        self.sentence.clear();
                        let _ = self.sentence.extend_from_slice(msg.get(..limits::KERNEL_TEXT).unwrap_or(msg)); // cut to fit
                    }
                }
            }
        }
        Ok(whole)
    }

    /// Asks one question, whose answer ends with an acknowledgement; tells whether what it is about has not changed
    /// meanwhile. The batch has to be empty.
    #[inline(never)]
    fn question(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        each: &mut dyn FnMut(Option<&[u8]>),
    ) -> sys::Result<bool> {
        if !self.write(kind, flags, body) {
            return Err(Errno::ENOBUFS);
        }
        let mut refused = Errno(0);
        let whole = self.exchange(limits::RECEIVE, &mut |_, answer| {
            match answer {
                Answer::Ack(errno) => refused = errno,
                Answer::Entry(payload) => each(Some(payload)),
            }
            refused.0 != 0
        })?;
        if refused.0 == 0 { Ok(whole) } else { Err(refused) }
    }

    /// Asks one question that has one answer. The batch has to be empty.
    pub fn ask(&mut self, kind: u16, body: &[u8], answer: &mut dyn FnMut(&[u8])) -> sys::Result<()> {
        self.question(kind, uapi::NLM_F_ACK, body, &mut |payload| answer(payload.unwrap_or_default())).map(|_| ())
    }

    /// The index of the interface of that name. Errors: `ENODEV`.
    pub fn index(&self, name: &[u8]) -> sys::Result<u32> {
        net::interface_index(&self.fd, name)
    }

    /// Asks one question, and for a table, at once. `each` gets the entries: of the first (true), and of the table; tells whether
    /// that did not change meanwhile. The batch has to be empty.
    #[inline(never)]
    pub fn ask_and_dump(
        &mut self,
        kind: u16,
        question: &[u8],
        table: &[u8],
        each: &mut dyn FnMut(bool, &[u8]),
    ) -> sys::Result<bool> {
        if !self.write(kind, uapi::NLM_F_ACK, question) || !self.write(kind, uapi::NLM_F_DUMP, table) {
            return Err(Errno::ENOBUFS);
        }
        let mut refused = Errno(0);
        // The answer, its acknowledgement, the table and its end: four are all of a small one.
        let whole = self.exchange(limits::RECEIVE / 2, &mut |number, answer| {
            match answer {
                Answer::Ack(Errno(0)) => {}
                Answer::Ack(errno) => refused = errno,
                Answer::Entry(payload) => each(number == 0, payload),
            }
            refused.0 != 0
        })?;
        if refused.0 == 0 { Ok(whole) } else { Err(refused) }
    }

    /// Asks for a whole table. `each` gets every entry; `None` says that the table changed meanwhile and that all of it
    /// comes again. The batch has to be empty.
    #[inline(never)]
    pub fn dump(&mut self, kind: u16, body: &[u8], each: &mut dyn FnMut(Option<&[u8]>)) -> sys::Result<()> {
        /// How often a table may change while it is read.
        const TRIES: usize = 16;
        for _ in 0..TRIES {
            if self.question(kind, uapi::NLM_F_DUMP, body, each)? {
                return Ok(());
            }
            each(None);
        }
        Err(Errno::EBUSY)
    }

    /// Asks for a whole table, and keeps it: for [`Bodies`].
    #[inline(never)]
    pub fn dump_all(&mut self, kind: u16, body: &[u8]) -> sys::Result<List<u8>> {
        let mut all = List::new();
        let mut grown = Ok(());
        self.dump(kind, body, &mut |entry| match entry {
            None => all.clear(),
            Some(entry) => {
                let len = u32::try_from(entry.len()).unwrap_or(0).to_ne_bytes();
                grown = grown.and_then(|()| all.extend(&len)).and_then(|()| all.extend(entry));
            }
        })?;
        grown.map(|()| all)
    }
}

/// The bodies of a table's messages, each behind its length of 32 bits in the order of the processor: see
/// [`Rtnl::dump_all`].
#[derive(Clone, Copy)]
pub struct Bodies<'b>(&'b [u8]);

impl<'b> Bodies<'b> {
    /// Those that were kept.
    pub fn of(kept: &'b List<u8>) -> Self {
        Self(kept.as_slice())
    }
}

impl<'b> Iterator for Bodies<'b> {
    type Item = &'b [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'b [u8]> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (body, rest) = rest.split_at_checked(usize::try_from(u32::from_ne_bytes(*len)).ok()?)?;
        self.0 = rest;
        Some(body)
    }
}

/// Tells of an answer, where that is wished for.
#[inline(never)]
fn tell_ack(seq: u32, entries: u32, ack: &Ack<'_>) {
    if log::tells(2) {
        log::message(&|out| {
            out.str("< ").num(seq);
            if entries > 0 {
                out.str(" entries: ").num(entries).str(",");
            }
            match ack.errno {
                0 => out.str(" ACK"),
                errno => {
                    Errno(errno.into()).render(out.str(" "));
                    out.str(": ").shown(ack.msg.unwrap_or_default())
                }
            };
        });
    }
}

/// What the kernel says to a request.
enum Answer<'a> {
    /// Something that was asked for.
    Entry(&'a [u8]),
    /// That this is all, and how it went: 0 is well.
    Ack(Errno),
}

/// A count of requests as an index.
fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
