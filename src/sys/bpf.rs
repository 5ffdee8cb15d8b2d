//! `bpf(2)`: programs loaded, attached to a cgroup, and found there again.

use super::{Result, owned};
use crate::bind::program::{Insn, Name};
use crate::error::Errno;
use core::ffi::{c_int, c_void};
use core::mem::{size_of, size_of_val};
use rustix::fd::{AsRawFd, OwnedFd};

/// What the `bpf` commands used here read; what is not said is 0, as the kernel demands.
///
/// Source: `uapi/linux/bpf.h: union bpf_attr`, the anonymous structs of `BPF_PROG_LOAD`, `BPF_PROG_ATTACH`,
/// `BPF_PROG_QUERY`, `BPF_*_GET_FD_BY_ID`, `BPF_OBJ_GET_INFO_BY_FD`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Load {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: Name,
    prog_ifindex: u32,
    expected_attach_type: u32,
}
const _: () = assert!(size_of::<Load>() == 72);

#[derive(Clone, Copy)]
#[repr(C)]
struct Attach {
    target_fd: c_int,
    attach_bpf_fd: c_int,
    attach_type: u32,
    attach_flags: u32,
    replace_bpf_fd: c_int,
}
const _: () = assert!(size_of::<Attach>() == 20);

#[derive(Clone, Copy)]
#[repr(C)]
struct Query {
    target_fd: c_int,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    prog_ids: u64,
    prog_cnt: u32,
    pad: u32,
}
const _: () = assert!(size_of::<Query>() == 32);

#[derive(Clone, Copy)]
#[repr(C)]
struct Info {
    bpf_fd: c_int,
    info_len: u32,
    info: u64,
}
const _: () = assert!(size_of::<Info>() == 16);

/// Bytes of the start of what the kernel tells of a program, up to its name, and where that begins.
///
/// Source: `uapi/linux/bpf.h: struct bpf_prog_info`: kind, number, tag of 8 bytes, two lengths of 4, two addresses and a
/// time of 8, user, count of maps, and an address of 8 before the name. The kernel reads the addresses and counts, too.
const PROG_INFO: usize = PROG_INFO_NAME + size_of::<Name>();
const PROG_INFO_NAME: usize = 64;

/// Where in a cgroup a program is run: the type of attachment in the low half, the type of program in the high one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hook(u32);

/// A packet has come to a socket of the cgroup (`BPF_CGROUP_INET_INGRESS`, `BPF_PROG_TYPE_CGROUP_SKB`). Since 4.10.
pub const INGRESS: Hook = Hook(8 << 16);
/// A packet of a socket of the cgroup is about to leave (`BPF_CGROUP_INET_EGRESS`). Since 4.10.
pub const EGRESS: Hook = Hook(8 << 16 | 1);
/// `socket(2)` makes an INET or INET6 socket in the cgroup (`BPF_CGROUP_INET_SOCK_CREATE`, `BPF_PROG_TYPE_CGROUP_SOCK`).
/// Since 4.10.
pub const SOCK_CREATE: Hook = Hook(9 << 16 | 2);
/// `setsockopt(2)` is called in the cgroup (`BPF_CGROUP_SETSOCKOPT`, `BPF_PROG_TYPE_CGROUP_SOCKOPT`). Since 5.3.
pub const SETSOCKOPT: Hook = Hook(25 << 16 | 22);
/// `sendto(2)` or `sendmsg(2)` is called for a datagram of IPv4, unless the socket is connected (`BPF_CGROUP_UDP4_SENDMSG`,
/// `BPF_PROG_TYPE_CGROUP_SOCK_ADDR`). Since 4.18.
pub const SENDMSG4: Hook = Hook(18 << 16 | 14);
/// `connect(2)` is called with an address of IPv4 (`BPF_CGROUP_INET4_CONNECT`). Since 4.17.
pub const CONNECT4: Hook = Hook(18 << 16 | 10);
/// The same with an address of IPv6 (`BPF_CGROUP_INET6_CONNECT`). Since 4.17.
pub const CONNECT6: Hook = Hook(18 << 16 | 11);

/// A packet comes in by an interface that has a filter for it (`BPF_PROG_TYPE_SCHED_CLS`); not attached to a cgroup. Since 4.1.
pub const CLASSIFIER: Hook = Hook(3 << 16);

impl Hook {
    const fn attachment(self) -> u32 {
        self.0 & 0xffff
    }
}

/// `BPF_F_ALLOW_MULTI`: stands beside other programs of the cgroup and of those below it. Since 4.15.
pub const ALLOW_MULTI: u32 = 2;
/// `BPF_F_REPLACE`: takes one program's place in one step. Since 5.6.
pub const REPLACE: u32 = 4;

/// `BPF_F_ANY_ALIGNMENT`: on processors where words have to be aligned, the verifier takes the start of an option's value for that of a
/// packet, which is not. Since 5.0.
const ANY_ALIGNMENT: u32 = 2;

/// Issues a command. The attribute is read, and for some commands written, by the kernel.
///
/// # Safety
/// `attr` is a struct of `size` bytes that is exclusively the caller's. Addresses inside it are those of memory that the
/// command may read or write to the lengths beside them.
unsafe fn bpf(command: u32, attr: *mut c_void, size: usize) -> Result<u32> {
    // SAFETY: the caller's promise.
    unsafe { call!(bpf, command, attr, size) }
}

/// Whether `bpf(2)` gets to the kernel, which answers a command that it does not know with `EINVAL`. A seccomp filter answers with
/// another error. Needs CAP_BPF or CAP_SYS_ADMIN: to others the kernel may say `EPERM`.
#[cold]
pub fn reaches_kernel() -> bool {
    let mut attr = 0_u32;
    // SAFETY: there is no command of that number, so that the kernel reads the attribute and nothing else.
    let answer = unsafe { bpf(u32::MAX >> 1, (&raw mut attr).cast(), size_of_val(&attr)) };
    answer == Err(Errno::EINVAL)
}

/// An address as the kernel's 64-bit number.
#[allow(clippy::as_conversions, reason = "a pointer has at most 64 bits")]
fn address<T: ?Sized>(of: *const T) -> u64 {
    of.cast::<()>().expose_provenance() as u64
}

/// Loads a program. Errors: `EPERM` without CAP_BPF and CAP_NET_ADMIN (or, before 5.11,
/// when RLIMIT_MEMLOCK is used up), `EINVAL` where the kernel has no CGROUP_BPF or the verifier says no.
pub fn load(hook: Hook, name: &Name, program: &[Insn]) -> Result<OwnedFd> {
    let mut attr = Load {
        prog_type: hook.0 >> 16,
        insn_cnt: u32::try_from(program.len()).map_err(|_| Errno::EINVAL)?,
        insns: address(program.as_ptr()),
        license: address(c"GPL".as_ptr()),
        log_level: 0,
        log_size: 0,
        log_buf: 0,
        kern_version: 0,
        prog_flags: if hook == SETSOCKOPT { ANY_ALIGNMENT } else { 0 },
        prog_name: *name,
        prog_ifindex: 0,
        expected_attach_type: hook.attachment(),
    };
    // SAFETY: the instructions and the licence live through the call; the count is theirs.
    let fd = unsafe { bpf(5, (&raw mut attr).cast(), size_of_val(&attr)) }?; // BPF_PROG_LOAD
    Ok(owned(fd))
}

/// Attaches a program to a cgroup; with `replace`, in the place of that one.
pub fn attach(cgroup: &OwnedFd, program: &OwnedFd, hook: Hook, flags: u32, replace: Option<&OwnedFd>) -> Result<()> {
    let mut attr = Attach {
        target_fd: cgroup.as_raw_fd(),
        attach_bpf_fd: program.as_raw_fd(),
        attach_type: hook.attachment(),
        attach_flags: if replace.is_some() { flags | REPLACE } else { flags },
        replace_bpf_fd: replace.map_or(0, AsRawFd::as_raw_fd),
    };
    // SAFETY: numbers only.
    unsafe { bpf(8, (&raw mut attr).cast(), size_of_val(&attr)) }?; // BPF_PROG_ATTACH
    Ok(())
}

/// Takes a program off a cgroup, where it stands beside others.
pub fn detach(cgroup: &OwnedFd, program: &OwnedFd, hook: Hook) -> Result<()> {
    let mut attr = Attach {
        target_fd: cgroup.as_raw_fd(),
        attach_bpf_fd: program.as_raw_fd(),
        attach_type: hook.attachment(),
        attach_flags: 0,
        replace_bpf_fd: 0,
    };
    // SAFETY: numbers only.
    unsafe { bpf(9, (&raw mut attr).cast(), size_of_val(&attr)) }?; // BPF_PROG_DETACH
    Ok(())
}

/// The numbers of the programs attached to a cgroup itself, not to those above it, in their order.
pub fn query(cgroup: &OwnedFd, hook: Hook, ids: &mut [u32]) -> Result<usize> {
    let mut attr = Query {
        target_fd: cgroup.as_raw_fd(),
        attach_type: hook.attachment(),
        query_flags: 0,
        attach_flags: 0,
        prog_ids: address(ids.as_mut_ptr()),
        prog_cnt: u32::try_from(ids.len()).map_err(|_| Errno::EINVAL)?,
        pad: 0,
    };
    // SAFETY: the kernel writes at most `prog_cnt` numbers to `ids`, which is exclusively ours.
    unsafe { bpf(16, (&raw mut attr).cast(), size_of_val(&attr)) }?; // BPF_PROG_QUERY
    Ok(usize::try_from(attr.prog_cnt).unwrap_or(0))
}

/// Opens a program by its number. Needs CAP_SYS_ADMIN.
pub fn open(id: u32) -> Result<OwnedFd> {
    let mut attr = [id, 0, 0];
    // SAFETY: numbers only.
    let fd = unsafe { bpf(13, (&raw mut attr).cast(), size_of_val(&attr)) }?; // BPF_PROG_GET_FD_BY_ID
    Ok(owned(fd))
}

/// Reads a program's name, and gives its number.
pub fn name(program: &OwnedFd, name: &mut Name) -> Result<u32> {
    let mut info = [0_u8; PROG_INFO];
    let mut attr = Info {
        bpf_fd: program.as_raw_fd(),
        info_len: u32::try_from(info.len()).map_err(|_| Errno::EINVAL)?,
        info: address(info.as_mut_ptr()),
    };
    // SAFETY: the kernel writes at most `info_len` bytes to `info`, whose pointers and counts of 0 ask for no more.
    unsafe { bpf(15, (&raw mut attr).cast(), size_of_val(&attr)) }?; // BPF_OBJ_GET_INFO_BY_FD
    for (place, byte) in name.iter_mut().zip(info.iter().skip(PROG_INFO_NAME)) {
        *place = *byte;
    }
    Ok(u32::from_ne_bytes(info.get(4..8).and_then(|id| id.try_into().ok()).unwrap_or_default()))
}
