//! The seccomp filters of all processors. The numbers of system calls are the crate `syscalls`'.

use vrf_launch::bind::filter::{self, Insn, Kind, Processor};

use crate::classic::{Call, run, verify};
use crate::rules::{self, For, Verdict};

const X86_64: u32 = 0xc000_003e;
const I386: u32 = 0x4000_0003;
const AARCH64: u32 = 0xc000_00b7;
const ARM: u32 = 0x4000_0028;
const RISCV64: u32 = 0xc000_00f3;
const RISCV32: u32 = 0x4000_00f3;
const ARCHES: [u32; 6] = [X86_64, I386, AARCH64, ARM, RISCV64, RISCV32];
/// `__X32_SYSCALL_BIT`
pub const X32: u32 = 0x4000_0000;

pub const PROCESSORS: [Processor; 4] = [Processor::X86_64, Processor::Aarch64, Processor::Arm, Processor::Riscv64];
pub const KINDS: [Kind; 3] = [Kind::Guard, Kind::Strict, Kind::Asking];

/// The programs that the kernel of a processor runs. That of arm may be one of aarch64: many boards have a system of 32 bits on
/// a kernel of 64.
pub fn runs(processor: Processor) -> &'static [u32] {
    match processor {
        Processor::X86_64 => &[X86_64, I386],
        Processor::Aarch64 | Processor::Arm => &[AARCH64, ARM],
        Processor::Riscv64 => &[RISCV64, RISCV32],
    }
}

/// What a number means to programs of a processor, and whether they are of x32. Some calls have another number for x32, and
/// x86_64's is none there. Source: `arch/x86/entry/syscalls/syscall_64.tbl`.
pub fn name(arch: u32, number: u32) -> (&'static str, bool) {
    match number.checked_sub(X32) {
        Some(514) if arch == X86_64 => return ("ioctl", true),
        Some(541) if arch == X86_64 => return ("setsockopt", true),
        Some(16 | 54) if arch == X86_64 => return ("", true),
        _ => {}
    }
    let (x32, number) = if arch == X86_64 && number & X32 != 0 { (true, number & !X32) } else { (false, number) };
    let index = number as usize;
    let name = match arch {
        X86_64 => syscalls::x86_64::Sysno::new(index).map(|call| call.name()),
        I386 => syscalls::x86::Sysno::new(index).map(|call| call.name()),
        AARCH64 => syscalls::aarch64::Sysno::new(index).map(|call| call.name()),
        // A call of the old ABI. A kernel with seccomp filters does not have that ABI, so nobody misses the call.
        ARM if number == 102 => Some("socketcall"),
        ARM => syscalls::arm::Sysno::new(index).map(|call| call.name()),
        // Those that matter are the same for 32 bits.
        _ => syscalls::riscv64::Sysno::new(index).map(|call| call.name()),
    };
    (name.unwrap_or(""), x32)
}

/// The name of a processor's programs.
pub fn arch_name(arch: u32) -> &'static str {
    match arch {
        X86_64 => "x86_64",
        I386 => "i386",
        AARCH64 => "aarch64",
        ARM => "arm",
        RISCV64 => "riscv64",
        _ => "riscv32",
    }
}

/// The calls that a number means and that a filter has to do with.
pub fn names(processor: Processor, number: u32) -> String {
    let calls = ["socket", "socketcall", "socketpair", "ioctl", "request_key", "clone", "unshare", "setsockopt"];
    if number & X32 == 0 && [514, 541].contains(&number) {
        return format!("{} of x32", name(X86_64, number | X32).0);
    }
    let one = |arch: &u32| match name(*arch, number).0 {
        call if calls.contains(&call) => Some(format!("{call} of {}", arch_name(*arch))),
        _ => None,
    };
    let found: Vec<String> = runs(processor).iter().filter_map(one).collect();
    if found.is_empty() { name(runs(processor)[0], number).0.to_string() } else { found.join(", ") }
}

/// `SECCOMP_RET_ALLOW`, `SECCOMP_RET_ERRNO`, `SECCOMP_RET_USER_NOTIF`
fn answer(verdict: Verdict) -> u32 {
    match verdict {
        Verdict::Allowed => 0x7fff_0000,
        Verdict::Refused(errno) => 0x0005_0000 | errno.cast_unsigned(),
        Verdict::Asked => 0x7fc0_0000,
    }
}

fn kind_of(kind: Kind) -> For {
    match kind {
        Kind::Guard => For::Guard,
        Kind::Strict => For::Strict,
        Kind::Asking => For::Supervisor,
    }
}

pub fn filter(processor: Processor, kind: Kind) -> Vec<Insn> {
    let mut insns = Vec::new();
    filter::of(processor, kind, &mut |insn| insns.push(insn));
    insns
}

/// The families, flags and calls that a first argument may be.
fn arguments() -> impl Iterator<Item = u32> {
    let flags =
        [0x1000_0000, 0x1000_0011, 0x3000_0000, 0x5000_0011, 0x4000_0011, 0x2000_0000, 0x0800_0000, 0x7e02_0000];
    (0..=64).chain(flags).chain([0xefff_ffff, 0x1_0002, 0x8000_0002, u32::MAX])
}

/// The numbers that there are, and some that are none.
pub fn numbers() -> impl Iterator<Item = u32> {
    let edges = [0x3fff_ffff, 0x7fff_ffff, 0x8000_0000, 0x8000_0029, 0xbfff_ffff, 0xc000_0029, u32::MAX];
    (0..=600).chain((0..=600).map(|number| number | X32)).chain(edges)
}

/// What is in the upper half of a register does not matter where the kernel takes an `int`, nor do the other registers.
const HIGH: u64 = 0x1000_0002_0000_0000;

/// The arguments of calls that are tried: first ones of all kinds; requests of terminals; levels and options of sockets; addresses.
fn tried() -> Vec<[u64; 6]> {
    let of = |first: u32, second, third| [u64::from(first) | HIGH, second, third, 40, 0x1000_0000, 1];
    let mut list: Vec<[u64; 6]> = arguments().map(|first| of(first, 0x1000_0011, 2)).collect();
    for request in [0x5411, 0x5412, 0x5413, 0x541b, 0x541c, 0x541d, 0x5452, 0x545c, 0x0001_5412, 0x12, 0, 11, 41] {
        list.extend([0, HIGH, 0x5412 << 32].map(|high| of(3, request | high, 1)));
    }
    for level in [0, 1, 40, 41, 105, 0x4100_0000] {
        for option in [10, 11, 25, 26, 75, 0x8000_000b] {
            list.push(of(3, level | HIGH, option | HIGH));
        }
    }
    list.extend([0, 1, 1 << 31, 1 << 32, 1 << 63, 0x0040_0000].map(|pointer| of(3, 0, pointer)));
    list
}

pub fn call(arch: u32, number: u32, arguments: [u64; 6]) -> Call {
    Call { arch, number, arguments }
}

/// All calls of the programs that a processor's kernel runs, each with what a filter is to answer.
pub fn all(processor: Processor, kind: Kind) -> Vec<(Call, u32)> {
    let (mut list, tried) = (Vec::new(), tried());
    for arch in runs(processor) {
        for number in numbers() {
            let (name, x32) = name(*arch, number);
            for arguments in &tried {
                let verdict = rules::system_call(kind_of(kind), name, x32, arguments);
                list.push((call(*arch, number, *arguments), answer(verdict)));
            }
        }
    }
    list
}

/// Compares a filter with what it is to answer; what differs first.
pub fn compare(calls: &[(Call, u32)], filter: &[Insn]) -> Result<usize, String> {
    verify(filter)?;
    for (call, wanted) in calls {
        let seen = run(filter, call);
        // Only x32 has calls of such numbers: to others the kernel answers so itself.
        let is_x32 = call.arch == X86_64 && call.number & X32 != 0;
        let is_none = call.number >= X32 && !is_x32 && seen == answer(Verdict::Refused(rules::ENOSYS));
        if seen != *wanted && !is_none {
            return Err(format!("{call:x?} {:?}: {seen:#x} instead of {wanted:#x}", name(call.arch, call.number)));
        }
    }
    Ok(calls.len())
}

#[test]
fn system_calls_are_let_through_refused_or_asked_about() {
    for processor in PROCESSORS {
        for kind in KINDS {
            let filter = filter(processor, kind);
            let count = compare(&all(processor, kind), &filter);
            assert!(count.as_ref().is_ok_and(|count| *count > 180_000), "{processor:?} {kind:?}: {count:?}");
        }
    }
}

/// A kernel that ran programs of other processors still would let them do nothing by io_uring.
#[test]
fn programs_of_other_processors_get_no_io_uring() {
    for processor in PROCESSORS {
        for kind in KINDS {
            let filter = filter(processor, kind);
            for arch in ARCHES {
                assert_eq!(run(&filter, &call(arch, 425, [8; 6])), answer(Verdict::Refused(rules::ENOSYS)));
            }
        }
    }
}

#[test]
fn the_filters_of_this_processor_are_those_that_are_installed() {
    let own = if cfg!(target_arch = "x86_64") {
        Processor::X86_64
    } else if cfg!(target_arch = "aarch64") {
        Processor::Aarch64
    } else if cfg!(target_arch = "arm") {
        Processor::Arm
    } else {
        Processor::Riscv64
    };
    assert_eq!(filter(own, Kind::Guard), filter::filter(false));
    assert_eq!(filter(own, Kind::Strict), filter::filter(true));
    assert_eq!(filter(own, Kind::Asking), filter::asking());
}
