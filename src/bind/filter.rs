//! The seccomp filters, as bytes: that of the levels guard and strict, and that of the backend that binds without a
//! cgroup.
//!
//! It refuses what no program of a cgroup sees: sockets of families whose packets the kernel sends by sockets of its own
//! (RDS, SMC, TIPC, RxRPC, …), and io_uring, which makes sockets of any family without `socket(2)`. Strict also refuses
//! user namespaces, in which root has the privileges again that it has lost here. The backend's also asks a supervisor for
//! each socket of IPv4 and IPv6 ([`super::seccomp`]).
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

/// `struct seccomp_data: nr`, `arch`, and the low half of the first argument.
pub(super) const NUMBER: u32 = 0;
pub(super) const ARCH: u32 = 4;
const ARGUMENT: u32 = 16;

/// `SECCOMP_RET_ALLOW`
pub(super) const ALLOW: u32 = 0x7fff_0000;
/// `SECCOMP_RET_USER_NOTIF`
pub const ASK: u32 = 0x7fc0_0000;
/// `SECCOMP_RET_ERRNO`
const ERRNO: u32 = 0x0005_0000;
pub(super) const EPERM: u32 = ERRNO | 1;
const ENOSYS: u32 = ERRNO | 38;
const EAFNOSUPPORT: u32 = ERRNO | 97;

/// What x32 programs add to the numbers of x86_64's system calls; nobody else has it.
pub(super) const X32: u32 = 0x4000_0000;
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

impl Calls {
    const fn numbers(&self) -> [u32; 4] {
        [self.socket, self.socketcall, self.clone, self.unshare]
    }
}
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
                Calls { arch: 0xc000_003e, socket: 41, socketcall: NONE, clone: 56, unshare: 272 },
                Calls { arch: 0x4000_0003, socket: 359, socketcall: 102, clone: 120, unshare: 310 },
            ],
            Self::Aarch64 | Self::Arm => &[
                Calls { arch: 0xc000_00b7, socket: 198, socketcall: NONE, clone: 220, unshare: 97 },
                Calls { arch: 0x4000_0028, socket: 281, socketcall: 102, clone: 120, unshare: 337 },
            ],
            Self::Riscv64 => &[Calls { arch: ANY, socket: 198, socketcall: NONE, clone: 220, unshare: 97 }],
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
    ARCHES.iter().any(|calls| calls.arch == arch && calls.socketcall == number)
}

/// Where a comparison leads.
type Label = u8;
/// To the next instruction.
const NEXT: Label = 0;
/// To an answer of these; they stand at the end.
const ANSWERS: [u32; 5] = [ALLOW, ENOSYS, EPERM, EAFNOSUPPORT, ASK];
const LET: Label = 1;
const NO_CALL: Label = 2;
const NO_RIGHT: Label = 3;
const NO_FAMILY: Label = 4;
const QUESTION: Label = 5;
/// To what a number of x32 leads to.
const OF_X32: Label = 6;
/// To where the arguments decide: this and which of [`Calls::numbers`] it is.
const ARGUMENTS: Label = 8;
/// To where the processor decides: this, four times which of [`ARCHES`], and which of [`Calls::numbers`].
const PROCESSOR: Label = 16;
/// To the upper part of the numbers from that one on: this and its place in the list.
const UPPER: Label = 32;

/// A number that matters, and where it leads.
#[derive(Clone, Copy)]
struct Number {
    number: u32,
    to: Label,
}
/// There are no more of them than that: four of each of two processors, and three.
const NUMBERS: usize = 12;
/// Those below [`UPPER`], and one for each of them.
const LABELS: usize = 32 + NUMBERS;
/// What the numbers of system calls are below.
const END: u32 = 460;
/// Instructions of the longest filter.
const LONGEST: usize = 96;

/// A filter in the making: the jumps of its instructions are labels until it is whole.
///
/// First the number alone decides, as for nearly all calls it can: the kernel runs the filter once for each number there is, on
/// every processor it knows, to remember those that are let through. That is most of what it takes to set a filter, some
/// twenty instructions of the processor for each of these, so the numbers that matter are searched for by halves, in the
/// order that takes the fewest. Then comes, for each of them, the processor that it belongs to: to others it means something
/// harmless. They are all that a kernel runs programs of.
#[derive(Clone, Copy)]
struct Draft {
    processor: Processor,
    kind: Kind,
    insns: [Insn; LONGEST],
    len: usize,
    labels: [usize; LABELS],
    list: [Number; NUMBERS],
    count: usize,
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
        };
        draft.list();
        draft.put(LOAD, NEXT, NEXT, NUMBER);
        draft.halves(0, draft.count);
        if draft.is(Processor::X86_64) && !draft.asks() {
            draft.of_x32();
        }
        let arches = processor.arches();
        let mut call = 0;
        while call < 4 {
            let (mut arch, mut matters) = (0, false);
            while arch < arches.len() {
                if draft.matters(&arches[arch], call) {
                    matters = true;
                    draft.label(PROCESSOR + 4 * arch as u8 + call as u8);
                    if arches[arch].arch != ANY {
                        draft.put(LOAD, NEXT, NEXT, ARCH);
                        draft.put(IF_EQUAL, ARGUMENTS + call as u8, LET, arches[arch].arch);
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
        calls.numbers()[call] != NONE && (self.strict() || call == 0 || (self.asks() && call == 1))
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
        while call < 4 {
            let mut arch = 0;
            while arch < arches.len() {
                if self.matters(&arches[arch], call) {
                    self.add(arches[arch].numbers()[call], PROCESSOR + 4 * arch as u8 + call as u8);
                }
                arch += 1;
            }
            call += 1;
        }
    }

    const fn add(&mut self, number: u32, to: Label) {
        let mut at = self.count;
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

    /// How many instructions are run for all numbers there, and by which number it is best to halve them: by none if that
    /// is the first.
    const fn best(&self, from: usize, to: usize) -> (u32, usize) {
        let mut best = (self.width(from, to) * (1 + to as u32 - from as u32), from);
        let mut at = from + 1;
        while at < to {
            let halves = self.width(from, to) + self.best(from, at).0 + self.best(at, to).0;
            if halves < best.0 {
                best = (halves, at);
            }
            at += 1;
        }
        best
    }

    /// Looks for the number among those of the list.
    const fn halves(&mut self, from: usize, to: usize) {
        let (_, half) = self.best(from, to);
        if half > from {
            self.put(IF_NOT_LESS, UPPER + half as u8, NEXT, self.list[half].number);
            self.halves(from, half);
            self.label(UPPER + half as u8);
            self.halves(half, to);
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

    /// What is refused of x86_64, the first of [`ARCHES`], is refused of x32, whose numbers are the same beside their mark.
    const fn of_x32(&mut self) {
        self.label(OF_X32);
        self.put(AND, NEXT, NEXT, !X32);
        let last = self.count - 1; // the mark; what is before it is of all processors
        let mut at = 0;
        while at < last {
            let Number { number, to } = self.list[at];
            at += 1;
            if to < PROCESSOR + 4 {
                self.put(IF_EQUAL, to, if at == last { LET } else { NEXT }, number);
            }
        }
    }

    /// What the arguments of a call decide.
    const fn arguments(&mut self, call: usize) {
        /// `SYS_SOCKET`, the first argument of `socketcall(2)`.
        const MAKE: u32 = 1;
        self.label(ARGUMENTS + call as u8);
        match call {
            0 => {
                self.put(LOAD, NEXT, NEXT, ARGUMENT);
                let mut at = 0;
                while at < FAMILIES.len() {
                    let to = if self.asks() && at < 2 { QUESTION } else { LET };
                    let other = if at + 1 == FAMILIES.len() { NO_FAMILY } else { NEXT };
                    self.put(IF_EQUAL, to, other, FAMILIES[at]);
                    at += 1;
                }
            }
            // The arguments of this one are out of sight.
            1 if self.strict() => self.put(ANSWER, NEXT, NEXT, ENOSYS),
            1 if self.asks() => {
                self.put(LOAD, NEXT, NEXT, ARGUMENT);
                self.put(IF_EQUAL, QUESTION, LET, MAKE);
            }
            _ if self.strict() => {
                self.put(LOAD, NEXT, NEXT, ARGUMENT);
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

    /// What the filter answers.
    fn run(filter: &[Insn], arch: u32, number: u32, argument: u32) -> u32 {
        run_counted(filter, arch, number, argument).0
    }

    /// And after how many instructions.
    fn run_counted(filter: &[Insn], arch: u32, number: u32, argument: u32) -> (u32, u32) {
        let (mut loaded, mut at, mut steps) = (0, 0, 0);
        loop {
            steps += 1;
            let Insn { code, yes, no, value } = filter[at];
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
                IF_NOT_LESS => loaded >= value,
                IF_ANY_BIT => loaded & value != 0,
                ANSWER => return (value, steps),
                _ => panic!("{code:#x}"),
            };
            at += 1 + usize::from(if holds { yes } else { no });
        }
    }

    #[test]
    fn families_are_those_of_the_list() {
        for strict in [false, true] {
            let filter = filter(strict);
            for &Calls { arch, socket, .. } in ARCHES {
                for family in 0..60 {
                    let wanted = if FAMILIES.contains(&family) { ALLOW } else { EAFNOSUPPORT };
                    assert_eq!(run(filter, arch, socket, family), wanted, "{family}");
                    if cfg!(target_arch = "x86_64") && arch == ARCHES[0].arch {
                        assert_eq!(run(filter, arch, socket | X32, family), wanted, "{family} of x32");
                    }
                }
            }
        }
    }

    #[test]
    fn user_namespaces_are_refused_at_strict_alone() {
        for &Calls { arch, clone, unshare, socketcall, .. } in ARCHES {
            for (strict, refused) in [(false, ALLOW), (true, EPERM)] {
                let filter = filter(strict);
                for call in [clone, unshare] {
                    assert_eq!(run(filter, arch, call, NEWUSER | 17), refused);
                    assert_eq!(run(filter, arch, call, 0x4000_0011), ALLOW); // CLONE_NEWNET
                }
                let lower = if strict { ENOSYS } else { ALLOW };
                assert_eq!(run(filter, arch, CLONE3, 0), lower);
                assert_eq!(run(filter, arch, IO_URING_SETUP, 8), ENOSYS);
                if socketcall != NONE {
                    assert_eq!(run(filter, arch, socketcall, 1), lower);
                }
            }
        }
    }

    #[test]
    fn the_backends_filter_asks_for_sockets_of_the_internet() {
        let filter = asking();
        for &Calls { arch, socket, socketcall, clone, .. } in ARCHES {
            for family in 0..60 {
                let wanted = match family {
                    2 | 10 => ASK,
                    _ if FAMILIES.contains(&family) => ALLOW,
                    _ => EAFNOSUPPORT,
                };
                assert_eq!(run(filter, arch, socket, family), wanted, "{family}");
            }
            if cfg!(target_arch = "x86_64") {
                assert_eq!(run(filter, arch, socket | X32, 2), ENOSYS);
            }
            assert_eq!(run(filter, arch, IO_URING_SETUP, 8), ENOSYS);
            assert_eq!(run(filter, arch, clone, NEWUSER), ALLOW);
            if socketcall != NONE {
                assert_eq!(run(filter, arch, socketcall, 1), ASK);
                assert_eq!(run(filter, arch, socketcall, 2), ALLOW);
            }
        }
    }

    #[test]
    fn other_calls_and_those_numbers_of_another_processor_are_let_through() {
        for strict in [false, true] {
            let filter = filter(strict);
            let all = Calls::numbers;
            for &Calls { arch, .. } in ARCHES {
                for number in (0..500).filter(|number| ![IO_URING_SETUP, CLONE3].contains(number)) {
                    let is_own = ARCHES.iter().any(|calls| calls.arch == arch && all(calls).contains(&number));
                    assert!(is_own || run(filter, arch, number, NEWUSER) == ALLOW, "{number}");
                }
            }
        }
    }

    /// By what it takes the kernel to set it: see [`Draft`].
    #[test]
    fn a_number_that_does_not_matter_is_let_through_after_few_instructions() {
        for (filter, most) in [(filter(false), 9 * END / 2), (filter(true), 6 * END), (asking(), 11 * END / 2)] {
            let steps = (0..END).map(|number| run_counted(filter, ARCHES[0].arch, number, 1).1).sum::<u32>();
            assert!(steps < most, "{steps} instead of {most}");
        }
    }
}
