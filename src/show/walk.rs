//! How the kernel finds a route: the rules one after the other, until one gives an answer.
//!
//! Rules and routes are bodies of messages as the kernel gives them ([`crate::wire::rule`], [`crate::wire::route`]).
//!
//! | a rule that is met | |
//! |---|---|
//! | lookup | the longest prefix of the table, and among its routes the least metric; none, or `throw`: the next rule |
//! | `suppress_prefixlength N` | a route of N bits or fewer does not count: the next rule |
//! | `goto N` | on with the first rule of that preference |
//! | `unreachable`, `prohibit`, `blackhole` | the end: ENETUNREACH, EACCES, EINVAL |
//!
//! Routes `unreachable`, `prohibit`, `blackhole` are the end as well: EHOSTUNREACH, EACCES, EINVAL. Behind the last rule
//! it is ENETUNREACH.
//!
//! What a VRF is sets two things: which table `l3mdev` leads to, and whether its name counts as `oif`. It does before Linux
//! 6.0 and again since 6.15 (and in the stable releases that have the repair): so both are walked, and the one that the
//! kernel confirms is told.
//!
//! Source: `net/core/fib_rules.c: fib_rules_lookup, fib_rule_match`, `net/ipv4/fib_rules.c`, `net/ipv6/fib6_rules.c`,
//! `net/ipv4/fib_trie.c: fib_table_lookup`.

use crate::error::Errno;
use crate::uapi;
use crate::wire::attr::{Attrs, find, number, word};
use crate::wire::{route, rule};

/// What is looked up.
#[derive(Clone, Copy)]
pub struct Flow<'a> {
    /// The bytes of the address that it comes from; empty where that is not known.
    pub src: &'a [u8],
    /// Of the one that it goes to: 4, or 16 of IPv6.
    pub dst: &'a [u8],
    /// The interface that it came in by; 1, lo, of what is sent from here.
    pub iif: u32,
    /// The VRF, or 0; and its table.
    pub vrf: u32,
    /// Its table.
    pub table: u32,
    /// Whether the VRF counts as the interface that it leaves by.
    pub named: bool,
    /// The protocol, and the port that it goes to.
    pub protocol: u8,
    /// 0 where none is said.
    pub port: u16,
    /// Whose socket it is.
    pub uid: u32,
}

/// A route that was found: what tells it from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// `RTN_*`
    pub kind: u8,
    /// Bits of its destination.
    pub len: u8,
    /// Its metric.
    pub metric: u32,
}

/// What came of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is not met, and why.
    Not(&'static str),
    /// It has nothing to say (`nop`, or a `goto` that leads nowhere).
    Nothing,
    /// On with the rules of that preference.
    Goto(u32),
    /// That table has no route.
    NoRoute(u32),
    /// That table's route says: ask on.
    Thrown(u32),
    /// That table's route is not specific enough for the rule.
    Suppressed(u32),
    /// That table has the route that decides.
    Route(u32),
    /// The rule ends it.
    Stop,
}

/// How a walk ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a route of a table.
    Route(u32, Found),
    /// With an error.
    Errno(Errno),
}

/// What the kernel says where a rule or a route ends it, by `FR_ACT_*` or `RTN_*`.
const NETWORK: Errno = Errno(101);
const HOST: Errno = Errno(113);

/// Whether an address is in the network of that length; all are in one of length 0.
#[inline(never)]
pub fn is_in(addr: &[u8], network: &[u8], len: u8) -> bool {
    let mut left = len;
    for (one, other) in addr.iter().zip(network) {
        let ignored = 0xff_u8.checked_shr(left.into()).unwrap_or(0);
        if (one ^ other) & !ignored != 0 {
            return false;
        }
        left = left.saturating_sub(8);
    }
    left == 0 && (len == 0 || addr.len() == network.len())
}

/// Why a rule is not met; nothing where it is. `index` gives that of an interface. `vrfs` becomes the VRF's table when the kernel
/// gets to `l3mdev`, which it does not where an interface or the mark is another: that counts for rules with `not`.
#[inline(never)]
fn unmet(rule: &[u8], flow: &Flow<'_>, index: &dyn Fn(&[u8]) -> u32, vrfs: &mut u32) -> Option<&'static str> {
    let &[_, to, from, tos, ..] = rule else { return Some("cut") };
    let attrs = rule.get(rule::FIXED..).unwrap_or_default();
    let mask = number(attrs, uapi::FRA_FWMASK).unwrap_or(u32::MAX);
    let (mut why, mut is_early) = (None, false);
    for attr in Attrs::new(attrs) {
        let interface = |flow_has: u32| index(attr.str()) != flow_has;
        // Two numbers of 16 bits, the first and the last; or (6.15) the bits of the first that a mask selects.
        let outside = |port: u16, mask: u16| match (attr.payload, find(attrs, mask)) {
            (&[a, b, ..], &[c, d]) => (u16::from_ne_bytes([a, b]) ^ port) & u16::from_ne_bytes([c, d]) != 0,
            (&[a, b, c, d], _) => port < u16::from_ne_bytes([a, b]) || port > u16::from_ne_bytes([c, d]),
            _ => true,
        };
        let (no, says) = match attr.kind {
            uapi::FRA_IIFNAME => (interface(flow.iif), "it did not come in by that interface"),
            uapi::FRA_OIFNAME => {
                let oif = if flow.named { flow.vrf } else { 0 };
                (oif == 0 || interface(oif), "it is not bound to that interface")
            }
            uapi::FRA_FWMARK => (attr.u32().unwrap_or(0) & mask != 0, "a socket has mark 0 unless it sets one"),
            uapi::FRA_L3MDEV => (attr.u8() != Some(0) && flow.vrf == 0, "it is in no VRF"),
            uapi::FRA_UID_RANGE => {
                let (first, last) = (word(attr.payload, 0), word(attr.payload, 4));
                (flow.uid < first || flow.uid > last, "it is another user's")
            }
            uapi::FRA_IP_PROTO => (attr.u8() != Some(flow.protocol), "it is of another protocol"),
            uapi::FRA_DPORT_RANGE => (outside(flow.port, uapi::FRA_DPORT_MASK), "it goes to another port"),
            uapi::FRA_SPORT_RANGE => (outside(0, uapi::FRA_SPORT_MASK), "its own port is not known"),
            uapi::FRA_TUN_ID => (attr.payload.iter().any(|byte| *byte != 0), "it is of no tunnel"),
            uapi::FRA_DSCP | uapi::FRA_FLOWLABEL => {
                (attr.payload.iter().any(|byte| *byte != 0), "it has no traffic class")
            }
            _ => (false, ""),
        };
        if no {
            why = Some(says);
            is_early |=
                matches!(attr.kind, uapi::FRA_IIFNAME | uapi::FRA_OIFNAME | uapi::FRA_FWMARK | uapi::FRA_TUN_ID);
        }
    }
    if !is_early && number_of(attrs, uapi::FRA_L3MDEV) == 1 && flow.vrf != 0 {
        *vrfs = flow.table;
    }
    if tos != 0 {
        why = Some("it has no traffic class");
    }
    // To IPv4 a source that is not known is 0.0.0.0, which is in networks that begin with it.
    let none: &[u8] = if flow.dst.len() == 4 { &[0; 4] } else { b"" };
    if !is_in(if flow.src.is_empty() { none } else { flow.src }, find(attrs, uapi::FRA_SRC), from) {
        why = Some(if flow.src.is_empty() { "its source is not known yet" } else { "it comes from elsewhere" });
    }
    if !is_in(flow.dst, find(attrs, uapi::FRA_DST), to) {
        why = Some("it goes elsewhere");
    }
    if word(rule, rule::FLAGS) & uapi::FIB_RULE_INVERT == 0 {
        why
    } else if why.is_none() {
        Some("all of it is as it says, and it is for all else")
    } else {
        None
    }
}

/// The preference of a rule.
pub fn pref(rule: &[u8]) -> u32 {
    number(rule.get(rule::FIXED..).unwrap_or_default(), uapi::FRA_PRIORITY).unwrap_or(0)
}

/// The action of a rule: `FR_ACT_*`.
pub fn action(rule: &[u8]) -> u8 {
    rule.get(rule::ACTION).copied().unwrap_or(0)
}

/// The table of a rule or a route.
pub fn table(body: &[u8]) -> u32 {
    // It stands in the same place of both, and FRA_TABLE and RTA_TABLE are the same.
    number(body.get(rule::FIXED..).unwrap_or_default(), uapi::RTA_TABLE)
        .unwrap_or_else(|| body.get(rule::TABLE).copied().unwrap_or(0).into())
}

/// What a walk asks for and tells, on its way.
#[derive(Clone, Copy)]
pub enum Step<'r> {
    /// The route that a table has: see [`choose`].
    LookUp(u32),
    /// A rule that was come to, and what came of it.
    Tell(&'r [u8], Said),
}

/// Walks the rules, in their order.
#[inline(never)]
pub fn walk<'r>(
    rules: &mut dyn Iterator<Item = &'r [u8]>,
    flow: &Flow<'_>,
    index: &dyn Fn(&[u8]) -> u32,
    step: &mut dyn FnMut(Step<'_>) -> Option<Found>,
) -> End {
    // Before it is known, it is 0, which the kernel takes for main.
    let (mut target, mut vrfs) = (None, 0);
    for rule in rules {
        let attrs = rule.get(rule::FIXED..).unwrap_or_default();
        if target.is_some_and(|target| target != pref(rule)) {
            continue;
        }
        target = None;
        if let Some(why) = unmet(rule, flow, index, &mut vrfs) {
            step(Step::Tell(rule, Said::Not(why)));
            continue;
        }
        let mut end = None;
        let said = match action(rule) {
            uapi::FR_ACT_TO_TBL => {
                let table = match number_of(attrs, uapi::FRA_L3MDEV) {
                    1 if vrfs == 0 => uapi::RT_TABLE_MAIN,
                    1 => vrfs,
                    _ => table(rule),
                };
                let least = number(attrs, uapi::FRA_SUPPRESS_PREFIXLEN).filter(|len| *len != u32::MAX);
                match step(Step::LookUp(table)) {
                    None => Said::NoRoute(table),
                    Some(Found { kind: uapi::RTN_THROW, .. }) => Said::Thrown(table),
                    Some(found) => {
                        let stops = errno(found.kind);
                        if stops.is_none() && least.is_some_and(|least| u32::from(found.len) <= least) {
                            Said::Suppressed(table)
                        } else {
                            end = Some(stops.map_or(End::Route(table, found), End::Errno));
                            Said::Route(table)
                        }
                    }
                }
            }
            uapi::FR_ACT_GOTO if word(rule, rule::FLAGS) & uapi::FIB_RULE_UNRESOLVED == 0 => {
                target = number(attrs, uapi::FRA_GOTO);
                Said::Goto(target.unwrap_or(0))
            }
            uapi::FR_ACT_GOTO | uapi::FR_ACT_NOP => Said::Nothing,
            stops => {
                end = Some(End::Errno(match stops {
                    uapi::FR_ACT_UNREACHABLE => NETWORK,
                    uapi::FR_ACT_PROHIBIT => Errno::EACCES,
                    _ => Errno::EINVAL,
                }));
                Said::Stop
            }
        };
        step(Step::Tell(rule, said));
        if let Some(end) = end {
            return end;
        }
    }
    End::Errno(NETWORK)
}

/// A number of 8 bits; 0 where there is none.
fn number_of(attrs: &[u8], kind: u16) -> u8 {
    find(attrs, kind).first().copied().unwrap_or(0)
}

/// The error that a route of that kind is.
pub const fn errno(kind: u8) -> Option<Errno> {
    match kind {
        uapi::RTN_UNREACHABLE => Some(HOST),
        uapi::RTN_PROHIBIT => Some(Errno::EACCES),
        uapi::RTN_BLACKHOLE => Some(Errno::EINVAL),
        _ => None,
    }
}

/// What tells a route from others.
#[inline(never)]
pub fn found(route: &[u8]) -> Found {
    let attrs = route.get(route::FIXED..).unwrap_or_default();
    let (len, kind) = (route.get(1).copied().unwrap_or(0), route.get(7).copied().unwrap_or(0));
    Found { kind, len, metric: number(attrs, uapi::RTA_PRIORITY).unwrap_or(0) }
}

/// Whether a route of that table is for this, can be used, and goes before the one that was chosen so far.
#[inline(never)]
pub fn choose(route: &[u8], of: u32, flow: &Flow<'_>, chosen: Option<Found>) -> Option<Found> {
    let &[family, to, from, tos, ..] = route else { return None };
    let attrs = route.get(route::FIXED..).unwrap_or_default();
    let is_six = family == uapi::AF_INET6;
    let fits = table(route) == of
        && word(route, route::FLAGS) & uapi::RTM_F_CLONED == 0
        && tos == 0
        && is_six == (flow.dst.len() > 4)
        && is_in(flow.dst, find(attrs, uapi::RTA_DST), to)
        && is_in(flow.src, find(attrs, uapi::RTA_SRC), from);
    if !fits {
        return None;
    }
    let new = found(route);
    let mut lives = errno(new.kind).is_some() || new.kind == uapi::RTN_THROW;
    route::nexthops(route, &mut |hop| lives |= hop.flags & uapi::RTNH_F_DEAD == 0);
    let first = |old: Found| (new.len, u32::MAX - new.metric) > (old.len, u32::MAX - old.metric);
    (lives && chosen.is_none_or(first)).then_some(new)
}

/// Whether the kernel's answer is what a walk came to.
pub fn agrees(walked: End, kernel: End) -> bool {
    match (walked, kernel) {
        // Where there are no rules of somebody's own, IPv4 has one table for both.
        (End::Route(uapi::RT_TABLE_LOCAL, mine), End::Route(uapi::RT_TABLE_MAIN, its)) => mine == its,
        (mine, its) => mine == its,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefix::Prefix;
    use crate::wire::msg::Writer;
    use crate::wire::route::Route;
    use crate::wire::rule::Rule;
    use core::net::IpAddr;

    const LOOK: u8 = uapi::FR_ACT_TO_TBL;

    fn rule(pref: u32, table: u32) -> Rule<'static> {
        Rule { family: 2, action: LOOK, table, priority: Some(pref), ..Rule::default() }
    }

    fn flow() -> Flow<'static> {
        Flow { src: b"", dst: &[10, 1, 2, 3], iif: 1, vrf: 5, table: 10, named: true, protocol: 17, port: 0, uid: 0 }
    }

    fn body(put: &dyn Fn(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; 256];
        let mut writer = Writer::new(&mut room);
        put(&mut writer);
        writer.bytes().to_vec()
    }

    /// Walks those rules; tables 10 and 20 have a route to all, 30 throws, 40 is unreachable.
    fn walked(rules: &[Rule<'_>], flow: &Flow<'_>) -> (End, Vec<Said>) {
        let bodies: Vec<Vec<u8>> = rules.iter().map(|rule| body(&|writer| rule.put(writer))).collect();
        let mut said = Vec::new();
        let end = walk(
            &mut bodies.iter().map(Vec::as_slice),
            flow,
            &|name| if name == b"lo" { 1 } else { u32::from(name.first().copied().unwrap_or(0) - b'0') },
            &mut |step| {
                let kind = match step {
                    Step::LookUp(10 | 20) => uapi::RTN_UNICAST,
                    Step::LookUp(30) => uapi::RTN_THROW,
                    Step::LookUp(40) => uapi::RTN_UNREACHABLE,
                    Step::LookUp(_) => return None,
                    Step::Tell(_, what) => {
                        said.push(what);
                        return None;
                    }
                };
                Some(Found { kind, len: 0, metric: 7 })
            },
        );
        (end, said)
    }

    const FOUND: Found = Found { kind: uapi::RTN_UNICAST, len: 0, metric: 7 };

    #[test]
    fn an_address_is_in_a_network_by_its_bits() {
        let addr = [10, 1, 2, 130];
        for (network, len, wanted) in [
            (&[10, 1, 2, 128][..], 25, true),
            (&[10, 1, 2, 0], 25, false),
            (&[10, 1, 2, 130], 32, true),
            (&[10, 1, 2, 131], 32, false),
            (&[10, 0, 0, 0], 8, true),
            (&[], 0, true),
            (&[], 8, false),
            (&[10; 16], 8, false),
        ] {
            assert_eq!(is_in(&addr, network, len), wanted, "{network:?}/{len}");
        }
        assert!(is_in(&[], &[], 0) && !is_in(&[], &[10, 0, 0, 0], 8));
    }

    #[test]
    fn l3mdev_leads_to_the_vrfs_table() {
        let own = Rule { l3mdev: true, ..rule(1000, 0) };
        let stop = Rule { action: uapi::FR_ACT_UNREACHABLE, ..Rule { l3mdev: true, ..rule(2000, 0) } };
        assert_eq!(walked(&[own, stop], &flow()), (End::Route(10, FOUND), vec![Said::Route(10)]));
        let empty = Flow { table: 99, ..flow() };
        assert_eq!(walked(&[own, stop], &empty), (End::Errno(NETWORK), vec![Said::NoRoute(99), Said::Stop]));
        let outside = Flow { vrf: 0, ..flow() };
        let (end, said) = walked(&[own, stop, rule(3000, 20)], &outside);
        assert_eq!((end, said.last()), (End::Route(20, FOUND), Some(&Said::Route(20))));
    }

    #[test]
    fn not_l3mdev_outside_leads_to_main() {
        let rule = Rule { l3mdev: true, flags: uapi::FIB_RULE_INVERT, ..rule(1, 0) };
        assert_eq!(walked(&[rule], &Flow { vrf: 0, ..flow() }).1, [Said::NoRoute(254)]);
        assert!(matches!(walked(&[rule], &flow()).1.as_slice(), [Said::Not(_)]));
        // Another interface, so that l3mdev is not come to.
        assert_eq!(walked(&[Rule { oif: Some(b"7"), ..rule }], &flow()).1, [Said::NoRoute(254)]);
        // It is, and then something else is not as the rule says.
        let dst = Some(Prefix { addr: IpAddr::from([9, 9, 9, 9]), len: 32 });
        assert_eq!(walked(&[Rule { dst, ..rule }], &flow()).1, [Said::Route(10)]);
    }

    #[test]
    fn what_decides_nothing_leads_on() {
        let goto = Rule { action: uapi::FR_ACT_GOTO, ..rule(1, 0) };
        let mut bodies = [body(&|writer| {
            goto.put(writer);
            writer.attr_u32(uapi::FRA_GOTO, 3);
        })]
        .to_vec();
        bodies.extend([rule(2, 10), rule(3, 30), rule(4, 99)].map(|rule| body(&|writer| rule.put(writer))));
        let mut said = Vec::new();
        let end = walk(&mut bodies.iter().map(Vec::as_slice), &flow(), &|_| 0, &mut |step| match step {
            Step::LookUp(30) => Some(Found { kind: uapi::RTN_THROW, ..Found::default() }),
            Step::LookUp(_) => None,
            Step::Tell(_, what) => {
                said.push(what);
                None
            }
        });
        assert_eq!(end, End::Errno(NETWORK));
        assert_eq!(said, [Said::Goto(3), Said::Thrown(30), Said::NoRoute(99)]);
        let short = Rule { suppress_prefixlen: Some(0), ..rule(1, 10) };
        assert_eq!(
            walked(&[short, rule(2, 40), rule(3, 10)], &flow()),
            (End::Errno(HOST), vec![Said::Suppressed(10), Said::Route(40)])
        );
    }

    #[test]
    fn selectors_are_those_of_a_plain_socket() {
        let met = |rule: Rule<'_>, flow: &Flow<'_>| !matches!(walked(&[rule], flow).1.first(), Some(Said::Not(_)));
        let net = |addr: [u8; 4], len| Some(Prefix { addr: IpAddr::from(addr), len });
        let own = Flow { src: &[10, 9, 9, 9], ..flow() };
        for (of, with, without) in [
            (Rule { dst: net([10, 1, 0, 0], 16), ..rule(1, 10) }, true, true),
            (Rule { dst: net([10, 2, 0, 0], 16), ..rule(1, 10) }, false, false),
            (Rule { src: net([10, 9, 0, 0], 16), ..rule(1, 10) }, true, false),
            (Rule { src: net([0, 0, 0, 0], 8), ..rule(1, 10) }, false, true),
            (Rule { iif: Some(b"lo"), ..rule(1, 10) }, true, true),
            (Rule { iif: Some(b"7"), ..rule(1, 10) }, false, false),
            (Rule { oif: Some(b"5"), ..rule(1, 10) }, true, true),
            (Rule { oif: Some(b"7"), ..rule(1, 10) }, false, false),
            (Rule { fwmark: Some(4), fwmask: Some(3), ..rule(1, 10) }, true, true),
            (Rule { fwmark: Some(1), ..rule(1, 10) }, false, false),
            (Rule { tos: 4, ..rule(1, 10) }, false, false),
            (Rule { flags: uapi::FIB_RULE_INVERT, ..rule(1, 10) }, false, false),
            (Rule { flags: uapi::FIB_RULE_INVERT, tos: 4, ..rule(1, 10) }, true, true),
        ] {
            assert_eq!((met(of, &own), met(of, &flow())), (with, without), "{of:?}");
        }
        let unnamed = Flow { named: false, ..flow() };
        assert!(!met(Rule { oif: Some(b"5"), ..rule(1, 10) }, &unnamed));
    }

    #[test]
    fn the_longest_prefix_and_the_least_metric_are_chosen() {
        let route = |addr: [u8; 4], len, metric, flags| {
            let dst = Some(Prefix { addr: IpAddr::from(addr), len });
            let route = Route { family: 2, dst, table: 10, kind: 1, priority: Some(metric), flags, ..Route::default() };
            body(&|writer| route.put(writer))
        };
        let mut chosen = None;
        let mut at = None;
        for (number, (addr, len, metric, flags)) in [
            ([0; 4], 0, 0, 0),
            ([10, 1, 0, 0], 16, 9, 0),
            ([10, 1, 0, 0], 16, 5, 0),
            ([10, 1, 0, 0], 16, 5, 0),
            ([10, 1, 2, 0], 24, 1, uapi::RTNH_F_DEAD),
            ([10, 1, 2, 0], 24, 1, uapi::RTM_F_CLONED),
            ([10, 2, 0, 0], 24, 1, 0),
        ]
        .into_iter()
        .enumerate()
        {
            if let Some(new) = choose(&route(addr, len, metric, flags), 10, &flow(), chosen) {
                (chosen, at) = (Some(new), Some(number));
            }
        }
        assert_eq!((at, chosen.map(|found| found.metric)), (Some(2), Some(5)));
        assert_eq!(choose(&route([0; 4], 0, 0, 0), 11, &flow(), None), None);
    }
}
