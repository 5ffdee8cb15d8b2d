//! Stanzas: which lines belong to which interface.
//!
//! ```text
//! auto NAME…          NAME is brought up by `up` without names, a service is started by `run`; lines that follow
//!                     belong to the last NAME
//! iface NAME [WORD]…  lines that follow belong to NAME (also `interface`); a name may have several stanzas
//! template NAME       lines to be inherited
//! defaults            lines that every iface inherits
//! service NAME        a service; its lines are no interface's
//! ```
//! The index holds offsets only, four numbers a stanza, in storage that the caller measured by [`count`]: a file of any
//! size is read in place, and a name is found in constant time.

use super::Fault;
use super::hash::{Probe, fill, hash, probe};
use super::keywords::{Keyword, Property, is_misspelt, keyword, vrf_table};
use super::lines::{Lines, offset};
use super::services::Service;
use super::values::{self, Reason};
use super::words::{Words, code};

/// Words that begin a stanza, each behind the byte that says what it begins.
const HEADINGS: &[u8] = b"aauto iiface iinterface ttemplate ddefaults sservice";
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
    /// What it is, as in [`HEADINGS`].
    pub(super) kind: u8,
    /// Whether this is the first stanza of an interface of that name.
    first: bool,
}

impl Stanza {
    /// What storage is filled with before it is used.
    pub const EMPTY: Self = Self { at: 0, name: 0, next: 0, kind: 0, first: false };
}

/// A text and the index of its stanzas.
#[derive(Clone, Copy)]
pub struct Conf<'a> {
    text: &'a [u8],
    pub(super) stanzas: &'a [Stanza],
    slots: &'a [u32],
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
    pub const EMPTY: Conf<'static> = Conf { text: b"", stanzas: &[], slots: &[0] };

    /// Indexes a text whose continuation lines have been joined. `stanzas` has [`count`] places, `slots_` as many as
    /// [`super::hash::slots`] says, all 0. If there is none, `fault` says why.
    #[inline(never)]
    pub fn index(
        text: &'a [u8],
        stanzas: &'a mut [Stanza],
        slots_: &'a mut [u32],
        fault: &mut Fault<'a>,
    ) -> Option<Self> {
        let mut index = Index { text, stanzas, slots: slots_, used: 0 };
        for line in Lines::new(text) {
            let mut words = Words::new(line.body);
            let key = words.next().unwrap_or_default();
            let kind = code(HEADINGS, key);
            let mut name = b"".as_slice();
            let mut wrong = None;
            if kind == 0 {
                if index.used > 0 || keyword(key).is_none() && !is_misspelt(key) {
                    continue;
                }
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
        Some(index.conf())
    }

    /// The text, for lines and positions.
    pub const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Looks for a name in the slots.
    #[inline(never)]
    fn probe(&self, name: &[u8]) -> Probe {
        probe(self.slots, hash(name), &|n| self.name(Iface(n)) == name)
    }

    /// The interface of that name.
    pub fn find(&self, name: &[u8]) -> Option<Iface> {
        match self.probe(name) {
            Probe::Found(n) if self.stanzas.get(n).is_some_and(|stanza| stanza.first) => Some(Iface(n)),
            _ => None,
        }
    }

    /// The interfaces, in the order in which the text first names them.
    pub fn ifaces(&self) -> impl Iterator<Item = Iface> + use<'a> {
        self.stanzas.iter().enumerate().filter(|(_, stanza)| stanza.first).map(|(n, _)| Iface(n))
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

    /// The lines of an interface, from all its stanzas, in the order of the text.
    #[inline(never)]
    pub fn properties(&self, iface: Iface) -> Properties<'a> {
        let (text, stanzas) = (self.text, self.stanzas);
        Properties { text, stanzas, next: iface.0, lines: Lines::new(b""), which: None }
    }

    /// Those with a certain keyword.
    #[inline(never)]
    pub fn with(&self, iface: Iface, which: Keyword) -> Properties<'a> {
        let mut properties = self.properties(iface);
        properties.which = Some(which);
        properties
    }

    /// The last of those.
    #[inline(never)]
    pub fn last(&self, iface: Iface, which: Keyword) -> Option<Property<'a>> {
        let mut last = None;
        for property in self.with(iface, which) {
            last = Some(property);
        }
        last
    }

    /// Checks the value of every keyword of every interface, and that no table is two VRFs'; if something is wrong,
    /// `fault` is the first such line. `tables` are slots as for [`Self::index`], all 0; what is left in them serves
    /// [`Self::vrf_of_table`].
    #[inline(never)]
    pub fn check(&self, tables: &mut [u32], fault: &mut Fault<'a>) -> bool {
        for (n, stanza) in self.stanzas.iter().enumerate() {
            if matches!(stanza.kind, TEMPLATE | DEFAULTS) {
                if let Some(line) = lines(self.text, self.stanzas, n).next() {
                    let heading = Property::of(line);
                    *fault = heading.fault(heading.first(), "known, and not in this version");
                    return false;
                }
            }
            if stanza.kind == SERVICE && !self.check_service(Service(n), fault) {
                return false;
            }
            if stanza.kind == AUTO && !self.check_auto(n, fault) {
                return false;
            }
            if !stanza.first {
                continue;
            }
            for property in self.properties(Iface(n)) {
                let mut word = property.first();
                let mut checked = property.check(&mut word);
                if checked.is_ok() && keyword(property.key) == Some(Keyword::VrfTable) {
                    let table = vrf_table(word).unwrap_or(0);
                    match self.probe_table(tables, table) {
                        Probe::Found(other) if other != n => checked = Err("the table of another VRF of this file"),
                        Probe::Found(_) => {}
                        Probe::Free(slot) => fill(tables, slot, n),
                    }
                }
                if let Err(reason) = checked {
                    *fault = property.fault(word, reason);
                    return false;
                }
            }
        }
        true
    }

    /// Whether the name that `auto` gives can be an interface's, or is a service's.
    #[inline(never)]
    fn check_auto(&self, n: usize, fault: &mut Fault<'a>) -> bool {
        let name = self.name(Iface(n));
        let Err(reason) = values::if_name(name) else { return true };
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

/// The lines of an interface.
pub struct Properties<'a> {
    text: &'a [u8],
    stanzas: &'a [Stanza],
    /// The stanza that comes after `lines`.
    next: usize,
    lines: Lines<'a>,
    which: Option<Keyword>,
}

impl<'a> Iterator for Properties<'a> {
    type Item = Property<'a>;

    #[inline(never)] // many ask, and it is long
    fn next(&mut self) -> Option<Property<'a>> {
        loop {
            if let Some(line) = self.lines.next() {
                let property = Property::of(line);
                if self.which.is_none() || keyword(property.key) == self.which {
                    return Some(property);
                }
            } else {
                let stanza = self.stanzas.get(self.next)?;
                self.lines = lines(self.text, self.stanzas, self.next);
                self.lines.next();
                self.next = index(stanza.next).wrapping_sub(1);
            }
        }
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
struct Index<'a> {
    text: &'a [u8],
    stanzas: &'a mut [Stanza],
    slots: &'a mut [u32],
    /// How many stanzas there are so far.
    used: usize,
}

impl<'a> Index<'a> {
    /// Adds a stanza that has a name. Answers with what is wrong with the name.
    #[inline(never)]
    fn add(&mut self, kind: u8, at: u32, name: &[u8]) -> Option<Reason> {
        let mut first = false;
        if matches!(kind, AUTO | IFACE) {
            match values::if_name(name) {
                Ok(_) => {}
                Err(reason) if kind == IFACE => return Some(reason),
                // It may be a service's: that is known when all are.
                Err(_) => {
                    self.push(Stanza { at, name: position(self.text, name), next: 0, kind, first });
                    return None;
                }
            }
            match (Conf { text: self.text, stanzas: self.stanzas, slots: self.slots }).probe(name) {
                Probe::Free(slot) => {
                    fill(self.slots, slot, self.used);
                    first = true;
                }
                Probe::Found(n) => self.chain(n),
            }
        }
        self.push(Stanza { at, name: position(self.text, name), next: 0, kind, first });
        None
    }

    /// A name that `auto` alone gives, and that a service has, is no interface's.
    #[inline(never)]
    fn tell_apart(&mut self, service: usize) {
        let conf = Conf { text: self.text, stanzas: self.stanzas, slots: self.slots };
        if conf.stanzas.get(service).is_none_or(|stanza| stanza.kind != SERVICE) {
            return;
        }
        let Probe::Found(first) = conf.probe(conf.name(Iface(service))) else { return };
        let mut k = first;
        while let Some(stanza) = conf.stanzas.get(k) {
            if stanza.kind == IFACE {
                return;
            }
            k = index(stanza.next).wrapping_sub(1);
        }
        if let Some(stanza) = self.stanzas.get_mut(first) {
            stanza.first = false;
        }
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

    fn conf(self) -> Conf<'a> {
        Conf { text: self.text, stanzas: self.stanzas, slots: self.slots }
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
