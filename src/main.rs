//! Start of the program.
#![no_std]
#![no_main]
#![allow(unsafe_code)]

use core::ffi::{c_char, c_int};
use vrf_launch::sys::args::Strings;

#[cfg(own_start)]
mod start;

/// Nothing in the program panics on purpose; what the compiler could not rule out ends it with the exit code of a system
/// error.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    if vrf_launch::sys::process::getpid() == 1 {
        vrf_launch::sys::process::rest(); // its end would be the machine's
    }
    vrf_launch::sys::process::exit(111)
}

// The C library: `core` calls its `memcpy` and the like. Static in the shipped binary (musl, see build.rs); the host's own, whose start
// code calls `main`, in `cargo build` and `cargo test`.
#[cfg_attr(target_feature = "crt-static", link(name = "c", kind = "static", modifiers = "-bundle"))]
#[cfg_attr(not(target_feature = "crt-static"), link(name = "c"))]
unsafe extern "C" {}

/// Called by the start code, this program's own or C's.
///
/// # Safety
/// `argv` and `envp` are what the kernel gave the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(_argc: c_int, argv: *const *const c_char, envp: *const *const c_char) -> c_int {
    // SAFETY: the kernel ends both arrays with a null pointer, and nothing here changes them.
    let argv = unsafe { Strings::new(argv) };
    // SAFETY: as above.
    let envp = unsafe { Strings::new(envp) };
    vrf_launch::run::main(argv, envp)
}
