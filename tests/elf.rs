//! The binary under test: where it is, and what its ELF headers promise.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use goblin::elf::Elf;
use goblin::elf::program_header::{PF_W, PF_X, PT_INTERP, PT_LOAD};

/// Most bytes the binary may have, with all features.
pub const MAX_SIZE: usize = 393_216;

/// The top of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The binary under test: `$VRF_LAUNCH`, or what `make` leaves.
///
/// # Errors
/// There is no such file.
pub fn binary() -> Result<PathBuf> {
    let path = env::var_os("VRF_LAUNCH").map_or_else(|| repository().join("target/vrf-launch"), PathBuf::from);
    ensure!(path.is_file(), "{} is missing: `make` builds it", path.display());
    Ok(path)
}

/// Most bytes of the binary from which all is left out that may be.
pub const MAX_LEAN: usize = 73_728;

/// The binary for another processor, as `make ARCH=` leaves it.
///
/// # Errors
/// There is no such file.
pub fn binary_for(processor: &str) -> Result<PathBuf> {
    let path = repository().join(format!("target/vrf-launch-{processor}"));
    ensure!(path.is_file(), "{} is missing: `make ARCH={processor}` builds it", path.display());
    Ok(path)
}

/// The binary with a configuration baked in, which `make` builds beside the other one.
///
/// # Errors
/// What `make` said.
pub fn baked(configuration: &Path) -> Result<PathBuf> {
    made("baked", &[&format!("VRF_LAUNCH_CONFIG={}", configuration.display())])
}

/// The binary with these features and no others, and what they need.
///
/// # Errors
/// What `make` said.
pub fn lean(features: &str) -> Result<PathBuf> {
    made("lean", &[&format!("FEATURES={features}")])
}

/// The features that may be left out, each with those that it needs. Source: Cargo.toml.
///
/// # Errors
/// Cargo.toml cannot be read.
pub fn features() -> Result<Vec<(String, Vec<String>)>> {
    let text = fs::read_to_string(repository().join("Cargo.toml"))?;
    let section = text.lines().skip_while(|line| *line != "[features]").take_while(|line| !line.is_empty());
    let of = |line: &str| {
        let (name, needs) = line.strip_suffix(']')?.split_once(" = [")?;
        let needs = needs.split(',').map(|need| need.trim().trim_matches('"').to_owned());
        Some((name.to_owned(), needs.filter(|need| !need.is_empty()).collect()))
    };
    Ok(section.filter_map(of).collect())
}

/// What `make` builds with these settings, in a folder of `target`.
///
/// # Errors
/// What `make` said.
pub fn made(folder: &str, settings: &[&str]) -> Result<PathBuf> {
    let mut make = Command::new("make");
    // A make above this one is none of its business, nor are the options of this build.
    for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "RUSTFLAGS", "CARGO", "RUSTC", "FEATURES"] {
        make.env_remove(name);
    }
    let build = format!("BUILD=target/{folder}");
    let done = make.arg("-C").arg(repository()).arg(build).args(settings).output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(repository().join("target").join(folder).join("vrf-launch"))
}

/// What the headers of an executable say.
#[derive(Debug)]
pub struct Headers {
    /// The dynamic linker it asks for.
    pub interpreter: Option<String>,
    /// The shared libraries it needs.
    pub needed: Vec<String>,
    /// How many loaded segments are writable and executable at once.
    pub writable_and_executable: usize,
}

/// Reads the headers of an ELF file.
///
/// # Errors
/// The bytes are no ELF file.
pub fn headers(bytes: &[u8]) -> Result<Headers> {
    let elf = Elf::parse(bytes).context("not an ELF file")?;
    let interpreter = elf.program_headers.iter().any(|header| header.p_type == PT_INTERP);
    Ok(Headers {
        interpreter: interpreter.then(|| elf.interpreter.unwrap_or("(unreadable)").to_owned()),
        needed: elf.libraries.iter().map(|&name| name.to_owned()).collect(),
        writable_and_executable: elf
            .program_headers
            .iter()
            .filter(|header| header.p_type == PT_LOAD && header.p_flags & (PF_W | PF_X) == PF_W | PF_X)
            .count(),
    })
}

/// The names of the sections of an executable, and their sizes.
///
/// # Errors
/// The bytes are no ELF file.
pub fn sections(bytes: &[u8]) -> Result<Vec<(String, u64)>> {
    let elf = Elf::parse(bytes).context("not an ELF file")?;
    let name = |at| elf.shdr_strtab.get_at(at).unwrap_or_default().to_owned();
    Ok(elf.section_headers.iter().map(|section| (name(section.sh_name), section.sh_size)).collect())
}
