//! The report on trust: what was tried on each kernel, and how much of it was lost.
//!
//! `make trust` runs every scenario with a line `# trust: SECONDS`, with `trust=1` on the kernel's command line, so that
//! nothing is left out (with `EVERY=N` in the environment only every Nth point is tried); `make trust ONLY=WORD` only those
//! whose `KERNEL::NAME` contains WORD, and on kernels of other processors those whose name begins with it
//! (`ONLY=debian-6.1-arm64::launches`; `make test-processors` builds what they need). What each says is kept in `target/trust/`, with
//! the digest of the program that was tried, and `tests/guest/trust.md` is made of all that is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::kernel::{self, Kernel};
use vrf_launch_tests::vm::processor::Processor;
use vrf_launch_tests::vm::qemu::Machine;
use vrf_launch_tests::vm::scenario::Scenario;
use vrf_launch_tests::vm::{initramfs, verdict};

fn main() -> Result<ExitCode> {
    let filter = env::args().nth(1).unwrap_or_default();
    let folder = elf::repository().join("target/trust");
    fs::create_dir_all(&folder)?;
    let mut all_well = true;
    for scenario in Scenario::all()?.iter().filter(|scenario| scenario.trust.is_some()) {
        let foreign = kernel::FOREIGN.map(|(name, ..)| name);
        for name in kernel::NAMES.into_iter().chain(foreign.into_iter().filter(|name| filter.starts_with(name))) {
            if format!("{name}::{}", scenario.name).contains(&filter) {
                all_well &= run(name, scenario, &folder)?;
            }
        }
    }
    let report = report(&folder)?;
    print!("{report}");
    fs::write(elf::repository().join("tests/guest/trust.md"), report)?;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one scenario on one kernel, and keeps what it said. Tells whether all was well.
fn run(name: &str, scenario: &Scenario, folder: &Path) -> Result<bool> {
    let start = Instant::now();
    let every = env::var("EVERY").unwrap_or_else(|_| "1".to_owned());
    let kernel = Kernel::fetch(name)?;
    let initrd = tempfile::NamedTempFile::new().context("no room for an initramfs")?;
    fs::write(initrd.path(), initramfs::build(&kernel, scenario)?)?;
    let machine = Machine {
        processor: kernel.processor,
        kernel: kernel.image.clone(),
        initrd: Some(initrd.path().to_owned()),
        disk: None,
        append: format!("trust={every} {}", scenario.append),
        memory_mib: 1024,
        counts: false,
    };
    let mut console = Vec::new();
    let mut said = format!("kernel {name}, {}\nprogram {}\n", kernel.release, digest(&kernel.processor.program()?)?);
    let timeout = scenario.trust.unwrap_or_default() * kernel.processor.patience();
    let end = machine.run(timeout, |line| {
        if line.starts_with("# ") {
            eprintln!("{:6.0} s  {name}::{}  {line}", start.elapsed().as_secs_f32(), scenario.name);
            let _ = writeln!(said, "{line}");
        }
        console.push(line.to_owned());
    })?;
    let faults = verdict::judge(&console, &end, &scenario.cases).err().unwrap_or_default();
    for fault in faults.lines() {
        writeln!(said, "fault {fault}")?;
    }
    writeln!(said, "seconds {:.0}", start.elapsed().as_secs_f32())?;
    fs::write(folder.join(format!("{name}-{}.txt", scenario.name)), said)?;
    eprint!("{faults}");
    Ok(faults.is_empty())
}

/// Which program it is: its SHA-256 and its size.
fn digest(program: &Path) -> Result<String> {
    let said = Command::new("sha256sum").arg("--").arg(program).output().context("sha256sum does not run")?;
    ensure!(said.status.success(), "{} has no digest", program.display());
    let said = String::from_utf8(said.stdout)?;
    let digest = said.split(' ').next().unwrap_or_default();
    Ok(format!("{digest}, {} bytes", fs::metadata(program)?.len()))
}

/// What all runs have said, as tables.
fn report(folder: &Path) -> Result<String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|item| Ok(item?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    paths.sort();
    // A row is what was tried; its columns are kernels.
    let mut rows = BTreeMap::<String, BTreeMap<String, String>>::new();
    let mut kernels = BTreeMap::<String, String>::new();
    // Which program was tried on which processor, and by what.
    let mut programs = BTreeMap::<(Processor, String), Vec<String>>::new();
    let mut faults = String::new();
    let mut soaks = String::new();
    // How many points there are, have been tried and are lost, on each processor.
    let mut sums = BTreeMap::<Processor, [u64; 3]>::new();
    for path in &paths {
        let text = fs::read_to_string(path)?;
        let first = text.lines().next().and_then(|line| line.strip_prefix("kernel ")).unwrap_or_default();
        let (name, release) = first.split_once(", ").unwrap_or((first, ""));
        kernels.insert(name.to_owned(), release.to_owned());
        let processor = kernel::processor_of(name);
        let run = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let program = text.lines().find_map(|line| line.strip_prefix("program ")).unwrap_or("not recorded");
        programs.entry((processor, program.to_owned())).or_default().push(run.clone());
        for line in text.lines() {
            if let Some(points) = line.strip_prefix("# points ") {
                let mut parts = points.split('|');
                let what = parts.next().unwrap_or_default().to_owned();
                let mut number = || parts.next().and_then(|part| part.trim().parse::<u64>().ok()).unwrap_or_default();
                let points @ [of, tried, lost] = [number(), number(), number()];
                for (sum, more) in sums.entry(processor).or_default().iter_mut().zip(points) {
                    *sum += more;
                }
                rows.entry(what).or_default().insert(name.to_owned(), format!("{of}, {tried}, {lost}"));
            } else if let Some(soak) = line.strip_prefix("# soak ") {
                writeln!(soaks, "- {name}: {soak}")?;
            } else if let Some(fault) = line.strip_prefix("fault ") {
                writeln!(faults, "- {run}: {}", fault.trim())?;
            }
        }
    }
    let mut out = String::from("# What was tried, and what was lost\n\n");
    let [all, tried, lost] = sums.values().fold([0; 3], |[a, b, c], [x, y, z]| [a + x, b + y, c + z]);
    writeln!(out, "{tried} of {all} points were tried, {lost} of them were lost. On each processor, by QEMU:\n")?;
    for (processor, [all, tried, lost]) in &sums {
        writeln!(out, "- {}: {tried} of {all} tried, {lost} lost", processor.name())?;
    }
    writeln!(out, "\nEach figure: of how many, tried, lost.\n")?;
    let mut line = String::from("| |");
    for (name, release) in &kernels {
        write!(line, " {name} ({release}) |")?;
    }
    writeln!(out, "{line}\n|---|{}", "--:|".repeat(kernels.len()))?;
    for (what, of) in &rows {
        let mut line = format!("| {what} |");
        for name in kernels.keys() {
            write!(line, " {} |", of.get(name).map_or("", String::as_str))?;
        }
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\n## Of which program\n")?;
    for ((processor, program), runs) in &programs {
        writeln!(out, "- {}, {program}: {}", processor.name(), runs.join(", "))?;
    }
    if !soaks.is_empty() {
        writeln!(out, "\n## Many times the same\n\n{soaks}")?;
    }
    if !faults.is_empty() {
        writeln!(out, "\n## What failed\n\n{faults}")?;
    }
    Ok(out)
}
