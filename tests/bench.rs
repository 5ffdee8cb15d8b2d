//! The benchmark: what launches, the data path, set-up, boot and memory cost, by each way there is, side by side.
//!
//! `make bench` runs it. The machine's clock counts instructions, so the figures are the same on every host, and each
//! round's is near the others'. What counts are the ratios within a table. It prints Markdown, and leaves it, the figures
//! as JSON and a chart in `target/bench.md`, `.json` and `.svg`. `KEEP=1` puts them into README.md and tests/bench, where they
//! are checked in (`ONLY=features`: into initramfs/reference.md). A word on the command line is a part of the names of what is run.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use figures::{Figure, Figures};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::kernel::Kernel;
use vrf_launch_tests::vm::qemu::{End, Machine};
use vrf_launch_tests::vm::scenario::Scenario;
use vrf_launch_tests::vm::{host, initramfs, verdict};

#[path = "bench/boot.rs"]
mod boot;
#[path = "bench/chart.rs"]
mod chart;
#[path = "bench/figures.rs"]
mod figures;
#[path = "bench/footprint.rs"]
mod footprint;

/// Memory of the machines: thousands of interfaces take some.
const MEMORY_MIB: u32 = 2048;

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let filter = env::args().nth(1).unwrap_or_default();
    let skipped = env::var("SKIP").unwrap_or_default();
    let keeps = env::var_os("KEEP").is_some();
    ensure!(!keeps || matches!(&*filter, "" | "features"), "KEEP=1 is for a whole run, or for ONLY=features");
    // Thousands of VRFs take a machine a quarter of an hour: only when they are asked for.
    let wanted = |name: &str| {
        name.contains(&filter)
            && (name != "scale4000" || name == filter)
            && (skipped.is_empty() || !name.contains(&skipped))
    };
    let mut all = Figures::default();
    for scenario in Scenario::of("bench")?.into_iter().filter(|scenario| wanted(&scenario.name)) {
        for name in &scenario.kernels {
            let kernel = Kernel::fetch(name)?;
            all.version("kernel", &kernel.release);
            for clock in &scenario.clocks {
                run(&scenario, &kernel, clock, &mut all)?;
                eprintln!("{:5.0} s  {}, {clock}", start.elapsed().as_secs_f32(), scenario.name);
            }
        }
    }
    if wanted("boot") {
        boot::measure(&mut all)?;
        eprintln!("{:5.0} s  boot", start.elapsed().as_secs_f32());
    }
    if wanted("footprint") {
        footprint::measure(&mut all)?;
    }
    if wanted("sizes") {
        footprint::sizes(&mut all)?;
    }
    // It is built some thirty times for that: only when it is asked for.
    if filter == "features" {
        footprint::features(&mut all)?;
    }
    ensure!(!all.is_empty(), "nothing was measured");
    all.version(
        "qemu",
        host::output(Command::new("qemu-system-x86_64").arg("--version"))?.lines().next().unwrap_or_default(),
    );
    all.version("vrf-launch", &format!("{} bytes", fs::metadata(elf::binary()?)?.len()));
    let markdown = all.markdown()?;
    print!("{markdown}");
    let root = elf::repository();
    let chart = chart::draw(&all)?;
    for (name, text) in [("bench.md", &markdown), ("bench.json", &all.json()?), ("bench.svg", &chart)] {
        fs::write(root.join("target").join(name), text)?;
    }
    if keeps {
        if filter == "features" {
            keep(&root.join("initramfs/reference.md"), FEATURES, &format!("{}\n", all.tables()?.trim_end()))?;
            return Ok(ExitCode::SUCCESS);
        }
        fs::write(root.join("tests/bench/result.md"), format!("What `make bench` printed.\n\n{markdown}"))?;
        fs::write(root.join("tests/bench/result.svg"), chart)?;
        keep(&root.join("README.md"), BEGIN, &all.summary()?)?;
    }
    eprintln!("{:5.0} s in all", start.elapsed().as_secs_f32());
    Ok(ExitCode::SUCCESS)
}

/// Puts a text between the two marks of a file.
fn keep(path: &Path, begin: &str, text: &str) -> Result<()> {
    let old = fs::read_to_string(path)?;
    let (before, rest) = old.split_once(begin).context("no mark where the benchmark's output begins")?;
    let (_, after) = rest.split_once(END).context("no mark where the benchmark's output ends")?;
    Ok(fs::write(path, format!("{before}{begin}\n\n{text}\n{END}{after}"))?)
}

const BEGIN: &str = "<!-- of make bench KEEP=1 -->";
const FEATURES: &str = "<!-- of make bench ONLY=features KEEP=1 -->";
const END: &str = "<!-- end -->";

/// Runs one script in a machine whose clock counts instructions, or is the host's.
fn run(scenario: &Scenario, kernel: &Kernel, clock: &str, all: &mut Figures) -> Result<()> {
    let initrd = tempfile::NamedTempFile::new().context("no room for an initramfs")?;
    fs::write(initrd.path(), initramfs::build(kernel, scenario)?)?;
    let machine = Machine {
        processor: kernel.processor,
        kernel: kernel.image.clone(),
        initrd: Some(initrd.path().to_owned()),
        disk: None,
        append: format!("{} {clock}", scenario.append),
        // Four times eight thousand interfaces, each 60 kB of the kernel.
        memory_mib: if scenario.name == "scale4000" { 3 * MEMORY_MIB } else { MEMORY_MIB },
        counts: clock == "instructions",
    };
    let shows = env::var_os("SHOW").is_some();
    let mut console = Vec::new();
    let end = machine.run(scenario.timeout, |line| {
        if let Some(figure) = Figure::read(line) {
            all.push(figure);
        } else if let Some((name, text)) = line.strip_prefix("# version ").and_then(|rest| rest.split_once('|')) {
            all.version(name, text);
        }
        if shows {
            eprintln!("{line}");
        }
        console.push(line.to_owned());
    })?;
    ensure!(end == End::Off, "the machine did not end well: {end:?}");
    verdict::judge(&console, &end, &scenario.cases).map_err(|faults| anyhow::anyhow!("{}: {faults}", scenario.name))
}
