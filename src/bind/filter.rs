//! The seccomp filters, as bytes: that of the levels guard and strict, and that of the backend that binds without a
//! cgroup.
//!
//! It refuses what no program of a cgroup sees: sockets of families whose packets the kernel sends by sockets of its own
//! (RDS, SMC, TIPC, RxRPC, …), and io_uring, which makes sockets of any family without `socket(2)`. Guard and strict refuse
//! what makes somebody outside act: a question to `/sbin/request-key`, which the kernel runs as root outside of the VRF, and
//! input for a terminal, which a shell outside may read. Strict also refuses user namespaces, in which root has the
//! privileges again that it has lost here, and leaves out `IP_RECVERR`: with it the kernel keeps what an ICMP error quotes, and
//! the error may have come by any interface. The backend's filter also asks a supervisor for each socket of IPv4 and IPv6
//! ([`super::seccomp`]).
//!
//! The compiler makes them, as tables.
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
pub(super) const LOAD: u16 = 0x20;
/// `BPF_ALU | BPF_AND | BPF_K`
const AND: u16 = 0x54;
/// `BPF_JMP | BPF_JEQ | BPF_K`
pub(super) const IF_EQUAL: u16 = 0x15;
/// `BPF_JMP | BPF_JGE | BPF_K`
const IF_NOT_LESS: u16 = 0x35;
/// `BPF_JMP | BPF_JSET | BPF_K`
const IF_ANY_BIT: u16 = 0x45;
/// `BPF_RET | BPF_K`
pub(super) const ANSWER: u16 = 0x06;

/// `struct seccomp_data: nr`, `arch`, and the low half of the first three arguments. What the kernel takes as an `int` is
/// the low half alone: a program may put anything into the other.
pub(super) const NUMBER: u32 = 0;
pub(super) const ARCH: u32 = 4;
const FIRST: u32 = 16;
const SECOND: u32 = 24;
const THIRD: u32 = 32;
/// To the upper half of an argument from its lower one.
const UPPER_HALF: u32 = 4;

/// `SECCOMP_RET_ALLOW`
pub(super) const ALLOW: u32 = 0x7fff_0000;
/// `SECCOMP_RET_USER_NOTIF`
pub const ASK: u32 = 0x7fc0_0000;
/// `SECCOMP_RET_ERRNO`. Without an error number, the call succeeds and nothing is done.
const ERRNO: u32 = 0x0005_0000;
pub(super) const EPERM: u32 = ERRNO | 1;
const ENOSYS: u32 = ERRNO | 38;
const EAFNOSUPPORT: u32 = ERRNO | 97;

/// What x32 programs add to the numbers of x86_64's system calls; nobody else has it.
pub(super) const X32: u32 = 0x4000_0000;
/// `CLONE_NEWUSER`
const NEWUSER: u32 = linux::CLONE_NEWUSER;

/// `AF_UNIX`: the only family that `socketpair(2)` is for, but for TIPC.
const UNIX: u32 = 1;
/// `SYS_SOCKET` and `SYS_SOCKETPAIR`, the first argument of `socketcall(2)`. Source: `uapi/linux/net.h`.
const MAKE: u32 = 1;
const MAKE_PAIR: u32 = 8;
/// Requests of `ioctl(2)` that put input into a terminal: TIOCSTI as if typed; TIOCLINUX, whose requests of one sort select and
/// paste what stands on a console. Source: `asm-generic/ioctls.h`.
const INPUT: [u32; 2] = [0x5412, 0x541c];
/// IP_RECVERR and IPV6_RECVERR, each with its level. Source: `uapi/linux/in.h`, `uapi/linux/in6.h`.
const QUOTES: [[u32; 2]; 2] = [[0, 11], [41, 25]];

/// AF_INET, AF_INET6, AF_UNIX, AF_KEY, AF_NETLINK, AF_PACKET (with CAP_NET_RAW), AF_ALG.
pub const FAMILIES: [u32; 7] = [2, 10, 1, 15, 16, 17, 38];

/// The numbers of one processor's system calls.
struct Calls {
    arch: u32,
    /// In the order of the places below.
    numbers: [u32; CALLS],
}

/// System calls whose arguments decide: their places in [`Calls::numbers`].
const CALLS: usize = 8;
const SOCKET: usize = 0;
const SOCKETCALL: usize = 1;
const SOCKETPAIR: usize = 2;
const IOCTL: usize = 3;
const REQUEST_KEY: usize = 4;
const CLONE: usize = 5;
const UNSHARE: usize = 6;
const SETSOCKOPT: usize = 7;

/// The numbers that x32 programs have for these in the place of x86_64's. Source: `arch/x86/entry/syscalls/syscall_64.tbl`.
const X32_IOCTL: u32 = 514;
const X32_SETSOCKOPT: u32 = 541;
/// The same for all processors. Source: `asm-generic/unistd.h`.
const IO_URING_SETUP: u32 = 425;
const CLONE3: u32 = 435;
/// A number that no system call has.
const NONE: u32 = u32::MAX;
/// No processor is asked for: on RISC-V programs of 32 bits (`CONFIG_COMPAT`) have the same numbers as those of 64.
const ANY: u32 = 0;

/// A processor that this program is built for. The program has the filters of its own; a test on any of them has all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// Its kernel also runs programs of i386 and x32.
    X86_64,
    /// Its kernel also runs programs of arm.
    Aarch64,
    /// The kernel may be that of aarch64, which also runs programs of aarch64.
    Arm,
    /// Its kernel may also run programs of riscv32.
    Riscv64,
}

/// What a filter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Level guard.
    Guard,
    /// Level strict.
    Strict,
    /// The backend, whose supervisor makes the sockets.
    Asking,
}

impl Processor {
    #[cfg(target_arch = "x86_64")]
    pub(super) const OWN: Self = Self::X86_64;
    #[cfg(target_arch = "aarch64")]
    pub(super) const OWN: Self = Self::Aarch64;
    #[cfg(target_arch = "arm")]
    pub(super) const OWN: Self = Self::Arm;
    #[cfg(target_arch = "riscv64")]
    pub(super) const OWN: Self = Self::Riscv64;

    /// The processors whose programs its kernel runs.
    const fn arches(self) -> &'static [Calls] {
        match self {
            Self::X86_64 => &[
                Calls { arch: 0xc000_003e, numbers: [41, NONE, 53, 16, 249, 56, 272, 54] },
                Calls { arch: 0x4000_0003, numbers: [359, 102, 360, 54, 287, 120, 310, 366] },
            ],
            Self::Aarch64 | Self::Arm => &[
                Calls { arch: 0xc000_00b7, numbers: [198, NONE, 199, 29, 218, 220, 97, 208] },
                Calls { arch: 0x4000_0028, numbers: [281, 102, 288, 54, 310, 120, 337, 294] },
            ],
            Self::Riscv64 => &[Calls { arch: ANY, numbers: [198, NONE, 199, 29, 218, 220, 97, 208] }],
        }
    }
}

/// The processors whose programs the kernel below this program runs.
const ARCHES: &[Calls] = Processor::OWN.arches();

/// The filter of level guard or strict.
pub fn filter(strict: bool) -> &'static [Insn] {
    if strict { &STRICT } else { &GUARD }
}

/// The filter that asks a supervisor for every socket of IPv4 and IPv6, and for those of which it does not see the family.
pub fn asking() -> &'static [Insn] {
    &ASKING
}

/// The filter of any processor, for a test: each instruction of it.
pub fn of(processor: Processor, kind: Kind, put: &mut dyn FnMut(Insn)) {
    let draft = Draft::of(processor, kind);
    for at in 0..draft.len {
        put(draft.insn(at));
    }
}

const fn own(kind: Kind) -> Draft {
    Draft::of(Processor::OWN, kind)
}
static GUARD: [Insn; own(Kind::Guard).len] = own(Kind::Guard).insns();
static STRICT: [Insn; own(Kind::Strict).len] = own(Kind::Strict).insns();
static ASKING: [Insn; own(Kind::Asking).len] = own(Kind::Asking).insns();

/// Whether that call is the one of 32-bit programs whose arguments stand in memory, `socketcall(2)`.
pub fn is_socketcall(arch: u32, number: u32) -> bool {
    ARCHES.iter().any(|calls| calls.arch == arch && calls.numbers.get(SOCKETCALL) == Some(&number))
}

/// Where a comparison leads.
type Label = u8;
/// To the next instruction.
const NEXT: Label = 0;
/// To an answer of these; they stand at the end.
const ANSWERS: [u32; 6] = [ALLOW, ENOSYS, EPERM, EAFNOSUPPORT, ASK, ERRNO];
const LET: Label = 1;
const NO_CALL: Label = 2;
const NO_RIGHT: Label = 3;
const NO_FAMILY: Label = 4;
const QUESTION: Label = 5;
const NOTHING_DONE: Label = 6;
/// To what a number of x32 leads to.
const OF_X32: Label = 7;
/// Within what the arguments decide.
const FURTHER: Label = 8;
/// To where the arguments decide: this and which of [`Calls::numbers`] it is.
const ARGUMENTS: Label = 16;
/// To where the processor decides: see [`by_processor`].
const PROCESSOR: Label = 24;
/// To the upper part of the numbers from that one on: this and its place in the list.
const UPPER: Label = 40;

/// To where it is decided whether a number is that call of that processor, by their places.
#[allow(clippy::as_conversions, reason = "places are below 8")]
const fn by_processor(arch: usize, call: usize) -> Label {
    PROCESSOR + (CALLS * arch + call) as Label
}

/// A number that matters, and where it leads.
#[derive(Clone, Copy)]
struct Number {
    number: u32,
    to: Label,
}
/// There are no more of them than that: those of two processors, and three.
const NUMBERS: usize = 2 * CALLS + 3;
/// Those below [`UPPER`], and one for each of them.
const LABELS: usize = 40 + NUMBERS;
/// What the numbers of system calls are below.
const END: u32 = 460;
/// Instructions of the longest filter.
const LONGEST: usize = 160;

/// A filter in the making: the jumps of its instructions are labels until it is whole.
///
/// First the number alone decides, as for nearly all calls it can: the kernel runs the filter once for each number there is, on
/// every processor it knows, to remember those that are let through. That is most of what it takes to set a filter, some
/// twenty instructions of the processor for each of these, so the numbers that matter are searched for by halves, in the
/// order that takes the fewest. Then comes, for each of them, the processor that it belongs to: to others it means something
/// harmless, or, where two processors have the same number for two calls that matter, the next one is looked for. They are
/// all that a kernel runs programs of.
#[derive(Clone, Copy)]
struct Draft {
    processor: Processor,
    kind: Kind,
    insns: [Insn; LONGEST],
    len: usize,
    labels: [usize; LABELS],
    list: [Number; NUMBERS],
    count: usize,
    /// By which number of the list those from one up to before another are best halved.
    halves: [[u8; NUMBERS + 1]; NUMBERS + 1],
}

#[allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "by the compiler alone: what is wrong is an error of the build"
)]
impl Draft {
    const fn of(processor: Processor, kind: Kind) -> Draft {
        let mut draft = Draft {
            processor,
            kind,
            insns: [Insn { code: 0, yes: 0, no: 0, value: 0 }; LONGEST],
            len: 0,
            labels: [0; LABELS],
            list: [Number { number: NONE, to: LET }; NUMBERS],
            count: 0,
            halves: [[0; NUMBERS + 1]; NUMBERS + 1],
        };
        draft.list();
        draft.plan();
        draft.put(LOAD, NEXT, NEXT, NUMBER);
        draft.search(0, draft.count);
        if draft.is(Processor::X86_64) && !draft.asks() {
            draft.of_x32();
        }
        let arches = processor.arches();
        let mut call = 0;
        while call < CALLS {
            let (mut arch, mut matters) = (0, false);
            while arch < arches.len() {
                if draft.matters(&arches[arch], call) {
                    matters = true;
                    draft.label(by_processor(arch, call));
                    if arches[arch].arch != ANY {
                        draft.put(LOAD, NEXT, NEXT, ARCH);
                        let other = draft.other_with_same(arch, call);
                        draft.put(IF_EQUAL, ARGUMENTS + call as u8, other, arches[arch].arch);
                    }
                }
                arch += 1;
            }
            if matters {
                draft.arguments(call);
            }
            call += 1;
        }
        let mut answer = 0;
        while answer < ANSWERS.len() {
            if draft.leads_to(LET + answer as u8) {
                draft.label(LET + answer as u8);
                draft.put(ANSWER, NEXT, NEXT, ANSWERS[answer]);
            }
            answer += 1;
        }
        draft
    }

    const fn is(&self, processor: Processor) -> bool {
        self.processor as u8 == processor as u8
    }

    const fn strict(&self) -> bool {
        matches!(self.kind, Kind::Strict)
    }

    const fn asks(&self) -> bool {
        matches!(self.kind, Kind::Asking)
    }

    /// Whether the filter has to do with one of [`Calls::numbers`].
    const fn matters(&self, calls: &Calls, call: usize) -> bool {
        let is_for_kind = match call {
            SOCKET | SOCKETCALL | SOCKETPAIR => true,
            IOCTL | REQUEST_KEY => !self.asks(),
            CLONE | UNSHARE | SETSOCKOPT => self.strict(),
            _ => false,
        };
        calls.numbers[call] != NONE && is_for_kind
    }

    /// Where a number leads that is not that call of that processor: to another call with the same number, which is placed
    /// behind it.
    const fn other_with_same(&self, arch: usize, call: usize) -> Label {
        let arches = self.processor.arches();
        let number = arches[arch].numbers[call];
        let mut at = call;
        while at < CALLS {
            let mut of = 0;
            while of < arches.len() {
                let is_behind = at > call || of > arch;
                if is_behind && arches[of].numbers[at] == number && self.matters(&arches[of], at) {
                    return by_processor(of, at);
                }
                of += 1;
            }
            at += 1;
        }
        LET
    }

    /// Puts down the numbers that matter, in order.
    const fn list(&mut self) {
        self.add(IO_URING_SETUP, NO_CALL);
        if self.strict() {
            self.add(CLONE3, NO_CALL); // its flags are out of sight; libraries take clone(2) then
        }
        if self.is(Processor::X86_64) {
            // Under ASKING x32 programs make no sockets, nor anything else.
            self.add(X32, if self.asks() { NO_CALL } else { OF_X32 });
        }
        let arches = self.processor.arches();
        let mut call = 0;
        while call < CALLS {
            let mut arch = 0;
            while arch < arches.len() {
                if self.matters(&arches[arch], call) {
                    self.add(arches[arch].numbers[call], by_processor(arch, call));
                }
                arch += 1;
            }
            call += 1;
        }
    }

    const fn add(&mut self, number: u32, to: Label) {
        let mut at = 0;
        while at < self.count {
            if self.list[at].number == number {
                return; // what it leads to leads on: see `other_with_same`
            }
            at += 1;
        }
        while at > 0 && self.list[at - 1].number > number {
            self.list[at] = self.list[at - 1];
            at -= 1;
        }
        self.list[at] = Number { number, to };
        self.count += 1;
    }

    const fn put(&mut self, code: u16, yes: Label, no: Label, value: u32) {
        self.insns[self.len] = Insn { code, yes, no, value };
        self.len += 1;
    }

    const fn label(&mut self, label: Label) {
        self.labels[label as usize] = self.len;
    }

    const fn leads_to(&self, label: Label) -> bool {
        let mut at = 0;
        while at < self.len {
            if self.insns[at].yes == label || self.insns[at].no == label {
                return true;
            }
            at += 1;
        }
        false
    }

    /// How many numbers there are from that one of the list up to before another.
    const fn width(&self, from: usize, to: usize) -> u32 {
        let low = if from == 0 { 0 } else { self.list[from].number };
        let high = if to == self.count { END } else { self.list[to].number };
        (if high < END { high } else { END }) - (if low < END { low } else { END })
    }

    /// Finds out, from few numbers to all, how many instructions are run for all numbers there, and by which number it is best
    /// to halve them: by none, which is written as the first, if that takes the fewest.
    const fn plan(&mut self) {
        let mut costs = [[0; NUMBERS + 1]; NUMBERS + 1];
        let mut len = 1;
        while len <= self.count {
            let mut from = 0;
            while from + len <= self.count {
                let to = from + len;
                let width = self.width(from, to);
                let (mut best, mut half) = (width * (1 + len as u32), from);
                let mut at = from + 1;
                while at < to {
                    let halved = width + costs[from][at] + costs[at][to];
                    if halved < best {
                        (best, half) = (halved, at);
                    }
                    at += 1;
                }
                costs[from][to] = best;
                self.halves[from][to] = half as u8;
                from += 1;
            }
            len += 1;
        }
    }

    /// Looks for the number among those of the list.
    const fn search(&mut self, from: usize, to: usize) {
        let half = self.halves[from][to] as usize;
        if half > from {
            self.put(IF_NOT_LESS, UPPER + half as u8, NEXT, self.list[half].number);
            self.search(from, half);
            self.label(UPPER + half as u8);
            self.search(half, to);
            return;
        }
        let mut at = from;
        while at < to {
            let Number { number, to: label } = self.list[at];
            at += 1;
            let code = if number == X32 { IF_NOT_LESS } else { IF_EQUAL };
            self.put(code, label, if at == to { LET } else { NEXT }, number);
        }
    }

    /// What is refused of x86_64, the first of [`ARCHES`], is refused of x32, whose numbers are the same beside their mark, but
    /// for some.
    const fn of_x32(&mut self) {
        self.label(OF_X32);
        self.put(AND, NEXT, NEXT, !X32);
        let arches = self.processor.arches();
        let mut call = 0;
        while call < CALLS {
            if self.matters(&arches[0], call) {
                let number = match call {
                    IOCTL => X32_IOCTL,
                    SETSOCKOPT => X32_SETSOCKOPT,
                    _ => arches[0].numbers[call],
                };
                self.put(IF_EQUAL, by_processor(0, call), NEXT, number);
            }
            call += 1;
        }
        if self.strict() {
            self.put(IF_EQUAL, NO_CALL, NEXT, CLONE3);
        }
        self.put(IF_EQUAL, NO_CALL, LET, IO_URING_SETUP);
    }

    /// What the arguments of a call decide.
    const fn arguments(&mut self, call: usize) {
        self.label(ARGUMENTS + call as u8);
        match call {
            SOCKET => {
                self.put(LOAD, NEXT, NEXT, FIRST);
                let mut at = 0;
                while at < FAMILIES.len() {
                    let to = if self.asks() && at < 2 { QUESTION } else { LET };
                    let other = if at + 1 == FAMILIES.len() { NO_FAMILY } else { NEXT };
                    self.put(IF_EQUAL, to, other, FAMILIES[at]);
                    at += 1;
                }
            }
            // The families of sockets that are made by this one are out of sight, and so is all else.
            SOCKETCALL if self.strict() => self.put(ANSWER, NEXT, NEXT, ENOSYS),
            SOCKETCALL => {
                self.put(LOAD, NEXT, NEXT, FIRST);
                self.put(IF_EQUAL, if self.asks() { QUESTION } else { NO_CALL }, NEXT, MAKE);
                self.put(IF_EQUAL, NO_CALL, LET, MAKE_PAIR);
            }
            SOCKETPAIR => {
                self.put(LOAD, NEXT, NEXT, FIRST);
                self.put(IF_EQUAL, LET, NO_FAMILY, UNIX);
            }
            IOCTL => {
                self.put(LOAD, NEXT, NEXT, SECOND);
                self.put(IF_EQUAL, NO_RIGHT, NEXT, INPUT[0]);
                self.put(IF_EQUAL, NO_RIGHT, LET, INPUT[1]);
            }
            // Without text for the program outside, the third argument, keys are looked for and nobody is asked.
            REQUEST_KEY => {
                self.put(LOAD, NEXT, NEXT, THIRD);
                self.put(IF_EQUAL, NEXT, NO_RIGHT, 0);
                self.put(LOAD, NEXT, NEXT, THIRD + UPPER_HALF);
                self.put(IF_EQUAL, LET, NO_RIGHT, 0);
            }
            // glibc's resolver does without names where this fails, so it is said to have been done.
            SETSOCKOPT => {
                let [[level, option], [level6, option6]] = QUOTES;
                self.put(LOAD, NEXT, NEXT, SECOND);
                self.put(IF_EQUAL, FURTHER, NEXT, level);
                self.put(IF_EQUAL, NEXT, LET, level6);
                self.put(LOAD, NEXT, NEXT, THIRD);
                self.put(IF_EQUAL, NOTHING_DONE, LET, option6);
                self.label(FURTHER);
                self.put(LOAD, NEXT, NEXT, THIRD);
                self.put(IF_EQUAL, NOTHING_DONE, LET, option);
            }
            CLONE | UNSHARE => {
                self.put(LOAD, NEXT, NEXT, FIRST);
                self.put(IF_ANY_BIT, NO_RIGHT, LET, NEWUSER);
            }
            _ => {}
        }
    }

    /// The whole filter.
    const fn insns<const LEN: usize>(&self) -> [Insn; LEN] {
        let mut insns = [Insn { code: 0, yes: 0, no: 0, value: 0 }; LEN];
        let mut at = 0;
        while at < LEN {
            insns[at] = self.insn(at);
            at += 1;
        }
        insns
    }

    /// An instruction of it.
    const fn insn(&self, at: usize) -> Insn {
        let Insn { code, yes, no, value } = self.insns[at];
        Insn { code, yes: self.distance(at, yes), no: self.distance(at, no), value }
    }

    const fn distance(&self, from: usize, label: Label) -> u8 {
        if label == NEXT {
            return 0;
        }
        assert!(self.labels[label as usize] > from && self.labels[label as usize] <= from + 256, "a label too far");
        (self.labels[label as usize] - from - 1) as u8
    }
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

    /// What the filter answers to a call with these first three arguments.
    fn run(filter: &[Insn], arch: u32, number: u32, arguments: [u64; 3]) -> u32 {
        run_counted(filter, arch, number, arguments).0
    }

    /// And after how many instructions.
    fn run_counted(filter: &[Insn], arch: u32, number: u32, arguments: [u64; 3]) -> (u32, u32) {
        let (mut loaded, mut at, mut steps) = (0, 0, 0);
        loop {
            steps += 1;
            let Insn { code, yes, no, value } = filter[at];
            let holds = match code {
                LOAD => {
                    let low = |argument: usize| u32::try_from(arguments[argument] & 0xffff_ffff).expect("half");
                    loaded = match value {
                        NUMBER => number,
                        ARCH => arch,
                        FIRST => low(0),
                        SECOND => low(1),
                        THIRD => low(2),
                        36 => u32::try_from(arguments[2] >> 32).expect("half"),
                        _ => panic!("{value}"),
                    };
                    true
                }
                AND => {
                    loaded &= value;
                    true
                }
                IF_EQUAL => loaded == value,
                IF_NOT_LESS => loaded >= value,
                IF_ANY_BIT => loaded & value != 0,
                ANSWER => return (value, steps),
                _ => panic!("{code:#x}"),
            };
            at += 1 + usize::from(if holds { yes } else { no });
        }
    }

    const KINDS: [Kind; 3] = [Kind::Guard, Kind::Strict, Kind::Asking];

    fn of_kind(kind: Kind) -> &'static [Insn] {
        match kind {
            Kind::Guard => filter(false),
            Kind::Strict => filter(true),
            Kind::Asking => asking(),
        }
    }

    #[test]
    fn families_are_those_of_the_list() {
        for kind in KINDS {
            for &Calls { arch, numbers } in ARCHES {
                for family in 0..60 {
                    let args = [u64::from(family) | 0xdead << 32, 1, 0];
                    let wanted = match family {
                        2 | 10 if kind == Kind::Asking => ASK,
                        _ if FAMILIES.contains(&family) => ALLOW,
                        _ => EAFNOSUPPORT,
                    };
                    let pair = if family == UNIX { ALLOW } else { EAFNOSUPPORT };
                    for (call, wanted) in [(SOCKET, wanted), (SOCKETPAIR, pair)] {
                        assert_eq!(run(of_kind(kind), arch, numbers[call], args), wanted, "{kind:?} {call} {family}");
                        if cfg!(target_arch = "x86_64") && arch == ARCHES[0].arch {
                            let wanted = if kind == Kind::Asking { ENOSYS } else { wanted };
                            assert_eq!(run(of_kind(kind), arch, numbers[call] | X32, args), wanted, "{family} of x32");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn user_namespaces_are_refused_at_strict_alone() {
        for &Calls { arch, numbers } in ARCHES {
            for (kind, refused, lower) in
                [(Kind::Guard, ALLOW, ALLOW), (Kind::Strict, EPERM, ENOSYS), (Kind::Asking, ALLOW, ALLOW)]
            {
                for call in [numbers[CLONE], numbers[UNSHARE]] {
                    assert_eq!(run(of_kind(kind), arch, call, [u64::from(NEWUSER) | 17, 0, 0]), refused);
                    assert_eq!(run(of_kind(kind), arch, call, [0x4000_0011, 0, 0]), ALLOW); // CLONE_NEWNET
                }
                assert_eq!(run(of_kind(kind), arch, CLONE3, [0; 3]), lower);
                assert_eq!(run(of_kind(kind), arch, IO_URING_SETUP, [8, 0, 0]), ENOSYS);
            }
        }
    }

    #[test]
    fn socketcall_makes_no_sockets_but_by_the_supervisor() {
        for Calls { arch, numbers } in ARCHES.iter().filter(|calls| calls.numbers[SOCKETCALL] != NONE) {
            for (kind, make, pair, connect) in [
                (Kind::Guard, ENOSYS, ENOSYS, ALLOW),
                (Kind::Strict, ENOSYS, ENOSYS, ENOSYS),
                (Kind::Asking, ASK, ENOSYS, ALLOW),
            ] {
                for (what, wanted) in [(1, make), (8, pair), (3, connect)] {
                    assert_eq!(run(of_kind(kind), *arch, numbers[SOCKETCALL], [what, 0, 0]), wanted, "{kind:?} {what}");
                }
            }
        }
    }

    #[test]
    fn nobody_outside_is_made_to_act() {
        for kind in KINDS {
            let refused = if kind == Kind::Asking { ALLOW } else { EPERM };
            for &Calls { arch, numbers } in ARCHES {
                for high in [0, 1 << 32, 0xffff_ffff << 32] {
                    for (request, wanted) in [(0x5412, refused), (0x541c, refused), (0x5413, ALLOW), (0x5401, ALLOW)] {
                        assert_eq!(run(of_kind(kind), arch, numbers[IOCTL], [0, request | high, 0]), wanted);
                    }
                }
                for (text, wanted) in [(0, ALLOW), (0x7fff_0000, refused), (1 << 32, refused)] {
                    assert_eq!(run(of_kind(kind), arch, numbers[REQUEST_KEY], [1, 1, text]), wanted, "{text:#x}");
                }
            }
        }
    }

    #[test]
    fn what_icmp_errors_quote_is_not_kept_at_strict() {
        for (kind, wanted) in [(Kind::Guard, ALLOW), (Kind::Strict, ERRNO), (Kind::Asking, ALLOW)] {
            for &Calls { arch, numbers } in ARCHES {
                let set = |level, option| run(of_kind(kind), arch, numbers[SETSOCKOPT], [3, level, option]);
                for (level, option) in [(0, 11), (41, 25), (1 << 32, 11 | 5 << 32)] {
                    assert_eq!(set(level, option), wanted, "{kind:?} {level} {option}");
                }
                for (level, option) in [(0, 25), (41, 11), (1, 25), (1, 11), (6, 1)] {
                    assert_eq!(set(level, option), ALLOW, "{kind:?} {level} {option}");
                }
            }
        }
    }

    #[test]
    fn other_calls_and_those_numbers_of_another_processor_are_let_through() {
        for kind in KINDS {
            for Calls { arch, numbers } in ARCHES {
                for number in (0..500).filter(|number| ![IO_URING_SETUP, CLONE3].contains(number)) {
                    for arguments in [[u64::from(NEWUSER), 0x5412, 11], [1, 0, 11], [8, 41, 25]] {
                        let answer = run(of_kind(kind), *arch, number, arguments);
                        assert!(numbers.contains(&number) || answer == ALLOW, "{number}");
                    }
                }
            }
        }
    }

    /// By what it takes the kernel to set it: see [`Draft`].
    #[test]
    fn a_number_that_does_not_matter_is_let_through_after_few_instructions() {
        for (kind, tenths) in [(Kind::Guard, 62), (Kind::Strict, 72), (Kind::Asking, 58)] {
            let steps =
                (0..END).map(|number| run_counted(of_kind(kind), ARCHES[0].arch, number, [1; 3]).1).sum::<u32>();
            assert!(10 * steps < tenths * END, "{kind:?}: {steps} for {END} numbers");
        }
    }
}
