//! What the levels guard and strict take from a service just before it starts.

use crate::bind::program::Level;
use crate::bind::{filter, obstacle, untraced};
use crate::error::{Errno, Error, Exit, What};
use crate::limits;
use crate::log::{Outcome, say};
use crate::proc;
use crate::record::FOLDER;
use crate::sys::landlock::{self, Ruleset};
use crate::sys::path::Path;
use crate::sys::{file, process};
use crate::text::Buf;
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

/// The same below `/proc`: switches, keys of the console, and what drivers of devices and interrupts are told by. A mount of a directory
/// of `/proc` elsewhere is read-only as a whole.
const DOORS_OF_PROC: [&[u8]; 8] = [b"/sys", b"/sysrq-trigger", b"/irq", b"/bus", b"/fs", b"/acpi", b"/scsi", b"/mtrr"];

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
        step("close other processes to the service", "", part_from_others())?;
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

/// Takes from this process the ptrace access to processes that are not its own service's: by a Landlock domain, or where the kernel has
/// no suitable one, by a filter before the system calls.
///
/// | Landlock | given up | what a service notices |
/// |---|---|---|
/// | 6 and above (6.12) | signals and abstract Unix sockets of others | nothing else |
/// | 2 to 5 (5.19) | the right to move files between directories, kept beneath `/` | nothing: mounts are taken away already |
/// | 1 (5.13) | nothing: every domain would forbid to move files between directories | it cannot trace processes of its own |
/// | none | nothing | likewise |
fn part_from_others() -> Result<(), Errno> {
    let (handled_access_fs, scoped) = match landlock::version() {
        0 | 1 => return process::filter(untraced::filter()),
        2..6 => (landlock::REFER, 0),
        _ => (0, landlock::SCOPES),
    };
    let ruleset = landlock::ruleset(&Ruleset { handled_access_fs, handled_access_net: 0, scoped })?;
    if handled_access_fs != 0 {
        landlock::keep_beneath(&ruleset, &file::open_dir(c"/")?, handled_access_fs)?;
    }
    landlock::enter(&ruleset)
}

/// Makes the kernel's doors read-only on the mounts of this process's own namespace, and hides the records.
///
/// In a chroot the kernel tells only of the mounts that can be reached from there, but whoever has CAP_SYS_CHROOT gets out of it. So
/// the process leaves it, closes the doors of all mounts, and goes back.
fn close_doors() -> Result<(), Errno> {
    let _ = file::mkdir(FOLDER); // or the service could make it; where there is no /run, it cannot either
    let record = file::identity(FOLDER).ok();
    let (root, here) = (file::open_place(c"/")?, file::open_place(c".")?);
    match process::enter_root_of_mounts() {
        Ok(()) => {
            let closed = close_all();
            file::go_back(&root, &here).and(closed)?;
        }
        // Without CAP_SYS_CHROOT nobody gets out of a chroot.
        Err(Errno::EPERM) => close_all()?,
        Err(errno) => return Err(errno),
    }
    // In a chroot there is another one.
    hide_if(FOLDER, record)?;
    // A working directory that a new mount covers is still the one below.
    let mut name = [0; limits::PATH];
    let mut path = Path::new();
    path.add(file::read_link(c"/proc/self/cwd", &mut name)?);
    let _ = file::chdir(path.c_str()); // one that has been deleted has no name, and nothing covers it
    Ok(())
}

/// Closes the doors of all mounts that can be reached from the root.
fn close_all() -> Result<(), Errno> {
    file::mount_private(c"/")?;
    let record = file::identity(FOLDER).ok();
    let mut numbers = [0; 24];
    let mut device = Buf::new(&mut numbers);
    if let Some((number, _)) = record {
        let (major, minor) = file::numbers(number);
        device.num(major).str(":").num(minor);
    }
    let device = device.as_bytes();
    let mut done = Ok(());
    let mut path = Path::new();
    proc::each_mount(proc::MOUNTS, &mut |mount| {
        let mut at = |below: &[u8], close: &dyn Fn(&CStr) -> Result<(), Errno>| {
            path.truncate(0);
            unescape(mount.place, &mut path);
            path.add(below);
            if done.is_ok() {
                done = close(path.c_str());
            }
        };
        if mount.kind == b"proc" && mount.root == b"/" {
            for door in DOORS_OF_PROC {
                at(door, &|path| shut(path, true));
            }
        } else if mount.kind == b"proc" || DOORS.split(|byte| *byte == b' ').any(|door| door == mount.kind) {
            at(b"", &|path| shut(path, false));
        } else if mount.device == device {
            for below in [&b""[..], b"/vrf-launch", b"/run/vrf-launch"] {
                at(below, &|path| hide_if(path, record));
            }
        }
        done.is_err()
    })?;
    done
}

/// Hides a directory if it is that one: device and inode.
fn hide_if(path: &CStr, record: Option<(u64, u64)>) -> Result<(), Errno> {
    if record.is_some() && file::identity(path).ok() == record { file::hide(path) } else { Ok(()) }
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
