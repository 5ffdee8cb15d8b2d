//! What the build adds to the source: the configuration that is baked in, and the link arguments of the shipped binary, each
//! with its reason.
//!
//! `VRF_LAUNCH_CONFIG=FILE`: the file is read and checked by the library's own modules, which are compiled into this program as
//! well; what is wrong with it is an error of the build. `source` is resolved here and now: what it names is baked in, too.
//!
//! The link arguments apply when the Makefile names a musl (`VRF_LAUNCH_MUSL`, a directory with `libc.a`) and has rustc call
//! the linker itself: no C compiler driver then adds start files, libraries or flags of its own. The program starts by
//! itself then (src/start.rs). Any other build (`cargo build`, `cargo test`, an editor) links as the host usually does.
//!
//! What rustc passes by itself for a static release build, and is wanted: `--gc-sections`, `--strip-all`, `-static`, `-z
//! noexecstack`, `-z relro -z now`.
//!
//! What the Makefile has LLVM do, and what each saves of 307 kB: equal code is put into functions (4.0 kB; other processors have that
//! anyway), values are computed where they are used, not before loops (4.0) and not once for several uses (1.0; a loss on other
//! processors), blocks are put so that jumps are few and short (2.5), and a `match` of seven is compared, not looked up (0.8).
//! Registers are split and equal ends of blocks merged by bytes (0.2 each), and a call counts for more where inlining is weighed (0.4).
//!
//! Bytes are for x86_64 and a program of 137 kB (of 307 kB: the start code, the packed relocations, the table of sections), by lld
//! 22 and GNU ld 2.40. Tried and not done:
//! - Not PIE: 0.3 kB less. The launcher parses foreign bytes as root; an address that cannot be guessed is worth more.
//! - musl's start code: 2.2 kB more, two system calls, and before 1.2.4 (Debian 12) it does not know packed relocations.
//! - `-z norelro`: 0.2 and 1.0 kB. Nobody protects it in static programs, which is a system call, but checkers look for the header.
//! - `--icf=all`: 0.1 kB, GNU ld has none, and two functions may then compare equal.
//! - `--no-rosegment`: nothing, and constants would be executable.
//! - `-z max-page-size=4096`: nothing on x86_64; elsewhere kernels with 16 or 64 KiB pages could not map it.
//! - `--omagic`, one segment for all: writable code.
//! - LLVM's register allocation between procedures: 1.7 kB; it is not what anybody builds with. A second round of its outliner,
//!   frame pointers, another threshold for inlining: more bytes, not fewer.
//! - `-O2`, `--relax`, `--exclude-libs`, `-C force-unwind-tables=no`: nothing.

use std::ffi::{CString, OsStr};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs, io};

/// The modules that read a configuration, and those they stand on; they know each other by their names below `crate`.
#[path = "src"]
#[allow(dead_code, unused_imports, reason = "the library uses more of them")]
mod library {
    pub mod bytes;
    pub mod conf;
    pub mod errno;
    pub mod error;
    pub mod features;
    pub mod ip;
    pub mod limits;
    pub mod load;
    pub mod near;
    pub mod order;
    pub mod plan;
    pub mod prefix;
    pub mod rules;
    pub mod sys;
    pub mod text;
    pub mod uapi;
    pub mod wire;

    pub mod bind {
        pub mod filter;
        pub mod program;
    }
}
use library::conf::keywords::Property;
use library::conf::lines::{self, Lines};
use library::conf::words::Words;
use library::{
    bind, bytes, conf, errno, error, features, ip, limits, load, near, order, plan, prefix, rules, sys, text, uapi,
    wire,
};

/// The folder of the configuration, in which this program works then.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// In the place of the library's own: nothing is baked in yet.
mod baked {
    pub const BAKED: Option<crate::load::Baked> = None;
}

/// In the place of the library's own: what goes wrong is said as an error of the build.
mod log {
    use crate::error::{Errno, Error, Exit, What};
    use crate::text::Buf;

    pub type Outcome<T = ()> = Result<T, Exit>;

    pub fn say(error: &Error<'_>) -> Exit {
        say_near(error, b"")
    }

    pub fn say_near(error: &Error<'_>, near: &[u8]) -> Exit {
        let mut room = [0; crate::limits::LINE];
        let mut out = Buf::new(&mut room);
        if let (Some(folder), Some(_)) = (crate::FOLDER.get(), &error.place) {
            out.str(&format!("{}/", folder.display()));
        }
        error.render(&mut out);
        println!("cargo::error={}", String::from_utf8_lossy(out.as_bytes()));
        out.truncate(0);
        if near.is_empty() {
            out.str(error.advice);
        } else {
            error.render_near(near, &mut out);
        }
        if !out.is_empty() {
            println!("cargo::error={}", String::from_utf8_lossy(out.as_bytes()));
        }
        error.exit
    }

    pub fn refused(deed: &'static str, thing: &[u8], errno: Errno) -> Exit {
        say(&Error::system(What::Deed(deed, thing), errno))
    }
}

/// Leaves out the unwind tables of `core` and musl. Nothing here unwinds (`panic = "abort"`) and no debugger follows a
/// stripped binary, but a linker keeps `.eh_frame` whatever refers to it.
const NO_UNWIND_TABLES: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.ARM.exidx*) *(.ARM.extab*) } } INSERT AFTER .text;\n";

/// What stands behind all other code, in this order: some functions of these rooms that a launch needs; the two that it needs where
/// there is a configuration; and those that it does not come to. The kernel maps what is around a page that is needed, and
/// takes all of it away again at `exec`.
const BEHIND: [&str; 30] = [
    "apply::vrf_table",
    "apply::vrf_index",
    "conf::hash",
    "conf::values::if_name",
    "init::is_started_as",
    "conf",
    "load",
    "adopt",
    "apply",
    "bind::seccomp",
    "check",
    "init",
    "ip",
    "ipcmd",
    "keep",
    "near",
    "order",
    "plan",
    "record",
    "run::Story",
    "run::confirm",
    "run::ip_command",
    "run::shared",
    "run::show_vrfs",
    "service::dhcp",
    "service::inetd",
    "service::output",
    "service::shell",
    "service::supervise",
    "show",
];

/// The part of the linker's script that puts it there. A function has a section of its own, in whose name is that of each module
/// behind its length.
fn behind() -> String {
    let mut out = String::from("SECTIONS { .text.rest : {");
    for room in BEHIND {
        out += " *(.text.*10vrf_launch";
        for module in room.split("::") {
            let _ = write!(out, "{}{module}", module.len());
        }
        out += "*)";
    }
    out + " } } INSERT AFTER .text;\n"
}

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=VRF_LAUNCH_MUSL");
    println!("cargo::rerun-if-env-changed=CARGO_PROFILE_RELEASE_STRIP");
    println!("cargo::rustc-check-cfg=cfg(own_start)");
    println!("cargo::rerun-if-env-changed=VRF_LAUNCH_CONFIG");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?);
    bake(&out)?;
    let Ok(musl) = env::var("VRF_LAUNCH_MUSL") else {
        // `core` as it is delivered was compiled to unwind. Without LTO its tables still name the function that would,
        // which belongs to std; `panic = "abort"` never calls it.
        println!("cargo::rustc-link-arg-bins=-Wl,--defsym=rust_eh_personality=0");
        return Ok(());
    };
    println!("cargo::rustc-cfg=own_start");
    let script = out.join("no-unwind-tables.ld");
    fs::write(&script, NO_UNWIND_TABLES.to_owned() + &behind())?;

    // Where `libc.a` is, for main.rs's `#[link(name = "c")]`.
    println!("cargo::rustc-link-search=native={musl}");
    let script = script.display();
    for arg in [
        // Static-PIE: rustc asks for it on x86_64 and for `-static` alone elsewhere, though every musl can do it.
        "-pie",
        "--no-dynamic-linker",
        "-z",
        "text",
        // 8.5 kB: a bit for an address that is to be relocated, where it would be 24 bytes. A linker that cannot pack them says
        // so, and src/start.rs does the others, too.
        "-z",
        "pack-relative-relocs",
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
    // 0.4 kB, and as much again that the Makefile cuts off: the table of sections, which is for linkers and debuggers. A linker
    // that does not know the option says so, and keeps it.
    if env::var_os("CARGO_PROFILE_RELEASE_STRIP").is_none() {
        println!("cargo::rustc-link-arg-bins=-z");
        println!("cargo::rustc-link-arg-bins=nosectionheader");
    }
    Ok(())
}

/// Writes down what is to be baked in, for src/baked.rs.
fn bake(out: &Path) -> io::Result<()> {
    let none = "/// Nothing is baked in.\npub const BAKED: Option<Baked> = None;\n".to_owned();
    let code = match env::var_os("VRF_LAUNCH_CONFIG").filter(|path| !path.is_empty()) {
        // What is wrong has been said: the compiler is not asked.
        Some(path) => baked_in(Path::new(&path), out)?.unwrap_or(none),
        None => none,
    };
    fs::write(out.join("baked.rs"), code)
}

/// Reads and checks a configuration; gives the source that holds it. Paths in it are relative to its folder.
fn baked_in(path: &Path, out: &Path) -> io::Result<Option<String>> {
    println!("cargo::rerun-if-changed={}", env::current_dir()?.join(path).display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Where it is not, the error says so.
    let name = match folder.map(|folder| (FOLDER.set(folder.to_owned()), env::set_current_dir(folder))) {
        Some((_, Ok(()))) => path.file_name().unwrap_or_default(),
        _ => path.as_os_str(),
    };
    // Looked at first: such a file may be there, or not.
    if is_elsewhere(name.as_bytes()).unwrap_or(false) {
        return Ok(None);
    }
    let name = CString::new(name.as_bytes())?;
    let Ok(loaded) = load::load(Some(Box::leak(name.into_boxed_c_str()))) else { return Ok(None) };
    let mut files: Vec<&[u8]> = loaded.parts.iter().map(|part| part.file).collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        println!("cargo::rerun-if-changed={}", env::current_dir()?.join(OsStr::from_bytes(file)).display());
        if is_elsewhere(file)? {
            return Ok(None);
        }
    }
    if no_ring(&loaded).is_err() {
        return Ok(None);
    }
    let text = out.join("baked.conf");
    fs::write(&text, loaded.conf.text())?;
    let mut code = String::from("/// What VRF_LAUNCH_CONFIG named.\npub const BAKED: Option<Baked> = Some(Baked {\n");
    let _ = writeln!(code, "    file: {},", called(path.as_os_str().as_bytes()));
    let _ = writeln!(code, "    text: include_bytes!({text:?}),\n    parts: &[");
    for part in loaded.parts {
        let _ = writeln!(code, "        Part {{ at: {}, line: {}, file: {} }},", part.at, part.line, called(part.file));
    }
    code += "    ],\n});\n";
    Ok(Some(code))
}

/// Whether a file is the `source` of what would be another file on another machine. Says so, and what else is to be looked at
/// when the build is repeated.
fn is_elsewhere(file: &[u8]) -> io::Result<bool> {
    let mut text = fs::read(OsStr::from_bytes(file))?;
    lines::join(&mut text);
    for line in Lines::new(&text).map(Property::of).filter(|line| line.key.starts_with(b"source")) {
        for word in Words::new(line.value) {
            if word.starts_with(b"/") {
                let place = Some(error::Place { file, line: lines::line_number(&text, line.at) });
                let what = error::What::Word(line.key, word);
                let says = "read when the binary is built: a path relative to the folder of VRF_LAUNCH_CONFIG";
                log::say(&error::Error { place, ..error::Error::usage(what, says) });
                return Ok(true);
            }
            let word = String::from_utf8_lossy(word);
            let folder = word.split(['*', '?', '[']).next().and_then(|start| Path::new(start).parent());
            let looked_at =
                if word.contains(['*', '?', '[']) { folder.unwrap_or(Path::new("")) } else { Path::new(&*word) };
            println!("cargo::rerun-if-changed={}", env::current_dir()?.join(looked_at).display());
        }
    }
    Ok(false)
}

/// What a file is called in the messages of a machine that does not have it.
fn called(path: &[u8]) -> String {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    format!("b\"{} (baked in)\"", name.escape_ascii())
}

/// Looks for what the library finds when it carries a configuration out: what requires itself.
fn no_ring(loaded: &load::Loaded) -> log::Outcome {
    let conf = loaded.conf;
    let plan = plan::Plan::new(conf, false);
    let mut marks = vec![0; conf.len()];
    for iface in conf.ifaces() {
        order::walk(&plan, iface, &mut marks, &mut |node| match node {
            order::Node::Ring(property, name) => Err(loaded.fault(&property.fault(name, order::RING))),
            _ => Ok(()),
        })?;
    }
    let mut marks = vec![0; conf.len()];
    for service in conf.services() {
        conf.walk_services(service, &mut marks, &mut |step| step.map(drop).map_err(|fault| loaded.fault(&fault)))?;
    }
    Ok(())
}
