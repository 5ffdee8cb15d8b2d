//! DHCP: busybox's udhcpc for an interface, in the VRF that the interface is in, as a process that goes on by itself.
//!
//! | command | is |
//! |---|---|
//! | `[ip vrf exec VRF ]udhcpc -i IFACE [OPTION]…` | one is to look after IFACE, in VRF or outside any |
//! | `udhcpc -k IFACE [VRF]` | none is, and what its lease brought is gone |
//!
//! Udhcpc starts a program for each event: this one, which gives it to a shell with [`SCRIPT`]; outside of VRFs the script that
//! the distribution has for that, where it has one. Variable [`MARK`] of its environment says which VRF it is in and where its
//! lease is noted: by that it is known again, whoever has its number since.
//!
//! It runs at guard, or less if the VRF's `vrf-isolation` is less: at strict it could neither send raw packets nor change
//! addresses.
//!
//! Source: `networking/udhcp/dhcpc.c` of busybox; `executors/linux/dhcp` of ifupdown-ng, whose options these are.

use crate::bind::program::Level;
use crate::bytes::before;
use crate::conf::keywords::Keyword;
use crate::conf::words::{Split, Words};
use crate::error::{Errno, Exit};
use crate::load::Loaded;
use crate::record;
use crate::sys::args::{Made, Strings, c_string};
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::process::{self, signal};
use crate::sys::{file, time};
use core::ffi::CStr;

/// What is done with a lease.
const SCRIPT: &str = concat!(include_str!("../../initramfs/udhcpc/script"), "\0");

/// `VRF LEASE`: its VRF, which may be nothing, and the file in which its lease is noted.
const MARK: &[u8] = b"VRF_LAUNCH_DHCP=";

/// Where the distributions' own scripts are.
const SCRIPTS: [&CStr; 2] = [c"/usr/share/udhcpc/default.script", c"/etc/udhcpc/default.script"];

/// What a client that somebody else has started for an interface writes its number to, before the interface's name and behind it.
const OTHERS: [(&[u8], &[u8]); 3] =
    [(b"/run/udhcpc.", b".pid"), (b"/run/dhclient.", b".pid"), (b"/run/dhcpcd/", b".pid")];

/// How long a client has to end by itself, milliseconds: it tells its server.
const LEAVE_MS: u32 = 3_000;

/// What a client needs to know of the world.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The configuration.
    pub conf: &'a Loaded,
    /// The number of the network namespace.
    pub namespace: u64,
    /// Its environment.
    pub environment: Strings,
}

/// What became of a client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It runs already.
    Already,
    /// It has a lease, as far as that can be known.
    Leased,
    /// It goes on asking.
    Asking,
    /// It ended with that exit code.
    Ended(i32),
    /// There is no such program.
    NoClient,
    /// There is no shell for the script.
    NoShell,
}

/// Whether the program was started by udhcpc, for one of its events.
pub fn is_event(mut argv: Strings, environment: Strings) -> bool {
    argv.next();
    let event = argv.next().map_or(&b""[..], CStr::to_bytes);
    let is_one = matches!(event, b"deconfig" | b"bound" | b"renew" | b"nak" | b"leasefail");
    is_one && argv.next().is_none() && environment.value(MARK.strip_suffix(b"=").unwrap_or_default()).is_some()
}

/// Gives an event to the script. Comes back where there is no shell.
pub fn event(argv: Strings, environment: Strings) -> Exit {
    let mut command = Made::of(Strings::NONE);
    command.push_all(b"sh\0-c\0");
    command.push_all(SCRIPT.as_bytes());
    command.push(c"udhcpc");
    for word in argv {
        command.push(word);
    }
    if let Ok(command) = command.finish() {
        process::execve(c"/bin/sh", command, environment);
    }
    Exit::NotFound
}

/// The paths of an interface's client: what its environment has of it, and the file with its number.
struct Paths {
    mark: Path,
    pid: Path,
    /// How much of the mark stands before the name of the file.
    lease: usize,
}

impl Paths {
    #[inline(never)]
    fn of(namespace: u64, vrf: &[u8], iface: &[u8]) -> Self {
        let mut paths = Self { mark: Path::new(), pid: Path::new(), lease: 0 };
        paths.mark.add(MARK).add(vrf).add(b" ");
        paths.lease = paths.mark.len();
        record::path(namespace, b".dhcp.", &mut paths.mark);
        paths.mark.add(iface);
        record::path(namespace, b".udhcpc.", &mut paths.pid);
        paths.pid.add(iface);
        paths
    }

    /// The file in which the lease is noted.
    fn lease(&self, path: &mut Path) {
        path.add(self.mark.as_bytes().get(self.lease..).unwrap_or_default());
    }

    /// The client that runs, and the VRF that it is in.
    #[inline(never)]
    fn running(&mut self) -> Option<(u32, &'static [u8])> {
        let mut room = [0; 16];
        let pid = number_in(self.pid.c_str(), &mut room)?;
        let mut path = Path::new();
        path.add(b"/proc/").add(pid).add(b"/environ");
        let environment = file::open(path.c_str()).ok()?;
        let mut text = List::new();
        while text.read_from(&environment, 4096).ok()? > 0 {}
        let lease = self.mark.as_bytes().get(self.lease..)?;
        let of = |variable: &'static [u8]| variable.strip_prefix(MARK)?.strip_suffix(lease)?.strip_suffix(b" ");
        let vrf = text.leak().split(|byte| *byte == 0).find_map(of)?;
        Some((crate::conf::values::u32_(pid).ok()?, vrf))
    }
}

/// The number of a process that a file names.
#[inline(never)]
fn number_in<'r>(path: &CStr, room: &'r mut [u8]) -> Option<&'r [u8]> {
    let text = file::open(path).and_then(|fd| file::read_all(&fd, room)).ok()?;
    let number = text.trim_ascii();
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) { None } else { Some(number) }
}

/// A command that asks for a client.
#[derive(Clone, Copy)]
pub struct Command<'a> {
    /// The VRF; empty for none.
    pub vrf: &'a [u8],
    /// The interface.
    pub iface: &'a [u8],
    /// Words for the client, as a shell would separate them.
    pub options: &'a [u8],
}

/// What a command asks for, if it is about a client.
#[inline(never)]
pub fn parse(command: &[u8]) -> Option<Command<'_>> {
    let (vrf, rest) = match command.strip_prefix(b"ip vrf exec ") {
        Some(rest) => (before(rest, b' '), rest.get(before(rest, b' ').len() + 1..)?),
        None => (&b""[..], command),
    };
    let mut words = Words::new(rest.strip_prefix(b"udhcpc -i ")?);
    let iface = words.next()?;
    Some(Command { vrf, iface, options: words.rest() })
}

/// Whether a client of an interface runs, in that VRF.
#[inline(never)]
pub fn runs(iface: &[u8], vrf: &[u8], namespace: u64) -> bool {
    match Paths::of(namespace, vrf, iface).running() {
        Some((_, its)) => its == vrf,
        None => vrf.is_empty() && others(iface),
    }
}

/// Sees to it that a client runs for an interface, and waits until it has a lease or goes on in the background.
#[inline(never)]
pub fn start(command: Command<'_>, world: &World<'_>) -> Result<Done, Errno> {
    let Command { vrf, iface, options } = command;
    let mut paths = Paths::of(world.namespace, vrf, iface);
    match paths.running() {
        Some((_, its)) if its == vrf => return Ok(Done::Already),
        Some((_, its)) => stop(iface, its, world),
        None if vrf.is_empty() && others(iface) => return Ok(Done::Already),
        None => {}
    }
    let mut program = Path::new();
    let own_name = find(b"udhcpc", world.environment, &mut program);
    if !own_name && !find(b"busybox", world.environment, &mut program) {
        return Ok(Done::NoClient);
    }
    let theirs = vrf.is_empty() && SCRIPTS.iter().any(|path| file::exists(path));
    if !theirs && !file::exists(c"/bin/sh") {
        return Ok(Done::NoShell);
    }

    let mut command = Made::of(Strings::NONE);
    if !vrf.is_empty() {
        command.push_all(b"vrf-launch\0-c\0/dev/null\0");
        if let Some(level) = level(vrf, world.conf) {
            command.push_all(if level == Level::Bind { b"--isolation\0bind\0" } else { b"--isolation\0guard\0" });
        }
        command.push(c_string(&mut vrf.iter().copied())?);
        command.push_all(b"--\0");
        command.push(c_string(&mut program.as_bytes().iter().copied())?);
    }
    if !own_name || vrf.is_empty() {
        command.push_all(b"udhcpc\0");
    }
    command.push_all(b"-b\0-R\0-Ostaticroutes\0-Osearch\0-i\0");
    command.push(c_string(&mut iface.iter().copied())?);
    command.push_all(b"-p\0");
    command.push(c_string(&mut paths.pid.as_bytes().iter().copied())?);
    let mut own = [0; 512];
    let own = file::read_link(c"/proc/self/exe", &mut own)?;
    if !theirs {
        command.push_all(b"-s\0");
        command.push(c_string(&mut own.iter().copied())?);
    }
    for word in Split::new(options) {
        command.push(c_string(&mut word.bytes())?);
    }
    let command = command.finish()?;
    let environment = environment(&paths, iface, own, world)?;
    let mut log = Path::new();
    log.add(paths.pid.as_bytes()).add(b".log");

    let child = process::fork()?;
    if child == 0 {
        let _ = process::swap_signal_mask(0); // as it was
        // Whoever reads what `up` says is not to wait for the client's end: what it says is in a file.
        let _ = file::unlink(log.c_str());
        for (opened, numbers) in [(file::open(c"/dev/null"), 0..1), (file::open_or_create(log.c_str()), 1..3)] {
            for number in numbers {
                let _ = opened.as_ref().map(|file| process::duplicate(file, number)); // else the one there was
            }
        }
        let errno = if vrf.is_empty() {
            process::execve(program.c_str(), command, environment)
        } else {
            process::execve(c"/proc/self/exe", command, environment)
        };
        process::exit(if errno == Errno::ENOENT { 127 } else { 126 });
    }
    let code = process::wait(child)?;
    if code != 0 {
        let mut said = [0; 1024];
        let said = file::open(log.c_str()).and_then(|log| file::read_all(&log, &mut said));
        let _ = said.and_then(|said| file::write_all(file::stderr(), said)); // the exit code says the rest
        return Ok(Done::Ended(code));
    }
    let mut lease = Path::new();
    paths.lease(&mut lease);
    Ok(if theirs || file::exists(lease.c_str()) { Done::Leased } else { Done::Asking })
}

/// Ends the client of an interface, and takes away what its lease brought.
#[inline(never)]
pub fn stop(iface: &[u8], vrf: &[u8], world: &World<'_>) {
    let mut paths = Paths::of(world.namespace, vrf, iface);
    if let Some((pid, _)) = paths.running() {
        process::kill(pid, signal::TERM);
        for _ in 0..LEAVE_MS / 20 {
            if paths.running().is_none() {
                break;
            }
            time::sleep_ms(20);
        }
        if paths.running().is_some() {
            process::kill(pid, signal::KILL);
        }
    }
    let _ = file::unlink(paths.pid.c_str()); // it may have done that
    // One that was killed has not done that.
    script(c"deconfig", iface, vrf, world);
}

/// Has the script do something with the lease that is noted, if one is.
#[inline(never)]
pub fn script(event_: &'static CStr, iface: &[u8], vrf: &[u8], world: &World<'_>) {
    let paths = Paths::of(world.namespace, vrf, iface);
    let mut lease = Path::new();
    paths.lease(&mut lease);
    if !file::exists(lease.c_str()) {
        return;
    }
    let mut own = [0; 512];
    let own = file::read_link(c"/proc/self/exe", &mut own).unwrap_or_default();
    let done = environment(&paths, iface, own, world).and_then(|environment| {
        let mut command = Made::of(Strings::NONE);
        command.push(event_);
        let command = command.finish()?;
        let child = process::fork()?;
        if child == 0 {
            process::exit(i32::from(event(command, environment).code()));
        }
        process::wait(child)
    });
    let _ = done; // what is left goes with the interface
}

/// The environment of a client and its script.
#[inline(never)]
fn environment(paths: &Paths, iface: &[u8], own: &[u8], world: &World<'_>) -> Result<Strings, Errno> {
    let mut environment = Made::of(world.environment);
    environment.set_made(paths.mark.as_bytes(), b"");
    environment.set_made(b"VRF_LAUNCH=", own);
    environment.set_made(b"interface=", iface);
    let conf = &world.conf.conf;
    if let Some(metric) = conf.find(iface).and_then(|iface| conf.last(iface, Keyword::Metric)) {
        environment.set_made(b"IF_METRIC=", metric.first());
    }
    environment.finish()
}

/// The level that the configuration says for services in a VRF.
fn level(vrf: &[u8], conf: &Loaded) -> Option<Level> {
    let conf = &conf.conf;
    conf.find(vrf).and_then(|vrf| conf.last(vrf, Keyword::VrfIsolation)).and_then(|line| Level::of(line.first()))
}

/// Whether somebody else's client looks after an interface.
fn others(iface: &[u8]) -> bool {
    OTHERS.iter().any(|(prefix, ending)| {
        let mut path = Path::new();
        let mut room = [0; 16];
        let pid = number_in(path.add(prefix).add(iface).add(ending).c_str(), &mut room);
        let mut process = Path::new();
        pid.is_some_and(|pid| file::exists(process.add(b"/proc/").add(pid).c_str()) && crate::vrf::shares_network(pid))
    })
}

/// Looks for a program in PATH, and where programs usually are.
#[inline(never)]
fn find(name: &[u8], environment: Strings, path: &mut Path) -> bool {
    for folders in [environment.value(b"PATH").unwrap_or_default(), super::DEFAULT_PATH] {
        for folder in folders.split(|byte| *byte == b':') {
            path.truncate(0);
            if file::exists(path.add(folder).add(b"/").add(name).c_str()) && !folder.is_empty() {
                return true;
            }
        }
    }
    false
}
