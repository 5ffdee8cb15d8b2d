//! The interpreter: words come in, attributes go out.
//!
//! A keyword says by [`super::keywords`] what is to be done with what follows it. Attributes are written at once, in
//! iproute2's order; the fixed part, and what depends on more than one word, when all have been read. Nothing has to be
//! checked on the way: after a fault there are no more words.

use super::keywords::*;
use super::{Class, Device, Fault, Request, Wrong};
use crate::conf::values::{self, Reason};
use crate::uapi;
use crate::wire::msg::Writer;
use core::net::IpAddr;

/// Where that table begins.
macro_rules! table {
    ($table:expr) => {
        const { start($table) }
    };
}

/// Whether that is a word for everything.
fn is_everything(word: &[u8]) -> bool {
    keyword(table!(EVERYTHING), word).0 == HERE
}

/// Whether `ip link` takes a word for a keyword, or the beginning of one: an interface of that name has `dev` before it.
#[inline(never)]
pub fn is_of_link(word: &[u8]) -> bool {
    keyword(table!(LINK), word).0 != NONE
}

/// `AF_*` by its name; 0 if it is none.
fn family(word: &[u8]) -> u8 {
    keyword(table!(FAMILIES), word).1
}

/// Whether somebody meant an address by it, so that it is a mistake if it is none; otherwise it may be a keyword.
fn looks_like_address(word: &[u8]) -> bool {
    matches!(word, [b'0'..=b'9', ..]) || word.iter().any(|byte| matches!(byte, b'.' | b':')) || is_everything(word)
}

/// An address and the length of its network.
#[derive(Clone, Copy)]
struct Net {
    /// Of an IPv4 address, the first four.
    bytes: [u8; 16],
    v4: bool,
    len: u8,
    /// Whether the length was said.
    said: bool,
}

impl Net {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..if self.v4 { 4 } else { 16 }).unwrap_or_default()
    }

    /// Writes it as an attribute.
    #[inline(never)]
    fn put(&self, kind: u16, out: &mut Writer<'_>) {
        out.attr(kind, self.bytes());
    }

    /// Sets the host bits, or clears them; whether that changed anything.
    #[inline(never)]
    fn fill(&mut self, ones: bool) -> bool {
        let mut len = self.len;
        let mut changed = false;
        for byte in &mut self.bytes {
            let host = 0xff_u8.checked_shr(len.into()).unwrap_or(0);
            len = len.saturating_sub(8);
            let new = if ones { *byte | host } else { *byte & !host };
            changed |= new != *byte;
            *byte = new;
        }
        changed
    }
}

/// Reads words and writes attributes. After a fault it goes on with whatever is there, but not to another word.
///
/// `repr(C)`, the small fields first: whatever is beyond 128 bytes costs three more wherever it is used.
#[repr(C)]
pub(super) struct Compiler<'a, 'i, 'b> {
    class: Class,
    /// What `-4` and `-6` said, or the first address did.
    family: u8,
    /// `RTN_*` or `FR_ACT_*`.
    action: u8,
    /// The keyword at hand.
    id: u8,
    /// What it is about.
    kind: u16,
    /// Whether `fault` is one.
    failed: bool,
    /// Whether an address is one of this machine alone.
    host: bool,
    /// The first byte of what follows `broadcast`.
    broadcast: u8,
    /// Bits of the destination and of the source.
    lens: [u8; 2],
    /// The address that came last.
    net: Net,
    /// The peer's address, or without one the interface's own.
    far: Net,
    /// Which keywords there may be: a bit for each.
    known: u32,
    /// Which keywords there were.
    said: u32,
    /// Index of `dev`.
    index: u32,
    /// Flags of the fixed part.
    flags: u32,
    /// The word that came last; that it is unknown unless something else is said of it.
    fault: Fault<'a>,
    out: &'i mut Writer<'b>,
    dev: &'a [u8],
    numbers: [u32; 8],
    words: &'i mut dyn Iterator<Item = &'a [u8]>,
    devices: &'i mut dyn FnMut(&'a [u8]) -> Option<Device>,
}

impl<'a, 'i, 'b> Compiler<'a, 'i, 'b> {
    /// With nothing read yet.
    pub(super) fn new(
        words: &'i mut dyn Iterator<Item = &'a [u8]>,
        devices: &'i mut dyn FnMut(&'a [u8]) -> Option<Device>,
        out: &'i mut Writer<'b>,
    ) -> Self {
        let net = Net { bytes: [0; 16], v4: false, len: 0, said: false };
        Self {
            words,
            devices,
            out,
            fault: Fault { word: b"", wrong: Wrong::Unknown },
            class: Class::LinkAdd,
            dev: b"",
            family: 0,
            action: 0,
            id: 0,
            kind: 0,
            failed: false,
            host: false,
            known: !(1 << OTHER),
            said: 0,
            numbers: [0; 8],
            index: 0,
            flags: 0,
            lens: [0; 2],
            broadcast: 0,
            net,
            far: net,
        }
    }

    /// Something is the matter with the last word. The first fault is the one that is told.
    fn fail(&mut self, wrong: Wrong) {
        if !self.failed {
            self.failed = true;
            self.fault.wrong = wrong;
        }
    }

    #[inline(never)]
    fn bad(&mut self, reason: Reason) {
        self.fail(Wrong::Bad(reason));
    }

    #[inline(never)]
    fn unknown(&mut self) {
        self.fail(Wrong::Unknown);
    }

    /// The next word; none after a fault.
    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.failed {
            return None;
        }
        self.fault.word = self.words.next()?;
        Some(self.fault.word)
    }

    /// The next word, or that it is missing.
    #[inline(never)]
    fn need(&mut self, what: u8) {
        if self.next().is_none() {
            self.lacks(what);
        }
    }

    /// Something is missing behind the last word.
    #[inline(never)]
    fn lacks(&mut self, what: u8) {
        self.bad(missing(what));
    }

    /// Whether that keyword was there.
    fn has(&self, keyword: u8) -> bool {
        self.said >> keyword & 1 != 0
    }

    fn is_addr(&self) -> bool {
        matches!(self.class, Class::AddrAdd | Class::AddrDel)
    }

    fn is_route(&self) -> bool {
        matches!(self.class, Class::RouteAdd | Class::RouteDel)
    }

    fn is_rule(&self) -> bool {
        matches!(self.class, Class::RuleAdd | Class::RuleDel)
    }

    /// The name of an interface, in the word that came last: one that is to be, or need not be there.
    #[inline(never)]
    fn name(&mut self) {
        match values::if_name(self.fault.word) {
            Ok(name) => self.out.attr_str(self.kind, name),
            Err(reason) => self.bad(reason),
        }
    }

    /// The interface of the name that came last. A longer name may be an alternative name; `eth0:1` is eth0 to iproute2.
    #[inline(never)]
    fn device(&mut self) -> Device {
        let word = self.fault.word;
        if self.class != Class::LinkAdd && (word.len() > values::IF_NAME_MAX || word.contains(&b':')) {
            self.unknown();
        }
        if matches!(self.class, Class::LinkAdd | Class::LinkDel) {
            self.kind = uapi::IFLA_IFNAME;
            self.name();
        } else {
            if let Err(reason) = values::if_name(word) {
                self.bad(reason);
            }
            if !self.failed {
                if let Some(device) = (self.devices)(word) {
                    return device;
                }
                self.fail(Wrong::NoDevice);
            }
        }
        Device { index: 0, table: 0 }
    }

    /// The link that the command is about.
    #[inline(never)]
    fn dev(&mut self) {
        self.index = self.device().index;
        // Of a route or address the last one holds; elsewhere iproute2 has its own ideas of a second one.
        if !self.dev.is_empty() && !self.is_addr() && !self.is_route() {
            self.unknown();
        }
        self.dev = self.fault.word;
    }

    /// An address in the word that came last, of the family that the line has already, if it has one.
    #[inline(never)]
    fn net(&mut self, bare: bool) {
        let word = self.fault.word;
        match values::address_len(word) {
            Ok((addr, len)) => {
                self.net.v4 = addr.is_ipv4();
                self.net.said = len.is_some();
                let (family, bits) = match addr {
                    IpAddr::V4(v4) => {
                        self.net.bytes = [0; 16];
                        for (to, from) in self.net.bytes.iter_mut().zip(v4.octets()) {
                            *to = from;
                        }
                        (uapi::AF_INET, 32)
                    }
                    IpAddr::V6(v6) => {
                        self.net.bytes = v6.octets();
                        (uapi::AF_INET6, 128)
                    }
                };
                self.net.len = len.unwrap_or(bits);
                if self.family == 0 {
                    self.family = family;
                }
                if self.family != family {
                    self.bad(if self.net.v4 {
                        "an IPv4 address where IPv6 is meant"
                    } else {
                        "an IPv6 address where IPv4 is meant"
                    });
                }
                if bare && self.net.said {
                    self.bad("an address without a prefix length belongs here");
                }
            }
            Err(reason) => {
                // iproute2 reads `10.1/16` as 10.1.0.0/16.
                let (mut dots, mut short) = (0, matches!(word, [b'0'..=b'9' | b'.', ..]));
                for byte in word {
                    match byte {
                        b'/' => break,
                        b'.' => dots += 1,
                        b'0'..=b'9' => {}
                        _ => short = false,
                    }
                }
                if short && dots < 3 {
                    self.unknown();
                }
                self.bad(reason);
            }
        }
    }

    /// A prefix in the word that came last, as an attribute and a length; none of either is everything.
    #[inline(never)]
    fn prefix(&mut self) {
        let mut len = 0;
        if !is_everything(self.fault.word) {
            self.net(false);
            len = self.net.len;
            if len > 0 {
                // With host bits the kernel refuses an IPv4 route; of an IPv6 one it clears them.
                if self.is_route() && self.net.fill(false) && self.net.v4 {
                    self.bad("bits are set beyond the prefix length");
                }
                self.net.put(self.kind, self.out);
            }
        }
        let [dst, src] = &mut self.lens;
        *(if self.kind == uapi::FRA_DST { dst } else { src }) = len;
    }

    /// Options, object, verb, and the rest.
    pub(super) fn command(&mut self) -> Result<Request<'a>, Fault<'a>> {
        let (object, fixed, _) = loop {
            self.need(AN_OBJECT);
            let word = self.fault.word;
            // One dash or two.
            let option = match word {
                [b'-', option @ ..] if option.first() == Some(&b'-') => option,
                _ => word,
            };
            match keyword(table!(OPTIONS), option) {
                (HERE, family, _) => self.family = family,
                (NAME, ..) => {
                    self.need(A_FAMILY);
                    self.family = family(self.fault.word);
                    if self.family == 0 {
                        self.unknown();
                    }
                }
                _ => break keyword(table!(OBJECTS), word),
            }
            if self.failed {
                break (NONE, 0, 0);
            }
        };
        let (verbs, mut table) = match object {
            LINK_ID => (table!(LINK_VERBS), table!(LINK)),
            ADDR_ID => (table!(ADDR_VERBS), table!(ADDR)),
            ROUTE_ID => (table!(ROUTE_VERBS), table!(ROUTE)),
            // What rules are about cannot be seen from them.
            RULE_ID => {
                self.family = self.family.max(uapi::AF_INET);
                (table!(RULE_VERBS), table!(RULE))
            }
            _ => {
                self.unknown();
                (table!(NO_TABLE), table!(NO_TABLE))
            }
        };
        // Without a verb iproute2 lists.
        let (verb, kind, flags) = keyword(verbs, self.next().unwrap_or_default());
        match class(verb) {
            Some(class) => self.class = class,
            None => self.unknown(),
        }
        match self.class {
            Class::LinkAdd | Class::LinkDel => self.known = 1 << HERE | 1 << DEV | 1 << NAME | 1 << TYPE | 1 << LINKED,
            Class::LinkSet => self.known = !(1 << NAME | 1 << TYPE | 1 << OTHER | 1 << LINKED),
            Class::AddrFlush => table = table!(FLUSH),
            _ => {}
        }
        let fixed = usize::from(fixed);
        let start = self.out.len();
        self.out.push([0; 16].get(..fixed).unwrap_or_default(), &[]);
        while self.next().is_some() {
            self.argument(table);
        }
        let head = self.finish();
        self.out.patch(start, head.get(..fixed).unwrap_or_default());
        if self.failed {
            return Err(self.fault);
        }
        let [_, pref, _, table, ..] = self.numbers;
        Ok(Request {
            class: self.class,
            kind: kind.into(),
            flags: u16::from_le_bytes([0, flags]),
            dev: self.dev,
            family: self.family,
            pref: self.has(PREF).then_some(pref),
            table,
            l3mdev: self.has(L3MDEV),
            action: self.action,
        })
    }

    /// One keyword with what follows it.
    #[inline(never)]
    fn argument(&mut self, table: usize) {
        let word = self.fault.word;
        let (id, at, mut needs) = keyword(table, word);
        (self.id, self.kind) = (id, at.into());
        if id == NONE {
            // An option, to iproute2; and what is an address, and what a keyword?
            let option = self.class == Class::AddrFlush && word.first() == Some(&b'-');
            if option || self.is_addr() && !looks_like_address(word) {
                self.unknown();
            }
            self.id = HERE;
        }
        if self.known >> self.id & 1 == 0 {
            self.unknown();
        }
        if self.class == Class::LinkAdd && needs == A_LINK {
            needs = A_NAME;
        }
        if needs != NOTHING {
            self.need(needs);
        }
        let word = self.fault.word;
        let kind = self.kind;
        match self.id {
            HERE => self.here(),
            DEV | NAME => self.dev(),
            TYPE => self.link_type(),
            LINKED => match (self.devices)(word) {
                Some(device) => self.out.attr_u32(kind, device.index),
                None => self.fail(Wrong::NoDevice),
            },
            VIA => self.via(),
            SELECTOR => self.prefix(),
            PEER | SRC | BROADCAST => self.address(),
            UP => self.flags = kind.into(),
            FLAG => self.flags |= 1 << kind,
            L3MDEV => self.out.attr_u8(kind, 1),
            // Alternative names do not match here.
            IFNAME => self.name(),
            LABEL => match word.len() {
                1..=values::IF_NAME_MAX => self.out.attr_str(kind, word),
                _ => self.bad("a label has 1 to 15 bytes"),
            },
            // Without a NUL: the kernel takes the length as it is, and an alias of length 0 as none.
            ALIAS => match word.len() {
                0..=ALIAS_MAX => self.out.attr(kind, word),
                _ => self.bad("an alias has at most 255 bytes"),
            },
            MAC => match values::mac(word) {
                Ok(mac) => self.out.attr(kind, &mac),
                Err(reason) => self.bad(reason),
            },
            MARK => {
                self.id = NUMBER;
                let slash = word.iter().position(|byte| *byte == b'/').unwrap_or(word.len());
                let (mark, mask) = word.split_at_checked(slash).unwrap_or_default();
                self.number(mark);
                // Without a mask it is the kernel's to say.
                if let [_, mask @ ..] = mask {
                    self.kind = uapi::FRA_FWMASK;
                    self.number(mask);
                }
            }
            NOMASTER => self.set(0),
            MASTER => {
                let master = self.device().index;
                self.set(master);
            }
            VRF => {
                self.id = TABLE;
                let table = self.device().table;
                if table == 0 {
                    self.fail(Wrong::NotVrf);
                }
                self.set(table);
            }
            _ => self.number(word),
        }
        self.said |= 1 << self.id;
    }

    /// A number, or the name of one.
    #[inline(never)]
    fn number(&mut self, word: &[u8]) {
        let (names, reason, least, most) = match self.id {
            TABLE => (table!(TABLE_NAMES), NOT_A_TABLE, 1, u32::MAX),
            SCOPE => (table!(SCOPE_NAMES), NOT_A_SCOPE, 0, 255),
            PROTO => (table!(PROTO_NAMES), NOT_A_PROTO, 0, 255),
            _ => (table!(NO_TABLE), NOT_A_NUMBER, 0, u32::MAX),
        };
        let value = match keyword(names, word) {
            (HERE, value, _) => Ok(value.into()),
            _ => values::u32_(word),
        };
        match value {
            Ok(value) if value >= least && value <= most => self.set(value),
            _ => {
                // A name that is not built in may still be known to iproute2; so is `mtu lock`.
                let name = names != table!(NO_TABLE) && !word.first().is_some_and(u8::is_ascii_digit);
                if name || self.id == MTU && word == b"lock" {
                    self.unknown();
                }
                self.bad(reason);
            }
        }
    }

    /// A number is to be written, where it has an attribute, and remembered.
    #[inline(never)]
    fn set(&mut self, value: u32) {
        if self.kind != 0 {
            self.out.attr_u32(self.kind, value);
        }
        // Of table and action of a rule the last one holds.
        if self.id == TABLE && self.is_rule() {
            self.action = 0;
        }
        if let Some(number) = self.numbers.get_mut(usize::from(self.id & 7)) {
            *number = value;
        }
    }

    /// The word that a command is about, where no keyword has to stand before it.
    fn here(&mut self) {
        if self.is_addr() {
            self.net(false);
            self.net.put(uapi::IFA_LOCAL, self.out);
            if !self.has(PEER) {
                self.far = self.net;
            }
            self.host = self.net.v4 && matches!(self.net.bytes, [127, ..]);
        } else if self.is_route() || self.is_rule() {
            let (how, action, _) = keyword(table!(TYPES), self.fault.word);
            if how != NONE {
                self.action = action;
            }
            if self.is_rule() {
                let [_, _, _, table, ..] = &mut self.numbers;
                *table = 0;
                if how != HERE {
                    self.unknown();
                }
                return;
            }
            if how == OTHER {
                self.unknown();
            }
            if how != NONE {
                self.need(A_DST);
            }
            if !looks_like_address(self.fault.word) {
                self.unknown();
            }
            self.kind = uapi::RTA_DST;
            self.prefix();
        } else {
            return self.dev();
        }
        if self.has(HERE) {
            self.unknown();
        }
    }

    /// What follows `peer`, `src`, `broadcast`.
    fn address(&mut self) {
        if self.id == BROADCAST {
            self.broadcast = b'=';
            if let &[sign @ (b'+' | b'-')] = self.fault.word {
                self.broadcast = sign;
                return;
            }
        }
        let peer = self.id == PEER;
        self.net(!peer);
        if peer {
            self.far = self.net;
        }
        self.net.put(self.kind, self.out);
    }

    /// What follows `type`, to the end of the line.
    fn link_type(&mut self) {
        // The kernel deletes by name, whatever the type.
        if self.class == Class::LinkDel {
            while self.next().is_some() {}
            return;
        }
        let info = self.out.nest(uapi::IFLA_LINKINFO);
        self.need(A_TYPE);
        self.out.attr(uapi::IFLA_INFO_KIND, self.fault.word);
        match keyword(table!(KINDS), self.fault.word).0 {
            TABLE => {
                self.known = 1 << TABLE;
                while self.next().is_some() {
                    self.argument(table!(KIND_VRF));
                }
                // For the rest of what is said of it.
                self.id = TYPE;
                let [_, _, _, table, ..] = self.numbers;
                if table == 0 {
                    self.bad("table is missing");
                }
                let data = self.out.nest(uapi::IFLA_INFO_DATA);
                self.out.attr_u32(uapi::IFLA_VRF_TABLE, table);
                self.out.end_nest(data);
            }
            NAME => match self.next() {
                None => {}
                Some(b"peer") => self.veth_peer(),
                Some(_) => self.unknown(),
            },
            NOTHING => {}
            VLAN => self.numbers_of(table!(KIND_VLAN)),
            BRIDGE => self.numbers_of(table!(KIND_BRIDGE)),
            BOND => self.numbers_of(table!(KIND_BOND)),
            _ => self.unknown(),
        }
        self.out.end_nest(info);
        if self.next().is_some() {
            self.unknown();
        }
    }

    /// What follows `vlan` and `bridge`: keywords with a number each.
    #[inline(never)]
    fn numbers_of(&mut self, table: usize) {
        let data = self.out.nest(uapi::IFLA_INFO_DATA);
        while self.next().is_some() {
            let (width, at, _) = keyword(table, self.fault.word);
            let kind = u16::from(at);
            if width == NONE {
                self.unknown();
            }
            self.need(A_NUMBER);
            if width == ETHERTYPE {
                // Upper or lower case; other names are for iproute2.
                match self.fault.word {
                    b"802.1q" | b"802.1Q" => self.out.attr(kind, &[0x81, 0]),
                    b"802.1ad" | b"802.1AD" => self.out.attr(kind, &[0x88, 0xa8]),
                    _ => self.unknown(),
                }
                continue;
            }
            if width == INDEX {
                match (self.devices)(self.fault.word) {
                    Some(device) => self.out.attr_u32(kind, device.index),
                    None => self.fail(Wrong::NoDevice),
                }
                continue;
            }
            // Only bonds have names for numbers.
            let named = keyword(
                if table == table!(KIND_BOND) { table!(BOND_NAMES) } else { table!(NO_TABLE) },
                self.fault.word,
            );
            let number = if named.0 == HERE { Ok(named.1.into()) } else { values::u32_(self.fault.word) };
            match (width, number) {
                (4, Ok(number)) => self.out.attr_u32(kind, number),
                (2, Ok(number)) if number < 1 << 16 => {
                    let [low, high, ..] = number.to_le_bytes();
                    self.out.attr(kind, &u16::from_le_bytes([low, high]).to_ne_bytes());
                }
                (1, Ok(number)) if number < 1 << 8 => self.out.attr_u8(kind, number.to_le_bytes()[0]),
                _ => self.bad(NOT_A_NUMBER),
            }
        }
        self.out.end_nest(data);
    }

    /// What follows `peer`: a link of its own, with its fixed part. Without a name the kernel gives it one.
    fn veth_peer(&mut self) {
        if self.next().is_none() {
            return;
        }
        match keyword(table!(LINK), self.fault.word).0 {
            NONE => {}
            DEV | NAME => self.need(A_NAME),
            _ => self.unknown(),
        }
        let data = self.out.nest(uapi::IFLA_INFO_DATA);
        let peer = self.out.nest(uapi::VETH_INFO_PEER);
        self.out.push(&[0; 16], &[]);
        self.kind = uapi::IFLA_IFNAME;
        self.name();
        self.out.end_nest(peer);
        self.out.end_nest(data);
    }

    /// What follows `via`. After `inet` and `inet6` the address is of that family, which an IPv4 route may have as an
    /// IPv6 one.
    fn via(&mut self) {
        let own = self.family;
        let foreign = family(self.fault.word);
        if foreign != 0 {
            self.family = foreign;
            self.need(AN_ADDRESS);
        }
        self.net(true);
        if own != 0 {
            self.family = own;
        }
        let (kind, head): (_, &[u8]) = match (self.family, self.net.v4) {
            (uapi::AF_INET6, true) => return self.bad("an IPv6 route cannot have an IPv4 gateway"),
            // Behind its family.
            (uapi::AF_INET, false) => (uapi::RTA_VIA, &AF_INET6),
            _ => (uapi::RTA_GATEWAY, &[]),
        };
        self.out.attr_of(kind, head, self.net.bytes());
    }

    /// What is known only now that all words have been read, and the fixed part.
    #[inline(never)]
    fn finish(&mut self) -> [u8; 16] {
        let what = match self.class {
            Class::LinkAdd if !self.has(TYPE) => THE_TYPE,
            Class::AddrAdd | Class::AddrDel if !self.has(HERE) => AN_ADDRESS,
            Class::RouteAdd | Class::RouteDel if !self.has(HERE) => A_DST,
            Class::RuleAdd | Class::RuleDel if self.said == 0 => A_SELECTOR,
            Class::RouteAdd | Class::RouteDel | Class::RuleAdd | Class::RuleDel => NOTHING,
            _ if self.dev.is_empty() => THE_DEV,
            _ => NOTHING,
        };
        if what != NOTHING {
            // Without a name the kernel would give it one, which nobody could take back.
            if self.class == Class::LinkAdd && what == THE_DEV {
                self.unknown();
            }
            self.lacks(what);
        }
        let mut scope = 0;
        let [m0, m1, m2, m3] = if self.is_route() {
            self.finish_route()
        } else if self.is_rule() {
            self.finish_rule()
        } else {
            if self.is_addr() {
                scope = self.finish_addr();
            } else {
                if self.class == Class::AddrFlush && self.family != 0 {
                    self.wrong(b"flush", Wrong::Unknown);
                }
                self.family = 0;
            }
            self.index.to_ne_bytes()
        };
        let [f0, f1, f2, f3] = self.flags.to_ne_bytes();
        let [c0, c1, c2, c3] = (self.said >> UP & uapi::IFF_UP).to_ne_bytes();
        let [dst, src] = self.lens;
        [self.family, dst, src, scope, m0, m1, m2, m3, f0, f1, f2, f3, c0, c1, c2, c3]
    }

    /// Something is the matter with a word that is not the last one.
    #[inline(never)]
    fn wrong(&mut self, word: &'static [u8], wrong: Wrong) {
        if !self.failed {
            self.fault.word = word;
        }
        self.fail(wrong);
    }

    /// The number that came with a keyword, where it has one byte.
    fn byte(&self, id: u8) -> u8 {
        let [byte, ..] = self.numbers.get(usize::from(id & 7)).copied().unwrap_or(0).to_le_bytes();
        byte
    }

    fn finish_addr(&mut self) -> u8 {
        let adding = self.class == Class::AddrAdd;
        let v4 = self.family == uapi::AF_INET;
        if v4 {
            // IPv4 has no duplicate address detection to go without; iproute2 warns.
            self.flags &= !uapi::IFA_F_NODAD;
        } else if self.broadcast != 0 {
            self.wrong(b"broadcast", Wrong::Bad("it is for IPv4 addresses"));
        }
        let flags = u8::try_from(self.flags).unwrap_or_else(|_| {
            self.out.attr_u32(uapi::IFA_FLAGS, self.flags);
            0
        });
        self.lens = [self.far.len, flags];
        // An IPv4 address without a length is deleted whatever its length, as iproute2 does.
        if !self.has(PEER) && (adding || self.far.said || !v4) {
            self.far.put(uapi::IFA_ADDRESS, self.out);
        }
        if adding && matches!(self.broadcast, b'+' | b'-') && self.far.len <= 30 {
            self.far.fill(self.broadcast == b'+');
            self.far.put(uapi::IFA_BROADCAST, self.out);
        }
        // As iproute2 has it: what begins with 127 stays in this machine.
        if self.host && adding && !self.has(SCOPE) { uapi::RT_SCOPE_HOST } else { self.byte(SCOPE) }
    }

    /// Writes the table if it is large; what the fixed part has of it.
    fn put_table(&mut self) -> u8 {
        let [_, _, _, table, ..] = self.numbers;
        u8::try_from(table).unwrap_or_else(|_| {
            self.out.attr_u32(uapi::RTA_TABLE, table);
            0
        })
    }

    #[inline(never)]
    fn finish_route(&mut self) -> [u8; 4] {
        let adding = self.class == Class::RouteAdd;
        self.family = self.family.max(uapi::AF_INET);
        let mut proto = self.byte(PROTO);
        let mut scope = uapi::RT_SCOPE_NOWHERE;
        if adding {
            self.action = self.action.max(uapi::RTN_UNICAST);
            if !self.has(PROTO) {
                proto = uapi::RTPROT_BOOT;
            }
            // As iproute2 has it: a route without a gateway leads to the link itself, one to this machine stays here.
            let link = self.action == uapi::RTN_UNICAST && !self.has(VIA);
            scope = if link { uapi::RT_SCOPE_LINK } else { uapi::RT_SCOPE_UNIVERSE };
        }
        let [_, _, mtu, table, ..] = &mut self.numbers;
        let mtu = *mtu;
        let mut unsaid = uapi::RT_TABLE_MAIN;
        if self.action == uapi::RTN_LOCAL {
            (scope, unsaid) = (uapi::RT_SCOPE_HOST, uapi::RT_TABLE_LOCAL);
        }
        if *table == 0 {
            *table = unsaid;
        }
        if self.family == uapi::AF_INET6 {
            scope = uapi::RT_SCOPE_UNIVERSE;
        }
        if self.has(SCOPE) {
            scope = self.byte(SCOPE);
        }
        let table = self.put_table();
        if self.index != 0 {
            self.out.attr_u32(uapi::RTA_OIF, self.index);
        }
        if self.has(MTU) {
            let metrics = self.out.nest(uapi::RTA_METRICS);
            self.out.attr_u32(uapi::RTAX_MTU, mtu);
            self.out.end_nest(metrics);
        }
        [table, proto, scope, self.action]
    }

    #[inline(never)]
    fn finish_rule(&mut self) -> [u8; 4] {
        // `from all` alone: a deletion would take the first rule that there is.
        if self.said == 1 << SELECTOR && self.lens == [0; 2] {
            self.unknown();
        }
        let l3mdev = self.has(L3MDEV);
        let [_, _, _, table, ..] = &mut self.numbers;
        let mut action = self.action;
        if self.class == Class::RuleAdd && action == uapi::FR_ACT_UNSPEC {
            action = uapi::FR_ACT_TO_TBL;
            // As iproute2 has it: with l3mdev the table is the VRF's, else it is main.
            if *table == 0 && !l3mdev {
                *table = uapi::RT_TABLE_MAIN;
            }
        }
        if l3mdev && *table != 0 {
            self.wrong(b"l3mdev", Wrong::Bad("it means a table already"));
        }
        if self.has(PROTO) {
            self.out.attr_u8(uapi::FRA_PROTOCOL, self.byte(PROTO));
        }
        [self.put_table(), 0, 0, action]
    }
}

const NOT_A_NUMBER: Reason = "not a number (decimal, or 0x and hexadecimal, up to 4294967295)";
const NOT_A_TABLE: Reason = "not a routing table (1 to 4294967295, main, local or default)";
const NOT_A_SCOPE: Reason = "not a scope (global, link, host, site or 0 to 255)";
const NOT_A_PROTO: Reason = "not a routing protocol (boot, static, kernel, dhcp … or 0 to 255)";

/// The longest alias, bytes: `IFALIASZ` without its zero.
const ALIAS_MAX: usize = 255;

/// `AF_INET6` as `struct rtvia` has it.
const AF_INET6: [u8; 2] = {
    let [low, high] = [uapi::AF_INET6, 0];
    u16::from_le_bytes([low, high]).to_ne_bytes()
};
