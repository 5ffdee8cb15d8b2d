//! The cache folder: kernels, userland and disks, fetched once and shared by every clone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{env, process};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

/// `$XDG_CACHE_HOME/vrf-launch`, by default `~/.cache/vrf-launch`.
#[must_use]
pub fn folder() -> PathBuf {
    let base = env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || env::var_os("HOME").map_or_else(env::temp_dir, |home| Path::new(&home).join(".cache"));
    base.unwrap_or_else(home).join("vrf-launch")
}

/// The folder `name` of the cache, filled by `fill` the first time.
///
/// Runs at the same time wait for each other, and a run that was cut short leaves nothing that looks
/// finished: the folder is filled under another name and then renamed.
///
/// # Errors
/// Those of `fill`, and of the file system.
pub fn entry(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let root = folder();
    let path = root.join(name);
    if path.exists() {
        return Ok(path);
    }
    fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
    let lock = File::create(root.join(format!("{name}.lock")))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    if path.exists() {
        return Ok(path);
    }
    let unfinished = root.join(format!("{name}.{}", process::id()));
    fs::create_dir_all(&unfinished)?;
    match fill(&unfinished) {
        Ok(()) => fs::rename(&unfinished, &path)?,
        Err(error) => {
            fs::remove_dir_all(&unfinished)?;
            return Err(error);
        }
    }
    Ok(path)
}
