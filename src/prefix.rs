//! An address with a prefix length, of either family.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and the length of its network part: `10.20.30.40/24`, `fd00::1/64`.
///
/// The host bits are kept: an interface's own address has them, a route's destination must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The address, host bits included.
    pub addr: IpAddr,
    /// Bits of the network part: 0 to 32, or to 128 for IPv6.
    pub len: u8,
}

impl Prefix {
    /// The one address itself: `/32`, or `/128` for IPv6.
    pub const fn host(addr: IpAddr) -> Self {
        let len = if addr.is_ipv4() { 32 } else { 128 };
        Self { addr, len }
    }

    /// Whether this is the prefix of a single address.
    pub fn is_host(&self) -> bool {
        *self == Self::host(self.addr)
    }

    /// The network that the address is in: its host bits zero. `10.20.30.40/24` gives `10.20.30.0/24`.
    pub fn network(&self) -> Self {
        self.with_host_bits(false)
    }

    /// Whether no host bit is set.
    pub fn is_network(&self) -> bool {
        *self == self.network()
    }

    /// The highest address of an IPv4 network of up to 30 bits, its broadcast address; otherwise there is none.
    pub fn broadcast(&self) -> Option<IpAddr> {
        if self.addr.is_ipv4() && self.len <= 30 { Some(self.with_host_bits(true).addr) } else { None }
    }

    /// Every host bit set to `ones`.
    fn with_host_bits(&self, ones: bool) -> Self {
        let len = u32::from(self.len);
        let addr = match self.addr {
            IpAddr::V4(addr) => {
                let host = u32::MAX.checked_shr(len).unwrap_or(0);
                let bits = u32::from(addr);
                IpAddr::V4(Ipv4Addr::from(if ones { bits | host } else { bits & !host }))
            }
            IpAddr::V6(addr) => {
                let host = u128::MAX.checked_shr(len).unwrap_or(0);
                let bits = u128::from(addr);
                IpAddr::V6(Ipv6Addr::from(if ones { bits | host } else { bits & !host }))
            }
        };
        Self { addr, len: self.len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_go_and_come() {
        let prefix = |addr: [u8; 4], len| Prefix { addr: IpAddr::from(addr), len };
        assert_eq!(prefix([10, 20, 30, 40], 24).network(), prefix([10, 20, 30, 0], 24));
        assert_eq!(prefix([10, 20, 30, 40], 0).network(), prefix([0; 4], 0));
        assert!(prefix([10, 20, 30, 40], 32).is_network() && prefix([10, 20, 30, 40], 32).is_host());
        assert_eq!(prefix([10, 20, 30, 40], 30).broadcast(), Some(IpAddr::from([10, 20, 30, 43])));
        assert_eq!(prefix([10, 20, 30, 40], 31).broadcast(), None);
        let v6 = Prefix { addr: IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]), len: 64 };
        assert_eq!(v6.network().addr, IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!((v6.is_network(), v6.broadcast()), (false, None));
    }
}
