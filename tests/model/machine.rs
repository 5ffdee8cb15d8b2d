//! Runs a program's bytes as the kernel would: the interpreter is the crate rbpf, the helpers are here.

use std::cell::RefCell;

use rbpf::EbpfVmRaw;
use vrf_launch::bind::program::Insn;

use crate::context::Hook;
use crate::verifier::verify;

/// All that a run does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the program gives back; the kernel takes the lower half.
    pub answer: i32,
    /// What `bpf_set_retval` was given; 0 where it was not called.
    pub retval: i32,
    /// The interface and the flags that `bpf_redirect` was given.
    pub redirect: Option<(u32, u64)>,
    /// The flags that `bpf_skb_store_bytes` was given.
    pub stored: Option<u64>,
    /// The context, and the packet, as they are then.
    pub context: Vec<u8>,
    pub packet: Vec<u8>,
}

#[derive(Default)]
struct World {
    context: u64,
    retval: i32,
    redirect: Option<(u32, u64)>,
    stored: Option<u64>,
    packet: Vec<u8>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

const EFAULT: u64 = -14_i64 as u64;
/// `TC_ACT_REDIRECT`
pub const REDIRECTED: i32 = 7;

/// `bpf_skb_load_bytes`: what the packet has not got is an EFAULT, and zeros are what is read.
fn load_bytes(context: u64, offset: u64, to: u64, len: u64, _: u64) -> u64 {
    WORLD.with_borrow(|world| {
        assert_eq!(context, world.context);
        let len = usize::try_from(len).expect("the verifier has seen it");
        // SAFETY: `verify` has accepted the program, so `to` and `len` are of the interpreter's stack, which nothing else uses while
        // a helper runs.
        let to = unsafe { std::slice::from_raw_parts_mut(to as *mut u8, len) };
        // The kernel takes offsets of 32 bits, and refuses those above INT_MAX.
        let start = offset as u32 as usize;
        match world.packet.get(start..start.saturating_add(len)) {
            Some(bytes) => {
                to.copy_from_slice(bytes);
                0
            }
            None => {
                to.fill(0);
                EFAULT
            }
        }
    })
}

/// `bpf_skb_store_bytes`
fn store_bytes(context: u64, offset: u64, from: u64, len: u64, flags: u64) -> u64 {
    WORLD.with_borrow_mut(|world| {
        assert_eq!(context, world.context);
        let len = usize::try_from(len).expect("the verifier has seen it");
        // SAFETY: as with `load_bytes`.
        let from = unsafe { std::slice::from_raw_parts(from as *const u8, len) };
        let start = offset as u32 as usize;
        world.stored = Some(flags);
        // BPF_F_RECOMPUTE_CSUM and BPF_F_INVALIDATE_HASH are the flags that there are.
        if flags & !3 != 0 {
            return -22_i64 as u64;
        }
        match world.packet.get_mut(start..start.saturating_add(len)) {
            Some(bytes) => {
                bytes.copy_from_slice(from);
                0
            }
            None => EFAULT,
        }
    })
}

/// `bpf_redirect`: `TC_ACT_SHOT` for flags that there are not.
fn redirect(interface: u64, flags: u64, _: u64, _: u64, _: u64) -> u64 {
    WORLD.with_borrow_mut(|world| {
        if flags & !1 != 0 {
            return 2;
        }
        world.redirect = Some((interface as u32, flags));
        REDIRECTED as u64
    })
}

/// `bpf_set_retval`
fn set_retval(retval: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    WORLD.with_borrow_mut(|world| world.retval = retval as i32);
    0
}

/// A program's bytes.
pub fn bytes(program: &[Insn]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for insn in program {
        bytes.extend_from_slice(&[insn.code, insn.regs]);
        bytes.extend_from_slice(&insn.off.to_le_bytes());
        bytes.extend_from_slice(&insn.imm.to_le_bytes());
    }
    bytes
}

/// Runs a program with a context and a packet.
pub type Run<'r> = &'r mut dyn FnMut(&[u8], &[u8]) -> Seen;

/// Verifies a program and gives `each` what runs it, with a context and a packet. Refused by the verifier, it is an error.
pub fn with(hook: Hook, program: &[Insn], each: &mut dyn FnMut(Run<'_>)) -> Result<(), String> {
    verify(hook, program)?;
    for (at, insn) in program.iter().enumerate() {
        // Where a comparison is of 64 bits, the kernel extends the sign of the number compared with, and rbpf does not.
        let is_wide = [0x15, 0x25, 0x35, 0x55].contains(&insn.code);
        if is_wide && insn.imm < 0 {
            return Err(format!("{at}: a comparison with a negative number"));
        }
    }
    let bytes = bytes(program);
    let mut vm = EbpfVmRaw::new(Some(&bytes)).map_err(|error| format!("{error:?}"))?;
    for (number, helper) in
        [(26, load_bytes as rbpf::ebpf::Helper), (9, store_bytes), (23, redirect), (187, set_retval)]
    {
        vm.register_helper(number, helper).map_err(|error| format!("{error:?}"))?;
    }
    each(&mut |context, packet| {
        let mut context = context.to_vec();
        // The value of an option and the socket are behind the context, which holds their addresses.
        let given = context.clone();
        if matches!(hook, Hook::SendMsg4 | Hook::Connect4 | Hook::Connect6) {
            let socket = context.as_ptr() as u64 + hook.size() as u64;
            context[64..72].copy_from_slice(&socket.to_ne_bytes());
        }
        if hook == Hook::SetSockOpt {
            let start = context.as_ptr() as u64;
            let (value, end) = (start + hook.size() as u64, start + (context.len() - Hook::SockCreate.size()) as u64);
            for (place, address) in context.chunks_exact_mut(8).zip([end, value, end]) {
                place.copy_from_slice(&address.to_ne_bytes());
            }
        }
        WORLD.set(World { context: context.as_ptr() as u64, packet: packet.to_vec(), ..World::default() });
        // What the verifier accepts, the interpreter runs to its end.
        let answer = vm.execute_program(&mut context).unwrap_or_else(|error| panic!("{error:?}")) as i32;
        // They are no one's to see.
        match hook {
            Hook::SetSockOpt => context[..24].copy_from_slice(&given[..24]),
            Hook::SendMsg4 | Hook::Connect4 | Hook::Connect6 => context[64..72].copy_from_slice(&given[64..72]),
            _ => {}
        }
        let World { retval, redirect, stored, packet, .. } = WORLD.take();
        Seen { answer, retval, redirect, stored, context, packet }
    });
    Ok(())
}
