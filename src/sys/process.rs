//! Processes: exec, fork and wait, and what they inherit.

use super::Result;
use super::args::Strings;
use crate::error::Errno;
use crate::service::filter::Insn;
use core::ffi::{CStr, c_char};
use linux_raw_sys::general as linux;
use linux_raw_sys::prctl as control;
use syscalls::{Sysno, syscall};

/// The process's own number.
pub fn getpid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// Puts another program in the process's place. Comes back only when that failed. `execve(2)`.
pub fn execve(path: &CStr, argv: Strings, envp: Strings) -> Errno {
    exec(path, argv.as_ptr(), envp.as_ptr())
}

/// As [`execve`], with strings made here: each ends with a NUL. Of the arguments those behind the third, of the
/// environment those behind the seventh are left out.
pub fn execve_made(path: &CStr, argv: &[u8], envp: &[u8]) -> Errno {
    let (mut arguments, mut environment) = ([core::ptr::null(); 4], [core::ptr::null(); 8]);
    point(argv, &mut arguments);
    point(envp, &mut environment);
    exec(path, arguments.as_ptr(), environment.as_ptr())
}

/// Points to each string that ends with a NUL; the last pointer stays as it is.
fn point(strings: &[u8], array: &mut [*const c_char]) {
    let places = array.len().saturating_sub(1);
    for (place, string) in array.iter_mut().take(places).zip(strings.split_inclusive(|byte| *byte == 0)) {
        if string.ends_with(&[0]) {
            *place = string.as_ptr().cast();
        }
    }
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

/// Waits for a child; gives its exit code, or 128 + the signal that ended it. `wait4(2)`.
pub fn wait(pid: u32) -> Result<i32> {
    let mut status = 0_i32;
    // SAFETY: the kernel writes the status, and no usage, for which no address is given.
    unsafe { call!(wait4, pid, &raw mut status, 0) }?;
    let signal = status & 0x7f;
    Ok(if signal == 0 { status >> 8 & 0xff } else { 128 + signal })
}

/// Gives the process a user, a group, and these groups beside it, all for good. `setgroups(2)`, `setresgid(2)`,
/// `setresuid(2)`. Errors: `EPERM` without CAP_SETUID and CAP_SETGID.
#[inline(never)]
pub fn become_user(user: u32, group: u32, groups: &[u32]) -> Result<()> {
    // The calls with numbers of 32 bits; on ARM those of 16 bits have the plain names.
    #[cfg(not(target_arch = "arm"))]
    let (set_groups, set_group, set_user) = (Sysno::setgroups, Sysno::setresgid, Sysno::setresuid);
    #[cfg(target_arch = "arm")]
    let (set_groups, set_group, set_user) = (Sysno::setgroups32, Sysno::setresgid32, Sysno::setresuid32);
    // SAFETY: the kernel reads as many numbers as there are.
    unsafe { syscall!(set_groups, groups.len(), groups.as_ptr()) }?;
    // SAFETY: numbers only.
    unsafe { syscall!(set_group, group, group, group) }?;
    // SAFETY: numbers only.
    unsafe { syscall!(set_user, user, user, user) }?;
    Ok(())
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
    unsafe { call!(seccomp, 1, SPEC_ALLOW, &raw const program) }?;
    Ok(())
}

/// Gives this process namespaces of its own for mounts and cgroups. `unshare(2)`.
pub fn unshare_doors() -> Result<()> {
    // SAFETY: numbers only; this changes what paths mean, and no memory.
    unsafe { call!(unshare, linux::CLONE_NEWNS | linux::CLONE_NEWCGROUP, 0, 0) }?;
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
    // `struct __user_cap_header_struct`: _LINUX_CAPABILITY_VERSION_3, and 0 for the process itself; `__user_cap_data_struct`
    // twice, the low halves first: effective, permitted, inheritable.
    let mut head = [0x2008_0522_u32, 0];
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
