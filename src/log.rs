//! Messages and output: one record, one write.

use crate::error::{Errno, Error, Exit, What};
use crate::limits;
use crate::sys::file;
use crate::text::Buf;
use core::sync::atomic::{AtomicBool, Ordering};

/// The program's name, as messages begin.
const NAME: &str = "vrf-launch: ";

/// The result of something whose failure has been said: only the exit code is left to know.
pub type Outcome<T = ()> = Result<T, Exit>;

/// Whether nothing is said.
static MUTE: AtomicBool = AtomicBool::new(false);

/// From here on nothing is said: what goes wrong will be seen by another.
pub fn mute(is_mute: bool) {
    MUTE.store(is_mute, Ordering::Relaxed);
}

/// Composes a message and writes it to standard error. What does not fit is cut.
#[inline(never)]
pub fn message(compose: &dyn Fn(&mut Buf<'_>)) {
    if MUTE.load(Ordering::Relaxed) {
        return;
    }
    let mut room = [0; limits::LINE];
    let mut out = Buf::new(&mut room);
    compose(out.str(NAME));
    out.truncate(limits::LINE - 1);
    let _ = file::write_all(file::stderr(), out.str("\n").as_bytes()); // there is nobody else to tell
}

/// Says what went wrong, in a line, and what to do about it in a second one where that is known; gives the exit code.
#[cold]
#[inline(never)]
pub fn say(error: &Error<'_>) -> Exit {
    message(&|out| {
        error.render(out);
        if !error.advice.is_empty() {
            out.str("\n").str(NAME).str(error.advice);
        }
    });
    error.exit
}

/// Says that the kernel refused something, and no more than that.
#[cold]
#[inline(never)]
pub fn refused(deed: &'static str, thing: &[u8], errno: Errno) -> Exit {
    say(&Error::system(What::Deed(deed, thing), errno))
}

/// Writes to standard output.
pub fn print(bytes: &[u8]) -> Outcome {
    file::write_all(file::stdout(), bytes).map_err(|errno| refused("write", b"standard output", errno))
}
