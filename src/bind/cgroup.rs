//! The cgroup that binds: `OWN/vrf-launch/vrf/NAME`, where OWN is the cgroup of whoever starts the service.
//!
//! `ip vrf identify` and `ip vrf pids` look for `…/vrf/NAME` and find it. It is not iproute2's own `OWN/vrf/NAME`:
//! iproute2 attaches its program with flags 0 and ours stands with `BPF_F_ALLOW_MULTI`, and the kernel refuses (EPERM) the
//! second kind in a cgroup that has the first, whichever comes first. In one cgroup, the first `vrf-launch` would
//! break `ip vrf exec` for that VRF until the next boot.
//!
//! An index means another interface in another network namespace, so one cgroup must not serve two. In a namespace
//! that has a name the path is `OWN/vrf-launch/NAME-ns/vrf/VRF`, as iproute2 expects; in one without a name that is not
//! the first process's `OWN/vrf-launch/INODE-ns/vrf/VRF` (of which iproute2 knows nothing).

use super::refuse;
use crate::bytes::before;
use crate::error::Errno;
use crate::log::Outcome;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file};
use crate::text::Buf;
use core::ffi::CStr;

/// `CGROUP2_SUPER_MAGIC`. Source: `uapi/linux/magic.h`.
const CGROUP2: u64 = 0x6367_7270;
/// Where cgroup2 is: alone; beside cgroup v1 (systemd's and OpenRC's hybrid layout); where iproute2 and we mount it.
const PLACES: [&CStr; 3] = [c"/sys/fs/cgroup", c"/sys/fs/cgroup/unified", c"/run/cgroup2"];
/// Our part of a path.
const OURS: &[u8] = b"vrf-launch";
/// Behind it comes the VRF's name.
const VRF: &[u8] = b"vrf";
/// The process's own network namespace.
const NAMESPACE: &CStr = c"/proc/self/ns/net";

// ---- where cgroup2 is

/// Puts into `path` where cgroup2 is mounted; mounts it where it is not.
pub fn mount_point(path: &mut Path) -> Outcome {
    for place in PLACES {
        if is_cgroup2(place) {
            path.add(place.to_bytes());
            return Ok(());
        }
    }
    if let Ok(true) = find_mount(path) {
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
    let mut lines = Lines::new();
    lines.open(c"/proc/self/mountinfo")?;
    while lines.next()? {
        // The fifth field is the place, the one behind "-" the type of file system (proc(5)).
        let (mut place, mut field, mut kind) = (&b""[..], 0, 0);
        let mut rest = Some(lines.line.as_bytes());
        while let Some(words) = rest {
            let word = before(words, b' ');
            rest = words.get(word.len() + 1..);
            field += 1;
            if field == 5 {
                place = word;
            } else if field > 5 && word == b"-" {
                kind = field + 1;
            } else if field == kind && word == b"cgroup2" {
                path.truncate(0);
                path.add(place);
                // It may be hidden below a later mount.
                if is_cgroup2(path.c_str()) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// A file of any length, line by line.
struct Lines {
    fd: Option<OwnedFd>,
    /// Read, and how much of it, and how much of that has become lines.
    buf: [u8; 2048],
    got: usize,
    at: usize,
    /// The line at hand; one that is longer than a path is cut.
    line: Path,
}

impl Lines {
    #[inline(always)]
    const fn new() -> Self {
        Self { fd: None, buf: [0; 2048], got: 0, at: 0, line: Path::new() }
    }

    #[inline(never)]
    fn open(&mut self, path: &CStr) -> Result<(), Errno> {
        self.fd = Some(file::open(path)?);
        Ok(())
    }

    /// Goes on to the next line; false at the end.
    #[inline(never)]
    fn next(&mut self) -> Result<bool, Errno> {
        self.line.truncate(0);
        loop {
            if self.at == self.got {
                self.at = 0;
                self.got = match &self.fd {
                    Some(fd) => file::read(fd, &mut self.buf)?,
                    None => 0,
                };
                if self.got == 0 {
                    return Ok(!self.line.is_empty());
                }
            }
            let byte = self.buf.get(self.at..=self.at).unwrap_or_default();
            self.at += 1;
            if byte == b"\n" {
                return Ok(true);
            }
            self.line.add(byte);
        }
    }
}

// ---- names

/// Splits the last component off a path: `a/b/c` is `a/b` and `c`.
#[inline(never)]
fn split_last(path: &[u8]) -> (&[u8], &[u8]) {
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

/// The cgroup a path belongs to outside of any VRF: without our part, or iproute2's. `namespace` is the component that
/// stands for the process's network namespace, or nothing.
fn own<'a>(path: &'a [u8], namespace: &[u8]) -> &'a [u8] {
    let (mut rest, last) = split_last(path);
    if vrf_of(path).is_some() {
        rest = split_last(rest).0;
    } else if last != VRF {
        return path; // `…/vrf` is where `ip vrf exec default` leaves a process
    }
    let (above, last) = split_last(rest);
    let (further, ours) = split_last(above);
    if last == OURS {
        above
    } else if ours == OURS && last.ends_with(b"-ns") {
        further
    } else if last == namespace && !last.is_empty() {
        above
    } else {
        rest
    }
}

/// Adds to `name` what the network namespace is called in `/run/netns`, if it is.
pub fn namespace(name: &mut Path) {
    own_namespace(name);
}

/// As [`namespace`]; gives what identifies the namespace, where the kernel has them.
fn own_namespace(name: &mut Path) -> Option<(u64, u64)> {
    // A kernel without network namespaces has no such file.
    let own = file::identity(NAMESPACE).ok()?;
    let Ok(dir) = file::open_dir(c"/run/netns") else { return Some(own) };
    let mut path = Path::new();
    let start = path.add(b"/run/netns/").len();
    let _ = file::entries(&dir, &mut |entry, _| {
        path.truncate(start);
        let same = file::identity(path.add(entry).c_str()) == Ok(own);
        if same {
            name.add(entry);
        }
        !same
    });
    core::mem::forget(dir); // exec closes it: each close would be a system call more
    Some(own)
}

/// Adds to `component` what stands for the network namespace in a path: its name or its inode; nothing for one without a
/// name that is the first process's.
fn namespace_component(component: &mut Path) {
    let Some(own) = own_namespace(component) else { return };
    if component.is_empty() {
        // Who may not see the first process's is taken to be in it.
        let Ok(first) = file::identity(c"/proc/1/ns/net") else { return };
        if own == first {
            return;
        }
        let mut room = [0; 10];
        let mut digits = Buf::new(&mut room);
        component.add(digits.num(u32::try_from(own.1).unwrap_or(u32::MAX)).as_bytes());
    }
    component.add(b"-ns");
}

// ---- the cgroup of a process

/// Puts `/proc/PID` and `name` into `path`.
fn proc<'p>(path: &'p mut Path, pid: &[u8], name: &[u8]) -> &'p CStr {
    path.truncate(0);
    path.add(b"/proc/").add(pid).add(name).c_str()
}

/// Puts the cgroup2 path of a process into `path`, from the mount's root, without the `/` of the root itself.
#[inline(never)]
pub fn path_of_process(pid: &[u8], path: &mut Path) -> Result<(), Errno> {
    let mut lines = Lines::new();
    lines.open(proc(path, pid, b"/cgroup"))?;
    while lines.next()? {
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
    /// What stands for the network namespace.
    namespace: Path,
}

impl Target {
    /// Nowhere.
    #[inline(always)]
    pub const fn new() -> Self {
        Self { path: Path::new(), given: 0, namespace: Path::new() }
    }

    /// The process's own cgroup, in no VRF.
    pub fn find(&mut self) -> Outcome {
        mount_point(&mut self.path)?;
        let mut mine = Path::new();
        path_of_process(b"self", &mut mine)
            .map_err(|errno| refuse("read", b"/proc/self/cgroup", errno, b"", "is /proc mounted?"))?;
        namespace_component(&mut self.namespace);
        let own = own(mine.as_bytes(), self.namespace.as_bytes());
        if !own.is_empty() {
            self.path.add(b"/").add(own);
        }
        self.given = self.path.len();
        Ok(())
    }

    /// Opens the folder for a VRF (`None`: for no VRF), making it and those above it that are ours.
    pub fn open(&mut self, vrf: Option<&[u8]>) -> Result<OwnedFd, Errno> {
        let mut make = false;
        loop {
            if let Some(vrf) = vrf {
                self.path.truncate(self.given);
                enter(&mut self.path, OURS, make)?;
                if !self.namespace.is_empty() {
                    enter(&mut self.path, self.namespace.as_bytes(), make)?;
                }
                enter(&mut self.path, VRF, make)?;
                enter(&mut self.path, vrf, make)?;
            }
            match file::open_dir(self.path.c_str()) {
                Err(Errno::ENOENT) if !make => make = true,
                other => return other,
            }
        }
    }
}

/// Goes on to a folder, made where it is not there if that is asked for.
#[inline(never)]
fn enter(path: &mut Path, name: &[u8], make: bool) -> Result<(), Errno> {
    let path = path.add(b"/").add(name).c_str();
    match if make { file::mkdir(path) } else { Ok(()) } {
        Err(Errno::EEXIST) => Ok(()),
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
    let procs = file::open_write_at(cgroup, c"cgroup.procs")?;
    file::write_all(&procs, b"0")?;
    core::mem::forget(procs); // exec closes it
    Ok(())
}

// ---- the processes of a VRF

/// Calls `each` with the number of every process in the VRF of that name: those in `…/vrf/NAME`, wherever in the tree
/// below `path`; in a network namespace with a name only in `…/NAMESPACE-ns/vrf/NAME`; as `ip vrf pids`.
pub fn pids(path: &mut Path, vrf: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let mut component = Path::new();
    namespace(&mut component);
    if !component.is_empty() {
        component.add(b"-ns");
    }
    Search { path, vrf, component: component.as_bytes(), each }.walk()
}

struct Search<'a> {
    path: &'a mut Path,
    vrf: &'a [u8],
    component: &'a [u8],
    each: &'a mut dyn FnMut(&[u8]),
}

impl Search<'_> {
    /// One level of the tree. Its depth is bounded by the length of a path.
    fn walk(&mut self) -> Result<(), Errno> {
        let dir = match file::open_dir(self.path.c_str()) {
            Ok(dir) => dir,
            Err(errno) => return unless_gone(errno),
        };
        let len = self.path.len();
        let wanted = self.component.is_empty() || split_last(self.path.as_bytes()).1 == self.component;
        let mut result = Ok(());
        let read = file::entries(&dir, &mut |name, is_dir| {
            if is_dir {
                self.path.add(b"/").add(name);
                if name != VRF {
                    result = self.walk();
                } else if wanted {
                    result = self.members();
                }
                self.path.truncate(len);
            }
            result.is_ok()
        });
        read.and(result)
    }

    fn members(&mut self) -> Result<(), Errno> {
        let mut lines = Lines::new();
        if let Err(errno) = lines.open(self.path.add(b"/").add(self.vrf).add(b"/cgroup.procs").c_str()) {
            return unless_gone(errno);
        }
        while lines.next()? {
            (self.each)(lines.line.as_bytes());
        }
        Ok(())
    }
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
    file::exists(proc(&mut Path::new(), pid, b""))
}

/// The name of a process, as `/proc/PID/comm` has it.
pub fn comm<'b>(pid: &[u8], buf: &'b mut [u8]) -> &'b [u8] {
    let opened = file::open(proc(&mut Path::new(), pid, b"/comm"));
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
            ("a/vrf-launch/vrf/x", "a"),
            ("vrf-launch/vrf/x", ""),
            ("a/b/vrf-launch/vrf/x", "a/b"),
            ("a/vrf/x", "a"),
            ("vrf/x", ""),
            ("a/vrf", "a"), // ip vrf exec default
            ("vrf", ""),
            ("a/vrf-launch/vrf/x/vrf-launch/vrf/y", "a/vrf-launch/vrf/x"), // one at a time
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
            ("a/vrf-launch/blue-ns/vrf/x", "blue-ns", "a"),
            ("a/vrf-launch/blue-ns/vrf/x", "", "a"), // it has left that namespace since
            ("a/vrf-launch/4026532250-ns/vrf/x", "4026532251-ns", "a"),
            ("vrf-launch/4026532250-ns/vrf/x", "", ""),
            ("a/-ns/vrf/x", "", "a/-ns"),
        ] {
            assert_eq!(own(path.as_bytes(), namespace.as_bytes()), without.as_bytes(), "{path} in {namespace}");
        }
    }
}
