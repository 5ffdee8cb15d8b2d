//! What stands in a request's place: the kernel said that something is there, or has not been asked; is it what was wanted?

use super::Class;
use crate::uapi;
use crate::wire::attr::{find, number};
use crate::wire::rule::Rule;

/// What tells addresses apart: family, interface and the interface's own address.
fn addr_key(body: &[u8]) -> Option<(u8, [u8; 4], &[u8])> {
    let (&[family, _, _, _, i0, i1, i2, i3], attrs) = body.split_first_chunk()?;
    // Without a peer the kernel says only IFA_ADDRESS of an IPv6 address.
    let own = match find(attrs, uapi::IFA_LOCAL) {
        b"" => find(attrs, uapi::IFA_ADDRESS),
        own => own,
    };
    Some((family, [i0, i1, i2, i3], own))
}

/// What tells routes apart: family, lengths of destination and source, and type of service; destination, table, metric.
fn route_key(body: &[u8]) -> Option<([u8; 4], &[u8], u32, u32)> {
    let (&[family, dst, src, tos, table, _, _, _, _, _, _, _], attrs) = body.split_first_chunk()?;
    let table = number(attrs, uapi::RTA_TABLE).unwrap_or(table.into());
    let mut metric = number(attrs, uapi::RTA_PRIORITY).unwrap_or(0);
    if metric == 0 && family == uapi::AF_INET6 {
        metric = uapi::IP6_RT_PRIO_USER;
    }
    Some(([family, dst, src, tos], find(attrs, uapi::RTA_DST), table, metric))
}

/// Whether an entry of a dump has what a request for it says: both are bodies, of the class's message.
///
/// `None`: it is about something else. Of an address the interface and the address itself tell that, of a route its
/// destination, table, metric and type of service. `Some(false)`: something else stands in its place: an address of
/// another length; a route of another type, gateway, interface (of a unicast route that names one), source or MTU. A rule
/// is that one or another: what one that is to go does not say is not compared. Links are for the caller to look at:
/// `None`.
pub fn stands(request: &[u8], class: Class, entry: &[u8]) -> Option<bool> {
    match class {
        Class::AddrAdd | Class::AddrDel => {
            if addr_key(request)? != addr_key(entry)? {
                return None;
            }
            Some(request.get(1) == entry.get(1))
        }
        Class::RouteAdd | Class::RouteDel => {
            let (&[.., kind, _, _, _, _], asked) = request.split_first_chunk::<12>()?;
            let (&[.., has_kind, f0, f1, f2, f3], attrs) = entry.split_first_chunk::<12>()?;
            let cloned = u32::from_ne_bytes([f0, f1, f2, f3]) & uapi::RTM_F_CLONED != 0;
            if cloned || route_key(request)? != route_key(entry)? {
                return None;
            }
            let mut same = kind == has_kind;
            for kind in [uapi::RTA_GATEWAY, uapi::RTA_VIA, uapi::RTA_PREFSRC, uapi::RTA_METRICS, uapi::RTA_OIF] {
                let (mut wanted, mut found) = (find(asked, kind), find(attrs, kind));
                if kind == uapi::RTA_METRICS {
                    (wanted, found) = (find(wanted, uapi::RTAX_MTU), find(found, uapi::RTAX_MTU));
                }
                // A route that goes nowhere has no interface of its own (IPv6 says lo).
                let any = kind == uapi::RTA_OIF && (has_kind != uapi::RTN_UNICAST || wanted.is_empty());
                same &= any || wanted == found;
            }
            Some(same)
        }
        Class::RuleAdd => is_same_rule(request, entry).then_some(true),
        Class::RuleDel => is_deleted(request, entry).then_some(true),
        _ => None,
    }
}

/// Whether a rule is the one that a request adds. Who put it there does not count, nor where it stands if the request does not say.
fn is_same_rule(request: &[u8], entry: &[u8]) -> bool {
    let (Some(wanted), Some(found)) = (Rule::parse(request), Rule::parse(entry)) else { return false };
    let pref = wanted.priority.and(Some(found.pref()));
    let mask = |rule: &Rule<'_>| rule.fwmask.or(rule.fwmark.map(|_| u32::MAX));
    let found = Rule { priority: pref, protocol: wanted.protocol, fwmask: mask(&found), ..found };
    Rule { fwmask: mask(&wanted), ..wanted } == Rule { flags: found.flags & uapi::FIB_RULE_INVERT, ..found }
}

/// Whether a rule is one that a deletion means: what that does not say is not compared.
fn is_deleted(request: &[u8], entry: &[u8]) -> bool {
    let (Some(wanted), Some(found)) = (Rule::parse(request), Rule::parse(entry)) else { return false };
    fn any<T: PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
        wanted.is_none() || wanted == found
    }
    wanted.family == found.family
        && (wanted.action == 0 || wanted.action == found.action)
        && (wanted.flags ^ found.flags) & uapi::FIB_RULE_INVERT == 0
        && (wanted.tos == 0 || wanted.tos == found.tos)
        && (wanted.table == 0 || wanted.table == found.table)
        && (!wanted.l3mdev || found.l3mdev)
        && any(wanted.priority, Some(found.pref()))
        && any(wanted.src, found.src)
        && any(wanted.dst, found.dst)
        && any(wanted.iif, found.iif)
        && any(wanted.oif, found.oif)
        && any(wanted.fwmark, found.fwmark)
        && any(wanted.protocol, found.protocol)
}
