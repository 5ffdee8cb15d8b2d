//! Packages of the Debian that runs this: fetched with apt, unpacked, never installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::host;

/// The packages that `package` depends on, as apt knows them.
///
/// # Errors
/// apt does not know the package, or is not there.
pub fn depends(package: &str) -> Result<Vec<String>> {
    let graph = graph(&[package])?;
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
    let graph = graph(packages)?;
    let mut wanted = BTreeSet::new();
    let mut open: Vec<String> = packages.iter().map(|&name| name.to_owned()).collect();
    while let Some(package) = open.pop() {
        let libraries = graph.get(&package).into_iter().flatten();
        open.extend(libraries.filter(|name| is_library(name) && !wanted.contains(*name)).cloned());
        wanted.insert(package);
    }
    Ok(wanted)
}

/// Fetches packages and unpacks them into the folder `into`.
///
/// # Errors
/// A package cannot be had, or not be unpacked.
pub fn unpack<S: AsRef<str>>(packages: impl IntoIterator<Item = S>, into: &Path) -> Result<()> {
    let archives = into.join("archives");
    fs::create_dir_all(&archives)?;
    let mut download = Command::new("apt-get");
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
fn graph(packages: &[&str]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut command = Command::new("apt-cache");
    command.args(["depends", "--recurse", "--important"]).args(packages);
    let text = host::output(&mut command).context("apt does not know the packages: `apt-get update`")?;
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
    Ok(graph)
}
