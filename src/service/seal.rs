//! What the levels guard and strict take from a service just before it starts.

use crate::bind::program::Level;
use crate::bind::{filter, obstacle};
use crate::error::{Errno, Error, Exit, What};
use crate::log::{Outcome, say};
use crate::proc;
use crate::sys::path::Path;
use crate::sys::{file, process};
use core::ffi::CStr;
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::Relaxed;

/// The capabilities that a strict service keeps, if it has them: those that lead to no interface and to no other process's
/// network. Source: `uapi/linux/capability.h`, capabilities(7).
const KEPT: [u8; 14] = [
    0,  // CHOWN
    3,  // FOWNER
    4,  // FSETID
    5,  // KILL
    6,  // SETGID
    7,  // SETUID
    10, // NET_BIND_SERVICE
    11, // NET_BROADCAST
    14, // IPC_LOCK
    18, // SYS_CHROOT
    23, // SYS_NICE
    24, // SYS_RESOURCE
    25, // SYS_TIME
    29, // AUDIT_WRITE
];

/// File systems that are the kernel's own doors, which a strict service finds read-only: the cgroup tree; /sys, by which
/// the kernel is told of helpers to run; and their like.
const DOORS: &[u8] = b"cgroup cgroup2 sysfs bpf debugfs tracefs securityfs configfs efivarfs pstore ";

/// Seals this process: nothing that is inherited, nothing the kernel does behind the back of sockets, and at strict no
/// privilege leads out of the VRF any more. Descriptors are closed but for 0, 1, 2 and those whose bits are in `keep`; `None`
/// leaves all.
pub fn seal(level: Level, no_new_privs: Option<bool>, keep: Option<u64>) -> Outcome {
    let strict = level == Level::Strict;
    let step = |what: &'static str, needs: &'static str, done: Result<(), Errno>| {
        done.map_err(|errno| refuse(what, needs, errno))
    };
    if strict {
        let unshared = process::unshare_doors();
        unshared.map_err(|errno| refuse("unshare mounts and cgroups", obstacle::of_namespaces(errno), errno))?;
        close_doors().map_err(|errno| refuse("make the mounts private", obstacle::of_mounts(errno), errno))?;
    }
    if no_new_privs.unwrap_or(strict) {
        step("set no_new_privs", "", process::no_new_privs())?;
    }
    if strict || level > Level::Bind && !SHARED.load(Relaxed) {
        let needs =
            "guard and strict need CONFIG_SECCOMP_FILTER, and CAP_SYS_ADMIN or --no-new-privs yes; bind does not";
        step("install the seccomp filter", needs, process::filter(filter::filter(strict)))?;
    }
    if strict {
        let kept = KEPT.iter().fold(0_u64, |kept, capability| kept | 1 << capability);
        step("drop capabilities", "", process::keep_capabilities(kept))?;
    }
    if let Some(keep) = keep {
        step("close descriptors", "", process::close_but(keep | 7))?;
    }
    Ok(())
}

/// Whether this process has guard's filter, and so all that it starts.
static SHARED: AtomicBool = AtomicBool::new(false);

/// Takes guard's filter upon this process, for all that it starts from now on: to set it for each takes the kernel a tenth of a
/// start. Where it cannot be had, each tries for itself, and says why not.
pub fn share() {
    SHARED.store(process::filter(filter::filter(false)).is_ok(), Relaxed);
}

#[cold]
#[inline(never)]
fn refuse(what: &'static str, advice: &'static str, errno: Errno) -> Exit {
    say(&Error { advice, ..Error::system(What::Deed(what, b"of the service"), errno) })
}

/// Makes the kernel's doors read-only on the mounts of this process's own namespace.
fn close_doors() -> Result<(), Errno> {
    file::mount_private(c"/")?;
    let mut done = Ok(());
    let mut path = Path::new();
    proc::mounts(&mut |place, kind| {
        let mut of = |place: &[u8], below: &[u8]| {
            path.truncate(0);
            unescape(place, &mut path);
            path.add(below);
            done = shut(path.c_str(), !below.is_empty());
        };
        if kind == b"proc" {
            of(place, b"/sys");
        } else if DOORS.split(|byte| *byte == b' ').any(|door| door == kind) {
            of(place, b"");
        }
        done.is_err()
    })?;
    done
}

/// Makes what is mounted at a path read-only; with `bind`, makes a mount of it first.
fn shut(path: &CStr, bind: bool) -> Result<(), Errno> {
    if bind {
        match file::bind_mount(path) {
            // A /proc without /proc/sys, or a folder or a file of /proc that is a mount of its own (ProtectKernelTunables=).
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
            other => other?,
        }
    }
    file::make_read_only(path)
}

/// Adds a place as proc(5) writes it: `\040` is a blank.
pub fn unescape(place: &[u8], path: &mut Path) {
    let mut rest = place;
    loop {
        match rest {
            [b'\\', a, b, c, more @ ..] => {
                let value = [a, b, c].into_iter().fold(0_u8, |sum, digit| sum << 3 | (digit & 7));
                path.add(&[value]);
                rest = more;
            }
            [byte, more @ ..] => {
                path.add(&[*byte]);
                rest = more;
            }
            [] => return,
        }
    }
}
