//! Sockets that are opened for a service: bound to its VRF as its own would be, before it has another user or less
//! privileges, and handed over as sd_listen_fds(3) has it: from descriptor 3 on, `LISTEN_FDS` of them.

use crate::bind::seccomp::BINDTODEVICE;
use crate::bytes::before;
use crate::conf::values::{self, Listen};
use crate::error::{Errno, Error, Exit, What};
use crate::log::{Outcome, say};
use crate::sys::args::{Made, Strings};
use crate::sys::{OwnedFd, net, process, time};
use crate::text::Buf;
use crate::uapi;
use core::ffi::CStr;
use core::net::IpAddr;

/// What to open, each as [`values::listen`] reads it.
pub type Specs<'s> = &'s [&'static CStr];

/// The first descriptor.
pub const FIRST: u32 = 3;
/// An address that is not there yet is waited for in steps of so long.
const STEP_MS: u32 = 50;
/// `SO_REUSEADDR`, `IPPROTO_IPV6` and its `IPV6_V6ONLY`. Source: `asm-generic/socket.h`, `uapi/linux/in6.h`.
const REUSEADDR: u32 = 2;
const IPV6: u32 = 41;
const V6ONLY: u32 = 26;
/// `SO_REUSEPORT`; `IPPROTO_IP` and its `IP_FREEBIND`, which an IPv6 socket takes, too.
const REUSEPORT: u32 = 15;
const IPV4: u32 = 0;
const FREEBIND: u32 = 15;

/// Opens the sockets; gives the bits of their descriptors. One that has not got its address yet is waited for: a new IPv6
/// address has to be proven first. They are bound to `device`, unless that is empty.
#[inline(never)]
pub fn open(specs: Specs<'_>, wait_ms: u32, device: &[u8]) -> Outcome<u64> {
    let mut bits = 0;
    for (place, spec) in (FIRST..).zip(specs) {
        let word = spec.to_bytes();
        let refuse = |errno| say(&Error::system(What::Deed("listen on", word), errno));
        let listen =
            values::listen(word).map_err(|says| -> Exit { say(&Error::usage(What::Word(b"listen", word), says)) })?;
        let start = time::now_ms();
        let socket = loop {
            match one(&listen, device) {
                Err(Errno::EADDRNOTAVAIL) if time::now_ms().saturating_sub(start) < u64::from(wait_ms) => {
                    time::sleep_ms(STEP_MS);
                }
                other => break other.map_err(refuse)?,
            }
        };
        // The lowest that is free is this place or one behind: those before it are taken.
        process::duplicate(&socket, i32::try_from(place).unwrap_or(-1)).map_err(refuse)?;
        core::mem::forget(socket); // exec closes it, unless it is in its place
        bits |= 1_u64.checked_shl(place).unwrap_or(0);
    }
    Ok(bits)
}

fn one(listen: &Listen, device: &[u8]) -> Result<OwnedFd, Errno> {
    let kind = if listen.udp { uapi::SOCK_DGRAM } else { uapi::SOCK_STREAM };
    let [high, low] = listen.port.to_be_bytes();
    let mut six = [0; 28];
    let mut four = [0; 16];
    let any = listen.address.is_none();
    let mut made = Err(Errno::EAFNOSUPPORT);
    if any || matches!(listen.address, Some(IpAddr::V6(_))) {
        made = net::socket(uapi::AF_INET6.into(), kind, 0);
    }
    // Where the kernel has no IPv6, all addresses are those of IPv4.
    let is_six = made.is_ok();
    if matches!(made, Err(Errno::EAFNOSUPPORT)) && !matches!(listen.address, Some(IpAddr::V6(_))) {
        made = net::socket(uapi::AF_INET.into(), kind, 0);
    }
    let socket = made?;
    let address = if is_six { &mut six[..] } else { &mut four[..] };
    let family = u16::from(if is_six { uapi::AF_INET6 } else { uapi::AF_INET }).to_ne_bytes();
    let octets = match listen.address {
        Some(IpAddr::V4(address)) => &address.octets()[..],
        Some(IpAddr::V6(address)) => &address.octets()[..],
        None => &[],
    };
    let flow = if is_six { 4 } else { 0 };
    let bytes =
        family.into_iter().chain([high, low]).chain(core::iter::repeat_n(0, flow)).chain(octets.iter().copied());
    address.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    if !listen.udp {
        net::set_option(&socket, uapi::SOL_SOCKET, REUSEADDR, 1)?;
    }
    if is_six && any {
        net::set_option(&socket, IPV6, V6ONLY, listen.v6only.into())?;
    }
    if listen.reuseport {
        net::set_option(&socket, uapi::SOL_SOCKET, REUSEPORT, 1)?;
    }
    if listen.freebind {
        net::set_option(&socket, IPV4, FREEBIND, 1)?;
    }
    if !device.is_empty() {
        net::set_option_bytes(&socket, uapi::SOL_SOCKET, BINDTODEVICE, device)?;
    }
    net::bind(&socket, address)?;
    if !listen.udp {
        net::listen(&socket, listen.backlog)?;
    }
    Ok(socket)
}

/// The bits of the descriptors that somebody else has handed to this process, as sd_listen_fds(3) has it.
pub fn inherited(environment: Strings) -> Outcome<u64> {
    let number = |name| environment.value(name).and_then(|digits| values::u32_(digits).ok());
    let is_own = number(b"LISTEN_PID").is_some_and(|pid| u32::try_from(process::getpid()) == Ok(pid));
    let count = number(b"LISTEN_FDS").filter(|_| is_own).unwrap_or(0);
    if count > u64::BITS - FIRST {
        let word = environment.value(b"LISTEN_FDS").unwrap_or_default();
        let error = Error::usage(What::Word(b"LISTEN_FDS", word), "at most 61 descriptors are passed on");
        return Err(say(&Error { exit: Exit::System, ..error }));
    }
    Ok(bits(count))
}

/// The bits of that many descriptors, at most 61.
const fn bits(count: u32) -> u64 {
    ((1 << count) - 1) << FIRST
}

/// Says in the environment how many there are, and for whom, and what they are.
#[inline(never)]
pub fn announce(specs: Specs<'_>, environment: &mut Made) {
    let mut room = [0; 10];
    let mut digits = |number: u32| -> [u8; 10] {
        room = [0; 10];
        Buf::new(&mut room).num(number);
        room
    };
    let count = digits(u32::try_from(specs.len()).unwrap_or(0));
    environment.set_made(b"LISTEN_FDS=", before(&count, 0));
    let own = digits(u32::try_from(process::getpid()).unwrap_or(0));
    environment.set_made(b"LISTEN_PID=", before(&own, 0));
    let mut names = [0; 256];
    let mut text = Buf::new(&mut names);
    for spec in specs {
        if !text.is_empty() {
            text.byte(b':');
        }
        // A colon separates names: tcp:22 is called tcp-22.
        for byte in before(spec.to_bytes(), b',') {
            text.byte(if *byte == b':' { b'-' } else { *byte });
        }
    }
    environment.set_made(b"LISTEN_FDNAMES=", text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_have_bits_from_3_on() {
        assert_eq!([bits(0), bits(1), bits(2), bits(61)], [0, 8, 24, !7]);
    }
}
