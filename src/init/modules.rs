//! Kernel modules, loaded without modprobe where that can be.
//!
//! Source: modules.dep(5) `PATH: PATH…`, each below /lib/modules/RELEASE, those that are needed first at the end;
//! finit_module(2).

use crate::bytes::before;
use crate::conf::lines::Lines;
use crate::conf::words::Words;
use crate::error::{Errno, Error, What};
use crate::load;
use crate::log::say;
use crate::sys::path::Path;
use crate::sys::{file, process};
use core::ffi::CStr;

/// Where the program is that can do what is not done here.
const MODPROBES: [&CStr; 3] = [c"/sbin/modprobe", c"/usr/sbin/modprobe", c"/bin/modprobe"];

/// Loads a module and those it needs. One that is in no list is taken to be part of the kernel. What goes wrong is said.
#[inline(never)]
pub fn load(name: &[u8]) {
    let mut folder = Path::new();
    folder.add(b"/lib/modules/");
    if let Ok(release) = load::read(c"/proc/sys/kernel/osrelease") {
        folder.add(before(release, b'\n'));
    }
    let start = folder.add(b"/").len();
    let Ok(list) = load::read(folder.add(b"modules.dep").c_str()) else { return };
    let Some(line) = Lines::new(list).find(|line| is_of(line.body, name)) else { return };
    let file = before(line.body, b':');
    let needed = line.body.get(file.len() + 1..).unwrap_or_default();
    let count = Words::new(needed).count();
    let mut done = Ok(());
    // The one that needs nothing comes last in the list.
    for n in (0..count).rev() {
        let other = Words::new(needed).nth(n).unwrap_or_default();
        folder.truncate(start);
        done = done.and_then(|()| insert(folder.add(other)));
    }
    folder.truncate(start);
    done = done.and_then(|()| insert(folder.add(file)));
    if let Err(errno) = done {
        if !by_modprobe(name) {
            let advice = match errno {
                Errno::EOPNOTSUPP | Errno::EINVAL if !file.ends_with(b".ko") => {
                    "this kernel does not unpack modules: put it on the image unpacked (as .ko), or modprobe (kmod, busybox)"
                }
                _ => "put on the image what modules.dep names, or modprobe (kmod, busybox)",
            };
            say(&Error { detail: file, advice, ..Error::system(What::Deed("load module", name), errno) });
        }
    }
}

/// Whether a line of the list is that module's.
fn is_of(line: &[u8], name: &[u8]) -> bool {
    is_same(name_of(before(line, b':')), name)
}

/// The module in a file: `NAME.ko`, or that packed.
#[inline(never)]
fn name_of(file: &[u8]) -> &[u8] {
    let start = file.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    before(file.get(start..).unwrap_or_default(), b'.')
}

/// Whether two names are those of one module: `-` and `_` are the same.
#[inline(never)]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let plain = |byte: &u8| if *byte == b'-' { b'_' } else { *byte };
    !one.is_empty() && one.iter().map(plain).eq(other.iter().map(plain))
}

/// Gives one file to the kernel, with what the kernel's command line has for it (`NAME.PARAMETER=VALUE`). It may be there
/// already.
#[inline(never)]
fn insert(path: &mut Path) -> Result<(), Errno> {
    let module = file::open(path.c_str())?;
    let name = name_of(path.as_bytes());
    let mut parameters = Path::new();
    for word in Words::new(load::read(c"/proc/cmdline").unwrap_or_default()) {
        let of = before(word, b'.');
        if is_same(of, name) {
            parameters.add(word.get(of.len() + 1..).unwrap_or_default()).add(b" ");
        }
    }
    match process::finit_module(&module, parameters.c_str(), !path.as_bytes().ends_with(b".ko")) {
        Err(Errno::EEXIST) => Ok(()),
        other => other,
    }
}

#[inline(never)]
fn by_modprobe(name: &[u8]) -> bool {
    let Some(modprobe) = MODPROBES.iter().find(|path| file::exists(path)) else { return false };
    let mut arguments = Path::new();
    arguments.add(b"modprobe\0-q\0").add(name).add(b"\0");
    match process::fork() {
        Ok(0) => {
            process::execve_made(modprobe, arguments.as_bytes(), b"");
            process::exit(127)
        }
        Ok(pid) => process::wait(pid) == Ok(0),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_known_by_its_file() {
        for line in [&b"kernel/drivers/net/vrf.ko:"[..], b"vrf.ko.gz: a.ko b.ko", b"a/vrf.ko.xz: x"] {
            assert!(is_of(line, b"vrf"));
        }
        assert!(is_of(b"net/sch-ingress.ko: x", b"sch_ingress") && is_of(b"sch_ingress.ko:", b"sch-ingress"));
        for line in [&b""[..], b"a/xvrf.ko:", b"vrf/x.ko:", b"x.ko: vrf.ko", b"vrf2.ko:"] {
            assert!(!is_of(line, b"vrf"));
        }
    }
}
