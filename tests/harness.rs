//! The harness itself: nothing that went wrong in a guest may look like success.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use vrf_launch_tests::vm::cpio::Archive;
use vrf_launch_tests::vm::kernel::Kernel;
use vrf_launch_tests::vm::qemu::{End, Machine};
use vrf_launch_tests::vm::scenario::Scenario;
use vrf_launch_tests::vm::{host, initramfs, verdict};

fn judge(console: &str, end: &End, expected: &[&str]) -> Result<(), String> {
    let console: Vec<String> = console.lines().map(str::to_owned).collect();
    let expected: BTreeSet<String> = expected.iter().map(|&name| name.to_owned()).collect();
    verdict::judge(&console, end, &expected)
}

#[test]
fn all_cases_ok_is_success() {
    assert_eq!(judge("noise\nok one\nok two\n", &End::Off, &["one", "two"]), Ok(()));
}

#[test]
fn a_failed_case_is_reported_with_its_reason_and_details() {
    let report = judge("# seen: 1\nnot ok one: wrong\nok two\n", &End::Off, &["one", "two"]).unwrap_err();
    assert_eq!(report, "one: wrong\n    seen: 1\n");
}

#[test]
fn a_missing_case_fails_and_shows_the_console() {
    let report = judge("ok one\nlast words\n", &End::Off, &["one", "two"]).unwrap_err();
    assert!(report.contains("no verdict: two") && report.contains("| last words"), "{report}");
}

#[test]
fn an_undeclared_case_fails() {
    assert!(judge("ok one\nok two\n", &End::Off, &["one"]).is_err());
}

#[test]
fn a_case_judged_twice_fails() {
    assert!(judge("ok one\nok one\n", &End::Off, &["one"]).is_err());
}

#[test]
fn a_hang_or_a_fault_fails_even_when_all_cases_are_ok() {
    assert!(judge("ok one\n", &End::Hang(Duration::from_secs(1)), &["one"]).is_err());
    assert!(judge("ok one\n", &End::Fault("BUG: bad".to_owned()), &["one"]).is_err());
}

#[test]
fn an_archive_has_parents_padding_and_an_end() {
    let mut archive = Archive::default();
    archive.file("etc/name", 0o644, b"abc");
    let bytes = archive.finish();
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(bytes.len() % 4, 0);
    assert_eq!(text.matches("070701").count(), 3, "a folder, a file, the end");
    assert!(text.contains("etc\0") && text.contains("etc/name\0"));
    assert!(text.contains("TRAILER!!!\0"));
}

/// Boots a script; `None` where no machine can be had and no continuous integration asks for one.
fn boot(script: &str) -> Result<Option<(Vec<String>, End)>> {
    let kernel = match Kernel::fetch("debian-6.1") {
        Ok(kernel) => kernel,
        Err(error) if host::is_ci() => return Err(error),
        Err(error) => {
            println!("skipped: {error:#}");
            return Ok(None);
        }
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("probe.sh");
    fs::write(&path, script)?;
    let scenario = Scenario::read(&path)?;
    let initrd = folder.path().join("initrd");
    fs::write(&initrd, initramfs::build(&kernel, &scenario).context("no initramfs")?)?;
    let machine = Machine {
        processor: kernel.processor,
        kernel: kernel.image.clone(),
        initrd: Some(initrd),
        disk: None,
        append: String::new(),
        memory_mib: 512,
        counts: false,
    };
    let mut console = Vec::new();
    let end = machine.run(scenario.timeout, |line| console.push(line.to_owned()))?;
    Ok(Some((console, end)))
}

#[test]
fn a_panic_ends_the_run_as_a_fault() -> Result<()> {
    if let Some((console, end)) = boot("case_ one\necho c >/proc/sysrq-trigger\n")? {
        assert!(matches!(end, End::Fault(_)), "{end:?}: {console:#?}");
    }
    Ok(())
}

#[test]
fn a_machine_that_does_not_end_is_a_hang() -> Result<()> {
    if let Some((_, end)) = boot("# timeout: 8\ncase_ one\nsleep 100\n")? {
        assert_eq!(end, End::Hang(Duration::from_secs(8)));
    }
    Ok(())
}

#[test]
fn a_script_that_ends_early_fails_its_case() -> Result<()> {
    if let Some((console, end)) = boot("case_ one\nexit 0\ncase_ two\n")? {
        assert_eq!(end, End::Off);
        assert!(console.iter().any(|line| line == "not ok one: the script ended here"), "{console:#?}");
        let expected = ["one".to_owned(), "two".to_owned()].into();
        assert!(verdict::judge(&console, &end, &expected).is_err());
    }
    Ok(())
}
