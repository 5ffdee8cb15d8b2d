//! The appliance of `initramfs/appliance`, packed by its own recipe: a kernel, the binary as the first process, one SSH server
//! that is static, no shell, no libc. It answers on its network card, which is in the VRF.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::alpine::{self, Alpine};
use vrf_launch_tests::vm::processor::Processor;
use vrf_launch_tests::vm::qemu::Machine;
use vrf_launch_tests::vm::{dropbear, host};

/// Longest time from the start of QEMU to the answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Drivers of the machine, and the VRF's module.
const MODULES: [&str; 3] = ["virtio_mmio", "virtio_net", "vrf"];

/// What the appliance is to be.
const CONFIGURATION: &str = "initramfs/appliance/vrf-launch.conf";

/// All there is on the image beside folders and modules; the last two alone where the configuration is in the binary.
const FILES: [&str; 7] =
    ["etc/group", "etc/modules", "etc/passwd", "etc/shells", "etc/vrf-launch.conf", "init", "usr/sbin/dropbear"];

/// Ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A machine that runs, what is on its console so far, and the port by which its port 22 is reached.
struct Appliance {
    _machine: Running,
    console: Arc<Mutex<String>>,
    port: u16,
}

#[test]
fn it_answers_on_the_management_side() -> Result<()> {
    answers(&elf::binary()?, true)
}

#[test]
fn with_its_configuration_baked_in_it_needs_no_file_but_its_daemon() -> Result<()> {
    let configuration = format!("VRF_LAUNCH_CONFIG={}", elf::repository().join(CONFIGURATION).display());
    // All it is to be able to, and nothing else.
    answers(&elf::made("baked", &[&configuration, "FEATURES=up run"])?, false)
}

/// Boots the appliance, with files in /etc or none.
fn answers(binary: &Path, has_etc: bool) -> Result<()> {
    // Debian's kernel is not built to hear of this machine's network card.
    let Some(alpine) = alpine()? else { return Ok(()) };
    let image = image(&alpine, binary, &MODULES, has_etc)?;
    let (files, modules): (Vec<String>, Vec<String>) =
        files(&image)?.into_iter().partition(|name| !name.starts_with("lib/modules/"));
    ensure!(files == FILES[if has_etc { 0 } else { 5 }..], "on the image: {files:?}");
    println!(
        "initramfs: {} KiB, packed {} KiB; of them the launcher {} KiB, dropbear {} KiB; {} modules",
        image.len() / 1024,
        packed(&image)? / 1024,
        fs::read(binary)?.len() / 1024,
        fs::read(dropbear::fetch()?)?.len() / 1024,
        modules.iter().filter(|name| name.ends_with(".ko")).count(),
    );
    let named = format!("modules={}", MODULES.join(","));
    let appliance = boot(&alpine, &image, if has_etc { "" } else { &named })?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(banner) = appliance.banner() {
            let seconds = start.elapsed().as_secs_f32();
            ensure!(banner.starts_with("SSH-2.0-dropbear"), "{banner}");
            println!("{banner} {seconds:.1} s after the kernel's first word, on an emulated processor");
            for line in appliance.console().lines().filter(|line| line.contains("vrf-launch: ")) {
                println!("    {line}");
            }
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    bail!("no answer; the console:\n{}", appliance.console())
}

#[test]
fn an_image_without_the_module_says_what_belongs_on_it() -> Result<()> {
    let Some(alpine) = alpine()? else { return Ok(()) };
    let appliance = boot(&alpine, &image(&alpine, &elf::binary()?, &["virtio_mmio", "virtio_net"], true)?, "")?;
    let start = Instant::now();
    let mut console = String::new();
    while start.elapsed() < PATIENCE && !console.contains("again in 2 s") {
        thread::sleep(Duration::from_millis(50));
        console = appliance.console();
    }
    for said in [
        "cannot add link mgmt type vrf table 10: EOPNOTSUPP",
        "an image needs vrf.ko",
        "sshd: ended with exit code 111",
    ] {
        ensure!(console.contains(said), "the console does not show <{said}>:\n{console}");
    }
    ensure!(appliance.banner().is_none(), "sshd answers outside its VRF");
    Ok(())
}

impl Appliance {
    /// What its SSH server says first.
    fn banner(&self) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        let mut text = [0; 64];
        let length = stream.read(&mut text).ok().filter(|length| *length > 0)?;
        Some(String::from_utf8_lossy(&text[..length]).lines().next()?.to_owned())
    }

    fn console(&self) -> String {
        self.console.lock().map_or_else(|_| String::new(), |text| text.clone())
    }
}

fn alpine() -> Result<Option<Alpine>> {
    match alpine::fetch() {
        Ok(alpine) => Ok(Some(alpine)),
        Err(error) if host::is_ci() => Err(error),
        Err(error) => {
            println!("skipped: {error:#}");
            Ok(None)
        }
    }
}

/// What the recipe makes.
fn image(alpine: &Alpine, binary: &Path, modules: &[&str], has_etc: bool) -> Result<Vec<u8>> {
    let repository = elf::repository();
    let release = fs::read_dir(&alpine.modules)?.next().context("no modules")??.path();
    let mut recipe = Command::new(repository.join("initramfs/appliance/make-initramfs"));
    let configuration = if has_etc { repository.join(CONFIGURATION) } else { "-".into() };
    recipe.arg(binary).arg(configuration).arg(release).arg(modules.join(" "));
    recipe.arg(named(&dropbear::fetch()?, "/usr/sbin/dropbear"));
    if has_etc {
        recipe.arg("/etc/dropbear/");
    }
    let made = recipe.output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(made.stdout)
}

fn named(file: &Path, name: &str) -> PathBuf {
    let mut both = file.as_os_str().to_owned();
    both.push(":");
    both.push(name);
    both.into()
}

/// The names of the files in an archive.
fn files(image: &[u8]) -> Result<Vec<String>> {
    let listing = through(Command::new("cpio").args(["--quiet", "-tv"]), image)?;
    let files = String::from_utf8_lossy(&listing).into_owned();
    Ok(files
        .lines()
        .filter(|line| !line.starts_with('d'))
        .filter_map(|line| Some(line.split_whitespace().last()?.to_owned()))
        .collect())
}

fn packed(image: &[u8]) -> Result<usize> {
    Ok(through(Command::new("gzip").arg("-9"), image)?.len())
}

/// What a program prints that is given those bytes.
fn through(command: &mut Command, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(bytes)?;
    let done = command.stdin(file.reopen()?).stderr(Stdio::inherit()).output()?;
    ensure!(done.status.success(), "{command:?} failed");
    Ok(done.stdout)
}

fn boot(alpine: &Alpine, image: &[u8], append: &str) -> Result<Appliance> {
    let initrd = tempfile::NamedTempFile::new()?;
    fs::write(initrd.path(), image)?;
    let machine = Machine {
        processor: Processor::X86_64,
        kernel: alpine.image.clone(),
        initrd: Some(initrd.path().to_owned()),
        disk: None,
        append: format!("loglevel=7 {append}"), // what services say is on the console, too
        memory_mib: 128,
        counts: false,
    };
    // A port that was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = machine.command();
    command.arg("-netdev").arg(format!("user,id=n,net=10.20.30.0/24,hostfwd=tcp:127.0.0.1:{port}-10.20.30.40:22"));
    command.args(["-device", "virtio-net-device,netdev=n", "-serial", "stdio"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Running(command.spawn().context("cannot run qemu-system-x86_64")?);
    let console = Arc::new(Mutex::new(String::new()));
    let (lines, heard) = (BufReader::new(child.0.stdout.take().context("no console")?), Arc::clone(&console));
    let (up, begins) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            if let Ok(mut console) = heard.lock() {
                console.push_str(&line);
                console.push('\n');
            }
            let _first = up.send(());
        }
    });
    // The image has been read when the kernel has said something.
    let _begun = begins.recv_timeout(PATIENCE);
    Ok(Appliance { _machine: child, console, port })
}
