//! An interface that a VRF shares with programs outside (`vrf-shared`).
//!
//! The VRF sends by routes of its table that lead out by the interface, and hears by a filter where packets come in there: what
//! comes from one of those routes' networks to one of the interface's own addresses is sent into the VRF. The VRF has the same
//! addresses, as /32 and /128, or it would not take the packets for its own; programs outside hear them in the VRF, too
//! (`tcp_l3mdev_accept`).
//!
//! The place for filters (`clsact`) has a price on an interface that is up: when it is made or taken away, by whomever, the
//! kernel stops the interface's queues for an RCU grace period, and what is sent by it meanwhile is dropped
//! (`net/sched/sch_api.c: qdisc_graft`, `dev_deactivate`; 5.10 to 7.2). Where it is there already, nothing is lost.
//!
//! All of it is read from the kernel, not from the configuration: routes and addresses may be anybody's.

use super::{Apply, Asked, attrs, byte, own_address, word};
use crate::bind;
use crate::bind::program::{self, Insn, Net};
use crate::conf::values;
use crate::conf::words::Words;
use crate::error::{Errno, Error, What};
use crate::ip::{Class, Request};
use crate::limits;
use crate::log::{self, Outcome, refused};
use crate::record::Owner;
use crate::rtnl::Rtnl;
use crate::sys::mem::List;
use crate::sys::{self, bpf, time};
use crate::text::Buf;
use crate::uapi;
use crate::vrf::{self, PREF};
use crate::wire::msg::Writer;
use crate::wire::tc::{self, Filter};
use crate::wire::{addr, query};
use core::net::IpAddr;

/// A word of the configuration or the command line, which lives as long as the process.
type Name = &'static [u8];

/// An interface that is shared: its name, and the line that says so.
pub type Shared = (Name, u32);

impl Apply {
    /// Lets a VRF share these interfaces, by the routes and addresses there are now.
    #[inline(never)]
    pub fn share(&mut self, vrf: Name, shared: &[Shared]) -> Outcome {
        self.set_owner(vrf);
        self.flush()?;
        let (mut networks, mut own) = (List::new(), List::new());
        for &(interface, at) in shared {
            let asked = Asked { at: Some(at), implied: false };
            for name in [vrf, interface] {
                self.forget(name);
                match self.link(name) {
                    Err(Errno::ENODEV) if self.is_dry() => return Ok(()), // it is to be made
                    other => other.map_err(|errno| refused("look at", name, errno))?,
                }
            }
            let (Some(to), Some(from)) = (self.known(vrf).copied(), self.known(interface).copied()) else { continue };
            if !from.has_address || from.master == to.index {
                let reason = if from.has_address { "it is a member of the VRF" } else { "it is no Ethernet" };
                return self.say(asked, &Error::usage(What::Word(b"vrf-shared", interface), reason));
            }
            let read = Rtnl::open().and_then(|mut rtnl| {
                vrf::networks(&mut rtnl, to.table, &|oif| oif == from.index, &mut networks)?;
                addresses(&mut rtnl, from.index, networks.as_slice(), &mut own)
            });
            read.map_err(|errno| refused("look at", interface, errno))?;
            let mut program = List::new();
            let mut grown = Ok(());
            let (own, networks) = (own.as_slice(), networks.as_slice());
            let fits = program::divert(from.index, to.index, to.address, own, networks, &mut |insn| {
                grown = grown.and_then(|()| program.push(insn));
            });
            if grown.is_err() || !fits {
                return Err(refused("share", interface, Errno::E2BIG));
            }
            self.share_addresses(vrf, own, asked)?;
            self.stand_filter(interface, from.index, to.index, program.as_slice(), own, asked)?;
        }
        // What it was given before, and no interface has any more.
        self.undo(0, &|owner, command| {
            let mut room = [0; 96];
            let mut text = Buf::new(&mut room);
            let is_ours = owner == Owner::Iface(vrf) && command.starts_with(b"ip addr del local ");
            is_ours
                && !own.as_slice().iter().any(|net| {
                    put_address(net, "del", vrf, &mut text);
                    text.as_bytes() == command
                })
        })
    }

    /// Gives the VRF an interface's addresses.
    #[inline(never)]
    fn share_addresses(&mut self, vrf: Name, own: &[Net], asked: Asked) -> Outcome {
        let mut room = [0; 96];
        let mut text = Buf::new(&mut room);
        for net in own {
            put_address(net, "add", vrf, &mut text);
            self.command(text.as_bytes(), asked)?;
        }
        self.flush()
    }

    /// Waits until a VRF takes its IPv6 addresses for its own. The kernel acknowledges an address before it makes its route, which
    /// it does in a work queue (`net/ipv6/addrconf.c: addrconf_dad_start`): what the filter sent into the VRF before would
    /// follow the route to the network, back out by the interface.
    #[inline(never)]
    fn await_local(&mut self, own: &[Net], vrf: u32) {
        /// A work queue that is later than this is none.
        const PATIENCE_MS: u32 = 1000;
        let mut room = [0; 64];
        let mut question = Writer::new(&mut room);
        let mut left = PATIENCE_MS;
        for net in own {
            let Some(IpAddr::V6(address)) = net.address() else { continue };
            question.truncate(0);
            query::route_to(address, vrf, &mut question);
            loop {
                let mut kind = 0;
                // An error is no route yet, or goes by itself.
                let _ = self.rtnl.ask(uapi::RTM_GETROUTE, question.bytes(), &mut |route| kind = byte(route, 7));
                if kind == u32::from(uapi::RTN_LOCAL) || left == 0 {
                    break;
                }
                left -= 1;
                time::sleep_ms(1);
            }
        }
    }

    /// Sees to it that the interface has the filter.
    #[inline(never)]
    fn stand_filter(
        &mut self,
        interface: Name,
        index: u32,
        vrf: u32,
        program: &[Insn],
        own: &[Net],
        asked: Asked,
    ) -> Outcome {
        let mut room = [0; 96];
        let mut command = Buf::new(&mut room);
        let mut undo_room = [0; 96];
        let mut undo = Buf::new(&mut undo_room);
        let mut body_room = [0; limits::REQUEST];
        let mut body = Writer::new(&mut body_room);

        let name = program::name(&program::SHARE, program::digest(program));
        let wanted = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let (mut stands, mut there) = (false, false);
        let mut others = List::new();
        let asked_for = Rtnl::open().and_then(|mut rtnl| {
            vrf::filters(&mut rtnl, index, tc::INGRESS, &mut |filter| {
                if let Some(filter) = filter.filter(|filter| filter.is_of(filter.handle)) {
                    if filter.handle == vrf {
                        there = true;
                        stands = filter.name == wanted;
                    } else {
                        let _ = others.push(filter.handle); // one that is missed stays
                    }
                }
            })
        });
        asked_for.map_err(|errno| refused("list the filters of", interface, errno))?;
        // One that is for a VRF which has gone would take what is for this one, and lead nowhere.
        for &other in others.as_slice() {
            query::link(other, &mut body);
            if self.rtnl.ask(uapi::RTM_GETLINK, body.bytes(), &mut |_| {}) == Err(Errno::ENODEV) {
                put_filter("del", interface, other, &mut command);
                self.take_share_back_now(command.as_bytes(), asked)?;
            }
            command.truncate(0);
            body.truncate(0);
        }
        if stands {
            return Ok(());
        }
        if !self.dry_run {
            self.await_local(own, vrf);
        }
        if !there {
            command.str("tc qdisc add dev ").bytes(interface).str(" clsact");
            undo.str("tc qdisc del dev ").bytes(interface).str(" clsact");
            tc::clsact(index, &mut body);
            self.tc(command.as_bytes(), uapi::RTM_NEWQDISC, &body, undo.as_bytes(), asked)?;
        }
        command.truncate(0);
        body.truncate(0);
        undo.truncate(0);
        put_filter("replace", interface, vrf, &mut command);
        let loaded = bind::load(bpf::CLASSIFIER, &name, program);
        let fd = match loaded {
            Ok(fd) => fd,
            Err(errno) => return self.fail_asking(command.as_bytes(), asked, errno),
        };
        let filter = Filter { index, handle: vrf, pref: PREF, name: wanted };
        filter.put(u32::try_from(sys::number(&fd)).ok(), &mut body);
        if !there {
            put_filter("del", interface, vrf, &mut undo);
        }
        self.tc(command.as_bytes(), uapi::RTM_NEWTFILTER, &body, undo.as_bytes(), asked)
    }

    /// Carries out a command that takes something back, in the midst of others.
    fn take_share_back_now(&mut self, command: &[u8], asked: Asked) -> Outcome {
        let was = core::mem::replace(&mut self.undoing, true);
        let done = self.command(command, asked);
        self.undoing = was;
        done
    }

    /// Notes what [`Self::share`] would have made as made, where there is no record of it.
    #[inline(never)]
    pub fn claim_share(&mut self, vrf: Name, interface: Name) -> Outcome {
        match self.link(vrf) {
            Ok(()) | Err(Errno::ENODEV) => {} // one that is gone has no filter that can be known
            Err(errno) => return Err(refused("look at", vrf, errno)),
        }
        let Some(index) = self.known(vrf).map(|known| known.index) else { return Ok(()) };
        let mut room = [0; 96];
        let mut text = Buf::new(&mut room);
        text.str("tc qdisc del dev ").bytes(interface).str(" clsact");
        let place = self.record.add(Owner::Iface(vrf), text.as_bytes());
        text.truncate(0);
        put_filter("del", interface, index, &mut text);
        place.and_then(|()| self.record.add(Owner::Iface(vrf), text.as_bytes())).map_err(Self::unrecorded)
    }

    /// Carries out what a `tc` command says: a request of that kind.
    #[inline(never)]
    fn tc(&mut self, command: &[u8], kind: u16, body: &Writer<'_>, undo: &[u8], asked: Asked) -> Outcome {
        let (class, flags) = match kind {
            uapi::RTM_NEWQDISC => (Class::TcAdd, uapi::NLM_F_CREATE | uapi::NLM_F_EXCL),
            uapi::RTM_NEWTFILTER => (Class::TcAdd, uapi::NLM_F_CREATE),
            _ => (Class::TcDel, 0),
        };
        let request =
            Request { class, kind, flags, dev: b"", family: 0, pref: None, table: 0, l3mdev: false, action: 0 };
        self.push(command, &request, body.bytes(), undo, asked)?;
        let done = self.flush();
        if !self.undoing && !self.is_dry() && done.is_ok() {
            log::done("", command);
        }
        done
    }

    /// Takes back what [`Self::stand_filter`] made; the place for filters only where no others are in it.
    #[inline(never)]
    pub(super) fn take_share_back(&mut self, command: &[u8], deletion: &[u8], asked: Asked) -> Outcome {
        self.flush()?;
        let mut words = Words::new(deletion);
        let is_place = words.next() == Some(b"qdisc");
        let interface = words.nth(2).unwrap_or_default();
        self.forget(interface);
        match self.link(interface) {
            Err(Errno::ENODEV) => return Ok(()), // with it went its filters
            other => other.map_err(|errno| refused("look at", interface, errno))?,
        }
        let index = self.known(interface).map_or(0, |known| known.index);
        let mut room = [0; limits::REQUEST];
        let mut body = Writer::new(&mut room);
        let handle = words.nth(4).and_then(|handle| values::u32_(handle).ok()).unwrap_or(0);
        let (mut others, mut ours) = (false, false);
        for parent in [tc::INGRESS, tc::EGRESS] {
            // Whoever has a preference there has a filter.
            let looked = Rtnl::open().and_then(|mut rtnl| {
                vrf::filters(&mut rtnl, index, parent, &mut |filter| match filter {
                    Some(filter) if filter.is_of(filter.handle) => ours |= is_place || filter.handle == handle,
                    _ => others = true,
                })
            });
            looked.map_err(|errno| refused("list the filters of", interface, errno))?;
        }
        // In a dry run those that are ours would be gone by then.
        if (is_place && (others || (ours && !self.is_dry()))) || (self.is_dry() && !ours) {
            return Ok(());
        }
        let kind = if is_place {
            tc::clsact(index, &mut body);
            uapi::RTM_DELQDISC
        } else {
            Filter { index, handle, pref: PREF, name: b"" }.put(None, &mut body);
            uapi::RTM_DELTFILTER
        };
        self.tc(command, kind, &body, b"", asked)
    }
}

/// The command for an address that a VRF gets; `local` tells it from one that the configuration says.
fn put_address(net: &Net, verb: &str, vrf: &[u8], out: &mut Buf<'_>) {
    out.truncate(0);
    let (host, end) = if net.v4 { ("/32 dev ", "") } else { ("/128 dev ", " nodad") };
    if let Some(address) = net.address() {
        out.str("ip addr ").str(verb).str(" local ").ip(address).str(host).bytes(vrf).str(end);
    }
}

/// The command for a filter, as iproute2 would have it but for the program.
fn put_filter(verb: &str, interface: &[u8], vrf: u32, out: &mut Buf<'_>) {
    out.str("tc filter ").str(verb).str(" dev ").bytes(interface).str(" ingress pref ").num(u32::from(PREF));
    out.str(" handle ").num(vrf).str(" bpf");
}

/// Adds an interface's addresses of the families that there are networks of: those in one of these, or all where none is.
#[inline(never)]
fn addresses(rtnl: &mut Rtnl, index: u32, networks: &[Net], own: &mut List<Net>) -> Result<(), Errno> {
    for family in [uapi::AF_INET, uapi::AF_INET6] {
        let v4 = family == uapi::AF_INET;
        if !networks.iter().any(|net| net.v4 == v4) {
            continue;
        }
        for inside in [true, false] {
            let start = own.len();
            let mut grown = Ok(());
            let mut room = [0; limits::REQUEST];
            let mut question = Writer::new(&mut room);
            query::addrs_of_link(family, index, &mut question);
            rtnl.dump(uapi::RTM_GETADDR, question.bytes(), &mut |entry| {
                let Some(entry) = entry else { return own.truncate(start) };
                let Some(address) = own_address(attrs(entry, addr::FIXED)) else { return };
                let is_wide = byte(entry, 3) < u32::from(uapi::RT_SCOPE_LINK);
                if word(entry, addr::INDEX) != index || byte(entry, 0) != u32::from(family) || !is_wide {
                    return;
                }
                let net = vrf::host(index, address);
                let is_new = !own.as_slice().contains(&net);
                if is_new && (!inside || networks.iter().any(|network| network.contains(&net))) {
                    grown = grown.and_then(|()| own.push(net));
                }
            })?;
            grown?;
            if own.len() > start {
                break;
            }
        }
    }
    Ok(())
}
