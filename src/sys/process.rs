//! Processes: exec, fork and wait, and what they inherit.

use super::Result;
use super::args::Strings;
use crate::error::Errno;
use core::ffi::{CStr, c_char};
use linux_raw_sys::general as linux;
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

/// Sets the limits on locked memory, bytes, the one that counts and the highest it may be set to, and puts those there
/// were in their place. `prlimit64(2)`.
pub fn swap_memlock_limits(limits: &mut [u64; 2]) -> Result<()> {
    let new = *limits;
    // SAFETY: the kernel reads two numbers of 64 bits and writes two; 0 is the process itself.
    unsafe { call!(prlimit64, 0, linux::RLIMIT_MEMLOCK, &raw const new, limits.as_mut_ptr(), 0) }?;
    Ok(())
}
