//! Values: one word to one typed value.
//!
//! Every function answers with the value or with a short reason, which follows the word in a message:
//! `10.0.0.300/24: not an IPv4 or IPv6 address`.
//!
//! Numbers are decimal, or hexadecimal after `0x`. A number or an octet with a leading zero is refused: iproute2
//! reads it as octal, most people do not. Names that iproute2 looks up in `/etc/iproute2` (`rt_tables`, `rt_scopes`,
//! `rt_protos`) are not looked up: only those built into it are known.
//!
//! Source: iproute2 7.1 `lib/utils.c`, `lib/rt_names.c`; interfaces(5) of ifupdown-ng.

use super::lines::is_blank;
use super::words::{Words, code, coded};
use crate::bytes::before;
use crate::prefix::Prefix;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a word is not the value that it should be.
pub type Reason = &'static str;

/// The reason of [`u32_`].
const NOT_A_NUMBER: Reason = "not a number (decimal, or 0x and hexadecimal, up to 4294967295)";
/// The reason of [`address`].
const NOT_AN_ADDRESS: Reason = "not an IPv4 or IPv6 address";
/// The reason of [`netmask`].
const NOT_A_NETMASK: Reason = "not a prefix length or netmask";

/// Scopes by name: pairs of name and `RT_SCOPE_*`.
pub const SCOPES: &[u8] = b"global 0 link 253 host 254 site 200 nowhere 255";

/// Origins of routes and rules by name: pairs of name and `RTPROT_*`, as built into iproute2.
pub const PROTOS: &[u8] = b"unspec 0 redirect 1 kernel 2 boot 3 static 4 gated 8 ra 9 mrt 10 zebra 11 bird 12 \
dnrouted 13 xorp 14 ntk 15 dhcp 16 keepalived 18 babel 42 bgp 186 isis 187 ospf 188 rip 189 eigrp 192";

/// Tables by name: pairs of name and `RT_TABLE_*`.
pub const TABLES: &[u8] = b"default 253 main 254 local 255";

/// A number of 32 bits.
///
/// # Errors
/// Not decimal or `0x` hexadecimal, a leading zero, or too large.
pub fn u32_(word: &[u8]) -> Result<u32, Reason> {
    match word {
        [b'0', b'x' | b'X', hex @ ..] => digits(hex, 16),
        [b'0', _, ..] => None,
        _ => digits(word, 10),
    }
    .ok_or(NOT_A_NUMBER)
}

/// An address of either family.
///
/// # Errors
/// Anything else. IPv4 has four decimal octets (iproute2 also reads `10.1` as 10.1.0.0); no zone (`%eth0`).
pub fn address(word: &[u8]) -> Result<IpAddr, Reason> {
    let mut groups = [0; 8];
    if let Some(v4) = v4(word) {
        Ok(IpAddr::V4(v4))
    } else if v6(word, &mut groups).is_some() {
        Ok(IpAddr::V6(Ipv6Addr::from(groups)))
    } else {
        Err(NOT_AN_ADDRESS)
    }
}

/// `ADDRESS[/LENGTH]` or `ADDRESS/NETMASK`: the address, and its length where one is said.
///
/// # Errors
/// Not an address; not a length or netmask of its family.
pub fn address_len(word: &[u8]) -> Result<(IpAddr, Option<u8>), Reason> {
    let (addr, mask) = cut(word);
    let addr = address(addr)?;
    let len = match mask {
        None => None,
        Some(mask) => {
            let len = netmask(mask)?;
            if len > Prefix::host(addr).len || addr.is_ipv6() && mask.contains(&b'.') {
                return Err("prefix length does not fit the address");
            }
            Some(len)
        }
    };
    Ok((addr, len))
}

/// `ADDRESS[/LENGTH]` or `ADDRESS/NETMASK`; without a length it is the one address, as in iproute2.
///
/// # Errors
/// As [`address_len`].
pub fn prefix(word: &[u8]) -> Result<Prefix, Reason> {
    let (addr, len) = address_len(word)?;
    Ok(len.map_or(Prefix::host(addr), |len| Prefix { addr, len }))
}

/// The length that ifupdown gives an address when neither it nor a `netmask` says one: 24, or 64 for IPv6.
pub const fn default_len(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { 24 } else { 64 }
}

/// The value of `netmask`: `255.255.255.0`, or a length up to 128, whose fit with an address the caller checks.
///
/// # Errors
/// Neither; or a netmask with a gap, which ifupdown-ng takes for its first run of ones.
pub fn netmask(word: &[u8]) -> Result<u8, Reason> {
    if let Some(mask) = v4(word) {
        let mask = u32::from(mask);
        if mask.leading_ones() + mask.trailing_zeros() < 32 {
            return Err("not a netmask: its ones are not contiguous");
        }
        return u8::try_from(mask.leading_ones()).map_err(|_| NOT_A_NETMASK);
    }
    match decimal(word) {
        Some(len @ 0..=128) => Ok(len),
        _ => Err(NOT_A_NETMASK),
    }
}

/// An Ethernet address: six bytes in hexadecimal with colons between them.
///
/// # Errors
/// Anything else, addresses of other kinds of link included.
pub fn mac(word: &[u8]) -> Result<[u8; 6], Reason> {
    let mut parts = word.split(|&byte| byte == b':');
    let mut mac = [0; 6];
    for byte in &mut mac {
        let part = parts.next().and_then(|part| digits(part, 16));
        *byte = part.and_then(|part| u8::try_from(part).ok()).ok_or(NOT_A_MAC)?;
    }
    if parts.next().is_none() { Ok(mac) } else { Err(NOT_A_MAC) }
}

/// The reason of [`mac`].
const NOT_A_MAC: Reason = "not an Ethernet address (00:11:22:33:44:55)";

/// A socket to open for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// For datagrams.
    pub udp: bool,
    /// Its address; `None` is all of them, of both families.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
    /// Connections that may wait; the kernel takes net.core.somaxconn where that is less.
    pub backlog: u32,
    /// Others of the same user may listen there, too.
    pub reuseport: bool,
    /// The address need not be there.
    pub freebind: bool,
    /// All addresses are those of IPv6.
    pub v6only: bool,
}

/// `tcp:PORT`, `udp:PORT`, `tcp:ADDRESS:PORT`, `tcp:[ADDRESS]:PORT`, and behind it, each after a comma, `reuseport`,
/// `freebind`, `v6only`, `backlog=N`.
#[inline(never)]
pub fn listen(word: &[u8]) -> Result<Listen, Reason> {
    let (udp, rest) = match word {
        [b't', b'c', b'p', b':', rest @ ..] => (false, rest),
        [b'u', b'd', b'p', b':', rest @ ..] => (true, rest),
        _ => return Err("not tcp:PORT, udp:PORT, tcp:ADDRESS:PORT or tcp:[ADDRESS]:PORT"),
    };
    let mut parts = rest.split(|byte| *byte == b',');
    let rest = parts.next().unwrap_or_default();
    let (mut backlog, mut reuseport, mut freebind, mut v6only) = (4096, false, false, false);
    for part in parts {
        match (code(const { &coded(b" rreuseport ffreebind 6v6only") }, part), part.strip_prefix(b"backlog=")) {
            (b'r', _) => reuseport = true,
            (b'f', _) => freebind = true,
            (b'6', _) => v6only = true,
            (_, Some(number)) => backlog = u32_(number).map_err(|_| "the backlog is not a number")?,
            _ => return Err("behind a comma stand reuseport, freebind, v6only, backlog=N"),
        }
    }
    let (host, port) = match rest.iter().rposition(|byte| *byte == b':') {
        Some(colon) => (rest.get(..colon).unwrap_or_default(), rest.get(colon + 1..).unwrap_or_default()),
        None => (&b""[..], rest),
    };
    let address = match host {
        b"" if host.len() + port.len() == rest.len() => None,
        [b'[', six @ .., b']'] => Some(address(six).ok().filter(IpAddr::is_ipv6).ok_or(NOT_AN_ADDRESS)?),
        four => Some(address(four).ok().filter(IpAddr::is_ipv4).ok_or("an IPv6 address stands in brackets")?),
    };
    match u32_(port).ok().and_then(|port| u16::try_from(port).ok()) {
        Some(port) if port > 0 => Ok(Listen { udp, address, port, backlog, reuseport, freebind, v6only }),
        _ => Err("the port is not a number from 1 to 65535"),
    }
}

/// `yes`, `on`, `true`, `1`, or `no`, `off`, `false`, `0`.
///
/// # Errors
/// Any other word.
pub fn yes_no(word: &[u8]) -> Result<bool, Reason> {
    match code(const { &coded(b" yyes yon ytrue y1 nno noff nfalse n0") }, word) {
        b'y' => Ok(true),
        b'n' => Ok(false),
        _ => Err("neither yes nor no"),
    }
}

/// The name of an interface, as the kernel lets one be called (`net/core/dev.c: dev_valid_name`).
///
/// A `%` is refused too: in a name to be made the kernel replaces `%d`, so no interface has one.
/// Not done: alternative names (`ip link property add altname`), which may be longer.
///
/// # Errors
/// The reason names the limit.
pub fn if_name(word: &[u8]) -> Result<&[u8], Reason> {
    // 0xa0 is a blank to the kernel's isspace().
    let forbidden = |&byte: &u8| is_blank(byte) || matches!(byte, 0 | b'/' | b':' | b'%' | 0xa0);
    match word {
        b"" => Err("empty interface name"),
        _ if word.len() > IF_NAME_MAX => Err("longer than 15 bytes, the kernel's limit for interface names"),
        b"." | b".." => Err("not an interface name"),
        _ if word.iter().any(forbidden) => Err("not an interface name: blank, '/', ':' or '%' in it"),
        _ => Ok(word),
    }
}

/// The name of a stanza: an interface's, or one with a label behind it, `eth0:1`, which is eth0 by another name.
///
/// # Errors
/// As of [`if_name`].
pub fn stanza_name(word: &[u8]) -> Result<&[u8], Reason> {
    let device = before(word, b':');
    if_name(if device.len() + 1 < word.len() && word.len() <= IF_NAME_MAX { device } else { word })
}

/// The longest name of an interface, bytes: `IFNAMSIZ` without its zero.
pub const IF_NAME_MAX: usize = 15;

/// A routing table: 1 to 4294967295, or `main`, `local`, `default`.
///
/// # Errors
/// Any other name or number. Not done: `/etc/iproute2/rt_tables`.
pub fn table(word: &[u8]) -> Result<u32, Reason> {
    match number_of(TABLES, word).or_else(|| u32_(word).ok()) {
        None | Some(0) => Err("not a routing table (1 to 4294967295, main, local or default)"),
        Some(table) => Ok(table),
    }
}

/// A scope, `RT_SCOPE_*`: `global`, `link`, `host`, `site`, `nowhere`, or 0 to 255.
///
/// # Errors
/// Any other name or number. Not done: `/etc/iproute2/rt_scopes`.
pub fn scope(word: &[u8]) -> Result<u8, Reason> {
    byte(SCOPES, word).ok_or("not a scope (global, link, host, site or 0 to 255)")
}

/// Who made a route or rule, `RTPROT_*`: `boot`, `static`, `kernel`, `dhcp` and the others that iproute2 has built
/// in, or 0 to 255.
///
/// # Errors
/// Any other name or number. Not done: `/etc/iproute2/rt_protos`.
pub fn proto(word: &[u8]) -> Result<u8, Reason> {
    byte(PROTOS, word).ok_or("not a routing protocol (boot, static, kernel, dhcp … or 0 to 255)")
}

/// A rule's preference: 0 to 4294967295, the lower goes first.
///
/// # Errors
/// Not a number.
pub fn pref(word: &[u8]) -> Result<u32, Reason> {
    u32_(word)
}

/// The name of a table, empty where it has none.
pub fn table_name(table: u32) -> &'static [u8] {
    name_of(TABLES, table)
}

/// The name of a scope, empty where it has none.
pub fn scope_name(scope: u8) -> &'static [u8] {
    name_of(SCOPES, scope.into())
}

/// The name of an `RTPROT_*`, empty where it has none.
pub fn proto_name(proto: u8) -> &'static [u8] {
    name_of(PROTOS, proto.into())
}

/// The number that stands after `name` in `pairs`.
fn number_of(pairs: &'static [u8], name: &[u8]) -> Option<u32> {
    let mut words = Words::new(pairs);
    while let (Some(word), Some(number)) = (words.next(), words.next()) {
        if word == name {
            return digits(number, 10);
        }
    }
    None
}

/// The name that stands before `number` in `pairs`; empty if none does.
#[inline(never)]
pub fn name_of(pairs: &'static [u8], number: u32) -> &'static [u8] {
    let mut words = Words::new(pairs);
    while let (Some(word), Some(digit)) = (words.next(), words.next()) {
        if digits(digit, 10) == Some(number) {
            return word;
        }
    }
    b""
}

/// A name of `pairs`, or a number of one byte.
fn byte(pairs: &'static [u8], word: &[u8]) -> Option<u8> {
    let number = number_of(pairs, word).or_else(|| u32_(word).ok())?;
    u8::try_from(number).ok()
}

/// What stands before the first slash, and what behind it, if there is one.
pub(super) fn cut(word: &[u8]) -> (&[u8], Option<&[u8]>) {
    let slash = word.iter().position(|&byte| byte == b'/').unwrap_or(word.len());
    let (before, behind) = word.split_at_checked(slash).unwrap_or_default();
    (before, behind.split_first().map(|(_, behind)| behind))
}

/// Digits of that radix and nothing else, of at most 32 bits.
fn digits(word: &[u8], radix: u32) -> Option<u32> {
    let mut number = 0_u32;
    for &byte in word {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20).checked_sub(b'a')?.checked_add(10)?,
        };
        let digit = u32::from(digit);
        if digit >= radix {
            return None;
        }
        number = number.checked_mul(radix)?.checked_add(digit)?;
    }
    if word.is_empty() { None } else { Some(number) }
}

/// A decimal number of one byte without leading zeros.
fn decimal(word: &[u8]) -> Option<u8> {
    match word {
        [b'0', _, ..] => None,
        _ => u8::try_from(digits(word, 10)?).ok(),
    }
}

/// Four decimal octets.
fn v4(word: &[u8]) -> Option<Ipv4Addr> {
    let mut parts = word.split(|&byte| byte == b'.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        *octet = decimal(parts.next()?)?;
    }
    if parts.next().is_none() { Some(Ipv4Addr::from(octets)) } else { None }
}

/// Eight groups of 16 bits, of which `::` stands for one or more zeros, and the last two may be an IPv4 address.
/// `groups` are all 0 before.
#[inline(never)]
fn v6(word: &[u8], groups: &mut [u16; 8]) -> Option<()> {
    let mut count = 0;
    // How many groups stand before the gap.
    let mut gap = None;
    let mut rest = word;
    if let [b':', b':', behind @ ..] = word {
        gap = Some(0);
        rest = behind;
    }
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b':').unwrap_or(rest.len());
        let (group, behind) = rest.split_at_checked(end)?;
        let mut low = group;
        let mut bits = 0;
        if behind.is_empty() {
            // Only the address's end may be an IPv4 address.
            if let Some(v4) = v4(group) {
                let v4 = u32::from(v4);
                *groups.get_mut(count)? = u16::try_from(v4 >> 16).ok()?;
                count += 1;
                bits = v4 & 0xffff;
                low = b"0";
            }
        }
        if low.len() > 4 {
            return None;
        }
        *groups.get_mut(count)? = u16::try_from(bits | digits(low, 16)?).ok()?;
        count += 1;
        rest = match behind {
            [] => behind,
            [b':', b':', behind @ ..] if gap.is_none() => {
                gap = Some(count);
                behind
            }
            [b':', behind @ ..] if !behind.is_empty() => behind,
            _ => return None,
        };
    }
    if gap.is_some() == (count == groups.len()) {
        return None;
    }
    // What stands behind the gap moves to the end.
    let mut to = groups.len();
    while count > gap.unwrap_or(count) {
        count -= 1;
        to -= 1;
        let group = core::mem::take(groups.get_mut(count)?);
        *groups.get_mut(to)? = group;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uapi;

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!([u32_(b"0"), u32_(b"4294967295"), u32_(b"0xffFFffff")], [Ok(0), Ok(u32::MAX), Ok(u32::MAX)]);
        for word in [b"".as_slice(), b"4294967296", b"010", b"0x", b"+1", b"-1", b"1k", b"0x1g", b"\xffa"] {
            assert_eq!(u32_(word), Err(NOT_A_NUMBER));
        }
    }

    #[test]
    fn addresses_are_whole() {
        for word in [b"10.1".as_slice(), b"10.0.0.01", b"1.2.3.4.5", b":::", b"1::2::3", b"fe80::1%eth0", b"1.2.3.4::"]
        {
            assert_eq!(address(word), Err(NOT_AN_ADDRESS));
        }
        assert_eq!(address(b"::ffff:1.2.3.4"), Ok(IpAddr::V6(Ipv4Addr::new(1, 2, 3, 4).to_ipv6_mapped())));
        assert_eq!(prefix(b"10.0.0.1"), Ok(Prefix { addr: Ipv4Addr::new(10, 0, 0, 1).into(), len: 32 }));
        assert_eq!(prefix(b"fd00::/8").map(|prefix| prefix.len), Ok(8));
        assert_eq!(address_len(b"10.0.0.1/255.255.0.0").map(|(_, len)| len), Ok(Some(16)));
        for word in [b"10.0.0.0/33".as_slice(), b"fd00::/129", b"10.0.0.0/", b"fd00::/255.0.0.0", b"10.0.0.0/8/8"] {
            assert!(prefix(word).is_err());
        }
    }

    #[test]
    fn netmasks_have_no_gap() {
        assert_eq!(
            [netmask(b"255.255.255.0"), netmask(b"0.0.0.0"), netmask(b"255.255.255.255")],
            [Ok(24), Ok(0), Ok(32)]
        );
        assert_eq!([netmask(b"24"), netmask(b"128")], [Ok(24), Ok(128)]);
        assert!(
            [b"255.0.255.0".as_slice(), b"0.0.0.255", b"129", b"", b"024"].iter().all(|word| netmask(word).is_err())
        );
    }

    #[test]
    fn a_mac_has_six_bytes() {
        assert_eq!(mac(b"02:0:5e:10:00:Ff"), Ok([2, 0, 0x5e, 16, 0, 255]));
        assert!(
            [b"02:00:5e:10:00".as_slice(), b"1:2:3:4:5:6:7", b"1:2:3:4:5:100", b""]
                .iter()
                .all(|word| mac(word).is_err())
        );
    }

    #[test]
    fn interface_names_are_the_kernels() {
        assert!(
            [b"a".as_slice(), b"eth0.10", b"123456789012345", b"...", b"\xc3\xbc"]
                .iter()
                .all(|name| if_name(name).is_ok())
        );
        for name in
            [b"".as_slice(), b".", b"..", b"a/b", b"a:1", b"a b", b"eth%d", b"1234567890123456", b"a\xa0", b"a\0"]
        {
            assert!(if_name(name).is_err());
        }
    }

    #[test]
    fn names_stand_for_the_kernels_numbers() {
        assert_eq!([scope(b"global"), scope(b"link")], [Ok(uapi::RT_SCOPE_UNIVERSE), Ok(uapi::RT_SCOPE_LINK)]);
        assert_eq!([scope(b"host"), scope(b"site")], [Ok(uapi::RT_SCOPE_HOST), Ok(uapi::RT_SCOPE_SITE)]);
        assert_eq!([proto(b"boot"), proto(b"static")], [Ok(uapi::RTPROT_BOOT), Ok(uapi::RTPROT_STATIC)]);
        assert_eq!(proto(b"eigrp").map(u32::from), Ok(linux_raw_sys::netlink::RTPROT_EIGRP));
        assert_eq!([table(b"main"), table(b"local")], [Ok(uapi::RT_TABLE_MAIN), Ok(uapi::RT_TABLE_LOCAL)]);
        assert_eq!(table(b"0x64"), Ok(100));
        assert!(table(b"0").is_err() && table(b"mgmt").is_err() && scope(b"256").is_err());
        assert_eq!(
            (table_name(254), scope_name(253), proto_name(4)),
            (b"main".as_slice(), b"link".as_slice(), b"static".as_slice())
        );
        assert_eq!((table_name(10), proto_name(5)), (b"".as_slice(), b"".as_slice()));
    }

    #[test]
    fn sockets_to_listen_on() {
        let of = |word: &str| listen(word.as_bytes());
        let four = address(b"10.0.0.1").ok();
        let plain = Listen {
            udp: false,
            address: None,
            port: 22,
            backlog: 4096,
            reuseport: false,
            freebind: false,
            v6only: false,
        };
        assert_eq!(of("tcp:22"), Ok(plain));
        assert_eq!(of("udp:10.0.0.1:53"), Ok(Listen { udp: true, address: four, port: 53, ..plain }));
        let options = Listen { backlog: 7, reuseport: true, freebind: true, v6only: true, ..plain };
        assert_eq!(of("tcp:22,backlog=7,reuseport,freebind,v6only"), Ok(options));
        for wrong in ["tcp:22,", "tcp:22,fast", "tcp:22,backlog=", "tcp:22,backlog=x", "tcp:,v6only"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert_eq!(of("tcp:[fd00::1]:65535").map(|listen| listen.address), Ok(address(b"fd00::1").ok()));
        for wrong in [
            "",
            "tcp",
            "tcp:",
            "tcp:0",
            "tcp:65536",
            "tcp:x",
            "sctp:1",
            "tcp::22",
            "tcp:fd00::1:22",
            "tcp:[10.0.0.1]:1",
            "tcp:[fd00::1]",
            "tcp:10.0.0.300:1",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
