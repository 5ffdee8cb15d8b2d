//! System calls: one safe function for each, and the only unsafe code of the library.
//!
//! Most are made by one function, [`call5`], which costs less than its body at each of them; `rustix` has those whose
//! structs differ between processors. Nothing here decides anything; a failure is the kernel's error number.
#![allow(unsafe_code)]

use crate::error::Errno;
use core::ffi::c_int;
use rustix::fd::{AsRawFd, BorrowedFd, IntoRawFd};
use syscalls::{Sysno, syscall};

/// Makes a system call with up to five arguments, each a number or an address: `call!(read, fd, buf, len)`.
///
/// A macro, because arguments of all types become a register's worth.
macro_rules! call {
    ($name:ident, $a:expr, $b:expr, $c:expr) => {{
        #[allow(clippy::as_conversions, reason = "what a register holds")]
        $crate::sys::call3(syscalls::Sysno::$name, $a as usize, $b as usize, $c as usize)
    }};
    ($name:ident, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr) => {{
        #[allow(clippy::as_conversions, reason = "what a register holds")]
        $crate::sys::call5(
            syscalls::Sysno::$name,
            $a as usize,
            $b as usize,
            $c as usize,
            $d as usize,
            $e as usize,
        )
    }};
}

pub mod args;
pub mod bpf;
pub mod file;
pub mod landlock;
pub mod mem;
pub mod net;
pub mod path;
pub mod process;
pub mod seccomp;
pub mod time;

/// An open file or socket; closed when it is dropped.
pub use rustix::fd::OwnedFd;

/// What a system call gives, or the kernel's error number.
pub type Result<T> = core::result::Result<T, Errno>;

/// Makes a system call, again where a signal came between (`EINTR`). For those whose answers have 31 bits.
///
/// # Safety
/// What the system call does with the memory that the arguments are addresses of, it may do.
#[inline(never)]
unsafe fn call5(call: Sysno, a: usize, b: usize, c: usize, d: usize, e: usize) -> Result<u32> {
    loop {
        // SAFETY: the caller's promise.
        match unsafe { syscall!(call, a, b, c, d, e) } {
            Err(syscalls::Errno::EINTR) => {}
            #[allow(clippy::as_conversions, reason = "as said")]
            other => return Ok(other? as u32),
        }
    }
}

/// As [`call5`], with three arguments.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn call3(call: Sysno, a: usize, b: usize, c: usize) -> Result<u32> {
    // SAFETY: the caller's promise.
    unsafe { call5(call, a, b, c, 0, 0) }
}

/// Takes over a descriptor that the kernel has just opened for us alone, or one that is never closed.
///
/// Not by `from_raw_fd`, which would look whether it is -1.
const fn owned(fd: u32) -> OwnedFd {
    // SAFETY: it is a transparent struct around the number, and those that the kernel gives are not negative.
    unsafe { core::mem::transmute::<c_int, OwnedFd>(fd.cast_signed() & c_int::MAX) }
}

/// As [`owned`]. Where 0, 1 or 2 is closed, as it is for the first process of a machine without a console, the kernel gives that
/// number to what is opened next, and what is printed would go into it: it is moved away, and the number stays closed.
#[inline(never)]
fn opened(fd: u32) -> OwnedFd {
    let fd = owned(fd);
    if fd.as_raw_fd() > 2 {
        return fd;
    }
    // SAFETY: numbers only.
    match unsafe { call!(fcntl, fd.as_raw_fd(), linux_raw_sys::general::F_DUPFD_CLOEXEC, 3) } {
        Ok(moved) => owned(moved),
        Err(_) => fd, // as many are open as may be
    }
}

/// A descriptor for as long as its owner lets it be used.
///
/// Not by `as_fd`, which would look whether it is -1.
fn borrowed(fd: &OwnedFd) -> BorrowedFd<'_> {
    // SAFETY: it is a transparent struct around the number of a descriptor that is open for so long.
    unsafe { core::mem::transmute::<c_int, BorrowedFd<'_>>(fd.as_raw_fd()) }
}

/// The bit that stands for a descriptor in a set of those up to 63; none for a higher one.
pub fn bit(fd: &OwnedFd) -> u64 {
    use rustix::fd::AsRawFd;
    1_u64.checked_shl(fd.as_raw_fd().cast_unsigned()).unwrap_or(0)
}

/// A descriptor's number, for a table of them.
pub fn number(fd: &OwnedFd) -> c_int {
    fd.as_raw_fd()
}

/// Lets a descriptor stay open when its owner is gone; gives its number.
pub fn leak(fd: OwnedFd) -> c_int {
    fd.into_raw_fd()
}

/// Takes back what [`leak`] gave.
pub const fn unleak(fd: c_int) -> OwnedFd {
    owned(fd.cast_unsigned())
}

/// A number of bytes.
fn length(n: u32) -> usize {
    usize::try_from(n).unwrap_or(0)
}

impl From<rustix::io::Errno> for Errno {
    #[allow(clippy::as_conversions, reason = "the kernel's error numbers are below 4096")]
    fn from(errno: rustix::io::Errno) -> Self {
        Self(errno.raw_os_error() as _)
    }
}

impl From<syscalls::Errno> for Errno {
    #[allow(clippy::as_conversions, reason = "as above")]
    fn from(errno: syscalls::Errno) -> Self {
        Self(errno.into_raw() as _)
    }
}
