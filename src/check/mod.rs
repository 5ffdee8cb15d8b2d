//! `check`: whether the isolation that is live holds, and what does not.
//!
//! Looks at the kernel, the rules, each VRF with its members, and the services in it; then tries to get out
//! ([`attempt`]). Nothing is changed, and nothing is left behind.
//!
//! | file | |
//! |---|---|
//! | [`report`] | the lines and the table, as text |
//! | [`rules`] | judges the rules |
//! | [`ways`] | the ways out |
//! | [`attempt`] | a process that tries them |

pub mod attempt;
pub mod leak;
pub mod report;
pub mod rules;
pub mod ways;

use crate::adopt;
use crate::apply::{self, any_index};
use crate::bind::cgroup::{self, Namespace, Target};
use crate::bind::program::{self, Insn, Level, Name, Net};
use crate::bind::{self, Backend, Vrf};
use crate::bytes::before;
use crate::conf::values::u32_;
use crate::conf::words::Words;
use crate::error::{Errno, Exit};
use crate::limits;
use crate::log::{Outcome, refused};
use crate::prefix::Prefix;
use crate::proc::Lines;
use crate::rtnl::{Bodies, Rtnl};
use crate::show::out::Out;
use crate::show::services;
use crate::sys::args::Strings;
use crate::sys::bpf::{self, Hook};
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file, process};
use crate::text::Buf;
use crate::uapi;
use crate::vrf::{self, Reach};
use crate::wire::msg::Writer;
use crate::wire::route::Route;
use crate::wire::{addr, link, query};
use attempt::{Ends, Found, Outside, Place};
use core::ffi::CStr;
use core::mem::ManuallyDrop;
use report::Mark;
use rules::{Entry, Fault, Machine};

/// An interface, as the kernel has it.
#[derive(Clone, Copy)]
pub struct Link {
    /// Its index.
    pub index: u32,
    /// `IFF_*`
    pub flags: u32,
    /// The index of what it is a part of, or 0.
    pub master: u32,
    /// Of a VRF.
    pub table: u32,
    name: [u8; limits::IFNAME],
}

impl Link {
    /// Reads what the kernel says of one.
    #[inline(never)]
    pub fn read(link: &[u8]) -> Self {
        let attrs = apply::attrs(link, link::FIXED);
        let mut name = [0; limits::IFNAME];
        for (to, from) in name.iter_mut().zip(apply::text(attrs, uapi::IFLA_IFNAME)) {
            *to = *from;
        }
        Self {
            index: any_index(link),
            flags: apply::word(link, link::FLAGS),
            master: apply::number(attrs, uapi::IFLA_MASTER).unwrap_or(0),
            table: apply::vrf_table(attrs).unwrap_or(0),
            name,
        }
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        before(&self.name, 0)
    }

    /// Whether it is up.
    pub const fn is_up(&self) -> bool {
        self.flags & uapi::IFF_UP != 0
    }

    /// How it is.
    #[inline(never)]
    pub const fn state(&self) -> &'static str {
        match (self.is_up(), self.flags & uapi::IFF_LOWER_UP != 0) {
            (false, _) => "down",
            (_, false) => "up, no carrier",
            _ => "up",
        }
    }
}

/// What is asked for.
pub struct Asked<'a> {
    /// The VRF; all of them where it is not said.
    pub vrf: Option<&'a [u8]>,
    /// The level that the ways out are tried at. Where it is not said: those of the services that run, else the usual one.
    pub level: Option<Level>,
    /// Whether JSON is wanted.
    pub json: bool,
    /// The level that services of a VRF have if nothing is asked for.
    pub usual: &'a dyn Fn(&[u8]) -> Outcome<Level>,
}

/// Audits, prints what it finds, and fails with [`Exit::Unsound`] where something does not hold.
#[inline(never)]
pub fn check(asked: &Asked<'_>) -> Outcome {
    let mut room = [0; limits::LINE];
    let rtnl = Rtnl::open().map_err(|errno| refused("open", b"rtnetlink", errno))?;
    let ends = Ends::hold().map_err(|errno| refused("hold back", b"signals", errno))?;
    let json = asked.json.then(|| Out::new(true, Strings::NONE));
    let mut audit = Audit { rtnl, out: Buf::new(&mut room), faults: 0, said: Ok(()), json };
    if let Some(json) = &mut audit.json {
        json.item();
        json.num("version", 1);
        json.list("lines");
    }
    let done = audit.all(asked, &ends);
    ends.release(); // nothing is left behind: if one has come, this ends the process
    if let Some(json) = &mut audit.json {
        json.close();
        json.num("faults", audit.faults);
        json.close();
        json.finish()?;
    }
    audit.said.map_err(|errno| refused("write", b"standard output", errno))?;
    match done {
        Ok(()) if audit.faults == 0 => Ok(()),
        Ok(()) => Err(Exit::Unsound),
        Err(SAID) => Err(Exit::System),
        Err(errno) => Err(refused("audit", asked.vrf.unwrap_or(b"the VRFs"), errno)),
    }
}

/// What is wrong with a process at guard or strict.
pub const NO_FILTER: &str = "has no filter of system calls: it was not started by vrf-launch";
/// What went wrong has been said.
const SAID: Errno = Errno(0);

struct Audit<'b> {
    rtnl: Rtnl,
    /// The line at hand.
    out: Buf<'b>,
    /// What does not hold.
    faults: u32,
    /// Whether all lines could be written.
    said: Result<(), Errno>,
    /// Where they go, if not as text.
    json: Option<Out>,
}

impl<'b> Audit<'b> {
    /// Begins a line with a mark, and counts.
    #[inline(never)]
    fn mark(&mut self, mark: Mark) -> &mut Buf<'b> {
        if mark == Mark::Fail {
            self.faults += 1;
        }
        mark.begin(&mut self.out);
        &mut self.out
    }

    /// Ends the line at hand and prints it.
    #[inline(never)]
    fn end(&mut self) {
        self.out.truncate(limits::LINE - 1);
        if let Some(json) = &mut self.json {
            to_json(self.out.as_bytes(), json);
        } else if self.said.is_ok() {
            self.said = file::write_all(file::stdout(), self.out.str("\n").as_bytes());
        }
        self.out.truncate(0);
    }

    /// A whole line.
    #[inline(never)]
    fn line(&mut self, mark: Mark, text: &str) {
        self.mark(mark).str(text);
        self.end();
    }

    /// Lines of a text, each of which does not hold.
    #[inline(never)]
    fn fail(&mut self, head: &[u8], text: &[u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            let fault = before(rest, b'\n');
            self.mark(Mark::Fail).shown(head).str(": ").shown(fault);
            self.end();
            rest = rest.get(fault.len() + 1..).unwrap_or_default();
        }
    }

    #[inline(never)]
    fn all(&mut self, asked: &Asked<'_>, ends: &Ends) -> Result<(), Errno> {
        let links = links(&mut self.rtnl)?;
        let links = links.as_slice();
        let has_vrf = links.iter().any(|link| link.table != 0);
        self.kernel(has_vrf)?;
        // Without a VRF there is nothing to try, but services may be there whose VRF is gone.
        if has_vrf || cgroup::mounted(&mut Path::new()) {
            let mut tree = Tree::new();
            let done = tree.find().and_then(|()| self.services_and_ways(links, asked, ends, &mut tree.root));
            tree.take_back();
            done?;
        }
        self.end();
        match self.faults {
            0 => self.line(Mark::Ok, "all of it holds"),
            1 => self.line(Mark::Note, "one thing does not hold"),
            faults => {
                self.mark(Mark::Note).num(faults).str(" things do not hold");
                self.end();
            }
        }
        Ok(())
    }

    /// What is about VRFs and services. `root` is where the cgroup tree is.
    fn services_and_ways(
        &mut self,
        links: &[Link],
        asked: &Asked<'_>,
        ends: &Ends,
        root: &mut Path,
    ) -> Result<(), Errno> {
        leave()?;
        // An interface that is in no VRF; lo is the first. Where there is no other, what needs one is not known.
        let others = links.iter().filter(|link| link.table == 0 && link.master == 0 && link.is_up());
        let other = others.map(|link| link.index).max().unwrap_or(1);
        let outside = ManuallyDrop::new(Outside::open(other, ends)?); // they end with the process
        for vrf in links.iter().filter(|link| link.table != 0) {
            if asked.vrf.is_none_or(|name| name == vrf.name()) {
                self.vrf(vrf, links, asked, &outside, root)?;
            }
        }
        if asked.vrf.is_none() { self.bereaved(links, root) } else { Ok(()) }
    }

    /// The services whose VRF is gone: nothing may get in or out, for the indices may be those of other interfaces now.
    fn bereaved(&mut self, links: &[Link], root: &mut Path) -> Result<(), Errno> {
        let start = root.len();
        let is_gone = |name: &[u8]| !links.iter().any(|link| link.table != 0 && link.name() == name);
        each_service(&is_gone, root, &mut |level, path, _| {
            let folder = file::open_dir(path.c_str())?;
            let mut is_shut = level.is_some();
            for hook in [bpf::EGRESS, bpf::INGRESS] {
                let wanted = program::name(&program::PASS, program::sum(&[], &[]));
                let mut room = [0; 512];
                is_shut &= programs(&folder, hook, &wanted, &mut Buf::new(&mut room))? == Standing::Wanted;
            }
            self.end();
            self.out.str("VRF ").shown(cgroup::vrf_of(path.as_bytes()).unwrap_or_default()).str(", which is gone");
            self.end();
            let out = self.mark(if is_shut { Mark::Note } else { Mark::Fail });
            out.str("services of level ").str(level.map_or("ip vrf exec", Level::name)).str(" in ");
            out.shown(path.as_bytes().get(start..).unwrap_or_default()).str(match (is_shut, level) {
                (true, _) => ": nothing gets in or out until it is there again",
                (false, Some(_)) => {
                    ": packets pass by indices that other interfaces may have now; vrf-launch up ends that"
                }
                (false, None) => ": their sockets are bound to an index that another interface may have now",
            });
            self.end();
            Ok(())
        })
    }

    // ---- the kernel

    #[inline(never)]
    fn kernel(&mut self, has_vrf: bool) -> Result<(), Errno> {
        /// A line for each thing: `!` where nothing goes without it, what it is, and what for.
        const THINGS: &[u8] = b"\
!CONFIG_NET_VRF: VRFs
!CONFIG_CGROUPS: cgroup2, in which services are bound
!CONFIG_CGROUP_BPF: programs that bind sockets
!CONFIG_CGROUP_BPF: programs that filter packets
!CONFIG_SECCOMP_FILTER: guard refuses families whose packets the kernel sends by sockets of its own
!setsockopt hook (Linux 5.3): groups are joined by the VRF's interfaces alone; strict keeps sockets bound
 bpf_set_retval (Linux 5.18): who asks for MPTCP is told to take TCP
 seccomp user notification (Linux 5.0): binding without BPF
";
        let mut room = [0; 64];
        let release = file::open(c"/proc/sys/kernel/osrelease").and_then(|fd| file::read_all(&fd, &mut room));
        let release = before(release.unwrap_or_default(), b'\n');
        self.out.str("kernel ").shown(release);
        self.end();
        let mut filter = List::new();
        program::pass(&[], &[], &mut |insn| {
            let _ = filter.push(insn); // one cut short would be refused
        });
        let mut options = List::new();
        program::options(0, &[], true, &mut |insn| {
            let _ = options.push(insn); // likewise
        });
        let has = [
            has_vrf || file::exists(c"/sys/module/vrf"),
            file::exists(c"/proc/cgroups") || cgroup::mounted(&mut Path::new()),
            loads(bpf::SOCK_CREATE, &program::bind(0))?,
            loads(bpf::EGRESS, filter.as_slice())?,
            process::has_seccomp_answer(0x0005_0000), // SECCOMP_RET_ERRNO
            loads(bpf::SETSOCKOPT, options.as_slice())?,
            loads(bpf::SOCK_CREATE, &program::guard(0, true))?,
            process::has_seccomp_answer(0x7fc0_0000), // SECCOMP_RET_USER_NOTIF
        ];
        let mut rest = THINGS;
        for has in has {
            let line = before(rest, b'\n');
            rest = rest.get(line.len() + 1..).unwrap_or_default();
            let (first, text) = line.split_at_checked(1).unwrap_or_default();
            let out = self.mark(match (has, first) {
                (true, _) => Mark::Ok,
                (_, b"!") => Mark::Fail,
                _ => Mark::Note,
            });
            out.str(if has { "" } else { "lacking: " }).bytes(text);
            self.end();
        }
        self.old_cgroups(release);
        Ok(())
    }

    /// Before 5.15, cgroups of version 1 that mark packets switch off what binds sockets.
    #[inline(never)]
    fn old_cgroups(&mut self, release: &[u8]) {
        let mut version = 0_u32;
        for part in release.split(|byte| !byte.is_ascii_digit()).take(2) {
            let number = part.iter().fold(0_u32, |number, digit| number.wrapping_mul(10) + u32::from(digit & 15));
            version = version << 16 | number;
        }
        let mut lines = Lines::new();
        if version >= 5 << 16 | 15 || lines.open(c"/proc/cgroups").is_err() {
            return;
        }
        while let Ok(true) = lines.advance() {
            let mut words = Words::new(lines.line.as_bytes());
            let name = words.next().unwrap_or_default();
            // Then its hierarchy; 0 is none of version 1.
            if (is(name, b"net_cls") || is(name, b"net_prio")) && !is(words.next().unwrap_or_default(), b"0") {
                self.fail(name, b"it is mounted as cgroup v1, whose use unbinds all sockets before Linux 5.15\n");
            }
        }
    }

    // ---- a VRF

    #[inline(never)]
    fn vrf(
        &mut self,
        link: &Link,
        links: &[Link],
        asked: &Asked<'_>,
        outside: &Outside<'_>,
        root: &mut Path,
    ) -> Result<(), Errno> {
        let Link { index, table, .. } = *link;
        self.end();
        self.out.str("VRF ").shown(link.name()).str(", table ").num(table).str(", interface ").num(index);
        self.end();
        self.link(link)?;
        let members = links.iter().filter(|link| link.master == index);
        for member in members.clone() {
            self.link(member)?;
        }
        let mut reach = Reach::default();
        vrf::reach(&mut self.rtnl, link.name(), &mut reach)?;
        let Reach { interfaces, shared } = &reach;
        if !shared.is_empty() {
            self.shared(shared.as_slice())?;
        } else if members.count() == 0 {
            self.line(Mark::Note, "no interface is a member: nothing gets in or out");
        }
        for family in [uapi::AF_INET, uapi::AF_INET6] {
            self.rules(family, links)?;
        }
        let vrf = Vrf { name: link.name(), index, interfaces: interfaces.as_slice(), shared: shared.as_slice() };
        let mut live = [const { Path::new() }; 3];
        let start = root.len();
        self.services(&vrf, root, &mut live)?;
        root.truncate(start);
        // What is asked for, else what there is, else the usual one.
        let mut asked_for = asked.level;
        if asked_for.is_none() && live.iter().all(Path::is_empty) {
            asked_for = Some((asked.usual)(vrf.name).map_err(|_| SAID)?);
        }
        for (level, live) in Level::ALL.into_iter().zip(&mut live) {
            if asked_for.map_or(!live.is_empty(), |asked_for| asked_for == level) {
                self.ways(outside, &vrf, level, live, root.c_str())?;
            }
        }
        Ok(())
    }

    /// A link's state, and its addresses.
    #[inline(never)]
    fn link(&mut self, link: &Link) -> Result<(), Errno> {
        self.mark(Mark::of(link.is_up())).shown(link.name()).str(": ").str(link.state());
        let start = self.out.len();
        let mut room = [0; limits::REQUEST];
        let mut question = Writer::new(&mut room);
        query::addrs_of_link(0, link.index, &mut question);
        let Self { rtnl, out, .. } = self;
        rtnl.dump(uapi::RTM_GETADDR, question.bytes(), &mut |addr| {
            let Some(addr) = addr else { return out.truncate(start) };
            let own = apply::own_address(apply::attrs(addr, addr::FIXED));
            if let (true, Some(own)) = (apply::word(addr, addr::INDEX) == link.index, own) {
                let len = addr.get(addr::LEN).copied().unwrap_or(0);
                out.str(", ").ip(own).str("/").num(len.into());
            }
        })?;
        self.end();
        Ok(())
    }

    /// What is reached by interfaces that programs outside use, too; and whether these still hear what comes from there.
    #[inline(never)]
    fn shared(&mut self, nets: &[Net]) -> Result<(), Errno> {
        for net in nets {
            let mut room = [0; limits::REQUEST];
            let mut question = Writer::new(&mut room);
            query::link(net.interface, &mut question);
            self.mark(Mark::Ok).str("shared with programs outside: ");
            let Self { rtnl, out, .. } = self;
            rtnl.ask(uapi::RTM_GETLINK, question.bytes(), &mut |link| {
                out.shown(apply::text(apply::attrs(link, link::FIXED), uapi::IFLA_IFNAME));
            })?;
            if let Some(address) = net.address() {
                out.str(", ").ip(address).str("/").num(net.len.into());
            }
            self.end();
        }
        for (switch, what) in [
            (c"/proc/sys/net/ipv4/tcp_l3mdev_accept", "net.ipv4.tcp_l3mdev_accept"),
            (c"/proc/sys/net/ipv4/udp_l3mdev_accept", "net.ipv4.udp_l3mdev_accept"),
        ] {
            if !is_on(switch) {
                self.fail(
                    what.as_bytes(),
                    b"is off: programs outside do not hear the shared networks; vrf-launch up repairs it\n",
                );
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn rules(&mut self, family: u8, links: &[Link]) -> Result<(), Errno> {
        let (mut room, mut faults) = ([0; limits::LINE], List::new());
        let mut text = Buf::new(&mut room);
        if !rules(&mut self.rtnl, family, links, &mut text, &mut faults)? {
            return Ok(());
        }
        let name: &[u8] = if family == uapi::AF_INET { b"IPv4 rules" } else { b"IPv6 rules" };
        let mark = if faults.is_empty() { Mark::Ok } else { Mark::Note };
        self.mark(mark).bytes(name).str(": ").bytes(text.as_bytes());
        self.end();
        self.fail(name, faults.as_slice());
        Ok(())
    }

    // ---- what runs in it

    /// Each cgroup of the VRF in which something runs; `live` gets the first of each level.
    #[inline(never)]
    fn services(&mut self, vrf: &Vrf<'_>, root: &mut Path, live: &mut [Path; 3]) -> Result<(), Errno> {
        let start = root.len();
        let mut seen = List::new();
        each_service(&|name| name == vrf.name, root, &mut |level, path, pids| {
            for (of, first) in Level::ALL.into_iter().zip(live.iter_mut()) {
                if of == level.unwrap_or(Level::Bind) && first.is_empty() {
                    first.add(path.as_bytes());
                }
            }
            let folder = file::open_dir(path.c_str())?;
            self.cgroup(vrf, level, path.as_bytes().get(start..).unwrap_or_default(), &folder)?;
            self.processes(level, pids);
            for pid in Words::new(pids) {
                self.strays(vrf, u32_(pid).unwrap_or(0), &mut seen)?;
            }
            Ok(())
        })?;
        if live.iter().all(Path::is_empty) {
            self.line(Mark::Note, "no service runs in it");
        }
        Ok(())
    }

    /// The programs that stand in a cgroup, against those that have to.
    #[inline(never)]
    fn cgroup(&mut self, vrf: &Vrf<'_>, level: Option<Level>, path: &[u8], fd: &OwnedFd) -> Result<(), Errno> {
        let (mut room, mut other) = ([0; 512], [0; 512]);
        let (mut text, mut faults) = (Buf::new(&mut room), Buf::new(&mut other));
        programs_of(vrf, level, fd, &mut text, &mut faults)?;
        let mark = if faults.is_empty() { Mark::Ok } else { Mark::Note };
        let out = self.mark(mark).str("services of level ").str(level.map_or("ip vrf exec", Level::name));
        out.str(" in ").shown(path).bytes(text.as_bytes());
        self.end();
        self.fail(path, faults.as_bytes());
        Ok(())
    }

    /// The processes of a cgroup.
    #[inline(never)]
    fn processes(&mut self, level: Option<Level>, pids: &[u8]) {
        for pid in Words::new(pids) {
            let Some(status) = services::status(pid) else { continue };
            let faults = level > Some(Level::Bind) && !status.filtered;
            let out = self.mark(Mark::of(!faults)).str("process ").bytes(pid).str(" ").shown(status.name());
            out.str(", user ").bytes(status.user());
            if faults {
                out.str(": ").str(NO_FILTER);
            }
            self.end();
        }
    }

    /// The sockets of a process that are not of the VRF.
    fn strays(&mut self, vrf: &Vrf<'_>, pid: u32, seen: &mut List<u32>) -> Result<(), Errno> {
        adopt::strays(pid, vrf, seen, &mut |held, socket| {
            let out = self.mark(Mark::Fail);
            adopt::put_process(pid, out);
            adopt::put_stray(held, socket, out);
            self.end();
        })
    }

    // ---- the ways out

    #[inline(never)]
    fn ways(
        &mut self,
        outside: &Outside<'_>,
        vrf: &Vrf<'_>,
        level: Level,
        live: &mut Path,
        root: &CStr,
    ) -> Result<(), Errno> {
        let is_new = live.is_empty();
        // What is there already stays.
        let mut kept = 0;
        if is_new {
            let mut target = Target::new();
            target.find().map_err(|_| SAID)?;
            target.go(vrf.name, level, false)?; // nothing is made
            live.add(target.path.as_bytes());
            kept = existing(live.as_bytes());
        }
        let mut found = [const { Found::NOTHING }; 4];
        let mut starts = Ok(true);
        for (at, found) in found.iter_mut().enumerate() {
            let as_root = at % 2 == 1;
            if starts.is_err() || (as_root && level != Level::Strict) {
                continue;
            }
            let place = match at {
                0 | 1 => Place::Nowhere,
                _ if is_new => Place::As,
                _ => Place::Cgroup(live.c_str()),
            };
            let started = attempt::attempt(outside, &place, vrf, level, root, as_root, found);
            starts = starts.and_then(|before| started.map(|started| before && started));
        }
        self.end();
        report::head(level, live.as_bytes(), &mut self.out);
        self.end();
        while is_new && live.len() > kept {
            let _ = file::rmdir(live.c_str()); // somebody may have come into it
            up(live);
        }
        if starts? {
            self.table(&found);
        } else {
            self.line(Mark::Fail, "a service would not start at this level");
        }
        Ok(())
    }

    #[inline(never)]
    fn table(&mut self, found: &[Found; 4]) {
        let [nobodys, roots, nobody, root] = found;
        let mut works = false;
        ways::each(&mut |number, way| {
            let outside = if way.is_roots { roots } else { nobodys }.end(number);
            works |= way.steps.is_empty() && outside == report::OUT; // plain datagrams
            if report::row(way, outside, [nobody.end(number), root.end(number)], &mut self.out) == Mark::Fail {
                self.faults += 1;
            }
            if !self.out.is_empty() {
                self.end();
            }
        });
        if !works {
            self.line(Mark::Fail, "nothing arrives by lo outside either, so nothing is known: is it up?");
        }
    }
}

/// A line as JSON: its mark, and what blanks or the ends of lines separate.
#[inline(never)]
fn to_json(line: &[u8], json: &mut Out) {
    let (mark, text) = match line.split_at_checked(8) {
        Some((b"  ok    ", text)) => ("ok", text),
        Some((b"  FAIL  ", text)) => ("fail", text),
        Some((b"  -     ", text)) => ("note", text),
        _ => ("head", line),
    };
    if text.is_empty() {
        return;
    }
    json.item();
    json.word("mark", mark);
    json.list("columns");
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let mut len = 0;
        while rest.get(len).is_some_and(|byte| *byte != b'\n') && rest.get(len..len + 2) != Some(b"  ") {
            len += 1;
        }
        if *first == b' ' || len == 0 {
            rest = behind;
            continue;
        }
        json.text("", rest.get(..len).unwrap_or_default());
        rest = rest.get(len..).unwrap_or_default();
    }
    json.close();
    json.close();
}

/// All links.
#[inline(never)]
pub fn links(rtnl: &mut Rtnl) -> Result<List<Link>, Errno> {
    let mut links = List::new();
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::link(0, &mut question);
    let mut grown = Ok(());
    rtnl.dump(uapi::RTM_GETLINK, question.bytes(), &mut |link| match link {
        Some(link) => grown = grown.and_then(|()| links.push(Link::read(link))),
        None => links.clear(),
    })?;
    grown.map(|()| links)
}

/// Judges the rules of a family: adds them to `text`, and what is wrong with them to `faults`, in lines. False where there is no
/// such family.
pub fn rules(
    rtnl: &mut Rtnl,
    family: u8,
    links: &[Link],
    text: &mut Buf<'_>,
    faults: &mut List<u8>,
) -> Result<bool, Errno> {
    let mut grown = Ok(());
    let has_family = judge_rules(rtnl, family, links, text, &mut |_, line| {
        grown = grown.and_then(|()| faults.extend(line)).and_then(|()| faults.push(b'\n'));
    })?;
    grown.map(|()| has_family)
}

/// As [`rules`], where `fault` gets each line.
pub fn judge_rules(
    rtnl: &mut Rtnl,
    family: u8,
    links: &[Link],
    text: &mut Buf<'_>,
    fault: &mut dyn FnMut(Fault, &[u8]),
) -> Result<bool, Errno> {
    let kept = match rtnl.dump_all(uapi::RTM_GETRULE, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) {
        Err(Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) => return Ok(false),
        kept => kept?,
    };
    let mut told = List::new();
    for link in links {
        let Link { index, table, master, .. } = *link;
        told.push(rules::Link { index, name: link.name(), table, master })?;
    }
    let links = told.as_slice();
    let mut entries = List::new();
    for body in Bodies::of(&kept) {
        entries.push(Entry::read(body, links).ok_or(Errno::EPROTO)?)?;
    }
    let entries = entries.as_mut_slice();
    let mut own = List::new();
    // Only a rule for some destinations is compared with them.
    if entries.iter().any(Entry::has_destination) {
        own_addresses(rtnl, family, &mut own)?;
    }
    let (own, is_v6) = (own.as_slice(), family == uapi::AF_INET6);
    let machine = Machine { links, own, keeps_members: process::kernel_is(5, 18), is_v6 };
    rules::judge(entries, &machine, text, fault);
    Ok(true)
}

/// Adds the destinations in table local at which packets arrive.
fn own_addresses(rtnl: &mut Rtnl, family: u8, own: &mut List<Prefix>) -> Result<(), Errno> {
    let mut room = [0; limits::REQUEST];
    let mut question = Writer::new(&mut room);
    query::routes_of_table(family, uapi::RT_TABLE_LOCAL, &mut question);
    let mut grown = Ok(());
    let asked = rtnl.dump(uapi::RTM_GETROUTE, question.bytes(), &mut |route| {
        let Some(route) = route else { return own.clear() };
        let Some(route) = Route::parse(route) else { return };
        let is_local = matches!(route.kind, uapi::RTN_LOCAL | uapi::RTN_BROADCAST | uapi::RTN_ANYCAST);
        // Without the strict check a dump heeds no filter.
        if is_local && route.table == uapi::RT_TABLE_LOCAL && route.family == family {
            let all = if family == uapi::AF_INET { [0; 4].into() } else { [0_u8; 16].into() };
            grown = grown.and_then(|()| own.push(route.dst.unwrap_or(Prefix { addr: all, len: 0 })));
        }
    });
    match asked {
        Ok(()) | Err(Errno::ENOENT) => grown, // a table without routes is none
        Err(errno) => Err(errno),
    }
}

/// Whether a switch of the kernel's is on.
pub fn is_on(switch: &CStr) -> bool {
    let mut value = [0; 2];
    file::open(switch).and_then(|fd| file::read_all(&fd, &mut value)).is_ok_and(|now| now.first() == Some(&b'1'))
}

/// Takes what runs in a cgroup.
pub type Service<'s> = &'s mut dyn FnMut(Option<Level>, &mut Path, &[u8]) -> Result<(), Errno>;

/// Calls `each` with each cgroup of the VRFs with such names in which something runs: its level, unless it is iproute2's, its path, and the numbers
/// of its processes in lines.
#[inline(never)]
pub fn each_service(which: &dyn Fn(&[u8]) -> bool, root: &mut Path, each: Service<'_>) -> Result<(), Errno> {
    let mut namespace = Namespace::new();
    namespace.find();
    cgroup::folders(root, &mut |path| {
        if !cgroup::vrf_of(path.as_bytes()).is_some_and(which) {
            return Ok(());
        }
        let mut pids = List::new();
        let mut grown = Ok(());
        let len = path.len();
        namespace.members(path, &mut |pid| {
            grown = grown.and_then(|()| pids.extend(pid)).and_then(|()| pids.push(b'\n'));
        })?;
        grown?;
        path.truncate(len);
        if pids.as_slice().is_empty() {
            return Ok(());
        }
        let level = cgroup::parts(path.as_bytes()).map(|parts| parts.level);
        each(level, path, pids.as_slice())
    })
}

/// Judges the programs that stand in a cgroup of a VRF: adds their names to `text`, and what is wrong to `faults`, in lines.
#[inline(never)]
pub fn programs_of(
    vrf: &Vrf<'_>,
    level: Option<Level>,
    fd: &OwnedFd,
    text: &mut Buf<'_>,
    faults: &mut Buf<'_>,
) -> Result<(), Errno> {
    let members = program::sum(vrf.interfaces, &[]);
    let leaves = program::sum(vrf.interfaces, vrf.shared);
    let binds = if level > Some(Level::Bind) { &program::GUARD } else { &program::BIND };
    let options = if level == Some(Level::Strict) { &program::KEEP } else { &program::JOIN };
    for (hook, start, number, from, what) in [
        (bpf::SOCK_CREATE, binds, vrf.index, Level::Bind, "binds sockets"),
        (bpf::EGRESS, &program::PASS, leaves, Level::Guard, "filters what leaves"),
        (bpf::INGRESS, &program::PASS, members, Level::Guard, "filters what arrives"),
        (bpf::SETSOCKOPT, options, members, Level::Guard, "looks at socket options"),
        (bpf::SENDMSG4, &program::ADDRESS, members, Level::Strict, "looks at what freed sockets send"),
        (bpf::CONNECT4, &program::ADDRESS, members, Level::Strict, "looks at what freed sockets connect to"),
        (bpf::CONNECT6, &program::ADDRESS, members, Level::Strict, "looks at what freed IPv6 sockets connect to"),
    ] {
        let standing = programs(fd, hook, &program::name(start, number), text)?;
        // iproute2's program has no name: where it binds to is tried.
        if standing == Standing::Wanted || level.is_none_or(|level| level < from) {
            continue;
        }
        faults.str("the program that ").str(what).str(match (standing, hook) {
            (Standing::Stale, bpf::SOCK_CREATE) => {
                " is for another interface: the VRF was deleted and made anew; vrf-launch up repairs it\n"
            }
            (Standing::Stale, _) => " is for other members; vrf-launch up repairs it\n",
            _ => " is not there\n",
        });
    }
    Ok(())
}

/// Whether they are the same. A call costs less than the comparison.
#[inline(never)]
pub fn is(word: &[u8], other: &[u8]) -> bool {
    word == other
}

/// Whether the kernel takes such a program.
#[inline(never)]
fn loads(hook: Hook, code: &[Insn]) -> Result<bool, Errno> {
    match bpf::load(hook, &program::name(&program::BIND, 0), code) {
        Err(Errno::EPERM) => Err(Errno::EPERM),
        loaded => Ok(loaded.is_ok()),
    }
}

/// What stands at a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// What has to.
    Wanted,
    /// One of the same kind for something else.
    Stale,
    /// Only others.
    Nothing,
}

/// Looks at what stands at a hook, and adds the names to a text.
#[inline(never)]
fn programs(fd: &OwnedFd, hook: Hook, wanted: &Name, text: &mut Buf<'_>) -> Result<Standing, Errno> {
    let mut ids = [0; 64]; // the kernel allows no more
    let count = bpf::query(fd, hook, &mut ids)?;
    let mut standing = Standing::Nothing;
    for &id in ids.iter().take(count) {
        let mut name = [0; 16];
        bpf::name(&bpf::open(id)?, &mut name)?;
        let shown = before(&name, 0);
        text.str(", ").shown(if shown.is_empty() { b"a program without a name" } else { shown });
        if name == *wanted {
            standing = Standing::Wanted;
        } else if name.get(..7) == wanted.get(..7) && standing == Standing::Nothing {
            standing = Standing::Stale;
        }
    }
    Ok(standing)
}

/// Where the cgroup tree is. It is mounted for the audit where it is not mounted, as for a launch.
struct Tree {
    root: Path,
    /// It was mounted for the audit.
    is_new: bool,
    /// The folder for that has been there before.
    has_folder: bool,
}

impl Tree {
    fn new() -> Self {
        Self { root: Path::new(), is_new: false, has_folder: file::exists(cgroup::MADE) }
    }

    fn find(&mut self) -> Result<(), Errno> {
        if cgroup::mounted(&mut self.root) {
            return Ok(());
        }
        self.root.truncate(0);
        cgroup::mount_point(&mut self.root).map_err(|_| SAID)?;
        self.is_new = true;
        Ok(())
    }

    /// Takes back what [`Self::find`] did, also where that failed.
    fn take_back(&mut self) {
        if self.is_new {
            let _ = file::detach(self.root.c_str()); // folders of it may still be open
        }
        if !self.has_folder {
            let _ = file::rmdir(cgroup::MADE); // it is not there, or in use
        }
    }
}

/// Whether this process is in a VRF.
fn is_in_vrf() -> bool {
    let mut path = Path::new();
    let found = cgroup::path_of_process(b"self", &mut path);
    found.is_ok() && cgroup::vrf_of(path.as_bytes()).is_some()
}

/// Leaves the VRF that this process is in, if it is in one: what it makes then is outside.
#[inline(never)]
fn leave() -> Result<(), Errno> {
    if is_in_vrf() {
        bind::bind(None, Level::Bind, Backend::Cgroup).map(drop).map_err(|_| SAID)?;
    }
    Ok(())
}

/// Takes the last component off.
fn up(path: &mut Path) {
    let len = cgroup::split_last(path.as_bytes()).0.len();
    path.truncate(len);
}

/// The length of the longest start of a path that is there.
#[inline(never)]
fn existing(path: &[u8]) -> usize {
    let mut there = Path::new();
    there.add(path);
    while !there.is_empty() && !file::exists(there.c_str()) {
        up(&mut there);
    }
    there.len()
}
