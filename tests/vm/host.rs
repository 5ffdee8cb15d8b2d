//! Commands on the host.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// Runs `command` and returns what it printed.
///
/// # Errors
/// It is not installed, or ends with another code than 0; its last words are in the error.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command.output().with_context(|| format!("cannot run {name}: is its package installed?"))?;
    if !done.status.success() {
        let words = String::from_utf8_lossy(&done.stderr);
        let last = words.lines().rev().take(3).collect::<Vec<_>>();
        bail!("{name} ended with {}: {}", done.status, last.into_iter().rev().collect::<Vec<_>>().join(" / "));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Whether a continuous integration runs this: what cannot run is then an error, not a note.
#[must_use]
pub fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}
