//! The programs for people to read.

use vrf_launch::bind::filter;
use vrf_launch::bind::program::Insn;

use crate::classic::code::{AND, ANSWER, IF_ABOVE, IF_ANY_BIT, IF_EQUAL, IF_NOT_LESS, JUMP, LOAD};
use crate::context::Hook;

/// An instruction as `bpftool prog dump xlated` writes it, but with the number of the instruction that a jump leads to.
pub fn insn(hook: Hook, program: &[Insn], at: usize) -> String {
    let _ = hook;
    let Insn { code, regs, off, imm } = program[at];
    let (to, from) = (regs & 15, regs >> 4);
    let target = at as i64 + 1 + i64::from(off);
    match code {
        0xb7 => format!("r{to} = {imm}"),
        0xbf => format!("r{to} = r{from}"),
        0x07 => format!("r{to} += {imm}"),
        0x54 => format!("w{to} &= {imm:#x}"),
        0x61 => format!("r{to} = *(u32 *)(r{from} {off:+})"),
        0x71 => format!("r{to} = *(u8 *)(r{from} {off:+})"),
        0x63 => format!("*(u32 *)(r{to} {off:+}) = r{from}"),
        0x62 => format!("*(u32 *)(r{to} {off:+}) = {imm:#x}"),
        0x6a => format!("*(u16 *)(r{to} {off:+}) = {imm:#x}"),
        0x05 => format!("goto {target}"),
        0x15 => format!("if r{to} == {imm} goto {target}"),
        0x25 => format!("if r{to} > {imm} goto {target}"),
        0x55 => format!("if r{to} != {imm} goto {target}"),
        0x56 => format!("if w{to} != {imm:#x} goto {target}"),
        0x85 => format!("call {imm}"),
        0x95 => "exit".to_string(),
        _ => panic!("{code:#x}: not known"),
    }
}

/// An instruction of a filter, as the kernel's `bpf_dbg` writes it, but with the numbers of the instructions that a jump leads to.
pub fn filter_insn(filter: &[filter::Insn], at: usize) -> String {
    let filter::Insn { code, yes, no, value } = filter[at];
    let (yes, no) = (at + 1 + usize::from(yes), at + 1 + usize::from(no));
    match code {
        LOAD => format!("ld [{value}]"),
        AND => format!("and #{value:#x}"),
        JUMP => format!("ja {}", at + 1 + value as usize),
        IF_EQUAL => format!("jeq #{value:#x}, {yes}, {no}"),
        IF_ABOVE => format!("jgt #{value:#x}, {yes}, {no}"),
        IF_NOT_LESS => format!("jge #{value:#x}, {yes}, {no}"),
        IF_ANY_BIT => format!("jset #{value:#x}, {yes}, {no}"),
        ANSWER => format!("ret #{value:#x}"),
        _ => panic!("{code:#x}: not known"),
    }
}
