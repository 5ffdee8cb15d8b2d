//! What services print: line by line, each with the name of its service before it.
//!
//! Each service has a pipe of its own. One process, a child of the supervisor, reads them all and writes to the supervisor's
//! standard output. So the supervisor never waits for a console. A service that floods waits itself, as it would for a
//! terminal, and the others have their turn.
//!
//! The supervisor keeps both ends of the pipes: if this process is killed, nothing is lost but lines that were half read, and
//! another takes its place. If the supervisor is killed, this process goes on until no service is left. Where what it writes
//! to is gone, it goes on reading. In no case does a service meet a broken pipe.

use crate::limits;
use crate::sys::mem::List;
use crate::sys::net::{self, Watched};
use crate::sys::{OwnedFd, file, process};
use crate::text::Buf;

/// A line that does not end for so long is written as it is.
const QUIET_MS: u32 = 1000;

/// What a service prints.
#[derive(Clone, Copy)]
pub struct Printed {
    name: &'static [u8],
    /// What has come of a line that has not ended. A line that is longer than there is room is broken.
    bytes: [u8; limits::LINE],
    len: usize,
}

impl Printed {
    /// Nothing yet.
    pub const fn new(name: &'static [u8]) -> Self {
        Self { name, bytes: [0; limits::LINE], len: 0 }
    }

    /// Reads what is there and writes the lines that have ended; false at the end.
    fn take(&mut self, from: &OwnedFd) -> bool {
        let got = self.bytes.get_mut(self.len..).map_or(0, |room| file::read(from, room).unwrap_or(0));
        let end = self.len + got;
        let mut start = 0;
        for at in self.len..end {
            if self.bytes.get(at) == Some(&b'\n') {
                self.write(start, at);
                start = at + 1;
            }
        }
        // Not by `copy_within`, which would panic where there is less.
        for (to, at) in (start..end).enumerate() {
            let byte = self.bytes.get(at).copied().unwrap_or(0);
            if let Some(place) = self.bytes.get_mut(to) {
                *place = byte;
            }
        }
        self.len = end - start;
        if self.len == limits::LINE || got == 0 {
            self.end();
        }
        got > 0
    }

    /// Writes what there is of a line.
    fn end(&mut self) {
        if self.len > 0 {
            self.write(0, self.len);
            self.len = 0;
        }
    }

    fn write(&self, from: usize, to: usize) {
        let mut room = [0; 2 * limits::LINE];
        let mut out = Buf::new(&mut room);
        out.shown(self.name).str(": ").bytes(self.bytes.get(from..to).unwrap_or_default());
        out.truncate(2 * limits::LINE - 1);
        let _ = file::write_all(file::stdout(), out.byte(b'\n').as_bytes()); // as said above
    }
}

/// Passes on what comes by pipes, in the same order as what they print, until all have ended.
#[inline(never)]
pub fn pass_on(pipes: &mut List<Watched>, printed: &mut List<Printed>) -> ! {
    let _ = process::swap_signal_mask(u64::MAX); // it ends with the services
    loop {
        let waits = printed.as_slice().iter().any(|printed| printed.len > 0);
        let _ = net::wait(pipes.as_mut_slice(), if waits { QUIET_MS } else { u32::MAX });
        let (mut is_quiet, mut is_open) = (true, false);
        for (pipe, printed) in pipes.as_mut_slice().iter_mut().zip(printed.as_mut_slice()) {
            if pipe.fd >= 0 && net::is_ready(pipe) {
                is_quiet = false;
                let from = crate::sys::unleak(pipe.fd);
                if printed.take(&from) {
                    crate::sys::leak(from);
                } else {
                    pipe.fd = -1; // is not looked at any more
                }
            }
            is_open |= pipe.fd >= 0;
        }
        if is_quiet {
            printed.as_mut_slice().iter_mut().for_each(Printed::end);
        }
        if !is_open {
            process::exit(0);
        }
    }
}
