//! VRFs as the kernel has them: a VRF by its name, and the interfaces that are its own.

use crate::apply::{any_index, attrs, find, member_index, number, vrf_index, vrf_table, word};
use crate::bind::program::Net;
use crate::error::Errno;
use crate::limits;
use crate::rtnl::Rtnl;
use crate::sys::file;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::uapi;
use crate::wire::msg::Writer;
use crate::wire::tc::{self, Filter};
use crate::wire::{link, query, route};
use core::net::IpAddr;

/// The index of the VRF of that name; 0 for an interface that is no VRF. Errors: `ENODEV` where there is none.
pub fn index(rtnl: &mut Rtnl, name: &[u8]) -> Result<u32, Errno> {
    let mut index = 0;
    ask(rtnl, name, &mut |link| index = vrf_index(link))?;
    Ok(index)
}

/// The index of the interface of that name, likewise.
pub fn link_index(rtnl: &mut Rtnl, name: &[u8]) -> Result<u32, Errno> {
    let mut index = 0;
    ask(rtnl, name, &mut |link| index = any_index(link))?;
    Ok(index)
}

/// Whether a process is in this network namespace; who may not see that is taken to be told the truth.
pub fn shares_network(pid: &[u8]) -> bool {
    let mut path = Path::new();
    let own = file::identity(c"/proc/self/ns/net");
    let theirs = file::identity(path.add(b"/proc/").add(pid).add(b"/ns/net").c_str());
    own == theirs || theirs.is_err()
}

/// Whether the interface of that index is not a VRF. Errors: `ENODEV` where there is none.
#[inline(never)]
pub fn is_plain(rtnl: &mut Rtnl, index: u32) -> Result<bool, Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::link(index, &mut question);
    let mut plain = false;
    rtnl.ask(uapi::RTM_GETLINK, question.bytes(), &mut |link| plain = vrf_index(link) == 0)?;
    Ok(plain)
}

/// Shows `read` what the kernel says of the interface of that name.
#[inline(never)]
pub fn ask(rtnl: &mut Rtnl, name: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::link_by_name(name, &mut question);
    rtnl.ask(uapi::RTM_GETLINK, question.bytes(), read)
}

/// Puts the indices of a VRF's members and its own into an empty list, in ascending order.
#[inline(never)]
pub fn interfaces(rtnl: &mut Rtnl, vrf: u32, list: &mut List<u32>) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::links_of_master(vrf, &mut question);
    let mut grown = list.push(vrf);
    rtnl.dump(uapi::RTM_GETLINK, question.bytes(), &mut |link| match link {
        None => list.truncate(1), // it comes again
        Some(link) => grown = grown.and_then(|()| add_member(link, vrf, list)),
    })?;
    grown?;
    sort(list);
    Ok(())
}

fn add_member(link: &[u8], vrf: u32, list: &mut List<u32>) -> Result<(), Errno> {
    match member_index(link, vrf) {
        0 => Ok(()),
        member => list.push(member),
    }
}

/// By hand: they come almost sorted, and the library's sorting is large.
#[inline(never)]
fn sort(list: &mut List<u32>) {
    let list = list.as_mut_slice();
    for end in 1..list.len() {
        for at in (0..end).rev() {
            match list.get_mut(at..at + 2) {
                Some([low, high]) if *low > *high => core::mem::swap(low, high),
                _ => break,
            }
        }
    }
}

/// What is a VRF's own.
#[derive(Default)]
pub struct Reach {
    /// The indices of its members and its own, in ascending order.
    pub interfaces: List<u32>,
    /// The networks that it reaches by interfaces which it shares with programs outside.
    pub shared: List<Net>,
}

impl Reach {
    /// Takes an interface out of it.
    #[inline(never)]
    pub fn leave(&mut self, index: u32) {
        self.interfaces.remove(index);
        retain(&mut self.shared, &mut |net| net.interface != index);
    }
}

/// Takes out what is not to be kept.
#[inline(never)]
fn retain(nets: &mut List<Net>, keep: &mut dyn FnMut(&Net) -> bool) {
    let mut kept = 0;
    for n in 0..nets.len() {
        let Some(net) = nets.as_slice().get(n).copied() else { break };
        if keep(&net) {
            if let Some(place) = nets.as_mut_slice().get_mut(kept) {
                *place = net;
            }
            kept += 1;
        }
    }
    nets.truncate(kept);
}

/// The preference of the filters that give a VRF its share of what comes in by an interface: behind those of others, to which
/// the kernel gives 49152 and less.
pub const PREF: u16 = 65_000;

/// Finds out what is the own of the VRF of that name; gives its index, 0 for an interface that is no VRF.
#[inline(never)]
pub fn reach(rtnl: &mut Rtnl, name: &[u8], reach: &mut Reach) -> Result<u32, Errno> {
    let (mut index, mut table, mut may_share) = (0, 0, false);
    let Reach { interfaces: list, .. } = reach;
    let number = rtnl.index(name)?;
    let mut rooms = [[0; limits::REQUEST]; 2];
    let [about, of_members] = &mut rooms;
    let (mut about, mut of_members) = (Writer::new(about), Writer::new(of_members));
    query::link(number, &mut about);
    query::links_of_master(number, &mut of_members);
    let mut grown = list.push(number);
    let whole = rtnl.ask_and_dump(uapi::RTM_GETLINK, about.bytes(), of_members.bytes(), &mut |first, link| {
        if first {
            index = vrf_index(link);
            table = vrf_table(attrs(link, link::FIXED)).unwrap_or(0);
            may_share = is_loose(attrs(link, link::FIXED));
        } else {
            grown = grown.and_then(|()| add_member(link, number, list));
        }
    })?;
    if index == 0 {
        return Ok(0);
    }
    grown?;
    if whole {
        sort(list);
    } else {
        list.clear();
        interfaces(rtnl, index, list)?;
    }
    if may_share {
        let Reach { interfaces, shared } = reach;
        networks(rtnl, table, &|oif| !interfaces.as_slice().contains(&oif), shared)?;
        // A route by another interface alone is none that packets come in by.
        let (mut last, mut has, mut asked) = (0, false, Ok(()));
        retain(shared, &mut |net| {
            if net.interface != last {
                last = net.interface;
                has = false;
                let mut look = |filter: Option<Filter<'_>>| has |= filter.is_some_and(|it| it.is_of(index));
                let done = filters(rtnl, last, tc::INGRESS, &mut look);
                asked = asked.and(done);
            }
            has
        });
        asked?;
    }
    Ok(index)
}

/// Whether a VRF is told not to mind by which interface a source would be reached (`rp_filter` 2): those that share an
/// interface are. It stands in what is asked for anyhow, so that those that do not share need not be asked for more.
///
/// Source: `net/ipv4/devinet.c: inet_fill_link_af`, `uapi/linux/ip.h: IPV4_DEVCONF_RP_FILTER` (8, from 1).
fn is_loose(link: &[u8]) -> bool {
    const INET_CONF: u16 = 1;
    let conf = find(find(find(link, uapi::IFLA_AF_SPEC), uapi::AF_INET.into()), INET_CONF);
    conf.get(28..32) == Some(&2_u32.to_ne_bytes())
}

/// Adds the networks that a table has routes to by the interfaces that `wanted` selects.
#[inline(never)]
pub fn networks(rtnl: &mut Rtnl, table: u32, wanted: &dyn Fn(u32) -> bool, nets: &mut List<Net>) -> Result<(), Errno> {
    for family in [uapi::AF_INET, uapi::AF_INET6] {
        let start = nets.len();
        let mut grown = Ok(());
        let mut room = [0; limits::REQUEST];
        let mut question = Writer::new(&mut room);
        query::routes_of_table(family, table, &mut question);
        let asked = rtnl.dump(uapi::RTM_GETROUTE, question.bytes(), &mut |route| {
            let Some(route) = route else { return nets.truncate(start) };
            let Some(&[of, len, _, _, short, _, _, kind, ..]) = route.first_chunk::<{ route::FIXED }>() else { return };
            let said = attrs(route, route::FIXED);
            let oif = number(said, uapi::RTA_OIF).unwrap_or(0);
            // Without the strict check a dump heeds no filter.
            let own = number(said, uapi::RTA_TABLE).unwrap_or(short.into()) == table && of == family;
            if own && matches!(kind, uapi::RTN_UNICAST | uapi::RTN_MULTICAST) && oif != 0 && wanted(oif) {
                let net = net(oif, family, len, find(said, uapi::RTA_DST));
                if !nets.as_slice().contains(&net) {
                    grown = grown.and_then(|()| nets.push(net));
                }
            }
        });
        match asked {
            // No such table, or no such family.
            Ok(()) | Err(Errno::ENOENT | Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) => grown?,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// A network of that family and length.
pub fn net(interface: u32, family: u8, len: u8, address: &[u8]) -> Net {
    let mut net = Net { interface, v4: family == uapi::AF_INET, len, bytes: [0; 16] };
    net.bytes.iter_mut().zip(address).for_each(|(to, from)| *to = *from);
    net
}

/// The network of a single address.
pub fn host(interface: u32, address: IpAddr) -> Net {
    match address {
        IpAddr::V4(v4) => net(interface, uapi::AF_INET, 32, &v4.octets()),
        IpAddr::V6(v6) => net(interface, uapi::AF_INET6, 128, &v6.octets()),
    }
}

/// Shows `each` the filters of an interface that are programs, and `None` for every other; of one of the two places for filters.
#[inline(never)]
pub fn filters(
    rtnl: &mut Rtnl,
    index: u32,
    parent: u32,
    each: &mut dyn FnMut(Option<Filter<'_>>),
) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    tc::filters(index, parent, &mut question);
    match rtnl.dump(uapi::RTM_GETTFILTER, question.bytes(), &mut |entry| {
        let Some(entry) = entry else { return };
        // What stands for all of our preference goes with the last of them.
        if word(entry, 8) != 0 || word(entry, 16) >> 16 != u32::from(PREF) {
            each(Filter::parse(entry));
        }
    }) {
        // No such place, or a kernel that has none.
        Err(Errno::EINVAL | Errno::ENOENT | Errno::EOPNOTSUPP | Errno::ENODEV) => Ok(()),
        other => other,
    }
}

impl Filter<'_> {
    /// Whether it is the one that gives a VRF its share.
    pub fn is_of(&self, vrf: u32) -> bool {
        self.handle == vrf && self.pref == PREF && self.name.starts_with(b"vlshar_")
    }
}
