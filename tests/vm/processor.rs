//! The processors that machines are made of: what each is called by whom, and how QEMU makes a machine of it.
//!
//! All run under emulation of the whole machine, so that seccomp, BPF and signals are those of its own kernel.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::elf;

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Processor {
    /// That of the machines which build and test this.
    X86_64,
    /// 64-bit ARM.
    Aarch64,
    /// 32-bit ARM with hardware for floating point.
    Armv7,
    /// 64-bit RISC-V.
    Riscv64,
}

impl Processor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::X86_64, Self::Aarch64, Self::Armv7, Self::Riscv64];

    /// Its name for `make ARCH=`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Armv7 => "armv7",
            Self::Riscv64 => "riscv64",
        }
    }

    /// Debian's name for it.
    #[must_use]
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
            Self::Armv7 => "armhf",
            Self::Riscv64 => "riscv64",
        }
    }

    /// The folder of its libraries below `/usr/lib`, by which its cross compiler is named, too.
    #[must_use]
    pub const fn triplet(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-linux-gnu",
            Self::Aarch64 => "aarch64-linux-gnu",
            Self::Armv7 => "arm-linux-gnueabihf",
            Self::Riscv64 => "riscv64-linux-gnu",
        }
    }

    /// The C compiler for it.
    #[must_use]
    pub fn compiler(self) -> String {
        match self {
            Self::X86_64 => "gcc".to_owned(),
            _ => format!("{}-gcc", self.triplet()),
        }
    }

    /// The program under test for it.
    ///
    /// # Errors
    /// There is no such file.
    pub fn program(self) -> Result<PathBuf> {
        match self {
            Self::X86_64 => elf::binary(),
            _ => elf::binary_for(self.name()),
        }
    }

    /// How many times longer a machine of it may take for the same work: the kernels are larger, and the emulation is
    /// not tuned by the choice of an old processor.
    #[must_use]
    pub const fn patience(self) -> u32 {
        match self {
            Self::X86_64 => 2, // three machines at once on two processors, and whatever else runs there
            _ => 4,
        }
    }

    /// QEMU with a machine of that processor, without devices but for those that come with it.
    ///
    /// On x86_64 `microvm` has no BIOS, no ACPI and no PCI: a shell is there in two seconds. `virt` is as plain. The
    /// processors are old ones, for which the kernel has least to mitigate.
    #[must_use]
    pub fn machine(self) -> Command {
        let (program, machine, cpu) = match self {
            Self::X86_64 => ("qemu-system-x86_64", "microvm,acpi=off", "Nehalem-v1"),
            Self::Aarch64 => ("qemu-system-aarch64", "virt", "cortex-a53"),
            Self::Armv7 => ("qemu-system-arm", "virt,highmem=off", "cortex-a15"),
            Self::Riscv64 => ("qemu-system-riscv64", "virt", "rv64"),
        };
        let mut command = Command::new(program);
        command.args(["-M", machine, "-accel", "tcg", "-cpu", cpu, "-nodefaults", "-no-user-config"]);
        command
    }

    /// What the kernel's command line says of that machine: its console, and how it restarts. A triple fault ends QEMU
    /// because of `-no-reboot`; on others the firmware is asked.
    #[must_use]
    pub const fn append(self) -> &'static str {
        match self {
            // Where the host is busy, too few ticks come while the kernel looks whether any do, and it panics.
            Self::X86_64 => "console=ttyS0 reboot=t no_timer_check",
            Self::Aarch64 | Self::Armv7 => "console=ttyAMA0",
            Self::Riscv64 => "console=ttyS0",
        }
    }
}
