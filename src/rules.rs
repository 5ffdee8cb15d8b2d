//! The rules that isolate, and where they stand among those of others.
//!
//! The kernel asks its rules in order. A lookup of a VRF must meet the pair before any other rule:
//!
//! ```text
//! 0:      l3mdev                 the VRF's own table
//! 0:      l3mdev unreachable     what that does not know ends here
//! 0:      lookup local           the kernel's own; everything outside of VRFs starts here, as on a machine without VRFs
//! ...                            rules of others
//! 32766:  lookup main
//! ```
//!
//! A new rule goes behind all of its preference, so the pair is added at 0 and whatever stood there before is copied behind
//! it; then the originals are deleted, from the last to the first. The pair has `protocol kernel`: systemd-networkd
//! deletes what has not, and `ip rule flush` leaves preference 0 alone.
//!
//! [`Order`] compares the rules of preference 0 with that. A file that moves table local or adds l3mdev rules itself has
//! another layout, which is completed with [`RULES`].
//!
//! Source: `net/core/fib_rules.c: fib_nl_newrule, rule_find, fib_default_rule_pref`; ip-rule(8).

use crate::conf::values::PROTOS;
use crate::ip::said::{put_action, put_name, put_selector};
use crate::ip::{self, Class, Request};
use crate::limits;
use crate::text::Buf;
use crate::uapi;
use crate::wire::attr::{Attrs, number};
use crate::wire::msg::Writer;
use crate::wire::rule::{FIXED, Rule};

/// The families that have rules of their own.
pub const FAMILIES: [u8; 2] = [uapi::AF_INET, uapi::AF_INET6];

/// The layout of a file that states rules: what `up` completes it with, in an order that never leaves the machine without
/// table local.
///
/// 1000 is the kernel's own rule. The kernel makes it with the first VRF of a network namespace and never again: where somebody
/// deleted it, it is put back, with the kernel's mark.
pub const RULES: [&[u8]; 8] = [
    b"ip -4 rule add pref 1000 l3mdev protocol kernel",
    b"ip -6 rule add pref 1000 l3mdev protocol kernel",
    b"ip -4 rule add pref 2000 l3mdev unreachable",
    b"ip -6 rule add pref 2000 l3mdev unreachable",
    b"ip -4 rule add pref 32765 table local",
    b"ip -6 rule add pref 32765 table local",
    b"ip -4 rule del pref 0 table local",
    b"ip -6 rule del pref 0 table local",
];

/// How many of [`RULES`], from the first, are the kernel's own.
pub const KERNELS: usize = 2;

/// What a rule of [`RULES`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A VRF's own table is looked up.
    Lookup,
    /// What that does not know is unreachable.
    Stop,
    /// Table local, behind the other two.
    Local,
    /// Table local is not asked first any more.
    NotFirst,
}

impl Part {
    /// Which of [`RULES`] it is in a family.
    pub const fn index(self, family: u8) -> usize {
        let part = match self {
            Self::Lookup => 0,
            Self::Stop => 2,
            Self::Local => 4,
            Self::NotFirst => 6,
        };
        if family == uapi::AF_INET6 { part + 1 } else { part }
    }
}

/// The part of a layout that a command is, whoever states it and at whatever preference; `None` for a rule of another kind.
/// All VRFs share these rules, and they go with the last one. `body` is the request's.
pub fn part(request: &Request<'_>, body: &[u8]) -> Option<Part> {
    let rule = Rule::parse(body)?;
    let is_plain = Rule { family: 0, priority: None, protocol: None, table: 0, action: 0, l3mdev: false, ..rule }
        == Rule::default();
    let is_local = !rule.l3mdev && matches!(rule.action, 0 | uapi::FR_ACT_TO_TBL);
    match request.class {
        _ if !is_plain => None,
        Class::RuleAdd if rule.l3mdev && rule.action == uapi::FR_ACT_TO_TBL => Some(Part::Lookup),
        Class::RuleAdd if rule.l3mdev => Some(Part::Stop),
        Class::RuleAdd if is_local && rule.table == uapi::RT_TABLE_LOCAL => Some(Part::Local),
        // There is one rule of preference 0 on a machine without VRFs, so that many files name no table.
        Class::RuleDel if is_local && request.pref == Some(0) && matches!(rule.table, 0 | uapi::RT_TABLE_LOCAL) => {
            Some(Part::NotFirst)
        }
        _ => None,
    }
}

/// Whether a rule is neither one of the kernel's three nor one for VRFs.
pub fn is_of_others(rule: &Rule<'_>) -> bool {
    const DEFAULT: u32 = 253; // uapi/linux/rtnetlink.h: RT_TABLE_DEFAULT
    let is_kernels = matches!(rule.table, uapi::RT_TABLE_LOCAL | uapi::RT_TABLE_MAIN | DEFAULT);
    let bare = Rule { family: rule.family, action: rule.action, table: rule.table, ..Rule::EMPTY };
    let is_plain = bare == Rule { priority: None, protocol: None, ..*rule };
    !(rule.l3mdev || is_kernels && is_plain)
}

// ---- the pair

/// One of the two rules that stand first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// `l3mdev`
    Lookup,
    /// `l3mdev unreachable`
    Stop,
}

impl Pair {
    /// Both, in their order.
    pub const BOTH: [Self; 2] = [Self::Lookup, Self::Stop];

    /// The rule.
    pub const fn rule(self, family: u8) -> Rule<'static> {
        let action = match self {
            Self::Lookup => uapi::FR_ACT_TO_TBL,
            Self::Stop => uapi::FR_ACT_UNREACHABLE,
        };
        first(family, Rule { action, l3mdev: true, ..Rule::EMPTY })
    }

    /// The command that makes it.
    pub const fn made_by(self, family: u8) -> &'static [u8] {
        match (self, family) {
            (Self::Lookup, uapi::AF_INET6) => b"ip -6 rule add pref 0 l3mdev protocol kernel",
            (Self::Lookup, _) => b"ip -4 rule add pref 0 l3mdev protocol kernel",
            (Self::Stop, uapi::AF_INET6) => b"ip -6 rule add pref 0 l3mdev unreachable protocol kernel",
            (Self::Stop, _) => b"ip -4 rule add pref 0 l3mdev unreachable protocol kernel",
        }
    }

    /// The command that takes it back.
    pub const fn taken_back_by(self, family: u8) -> &'static [u8] {
        match (self, family) {
            (Self::Lookup, uapi::AF_INET6) => b"ip -6 rule del pref 0 l3mdev protocol kernel",
            (Self::Lookup, _) => b"ip -4 rule del pref 0 l3mdev protocol kernel",
            (Self::Stop, uapi::AF_INET6) => b"ip -6 rule del pref 0 l3mdev unreachable protocol kernel",
            (Self::Stop, _) => b"ip -4 rule del pref 0 l3mdev unreachable protocol kernel",
        }
    }
}

/// The kernel's own rule for table local.
pub const fn local(family: u8) -> Rule<'static> {
    first(family, Rule { action: uapi::FR_ACT_TO_TBL, table: uapi::RT_TABLE_LOCAL, ..Rule::EMPTY })
}

/// The command that makes it.
pub const fn local_made_by(family: u8) -> &'static [u8] {
    match family {
        uapi::AF_INET6 => b"ip -6 rule add pref 0 table local protocol kernel",
        _ => b"ip -4 rule add pref 0 table local protocol kernel",
    }
}

const fn first(family: u8, rule: Rule<'static>) -> Rule<'static> {
    Rule { family, priority: Some(0), protocol: Some(uapi::RTPROT_KERNEL), ..rule }
}

/// Whether a line of the record takes back a rule of the pair.
pub fn is_of_pair(line: &[u8]) -> bool {
    FAMILIES.iter().any(|family| Pair::BOTH.iter().any(|pair| pair.taken_back_by(*family) == line))
}

/// Whether a line of the record takes back a rule of another layout: of an older version's, or of what the file once stated.
pub fn is_of_another_layout(line: &[u8]) -> bool {
    let request = ip::request(line).filter(|request| matches!(request.class, Class::RuleAdd | Class::RuleDel));
    request.is_some() && !is_of_pair(line)
}

/// A rule of preference 0; of another preference, where one has to go, it is always [`Self::Other`].
#[derive(Clone, Copy, Debug)]
pub enum First<'d> {
    /// One of the pair.
    Pair(Pair),
    /// The kernel's own for table local, to be made anew.
    Local,
    /// Another, as the kernel tells of it: the body of its message.
    Other(&'d [u8]),
}

impl<'d> First<'d> {
    /// Reads a rule of a preference as the kernel tells of it; `None` for one of another preference.
    pub fn parse(pref: u32, body: &'d [u8]) -> Option<Self> {
        // What cannot be parsed is said by its preference alone.
        if number(body.get(FIXED..).unwrap_or_default(), uapi::FRA_PRIORITY).unwrap_or(0) != pref {
            return None;
        }
        let Some(rule) = Rule::parse(body) else { return Some(Self::Other(body)) };
        let pair = Pair::BOTH.into_iter().find(|pair| stated(rule) == stated(pair.rule(rule.family)));
        Some(pair.map_or(Self::Other(body), Self::Pair))
    }

    /// Whether they are the same rule.
    pub fn is(&self, other: &First<'_>) -> bool {
        let is_local = |body: &[u8]| Rule::parse(body).is_some_and(|rule| stated(rule) == stated(local(rule.family)));
        match (self, other) {
            (Self::Pair(one), First::Pair(other)) => one == other,
            (Self::Local, First::Local) => true,
            (Self::Local, First::Other(body)) => is_local(body),
            (Self::Other(body), First::Local) => is_local(body),
            (Self::Other(one), First::Other(other)) => match (Rule::parse(one), Rule::parse(other)) {
                (Some(a), Some(b)) => stated(a) == stated(b) && (!a.other || one.get(FIXED..) == other.get(FIXED..)),
                _ => one == other,
            },
            _ => false,
        }
    }

    /// Whether [`Self::put_command`] says all of it.
    fn is_sayable(&self) -> bool {
        let Self::Other(body) = self else { return true };
        let attrs = body.get(FIXED..).unwrap_or_default();
        Attrs::new(attrs).all(|attr| match attr.kind {
            uapi::FRA_SUPPRESS_IFGROUP => attr.u32() == Some(u32::MAX), // none
            uapi::FRA_DST
            | uapi::FRA_SRC
            | uapi::FRA_IIFNAME
            | uapi::FRA_OIFNAME
            | uapi::FRA_PRIORITY
            | uapi::FRA_FWMARK
            | uapi::FRA_FWMASK
            | uapi::FRA_TABLE
            | uapi::FRA_SUPPRESS_PREFIXLEN
            | uapi::FRA_L3MDEV
            | uapi::FRA_PROTOCOL
            | uapi::FRA_GOTO
            | uapi::FRA_UID_RANGE
            | uapi::FRA_IP_PROTO
            | uapi::FRA_SPORT_RANGE
            | uapi::FRA_DPORT_RANGE
            | uapi::FRA_PAD => true,
            _ => false,
        })
    }

    /// Puts the command that adds or deletes the rule; with a protocol, its copy of that protocol.
    fn put_command(&self, verb: &str, family: u8, protocol: Option<u8>, out: &mut Buf<'_>) {
        let mut room = [0; limits::REQUEST];
        let mut body = Writer::new(&mut room);
        self.put(family, &mut body);
        let body = body.bytes();
        let Some(rule) = Rule::parse(body) else { return };
        out.str(if family == uapi::AF_INET6 { "ip -6 rule " } else { "ip -4 rule " }).str(verb).str(" pref 0 ");
        let start = out.len();
        put_selector(body, "l3mdev", out);
        if out.as_bytes().get(start..) == Some(b"from all") {
            out.truncate(start);
        } else {
            out.str(" ");
        }
        put_action(body, "table ", out);
        let own = rule.protocol.unwrap_or(uapi::RTPROT_UNSPEC);
        put_name(PROTOS, protocol.unwrap_or(own).into(), out.str(" protocol "));
    }

    /// Writes the body of a request that makes the rule anew, or deletes it.
    pub fn put(&self, family: u8, out: &mut Writer<'_>) {
        match self {
            Self::Pair(pair) => pair.rule(family).put(out),
            Self::Local => local(family).put(out),
            Self::Other(body) => put_again(body, out),
        }
    }
}

/// A rule without what only tells how it is: `FIB_RULE_*_DETACHED`, `FIB_RULE_UNRESOLVED`. A preference of 0 is not told.
fn stated(rule: Rule<'_>) -> Rule<'_> {
    Rule { flags: rule.flags & uapi::FIB_RULE_INVERT, priority: Some(rule.pref()), ..rule }
}

/// Writes a rule's body as the kernel told of it, so that it is understood as a request.
fn put_again(body: &[u8], out: &mut Writer<'_>) {
    let Some((&[family, dst, src, tos, table, _, _, action, f0, f1, f2, f3], attrs)) =
        body.split_first_chunk::<FIXED>()
    else {
        return;
    };
    let flags = u32::from_ne_bytes([f0, f1, f2, f3]) & uapi::FIB_RULE_INVERT;
    out.push(&[family, dst, src, tos], &[table, 0, 0, action]);
    out.push(&flags.to_ne_bytes(), &[]);
    for attr in Attrs::new(attrs) {
        if !matches!(attr.kind, uapi::FRA_PRIORITY | uapi::FRA_PAD) {
            out.attr(attr.kind, attr.payload);
        }
    }
    // Said always: the kernel does not tell of 0, and would choose another where nothing is said.
    out.attr_u32(uapi::FRA_PRIORITY, number(attrs, uapi::FRA_PRIORITY).unwrap_or(0));
}

/// What stands at preference 0 of a family, and what has to stand there.
#[derive(Clone, Copy)]
pub struct Order<'d> {
    now: &'d [First<'d>],
    /// The pair, where it has to stand first.
    pair: &'static [Pair],
    /// Whether table local has to be put back in front of others.
    restore: bool,
    /// A rule that has to go.
    without: Option<First<'d>>,
}

impl<'d> Order<'d> {
    /// Of the rules of preference 0 in the kernel's order. `restore`: this program has moved table local away, and it has to be
    /// put back.
    pub fn new(now: &'d [First<'d>], restore: bool) -> Self {
        let restore = restore && !now.iter().any(|rule| rule.is(&First::Local));
        Self { now, pair: &Pair::BOTH, restore, without: None }
    }

    /// Of the rules of one preference, whichever it is, when one of them has to go and the others have to stay.
    pub const fn without(now: &'d [First<'d>], rule: First<'d>) -> Self {
        Self { now, pair: &[], restore: false, without: Some(rule) }
    }

    /// Of a machine that gets back its rule for table local, in front of those of others, and no pair.
    pub fn of_local(now: &'d [First<'d>]) -> Self {
        Self { pair: &[], ..Self::new(now, true) }
    }

    /// Whether all is as it has to be.
    pub fn stands(&self) -> bool {
        let is = |(rule, wanted): (&First<'_>, &Pair)| rule.is(&First::Pair(*wanted));
        let goes = self.without.is_some_and(|without| self.now.iter().any(|rule| rule.is(&without)));
        self.now.len() >= self.pair.len() && self.now.iter().zip(self.pair).all(is) && !self.restore && !goes
    }

    /// How many rules stand at preference 0.
    pub const fn count(&self) -> usize {
        self.now.len()
    }

    /// Whether a rule of the pair is there.
    pub fn has(&self, pair: Pair) -> bool {
        self.now.iter().any(|rule| matches!(rule, First::Pair(it) if *it == pair))
    }

    /// What has to stand there: the pair, then the others in the order in which they are met first.
    pub fn target(&self) -> impl Iterator<Item = First<'d>> + Clone + use<'d> {
        let Self { now, pair, without, .. } = *self;
        let others = now.iter().enumerate().filter(move |(n, rule)| {
            let before = now.get(..*n).unwrap_or_default();
            let is_placed = !pair.is_empty() && matches!(rule, First::Pair(_));
            let goes = without.is_some_and(|without| without.is(rule));
            !is_placed && !goes && !before.iter().any(|other| other.is(rule))
        });
        let pair = pair.iter().map(|pair| First::Pair(*pair));
        pair.chain(self.restore.then_some(First::Local)).chain(others.map(|(_, rule)| *rule))
    }

    /// How many of the target, from its first on, stand at the end already: an interrupted `up` has added them.
    pub fn added(&self) -> usize {
        let all = self.target().count();
        let is_end = |len: &usize| {
            let end = self.now.len().checked_sub(*len).and_then(|from| self.now.get(from..)).unwrap_or_default();
            end.len() == *len && end.iter().zip(self.target()).all(|(rule, wanted)| rule.is(&wanted))
        };
        (1..=all).rev().find(is_end).unwrap_or(0)
    }

    /// The rules before the target, when all of it has been added: they are to be deleted.
    pub fn old(&self, target: &[First<'_>]) -> Option<&'d [First<'d>]> {
        let starts = |from: &usize| {
            let here = self.now.get(*from..).unwrap_or_default();
            here.len() >= target.len() && here.iter().zip(target).all(|(rule, wanted)| rule.is(wanted))
        };
        (0..=self.now.len()).rev().find(starts).and_then(|from| self.now.get(..from))
    }
}

impl Order<'_> {
    /// What brings the rules there, as commands of iproute2. It adds no rule twice, so that each copy has a protocol of its own at
    /// first. Where it could not add a rule of others again, all is left to `up`, and the line is a comment.
    pub fn each_command(&self, family: u8, put: &mut dyn FnMut(&[u8])) {
        let others = || self.target().filter(|rule| !matches!(rule, First::Pair(_)));
        let only_local = others().count() == 1;
        let protocols = if only_local { uapi::RTPROT_BOOT..=u8::MAX } else { COPIES..=u8::MAX };
        if !others().all(|rule| rule.is_sayable()) || others().count() > usize::from(u8::MAX - COPIES) {
            put(match family {
                uapi::AF_INET6 => b"# ip -6 rule: others have rules at preference 0 that only vrf-launch up can move",
                _ => b"# ip -4 rule: others have rules at preference 0 that only vrf-launch up can move",
            });
            return;
        }
        for pair in Pair::BOTH.into_iter().filter(|pair| !self.has(*pair)) {
            put(pair.made_by(family));
        }
        let mut command = |verb, rule: &First<'_>, protocol| {
            let mut room = [0; limits::COMMAND];
            let mut out = Buf::new(&mut room);
            rule.put_command(verb, family, protocol, &mut out);
            put(out.as_bytes());
        };
        others().zip(protocols.clone()).for_each(|(rule, protocol)| command("add", &rule, Some(protocol)));
        for rule in self.now.iter().rev().filter(|rule| !matches!(rule, First::Pair(_))) {
            command("del", rule, None);
        }
        others().for_each(|rule| command("add", &rule, None));
        for n in (0..others().count()).rev() {
            if let Some((rule, protocol)) = others().zip(protocols.clone()).nth(n) {
                command("del", &rule, Some(protocol));
            }
        }
    }
}

/// The protocol of the first copy; the next ones have the numbers behind it, which iproute2 gives no names.
const COPIES: u8 = 200;

/// Which of the old rules is deleted next: one that is not in the target, else the one that comes last in it. What stands before it
/// decides as it did, and behind it the target has the rest. The kernel deletes the first rule that is what it says.
pub fn last<'d>(old: &[First<'d>], target: &[First<'_>]) -> Option<First<'d>> {
    let goes = old.iter().find(|rule| !target.iter().any(|wanted| wanted.is(rule)));
    goes.or_else(|| target.iter().rev().find_map(|wanted| old.iter().find(|rule| rule.is(wanted)))).copied()
}

// ---- rules of the file without a preference

/// The preference of a rule that says none, so that it stands behind table local, and before all that stood there: as the kernel
/// places it on a machine without VRFs. `rules` are those of its family, in their order; `None` leaves it to the kernel.
///
/// The kernel itself takes one less than the second rule has (`fib_default_rule_pref`). Where the pair stands first, that
/// is 0, so that of two rules the first would be asked first.
pub fn default_pref<'d>(rules: impl Iterator<Item = &'d [u8]>) -> Option<u32> {
    let mut local = None;
    for rule in rules.filter_map(Rule::parse) {
        let plain = Rule { family: 0, priority: None, protocol: None, ..stated(rule) };
        let is_local =
            plain == Rule { priority: None, action: uapi::FR_ACT_TO_TBL, table: uapi::RT_TABLE_LOCAL, ..Rule::EMPTY };
        match local {
            None if is_local => local = Some(rule.pref()),
            Some(pref) if rule.pref() > pref && !rule.l3mdev => return Some(rule.pref() - 1),
            _ => {}
        }
    }
    local
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]
mod tests {
    use super::*;
    use crate::prefix::Prefix;
    use core::net::IpAddr;

    /// A family's rules in a model of the kernel: in order, each with its preference.
    struct Kernel(Vec<Vec<u8>>);

    impl Kernel {
        fn of(rules: &[Rule<'_>]) -> Self {
            let mut kernel = Self(Vec::new());
            for rule in rules {
                kernel.add(&bytes(|out| rule.put(out)));
            }
            kernel
        }

        fn add(&mut self, body: &[u8]) {
            let pref = Rule::parse(body).unwrap().pref();
            let at = self.0.iter().position(|other| Rule::parse(other).unwrap().pref() > pref);
            self.0.insert(at.unwrap_or(self.0.len()), body.to_vec());
        }

        /// As `rule_find`: what the request does not say is not compared.
        fn delete(&mut self, body: &[u8]) {
            let asked = Rule::parse(body).unwrap();
            let found = self.0.iter().position(|other| {
                let rule = Rule::parse(other).unwrap();
                rule.pref() == asked.pref()
                    && (asked.action == 0 || asked.action == rule.action)
                    && (asked.table == 0 || asked.table == rule.table)
                    && (!asked.l3mdev || rule.l3mdev)
                    && (asked.src.is_none() || asked.src == rule.src)
                    && (asked.protocol.is_none() || asked.protocol == rule.protocol)
            });
            self.0.remove(found.unwrap());
        }

        fn first(&self) -> Vec<First<'_>> {
            self.0.iter().filter_map(|body| First::parse(0, body)).collect()
        }

        /// What [`crate::apply`] does, for so many messages at most; whether it has come to its end.
        fn arrange(&mut self, restore: bool, mut messages: usize) -> bool {
            let copy = Self(self.0.clone());
            let first = copy.first();
            let order = Order::new(&first, restore);
            if order.stands() {
                return true;
            }
            let target: Vec<First<'_>> = order.target().collect();
            let mut spend = || messages.checked_sub(1).map(|left| messages = left).is_some();
            for rule in &target[order.added()..] {
                if !spend() {
                    return false;
                }
                self.add(&bytes(|out| rule.put(uapi::AF_INET, out)));
            }
            loop {
                let copy = Self(self.0.clone());
                let first = copy.first();
                let old = Order::new(&first, false).old(&target).unwrap();
                let Some(rule) = last(old, &target) else { return true };
                if !spend() {
                    return false;
                }
                self.delete(&bytes(|out| rule.put(uapi::AF_INET, out)));
            }
        }

        /// What a lookup outside of VRFs meets: the tables, each once.
        fn outside(&self) -> Vec<(u32, Option<Prefix>)> {
            let mut met = Vec::new();
            for rule in self.0.iter().map(|body| Rule::parse(body).unwrap()).filter(|rule| !rule.l3mdev) {
                if !met.contains(&(rule.table, rule.src)) {
                    met.push((rule.table, rule.src));
                }
            }
            met
        }
    }

    fn bytes(put: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0xa5; 256];
        let mut out = Writer::new(&mut room);
        put(&mut out);
        out.bytes().to_vec()
    }

    fn of_others(pref: u32, table: u32, host: Option<u8>) -> Rule<'static> {
        let src = host.map(|host| Prefix { addr: IpAddr::from([10, 0, 0, host]), len: 32 });
        Rule {
            family: uapi::AF_INET,
            action: uapi::FR_ACT_TO_TBL,
            table,
            priority: Some(pref),
            protocol: Some(3),
            src,
            ..Rule::EMPTY
        }
    }

    fn machines() -> Vec<Vec<Rule<'static>>> {
        let [local, lookup, stop] =
            [local(uapi::AF_INET), Pair::Lookup.rule(uapi::AF_INET), Pair::Stop.rule(uapi::AF_INET)];
        let [x, y, z] = [of_others(0, 90, Some(1)), of_others(0, 91, Some(2)), of_others(0, 90, None)];
        let main = of_others(32766, 254, None);
        vec![
            vec![local, main],
            vec![local, x, main],
            vec![local, x, y, main],
            vec![x, local, main],
            vec![local, x, z, main],
            vec![local, z, x, main],
            vec![local, lookup, main],
            vec![local, lookup, stop, main],
            vec![local, lookup, stop, x, main],
            vec![local, x, lookup, stop, y, main],
            vec![local, x, local, y, x, main],
            vec![lookup, local, stop, main],
            vec![stop, lookup, local, main],
            vec![x, main],
            vec![main],
        ]
    }

    #[test]
    fn the_pair_stands_first_and_others_keep_their_order() {
        for rules in machines() {
            let mut kernel = Kernel::of(&rules);
            let before = kernel.outside();
            assert!(kernel.arrange(false, usize::MAX));
            let first = kernel.first();
            assert!(Order::new(&first, false).stands(), "{rules:?}");
            assert_eq!(first.iter().filter(|rule| matches!(rule, First::Pair(_))).count(), 2, "{rules:?}");
            assert_eq!(kernel.outside(), before, "{rules:?}");
        }
    }

    #[test]
    fn wherever_it_is_interrupted_others_are_asked_in_their_order_and_it_is_finished() {
        for rules in machines() {
            let before = Kernel::of(&rules).outside();
            // A wildcard of the kernel's deletes the other of these two first: both look up the same table.
            let is_ambiguous = rules.iter().any(|rule| rule.pref() == 0 && rule.table == 90 && rule.src.is_none());
            for (first, second) in (0..12).flat_map(|first| (0..12).map(move |second| (first, second))) {
                let mut kernel = Kernel::of(&rules);
                for messages in [first, second] {
                    kernel.arrange(false, messages);
                    if !is_ambiguous {
                        assert_eq!(kernel.outside(), before, "{rules:?} after {messages}");
                    }
                }
                assert!(kernel.arrange(false, usize::MAX));
                assert_eq!(kernel.outside().len(), before.len(), "{rules:?}");
                assert!(Order::new(&kernel.first(), false).stands());
            }
        }
    }

    #[test]
    fn table_local_comes_back_in_front_of_others() {
        let moved = of_others(32765, 255, None);
        for others in [vec![], vec![of_others(0, 90, Some(1))]] {
            let mut kernel = Kernel::of(&[others.clone(), vec![moved]].concat());
            assert!(kernel.arrange(true, usize::MAX));
            let first = kernel.first();
            assert!(Order::new(&first, true).stands());
            assert!(first[2].is(&First::Local));
            assert_eq!(first.len(), 3 + others.len());
        }
    }

    #[test]
    fn without_the_pair_table_local_comes_back_first() {
        let [x, y, main] = [of_others(0, 90, Some(1)), of_others(0, 91, Some(2)), of_others(32766, 254, None)];
        let kernel = Kernel::of(&[x, y, main]);
        let first = kernel.first();
        let order = Order::of_local(&first);
        assert!(!order.stands());
        let target: Vec<First<'_>> = order.target().collect();
        assert!(target[0].is(&First::Local) && target[1].is(&first[0]) && target[2].is(&first[1]));
        let kernel = Kernel::of(&[local(uapi::AF_INET), x]);
        assert!(Order::of_local(&kernel.first()).stands());
    }

    #[test]
    fn a_rule_goes_and_one_that_says_more_stays() {
        let rules = |pref| [of_others(pref, 90, Some(1)), of_others(pref, 91, Some(2)), of_others(pref, 90, None)];
        for (pref, at) in [(0, 2), (100, 2), (100, 0), (100, 1)] {
            let all = rules(pref);
            let gone = all[at];
            let mut kernel = Kernel::of(&all);
            let copy = Kernel(kernel.0.clone());
            let now: Vec<First<'_>> = copy.0.iter().map(|body| First::Other(body)).collect();
            let order = Order::without(&now, now[at]);
            assert!(!order.stands());
            let target: Vec<First<'_>> = order.target().collect();
            for rule in &target[order.added()..] {
                kernel.add(&bytes(|out| rule.put(uapi::AF_INET, out)));
            }
            for _ in 0..order.count() {
                let copy = Kernel(kernel.0.clone());
                let now: Vec<First<'_>> = copy.0.iter().map(|body| First::Other(body)).collect();
                let Some(rule) = last(Order::without(&now, now[0]).old(&target).unwrap(), &target) else { break };
                kernel.delete(&bytes(|out| rule.put(uapi::AF_INET, out)));
            }
            let left: Vec<Rule<'_>> = kernel.0.iter().map(|body| stated(Rule::parse(body).unwrap())).collect();
            let wanted: Vec<Rule<'_>> = all.into_iter().filter(|rule| *rule != gone).map(stated).collect();
            assert_eq!(left, wanted, "{pref} {at}");
        }
    }

    #[test]
    fn what_the_kernel_tells_of_is_made_again_as_it_is() {
        let rule =
            Rule { flags: uapi::FIB_RULE_INVERT, fwmark: Some(7), fwmask: Some(7), ..of_others(0, 300, Some(1)) };
        let told = bytes(|out| {
            let mut told = rule;
            told.flags |= uapi::FIB_RULE_IIF_DETACHED;
            told.priority = None;
            told.put(out);
            out.attr(uapi::FRA_PAD, b"");
            out.attr_u32(uapi::FRA_SUPPRESS_PREFIXLEN, u32::MAX);
            out.attr(uapi::FRA_UID_RANGE, &[1, 0, 0, 0, 2, 0, 0, 0]);
        });
        let again = bytes(|out| First::parse(0, &told).unwrap().put(uapi::AF_INET, out));
        assert_eq!(Rule::parse(&again), Some(Rule { other: true, ..rule }));
        assert!(First::Other(&told).is(&First::Other(&told)));
        assert!(again.windows(8).any(|bytes| bytes == [1, 0, 0, 0, 2, 0, 0, 0]));
    }

    #[test]
    fn a_rule_without_a_preference_stands_behind_local() {
        let [main, local] = [of_others(32766, 254, None), local(uapi::AF_INET)];
        let pref = |rules: &[Rule<'_>]| default_pref(Kernel::of(rules).0.iter().map(Vec::as_slice));
        let pair = Pair::BOTH.map(|pair| pair.rule(uapi::AF_INET));
        assert_eq!(pref(&[local, main]), Some(32765));
        assert_eq!(pref(&[local, of_others(100, 90, None), main]), Some(99));
        assert_eq!(pref(&[pair[0], pair[1], local, main]), Some(32765));
        assert_eq!(pref(&[pair[0], pair[1], local, of_others(0, 9, Some(1)), main]), Some(32765));
        let moved = of_others(32765, 255, None);
        assert_eq!(pref(&[pair[0], moved, main]), Some(32765));
        assert_eq!(pref(&[local]), Some(0));
        assert_eq!(pref(&[main]), None);
    }
}
