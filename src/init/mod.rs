//! The duties of the first process: what a machine needs before anything runs on it, and its end.
//!
//! The first process must not end, or the kernel panics: nothing here gives up. What fails is said, and the next thing
//! done.

pub mod end;
pub mod modules;

use crate::bytes::before;
use crate::conf::keywords::Keyword;
use crate::conf::lines::Lines;
use crate::conf::words::Words;
use crate::error::Errno;
use crate::load::{self, Loaded};
use crate::log::{self, refused};
use crate::sys::args::{Made, Strings};
use crate::sys::file;
use crate::sys::net;
use crate::sys::path::Path;
use crate::sys::process::{self, signal};
use core::ffi::CStr;

/// The signals by which the machine is asked to end, as busybox init knows them.
pub const ENDS: u64 =
    signal::set(signal::TERM) | signal::set(signal::USR1) | signal::set(signal::USR2) | signal::set(signal::INT);

/// A file system that has to be there.
struct Mount {
    kind: &'static CStr,
    place: &'static CStr,
    flags: u32,
    options: &'static CStr,
}

const DEV: &CStr = c"/dev";

/// In the order of mounting.
const MOUNTS: [Mount; 6] = [
    Mount { kind: c"proc", place: c"/proc", flags: file::PLAIN, options: c"" },
    Mount { kind: c"sysfs", place: c"/sys", flags: file::PLAIN, options: c"" },
    Mount { kind: c"devtmpfs", place: DEV, flags: file::NO_SUID, options: c"mode=0755" },
    Mount { kind: c"devpts", place: c"/dev/pts", flags: file::NO_SUID, options: c"gid=5,mode=620,ptmxmode=666" },
    Mount { kind: c"tmpfs", place: c"/run", flags: file::NO_SUID, options: c"mode=0755" },
    // With favordynmods (6.0) a process joins a cgroup without waiting.
    Mount { kind: c"cgroup2", place: c"/sys/fs/cgroup", flags: file::PLAIN, options: c"favordynmods" },
];

/// Makes the machine ready: file systems, console, log, name, modules.
/// Says whether /dev was mounted for it.
#[inline(never)]
pub fn prepare(environment: Strings) -> bool {
    process::keep_ctrl_alt_del();
    let had_devices = is_mount_point(DEV);
    for mount in &MOUNTS {
        // Whoever came before, or the kernel, has mounted some.
        if !is_mount_point(mount.place) {
            if let Err(errno) = put_there(mount) {
                refused("mount", mount.place.to_bytes(), errno);
            }
        }
    }
    let _ = process::open_console(); // a machine without one is as good
    log::to_kernel();
    if let Ok(name) = load::read(c"/etc/hostname") {
        if let Some(name) = Words::new(before(name, b'\n')).next() {
            if let Err(errno) = process::set_host_name(name) {
                refused("set the host name", name, errno);
            }
        }
    }
    modules::load(b"vrf");
    // `modules=A,B` of the kernel's command line, which hands such words on.
    let mut named = environment.value(b"modules").unwrap_or_default();
    while !named.is_empty() {
        let name = before(named, b',');
        modules::load(name);
        named = named.get(name.len() + 1..).unwrap_or_default();
    }
    if let Ok(text) = load::read(c"/etc/modules") {
        for line in Lines::new(text) {
            if let Some(name) = Words::new(before(line.body, b'#')).next() {
                modules::load(name);
            }
        }
    }
    !had_devices
}

/// Takes /dev away again, for the init that comes next: that of an initramfs mounts it, and where it cannot, because it is
/// mounted, takes an empty one (those of Alpine and Debian do).
pub fn leave_devices() {
    let _ = file::detach(DEV); // then it is the next one's to say
}

/// Loads the modules by which an interface is shared, where one is to be. Others of the configuration are those of links,
/// which /etc/modules may name.
pub fn prepare_for(conf: &Loaded) {
    if conf.conf.has(Keyword::VrfShared) {
        modules::load(b"sch_ingress");
        modules::load(b"cls_bpf");
    }
}

#[inline(never)]
fn put_there(mount: &Mount) -> Result<(), Errno> {
    let _ = file::mkdir(mount.place); // it is there, or the mount says what is the matter
    match file::mount_with(mount.kind, mount.place, mount.kind, mount.flags, mount.options) {
        Err(Errno::EINVAL) => file::mount_with(mount.kind, mount.place, mount.kind, mount.flags, c""),
        other => other,
    }
}

/// Whether something is mounted there: it is on another device than the folder above.
#[inline(never)]
fn is_mount_point(place: &CStr) -> bool {
    let mut above = Path::new();
    let device = |path: &CStr| file::identity(path).map(|(device, _)| device);
    let own = device(place);
    own.is_ok() && own != device(above.add(place.to_bytes()).add(b"/..").c_str())
}

/// What another init is called, if none is named.
const INITS: [&CStr; 3] = [c"/sbin/init", c"/etc/init", c"/bin/init"];

/// The command line of the init that comes next: the words from the first that is a path, or the first of [`INITS`] that is
/// there and not this program, with all words.
#[inline(never)]
pub fn next_init(words: Strings) -> Option<Strings> {
    let mut rest = words;
    let mut at = rest;
    while let Some(word) = rest.next() {
        if word.to_bytes().starts_with(b"/") {
            return Some(at);
        }
        at = rest;
    }
    let own = file::identity(c"/proc/self/exe");
    let path = INITS.iter().find(|path| file::exists(path) && file::identity(path) != own)?;
    let mut command = Made::of(Strings::NONE);
    command.push(path);
    for word in words {
        command.push(word);
    }
    command.finish().ok()
}

/// Whether the kernel started the program to be the first process, rather than somebody a command in a container: it is
/// called `init`, or without a command.
#[inline(never)]
pub fn is_started_as(mut argv: Strings, environment: Strings, is_command: &dyn Fn(&[u8]) -> bool) -> bool {
    let name = argv.next().map_or(&b""[..], CStr::to_bytes);
    if name == b"init" || name.ends_with(b"/init") {
        return true;
    }
    let first = argv.next().map_or(&b""[..], CStr::to_bytes);
    let one_word = argv.next().is_none();
    // The kernel sets no PATH, and what starts containers does.
    let by_kernel = environment.value(b"PATH").is_none() || (one_word && !first.starts_with(b"-"));
    let may_be = first.is_empty() || first.starts_with(b"/") || (by_kernel && !is_command(first));
    may_be && process::getpid() == 1 // asked last: a command in a VRF is to cost no system call for it
}

/// What is left to a machine whose configuration is wrong: a shell on the console where there is one. Comes back with the
/// signal that asks the machine to end.
#[inline(never)]
pub fn emergency(environment: Strings) -> u32 {
    const SHELL: &CStr = c"/bin/sh";
    let has_shell = file::exists(SHELL);
    log::alarm(&|out| {
        out.str("nothing is started; ").str(if has_shell {
            "a shell is on the console"
        } else {
            "waiting for a signal"
        });
    });
    let _ = process::swap_signal_mask(signal::HANDLED); // it cannot be refused
    let Ok(signals) = process::signalfd(signal::HANDLED) else { process::rest() };
    let mut shell = 0;
    loop {
        while let Ok((pid, _)) = process::reap() {
            if pid == shell {
                shell = 0;
            }
        }
        if has_shell && shell == 0 {
            shell = process::fork().unwrap_or(0);
            if shell == 0 && process::getpid() != 1 {
                let _ = process::swap_signal_mask(0);
                process::take_console();
                let mut command = Made::of(Strings::NONE);
                command.push(SHELL);
                if let Ok(command) = command.finish() {
                    process::execve(SHELL, command, environment);
                }
                process::exit(127);
            }
        }
        // A shell that ends at once is not started more often than that.
        let mut watched = [net::watch(crate::sys::number(&signals))];
        let _ = net::wait(&mut watched, 1000);
        while let Some(number) = process::next_signal(&signals) {
            if signal::is_in(number, ENDS) {
                return number;
            }
        }
    }
}
