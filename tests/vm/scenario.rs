//! A scenario: one shell script that is run in a guest, and says in its first comments what it needs.
//!
//! ```sh
//! # kernels: debian-6.1 alpine-6.18    where it runs; `all`; kernel.rs's usual ones where the line is missing; `once`: on the
//!                                      first of those, `once NAME`: on that one, but with `KERNELS=all` on all, and on
//!                                      any whose name the words begin with that choose tests (`debian-6.12::run`)
//! # processors: aarch64 riscv64       those whose kernels it also runs on when they are asked for (kernel.rs), or `all`
//! # modules: vrf veth                  loaded before it starts
//! # programs: nginx caddy              of those that not every guest has (userland.rs)
//! # timeout: 90                        seconds for the whole machine; 60 where the line is missing
//! # cases: one two                     cases that no line `case_ NAME` shows
//! # clocks: instructions plain         for benchmarks: what the machine's clock counts; one run for each
//! # init: FILE                         /vrf-launch is the first process, with that file as its configuration, whose
//!                                      services run this script or not; /vrf-launch.init is the guest's usual one
//! # files: FILE=PATH                   puts files that stand beside the script into the guest, executable
//! # setup: FILE                        Alpine's disk is the root: that script prepares it (/disk), /sbin/init of the disk
//!                                      goes on, and something there runs /test/scenario.sh
//! # source: FILE.c                     a program in C that is not called as the script is
//! # trust: SECONDS                      `make trust` runs it with `trust=1` on the kernel's command line, so long at most
//! # append: WORD...                    added to the kernel's command line
//! # says: TEXT                         what the console has to show beside the verdicts, ` | ` between alternatives
//! case_ three                         and so does a function of the script whose name ends with case_
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use regex::Regex;

use super::kernel;
use crate::elf;

/// What a script declares.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The script's name without its ending.
    pub name: String,
    /// The script.
    pub path: PathBuf,
    /// The kernels it runs on, names of [`kernel::NAMES`] and [`kernel::FOREIGN`].
    pub kernels: Vec<String>,
    /// Whether it is for any of [`kernel::NAMES`], and `kernels` but the one that is enough.
    pub once: bool,
    /// Modules to load.
    pub modules: Vec<String>,
    /// Programs that not every guest has.
    pub programs: Vec<String>,
    /// What the machine's clock counts in a benchmark: instructions, or nothing (`plain`).
    pub clocks: Vec<String>,
    /// The cases it must give a verdict on, no more and no fewer.
    pub cases: BTreeSet<String>,
    /// The configuration with which the binary under test is the first process; else it is a shell.
    pub init: Option<PathBuf>,
    /// Files of its own, and where they are in the guest.
    pub files: Vec<(PathBuf, String)>,
    /// The script that prepares Alpine's disk, where that is the root.
    pub setup: Option<PathBuf>,
    /// A program in C, if there is one: it is compiled for the guest.
    pub source: Option<PathBuf>,
    /// Longest life of the machine where all is tried; `None` where there is no more than usual.
    pub trust: Option<Duration>,
    /// What is added to the kernel's command line.
    pub append: String,
    /// What the console has to show.
    pub says: Vec<String>,
    /// Longest life of the machine.
    pub timeout: Duration,
}

impl Scenario {
    /// Reads a script.
    ///
    /// # Errors
    /// It cannot be read, or declares something unknown.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let words = |key: &str| -> Option<Vec<String>> {
            let line = text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(':'))?;
            Some(line.split_whitespace().map(str::to_owned).collect())
        };
        let all = env::var("KERNELS").is_ok_and(|kernels| kernels == "all");
        let mut kernels = words("kernels").unwrap_or_else(|| kernel::USUAL.map(str::to_owned).to_vec());
        let once = kernels.first().is_some_and(|word| word == "once");
        if all && (once || words("kernels").is_none()) || kernels == ["all"] {
            kernels = kernel::NAMES.map(str::to_owned).to_vec();
        } else if once {
            kernels.remove(0);
            if kernels.is_empty() {
                kernels.extend(kernel::USUAL.first().map(|&name| name.to_owned()));
            }
        }
        for name in &kernels {
            ensure!(
                name == kernel::TINY || kernel::NAMES.contains(&name.as_str()),
                "{}: unknown kernel {name}",
                path.display()
            );
        }
        let processors = words("processors").unwrap_or_default();
        let foreign = kernel::FOREIGN
            .iter()
            .filter(|(_, of, ..)| processors.iter().any(|name| name == "all" || name == of.name()));
        kernels.extend(foreign.map(|&(name, ..)| name.to_owned()));
        let seconds = |key: &str| match words(key).as_deref() {
            Some([seconds]) => {
                let seconds = seconds.parse().with_context(|| format!("{}: {key}: {seconds}", path.display()))?;
                Ok::<_, anyhow::Error>(Some(Duration::from_secs(seconds)))
            }
            _ => Ok(None),
        };
        let own = path.with_extension("c");
        let source = words("source").and_then(|words| Some(path.with_file_name(words.first()?)));
        let case = Regex::new(r"(?m)^ *[a-z_]*case_ ([a-z0-9_]+)")?;
        let mut cases: BTreeSet<String> = case.captures_iter(&text).map(|found| found[1].to_owned()).collect();
        cases.extend(words("cases").unwrap_or_default());
        ensure!(!cases.is_empty(), "{}: no cases", path.display());
        let says = text.lines().filter_map(|line| line.strip_prefix("# says: ")).map(str::to_owned).collect();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self {
            init: words("init").and_then(|words| Some(path.with_file_name(words.first()?))),
            files: words("files")
                .iter()
                .flatten()
                .filter_map(|word| word.split_once('='))
                .map(|(file, place)| (path.with_file_name(file), place.to_owned()))
                .collect(),
            setup: words("setup").and_then(|words| Some(path.with_file_name(words.first()?))),
            append: words("append").unwrap_or_default().join(" "),
            says,
            clocks: words("clocks").unwrap_or_else(|| vec!["instructions".to_owned()]),
            name,
            path: path.to_owned(),
            kernels,
            once,
            modules: words("modules").unwrap_or_default(),
            programs: words("programs").unwrap_or_default(),
            cases,
            timeout: seconds("timeout")?.unwrap_or(Duration::from_secs(60)),
            trust: seconds("trust")?,
            source: source.or_else(|| own.is_file().then_some(own)),
        })
    }

    /// All scripts of `tests/guest`, by name.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn all() -> Result<Vec<Self>> {
        Self::of("guest")
    }

    /// All scripts of a folder of `tests`, by name.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn of(folder: &str) -> Result<Vec<Self>> {
        let folder = elf::repository().join("tests").join(folder);
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|item| Ok(item?.path())).collect::<Result<_>>()?;
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "sh") && !path.ends_with("lib.sh"));
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }
}
