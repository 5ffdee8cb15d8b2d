//! Interfaces that VRFs share with programs outside: what `up` does about them and `plan` prints, and what is said of a VRF
//! that sends by an interface and hears nothing from there.

use super::{Name, SET_UP, Story, append, leave};
use crate::apply::{Apply, Shared, attrs, find};
use crate::bind::program::Net;
use crate::conf::keywords::Keyword;
use crate::conf::stanzas::Iface;
use crate::error::{Errno, Error, What};
use crate::features;
use crate::ip::{self, Class};
use crate::limits;
use crate::log::{self, Outcome, refused};
use crate::record::Owner;
use crate::sys::mem::List;
use crate::text::Buf;
use crate::uapi;
use crate::vrf::{self, PREF};
use crate::wire::msg::Writer;
use crate::wire::route;
use core::net::IpAddr;

/// A route of a VRF by an interface that is not its member.
struct Foreign<'c> {
    vrf: Iface,
    /// The line that says so.
    at: u32,
    interface: &'c [u8],
    /// Where to.
    dst: Net,
}

impl Story<'_> {
    /// Lets VRFs share interfaces as they are now: those selected, and others that are there and share one selected.
    #[inline(never)]
    pub(super) fn share(&self, apply: &mut Apply, start: usize) -> Outcome {
        let conf = self.plan.conf();
        let mut outcome = Ok(());
        for iface in conf.ifaces() {
            let mut shared: List<Shared> = List::new();
            for line in conf.with(iface, Keyword::VrfShared) {
                shared.push((line.first(), line.at)).map_err(|errno| refused("index", self.conf.file, errno))?;
            }
            let vrf = conf.name(iface);
            if shared.is_empty() || conf.table(iface).is_none() {
                continue;
            }
            let selected = self.selects(vrf);
            let concerned = selected || shared.as_slice().iter().any(|(interface, _)| self.selects(interface));
            if !concerned {
                continue;
            }
            let done = match apply.link(vrf) {
                Ok(()) if features::SHARED => apply.share(vrf, shared.as_slice()),
                Ok(()) => Err(log::say(&Error::usage(What::Word(b"keyword", b"vrf-shared"), features::LEFT_OUT))),
                Err(Errno::ENODEV) => continue, // it could not be set up
                Err(errno) => Err(refused("look at", vrf, errno)),
            };
            if done.is_err() {
                leave(apply, vrf, start);
            }
            outcome = outcome.and(done);
        }
        outcome
    }

    /// Notes what `share` would have made of the VRFs selected, where there is no record.
    #[inline(never)]
    pub(super) fn claim_shared(&self, apply: &mut Apply) -> Outcome {
        let conf = self.plan.conf();
        for iface in conf.ifaces().filter(|iface| self.selects(conf.name(*iface))) {
            for line in conf.with(iface, Keyword::VrfShared) {
                apply.claim_share(conf.name(iface), line.first())?;
            }
        }
        Ok(())
    }

    /// Gives `each` the routes of the configuration's VRFs by interfaces that are not their members.
    #[inline(never)]
    fn foreign(&self, each: &mut dyn FnMut(&Foreign<'_>)) {
        let conf = self.plan.conf();
        let _ = self.each(SET_UP, &mut |_, _, item| {
            let mut words = ip::words(item.command).into_iter().flatten();
            if item.shell || !words.any(|word| word.starts_with(b"ro")) {
                return Ok(());
            }
            let mut room = [0; limits::REQUEST];
            let mut body = Writer::new(&mut room);
            let Some(Ok(request)) = ip::check(item.command, &mut body) else { return Ok(()) };
            let named = words.find(|word| *word == b"vrf").and_then(|_| words.next());
            let vrf = match named {
                Some(name) => conf.find(name),
                None => conf.vrf_of_table(self.conf.tables, request.table),
            };
            let Some(vrf) = vrf else { return Ok(()) };
            let name = conf.name(vrf);
            let dev = conf.find(request.dev);
            let is_member = dev.and_then(|dev| self.plan.master(dev)).is_some_and(|master| master.first() == name);
            let is_foreign = request.class == Class::RouteAdd && request.action == uapi::RTN_UNICAST;
            if is_foreign && !request.dev.is_empty() && request.dev != name && !is_member {
                let len = body.bytes().get(1).copied().unwrap_or(0);
                let dst = find(attrs(body.bytes(), route::FIXED), uapi::RTA_DST);
                let dst = vrf::net(0, request.family, len, dst);
                each(&Foreign { vrf, at: item.at, interface: request.dev, dst });
            }
            Ok(())
        });
    }

    fn shares(&self, foreign: &Foreign<'_>) -> bool {
        self.plan.conf().with(foreign.vrf, Keyword::VrfShared).any(|line| line.first() == foreign.interface)
    }

    /// Says of each VRF that this `up` has made that it sends by an interface from which it hears nothing, and what to do.
    #[inline(never)]
    pub(super) fn warn(&self, apply: &Apply, start: usize) {
        let made = |name: &[u8]| apply.record.owners(start).any(|owner| owner == Owner::Vrf(name));
        if !apply.record.owners(start).any(|owner| matches!(owner, Owner::Vrf(_))) {
            return;
        }
        let mut last = None;
        self.foreign(&mut |foreign| {
            let vrf = self.plan.conf().name(foreign.vrf);
            if last != Some(foreign.vrf) && !self.shares(foreign) && made(vrf) {
                last = Some(foreign.vrf);
                let place = self.conf.place(foreign.at);
                log::message(&|out| {
                    out.shown(place.file).str(":").num(place.line).str(": ");
                    put_one_way(vrf, foreign.interface, out);
                });
            }
        });
    }

    /// What `share` would do, as text, by the routes and addresses that the configuration says, with flower in the place of our
    /// program; and of VRFs that share nothing, that they hear nothing. With `live`, only what is about VRFs that are not there
    /// yet: of the others it is known.
    #[inline(never)]
    pub(super) fn plan_shared(&self, mut live: Option<&mut Apply>) -> Outcome<List<u8>> {
        let conf = self.plan.conf();
        let mut text: List<u8> = List::new();
        let mut grown = Ok(());
        let mut headed: (Name, u32) = (b"", 0);
        let mut warned = None;
        self.foreign(&mut |foreign| {
            let vrf = conf.name(foreign.vrf);
            let mut room = [0; limits::LINE];
            let mut out = Buf::new(&mut room);
            let mut add = |out: &mut Buf<'_>| {
                out.str("\n");
                grown = core::mem::replace(&mut grown, Ok(())).and_then(|()| append(&mut text, out.as_bytes()));
                out.truncate(0);
            };
            let shares = self.shares(foreign);
            if live.as_mut().is_some_and(|apply| !shares || apply.link(vrf).is_ok()) {
                return;
            }
            if !shares {
                if warned != Some(foreign.vrf) {
                    warned = Some(foreign.vrf);
                    put_one_way(vrf, foreign.interface, out.str("# "));
                    add(&mut out);
                }
                return;
            }
            let line = conf.with(foreign.vrf, Keyword::VrfShared).find(|line| line.first() == foreign.interface);
            let (interface, at) = line.map_or((b"".as_slice(), 0), |line| (line.first(), line.at));
            if headed != (vrf, at) {
                headed = (vrf, at);
                out.str("# ")
                    .shown(vrf)
                    .str(" shares ")
                    .shown(interface)
                    .str(": up does it by a program in the place of flower");
                add(&mut out);
                out.str("tc qdisc add dev ").bytes(interface).str(" clsact");
                add(&mut out);
            }
            let dev = conf.find(interface);
            let mut any = false;
            for line in dev.into_iter().flat_map(|dev| conf.with(dev, Keyword::Address)) {
                let Ok((address, _)) = conf.address(&line) else { continue };
                if !foreign.dst.contains(&vrf::host(0, address)) {
                    continue;
                }
                any = true;
                put_plan(vrf, interface, address, &foreign.dst, &mut out, &mut add);
            }
            if !any {
                out.str("# and the same for the addresses that ").shown(interface).str(" has by then");
                add(&mut out);
            }
        });
        grown.map_err(|errno| refused("print", self.conf.file, errno)).map(|()| text)
    }
}

/// That a VRF hears nothing, and what to do about it.
#[inline(never)]
fn put_one_way(vrf: &[u8], interface: &[u8], out: &mut Buf<'_>) {
    out.str("VRF ").shown(vrf).str(" sends by ").shown(interface).str(" but hears nothing from there, as ");
    out.shown(interface).str(" is not its member: say \"vrf ").shown(vrf).str("\" in ").shown(interface);
    out.str(", which is the VRF's alone then, or \"vrf-shared ").shown(interface).str("\" in ").shown(vrf);
    out.str(", to share it");
}

/// The commands for one address and one network, each given to `add`.
#[inline(never)]
fn put_plan(
    vrf: &[u8],
    interface: &[u8],
    address: IpAddr,
    dst: &Net,
    out: &mut Buf<'_>,
    add: &mut dyn FnMut(&mut Buf<'_>),
) {
    let v4 = address.is_ipv4();
    out.str("ip addr replace ").ip(address).str(if v4 { "/32 dev " } else { "/128 dev " }).bytes(vrf);
    out.str(if v4 { "" } else { " nodad" });
    add(out);
    let pref = u32::from(PREF);
    let start = |out: &mut Buf<'_>, pref| {
        out.str("tc filter add dev ").bytes(interface).str(" ingress protocol ").str(if v4 { "ip" } else { "ipv6" });
        out.str(" pref ").num(pref).str(" flower ");
    };
    if !v4 {
        for (from, to) in [(130, 137), (143, 143)] {
            for kind in from..=to {
                start(out, pref + 1);
                out.str("ip_proto icmpv6 type ").num(kind).str(" action ok");
                add(out);
            }
        }
    }
    start(out, if v4 { pref } else { pref + 2 });
    if let Some(address) = dst.address() {
        out.str("src_ip ").ip(address).str("/").num(u32::from(dst.len)).byte(b' ');
    }
    out.str("dst_ip ").ip(address).str(" action mirred ingress redirect dev ").bytes(vrf);
    add(out);
}
