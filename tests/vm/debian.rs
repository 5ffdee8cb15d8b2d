//! Packages of Debian, of the release that runs this or of another: fetched with apt, unpacked, never installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use regex::Regex;

use super::host;
use super::processor::Processor;

/// Another release of Debian than the one that runs this, or for another processor, with lists of its own.
///
/// The mirror, and the keys it is trusted by, are those of the system's own configuration.
#[derive(Debug)]
pub struct Release {
    folder: PathBuf,
    processor: Processor,
}

impl Release {
    /// Makes lists of that release for a processor in a folder.
    ///
    /// # Errors
    /// apt is not configured, or the mirror has not got the release.
    pub fn fetch(name: &str, processor: Processor, folder: &Path) -> Result<Self> {
        Self::lists(name, processor, "deb", folder)
    }

    /// The lists of that release, of packages (`deb`) or of sources (`deb-src`).
    fn lists(name: &str, processor: Processor, kind: &str, folder: &Path) -> Result<Self> {
        for part in ["lists/partial", "cache/archives/partial", "sources"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let suites = Regex::new(r"(?m)^(Suites:)[^\n]*$")?;
        let types = Regex::new(r"(?m)^(Types:)[^\n]*$")?;
        let mut count = 0;
        for source in Path::new("/etc/apt/sources.list.d").read_dir().context("apt is not configured")? {
            let text = fs::read_to_string(source?.path()).unwrap_or_default();
            // Debian's own, and not the security updates, which have releases of other names.
            let plain = text.split("\n\n").filter(|part| suites.is_match(part) && !part.contains("security"));
            for part in plain {
                count += 1;
                let part = suites.replace(part, format!("$1 {name}"));
                let part = types.replace(&part, format!("$1 {kind}"));
                fs::write(folder.join(format!("sources/{count}.sources")), format!("{part}\n"))?;
            }
        }
        for line in fs::read_to_string("/etc/apt/sources.list").unwrap_or_default().lines() {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|word| word.contains("://")).map_or(usize::MAX, |at| at + 1);
            if let (Some(&"deb"), Some(suite)) = (words.first().copied().as_ref(), words.get_mut(at)) {
                if !suite.contains('-') {
                    count += 1;
                    *suite = name;
                    if let Some(first) = words.first_mut() {
                        *first = kind;
                    }
                    fs::write(folder.join(format!("sources/{count}.list")), format!("{}\n", words.join(" ")))?;
                }
            }
        }
        ensure!(count > 0, "apt's configuration names no Debian mirror");
        let release = Self { folder: folder.to_owned(), processor };
        let mut update = release.command("apt-get");
        host::output(update.args(["-q", "update"])).with_context(|| format!("the mirror has no {name}"))?;
        Ok(release)
    }

    /// A tool of apt, for this release.
    fn command(&self, tool: &str) -> Command {
        let folder = self.folder.display();
        let architecture = self.processor.debian();
        let mut command = Command::new(tool);
        for option in [
            format!("Dir::State={folder}"),
            format!("Dir::Cache={folder}/cache"),
            format!("Dir::Etc::sourceparts={folder}/sources"),
            "Dir::State::status=/dev/null".to_owned(),
            "Dir::Etc::sourcelist=/dev/null".to_owned(),
            format!("APT::Architecture={architecture}"),
            format!("APT::Architectures={architecture}"),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command
    }

    /// Unpacks a kernel, by the name of the package that depends on the current one, into the folder `into`.
    ///
    /// # Errors
    /// apt does not know the package, or it cannot be had.
    pub fn unpack_kernel(&self, package: &str, into: &Path) -> Result<()> {
        let wanted = closure(self.command("apt-cache"), &[package], |name| name.starts_with("linux-"))?;
        unpack_by(self.command("apt-get"), wanted, into)
    }

    /// Unpacks packages, and those of the libraries that they need, as [`with_libraries`] has them.
    ///
    /// # Errors
    /// apt does not know a package, or it cannot be had.
    pub fn unpack_with_libraries(&self, packages: &[&str], into: &Path) -> Result<()> {
        unpack_by(self.command("apt-get"), closure(self.command("apt-cache"), packages, is_library)?, into)
    }
}

/// The packages that `package` depends on, as apt knows them.
///
/// # Errors
/// apt does not know the package, or is not there.
pub fn depends(package: &str) -> Result<Vec<String>> {
    let graph = graph(Command::new("apt-cache"), &[package])?;
    Ok(graph.get(package).cloned().unwrap_or_default())
}

/// `packages`, and the packages of libraries that they need, directly or through each other.
///
/// Only names that begin with `lib`, and zlib, are followed: programs that a package wants for its
/// installation are not needed by one that is only unpacked.
///
/// # Errors
/// apt does not know a package, or is not there.
pub fn with_libraries(packages: &[&str]) -> Result<BTreeSet<String>> {
    closure(Command::new("apt-cache"), packages, is_library)
}

/// `packages`, and those that they need, directly or through each other, whose names `follow` holds for.
fn closure(apt: Command, packages: &[&str], follow: impl Fn(&str) -> bool) -> Result<BTreeSet<String>> {
    let graph = graph(apt, packages)?;
    let mut wanted = BTreeSet::new();
    let mut open: Vec<String> = packages.iter().map(|&name| name.to_owned()).collect();
    while let Some(package) = open.pop() {
        let more = graph.get(&package).into_iter().flatten();
        open.extend(more.filter(|name| follow(name) && !wanted.contains(*name)).cloned());
        wanted.insert(package);
    }
    Ok(wanted)
}

/// Fetches packages and unpacks them into the folder `into`.
///
/// # Errors
/// A package cannot be had, or not be unpacked.
pub fn unpack<S: AsRef<str>>(packages: impl IntoIterator<Item = S>, into: &Path) -> Result<()> {
    unpack_by(Command::new("apt-get"), packages, into)
}

/// Unpacks the source of a package of a release, as its authors made it, into the new folder `into`.
///
/// # Errors
/// apt is not configured, the mirror has no sources, or not this one.
pub fn source(package: &str, release: &str, into: &Path) -> Result<()> {
    let apt = tempfile::tempdir().context("no room for a source")?;
    let release = Release::lists(release, Processor::X86_64, "deb-src", apt.path())?;
    let mut download = release.command("apt-get");
    download.args(["-q", "source", "--download-only", "--tar-only", package]).current_dir(apt.path());
    host::output(&mut download).with_context(|| format!("the source of {package} cannot be fetched"))?;
    fs::create_dir(into)?;
    let archives = fs::read_dir(apt.path())?.filter_map(Result::ok).map(|file| file.path());
    let archive = archives.into_iter().find(|path| path.to_string_lossy().contains(".orig.tar"));
    let archive = archive.with_context(|| format!("no source of {package}"))?;
    host::output(Command::new("tar").args(["-x", "--strip-components=1", "-C"]).arg(into).arg("-f").arg(archive))
        .map(drop)
}

fn unpack_by<S: AsRef<str>>(mut download: Command, packages: impl IntoIterator<Item = S>, into: &Path) -> Result<()> {
    let archives = into.join("archives");
    fs::create_dir_all(&archives)?;
    download.current_dir(&archives).args(["download", "-q"]);
    download.args(packages.into_iter().map(|name| name.as_ref().to_owned()));
    host::output(&mut download).context("packages cannot be fetched")?;
    for archive in fs::read_dir(&archives)? {
        host::output(Command::new("dpkg").arg("-x").arg(archive?.path()).arg(into))?;
    }
    fs::remove_dir_all(&archives)?;
    Ok(())
}

fn is_library(name: &str) -> bool {
    name == "zlib1g" || (name.starts_with("lib") && !name.starts_with("libpam-") && !name.ends_with("-perl"))
}

/// Who depends on whom, from `apt-cache depends`: a name at the margin, then `  Depends: other` lines.
fn graph(mut apt: Command, packages: &[&str]) -> Result<BTreeMap<String, Vec<String>>> {
    apt.args(["depends", "--recurse", "--important"]).args(packages);
    Ok(parse(&host::output(&mut apt).context("apt does not know the packages: `apt-get update`")?))
}

fn parse(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut graph = BTreeMap::<String, Vec<String>>::new();
    let mut package = String::new();
    for line in text.lines() {
        match line.trim_start_matches([' ', '|']).split_once("epends: ") {
            Some((_, other)) if !other.starts_with('<') => {
                graph.entry(package.clone()).or_default().push(other.to_owned());
            }
            Some(_) => {}
            None if !line.starts_with(' ') => line.clone_into(&mut package),
            None => {}
        }
    }
    graph
}
