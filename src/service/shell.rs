//! Phase lines that are no `ip` command: `/bin/sh -c`, as ifupdown-ng runs them.
//!
//! | in the environment | is |
//! |---|---|
//! | `PATH` | the system's usual one |
//! | `IFACE`, `PHASE` | the interface, the phase |
//! | `MODE` | `start`, or `stop` in the phases of down |
//! | `METHOD` | `none` |
//! | `VERBOSE` | `1` with `--verbose`, else absent |
//! | `INTERFACES_FILE` | the configuration file |
//! | `IF_KEYWORD` | the value of each line, `-` in the keyword being `_`; of several lines a shell takes the last |
//! | `IF_ADDRESS`, `IF_GATEWAY` | the first one; an address with its length |
//! | `IF_ADDRESSES`, `IF_GATEWAYS` | all of them, a blank behind each |
//! | `IF_BRIDGE_PORTS` | of a bridge that names its ports by `requires` only: these |
//!
//! `ip` in a command is `vrf-launch ip`, which hands over what it does not know to iproute2 or busybox.
//!
//! Other spellings of a keyword come by the usual one: `vrf red` is `IF_VRF_MEMBER`. Nothing else is in the environment.
//!
//! Source: `libifupdown/lifecycle.c: build_environment`, `interface-file.c: tokens` of ifupdown-ng.

use crate::bytes::before;
use crate::conf::keywords::{Keyword, Property, canonical};
use crate::conf::lines::VT;
use crate::conf::stanzas::Conf;
use crate::error::{Errno, Exit};
use crate::load::Loaded;
use crate::log;
use crate::sys::mem::List;
use crate::sys::{file, net, process};
use crate::text::Buf;
use core::ffi::CStr;

/// The environment's PATH. Source: `paths.h: _PATH_STDPATH`, which ifupdown-ng uses.
const PATH: &[u8] = b"PATH=/usr/bin:/bin:/usr/sbin:/sbin";

/// After so long it is told what is waited for, milliseconds.
const TELL_MS: u32 = 1000;

/// Runs a command for an interface in a phase, and gives its exit code. `ENOENT`: there is no shell.
pub fn run(command: &[u8], iface: &[u8], phase: &str, conf: &Loaded, verbose: bool) -> Result<i32, Errno> {
    const SHELL: &CStr = c"/bin/sh";
    file::identity(SHELL)?;
    let mut arguments = List::new();
    let mut own = [0; 512];
    let own = file::read_link(c"/proc/self/exe", &mut own).unwrap_or_default();
    if own.is_empty() || own.contains(&b'\'') {
        string(&mut arguments, &[b"sh\0-c\0", command])?;
    } else {
        // Without a configuration: what it brings up is being brought up.
        string(&mut arguments, &[b"sh\0-c\0ip() { '", own, b"' -c /dev/null ip \"$@\"; }\n", command])?;
    }
    let mut environment = List::new();
    put(&mut environment, iface, phase, conf, verbose)?;
    let child = process::fork()?;
    if child == 0 {
        process::execve_made(SHELL, arguments.as_slice(), environment.as_slice());
        process::exit(i32::from(Exit::NotFound.code()));
    }
    // Whoever waits for longer than a second wants to know for what.
    let ended = process::pidfd(child).and_then(|process| net::wait_readable(&process, TELL_MS));
    if ended == Ok(false) {
        log::message(&|out| {
            out.str("waiting for ").shown(command);
        });
    }
    process::wait(child)
}

/// Adds what a shell can be given to run such a command by hand, in a shell of its own: its variables, and the command.
#[inline(never)]
pub fn put_script(out: &mut List<u8>, command: &[u8], iface: &[u8], phase: &str, conf: &Loaded) -> Result<(), Errno> {
    let mut environment = List::new();
    put(&mut environment, iface, phase, conf, false)?;
    out.extend(b"(export")?;
    for variable in environment.as_slice().split(|byte| *byte == 0).skip(1).filter(|variable| !variable.is_empty()) {
        let name = before(variable, b'=');
        for part in [b" ", name, b"='"] {
            out.extend(part)?;
        }
        for byte in variable.get(name.len() + 1..).unwrap_or_default() {
            out.extend(if *byte == b'\'' { b"'\\''" } else { core::slice::from_ref(byte) })?;
        }
        out.extend(b"'")?;
    }
    out.extend(b"\n")?;
    string(out, &[command])?;
    let end = out.len() - 1;
    out.truncate(end);
    out.extend(b"\n)\n")
}

/// Adds a string that is made of parts. Line ends that were joined are blanks to a shell, too.
#[inline(never)]
fn string(list: &mut List<u8>, parts: &[&[u8]]) -> Result<(), Errno> {
    let start = list.len();
    for part in parts {
        list.extend(part)?;
    }
    for byte in list.as_mut_slice().get_mut(start..).unwrap_or_default() {
        if *byte == VT {
            *byte = b' ';
        }
    }
    list.extend(b"\0")
}

/// Puts the environment together.
#[inline(never)]
pub fn put(list: &mut List<u8>, iface: &[u8], phase: &str, conf: &Loaded, verbose: bool) -> Result<(), Errno> {
    let mode: &[u8] = if phase.as_bytes().ends_with(b"down") { b"stop" } else { b"start" };
    let verbose: &[u8] = if verbose { b"\0VERBOSE=1" } else { b"" };
    let file = b"\0METHOD=none\0INTERFACES_FILE=";
    let parts = [PATH, b"\0IFACE=", iface, b"\0PHASE=", phase.as_bytes(), b"\0MODE=", mode, file, conf.file, verbose];
    string(list, &parts)?;
    let conf = &conf.conf;
    let Some(iface) = conf.find(iface) else { return Ok(()) };
    // Each once, whatever follows: the first one.
    let mut once = [Keyword::Address, Keyword::Gateway].map(Some);
    for line in conf.properties(iface) {
        let which = line.which;
        if let Some(Keyword::Address | Keyword::Gateway) = which {
            let Some(place) = once.iter_mut().find(|place| **place == which) else { continue };
            *place = None;
        }
        variable(list, conf, &line)?;
        if which == Some(Keyword::Requires) && conf.uses(iface, b"bridge") {
            variable(list, conf, &Property { key: b"bridge-ports", which: Some(Keyword::BridgePorts), ..line })?;
        }
    }
    for (name, which) in [(&b"IF_ADDRESSES="[..], Keyword::Address), (b"IF_GATEWAYS=", Keyword::Gateway)] {
        list.extend(name)?;
        for line in conf.with(iface, which) {
            let mut room = [0; ADDRESS];
            list.extend(value(conf, &line, &mut room))?;
            list.extend(b" ")?;
        }
        list.extend(b"\0")?;
    }
    Ok(())
}

/// Puts the variable of a line.
#[inline(never)]
fn variable(list: &mut List<u8>, conf: &Conf<'_>, line: &Property<'_>) -> Result<(), Errno> {
    let name = canonical(line.key);
    if !name.first().is_some_and(u8::is_ascii_alphabetic) {
        return Ok(());
    }
    let start = list.len();
    list.extend(b"IF_")?;
    list.extend(name)?;
    for byte in list.as_mut_slice().get_mut(start..).unwrap_or_default() {
        *byte = if *byte == b'-' { b'_' } else { byte.to_ascii_uppercase() };
    }
    let mut room = [0; ADDRESS];
    string(list, &[b"=", value(conf, line, &mut room)])
}

/// Bytes of an address with its length, at most.
const ADDRESS: usize = 64;

/// The value of a line as variables have it.
#[inline(never)]
fn value<'v>(conf: &Conf<'_>, line: &Property<'v>, room: &'v mut [u8; ADDRESS]) -> &'v [u8] {
    match line.which {
        Some(Keyword::Gateway) => line.first(),
        Some(Keyword::Address) => {
            let mut out = Buf::new(room);
            if let Ok((addr, len)) = conf.address(line) {
                out.ip(addr).str("/").num(u32::from(len));
            }
            let len = out.len();
            room.get(..len).unwrap_or_default()
        }
        _ => line.value,
    }
}
