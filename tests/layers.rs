//! The layer rule of the library: who may import whom, and where unsafe code may stand.
//!
//! Every file of `src` is in one room of [`ROOMS`]. The rules speak of rooms, and a broken one is reported as
//! `file:line: what was found: the rule`. Comments, strings and unit tests are not looked at.

use std::fs;
use std::path::{Path, PathBuf};

use Room::{Above, Entry, Init, Pure, Run, Service, Sys};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// Decides and computes: no system call, no unsafe code.
    Pure,
    /// System calls, and nothing that decides.
    Sys,
    /// Sits on both.
    Above,
    /// As `Above`: what runs a service.
    Service,
    /// As `Above`: the duties of PID 1.
    Init,
    /// The story of each command, told by the start alone.
    Run,
    /// The start of the program, and the map of the library.
    Entry,
}

/// Where each module lives: a file or a folder of `src`. The longest name that fits counts.
const ROOMS: &[(&str, Room)] = &[
    ("adopt", Above),
    ("apply", Above),
    ("baked", Above),
    ("bind", Above),
    ("bind/program", Pure),
    ("bytes", Pure),
    ("check", Above),
    ("check/report", Pure),
    ("check/rules", Pure),
    ("check/ways", Pure),
    ("cli", Above),
    ("conf", Pure),
    ("errno", Pure),
    ("error", Pure),
    ("features", Pure),
    ("init", Init),
    ("ip", Pure),
    ("ipcmd", Above),
    ("keep", Above),
    ("lib", Entry),
    ("limits", Pure),
    ("load", Above),
    ("log", Above),
    ("main", Entry),
    ("start", Entry),
    ("near", Pure),
    ("order", Pure),
    ("plan", Pure),
    ("prefix", Pure),
    ("proc", Above),
    ("record", Above),
    ("rtnl", Above),
    ("rules", Pure),
    ("run", Run),
    ("service", Service),
    ("bind/filter", Pure),
    ("bind/untraced", Pure),
    ("service/respawn", Pure),
    ("show", Above),
    ("show/walk", Pure),
    ("sys", Sys),
    ("text", Pure),
    ("uapi", Pure),
    ("vrf", Above),
    ("wire", Pure),
];

/// All that the shipped binary may be made of, beside `core`.
const DEPENDENCIES: [&str; 4] = ["heapless", "linux-raw-sys", "rustix", "syscalls"];

/// Why a module in `room` must not name `path`, where it must not.
fn broken(room: Room, path: &[String]) -> Option<&'static str> {
    let crate_name = match path.first()?.as_str() {
        "crate" => None,
        other => Some(other),
    };
    let into = if crate_name.is_some() { None } else { room_of(path.get(1..)?) };
    match (room, crate_name, into) {
        (_, Some("std" | "alloc"), _) => Some("there is no std and no allocator"),
        (Entry, ..) => None,
        (Sys, Some("rustix" | "syscalls"), _) => None,
        (_, Some("rustix" | "syscalls"), _) => Some("only sys makes system calls"),
        (Run, _, Some(Run)) => None,
        (_, _, Some(Run)) => Some("nobody imports run"),
        (Pure, _, Some(into)) if into != Pure => Some("a pure module imports pure modules only"),
        (Sys, _, Some(into)) if into != Pure && into != Sys => Some("sys knows nothing of what sits on it"),
        (Service, _, Some(Init)) => Some("init uses service, never the reverse"),
        _ => None,
    }
}

fn room_of<S: AsRef<str>>(module: &[S]) -> Option<Room> {
    let name = module.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("/");
    let fits =
        |room: &&(&str, Room)| name.strip_prefix(room.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ROOMS.iter().filter(fits).max_by_key(|(prefix, _)| prefix.len()).map(|&(_, room)| room)
}

#[test]
fn every_module_keeps_to_its_layer() {
    let mut faults = Vec::new();
    for file in sources() {
        let module = module(&file);
        let shown = Path::new("src").join(&file).display().to_string();
        let Some(room) = room_of(&module) else {
            faults.push(format!("{shown}:1: in no room: name it in ROOMS of tests/layers.rs"));
            continue;
        };
        let tokens = without_tests(tokens(&fs::read_to_string(src().join(&file)).expect("a readable file")));
        for (line, path) in paths(&tokens, &module) {
            if let Some(rule) = broken(room, &path) {
                faults.push(format!("{shown}:{line}: {}: {rule}", path.join("::")));
            }
        }
        let is_allowed = room == Sys || module == ["main"] || module == ["start"];
        for token in tokens.iter().filter(|token| token.text == "unsafe" && !is_allowed) {
            faults.push(format!("{shown}:{}: unsafe: only sys and the start of the program", token.line));
        }
    }
    assert!(faults.is_empty(), "the layer rule is broken:\n{}", faults.join("\n"));
}

#[test]
fn the_binary_is_made_of_four_crates() {
    let manifest = fs::read_to_string(src().join("../Cargo.toml")).expect("Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("[dependencies]").split("\n[").next();
    let names: Vec<&str> = section
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.split_once(" ="))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, DEPENDENCIES);
}

#[test]
fn every_way_to_break_the_rule_is_seen() {
    let faults = |name: &str, text: &str| {
        let module = module(Path::new(name));
        let room = room_of(&module).expect("a room");
        let tokens = without_tests(tokens(text));
        paths(&tokens, &module).iter().filter_map(|(_, path)| broken(room, path)).collect::<Vec<_>>()
    };
    for (name, text) in [
        ("plan.rs", "use crate::sys::file;"),
        ("plan.rs", "use crate::{step::Step, rtnl};"),
        ("plan.rs", "fn f() { crate::log::note(1) }"),
        ("plan.rs", "use rustix::io;"),
        ("wire/msg.rs", "use super::super::apply;"),
        ("conf/mod.rs", "use super::load;"),
        ("bind/program.rs", "use super::{cgroup, proof};"),
        ("rtnl.rs", "use syscalls::{Sysno, syscall};"),
        ("rtnl.rs", "use crate::run;"),
        ("sys/net.rs", "use crate::{error, bind::cgroup};"),
        ("service/mod.rs", "use crate::init::reap;"),
        ("show/pids.rs", "fn f<'a>(c: char) { let _ = ('\"', std::fs::read(\"x\")); }"),
    ] {
        assert_ne!(faults(name, text), Vec::<&str>::new(), "{name}: {text}");
    }
    for (name, text) in [
        ("plan.rs", "// crate::sys\n/* rustix::io /* */ */ const A: &str = \"std::fs\"; use super::step;"),
        ("plan.rs", "#[cfg(test)]\nmod tests { use crate::sys; fn f() { std::fs::read() } }"),
        ("bind/cgroup.rs", "use super::program; use crate::sys::file;"),
        ("sys/bpf.rs", "use crate::bind::program::Insn; use super::Result; use rustix::fd;"),
        ("init/mod.rs", "use crate::service;"),
        ("main.rs", "use vrf_launch::run;"),
        ("wire/msg.rs", "use linux_raw_sys::netlink; use heapless::Vec; const R: &[u8] = br#\"std::x \"\"#;"),
    ] {
        assert_eq!(faults(name, text), Vec::<&str>::new(), "{name}: {text}");
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src")
}

/// Every Rust file of `src`, relative to it, in order.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(src()).expect("a path in src").to_owned());
            }
        }
    }
    files.sort();
    files
}

/// The names of the module that a file holds: `conf/mod.rs` is `conf`, `conf/ip.rs` is `conf`, `ip`.
fn module(file: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        file.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// A word or a punctuation character; `::` is one token.
struct Token {
    text: String,
    line: usize,
}

/// Splits Rust source into tokens, without comments, strings, characters and lifetimes.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let hashes = rest[word..].bytes().take_while(|&byte| byte == b'#').count();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if matches!(&rest[..word], "r" | "br" | "cr") && rest[word + hashes..].starts_with('"') {
            let start = word + hashes + 1;
            let end = format!("\"{}", "#".repeat(hashes));
            start + rest[start..].find(&end).map_or(rest.len() - start, |at| at + end.len())
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' {
            let is_character = rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'');
            if is_character { quoted(rest, '\'') } else { 1 }
        } else {
            let length = if rest.starts_with("::") { 2 } else { word.max(first.len_utf8()) };
            if !first.is_whitespace() {
                tokens.push(Token { text: rest[..length].to_owned(), line });
            }
            length
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of the block comment that `text` begins with; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the literal that `text` begins with, up to the next `quote` that no backslash precedes.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Leaves out what `#[cfg(test)]` stands before: up to the closing brace, or the semicolon.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::new();
    let mut depth = 0_usize;
    let mut is_skipping = false;
    for token in tokens {
        if is_skipping {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            is_skipping = depth > 0 || !matches!(token.text.as_str(), "}" | ";");
        } else {
            kept.push(token);
            let tail: Vec<&str> = kept.iter().rev().take(7).map(|token| token.text.as_str()).collect();
            is_skipping = tail == ["]", ")", "test", "(", "cfg", "[", "#"];
        }
    }
    kept
}

/// Every path of two names or more, groups taken apart, with `self` and `super` resolved from `module`.
fn paths(tokens: &[Token], module: &[String]) -> Vec<(usize, Vec<String>)> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    let mut prefix: Vec<String> = Vec::new();
    let mut groups: Vec<Option<Vec<String>>> = Vec::new(); // None: a brace that is no group of paths
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "::" => {}
            "{" if at > 0 && text(at - 1) == "::" => groups.push(Some(std::mem::take(&mut prefix))),
            "{" => groups.push(None),
            "}" => drop(groups.pop()),
            word if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                if prefix.is_empty() {
                    prefix = groups.last().cloned().flatten().unwrap_or_default();
                }
                prefix.push(word.to_owned());
                if text(at + 1) != "::" {
                    // One name alone is no path: a variable, or the `self` of a method.
                    let path = std::mem::take(&mut prefix);
                    if path.len() > 1 {
                        found.push((token.line, resolve(path, module)));
                    }
                }
            }
            _ => prefix.clear(),
        }
    }
    found
}

fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let is_self = path.first().is_some_and(|name| name == "self");
    if ups == 0 && !is_self {
        return path;
    }
    let above = module.len().saturating_sub(ups);
    let below = path.into_iter().skip(ups.max(1));
    std::iter::once("crate".to_owned()).chain(module[..above].iter().cloned()).chain(below).collect()
}
