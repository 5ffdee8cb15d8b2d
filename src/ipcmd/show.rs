//! `ip link`, `ip addr`, `ip route`, `ip rule` and `ip neigh` without a verb or with `show`: the text of iproute2 6.1.
//!
//! ```text
//! ip [-4 | -6] [-o] [-br] { link | addr } [show] [[dev] NAME] [up] [master M | vrf M] [type KIND]
//! ip [-4 | -6] [-o] route [show] [[to] [exact] PREFIX] [table { T | all } | vrf M] [dev NAME]
//! ip [-4 | -6] [-o] rule [show]
//! ip [-4 | -6] [-o] neigh [show] [dev NAME]
//! ```
//! Anything else is not known here. Names of numbers are those built in, not those of /etc/iproute2.
//!
//! Source: `ip/ipaddress.c`, `ip/iproute.c`, `ip/iprule.c`, `ip/ipneigh.c`, `lib/utils.c` of iproute2.

use crate::conf::values::{self, PROTOS, SCOPES, TABLES, name_of};
use crate::conf::words::Words;
use crate::error::Errno;
use crate::ip::said::{TYPES, put_action, put_name, put_prefix, put_selector};
use crate::log::{Outcome, print};
use crate::rtnl::{Bodies, Rtnl};
use crate::sys::args::Strings;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::{self, file};
use crate::text::Buf;
use crate::uapi;
use crate::wire::attr::{Attrs, find, ip, number, text, word};
use crate::wire::msg::Writer;
use crate::wire::{addr, link, query, route};
use core::ffi::CStr;

/// Objects, by the letters that stand for them here, in the order in which iproute2 compares them.
const OBJECTS: [(&[u8], u8); 6] =
    [(b"address", b'a'), (b"route", b'r'), (b"rule", b'u'), (b"neighbor", b'n'), (b"neighbour", b'n'), (b"link", b'l')];

/// What is asked for.
#[derive(Default)]
struct Asked<'a> {
    /// As in [`OBJECTS`].
    object: u8,
    family: u8,
    /// In one line each.
    oneline: bool,
    /// As a table.
    brief: bool,
    up: bool,
    dev: &'a [u8],
    master: &'a [u8],
    kind: &'a [u8],
    /// The table that is named; 0 for all.
    table: Option<u32>,
    /// A destination: the word.
    to: &'a [u8],
}

/// Why nothing is shown.
enum Wrong<'a> {
    /// It is not known here.
    Unknown,
    /// There is no such interface.
    NoDevice(&'a [u8]),
    Refused(Errno),
}

impl From<Errno> for Wrong<'_> {
    fn from(errno: Errno) -> Self {
        Self::Refused(errno)
    }
}

/// Shows what is asked for; false where that is not known here.
pub fn show(args: Strings) -> Outcome<bool> {
    let Some(asked) = Asked::parse(args) else { return Ok(false) };
    let mut list = List::new();
    match Show::of(&asked).and_then(|mut show| {
        let done = show.all();
        list = show.out;
        done
    }) {
        Ok(()) => print(list.as_slice()).map(|()| true),
        Err(Wrong::Unknown) => Ok(false),
        Err(Wrong::NoDevice(name)) => Err(super::wrong(name, "there is no such interface")),
        Err(Wrong::Refused(errno)) => Err(super::refused(errno)),
    }
}

/// Whether the word is a beginning of one of those.
fn begins(word: &[u8], names: &[&[u8]]) -> bool {
    !word.is_empty() && names.iter().any(|name| name.starts_with(word))
}

impl<'a> Asked<'a> {
    #[inline(never)]
    fn parse(args: Strings) -> Option<Self> {
        let mut asked = Self::default();
        let mut words = args.map(CStr::to_bytes);
        let object = loop {
            match words.next()? {
                b"-4" => asked.family = uapi::AF_INET,
                b"-6" => asked.family = uapi::AF_INET6,
                b"-o" | b"-oneline" => asked.oneline = true,
                b"-br" | b"-brief" => asked.brief = true,
                [b'-', ..] => return None,
                object => break object,
            }
        };
        asked.object = OBJECTS.iter().find(|(name, _)| begins(object, &[name]))?.1;
        // Of `address` and `link` the words are the same.
        let is_link = matches!(asked.object, b'a' | b'l');
        if let Some(verb) = words.next() {
            // `ip link s` is `set`.
            if !begins(verb, &[b"show", b"list", b"lst"]) || asked.object == b'l' && verb == b"s" {
                return None;
            }
        }
        while let Some(word) = words.next() {
            match word {
                b"up" if is_link => asked.up = true,
                b"type" if is_link => asked.kind = words.next()?,
                b"master" | b"vrf" if is_link => asked.master = words.next()?,
                b"vrf" if asked.object == b'r' => asked.master = words.next()?,
                b"table" if asked.object == b'r' => {
                    asked.table = Some(match words.next()? {
                        b"all" => 0,
                        name => values::table(name).ok()?,
                    });
                }
                b"dev" | b"oif" if asked.object != b'u' => asked.dev = words.next()?,
                b"to" | b"exact" if asked.object == b'r' => {}
                // A keyword of iproute2 that is not known here is not a name: it would be missed.
                name if is_link && asked.dev.is_empty() && values::if_name(name).is_ok() => asked.dev = name,
                to if asked.object == b'r' && asked.to.is_empty() => {
                    asked.to = to;
                    if to != b"default" {
                        let (addr, _) = values::address_len(to).ok()?;
                        let family = if addr.is_ipv4() { uapi::AF_INET } else { uapi::AF_INET6 };
                        if asked.family != 0 && asked.family != family {
                            return None;
                        }
                        asked.family = family;
                    }
                }
                _ => return None,
            }
        }
        if asked.brief && !is_link {
            return None;
        }
        if asked.family == 0 && matches!(asked.object, b'r' | b'u') && asked.table != Some(0) {
            asked.family = uapi::AF_INET;
        }
        Some(asked)
    }
}

/// An interface's index and name.
#[derive(Clone, Copy)]
struct Named {
    index: u32,
    is_up: bool,
    name: [u8; 16],
}

struct Show<'a> {
    asked: &'a Asked<'a>,
    rtnl: Rtnl,
    /// What the kernel says of all links, each behind its length.
    links: List<u8>,
    names: List<Named>,
    /// The index of `dev`, and that of the master; 0 where none is named.
    dev: u32,
    master: u32,
    out: List<u8>,
}

fn attrs(body: &[u8], fixed: usize) -> &[u8] {
    body.get(fixed..).unwrap_or_default()
}

fn byte(body: &[u8], at: usize) -> u8 {
    body.get(at).copied().unwrap_or(0)
}

/// A byte as a number.
fn num(body: &[u8], at: usize) -> u32 {
    byte(body, at).into()
}

/// How the value of an attribute is shown.
#[derive(Clone, Copy)]
enum How {
    Number,
    Text,
    Link,
    Address,
    /// One of those names, each behind its number.
    Name(&'static [u8]),
}

/// What stands before an attribute's value, how that is shown, and the attribute. A blank follows.
type Field = (&'static str, How, u16);

const STATES: &[u8] = b"UNKNOWN 0 NOTPRESENT 1 DOWN 2 LOWERLAYERDOWN 3 TESTING 4 DORMANT 5 UP 6";
const GROUPS: &[u8] = b"default 0";
const HARDWARE: &[u8] =
    b"ether 1 infiniband 32 can 280 ppp 512 ipip 768 tunnel6 769 loopback 772 sit 776 gre 778 gre6 \
823 netlink 824 none 65534";
const METRICS: &[u8] =
    b"mtu 2 window 3 rtt 4 rttvar 5 ssthresh 6 cwnd 7 advmss 8 reordering 9 hoplimit 10 initcwnd 11 \
initrwnd 14 quickack 15";
/// Flags of links in their order, each behind its bit.
const LINK_FLAGS: &[u8] = b"LOOPBACK 3 BROADCAST 1 POINTOPOINT 4 MULTICAST 12 NOARP 7 ALLMULTI 9 PROMISC 8 MASTER 10 \
SLAVE 11 DEBUG 2 DYNAMIC 15 AUTOMEDIA 14 PORTSEL 13 NOTRAILERS 5 UP 0 LOWER_UP 16 DORMANT 17 ECHO 18";
/// The same of addresses, behind the first one, which is another with IPv6. 7 is the bit of those that are not permanent.
const ADDR_FLAGS: &[u8] = b"nodad 1 optimistic 2 dadfailed 3 home 4 deprecated 5 tentative 6 dynamic 7 mngtmpaddr 8 \
noprefixroute 9 autojoin 10 stable-privacy 11";
const ROUTE_FLAGS: &[u8] = b"dead 0 onlink 2 pervasive 1 offload 3 trap 6 linkdown 4 unresolved 5";
const NEIGHBOUR_STATES: &[u8] = b"INCOMPLETE 0 REACHABLE 1 STALE 2 DELAY 3 PROBE 4 FAILED 5 NOARP 6 PERMANENT 7";

const OF_LINK: [Field; 4] = [
    ("mtu ", How::Number, uapi::IFLA_MTU),
    ("qdisc ", How::Text, uapi::IFLA_QDISC),
    ("master ", How::Link, uapi::IFLA_MASTER),
    ("state ", How::Name(STATES), uapi::IFLA_OPERSTATE),
];
const OF_ROUTE: [Field; 2] = [("src ", How::Address, uapi::RTA_PREFSRC), ("metric ", How::Number, uapi::RTA_PRIORITY)];

/// Puts the names of those bits that are set, each with that behind it; takes them away.
#[inline(never)]
fn put_flags(list: &'static [u8], flags: &mut u32, behind: &str, out: &mut Buf<'_>) {
    let mut words = Words::new(list);
    while let (Some(name), Some(digits)) = (words.next(), words.next()) {
        let bit = values::u32_(digits).ok().and_then(|bit| 1_u32.checked_shl(bit)).unwrap_or(0);
        if *flags & bit != 0 {
            *flags &= !bit;
            out.bytes(name).str(behind);
        }
    }
}

/// Puts bytes as a hardware address.
#[inline(never)]
fn put_hardware(bytes: &[u8], out: &mut Buf<'_>) {
    for (n, byte) in bytes.iter().enumerate() {
        out.str(if n > 0 { ":" } else { "" }).hex(u32::from(byte / 16)).hex(u32::from(byte % 16));
    }
}

/// Puts blanks up to a width.
fn pad(out: &mut Buf<'_>, from: usize, width: usize) {
    for _ in out.len() - from..width {
        out.byte(b' ');
    }
}

impl<'a> Show<'a> {
    #[inline(never)]
    fn of(asked: &'a Asked<'a>) -> Result<Self, Wrong<'a>> {
        let mut rtnl = Rtnl::open()?;
        let mut room = [0; 32];
        let mut question = Writer::new(&mut room);
        query::link(0, &mut question);
        let links = rtnl.dump_all(uapi::RTM_GETLINK, question.bytes())?;
        let mut names = List::new();
        for link in Bodies::of(&links) {
            let mut named = Named {
                index: word(link, link::INDEX),
                is_up: word(link, link::FLAGS) & uapi::IFF_UP != 0,
                name: [0; 16],
            };
            for (to, from) in named.name.iter_mut().zip(text(attrs(link, link::FIXED), uapi::IFLA_IFNAME)) {
                *to = *from;
            }
            names.push(named)?;
        }
        let mut show = Self { asked, rtnl, links, names, dev: 0, master: 0, out: List::new() };
        for (name, master) in [(asked.dev, false), (asked.master, true)] {
            if name.is_empty() {
                continue;
            }
            let found = show.names.as_slice().iter().find(|named| named.as_bytes() == name);
            // Where a name may stand for a keyword of iproute2's, it has the last word.
            let Some(index) = found.map(|named| named.index) else { return Err(Wrong::NoDevice(name)) };
            *(if master { &mut show.master } else { &mut show.dev }) = index;
        }
        Ok(show)
    }

    fn all(&mut self) -> Result<(), Wrong<'a>> {
        let family = self.asked.family;
        match self.asked.object {
            b'r' => {
                let table = self.table()?;
                for of in [uapi::AF_INET, uapi::AF_INET6] {
                    if family != 0 && family != of {
                        continue;
                    }
                    let all = self.rtnl.dump_all(uapi::RTM_GETROUTE, &[of, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
                    for body in Bodies::of(&all) {
                        self.entry(&|show, out| show.put_route(body, table, out))?;
                    }
                }
            }
            b'u' => {
                let all = self.rtnl.dump_all(uapi::RTM_GETRULE, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
                for body in Bodies::of(&all) {
                    self.entry(&|_, out| put_rule(body, out))?;
                }
            }
            b'n' => {
                let all = self.rtnl.dump_all(uapi::RTM_GETNEIGH, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
                for body in Bodies::of(&all) {
                    self.entry(&|show, out| show.put_neighbour(body, out))?;
                }
            }
            _ => self.links()?,
        }
        Ok(())
    }

    /// The table whose routes are asked for; 0 for all.
    fn table(&mut self) -> Result<u32, Wrong<'a>> {
        if self.master == 0 {
            return Ok(self.asked.table.unwrap_or(uapi::RT_TABLE_MAIN));
        }
        let master = Bodies::of(&self.links).find(|link| word(link, link::INDEX) == self.master).unwrap_or_default();
        crate::apply::vrf_table(attrs(master, link::FIXED)).ok_or(Wrong::Unknown)
    }

    /// Adds an entry, unless nothing is put.
    #[inline(never)]
    fn entry(&mut self, put: &dyn Fn(&Self, &mut Buf<'_>)) -> Result<(), Errno> {
        let mut room = [0; 2048];
        let mut out = Buf::new(&mut room);
        put(self, &mut out);
        if out.is_empty() {
            return Ok(());
        }
        let len = out.len();
        for byte in room.get_mut(..len).unwrap_or_default() {
            if self.asked.oneline && *byte == b'\n' {
                *byte = b'\\';
            }
        }
        self.out.extend(room.get(..len).unwrap_or_default())?;
        self.out.extend(b"\n")
    }

    /// The name of an interface.
    #[inline(never)]
    fn put_link(&self, index: u32, out: &mut Buf<'_>) {
        match self.names.as_slice().iter().find(|named| named.index == index) {
            Some(named) => out.bytes(named.as_bytes()),
            None => out.str("if").num(index),
        };
    }

    #[inline(never)]
    fn put_fields(&self, attrs: &[u8], fields: &[Field], out: &mut Buf<'_>) {
        for &(before, how, kind) in fields {
            let value = find(attrs, kind);
            if value.is_empty() {
                continue;
            }
            out.str(before);
            let number = || value.try_into().map_or_else(|_| num(value, 0), u32::from_ne_bytes);
            match how {
                How::Number => {
                    out.num(number());
                }
                How::Text => {
                    out.bytes(text(attrs, kind));
                }
                How::Link => self.put_link(number(), out),
                How::Address => put_ip(value, out),
                How::Name(list) => put_name(list, number(), out),
            }
            out.byte(b' ');
        }
    }

    // ---- links and addresses

    #[inline(never)]
    fn links(&mut self) -> Result<(), Wrong<'a>> {
        let Asked { object, family, brief, oneline, .. } = *self.asked;
        let mut addrs = List::new();
        if object == b'a' {
            addrs = self.rtnl.dump_all(uapi::RTM_GETADDR, &[family, 0, 0, 0, 0, 0, 0, 0])?;
        }
        let mut netns = List::new();
        self.names_of_namespaces(&mut netns)?;
        let links = core::mem::take(&mut self.links);
        for link in Bodies::of(&links) {
            let index = word(link, link::INDEX);
            let of = attrs(link, link::FIXED);
            let info = find(of, uapi::IFLA_LINKINFO);
            let is_asked = (self.dev == 0 || self.dev == index)
                && (self.master == 0 || number(of, uapi::IFLA_MASTER) == Some(self.master))
                && (self.asked.kind.is_empty() || text(info, uapi::IFLA_INFO_KIND) == self.asked.kind)
                && (!self.asked.up || word(link, link::FLAGS) & uapi::IFF_UP != 0);
            let has_one = Bodies::of(&addrs).any(|addr| word(addr, addr::INDEX) == index);
            if !is_asked || object == b'a' && family != 0 && !has_one {
                continue;
            }
            if brief {
                self.entry(&|show, out| {
                    show.put_brief(link, out);
                    for addr in Bodies::of(&addrs).filter(|addr| word(addr, addr::INDEX) == index) {
                        put_address(addr, out);
                    }
                })?;
                continue;
            }
            if object == b'l' || !oneline {
                self.entry(&|show, out| show.put_whole(link, netns.as_slice(), out))?;
            }
            for addr in Bodies::of(&addrs).filter(|addr| word(addr, addr::INDEX) == index) {
                self.entry(&|show, out| show.put_addr(addr, out))?;
            }
        }
        Ok(())
    }

    /// The names of network namespaces, each behind the number that this one has for it.
    #[inline(never)]
    fn names_of_namespaces(&mut self, list: &mut List<(u32, [u8; 32])>) -> Result<(), Errno> {
        let Ok(folder) = file::open_dir(c"/run/netns") else { return Ok(()) };
        let rtnl = &mut self.rtnl;
        let mut grown = Ok(());
        file::entries(&folder, &mut |name, _| {
            let mut path = Path::new();
            if let Ok(namespace) = file::open(path.add(b"/run/netns/").add(name).c_str()) {
                let mut room = [0; 16];
                let mut question = Writer::new(&mut room);
                question.push(&[0; 4], &[]);
                question.attr_u32(uapi::NETNSA_FD, sys::number(&namespace).cast_unsigned());
                let mut short = [0; 32];
                short.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
                // One that has no number here is not spoken of.
                let _ = rtnl.ask(uapi::RTM_GETNSID, question.bytes(), &mut |answer| {
                    if let Some(number) = number(attrs(answer, 4), uapi::NETNSA_NSID) {
                        grown = grown.and_then(|()| list.push((number, short)));
                    }
                });
            }
            true
        })?;
        grown
    }

    /// Its name, with what it is on top of.
    fn put_own_name(&self, of: &[u8], out: &mut Buf<'_>) {
        out.bytes(text(of, uapi::IFLA_IFNAME));
        match number(of, uapi::IFLA_LINK) {
            None => {}
            Some(0) => {
                out.str("@NONE");
            }
            Some(index) if !find(of, uapi::IFLA_LINK_NETNSID).is_empty() => {
                out.str("@if").num(index);
            }
            Some(index) => self.put_link(index, out.byte(b'@')),
        }
    }

    /// Puts the flags of a link.
    #[inline(never)]
    fn put_link_flags(&self, link: &[u8], out: &mut Buf<'_>) {
        let of = attrs(link, link::FIXED);
        let mut flags = word(link, link::FLAGS);
        let is_idle = flags & uapi::IFF_UP != 0 && flags & uapi::IFF_RUNNING == 0;
        flags &= !uapi::IFF_RUNNING;
        out.str(if is_idle { "<NO-CARRIER," } else { "<" });
        put_flags(LINK_FLAGS, &mut flags, ",", out);
        // What it is on top of is down.
        let below = number(of, uapi::IFLA_LINK).filter(|_| find(of, uapi::IFLA_LINK_NETNSID).is_empty());
        let below = self.names.as_slice().iter().find(|named| Some(named.index) == below);
        if below.is_some_and(|below| !below.is_up) {
            out.str("M-DOWN,");
        }
        if out.as_bytes().ends_with(b",") {
            out.truncate(out.len() - 1);
        }
        out.str("> ");
    }

    #[inline(never)]
    fn put_brief(&self, link: &[u8], out: &mut Buf<'_>) {
        let of = attrs(link, link::FIXED);
        self.put_own_name(of, out);
        pad(out, 0, 16);
        out.byte(b' ');
        let from = out.len();
        put_name(STATES, num(find(of, uapi::IFLA_OPERSTATE), 0), out);
        pad(out, from, 14);
        out.byte(b' ');
        if self.asked.object == b'l' {
            put_hardware(find(of, uapi::IFLA_ADDRESS), out);
            self.put_link_flags(link, out.byte(b' '));
        }
    }

    #[inline(never)]
    fn put_whole(&self, link: &[u8], netns: &[(u32, [u8; 32])], out: &mut Buf<'_>) {
        let of = attrs(link, link::FIXED);
        let is_link = self.asked.object == b'l';
        out.num(word(link, link::INDEX)).str(": ");
        self.put_own_name(of, out);
        self.put_link_flags(link, out.str(": "));
        self.put_fields(of, &OF_LINK, out);
        if is_link {
            out.str(if num(find(of, uapi::IFLA_LINKMODE), 0) == 0 { "mode DEFAULT " } else { "mode DORMANT " });
        }
        self.put_fields(of, &[("group ", How::Name(GROUPS), uapi::IFLA_GROUP)], out);
        if let Some(len) = number(of, uapi::IFLA_TXQLEN).filter(|len| *len > 0) {
            out.str("qlen ").num(len);
        }
        if is_link || self.asked.family == 0 {
            let [low, high] = [byte(link, 2), byte(link, 3)];
            let kind = u32::from(u16::from_ne_bytes([low, high]));
            out.str("\n    link/");
            match name_of(HARDWARE, kind) {
                b"" => out.str("[").num(kind).str("]"),
                name => out.bytes(name),
            };
            out.byte(b' ');
            let is_tunnel = matches!(kind, 768 | 776 | 778);
            let put = |value: &[u8], out: &mut Buf<'_>| {
                if is_tunnel { put_ip(value, out) } else { put_hardware(value, out) }
            };
            put(find(of, uapi::IFLA_ADDRESS), out);
            let other = find(of, uapi::IFLA_BROADCAST);
            if !other.is_empty() {
                let is_point = word(link, link::FLAGS) & 0x10 != 0;
                put(other, out.str(if is_point { " peer " } else { " brd " }));
            }
        }
        if let Some(id) = number(of, uapi::IFLA_LINK_NETNSID) {
            match netns.iter().find(|(number, _)| *number == id) {
                Some((_, name)) => {
                    out.str(" link-netns ").bytes(name.split(|byte| *byte == 0).next().unwrap_or_default())
                }
                None => out.str(" link-netnsid ").num(id),
            };
        }
        if num(find(of, uapi::IFLA_PROTO_DOWN), 0) != 0 {
            out.str(" protodown on ");
        }
        if is_link && !find(of, uapi::IFLA_IFALIAS).is_empty() {
            out.str("\n    alias ").bytes(text(of, uapi::IFLA_IFALIAS));
        }
        for name in Attrs::new(find(of, uapi::IFLA_PROP_LIST)) {
            out.str("\n    altname ").bytes(name.str());
        }
    }

    #[inline(never)]
    fn put_addr(&self, addr: &[u8], out: &mut Buf<'_>) {
        let of = attrs(addr, addr::FIXED);
        let is_v6 = byte(addr, 0) == uapi::AF_INET6;
        if self.asked.oneline {
            out.num(word(addr, addr::INDEX)).str(": ");
            self.put_link(word(addr, addr::INDEX), out);
        }
        out.str(if is_v6 { "    inet6 " } else { "    inet " });
        put_address(addr, out);
        self.put_fields(of, &[("brd ", How::Address, uapi::IFA_BROADCAST)], out);
        out.str("scope ");
        put_name(SCOPES, num(addr, 3), out);
        out.byte(b' ');
        // In the place of that flag stands what an address without it is.
        let mut flags = number(of, uapi::IFA_FLAGS).unwrap_or_else(|| num(addr, 2)) ^ uapi::IFA_F_PERMANENT;
        put_flags(if is_v6 { b"temporary 0" } else { b"secondary 0" }, &mut flags, " ", out);
        put_flags(ADDR_FLAGS, &mut flags, " ", out);
        out.bytes(text(of, uapi::IFA_LABEL));
        let life = find(of, uapi::IFA_CACHEINFO);
        for (says, at) in [("\n       valid_lft ", 4), (" preferred_lft ", 0)] {
            match word(life, at) {
                u32::MAX => out.str(says).str("forever"),
                seconds => out.str(says).num(seconds).str("sec"),
            };
        }
    }

    // ---- routes, neighbours

    #[inline(never)]
    fn put_route(&self, body: &[u8], wanted: u32, out: &mut Buf<'_>) {
        let of = attrs(body, route::FIXED);
        let table = number(of, uapi::RTA_TABLE).unwrap_or_else(|| num(body, 4));
        let mut flags = word(body, route::FLAGS);
        let oif = number(of, uapi::RTA_OIF);
        let is_other = wanted != 0 && wanted != table || self.dev != 0 && oif != Some(self.dev);
        // Of a VRF, what the kernel made for its own addresses is passed over.
        let is_other = is_other || self.master != 0 && matches!(byte(body, 7), uapi::RTN_LOCAL | uapi::RTN_BROADCAST);
        if is_other || flags & uapi::RTM_F_CLONED != 0 || !self.leads_to(body) {
            return;
        }
        if byte(body, 7) != uapi::RTN_UNICAST {
            put_name(TYPES, num(body, 7), out);
            out.byte(b' ');
        }
        put_prefix(find(of, uapi::RTA_DST), byte(body, 1), "default", out);
        out.byte(b' ');
        if byte(body, 2) != 0 {
            put_prefix(find(of, uapi::RTA_SRC), byte(body, 2), "", out.str("from "));
            out.byte(b' ');
        }
        if byte(body, 3) != 0 {
            out.str("tos 0x").hex(num(body, 3) / 16).hex(num(body, 3) % 16).byte(b' ');
        }
        self.put_fields(of, &[("nhid ", How::Number, uapi::RTA_NH_ID)], out);
        put_gateway(of, out);
        if self.dev == 0 {
            self.put_fields(of, &[("dev ", How::Link, uapi::RTA_OIF)], out);
        }
        if wanted == 0 && table != uapi::RT_TABLE_MAIN {
            put_name(TABLES, table, out.str("table "));
            out.byte(b' ');
        }
        if byte(body, 5) != uapi::RTPROT_BOOT {
            put_name(PROTOS, num(body, 5), out.str("proto "));
            out.byte(b' ');
        }
        if byte(body, 6) != uapi::RT_SCOPE_UNIVERSE {
            put_name(SCOPES, num(body, 6), out.str("scope "));
            out.byte(b' ');
        }
        self.put_fields(of, &OF_ROUTE, out);
        put_flags(ROUTE_FLAGS, &mut flags, " ", out);
        for metric in Attrs::new(find(of, uapi::RTA_METRICS)) {
            let name = name_of(METRICS, metric.kind.into());
            if let Some(value) = metric.u32().filter(|_| !name.is_empty()) {
                let is_locked = number(find(of, uapi::RTA_METRICS), 1).unwrap_or(0) >> metric.kind & 1 != 0;
                out.bytes(name).str(if is_locked { " lock " } else { " " }).num(value).byte(b' ');
            }
        }
        let life = find(of, uapi::RTA_CACHEINFO);
        if word(life, 8) != 0 {
            out.str("expires ").num(word(life, 8) / 100).str("sec ");
        }
        let pref = find(of, uapi::RTA_PREF);
        if !pref.is_empty() {
            put_name(b"medium 0 high 1 low 3", num(pref, 0), out.str("pref "));
        }
        if find(of, uapi::RTA_MULTIPATH).is_empty() {
            return;
        }
        route::nexthops(body, &mut |hop| {
            out.str("\n\tnexthop ");
            if let Some(gateway) = hop.gateway {
                let is_foreign = gateway.is_ipv6() && byte(body, 0) == uapi::AF_INET;
                out.str(if is_foreign { "via inet6 " } else { "via " }).ip(gateway).byte(b' ');
            }
            self.put_link(hop.oif, out.str("dev "));
            out.str(" weight ").num(hop.weight).byte(b' ');
            let mut flags = hop.flags;
            put_flags(ROUTE_FLAGS, &mut flags, " ", out);
        });
    }

    /// Whether a route is to the destination that is asked for.
    fn leads_to(&self, body: &[u8]) -> bool {
        let dst = ip(find(attrs(body, route::FIXED), uapi::RTA_DST));
        match self.asked.to {
            b"" => true,
            b"default" => byte(body, 1) == 0,
            to => values::address_len(to).is_ok_and(|(addr, len)| {
                dst == Some(addr) && byte(body, 1) == len.unwrap_or(if addr.is_ipv4() { 32 } else { 128 })
            }),
        }
    }

    #[inline(never)]
    fn put_neighbour(&self, body: &[u8], out: &mut Buf<'_>) {
        let of = attrs(body, route::FIXED);
        let mut state = u32::from(u16::from_ne_bytes([byte(body, 8), byte(body, 9)]));
        let family = byte(body, 0);
        let is_other =
            self.asked.family != 0 && family != self.asked.family || self.dev != 0 && word(body, 4) != self.dev;
        // Those that need no address are not told of.
        if is_other || !matches!(family, uapi::AF_INET | uapi::AF_INET6) || state & 0x40 != 0 || state == 0 {
            return;
        }
        put_ip(find(of, uapi::NDA_DST), out);
        out.byte(b' ');
        if self.dev == 0 {
            self.put_link(word(body, 4), out.str("dev "));
            out.byte(b' ');
        }
        let hardware = find(of, uapi::NDA_LLADDR);
        if !hardware.is_empty() {
            put_hardware(hardware, out.str("lladdr "));
            out.byte(b' ');
        }
        if byte(body, 10) & 0x80 != 0 {
            out.str("router ");
        }
        put_flags(NEIGHBOUR_STATES, &mut state, " ", out);
    }
}

impl Named {
    fn as_bytes(&self) -> &[u8] {
        self.name.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

fn put_ip(value: &[u8], out: &mut Buf<'_>) {
    if let Some(addr) = ip(value) {
        out.ip(addr);
    }
}

fn put_gateway(of: &[u8], out: &mut Buf<'_>) {
    let (own, other) = (find(of, uapi::RTA_GATEWAY), find(of, uapi::RTA_VIA));
    if !own.is_empty() {
        put_ip(own, out.str("via "));
        out.byte(b' ');
    }
    if let Some((_, value)) = other.split_first_chunk::<2>() {
        put_ip(value, out.str(if value.len() == 4 { "via inet " } else { "via inet6 " }));
        out.byte(b' ');
    }
}

/// Puts an address with its length, or with its peer.
#[inline(never)]
fn put_address(addr: &[u8], out: &mut Buf<'_>) {
    let of = attrs(addr, addr::FIXED);
    let (local, far) = (find(of, uapi::IFA_LOCAL), find(of, uapi::IFA_ADDRESS));
    put_ip(if local.is_empty() { far } else { local }, out);
    if !local.is_empty() && !far.is_empty() && local != far {
        put_ip(far, out.str(" peer "));
    }
    out.str("/").num(num(addr, 1)).byte(b' ');
    if let Some(metric) = number(of, uapi::IFA_RT_PRIORITY) {
        out.str("metric ").num(metric).byte(b' ');
    }
}

#[inline(never)]
fn put_rule(body: &[u8], out: &mut Buf<'_>) {
    let of = attrs(body, route::FIXED);
    out.num(number(of, uapi::FRA_PRIORITY).unwrap_or(0)).str(":\t");
    put_selector(body, "lookup [l3mdev-table]", out);
    let end = out.len();
    put_action(body, "lookup ", out.str(" "));
    if out.len() == end + 1 {
        out.truncate(end); // the tables of VRFs: said above
    }
    let protocol = num(find(of, uapi::FRA_PROTOCOL), 0);
    if protocol != 0 && protocol != u32::from(uapi::RTPROT_KERNEL) {
        put_name(PROTOS, protocol, out.str(" proto "));
    }
}
