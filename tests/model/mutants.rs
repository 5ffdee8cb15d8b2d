//! Whether a comparison would notice: each program is changed in one place, in each place, and compared again.
//!
//! A change is noticed if the kernel's verifier refuses the program, or if a verdict, an errno, a field or a byte of the packet
//! is another. What is not noticed stands in tests/model/survivors.txt, with the reason why it means the same; `BLESS=1`
//! writes it, and [`reason`] is asked for the reason.

use std::fmt::Write as _;
use std::{env, fs};

use vrf_launch::bind::filter::{self, Processor};
use vrf_launch::bind::program::{Deed, Insn, bind, guard};
use vrf_launch_tests::elf::repository;

use crate::context::Hook;
use crate::listing;
use crate::packets::{by_each, card, diverted, diverting, passing, several, to_several};
use crate::rules::Level;
use crate::sockets::{Case, addresses, addressing, compare, looking, options, some_sockets};
use crate::{calls, classic};

/// A program that is changed: its name, where it is attached, itself, and what it is compared with.
struct Subject {
    name: &'static str,
    hook: Hook,
    program: Vec<Insn>,
    cases: Vec<Case>,
}

fn subjects() -> Vec<Subject> {
    let subject = |name, hook, program, cases| Subject { name, hook, program, cases };
    let (members, many) = ([3, 5, 7], [2, 3, 5, 7, 11, 13, 17, 19]);
    let (own, networks) = card();
    let shared = several();
    let of_addresses = |name, deed| {
        let (hook, program) = addressing(deed, &[3, 7]);
        subject(name, hook, program, addresses(deed, &[3, 7]))
    };
    vec![
        subject("bind", Hook::SockCreate, bind(7).to_vec(), some_sockets(Level::Bind, 7, true)),
        subject("guard", Hook::SockCreate, guard(7, true).to_vec(), some_sockets(Level::Guard, 7, true)),
        subject("guard before 5.18", Hook::SockCreate, guard(7, false).to_vec(), some_sockets(Level::Guard, 7, false)),
        subject("pass, no interface", Hook::Egress, passing(&[], &[]), by_each(&[])),
        subject("pass, three interfaces", Hook::Egress, passing(&members, &[]), by_each(&members)),
        subject("pass, eight interfaces", Hook::Egress, passing(&many, &[]), by_each(&many)),
        subject(
            "pass, shared networks",
            Hook::Egress,
            passing(&[3, 9], &shared[..7]),
            to_several(&[3, 9], &shared[..7]),
        ),
        subject("divert", Hook::Classifier, diverting(5, 7, &own, &networks), diverted(7, (&own, &networks))),
        subject("options at guard", Hook::SetSockOpt, looking(20, &[3, 20], false), options(false, 20, &[3, 20])),
        of_addresses("sending at strict", Deed::Send),
        of_addresses("connecting at strict", Deed::Connect4),
        of_addresses("connecting at strict, IPv6", Deed::Connect6),
        subject("options at strict", Hook::SetSockOpt, looking(7, &[3, 7, 20], true), options(true, 7, &[3, 7, 20])),
    ]
}

/// `BPF_JMP | BPF_JA`: that it goes nowhere is that an instruction is missing.
const JUMP: u8 = 0x05;
const COMPARISONS: [u8; 5] = [0x15, 0x25, 0x55, 0x56, 0x2d];
/// Loads from and stores to memory.
const MEMORY: [u8; 6] = [0x61, 0x71, 0x63, 0x62, 0x6a, 0x79];

/// What an instruction may be changed into.
fn changes(insn: Insn) -> Vec<(String, Insn)> {
    let mut list = vec![("removed".to_string(), Insn { code: JUMP, regs: 0, off: 0, imm: 0 })];
    let has_number = ![0x61, 0x71, 0x63, 0xbf, 0x79, 0x2d, JUMP, 0x95].contains(&insn.code);
    for imm in [insn.imm.wrapping_add(1), insn.imm.wrapping_sub(1), 0, insn.imm ^ 1 << 7] {
        if has_number && imm != insn.imm {
            list.push((format!("{} for {}", imm, insn.imm), Insn { imm, ..insn }));
        }
    }
    if COMPARISONS.contains(&insn.code) || insn.code == JUMP {
        for by in [1, -1, 2, -2] {
            list.push((format!("jumps {by:+}"), Insn { off: insn.off + by, ..insn }));
        }
    }
    if COMPARISONS.contains(&insn.code) {
        let codes: &[u8] = match insn.code {
            0x15 => &[0x55, 0x25], // equal: other, above
            0x25 => &[0x35, 0x15], // above: not below, equal
            0x55 => &[0x15],
            0x2d => &[0x3d],
            _ => &[0x55], // of the low half: of all
        };
        for code in codes {
            list.push((format!("code {code:#x}"), Insn { code: *code, ..insn }));
        }
        list.push(("always".to_string(), Insn { code: JUMP, regs: 0, imm: 0, ..insn }));
    }
    if MEMORY.contains(&insn.code) {
        for by in [4, -4, 1] {
            list.push((format!("place {by:+}"), Insn { off: insn.off + by, ..insn }));
        }
    }
    if [0x61, 0x63, 0xbf].contains(&insn.code) && insn.regs != insn.regs.rotate_right(4) {
        list.push(("registers exchanged".to_string(), Insn { regs: insn.regs.rotate_right(4), ..insn }));
    }
    if [0xb7, 0x61, 0xbf, 0x15, 0x25, 0x55].contains(&insn.code) {
        list.push(("the next register".to_string(), Insn { regs: insn.regs + 1, ..insn }));
    }
    list
}

/// Why a program that was changed means the same.
fn reason(program: &[Insn], at: usize, change: &str) -> Option<&'static str> {
    let insn = program[at];
    let before = at.checked_sub(1).map(|before| program[before]);
    let is_set_to = |insn: Option<Insn>, register, imm| {
        insn.is_some_and(|insn| (insn.code, insn.regs, insn.imm) == (0xb7, register, imm))
    };
    let calls = |program: &[Insn]| program.iter().any(|insn| insn.code == 0x85);
    // The place in memory that register 4 was loaded from when this instruction is run.
    let loaded = |at: usize| {
        program[..at].iter().rev().find(|insn| (insn.code, insn.regs & 15) == (0x61, 4)).map(|insn| insn.off)
    };
    let next = program.get(at + 1).copied();
    Some(match (insn.code, change) {
        (0x07, _) if insn.regs == 8 && insn.imm < 16 => "the value of an option has 16 bytes at least",
        (0x2d, _) if before.is_some_and(|insn| insn.imm < 16) => {
            "it never jumps: the value of an option has 16 bytes at least"
        }
        (0x25, "jumps -1") if (insn.regs, insn.imm) == (2, 11) => "the instruction there stores the length that it was",
        (0xb7, _) if insn.regs == 2 && next.is_some_and(|insn| (insn.code, insn.regs) == (0x55, 2)) => {
            "register 2 is 0: an index of 0 has led here"
        }
        (0x55, _) if is_set_to(before, 2, 0) => "it never jumps: register 2 is 0",
        (JUMP, "removed") if next.is_some_and(|insn| (insn.code, insn.regs) == (0xbf, 8 | 7 << 4)) => {
            "what follows finds the index of the first member"
        }
        (0x62, _)
            if next.is_some_and(|next| {
                next.code == JUMP && is_set_to(program.get(at + 2 + next.off as usize).copied(), 0, 0)
            }) =>
        {
            "it is refused: nobody reads it"
        }
        (0x56, "code 0x55") => "the upper half of a word that was loaded is 0",
        (0x15, "always") if (insn.regs, insn.imm) == (0, 0) => {
            "register 0 is 0; the verifier wants a way to what follows"
        }
        (0xbf, _) if insn.regs == 1 | 6 << 4 && !calls(&program[..at]) => "register 1 still is the context",
        (0xbf, _) if insn.regs == 1 | 6 << 4 && program[at + 1].regs == 2 && !way_has_call(program, at) => {
            "register 1 still is the context"
        }
        (0x95, "removed") if is_set_to(before, 0, -1) => "register 0 is -1, with which no network leads on",
        (0x61, _) if insn.regs == 4 | 10 << 4 && loaded(at) == Some(insn.off) && program[at + 1].code == 0x56 => {
            "register 4 has a word of which it is known that it is another"
        }
        // The cases have every address that is made of the words compared with, in every order.
        (0x56, "jumps +1" | "jumps +2" | "jumps -2") => "no address has the words that would lead elsewhere",
        (0x61, _) if insn.regs == 4 | 10 << 4 && program[at + 1].code == 0x54 => {
            "no address has the words that would lead elsewhere"
        }
        (0x95, "removed") if at > 2 && is_set_to(before, 0, 0) && program[at - 3].code == 0x85 => {
            "zeros are read then, and no network has the address of zeros"
        }
        (0xb7, _) if insn.regs == 1 && is_set_to(program.get(at + 1).copied(), 0, 0) => {
            "no helper is called: nothing reads it"
        }
        (0xb7, _) if is_set_to(program.get(at + 1).copied(), 0, 0) => "the next instruction sets the same register",
        (0xb7, "removed" | "the next register") if is_set_to(before, 0, 0) => "the instruction before has set it",
        (0x61, _) if is_set_to(program.get(at + 1).copied(), 0, 0) => {
            "there is nothing to compare it with: all is refused"
        }
        (0x25, _) if insn.imm > 0 && at == 1 => "no interface of the set has the index between",
        _ => return None,
    })
}

/// Whether a helper has been called on the way to an instruction: in the part of the program that is for its family.
fn way_has_call(program: &[Insn], at: usize) -> bool {
    let start = program[..at].iter().rposition(|insn| insn.code == 0x15 && insn.imm == 0x0008).unwrap_or(0);
    // The part for IPv6 begins where the jump before leads to.
    let v6 = start.checked_sub(1).map_or(0, |jump| jump + 1 + usize::from(program[jump].off.unsigned_abs()));
    let from = if at >= v6 { v6 } else { start };
    program[from..at].iter().any(|insn| insn.code == 0x85)
}

fn changes_of_filters(insn: filter::Insn) -> Vec<(String, filter::Insn)> {
    use classic::code::{ANSWER, IF_ABOVE, IF_ANY_BIT, IF_EQUAL, IF_NOT_LESS, JUMP, LOAD};
    let mut list = vec![("removed".to_string(), filter::Insn { code: JUMP, yes: 0, no: 0, value: 0 })];
    let by = if insn.code == LOAD { 4 } else { 1 };
    for value in [insn.value.wrapping_add(by), insn.value.wrapping_sub(by), insn.value ^ 1 << 6] {
        list.push((format!("{value:#x} for {:#x}", insn.value), filter::Insn { value, ..insn }));
    }
    if insn.code != LOAD && insn.code != ANSWER && insn.code != classic::code::AND {
        for (yes, no) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
            if let (Some(more), Some(other)) = (insn.yes.checked_add_signed(yes), insn.no.checked_add_signed(no)) {
                list.push((format!("jumps {yes:+} {no:+}"), filter::Insn { yes: more, no: other, ..insn }));
            }
        }
        list.push(("the other way".to_string(), filter::Insn { yes: insn.no, no: insn.yes, ..insn }));
        for code in [IF_EQUAL, IF_ABOVE, IF_NOT_LESS, IF_ANY_BIT] {
            if code != insn.code {
                list.push((format!("code {code:#x}"), filter::Insn { code, ..insn }));
            }
        }
    }
    list
}

/// The comparison is of every system call that a kernel has.
fn reason_of_filters(program: &[filter::Insn], at: usize, change: &str) -> Option<&'static str> {
    use classic::code::{IF_ANY_BIT, IF_EQUAL, IF_NOT_LESS};
    Some(match program[at].code {
        IF_ANY_BIT if change == "removed" => "the two instructions that follow ask the same",
        IF_NOT_LESS => "the numbers between lead to the same answer either way",
        IF_EQUAL if change == "code 0x35" => "the numbers above lead to the same answer either way",
        IF_EQUAL if program[at].value > 0x4000_0000 => {
            "the kernel runs programs of no processor for which it would matter"
        }
        IF_EQUAL | IF_ANY_BIT if change.starts_with("jumps") => "the instruction there leads to the same answer then",
        _ => return None,
    })
}

/// All changes of a program; of those that are not noticed, a line each.
fn survivors<I: Copy>(
    name: &str,
    program: &[I],
    changes: &dyn Fn(I) -> Vec<(String, I)>,
    same: &dyn Fn(&[I]) -> Result<usize, String>,
    shown: &dyn Fn(usize) -> String,
    reason: &dyn Fn(usize, &str) -> Option<&'static str>,
) -> (String, Vec<String>) {
    let (mut text, mut without, mut count, mut left) = (String::new(), Vec::new(), 0, 0);
    same(program).unwrap_or_else(|wrong| panic!("{name} as it is: {wrong}"));
    for (at, insn) in program.iter().enumerate() {
        for (change, other) in changes(*insn) {
            count += 1;
            let mut changed = program.to_vec();
            changed[at] = other;
            if same(&changed).is_ok() {
                left += 1;
                let line = format!("{at}: {}: {change}", shown(at));
                match reason(at, &change) {
                    Some(reason) => writeln!(text, "  {line}: {reason}").expect("room"),
                    None => without.push(format!("{name}: {line}")),
                }
            }
        }
    }
    (format!("{name}: {} instructions, {count} changes, {left} not noticed\n{text}", program.len()), without)
}

#[test]
fn each_change_of_a_program_is_noticed() {
    let (mut text, mut without) = (String::new(), Vec::new());
    for Subject { name, hook, program, cases } in subjects() {
        let (part, rest) = survivors(
            name,
            &program,
            &changes,
            &|program| compare(hook, program, &cases),
            &|at| listing::insn(&program, at),
            &|at, change| reason(&program, at, change),
        );
        text += &part;
        without.extend(rest);
    }
    for processor in calls::PROCESSORS {
        for kind in calls::KINDS {
            let filter = calls::filter(processor, kind);
            if processor == Processor::Arm && filter == calls::filter(Processor::Aarch64, kind) {
                continue; // the same filter, for the same programs
            }
            let all = calls::all(processor, kind);
            let (part, rest) = survivors(
                &format!("filter {processor:?} {kind:?}"),
                &filter,
                &changes_of_filters,
                &|filter| calls::compare(&all, filter),
                &|at| listing::filter_insn(&filter, at),
                &|at, change| reason_of_filters(&filter, at, change),
            );
            text += &part;
            without.extend(rest);
        }
    }
    let path = repository().join("tests/model/survivors.txt");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).expect("a file");
    }
    assert!(without.is_empty(), "not noticed, and no reason known:\n{}", without.join("\n"));
    assert!(fs::read_to_string(&path).expect("the list") == text, "BLESS=1 writes survivors.txt anew");
}
