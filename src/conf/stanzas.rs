//! Stanzas: which lines belong to which interface.
//!
//! ```text
//! auto NAME…          NAME is brought up by `up` without names, a service is started by `run`; lines that follow
//!                     belong to the last NAME
//! iface NAME [WORD]…  lines that follow belong to NAME (also `interface`); a name may have several stanzas
//! template NAME       lines to be inherited
//! defaults            lines that every iface below it inherits, unless one of its words is `no-defaults`
//! service NAME        a service; its lines are no interface's
//! ```
//! A line `inherit NAME`, or the words `inherits NAME` of a heading, stands for the lines of that template; an interface
//! that is inherited from becomes a template, which is not brought up. Of two lines with the same keyword the later
//! one holds, so that what an interface says itself overrules `defaults`, and what it inherits overrules what stands
//! before. A template that comes by two ways comes once.
//!
//! The index holds offsets only, some numbers a stanza, in storage that the caller measured by [`count`], and one a line: a
//! file of any size is read in place, and a name is found in constant time. What an interface inherits is no copy either: its
//! lines are [`Entry`]s, where they are and with what keyword, so that nobody reads the text again to find one.
//!
//! Source: `libifupdown/interface-file.c: handle_iface, handle_inherit`, `interface.c` of ifupdown-ng.

use super::Fault;
use super::hash::{Probe, fill, hash, probe};
use super::keywords::{Keyword, OTHERS, OURS, Property, keyword, vlan_id, vrf_table};
use super::lines::{Line, Lines, offset};
use super::services::{self, Field, Service};
use super::values::{self, Reason};
use super::words::{Words, code, coded, has_word};
use crate::bytes::before;
use crate::limits;
use crate::near::Near;
use crate::prefix::Prefix;
use core::net::IpAddr;

/// The keywords that name interfaces which have to be there first.
const NEEDS: u64 =
    Keyword::Requires.bit() | Keyword::BridgePorts.bit() | Keyword::BondMembers.bit() | Keyword::VrfShared.bit();
/// Those by which an executor may be asked for: `use`, and any that has its name before a `-`.
const EXECUTORS: u64 = OTHERS | Keyword::Use.bit() | Keyword::BridgePorts.bit();

/// Words that begin a stanza, each behind the byte that says what it begins.
const HEADINGS: &[u8] = &coded(b" aauto iiface iinterface ttemplate ddefaults sservice");
const AUTO: u8 = b'a';
const IFACE: u8 = b'i';
const TEMPLATE: u8 = b't';
const DEFAULTS: u8 = b'd';
/// As [`HEADINGS`] has it.
pub(super) const SERVICE: u8 = b's';

/// Where a stanza is in the text, bytes from its start. Its lines end where the next stanza begins.
#[derive(Clone, Copy, Debug)]
pub struct Stanza {
    /// Its first line.
    at: u32,
    /// Its name.
    name: u32,
    /// The next stanza of the same name, plus 1; 0 is none.
    next: u32,
    /// Of an interface's first stanza: where its lines begin.
    lines: u32,
    /// The interface whose lines have this stanza's already, plus 1.
    seen: u32,
    /// What it is, as in [`HEADINGS`].
    pub(super) kind: u8,
    /// Whether this is the first stanza of that name, services aside.
    first: bool,
    /// Of a first one: whether it is a template's.
    template: bool,
    /// Of a first one: whether its lines are being gathered.
    open: bool,
}

impl Stanza {
    /// What storage is filled with before it is used.
    pub const EMPTY: Self =
        Self { at: 0, name: 0, next: 0, lines: 0, seen: 0, kind: 0, first: false, template: false, open: false };
}

/// A line of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is in the text; [`NO_MORE`] behind the last one of each interface.
    at: u32,
    /// How long it is without its end; [`LONG`] if that is to be looked for.
    len: u16,
    /// Its keyword.
    which: Option<Keyword>,
    /// Of a service's: its keyword, 0 if it is none.
    field: Field,
}

/// [`Entry::at`] where an interface has no more lines.
const NO_MORE: u32 = u32::MAX;

/// [`Entry::len`] of lines that are as long or longer.
const LONG: u16 = u16::MAX;

/// Where entries go, one after the other; false where there is no room.
pub type Entries<'r> = &'r mut dyn FnMut(Entry) -> bool;

/// A text and the index of its stanzas.
#[derive(Clone, Copy)]
pub struct Conf<'a> {
    text: &'a [u8],
    pub(super) stanzas: &'a [Stanza],
    slots: &'a [u32],
    entries: &'a [Entry],
}

/// Where an interface's addresses come from, beside those that it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// From a DHCP server: `inet dhcp`, `use dhcp`, any keyword of DHCP's.
    Dhcp,
    /// From a router's advertisements: `inet6 auto`, `use ipv6-ra`.
    Auto6,
}

/// An interface of the configuration: the number of its first stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iface(pub usize);

/// How many stanzas a text has (each name behind `auto` counts as one).
#[inline(never)]
pub fn count(text: &[u8]) -> usize {
    let mut n = 0;
    for line in Lines::new(text) {
        let mut words = Words::new(line.body);
        match code(HEADINGS, words.next().unwrap_or_default()) {
            0 => {}
            AUTO => n += words.count(),
            _ => n += 1,
        }
    }
    n
}

impl<'a> Conf<'a> {
    /// A configuration that says nothing.
    pub const EMPTY: Conf<'static> = Conf { text: b"", stanzas: &[], slots: &[0], entries: &[] };

    /// Indexes a text whose continuation lines have been joined. `stanzas` has [`count`] places, `slots_` as many as
    /// [`super::hash::slots`] says, all 0. If there is none, `fault` says why. What `entries` is given has to come back
    /// by [`Self::with_entries`] before lines are asked for.
    #[inline(never)]
    pub fn index(
        text: &'a [u8],
        stanzas: &'a mut [Stanza],
        slots_: &'a mut [u32],
        entries: Entries<'_>,
        fault: &mut Fault<'a>,
    ) -> Option<Self> {
        let mut index = Index { text, stanzas, slots: slots_, used: 0, count: 0, entries };
        for line in Lines::new(text) {
            let mut words = Words::new(line.body);
            let key = words.next().unwrap_or_default();
            let kind = code(HEADINGS, key);
            // Those of `defaults` are found by that name.
            let mut name = if kind == DEFAULTS { key } else { b"".as_slice() };
            let mut wrong = None;
            if kind == 0 {
                if index.used > 0 || keyword(key).is_none() && !key.starts_with(OURS) {
                    continue;
                }
                name = words.next().unwrap_or_default();
                wrong = Some("stands before the first interface");
            } else if kind != DEFAULTS {
                name = words.next().unwrap_or_default();
                if name.is_empty() {
                    wrong = Some("a name is missing");
                }
            }
            while wrong.is_none() {
                wrong = index.add(kind, line.at, name);
                match words.next() {
                    Some(another) if kind == AUTO && wrong.is_none() => name = another,
                    _ => break,
                }
            }
            if let Some(reason) = wrong {
                *fault = Fault { at: line.at, key, word: name, reason };
                return None;
            }
        }
        for n in 0..index.used {
            index.tell_apart(n);
        }
        match index.gather() {
            Ok(()) => Some(Conf { text, stanzas: index.stanzas, slots: index.slots, entries: &[] }),
            Err(wrong) => {
                *fault = wrong;
                None
            }
        }
    }

    /// The same with the entries that [`Self::index`] gave.
    #[must_use]
    pub const fn with_entries(self, entries: &'a [Entry]) -> Self {
        Self { entries, ..self }
    }

    /// The text, for lines and positions.
    pub const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The name of the interface that a stanza is about, which may have a label behind it.
    pub fn device(&self, iface: Iface) -> &'a [u8] {
        before(self.name(iface), b':')
    }

    /// Looks for a name in the slots.
    #[inline(never)]
    fn probe(&self, name: &[u8]) -> Probe {
        probe(self.slots, hash(name), &|n| self.name(Iface(n)) == name)
    }

    /// The interface of that name; a template is none.
    pub fn find(&self, name: &[u8]) -> Option<Iface> {
        match self.probe(name) {
            Probe::Found(n) if self.stanzas.get(n).is_some_and(|stanza| stanza.first && !stanza.template) => {
                Some(Iface(n))
            }
            _ => None,
        }
    }

    /// The interfaces, in the order in which the text first names them.
    pub fn ifaces(&self) -> impl Iterator<Item = Iface> + use<'a> {
        let is_iface = |stanza: &Stanza| stanza.first && !stanza.template;
        self.stanzas.iter().enumerate().filter(move |(_, stanza)| is_iface(stanza)).map(|(n, _)| Iface(n))
    }

    /// Of some of those the one whose name is most like that, if one is.
    #[inline(never)]
    pub fn near(&self, name: &'a [u8], of: &mut dyn Iterator<Item = Iface>) -> &'a [u8] {
        let mut near = Near::new(name);
        for iface in of {
            near = near.offer(self.name(iface), b' ', 0);
        }
        near.best()
    }

    /// How many stanzas there are: one more than the largest [`Iface`] can be.
    pub const fn len(&self) -> usize {
        self.stanzas.len()
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.stanzas.is_empty()
    }

    /// An interface's name.
    #[inline(never)]
    pub fn name(&self, iface: Iface) -> &'a [u8] {
        let name = self.stanzas.get(iface.0).and_then(|stanza| self.text.get(index(stanza.name)..));
        Words::new(name.unwrap_or_default()).next().unwrap_or_default()
    }

    /// Where an interface is first named.
    pub fn at(&self, iface: Iface) -> u32 {
        self.stanzas.get(iface.0).map_or(0, |stanza| stanza.at)
    }

    /// Whether that stanza is one of `auto`.
    pub(super) fn is_heading_of_auto(&self, n: usize) -> bool {
        self.stanzas.get(n).is_some_and(|stanza| stanza.kind == AUTO)
    }

    /// Whether `auto` names the interface.
    #[inline(never)]
    pub fn is_auto(&self, iface: Iface) -> bool {
        let mut k = iface.0;
        while let Some(stanza) = self.stanzas.get(k) {
            if stanza.kind == AUTO {
                return true;
            }
            k = index(stanza.next).wrapping_sub(1);
        }
        false
    }

    /// The lines of an interface, from all its stanzas and what it inherits, in their order.
    #[inline(never)]
    pub fn properties(&self, iface: Iface) -> Properties<'a> {
        self.with_any(iface, u64::MAX)
    }

    /// Those with a keyword of a set: [`Keyword::bit`]s, and [`OTHERS`] for those that are not known here.
    #[inline(never)]
    pub fn with_any(&self, iface: Iface, wanted: u64) -> Properties<'a> {
        let entries = self.stanzas.get(iface.0).and_then(|stanza| self.entries.get(index(stanza.lines)..));
        Properties { text: self.text, entries: entries.unwrap_or_default(), wanted }
    }

    /// Of an interface that is a bridge: the keyword that names its ports, which of one that says `use bridge` may be
    /// `requires`.
    #[inline(never)]
    pub fn ports(&self, iface: Iface) -> Option<Keyword> {
        let used = || self.with(iface, Keyword::Use).any(|line| line.first() == b"bridge");
        match (self.last(iface, Keyword::BridgePorts), self.last(iface, Keyword::Requires)) {
            (Some(_), _) => Some(Keyword::BridgePorts),
            (None, Some(_)) if used() => Some(Keyword::Requires),
            _ => None,
        }
    }

    /// Whether `link-type` says that it is one of these.
    pub fn is_dummy_or_veth(&self, iface: Iface) -> bool {
        let kind = self.last(iface, Keyword::LinkType);
        kind.is_some_and(|kind| matches!(kind.first(), b"dummy" | b"veth"))
    }

    /// Of an interface that is a VLAN: the interface that it is on, and its number.
    ///
    /// | name | interface | number |
    /// |---|---|---|
    /// | `eth0.5` | what is before the last dot | what is behind it |
    /// | `vlan5` | `vlan-raw-device` | what is behind `vlan` |
    /// | any other | `vlan-raw-device` | `vlan-id` |
    ///
    /// Source: `executors/linux/link` of ifupdown-ng, to which a name with a dot is always a VLAN's; here only if a number
    /// is behind it.
    #[inline(never)]
    pub fn vlan(&self, iface: Iface) -> Option<(&'a [u8], &'a [u8])> {
        let name = self.name(iface);
        let value = |which| self.last(iface, which).map(|line| line.first());
        let dot = name.iter().rposition(|byte| *byte == b'.');
        let (raw, id) = match (dot.and_then(|dot| name.split_at_checked(dot)), name.strip_prefix(b"vlan")) {
            (Some(_), Some(_)) => return None,
            (Some((raw, id)), None) => (raw, id.get(1..)?),
            (None, Some(id)) if !id.is_empty() => (value(Keyword::VlanRawDevice)?, id),
            _ => (value(Keyword::VlanRawDevice)?, value(Keyword::VlanId)?),
        };
        let wrong = raw.is_empty() || name.contains(&b'#') || vlan_id(id).is_err() || self.is_dummy_or_veth(iface);
        if wrong { None } else { Some((raw, id)) }
    }

    /// Gives `each` the interfaces that come before one, and the lines that name them: `requires`, the ports of a bridge,
    /// the interface that a VLAN is on.
    #[inline(never)]
    pub fn each_need(&self, iface: Iface, each: &mut dyn FnMut(Property<'a>, &'a [u8]) -> bool) {
        for line in self.with_any(iface, NEEDS) {
            if !Words::new(line.value).filter(|name| *name != b"none").all(|name| each(line, name)) {
                return;
            }
        }
        let device = self.device(iface);
        if device.len() < self.name(iface).len() {
            each(Property { at: self.at(iface), key: b"iface", value: device, which: None }, device);
        }
        if let Some((raw, _)) = self.vlan(iface) {
            let heading = Property { at: self.at(iface), key: b"iface", value: raw, which: None };
            each(self.last(iface, Keyword::VlanRawDevice).unwrap_or(heading), raw);
        }
    }

    /// Whether an interface is to get its addresses so: by a word of a heading, or by `use`.
    #[inline(never)]
    pub fn has_method(&self, iface: Iface, method: Method) -> bool {
        let (executor, word): (&[u8], &[u8]) = match method {
            Method::Dhcp => (b"dhcp", b"dhcp"),
            Method::Auto6 => (b"ipv6-ra", b"auto"),
        };
        let mut k = iface.0;
        while let Some(stanza) = self.stanzas.get(k) {
            let mut heading = Words::new(lines(self.text, self.stanzas, k).next().map_or(b"", |line| line.body));
            let (_, _, rest) = (heading.next(), heading.next(), heading.rest());
            // One that asks a DHCP server for IPv6 has an advertisement say so.
            let is_v6 = has_word(rest, b"inet6");
            let is_said = has_word(rest, word) || is_v6 && has_word(rest, b"dhcp");
            if matches!(stanza.kind, IFACE | TEMPLATE) && is_said && is_v6 == (method == Method::Auto6) {
                return true;
            }
            k = index(stanza.next).wrapping_sub(1);
        }
        self.uses(iface, executor)
    }

    /// Whether an interface is one for that executor: it says `use NAME`, or has a keyword that begins with `NAME-`.
    #[inline(never)]
    pub fn uses(&self, iface: Iface, name: &[u8]) -> bool {
        self.with_any(iface, EXECUTORS).any(|line| match line.which {
            Some(Keyword::Use) => line.first() == name,
            _ => line.key.strip_prefix(name).is_some_and(|rest| rest.starts_with(b"-")),
        })
    }

    /// The lines of all interfaces and templates, each once, in the order of the text.
    #[inline(never)]
    pub fn each_line(&self, each: &mut dyn FnMut(Property<'a>) -> bool) {
        for (n, stanza) in self.stanzas.iter().enumerate() {
            if stanza.kind != SERVICE && !lines(self.text, self.stanzas, n).skip(1).map(Property::of).all(&mut *each) {
                return;
            }
        }
    }

    /// The netmask that the stanza of a line says for addresses without a length.
    #[inline(never)]
    pub fn netmask(&self, at: u32) -> Option<Property<'a>> {
        let stanza = self.stanzas.partition_point(|stanza| stanza.at <= at).checked_sub(1)?;
        let mut lines = lines(self.text, self.stanzas, stanza).skip(1).map(Property::of);
        lines.find(|line| line.which == Some(Keyword::Netmask))
    }

    /// Whether a line of any interface has that keyword.
    pub fn has(&self, which: Keyword) -> bool {
        self.entries.iter().any(|entry| entry.which == Some(which))
    }

    /// Those with a certain keyword.
    pub fn with(&self, iface: Iface, which: Keyword) -> Properties<'a> {
        self.with_any(iface, which.bit())
    }

    /// The last of those.
    #[inline(never)]
    pub fn last(&self, iface: Iface, which: Keyword) -> Option<Property<'a>> {
        let mut lines = self.with(iface, which);
        let mut last = None;
        while let Some(entry) = lines.next_entry() {
            last = Some(entry);
        }
        last.map(|entry| lines.at(entry))
    }

    /// Checks the value of every keyword of every interface, and that no table is two VRFs'; if something is wrong,
    /// `fault` is the first such line. `tables` are slots as for [`Self::index`], all 0; what is left in them serves
    /// [`Self::vrf_of_table`].
    #[inline(never)]
    pub fn check(&self, tables: &mut [u32], fault: &mut Fault<'a>) -> bool {
        let mut wrong = None;
        self.each_line(&mut |property| {
            let mut word = property.first();
            let mut checked = property.check(&mut word);
            if checked.is_ok() && property.which == Some(Keyword::Address) {
                checked = self.address(&property).map(drop);
            }
            wrong = checked.err().map(|reason| property.fault(word, reason));
            wrong.is_none()
        });
        for (n, stanza) in self.stanzas.iter().enumerate() {
            let right = match stanza.kind {
                SERVICE => self.check_service(Service(n), fault),
                AUTO => self.check_auto(n, fault),
                _ => true,
            };
            if !right && wrong.is_none_or(|wrong| fault.at < wrong.at) {
                return false;
            }
        }
        for iface in self.ifaces() {
            if wrong.is_some() {
                break;
            }
            let Some(property) = self.last(iface, Keyword::VrfTable) else { continue };
            match self.probe_table(tables, vrf_table(property.first()).unwrap_or(0)) {
                Probe::Found(other) if other != iface.0 => {
                    wrong = Some(property.fault(property.first(), "the table of another VRF of this file"));
                }
                Probe::Found(_) => {}
                Probe::Free(slot) => fill(tables, slot, iface.0),
            }
        }
        wrong.map(|wrong| *fault = wrong).is_none()
    }

    /// The address of a line, and its length: its own, or that of the netmask of its stanza, or the usual one.
    #[inline(never)]
    pub fn address(&self, line: &Property<'_>) -> Result<(IpAddr, u8), Reason> {
        let (addr, len) = values::address_len(line.first())?;
        if let Some(len) = len {
            return Ok((addr, len));
        }
        // A netmask with dots is IPv4's.
        let netmask = self.netmask(line.at).map_or(b"".as_slice(), |netmask| netmask.first());
        if netmask.is_empty() || addr.is_ipv6() && netmask.contains(&b'.') {
            return Ok((addr, values::default_len(addr)));
        }
        let len = values::netmask(netmask)?;
        if len > Prefix::host(addr).len { Err("the netmask does not fit the address") } else { Ok((addr, len)) }
    }

    /// Whether the name that `auto` gives can be an interface's, or is a service's.
    #[inline(never)]
    fn check_auto(&self, n: usize, fault: &mut Fault<'a>) -> bool {
        let name = self.name(Iface(n));
        let Err(reason) = values::stanza_name(name) else { return true };
        *fault = Fault { at: self.at(Iface(n)), key: b"auto", word: name, reason };
        self.service(name).is_some()
    }

    /// Looks for the VRF of a table in the slots that are for them.
    #[inline(never)]
    fn probe_table(&self, tables: &[u32], table: u32) -> Probe {
        probe(tables, table, &|n| self.table(Iface(n)) == Some(table))
    }

    /// The VRF that has a table, by the slots that [`Self::check`] filled.
    pub fn vrf_of_table(&self, tables: &[u32], table: u32) -> Option<Iface> {
        match self.probe_table(tables, table) {
            Probe::Found(n) => Some(Iface(n)),
            Probe::Free(_) => None,
        }
    }

    /// The table of an interface that is a VRF.
    pub fn table(&self, iface: Iface) -> Option<u32> {
        self.last(iface, Keyword::VrfTable).and_then(|property| vrf_table(property.first()).ok())
    }
}

/// Lines of an interface.
pub struct Properties<'a> {
    text: &'a [u8],
    /// Those to come, and those of others behind them.
    entries: &'a [Entry],
    /// The keywords that are asked for.
    wanted: u64,
}

impl<'a> Properties<'a> {
    /// The next one with that keyword of a service.
    #[inline(never)]
    pub(super) fn next_field(&mut self, field: Field) -> Option<Property<'a>> {
        loop {
            let entry = self.next_entry()?;
            if entry.field == field {
                return Some(self.at(entry));
            }
        }
    }

    /// Where the next one is.
    #[inline(never)] // many ask
    fn next_entry(&mut self) -> Option<Entry> {
        while let [entry, rest @ ..] = self.entries {
            if entry.at == NO_MORE {
                break;
            }
            self.entries = rest;
            if self.wanted & entry.which.map_or(OTHERS, Keyword::bit) != 0 {
                return Some(*entry);
            }
        }
        None
    }

    /// The line there.
    #[inline(never)]
    fn at(&self, entry: Entry) -> Property<'a> {
        let text = self.text.get(index(entry.at)..).unwrap_or_default();
        let mut line = Line { at: entry.at, body: text.get(..entry.len.into()).unwrap_or_default() };
        if entry.len == LONG {
            line.body = Lines::new(text).next().map_or(b"", |line| line.body);
        }
        Property::known(line, entry.which)
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        let entry = self.next_entry()?;
        Some(self.at(entry))
    }
}

/// The lines of one stanza, its heading first.
#[inline(never)]
fn lines<'a>(text: &'a [u8], stanzas: &[Stanza], number: usize) -> Lines<'a> {
    let from = stanzas.get(number).map_or(0, |stanza| stanza.at);
    let to = stanzas.get(number.wrapping_add(1)).map_or(text.len(), |stanza| index(stanza.at));
    Lines::within(text, from, to)
}

/// An index that is being made.
struct Index<'a, 'r> {
    text: &'a [u8],
    stanzas: &'a mut [Stanza],
    slots: &'a mut [u32],
    /// How many stanzas there are so far.
    used: usize,
    /// How many entries.
    count: u32,
    entries: Entries<'r>,
}

impl<'a> Index<'a, '_> {
    /// Adds a stanza that has a name. Answers with what is wrong with the name.
    #[inline(never)]
    fn add(&mut self, kind: u8, at: u32, name: &[u8]) -> Option<Reason> {
        let mut first = false;
        if kind != SERVICE {
            match (kind, values::stanza_name(name)) {
                (IFACE, Err(reason)) => return Some(reason),
                // It may be a service's: that is known when all are.
                (AUTO, Err(_)) => {
                    self.push(Stanza { at, name: position(self.text, name), kind, ..Stanza::EMPTY });
                    return None;
                }
                _ => {}
            }
            match self.probe(name) {
                Probe::Free(slot) => {
                    fill(self.slots, slot, self.used);
                    first = true;
                }
                Probe::Found(n) => {
                    self.chain(n);
                    self.edit(n, &mut |stanza| stanza.template |= kind == TEMPLATE);
                }
            }
        }
        let template = matches!(kind, TEMPLATE | DEFAULTS);
        self.push(Stanza { at, name: position(self.text, name), kind, first, template, ..Stanza::EMPTY });
        None
    }

    /// A name that `auto` alone gives, and that a service has, is no interface's.
    #[inline(never)]
    fn tell_apart(&mut self, service: usize) {
        let conf = Conf { text: self.text, stanzas: self.stanzas, slots: self.slots, entries: &[] };
        if conf.stanzas.get(service).is_none_or(|stanza| stanza.kind != SERVICE) {
            return;
        }
        let Probe::Found(first) = conf.probe(conf.name(Iface(service))) else { return };
        let mut k = first;
        while let Some(stanza) = conf.stanzas.get(k) {
            if matches!(stanza.kind, IFACE | TEMPLATE | DEFAULTS) {
                return;
            }
            k = index(stanza.next).wrapping_sub(1);
        }
        if let Some(stanza) = self.stanzas.get_mut(first) {
            stanza.first = false;
        }
    }

    #[inline(never)]
    fn probe(&self, name: &[u8]) -> Probe {
        (Conf { text: self.text, stanzas: self.stanzas, slots: self.slots, entries: &[] }).probe(name)
    }

    #[inline(never)]
    fn edit(&mut self, n: usize, change: &mut dyn FnMut(&mut Stanza)) {
        if let Some(stanza) = self.stanzas.get_mut(n) {
            change(stanza);
        }
    }

    /// Gathers the lines of every interface.
    #[inline(never)]
    fn gather(&mut self) -> Result<(), Fault<'a>> {
        for n in 0..self.used {
            let Some(stanza) = self.stanzas.get_mut(n) else { break };
            stanza.lines = self.count;
            if stanza.first || stanza.kind == SERVICE {
                // Of templates too: what is wrong with one is told whether or not it is used.
                self.lines_of(n, offset(n).saturating_add(1), u32::MAX, 0)?;
                self.entry(Entry { at: NO_MORE, len: 0, which: None, field: 0 })?;
            }
        }
        Ok(())
    }

    /// Adds the lines of all stanzas of a name that begin before `limit`, for the interface of that mark.
    #[inline(never)]
    fn lines_of(&mut self, first: usize, mark: u32, limit: u32, depth: u8) -> Result<(), Fault<'a>> {
        self.edit(first, &mut |stanza| stanza.open = true);
        let mut defaults = true;
        let mut n = first;
        while let Some(stanza) = self.stanzas.get_mut(n).filter(|stanza| stanza.at < limit) {
            let (kind, next, seen) = (stanza.kind, stanza.next, stanza.seen);
            stanza.seen = mark;
            if seen != mark {
                self.lines_of_stanza(n, kind, mark, &mut defaults, depth)?;
            }
            n = index(next).wrapping_sub(1);
        }
        self.edit(first, &mut |stanza| stanza.open = false);
        Ok(())
    }

    /// Adds the lines of one stanza.
    #[inline(never)]
    fn lines_of_stanza(
        &mut self,
        n: usize,
        kind: u8,
        mark: u32,
        defaults: &mut bool,
        depth: u8,
    ) -> Result<(), Fault<'a>> {
        let mut lines = lines(self.text, self.stanzas, n);
        let Some(heading) = lines.next() else { return Ok(()) };
        if matches!(kind, IFACE | TEMPLATE) {
            let mut words = Words::new(heading.body);
            words.next();
            words.next();
            *defaults &= kind == IFACE && !has_word(words.rest(), b"no-defaults");
            if *defaults {
                if let Probe::Found(first) = self.probe(b"defaults") {
                    self.lines_of(first, mark, heading.at, depth)?;
                }
            }
            while let Some(word) = words.next() {
                if word == b"inherits" {
                    let word = words.next().unwrap_or_default();
                    self.inherit(Fault { at: heading.at, key: b"inherits", word, reason: "" }, mark, depth)?;
                }
            }
        }
        for line in lines {
            let entry =
                Entry { at: line.at, len: u16::try_from(line.body.len()).unwrap_or(LONG), which: None, field: 0 };
            if kind == SERVICE {
                self.entry(Entry { field: code(services::NAMES, Property::known(line, None).key), ..entry })?;
                continue;
            }
            let property = Property::of(line);
            self.entry(Entry { which: property.which, ..entry })?;
            if property.which == Some(Keyword::Inherit) {
                for word in Words::new(property.value) {
                    self.inherit(property.fault(word, ""), mark, depth)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the lines of the template that the fault's word names.
    #[inline(never)]
    fn inherit(&mut self, fault: Fault<'a>, mark: u32, depth: u8) -> Result<(), Fault<'a>> {
        let Probe::Found(first) = self.probe(fault.word) else {
            let missing = fault.word.is_empty();
            let reason = if missing { "a name is missing" } else { "there is no template of that name" };
            return Err(Fault { reason, ..fault });
        };
        if depth >= limits::TEMPLATES {
            return Err(Fault { reason: "templates inherit from one another more than 32 deep", ..fault });
        }
        let mut open = false;
        self.edit(first, &mut |stanza| {
            open = stanza.open;
            stanza.template = true;
        });
        if open {
            return Err(Fault { reason: "a cycle: it inherits from itself, or by others", ..fault });
        }
        self.lines_of(first, mark, u32::MAX, depth + 1)
    }

    #[inline(never)]
    fn entry(&mut self, entry: Entry) -> Result<(), Fault<'a>> {
        self.count = self.count.saturating_add(1);
        if (self.entries)(entry) {
            return Ok(());
        }
        Err(Fault { at: entry.at, key: b"", word: b"", reason: "there is no memory for so many lines" })
    }

    fn push(&mut self, stanza: Stanza) {
        if let Some(place) = self.stanzas.get_mut(self.used) {
            *place = stanza;
            self.used += 1;
        }
    }

    /// Makes the stanza to come the next of those that begin with number `n`. Walking there is fine: a name has few
    /// stanzas.
    fn chain(&mut self, mut n: usize) {
        while let Some(stanza) = self.stanzas.get_mut(n) {
            if stanza.next == 0 {
                stanza.next = offset(self.used).saturating_add(1);
                return;
            }
            n = index(stanza.next).wrapping_sub(1);
        }
    }
}

/// An offset as an index.
fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Where a slice of `text` begins in it.
fn position(text: &[u8], part: &[u8]) -> u32 {
    offset(part.as_ptr().addr().wrapping_sub(text.as_ptr().addr()))
}
