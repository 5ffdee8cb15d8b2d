//! The benchmark: what launches and the data path cost, by each way there is, side by side in one machine.
//!
//! `make bench` runs it. The machine's clock counts instructions, so the figures are the same on every host, and each
//! round's is near the others'; waiting (a grace period of RCU, a timer) shows as well. What counts are the ratios within
//! a table. It prints Markdown, and leaves it with the figures as JSON in `target/bench.md` and `target/bench.json`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use vrf_launch_tests::elf;
use vrf_launch_tests::vm::kernel::Kernel;
use vrf_launch_tests::vm::qemu::{End, Machine};
use vrf_launch_tests::vm::scenario::Scenario;
use vrf_launch_tests::vm::{initramfs, verdict};

/// What one figure is of: its table, its row, and what each round gave, in nanoseconds of the machine's clock, the smallest
/// first.
struct Figure {
    table: String,
    row: String,
    rounds: Vec<u64>,
}

impl Figure {
    /// Reads a line `# figure TABLE|ROW|LOW MEDIAN HIGH`.
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.strip_prefix("# figure ")?.split('|');
        let (table, row, rounds) = (parts.next()?, parts.next()?, parts.next()?);
        let rounds = rounds.split_whitespace().map(|round| round.parse().ok()).collect::<Option<Vec<u64>>>()?;
        Some(Self { table: table.to_owned(), row: row.to_owned(), rounds })
    }

    fn median(&self) -> u64 {
        self.rounds.get(self.rounds.len() / 2).copied().unwrap_or(0)
    }

    /// How far the rounds are apart, in tenths of a percent of the median.
    fn spread(&self) -> u64 {
        let (low, high) = (self.rounds.first().copied().unwrap_or(0), self.rounds.last().copied().unwrap_or(0));
        (high - low) * 1000 / self.median().max(1)
    }
}

/// Nanoseconds that one instruction takes on the machine's clock.
const INSTRUCTION: u64 = 4;

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let filter = env::args().nth(1).unwrap_or_default();
    let mut figures = Vec::new();
    let mut markdown = String::new();
    for scenario in Scenario::of("bench")?.into_iter().filter(|scenario| scenario.name.contains(&filter)) {
        for name in &scenario.kernels {
            let kernel = Kernel::fetch(name)?;
            let initrd = tempfile::NamedTempFile::new().context("no room for an initramfs")?;
            fs::write(initrd.path(), initramfs::build(&kernel, &scenario)?)?;
            let machine = Machine {
                kernel: kernel.image.clone(),
                initrd: Some(initrd.path().to_owned()),
                disk: None,
                append: String::new(),
                memory_mib: 1024,
                counts: true,
            };
            let mut console = Vec::new();
            let end = machine.run(scenario.timeout, |line| {
                if let Some(figure) = Figure::read(line) {
                    eprintln!("{:5.0} s  {}, {}", start.elapsed().as_secs_f32(), figure.table, figure.row);
                    figures.push(figure);
                }
                console.push(line.to_owned());
            })?;
            ensure!(end == End::Off, "the machine did not end well: {end:?}");
            verdict::judge(&console, &end, &scenario.cases).map_err(|faults| anyhow::anyhow!("{faults}"))?;
            writeln!(markdown, "Kernel {}, in QEMU without KVM, clock tied to instructions.\n", kernel.release)?;
        }
    }
    ensure!(!figures.is_empty(), "nothing was measured");
    tables(&figures, &mut markdown)?;
    print!("{markdown}");
    let target = elf::repository().join("target");
    fs::write(target.join("bench.md"), &markdown)?;
    fs::write(target.join("bench.json"), json(&figures)?)?;
    Ok(ExitCode::SUCCESS)
}

/// A table for each kind of thing; its first row is what the others are compared with.
fn tables(figures: &[Figure], out: &mut String) -> Result<()> {
    let mut seen = BTreeSet::new();
    for figure in figures.iter().filter(|figure| seen.insert(&figure.table)) {
        writeln!(out, "| {} | instructions | ratio | spread |\n|---|--:|--:|--:|", figure.table)?;
        for row in figures.iter().filter(|row| row.table == figure.table) {
            let thousandths = row.median() * 1000 / figure.median().max(1);
            let (ratio, spread) = ((thousandths / 1000, thousandths % 1000), row.spread());
            let instructions = row.median() / INSTRUCTION;
            writeln!(
                out,
                "| {} | {instructions} | {}.{:03} | {}.{} % |",
                row.row,
                ratio.0,
                ratio.1,
                spread / 10,
                spread % 10
            )?;
        }
        out.push('\n');
    }
    Ok(())
}

/// The figures for programs: table, row, and the instructions of each round.
fn json(figures: &[Figure]) -> Result<String> {
    let mut out = String::from("[\n");
    for (number, figure) in figures.iter().enumerate() {
        let rounds: Vec<String> = figure.rounds.iter().map(|round| (round / INSTRUCTION).to_string()).collect();
        let comma = if number + 1 < figures.len() { "," } else { "" };
        let (table, row) = (&figure.table, &figure.row);
        writeln!(
            out,
            "  {{\"table\": \"{table}\", \"row\": \"{row}\", \"instructions\": [{}]}}{comma}",
            rounds.join(", ")
        )?;
    }
    out.push_str("]\n");
    Ok(out)
}
