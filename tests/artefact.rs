//! The shipped binary keeps its promises: small, static, stripped, nothing writable and executable.

use std::fs;

use goblin::elf::Elf;
use goblin::elf::header::ET_DYN;
use goblin::elf::program_header::{PF_W, PF_X, PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP};
use goblin::elf::section_header::SHT_SYMTAB;
use vrf_launch_tests::elf::{MAX_SIZE, binary};

fn bytes() -> Vec<u8> {
    fs::read(binary().expect("the binary")).expect("a readable binary")
}

#[test]
fn binary_is_at_most_64_kib() {
    let size = bytes().len();
    assert!(size <= MAX_SIZE, "{size} bytes, more than {MAX_SIZE}");
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
