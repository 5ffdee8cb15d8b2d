//! The end of the machine: processes, file systems, reboot(2).

use crate::error::Errno;
use crate::log;
use crate::proc;
use crate::service::seal::unescape;
use crate::sys::path::Path;
use crate::sys::process::{self, signal};
use crate::sys::{file, net, time};

/// How long all processes have from TERM to KILL, and how long those that were killed are waited for.
const PATIENCE_MS: u64 = 5_000;

/// Ends what runs, and then the machine, as the signal says: USR1 halts, USR2 powers off, others reboot.
#[inline(never)]
pub fn end(number: u32) -> ! {
    let (says, command) = match number {
        signal::USR1 => ("halting", process::HALT),
        signal::USR2 => ("powering off", process::POWER_OFF),
        _ => ("rebooting", process::RESTART),
    };
    log::alarm(&|out| {
        out.str(says);
    });
    for deed in [signal::TERM, signal::KILL] {
        process::kill_all(deed);
        process::kill_all(signal::CONT);
        let until = time::now_ms() + PATIENCE_MS;
        loop {
            match process::reap() {
                Ok(_) => continue,
                Err(Errno::ECHILD) => break,
                Err(_) if time::now_ms() >= until => break,
                Err(_) => {}
            }
            let _ = net::wait(&mut [], 20);
        }
    }
    process::sync();
    // A container's go with it, and its file systems are others', too.
    if proc::is_machines() {
        leave_file_systems();
        process::sync();
    }
    // Where this is refused there is no machine to end, but a container.
    if process::reboot(command) == Err(Errno::EPERM) {
        process::exit(0);
    }
    process::rest()
}

/// Unmounts all there is; what is in use can only be read from then on.
#[inline(never)]
fn leave_file_systems() {
    let mut path = Path::new();
    let mut some = true;
    // One that has others below it goes when those have gone.
    while core::mem::take(&mut some) {
        let _ = proc::mounts(&mut |place, _| {
            path.truncate(0);
            unescape(place, &mut path);
            // That of the root is never refused: the kernel makes it read-only.
            some |= path.as_bytes() != b"/" && file::unmount(path.c_str()).is_ok();
            false
        });
    }
    let _ = proc::mounts(&mut |place, _| {
        path.truncate(0);
        unescape(place, &mut path);
        let _ = file::mount_with(c"none", path.c_str(), c"", file::READ_ONLY_NOW, c""); // the best there is
        false
    });
}
