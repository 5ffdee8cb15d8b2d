//! Sockets: netlink, and those that prove a binding.

use super::{Result, length, opened, owned};
use crate::error::Errno;
use crate::limits;
use core::ffi::{c_int, c_void};
use core::mem::{MaybeUninit, size_of};
use core::ops::Range;
use core::ptr;
use linux_raw_sys::general::iovec;
use linux_raw_sys::net::{mmsghdr, msghdr};
use linux_raw_sys::netlink::sockaddr_nl;
use rustix::fd::{AsRawFd, OwnedFd};
use syscalls::{Sysno, syscall};

/// A new socket, closed on exec. `socket(2)`.
#[inline(never)]
pub fn socket(domain: u32, kind: u32, protocol: u32) -> Result<OwnedFd> {
    let kind = kind | linux_raw_sys::general::O_CLOEXEC; // SOCK_CLOEXEC is the same
    // SAFETY: numbers only.
    let fd = unsafe { call!(socket, domain, kind, protocol) }?;
    Ok(opened(fd))
}

/// Two sockets that are connected to each other. `socketpair(2)`.
pub fn pair() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0_u32; 2];
    let kind = linux_raw_sys::net::SOCK_SEQPACKET | linux_raw_sys::general::O_CLOEXEC;
    // SAFETY: the kernel writes two numbers.
    unsafe { call!(socketpair, linux_raw_sys::net::AF_UNIX, kind, 0, ends.as_mut_ptr(), 0) }?;
    let [one, other] = ends;
    Ok((owned(one), owned(other)))
}

/// Sends a descriptor to the other end of a pair. `SCM_RIGHTS`, unix(7).
pub fn send_descriptor(fd: &OwnedFd, what: &OwnedFd) -> Result<()> {
    const RIGHTS: u32 = 1;
    send_to(fd, b"\n", b"", Some((1, RIGHTS, &what.as_raw_fd().to_ne_bytes()))) // SOL_SOCKET, on all processors for this
}

/// Receives a descriptor; `EPIPE` where the other end is gone. It is closed on exec. `recvmsg(2)`.
pub fn receive_descriptor(fd: &OwnedFd) -> Result<OwnedFd> {
    let mut byte = 0_u8;
    let mut part = iovec { iov_base: (&raw mut byte).cast::<c_void>(), iov_len: iov_len(1) };
    // `struct cmsghdr` and one number behind it, in words: a length, a level and a type, the number.
    let mut control = [0_usize; 4];
    // SAFETY: all zeroes is a valid value: null pointers and lengths of 0.
    let mut head: linux_raw_sys::net::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    head.msg_iov = (&raw mut part).cast();
    head.msg_iovlen = 1;
    head.msg_control = control.as_mut_ptr().cast();
    head.msg_controllen = size_of::<usize>() + 12;
    let flags = linux_raw_sys::net::MSG_CMSG_CLOEXEC;
    // SAFETY: the kernel writes one byte to `byte`, and at most as many as are said to `control`.
    let got = unsafe { call!(recvmsg, fd.as_raw_fd(), &raw mut head, flags) }?;
    let at = (size_of::<usize>() + 8) / size_of::<usize>();
    let number = control.get(at).copied().unwrap_or(0).to_ne_bytes();
    match number.first_chunk().map(|number| u32::from_ne_bytes(*number)) {
        Some(number) if got == 1 && control.first() != Some(&0) => Ok(owned(number)),
        _ => Err(Errno::EPIPE),
    }
}

/// Sets an option whose value is a number. `setsockopt(2)`.
#[inline(never)]
pub fn set_option(fd: &OwnedFd, level: u32, option: u32, value: c_int) -> Result<()> {
    // SAFETY: the kernel reads the four bytes of `value`.
    unsafe { call!(setsockopt, fd.as_raw_fd(), level, option, &raw const value, size_of::<c_int>()) }?;
    Ok(())
}

/// Reads an option whose value is a number of 32 bits. `getsockopt(2)`.
pub fn option(fd: &OwnedFd, level: u32, option: u32) -> Result<u32> {
    let mut value = [0; 4];
    get_option(fd, level, option, &mut value)?;
    Ok(u32::from_ne_bytes(value))
}

/// Reads an option whose value has 64 bits.
pub fn option_u64(fd: &OwnedFd, level: u32, option: u32) -> Result<u64> {
    let mut value = [0; 8];
    get_option(fd, level, option, &mut value)?;
    Ok(u64::from_ne_bytes(value))
}

fn get_option(fd: &OwnedFd, level: u32, option: u32, value: &mut [u8]) -> Result<()> {
    let mut len = u32::try_from(value.len()).unwrap_or(0);
    // SAFETY: the kernel writes at most `len` bytes to `value`, and how many to `len`.
    unsafe { call!(getsockopt, fd.as_raw_fd(), level, option, value.as_mut_ptr(), &raw mut len) }?;
    Ok(())
}

/// How many connections wait at a listener of TCP to be accepted; 0 for any other socket. Source: `uapi/linux/tcp.h: struct tcp_info`,
/// `net/ipv4/tcp.c: tcp_get_info`.
pub fn waiting_connections(fd: &OwnedFd) -> u32 {
    const TCP: u32 = 6;
    const INFO: u32 = 11;
    const LISTENS: u8 = 10;
    let mut info = [0; 28]; // up to tcpi_unacked, which is the number for a listener
    match get_option(fd, TCP, INFO, &mut info).map(|()| info) {
        Ok([LISTENS, .., a, b, c, d]) => u32::from_ne_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// Sets where a socket sends to; the family `AF_UNSPEC` (0) frees it of that. `connect(2)`.
pub fn connect(fd: &OwnedFd, address: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads the bytes of an address.
    unsafe { call!(connect, fd.as_raw_fd(), address.as_ptr(), address.len()) }?;
    Ok(())
}

/// Gives a socket an address of its own. `bind(2)`.
pub fn bind(fd: &OwnedFd, address: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads the bytes of an address.
    unsafe { call!(bind, fd.as_raw_fd(), address.as_ptr(), address.len()) }?;
    Ok(())
}

/// Waits for connections from here on, so many of them. `listen(2)`.
pub fn listen(fd: &OwnedFd, backlog: u32) -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(listen, fd.as_raw_fd(), backlog, 0) }?;
    Ok(())
}

/// Takes one connection. `accept4(2)`.
pub fn accept(fd: &OwnedFd) -> Result<OwnedFd> {
    // SAFETY: without room for an address, none is written.
    let fd = unsafe { call!(accept4, fd.as_raw_fd(), 0, 0, linux_raw_sys::general::O_CLOEXEC, 0) }?;
    Ok(opened(fd))
}

/// Who asks it for what is not there is told so (`EAGAIN`), and does not wait. `fcntl(2)`, `O_NONBLOCK`.
pub fn set_nonblocking(fd: c_int) -> Result<()> {
    use linux_raw_sys::general::{F_GETFL, F_SETFL, O_NONBLOCK};
    // SAFETY: numbers only.
    let flags = unsafe { call!(fcntl, fd, F_GETFL, 0) }?;
    // SAFETY: numbers only.
    unsafe { call!(fcntl, fd, F_SETFL, flags | O_NONBLOCK) }?;
    Ok(())
}

/// The port of an INET or INET6 socket's own address, in the network's byte order. `getsockname(2)`.
pub fn port(fd: &OwnedFd) -> Result<[u8; 2]> {
    let mut address = [0_u8; 28];
    let mut len = 28_u32;
    // SAFETY: the kernel writes at most `len` bytes to `address`, and how many to `len`.
    unsafe { call!(getsockname, fd.as_raw_fd(), address.as_mut_ptr(), &raw mut len) }?;
    let [_, _, high, low, ..] = address;
    Ok([high, low])
}

/// A socket's own address, or its peer's, as a `sockaddr_in` or `sockaddr_in6`. `getsockname(2)`, `getpeername(2)`. Errors:
/// `ENOTCONN` where there is no peer.
pub fn name(fd: &OwnedFd, peer: bool) -> Result<[u8; 28]> {
    let mut address = [0_u8; 28];
    let mut len = 28_u32;
    let (fd, to, len) = (fd.as_raw_fd(), address.as_mut_ptr(), &raw mut len);
    if peer {
        // SAFETY: the kernel writes at most `len` bytes to `address`, and how many to `len`.
        unsafe { call!(getpeername, fd, to, len) }?;
    } else {
        // SAFETY: as above.
        unsafe { call!(getsockname, fd, to, len) }?;
    }
    Ok(address)
}

/// Sets an option whose value is a struct. `setsockopt(2)`.
#[inline(never)]
pub fn set_option_bytes(fd: &OwnedFd, level: u32, option: u32, value: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads the bytes of `value`.
    unsafe { call!(setsockopt, fd.as_raw_fd(), level, option, value.as_ptr(), value.len()) }?;
    Ok(())
}

/// What a datagram is sent with beside its bytes, if it is: a level, a type, and a struct of at most 20 bytes. cmsg(3).
pub type Control<'c> = Option<(u32, u32, &'c [u8])>;

/// Sends a datagram to an address. `sendmsg(2)`.
#[inline(never)]
pub fn send_to(fd: &OwnedFd, bytes: &[u8], address: &[u8], control: Control<'_>) -> Result<()> {
    /// Source: `linux/socket.h: struct cmsghdr`.
    #[repr(C)]
    struct Cmsg {
        len: usize,
        level: u32,
        kind: u32,
        value: [u8; 20],
    }
    /// Source: `linux/socket.h: struct user_msghdr`.
    #[repr(C)]
    struct Message {
        name: *const u8,
        name_len: u32,
        parts: *const iovec,
        part_count: usize,
        control: *const Cmsg,
        control_len: usize,
        flags: u32,
    }
    const _: () = {
        assert!(core::mem::offset_of!(Cmsg, value) == size_of::<usize>() + 8);
        assert!(size_of::<Message>() == 7 * size_of::<usize>());
    };
    let mut cmsg = Cmsg { len: 0, level: 0, kind: 0, value: [0; 20] };
    if let Some((level, kind, value)) = control {
        (cmsg.level, cmsg.kind) = (level, kind);
        for (place, byte) in cmsg.value.iter_mut().zip(value) {
            *place = *byte;
        }
        cmsg.len = size_of::<usize>() + 8 + value.len();
    }
    let part = iovec { iov_base: bytes.as_ptr().cast_mut().cast::<c_void>(), iov_len: iov_len(bytes.len()) };
    let message = Message {
        name: address.as_ptr(),
        name_len: u32::try_from(address.len()).unwrap_or(0),
        parts: &raw const part,
        part_count: 1,
        control: &raw const cmsg,
        control_len: cmsg.len,
        flags: 0,
    };
    // SAFETY: the kernel reads the message, and what it points to, to the lengths beside the pointers.
    unsafe { call!(sendmsg, fd.as_raw_fd(), &raw const message, 0) }?;
    Ok(())
}

/// The network namespace of a socket. Errors: `EPERM` without CAP_NET_ADMIN there. `SIOCGSKNS`, 4.10.
pub fn namespace(fd: &OwnedFd) -> Result<OwnedFd> {
    const SIOCGSKNS: u32 = 0x894c; // uapi/linux/sockios.h
    // SAFETY: numbers only.
    let namespace = unsafe { call!(ioctl, fd.as_raw_fd(), SIOCGSKNS, 0) }?;
    Ok(opened(namespace))
}

/// Takes one datagram off a socket's queue and throws it away. Errors: `EAGAIN` where none waits. `recvfrom(2)`.
pub fn discard(fd: &OwnedFd) -> Result<()> {
    const DONTWAIT: u32 = 0x40; // linux/socket.h: MSG_DONTWAIT
    let mut byte = 0_u8;
    // SAFETY: the kernel writes at most one byte to `byte`; without room for an address, none is written.
    unsafe { call!(recvfrom, fd.as_raw_fd(), &raw mut byte, 1, DONTWAIT, 0) }?;
    Ok(())
}

/// Gives a netlink socket a portid of its own. One without is taken for the kernel, from which most events come, and does
/// not get them. `bind(2)`.
pub fn bind_netlink(fd: &OwnedFd) -> Result<()> {
    let mut address = [0_u16; 6];
    if let Some(family) = address.first_mut() {
        *family = 16; // AF_NETLINK; the kernel chooses the portid
    }
    // SAFETY: the kernel reads the twelve bytes of an address.
    unsafe { call!(bind, fd.as_raw_fd(), address.as_ptr(), size_of::<sockaddr_nl>()) }?;
    Ok(())
}

/// Sends one datagram to the kernel. `sendto(2)` without an address: the kernel's.
pub fn send(fd: &OwnedFd, bytes: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads at most `bytes.len()` bytes of `bytes`; where there is no address, its length is not
    // looked at.
    let sent = unsafe { call!(sendto, fd.as_raw_fd(), bytes.as_ptr(), bytes.len(), 0, 0) }?;
    if length(sent) == bytes.len() { Ok(()) } else { Err(Errno::EPROTO) }
}

/// Receives one netlink datagram and gives its whole length, which is larger than `buf` where it was cut.
///
/// What another process sent (its portid is not 0) is not for us and is passed over.
pub fn receive(fd: &OwnedFd, buf: &mut [u8]) -> Result<usize> {
    let fd = fd.as_raw_fd();
    loop {
        let mut from = MaybeUninit::<sockaddr_nl>::zeroed();
        let mut from_len = size_of::<sockaddr_nl>();
        let flags = linux_raw_sys::net::MSG_TRUNC;
        // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`, at most the size of an address to `from`,
        // and that size to the low half of `from_len`.
        let got = unsafe {
            syscall!(Sysno::recvfrom, fd, buf.as_mut_ptr(), buf.len(), flags, from.as_mut_ptr(), &raw mut from_len)
        };
        // SAFETY: all zeroes is an address, and so is what the kernel wrote over it.
        let from = unsafe { from.assume_init() };
        match got.map_err(Errno::from) {
            Ok(got) if from.nl_pid == 0 => return Ok(got),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// What the kernel reads and writes of some datagrams that are received with one call; of fewer, the first ones.
struct Batch {
    heads: [MaybeUninit<mmsghdr>; limits::BATCH],
    parts: [MaybeUninit<iovec>; limits::BATCH],
    names: [MaybeUninit<sockaddr_nl>; limits::BATCH],
}

/// Receives the netlink datagrams that are there, up to `lens.len()`, with one call, each into its own `stride` bytes of `buf`. Gives
/// how many came; their lengths are in `lens`, 0 for one that another process sent. Errors: `EAGAIN` where there is none.
pub fn receive_many(fd: &OwnedFd, buf: &mut [u8], stride: usize, lens: &mut [usize]) -> Result<usize> {
    const DONTWAIT: u32 = 0x40; // linux/socket.h: MSG_DONTWAIT
    const NO_NAME: sockaddr_nl = sockaddr_nl { nl_family: 0, nl_pad: 0, nl_pid: 0, nl_groups: 0 };
    let Batch { heads, parts, names } = &mut Batch {
        heads: [const { MaybeUninit::uninit() }; limits::BATCH],
        parts: [const { MaybeUninit::uninit() }; limits::BATCH],
        names: [const { MaybeUninit::uninit() }; limits::BATCH],
    };
    let rooms = buf.chunks_exact_mut(stride).take(lens.len());
    let mut want = 0_usize;
    for (((head, part), name), room) in heads.iter_mut().zip(parts).zip(names.iter_mut()).zip(rooms) {
        let part = part.write(iovec { iov_base: room.as_mut_ptr().cast(), iov_len: iov_len(room.len()) });
        head.write(mmsghdr {
            msg_hdr: msghdr {
                msg_name: (&raw mut *name.write(NO_NAME)).cast(),
                msg_namelen: NAME_LEN,
                msg_iov: (&raw mut *part).cast(),
                msg_iovlen: 1,
                msg_control: ptr::null_mut(),
                msg_controllen: 0,
                msg_flags: 0,
            },
            msg_len: 0,
        });
        want += 1;
    }
    // SAFETY: `heads` begins with `want` headers whose pointers go to names, parts and rooms in `buf` that live on past the
    // call; the lengths beside them are theirs.
    let got = length(unsafe { call!(recvmmsg, fd.as_raw_fd(), heads.as_mut_ptr(), want, DONTWAIT, 0) }?);
    for ((len, head), name) in lens.iter_mut().zip(heads).zip(names).take(got.min(want)) {
        // SAFETY: it is one of the first `want`, which have been written.
        let head = unsafe { head.assume_init_ref() };
        // SAFETY: as above.
        let name = unsafe { name.assume_init_ref() };
        *len = if name.nl_pid == 0 { length(head.msg_len) } else { 0 };
    }
    Ok(got)
}

/// The size of an address, as `msghdr` has it.
#[allow(clippy::as_conversions, reason = "it is 12")]
const NAME_LEN: c_int = size_of::<sockaddr_nl>() as c_int;

/// A length as `iovec` has it.
#[allow(clippy::as_conversions, clippy::unnecessary_cast, reason = "size_t's alias differs between processors")]
const fn iov_len(n: usize) -> linux_raw_sys::ctypes::c_ulong {
    n as linux_raw_sys::ctypes::c_ulong
}

/// The index of an interface of this network namespace. `netdevice(7): SIOCGIFINDEX`.
#[inline(never)]
pub fn interface_index(fd: &OwnedFd, name: &[u8]) -> Result<u32> {
    const SIOCGIFINDEX: u32 = 0x8933;
    /// Source: `uapi/linux/if.h: struct ifreq`.
    #[repr(C)]
    struct Request {
        name: [u8; limits::IFNAME],
        index: u32,
        rest: [u32; 5],
    }
    let mut request = Request { name: [0; limits::IFNAME], index: 0, rest: [0; 5] };
    if name.len() >= limits::IFNAME {
        return Err(Errno::ENODEV);
    }
    request.name.iter_mut().zip(name).for_each(|(place, byte)| *place = *byte);
    // SAFETY: the kernel reads and writes the struct, which has room for the union behind the name.
    unsafe { call!(ioctl, fd.as_raw_fd(), SIOCGIFINDEX, &raw mut request) }?;
    Ok(request.index)
}

/// Waits until there is something to receive; false when `timeout_ms` passed before. `poll(2)`.
pub fn wait_readable(fd: &OwnedFd, timeout_ms: u32) -> Result<bool> {
    let mut polled = [watch(fd.as_raw_fd())];
    wait(&mut polled, timeout_ms)?;
    Ok(polled.iter().any(is_ready))
}

/// Whether something can be read from a descriptor, as far as has been asked.
pub type Watched = linux_raw_sys::general::pollfd;

/// Nothing has been asked yet.
pub const fn watch(fd: c_int) -> Watched {
    Watched { fd, events: 1, revents: 0 } // POLLIN
}

/// Whether there is something, be it the end.
pub const fn is_ready(watched: &Watched) -> bool {
    watched.revents != 0
}

/// Waits until there is something to read from one of them, or `timeout_ms` have passed; `u32::MAX` is for ever. `poll(2)`.
pub fn wait(watched: &mut [Watched], timeout_ms: u32) -> Result<()> {
    wait_without(watched, timeout_ms, 0..0)
}

/// As [`wait`]; for as long, the kernel takes back the memory of the program's own code. What is run again is still in its copy
/// of the file. `madvise(2)`.
pub fn wait_small(watched: &mut [Watched], timeout_ms: u32) -> Result<()> {
    // The linker's names for the first byte of the program, and the one behind its code. What can be written is behind that,
    // on other pages.
    unsafe extern "C" {
        static __executable_start: u8;
        static etext: u8;
    }
    wait_without(watched, timeout_ms, (&raw const __executable_start).addr()..(&raw const etext).addr() & !4095)
}

/// One function, so that all it needs is in a page or two.
#[inline(never)]
fn wait_without(watched: &mut [Watched], timeout_ms: u32, code: Range<usize>) -> Result<()> {
    let mut rest = [i64::from(timeout_ms / 1000), i64::from(timeout_ms % 1000) * 1_000_000];
    let time = if timeout_ms == u32::MAX { core::ptr::null_mut() } else { rest.as_mut_ptr() };
    if !code.is_empty() {
        // SAFETY: pages of a file that nobody writes to: they are the same when they are read again.
        let _ = unsafe { syscall!(Sysno::madvise, code.start, code.len(), linux_raw_sys::general::MADV_DONTNEED) };
    }
    // SAFETY: the kernel reads and writes as many pollfds, and reads a time of two 64-bit numbers.
    match unsafe { syscall!(PPOLL, watched.as_mut_ptr(), watched.len(), time, 0, 0) }.map_err(Errno::from) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// The `ppoll` that takes a time of 64-bit numbers: since 5.1 a call of its own where `long` has 32 bits.
#[cfg(target_pointer_width = "64")]
pub(super) const PPOLL: Sysno = Sysno::ppoll;
#[cfg(target_pointer_width = "32")]
pub(super) const PPOLL: Sysno = Sysno::ppoll_time64;
