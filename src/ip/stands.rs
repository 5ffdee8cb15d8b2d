//! What stands in a request's place: the kernel said that something is there, or has not been asked; is it what was wanted?

use super::Class;
use crate::uapi;
use crate::wire::attr::{find, number};

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
        Class::RuleAdd | Class::RuleDel => rule_stands(request, class == Class::RuleDel, entry).then_some(true),
        _ => None,
    }
}

/// Whether a rule is what a request says. Who put it there does not count.
#[inline(never)]
fn rule_stands(request: &[u8], goes: bool, entry: &[u8]) -> bool {
    let Some((&[family, dst, src, tos, table, _, _, action, w @ ..], asked)) = request.split_first_chunk::<12>() else {
        return false;
    };
    let Some((&[has_family, has_dst, has_src, has_tos, has_table, _, _, has_action, f @ ..], attrs)) =
        entry.split_first_chunk::<12>()
    else {
        return false;
    };
    let inverted = (u32::from_ne_bytes(w) ^ u32::from_ne_bytes(f)) & uapi::FIB_RULE_INVERT;
    let mut same = family == has_family && (action == 0 || action == has_action) && inverted == 0;
    for (wanted, found) in [(dst, has_dst), (src, has_src), (tos, has_tos)] {
        same &= wanted == found || (goes && wanted == 0);
    }
    let to = number(asked, uapi::FRA_TABLE).unwrap_or(table.into());
    same &= to == 0 || to == number(attrs, uapi::FRA_TABLE).unwrap_or(has_table.into());
    let pref = number(asked, uapi::FRA_PRIORITY);
    same &= pref.is_none_or(|pref| pref == number(attrs, uapi::FRA_PRIORITY).unwrap_or(0));
    for kind in [uapi::FRA_DST, uapi::FRA_SRC, uapi::FRA_IIFNAME, uapi::FRA_OIFNAME, uapi::FRA_FWMARK, uapi::FRA_L3MDEV]
    {
        let wanted = find(asked, kind);
        same &= (goes && wanted.is_empty()) || wanted == find(attrs, kind);
    }
    same
}
