//! What keeps this process from binding by a cgroup, or from sealing a service: the advice names the option of a sandbox that does it,
//! where the cause can be told apart. It is looked for only after the kernel has refused something.
//!
//! | the kernel said | and | cause | option of a systemd unit |
//! |---|---|---|---|
//! | `EROFS` | | the cgroup2 tree is mounted read-only | `ProtectControlGroups=` |
//! | `EPERM` | a capability is not effective | it has been taken from the process | `CapabilityBoundingSet=` |
//! | `EPERM` | the user namespace is not the machine's | capabilities count in that namespace only | `PrivateUsers=` |
//! | `EPERM`, `ENOSYS` | `bpf(2)` does not reach the kernel | a seccomp filter | `SystemCallFilter=` |
//! | `EPERM` of `unshare(2)` | the process has a filter and CAP_SYS_ADMIN | a seccomp filter | `RestrictNamespaces=` |
//! | `EPERM` of `mount(2)` | likewise | a seccomp filter | `SystemCallFilter=` |
//!
//! Source: systemd.exec(5); `kernel/bpf/syscall.c: __sys_bpf, bpf_prog_load`; proc_pid_status(5).

use crate::conf::words::Words;
use crate::error::Errno;
use crate::proc::Lines;
use crate::sys::{bpf, file, process};

/// `CAP_NET_ADMIN`, `CAP_SYS_ADMIN`, `CAP_BPF`. Source: `uapi/linux/capability.h`.
const NET_ADMIN: u64 = 1 << 12;
const SYS_ADMIN: u64 = 1 << 21;
const BPF: u64 = 1 << 39;

/// The inode of the user namespace that the machine began with. Source: `linux/proc_ns.h: PROC_USER_INIT_INO`.
const MACHINES_USERS: u64 = 0xEFFF_FFFD;

/// What the kernel tells of this process.
struct Own {
    /// The capabilities that count.
    capabilities: u64,
    /// Whether a seccomp filter stands before its system calls.
    is_filtered: bool,
}

impl Own {
    /// Reads /proc/self/status, proc_pid_status(5). Where that does not tell, nothing is missing.
    fn read() -> Self {
        let mut own = Self { capabilities: u64::MAX, is_filtered: false };
        let mut lines = Lines::new();
        if lines.open(c"/proc/self/status").is_err() {
            return own;
        }
        while lines.advance() == Ok(true) {
            let mut words = Words::new(lines.line.as_bytes());
            match (words.next(), words.next()) {
                (Some(b"CapEff:"), Some(digits)) => {
                    own.capabilities = super::seccomp::hexadecimal(digits).unwrap_or(u64::MAX);
                }
                (Some(b"Seccomp:"), Some(mode)) => own.is_filtered = mode == b"2",
                _ => {}
            }
        }
        own
    }

    const fn lacks(&self, capability: u64) -> bool {
        self.capabilities & capability == 0
    }
}

/// Whether this process is in a user namespace that is not the machine's.
fn is_in_user_namespace() -> bool {
    file::identity(c"/proc/self/ns/user").is_ok_and(|(_, inode)| inode != MACHINES_USERS)
}

/// What to do where this process cannot join the cgroup of a VRF, or attach the programs to it.
#[cold]
pub fn of_cgroup(errno: Errno) -> &'static str {
    match errno {
        Errno::EROFS => {
            "the cgroup2 tree is read-only here, as ProtectControlGroups= of a systemd unit makes it: take that out; --bind seccomp --isolation bind needs no cgroup"
        }
        Errno::E2BIG => "a VRF of so many members can be had with --isolation bind",
        Errno::EACCES | Errno::EPERM | Errno::ENOSYS => of_refusal(errno),
        Errno::ENOENT if !file::exists(c"/proc/self/status") => "is /proc mounted?",
        _ => {
            "this needs CONFIG_CGROUP_BPF and a cgroup2 that can be written; --bind seccomp --isolation bind needs neither"
        }
    }
}

fn of_refusal(errno: Errno) -> &'static str {
    let own = Own::read();
    let is_denied = errno != Errno::ENOSYS;
    if is_denied && !process::is_root() {
        return "this needs root; --bind seccomp --isolation bind does not";
    }
    // Since 6.9 CAP_SYS_ADMIN stands for CAP_NET_ADMIN (`kernel/bpf/token.c: bpf_token_capable`).
    let needs_net = own.lacks(SYS_ADMIN) || !process::kernel_is(6, 9);
    match (own.lacks(SYS_ADMIN) && own.lacks(BPF), own.lacks(NET_ADMIN) && needs_net) {
        (true, true) if is_denied => {
            return "CAP_SYS_ADMIN and CAP_NET_ADMIN are missing: CapabilityBoundingSet= of a systemd unit has to have both; --bind seccomp --isolation bind needs neither";
        }
        (true, false) if is_denied => {
            return "CAP_SYS_ADMIN is missing: CapabilityBoundingSet= of a systemd unit has to have it; --bind seccomp --isolation bind does not need it";
        }
        (false, true) if is_denied => {
            return "CAP_NET_ADMIN is missing: CapabilityBoundingSet= of a systemd unit has to have it; --bind seccomp --isolation bind does not need it";
        }
        _ => {}
    }
    if is_denied && is_in_user_namespace() {
        return "the kernel lets nobody in a user namespace do this (PrivateUsers= of a systemd unit, a container); --bind seccomp --isolation bind works there";
    }
    if own.is_filtered && !bpf::reaches_kernel() {
        return "a seccomp filter refuses bpf(2): SystemCallFilter= of a systemd unit has to have bpf; --bind seccomp --isolation bind does not need it";
    }
    if is_denied {
        "this needs a cgroup2 tree that root may write, and no program in a cgroup above that allows no others; --bind seccomp --isolation bind does not"
    } else {
        "this needs CONFIG_CGROUP_BPF; --bind seccomp --isolation bind does not"
    }
}

/// What to do where strict cannot have namespaces of its own for mounts and cgroups.
#[cold]
pub fn of_namespaces(errno: Errno) -> &'static str {
    let own = Own::read();
    match errno {
        Errno::EPERM | Errno::ENOSYS if own.is_filtered && !own.lacks(SYS_ADMIN) => {
            "a seccomp filter refuses unshare(2): RestrictNamespaces= of a systemd unit has to allow mnt and cgroup for strict; guard needs neither"
        }
        Errno::EPERM => {
            "CAP_SYS_ADMIN is missing: strict needs it, CapabilityBoundingSet= of a systemd unit has to have it"
        }
        Errno::ENOSPC => "user.max_mnt_namespaces and user.max_cgroup_namespaces allow no more of them",
        _ => "",
    }
}

/// What to do where strict cannot change the mounts of its own namespace.
#[cold]
pub fn of_mounts(errno: Errno) -> &'static str {
    if matches!(errno, Errno::EPERM | Errno::ENOSYS) && Own::read().is_filtered {
        "a seccomp filter refuses mount(2): SystemCallFilter= of a systemd unit has to have mount for strict; guard does not need it"
    } else {
        "strict changes mounts of its own namespace; guard does not"
    }
}
