//! The judge: what a guest said about its cases, against the cases it had to speak about.
//!
//! A case is `ok NAME` or `not ok NAME: reason` at the start of a line of the console; lines that begin with `# ` before
//! it belong to it. Silence is never success: a missing case fails, and so do one too many, one
//! judged twice, and a machine that did not switch itself off.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::qemu::End;

/// How many of the console's last lines a report shows.
const TAIL: usize = 30;

/// Judges a console.
///
/// # Errors
/// A report for the reader: the cases that failed and why, and, where the machine itself went wrong, the
/// console's tail.
pub fn judge(console: &[String], end: &End, expected: &BTreeSet<String>) -> Result<(), String> {
    let mut report = String::new();
    let mut seen = BTreeMap::<&str, usize>::new();
    let mut details: Vec<&str> = Vec::new();
    for line in console {
        let (name, reason) = if let Some(name) = line.strip_prefix("ok ") {
            (name.trim_end(), None)
        } else if let Some(rest) = line.strip_prefix("not ok ") {
            let (name, reason) = rest.split_once(": ").unwrap_or((rest, "no reason given"));
            (name.trim_end(), Some(reason))
        } else {
            if line.starts_with("# ") {
                details.push(line);
            }
            continue;
        };
        *seen.entry(name).or_default() += 1;
        if let Some(reason) = reason {
            let _ = writeln!(report, "{name}: {reason}");
            for detail in &details {
                let _ = writeln!(report, "    {}", detail.trim_start_matches("# "));
            }
        }
        if !expected.contains(name) {
            let _ = writeln!(report, "{name}: a verdict on a case that is not declared");
        }
        details.clear();
    }
    for (name, count) in seen.iter().filter(|&(_, &count)| count > 1) {
        let _ = writeln!(report, "{name}: {count} verdicts");
    }
    let silent: Vec<&str> = expected.iter().map(String::as_str).filter(|name| !seen.contains_key(name)).collect();
    if !silent.is_empty() {
        let _ = writeln!(report, "no verdict: {}", silent.join(", "));
    }
    match end {
        End::Off => {}
        End::Hang(time) => {
            let _ = writeln!(report, "the machine still ran after {} s", time.as_secs());
        }
        End::Fault(line) => {
            let _ = writeln!(report, "the kernel failed: {line}");
        }
    }
    if *end != End::Off || !silent.is_empty() {
        let _ = writeln!(report, "the console's last lines:");
        for line in console.iter().skip(console.len().saturating_sub(TAIL)) {
            let _ = writeln!(report, "  | {line}");
        }
    }
    if report.is_empty() { Ok(()) } else { Err(report) }
}
