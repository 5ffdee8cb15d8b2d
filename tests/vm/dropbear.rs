//! dropbear as it is on an image without a libc: linked with musl, and static. Debian has none, so it is built from
//! Debian's source and Debian's musl, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{cache, debian, host};

/// What it can do without: what needs files or libraries that such an image has not got.
const LESS: [&str; 8] = ["harden", "zlib", "pam", "utmp", "utmpx", "wtmp", "wtmpx", "lastlog"];

/// The program, from the cache, built the first time.
///
/// # Errors
/// The source or musl cannot be had, or there is no compiler.
pub fn fetch() -> Result<PathBuf> {
    Ok(cache::entry("dropbear-static", build)?.join("dropbear"))
}

fn build(into: &Path) -> Result<()> {
    let musl = into.join("musl");
    debian::unpack(["musl-dev"], &musl)?;
    // gcc's description of musl, which names the folders that Debian installs it to.
    let specs = fs::read_to_string(musl.join("usr/lib/x86_64-linux-musl/musl-gcc.specs"))?;
    let own = into.join("specs");
    fs::write(
        &own,
        specs
            .replace(" /usr/", &format!(" {}/usr/", musl.display()))
            .replace("-L/usr/", &format!("-L{}/usr/", musl.display())),
    )?;

    let tree = into.join("source");
    debian::source("dropbear", "trixie", &tree)?;
    // Debian's musl has no crypt(); on an appliance, keys are what is wanted anyway.
    fs::write(tree.join("localoptions.h"), "#define DROPBEAR_SVR_PASSWORD_AUTH 0\n")?;
    let mut configure = Command::new("./configure");
    configure.args(["--enable-static", "--enable-bundled-libtom", "CFLAGS=-Os"]);
    configure.arg(format!("CC=gcc -specs={}", own.display()));
    host::output(configure.args(LESS.map(|name| format!("--disable-{name}"))).current_dir(&tree))?;
    host::output(Command::new("make").args(["-s", "-j2", "PROGRAMS=dropbear"]).current_dir(&tree))?;
    host::output(Command::new("strip").arg("-o").arg(into.join("dropbear")).arg(tree.join("dropbear")))?;
    for folder in [musl, tree] {
        fs::remove_dir_all(folder)?;
    }
    fs::remove_file(own).context("it was there")
}
