//! A running process moves into a VRF, or out of any: its cgroup, for the sockets it will open, and every socket that it
//! holds. Its descendants move with it. Nothing is restarted.
//!
//! A socket that exists keeps the cgroup in which it was made, so the programs of the new one never see its packets: it is at level
//! bind, whatever the level of the sockets that the process opens from then on. Where guard is asked for, a process that has
//! sockets is refused.
//!
//! Sockets are found in `/proc/PID/fd`, borrowed by `pidfd_getfd(2)` (5.6) and bound in place; those of a thread with descriptors of its
//! own in its `fd` (borrowed since 6.9, else named). What waits in the queue of a Unix socket cannot be looked at: it is named. All of them are looked at before
//! anything is changed; what cannot be moved is named then, and nothing is done. The processes go first, so that what they
//! open meanwhile is bound, and at guard nothing of the others leaves; where a socket cannot be bound after all, everything goes
//! back.
//!
//! What becomes of a connection: packets that arrive by the VRF find it, all others do not, and it sends by the VRF's table. So
//! one whose peer is reached by a member goes on, and any other ends (seen on 6.1 and 6.18). One that waits at a listener to be accepted
//! stays unbound when it is accepted, and so does one whose handshake is going on; so many as wait are said.
//!
//! [`descriptors`] does the same with the sockets that a service is started with.

pub mod descriptors;

use crate::bind::cgroup::{self, Target};
use crate::bind::program::Level;
use crate::bind::{self, Vrf};
use crate::conf::values::u32_;
use crate::error::{Errno, Error, Exit, What, Why};
use crate::log::{self, Outcome, print, refused, say};
use crate::proc::Lines;
use crate::rtnl::Rtnl;
use crate::service::inetd;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file, net, process};
use crate::text::Buf;
use crate::{uapi, vrf};
use core::cell::Cell;
use core::ffi::CStr;
use core::net::IpAddr;

/// Families whose sockets reach a network and cannot be bound to an interface from outside: PACKET, RDS, PPPOX, TIPC, RXRPC,
/// SMC, XDP. Source: `linux/socket.h`.
const IMMOVABLE: [u32; 7] = [17, 21, 24, 30, 33, 43, 44];
/// `SO_DOMAIN`, `SO_TYPE`, `SO_PROTOCOL`, `SO_ACCEPTCONN`. Source: `asm-generic/socket.h`.
const DOMAIN: u32 = 39;
const TYPE: u32 = 3;
const PROTOCOL: u32 = 38;
const ACCEPTS: u32 = 30;

/// Where processes move.
pub struct Move<'a> {
    /// The VRF; `None`: out of any.
    pub vrf: Option<&'a Vrf<'a>>,
    /// How what they will open is kept there.
    pub level: Level,
    /// Whether that level was asked for: then it is to hold for the sockets they have, too.
    pub is_asked: bool,
    /// Only tell what would be moved.
    pub dry_run: bool,
}

/// A socket that somebody holds: by whom and as which descriptor, and the interface it was bound to.
#[derive(Clone, Copy)]
pub struct Held {
    pid: u32,
    fd: u32,
    /// The interface.
    pub was: u32,
    /// By which it is known when somebody else holds it, too.
    pub inode: u32,
}

/// A socket of a process that cannot be looked at.
#[derive(Clone, Copy)]
enum Hidden {
    /// A thread has it, in a table of descriptors of its own.
    OfThread,
    /// So many descriptors wait in the queue of that Unix socket. They may be sockets.
    Queued(u32),
}

/// What has been moved.
struct Count {
    sockets: u32,
    connections: u32,
    /// INET sockets, whether they have to be bound or not.
    existing: u32,
    /// Connections that wait to be accepted.
    waiting: u32,
    seen: List<u32>,
}

impl Move<'_> {
    fn name(&self) -> &[u8] {
        self.vrf.map_or(b"default", |vrf| vrf.name)
    }

    /// Moves a process, with its descendants.
    pub fn adopt(&self, pid: u32, quiet: bool) -> Outcome {
        let mut family = List::new();
        gather(pid, &mut family).map_err(|errno| self.refuse(pid, errno))?;
        if self.level == Level::Strict && self.vrf.is_some() {
            let says = "strict takes privileges away, which a process that runs cannot be made to give up; bind can be had, and guard without sockets";
            return Err(say(&Error { exit: Exit::System, ..Error::usage(self.what(), says) }));
        }
        // Everything is looked at first.
        let mut count = Count { sockets: 0, connections: 0, existing: 0, waiting: 0, seen: List::new() };
        self.each_socket(&family, &mut |held, socket| self.look(held, socket, &mut count))?;
        if self.dry_run {
            return Ok(());
        }
        let mut target = Target::new();
        target.find_of(pid)?;
        let mut homes = List::new();
        let mut bound = List::new();
        let moved = self.go(pid, &mut family, &mut target, &mut homes).and_then(|()| {
            self.each_socket(&family, &mut |held, socket| {
                let wanted = self.wanted(held.was);
                if wanted != held.was {
                    bind_to(socket, wanted).map_err(|errno| self.refuse_socket(held, socket, errno))?;
                    count.waiting += net::waiting_connections(socket);
                    bound.push(*held).map_err(|errno| self.refuse(pid, errno))?;
                }
                Ok(())
            })
        });
        if let Err(exit) = moved {
            back(bound.as_slice(), homes.as_slice(), &target);
            return Err(exit);
        }
        if !quiet {
            log::message(&|out| {
                out.shown(self.name()).str(": adopted process ").num(pid);
                let others = u32::try_from(family.as_slice().len()).unwrap_or(0).saturating_sub(1);
                if others > 0 {
                    out.str(", ").num(others).str(" descendants");
                }
                out.str(", ").num(count.sockets).str(" sockets");
                if count.connections > 0 {
                    out.str("; ").num(count.connections).str(" connections end unless their peers are reached by it");
                }
                if count.waiting > 0 {
                    out.str("; ").num(count.waiting).str(" connections that wait to be accepted stay as they are");
                }
                if self.level > Level::Bind && self.vrf.is_some() {
                    let is_new_only = count.existing > 0;
                    out.str(if is_new_only { "; these are at level bind, new ones at guard" } else { "; guard" });
                    out.str(" without the seccomp filter, which has to be there from the start");
                }
            });
        }
        Ok(())
    }

    const fn what(&self) -> What<'_> {
        match self.vrf {
            Some(vrf) => What::Deed("adopt into VRF", vrf.name),
            None => What::Deed("adopt into VRF", b"default"),
        }
    }

    #[cold]
    #[inline(never)]
    fn refuse(&self, pid: u32, errno: Errno) -> Exit {
        let mut room = [0; 32];
        let mut text = Buf::new(&mut room);
        text.str("process ").num(pid);
        let advice = match errno {
            Errno::EPERM | Errno::EACCES => "this needs root, and to be allowed to trace that process",
            Errno::ENOSYS => "this needs Linux 5.6 or newer",
            _ => "",
        };
        say(&Error { detail: text.as_bytes(), advice, ..Error::system(self.what(), errno) })
    }

    #[cold]
    #[inline(never)]
    fn refuse_socket(&self, held: &Held, socket: &OwnedFd, errno: Errno) -> Exit {
        let mut room = [0; 256];
        let mut text = Buf::new(&mut room);
        describe(held, socket, &mut text);
        let advice = "nothing was changed";
        say(&Error { detail: text.as_bytes(), advice, ..Error::system(self.what(), errno) })
    }

    /// The interface that a socket is to be bound to, which is bound to `was`.
    fn wanted(&self, was: u32) -> u32 {
        match self.vrf {
            // What the program has bound to a member stays there: it is within.
            Some(vrf) if vrf.interfaces.contains(&was) => was,
            Some(vrf) => vrf.index,
            // What it has bound itself to an interface stays; what a VRF was given is taken from it.
            None if was == 0 || is_other_interface(was) => was,
            None => 0,
        }
    }

    /// Sees whether a socket can be moved, and tells of it where that is all that was asked for.
    #[inline(never)]
    fn look(&self, held: &Held, socket: &OwnedFd, count: &mut Count) -> Outcome {
        let of = |option| net::option(socket, uapi::SOL_SOCKET, option).unwrap_or(0);
        let immovable = if IMMOVABLE.contains(&of(DOMAIN)) {
            "a socket of this family cannot be bound from outside; nothing was changed"
        } else if of(PROTOCOL) == uapi::IPPROTO_MPTCP && !process::kernel_is(5, 13) {
            "this kernel does not bind the subflows of MPTCP; nothing was changed"
        } else if is_elsewhere(socket) {
            "a socket of another network namespace; nothing was changed"
        } else {
            ""
        };
        if count.seen.as_slice().contains(&held.inode) {
            return Ok(()); // another process holds it, too
        }
        count.seen.push(held.inode).map_err(|errno| self.refuse(held.pid, errno))?;
        let mut room = [0; 256];
        let mut text = Buf::new(&mut room);
        let is_connection = describe(held, socket, &mut text);
        if !immovable.is_empty() && self.vrf.is_some() {
            return Err(self.refuse_unmoved(&text, immovable));
        }
        if is_inet(socket) {
            count.existing += 1;
            if self.is_asked && self.level > Level::Bind && self.vrf.is_some() {
                text.str(": its packets cannot be filtered, because it was made in another cgroup");
                return Err(self.refuse_unmoved(&text, "--isolation bind moves it; nothing was changed"));
            }
        }
        if self.wanted(held.was) != held.was {
            count.sockets += 1;
            count.connections += u32::from(is_connection);
            if self.dry_run {
                return print(text.byte(b'\n').as_bytes());
            }
        }
        Ok(())
    }

    #[cold]
    fn refuse_unmoved(&self, text: &Buf<'_>, advice: &'static str) -> Exit {
        say(&Error { why: Why::Text(text.as_bytes()), advice, ..Error::system(self.what(), Errno::EOPNOTSUPP) })
    }

    /// Names what cannot be looked at.
    #[cold]
    fn refuse_hidden(&self, held: &Held, hidden: Hidden) -> Exit {
        let mut room = [0; 256];
        let mut text = Buf::new(&mut room);
        put_process(held.pid, &mut text);
        text.str("descriptor ").num(held.fd).str(": ");
        let advice = match hidden {
            Hidden::OfThread => {
                text.str("a socket that only one of its threads has");
                "this needs Linux 6.9 or newer; nothing was changed"
            }
            Hidden::Queued(count) => {
                text.str("a Unix socket, in whose queue ").num(count).str(" descriptors wait, which may be sockets");
                "try again when they have been received; nothing was changed"
            }
        };
        self.refuse_unmoved(&text, advice)
    }

    /// Calls `each` with every INET socket, and with those that cannot be moved, of these processes.
    #[inline(never)]
    fn each_socket(&self, family: &List<u32>, each: &mut dyn FnMut(&Held, &OwnedFd) -> Outcome) -> Outcome {
        for &pid in family.as_slice() {
            let mut outcome = Ok(());
            let walked = walk(pid, &mut |held, found| {
                outcome = match found {
                    Ok(socket) => each(held, socket),
                    Err(hidden) => Err(self.refuse_hidden(held, hidden)),
                };
                outcome.is_ok()
            });
            match walked {
                Ok(()) => outcome?,
                Err(Errno::ENOENT | Errno::ESRCH) => {} // it has ended
                Err(errno) => return Err(self.refuse(pid, errno)),
            }
        }
        Ok(())
    }

    /// Puts the processes into the VRF's cgroup, and those that they have made meanwhile; remembers where they were.
    #[inline(never)]
    fn go(&self, pid: u32, family: &mut List<u32>, target: &mut Target, homes: &mut List<u8>) -> Outcome {
        let failed = |errno| self.refuse(pid, errno);
        let folder = target.open(self.vrf.map(|vrf| vrf.name), self.level).map_err(failed)?;
        if let Some(vrf) = self.vrf {
            bind::renew(&folder, &mut target.path, vrf, self.level).map_err(failed)?;
        }
        let mut done = 0;
        loop {
            for &pid in family.as_slice().get(done..).unwrap_or_default() {
                let mut room = [0; 10];
                let digits = Buf::new(&mut room).num(pid).as_bytes().len();
                let digits = room.get(..digits).unwrap_or_default();
                let mut home = Path::new();
                let known = cgroup::path_of_process(digits, &mut home);
                let remembered = known.and_then(|()| {
                    homes.extend(digits)?;
                    homes.extend(b" ")?;
                    homes.extend(home.as_bytes())?;
                    homes.push(b'\n')
                });
                match remembered.and_then(|()| cgroup::put(&folder, digits)) {
                    Ok(()) | Err(Errno::ESRCH | Errno::ENOENT) => {} // it has ended
                    Err(errno) => return Err(failed(errno)),
                }
            }
            done = family.as_slice().len();
            gather(pid, family).map_err(failed)?;
            if family.as_slice().len() == done {
                return Ok(()); // what they make from here on is born in the cgroup
            }
        }
    }
}

/// Undoes what was done so far: sockets, the last one first, then processes.
#[inline(never)]
fn back(bound: &[Held], homes: &[u8], target: &Target) {
    for held in bound.iter().rev() {
        if let Ok(socket) = process::pidfd(held.pid).and_then(|process| process::borrow_fd(&process, held.fd)) {
            let _ = bind_to(&socket, held.was); // as far as it goes: the error is the first one's
        }
    }
    for line in homes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let pid = crate::bytes::before(line, b' ');
        let home = line.get(pid.len() + 1..).unwrap_or_default();
        let mut path = Path::new();
        path.add(target.mount()).add(b"/").add(home);
        if let Ok(folder) = file::open_dir(path.c_str()) {
            let _ = cgroup::put(&folder, pid);
        }
    }
}

/// Binds a socket to an interface, whatever it was bound to; 0 frees it. `SO_BINDTOIFINDEX`, 5.1.
fn bind_to(socket: &OwnedFd, index: u32) -> Result<(), Errno> {
    net::set_option(socket, uapi::SOL_SOCKET, uapi::SO_BINDTOIFINDEX, index.cast_signed())
}

/// Whether there is an interface of that index which is not a VRF.
#[inline(never)]
fn is_other_interface(index: u32) -> bool {
    let asked = Rtnl::open_plain().and_then(|mut rtnl| vrf::is_plain(&mut rtnl, index));
    asked.unwrap_or(false) // it is gone, then
}

/// Whether a socket is of another network namespace than this process. Kernels before 5.14 tell root alone.
fn is_elsewhere(socket: &OwnedFd) -> bool {
    let cookie = |socket: &OwnedFd| net::option_u64(socket, uapi::SOL_SOCKET, uapi::SO_NETNS_COOKIE).ok();
    if let Some(theirs) = cookie(socket) {
        let own = net::socket(uapi::AF_NETLINK, uapi::SOCK_RAW, uapi::NETLINK_ROUTE).ok().and_then(|own| cookie(&own));
        return own.is_some_and(|own| own != theirs);
    }
    let theirs = net::namespace(socket).and_then(|namespace| file::status(&namespace));
    let own = file::identity(c"/proc/self/ns/net");
    matches!((theirs, own), (Ok((theirs, _)), Ok(own)) if theirs != own)
}

/// Calls `each` with every socket of a process that is of the internet or cannot be moved, until it says false. What cannot be looked at
/// is passed over.
pub fn sockets(pid: u32, each: &mut dyn FnMut(&Held, &OwnedFd) -> bool) -> Result<(), Errno> {
    walk(pid, &mut |held, found| found.is_err() || found.is_ok_and(|socket| each(held, socket)))
}

/// What [`walk`] finds, and what it does with that: it goes on as long as that is true.
type Each<'e> = &'e mut dyn FnMut(&Held, Result<&OwnedFd, Hidden>) -> bool;

/// As [`sockets`], with what cannot be looked at: of the process, and of its threads that have descriptors of their own.
fn walk(pid: u32, each: Each<'_>) -> Result<(), Errno> {
    let goes_on = Cell::new(true);
    let mut each = |held: &Held, found: Result<&OwnedFd, Hidden>| {
        goes_on.set(each(held, found));
        goes_on.get()
    };
    walk_table(pid, pid, &mut each)?;
    if !goes_on.get() {
        return Ok(());
    }
    let mut path = Path::new();
    put_number(pid, path.add(b"/proc/"));
    let mut result = Ok(());
    file::entries(&file::open_dir(path.add(b"/task").c_str())?, &mut |entry, _| {
        let Ok(thread) = u32_(entry) else { return true };
        // Where the kernel does not tell, the thread's are looked at once more.
        if thread != pid && process::share_descriptors(pid, thread) != Some(true) {
            result = match walk_table(thread, pid, &mut each) {
                Err(Errno::ENOENT | Errno::ESRCH) => Ok(()), // it has ended
                walked => walked,
            };
        }
        result.is_ok() && goes_on.get()
    })?;
    result
}

/// Adds a number to a path.
fn put_number(number: u32, path: &mut Path) {
    let mut room = [0; 10];
    let digits = Buf::new(&mut room).num(number).as_bytes().len();
    path.add(room.get(..digits).unwrap_or_default());
}

/// Finds the sockets in the table of descriptors that a thread has; `process` is the number of its process, which is that of the first
/// thread.
fn walk_table(pid: u32, process: u32, each: Each<'_>) -> Result<(), Errno> {
    let mut path = Path::new();
    put_number(pid, path.add(b"/proc/"));
    let top = path.len();
    let start = path.add(b"/fd/").len();
    let dir = file::open_dir(path.c_str())?;
    let borrows = match process::pidfd(pid) {
        Err(_) if pid != process => None,
        opened => Some(opened?),
    };
    let mut result = Ok(());
    file::entries(&dir, &mut |entry, _| {
        path.truncate(start);
        let mut link = [0; 32];
        let kind = file::read_link(path.add(entry).c_str(), &mut link).unwrap_or_default();
        let Some(inode) = kind.strip_prefix(b"socket:[").and_then(|rest| rest.strip_suffix(b"]")) else { return true };
        let (Ok(fd), inode) = (u32_(entry), u32_(inode).unwrap_or(0)) else { return true };
        let mut held = Held { pid, fd, was: 0, inode };
        let mut room = [0; 32];
        let protocol = file::protocol(path.c_str(), &mut room).unwrap_or_default();
        let is_unix = protocol.starts_with(b"UNIX");
        if is_unix {
            path.truncate(top);
            path.add(b"/fdinfo/").add(entry);
            let queued = queued_descriptors(path.c_str());
            path.truncate(top);
            path.add(b"/fd/");
            return queued == 0 || each(&held, Err(Hidden::Queued(queued)));
        }
        let Some(borrows) = &borrows else {
            // What the first thread has, too, has been found there.
            let (mut first, mut room) = (Path::new(), [0; 32]);
            put_number(process, first.add(b"/proc/"));
            let theirs = file::read_link(first.add(b"/fd/").add(entry).c_str(), &mut room).unwrap_or_default();
            return theirs == kind || protocol == b"NETLINK" || each(&held, Err(Hidden::OfThread));
        };
        let socket = match process::borrow_fd(borrows, fd) {
            Ok(socket) => socket,
            Err(Errno::EBADF) => return true, // closed since
            Err(errno) => {
                result = Err(errno);
                return false;
            }
        };
        let domain = net::option(&socket, uapi::SOL_SOCKET, DOMAIN).unwrap_or(0);
        if domain != u32::from(uapi::AF_INET) && domain != u32::from(uapi::AF_INET6) && !IMMOVABLE.contains(&domain) {
            return true;
        }
        held.was = net::option(&socket, uapi::SOL_SOCKET, uapi::SO_BINDTOIFINDEX).unwrap_or(0);
        each(&held, Ok(&socket))
    })?;
    result
}

/// How many descriptors wait in the queue of a Unix socket, from its file in /proc/PID/fdinfo. Since 5.6.
fn queued_descriptors(file: &CStr) -> u32 {
    let mut lines = Lines::new();
    if lines.open(file).is_err() {
        return 0;
    }
    while lines.advance() == Ok(true) {
        if let Some(number) = lines.line.as_bytes().strip_prefix(b"scm_fds: ") {
            return u32_(number).unwrap_or(0);
        }
    }
    0
}

/// Adds a process and its descendants that are not in the list to it; this process is nobody's. `ESRCH` where there is no such
/// process.
#[inline(never)]
fn gather(pid: u32, family: &mut List<u32>) -> Result<(), Errno> {
    let mut all = List::<[u32; 2]>::new();
    let own = u32::try_from(process::getpid()).unwrap_or(0);
    let mut result = Ok(());
    file::entries(&file::open_dir(c"/proc")?, &mut |entry, _| {
        if let Ok(number) = u32_(entry) {
            if let Some(parent) = parent_of(entry).filter(|_| number != own) {
                result = all.push([number, parent]);
            }
        }
        result.is_ok()
    })?;
    result?;
    if !all.as_slice().iter().any(|[number, _]| *number == pid) {
        return Err(Errno::ESRCH);
    }
    if family.is_empty() {
        family.push(pid)?;
    }
    loop {
        let before = family.as_slice().len();
        for [number, parent] in all.as_slice() {
            if family.as_slice().contains(parent) && !family.as_slice().contains(number) {
                family.push(*number)?;
            }
        }
        if family.as_slice().len() == before {
            return Ok(());
        }
    }
}

/// The number of a process's parent, from /proc/PID/status.
fn parent_of(pid: &[u8]) -> Option<u32> {
    let mut lines = Lines::new();
    lines.open(cgroup::of_process(&mut Path::new(), pid, b"/status")).ok()?;
    while lines.advance() == Ok(true) {
        if let Some(number) = lines.line.as_bytes().strip_prefix(b"PPid:\t") {
            return u32_(number).ok();
        }
    }
    None
}

/// Adds `process 812 (sshd), ` to a text.
pub fn put_process(pid: u32, out: &mut Buf<'_>) {
    let mut comm = [0; 32];
    let mut room = [0; 10];
    let digits = Buf::new(&mut room).num(pid).as_bytes().len();
    let comm = cgroup::comm(room.get(..digits).unwrap_or_default(), &mut comm);
    out.str("process ").num(pid).str(" (").shown(comm).str("), ");
}

/// Tells of a socket: `process 812 (sshd), descriptor 3: tcp 0.0.0.0:22 listens`; gives whether it is a connection.
#[inline(never)]
fn describe(held: &Held, socket: &OwnedFd, out: &mut Buf<'_>) -> bool {
    put_process(held.pid, out);
    put_socket(socket, out.str("descriptor ").num(held.fd).str(": "))
}

/// Adds `tcp 0.0.0.0:22 listens` to a text; gives whether the socket is a connection.
fn put_socket(socket: &OwnedFd, out: &mut Buf<'_>) -> bool {
    let of = |option| net::option(socket, uapi::SOL_SOCKET, option).unwrap_or(0);
    let (kind, protocol) = (of(TYPE), of(PROTOCOL));
    if !is_inet(socket) {
        out.str("a socket of family ").num(of(DOMAIN));
        return false;
    }
    put_protocol(kind, protocol, out);
    if let Ok(own) = net::name(socket, false) {
        endpoint(&own, out.byte(b' '));
    }
    let peer = net::name(socket, true);
    if let Ok(peer) = &peer {
        endpoint(peer, out.str(" to "));
    } else if of(ACCEPTS) != 0 {
        out.str(" listens");
    }
    peer.is_ok() && kind == uapi::SOCK_STREAM
}

/// The protocol of an INET socket.
#[inline(never)]
pub fn put_protocol(kind: u32, protocol: u32, out: &mut Buf<'_>) {
    match (kind, protocol) {
        (_, uapi::IPPROTO_MPTCP) => out.str("mptcp"),
        (uapi::SOCK_STREAM, _) => out.str("tcp"),
        (uapi::SOCK_DGRAM, 17) => out.str("udp"),
        (_, protocol) => out.str("protocol ").num(protocol),
    };
}

/// The kind and the protocol of an INET socket to which others may send or connect; `None` of a connection, and of one without
/// a port.
#[inline(never)]
pub fn listens(socket: &OwnedFd) -> Option<(u32, u32)> {
    let of = |option| net::option(socket, uapi::SOL_SOCKET, option).unwrap_or(0);
    let kind = of(TYPE);
    let hears = if kind == uapi::SOCK_STREAM { of(ACCEPTS) != 0 } else { net::name(socket, true).is_err() };
    (hears && net::port(socket) != Ok([0, 0])).then(|| (kind, of(PROTOCOL)))
}

/// Shows `each` the sockets of a process that are not of a VRF and have a port: who holds them is reached outside, or sends there.
/// Sockets in `seen` are passed over, and the others are added to it.
pub fn strays(
    pid: u32,
    vrf: &Vrf<'_>,
    seen: &mut List<u32>,
    each: &mut dyn FnMut(&Held, &OwnedFd),
) -> Result<(), Errno> {
    let mut grown = Ok(());
    let walked = sockets(pid, &mut |held, socket| {
        let is_within = held.was == vrf.index || vrf.interfaces.contains(&held.was);
        // The port is 0 where there is none, and of a socket of another family.
        let is_known = is_within || seen.as_slice().contains(&held.inode);
        if !is_known && net::port(socket) != Ok([0, 0]) && is_inet(socket) && !is_elsewhere(socket) {
            each(held, socket);
            grown = seen.push(held.inode);
        }
        grown.is_ok()
    });
    match walked {
        // It has ended, or is not for this user to look at.
        Err(Errno::ENOENT | Errno::ESRCH | Errno::EPERM | Errno::EACCES | Errno::ENOSYS) => Ok(()),
        walked => walked.and(grown),
    }
}

/// Adds `descriptor 3: tcp 0.0.0.0:22 listens outside of the VRF` to a text.
pub fn put_stray(held: &Held, socket: &OwnedFd, out: &mut Buf<'_>) {
    put_socket(socket, out.str("descriptor ").num(held.fd).str(": "));
    out.str(" outside of the VRF");
}

/// Whether a socket is of IPv4 or IPv6.
fn is_inet(socket: &OwnedFd) -> bool {
    let domain = net::option(socket, uapi::SOL_SOCKET, DOMAIN).unwrap_or(0);
    domain == u32::from(uapi::AF_INET) || domain == u32::from(uapi::AF_INET6)
}

/// An address and port as everybody writes them, from a `sockaddr_in` or `sockaddr_in6`.
#[inline(never)]
pub fn endpoint(address: &[u8; 28], out: &mut Buf<'_>) {
    let [_, _, high, low, ..] = address;
    match inetd::address(address) {
        four @ IpAddr::V4(_) => out.ip(four),
        six @ IpAddr::V6(_) => out.byte(b'[').ip(six).byte(b']'),
    };
    out.byte(b':').num(u16::from_be_bytes([*high, *low]).into());
}

/// Binds to a VRF the sockets of a process that are bound to an interface which is gone, or to the index that the VRF had before it
/// was deleted and made anew: another interface may have that now.
#[inline(never)]
pub fn repair(pid: u32, was: u32, index: u32) -> Outcome {
    let mut refused_by = None;
    let walked = sockets(pid, &mut |held, socket| {
        if held.was != 0 && held.was != index && (held.was == was || is_gone(held.was)) {
            refused_by = refused_by.or(bind_to(socket, index).err());
        }
        true
    });
    if let Some(errno) = refused_by {
        // At level strict, the program that keeps sockets bound refuses this to everybody. No packet of theirs passes the filters.
        log::message(&|out| {
            put_process(pid, out);
            errno.render(out.str("it has to be started again, for its sockets cannot be bound to the new VRF: "));
        });
    }
    match walked {
        Ok(()) | Err(Errno::ENOENT | Errno::ESRCH | Errno::ENOSYS) => Ok(()),
        Err(errno) => Err(refused("repair the sockets of", b"services", errno)),
    }
}

fn is_gone(index: u32) -> bool {
    Rtnl::open_plain().and_then(|mut rtnl| vrf::is_plain(&mut rtnl, index)) == Err(Errno::ENODEV)
}
