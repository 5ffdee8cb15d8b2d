//! What each way takes on a disk, with all the libraries that it needs, and what the launcher's bytes are for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::processor::Processor;
use vrf_launch_tests::vm::{host, userland};

use crate::figures::{Figure, Figures};

/// The ways, and the programs that each needs.
const WAYS: [(&str, &[&str]); 6] = [
    ("iproute2: ip vrf exec, ip netns exec", &["ip"]),
    ("ifupdown-ng, iproute2 and a shell: the recipe", &["ifupdown-ng", "ip", "dash"]),
    ("nftables", &["nft"]),
    ("iptables", &["xtables-nft-multi"]),
    ("runit: runsvdir, runsv, chpst", &["runsvdir", "runsv", "chpst"]),
    (
        "s6: s6-svscan, s6-supervise, s6-setuidgid",
        &["s6-svscan", "s6-supervise", "s6-setuidgid", "s6-envuidgid", "s6-applyuidgid"],
    ),
];

/// The programs that every guest has.
const USUAL: [&str; 2] = ["ip", "dash"];

/// Adds up installed files.
pub fn measure(all: &mut Figures) -> Result<()> {
    const TABLE: &str = "installed, with all libraries";
    let size = fs::metadata(elf::binary()?)?.len();
    let mut add = |row: &str, bytes: u64, files: usize| -> Result<()> {
        all.push(Figure::of(TABLE, row, "KiB", bytes / 1024));
        all.push(Figure::of(TABLE, row, "files", u64::try_from(files)?));
        Ok(())
    };
    add("vrf-launch", size, 1)?;
    let tree = userland::fetch(Processor::X86_64)?;
    for (row, programs) in WAYS {
        let mut files = BTreeSet::<PathBuf>::new();
        for program in programs {
            let closure = if USUAL.contains(program) {
                userland::program(Processor::X86_64, &tree, program)?
            } else {
                userland::closure(program)?
            };
            files.extend(closure.into_iter().map(|(path, _)| path));
        }
        let mut bytes = 0;
        for file in &files {
            bytes += fs::metadata(file)?.len();
        }
        add(row, bytes, files.len())?;
    }
    Ok(())
}

/// Groups the symbols of the launcher, linked without stripping (`make sizes`), by rooms of the library.
pub fn sizes(all: &mut Figures) -> Result<()> {
    const TABLE: &str = "bytes of the program";
    let path = elf::repository().join("target/sizes/vrf-launch");
    if !path.is_file() {
        return Ok(());
    }
    let mut rooms = BTreeMap::<String, (u64, u64)>::new();
    let symbols = host::output(Command::new("nm").args(["-S", "-C", "--defined-only"]).arg(&path))?;
    for line in symbols.lines() {
        let mut words = line.splitn(4, ' ');
        let (Some(_), Some(size), Some(kind), Some(name)) = (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let bytes = u64::from_str_radix(size, 16).context("nm's sizes")?;
        let room = rooms.entry(room(name)).or_default();
        match kind {
            "t" | "T" => *room = (room.0 + bytes, room.1 + 1),
            _ => {}
        }
    }
    let mut rooms: Vec<(String, (u64, u64))> = rooms.into_iter().filter(|(_, (bytes, _))| *bytes > 0).collect();
    rooms.sort_by_key(|(_, (bytes, _))| std::cmp::Reverse(*bytes));
    for (name, (bytes, count)) in rooms {
        let row = format!("code of {name}");
        all.push(Figure::of(TABLE, &row, "bytes", bytes));
        all.push(Figure::of(TABLE, &row, "functions", count));
    }
    for (name, bytes) in elf::sections(&fs::read(&path)?)? {
        if matches!(name.as_str(), ".text" | ".rodata" | ".data.rel.ro" | ".rela.dyn" | ".data" | ".bss") {
            all.push(Figure::of(TABLE, &format!("section {name}"), "bytes", bytes));
        }
    }
    all.push(Figure::of(TABLE, "stripped, on the disk", "bytes", fs::metadata(elf::binary()?)?.len()));
    Ok(())
}

/// Builds the launcher with all features but one, and with none but one: what each takes.
pub fn features(all: &mut Figures) -> Result<()> {
    const TABLE: &str = "what a feature takes";
    let features = elf::features()?;
    let size = |chosen: &dyn Fn(&str, &[String]) -> bool| -> Result<u64> {
        let chosen: Vec<&str> =
            features.iter().filter(|(name, needs)| chosen(name, needs)).map(|(name, _)| name.as_str()).collect();
        let bytes = fs::metadata(elf::lean(&chosen.join(" "))?)?.len();
        eprintln!("{bytes} bytes with: {}", chosen.join(" "));
        Ok(bytes)
    };
    let (full, least) = (size(&|_, _| true)?, size(&|_, _| false)?);
    for (feature, needed) in &features {
        let without = size(&|name, needs| name != feature && !needs.contains(feature))?;
        let base = if needed.is_empty() { least } else { size(&|name, _| needed.iter().any(|need| need == name))? };
        let with = size(&|name, _| name == feature || needed.iter().any(|need| need == name))?;
        let is_needed = features.iter().any(|(_, needs)| needs.contains(feature));
        let row = format!("{feature}{}", if is_needed { ", and in a full build all that needs it" } else { "" });
        all.push(Figure::of(TABLE, &row, "bytes of a full build", full.saturating_sub(without)));
        all.push(Figure::of(TABLE, &row, "bytes beside what it needs alone", with.saturating_sub(base)));
    }
    all.push(Figure::of(TABLE, "all of them", "bytes of a full build", full));
    all.push(Figure::of(TABLE, "none of them", "bytes of a full build", least));
    Ok(())
}

/// The room of the library that a symbol belongs to, in the words of what it is for.
fn room(name: &str) -> String {
    let Some((_, rest)) = name.split_once("vrf_launch::") else {
        return if name.contains("::") { "core and heapless" } else { "musl" }.to_owned();
    };
    let mut parts = rest
        .split("::")
        .map(|part| part.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default());
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // A folder's files are features of their own.
    let is_file = elf::repository().join("src").join(first).join(format!("{second}.rs")).is_file();
    if is_file { format!("{first}::{second}") } else { first.to_owned() }
}
