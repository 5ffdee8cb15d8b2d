//! The seccomp filters, as bytes: that of the levels guard and strict, and that of the backend that binds without a
//! cgroup.
//!
//! It refuses what no program of a cgroup sees: sockets of families whose packets the kernel sends by sockets of its own
//! (RDS, SMC, TIPC, RxRPC, …), and io_uring, which makes sockets of any family without `socket(2)`. Strict also refuses
//! user namespaces, in which root has the privileges again that it has lost here. The backend's also asks a supervisor for
//! each socket of IPv4 and IPv6 ([`super::seccomp`]).
//!
//! Source: `uapi/linux/filter.h`, `uapi/linux/seccomp.h`, `uapi/linux/audit.h`; system calls by their numbers, which for
//! 32-bit programs are others.

use linux_raw_sys::general as linux;

/// One instruction of a classic BPF program. Source: `uapi/linux/filter.h: struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Insn {
    /// Operation.
    pub code: u16,
    /// Instructions to pass over where the comparison holds.
    pub yes: u8,
    /// And where it does not.
    pub no: u8,
    /// Operand.
    pub value: u32,
}
const _: () = assert!(size_of::<Insn>() == 8);

/// `BPF_LD | BPF_W | BPF_ABS`: offsets are those of `struct seccomp_data`.
const LOAD: u16 = 0x20;
/// `BPF_ALU | BPF_AND | BPF_K`
const AND: u16 = 0x54;
/// `BPF_JMP | BPF_JEQ | BPF_K`
const IF_EQUAL: u16 = 0x15;
/// `BPF_JMP | BPF_JSET | BPF_K`
const IF_ANY_BIT: u16 = 0x45;
/// `BPF_RET | BPF_K`
const ANSWER: u16 = 0x06;

/// `struct seccomp_data: nr`, `arch`, and the low half of the first argument.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENT: u32 = 16;

/// `SECCOMP_RET_ALLOW`
const ALLOW: u32 = 0x7fff_0000;
/// `SECCOMP_RET_USER_NOTIF`
pub const ASK: u32 = 0x7fc0_0000;
/// `SECCOMP_RET_ERRNO`
const ERRNO: u32 = 0x0005_0000;
const EPERM: u32 = ERRNO | 1;
const ENOSYS: u32 = ERRNO | 38;
const EAFNOSUPPORT: u32 = ERRNO | 97;

/// What x32 programs add to the numbers of x86_64's system calls; nobody else has it.
const X32: u32 = 0x4000_0000;
/// `CLONE_NEWUSER`
const NEWUSER: u32 = linux::CLONE_NEWUSER;

/// AF_INET, AF_INET6, AF_UNIX, AF_KEY, AF_NETLINK, AF_PACKET (with CAP_NET_RAW), AF_ALG.
pub const FAMILIES: [u32; 7] = [2, 10, 1, 15, 16, 17, 38];

/// The numbers of one processor's system calls.
struct Calls {
    arch: u32,
    socket: u32,
    socketcall: u32,
    clone: u32,
    unshare: u32,
}
/// The same for all processors. Source: `asm-generic/unistd.h`.
const IO_URING_SETUP: u32 = 425;
const CLONE3: u32 = 435;
/// A number that no system call has.
const NONE: u32 = u32::MAX;
/// No processor is asked for: on RISC-V programs of 32 bits (`CONFIG_COMPAT`) have the same numbers as those of 64.
const ANY: u32 = 0;

#[cfg(target_arch = "x86_64")]
const ARCHES: [Calls; 2] = [
    Calls { arch: 0xc000_003e, socket: 41, socketcall: NONE, clone: 56, unshare: 272 },
    Calls { arch: 0x4000_0003, socket: 359, socketcall: 102, clone: 120, unshare: 310 },
];
#[cfg(target_arch = "aarch64")]
const ARCHES: [Calls; 2] = [
    Calls { arch: 0xc000_00b7, socket: 198, socketcall: NONE, clone: 220, unshare: 97 },
    Calls { arch: 0x4000_0028, socket: 281, socketcall: 102, clone: 120, unshare: 337 },
];
#[cfg(target_arch = "arm")]
const ARCHES: [Calls; 1] = [Calls { arch: 0x4000_0028, socket: 281, socketcall: 102, clone: 120, unshare: 337 }];
#[cfg(target_arch = "riscv64")]
const ARCHES: [Calls; 1] = [Calls { arch: ANY, socket: 198, socketcall: NONE, clone: 220, unshare: 97 }];

/// Instructions of the longest filter.
pub const LONGEST: usize = 96;

/// A filter.
pub struct Filter {
    insns: [Insn; LONGEST],
    len: usize,
}

impl Filter {
    /// The instructions.
    pub fn as_slice(&self) -> &[Insn] {
        self.insns.get(..self.len).unwrap_or_default()
    }

    fn put(&mut self, code: u16, yes: u8, no: u8, value: u32) {
        if let Some(place) = self.insns.get_mut(self.len) {
            *place = Insn { code, yes, no, value };
            self.len += 1;
        }
    }

    /// Has the comparison at `from` lead here.
    fn lead(&mut self, from: usize) {
        let far = u8::try_from(self.len.saturating_sub(from + 1)).unwrap_or(u8::MAX);
        if let Some(insn) = self.insns.get_mut(from) {
            insn.yes = far;
        }
    }

    /// Answers so where what is loaded is that number.
    fn answer(&mut self, number: u32, answer: u32) {
        self.put(IF_EQUAL, 0, 1, number);
        self.put(ANSWER, 0, 0, answer);
    }
}

/// The filter of level guard or strict.
pub fn filter(strict: bool) -> Filter {
    build(strict, false)
}

/// The filter that asks a supervisor for every socket of IPv4 and IPv6, and for those of which it does not see the family.
pub fn asking() -> Filter {
    build(false, true)
}

/// Whether that call is the one of 32-bit programs whose arguments stand in memory, `socketcall(2)`.
pub fn is_socketcall(arch: u32, number: u32) -> bool {
    ARCHES.iter().any(|calls| calls.arch == arch && calls.socketcall == number)
}

/// First the number alone decides, as for nearly all calls it can: the kernel runs the filter once for each number there is, on
/// every processor it knows, to remember those that are let through. Then comes, for each number that matters, the
/// processor that it belongs to: to others it means something harmless. They are all that a kernel runs programs of.
#[inline(never)]
fn build(strict: bool, asks: bool) -> Filter {
    /// `SYS_SOCKET`, the first argument of `socketcall(2)`.
    const MAKE: u32 = 1;
    let mut filter = Filter { insns: [Insn { code: 0, yes: 0, no: 0, value: 0 }; LONGEST], len: 0 };
    filter.put(LOAD, 0, 0, NUMBER);
    if asks {
        filter.put(IF_ANY_BIT, 0, 1, X32);
        filter.put(ANSWER, 0, 0, ENOSYS); // x32 programs make no sockets here, nor anything else
    } else {
        filter.put(AND, 0, 0, !X32);
    }
    filter.answer(IO_URING_SETUP, ENOSYS);
    if strict {
        filter.answer(CLONE3, ENOSYS); // its flags are out of sight; libraries take clone(2) then
    }
    let start = filter.len;
    let numbers = |calls: &Calls| [calls.socket, calls.socketcall, calls.clone, calls.unshare];
    let matters = |at: usize, number: u32| number != NONE && (strict || at == 0 || (asks && at == 1));
    let all = |at: usize| {
        let of = move |calls: &Calls| (calls.arch, numbers(calls).get(at).copied().unwrap_or(NONE));
        ARCHES.iter().map(of).filter(move |(_, number)| matters(at, *number))
    };
    for at in 0..4 {
        for (_, number) in all(at) {
            filter.put(IF_EQUAL, 0, 0, number); // to where it goes on
        }
    }
    filter.put(ANSWER, 0, 0, ALLOW);
    let mut from = start;
    for at in 0..4 {
        let mut others = u8::try_from(all(at).count()).unwrap_or(0);
        if others == 0 {
            continue;
        }
        for (arch, _) in all(at) {
            others -= 1;
            filter.lead(from);
            from += 1;
            if arch == ANY {
                continue;
            }
            filter.put(LOAD, 0, 0, ARCH);
            filter.put(IF_EQUAL, 1 + 3 * others, 0, arch);
            filter.put(ANSWER, 0, 0, ALLOW);
        }
        filter.put(LOAD, 0, 0, ARGUMENT);
        match at {
            0 => {
                let mut left = 7_u8; // as many comparisons are to come, then the refusal
                for family in FAMILIES {
                    if asks && left > 5 {
                        filter.answer(family, ASK);
                    } else {
                        filter.put(IF_EQUAL, left, 0, family);
                    }
                    left -= 1;
                }
                filter.put(ANSWER, 0, 0, EAFNOSUPPORT);
                filter.put(ANSWER, 0, 0, ALLOW);
            }
            1 if strict => filter.put(ANSWER, 0, 0, ENOSYS), // the arguments of this one are out of sight
            1 => {
                filter.answer(MAKE, ASK);
                filter.put(ANSWER, 0, 0, ALLOW);
            }
            _ => {
                filter.put(IF_ANY_BIT, 0, 1, NEWUSER);
                filter.put(ANSWER, 0, 0, EPERM);
                filter.put(ANSWER, 0, 0, ALLOW);
            }
        }
    }
    filter
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "what is wrong with a program ends the test"
)]
mod tests {
    use super::*;

    /// What the filter answers.
    fn run(filter: &Filter, arch: u32, number: u32, argument: u32) -> u32 {
        let (mut loaded, mut at) = (0, 0);
        loop {
            let Insn { code, yes, no, value } = filter.as_slice()[at];
            let holds = match code {
                LOAD => {
                    loaded = match value {
                        NUMBER => number,
                        ARCH => arch,
                        ARGUMENT => argument,
                        _ => panic!("{value}"),
                    };
                    true
                }
                AND => {
                    loaded &= value;
                    true
                }
                IF_EQUAL => loaded == value,
                IF_ANY_BIT => loaded & value != 0,
                ANSWER => return value,
                _ => panic!("{code:#x}"),
            };
            at += 1 + usize::from(if holds { yes } else { no });
        }
    }

    #[test]
    fn families_are_those_of_the_list() {
        for strict in [false, true] {
            let filter = filter(strict);
            assert!(filter.len < LONGEST);
            for Calls { arch, socket, .. } in ARCHES {
                for family in 0..60 {
                    let wanted = if FAMILIES.contains(&family) { ALLOW } else { EAFNOSUPPORT };
                    assert_eq!(run(&filter, arch, socket, family), wanted, "{family}");
                    assert_eq!(run(&filter, arch, socket | X32, family), wanted, "{family} of x32");
                }
            }
        }
    }

    #[test]
    fn user_namespaces_are_refused_at_strict_alone() {
        for Calls { arch, clone, unshare, socketcall, .. } in ARCHES {
            for (strict, refused) in [(false, ALLOW), (true, EPERM)] {
                let filter = filter(strict);
                for call in [clone, unshare] {
                    assert_eq!(run(&filter, arch, call, NEWUSER | 17), refused);
                    assert_eq!(run(&filter, arch, call, 0x4000_0011), ALLOW); // CLONE_NEWNET
                }
                let lower = if strict { ENOSYS } else { ALLOW };
                assert_eq!(run(&filter, arch, CLONE3, 0), lower);
                assert_eq!(run(&filter, arch, IO_URING_SETUP, 8), ENOSYS);
                if socketcall != NONE {
                    assert_eq!(run(&filter, arch, socketcall, 1), lower);
                }
            }
        }
    }

    #[test]
    fn the_backends_filter_asks_for_sockets_of_the_internet() {
        let filter = asking();
        assert!(filter.len < LONGEST);
        for Calls { arch, socket, socketcall, clone, .. } in ARCHES {
            for family in 0..60 {
                let wanted = match family {
                    2 | 10 => ASK,
                    _ if FAMILIES.contains(&family) => ALLOW,
                    _ => EAFNOSUPPORT,
                };
                assert_eq!(run(&filter, arch, socket, family), wanted, "{family}");
            }
            assert_eq!(run(&filter, arch, socket | X32, 2), ENOSYS);
            assert_eq!(run(&filter, arch, IO_URING_SETUP, 8), ENOSYS);
            assert_eq!(run(&filter, arch, clone, NEWUSER), ALLOW);
            if socketcall != NONE {
                assert_eq!(run(&filter, arch, socketcall, 1), ASK);
                assert_eq!(run(&filter, arch, socketcall, 2), ALLOW);
            }
        }
    }

    #[test]
    fn other_calls_and_those_numbers_of_another_processor_are_let_through() {
        for strict in [false, true] {
            let filter = filter(strict);
            let all = |calls: &Calls| [calls.socket, calls.socketcall, calls.clone, calls.unshare];
            for Calls { arch, .. } in ARCHES {
                for number in (0..500).filter(|number| ![IO_URING_SETUP, CLONE3].contains(number)) {
                    let is_own = ARCHES.iter().any(|calls| calls.arch == arch && all(calls).contains(&number));
                    assert!(is_own || run(&filter, arch, number, NEWUSER) == ALLOW, "{number}");
                }
            }
        }
    }
}
