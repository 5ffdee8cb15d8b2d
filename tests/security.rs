//! SECURITY.md says where the unsafe code is, and how much: it is that.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use vrf_launch_tests::elf::repository;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// How many unsafe blocks, functions and the like each file has, outside of its unit tests.
fn counted() -> BTreeMap<String, usize> {
    let top = repository();
    let mut files = Vec::new();
    sources(&top.join("src"), &mut files);
    let mut counts = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| line.split(" // ").next().unwrap_or_default());
        let count: usize = code.map(|line| line.matches("unsafe ").count()).sum();
        if count > 0 {
            let name = file.strip_prefix(&top).expect("a name").to_string_lossy().into_owned();
            counts.insert(name, count);
        }
    }
    counts
}

#[test]
fn the_inventory_of_unsafe_code_is_true() {
    let text = fs::read_to_string(repository().join("SECURITY.md")).expect("SECURITY.md");
    let mut said = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, file, count, ..] = cells.as_slice() {
            if let Some(file) = file.strip_prefix('`').and_then(|file| file.strip_suffix('`')) {
                if file.starts_with("src/") {
                    said.insert(file.to_owned(), count.parse().expect("a number"));
                }
            }
        }
    }
    assert_eq!(said, counted());
}
