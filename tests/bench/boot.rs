//! From the start of the kernel to a service that answers: an appliance of the launcher, and one of busybox, ifupdown-ng and
//! iproute2 that does the same.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::cpio::Archive;
use vrf_launch_tests::vm::kernel::Kernel;
use vrf_launch_tests::vm::processor::Processor;
use vrf_launch_tests::vm::qemu::Machine;
use vrf_launch_tests::vm::{initramfs, userland};

use crate::figures::{Figure, Figures};

/// Longest time from the start of QEMU to the answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Drivers of the machine, and the VRF's module.
const MODULES: [&str; 3] = ["virtio_mmio", "virtio_net", "vrf"];

const TABLE: &str = "boot, until a service answers";

/// The configuration of the launcher's image.
const CONF: &str = "auto mgmt\niface mgmt\n vrf-table 10\nauto eth0\niface eth0\n address 10.20.30.40/24\n vrf mgmt\n\
                    auto echo\nservice echo\n vrf mgmt\n exec /usr/bin/costs appliance\n";

/// Those of the other: ifupdown-ng 0.12.1 of Alpine has no executor for VRFs, so their lines are commands.
const INTERFACES: &str = "auto mgmt\niface mgmt\n pre-up ip link add mgmt type vrf table 10\n\
                          pre-up ip -4 rule add pref 32765 table local\n pre-up ip -4 rule del pref 0\n\
                          pre-up ip -6 rule add pref 32765 table local\n pre-up ip -6 rule del pref 0\n\
                          pre-up ip -4 rule add pref 2000 l3mdev unreachable\n\
                          pre-up ip -6 rule add pref 2000 l3mdev unreachable\n\
                          auto eth0\niface eth0\n requires mgmt\n address 10.20.30.40/24\n pre-up ip link set eth0 master mgmt\n";
const INITTAB: &str = "::sysinit:/etc/rc\n::respawn:/bin/ip vrf exec mgmt /usr/bin/costs appliance\n";
const RC: &str = "#!/bin/sh\nexport PATH=/bin:/sbin:/busybox\nmount -t proc proc /proc\nmount -t sysfs sys /sys\n\
                  mount -t devtmpfs dev /dev\nmount -t tmpfs run /run\nmount -t cgroup2 cgroup2 /sys/fs/cgroup\n\
                  for module in virtio_mmio virtio_net vrf; do modprobe -q $module; done\nifup -a\n";

/// Measures both images.
pub fn measure(all: &mut Figures) -> Result<()> {
    // Debian's kernel is not built to hear of this machine's network card.
    let kernel = Kernel::fetch("alpine-6.18")?;
    all.version("kernel of boot", &kernel.release);
    for (row, image) in [("vrf-launch", launcher(&kernel)?), ("busybox, ifupdown-ng and iproute2", peers(&kernel)?)] {
        let (nanoseconds, _) = boot(&kernel, &image, true).with_context(|| row.to_owned())?;
        all.push(Figure::of(TABLE, row, "milliseconds of 250,000 instructions", nanoseconds / 1_000_000));
        let (_, wall) = boot(&kernel, &image, false).with_context(|| row.to_owned())?;
        all.push(Figure::of(TABLE, row, "ms by the wall clock, with QEMU's start", u64::try_from(wall.as_millis())?));
        all.push(Figure::of(TABLE, row, "initramfs (KiB)", u64::try_from(image.len() / 1024)?));
    }
    Ok(())
}

/// What both images have: folders, the service, modules.
fn common() -> Result<Archive> {
    let mut archive = Archive::default();
    for folder in ["proc", "sys", "dev", "run", "tmp", "etc/network", "usr/bin", "usr/sbin", "usr/lib", "busybox"] {
        archive.folder(folder);
    }
    for name in ["bin", "sbin", "lib", "lib64"] {
        archive.link(name, &format!("usr/{name}"));
    }
    archive.device("dev/console", 0o600, 5, 1);
    archive.device("dev/null", 0o666, 1, 3);
    let source = elf::repository().join("tests/bench/costs.c");
    archive.file("usr/bin/costs", 0o755, &initramfs::compiled(Processor::X86_64, &source)?);
    Ok(archive)
}

fn launcher(kernel: &Kernel) -> Result<Vec<u8>> {
    let mut archive = common()?;
    archive.file("init", 0o755, &fs::read(elf::binary()?)?);
    archive.file("etc/vrf-launch.conf", 0o644, CONF.as_bytes());
    archive.file("etc/modules", 0o644, MODULES.join("\n").as_bytes());
    finish(archive, kernel)
}

fn peers(kernel: &Kernel) -> Result<Vec<u8>> {
    let mut archive = common()?;
    let tree = userland::fetch(Processor::X86_64)?;
    userland::busybox(&tree, &mut archive)?;
    archive.link("init", "busybox/init");
    // Debian's busybox, as a shell, takes its own ip and ifup.
    archive.link("usr/bin/sh", "dash");
    let mut done = BTreeSet::new();
    let files = [
        userland::program(Processor::X86_64, &tree, "ip")?,
        userland::program(Processor::X86_64, &tree, "dash")?,
        userland::closure("ifupdown-ng")?,
    ];
    for (path, name) in files.into_iter().flatten() {
        if done.insert(name.clone()) {
            archive.file(&name, 0o755, &fs::read(path)?);
        }
    }
    archive.file("etc/network/interfaces", 0o644, INTERFACES.as_bytes());
    archive.file("etc/inittab", 0o644, INITTAB.as_bytes());
    archive.file("etc/rc", 0o755, RC.as_bytes());
    finish(archive, kernel)
}

fn finish(archive: Archive, kernel: &Kernel) -> Result<Vec<u8>> {
    let mut all = archive.finish();
    all.extend(kernel.modules(&MODULES.iter().map(|&name| name.to_owned()).collect())?);
    Ok(all)
}

/// Ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Boots an image: the machine's time at which the service listens, and the host's until it answers, where the machine's
/// does not count instructions.
fn boot(kernel: &Kernel, image: &[u8], counts: bool) -> Result<(u64, Duration)> {
    let initrd = tempfile::NamedTempFile::new()?;
    fs::write(initrd.path(), image)?;
    let machine = Machine {
        processor: Processor::X86_64,
        kernel: kernel.image.clone(),
        initrd: Some(initrd.path().to_owned()),
        disk: None,
        append: String::new(),
        memory_mib: 128,
        counts,
    };
    // A port that was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = machine.command();
    command.arg("-netdev").arg(format!("user,id=n,net=10.20.30.0/24,hostfwd=tcp:127.0.0.1:{port}-10.20.30.40:7"));
    command.args(["-device", "virtio-net-device,netdev=n", "-serial", "stdio"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let start = Instant::now();
    let mut child = Running(command.spawn().context("cannot run qemu-system-x86_64")?);
    let lines = BufReader::new(child.0.stdout.take().context("no console")?);
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let mut console = String::new();
    while let Ok(line) = receive.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
        let Some(rest) = line.split_once("# listens after ").map(|(_, rest)| rest) else {
            console += &format!("{line}\n");
            continue;
        };
        let nanoseconds = rest.split_whitespace().next().unwrap_or_default().parse()?;
        // A clock that counts instructions runs away from the host's network.
        while start.elapsed() < PATIENCE {
            if counts || answers(port) {
                return Ok((nanoseconds, start.elapsed()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("it listens and does not answer");
    }
    bail!("no service; the console:\n{console}")
}

/// Whether a byte that is sent comes back.
fn answers(port: u16) -> bool {
    let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"x")?;
        stream.read_exact(&mut [0])
    });
    asked.is_ok()
}
