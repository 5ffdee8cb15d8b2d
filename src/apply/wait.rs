//! Waiting: for an interface to appear, for its carrier, and until its IPv6 addresses are known to be nobody else's.
//!
//! By events, for no longer than `--wait` says; after a second it is said what is waited for.

use super::{Apply, attrs, number, own_address, word};
use crate::error::{Errno, Error, Exit, What, Why};
use crate::ip;
use crate::log::{self, Outcome, refused, say};
use crate::record;
use crate::rtnl::Rtnl;
use crate::sys::time;
use crate::text::Buf;
use crate::uapi;
use crate::wire::msg::Writer;
use crate::wire::{addr, link, query};

/// After so long it is said what is waited for, milliseconds.
const TELL_MS: u64 = 1000;
/// The same for duplicate address detection, which usually takes two seconds: a second, after up to a second at random.
const TELL_DETECTION_MS: u64 = 3000;
/// What that is called.
const DETECTION: &str = "the end of duplicate address detection on ";

/// Something that is waited for.
struct Wait {
    events: Rtnl,
    start: u64,
    timeout_ms: u64,
    told: bool,
}

impl Wait {
    fn new(groups: &[u32], timeout_ms: u32) -> Result<Self, Errno> {
        let events = Rtnl::open_plain()?;
        events.subscribe(groups)?;
        Ok(Self { events, start: time::now_ms(), timeout_ms: timeout_ms.into(), told: false })
    }

    /// Waits until something has happened; false when the time is over.
    #[inline(never)]
    fn next(&mut self, what: &str, name: &[u8]) -> Result<bool, Errno> {
        let waited = time::now_ms().saturating_sub(self.start);
        if waited >= self.timeout_ms {
            return Ok(false);
        }
        let tell_ms = if what == DETECTION { TELL_DETECTION_MS } else { TELL_MS };
        if waited >= tell_ms && !self.told {
            self.told = true;
            log::message(&|out| {
                out.str("waiting for ").str(what).shown(name).str(", up to ").num(self.seconds()).str(" s");
            });
        }
        let until = if self.told { self.timeout_ms } else { self.timeout_ms.min(tell_ms) };
        self.events.wait_event(u32::try_from(until.saturating_sub(waited)).unwrap_or(u32::MAX))?;
        Ok(true)
    }

    fn seconds(&self) -> u32 {
        u32::try_from(self.timeout_ms / 1000).unwrap_or(u32::MAX)
    }
}

impl Apply {
    /// Waits until there is an interface of that name.
    #[inline(never)]
    pub fn wait_for(&mut self, name: &[u8], timeout_ms: u32) -> Result<(), Errno> {
        let mut wait = Wait::new(&[uapi::RTNLGRP_LINK], timeout_ms)?;
        loop {
            // Asked after subscribing: an interface that appears in between is not missed.
            match self.link(name) {
                Err(Errno::ENODEV) if wait.next("interface ", name)? => {}
                other => return other,
            }
        }
    }

    /// Waits until the interfaces that lines of the record from `start` on are about have what they need: those with new IPv6
    /// addresses the end of duplicate address detection; and with `carriers` those that have been brought up a carrier. What does
    /// not come in time is said and no error; an address that another machine has is one.
    #[inline(never)]
    pub fn settle(&mut self, start: usize, timeout_ms: u32, carriers: bool) -> Outcome {
        let lines = self.record.copy().map_err(Self::unrecorded)?;
        let mut wait = None;
        let mut outcome = Ok(());
        let mut end = lines.len();
        while let Some((at, _, command)) = record::line_before(lines, end).filter(|(at, ..)| *at >= start) {
            end = at;
            let is_new =
                command.starts_with(b"ip addr del ") && command.contains(&b':') && !command.ends_with(b" nodad");
            let is_up =
                carriers && timeout_ms > 0 && command.starts_with(b"ip link set ") && command.ends_with(b" down");
            if !is_new && !is_up {
                continue;
            }
            let Some(name) = ip::request(command).map(|request| request.dev) else { continue };
            outcome = outcome.and(self.settle_one(name, is_up, timeout_ms, &mut wait));
        }
        outcome
    }

    #[inline(never)]
    fn settle_one(&mut self, name: &[u8], carrier: bool, timeout_ms: u32, wait: &mut Option<Wait>) -> Outcome {
        let failed = |errno| refused("wait for", name, errno);
        loop {
            let (mut index, mut flags) = (0, 0);
            match self.look(name, &mut |link| {
                index = super::any_index(link);
                flags = word(link, link::FLAGS);
            }) {
                Err(Errno::ENODEV) => return Ok(()), // it has gone since
                other => other.map_err(failed)?,
            }
            let mut what = "";
            if carrier && flags & uapi::IFF_LOWER_UP == 0 {
                what = "the carrier of ";
            } else if !carrier && self.is_unsure(index, name)? {
                what = if flags & uapi::IFF_LOWER_UP == 0 { "the carrier of " } else { DETECTION };
            }
            if what.is_empty() || timeout_ms == 0 {
                return Ok(());
            }
            let wait = match wait {
                Some(wait) => wait,
                None => {
                    let groups = [uapi::RTNLGRP_LINK, uapi::RTNLGRP_IPV6_IFADDR];
                    *wait = Some(Wait::new(&groups, timeout_ms).map_err(failed)?);
                    continue; // what has happened before it was listened for is seen now
                }
            };
            if !wait.next(what, name).map_err(failed)? {
                log::message(&|out| {
                    out.str(what).shown(name).str(" has not come within ").num(wait.seconds()).str(" s");
                });
                return Ok(());
            }
        }
    }

    /// Whether an interface has addresses of which it is not known yet whether another machine has them. It is an error if one
    /// has.
    #[inline(never)]
    fn is_unsure(&mut self, index: u32, name: &[u8]) -> Outcome<bool> {
        let mut room = [0; 64];
        let mut question = Writer::new(&mut room);
        query::addrs_of_link(uapi::AF_INET6, index, &mut question);
        let (mut unsure, mut lost) = (false, None);
        let asked = self.rtnl.dump(uapi::RTM_GETADDR, question.bytes(), &mut |entry| {
            let entry = entry.unwrap_or_default();
            if word(entry, addr::INDEX) == index {
                let flags = number(attrs(entry, addr::FIXED), uapi::IFA_FLAGS).unwrap_or(0);
                unsure |= flags & uapi::IFA_F_TENTATIVE != 0 && flags & uapi::IFA_F_DADFAILED == 0;
                if flags & uapi::IFA_F_DADFAILED != 0 {
                    lost = own_address(attrs(entry, addr::FIXED));
                }
            }
        });
        asked.map_err(|errno| refused("look at", name, errno))?;
        let Some(address) = lost else { return Ok(unsure) };
        let mut room = [0; 64];
        let mut text = Buf::new(&mut room);
        text.ip(address);
        let why = Why::Of("another machine has its address ", text.as_bytes());
        say(&Error { why, ..Error::system(What::Deed("use interface", name), Errno::EPROTO) });
        Err(Exit::System)
    }
}
