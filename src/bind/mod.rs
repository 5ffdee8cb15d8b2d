//! Binding: from here on, each new socket of this process and its children belongs to a VRF.
//!
//! The backend is a cgroup with BPF programs that run when a socket is made and when a packet passes ([`cgroup`],
//! [`program`]). Level bind, where it is asked for, can also be had by a supervisor that makes the sockets ([`seccomp`]). Nothing is
//! believed: before the service is started, sockets are made and asked what they are bound to, and what must fail is tried
//! ([`proof`]). What keeps the cgroup from being used is named ([`obstacle`]).

pub mod cgroup;
pub mod filter;
pub mod obstacle;
pub mod program;
pub mod proof;
pub mod seccomp;
pub mod untraced;

use crate::adopt;
use crate::conf::values::u32_;
use crate::error::{Errno, Error, Exit, What, Why};
use crate::features;
use crate::log::{self, Outcome, refused, say};
use crate::sys::bpf::Hook;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, bpf, file, process};
use crate::text::Buf;
use crate::uapi;
use crate::vrf::Reach;
use cgroup::{Namespace, Target};
use program::{Deed, Insn, Level, Name, Net};

/// A VRF that processes are bound to.
#[derive(Clone, Copy)]
pub struct Vrf<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its index.
    pub index: u32,
    /// The indices of its members and its own, in ascending order.
    pub interfaces: &'a [u32],
    /// The networks that it reaches by interfaces which it shares with programs outside.
    pub shared: &'a [Net],
}

/// How sockets are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// By a cgroup. Root gets level bind, and no other level, by a supervisor where the cgroup cannot be used.
    Auto,
    /// By programs of a cgroup.
    Cgroup,
    /// By a supervisor behind a seccomp filter.
    Seccomp,
    /// By nobody: the program does it itself.
    None,
}

/// Binds this process to a VRF; `None` takes it out of any. Gives why no cgroup does it, where a supervisor does instead.
pub fn bind(vrf: Option<&Vrf<'_>>, level: Level, backend: Backend) -> Outcome<Option<Errno>> {
    let (name, index) = vrf.map_or((&b"default"[..], 0), |vrf| (vrf.name, vrf.index));
    let mut missed = None;
    let mut by_cgroup = matches!(backend, Backend::Auto | Backend::Cgroup);
    // No other level can be had by a supervisor.
    if features::SECCOMP && backend == Backend::Auto && level == Level::Bind {
        let was = log::mute(true);
        let joined = join(vrf, level);
        log::mute(was);
        missed = joined.is_err().then(log::last);
        // A user without privileges is told why: what can be had without them is asked for by name.
        by_cgroup = missed.is_some() && !process::is_root();
        missed = missed.filter(|_| !by_cgroup);
    }
    if by_cgroup {
        join(vrf, level)?;
    } else if features::SECCOMP && vrf.is_some() && (backend == Backend::Seccomp || missed.is_some()) {
        seccomp::bind(name)?;
    }
    if backend != Backend::None {
        prove(name, index, level)?;
    }
    Ok(missed)
}

/// Puts this process into the cgroup of a VRF and a level, with what binds there.
#[inline(never)]
fn join(vrf: Option<&Vrf<'_>>, level: Level) -> Outcome {
    let name = vrf.map_or(&b"default"[..], |vrf| vrf.name);
    let mut target = Target::new();
    let opened = target.find_and_open(vrf.map(|vrf| vrf.name), level)?;
    let joined = opened.and_then(|folder| {
        if let Some(vrf) = vrf {
            renew(&folder, &mut target.path, vrf, level)?;
        }
        if !target.is_joined() {
            cgroup::join(&folder)?;
        }
        core::mem::forget(folder); // exec closes it
        Ok(())
    });
    joined.map_err(|errno| refuse("join VRF", name, errno, target.path.as_bytes(), obstacle::of_cgroup(errno)))
}

/// Attaches to a cgroup what binds the processes in it. If the VRF was deleted and made anew, sockets of services that run there
/// are bound to it as well.
pub fn renew(cgroup: &OwnedFd, path: &mut Path, vrf: &Vrf<'_>, level: Level) -> Result<(), Errno> {
    let was = attach(cgroup, vrf, level)?;
    if features::UP && was.is_some() {
        let mut namespace = Namespace::new();
        namespace.find();
        let _ = repair(cgroup, path, &namespace, vrf, level, was)?; // said; it is about the other services
    }
    Ok(())
}

/// Attaches to a cgroup what binds the processes in it. If sockets were bound to another VRF of that name there, gives its index.
#[inline(never)]
fn attach(cgroup: &OwnedFd, vrf: &Vrf<'_>, level: Level) -> Result<Option<u32>, Errno> {
    let index = vrf.index;
    if level == Level::Bind {
        let wanted = program::name(&program::BIND, index);
        return stand(cgroup, &[bpf::SOCK_CREATE], &wanted, &program::bind(index), &[]);
    }
    // What comes in by a shared interface has been sent into the VRF before it gets here.
    let both = [bpf::INGRESS, bpf::EGRESS];
    let (alone, rest) = both.split_at(usize::from(!vrf.shared.is_empty()));
    for (hooks, shared) in [(alone, &[][..]), (rest, vrf.shared)] {
        if hooks.is_empty() {
            continue;
        }
        filter(cgroup, hooks, vrf.interfaces, shared)?;
    }
    attach_options(cgroup, vrf, level)?;
    if level == Level::Strict {
        attach_addresses(cgroup, vrf)?;
    }
    let wanted = program::name(&program::GUARD, index);
    stand(cgroup, &[bpf::SOCK_CREATE], &wanted, &program::guard(index, true), &program::guard(index, false))
}

/// Attaches the program that looks at socket options. Guard does without it on a kernel without that hook.
fn attach_options(cgroup: &OwnedFd, vrf: &Vrf<'_>, level: Level) -> Result<(), Errno> {
    let is_strict = level == Level::Strict;
    let mut options = List::new();
    let mut grown = Ok(());
    let fits = program::options(vrf.index, vrf.interfaces, is_strict, &mut |insn| {
        grown = grown.and_then(|()| options.push(insn))
    });
    grown?;
    if !fits {
        return Err(Errno::E2BIG);
    }
    let start = if is_strict { &program::KEEP } else { &program::JOIN };
    let wanted = program::name(start, program::sum(vrf.interfaces, &[]));
    match stand(cgroup, &[bpf::SETSOCKOPT], &wanted, options.as_slice(), &[]) {
        Err(Errno::EINVAL) if !is_strict => Ok(()),
        done => done.map(drop),
    }
}

/// Attaches the programs that look at addresses.
fn attach_addresses(cgroup: &OwnedFd, vrf: &Vrf<'_>) -> Result<(), Errno> {
    let wanted = program::name(&program::ADDRESS, program::sum(vrf.interfaces, &[]));
    for (hook, deed) in [(bpf::SENDMSG4, Deed::Send), (bpf::CONNECT4, Deed::Connect4), (bpf::CONNECT6, Deed::Connect6)]
    {
        let mut addresses = List::new();
        let mut grown = Ok(());
        let put = &mut |insn| grown = grown.and_then(|()| addresses.push(insn));
        let fits = program::addresses(deed, vrf.interfaces, put);
        grown?;
        if !fits {
            return Err(Errno::E2BIG);
        }
        match stand(cgroup, &[hook], &wanted, addresses.as_slice(), &[]) {
            Err(Errno::EINVAL) => {} // a kernel without that hook
            done => done.map(drop)?,
        }
    }
    Ok(())
}

/// Lets packets pass at these hooks of a cgroup by these interfaces and to these networks alone.
fn filter(cgroup: &OwnedFd, hooks: &[Hook], interfaces: &[u32], shared: &[Net]) -> Result<(), Errno> {
    let mut pass = List::new();
    let mut grown = Ok(());
    let fits = program::pass(interfaces, shared, &mut |insn| grown = grown.and_then(|()| pass.push(insn)));
    grown?;
    if !fits {
        return Err(Errno::E2BIG);
    }
    let wanted = program::name(&program::PASS, program::sum(interfaces, shared));
    stand(cgroup, hooks, &wanted, pass.as_slice(), &[]).map(drop)
}

/// The hooks that packets pass.
const PACKETS: [Hook; 2] = [bpf::INGRESS, bpf::EGRESS];
/// This bit in the name of a program that binds sockets says that its VRF is gone. An index has 31 bits.
const GONE: u32 = 1 << 31;

/// Lets no packet pass in a cgroup whose VRF is gone: the kernel may give its index, to which the sockets are bound, and those of its
/// members to other interfaces. Level bind gets filters for that time, and the name of its program says so to [`attach`].
fn shut(cgroup: &OwnedFd, level: Level) -> Result<(), Errno> {
    if level == Level::Bind {
        // Any name of that kind will do to find the program.
        let (_, standing) = first(cgroup, bpf::SOCK_CREATE, &program::name(&program::BIND, u32::MAX), 0)?;
        let Some((_, number)) = standing else { return Ok(()) }; // no service has been started here
        let index = number & !GONE;
        let wanted = program::name(&program::BIND, index | GONE);
        stand(cgroup, &[bpf::SOCK_CREATE], &wanted, &program::bind(index), &[])?;
    }
    filter(cgroup, &PACKETS, &[], &[])
}

/// Gives the sockets that processes of a cgroup hold to its VRF, if they were bound to another one of that name, whose index was
/// `was`. At level bind, packets may pass again then. The inner error has been said.
fn repair(
    cgroup: &OwnedFd,
    path: &mut Path,
    namespace: &Namespace,
    vrf: &Vrf<'_>,
    level: Level,
    was: Option<u32>,
) -> Result<Outcome, Errno> {
    let mut outcome = Ok(());
    if let Some(was) = was {
        let mut members = List::new();
        let len = path.len();
        let listed = namespace.members(path, &mut |pid| {
            let _ = u32_(pid).map(|pid| members.push(pid)); // as many as there is memory for
        });
        path.truncate(len);
        listed?;
        for pid in members.as_slice() {
            outcome = outcome.and(adopt::repair(*pid, was & !GONE, vrf.index));
        }
    }
    if level == Level::Bind {
        for hook in PACKETS {
            // That of `shut` has another number.
            while let (_, Some((program, _))) = first(cgroup, hook, &program::name(&program::PASS, 1), 0)? {
                bpf::detach(cgroup, &program, hook)?;
            }
        }
    }
    Ok(outcome)
}

/// Says what the kernel refused, more of it, and what to do about it.
#[cold]
#[inline(never)]
fn refuse(deed: &'static str, thing: &[u8], errno: Errno, detail: &[u8], advice: &'static str) -> Exit {
    say(&Error { detail, advice, ..Error::system(What::Deed(deed, thing), errno) })
}

/// Ours is one of so many at a hook of a cgroup; the others are those of managers above. The kernel allows no more.
const PROGRAMS: usize = 64;

/// Sees to it that a program of that name stands at these hooks of a cgroup. One that does is left; one of the same kind
/// that is for another VRF, or for other members, is replaced in one step, so that nothing gets out meanwhile. `other` is for a
/// kernel that does not take the first. Gives the number in the name of the one that was replaced.
#[inline(never)]
fn stand(
    cgroup: &OwnedFd,
    hooks: &[Hook],
    wanted: &Name,
    program: &[Insn],
    other: &[Insn],
) -> Result<Option<u32>, Errno> {
    let (mut loaded, mut known, mut replaced) = (None, 0, None);
    for &hook in hooks {
        let (id, stale) = first(cgroup, hook, wanted, known)?;
        if id != 0 {
            known = id;
            if let Some((stale, _)) = stale {
                let _ = bpf::detach(cgroup, &stale, hook); // of two that were attached at once, one was replaced
            }
            continue;
        }
        let program = match &loaded {
            Some(program) => program,
            None => loaded.insert(match load(hook, wanted, program) {
                Err(Errno::EINVAL) if !other.is_empty() => load(hook, wanted, other)?,
                loaded => loaded?,
            }),
        };
        let (stale, number) = stale.unzip();
        replaced = replaced.or(number);
        match bpf::attach(cgroup, program, hook, bpf::ALLOW_MULTI, stale.as_ref()) {
            // Somebody else has replaced it since: then there is none of ours.
            Err(Errno::ENOENT) => bpf::attach(cgroup, program, hook, bpf::ALLOW_MULTI, None)?,
            done => done?,
        }
        // Others who looked when we did have attached theirs, and each packet would go through all: the first stays.
        if bpf::query(cgroup, hook, &mut [0; PROGRAMS])? > 1 {
            let own = bpf::name(program, &mut wanted.clone())?;
            let (id, _) = first(cgroup, hook, wanted, own)?;
            if id != 0 && id != own {
                let _ = bpf::detach(cgroup, program, hook); // or it has been replaced
            }
        }
    }
    core::mem::forget(loaded); // exec closes it
    Ok(replaced)
}

/// The first program of that name at a hook of a cgroup, 0 where there is none, and one of the same kind that has another name,
/// with the number in that; `known` is the number of one of that name.
#[inline(never)]
fn first(cgroup: &OwnedFd, hook: Hook, wanted: &Name, known: u32) -> Result<(u32, Option<(OwnedFd, u32)>), Errno> {
    let mut ids = [0; PROGRAMS];
    let count = bpf::query(cgroup, hook, &mut ids)?;
    let (mut found, mut stale) = (0, None);
    for &id in ids.iter().take(count) {
        if id == known {
            found = if found == 0 { id } else { found };
            continue;
        }
        let mut name = *wanted;
        let Ok(fd) = bpf::open(id) else { continue }; // gone since
        bpf::name(&fd, &mut name)?;
        if name.get(..7) == wanted.get(..7) && name != *wanted {
            stale = Some((fd, program::number(&name)));
            continue;
        }
        core::mem::forget(fd); // exec closes it
        if name == *wanted && found == 0 {
            found = id;
        }
    }
    Ok((found, stale))
}

/// Loads a program.
#[inline(never)]
pub fn load(hook: Hook, name: &Name, program: &[Insn]) -> Result<OwnedFd, Errno> {
    match bpf::load(hook, name, program) {
        Err(Errno::EPERM) => {}
        other => return other,
    }
    // Before 5.11 a program counts as locked memory, of which 64 KiB is the usual limit. The service is to find its own.
    let mut limits = [u64::MAX; 2];
    process::swap_memlock_limits(&mut limits)?;
    let loaded = bpf::load(hook, name, program);
    process::swap_memlock_limits(&mut limits)?;
    loaded
}

/// Makes sure that new sockets are bound as asked, and that what must fail fails, or the service must not start.
#[inline(never)]
fn prove(name: &[u8], wanted: u32, level: Level) -> Outcome {
    let mut last = None;
    for (family, kind, version) in [(uapi::AF_INET6, uapi::SOCK_STREAM, 6), (uapi::AF_INET, uapi::SOCK_DGRAM, 4)] {
        let bound = match proof::bound_to(family, kind, &mut last) {
            Ok(None) => continue, // no such sockets, then
            Ok(Some(bound)) => bound,
            Err(errno) => return Err(refused("prove VRF", name, errno)),
        };
        if bound != wanted {
            let mut room = [0; 256];
            let mut text = Buf::new(&mut room);
            text.str("a new IPv").num(version).str(" socket is bound to interface ").num(bound);
            text.str(" and not to ").num(wanted).str(": not started");
            return Err(unproven(name, text.as_bytes()));
        }
    }
    if level == Level::Bind {
        return Ok(());
    }
    if proof::makes_mptcp() {
        return Err(unproven(name, b"the kernel makes an MPTCP socket, which would not be bound: not started"));
    }
    // The last one was of IPv4 and for datagrams.
    if last.is_some_and(|socket| proof::lets_out(&socket)) {
        return Err(unproven(name, b"a packet got out by another interface: not started"));
    }
    Ok(())
}

/// Says that the binding does not hold.
#[cold]
#[inline(never)]
fn unproven(name: &[u8], text: &[u8]) -> Exit {
    let advice = "a program of a cgroup above, or cgroup v1 net_cls or net_prio before Linux 5.15, stands in the way";
    say(&Error { why: Why::Text(text), advice, ..Error::system(What::Deed("prove VRF", name), Errno::EPROTO) })
}

/// Gives the index of a VRF, and finds out what is its own.
pub type Look<'l> = &'l mut dyn FnMut(&[u8], &mut Reach) -> Outcome<u32>;

/// Brings what stands in the cgroups of running services into agreement with their VRFs, as they are now: `look` gives the
/// index of the VRF of a name (0 where there is none) and its interfaces.
///
/// The services are found in the cgroup tree. For those of a VRF that is gone nothing gets in or out. If it has been made anew since,
/// the sockets that services hold are bound to it.
pub fn refresh(look: Look<'_>) -> Outcome {
    let mut root = Path::new();
    if !cgroup::mounted(&mut root) {
        return Ok(());
    }
    let mut namespace = Namespace::new();
    let mut known = false;
    let mut outcome = Ok(());
    let walked = cgroup::folders(&mut root, &mut |path| {
        if cgroup::parts(path.as_bytes()).is_none() {
            return Ok(());
        }
        if !known {
            namespace.find();
            known = true;
        }
        if !namespace.owns(path)? {
            return Ok(());
        }
        let folder = file::open_dir(path.c_str());
        let Some(parts) = cgroup::parts(path.as_bytes()) else { return Ok(()) };
        let mut reach = Reach::default();
        let index = match look(parts.vrf, &mut reach) {
            Ok(index) => index,
            Err(exit) => {
                outcome = Err(exit);
                return Ok(());
            }
        };
        let Reach { interfaces, shared } = &reach;
        let vrf = Vrf { name: parts.vrf, index, interfaces: interfaces.as_slice(), shared: shared.as_slice() };
        let level = parts.level;
        let mut place = Path::new();
        place.add(path.as_bytes());
        let done = folder.and_then(|folder| match index {
            0 => shut(&folder, level).map(Ok),
            _ => {
                let was = attach(&folder, &vrf, level)?;
                repair(&folder, &mut place, &namespace, &vrf, level, was)
            }
        });
        match done {
            Ok(said) => outcome = outcome.and(said),
            Err(Errno::ENOENT) => {} // it may have gone meanwhile
            Err(errno) => {
                outcome = Err(refuse("refresh VRF", vrf.name, errno, path.as_bytes(), obstacle::of_cgroup(errno)))
            }
        }
        Ok(())
    });
    walked.map_err(|errno| refused("search", b"cgroups", errno))?;
    outcome
}
