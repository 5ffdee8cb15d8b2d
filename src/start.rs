//! The first instructions of the shipped binary: relocates it and calls `main`. In the place of musl's start code, which prepares
//! a C library for threads, locales and standard streams that nothing here has, and before 1.2.4 does not know packed
//! relocations: `DT_RELR` takes a bit for an address where `DT_RELA` takes 24 bytes.
//!
//! Deliberately not done: thread-local storage, a stack protector's canary, `atexit`, and what the C library does for set-uid programs
//! (descriptors 0 to 2 are opened). `PT_GNU_RELRO` is left writable, as musl leaves it in static programs.
//!
//! Source: `elf(5)`; the generic ABI's chapter on `SHT_RELR`; `Documentation/arch/*` and the psABI of each processor for what
//! holds at the entry of a program.

use core::ffi::c_char;

/// Entries of the dynamic section. Source: `elf.h`.
mod tag {
    pub const NULL: usize = 0;
    /// Of 32-bit ARM; with [`RELSZ`].
    #[cfg(target_arch = "arm")]
    pub const REL: usize = 17;
    #[cfg(target_arch = "arm")]
    pub const RELSZ: usize = 18;
    /// The others' `RELA`; with `RELASZ`.
    #[cfg(not(target_arch = "arm"))]
    pub const REL: usize = 7;
    #[cfg(not(target_arch = "arm"))]
    pub const RELSZ: usize = 8;
    pub const RELRSZ: usize = 35;
    pub const RELR: usize = 36;
}

/// A relocation that is not packed; what the address is without it is in the entry, or, on 32-bit ARM, at the place.
/// Source: `elf.h: Elf32_Rel, Elf64_Rela`.
#[repr(C)]
struct Entry {
    place: usize,
    /// Type and symbol: always the same.
    _info: usize,
    #[cfg(not(target_arch = "arm"))]
    addend: usize,
}

/// Places that a word of packed relocations stands for.
#[allow(clippy::as_conversions, reason = "64 at most")]
const BITS: usize = usize::BITS as usize - 1;

// What every program is entered with: the stack pointer at argc, argv, NULL, envp, NULL and the auxiliary vector. Calls
// `start(stack, dynamic section, where the file begins in memory)`; both addresses are relative to the program counter.
#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".globl _start",
    ".hidden _DYNAMIC",
    ".hidden __ehdr_start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "lea rsi, [rip + _DYNAMIC]",
    "lea rdx, [rip + __ehdr_start]",
    "and rsp, -16",
    "call {start}",
    start = sym start,
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".globl _start",
    ".hidden _DYNAMIC",
    ".hidden __ehdr_start",
    "_start:",
    "mov x29, #0",
    "mov x30, #0",
    "mov x0, sp",
    "adrp x1, _DYNAMIC",
    "add x1, x1, #:lo12:_DYNAMIC",
    "adrp x2, __ehdr_start",
    "add x2, x2, #:lo12:__ehdr_start",
    "and sp, x0, #-16",
    "b {start}",
    start = sym start,
);

#[cfg(target_arch = "arm")]
core::arch::global_asm!(
    ".globl _start",
    ".hidden _DYNAMIC",
    ".hidden __ehdr_start",
    ".type _start, %function",
    ".arm",
    "_start:",
    "mov fp, #0",
    "mov lr, #0",
    "mov r0, sp",
    "ldr r1, 2f",
    "1: add r1, pc, r1",
    "ldr r2, 3f",
    "4: add r2, pc, r2",
    "bic sp, sp, #15",
    "bl {start}",
    ".p2align 2",
    "2: .word _DYNAMIC - (1b + 8)",
    "3: .word __ehdr_start - (4b + 8)",
    start = sym start,
);

#[cfg(target_arch = "riscv64")]
core::arch::global_asm!(
    ".globl _start",
    ".hidden _DYNAMIC",
    ".hidden __ehdr_start",
    ".weak __global_pointer$",
    ".hidden __global_pointer$",
    "_start:",
    ".option push",
    ".option norelax",
    "lla gp, __global_pointer$",
    ".option pop",
    "mv a0, sp",
    "lla a1, _DYNAMIC",
    "lla a2, __ehdr_start",
    "andi sp, sp, -16",
    "tail {start}",
    start = sym start,
);

/// Relocates the program and runs it.
///
/// # Safety
/// Called once, by `_start`. Until the relocations are done nothing may be used that has an address in it: no table, no
/// vtable, no other function that is not called directly.
unsafe extern "C" fn start(stack: *const usize, dynamic: *const [usize; 2], file: *mut u8) -> ! {
    // SAFETY: the caller's promise.
    unsafe { relocate(dynamic, file) };
    // SAFETY: the kernel's count of arguments is at the stack pointer.
    let count = unsafe { *stack };
    // SAFETY: the arguments follow the count,
    let argv = unsafe { stack.add(1) }.cast::<*const c_char>();
    // SAFETY: NULL follows the arguments,
    let envp = unsafe { argv.add(count) };
    // SAFETY: and the environment that.
    let envp = unsafe { envp.add(1) };
    // SAFETY: both end with NULL and stay as they are.
    let code = unsafe { super::main(0, argv, envp) };
    vrf_launch::sys::process::exit(code)
}

/// Adds to each address in the program what it was loaded at: it was linked for 0. All relocations of a static program that
/// is position-independent are of that kind.
///
/// # Safety
/// As [`start`]; `dynamic` ends with [`tag::NULL`], and describes the file that is in memory at `file`.
unsafe fn relocate(mut dynamic: *const [usize; 2], file: *mut u8) {
    let [mut rel, mut rel_size, mut relr, mut relr_size] = [0; 4];
    loop {
        // SAFETY: it is at most at the end of the section.
        let [tag, value] = unsafe { *dynamic };
        match tag {
            tag::NULL => break,
            tag::REL => rel = value,
            tag::RELSZ => rel_size = value,
            tag::RELR => relr = value,
            tag::RELRSZ => relr_size = value,
            _ => {}
        }
        // SAFETY: this was not the last.
        dynamic = unsafe { dynamic.add(1) };
    }
    // Those that the linker could not pack, or did not.
    for at in (rel..rel + rel_size).step_by(size_of::<Entry>()) {
        // SAFETY: the section says that the table is there.
        let entry = unsafe { file.add(at) }.cast::<Entry>();
        // SAFETY: as above.
        let entry = unsafe { entry.read() };
        // SAFETY: the table names a place in the file.
        let place = unsafe { file.add(entry.place) }.cast::<usize>();
        #[cfg(not(target_arch = "arm"))]
        let value = entry.addend;
        #[cfg(target_arch = "arm")]
        // SAFETY: as above.
        let value = unsafe { place.read() };
        // SAFETY: as above.
        unsafe { place.write(value + file.addr()) };
    }
    // An even word is a place. An odd one has a bit for each of the places that follow the last one.
    let mut next = file.cast::<usize>();
    for at in (relr..relr + relr_size).step_by(size_of::<usize>()) {
        // SAFETY: as above.
        let word = unsafe { file.add(at) }.cast::<usize>();
        // SAFETY: as above.
        let word = unsafe { word.read() };
        let (mut place, mut bits) = (next, word >> 1);
        if word & 1 == 0 {
            // SAFETY: as above.
            (place, bits) = (unsafe { file.add(word) }.cast(), 1);
            next = place.wrapping_add(1);
        } else {
            next = next.wrapping_add(BITS);
        }
        while bits != 0 {
            if bits & 1 != 0 {
                // SAFETY: as above.
                let value = unsafe { place.read() };
                // SAFETY: as above.
                unsafe { place.write(value + file.addr()) };
            }
            place = place.wrapping_add(1);
            bits >>= 1;
        }
    }
}
