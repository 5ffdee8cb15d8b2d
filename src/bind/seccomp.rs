//! Binding without BPF and without cgroups: every socket of IPv4 and IPv6 that the service asks for is made by a
//! supervisor, bound by `SO_BINDTODEVICE`, and put into the service in the place of its own.
//!
//! The service keeps its PID: the supervisor is a process beside it, nobody's child, that leaves with the last process of the
//! service (the filter's last user). It makes sockets for those behind its filter and for nobody else; without it,
//! `socket(2)` fails there (`ENOSYS`). It holds no descriptor but the filter's, and no signal but KILL ends it.
//!
//! The socket is what the kernel would have given: it is made with the user, the groups and the capabilities of whoever
//! asks. Where the supervisor cannot become that (it lacks a capability, or its user namespace does not know the user), that one call
//! fails (`EPERM`). A user namespace may deny setgroups(2): all its processes have the same groups then, and none are set.
//! A process that has gone to another network namespace gets none (`EPERM`): this would be one of the wrong
//! namespace. Not carried over: labels of Linux security modules.
//!
//! It waits for no grace period at launch, needs no privilege (with `no_new_privs`; binding for the first time needs none
//! since 5.7), finds a VRF that was made anew, and binds the subflows of MPTCP. But nothing looks at packets: it is no more than
//! level bind.

use super::filter::{self, FAMILIES};
use crate::conf::values::u32_;
use crate::conf::words::Words;
use crate::error::{Errno, Error, What};
use crate::limits;
use crate::log::{Outcome, say};
use crate::proc::Lines;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::seccomp::{self, Notice};
use crate::sys::{OwnedFd, file, net, process};
use crate::text::Buf;
use crate::uapi;
use core::ffi::CStr;

/// `SO_BINDTODEVICE`. Source: `asm-generic/socket.h`.
pub const BINDTODEVICE: u32 = 25;
/// `SOCK_TYPE_MASK`
const KIND: u32 = 0xf;
/// `SOCK_CLOEXEC`
const CLOEXEC: u32 = linux_raw_sys::general::O_CLOEXEC;

/// Binds this process, and what it becomes, to the VRF of that name.
#[inline(never)]
pub fn bind(vrf: &[u8]) -> Outcome {
    begin(vrf).map_err(|errno| {
        let advice = match errno {
            Errno::EBUSY => "its seccomp has a supervisor; there can be one only",
            Errno::ECONNRESET | Errno::EPIPE => "is /proc mounted?",
            Errno::EINVAL | Errno::ENOSYS => "this needs Linux 5.9 or newer with CONFIG_SECCOMP_FILTER",
            _ => "",
        };
        say(&Error { advice, ..Error::system(What::Deed("supervise the sockets of VRF", vrf), errno) })
    })
}

fn begin(vrf: &[u8]) -> Result<(), Errno> {
    let (ours, theirs) = net::pair()?;
    // By way of another that ends at once: a service does not expect a child that it has not made.
    let between = process::fork_unseen()?;
    if between == 0 {
        if let Ok(0) = process::fork() {
            supervise(&theirs, vrf);
        }
        process::exit(0);
    }
    process::wait_unseen(between);
    drop(theirs);
    let listener = match process::filter_and_listen(filter::asking()) {
        Err(Errno::EACCES) => {
            process::no_new_privs()?; // who has no privileges gives up those that a program could add
            process::filter_and_listen(filter::asking())?
        }
        other => other?,
    };
    net::send_descriptor(&ours, &listener)?;
    drop(listener);
    match file::read(&ours, &mut [0])? {
        1 => Ok(()),
        _ => Err(Errno::EPIPE),
    }
}

/// Who somebody is, as far as that decides about a socket.
pub struct Who {
    user: u32,
    group: u32,
    groups: List<u32>,
    /// Those that count, in the user namespace of the supervisor.
    capabilities: u64,
    /// The inode of the network namespace, and of the user namespace.
    network: (u64, u64),
    users: (u64, u64),
}

impl Who {
    /// Nobody yet.
    pub const NOBODY: Self =
        Self { user: 0, group: 0, groups: List::new(), capabilities: 0, network: (0, 0), users: (0, 0) };

    /// Reads it from /proc/PID, proc_pid_status(5).
    #[inline(never)]
    fn read(&mut self, pid: &[u8]) -> Result<(), Errno> {
        let mut path = Path::new();
        let start = path.add(b"/proc/").add(pid).len();
        self.network = file::identity(path.add(b"/ns/net").c_str())?;
        path.truncate(start);
        // A kernel without user namespaces has no such file.
        self.users = file::identity(path.add(b"/ns/user").c_str()).unwrap_or_default();
        path.truncate(start);
        self.read_status(path.add(b"/status").c_str())
    }

    /// Reads what a process's file `status` says.
    #[inline(never)]
    pub fn read_status(&mut self, file: &CStr) -> Result<(), Errno> {
        self.groups.truncate(0);
        let mut lines = Lines::new();
        lines.open(file)?;
        let mut told = 0;
        while lines.advance()? {
            let line = lines.line.as_bytes();
            let mut words = Words::new(line);
            let key = words.next().unwrap_or_default();
            let mut nth = |n: usize| words.nth(n).and_then(|word| u32_(word).ok()).ok_or(Errno::EPROTO);
            match key {
                b"Uid:" => self.user = nth(3)?, // real, effective, saved, and that of files, which is a socket's
                b"Gid:" => self.group = nth(1)?,
                b"Groups:" => {
                    // The last word of a line that was cut may be half a number.
                    let whole = line.len() < limits::PATH;
                    for word in words.filter(|_| whole) {
                        self.groups.push(u32_(word).map_err(|_| Errno::EPROTO)?)?;
                    }
                }
                b"CapEff:" => self.capabilities = words.next().and_then(hexadecimal).ok_or(Errno::EPROTO)?,
                _ => continue,
            }
            told += 1;
            if told == 4 {
                return Ok(());
            }
        }
        Err(Errno::ESRCH)
    }

    fn acts_as(&self, other: &Self) -> bool {
        self.user == other.user
            && self.group == other.group
            && self.capabilities == other.capabilities
            && self.groups.as_slice() == other.groups.as_slice()
    }
}

/// Reads a number such as those of capabilities in proc_pid_status(5).
pub fn hexadecimal(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
}

/// Answers until nobody is left to ask.
#[inline(never)]
fn supervise(theirs: &OwnedFd, vrf: &[u8]) -> ! {
    let failed = |_: Errno| -> () { process::exit(1) };
    process::new_session();
    let _ = process::swap_signal_mask(u64::MAX); // KILL and STOP excepted, which cannot be
    let _ = file::chdir(c"/");
    let mut own = Who::NOBODY;
    own.read(b"self").unwrap_or_else(failed);
    process::close_to_others();
    // 0 is the pair's end, and everything else is the service's.
    process::duplicate(theirs, 0).unwrap_or_else(failed);
    process::close_but(1).unwrap_or_else(failed);
    let theirs = crate::sys::unleak(0);
    let Ok(listener) = net::receive_descriptor(&theirs) else { process::exit(1) };
    net::send(&theirs, b"\n").unwrap_or_else(failed);
    drop(theirs);
    // 0 to 2 are the listener: what is opened for each socket that is asked for would be moved away from there, which costs.
    let _ = process::duplicate(&listener, 0).and_then(|()| process::duplicate(&listener, 2)); // it does without
    let mut supervisor = Supervisor { vrf, own, asks: Who::NOBODY, binds_subflows: process::kernel_is(5, 13) };
    loop {
        let mut watched = [net::watch(crate::sys::number(&listener))];
        let _ = net::wait(&mut watched, u32::MAX);
        if watched.iter().any(|watched| watched.revents & 1 == 0) {
            process::exit(0); // POLLHUP: the last has gone
        }
        match seccomp::receive(&listener) {
            Ok(notice) => supervisor.answer(&listener, &notice),
            Err(Errno::ENOENT) => {} // it has gone meanwhile
            Err(_) => process::exit(1),
        }
    }
}

/// What the supervisor knows.
struct Supervisor<'a> {
    vrf: &'a [u8],
    own: Who,
    asks: Who,
    /// Whether the kernel binds the subflows of an MPTCP socket with it.
    binds_subflows: bool,
}

impl Supervisor<'_> {
    #[inline(never)]
    fn answer(&mut self, listener: &OwnedFd, notice: &Notice) {
        let mut kind = 0;
        let given = self
            .make(listener, notice, &mut kind)
            .and_then(|socket| seccomp::give(listener, notice.id, &socket, kind & CLOEXEC));
        if let Err(errno) = given {
            seccomp::refuse(listener, notice.id, errno);
        }
    }

    /// Makes the socket that is asked for.
    #[inline(never)]
    fn make(&mut self, listener: &OwnedFd, notice: &Notice, kind: &mut u32) -> Result<OwnedFd, Errno> {
        let mut room = [0; 10];
        let mut digits = Buf::new(&mut room);
        self.asks.read(digits.num(notice.pid).as_bytes()).map_err(|_| Errno::EPERM)?;
        let [domain, of, protocol] = arguments(notice)?;
        // What was read is of whoever asks, unless that has gone and its number is another's.
        if !seccomp::is_valid(listener, notice.id) {
            return Err(Errno::ENOENT);
        }
        *kind = of;
        if !FAMILIES.contains(&domain) {
            return Err(Errno::EAFNOSUPPORT);
        }
        if self.asks.network != self.own.network {
            return Err(Errno::EPERM);
        }
        if self.asks.users != self.own.users {
            self.asks.capabilities = 0; // they count in another user namespace, not in this
        }
        let socket = if self.asks.acts_as(&self.own) {
            net::socket(domain, of, protocol)?
        } else {
            self.make_as_asked(domain, of, protocol)?
        };
        if protocol == uapi::IPPROTO_MPTCP && of & KIND == uapi::SOCK_STREAM && !self.binds_subflows {
            return Err(Errno::EPROTONOSUPPORT); // after the kernel's own errors
        }
        if domain == u32::from(uapi::AF_INET) || domain == u32::from(uapi::AF_INET6) {
            net::set_option_bytes(&socket, uapi::SOL_SOCKET, BINDTODEVICE, self.vrf)?;
        }
        Ok(socket)
    }

    /// Makes a socket as whoever asks for it, and becomes itself again.
    fn make_as_asked(&self, domain: u32, of: u32, protocol: u32) -> Result<OwnedFd, Errno> {
        let Self { own, asks, .. } = self;
        let regroups = own.groups.as_slice() != asks.groups.as_slice();
        if regroups {
            process::set_groups(asks.groups.as_slice()).map_err(|_| Errno::EPERM)?;
        }
        let became = act(asks).map_err(|_| Errno::EPERM);
        let made = became.and_then(|()| net::socket(domain, of, protocol));
        let regroup = || if regroups { process::set_groups(own.groups.as_slice()) } else { Ok(()) };
        if process::effective_capabilities(u64::MAX).and_then(|()| regroup()).and_then(|()| act(own)).is_err() {
            process::exit(1); // never on with another's
        }
        made
    }
}

/// Takes on the user, the group and the capabilities of somebody, as far as they decide about a socket.
fn act(who: &Who) -> Result<(), Errno> {
    process::act_as(who.user, who.group)?;
    process::effective_capabilities(who.capabilities)
}

/// The arguments of `socket(2)`: registers, or, for `socketcall(2)`, memory. They are read once, and the socket is made by
/// what was read: it does not matter what the caller makes of them meanwhile.
#[inline(never)]
pub fn arguments(notice: &Notice) -> Result<[u32; 3], Errno> {
    let [a, b, c, ..] = notice.args;
    let low = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(0);
    if !filter::is_socketcall(notice.arch, notice.number) {
        return Ok([low(a), low(b), low(c)]);
    }
    let mut room = [0; 12];
    let address = usize::try_from(low(b)).unwrap_or(0);
    process::read_memory(notice.pid, address, &mut room)?;
    let mut words = room.chunks_exact(4).map(|word| word.try_into().map_or(0, u32::from_ne_bytes));
    let mut next = || words.next().unwrap_or(0);
    Ok([next(), next(), next()])
}
