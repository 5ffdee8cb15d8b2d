//! Alpine's mkinitfs: a real Alpine makes its initramfs with the feature of `initramfs/mkinitfs`, and the same Alpine boots
//! with it, vrf-launch in front of its init.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::cpio::Archive;
use vrf_launch_tests::vm::kernel::Kernel;
use vrf_launch_tests::vm::processor::Processor;
use vrf_launch_tests::vm::qemu::Machine;
use vrf_launch_tests::vm::scenario::Scenario;
use vrf_launch_tests::vm::{alpine, host, initramfs, verdict};

/// Room for an initramfs.
const ROOM: u64 = 64 << 20;

#[test]
fn its_initramfs_boots() -> Result<()> {
    let (alpine, kernel) = match alpine::fetch().and_then(|alpine| Ok((alpine, Kernel::fetch("alpine-6.18")?))) {
        Ok(both) => both,
        Err(error) if host::is_ci() => return Err(error),
        Err(error) => {
            println!("skipped: {error:#}");
            return Ok(());
        }
    };
    let folder = tempfile::tempdir()?;
    // What the first machine does to the disk stays for the second, and Alpine's image as it is.
    let disk = folder.path().join("disk.qcow2");
    let mut create = Command::new("qemu-img");
    create.args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"]).arg(&alpine.disk).arg(&disk);
    host::output(&mut create)?;
    let made = folder.path().join("initramfs");
    File::create(&made)?.set_len(ROOM)?;

    let mut build = Scenario::read(&scripts().join("build.sh"))?;
    build.setup = Some(scripts().join("build.setup"));
    let first = folder.path().join("first");
    let mut beside = Archive::default();
    beside.file("test/boot.sh", 0o644, &fs::read(scripts().join("boot.sh"))?);
    fs::write(&first, [initramfs::build(&kernel, &build)?, beside.finish()].concat())?;
    let console = boot(&kernel, &first, "", &[(&disk, "qcow2"), (&made, "raw")], &build)?;
    let size = console.iter().find_map(|line| line.strip_prefix("# size ")?.trim().parse().ok());
    let size = size.with_context(|| format!("no size:\n{}", console.join("\n")))?;
    File::options().write(true).open(&made)?.set_len(size)?;
    println!("mkinitfs made {} KiB", size / 1024);

    let boots = Scenario::read(&scripts().join("boot.sh"))?;
    // Without `--`: QEMU adds the machine's devices at the end, and they would be no parameters of the module behind it.
    let append = "root=/dev/vda rootfstype=ext4 modules=ext4,virtio_blk,virtio_mmio rootflags=rw rdinit=/usr/sbin/vrf-launch /init";
    boot(&kernel, &made, append, &[(&disk, "qcow2")], &boots).map(drop)
}

fn scripts() -> PathBuf {
    elf::repository().join("tests/mkinitfs")
}

/// Boots with those disks, and judges what is said on the console.
fn boot(
    kernel: &Kernel,
    initrd: &Path,
    append: &str,
    disks: &[(&PathBuf, &str)],
    scenario: &Scenario,
) -> Result<Vec<String>> {
    let machine = Machine {
        processor: Processor::X86_64,
        kernel: kernel.image.clone(),
        initrd: Some(initrd.to_owned()),
        disk: None,
        append: append.to_owned(),
        memory_mib: 512,
        counts: false,
    };
    let mut arguments = Vec::new();
    for (number, (path, format)) in disks.iter().enumerate() {
        let mut drive = OsString::from(format!("id=d{number},if=none,format={format},file="));
        drive.push(path);
        let device = OsString::from(format!("virtio-blk-device,drive=d{number}"));
        arguments.extend([OsString::from("-drive"), drive, OsString::from("-device"), device]);
    }
    let mut console = Vec::new();
    let end = machine.run_with(&arguments, scenario.timeout, |line| console.push(line.to_owned()))?;
    match verdict::judge(&console, &end, &scenario.cases as &BTreeSet<String>) {
        Ok(()) => Ok(console),
        Err(report) => bail!("{}: {report}\n{}", scenario.name, console.join("\n")),
    }
}
