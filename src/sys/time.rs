//! Time.

use syscalls::{Sysno, syscall};

/// Microseconds, which come round after an hour and more; only differences mean something.
pub fn now_us() -> u32 {
    let [seconds, nanoseconds] = now();
    u32::try_from((seconds.wrapping_mul(1_000_000).wrapping_add(nanoseconds / 1000)) & u64::from(u32::MAX)).unwrap_or(0)
}

/// Milliseconds since the machine started, sleep included or not; only differences mean something. `clock_gettime(2)`,
/// `CLOCK_MONOTONIC`.
pub fn now_ms() -> u64 {
    let [seconds, nanoseconds] = now();
    seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000)
}

#[inline(never)]
fn now() -> [u64; 2] {
    #[cfg(target_pointer_width = "64")]
    const CALL: Sysno = Sysno::clock_gettime;
    #[cfg(target_pointer_width = "32")]
    const CALL: Sysno = Sysno::clock_gettime64;
    let mut time = [0_u64; 2];
    // SAFETY: the kernel writes seconds and nanoseconds, 64 bits each.
    let _ = unsafe { syscall!(CALL, linux_raw_sys::general::CLOCK_MONOTONIC, time.as_mut_ptr()) };
    time
}

/// Sleeps for that long, or until a signal comes. `poll(2)` without descriptors.
pub fn sleep_ms(ms: u32) {
    let mut rest = [i64::from(ms / 1000), i64::from(ms % 1000) * 1_000_000];
    // SAFETY: the kernel reads and writes a time of two 64-bit numbers, and no descriptor.
    let _ = unsafe { syscall!(super::net::PPOLL, 0, 0, rest.as_mut_ptr(), 0, 0) };
}
