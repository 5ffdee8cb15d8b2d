//! The shipped binary keeps its promises: small, static, stripped, nothing writable and executable.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use goblin::elf::Elf;
use goblin::elf::header::ET_DYN;
use goblin::elf::program_header::{PF_W, PF_X, PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP};
use goblin::elf::section_header::SHT_SYMTAB;
use vrf_launch_tests::elf::{MAX_LEAN, MAX_SIZE, binary, features, lean, repository};

fn bytes() -> Vec<u8> {
    fs::read(binary().expect("the binary")).expect("a readable binary")
}

#[test]
fn binary_is_no_larger_than_its_gate() {
    let size = bytes().len();
    assert!(size <= MAX_SIZE, "{size} bytes, more than {MAX_SIZE}");
}

/// A launch into a VRF that is there, at any level; and what is left out says so.
#[test]
fn without_what_may_be_left_out_it_has_72_kib() {
    let binary = lean("").expect("make");
    let size = fs::metadata(&binary).expect("the binary").len();
    println!("{size} bytes of {MAX_LEAN}");
    assert!(usize::try_from(size).is_ok_and(|size| size <= MAX_LEAN), "{size} bytes, more than {MAX_LEAN}");
    let said = |words: &str| {
        let done = Command::new(&binary).args(words.split(' ')).output().expect("the binary");
        let says = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8_lossy(&says).into_owned())
    };
    let mut missing = "without:".to_owned();
    for (feature, _) in features().expect("Cargo.toml") {
        missing += &format!(" {feature}");
    }
    assert_eq!(said("--version"), (Some(0), format!("vrf-launch {}\n{missing}\n", env!("CARGO_PKG_VERSION"))));
    for words in [
        "up",
        "down",
        "run",
        "init",
        "show",
        "pids x",
        "identify",
        "adopt x 1",
        "check",
        "explain x ::1",
        "plan",
        "ip l",
        "confirm",
        "help",
        "-v up",
        "--bind seccomp x y",
        "--inetd x y",
    ] {
        let (code, says) = said(words);
        assert!(code == Some(100) && says.contains("left out of this build"), "{words}: {code:?} {says}");
    }
    let (code, says) = said("no-such-vrf true");
    assert!(code == Some(100) && says.contains("there is no such VRF"), "{code:?} {says}");
}

#[test]
fn binary_needs_no_dynamic_linker_and_no_library() {
    let bytes = bytes();
    let elf = Elf::parse(&bytes).expect("an ELF file");
    assert!(elf.program_headers.iter().all(|header| header.p_type != PT_INTERP), "it asks for {:?}", elf.interpreter);
    assert_eq!(elf.libraries, Vec::<&str>::new());
    let undefined: Vec<_> = elf.dynsyms.iter().filter_map(|symbol| elf.dynstrtab.get_at(symbol.st_name)).collect();
    assert!(undefined.iter().all(|name| name.is_empty()), "it looks up {undefined:?}");
}

#[test]
fn binary_is_position_independent_and_relocates_no_code() {
    let bytes = bytes();
    let elf = Elf::parse(&bytes).expect("an ELF file");
    assert_eq!(elf.header.e_type, ET_DYN);
    assert!(elf.dynamic.is_none_or(|dynamic| !dynamic.info.textrel));
}

#[test]
fn no_segment_is_writable_and_executable() {
    let bytes = bytes();
    let headers = Elf::parse(&bytes).expect("an ELF file").program_headers;
    assert!(headers.iter().all(|header| header.p_flags & (PF_W | PF_X) != PF_W | PF_X), "{headers:#?}");
    // Without this header the kernel makes the stack executable.
    assert!(headers.iter().any(|header| header.p_type == PT_GNU_STACK));
    assert!(headers.iter().any(|header| header.p_type == PT_GNU_RELRO));
}

#[test]
fn binary_is_stripped_and_names_no_source_file() {
    let bytes = bytes();
    let elf = Elf::parse(&bytes).expect("an ELF file");
    let sections = &elf.section_headers;
    assert!(sections.iter().all(|section| section.sh_type != SHT_SYMTAB));
    for path in [".rs:", ".rs\0", "/rustc/", "/registry/", "library/core", env!("CARGO_MANIFEST_DIR")] {
        assert!(!bytes.windows(path.len()).any(|window| window == path.as_bytes()), "it contains {path:?}");
    }
}

#[test]
fn nothing_that_panics_is_linked() {
    if std::env::var_os("VRF_LAUNCH").is_some() {
        return; // somebody else's binary comes without a map
    }
    // What the linker took, by name, of this build.
    let map = fs::read_to_string(binary().expect("the binary").with_extension("map")).expect("the linker's map");
    assert!(map.contains("main") && map.contains("Story"), "that is no map");
    for word in ["panicking", "begin_unwind", "unwrap_failed", "expect_failed", "rust_panic"] {
        let found: Vec<_> = map.lines().filter(|line| line.contains(word)).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// The code of a launch stands together, so that few pages are mapped for it.
#[test]
fn what_a_launch_does_not_need_stands_behind() {
    if std::env::var_os("VRF_LAUNCH").is_some() {
        return;
    }
    let map = fs::read_to_string(binary().expect("the binary").with_extension("map")).expect("the linker's map");
    let place = |name: &str| map.find(name).unwrap_or_else(|| panic!("{name} is not in the map"));
    let rest = place(".text.rest");
    for name in ["vrf_launch::bind::attach", "vrf_launch::service::seal::seal", "vrf_launch::run::enter"] {
        assert!(place(name) < rest, "{name}");
    }
    for name in ["vrf_launch::show::tell", "vrf_launch::apply::Apply::flush", "vrf_launch::ip::compiler"] {
        assert!(place(name) > rest, "{name}");
    }
}

/// Runs the binary with a stack of 256 KiB; gives its exit code and the end of what it says.
fn in_little_stack(folder: &Path, conf: &str, command: &str) -> (Option<i32>, String) {
    fs::write(folder.join("conf"), conf).expect("a file");
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -s 256; exec \"$0\" -c conf $1 >out"]).arg(binary().expect("the binary"));
    let done = shell.arg(command).current_dir(folder).output().expect("a shell");
    (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn a_quarter_of_a_mebibyte_is_stack_enough_for_any_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let [mut flat, mut chain, mut templates, mut services] = [const { String::new() }; 4];
    for n in 0..10_000 {
        writeln!(flat, "auto i{n}\niface i{n}\n  vrf-table {}", 1000 + n).expect("text");
        writeln!(chain, "auto i{n}\niface i{n}\n  vrf-table {}\n  requires i{}", 1000 + n, n + 1).expect("text");
        if n < 1000 {
            writeln!(templates, "template t{}\n  inherit t{n}", n + 1).expect("text");
            writeln!(services, "auto s{n}\nservice s{n}\n  exec /x\n  requires s{}", n + 1).expect("text");
            fs::write(folder.join(format!("source{n}")), format!("source source{}\n", n + 1)).expect("a file");
        }
    }
    templates += "template t0\n  mtu 1400\n";
    chain += "iface i10000\n  vrf-table 11000\n";
    templates += "auto x\niface x\n  vrf-table 9\n  inherit t1000\n";
    services += "service s1000\n  exec /x\n";
    for (conf, command, code, says) in [
        (flat.as_str(), "plan", 0, ""),
        (&chain, "plan", 0, ""),
        (&templates, "plan", 100, "more than 32 deep"),
        ("source source0", "plan", 100, "more than 32 deep"),
        (&services, "run", 100, "more than 256 deep"),
    ] {
        let (ended, said) = in_little_stack(folder, conf, command);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

/// Two builds of the same source, in folders of different names, are the same bytes.
#[test]
fn a_build_elsewhere_gives_the_same_bytes() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let copy = elsewhere.path().join("of-another-and-longer-name");
    fs::create_dir(&copy).expect("a folder");
    let mut tar = Command::new("sh");
    tar.args(["-c", "tar -c --exclude=./target --exclude=./.git . | tar -x -C \"$0\""]).arg(&copy);
    assert!(tar.current_dir(repository()).status().expect("tar").success());
    let make = Command::new("make").arg("build").current_dir(&copy).output().expect("make");
    assert!(make.status.success(), "{}", String::from_utf8_lossy(&make.stderr));
    let other = fs::read(copy.join("target/vrf-launch")).expect("the other binary");
    assert!(
        std::env::var_os("VRF_LAUNCH").is_some() || other == bytes(),
        "{} and {} bytes",
        other.len(),
        bytes().len()
    );
}
