//! Proof of the binding: what a new socket is bound to, asked of the kernel, and whether it lets anything out.

use crate::error::Errno;
use crate::sys::{OwnedFd, net};
use crate::uapi;
use core::mem::ManuallyDrop;

/// The interface that new sockets of a family and kind are bound to; 0 is none. `None` where the kernel has not got the
/// family. The socket is left open in `last`: exec closes it, and each close would be a system call more.
///
/// A socket is made as the service will make its own, and its binding read back (`SO_BINDTOIFINDEX`, 5.1).
#[inline(never)]
pub fn bound_to(family: u8, kind: u32, last: &mut Option<ManuallyDrop<OwnedFd>>) -> Result<Option<u32>, Errno> {
    match net::socket(u32::from(family), kind, 0) {
        Ok(socket) => {
            let socket = last.insert(ManuallyDrop::new(socket));
            Ok(Some(net::option(socket, uapi::SOL_SOCKET, uapi::SO_BINDTOIFINDEX)?))
        }
        Err(Errno::EAFNOSUPPORT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Whether the kernel makes a socket whose packets leave by sockets of its own (MPTCP).
pub fn makes_mptcp() -> bool {
    net::socket(uapi::AF_INET.into(), uapi::SOCK_STREAM, uapi::IPPROTO_MPTCP).is_ok()
}

/// Whether a packet gets to an interface that is not of the VRF: one to this machine's own lo, which an IPv4 datagram socket
/// names for itself (`IP_PKTINFO`).
///
/// Where lo is down it does not either, and nothing is proven.
pub fn lets_out(socket: &OwnedFd) -> bool {
    const IP: u32 = 0; // SOL_IP
    const PKTINFO: u32 = 8;
    let mut lo = [0; 12]; // struct in_pktinfo: the interface, and two addresses
    lo.iter_mut().zip(1_u32.to_ne_bytes()).for_each(|(place, byte)| *place = byte);
    let [low, high] = u16::from(uapi::AF_INET).to_ne_bytes();
    let discard = [low, high, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]; // sockaddr_in: 127.0.0.1, port 9
    net::send_to(socket, b"\n", &discard, Some((IP, PKTINFO, &lo))).is_ok()
}
