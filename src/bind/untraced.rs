//! The seccomp filter that level strict has in the place of a Landlock domain: the system calls that look into another process, or
//! take its descriptors, are refused.
//!
//! It cannot tell whose process it is, so that a service at strict traces none of its own either. Files of `/proc/PID` are not
//! system calls: `mem` of a process of the same user stays open to a service there, unless Yama's ptrace_scope is above 0.
//!
//! Source: `include/uapi/asm-generic/unistd.h`, `arch/*/entry/syscalls/*.tbl`.

use super::filter::{ALLOW, ANSWER, ARCH, EPERM, IF_EQUAL, Insn, LOAD, NUMBER, Processor, X32};

/// `ptrace`, `process_vm_readv`, `process_vm_writev` and `pidfd_getfd` of each kind of programs that the kernel of a processor runs,
/// behind its `AUDIT_ARCH_*`.
const fn calls(processor: Processor) -> &'static [(u32, &'static [u32])] {
    match processor {
        // Programs of x32 have numbers of their own for three of them; kernels have let them use the others, too.
        Processor::X86_64 => &[
            (
                0xc000_003e,
                &[101, 310, 311, 438, X32 | 521, X32 | 539, X32 | 540, X32 | 438, X32 | 101, X32 | 310, X32 | 311],
            ),
            (0x4000_0003, &[26, 347, 348, 438]),
        ],
        Processor::Aarch64 | Processor::Arm => {
            &[(0xc000_00b7, &[117, 270, 271, 438]), (0x4000_0028, &[26, 376, 377, 438])]
        }
        Processor::Riscv64 => &[(0xc000_00f3, &[117, 270, 271, 438]), (0x4000_00f3, &[117, 270, 271, 438])],
    }
}

/// The filter.
pub fn filter() -> &'static [Insn] {
    &FILTER
}

static FILTER: [Insn; len(Processor::OWN)] = insns(Processor::OWN);

/// The filter of any processor, for a test: each instruction of it.
pub fn of(processor: Processor, put: &mut dyn FnMut(Insn)) {
    const MOST: usize = len(Processor::X86_64);
    let insns: [Insn; MOST] = insns(processor);
    insns.iter().take(len(processor)).for_each(|insn| put(*insn));
}

/// For each kind of programs: is it that; the number; a comparison for each call; and the answer that lets all others through. Before
/// them stands what asks for the kind, behind them the two answers.
#[allow(clippy::indexing_slicing, reason = "by the compiler alone: what is wrong is an error of the build")]
const fn len(processor: Processor) -> usize {
    let calls = calls(processor);
    let mut len = 3;
    let mut at = 0;
    while at < calls.len() {
        len += 3 + calls[at].1.len();
        at += 1;
    }
    len
}

#[allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "by the compiler alone: what is wrong is an error of the build"
)]
const fn insns<const LEN: usize>(processor: Processor) -> [Insn; LEN] {
    let mut insns = [Insn { code: ANSWER, yes: 0, no: 0, value: ALLOW }; LEN];
    let refusal = len(processor) - 1;
    insns[refusal].value = EPERM;
    insns[0] = Insn { code: LOAD, yes: 0, no: 0, value: ARCH };
    let kinds = calls(processor);
    let (mut at, mut kind) = (1, 0);
    while kind < kinds.len() {
        let (value, calls) = kinds[kind];
        insns[at] = Insn { code: IF_EQUAL, yes: 0, no: calls.len() as u8 + 2, value };
        insns[at + 1] = Insn { code: LOAD, yes: 0, no: 0, value: NUMBER };
        at += 2;
        let mut call = 0;
        while call < calls.len() {
            insns[at] = Insn { code: IF_EQUAL, yes: (refusal - at - 1) as u8, no: 0, value: calls[call] };
            at += 1;
            call += 1;
        }
        at += 1; // the answer that stands there already
        kind += 1;
    }
    insns
}
