//! Whether packets of a VRF for which its table has no route leave by another table. A launch at level bind says so: nothing but rules and
//! routes keeps such packets in. `up` makes the rules for that; others who make VRFs (networkd, ifupdown2) often do not.
//!
//! There is such a leak in a family where no rule ends the lookups of VRFs before table main answers them, and the VRF's table has no
//! default route, which may be an `unreachable` one.

use super::rules::Behind;
use crate::apply::{attrs, number, vrf_table};
use crate::error::Errno;
use crate::limits;
use crate::log;
use crate::rtnl::Rtnl;
use crate::rules::FAMILIES;
use crate::uapi;
use crate::vrf;
use crate::wire::msg::Writer;
use crate::wire::{link, query, route, rule};
use core::mem::ManuallyDrop;

/// `RTN_THROW`: the lookup goes on as if there were no route. Source: `uapi/linux/rtnetlink.h`.
const THROW: u8 = 9;

/// Says in a line that packets of that VRF leave by another table, and what to do. What the kernel does not tell is not said.
pub fn warn(name: &[u8]) {
    let Ok(behind) = behind(name) else { return };
    let is_leak = |found: &&Behind| found.table.is_some();
    let Some(first) = behind.iter().find(is_leak) else { return };
    let [v4, v6] = behind.each_ref().map(|found| found.table.is_some());
    log::message(&|out| {
        out.shown(name).str(": ").str(match (v4, v6) {
            (true, true) => "IPv4 and IPv6",
            (true, false) => "IPv4",
            _ => "IPv6",
        });
        out.str(" packets for which its table has no route leave by table ");
        match first.table {
            Some(uapi::RT_TABLE_MAIN) => out.str("main"),
            table => out.num(table.unwrap_or(0)),
        };
        let Some(lookup) = first.lookup else {
            out.str(": there is no rule for VRFs; vrf-launch up makes the rules");
            return;
        };
        // A rule goes behind those of its preference.
        out.str("; ip ").str(if v4 { "-4" } else { "-6" }).str(" rule add pref ").num(lookup);
        out.str(" l3mdev unreachable protocol kernel").str(if v4 && v6 { " (and ip -6)" } else { "" });
        out.str(" ends that, and so does --isolation guard");
    });
}

/// What becomes, in each of [`FAMILIES`], of lookups that the table of that VRF has no route for.
fn behind(name: &[u8]) -> Result<[Behind; 2], Errno> {
    let mut rtnl = ManuallyDrop::new(Rtnl::open_plain()?); // exec closes it
    let mut behind = rules(&mut rtnl, 0)?;
    if behind.iter().all(|found| found.table.is_none()) {
        return Ok(behind);
    }
    let mut table = 0;
    vrf::ask(&mut rtnl, name, &mut |about| table = vrf_table(attrs(about, link::FIXED)).unwrap_or(0))?;
    behind = rules(&mut rtnl, table)?;
    let mut rtnl = ManuallyDrop::new(Rtnl::open()?); // it heeds the filter of a dump
    for (family, found) in FAMILIES.into_iter().zip(&mut behind) {
        if found.table.is_some() && found.lookup.is_some() && has_default(&mut rtnl, family, table)? {
            found.table = None;
        }
    }
    Ok(behind)
}

/// Reads the rules of both families in one dump. `table` is the VRF's.
fn rules(rtnl: &mut Rtnl, table: u32) -> Result<[Behind; 2], Errno> {
    let mut behind = [Behind::default(); 2];
    rtnl.dump(uapi::RTM_GETRULE, &[0; rule::FIXED], &mut |body| match body {
        None => behind = [Behind::default(); 2],
        Some(body) => {
            for (family, found) in FAMILIES.into_iter().zip(&mut behind) {
                if body.first() == Some(&family) {
                    found.advance(body, table);
                }
            }
        }
    })?;
    Ok(behind)
}

/// Whether a table has a default route, of any type that ends a lookup.
fn has_default(rtnl: &mut Rtnl, family: u8, table: u32) -> Result<bool, Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::routes_of_table(family, table, &mut question);
    let mut has = false;
    let asked = rtnl.dump(uapi::RTM_GETROUTE, question.bytes(), &mut |body| {
        let Some(body) = body else { return has = false };
        let Some(&[of, len, _, _, short, _, _, kind, ..]) = body.first_chunk::<{ route::FIXED }>() else { return };
        let of_table = number(attrs(body, route::FIXED), uapi::RTA_TABLE).unwrap_or(short.into());
        has |= of == family && len == 0 && of_table == table && kind != THROW;
    });
    match asked {
        Ok(()) => Ok(has),
        Err(Errno::ENOENT) => Ok(false), // there is no such table
        Err(errno) => Err(errno),
    }
}
