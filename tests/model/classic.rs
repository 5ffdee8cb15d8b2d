//! Runs seccomp filters as the kernel does. No crate does that, and the instructions are few.
//!
//! Source: `uapi/linux/filter.h`, `uapi/linux/seccomp.h: struct seccomp_data`; `net/core/filter.c: bpf_check_classic`;
//! `kernel/seccomp.c: seccomp_check_filter`.

use vrf_launch::bind::filter::Insn;

/// What a system call is: `struct seccomp_data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub number: u32,
    pub arch: u32,
    pub arguments: [u64; 6],
}

impl Call {
    /// 32 bits of `struct seccomp_data`, on a little-endian processor.
    fn word(&self, offset: u32) -> u32 {
        let half = |value: u64| if offset.is_multiple_of(8) { value as u32 } else { (value >> 32) as u32 };
        match offset {
            0 => self.number,
            4 => self.arch,
            8..16 => half(0x7fff_1234_5678_9abc), // the instruction pointer
            _ => half(self.arguments[(offset as usize - 16) / 8]),
        }
    }
}

/// What a filter is made of.
pub mod code {
    pub const LOAD: u16 = 0x20;
    pub const AND: u16 = 0x54;
    pub const JUMP: u16 = 0x05;
    pub const IF_EQUAL: u16 = 0x15;
    pub const IF_ABOVE: u16 = 0x25;
    pub const IF_NOT_LESS: u16 = 0x35;
    pub const IF_ANY_BIT: u16 = 0x45;
    pub const ANSWER: u16 = 0x06;
}
use code::{AND, ANSWER, IF_ABOVE, IF_ANY_BIT, IF_EQUAL, IF_NOT_LESS, JUMP, LOAD};

/// Whether the kernel takes a filter; if not, why.
pub fn verify(filter: &[Insn]) -> Result<(), String> {
    for (at, insn) in filter.iter().enumerate() {
        let in_it = |distance: u32| (at as u64) + 1 + u64::from(distance) < filter.len() as u64;
        let well = match insn.code {
            LOAD => insn.value < 64 && insn.value % 4 == 0,
            AND | ANSWER => true,
            JUMP => in_it(insn.value),
            IF_EQUAL | IF_ABOVE | IF_NOT_LESS | IF_ANY_BIT => in_it(insn.yes.into()) && in_it(insn.no.into()),
            _ => false,
        };
        if !well {
            return Err(format!("{at}: {insn:?}"));
        }
    }
    match filter.last() {
        Some(insn) if insn.code == ANSWER && filter.len() <= 4096 => Ok(()),
        _ => Err("no answer at the end".into()),
    }
}

/// What a filter answers to a call. The kernel has taken it.
pub fn run(filter: &[Insn], call: &Call) -> u32 {
    let (mut loaded, mut at) = (0, 0);
    loop {
        let Insn { code, yes, no, value } = filter[at];
        let holds = match code {
            LOAD => {
                loaded = call.word(value);
                true
            }
            AND => {
                loaded &= value;
                true
            }
            JUMP => {
                at += value as usize;
                true
            }
            IF_EQUAL => loaded == value,
            IF_ABOVE => loaded > value,
            IF_NOT_LESS => loaded >= value,
            IF_ANY_BIT => loaded & value != 0,
            _ => return value,
        };
        let is_comparison = matches!(code, IF_EQUAL | IF_ABOVE | IF_NOT_LESS | IF_ANY_BIT);
        at += 1 + if is_comparison { usize::from(if holds { yes } else { no }) } else { 0 };
    }
}
