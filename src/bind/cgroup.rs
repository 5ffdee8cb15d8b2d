//! The cgroup that binds: `OWN/vrf-launch-LEVEL/vrf/NAME`, where OWN is the cgroup of whoever starts the service. A level
//! has cgroups of its own, because its programs are run for all that is in them.
//!
//! The kernel accounts for pressure (PSI) in each cgroup of a path whenever the processor goes from one process to
//! another: two in a hundred instructions of a question and its answer, for each. So the path is short, and nobody asks for
//! the pressure of cgroups that are ours; OWN's is what it was.
//!
//! `ip vrf identify` and `ip vrf pids` look for `…/vrf/NAME` and find it. It is not iproute2's own `OWN/vrf/NAME`:
//! iproute2 attaches its program with flags 0 and ours stands with `BPF_F_ALLOW_MULTI`, and the kernel refuses (EPERM) the
//! second kind in a cgroup that has the first, whichever comes first. In one cgroup, the first `vrf-launch` would
//! break `ip vrf exec` for that VRF until the next boot.
//!
//! An index means another interface in another network namespace, so one cgroup must not serve two ([`Namespace`]). Only
//! in the machine's own network namespace is the path as above. In one that has a name it is
//! `OWN/vrf-launch-LEVEL/NAME-ns/vrf/VRF`, as iproute2 expects; in one without a name
//! `OWN/vrf-launch-LEVEL/INODE-ns/vrf/VRF`, of which iproute2 knows nothing. In a container (a PID namespace that is not the
//! machine's) a name may be that of another namespace outside, so the inode stands before it:
//! `OWN/vrf-launch-LEVEL/INODE-ns/NAME-ns/vrf/VRF`.

use super::program::Level;
use super::{obstacle, refuse};
use crate::bytes::before;
use crate::error::Errno;
use crate::log::Outcome;
use crate::proc::{self, Lines};
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file, net, process};
use crate::text::Buf;
use crate::uapi;
use core::ffi::CStr;

/// `CGROUP2_SUPER_MAGIC`. Source: `uapi/linux/magic.h`.
const CGROUP2: u64 = 0x6367_7270;
/// Where cgroup2 is: alone; beside cgroup v1 (systemd's and OpenRC's hybrid layout); where iproute2 and we mount it.
const PLACES: [&CStr; 3] = [c"/sys/fs/cgroup", c"/sys/fs/cgroup/unified", MADE];
/// The last of them, a folder that [`mount_point`] makes.
pub const MADE: &CStr = c"/run/cgroup2";
/// Our part of a path begins so, and goes on with the level's name.
const OURS: &[u8] = b"vrf-launch-";
/// Behind it comes the VRF's name.
const VRF: &[u8] = b"vrf";
/// The component that stands for a network namespace ends so.
const NAMESPACE: &[u8] = b"-ns";
/// The inode of the machine's own network namespace, since 6.18. Source: `uapi/linux/nsfs.h: NET_NS_INIT_INO`.
const MACHINES_INODE: u64 = 0xEFFF_FFF9;
/// Its cookie before, from 5.14 on: the kernel counts from 1, and began with it. Source: `net/core/net_namespace.c`.
const MACHINES_COOKIE: u64 = 1;
/// A setting that before 5.14 no other network namespace shows. Source: `net/core/sysctl_net_core.c: net_core_table`.
const MACHINES_SETTING: &CStr = c"/proc/sys/net/core/netdev_max_backlog";

// ---- where cgroup2 is

/// Puts into `path` where cgroup2 is mounted; false where it is not.
pub fn mounted(path: &mut Path) -> bool {
    for place in PLACES {
        if is_cgroup2(place) {
            path.add(place.to_bytes());
            return true;
        }
    }
    find_mount(path) == Ok(true)
}

/// As [`mounted`]; mounts it where it is not.
pub fn mount_point(path: &mut Path) -> Outcome {
    if mounted(path) {
        return Ok(());
    }
    let [first, .., last] = PLACES;
    let place = match file::mkdir(last) {
        Ok(()) | Err(Errno::EEXIST) => last,
        // An image without a writable /run has a /sys/fs/cgroup that is free.
        Err(_) => first,
    };
    path.truncate(0);
    path.add(place.to_bytes());
    let mounted = match file::mount(c"cgroup2", place) {
        Err(Errno::EBUSY) => Ok(()), // another launch was faster
        other => other,
    };
    mounted.map_err(|errno| {
        let advice = match errno {
            Errno::ENODEV => "this kernel has no cgroups (CONFIG_CGROUPS, CONFIG_CGROUP_BPF)",
            Errno::EPERM | Errno::EACCES if process::is_root() => obstacle::of_cgroup(errno),
            Errno::EPERM | Errno::EACCES => "this needs root, or a cgroup2 that is mounted already",
            _ => "",
        };
        refuse("mount cgroup2 on", place.to_bytes(), errno, b"", advice)
    })
}

fn is_cgroup2(place: &CStr) -> bool {
    file::magic(place) == Ok(CGROUP2)
}

/// Looks for it anywhere else.
fn find_mount(path: &mut Path) -> Result<bool, Errno> {
    proc::mounts(&mut |place, kind| {
        if kind != b"cgroup2" {
            return false;
        }
        path.truncate(0);
        path.add(place);
        // It may be hidden below a later mount.
        is_cgroup2(path.c_str())
    })
}

// ---- names

/// Splits the last component off a path: `a/b/c` is `a/b` and `c`.
#[inline(never)]
pub fn split_last(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}

/// The VRF's name in the path of a process's cgroup, by component: `…/vrf/NAME`.
#[inline(never)]
pub fn vrf_of(path: &[u8]) -> Option<&[u8]> {
    let (rest, name) = split_last(path);
    if split_last(rest).1 == VRF && !name.is_empty() { Some(name) } else { None }
}

/// Splits what stands for a network namespace off the part of a path before `/vrf/VRF`: one component or two.
fn split_namespace(path: &[u8]) -> (&[u8], &[u8]) {
    let mut above = path;
    for _ in 0..2 {
        let (rest, last) = split_last(above);
        if last.ends_with(NAMESPACE) {
            above = rest;
        }
    }
    let start = if above.is_empty() || above.len() == path.len() { above.len() } else { above.len() + 1 };
    (above, path.get(start..).unwrap_or_default())
}

/// What stands for the network namespace in a path `…/vrf/VRF`; often nothing.
fn namespace_of(path: &[u8]) -> &[u8] {
    split_namespace(split_last(split_last(path).0).0).1
}

/// The parts of a path that is ours: `OWN/vrf-launch-LEVEL[/NAMESPACE]/vrf/VRF`.
pub struct Parts<'a> {
    /// The cgroup of whoever started what is there.
    pub own: &'a [u8],
    /// How its processes are kept.
    pub level: Level,
    /// What stands for the network namespace; often nothing.
    pub namespace: &'a [u8],
    /// The VRF's name.
    pub vrf: &'a [u8],
}

/// Takes a path apart, if it is ours.
#[inline(never)]
pub fn parts(path: &[u8]) -> Option<Parts<'_>> {
    let vrf = vrf_of(path)?;
    let (rest, namespace) = split_namespace(split_last(split_last(path).0).0);
    let (own, ours) = split_last(rest);
    let level = Level::of(ours.strip_prefix(OURS)?)?;
    Some(Parts { own, level, namespace, vrf })
}

/// The cgroup a path belongs to outside of any VRF: without our part, or iproute2's. `namespace` is the component that
/// stands for the process's network namespace, or nothing.
fn own<'a>(path: &'a [u8], namespace: &[u8]) -> &'a [u8] {
    if let Some(parts) = parts(path) {
        return parts.own;
    }
    let (mut rest, last) = split_last(path);
    if vrf_of(path).is_some() {
        rest = split_last(rest).0;
    } else if last != VRF {
        return path; // `…/vrf` is where `ip vrf exec default` leaves a process
    }
    let (above, last) = split_last(rest);
    if last == namespace && !last.is_empty() { above } else { rest }
}

// ---- network namespaces

/// The network namespace of this process, and which cgroups and processes are of it.
///
/// Which namespace is the machine's own, the kernel says, whatever is mounted at `/proc` and whoever asks: in a PID namespace
/// `/proc/1` is another process, and in a user namespace it does not tell.
pub struct Namespace {
    /// Device and inode.
    identity: Result<(u64, u64), Errno>,
    /// `INODE-ns`, or `INODE-ns/NAME-ns`.
    path: Path,
    /// How long the first component of it is.
    inode: usize,
    /// Where in it begins what stands for the namespace in a new path.
    start: usize,
}

impl Namespace {
    /// Not known yet.
    #[inline(always)]
    pub const fn new() -> Self {
        Self { identity: Err(Errno::ENOENT), path: Path::new(), inode: 0, start: 0 }
    }

    /// Finds out which one it is.
    pub fn find(&mut self) {
        // A kernel without network namespaces has no such file.
        self.identity = file::identity(c"/proc/self/ns/net");
        let Ok((_, inode)) = self.identity else { return };
        let mut room = [0; 10];
        let mut digits = Buf::new(&mut room);
        digits.num(u32::try_from(inode).unwrap_or(u32::MAX));
        self.inode = self.path.add(digits.as_bytes()).add(NAMESPACE).len();
        if is_machines(inode) {
            self.start = self.inode;
            return;
        }
        self.find_name();
        let is_named = self.path.len() > self.inode;
        if is_named && proc::is_machines() {
            self.start = self.inode + 1;
        }
    }

    /// Adds what it is called in `/run/netns`, if it is.
    fn find_name(&mut self) {
        let Ok(dir) = file::open_dir(c"/run/netns") else { return };
        let mut path = Path::new();
        let start = path.add(b"/run/netns/").len();
        let _ = file::entries(&dir, &mut |entry, _| {
            path.truncate(start);
            let same = file::identity(path.add(entry).c_str()) == self.identity;
            if same {
                self.path.add(b"/").add(entry).add(NAMESPACE);
            }
            !same
        });
        core::mem::forget(dir); // exec closes it: each close would be a system call more
    }

    /// What stands for it in a new path; nothing for the machine's own.
    fn component(&self) -> &[u8] {
        self.path.as_bytes().get(self.start..).unwrap_or_default()
    }

    /// Whether a process is in it; `None` where that cannot be seen.
    pub fn has(&self, pid: &[u8]) -> Option<bool> {
        let theirs = file::identity(of_process(&mut Path::new(), pid, b"/ns/net")).ok()?;
        self.identity.ok().map(|own| own == theirs)
    }

    /// Whether a component of a path has its inode.
    fn has_inode(&self, component: &[u8]) -> bool {
        let inode = self.path.as_bytes().get(..self.inode).unwrap_or_default();
        !inode.is_empty() && before(component, b'/') == inode
    }

    /// Whether a process in a cgroup is in it, by that component of the cgroup's path: an inode is believed, a name or nothing
    /// only where the process cannot be seen.
    fn has_member(&self, component: &[u8], pid: &[u8]) -> bool {
        self.has_inode(component) || self.has(pid).unwrap_or_else(|| component == self.component())
    }

    /// Calls `each` with every process of a cgroup of a VRF that is in this namespace, and in this PID namespace.
    pub fn members(&self, path: &mut Path, each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
        let mut named = Path::new();
        let component = named.add(namespace_of(path.as_bytes())).as_bytes();
        members(path, &mut |pid| {
            if pid != b"0" && self.has_member(component, pid) {
                each(pid);
            }
        })
    }

    /// Whether a cgroup of a VRF binds processes of this namespace: its path says so, and its processes do not all contradict. A
    /// path that does not say so may be one that an older version of this program made in a container: then all processes
    /// have to be of this namespace.
    pub fn owns(&self, path: &mut Path) -> Result<bool, Errno> {
        let mut named = Path::new();
        let component = named.add(namespace_of(path.as_bytes())).as_bytes();
        let (mut all, mut own) = (0_u32, 0_u32);
        let len = path.len();
        members(path, &mut |pid| {
            all += 1;
            own += u32::from(self.has_member(component, pid));
        })?;
        path.truncate(len);
        let is_named = self.has_inode(component) || component == self.component();
        Ok(if is_named { all == 0 || own > 0 } else { own > 0 && own == all })
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether this process's network namespace, of that inode, is the machine's own.
fn is_machines(inode: u64) -> bool {
    if inode == MACHINES_INODE {
        return true;
    }
    let Ok(socket) = net::socket(uapi::AF_NETLINK, uapi::SOCK_RAW, uapi::NETLINK_ROUTE) else { return false };
    let cookie = net::option_u64(&socket, uapi::SOL_SOCKET, uapi::SO_NETNS_COOKIE);
    core::mem::forget(socket); // exec closes it
    match cookie {
        Ok(cookie) => cookie == MACHINES_COOKIE,
        Err(_) => file::exists(MACHINES_SETTING),
    }
}

// ---- the cgroup of a process

/// Puts `/proc/PID` and `name` into `path`.
pub fn of_process<'p>(path: &'p mut Path, pid: &[u8], name: &[u8]) -> &'p CStr {
    path.truncate(0);
    path.add(b"/proc/").add(pid).add(name).c_str()
}

/// Puts the cgroup2 path of a process into `path`, from the mount's root, without the `/` of the root itself.
#[inline(never)]
pub fn path_of_process(pid: &[u8], path: &mut Path) -> Result<(), Errno> {
    let mut lines = Lines::new();
    lines.open(of_process(path, pid, b"/cgroup"))?;
    while lines.advance()? {
        if let [b'0', b':', b':', b'/', rest @ ..] = lines.line.as_bytes() {
            path.truncate(0);
            path.add(rest);
            core::mem::forget(lines.fd.take()); // exec closes it
            return Ok(());
        }
    }
    Err(Errno::ENOENT)
}

/// Where a process goes: the folder, from the root of the file system, and how much of that is not ours to make.
pub struct Target {
    /// The folder.
    pub path: Path,
    given: usize,
    /// The network namespace of what goes there.
    namespace: Namespace,
    /// Where the process is, from the mount's root, which is so long.
    mine: Path,
    root: usize,
}

impl Target {
    /// Nowhere.
    #[inline(always)]
    pub const fn new() -> Self {
        Self { path: Path::new(), given: 0, namespace: Namespace::new(), mine: Path::new(), root: 0 }
    }

    /// The process's own cgroup, in no VRF.
    pub fn find(&mut self) -> Outcome {
        self.find_for(b"self")
    }

    /// That of another process of this network namespace.
    pub fn find_of(&mut self, pid: u32) -> Outcome {
        let mut room = [0; 10];
        let digits = Buf::new(&mut room).num(pid).as_bytes().len();
        self.find_for(room.get(..digits).unwrap_or_default())
    }

    /// Where the tree is mounted.
    pub fn mount(&self) -> &[u8] {
        self.path.as_bytes().get(..self.root).unwrap_or_default()
    }

    #[inline(never)]
    fn find_for(&mut self, pid: &[u8]) -> Outcome {
        mount_point(&mut self.path)?;
        self.find_below(pid).map_err(|errno| refuse("read", b"/proc/self/cgroup", errno, b"", "is /proc mounted?"))
    }

    /// That of a process, below the mount point that is in the path.
    #[inline(never)]
    fn find_below(&mut self, pid: &[u8]) -> Result<(), Errno> {
        self.root = self.path.len();
        path_of_process(pid, &mut self.mine)?;
        self.namespace.find();
        let own = own(self.mine.as_bytes(), split_last(self.namespace.component()).1);
        if !own.is_empty() {
            self.path.add(b"/").add(own);
        }
        self.given = self.path.len();
        Ok(())
    }

    /// Whether the process is in the folder that was opened last: to join it again would make the kernel wait.
    pub fn is_joined(&self) -> bool {
        let path = self.path.as_bytes().get(self.root + 1..).unwrap_or_default();
        !path.is_empty() && path == self.mine.as_bytes()
    }

    /// Opens the folder for a VRF and a level (`None`: for no VRF), making it and those above it that are ours.
    pub fn open(&mut self, vrf: Option<&[u8]>, level: Level) -> Result<OwnedFd, Errno> {
        match self.open_as(vrf, level, false) {
            Err(Errno::ENOENT) => self.open_as(vrf, level, true),
            other => other,
        }
    }

    #[inline(never)]
    fn open_as(&mut self, vrf: Option<&[u8]>, level: Level, make: bool) -> Result<OwnedFd, Errno> {
        if let Some(vrf) = vrf {
            self.go(vrf, level, make)?;
        }
        file::open_dir(self.path.c_str())
    }

    /// [`Self::find`] and [`Self::open`] for a VRF. A folder that is there is found where the tree usually is, without a look
    /// at whether it is the tree: the kernel takes programs for nothing else.
    pub fn find_and_open(&mut self, vrf: Option<&[u8]>, level: Level) -> Outcome<Result<OwnedFd, Errno>> {
        let [usual, ..] = PLACES;
        if vrf.is_some() {
            self.path.add(usual.to_bytes());
            // Before the tree is mounted for the first time, the kernel names no process's place in it.
            let is_found = self.find_below(b"self").is_ok();
            let opened = if is_found { self.open_as(vrf, level, false) } else { Err(Errno::ESRCH) };
            match opened {
                Err(Errno::ENOENT) if is_cgroup2(usual) => return Ok(self.open_as(vrf, level, true)),
                Err(_) => {}
                opened => return Ok(opened),
            }
            self.path.truncate(0);
            self.namespace = Namespace::new();
        }
        mount_point(&mut self.path)?;
        if let Err(errno) = self.find_below(b"self") {
            self.path.truncate(0);
            self.path.add(b"/proc/self/cgroup");
            return Ok(Err(errno));
        }
        Ok(self.open(vrf, level))
    }

    /// Goes to the folder for a VRF and a level, made on the way where that is asked for.
    #[inline(never)]
    pub fn go(&mut self, vrf: &[u8], level: Level, make: bool) -> Result<(), Errno> {
        self.path.truncate(self.given);
        let path = self.path.add(b"/").add(OURS);
        enter(path, level.name().as_bytes(), make)?;
        for component in self.namespace.component().split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            enter(self.path.add(b"/"), component, make)?;
        }
        enter(self.path.add(b"/"), VRF, make)?;
        enter(self.path.add(b"/"), vrf, make)
    }
}

/// Goes on to a folder, made where it is not there if that is asked for.
#[inline(never)]
fn enter(path: &mut Path, name: &[u8], make: bool) -> Result<(), Errno> {
    let path = path.add(name);
    if !make {
        return Ok(());
    }
    match file::mkdir(path.c_str()) {
        Err(Errno::EEXIST) => Ok(()),
        Ok(()) => {
            let len = path.len();
            // Since 6.1; what cannot be left out costs a little time.
            let opened = file::open_write(path.add(b"/cgroup.pressure").c_str());
            let _ = opened.map(|fd| file::write_all(&fd, b"0").map(|()| core::mem::forget(fd))); // exec closes it
            path.truncate(len);
            Ok(())
        }
        other => other,
    }
}

impl Default for Target {
    fn default() -> Self {
        Self::new()
    }
}

/// Moves the process itself into an open cgroup.
pub fn join(cgroup: &OwnedFd) -> Result<(), Errno> {
    put(cgroup, b"0")
}

/// Moves the process of that number into an open cgroup, with all its threads.
pub fn put(cgroup: &OwnedFd, pid: &[u8]) -> Result<(), Errno> {
    let procs = file::open_write_at(cgroup, c"cgroup.procs")?;
    file::write_all(&procs, pid)?;
    core::mem::forget(procs); // exec closes it
    Ok(())
}

// ---- the processes of a VRF

/// Calls `each` with the number of every process in the VRF of that name and in this network namespace: those in `…/vrf/NAME`,
/// wherever in the tree below `path`.
pub fn pids(path: &mut Path, vrf: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let mut namespace = Namespace::new();
    namespace.find();
    folders(path, &mut |path| {
        if vrf_of(path.as_bytes()) == Some(vrf) { namespace.members(path, each) } else { Ok(()) }
    })
}

/// Calls `each` with every cgroup `…/vrf/NAME` below `path`, to which it may add. Its depth is bounded by the length of a path.
#[inline(never)]
pub fn folders(path: &mut Path, each: &mut dyn FnMut(&mut Path) -> Result<(), Errno>) -> Result<(), Errno> {
    let dir = match file::open_dir(path.c_str()) {
        Ok(dir) => dir,
        Err(errno) => return unless_gone(errno),
    };
    let len = path.len();
    let are_vrfs = split_last(path.as_bytes()).1 == VRF;
    let mut result = Ok(());
    let read = file::entries(&dir, &mut |name, is_dir| {
        if is_dir {
            let child = path.add(b"/").add(name).len();
            result = if are_vrfs { each(path) } else { Ok(()) };
            path.truncate(child);
            result = result.and_then(|()| folders(path, each));
            path.truncate(len);
        }
        result.is_ok()
    });
    read.and(result)
}

/// Gives the processes of a cgroup, 0 for one of another PID namespace; leaves the name of a file behind in `path`.
fn members(path: &mut Path, each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let mut lines = Lines::new();
    if let Err(errno) = lines.open(path.add(b"/cgroup.procs").c_str()) {
        return unless_gone(errno);
    }
    while lines.advance()? {
        each(lines.line.as_bytes());
    }
    Ok(())
}

/// What is not there, or not any more, has no processes.
const fn unless_gone(errno: Errno) -> Result<(), Errno> {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => Ok(()),
        errno => Err(errno),
    }
}

/// Whether there is a process of that number.
pub fn is_process(pid: &[u8]) -> bool {
    file::exists(of_process(&mut Path::new(), pid, b""))
}

/// The name of a process, as `/proc/PID/comm` has it.
pub fn comm<'b>(pid: &[u8], buf: &'b mut [u8]) -> &'b [u8] {
    let opened = file::open(of_process(&mut Path::new(), pid, b"/comm"));
    match opened.and_then(|fd| file::read_all(&fd, buf)) {
        Ok([name @ .., b'\n']) => name,
        Ok(name) => name,
        Err(_) => b"<terminated?>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vrf_is_the_component_behind_vrf() {
        assert_eq!(vrf_of(b"a/vrf-launch/vrf/blue"), Some(&b"blue"[..]));
        assert_eq!(vrf_of(b"vrf/blue"), Some(&b"blue"[..]));
        assert_eq!(vrf_of(b"a/vrf/x/vrf/blue"), Some(&b"blue"[..]));
        for none in [&b""[..], b"blue", b"vrf", b"a/vrf", b"a/vrf/", b"vrf/blue/x", b"a-vrf/blue", b"a/vrf-launch/b"] {
            assert_eq!(vrf_of(none), None, "{none:?}");
        }
    }

    #[test]
    fn what_is_in_no_vrf_is_its_own() {
        for path in [&b""[..], b"a", b"vrf-agent", b"a/vrf-agent", b"a/vrf-launch", b"x-ns", b"a/vrf/x/y"] {
            assert_eq!(own(path, b""), path);
            assert_eq!(own(path, b"x-ns"), path);
        }
    }

    #[test]
    fn our_part_and_iproute2s_come_off() {
        for (path, without) in [
            ("a/vrf-launch-bind/vrf/x", "a"),
            ("vrf-launch-guard/vrf/x", ""),
            ("a/b/vrf-launch-strict/vrf/x", "a/b"),
            ("a/vrf/x", "a"),
            ("vrf/x", ""),
            ("a/vrf", "a"), // ip vrf exec default
            ("vrf", ""),
            ("a/vrf-launch-bind/vrf/x/vrf-launch-guard/vrf/y", "a/vrf-launch-bind/vrf/x"), // one at a time
        ] {
            assert_eq!(own(path.as_bytes(), b""), without.as_bytes(), "{path}");
        }
    }

    #[test]
    fn so_does_what_stands_for_the_namespace() {
        for (path, namespace, without) in [
            ("a/blue-ns/vrf/x", "blue-ns", "a"),
            ("blue-ns/vrf/x", "blue-ns", ""),
            ("a/blue-ns/vrf", "blue-ns", "a"),
            ("a/blue-ns/vrf/x", "red-ns", "a/blue-ns"), // a folder that only looks like one
            ("a/blue-ns/vrf/x", "", "a/blue-ns"),
            ("a/vrf-launch-guard/blue-ns/vrf/x", "blue-ns", "a"),
            ("a/vrf-launch-guard/blue-ns/vrf/x", "", "a"), // it has left that namespace since
            ("a/vrf-launch-guard/4026532250-ns/vrf/x", "4026532251-ns", "a"),
            ("vrf-launch-bind/4026532250-ns/vrf/x", "", ""),
            ("a/vrf-launch-bind/4026532250-ns/blue-ns/vrf/x", "blue-ns", "a"),
            ("a/vrf-launch-bind/4026532250-ns/blue-ns/vrf/x", "", "a"),
            ("a/-ns/vrf/x", "", "a/-ns"),
        ] {
            assert_eq!(own(path.as_bytes(), namespace.as_bytes()), without.as_bytes(), "{path} in {namespace}");
        }
    }

    #[test]
    fn the_namespace_is_one_component_or_two_before_vrf() {
        for (path, namespace) in [
            ("vrf-launch-guard/vrf/x", ""),
            ("a/vrf-launch-guard/vrf/x", ""),
            ("a/vrf-launch-guard/blue-ns/vrf/x", "blue-ns"),
            ("a/vrf-launch-guard/4026532250-ns/vrf/x", "4026532250-ns"),
            ("a/vrf-launch-guard/4026532250-ns/blue-ns/vrf/x", "4026532250-ns/blue-ns"),
            ("/sys/fs/cgroup/blue-ns/vrf/x", "blue-ns"), // iproute2's
            ("blue-ns/vrf/x", "blue-ns"),
            ("red-ns/blue-ns/vrf/x", "red-ns/blue-ns"),
            ("blue-ns/a/vrf/x", ""),
            ("vrf/x", ""),
        ] {
            assert_eq!(namespace_of(path.as_bytes()), namespace.as_bytes(), "{path}");
            let ours = parts(path.as_bytes());
            assert_eq!(ours.is_some(), path.contains("vrf-launch"), "{path}");
            if let Some(parts) = ours {
                assert_eq!((parts.namespace, parts.vrf), (namespace.as_bytes(), &b"x"[..]), "{path}");
                assert!(parts.level == Level::Guard && (parts.own == b"" || parts.own == b"a"), "{path}");
            }
        }
        for none in ["a/vrf-launch-guard/1-ns/2-ns/3-ns/vrf/x", "a/vrf-launch-guard/blue/vrf/x", "vrf-launch-guard/vrf"]
        {
            assert!(parts(none.as_bytes()).is_none(), "{none}");
        }
    }

    /// That of a process in `INODE-ns`, called `name`.
    fn of(name: &[u8], start: usize) -> Namespace {
        let mut namespace = Namespace::new();
        namespace.inode = namespace.path.add(b"4026532250-ns").len();
        namespace.path.add(name);
        namespace.start = start;
        namespace
    }

    #[test]
    fn an_inode_is_believed_and_a_name_where_it_is_the_own() {
        let (machine, named, unnamed, container) = (of(b"", 13), of(b"/blue-ns", 14), of(b"", 0), of(b"/blue-ns", 0));
        for (namespace, component) in
            [(&machine, ""), (&named, "blue-ns"), (&unnamed, "4026532250-ns"), (&container, "4026532250-ns/blue-ns")]
        {
            assert_eq!(namespace.component(), component.as_bytes());
            for other in ["", "blue-ns", "4026532250-ns", "4026532250-ns/blue-ns", "4026532251-ns", "402653225-ns"] {
                // No process has the number 0.
                let has = namespace.has_member(other.as_bytes(), b"0");
                assert_eq!(has, other == component || other.starts_with("4026532250-ns"), "{other} by {component}");
            }
        }
    }
}
