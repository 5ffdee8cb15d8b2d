//! BPF programs, as bytes.
//!
//! Registers: 0 is what a program gives back, 1 its context at the start, 10 the stack. Source:
//! `uapi/linux/bpf.h`, `Documentation/bpf/standardization/instruction-set.rst`.

use crate::text::Buf;

/// One instruction. Source: `uapi/linux/bpf.h: struct bpf_insn`; byte order the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Insn {
    /// Operation.
    pub code: u8,
    /// Registers: the destination's number in the low four bits, the source's in the high four (the other way round
    /// on big-endian processors, which this program is not built for).
    pub regs: u8,
    /// Offset, bytes or instructions.
    pub off: i16,
    /// Immediate value.
    pub imm: i32,
}
const _: () = assert!(size_of::<Insn>() == 8);
const _: () = assert!(cfg!(target_endian = "little"));

/// A program's name as `bpftool prog` shows it: at most 15 of `[A-Za-z0-9_.]`, then NULs. Since 4.15.
pub type Name = [u8; 16];

/// `BPF_ALU64 | BPF_MOV | BPF_K`
const MOV_IMM: u8 = 0xb7;
/// `BPF_STX | BPF_MEM | BPF_W`
const STORE_U32: u8 = 0x63;
/// `BPF_JMP | BPF_EXIT`
const EXIT: u8 = 0x95;
/// `struct bpf_sock: bound_dev_if`, its first field.
const BOUND_DEV_IF: i16 = 0;

/// Binds each new socket to an interface: what `SO_BINDTODEVICE` would set, before the program that asked for the
/// socket has it. For `BPF_CGROUP_INET_SOCK_CREATE`.
pub fn bind(ifindex: u32) -> [Insn; 4] {
    [
        Insn { code: MOV_IMM, regs: 2, off: 0, imm: ifindex.cast_signed() },
        Insn { code: STORE_U32, regs: 1 | 2 << 4, off: BOUND_DEV_IF, imm: 0 },
        Insn { code: MOV_IMM, regs: 0, off: 0, imm: 1 }, // 1: let it be made
        Insn { code: EXIT, regs: 0, off: 0, imm: 0 },
    ]
}

/// The start of the names of the programs made here.
pub const NAME_START: [u8; 7] = *b"vlbind_";

/// The name of [`bind`]'s program: it tells for which interface, so that a program left over from a VRF that has been
/// made anew since is known for what it is.
pub fn bind_name(ifindex: u32) -> Name {
    let mut name = [0; 16];
    let mut text = Buf::new(&mut name);
    text.bytes(&NAME_START);
    for digit in 0..8_u32 {
        text.hex(ifindex >> (28 - 4 * digit) & 0xf);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_after_its_interface() {
        assert_eq!(bind_name(0), *b"vlbind_00000000\0");
        assert_eq!(bind_name(0x1a9), *b"vlbind_000001a9\0");
        assert_eq!(bind_name(u32::MAX), *b"vlbind_ffffffff\0");
        assert!(bind_name(7).starts_with(&NAME_START));
    }

    #[test]
    fn the_program_stores_the_index_and_lets_the_socket_be_made() {
        let [index, store, one, exit] = bind(0x0102_0304);
        assert_eq!((index.code, index.regs, index.imm), (0xb7, 2, 0x0102_0304));
        assert_eq!((store.code, store.regs, store.off), (0x63, 0x21, 0));
        assert_eq!((one.code, one.regs, one.imm), (0xb7, 0, 1));
        assert_eq!(exit.code, 0x95);
    }
}
