//! The supervisor's end of a seccomp filter: questions, and their answers.
//!
//! Source: `uapi/linux/seccomp.h`, seccomp_unotify(2). Since 5.0, descriptors since 5.9.

use super::{OwnedFd, Result};
use crate::error::Errno;
use rustix::fd::AsRawFd;
use syscalls::{Sysno, syscall};

/// A system call that waits for its answer. `struct seccomp_notif`, with its `struct seccomp_data`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Notice {
    /// What the answer names.
    pub id: u64,
    /// The thread, as this process's namespace has it; 0 where it has not.
    pub pid: u32,
    flags: u32,
    /// The system call's number.
    pub number: u32,
    /// `AUDIT_ARCH_…`
    pub arch: u32,
    /// Where in the program.
    pointer: u64,
    /// The system call's arguments.
    pub args: [u64; 6],
}
const _: () = assert!(size_of::<Notice>() == 80);

/// `_IOWR('!', 0, struct seccomp_notif)`
const RECEIVE: u32 = 0xc050_2100;
/// `_IOWR('!', 1, struct seccomp_notif_resp)`
const SEND: u32 = 0xc018_2101;
/// `_IOW('!', 2, __u64)`
const IS_VALID: u32 = 0x4008_2102;
/// `_IOW('!', 3, struct seccomp_notif_addfd)`
const ADD: u32 = 0x4018_2103;
/// `SECCOMP_ADDFD_FLAG_SEND`: and it is the answer (5.14).
const AND_SEND: u32 = 2;

/// The next question. `ENOENT`: whoever asked has gone.
pub fn receive(listener: &OwnedFd) -> Result<Notice> {
    let mut notice = Notice::default(); // the kernel wants zeroes
    // SAFETY: the kernel writes one `struct seccomp_notif`.
    unsafe { call!(ioctl, listener.as_raw_fd(), RECEIVE, &raw mut notice) }?;
    Ok(notice)
}

/// Whether it still waits: then its thread's number has not become another's.
pub fn is_valid(listener: &OwnedFd, id: u64) -> bool {
    // SAFETY: the kernel reads one number.
    unsafe { call!(ioctl, listener.as_raw_fd(), IS_VALID, &raw const id) }.is_ok()
}

/// The call fails so.
pub fn refuse(listener: &OwnedFd, id: u64, errno: Errno) {
    let _ = send(listener, id, 0, errno.0); // it may have gone
}

fn send(listener: &OwnedFd, id: u64, value: u32, errno: u32) -> Result<()> {
    /// `struct seccomp_notif_resp`
    #[repr(C)]
    struct Response {
        id: u64,
        value: i64,
        error: i32,
        flags: u32,
    }
    let response = Response { id, value: value.into(), error: errno.cast_signed().wrapping_neg(), flags: 0 };
    // SAFETY: the kernel reads one `struct seccomp_notif_resp`.
    unsafe { call!(ioctl, listener.as_raw_fd(), SEND, &raw const response) }?;
    Ok(())
}

/// The call gives a descriptor of what `fd` is, which is closed on exec where `flags` have `O_CLOEXEC`. Errors: those of the
/// caller's table of descriptors (`EMFILE`); `ENOENT` where it has gone.
pub fn give(listener: &OwnedFd, id: u64, fd: &OwnedFd, flags: u32) -> Result<()> {
    /// `struct seccomp_notif_addfd`
    #[repr(C)]
    struct Added {
        id: u64,
        flags: u32,
        from: i32,
        to: u32,
        to_flags: u32,
    }
    let mut added = Added { id, flags: AND_SEND, from: fd.as_raw_fd(), to: 0, to_flags: flags };
    let mut add = |flags: u32| -> Result<usize> {
        added.flags = flags;
        // SAFETY: the kernel reads one `struct seccomp_notif_addfd`.
        unsafe { syscall!(Sysno::ioctl, listener.as_raw_fd(), ADD, &raw const added) }.map_err(Errno::from)
    };
    match add(AND_SEND) {
        // Before 5.14 in two steps. A caller that a signal interrupts between them has a descriptor of which it does not
        // know; it is bound as every other.
        Err(Errno::EINVAL) => {
            let number = add(0)?;
            send(listener, id, u32::try_from(number).unwrap_or(0), 0)
        }
        other => other.map(drop),
    }
}
