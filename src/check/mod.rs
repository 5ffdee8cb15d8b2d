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
pub mod report;
pub mod rules;
pub mod ways;

use crate::apply::{self, any_index};
use crate::bind::cgroup::{self, Target};
use crate::bind::program::{self, Level, Name};
use crate::bind::{self, Vrf};
use crate::bytes::before;
use crate::error::{Errno, Exit};
use crate::limits;
use crate::log::{Outcome, print, refused};
use crate::proc::Lines;
use crate::record::FOLDER;
use crate::rtnl::Rtnl;
use crate::sys::bpf::{self, Hook};
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file, process};
use crate::text::Buf;
use crate::uapi;
use crate::vrf;
use crate::wire::msg::Writer;
use crate::wire::query;
use attempt::{Found, Outside, Place};
use core::ffi::CStr;
use report::Mark;
use rules::Walk;

/// An interface, as the kernel has it.
#[derive(Clone, Copy)]
struct Link {
    index: u32,
    flags: u32,
    master: u32,
    /// Of a VRF.
    table: u32,
    name: [u8; limits::IFNAME],
}

impl Link {
    fn read(link: &[u8], table: u32) -> Self {
        let attrs = apply::attrs(link, apply::LINK);
        let mut name = [0; limits::IFNAME];
        for (to, from) in name.iter_mut().zip(apply::text(attrs, uapi::IFLA_IFNAME)) {
            *to = *from;
        }
        let master = apply::number(attrs, uapi::IFLA_MASTER).unwrap_or(0);
        Self { index: any_index(link), flags: apply::word(link, apply::LINK_FLAGS), master, table, name }
    }

    fn name(&self) -> &[u8] {
        before(&self.name, 0)
    }
}

/// What is asked for.
pub struct Asked<'a> {
    /// The VRF; all of them where it is not said.
    pub vrf: Option<&'a [u8]>,
    /// The level that the ways out are tried at. Where it is not said: those of the services that run, else the usual one.
    pub level: Option<Level>,
    /// The level that services of a VRF have if nothing is asked for.
    pub usual: &'a dyn Fn(&[u8]) -> Outcome<Level>,
}

/// Audits, prints what it finds, and fails with [`Exit::Unsound`] where something does not hold.
pub fn check(asked: &Asked<'_>) -> Outcome {
    let open = |errno| refused("open", b"rtnetlink", errno);
    let mut audit = Audit { rtnl: Rtnl::open().map_err(open)?, faults: 0 };
    let mut vrfs = List::new();
    audit.links(0, &mut vrfs)?;
    audit.kernel(!vrfs.as_slice().is_empty())?;
    for vrf in vrfs.as_slice() {
        if asked.vrf.is_none_or(|name| name == vrf.name()) {
            audit.vrf(vrf, asked)?;
        }
    }
    let faults = audit.faults;
    let mark = Mark::of(faults == 0);
    say(&|out| {
        out.str("\n");
        mark.begin(out);
        if faults == 0 {
            out.str("all of it holds");
        } else {
            out.num(faults).str(if faults == 1 { " thing does not hold" } else { " things do not hold" });
        }
    })?;
    if faults == 0 { Ok(()) } else { Err(Exit::Unsound) }
}

/// Prints a line.
#[inline(never)]
fn say(compose: &dyn Fn(&mut Buf<'_>)) -> Outcome {
    let mut room = [0; limits::LINE];
    let mut out = Buf::new(&mut room);
    compose(&mut out);
    out.truncate(limits::LINE - 1);
    print(out.str("\n").as_bytes())
}

/// For all masters. It is not the index of an interface.
const ANY: u32 = u32::MAX;

struct Audit {
    rtnl: Rtnl,
    /// What does not hold.
    faults: u32,
}

impl Audit {
    /// Prints a line that begins with a mark, and counts.
    #[inline(never)]
    fn line(&mut self, mark: Mark, compose: &dyn Fn(&mut Buf<'_>)) -> Outcome {
        if mark == Mark::Fail {
            self.faults += 1;
        }
        say(&|out| {
            mark.begin(out);
            compose(out);
        })
    }

    /// The same with a text of lines: each is one that does not hold.
    #[inline(never)]
    fn fail(&mut self, text: &[u8], head: &[&[u8]]) -> Outcome {
        let mut rest = text;
        while !rest.is_empty() {
            let fault = before(rest, b'\n');
            self.line(Mark::Fail, &|out| {
                for part in head {
                    out.shown(part);
                }
                out.shown(fault);
            })?;
            rest = rest.get(fault.len() + 1..).unwrap_or_default();
        }
        Ok(())
    }

    /// The links with that master; for 0 all VRFs, for [`ANY`] those that are up and not a part of another, with lo.
    #[inline(never)]
    fn links(&mut self, master: u32, list: &mut List<Link>) -> Outcome {
        let mut room = [0; limits::REQUEST];
        let mut question = Writer::new(&mut room);
        match master {
            0 => query::links_of_kind(b"vrf", &mut question),
            ANY => query::link(0, &mut question),
            _ => query::links_of_master(master, &mut question),
        }
        let mut grown = Ok(());
        let asked = self.rtnl.dump(uapi::RTM_GETLINK, question.bytes(), &mut |link| {
            let Some(link) = link else { return list.clear() };
            let table = apply::vrf_table(apply::attrs(link, apply::LINK)).unwrap_or(0);
            let read = Link::read(link, table);
            let wanted = match master {
                0 => table != 0,
                ANY => table == 0 && read.master == 0 && read.flags & uapi::IFF_UP != 0,
                _ => read.master == master,
            };
            if wanted {
                grown = grown.and_then(|()| list.push(read));
            }
        });
        asked.and(grown).map_err(|errno| refused("list", b"interfaces", errno))
    }

    // ---- the kernel

    #[inline(never)]
    fn kernel(&mut self, has_vrf: bool) -> Outcome {
        let mut release = [0; 64];
        let read =
            file::open(c"/proc/sys/kernel/osrelease").and_then(|fd| Ok(file::read_all(&fd, &mut release)?.len()));
        let release = before(release.get(..read.unwrap_or(0)).unwrap_or_default(), b'\n');
        say(&|out| {
            out.str("kernel ").shown(release);
        })?;
        let loads = |hook, code: &[program::Insn]| match bpf::load(hook, &program::name(&program::BIND, 0), code) {
            Err(Errno::EPERM) => Err(refused("load", b"a BPF program", Errno::EPERM)),
            loaded => Ok(loaded.is_ok()),
        };
        let mut filters = true;
        let mut filter = List::new();
        program::pass(&[], &mut |insn| filters &= filter.push(insn).is_ok());
        filters &= loads(bpf::EGRESS, filter.as_slice())?;
        let sockets = loads(bpf::SOCK_CREATE, &program::bind(0))?;
        let answers = loads(bpf::SOCK_CREATE, &program::guard(0, true))?;
        let options = loads(bpf::SETSOCKOPT, &program::KEEP_BOUND)?;
        let has_cgroups = cgroup::mounted(&mut Path::new()) || file::exists(c"/proc/cgroups");
        for (has, is_needed, name, what) in [
            (has_vrf || file::exists(c"/sys/module/vrf"), has_vrf, "CONFIG_NET_VRF", "VRFs (asked of its module)"),
            (has_cgroups, true, "CONFIG_CGROUPS", "cgroup2, in which services are bound"),
            (sockets && filters, true, "CONFIG_CGROUP_BPF", "programs that bind sockets and filter packets"),
            (options, true, "CONFIG_CGROUP_BPF, Linux 5.3", "strict: no socket is bound anew"),
            (answers, false, "bpf_set_retval, Linux 5.18", "who asks for MPTCP is told to take TCP"),
            (
                process::has_seccomp_answer(0x0005_0000), // SECCOMP_RET_ERRNO
                true,
                "CONFIG_SECCOMP_FILTER",
                "guard: families that send by sockets of the kernel's",
            ),
            (
                process::has_seccomp_answer(0x7fc0_0000), // SECCOMP_RET_USER_NOTIF
                false,
                "seccomp user notification, Linux 5.0",
                "binding without BPF",
            ),
        ] {
            let mark = match (has, is_needed) {
                (true, _) => Mark::Ok,
                (_, true) => Mark::Fail,
                _ => Mark::Note,
            };
            self.line(mark, &|out| {
                out.str(name).str(if has { ": " } else { " is lacking: " }).str(what);
            })?;
        }
        self.old_cgroups(release)
    }

    /// Before 5.15, cgroups of version 1 that mark packets switch off what binds sockets.
    #[inline(never)]
    fn old_cgroups(&mut self, release: &[u8]) -> Outcome {
        let number = |digits: &[u8]| crate::conf::values::u32_(digits).unwrap_or(0);
        let major = before(release, b'.');
        let minor = before(release.get(major.len() + 1..).unwrap_or_default(), b'.');
        if (number(major), number(minor)) >= (5, 15) {
            return Ok(());
        }
        let mut lines = Lines::new();
        if lines.open(c"/proc/cgroups").is_err() {
            return Ok(());
        }
        while let Ok(true) = lines.advance() {
            let line = lines.line.as_bytes();
            let name = before(line, b'\t');
            // Behind it stands the hierarchy; 0 is none of version 1.
            let is_used = !line.get(name.len()..).unwrap_or_default().starts_with(b"\t0\t");
            if is_used && (name == b"net_cls" || name == b"net_prio") {
                self.line(Mark::Fail, &|out| {
                    out.bytes(name).str(" is mounted (cgroup v1): before Linux 5.15 its use unbinds all sockets");
                })?;
            }
        }
        Ok(())
    }

    // ---- a VRF

    #[inline(never)]
    fn vrf(&mut self, link: &Link, asked: &Asked<'_>) -> Outcome {
        let Link { index, table, .. } = *link;
        say(&|out| {
            out.str("\nVRF ").shown(link.name()).str(", table ").num(table).str(", interface ").num(index);
        })?;
        self.link(link)?;
        let mut members = List::new();
        self.links(index, &mut members)?;
        for member in members.as_slice() {
            self.link(member)?;
        }
        if members.as_slice().is_empty() {
            self.line(Mark::Note, &|out| {
                out.str("no interface is a member: nothing gets in or out");
            })?;
        }
        for family in [uapi::AF_INET, uapi::AF_INET6] {
            self.rules(family)?;
        }
        let mut interfaces = List::new();
        vrf::interfaces(&mut self.rtnl, index, &mut interfaces)
            .map_err(|errno| refused("list", b"interfaces", errno))?;
        let vrf = Vrf { name: link.name(), index, interfaces: interfaces.as_slice() };
        let mut live = [const { Path::new() }; 3];
        let mut root = Path::new();
        if !cgroup::mounted(&mut root) {
            return self.line(Mark::Fail, &|out| {
                out.str("cgroup2 is not mounted: no service is bound, and no way out was tried");
            });
        }
        let start = root.len();
        self.services(&vrf, &mut root, &mut live)?;
        root.truncate(start);
        let mut is_tried = false;
        for (level, path) in Level::ALL.into_iter().zip(&mut live) {
            let wanted = asked.level.map_or(!path.is_empty(), |asked| asked == level);
            if wanted {
                is_tried = true;
                self.ways(&vrf, level, path, root.c_str())?;
            }
        }
        if is_tried {
            return Ok(());
        }
        self.ways(&vrf, (asked.usual)(vrf.name)?, &mut Path::new(), root.c_str())
    }

    /// A link's state, and its addresses.
    #[inline(never)]
    fn link(&mut self, link: &Link) -> Outcome {
        let mut room = [0; limits::LINE];
        let mut text = Buf::new(&mut room);
        let is_up = link.flags & uapi::IFF_UP != 0;
        text.shown(link.name()).str(if is_up { ": up" } else { ": down" });
        if is_up {
            text.str(if link.flags & uapi::IFF_LOWER_UP != 0 { ", carrier" } else { ", no carrier" });
        }
        let start = text.len();
        let mut room = [0; limits::REQUEST];
        let mut question = Writer::new(&mut room);
        query::addrs_of_link(0, link.index, &mut question);
        let dumped = self.rtnl.dump(uapi::RTM_GETADDR, question.bytes(), &mut |addr| {
            let Some(addr) = addr else { return text.truncate(start) };
            let own = apply::own_address(apply::attrs(addr, apply::ADDR));
            if let (true, Some(own)) = (apply::word(addr, apply::ADDR_INDEX) == link.index, own) {
                let len = addr.get(apply::ADDR_LEN).copied().unwrap_or(0);
                text.str(", ").ip(own).str("/").num(len.into());
            }
        });
        dumped.map_err(|errno| refused("list", b"addresses", errno))?;
        self.line(Mark::of(is_up), &|out| {
            out.bytes(text.as_bytes());
        })
    }

    #[inline(never)]
    fn rules(&mut self, family: u8) -> Outcome {
        let (mut room, mut other) = ([0; limits::LINE], [0; limits::LINE]);
        let (mut text, mut faults) = (Buf::new(&mut room), Buf::new(&mut other));
        let mut walk = Walk::default();
        let mut body = [0; 12];
        let [first, ..] = &mut body;
        *first = family;
        let dumped = self.rtnl.dump(uapi::RTM_GETRULE, &body, &mut |rule| match rule {
            Some(rule) => walk.take(rule, &mut text, &mut faults),
            None => {
                walk = Walk::default();
                text.truncate(0);
                faults.truncate(0);
            }
        });
        match dumped {
            Err(Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) if family == uapi::AF_INET6 => return Ok(()), // it has no IPv6
            dumped => dumped.map_err(|errno| refused("list", b"rules", errno))?,
        }
        walk.end(&mut faults);
        let name: &[u8] = if family == uapi::AF_INET { b"IPv4 rules: " } else { b"IPv6 rules: " };
        if faults.is_empty() {
            return self.line(Mark::Ok, &|out| {
                out.bytes(name).bytes(text.as_bytes());
            });
        }
        self.line(Mark::Note, &|out| {
            out.bytes(name).bytes(text.as_bytes());
        })?;
        self.fail(faults.as_bytes(), &[name])
    }

    // ---- what runs in it

    /// Each cgroup of the VRF in which something runs; `live` gets the first of each level.
    #[inline(never)]
    fn services(&mut self, vrf: &Vrf<'_>, root: &mut Path, live: &mut [Path; 3]) -> Outcome {
        let mut component = Path::new();
        cgroup::namespace_component(&mut component);
        let start = root.len();
        let mut outcome = Ok(());
        let mut count = 0_u32;
        let walked = cgroup::folders(root, &mut |path| {
            let bytes = path.as_bytes();
            if outcome.is_err() || cgroup::vrf_of(bytes) != Some(vrf.name) {
                return Ok(());
            }
            let (folder, _) = cgroup::split_last(cgroup::split_last(bytes).0);
            let namespace = cgroup::split_last(folder).1;
            let namespace = if namespace.ends_with(b"-ns") { namespace } else { b"" };
            let mut pids = List::new();
            let mut grown = Ok(());
            let len = bytes.len();
            if namespace != component.as_bytes() {
                return Ok(());
            }
            cgroup::members(path, &mut |pid| {
                grown = grown.and_then(|()| pids.extend(pid)).and_then(|()| pids.push(b'\n'));
            })?;
            grown?;
            path.truncate(len);
            if !pids.as_slice().is_empty() {
                count += 1;
                let level = cgroup::parts(path.as_bytes()).map(|parts| parts.level);
                let at = level.map_or(0, Level::rank);
                if let Some(first) = live.get_mut(at).filter(|first| first.is_empty()) {
                    first.add(path.as_bytes());
                }
                let fd = file::open_dir(path.c_str())?;
                let shown = path.as_bytes().get(start..).unwrap_or_default();
                outcome = self.cgroup(vrf, level, shown, &fd).and_then(|()| self.processes(level, pids.as_slice()));
            }
            Ok(())
        });
        walked.map_err(|errno| refused("search", b"cgroups", errno))?;
        outcome?;
        if count == 0 {
            self.line(Mark::Note, &|out| {
                out.str("no service runs in it");
            })?;
        }
        Ok(())
    }

    /// The programs that stand in a cgroup, against those that have to.
    #[inline(never)]
    fn cgroup(&mut self, vrf: &Vrf<'_>, level: Option<Level>, path: &[u8], fd: &OwnedFd) -> Outcome {
        let (mut room, mut other) = ([0; 512], [0; 512]);
        let (mut text, mut faults) = (Buf::new(&mut room), Buf::new(&mut other));
        text.str("services of level ").str(level.map_or("ip vrf exec", Level::name)).str(" in ").shown(path);
        let level = level.unwrap_or(Level::Bind);
        let start = if level == Level::Bind { &program::BIND } else { &program::GUARD };
        let members = program::sum(vrf.interfaces);
        for (hook, wanted, from, what) in [
            (bpf::SOCK_CREATE, program::name(start, vrf.index), Level::Bind, "binds sockets"),
            (bpf::EGRESS, program::name(&program::PASS, members), Level::Guard, "filters what leaves"),
            (bpf::INGRESS, program::name(&program::PASS, members), Level::Guard, "filters what arrives"),
            (bpf::SETSOCKOPT, program::name(&program::KEEP, 0), Level::Strict, "keeps sockets bound"),
        ] {
            let says = match programs(fd, hook, &wanted, &mut text) {
                _ if level < from => continue,
                Ok(Standing::Wanted) => continue,
                Ok(Standing::Stale) if hook == bpf::SOCK_CREATE => {
                    "is for another interface: the VRF was deleted and made anew; vrf-launch up binds them anew"
                }
                Ok(Standing::Stale) => "is for other members; vrf-launch up refreshes it",
                // iproute2's has no name that tells. Where it binds to is tried below.
                Ok(Standing::Unnamed) if start == &program::BIND => continue,
                Ok(_) => "is not there",
                Err(errno) => return Err(refused("look at the programs of", path, errno)),
            };
            faults.str("the program that ").str(what).str(" ").str(says).str("\n");
        }
        self.line(if faults.is_empty() { Mark::Ok } else { Mark::Note }, &|out| {
            out.bytes(text.as_bytes());
        })?;
        self.fail(faults.as_bytes(), &[path, b": "])
    }

    /// The processes of a cgroup.
    #[inline(never)]
    fn processes(&mut self, level: Option<Level>, pids: &[u8]) -> Outcome {
        let mut rest = pids;
        while !rest.is_empty() {
            let pid = before(rest, b'\n');
            rest = rest.get(pid.len() + 1..).unwrap_or_default();
            let mut lines = Lines::new();
            if lines.open(cgroup::of_process(&mut Path::new(), pid, b"/status")).is_err() {
                continue; // gone since
            }
            let mut room = [0; 160];
            let mut text = Buf::new(&mut room);
            text.str("process ").bytes(pid);
            let mut mark = Mark::Ok;
            while let Ok(true) = lines.advance() {
                let line = lines.line.as_bytes();
                let key = before(line, b':');
                let value = line.get(key.len() + 2..).unwrap_or_default();
                match key {
                    b"Name" => {
                        text.str(" ").shown(value);
                    }
                    b"Uid" => {
                        text.str(", user ").bytes(before(value, b'\t'));
                    }
                    b"Seccomp" if value == b"0" && level > Some(Level::Bind) => {
                        mark = Mark::Fail;
                        text.str(": has no filter of system calls: it was not started by vrf-launch");
                    }
                    _ => {}
                }
            }
            self.line(mark, &|out| {
                out.bytes(text.as_bytes());
            })?;
        }
        Ok(())
    }

    // ---- the ways out

    #[inline(never)]
    fn ways(&mut self, vrf: &Vrf<'_>, level: Level, live: &mut Path, root: &CStr) -> Outcome {
        leave()?;
        let mut others = List::new();
        self.links(ANY, &mut others)?;
        // lo is the first; where there is no other, what needs one is not known.
        let other = others.as_slice().iter().map(|link| link.index).max().unwrap_or(1);
        let outside = Outside::open(other).map_err(|errno| refused("open", b"sockets outside", errno))?;
        let mut target = Target::new();
        let mut kept = 0;
        let mut has_folder = true;
        if live.is_empty() {
            // What is there already stays.
            target.find()?;
            let _ = target.go(vrf.name, level, false); // nothing is made
            has_folder = file::exists(FOLDER);
            kept = existing(target.path.as_bytes());
        }
        let with_root = level == Level::Strict;
        let mut found = [Found::NOTHING, Found::NOTHING, Found::NOTHING, Found::NOTHING];
        let mut outcome = Ok(());
        for (at, found) in found.iter_mut().enumerate() {
            let as_root = at % 2 == 1;
            if as_root && !with_root {
                continue;
            }
            let place = match at {
                0 | 1 => Place::Nowhere,
                _ if live.is_empty() => Place::As(vrf),
                _ => Place::Cgroup(live.c_str()),
            };
            match attempt::attempt(&outside, &place, level, root, as_root) {
                Ok(tried) => *found = tried,
                Err(exit) => outcome = Err(exit),
            }
        }
        if live.is_empty() {
            live.add(target.path.as_bytes());
            while target.path.len() > kept {
                let _ = file::rmdir(target.path.c_str()); // somebody may have come into it
                let len = cgroup::split_last(target.path.as_bytes()).0.len();
                target.path.truncate(len);
            }
            if !has_folder {
                let _ = file::rmdir(FOLDER);
            }
        }
        say(&|out| {
            out.str("\n");
            report::head(level.name(), live.as_bytes(), with_root, out);
        })?;
        if outcome.is_err() {
            return self.line(Mark::Fail, &|out| {
                out.str("a service would not start at this level");
            });
        }
        self.table(vrf, &found, with_root)
    }

    #[inline(never)]
    fn table(&mut self, vrf: &Vrf<'_>, found: &[Found; 4], with_root: bool) -> Outcome {
        let [nobodys, roots, nobody, root] = found;
        let bound = if with_root { root.bound } else { nobody.bound };
        for (version, index) in [4, 6].into_iter().zip(bound) {
            if index != vrf.index {
                self.line(Mark::Fail, &|out| {
                    out.str("IPv").num(version).str(": new sockets are bound to interface ").num(index);
                    out.str(", not to ").num(vrf.index);
                })?;
            }
        }
        let mut works = false;
        let mut outcome = Ok(());
        ways::each(&mut |number, way| {
            let outside = if way.is_roots { roots } else { nobodys }.cell(number);
            works |= number < 2 && outside.end == report::OUT; // plain datagrams
            if outcome.is_err() || (way.is_roots && !with_root) {
                return;
            }
            let inside = [nobody.cell(number), root.cell(number)];
            let mut room = [0; 256];
            let mut text = Buf::new(&mut room);
            let mark = report::row(way, outside, inside, &mut text);
            if mark == Mark::Fail {
                self.faults += 1;
            }
            outcome = say(&|out| {
                out.bytes(text.as_bytes());
            });
        });
        outcome?;
        if works {
            return Ok(());
        }
        self.line(Mark::Fail, &|out| {
            out.str("nothing arrives by lo outside either, so nothing is known: is it up?");
        })
    }
}

/// What stands at a hook.
enum Standing {
    /// What has to.
    Wanted,
    /// One of the same kind for something else.
    Stale,
    /// Only others.
    Unnamed,
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
        } else if name.get(..7) == wanted.get(..7) && !matches!(standing, Standing::Wanted) {
            standing = Standing::Stale;
        } else if let Standing::Nothing = standing {
            standing = Standing::Unnamed;
        }
    }
    Ok(standing)
}

/// Leaves the VRF that this process is in, if it is in one: what it makes then is outside.
#[inline(never)]
fn leave() -> Outcome {
    let mut path = Path::new();
    let read = cgroup::path_of_process(b"self", &mut path);
    match read {
        Ok(()) if cgroup::vrf_of(path.as_bytes()).is_some() => bind::bind(None, Level::Bind),
        _ => Ok(()),
    }
}

/// The length of the longest start of a path that is there.
#[inline(never)]
fn existing(path: &[u8]) -> usize {
    let mut there = Path::new();
    there.add(path);
    while !there.is_empty() && !file::exists(there.c_str()) {
        let len = cgroup::split_last(there.as_bytes()).0.len();
        there.truncate(len);
    }
    there.len()
}
