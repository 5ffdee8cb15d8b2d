//! Landlock: a process gives up rights, for itself and all that it starts, and is then in a domain.
//!
//! Whoever is in a domain has no ptrace access to a process outside of it, whatever the rights are that it gave up.
//!
//! Source: `uapi/linux/landlock.h`, landlock(7), `security/landlock/task.c: hook_ptrace_access_check`. Since 5.13.

use super::{OwnedFd, Result, owned};
use core::mem::{offset_of, size_of};
use linux_raw_sys::landlock as linux;
use rustix::fd::AsRawFd;

/// What is in a ruleset: rights to files, and what of other domains cannot be reached any more.
pub use linux::landlock_ruleset_attr as Ruleset;

/// A file may come into another directory, by link(2) or rename(2). From version 2 on.
#[allow(clippy::as_conversions, reason = "a wider number, in a constant")]
pub const REFER: u64 = linux::LANDLOCK_ACCESS_FS_REFER as u64;

/// Signals, and abstract Unix sockets. From version 6 on.
#[allow(clippy::as_conversions, reason = "a wider number, in a constant")]
pub const SCOPES: u64 = (linux::LANDLOCK_SCOPE_SIGNAL | linux::LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET) as u64;

/// Version of the interface; 0 where the kernel has no Landlock, or has it switched off (`lsm=`).
pub fn version() -> u32 {
    // SAFETY: numbers only.
    unsafe { call!(landlock_create_ruleset, 0, 0, linux::LANDLOCK_CREATE_RULESET_VERSION) }.unwrap_or(0)
}

/// Makes a ruleset. `landlock_create_ruleset(2)`.
pub fn ruleset(ruleset: &Ruleset) -> Result<OwnedFd> {
    // Kernels before 6.12 take a longer struct only where the rest is 0, which it is.
    // SAFETY: the kernel reads one struct.
    Ok(owned(unsafe { call!(landlock_create_ruleset, &raw const *ruleset, size_of::<Ruleset>(), 0) }?))
}

/// Keeps a right to files beneath a directory. `landlock_add_rule(2)`.
pub fn keep_beneath(ruleset: &OwnedFd, directory: &OwnedFd, allowed_access: u64) -> Result<()> {
    let rule = linux::landlock_path_beneath_attr { allowed_access, parent_fd: directory.as_raw_fd() };
    const _: () = assert!(offset_of!(linux::landlock_path_beneath_attr, parent_fd) == 8);
    let kind = linux::landlock_rule_type::LANDLOCK_RULE_PATH_BENEATH;
    // SAFETY: the kernel reads one struct.
    unsafe { call!(landlock_add_rule, ruleset.as_raw_fd(), kind, &raw const rule, 0, 0) }?;
    Ok(())
}

/// Gives up what the ruleset says. `landlock_restrict_self(2)`. Errors: `EPERM` without no_new_privs and CAP_SYS_ADMIN; `E2BIG`
/// where the process is in sixteen domains.
pub fn enter(ruleset: &OwnedFd) -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(landlock_restrict_self, ruleset.as_raw_fd(), 0, 0) }?;
    Ok(())
}
