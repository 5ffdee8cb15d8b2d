//! QEMU: a machine without KVM, its console, and the end it comes to.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::processor::Processor;

/// Words on the console after which nothing that follows can be trusted.
const FAULTS: [&str; 6] =
    ["Kernel panic", "BUG:", "soft lockup", "Oops:", "general protection fault", "detected stalls on CPUs"];

/// Words of a kernel that has nothing more to do, on a machine whose power it cannot switch.
const LAST: [&str; 3] = ["reboot: System halted", "reboot: Power down", "System halted instead"];

/// How long a machine may go on after a fault, to print the trace.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A machine to boot.
#[derive(Debug)]
pub struct Machine {
    /// What it is made of.
    pub processor: Processor,
    /// The kernel.
    pub kernel: PathBuf,
    /// The first file system.
    pub initrd: Option<PathBuf>,
    /// A disk, seen as /dev/vda; writes to it are forgotten.
    pub disk: Option<PathBuf>,
    /// What is added to the kernel's command line.
    pub append: String,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Whether the machine's clock counts instructions, four nanoseconds each, instead of time: the same work takes the
    /// same time then, whatever else the host does.
    pub counts: bool,
}

/// How a machine ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It switched itself off.
    Off,
    /// It still ran when its time was over.
    Hang(Duration),
    /// The kernel printed one of the words of a fault: that line.
    Fault(String),
}

impl Machine {
    /// The command that boots it, with the console on standard input and output.
    ///
    /// A restart, by a panic too, ends QEMU because of `-no-reboot`. Mitigations and randomised addresses cost most of
    /// the time under emulation.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = self.processor.machine();
        command.args(["-nographic", "-no-reboot", "-m", &self.memory_mib.to_string()]);
        if self.counts {
            // The time of day is the same in each run, too.
            command.args(["-icount", "shift=2,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]);
        }
        command.arg("-kernel").arg(&self.kernel);
        if let Some(initrd) = &self.initrd {
            command.arg("-initrd").arg(initrd);
        }
        if let Some(disk) = &self.disk {
            command.arg("-drive").arg(drive(disk)).args(["-device", "virtio-blk-device,drive=d"]);
        }
        command.arg("-append").arg(format!(
            "{} quiet panic=-1 mitigations=off norandmaps nokaslr init_on_alloc=0 {}",
            self.processor.append(),
            self.append
        ));
        command
    }

    /// Boots it and gives every line of the console to `hear` until it ends.
    ///
    /// # Errors
    /// QEMU is not installed or does not start.
    pub fn run(&self, timeout: Duration, hear: impl FnMut(&str)) -> Result<End> {
        self.run_with(&[], timeout, hear)
    }

    /// The same with more arguments for QEMU, such as other disks.
    ///
    /// # Errors
    /// QEMU is not installed or does not start.
    pub fn run_with(&self, arguments: &[OsString], timeout: Duration, mut hear: impl FnMut(&str)) -> Result<End> {
        let mut command = self.command();
        command.args(arguments);
        command.args(["-serial", "stdio"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let program = command.get_program().to_string_lossy().into_owned();
        let spawned = command.spawn().with_context(|| format!("cannot run {program}: is its package installed?"));
        let mut child = Running(spawned?);
        let mut console = BufReader::new(child.0.stdout.take().context("no console")?);
        let (send, receive) = channel();
        let reader = thread::spawn(move || {
            let mut line = Vec::new();
            while console.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
                if send.send(text).is_err() {
                    break;
                }
                line.clear();
            }
        });
        let mut deadline = Instant::now() + timeout;
        let mut end = End::Off;
        loop {
            match receive.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    hear(&line);
                    if end == End::Off && LAST.iter().any(|words| line.contains(words)) {
                        break;
                    }
                    if end == End::Off && FAULTS.iter().any(|words| line.contains(words)) {
                        end = End::Fault(line);
                        deadline = deadline.min(Instant::now() + LAST_WORDS);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if end == End::Off {
                        end = End::Hang(timeout);
                    }
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        drop(child);
        let _ended = reader.join();
        Ok(end)
    }
}

/// A process that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

fn drive(disk: &Path) -> OsString {
    let mut text = OsString::from("id=d,format=raw,if=none,snapshot=on,file=");
    text.push(disk);
    text
}
