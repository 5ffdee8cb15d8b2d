//! What an interface loses when it becomes a member of a VRF or leaves one: the kernel takes it down and up again, and with
//! that go its IPv6 addresses and the routes that somebody made through it. It is written down before and made again
//! after, in the table that the interface's routes are in then.
//!
//! Static addresses are never gone, not even for a moment: `keep_addr_on_down` (Linux 4.6) is on meanwhile. Not kept: what the
//! kernel makes again by itself (link-local addresses, connected routes, what routers announce), temporary addresses,
//! and routes with more than one next hop.
//!
//! Source: `drivers/net/vrf.c: cycle_netdev`, `Documentation/networking/ip-sysctl.rst`.

use crate::error::Errno;
use crate::limits;
use crate::rtnl::Rtnl;
use crate::sys::file;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::uapi;
use crate::wire::attr::Attrs;
use crate::wire::msg::Writer;
use crate::wire::{addr, query, route};

/// `RT_SCOPE_LINK`
const LINK: u8 = 253;
/// `IFA_F_TEMPORARY`; `IFA_F_NODAD`; `IFA_F_TENTATIVE | IFA_F_DADFAILED`.
const TEMPORARY: u8 = 1;
const NODAD: u8 = 2;
const UNSURE: u8 = 0x48;
/// `RTPROT_REDIRECT`, `RTPROT_KERNEL`, `RTPROT_RA`: the kernel's own.
const KERNELS: [u8; 3] = [1, 2, 9];
/// `RTNH_F_DEAD | RTNH_F_LINKDOWN`
const DOWN: u8 = 0x11;

/// What an interface had.
pub struct Kept {
    /// Requests that make it again: kind, length, body.
    requests: List<u8>,
    /// What `keep_addr_on_down` was; 0 where there is none.
    was: u8,
    switch: Path,
}

impl Kept {
    /// Writes down what an interface has, whose routes are in that table.
    #[inline(never)]
    pub fn take(rtnl: &mut Rtnl, name: &[u8], index: u32, table: u32) -> Result<Self, Errno> {
        let mut kept = Self { requests: List::new(), was: 0, switch: Path::new() };
        kept.switch.add(b"/proc/sys/net/ipv6/conf/").add(name).add(b"/keep_addr_on_down");
        let mut value = [0; 4];
        // Without IPv6 there is no such switch, and nothing to keep.
        if let Ok([was @ b'0', ..]) = file::open(kept.switch.c_str()).and_then(|fd| file::read_all(&fd, &mut value)) {
            kept.was = *was;
            let _ = kept.set(b"1"); // what it does not keep is made again
        }
        let mut room = [0; limits::REQUEST];
        let mut question = Writer::new(&mut room);
        query::addrs_of_link(uapi::AF_INET6, index, &mut question);
        let mut grown = Ok(());
        rtnl.dump(uapi::RTM_GETADDR, question.bytes(), &mut |address| match address {
            None => kept.requests.clear(),
            Some([_, _, flags, scope, number @ ..])
                if number.starts_with(&index.to_ne_bytes()) && *scope != LINK && flags & TEMPORARY == 0 =>
            {
                grown = grown.and_then(|()| kept.add(uapi::RTM_NEWADDR, address.unwrap_or_default()));
            }
            Some(_) => {}
        })?;
        for family in [uapi::AF_INET, uapi::AF_INET6] {
            let start = kept.requests.len();
            let mut question = Writer::new(&mut room);
            query::routes_of_table(family, table, &mut question);
            let asked = rtnl.dump(uapi::RTM_GETROUTE, question.bytes(), &mut |route| {
                let Some(route) = route else { return kept.requests.truncate(start) };
                if is_somebodys(route, index) {
                    grown = grown.and_then(|()| kept.add(uapi::RTM_NEWROUTE, route));
                }
            });
            match asked {
                // No such table, or no such family.
                Ok(()) | Err(Errno::ENOENT | Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) => {}
                Err(errno) => return Err(errno),
            }
        }
        grown.map(|()| kept)
    }

    fn set(&mut self, value: &[u8]) -> Result<(), Errno> {
        file::open_write(self.switch.c_str()).and_then(|fd| file::write_all(&fd, value))
    }

    #[inline(never)]
    fn add(&mut self, kind: u16, body: &[u8]) -> Result<(), Errno> {
        if body.len() > limits::REQUEST {
            return Ok(()); // no address or route with one next hop is as long
        }
        self.requests.extend(&kind.to_ne_bytes())?;
        self.requests.extend(&u16::try_from(body.len()).unwrap_or(0).to_ne_bytes())?;
        self.requests.extend(body)
    }

    /// Makes it again, routes in that table. What is there is left; what cannot be made any more is passed over.
    #[inline(never)]
    pub fn give(mut self, rtnl: &mut Rtnl, table: u32) -> Result<(), Errno> {
        let mut rest = self.requests.as_slice();
        while let [a, b, c, d, more @ ..] = rest {
            let (kind, len) = (u16::from_ne_bytes([*a, *b]), usize::from(u16::from_ne_bytes([*c, *d])));
            let mut room = [0; limits::REQUEST];
            let body = room.get_mut(..len).unwrap_or_default();
            body.iter_mut().zip(more).for_each(|(to, from)| *to = *from);
            if kind == uapi::RTM_NEWADDR {
                sure(body)
            } else {
                moved(body, table)
            }
            if !rtnl.push(kind, uapi::NLM_F_CREATE | uapi::NLM_F_EXCL, body) {
                rtnl.flush(&mut |_, _| false)?;
                rtnl.push(kind, uapi::NLM_F_CREATE | uapi::NLM_F_EXCL, body);
            }
            rest = more.get(len..).unwrap_or_default();
        }
        if rtnl.pending() > 0 {
            rtnl.flush(&mut |_, _| false)?;
        }
        if self.was != 0 { self.set(b"0") } else { Ok(()) }
    }
}

/// Whether a route goes through that interface alone, and somebody else than the kernel made it.
fn is_somebodys(route: &[u8], index: u32) -> bool {
    let [_, _, _, _, _, protocol, _, kind, ..] = route else { return false };
    !KERNELS.contains(protocol)
        && *kind == uapi::RTN_UNICAST
        && Attrs::new(route.get(route::FIXED..).unwrap_or_default())
            .any(|attr| attr.kind == uapi::RTA_OIF && attr.payload == index.to_ne_bytes())
}

/// The bytes of an attribute's number of 32 bits in a body.
fn field(body: &mut [u8], fixed: usize, kind: u16) -> Option<&mut [u8]> {
    let attrs = body.get(fixed..)?;
    let found = Attrs::new(attrs).find(|attr| attr.kind == kind)?;
    let at = fixed + (found.payload.as_ptr().addr() - attrs.as_ptr().addr());
    body.get_mut(at..at + 4)
}

/// The address has been there: nobody else has it.
fn sure(body: &mut [u8]) {
    let fix = |flags: &mut u8| *flags = *flags & !UNSURE | NODAD;
    if let Some(flags) = body.get_mut(2) {
        fix(flags);
    }
    let lowest = if cfg!(target_endian = "little") { 0 } else { 3 };
    if let Some(flags) = field(body, addr::FIXED, uapi::IFA_FLAGS).and_then(|field| field.get_mut(lowest)) {
        fix(flags);
    }
}

/// The route is in another table, and its interface is up.
fn moved(body: &mut [u8], table: u32) {
    if let Some(short) = body.get_mut(4) {
        *short = u8::try_from(table).unwrap_or(0);
    }
    let lowest = if cfg!(target_endian = "little") { 8 } else { 11 };
    if let Some(flags) = body.get_mut(lowest) {
        *flags &= !DOWN;
    }
    if let Some(field) = field(body, route::FIXED, uapi::RTA_TABLE) {
        field.copy_from_slice(&table.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_changes_its_table() {
        let mut body = [2, 0, 0, 0, 254, 3, 0, 1, 0x15, 0, 0, 0, 8, 0, 15, 0, 254, 0, 0, 0, 8, 0, 4, 0, 7, 0, 0, 0];
        assert!(is_somebodys(&body, 7));
        assert!(!is_somebodys(&body, 8));
        moved(&mut body, 1000);
        assert_eq!(body.get(4), Some(&0));
        assert_eq!(body.get(8), Some(&4));
        assert_eq!(body.get(16..20), Some(&1000_u32.to_ne_bytes()[..]));
        for kernels in KERNELS {
            let mut route = body;
            if let Some(protocol) = route.get_mut(5) {
                *protocol = kernels;
            }
            assert!(!is_somebodys(&route, 7));
        }
    }

    #[test]
    fn an_address_is_not_doubted_again() {
        let mut body = [10, 64, 0xc8, 0, 7, 0, 0, 0, 8, 0, 8, 0, 0xc8, 1, 0, 0];
        sure(&mut body);
        assert_eq!(body.get(2), Some(&0x82));
        assert_eq!(body.get(12..14), Some(&[0x82, 1][..]));
        sure(&mut []);
    }
}
