//! A kernel to boot, and those of its modules that a scenario asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::read::GzDecoder;

use super::cpio::Archive;
use super::debian::{self, Release};
use super::processor::Processor;
use super::{alpine, cache, host};
use crate::elf;

/// The kernels of the test matrix, the oldest that is supported first.
pub const NAMES: [&str; 5] = ["debian-5.10", "debian-6.1", "debian-6.12", "alpine-6.18", "debian-newest"];

/// Those that run the scenarios in which kernels may differ: the ways out, members, shared cards. What depends on the program
/// alone runs on one of them (`once`). The others run those that say so; with `KERNELS=all` each runs all.
pub const USUAL: [&str; 2] = ["debian-6.1", "alpine-6.18"];

/// One without BPF, cgroups and modules, built from source: only for `KERNELS=tiny` (`make tiny-kernel-demo`).
pub const TINY: &str = "tiny";

/// Those of other processors, with the release of Debian that they are of: only for `KERNELS=processors`, the name of such a
/// processor, or that of the kernel (`make test-processors`). They run the scenarios with a line `# processors:`.
///
/// Debian has riscv64 since its release 13.
pub const FOREIGN: [(&str, Processor, &str, &str); 3] = [
    ("debian-6.1-arm64", Processor::Aarch64, "bookworm", "linux-image-arm64"),
    ("debian-6.1-armhf", Processor::Armv7, "bookworm", "linux-image-armmp"),
    ("debian-6.12-riscv64", Processor::Riscv64, "trixie", "linux-image-riscv64"),
];

/// The release of Debian that a processor's kernel and programs are of; `None` for the one that runs this.
#[must_use]
pub fn release_of(processor: Processor) -> Option<&'static str> {
    FOREIGN.iter().find(|(_, of, ..)| *of == processor).map(|(_, _, release, _)| *release)
}

/// What the kernel with that name runs on.
#[must_use]
pub fn processor_of(name: &str) -> Processor {
    FOREIGN.iter().find(|(known, ..)| *known == name).map_or(Processor::X86_64, |(_, processor, ..)| *processor)
}

/// The releases of Debian that the others are of.
const RELEASES: [(&str, &str); 3] = [("debian-5.10", "bullseye"), ("debian-6.12", "trixie"), ("debian-newest", "sid")];

/// A kernel and its modules.
#[derive(Debug)]
pub struct Kernel {
    /// What it runs on.
    pub processor: Processor,
    /// The kernel, bootable.
    pub image: PathBuf,
    /// Its release, as `uname -r` prints it.
    pub release: String,
    modules: BTreeMap<String, PathBuf>,
}

impl Kernel {
    /// The kernel with a name of [`NAMES`], fetched the first time.
    ///
    /// # Errors
    /// It cannot be had, or is of another version than its name says.
    pub fn fetch(name: &str) -> Result<Self> {
        match name {
            "debian-6.1" => {
                let package = debian::depends("linux-image-cloud-amd64")?
                    .into_iter()
                    .find(|package| package.starts_with("linux-image-6.1."))
                    .context("the Debian that runs this has no kernel 6.1")?;
                let folder = cache::entry(&package, |into| debian::unpack([&package], into))?;
                let release = package.trim_start_matches("linux-image-");
                Self::new(folder.join("boot").join(format!("vmlinuz-{release}")), &folder.join("lib/modules"))
            }
            "alpine-6.18" => {
                let alpine = alpine::fetch()?;
                Self::new(alpine.image, &alpine.modules)
            }
            TINY => tiny(),
            _ => {
                let amd64 = RELEASES.iter().map(|&(name, of)| (name, Processor::X86_64, of, "linux-image-cloud-amd64"));
                let mut all = amd64.chain(FOREIGN);
                let Some((_, processor, release, package)) = all.find(|(known, ..)| *known == name) else {
                    bail!("there is no kernel {name}; there are {}", NAMES.join(", "));
                };
                let folder = cache::entry(name, |into| {
                    let apt = into.join("apt");
                    Release::fetch(release, processor, &apt)?.unpack_kernel(package, into)?;
                    Ok(fs::remove_dir_all(apt)?)
                })?;
                let modules = ["usr/lib/modules", "lib/modules"].map(|place| folder.join(place));
                let modules = modules.iter().find(|place| place.is_dir()).context("no modules")?;
                let release = fs::read_dir(modules)?.next().context("no modules")??.file_name();
                let boot = |name| folder.join("boot").join(format!("{name}-{}", release.to_string_lossy()));
                // Newer packages have it beside the modules; that of riscv64 is not compressed, and called so.
                let places = [modules.join(&release).join("vmlinuz"), boot("vmlinuz"), boot("vmlinux")];
                let image = places.into_iter().find(|place| place.is_file()).context("no kernel")?;
                let kernel = Self::new(image, modules)?;
                Ok(Self { processor, ..kernel })
            }
        }
    }

    fn new(image: PathBuf, modules: &Path) -> Result<Self> {
        ensure!(image.is_file(), "{} is missing", image.display());
        let folder = fs::read_dir(modules)?.next().context("no modules")??;
        let mut found = BTreeMap::new();
        index(&folder.path(), &mut found)?;
        Ok(Self {
            processor: Processor::X86_64,
            image,
            release: folder.file_name().to_string_lossy().into_owned(),
            modules: found,
        })
    }

    /// An archive with the modules `wanted` and those they depend on, unpacked, and the text files by which
    /// busybox's modprobe finds them. A name that is no module is taken to be built in.
    ///
    /// # Errors
    /// A module cannot be read.
    pub fn modules(&self, wanted: &BTreeSet<String>) -> Result<Vec<u8>> {
        let mut archive = Archive::default();
        let folder = format!("usr/lib/modules/{}", self.release);
        archive.folder(&folder);
        let mut open: Vec<String> = wanted.iter().map(|name| canonical(name)).collect();
        let mut needs = BTreeMap::<String, Vec<String>>::new();
        let mut aliases = String::new();
        while let Some(name) = open.pop() {
            let Some(path) = self.modules.get(&name).filter(|_| !needs.contains_key(&name)) else { continue };
            let bytes = unpacked(path)?;
            archive.file(&format!("{folder}/{name}.ko"), 0o644, &bytes);
            for alias in info(&bytes, "alias=") {
                writeln!(aliases, "alias {alias} {name}")?;
            }
            let depends = info(&bytes, "depends=");
            let depends: Vec<String> = depends
                .iter()
                .flat_map(|list| list.split(','))
                .filter(|name| !name.is_empty())
                .map(canonical)
                .collect();
            open.extend(depends.iter().cloned());
            needs.insert(name, depends);
        }
        archive.file(&format!("{folder}/modules.alias"), 0o644, aliases.as_bytes());
        let mut order = String::new();
        for name in needs.keys() {
            let chain = chain(name, &needs);
            writeln!(order, "{name}.ko:{}", chain.iter().map(|other| format!(" {other}.ko")).collect::<String>())?;
        }
        archive.file(&format!("{folder}/modules.dep"), 0o644, order.as_bytes());
        Ok(archive.finish())
    }
}

/// Debian's kernel source with the least there is, and what `initramfs/kernel.config` says.
fn tiny() -> Result<Kernel> {
    let configs = ["tests/tiny/machine.config", "initramfs/kernel.config"].map(|file| elf::repository().join(file));
    let mut hasher = DefaultHasher::new();
    for config in &configs {
        fs::read(config)?.hash(&mut hasher);
    }
    let folder = cache::entry(&format!("tiny-{:016x}", hasher.finish()), |into| {
        let source = debian::depends("linux-source")?.into_iter().next().context("Debian has no linux-source")?;
        debian::unpack([&source], into)?;
        let archive = into.join(format!("usr/src/{source}.tar.xz"));
        let tree = into.join("tree");
        fs::create_dir(&tree)?;
        host::output(Command::new("tar").args(["-x", "--strip-components=1", "-C"]).arg(&tree).arg("-f").arg(archive))?;
        let jobs = format!("-j{}", std::thread::available_parallelism()?);
        let run = |program: &str, args: &[&str], files: &[PathBuf]| {
            host::output(Command::new(program).current_dir(&tree).args(args).args(files)).map(drop)
        };
        run("make", &["-s", "tinyconfig"], &[])?;
        run("scripts/kconfig/merge_config.sh", &["-m", ".config"], &configs)?;
        run("make", &["-s", "olddefconfig"], &[])?;
        run("make", &["-s", &jobs, "bzImage"], &[])?;
        fs::copy(tree.join("arch/x86/boot/bzImage"), into.join("bzImage"))?;
        fs::copy(tree.join(".config"), into.join("config"))?;
        fs::remove_dir_all(tree)?;
        Ok(fs::remove_dir_all(into.join("usr"))?)
    })?;
    let (processor, image) = (Processor::X86_64, folder.join("bzImage"));
    Ok(Kernel { processor, image, release: TINY.to_owned(), modules: BTreeMap::new() })
}

/// All modules below `folder`, by name.
fn index(folder: &Path, found: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for item in fs::read_dir(folder)? {
        let path = item?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_symlink() {
            continue;
        } else if path.is_dir() {
            index(&path, found)?;
        } else if let Some((name, "" | ".gz" | ".xz")) = name.split_once(".ko") {
            found.insert(canonical(name), path);
        }
    }
    Ok(())
}

/// Everything that `name` needs, the nearest first, as a line of modules.dep has it.
fn chain(name: &str, needs: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = vec![name.to_owned()];
    while let Some(next) = open.pop() {
        for other in needs.get(&next).into_iter().flatten() {
            all.retain(|known| known != other);
            all.push(other.clone());
            open.push(other.clone());
        }
    }
    all
}

/// A module's name as the kernel writes it.
fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

fn unpacked(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path)?;
    let mut plain = Vec::new();
    match path.extension().and_then(OsStr::to_str) {
        Some("gz") => GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map(drop)?,
        Some("xz") => lzma_rs::xz_decompress(&mut bytes.as_slice(), &mut plain)
            .map_err(|error| anyhow!("{}: {error:?}", path.display()))?,
        _ => return Ok(bytes),
    }
    Ok(plain)
}

/// The values of one key in a module's section `.modinfo`: strings `key=value`, each ended by a zero byte.
fn info(module: &[u8], key: &str) -> Vec<String> {
    let Ok(elf) = goblin::elf::Elf::parse(module) else { return Vec::new() };
    let section = elf.section_headers.iter().find(|header| elf.shdr_strtab.get_at(header.sh_name) == Some(".modinfo"));
    let bytes = section.and_then(|header| module.get(header.file_range()?)).unwrap_or_default();
    let strings = bytes.split(|&byte| byte == 0).map(String::from_utf8_lossy);
    strings.filter_map(|text| Some(text.strip_prefix(key)?.to_owned())).collect()
}
