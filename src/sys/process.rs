//! Processes: exec, fork and wait, and what they inherit.

use super::args::Strings;
use super::mem::List;
use super::{OwnedFd, Result, file, opened, owned};
use crate::bind::filter::Insn;
use crate::bytes::before;
use crate::error::Errno;
use core::ffi::{CStr, c_char, c_int};
use core::mem::size_of_val;
use linux_raw_sys::general as linux;
use linux_raw_sys::prctl as control;
use rustix::fd::AsRawFd;
use syscalls::{Sysno, syscall};

/// The process's own number.
pub fn getpid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// The number of the user whose the process is. `getuid(2)`.
pub fn getuid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Whether the process acts as user 0. `geteuid(2)`.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Puts another program in the process's place. Comes back only when that failed. `execve(2)`.
pub fn execve(path: &CStr, argv: Strings, envp: Strings) -> Errno {
    exec(path, argv.as_ptr(), envp.as_ptr())
}

/// As [`execve`], with strings made here: each ends with a NUL.
pub fn execve_made(path: &CStr, argv: &[u8], envp: &[u8]) -> Errno {
    let (mut arguments, mut environment) = (List::new(), List::new());
    match point(argv, &mut arguments).and_then(|()| point(envp, &mut environment)) {
        Ok(()) => exec(path, arguments.as_slice().as_ptr(), environment.as_slice().as_ptr()),
        Err(errno) => errno,
    }
}

/// Points to each string, and ends with a null pointer.
#[inline(never)]
fn point(mut strings: &[u8], array: &mut List<*const c_char>) -> Result<()> {
    while let Some(rest) = strings.get(before(strings, 0).len() + 1..) {
        array.push(strings.as_ptr().cast())?;
        strings = rest;
    }
    array.push(core::ptr::null())
}

#[inline(never)]
fn exec(path: &CStr, argv: *const *const c_char, envp: *const *const c_char) -> Errno {
    // SAFETY: three pointers that the kernel only reads, to a C string and to arrays that end with a null pointer; a
    // bad pointer inside an array would be an EFAULT.
    match unsafe { syscall!(Sysno::execve, path.as_ptr(), argv, envp) } {
        Ok(_) => Errno::EPROTO, // cannot be: a success does not return
        Err(errno) => errno.into(),
    }
}

/// Ends the process.
#[inline(never)]
pub fn exit(code: i32) -> ! {
    loop {
        // SAFETY: takes a number and does not return.
        let _ = unsafe { syscall!(Sysno::exit_group, code) };
    }
}

/// Goes on twice: with 0 in a child that is a plain copy, one thread with memory of its own, and with the child's number
/// in the process that was there. `fork(2)`.
pub fn fork() -> Result<u32> {
    // SAFETY: without CLONE_VM and with no stack given, `clone` is fork: the child goes on with a copy of everything,
    // and the program has a single thread. SIGCHLD is what the parent is told with.
    unsafe { call!(clone, linux::SIGCHLD, 0, 0) }
}

/// As [`fork`], with a child of whose end nobody is told: the program that this process becomes does not
/// find a child that it has not made. Gives the child's number, for [`wait_unseen`].
pub fn fork_unseen() -> Result<u32> {
    // SAFETY: as in `fork`; without a signal the child is one that only waits of a special kind see.
    unsafe { call!(clone, 0, 0, 0) }
}

/// Waits for such a child. `wait4(2)`, `__WALL`.
pub fn wait_unseen(pid: u32) {
    // SAFETY: no address is given.
    let _ = unsafe { call!(wait4, pid, 0, linux::__WALL) };
}

/// Nobody else may look into this process, or take what it holds. `prctl(2)`, `PR_SET_DUMPABLE`.
pub fn close_to_others() {
    // SAFETY: numbers only.
    let _ = unsafe { call!(prctl, control::PR_SET_DUMPABLE, 0, 0, 0, 0) };
}

/// Copies memory of another process. `process_vm_readv(2)`. Errors: `EFAULT`, and `EPERM` where that process may not be looked
/// into.
pub fn read_memory(pid: u32, address: usize, to: &mut [u8]) -> Result<()> {
    let mine = [to.as_mut_ptr().addr(), to.len()];
    let theirs = [address, to.len()];
    // SAFETY: two arrays of one `struct iovec`; the kernel writes at most `to.len()` bytes to `to`.
    let got = unsafe { syscall!(Sysno::process_vm_readv, pid, mine.as_ptr(), 1, theirs.as_ptr(), 1, 0) }?;
    if got == to.len() { Ok(()) } else { Err(Errno::EFAULT) }
}

/// A descriptor for another process, which stays that one's whoever gets its number. `pidfd_open(2)`, since 5.3. For a thread that is
/// not the first of its process since 6.9 (`PIDFD_THREAD`); before, that is an error.
pub fn pidfd(pid: u32) -> Result<OwnedFd> {
    const THREAD: u32 = linux::O_EXCL;
    // SAFETY: numbers only.
    let opened = unsafe { call!(pidfd_open, pid, 0, 0) };
    let opened = match opened {
        // SAFETY: numbers only.
        Err(errno) if errno != Errno::ESRCH => unsafe { call!(pidfd_open, pid, THREAD, 0) }.map_err(|_| errno)?,
        opened => opened?,
    };
    Ok(owned(opened))
}

/// Whether two threads have one table of descriptors; `None` where the kernel does not tell. `kcmp(2)`, `KCMP_FILES`.
pub fn share_descriptors(one: u32, other: u32) -> Option<bool> {
    const FILES: u32 = 2;
    // SAFETY: numbers only.
    let compared = unsafe { call!(kcmp, one, other, FILES, 0, 0) };
    compared.ok().map(|order| order == 0)
}

/// A descriptor of what another process has as `fd`. `pidfd_getfd(2)`, since 5.6. Errors: `EBADF`; `EPERM` where that process may
/// not be traced.
pub fn borrow_fd(process: &OwnedFd, fd: u32) -> Result<OwnedFd> {
    // SAFETY: numbers only.
    Ok(owned(unsafe { call!(pidfd_getfd, process.as_raw_fd(), fd, 0) }?))
}

/// Whether the kernel is of that version or a newer one. `uname(2)`.
pub fn kernel_is(major: u32, minor: u32) -> bool {
    /// `struct new_utsname`: six texts of 65 bytes, of which the third is the release.
    const TEXT: usize = 65;
    let mut names = [0_u8; 6 * TEXT];
    // SAFETY: the kernel writes as many bytes.
    let _ = unsafe { call!(uname, names.as_mut_ptr(), 0, 0) };
    let mut numbers = names.get(2 * TEXT..3 * TEXT).unwrap_or_default().split(|byte| !byte.is_ascii_digit());
    let mut next = || numbers.next().and_then(|digits| crate::conf::values::u32_(digits).ok()).unwrap_or(0);
    let own = (next(), next());
    own >= (major, minor)
}

/// As [`fork`], with the child in that cgroup from its first moment: nothing has to wait for the kernel to move it.
/// `clone3(2)` with `CLONE_INTO_CGROUP`, since 5.7; where that cannot be, the child is where its parent is.
///
/// Source: `uapi/linux/sched.h: struct clone_args`, eleven numbers of 64 bits.
#[inline(never)]
pub fn fork_into(cgroup: Option<&OwnedFd>) -> Result<u32> {
    if let Some(cgroup) = cgroup {
        let cgroup = u64::try_from(cgroup.as_raw_fd()).unwrap_or(0);
        let chld = u64::from(linux::SIGCHLD);
        let args = [linux::CLONE_INTO_CGROUP, 0, 0, 0, chld, 0, 0, 0, 0, 0, cgroup];
        // SAFETY: as in `fork`; the kernel reads the numbers, among which is no address.
        if let Ok(pid) = unsafe { call!(clone3, args.as_ptr(), size_of_val(&args), 0) } {
            return Ok(pid);
        }
    }
    fork()
}

/// Signals. Source: signal(7).
#[allow(missing_docs, reason = "each is the signal of its name")]
pub mod signal {
    use linux_raw_sys::general as linux;

    pub const HUP: u32 = linux::SIGHUP;
    pub const INT: u32 = linux::SIGINT;
    pub const QUIT: u32 = linux::SIGQUIT;
    pub const KILL: u32 = linux::SIGKILL;
    pub const USR1: u32 = linux::SIGUSR1;
    pub const USR2: u32 = linux::SIGUSR2;
    pub const PIPE: u32 = linux::SIGPIPE;
    pub const TERM: u32 = linux::SIGTERM;
    pub const CHLD: u32 = linux::SIGCHLD;
    pub const CONT: u32 = linux::SIGCONT;

    /// Those that are waited for while services are looked after.
    pub const HANDLED: u64 = set(HUP) | set(INT) | set(QUIT) | set(USR1) | set(USR2) | set(TERM) | set(CHLD);

    /// A set of one.
    pub const fn set(number: u32) -> u64 {
        1 << ((number - 1) & 63)
    }

    /// Whether a signal is in a set.
    pub const fn is_in(number: u32, set_: u64) -> bool {
        number > 0 && set(number) & set_ != 0
    }
}

/// Bytes of a set of signals.
const SIGNAL_SET: usize = 8;

/// Blocks these signals and no other; gives those that were blocked before. A SIGCHLD that is ignored, so that children
/// cannot be waited for, is not ignored any more. `rt_sigprocmask(2)`, `rt_sigaction(2)`.
#[inline(never)]
pub fn swap_signal_mask(new: u64) -> Result<u64> {
    let mut old = 0_u64;
    // SAFETY: the kernel reads one set and writes another.
    unsafe { call!(rt_sigprocmask, linux::SIG_SETMASK, &raw const new, &raw mut old, SIGNAL_SET, 0) }?;
    let default = [0_u64; 4];
    // SAFETY: the kernel reads a `struct sigaction` of zeroes, which is not longer than that: what is usual is done.
    unsafe { call!(rt_sigaction, linux::SIGCHLD, default.as_ptr(), 0, SIGNAL_SET, 0) }?;
    Ok(old)
}

/// A descriptor from which these signals are read, instead of taking them. `signalfd4(2)`.
pub fn signalfd(set: u64) -> Result<OwnedFd> {
    let flags = linux::O_CLOEXEC | linux::O_NONBLOCK; // SFD_CLOEXEC and SFD_NONBLOCK are the same
    // SAFETY: the kernel reads one set.
    Ok(owned(unsafe { call!(signalfd4, -1_isize, &raw const set, SIGNAL_SET, flags, 0) }?))
}

/// The next signal that has come, if there is one. Source: `uapi/linux/signalfd.h: struct signalfd_siginfo`, 128 bytes of
/// which the first four are the signal's number.
pub fn next_signal(fd: &OwnedFd) -> Option<u32> {
    let mut info = [0; 128];
    file::read(fd, &mut info).ok().filter(|got| *got == info.len())?;
    info.first_chunk().map(|number| u32::from_ne_bytes(*number))
}

/// Sends a signal to a process. One that is gone needs none. `kill(2)`.
pub fn kill(pid: u32, number: u32) {
    // SAFETY: numbers only.
    let _ = unsafe { call!(kill, pid, number, 0) };
}

/// Sends a signal to all processes of a group.
pub fn kill_group(group: u32, number: u32) {
    kill(group.wrapping_neg(), number);
}

/// Makes the process the first of a session of its own. `setsid(2)`.
pub fn new_session() {
    // SAFETY: no arguments.
    let _ = unsafe { call!(setsid, 0, 0, 0) }; // it is one already
}

/// A pipe: where is read, and where is written. Both are closed on exec. `pipe2(2)`.
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0_u32; 2];
    // SAFETY: the kernel writes two numbers.
    unsafe { call!(pipe2, ends.as_mut_ptr(), linux::O_CLOEXEC, 0) }?;
    let [read, write] = ends;
    Ok((opened(read), opened(write)))
}

/// Makes a descriptor known by that number, too, which is not closed on exec. `dup3(2)`, `fcntl(2)`.
#[inline(never)]
pub fn duplicate(fd: &OwnedFd, number: c_int) -> Result<()> {
    let fd = fd.as_raw_fd();
    if fd == number {
        // SAFETY: numbers only.
        unsafe { call!(fcntl, fd, linux::F_SETFD, 0) }?;
    } else {
        // SAFETY: numbers only.
        unsafe { call!(dup3, fd, number, 0) }?;
    }
    Ok(())
}

/// A child that has ended: its number, and how. `EAGAIN` where none has, `ECHILD` where there is none. `wait4(2)`.
#[inline(never)]
pub fn reap() -> Result<(u32, Ended)> {
    let mut status = 0_i32;
    // SAFETY: the kernel writes the status, and no usage, for which no address is given; -1 is any child.
    let pid = unsafe { call!(wait4, -1_isize, &raw mut status, linux::WNOHANG) }?;
    if pid == 0 { Err(Errno::EAGAIN) } else { Ok((pid, Ended { status })) }
}

/// How a process ended.
#[derive(Clone, Copy)]
pub struct Ended {
    status: i32,
}

impl Ended {
    /// The signal that ended it; 0: it ended by itself.
    pub const fn signal(self) -> i32 {
        self.status & 0x7f
    }

    /// Its exit code, or 128 + the signal.
    pub const fn code(self) -> i32 {
        if self.signal() == 0 { self.status >> 8 & 0xff } else { 128 + self.signal() }
    }
}

/// Waits for a child; gives its exit code, or 128 + the signal that ended it. `wait4(2)`.
pub fn wait(pid: u32) -> Result<i32> {
    let mut status = 0_i32;
    // SAFETY: the kernel writes the status, and no usage, for which no address is given.
    unsafe { call!(wait4, pid, &raw mut status, 0) }?;
    Ok(Ended { status }.code())
}

/// Gives the process a user, a group, and these groups beside it, all for good. `setgroups(2)`, `setresgid(2)`,
/// `setresuid(2)`. Errors: `EPERM` without CAP_SETUID and CAP_SETGID.
#[inline(never)]
pub fn become_user(user: u32, group: u32, groups: &[u32]) -> Result<()> {
    set_groups(groups)?;
    set_ids([user; 3], [group; 3])
}

/// Acts as a user with a group, and can go back: the saved user stays. What the process may do is another matter
/// ([`effective_capabilities`]).
pub fn act_as(user: u32, group: u32) -> Result<()> {
    const SAME: u32 = u32::MAX;
    set_ids([SAME, user, SAME], [SAME, group, SAME])
}

/// Sets the groups beside the group. `setgroups(2)`. Errors: `EPERM` without CAP_SETGID, and in a user namespace that denies it.
pub fn set_groups(groups: &[u32]) -> Result<()> {
    // The call with numbers of 32 bits; on ARM that of 16 bits has the plain name.
    #[cfg(not(target_arch = "arm"))]
    let call = Sysno::setgroups;
    #[cfg(target_arch = "arm")]
    let call = Sysno::setgroups32;
    // SAFETY: the kernel reads as many numbers as there are.
    unsafe { syscall!(call, groups.len(), groups.as_ptr()) }?;
    Ok(())
}

/// Sets the real, the effective and the saved user and group.
fn set_ids(users: [u32; 3], groups: [u32; 3]) -> Result<()> {
    // As in `set_groups`.
    #[cfg(not(target_arch = "arm"))]
    let (set_group, set_user) = (Sysno::setresgid, Sysno::setresuid);
    #[cfg(target_arch = "arm")]
    let (set_group, set_user) = (Sysno::setresgid32, Sysno::setresuid32);
    let [real, effective, saved] = groups;
    // SAFETY: numbers only.
    unsafe { syscall!(set_group, real, effective, saved) }?;
    let [real, effective, saved] = users;
    // SAFETY: numbers only.
    unsafe { syscall!(set_user, real, effective, saved) }?;
    Ok(())
}

/// Makes those capabilities that the process is permitted and whose bits are set the ones that count. `capset(2)`.
#[inline(never)]
pub fn effective_capabilities(wanted: u64) -> Result<()> {
    let mut head = CAPABILITIES;
    let mut data = [0_u32; 6];
    // SAFETY: the kernel reads and writes the head, and writes the data of version 3.
    unsafe { call!(capget, head.as_mut_ptr(), data.as_mut_ptr(), 0) }?;
    let [effective_low, permitted_low, _, effective_high, permitted_high, _] = &mut data;
    let halves = wanted.to_le_bytes();
    let (low, high) = halves.split_at(4);
    let half = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
    *effective_low = *permitted_low & half(low);
    *effective_high = *permitted_high & half(high);
    // SAFETY: the kernel reads both.
    unsafe { call!(capset, head.as_mut_ptr(), data.as_ptr(), 0) }?;
    Ok(())
}

/// `struct __user_cap_header_struct`: _LINUX_CAPABILITY_VERSION_3, and 0 for the process itself; `__user_cap_data_struct`
/// twice goes with it, the low halves first: effective, permitted, inheritable.
const CAPABILITIES: [u32; 2] = [0x2008_0522, 0];

// ---- what the first process does

/// `reboot(2)`: another start.
pub const RESTART: u32 = 0x0123_4567;
/// The processors stop.
pub const HALT: u32 = 0xcdef_0123;
/// The power goes.
pub const POWER_OFF: u32 = 0x4321_fedc;

/// Ends the machine. `reboot(2)`. Errors: `EPERM` without CAP_SYS_BOOT.
#[inline(never)]
pub fn reboot(command: u32) -> Result<()> {
    // SAFETY: numbers only: two that say that it is meant, and the command.
    unsafe { call!(reboot, 0xfee1_dead_u32, 672_274_793, command, 0, 0) }?;
    Ok(())
}

/// Ctrl-Alt-Del becomes a SIGINT for the first process, instead of a reboot at once.
pub fn keep_ctrl_alt_del() {
    let _ = reboot(0); // LINUX_REBOOT_CMD_CAD_OFF; refused in a container, which has no such keys
}

/// Does nothing more, for ever.
pub fn rest() -> ! {
    loop {
        // SAFETY: no file is looked at, and no time is given.
        let _ = unsafe { call!(ppoll, 0, 0, 0, 0, 0) };
    }
}

/// Writes to disks what has not been written. `sync(2)`.
pub fn sync() {
    // SAFETY: no arguments.
    let _ = unsafe { call!(sync, 0, 0, 0) };
}

/// Sends a signal to every process but the first.
pub fn kill_all(number: u32) {
    kill(u32::MAX, number);
}

/// `sethostname(2)`.
pub fn set_host_name(name: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads as many bytes.
    unsafe { call!(sethostname, name.as_ptr(), name.len(), 0) }?;
    Ok(())
}

/// Gives a module to the kernel, which is to unpack it first where it is packed (5.17). `finit_module(2)`.
pub fn finit_module(module: &OwnedFd, parameters: &CStr, packed: bool) -> Result<()> {
    let flags = if packed { 4 } else { 0 }; // MODULE_INIT_COMPRESSED_FILE
    // SAFETY: the kernel reads a C string.
    unsafe { call!(finit_module, module.as_raw_fd(), parameters.as_ptr(), flags) }?;
    Ok(())
}

/// Sees to it that 0, 1 and 2 are open: on the console, where the kernel had none to open before /dev was there.
#[inline(never)]
pub fn open_console() -> Result<()> {
    // SAFETY: numbers only.
    if unsafe { call!(fcntl, 0, linux::F_GETFD, 0) }.is_ok() {
        return Ok(());
    }
    let console = file::open_read_write(c"/dev/console")?;
    for number in 0..3 {
        duplicate(&console, number)?;
    }
    Ok(())
}

/// Makes the process the first of a session whose terminal is the console, and 0, 1 and 2 that. `ioctl(2)`, `TIOCSCTTY`.
#[inline(never)]
pub fn take_console() {
    const TIOCSCTTY: u32 = 0x540e;
    new_session();
    if let Ok(console) = file::open_read_write(c"/dev/console") {
        for number in 0..3 {
            let _ = duplicate(&console, number); // it stays what it was
        }
        // SAFETY: numbers only.
        let _ = unsafe { call!(ioctl, console.as_raw_fd(), TIOCSCTTY, 1) };
    }
}

/// Moves a descriptor out of the way of those that a service may ask for; it is closed on exec. `fcntl(2)`.
pub fn out_of_the_way(fd: OwnedFd) -> Result<OwnedFd> {
    const OUT_OF_THE_WAY: u32 = 1000;
    // SAFETY: numbers only.
    Ok(owned(unsafe { call!(fcntl, fd.as_raw_fd(), linux::F_DUPFD_CLOEXEC, OUT_OF_THE_WAY) }?))
}

/// Sets the limits on locked memory, bytes, the one that counts and the highest it may be set to, and puts those there
/// were in their place. `prlimit64(2)`.
pub fn swap_memlock_limits(limits: &mut [u64; 2]) -> Result<()> {
    let new = *limits;
    // SAFETY: the kernel reads two numbers of 64 bits and writes two; 0 is the process itself.
    unsafe { call!(prlimit64, 0, linux::RLIMIT_MEMLOCK, &raw const new, limits.as_mut_ptr(), 0) }?;
    Ok(())
}

/// Gives up what others could add to this process's privileges: setuid programs and file capabilities. `prctl(2)`.
pub fn no_new_privs() -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(prctl, control::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }?;
    Ok(())
}

/// Puts a filter before every system call from here on. `seccomp(2)`. Errors: `EACCES` without CAP_SYS_ADMIN and
/// no_new_privs; `EINVAL`, `ENOSYS` where the kernel has no SECCOMP_FILTER.
pub fn filter(program: &[Insn]) -> Result<()> {
    filter_with(program, 0).map(drop)
}

/// As [`filter`]; gives the descriptor from which a supervisor reads what the filter asks it (`SECCOMP_RET_USER_NOTIF`,
/// 5.0). It is closed on exec. Errors: `EBUSY` where the process has such a filter.
pub fn filter_and_listen(program: &[Insn]) -> Result<OwnedFd> {
    /// `SECCOMP_FILTER_FLAG_NEW_LISTENER`
    const NEW_LISTENER: u32 = 8;
    /// `SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV`: once it is being answered, no signal interrupts the call (5.19).
    const WAIT_KILLABLE: u32 = 32;
    let listener = match filter_with(program, NEW_LISTENER | WAIT_KILLABLE) {
        Err(Errno::EINVAL) => filter_with(program, NEW_LISTENER),
        other => other,
    };
    listener.map(owned)
}

fn filter_with(program: &[Insn], flags: u32) -> Result<u32> {
    /// `struct sock_fprog`
    #[repr(C)]
    struct Program {
        len: u16,
        insns: *const Insn,
    }
    /// `SECCOMP_FILTER_FLAG_SPEC_ALLOW`: does not turn on what slows the service down (4.17).
    const SPEC_ALLOW: u32 = 4;
    let program = Program { len: u16::try_from(program.len()).map_err(|_| Errno::EINVAL)?, insns: program.as_ptr() };
    // SAFETY: the kernel reads the struct and so many instructions; 1 is SECCOMP_SET_MODE_FILTER.
    unsafe { call!(seccomp, 1, SPEC_ALLOW | flags, &raw const program) }
}

/// Enters a network namespace. `setns(2)`.
pub fn enter_network(namespace: &OwnedFd) -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(setns, namespace.as_raw_fd(), linux::CLONE_NEWNET, 0) }?;
    Ok(())
}

/// Gives this process namespaces of its own for mounts and cgroups. `unshare(2)`.
pub fn unshare_doors() -> Result<()> {
    // SAFETY: numbers only; this changes what paths mean, and no memory.
    unsafe { call!(unshare, linux::CLONE_NEWNS | linux::CLONE_NEWCGROUP, 0, 0) }?;
    Ok(())
}

/// Makes the root of this process's mount namespace its root and its working directory: out of a chroot. `setns(2)`. Errors: `EPERM`
/// without CAP_SYS_CHROOT.
pub fn enter_root_of_mounts() -> Result<()> {
    let own = file::open(c"/proc/self/ns/mnt")?;
    // SAFETY: numbers only; this changes what paths mean, and no memory.
    unsafe { call!(setns, own.as_raw_fd(), linux::CLONE_NEWNS, 0) }?;
    Ok(())
}

/// Drops all capabilities but those whose bits are set, from all sets: what this process has, what it could be given by a
/// program that it executes (the bounding set), and what it hands on. `capset(2)`, `prctl(2)`.
pub fn keep_capabilities(kept: u64) -> Result<()> {
    for capability in 0..64_u32 {
        if kept >> capability & 1 == 0 {
            // SAFETY: numbers only.
            match unsafe { call!(prctl, control::PR_CAPBSET_DROP, capability, 0, 0, 0) } {
                Ok(_) => {}
                Err(Errno::EINVAL) => break, // behind the last that the kernel knows
                Err(errno) => return Err(errno),
            }
        }
    }
    // SAFETY: numbers only.
    unsafe { call!(prctl, control::PR_CAP_AMBIENT, control::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) }?;
    let mut head = CAPABILITIES;
    let mut data = [0_u32; 6];
    // SAFETY: the kernel reads and writes the head, and writes the data of version 3.
    unsafe { call!(capget, head.as_mut_ptr(), data.as_mut_ptr(), 0) }?;
    let halves = kept.to_le_bytes();
    let (low, high) = halves.split_at(4);
    for (n, word) in data.iter_mut().enumerate() {
        let half = if n < 3 { low } else { high };
        *word &= half.try_into().map_or(0, u32::from_le_bytes);
    }
    // SAFETY: the kernel reads both.
    unsafe { call!(capset, head.as_mut_ptr(), data.as_ptr(), 0) }?;
    Ok(())
}

/// Closes all descriptors but those whose bits are set. `close_range(2)`, since 5.9.
pub fn close_but(kept: u64) -> Result<()> {
    let mut first = 0_u32;
    while first < u64::BITS {
        let rest = kept >> first;
        if rest & 1 == 1 {
            first += 1;
            continue;
        }
        let end = first + rest.trailing_zeros().min(u64::BITS - first);
        let last = if end == u64::BITS { u32::MAX } else { end - 1 };
        // SAFETY: numbers only. The descriptors of this program that are closed here are not used any more: it goes on to exec.
        unsafe { call!(close_range, first, last, 0) }?;
        first = end;
    }
    Ok(())
}

/// Whether seccomp filters may answer so. `seccomp(2)`, `SECCOMP_GET_ACTION_AVAIL`, since 4.14.
pub fn has_seccomp_answer(answer: u32) -> bool {
    // SAFETY: the kernel reads one number.
    unsafe { call!(seccomp, 2, 0, &raw const answer) }.is_ok()
}

/// A call that may be refused before the kernel looks at it, and whose arguments are such that the kernel does nothing.
#[derive(Clone, Copy)]
pub enum Harmless {
    /// `io_uring_setup(2)` without parameters.
    IoUring,
    /// `socketpair(2)` of AF_TIPC, with flags that there are not.
    Pair,
    /// `request_key(2)` with text for a program outside, and no type.
    Key,
    /// `ioctl(2)` with TIOCSTI, on no terminal.
    Input,
}

/// Whether this process may make that call. Errors: the one that it is refused with.
pub fn may(call: Harmless) -> Result<()> {
    let (number, [a, b, c], harmless) = match call {
        Harmless::IoUring => (Sysno::io_uring_setup, [1, 0, 0], Errno::EFAULT),
        Harmless::Pair => (Sysno::socketpair, [30, 1 << 20, 0], Errno::EINVAL),
        Harmless::Key => (Sysno::request_key, [0, 0, 1], Errno::EFAULT),
        Harmless::Input => (Sysno::ioctl, [usize::MAX, 0x5412, 0], Errno::EBADF),
    };
    // SAFETY: with these arguments, the kernel finds no memory to read or to write.
    match unsafe { super::call5(number, a, b, c, 0, 0) } {
        Err(errno) if errno == harmless => Ok(()),
        other => other.map(drop),
    }
}
