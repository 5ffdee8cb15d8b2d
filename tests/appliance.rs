//! The appliance of `initramfs/appliance`: a kernel, the binary as the first process, one SSH server, no shell. It answers
//! on its network card, which is in the VRF.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::cpio::Archive;
use vrf_launch_tests::vm::kernel::Kernel;
use vrf_launch_tests::vm::qemu::Machine;
use vrf_launch_tests::vm::{cache, debian, host, userland};

/// Longest time from the start of QEMU to the answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Drivers of the machine, and the VRF's module.
const MODULES: [&str; 3] = ["virtio_mmio", "virtio_net", "vrf"];

/// What the appliance is to be.
const CONFIGURATION: &str = "initramfs/appliance/vrf-launch.conf";

/// Ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

#[test]
fn it_answers_on_the_management_side() -> Result<()> {
    answers(&elf::binary()?, "")
}

#[test]
fn with_its_configuration_baked_in_it_needs_no_file_but_its_daemon() -> Result<()> {
    answers(&elf::baked(&elf::repository().join(CONFIGURATION))?, &format!("modules={}", MODULES.join(",")))
}

/// Boots the appliance, with a folder /etc where the kernel's command line does not say what would be in it.
fn answers(binary: &Path, append: &str) -> Result<()> {
    // Debian's kernel is not built to hear of this machine's network card.
    let kernel = match Kernel::fetch("alpine-6.18") {
        Ok(kernel) => kernel,
        Err(error) if host::is_ci() => return Err(error),
        Err(error) => {
            println!("skipped: {error:#}");
            return Ok(());
        }
    };
    let image = image(&kernel, binary, append.is_empty())?;
    println!("initramfs: {} KiB, of which the launcher {} KiB", image.len() / 1024, fs::read(binary)?.len() / 1024);
    let initrd = tempfile::NamedTempFile::new()?;
    fs::write(initrd.path(), image)?;
    let machine = Machine {
        kernel: kernel.image.clone(),
        initrd: Some(initrd.path().to_owned()),
        disk: None,
        append: append.to_owned(),
        memory_mib: 128,
        counts: false,
    };
    // A port that was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = machine.command();
    command.arg("-netdev").arg(format!("user,id=n,net=10.20.30.0/24,hostfwd=tcp:127.0.0.1:{port}-10.20.30.40:22"));
    command.args(["-device", "virtio-net-device,netdev=n", "-serial", "stdio"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let start = Instant::now();
    let mut child = Running(command.spawn().context("cannot run qemu-system-x86_64")?);
    let console = Arc::new(Mutex::new(String::new()));
    let (lines, heard) = (BufReader::new(child.0.stdout.take().context("no console")?), Arc::clone(&console));
    thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            if let Ok(mut console) = heard.lock() {
                console.push_str(&line);
                console.push('\n');
            }
        }
    });
    while start.elapsed() < PATIENCE {
        if let Some(banner) = banner(port) {
            println!("{banner} after {:.1} s of an emulated processor", start.elapsed().as_secs_f32());
            ensure!(banner.starts_with("SSH-2.0-dropbear"), "{banner}");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    anyhow::bail!("no answer; the console:\n{}", console.lock().map_or_else(|_| String::new(), |text| text.clone()))
}

/// What an SSH server says first.
fn banner(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let mut text = [0; 64];
    let length = stream.read(&mut text).ok().filter(|length| *length > 0)?;
    Some(String::from_utf8_lossy(&text[..length]).lines().next()?.to_owned())
}

fn image(kernel: &Kernel, binary: &Path, has_etc: bool) -> Result<Vec<u8>> {
    let tree = cache::entry("dropbear", |into| debian::unpack(debian::with_libraries(&["dropbear-bin"])?, into))?;
    let mut archive = Archive::default();
    for folder in ["proc", "sys", "dev", "run", "tmp", "usr/lib"] {
        archive.folder(folder);
    }
    archive.link("lib", "usr/lib");
    archive.link("lib64", "usr/lib64");
    archive.file("init", 0o755, &fs::read(binary)?);
    if has_etc {
        archive.folder("etc/dropbear");
        archive.file("etc/vrf-launch.conf", 0o644, &fs::read(elf::repository().join(CONFIGURATION))?);
        archive.file("etc/modules", 0o644, MODULES.join("\n").as_bytes());
        archive.file("etc/passwd", 0o644, b"root:x:0:0::/:/bin/false\n");
    }
    for (path, name) in userland::program(&tree, "dropbear")? {
        archive.file(&name, 0o755, &fs::read(path)?);
    }
    let modules: BTreeSet<String> = MODULES.iter().map(|&name| name.to_owned()).collect();
    let mut all = archive.finish();
    all.extend(kernel.modules(&modules)?);
    Ok(all)
}
