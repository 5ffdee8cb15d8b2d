//! The initramfs of one run: the common archive, the kernel's modules, and what the scenario brings: its script, and a
//! program in C where one of the same name stands beside it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::cpio::Archive;
use super::kernel::Kernel;
use super::processor::Processor;
use super::scenario::Scenario;
use super::{host, userland};
use crate::elf;

/// Modules that are on every guest's disk, for the kernel to load when a program needs them.
///
/// `crc32c_generic` is for SCTP, by a name of the kernel's own (`crypto-crc32c`); on some processors it is built in.
const ALWAYS: [&str; 9] =
    ["veth", "dummy", "af_packet", "inet_diag", "tcp_diag", "udp_diag", "raw_diag", "unix_diag", "crc32c_generic"];

/// The initramfs for `scenario` on `kernel`: archives joined end to end.
///
/// # Errors
/// A part is missing: a package, a file of `tests/guest`, or the binary.
pub fn build(kernel: &Kernel, scenario: &Scenario) -> Result<Vec<u8>> {
    let mut modules: BTreeSet<String> = ALWAYS.iter().map(|&name| name.to_owned()).collect();
    modules.extend(scenario.modules.iter().cloned());

    let mut own = Archive::default();
    let guest = elf::repository().join("tests/guest");
    for (name, file, mode) in [
        ("init", "init", 0o755),
        ("test/lib.sh", "lib.sh", 0o644),
        ("test/state.jq", "state.jq", 0o644),
        ("test/wires", "wires", 0o755),
        ("test/kernels.txt", "kernels.txt", 0o644),
        ("test/interfaces.seed", "interfaces.seed", 0o644),
    ] {
        let path = guest.join(file);
        own.file(name, mode, &fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    add(&elf::repository().join("tests/corpus/interfaces"), "test/interfaces", &mut own)?;
    add(&elf::repository().join("initramfs"), "initramfs", &mut own)?;
    add(&guest.join("snapshots"), "test/snapshots", &mut own)?;
    own.file("test/scenario.sh", 0o644, &fs::read(&scenario.path)?);
    own.file("test/modules", 0o644, scenario.modules.join("\n").as_bytes());
    if let Some(source) = &scenario.source {
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        own.file(&format!("usr/bin/{name}"), 0o755, &compiled(kernel.processor, source)?);
        if kernel.processor == Processor::Aarch64 {
            // Its kernel runs programs of 32 bits, too.
            own.file(&format!("usr/bin/{name}-32"), 0o755, &compiled(Processor::Armv7, source)?);
        }
    }
    let vocabulary = scenario.path.with_file_name("lib.sh");
    if vocabulary.is_file() && !scenario.path.starts_with(&guest) {
        own.file("test/more.sh", 0o644, &fs::read(vocabulary)?); // a benchmark's
    }
    let binary = fs::read(kernel.processor.program()?)?;
    own.file("vrf-launch", 0o755, &binary);
    if let Some(conf) = &scenario.init {
        own.file("init", 0o755, &binary);
        own.file("vrf-launch.init", 0o755, &fs::read(guest.join("init"))?);
        own.file("etc/vrf-launch.conf", 0o644, &fs::read(conf).with_context(|| format!("{}", conf.display()))?);
        own.file("etc/hostname", 0o644, b"appliance\n");
    }

    for (file, place) in &scenario.files {
        own.file(place, 0o755, &fs::read(file).with_context(|| format!("{}", file.display()))?);
    }
    if scenario.name == "cookbook" || scenario.setup.is_some() {
        own.file("initramfs/main.md", 0o644, &fs::read(elf::repository().join("README.md"))?);
    }
    if let Some(setup) = &scenario.setup {
        modules.extend(["virtio_mmio", "virtio_blk", "ext4"].map(str::to_owned));
        own.file("init", 0o755, &fs::read(guest.join("disk-init"))?);
        own.file("test/setup", 0o755, &fs::read(setup).with_context(|| format!("{}", setup.display()))?);
    }

    let mut all = userland::archive(kernel.processor)?.to_vec();
    if !scenario.programs.is_empty() {
        all.extend(userland::more(&scenario.programs)?);
    }
    all.extend(kernel.modules(&modules)?);
    all.extend(own.finish());
    Ok(all)
}

/// A program that a scenario brings: the C source beside the script.
///
/// # Errors
/// It does not compile.
pub fn compiled(processor: Processor, source: &Path) -> Result<Vec<u8>> {
    let program = tempfile::NamedTempFile::new().context("no room for a program")?;
    let flags = ["-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o"];
    host::output(Command::new(processor.compiler()).args(flags).arg(program.path()).arg(source))?;
    Ok(fs::read(program.path())?)
}

/// Adds a folder with all that is in it, each file as executable as it is.
fn add(folder: &Path, name: &str, archive: &mut Archive) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            add(&path, &name, archive)?;
        } else {
            archive.file(&name, fs::metadata(&path)?.permissions().mode() & 0o777, &fs::read(&path)?);
        }
    }
    Ok(())
}
