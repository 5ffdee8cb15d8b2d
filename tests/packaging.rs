//! What `make install` puts where, and that the APKBUILD of `initramfs/alpine` puts each file of it into one package.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::host;

/// Beside the copies of `initramfs`, which lie in share/vrf-launch.
const INSTALLED: [&str; 6] = [
    "sbin/vrf-launch",
    "share/bash-completion/completions/vrf-launch",
    "share/fish/vendor_completions.d/vrf-launch.fish",
    "share/man/man5/vrf-launch.conf.5",
    "share/man/man8/vrf-launch.8",
    "share/zsh/site-functions/_vrf-launch",
];

/// What lies elsewhere in `initramfs`, or is of no use on the machine itself.
const APART: [&str; 3] = ["man/", "completions/", "alpine/"];

#[test]
fn make_install_puts_these_files_and_no_others() -> Result<()> {
    let examples = below(&elf::repository().join("initramfs"))?;
    let examples = examples.iter().filter(|name| !APART.iter().any(|folder| name.starts_with(folder)));
    let wanted: BTreeSet<String> = INSTALLED
        .map(str::to_owned)
        .into_iter()
        .chain(examples.map(|name| format!("share/vrf-launch/{name}")))
        .collect();
    let root = install("/usr")?;
    let got = below(&root.path().join("usr"))?;
    ensure!(got == wanted, "not installed: {:?}; not meant: {:?}", &wanted - &got, &got - &wanted);
    let mode = |name: &str| Ok::<_, anyhow::Error>(fs::metadata(root.path().join(name))?.permissions().mode() & 0o777);
    ensure!(mode("usr/sbin/vrf-launch")? == 0o755 && mode("usr/share/vrf-launch/s6/sshd/run")? == 0o755);
    ensure!(mode("usr/share/man/man8/vrf-launch.8")? == 0o644 && mode("usr/share/vrf-launch/inittab")? == 0o644);
    // Without PREFIX the program is in /sbin, and what it does not need to boot in /usr/share.
    let root = install("")?;
    ensure!(root.path().join("sbin/vrf-launch").is_file() && !root.path().join("share").exists());
    Ok(())
}

#[test]
fn the_apkbuild_puts_each_file_into_one_package() -> Result<()> {
    let root = tempfile::tempdir()?;
    // As abuild does it: package(), and then the functions of subpackages move what is theirs.
    let script = r#"
        set -e
        builddir=$PWD pkgdir=$1/main
        . initramfs/alpine/APKBUILD
        package >&2
        cd "$1"
        amove() {
            for path in "$@"; do mkdir -p "$subpkgdir/${path%/*}"; mv "$pkgdir/$path" "$subpkgdir/$path"; done
        }
        for subpackage in $subpackages; do
            subpkgdir=$1/${subpackage%%:*} split=${subpackage##*:}
            case $split in
            *-openrc) amove etc/init.d etc/conf.d ;;
            *-doc) amove usr/share/man ;;
            *-bash-completion) amove usr/share/bash-completion ;;
            *-zsh-completion) amove usr/share/zsh ;;
            *-fish-completion) amove usr/share/fish ;;
            *) "${split##*-}" ;;
            esac
        done
        find . -type d -empty -delete
    "#;
    host::output(Command::new("sh").args(["-c", script, "abuild"]).arg(root.path()).current_dir(elf::repository()))?;
    let files = below(root.path())?;
    let of = |package: &str| files.iter().filter_map(|name| name.strip_prefix(package)).collect::<Vec<_>>();
    ensure!(of("vrf-launch-openrc/") == ["etc/conf.d/vrf-launch", "etc/init.d/vrf-launch"], "{files:?}");
    let features = ["etc/mkinitfs/features.d/vrf-launch.files", "etc/mkinitfs/features.d/vrf-launch.modules"];
    ensure!(of("vrf-launch-mkinitfs/") == features, "{files:?}");
    ensure!(of("vrf-launch-ifupdown-ng/") == ["usr/libexec/ifupdown-ng/vrf"], "{files:?}");
    ensure!(of("vrf-launch-ip/") == ["usr/bin/ip"], "{files:?}");
    let main = of("main/");
    let rest: Vec<_> = main.iter().filter(|name| !name.starts_with("usr/share/vrf-launch/")).collect();
    ensure!(rest == [&"usr/sbin/vrf-launch"], "in the main package: {rest:?}");
    Ok(())
}

fn install(prefix: &str) -> Result<tempfile::TempDir> {
    let root = tempfile::tempdir()?;
    let mut make = Command::new("make");
    make.args(["-s", "install", &format!("PREFIX={prefix}")]).arg(format!("DESTDIR={}", root.path().display()));
    host::output(make.current_dir(elf::repository()))?;
    Ok(root)
}

/// The names of all files below a folder, without its own.
fn below(folder: &Path) -> Result<BTreeSet<String>> {
    let listing = host::output(Command::new("find").args([".", "!", "-type", "d"]).current_dir(folder))?;
    Ok(listing.lines().filter_map(|name| name.strip_prefix("./")).map(str::to_owned).collect())
}
