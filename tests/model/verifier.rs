//! What the kernel's verifier demands of the programs here: a program that it refuses is not attached, and no service starts.
//!
//! It knows the few instructions that the programs are made of. A register is a constant, a number, the context, or a
//! place on the stack; a byte of the stack is written or not. Where two ways meet, only what both know is known. The kernel's verifier
//! follows each way by itself and accepts more; so whatever is accepted here is accepted there.

use std::iter::zip;

use vrf_launch::bind::program::Insn;

use crate::context::{Access, Hook};

const STACK: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Unset,
    Number,
    Constant(i64),
    Context,
    /// So many bytes from the upper end of the stack: 0 or less.
    Stack(i64),
    /// So many bytes from the start of an option's value, which is at most as long as has been compared with its end.
    Option(i64),
    /// The end of it.
    OptionEnd,
    /// The socket of an option.
    Socket,
}
use Value::{Constant, Context, Number, Unset};

impl Value {
    fn meet(self, other: Self) -> Self {
        match (self, other) {
            (one, two) if one == two => one,
            (Number | Constant(_), Number | Constant(_)) => Number,
            _ => Unset,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Number | Constant(_))
    }
}

#[derive(Clone)]
struct State {
    registers: [Value; 11],
    written: [bool; STACK],
    /// So many bytes of an option's value there are at least.
    checked: i64,
}

impl State {
    /// The bytes of the stack from there on; none if they are not all on it.
    fn place(&mut self, from: i64, len: i64) -> Option<&mut [bool]> {
        let start = usize::try_from(from.checked_add(STACK as i64)?).ok()?;
        self.written.get_mut(start..start.checked_add(usize::try_from(len).ok()?)?)
    }

    /// What a helper demands of its arguments. Source: `net/core/filter.c: bpf_skb_load_bytes_proto` and its kin,
    /// `kernel/bpf/cgroup.c: bpf_set_retval_proto`.
    fn call(&mut self, hook: Hook, helper: i32) -> Result<(), String> {
        let [_, r1, r2, r3, r4, r5, ..] = self.registers;
        let wrong = || Err(format!("arguments of helper {helper}: {:?}", [r1, r2, r3, r4, r5]));
        let is_packet = matches!(hook, Hook::Egress | Hook::Ingress | Hook::Classifier);
        match helper {
            // bpf_skb_load_bytes(context, offset, to, len)
            26 if is_packet => match (r1, r3, r4) {
                (Context, Value::Stack(to), Constant(len)) if r2.is_number() && len > 0 => match self.place(to, len) {
                    Some(bytes) => bytes.fill(true),
                    None => return wrong(),
                },
                _ => return wrong(),
            },
            // bpf_skb_store_bytes(context, offset, from, len, flags)
            9 if hook == Hook::Classifier => match (r1, r3, r4) {
                (Context, Value::Stack(from), Constant(len)) if r2.is_number() && r5.is_number() && len > 0 => {
                    if !self.place(from, len).is_some_and(|bytes| bytes.iter().all(|byte| *byte)) {
                        return wrong();
                    }
                }
                _ => return wrong(),
            },
            // bpf_redirect(ifindex, flags)
            23 if hook == Hook::Classifier => {
                if !r1.is_number() || !r2.is_number() {
                    return wrong();
                }
            }
            // bpf_set_retval(retval)
            187 if matches!(hook, Hook::SockCreate | Hook::SetSockOpt) => {
                if !r1.is_number() {
                    return wrong();
                }
            }
            _ => return Err(format!("helper {helper} at {hook:?}")),
        }
        self.registers[0] = Number;
        self.registers[1..=5].fill(Unset);
        Ok(())
    }

    /// One instruction that does not jump.
    fn step(&mut self, hook: Hook, insn: Insn) -> Result<(), String> {
        let Insn { code, regs, off, imm } = insn;
        let (to, from) = (usize::from(regs & 15), usize::from(regs >> 4));
        if to > 10 || from > 10 {
            return Err("no such register".into());
        }
        let (dst, src, off) = (self.registers[to], self.registers[from], i64::from(off));
        let size = match code {
            0x71 => 1,
            0x6a => 2,
            _ => 4,
        };
        let is_checked = |at: i64| at + off >= 0 && at + off + size <= self.checked;
        let of_context = |base, wanted: &[Access]| {
            let field = usize::try_from(off).ok().filter(|off| off % 4 == 0).and_then(|off| hook.field(off));
            base == Context && size == 4 && field.is_some_and(|field| wanted.contains(&field.1))
        };
        let set = match code {
            0xb7 => Constant(imm.into()),
            0xbf if src != Unset => src,
            0x07 => match dst {
                Constant(value) => Constant(value.wrapping_add(imm.into())),
                Value::Stack(at) => Value::Stack(at + i64::from(imm)),
                Value::Option(at) => Value::Option(at + i64::from(imm)),
                Number => Number,
                _ => return Err("addition to the context, or to nothing".into()),
            },
            0x54 if dst.is_number() => Number,
            0x79 => match (src, off) {
                (Context, 0) if hook == Hook::SetSockOpt => Value::Socket,
                (Context, 64) if matches!(hook, Hook::SendMsg4 | Hook::Connect4 | Hook::Connect6) => Value::Socket,
                (Context, 8) if hook == Hook::SetSockOpt => Value::Option(0),
                (Context, 16) if hook == Hook::SetSockOpt => Value::OptionEnd,
                _ => return Err("a pointer that cannot be read".into()),
            },
            0x61 | 0x71 => match src {
                Value::Option(at) if is_checked(at) => Number,
                Value::Socket if size == 4 && (0..24).contains(&off) && off % 4 == 0 => Number,
                Value::Stack(at) if (at + off) % size == 0 => match self.place(at + off, size) {
                    Some(bytes) if bytes.iter().all(|byte| *byte) => Number,
                    _ => return Err("the stack is read where it was not written".into()),
                },
                _ if of_context(src, &[Access::Read, Access::Write]) => Number,
                _ => return Err("a field that cannot be read".into()),
            },
            0x63 if src.is_number() && matches!(dst, Value::Option(at) if is_checked(at)) => return Ok(()),
            0x63 if src.is_number() && of_context(dst, &[Access::Write]) => return Ok(()),
            0x62 | 0x6a => match dst {
                Value::Option(at) if is_checked(at) => return Ok(()),
                Value::Stack(at) if (at + off) % size == 0 => match self.place(at + off, size) {
                    Some(bytes) => {
                        bytes.fill(true);
                        return Ok(());
                    }
                    None => return Err("not on the stack".into()),
                },
                _ => return Err("not on the stack".into()),
            },
            _ => return Err(format!("operation {code:#x}, with {dst:?} and {src:?}")),
        };
        if to == 10 {
            return Err("register 10 is written".into());
        }
        self.registers[to] = set;
        Ok(())
    }
}

/// Whether the kernel attaches a program at a hook; if not, why.
pub fn verify(hook: Hook, program: &[Insn]) -> Result<(), String> {
    let mut states: Vec<Option<State>> = vec![None; program.len()];
    let mut first = State { registers: [Unset; 11], written: [false; STACK], checked: 0 };
    (first.registers[1], first.registers[10]) = (Context, Value::Stack(0));
    *states.first_mut().ok_or("no program")? = Some(first);
    for (at, insn) in program.iter().enumerate() {
        let of = |why: String| format!("{at}: {why}");
        let mut state = states[at].take().ok_or_else(|| of("never reached".into()))?;
        let dst = *state.registers.get(usize::from(insn.regs & 15)).ok_or("no such register")?;
        let target = usize::try_from(at as i64 + 1 + i64::from(insn.off)).ok().filter(|target| *target > at);
        let (mut checks, index) = (None, at);
        let next = match insn.code {
            0x95 => match state.registers[0] {
                Constant(answer) if !hook.answers().contains(&answer) => {
                    return Err(of(format!("the answer {answer}")));
                }
                Number if hook != Hook::Classifier => return Err(of("any answer".into())),
                Constant(_) | Number => vec![],
                _ => return Err(of("no answer".into())),
            },
            0x05 => vec![target],
            // The end of an option's value is compared with what is read next.
            0x2d => {
                let src = state.registers.get(usize::from(insn.regs >> 4)).copied();
                let (Value::Option(at), Some(Value::OptionEnd)) = (dst, src) else {
                    return Err(of("a comparison of what is no place in a value".into()));
                };
                checks = Some(at);
                vec![target, Some(index + 1)]
            }
            0x15 | 0x25 | 0x35 | 0x55 | 0x56 => {
                if !dst.is_number() {
                    return Err(of("a comparison of what is no number".into()));
                }
                vec![target, Some(at + 1)]
            }
            0x85 if insn.regs == 0 => {
                state.call(hook, insn.imm).map_err(of)?;
                vec![Some(at + 1)]
            }
            _ => {
                state.step(hook, *insn).map_err(of)?;
                vec![Some(at + 1)]
            }
        };
        for next in next {
            let next = next.ok_or_else(|| of("a jump backwards".into()))?;
            let met = states.get_mut(next).ok_or_else(|| of("a jump out of the program".into()))?;
            let mut state = state.clone();
            if next == index + 1 {
                state.checked = state.checked.max(checks.unwrap_or(0));
            }
            match met {
                None => *met = Some(state.clone()),
                Some(met) => {
                    for (one, other) in zip(&mut met.registers, state.registers) {
                        *one = one.meet(other);
                    }
                    for (one, other) in zip(&mut met.written, state.written) {
                        *one &= other;
                    }
                    met.checked = met.checked.min(state.checked);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn what_the_kernel_refuses_is_refused() {
    let insn = |code, regs, off, imm| Insn { code, regs, off, imm };
    let (yes, end) = (insn(0xb7, 0, 0, 1), insn(0x95, 0, 0, 0));
    assert_eq!(verify(Hook::Egress, &[yes, end]), Ok(()));
    for (program, why) in [
        (vec![], "no program"),
        (vec![end], "no answer"),
        (vec![yes], "out of the program"),
        (vec![insn(0xb7, 0, 0, 4), end], "the answer 4"),
        (vec![yes, end, end], "never reached"),
        (vec![yes, insn(0x15, 0, -2, 1), end], "backwards"),
        (vec![yes, insn(0x15, 2, 0, 1), end], "no number"),
        (vec![insn(0x61, 0x10, 76, 0), end], "cannot be read"),
        (vec![insn(0x61, 0x10, 41, 0), end], "cannot be read"),
        (vec![insn(0x61, 0xa0, -4, 0), end], "was not written"),
        (vec![insn(0x61, 0x10, 40, 0), end], "any answer"),
        (vec![yes, insn(0x63, 1, 40, 0), end], "operation 0x63"),
        (vec![insn(0x85, 0, 0, 26), end], "arguments of helper"),
        (vec![insn(0x85, 0, 0, 9), end], "helper 9 at"),
    ] {
        let refused = verify(Hook::Egress, &program).expect_err(why);
        assert!(refused.contains(why), "{refused}: {why}");
    }
}
