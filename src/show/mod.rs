//! `show`: VRFs as they are, whoever made them; and [`explain`]: how a route is found.
//!
//! | file | |
//! |---|---|
//! | [`out`] | text or JSON |
//! | [`services`] | what runs in a VRF |
//! | [`walk`] | how the kernel goes through rules and tables |
//! | [`explain`] | tells that of one address |
//!
//! What JSON holds is described by tests/schema/show.json and its neighbours.

pub mod explain;
pub mod out;
pub mod services;
pub mod walk;

use crate::apply;
use crate::bind::Vrf;
use crate::bytes::before;
use crate::check::{self, Link};
use crate::conf::values::table_name;
use crate::error::Errno;
use crate::ip::said;
use crate::limits;
use crate::log::{Outcome, refused};
use crate::rtnl::{Bodies, Rtnl};
use crate::sys::args::Strings;
use crate::sys::mem::List;
use crate::text::Buf;
use crate::uapi;
use crate::vrf::{self, Reach};
use crate::wire::attr::{Attrs, find, number, word};
use crate::wire::msg::Writer;
use crate::wire::{addr, query, route, rule};
use out::{Look, Out};
use services::Services;

/// Where the text of a line stands.
const COLUMN: usize = 20;
/// The families, and their versions.
const FAMILIES: [(u8, u32); 2] = [(uapi::AF_INET, 4), (uapi::AF_INET6, 6)];
/// Kinds of routes.
const KINDS: &[u8] = b"unicast local broadcast anycast multicast blackhole unreachable prohibit throw";

/// The name of a kind of routes.
#[inline(never)]
fn kind_name(kind: u8) -> &'static [u8] {
    let mut rest = KINDS;
    for _ in 1..kind {
        rest = rest.get(before(rest, b' ').len() + 1..).unwrap_or(b"?");
    }
    before(rest, b' ')
}

/// The kernel, and its interfaces.
struct Kernel {
    rtnl: Rtnl,
    links: List<Link>,
}

impl Kernel {
    #[inline(never)]
    fn open() -> Result<Self, Errno> {
        let mut rtnl = Rtnl::open()?;
        let links = check::links(&mut rtnl)?;
        Ok(Self { rtnl, links })
    }
}

/// The link of that index.
#[inline(never)]
fn link(links: &[Link], index: u32) -> Option<&Link> {
    links.iter().find(|link| link.index == index)
}

/// The name of an interface.
#[inline(never)]
fn name(links: &[Link], index: u32) -> &[u8] {
    link(links, index).map_or(b"?", Link::name)
}

/// Tells of all VRFs, or of one that is there, and of the rules.
#[inline(never)]
pub fn show(wanted: Option<&[u8]>, json: bool, environment: Strings) -> Outcome {
    let mut out = Out::new(json, environment);
    tell(wanted, &mut out).map_err(|errno| refused("look at", wanted.unwrap_or(b"the VRFs"), errno))?;
    out.finish()
}

#[inline(never)]
fn tell(wanted: Option<&[u8]>, out: &mut Out) -> Result<(), Errno> {
    let mut kernel = Kernel::open()?;
    out.item();
    out.num("version", 1);
    let services = Services::read(out)?;
    let links = core::mem::take(&mut kernel.links);
    let mut count = 0;
    out.list("vrfs");
    for link in links.as_slice().iter().filter(|link| link.table != 0) {
        if wanted.is_none_or(|wanted| wanted == link.name()) {
            count += 1;
            tell_vrf(&mut kernel.rtnl, links.as_slice(), link, &services, out)?;
        }
    }
    out.close();
    out.list("rules");
    if count == 0 && !out.json {
        out.say_line(0, Look::Plain, "there is no VRF");
    } else {
        for (family, version) in FAMILIES {
            tell_rules(&mut kernel.rtnl, links.as_slice(), (family, version), count > 0, out)?;
        }
    }
    out.close();
    out.close();
    Ok(())
}

#[inline(never)]
fn tell_vrf(rtnl: &mut Rtnl, links: &[Link], vrf: &Link, services: &Services, out: &mut Out) -> Result<(), Errno> {
    let mut reach = Reach::default();
    vrf::reach(rtnl, vrf.name(), &mut reach)?;
    let Reach { interfaces, shared } = &reach;
    out.line(0, Look::Head);
    out.item();
    out.text("name|VRF ", vrf.name());
    out.num("table|, table ", vrf.table);
    out.num("index|, interface ", vrf.index);
    out.say(", ");
    tell_link(rtnl, vrf, out)?;
    out.list("members");
    let members = links.iter().filter(|link| link.master == vrf.index);
    for member in members.clone() {
        out.row();
        out.item();
        out.text("name|", member.name());
        out.num("index", member.index);
        out.pad(COLUMN);
        out.say("member, ");
        tell_link(rtnl, member, out)?;
        out.close();
    }
    out.close();
    out.list("shared");
    for net in shared.as_slice() {
        out.row();
        out.item();
        out.text("interface|", name(links, net.interface));
        out.pad(COLUMN);
        let bytes = if net.v4 { net.bytes.get(..4).unwrap_or_default() } else { &net.bytes };
        out.ip("network|shared with programs outside, ", bytes, net.len);
        out.close();
    }
    out.close();
    if shared.is_empty() && members.count() == 0 {
        out.fault(vrf.name(), b"no interface is a member: nothing gets in or out");
    }
    let mut lone = 0;
    out.list("routes");
    for (family, _) in FAMILIES {
        each_route(rtnl, family, vrf.table, &mut |route| {
            let kind = walk::found(route).kind;
            // Those that come with addresses are told by them.
            if out.json || !matches!(kind, uapi::RTN_LOCAL..=uapi::RTN_MULTICAST) {
                out.row();
                out.say("route");
                out.pad(COLUMN);
                tell_route("", links, route, out);
                out.end();
            }
            route::nexthops(route, &mut |hop| {
                let knows = shared.as_slice().iter().any(|net| net.interface == hop.oif);
                if hop.oif > 1 && !knows && !interfaces.as_slice().contains(&hop.oif) && hop.oif != lone {
                    lone = hop.oif;
                    out.fault(
                        name(links, hop.oif),
                        b"it is not a member: what is sent by it gets no answer; vrf, or vrf-shared, would change that",
                    );
                }
            });
        })?;
    }
    out.close();
    let of = Vrf { name: vrf.name(), index: vrf.index, interfaces: interfaces.as_slice(), shared: shared.as_slice() };
    services.tell(&of, out)?;
    out.tell_faults(2);
    out.close();
    Ok(())
}

/// How a link is, and its addresses; ends the line.
#[inline(never)]
fn tell_link(rtnl: &mut Rtnl, link: &Link, out: &mut Out) -> Result<(), Errno> {
    out.word("state|", link.state());
    if !link.is_up() {
        out.fault(link.name(), b"down");
    }
    out.list("addresses");
    each_address(rtnl, link.index, 0, &mut |own, len| out.ip("|, ", own, len))?;
    out.close();
    out.end();
    Ok(())
}

/// Gives `each` the addresses of an interface or (0) of all, of a family or (0) of both, with the lengths of their networks.
#[inline(never)]
fn each_address(rtnl: &mut Rtnl, index: u32, family: u8, each: &mut dyn FnMut(&[u8], u8)) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::addrs_of_link(family, index, &mut question);
    rtnl.dump(uapi::RTM_GETADDR, question.bytes(), &mut |addr| {
        let addr = addr.unwrap_or_default(); // those that have come do no harm if they come again
        let attrs = apply::attrs(addr, addr::FIXED);
        let own = match find(attrs, uapi::IFA_LOCAL) {
            b"" => find(attrs, uapi::IFA_ADDRESS),
            own => own,
        };
        if !own.is_empty() && (index == 0 || word(addr, addr::INDEX) == index) {
            each(own, addr.get(addr::LEN).copied().unwrap_or(0));
        }
    })
}

/// Gives `each` the routes of a table.
#[inline(never)]
fn each_route(rtnl: &mut Rtnl, family: u8, table: u32, each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::routes_of_table(family, table, &mut question);
    match rtnl.dump(uapi::RTM_GETROUTE, question.bytes(), &mut |route| {
        if let Some(route) = route.filter(|route| route.first() == Some(&family) && walk::table(route) == table) {
            each(route);
        }
    }) {
        // No such table, or no such family.
        Err(Errno::ENOENT | Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) => Ok(()),
        other => other,
    }
}

/// Tells of a route, on the line at hand.
#[inline(never)]
fn tell_route(key: &str, links: &[Link], route: &[u8], out: &mut Out) {
    let &[_, len, _, _, _, _, _, kind, ..] = route else { return };
    let attrs = route.get(route::FIXED..).unwrap_or_default();
    out.object(key);
    if kind == uapi::RTN_UNICAST {
        out.text("type", kind_name(kind));
    } else {
        out.text("type|", kind_name(kind));
        out.say(" ");
    }
    if len == 0 {
        out.word("to|", "default");
    }
    out.ip("to|", find(attrs, uapi::RTA_DST), len);
    let many = !find(attrs, uapi::RTA_MULTIPATH).is_empty();
    let mut dead = kind == uapi::RTN_UNICAST;
    if many {
        out.list("nexthops");
    }
    route::nexthops(route, &mut |hop| {
        if many {
            out.item();
            out.num("weight| nexthop weight ", hop.weight);
        }
        out.ip("via| via ", hop.via, 255);
        if hop.oif != 0 {
            out.text("dev| dev ", name(links, hop.oif));
        }
        let is_dead = hop.flags & uapi::RTNH_F_DEAD != 0;
        dead &= is_dead;
        if is_dead {
            out.say(" (dead)");
        }
        if many {
            out.close();
        }
    });
    if many {
        out.close();
    }
    if let Some(metric) = number(attrs, uapi::RTA_PRIORITY) {
        out.num("metric| metric ", metric);
    }
    out.ip("source| source ", find(attrs, uapi::RTA_PREFSRC), 255);
    if dead {
        out.flag("dead", true);
    }
    out.close();
}

#[inline(never)]
fn tell_rules(
    rtnl: &mut Rtnl,
    links: &[Link],
    (family, version): (u8, u32),
    judged: bool,
    out: &mut Out,
) -> Result<(), Errno> {
    let (mut room, mut faults) = ([0; limits::LINE], List::new());
    if !check::rules(rtnl, family, links, &mut Buf::new(&mut room), &mut faults)? {
        return Ok(());
    }
    let rules = read_rules(rtnl, family)?;
    out.line(0, Look::Head);
    out.item();
    out.num("family|rules of IPv", version);
    out.say(", in the order in which they are asked");
    out.list("rules");
    for rule in Bodies::of(&rules) {
        out.row();
        tell_rule(rule, out);
        out.close();
        out.end();
    }
    out.close();
    // Without a VRF they are nobody's fault.
    if !judged {
        faults.clear();
    }
    out.fault(if version == 4 { b"IPv4 rules" } else { b"IPv6 rules" }, faults.as_slice());
    out.tell_faults(2);
    out.close();
    Ok(())
}

/// The rules of a family, for [`Bodies`].
fn read_rules(rtnl: &mut Rtnl, family: u8) -> Result<List<u8>, Errno> {
    rtnl.dump_all(uapi::RTM_GETRULE, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

/// Tells of a rule, on the line at hand; its object stays open.
#[inline(never)]
fn tell_rule(rule: &[u8], out: &mut Out) {
    out.item();
    out.num("priority|", walk::pref(rule));
    out.pad(9);
    let mut room = [0; limits::LINE];
    let mut text = Buf::new(&mut room);
    put_selector(rule, &mut text);
    let selector = text.as_bytes();
    match selector.strip_prefix(b"from all").unwrap_or(selector).trim_ascii_start() {
        b"" => out.text("selector", b""),
        selector => {
            out.text("selector|", selector);
            out.say(": ");
        }
    }
    let attrs = rule.get(rule::FIXED..).unwrap_or_default();
    let l3mdev = !find(attrs, uapi::FRA_L3MDEV).is_empty();
    match walk::action(rule) {
        uapi::FR_ACT_TO_TBL => {
            out.word("action|", "lookup");
            let table = walk::table(rule);
            if l3mdev {
                out.say(" the VRF's table");
            } else if table_name(table).is_empty() {
                out.num("table| table ", table);
            } else {
                out.num("table", table);
                out.say(" ");
                out.say_name(table_name(table));
            }
            if let Some(len) = number(attrs, uapi::FRA_SUPPRESS_PREFIXLEN).filter(|len| *len != u32::MAX) {
                out.num("suppress_prefixlength| if its prefix is longer than /", len);
            }
            if let Some(group) = number(attrs, uapi::FRA_SUPPRESS_IFGROUP) {
                out.num("suppress_ifgroup| unless by an interface of group ", group);
            }
        }
        uapi::FR_ACT_GOTO => {
            out.word("action|", "goto");
            out.num("goto| ", number(attrs, uapi::FRA_GOTO).unwrap_or(0));
        }
        uapi::FR_ACT_NOP => out.word("action|", "nop"),
        uapi::FR_ACT_BLACKHOLE => out.word("action|", "blackhole"),
        uapi::FR_ACT_PROHIBIT => out.word("action|", "prohibit"),
        _ => out.word("action|", "unreachable"),
    }
}

/// Whom a rule is for, as iproute2 says it; nothing where it is for all.
#[inline(never)]
fn put_selector(rule: &[u8], out: &mut Buf<'_>) {
    said::put_selector(rule, "l3mdev", out);
    for attr in Attrs::new(rule.get(rule::FIXED..).unwrap_or_default()) {
        match attr.kind {
            uapi::FRA_SPORT_MASK | uapi::FRA_DPORT_MASK if attr.u16() == Some(u16::MAX) => {}
            uapi::FRA_DST
            | uapi::FRA_SRC
            | uapi::FRA_IIFNAME
            | uapi::FRA_OIFNAME
            | uapi::FRA_PRIORITY
            | uapi::FRA_FWMARK
            | uapi::FRA_FWMASK
            | uapi::FRA_TABLE
            | uapi::FRA_PROTOCOL
            | uapi::FRA_SUPPRESS_PREFIXLEN
            | uapi::FRA_SUPPRESS_IFGROUP
            | uapi::FRA_GOTO
            | uapi::FRA_PAD
            | uapi::FRA_L3MDEV
            | uapi::FRA_UID_RANGE
            | uapi::FRA_IP_PROTO
            | uapi::FRA_SPORT_RANGE
            | uapi::FRA_DPORT_RANGE => {}
            other => {
                out.str(" attribute ").num(other.into());
            }
        }
    }
}
