//! Messages and output: one record, one write.

use crate::error::{Errno, Error, Exit, What, Why};
use crate::features;
use crate::limits;
use crate::sys::{self, file, process, time};
use crate::text::Buf;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering};

/// The program's name, as messages begin.
const NAME: &str = "vrf-launch: ";

/// The result of something whose failure has been said: only the exit code is left to know.
pub type Outcome<T = ()> = Result<T, Exit>;

/// Whether nothing is said.
static MUTE: AtomicBool = AtomicBool::new(false);

/// From here on nothing is said: what goes wrong will be seen by another. Gives how it was.
pub fn mute(is_mute: bool) -> bool {
    MUTE.swap(is_mute, Ordering::Relaxed)
}

/// Whether that is so.
pub fn is_mute() -> bool {
    MUTE.load(Ordering::Relaxed)
}

/// The last error number that was said, or would have been.
static LAST: AtomicU32 = AtomicU32::new(0);

/// The last error number of the kernel in an error, said or muted.
pub fn last() -> Errno {
    Errno(LAST.load(Ordering::Relaxed))
}

/// How much is told: 1 each step, 2 each message of netlink.
static TOLD: AtomicU32 = AtomicU32::new(0);
/// When the last step ended, microseconds; they come round.
static STEP: AtomicU32 = AtomicU32::new(0);

/// From here on so much is told: 1 each step and how long it took, 2 each message of netlink, too.
pub fn tell(much: u32) {
    TOLD.store(much, Ordering::Relaxed);
    if much > 0 {
        STEP.store(time::now_us(), Ordering::Relaxed);
    }
}

/// Whether so much is told.
pub fn tells(much: u32) -> bool {
    features::VERBOSE && TOLD.load(Ordering::Relaxed) >= much
}

/// Tells of a step that has been done, and how long it took: since the one before.
#[inline(never)]
pub fn step(compose: &dyn Fn(&mut Buf<'_>)) {
    if tells(1) {
        let now = time::now_us();
        let took = now.wrapping_sub(STEP.swap(now, Ordering::Relaxed));
        message(&|out| {
            compose(out);
            let below = took % 1000;
            out.str(" (").num(took / 1000).str(".").num(below / 100).num(below / 10 % 10).num(below % 10).str(" ms)");
        });
    }
}

/// As [`step`]: a deed and the thing it was done to.
pub fn done(deed: &str, thing: &[u8]) {
    step(&|out| {
        out.str(deed).shown(thing);
    });
}

/// Where messages go: the descriptor of the kernel's log; 0 for standard error.
static TO: AtomicI32 = AtomicI32::new(0);

/// From here on messages go into the kernel's log, which shows errors on the console. Source: `printk(9)`, /dev/kmsg.
pub fn to_kernel() {
    // As much as there is: by default the kernel leaves out what comes in quick succession. It wants the end of the line, too.
    if let Ok(switch) = file::open_write(c"/proc/sys/kernel/printk_devkmsg") {
        let _ = file::write_all(&switch, b"on\n"); // it may be fixed by the command line
    }
    to_kernel_log();
}

/// The same, as far as the kernel takes it.
pub fn to_kernel_log() {
    if let Ok(log) = file::open_write(c"/dev/kmsg").and_then(process::out_of_the_way) {
        TO.store(sys::leak(log), Ordering::Relaxed);
    }
}

/// Composes a message and writes it. What does not fit is cut.
pub fn message(compose: &dyn Fn(&mut Buf<'_>)) {
    write("<6>", compose); // KERN_INFO
}

/// As [`message`], for what has to be seen.
pub fn alarm(compose: &dyn Fn(&mut Buf<'_>)) {
    write("<2>", compose); // KERN_CRIT: what `quiet` leaves on the console of every kernel
}

#[inline(never)]
fn write(level: &str, compose: &dyn Fn(&mut Buf<'_>)) {
    if is_mute() {
        return;
    }
    let mut to = TO.load(Ordering::Relaxed);
    let mut room = [0; limits::LINE];
    let mut out = Buf::new(&mut room);
    if to == 0 {
        to = 2;
    } else {
        out.str(level);
    }
    compose(out.str(NAME));
    out.truncate(limits::LINE - 1);
    let text = out.str("\n").as_bytes();
    let to = sys::unleak(to);
    if file::write_all(&to, text).is_err() {
        // Just before a service starts, it may have been closed.
        let _ = file::write_all(file::stderr(), text); // there is nobody else to tell
    }
    sys::leak(to);
}

/// Says what went wrong, in a line, and what to do about it in a second one where that is known; gives the exit code.
#[cold]
#[inline(never)]
pub fn say(error: &Error<'_>) -> Exit {
    say_near(error, b"")
}

/// The advice that was given last: errors that follow each other have it once.
static ADVICE: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// As [`say`]; where it is not empty, `near` is what was meant by the word that is wrong, as far as can be guessed, and in the place
/// of the advice.
#[cold]
#[inline(never)]
pub fn say_near(error: &Error<'_>, near: &[u8]) -> Exit {
    if let Why::Errno(Errno(number)) = error.why {
        LAST.store(number, Ordering::Relaxed);
    }
    alarm(&|out| {
        error.render(out);
        let advice = error.advice.as_ptr().cast_mut();
        if !near.is_empty() {
            error.render_near(near, out.str("\n").str(NAME));
        } else if !error.advice.is_empty() && ADVICE.swap(advice, Ordering::Relaxed) != advice {
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
