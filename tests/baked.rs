//! A configuration that is baked in: checked when the binary is built, and used where there is no other. Built here for the host,
//! which is quicker; tests/appliance.rs boots a machine with one that `make` has built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::host;

#[test]
fn what_is_wrong_with_it_is_an_error_of_the_build() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let conf = folder.path().join("bad.conf");
    fs::write(folder.path().join("part.conf"), "iface eth0\n    address 10.0.0.300\n")?;
    for (text, says) in [
        ("auto mgmt\niface mgmt\n    vrf-table many\n", "bad.conf:3: vrf-table \"many\": not a table number"),
        ("auto mgmt\nsource part.conf\n", "part.conf:2: address \"10.0.0.300\": not an IPv4 or IPv6 address"),
        ("source none.conf\n", "bad.conf:1: cannot read none.conf: ENOENT"),
        (
            "\nsource /etc/network/interfaces\n",
            "bad.conf:2: source \"/etc/network/interfaces\": read when the binary is built",
        ),
        ("iface a\n    requires b\niface b\n    requires a\n", "bad.conf:4: requires \"a\": a cycle"),
        (
            "service a\n    exec a\n    requires b\nservice b\n    exec b\n    requires a\n",
            "bad.conf:6: requires \"a\": a cycle",
        ),
    ] {
        fs::write(&conf, text)?;
        let error = built(&conf).err().with_context(|| format!("built: {text}"))?.to_string();
        let wanted = format!("{}/{says}", folder.path().display());
        let line = error.lines().find(|line| line.starts_with("error: ") && line.contains(&wanted));
        ensure!(line.is_some(), "wanted {wanted}, got {error}");
    }
    Ok(())
}

#[test]
fn it_is_used_where_there_is_no_other() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let conf = folder.path().join("own.conf");
    fs::write(&conf, "source part*.conf\nauto baked\niface baked\n    vrf-table 10\n")?;
    fs::write(folder.path().join("part1.conf"), "# a line\nauto part\niface part\n    vrf-table 11\n")?;
    let binary = built(&conf)?;
    let version = host::output(Command::new(&binary).arg("--version"))?;
    ensure!(version.ends_with("\nconfiguration: own.conf (baked in)\n"), "{version}");

    let etc = folder.path().join("etc");
    fs::create_dir_all(etc.join("network"))?;
    let plan = |words: &[&str]| with_etc(&etc, &binary, words);
    let text = plan(&["plan"])?;
    ensure!(text.contains("# baked (own.conf (baked in):4)\nip link add baked type vrf table 10\n"), "{text}");
    ensure!(
        text.contains("# part (part1.conf (baked in):4)\n") && text.contains("\nip link add part type vrf table 11\n"),
        "{text}"
    );
    fs::write(etc.join("network/interfaces"), "auto file\niface file\n    vrf-table 12\n")?;
    let text = plan(&["plan"])?;
    ensure!(text.contains("# file (/etc/network/interfaces:3)") && !text.contains("baked"), "{text}");
    let named = folder.path().join("part1.conf").display().to_string();
    let text = plan(&["plan", "--config", &named])?;
    ensure!(text.contains(&format!("# part ({named}:4)")), "{text}");
    Ok(())
}

/// The binary with that configuration, for the host.
fn built(conf: &Path) -> Result<PathBuf> {
    static ONE: Mutex<()> = Mutex::new(()); // at a time
    let _one = ONE.lock();
    let target = elf::repository().join("target/baked");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(elf::repository()).env("VRF_LAUNCH_CONFIG", conf);
    cargo.args(["build", "--quiet", "--locked", "--bin", "vrf-launch", "--target-dir"]).arg(&target);
    let done = cargo.output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(target.join("debug/vrf-launch"))
}

/// What the binary prints with that folder in the place of /etc.
fn with_etc(etc: &Path, binary: &Path, words: &[&str]) -> Result<String> {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc && exec \"$@\""]).arg(etc);
    host::output(command.arg(binary).args(words))
}
