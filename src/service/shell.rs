//! Phase lines that are no `ip` command: `/bin/sh -c`, as ifupdown-ng runs them.

use crate::error::{Errno, Exit};
use crate::limits;
use crate::sys::mem::List;
use crate::sys::{file, process};
use crate::text::Buf;
use core::ffi::CStr;

/// The environment's PATH. Source: `paths.h: _PATH_STDPATH`, which ifupdown-ng uses.
const PATH: &str = "PATH=/usr/bin:/bin:/usr/sbin:/sbin\0";

/// Runs a command for an interface in a phase, and gives its exit code. `ENOENT`: there is no shell.
///
/// Its environment is PATH, IFACE, PHASE, MODE and METHOD, nothing else, as interfaces(5) of ifupdown-ng has it.
pub fn run(command: &[u8], iface: &[u8], phase: &str) -> Result<i32, Errno> {
    const SHELL: &CStr = c"/bin/sh";
    file::identity(SHELL)?;
    let mut arguments = List::new();
    arguments.extend(b"sh\0-c\0")?;
    arguments.extend(command)?;
    arguments.extend(b"\0")?;
    // Line ends that were joined are blanks to a shell, too.
    for byte in arguments.as_mut_slice() {
        if *byte == 0x0b {
            *byte = b' ';
        }
    }
    let mode = if phase.as_bytes().ends_with(b"down") { "stop" } else { "start" };
    let mut room = [0; limits::LINE];
    let mut environment = Buf::new(&mut room);
    environment.str(PATH).str("IFACE=").bytes(iface).str("\0PHASE=").str(phase);
    environment.str("\0MODE=").str(mode).str("\0METHOD=none\0");
    if environment.is_cut() {
        return Err(Errno::ENOBUFS);
    }
    let child = process::fork()?;
    if child == 0 {
        process::execve_made(SHELL, arguments.as_slice(), environment.as_bytes());
        process::exit(i32::from(Exit::NotFound.code()));
    }
    process::wait(child)
}
