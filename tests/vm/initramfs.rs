//! The initramfs of one run: the common archive, the kernel's modules, and what the scenario brings.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::cpio::Archive;
use super::kernel::Kernel;
use super::scenario::Scenario;
use super::userland;
use crate::elf;

/// Modules that are on every guest's disk, for the kernel to load when a program needs them.
const ALWAYS: [&str; 8] = ["veth", "dummy", "af_packet", "inet_diag", "tcp_diag", "udp_diag", "raw_diag", "unix_diag"];

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
        ("test/interfaces.seed", "interfaces.seed", 0o644),
    ] {
        let path = guest.join(file);
        own.file(name, mode, &fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    own.file("test/scenario.sh", 0o644, &fs::read(&scenario.path)?);
    own.file("test/modules", 0o644, scenario.modules.join("\n").as_bytes());
    let binary = fs::read(elf::binary()?)?;
    own.file("vrf-launch", 0o755, &binary);
    if let Some(conf) = &scenario.init {
        own.file("init", 0o755, &binary);
        own.file("vrf-launch.init", 0o755, &fs::read(guest.join("init"))?);
        own.file("etc/vrf-launch.conf", 0o644, &fs::read(conf).with_context(|| format!("{}", conf.display()))?);
        own.file("etc/hostname", 0o644, b"appliance\n");
    }

    let mut all = userland::archive()?.to_vec();
    all.extend(kernel.modules(&modules)?);
    all.extend(own.finish());
    Ok(all)
}
