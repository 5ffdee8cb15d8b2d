//! Judges the rules of a family, in the order in which the kernel walks them.
//!
//! Two kinds of lookups must end in time. A lookup of a VRF must meet `l3mdev`, which leads to the VRF's table, and then
//! `l3mdev unreachable`, before another rule can answer it. A lookup outside of all VRFs must meet a plain `lookup local` before
//! another rule can answer it: else packets to this machine's own addresses take another way. Where the rules stand does not matter:
//!
//! | layout | l3mdev | l3mdev unreachable | local | made by |
//! |---|---|---|---|---|
//! | A | 1000 | 2000 | 32765 | the kernel's documentation, VyOS, SONiC, a file |
//! | B | 0 | 0 | 0 | `vrf-launch up` |
//!
//! In A the rules of others come before `local`, in B behind it.
//!
//! Whether a rule is met is known as far as its selectors are known ([`Meets`]):
//!
//! | selector | a lookup of VRF v | a lookup outside for an address of this machine |
//! |---|---|---|
//! | `l3mdev` | all | none |
//! | `iif lo` | what is sent | what is sent |
//! | `iif v`, `oif v` | some: it depends on the kernel which | none |
//! | `iif` a member of v | what arrives (from Linux 5.18 on) | none |
//! | `oif` a member of v | IPv6, from Linux 5.18 on: the answer to a ping. IPv4 lets such a lookup leave by that member only | none |
//! | `iif`, `oif` another interface | none | some |
//! | `iif` that is not lo, with `oif` | none | none |
//! | an interface that does not exist | none | none |
//! | `to` a network | some | some if table local has an address in it |
//! | another | some | some |
//!
//! Before Linux 5.18 a lookup by a member has the VRF's index as its `iif` or `oif`. Since then it has the member's, and an `oif v`
//! rule is not met before 6.15 (and the stable releases that have its repair).
//!
//! Source: `net/core/fib_rules.c: fib_rules_lookup, fib_rule_match, fib_nl2rule`, `net/l3mdev/l3mdev.c: l3mdev_update_flow`,
//! `net/ipv4/ip_input.c: ip_rcv_finish`, `drivers/net/vrf.c: vrf_ip6_rcv`.
//!
//! What is in the tables is not judged: a rule that looks up an empty table is a fault as soon as it can answer.

use crate::limits;
use crate::prefix::Prefix;
use crate::text::Buf;
use crate::uapi;
use crate::wire::rule::Rule;
use core::net::IpAddr;

/// Bytes of the list of rules: what stands before and behind it has room in the line, too.
const LIST: usize = limits::LINE - 128;

/// A link.
#[derive(Clone, Copy)]
pub struct Link<'a> {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: &'a [u8],
    /// Of a VRF, or 0.
    pub table: u32,
    /// The index of its master, or 0.
    pub master: u32,
}

/// What the judgement needs to know of the machine beside the rules.
pub struct Machine<'a> {
    /// All links.
    pub links: &'a [Link<'a>],
    /// The destinations in table local.
    pub own: &'a [Prefix],
    /// Whether the kernel is one of those that keep the index of a member in a lookup: Linux 5.18.
    pub keeps_members: bool,
    /// Whether the rules are those of IPv6.
    pub is_v6: bool,
}

/// The interface of a selector.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interface {
    /// The rule names none.
    Any,
    /// It does not exist.
    Gone,
    /// lo
    Lo,
    /// A VRF, by its index.
    Vrf(u32),
    /// A member of the VRF with that index.
    Member(u32),
    /// In no VRF.
    Outside,
    /// The kernel knows it by a name that is not its first one.
    Alias,
}

impl Interface {
    fn find(name: Option<&[u8]>, is_detached: bool, links: &[Link<'_>]) -> Self {
        let Some(name) = name else { return Self::Any };
        if is_detached {
            return Self::Gone;
        }
        let Some(link) = links.iter().find(|link| link.name == name) else { return Self::Alias };
        let is_vrf = |index: u32| links.iter().any(|link| link.index == index && link.table != 0);
        match link {
            Link { index: 1, .. } => Self::Lo,
            Link { table: 1.., index, .. } => Self::Vrf(*index),
            Link { master, .. } if *master != 0 && is_vrf(*master) => Self::Member(*master),
            _ => Self::Outside,
        }
    }
}

/// Which lookups of a kind meet a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meets {
    None,
    Some,
    All,
}

/// A kind of lookups.
#[derive(Clone, Copy)]
enum Lookup<'a> {
    /// Of a VRF.
    Vrf(&'a Link<'a>),
    /// Outside, for an address of this machine.
    Own,
}

/// What a rule does to a lookup that meets it.
enum Effect {
    /// The walk goes on, or it ends where it has to.
    Harmless,
    /// The walk ends where it has to.
    Ends,
    /// The rule can answer it, and must not.
    Answers,
    /// The walk goes on at that rule.
    Goto(usize),
}

/// A rule, and what has been found out about it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    rule: Rule<'a>,
    iif: Interface,
    oif: Interface,
    /// Where its `goto` leads.
    target: Option<usize>,
    /// Whether a lookup that comes to it can go on to a rule that answers it and must not.
    escapes: bool,
    /// Whether a `goto` leads to it.
    is_target: bool,
    /// How many VRFs' lookups it can answer; the index of the first one's link.
    vrfs: usize,
    first: usize,
    /// Whether it can answer lookups for this machine's addresses.
    own: bool,
}

impl<'a> Entry<'a> {
    /// Reads a rule as the kernel tells of it; `None` where it cannot be one.
    pub fn read(body: &'a [u8], links: &[Link<'_>]) -> Option<Self> {
        let rule = Rule::parse(body)?;
        let has = |flag: u32| rule.flags & flag != 0;
        Some(Self {
            rule,
            iif: Interface::find(rule.iif, has(uapi::FIB_RULE_IIF_DETACHED), links),
            oif: Interface::find(rule.oif, has(uapi::FIB_RULE_OIF_DETACHED), links),
            target: None,
            escapes: false,
            is_target: false,
            vrfs: 0,
            first: 0,
            own: false,
        })
    }

    /// Whether it is for some destinations.
    pub const fn has_destination(&self) -> bool {
        self.rule.dst.is_some()
    }

    /// Which lookups of a kind meet it.
    fn meets(&self, lookup: Lookup<'_>, machine: &Machine<'_>) -> Meets {
        let Self { rule, iif, oif, .. } = self;
        let outside = |interface: Interface| match interface {
            Interface::Any => Meets::All,
            Interface::Lo | Interface::Outside | Interface::Alias => Meets::Some,
            _ => Meets::None,
        };
        let inside = |interface: Interface, vrf: &Link<'_>, is_oif: bool| match interface {
            Interface::Any => Meets::All,
            Interface::Lo if !is_oif => Meets::Some,
            Interface::Alias => Meets::Some,
            Interface::Vrf(index) if index == vrf.index => Meets::Some,
            Interface::Member(index) if index == vrf.index && machine.keeps_members && (machine.is_v6 || !is_oif) => {
                Meets::Some
            }
            _ => Meets::None,
        };
        let if_any = |is_selector: bool| if is_selector { Meets::Some } else { Meets::All };
        let (iif_met, oif_met, l3mdev, to) = match lookup {
            Lookup::Vrf(vrf) => {
                (inside(*iif, vrf, false), inside(*oif, vrf, true), Meets::All, if_any(rule.dst.is_some()))
            }
            Lookup::Own => {
                let is_own = |to: Prefix| machine.own.iter().any(|own| overlap(*own, to));
                let to = rule.dst.map_or(Meets::All, |to| if is_own(to) { Meets::Some } else { Meets::None });
                (outside(*iif), outside(*oif), if rule.l3mdev { Meets::None } else { Meets::All }, to)
            }
        };
        // Only what is sent has an `oif`, and its `iif` is lo.
        let is_possible = *oif == Interface::Any || matches!(iif, Interface::Any | Interface::Lo | Interface::Alias);
        let mask = rule.fwmask.unwrap_or_else(|| if rule.fwmark.is_some() { u32::MAX } else { 0 });
        let met = if_any(rule.src.is_some() || rule.tos != 0 || rule.other || mask != 0);
        let both = if is_possible { Meets::All } else { Meets::None };
        let met = met.min(both).min(iif_met).min(oif_met).min(l3mdev).min(to);
        match met {
            Meets::None if self.is_inverted() => Meets::All,
            Meets::All if self.is_inverted() => Meets::None,
            _ => met,
        }
    }

    const fn is_inverted(&self) -> bool {
        self.rule.flags & uapi::FIB_RULE_INVERT != 0
    }

    /// What it does to a lookup of a kind that meets it.
    fn effect(&self, lookup: Lookup<'_>, machine: &Machine<'_>) -> Effect {
        let Rule { action, table, l3mdev, suppress_prefixlen, .. } = self.rule;
        let bits = if machine.is_v6 { 128 } else { 32 };
        match (action, lookup) {
            // Where it is met because it is no VRF's, the kernel looks up table main.
            (uapi::FR_ACT_TO_TBL, Lookup::Vrf(_)) if l3mdev && !self.is_inverted() => Effect::Harmless,
            (uapi::FR_ACT_TO_TBL, Lookup::Vrf(vrf)) if !l3mdev && table == vrf.table => Effect::Harmless,
            // No route is specific enough.
            (uapi::FR_ACT_TO_TBL, Lookup::Vrf(_)) if suppress_prefixlen >= Some(bits) => Effect::Harmless,
            (uapi::FR_ACT_TO_TBL, Lookup::Own) if self.looks_up_local() => {
                if suppress_prefixlen.is_none() {
                    Effect::Ends
                } else {
                    Effect::Harmless
                }
            }
            (uapi::FR_ACT_TO_TBL, _) => Effect::Answers,
            (uapi::FR_ACT_GOTO, _) => self.target.map_or(Effect::Harmless, Effect::Goto),
            (uapi::FR_ACT_NOP, _) => Effect::Harmless,
            (_, Lookup::Vrf(_)) => Effect::Ends,
            (_, Lookup::Own) => Effect::Answers,
        }
    }

    fn looks_up_local(&self) -> bool {
        self.rule.action == uapi::FR_ACT_TO_TBL && !self.rule.l3mdev && self.rule.table == uapi::RT_TABLE_LOCAL
    }

    /// Whether it leads each VRF's lookups to the VRF's table.
    fn looks_up_vrfs(&self) -> bool {
        let Rule { action, l3mdev, suppress_prefixlen, .. } = self.rule;
        l3mdev && action == uapi::FR_ACT_TO_TBL && suppress_prefixlen.is_none() && !self.is_for_some()
    }

    /// Whether it is for some lookups only, those of all VRFs aside.
    fn is_for_some(&self) -> bool {
        let Rule { src, dst, fwmark, fwmask, tos, other, .. } = self.rule;
        src.is_some()
            || dst.is_some()
            || fwmark.is_some()
            || fwmask.is_some_and(|mask| mask != 0)
            || tos != 0
            || other
            || self.is_inverted()
            || self.iif != Interface::Any
            || self.oif != Interface::Any
    }

    /// Its preference and what it does.
    fn put(&self, out: &mut Buf<'_>) {
        let Rule { action, table, l3mdev, goto, suppress_prefixlen, .. } = self.rule;
        out.num(self.rule.pref()).str(if l3mdev { " l3mdev" } else { "" });
        match action {
            uapi::FR_ACT_TO_TBL if l3mdev => {}
            uapi::FR_ACT_TO_TBL => {
                match table {
                    uapi::RT_TABLE_LOCAL => out.str(" local"),
                    uapi::RT_TABLE_MAIN => out.str(" main"),
                    253 => out.str(" default"),
                    table => out.str(" table ").num(table),
                };
            }
            uapi::FR_ACT_GOTO => {
                out.str(" goto ").num(goto.unwrap_or(0));
            }
            uapi::FR_ACT_NOP => {
                out.str(" nop");
            }
            uapi::FR_ACT_BLACKHOLE => {
                out.str(" blackhole");
            }
            uapi::FR_ACT_PROHIBIT => {
                out.str(" prohibit");
            }
            _ => {
                out.str(" unreachable");
            }
        }
        if self.is_for_some() || suppress_prefixlen.is_some() {
            out.str(" (for some)");
        }
    }
}

/// Whether two networks have an address in common.
fn overlap(one: Prefix, other: Prefix) -> bool {
    let len = one.len.min(other.len);
    match (one.addr, other.addr) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (u32::from(one) ^ u32::from(other)).checked_shr(32 - u32::from(len)).unwrap_or(0) == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (u128::from(one) ^ u128::from(other)).checked_shr(128 - u32::from(len)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Finds the first rule at which every lookup of a kind ends where it has to. A `goto` may lead past it.
fn end(entries: &[Entry<'_>], lookup: Lookup<'_>, machine: &Machine<'_>) -> Option<usize> {
    entries.iter().position(|entry| {
        matches!(entry.effect(lookup, machine), Effect::Ends) && entry.meets(lookup, machine) == Meets::All
    })
}

/// Finds where each `goto` leads. One to a preference that no rule has is passed over.
fn resolve(entries: &mut [Entry<'_>]) {
    for at in 0..entries.len() {
        let Some(Entry { rule, .. }) = entries.get(at) else { return };
        let goto = rule.goto.filter(|_| rule.flags & uapi::FIB_RULE_UNRESOLVED == 0);
        let target = goto.and_then(|goto| entries.iter().position(|entry| entry.rule.pref() == goto));
        if let Some(entry) = entries.get_mut(at) {
            entry.target = target;
        }
    }
}

/// What becomes of a lookup that a VRF's own table has no route for, in a family: the first rule that all such lookups meet, and that
/// ends or answers them. Rules for some of them are passed over, and so is table local: it has this machine's addresses only.
#[derive(Clone, Copy, Default)]
pub struct Behind {
    /// The preference of the rule that leads to the VRF's own table.
    pub lookup: Option<u32>,
    /// Whether the rule has been met.
    is_found: bool,
    /// The table that answers; `None` where such a lookup ends.
    pub table: Option<u32>,
}

impl Behind {
    /// Goes on to the next rule, as the kernel tells of it. `table` is the VRF's.
    pub fn advance(&mut self, body: &[u8], table: u32) {
        let Some(entry) = Entry::read(body, &[]).filter(|_| !self.is_found) else { return };
        if entry.looks_up_vrfs() {
            self.lookup = self.lookup.or(Some(entry.rule.pref()));
        }
        if entry.is_for_some() || entry.rule.suppress_prefixlen.is_some() || entry.looks_up_local() {
            return;
        }
        let machine = Machine { links: &[], own: &[], keeps_members: true, is_v6: false };
        let vrf = Link { index: 0, name: b"", table, master: 0 };
        match entry.effect(Lookup::Vrf(&vrf), &machine) {
            Effect::Harmless | Effect::Goto(_) => {}
            Effect::Ends => self.is_found = true,
            Effect::Answers => (self.is_found, self.table) = (true, Some(entry.rule.table)),
        }
    }
}

/// Calls `fault` with each rule before `limit` that can answer a lookup of a kind and must not, or that leads past the limit to
/// such a rule.
fn walk(
    entries: &mut [Entry<'_>],
    lookup: Lookup<'_>,
    machine: &Machine<'_>,
    limit: usize,
    fault: &mut dyn FnMut(&mut Entry<'_>),
) {
    // Backwards: whether a lookup that comes to a rule escapes. Behind the last rule the kernel finds no route: a VRF's lookup may
    // end so, one for an address of this machine must not.
    let mut next = matches!(lookup, Lookup::Own);
    for at in (0..entries.len()).rev() {
        let Some(entry) = entries.get(at) else { return };
        let meets = entry.meets(lookup, machine);
        let passes = next && meets != Meets::All;
        next = match (meets, entry.effect(lookup, machine)) {
            (Meets::None, _) | (_, Effect::Harmless) => next,
            (_, Effect::Answers) => true,
            (_, Effect::Ends) => passes,
            (_, Effect::Goto(target)) => entries.get(target).is_some_and(|target| target.escapes) || passes,
        };
        if let Some(entry) = entries.get_mut(at) {
            entry.escapes = next;
            entry.is_target = false;
        }
    }
    let mut is_reached = true;
    for at in 0..limit {
        let Some(entry) = entries.get_mut(at) else { return };
        is_reached |= entry.is_target;
        let meets = entry.meets(lookup, machine);
        if !is_reached || meets == Meets::None {
            continue;
        }
        match entry.effect(lookup, machine) {
            Effect::Harmless | Effect::Ends => {}
            Effect::Answers => fault(entry),
            Effect::Goto(target) => {
                is_reached = meets != Meets::All;
                let Some(to) = entries.get_mut(target) else { return };
                to.is_target = true;
                if target > limit && to.escapes {
                    entries.get_mut(at).map(&mut *fault);
                }
            }
        }
    }
}

/// What a line about rules is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A rule that answers lookups which are not for it.
    Rule,
    /// A rule that is missing, or stands too far behind.
    Missing,
}

/// Judges the rules of a family, in the kernel's order: adds them to `text`, and calls `fault` with each line that says what is
/// wrong.
pub fn judge(
    entries: &mut [Entry<'_>],
    machine: &Machine<'_>,
    text: &mut Buf<'_>,
    fault: &mut dyn FnMut(Fault, &[u8]),
) {
    let version = if machine.is_v6 { "-6" } else { "-4" };
    resolve(entries);
    let mut unsaid = 0;
    for entry in entries.iter() {
        if unsaid > 0 || text.len() > LIST {
            unsaid += 1;
            continue;
        }
        entry.put(text.str(if text.is_empty() { "" } else { ", " }));
    }
    if unsaid > 0 {
        text.str(", and ").num(unsaid).str(" more");
    }

    let vrfs = || machine.links.iter().enumerate().filter(|(_, link)| link.table != 0);
    let count = vrfs().count();
    let lookup_at = entries.iter().position(Entry::looks_up_vrfs);
    // What ends the lookups of one VRF ends those of all.
    let unreachable_at = vrfs().next().and_then(|(_, vrf)| end(entries, Lookup::Vrf(vrf), machine));
    let local_at = end(entries, Lookup::Own, machine);
    // Without `unreachable`, all rules behind `l3mdev` are met, as the line about it says.
    let limit = unreachable_at.or(lookup_at).unwrap_or(0);
    for (at, vrf) in vrfs() {
        walk(entries, Lookup::Vrf(vrf), machine, limit, &mut |entry| {
            if entry.vrfs == 0 {
                entry.first = at;
            }
            entry.vrfs += 1;
        });
    }
    walk(entries, Lookup::Own, machine, local_at.unwrap_or(0), &mut |entry| entry.own = true);

    let is_at_0 = |at: usize| entries.get(at).is_some_and(|entry| entry.rule.pref() == 0);
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.own || entry.vrfs > 0) {
        let mut room = [0; limits::LINE];
        let mut line = Buf::new(&mut room);
        entry.put(&mut line);
        let first = machine.links.get(entry.first).filter(|_| entry.vrfs < count).map_or(&b""[..], |vrf| vrf.name);
        let order = Order {
            is_first: lookup_at.is_some_and(|lookup| at < lookup),
            has_end: unreachable_at.is_some(),
            local_is_first: local_at.is_some_and(is_at_0),
        };
        put_fault(entry, first, order, &mut line);
        fault(Fault::Rule, line.as_bytes());
    }
    let is_early = unreachable_at.zip(lookup_at).is_some_and(|(unreachable, lookup)| unreachable < lookup);
    for (is_wrong, says) in [
        (lookup_at.is_none(), "l3mdev is missing: VRFs' tables are not looked up; vrf-launch up adds it"),
        (
            unreachable_at.is_none(),
            "l3mdev unreachable is missing: what a VRF's table does not know goes out by the next rules; vrf-launch up adds it",
        ),
        (
            is_early,
            "l3mdev stands behind the rule that ends the lookups of VRFs: VRFs' tables are not looked up; vrf-launch up repairs it",
        ),
    ] {
        if is_wrong && count > 0 {
            fault(Fault::Missing, says.as_bytes());
        }
    }
    if local_at.is_none() {
        let mut room = [0; limits::LINE];
        let mut line = Buf::new(&mut room);
        line.str("local is missing: connections to this machine fail; add it by ip ").str(version);
        // A new rule goes behind those of its preference.
        line.str(" rule add pref ").num(if unreachable_at.is_some_and(is_at_0) { 0 } else { 32765 });
        fault(Fault::Missing, line.str(" table local").as_bytes());
    }
}

/// Where a rule stands.
#[derive(Clone, Copy)]
struct Order {
    /// Before `l3mdev`.
    is_first: bool,
    /// There is a rule that ends the lookups of VRFs.
    has_end: bool,
    /// The plain rule for table local has preference 0.
    local_is_first: bool,
}

/// Adds what is wrong with a rule, and what to do. `first` is the first VRF that it is wrong for, or empty where that is each.
fn put_fault(entry: &Entry<'_>, first: &[u8], order: Order, out: &mut Buf<'_>) {
    let Entry { rule, vrfs, own, .. } = entry;
    let is_goto = rule.action == uapi::FR_ACT_GOTO;
    let ends = !is_goto && rule.action != uapi::FR_ACT_TO_TBL;
    out.str(if is_goto { ": it leads past " } else { ": it is asked before " });
    if *vrfs > 0 {
        out.str(if order.has_end && (is_goto || !order.is_first) { "l3mdev unreachable" } else { "l3mdev" });
    }
    out.str(if *vrfs > 0 && *own { " and " } else { "" }).str(if *own { "local" } else { "" });
    out.str(": ");
    if *vrfs > 0 {
        out.str(if order.is_first { "packets of " } else { "packets that have no route in the table of " });
        if first.is_empty() {
            out.str("a VRF");
        } else {
            out.str("VRF ").shown(first);
        }
        if !first.is_empty() && *vrfs > 1 {
            out.str(" (and of ").num(u32::try_from(vrfs - 1).unwrap_or(u32::MAX)).str(" more)");
        }
    }
    out.str(if *vrfs > 0 && *own { ", and " } else { "" });
    out.str(if *own { "packets to this machine's own addresses" } else { "" });
    out.str(match (entry.looks_up_local(), is_goto, ends) {
        (true, ..) => " reach this machine's addresses outside of it",
        (_, true, _) => " can be routed by rules behind",
        (.., true) => " can be refused by it",
        _ => " can be routed by it",
    });
    out.str(match (entry.looks_up_local(), *own, order.local_is_first) {
        (true, ..) => "; vrf-launch up repairs it",
        (_, true, true) => "; delete it, and add it again with a preference",
        (_, true, false) => {
            "; take rules for l3mdev and local out of the configuration (or put local back at 0), and run vrf-launch up"
        }
        _ => "; take rules for l3mdev out of the configuration, and run vrf-launch up",
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::msg::Writer;
    use core::net::Ipv4Addr;

    const fn link(index: u32, name: &[u8], table: u32, master: u32) -> Link<'_> {
        Link { index, name, table, master }
    }

    /// lo; VRF red with table 10 and member r1; VRF blue with table 20 and member b1; o1 in no VRF. 10.0.0.5 is ours.
    fn judged(rules: &[Rule<'_>], edit: &dyn Fn(&mut Machine<'_>)) -> (String, String) {
        let links = [
            link(1, b"lo", 0, 0),
            link(2, b"red", 10, 0),
            link(3, b"blue", 20, 0),
            link(4, b"r1", 0, 2),
            link(5, b"b1", 0, 3),
            link(6, b"o1", 0, 0),
        ];
        let prefix = |addr, len| Prefix { addr: IpAddr::V4(Ipv4Addr::from(addr)), len };
        let own = [prefix([10, 0, 0, 5], 32), prefix([127, 0, 0, 0], 8)];
        let mut machine = Machine { links: &links, own: &own, keeps_members: true, is_v6: false };
        edit(&mut machine);
        let bodies: Vec<Vec<u8>> = rules
            .iter()
            .map(|rule| {
                let mut bytes = [0; 128];
                let mut writer = Writer::new(&mut bytes);
                rule.put(&mut writer);
                writer.bytes().to_vec()
            })
            .collect();
        let mut room = [0; limits::LINE];
        let (mut text, mut faults) = (Buf::new(&mut room), String::new());
        let mut entries: Vec<_> = bodies.iter().filter_map(|body| Entry::read(body, machine.links)).collect();
        assert_eq!(entries.len(), rules.len());
        judge(&mut entries, &machine, &mut text, &mut |_, line| {
            faults.push_str(&String::from_utf8_lossy(line));
            faults.push('\n');
        });
        (String::from_utf8_lossy(text.as_bytes()).into_owned(), faults)
    }

    fn faults(rules: &[Rule<'_>]) -> String {
        judged(rules, &|_| ()).1
    }

    /// The faults of rules before those of layout A.
    fn before_a(rules: &[Rule<'_>]) -> String {
        faults(&[rules, &[LOOK_UP, STOP, LOCAL, MAIN]].concat())
    }

    /// The faults of rules between `l3mdev unreachable` and `local` of layout A.
    fn between(rules: &[Rule<'_>]) -> String {
        faults(&[&[LOOK_UP, STOP], rules, &[LOCAL, MAIN]].concat())
    }

    const fn rule(pref: u32, action: u8, table: u32) -> Rule<'static> {
        Rule {
            family: 2,
            action,
            table,
            priority: Some(pref),
            l3mdev: false,
            src: None,
            dst: None,
            iif: None,
            oif: None,
            fwmark: None,
            fwmask: None,
            flags: 0,
            protocol: None,
            suppress_prefixlen: None,
            goto: None,
            tos: 0,
            other: false,
        }
    }
    const TABLE: u8 = uapi::FR_ACT_TO_TBL;
    const LOOK_UP: Rule<'_> = Rule { l3mdev: true, ..rule(1000, TABLE, 0) };
    const STOP: Rule<'_> = Rule { l3mdev: true, ..rule(2000, uapi::FR_ACT_UNREACHABLE, 0) };
    const LOCAL: Rule<'_> = rule(32765, TABLE, uapi::RT_TABLE_LOCAL);
    const MAIN: Rule<'_> = rule(32766, TABLE, uapi::RT_TABLE_MAIN);
    /// As the kernel gives preference 0.
    const fn first(rule: Rule<'_>) -> Rule<'_> {
        Rule { priority: None, ..rule }
    }
    const fn goto(pref: u32, target: u32) -> Rule<'static> {
        Rule { goto: Some(target), ..rule(pref, uapi::FR_ACT_GOTO, 0) }
    }
    fn some(rule: Rule<'_>) -> Rule<'_> {
        Rule { fwmark: Some(1), fwmask: Some(1), ..rule }
    }
    const LEAVE: &str =
        "; take rules for l3mdev and local out of the configuration (or put local back at 0), and run vrf-launch up\n";

    #[test]
    fn both_layouts_have_no_fault() {
        let a = "1000 l3mdev, 2000 l3mdev unreachable, 32765 local, 32766 main";
        assert_eq!(judged(&[LOOK_UP, STOP, LOCAL, MAIN], &|_| ()), (a.to_owned(), String::new()));
        let b = "0 l3mdev, 0 l3mdev unreachable, 0 local, 1000 l3mdev, 32766 main";
        let rules = [first(LOOK_UP), first(STOP), first(LOCAL), LOOK_UP, MAIN];
        assert_eq!(judged(&rules, &|_| ()), (b.to_owned(), String::new()));
        // Nothing that stands behind these three is met too early.
        let rules = [
            first(LOOK_UP),
            first(STOP),
            first(LOCAL),
            some(rule(0, TABLE, 77)),
            goto(5, 32766),
            rule(100, uapi::FR_ACT_BLACKHOLE, 0),
            MAIN,
        ];
        assert_eq!(faults(&rules), "");
    }

    /// The table that answers lookups for which table 10 of a VRF has no route, and the preference of `l3mdev`.
    fn behind(rules: &[Rule<'_>]) -> (Option<u32>, Option<u32>) {
        let mut behind = Behind::default();
        for rule in rules {
            let mut bytes = [0; 128];
            let mut writer = Writer::new(&mut bytes);
            rule.put(&mut writer);
            behind.advance(writer.bytes(), 10);
        }
        (behind.table, behind.lookup)
    }

    #[test]
    fn what_the_vrf_does_not_know_leaks_where_a_table_for_all_comes_before_the_end() {
        let main = (Some(uapi::RT_TABLE_MAIN), Some(1000));
        let ended = (None, Some(1000));
        assert_eq!(behind(&[first(LOCAL), LOOK_UP, MAIN]), main);
        assert_eq!(behind(&[first(LOCAL), LOOK_UP, STOP, MAIN]), ended);
        assert_eq!(behind(&[LOOK_UP, STOP, LOCAL, MAIN]), ended);
        assert_eq!(behind(&[LOOK_UP, LOCAL, MAIN, rule(40000, uapi::FR_ACT_UNREACHABLE, 0)]), main);
        assert_eq!(behind(&[LOOK_UP, rule(1001, TABLE, 10), STOP, MAIN]), ended);
        assert_eq!(behind(&[LOOK_UP, rule(1001, TABLE, 77), STOP, MAIN]), (Some(77), Some(1000)));
        assert_eq!(behind(&[LOOK_UP, some(rule(1001, TABLE, 77)), STOP, MAIN]), ended);
        assert_eq!(behind(&[LOOK_UP, some(STOP), MAIN]), main);
        assert_eq!(behind(&[LOOK_UP, rule(1001, uapi::FR_ACT_PROHIBIT, 0), MAIN]), ended);
        let specific = Rule { suppress_prefixlen: Some(0), ..rule(1001, TABLE, uapi::RT_TABLE_MAIN) };
        assert_eq!(behind(&[LOOK_UP, specific, STOP, MAIN]), ended);
        assert_eq!(behind(&[first(LOCAL), MAIN]), (Some(uapi::RT_TABLE_MAIN), None));
        assert_eq!(behind(&[]), (None, None));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            faults(&[LOOK_UP, LOCAL, MAIN]),
            "l3mdev unreachable is missing: what a VRF's table does not know goes out by the next rules; vrf-launch up adds it\n"
        );
        assert!(faults(&[STOP, LOCAL, MAIN]).starts_with("l3mdev is missing"));
        assert!(faults(&[LOOK_UP, STOP, MAIN]).starts_with("local is missing"));
        assert_eq!(faults(&[LOCAL, MAIN]).lines().count(), 2);
        // One that is only for some does not end the lookups of others.
        assert!(faults(&[LOOK_UP, some(STOP), LOCAL, MAIN]).starts_with("l3mdev unreachable is missing"));
        assert!(faults(&[LOOK_UP, STOP, some(LOCAL), MAIN]).starts_with("local is missing"));
        assert!(faults(&[first(STOP), LOOK_UP, LOCAL]).starts_with("l3mdev stands behind"));
        // Where there is no VRF, only `local` can be missing.
        assert_eq!(judged(&[LOCAL, MAIN], &|machine| machine.links = &[]).1, "");
        // It goes behind the others.
        assert!(faults(&[LOOK_UP, STOP, MAIN]).ends_with("; add it by ip -4 rule add pref 32765 table local\n"));
        assert!(
            faults(&[first(LOOK_UP), first(STOP), MAIN]).ends_with("; add it by ip -4 rule add pref 0 table local\n")
        );
    }

    #[test]
    fn a_rule_that_answers_too_early_is_named_once() {
        let main = rule(10, TABLE, uapi::RT_TABLE_MAIN);
        assert_eq!(
            before_a(&[main]),
            format!(
                "10 main: it is asked before l3mdev and local: packets of a VRF, and packets to this machine's own addresses can be routed by it{LEAVE}"
            )
        );
        assert_eq!(
            between(&[some(rule(2500, TABLE, 77))]),
            format!(
                "2500 table 77 (for some): it is asked before local: packets to this machine's own addresses can be routed by it{LEAVE}"
            )
        );
        assert_eq!(
            between(&[rule(2500, uapi::FR_ACT_PROHIBIT, 0)]),
            format!(
                "2500 prohibit: it is asked before local: packets to this machine's own addresses can be refused by it{LEAVE}"
            )
        );
        let early = faults(&[LOOK_UP, rule(1500, TABLE, 77), STOP, LOCAL]);
        assert!(early.starts_with("1500 table 77: it is asked before l3mdev unreachable and local: packets that have no route in the table of a VRF, and packets to"), "{early}");
        let front = faults(&[first(some(main)), first(LOOK_UP), first(STOP), first(LOCAL), MAIN]);
        assert!(front.starts_with("0 main (for some): it is asked before l3mdev and local: "), "{front}");
        assert!(front.ends_with("; delete it, and add it again with a preference\n"), "{front}");
        // wg-quick's second rule.
        let wg = between(&[Rule { suppress_prefixlen: Some(0), ..rule(2500, TABLE, uapi::RT_TABLE_MAIN) }]);
        assert!(wg.starts_with("2500 main (for some): it is asked before local: "), "{wg}");
        assert_eq!(faults(&[LOOK_UP, STOP, LOCAL, rule(32765, TABLE, 77)]), "");
    }

    #[test]
    fn local_before_l3mdev_is_named() {
        assert_eq!(
            faults(&[first(LOCAL), LOOK_UP, STOP, MAIN]),
            "0 local: it is asked before l3mdev: packets of a VRF reach this machine's addresses outside of it; vrf-launch up repairs it\n"
        );
        // Also where another one stands behind: `up` was interrupted.
        assert_eq!(faults(&[first(LOCAL), first(LOOK_UP), first(STOP), first(LOCAL), MAIN]).lines().count(), 1);
    }

    #[test]
    fn a_vrfs_own_table_is_a_fault_for_others() {
        let plain = before_a(&[rule(10, TABLE, 10)]);
        assert!(
            plain.starts_with("10 table 10: it is asked before l3mdev and local: packets of VRF blue, and packets to"),
            "{plain}"
        );
        for name in ["red", "r1"] {
            let name = Some(name.as_bytes());
            assert_eq!(before_a(&[Rule { iif: name, ..rule(10, TABLE, 10) }]), "");
            assert_eq!(before_a(&[Rule { oif: name, ..rule(10, TABLE, 10) }]), "");
        }
        let wrong = before_a(&[Rule { oif: Some(b"red"), ..rule(10, TABLE, 20) }]);
        assert!(
            wrong.starts_with("10 table 20 (for some): it is asked before l3mdev: packets of VRF red can be"),
            "{wrong}"
        );
        assert_eq!(before_a(&[Rule { iif: Some(b"red"), ..rule(10, uapi::FR_ACT_PROHIBIT, 0) }]), "");
    }

    #[test]
    fn interfaces_decide_who_meets_a_rule() {
        let by = |iif: &'static str, oif: &'static str, edit: &dyn Fn(&mut Machine<'_>)| {
            let [iif, oif] = [iif, oif].map(|name| Some(name.as_bytes()).filter(|name| !name.is_empty()));
            let text = judged(&[Rule { iif, oif, ..rule(10, TABLE, 77) }, LOOK_UP, STOP, LOCAL, MAIN], edit).1;
            (text.contains("before l3mdev"), text.contains("own addresses"))
        };
        let now = |_: &mut Machine<'_>| ();
        let old = |machine: &mut Machine<'_>| machine.keeps_members = false;
        let six = |machine: &mut Machine<'_>| machine.is_v6 = true;
        let edits: [&dyn Fn(&mut Machine<'_>); 3] = [&now, &old, &six];
        let [now, old, six] = edits;
        for (iif, oif, edit, wanted) in [
            ("lo", "", now, (true, true)),
            ("red", "", now, (true, false)),
            ("r1", "", now, (true, false)),
            ("r1", "", old, (false, false)),
            ("o1", "", now, (false, true)),
            ("", "red", old, (true, false)),
            ("", "r1", now, (false, false)),
            ("", "r1", six, (true, false)),
            ("", "o1", now, (false, true)),
            ("lo", "o1", now, (false, true)),
            ("o1", "o1", now, (false, false)),
            ("alias", "", now, (true, true)),
        ] {
            assert_eq!(by(iif, oif, edit), wanted, "{iif} {oif}");
        }
        let gone = Rule { iif: Some(b"o1"), flags: uapi::FIB_RULE_IIF_DETACHED, ..rule(10, TABLE, 77) };
        assert_eq!(before_a(&[gone]), "");
        // What no lookup meets, every one does with `not`.
        let flags = uapi::FIB_RULE_IIF_DETACHED | uapi::FIB_RULE_INVERT;
        assert!(before_a(&[Rule { flags, ..gone }]).contains("before l3mdev and local"));
    }

    #[test]
    fn not_l3mdev_is_for_everything_else() {
        let flags = uapi::FIB_RULE_INVERT;
        assert!(before_a(&[Rule { flags, ..Rule { priority: Some(10), ..LOOK_UP } }]).contains("asked before local: "));
        assert_eq!(before_a(&[Rule { flags, ..rule(10, TABLE, 77) }]), "");
        assert!(before_a(&[Rule { flags, ..some(rule(10, TABLE, 77)) }]).contains("before l3mdev and local"));
    }

    #[test]
    fn a_destination_that_is_not_ours_is_no_fault() {
        let to = |addr: [u8; 4], len| Some(Prefix { addr: IpAddr::from(addr), len });
        assert_eq!(between(&[Rule { dst: to([10, 9, 0, 0], 16), ..rule(2500, TABLE, 77) }]), "");
        assert_ne!(between(&[Rule { dst: to([10, 0, 0, 0], 8), ..rule(2500, TABLE, 77) }]), "");
        assert_ne!(between(&[Rule { dst: to([127, 0, 0, 1], 32), ..rule(2500, TABLE, 77) }]), "");
        assert_ne!(before_a(&[Rule { dst: to([10, 9, 0, 0], 16), ..rule(10, TABLE, 77) }]), "");
    }

    #[test]
    fn a_goto_is_followed() {
        // Past both; to `unreachable`, past `local`; to `local`; to a rule that does not exist.
        let past = before_a(&[goto(10, 32766)]);
        assert!(past.starts_with("10 goto 32766: it leads past l3mdev unreachable and local: packets of a VRF, and packets to this machine's own addresses can be routed by rules behind;"), "{past}");
        assert_eq!(before_a(&[goto(10, 2000)]), "");
        assert_eq!(before_a(&[goto(10, 1000)]), "");
        assert!(before_a(&[goto(10, 32765)]).starts_with("10 goto 32765: it leads past l3mdev unreachable: "));
        assert_eq!(before_a(&[goto(10, 5000)]), "");
        assert!(between(&[some(goto(2500, 32766))]).starts_with("2500 goto 32766 (for some): it leads past local: "));
        // What it leads to before the end is named itself; what it leads over is not.
        let rules = [goto(10, 20), rule(15, TABLE, 77), rule(20, TABLE, 78)];
        let named = before_a(&rules);
        assert!(named.starts_with("20 table 78: ") && named.lines().count() == 1, "{named}");
        // Past one end, and to another.
        let twice = [
            goto(10, 3000),
            LOOK_UP,
            STOP,
            Rule { priority: Some(3000), ..LOOK_UP },
            Rule { priority: Some(3001), ..STOP },
        ];
        assert_eq!(faults(&[&twice[..], &[LOCAL, MAIN]].concat()), "");
    }

    #[test]
    fn what_answers_nothing_is_no_fault() {
        assert_eq!(before_a(&[rule(10, uapi::FR_ACT_NOP, 0)]), "");
        // No prefix is longer than an address.
        let rules = [LOOK_UP, Rule { suppress_prefixlen: Some(32), ..rule(1500, TABLE, 77) }, STOP, LOCAL];
        assert!(faults(&rules).starts_with("1500 table 77 (for some): it is asked before local: "));
    }

    #[test]
    fn a_long_list_says_how_much_is_left_out() {
        let many: Vec<_> = (0..200).map(|pref| rule(40_000 + pref, TABLE, 77)).collect();
        let text = judged(&[&[LOOK_UP, STOP, LOCAL, MAIN], &many[..]].concat(), &|_| ()).0;
        assert!(text.len() < limits::LINE - 64, "{}", text.len());
        let (list, rest) = text.rsplit_once(", and ").unwrap_or_default();
        assert_eq!(rest, format!("{} more", 204 - list.split(", ").count()));
    }
}
