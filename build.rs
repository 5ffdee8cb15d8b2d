//! The link arguments of the shipped binary, each with its reason.
//!
//! They apply when the Makefile names a musl (`VRF_LAUNCH_MUSL`, a directory with `rcrt1.o` and `libc.a`) and has
//! rustc call the linker itself: no C compiler driver then adds start files, libraries or flags of its own. Any other
//! build (`cargo build`, `cargo test`, an editor) links as the host usually does.
//!
//! What rustc passes by itself for a static release build, and is wanted: `--gc-sections`, `--strip-all`, `-static`, `-z
//! noexecstack`, `-z relro -z now`.
//!
//! Bytes are for x86_64 and a program of 137 kB, by lld 22 and GNU ld 2.40. Tried and not done:
//! - Not PIE: 4.5 kB less by either, the relocations of the tables of strings. The launcher parses foreign bytes as root;
//!   an address that cannot be guessed is worth more.
//! - `--pack-dyn-relocs=relr`, which would shrink those to a tenth: musl's start code before 1.2.4 (Debian 12) does not
//!   know them, and crashes.
//! - `-z norelro`: 0.2 and 1.0 kB. musl protects it in dynamic programs only, but checkers look for the header.
//! - `--icf=all`: 0.1 kB, GNU ld has none, and two functions may then compare equal.
//! - `--no-rosegment`: nothing, and constants would be executable.
//! - `-z max-page-size=4096`: nothing on x86_64; elsewhere kernels with 16 or 64 KiB pages could not map it.
//! - `--omagic`, one segment for all: writable code.
//! - `-O2`, `--relax`, `--exclude-libs`, `-C force-unwind-tables=no`: nothing.

use std::path::Path;
use std::{env, fs, io};

/// Leaves out the unwind tables of `core` and musl. Nothing here unwinds (`panic = "abort"`) and no debugger follows a
/// stripped binary, but a linker keeps `.eh_frame` whatever refers to it.
const NO_UNWIND_TABLES: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.ARM.exidx*) *(.ARM.extab*) } } INSERT AFTER .text;\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=VRF_LAUNCH_MUSL");
    let Ok(musl) = env::var("VRF_LAUNCH_MUSL") else {
        // `core` as it is delivered was compiled to unwind. Without LTO its tables still name the function that would,
        // which belongs to std; `panic = "abort"` never calls it.
        println!("cargo::rustc-link-arg-bins=-Wl,--defsym=rust_eh_personality=0");
        return Ok(());
    };
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let script = Path::new(&out).join("no-unwind-tables.ld");
    fs::write(&script, NO_UNWIND_TABLES)?;

    // Where `libc.a` is, for main.rs's `#[link(name = "c")]`.
    println!("cargo::rustc-link-search=native={musl}");
    let script = script.display();
    for arg in [
        // Static-PIE: rustc asks for it on x86_64 and for `-static` alone elsewhere, though every musl can do it.
        "-pie",
        "--no-dynamic-linker",
        "-z",
        "text",
        // musl's start code: relocates the program, finds argv and the environment, calls `main`. crti.o and crtn.o
        // frame `_init` and `_fini`, which nothing here has: musl does without.
        &format!("{musl}/rcrt1.o"),
        // Again after the start code, whose `__libc_start_main` GNU ld no longer looks for in an archive it has passed.
        "-lc",
        // 29.7 and 32.9 kB, with the next one: see above.
        &format!("-T{script}"),
        // The index of what was just left out.
        "--no-eh-frame-hdr",
        // Up to 8 kB: GNU ld otherwise pads code and constants to pages of their own. Nothing becomes writable by it.
        "-z",
        "noseparate-code",
        // 0.1 kB: no symbol is looked up in a static program; one of the two tables is enough.
        "--hash-style=gnu",
        // Some distributions' linkers add one by default. The same source gives the same bytes without it.
        "--build-id=none",
    ] {
        println!("cargo::rustc-link-arg-bins={arg}");
    }
    Ok(())
}
