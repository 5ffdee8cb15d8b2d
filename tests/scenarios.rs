//! The guest scenarios: every script of `tests/guest` on every kernel it names, each in a machine of its own.
//!
//! One test per pair, such as `debian-6.1::member`, those that may take longest first. A scenario names the kernels where the kernel
//! makes a difference, or one (`# kernels:`, scenario.rs); `KERNELS=all` runs each on every kernel, `KERNELS=tiny` those for a
//! kernel without BPF and cgroups, which is built then; `KERNELS=processors`, `aarch64`, `armv7` or `riscv64` those for kernels of other
//! processors, as does the name of such a kernel (`-- debian-6.1-arm64`). `APPEND=WORDS` adds to the kernel's command line. `VRF_LAUNCH=FILE`
//! tests another binary; `CONSOLE=FOLDER` keeps the consoles, each line with the seconds since the start; `S6_RC=FOLDER` has the
//! programs of s6-rc, which Debian has not.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use vrf_launch_tests::vm::kernel::{self, Kernel};
use vrf_launch_tests::vm::qemu::{End, Machine};
use vrf_launch_tests::vm::scenario::Scenario;
use vrf_launch_tests::vm::{alpine, host, initramfs, schema, userland, verdict};

/// A machine waits about half of its time; more than this at once on two processors only makes time limits run out.
const AT_ONCE: usize = 3;

/// A kernel with its userland, or why it cannot be had; made when the first test needs it.
type Tier = OnceLock<Result<Kernel, String>>;

fn main() -> Result<()> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(arguments.test_threads.unwrap_or(AT_ONCE).min(AT_ONCE));
    let asked = arguments.filter.clone().unwrap_or_default();
    let names = kernels(&asked);
    let tiers: Arc<BTreeMap<&str, Tier>> = Arc::new(names.iter().map(|name| (*name, Tier::new())).collect());
    let skipped = Arc::new(Mutex::new(BTreeMap::<&str, String>::new()));

    let mut trials = Vec::new();
    let mut scenarios = Scenario::all()?;
    scenarios.sort_by_key(|scenario| Reverse(scenario.timeout)); // the end is not one long machine alone
    for scenario in scenarios {
        let is_wanted = |name: &str| {
            let is_asked =
                || kernel::NAMES.contains(&name) && asked.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"));
            scenario.kernels.iter().any(|wanted| wanted == name) || scenario.once && is_asked()
        };
        for (name, _) in tiers.iter().filter(|(name, _)| is_wanted(name)) {
            let (name, scenario, tiers, skipped) = (*name, scenario.clone(), Arc::clone(&tiers), Arc::clone(&skipped));
            trials.push(Trial::ignorable_test(format!("{name}::{}", scenario.name), move || {
                if let Some(reason) = userland::missing(&scenario.programs) {
                    return Ok(Completion::ignored_with(reason));
                }
                let Some(tier) = tiers.get(name) else { return Err(Failed::from("no such kernel")) };
                match tier.get_or_init(|| fetch(name).map_err(|error| format!("{error:#}"))) {
                    Ok(kernel) => run(name, kernel, &scenario).map(|()| Completion::Completed),
                    // What was asked for by name is not passed over.
                    Err(reason) if host::is_ci() || !kernel::NAMES.contains(&name) => Err(Failed::from(reason)),
                    Err(reason) => {
                        if let Ok(mut skipped) = skipped.lock() {
                            skipped.insert(name, reason.clone());
                        }
                        Ok(Completion::ignored_with(reason))
                    }
                }
            }));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    for (name, reason) in skipped.lock().iter().flat_map(|skipped| skipped.iter()) {
        println!("skipped: {name}: {reason}");
    }
    conclusion.exit()
}

/// The kernels that are asked for by `KERNELS`, or by the words with which tests are chosen.
fn kernels(filter: &str) -> Vec<&'static str> {
    let asked = env::var("KERNELS").unwrap_or_default();
    if asked == kernel::TINY {
        return vec![kernel::TINY];
    }
    let foreign = kernel::FOREIGN.iter();
    let foreign =
        foreign.filter(|(name, of, ..)| asked == "processors" || asked == of.name() || filter.starts_with(name));
    let foreign: Vec<&str> = foreign.map(|&(name, ..)| name).collect();
    if foreign.is_empty() { kernel::NAMES.to_vec() } else { foreign }
}

fn fetch(name: &str) -> Result<Kernel> {
    let kernel = Kernel::fetch(name)?;
    userland::fetch(kernel.processor)?;
    Ok(kernel)
}

fn run(name: &str, kernel: &Kernel, scenario: &Scenario) -> Result<(), Failed> {
    let (console, end) = boot(name, kernel, scenario).map_err(|error| Failed::from(format!("{error:#}")))?;
    let mut report = verdict::judge(&console, &end, &scenario.cases).err().unwrap_or_default();
    let is_said = |text: &str| text.split(" | ").any(|text| console.iter().any(|line| line.contains(text)));
    for text in scenario.says.iter().filter(|text| !is_said(text)) {
        let _ = writeln!(report, "the console does not show: {text}");
    }
    report += &schema::judge(&console).map_err(|error| Failed::from(format!("{error:#}")))?;
    if report.is_empty() { Ok(()) } else { Err(Failed::from(report)) }
}

fn boot(name: &str, kernel: &Kernel, scenario: &Scenario) -> Result<(Vec<String>, End)> {
    let initrd = tempfile::NamedTempFile::new().context("no room for an initramfs")?;
    fs::write(initrd.path(), initramfs::build(kernel, scenario)?)?;
    let append = format!("{} {}", scenario.append, env::var("APPEND").unwrap_or_default());
    let machine = Machine {
        processor: kernel.processor,
        kernel: kernel.image.clone(),
        initrd: Some(initrd.path().to_owned()),
        disk: scenario.setup.as_ref().map(|_| alpine::fetch()).transpose()?.map(|alpine| alpine.disk),
        // Ten thousand interfaces are as many times 60 kB of the kernel.
        memory_mib: if append.contains("scale=") { 4096 } else { 512 },
        append,
        counts: false,
    };
    let mut console = Vec::new();
    let mut times = String::new();
    let start = Instant::now();
    let end = machine.run(scenario.timeout * kernel.processor.patience(), |line| {
        let _ = writeln!(times, "{:7.2} {line}", start.elapsed().as_secs_f32());
        console.push(line.to_owned());
    })?;
    if let Some(folder) = env::var_os("CONSOLE") {
        fs::write(Path::new(&folder).join(format!("{name}-{}.log", scenario.name)), times)?;
    }
    Ok((console, end))
}
