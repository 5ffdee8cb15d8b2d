//! The demo: boots the seed's machine, a real Alpine, and lets the reader watch.
//!
//! `SHELL_INSIDE=1` gives a prompt in that machine afterwards. Where Alpine's image cannot be had, it is Debian's
//! kernel with busybox.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, io};

use anyhow::{Context, Result, ensure};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::cpio::Archive;
use vrf_launch_tests::vm::kernel::Kernel;
use vrf_launch_tests::vm::processor::Processor;
use vrf_launch_tests::vm::qemu::{End, Machine};
use vrf_launch_tests::vm::{alpine, userland};

/// Longest life of a machine that nobody types in.
const TIMEOUT: Duration = Duration::from_secs(180);

/// What the demo says at its end when every step had its promised outcome.
const ALL_WELL: &str = "# demo: all went as it must";

/// Modules to load before the disk can be read, and those that the demo is about.
const MODULES: [&str; 5] = ["virtio_mmio", "virtio_blk", "ext4", "vrf", "veth"];

fn main() -> Result<ExitCode> {
    let shell = env::var_os("SHELL_INSIDE").is_some_and(|value| !value.is_empty() && value != "0");
    let (kernel, disk) = machine()?;
    let initrd = tempfile::NamedTempFile::new().context("no room for an initramfs")?;
    fs::write(initrd.path(), initramfs(&kernel)?)?;
    let machine = Machine {
        processor: Processor::X86_64,
        kernel: kernel.image.clone(),
        initrd: Some(initrd.path().to_owned()),
        disk,
        append: if shell { "demo_shell".to_owned() } else { String::new() },
        memory_mib: 512,
        counts: false,
    };
    if shell {
        let status = machine.command().args(["-serial", "mon:stdio"]).status().context("cannot run QEMU")?;
        return Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let mut well = false;
    let end = machine.run(TIMEOUT, |line| {
        well |= line == ALL_WELL;
        if !line.starts_with('[') {
            let _written = writeln!(io::stdout(), "{line}");
        }
    })?;
    ensure!(end == End::Off, "the machine did not end well: {end:?}");
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Alpine's kernel and disk, else Debian's kernel and no disk.
fn machine() -> Result<(Kernel, Option<PathBuf>)> {
    let alpine = || Ok((Kernel::fetch("alpine-6.18")?, Some(alpine::fetch()?.disk)));
    alpine().or_else(|error: anyhow::Error| {
        println!("# Alpine's image cannot be had ({error:#}): here is Debian's kernel with busybox instead.");
        Ok((Kernel::fetch("debian-6.1")?, None))
    })
}

/// Busybox to start with, and below `add` what goes onto the machine.
fn initramfs(kernel: &Kernel) -> Result<Vec<u8>> {
    let tree = userland::fetch(Processor::X86_64)?;
    let folder = elf::repository().join("tests");
    let mut archive = Archive::default();
    for name in ["proc", "sys", "dev", "run", "tmp", "etc/network", "root", "bin"] {
        archive.folder(name);
    }
    userland::busybox(&tree, &mut archive)?;
    archive.link("bin/sh", "/busybox/sh");
    archive.link("lib", "usr/lib");
    archive.file("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n");
    archive.file("etc/shadow", 0o600, b"root:*:19000::::::\n");
    archive.file("init", 0o755, &fs::read(folder.join("demo/init"))?);
    archive.file("modules", 0o644, MODULES.join("\n").as_bytes());

    archive.file("add/usr/bin/vrf-launch", 0o755, &fs::read(elf::binary()?)?);
    archive.file("add/etc/network/interfaces", 0o644, &fs::read(folder.join("guest/interfaces.seed"))?);
    archive.file("add/stage/play", 0o755, &fs::read(folder.join("demo/play"))?);
    archive.file("add/stage/vrf-launch.conf", 0o644, &fs::read(folder.join("demo/vrf-launch.conf"))?);
    let mut done = BTreeSet::new();
    for name in ["ip", "ssh", "ssh-keygen", "strace", "sshd"] {
        for (path, place) in userland::program(Processor::X86_64, &tree, name)? {
            // The stage's tools are out of PATH; the server is where a package would put it, and libraries where
            // Debian's loader looks, which is not where Alpine's does.
            let place = match place.strip_prefix("usr/lib64/") {
                Some(loader) => format!("add/lib64/{loader}"),
                None if place.starts_with("usr/lib") || name == "sshd" => format!("add/{place}"),
                None => format!("add/stage/bin/{name}"),
            };
            if done.insert(place.clone()) {
                archive.file(&place, 0o755, &fs::read(path)?);
            }
        }
    }
    archive.folder("add/var/empty");
    let mut all = archive.finish();
    all.extend(kernel.modules(&MODULES.iter().map(|&name| name.to_owned()).collect())?);
    Ok(all)
}
