//! Proof of the binding: what a new socket is bound to, asked of the kernel.

use crate::error::Errno;
use crate::sys::net;
use crate::uapi;

/// The interface that new sockets of a family are bound to; 0 is none. `None` where the kernel has not got the family.
///
/// A socket is made as the service will make its own, and its binding read back (`SO_BINDTOIFINDEX`, 5.1).
pub fn bound_to(family: u8) -> Result<Option<u32>, Errno> {
    match net::socket(u32::from(family), uapi::SOCK_DGRAM, 0) {
        Ok(socket) => Ok(Some(net::option(&socket, uapi::SOL_SOCKET, uapi::SO_BINDTOIFINDEX)?)),
        Err(Errno::EAFNOSUPPORT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
