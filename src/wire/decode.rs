//! A request in words, for `-vv`: `RTM_NEWROUTE REQUEST ACK EXCL CREATE inet prefix 24 …, DST 10.9.0.0, OIF 4`.
//!
//! What is not known here is shown by its number; nothing is left out but what is zero in the fixed part.

use super::attr::{Attr, Attrs};
use crate::bytes::before;
use crate::text::Buf;
use crate::uapi;

/// What a message is about, by its number beyond the first, four of which are for each. Behind `\xff` for each: its name; `\xfe` and the
/// fields of its fixed part (a hexadecimal digit for the place, `.` for a byte or `:` for four of them, and the name); `\xfe` and the
/// length of that part; and its attributes (the number, how to show it: an address, a text, a number, or a nest; and the name).
///
/// One byte string: slices would cost their pointers, lengths and relocations.
const OBJECTS: &[u8] = b"LINK\xfe4:dev 8:flags c:change\xfe\x10\x01aADDRESS \x03tIFNAME \x04nMTU \x05nLINK \x0anMASTER \
\x12oLINKINFO \x14tIFALIAS \x1dnEXT_MASK\xff\
ADDR\xfe1.prefix 3.scope 4:dev\xfe\x08\x01aADDRESS \x02aLOCAL \x03tLABEL \x04aBROADCAST \x08nFLAGS\xff\
ROUTE\xfe1.prefix 4.table 5.protocol 6.scope 7.type 8:flags\xfe\x0c\x01aDST \x02aSRC \x04nOIF \x05aGATEWAY \x06nPRIORITY \
\x07aPREFSRC \x08oMETRICS \x0fnTABLE\xff\
NEIGH\xfe\xfe\x0c\xff\
RULE\xfe1.to 2.from 4.table 7.action 8:flags\xfe\x0c\x01aDST \x02aSRC \x03tIIFNAME \x06nPRIORITY \x0anFWMARK \
\x0enSUPPRESS_PREFIXLEN \x0fnTABLE \x10nFWMASK \x11tOIFNAME \x13nL3MDEV \x15nPROTOCOL\xff\
QDISC\xfe4:dev 8:handle c:parent\xfe\x14\x01tKIND \x02oOPTIONS\xff\
TCLASS\xfe\xfe\x14\xff\
TFILTER\xfe4:dev 8:handle c:parent\xfe\x14\x01tKIND \x02oOPTIONS";

/// `NLM_F_*` of every message, and of those that make something: a bit's number and its name.
const FLAGS: &[u8] = b"0REQUEST 2ACK 8REPLACE 9EXCL :CREATE ;APPEND";
/// Of those that ask.
const QUESTION: &[u8] = b"0REQUEST 2ACK 8DUMP";

/// Puts a request in words.
pub fn put(kind: u16, flags: u16, body: &[u8], out: &mut Buf<'_>) {
    let kind = kind.wrapping_sub(uapi::RTM_NEWLINK);
    let (verb, tables) = match kind % 4 {
        0 => ("NEW", FLAGS),
        1 => ("DEL", FLAGS),
        2 => ("GET", QUESTION),
        _ => ("SET", FLAGS),
    };
    let mut rest = OBJECTS;
    for _ in 0..kind / 4 {
        rest = behind(rest, b'\xff');
    }
    let object = before(rest, b'\xff');
    if object.is_empty() {
        return;
    }
    out.str("RTM_").str(verb).bytes(before(object, b'\xfe'));
    let fields = behind(object, b'\xfe');
    let [fixed, attrs @ ..] = behind(fields, b'\xfe') else { return };
    let fields = before(fields, b'\xfe');
    for flag in tables.split(|byte| *byte == b' ') {
        if let [bit, name @ ..] = flag
            && flags >> (bit - b'0') & 1 != 0
        {
            out.str(" ").bytes(name);
        }
    }
    match body.first() {
        Some(&uapi::AF_INET) => {
            out.str(" inet");
        }
        Some(&uapi::AF_INET6) => {
            out.str(" inet6");
        }
        _ => {}
    }
    for field in fields.split(|byte| *byte == b' ') {
        let [place, width, name @ ..] = field else { continue };
        let place = usize::from(if place.is_ascii_digit() { place - b'0' } else { place - b'a' + 10 });
        let bytes = body.get(place..).unwrap_or_default();
        let value = match (width, bytes.first_chunk()) {
            (b':', Some(word)) => u32::from_ne_bytes(*word),
            _ => bytes.first().copied().unwrap_or(0).into(),
        };
        if value != 0 {
            out.str(" ").bytes(name).str(" ").num(value);
        }
    }
    put_attrs(body.get(usize::from(*fixed)..).unwrap_or_default(), attrs, ", ", out);
}

/// What stands behind the first `separator`; nothing where there is none.
fn behind(bytes: &[u8], separator: u8) -> &[u8] {
    bytes.get(before(bytes, separator).len() + 1..).unwrap_or_default()
}

#[inline(never)]
fn put_attrs(bytes: &[u8], table: &[u8], mut separator: &str, out: &mut Buf<'_>) {
    for attr in Attrs::new(bytes) {
        out.str(separator);
        separator = ", ";
        let known =
            table.split(|byte| *byte == b' ').find(|entry| entry.first().copied().map(u16::from) == Some(attr.kind));
        let (how, name) = match known {
            Some([_, how, name @ ..]) => (*how, name),
            _ => (b'?', &b""[..]),
        };
        if name.is_empty() {
            out.num(attr.kind.into());
        }
        out.bytes(name).str(" ");
        put_value(&attr, how, out);
    }
}

#[inline(never)]
fn put_value(attr: &Attr<'_>, how: u8, out: &mut Buf<'_>) {
    let payload = attr.payload;
    match (how, payload) {
        (b'o', _) => {
            put_attrs(payload, b"", "{", out);
            out.str("}");
        }
        (b'a', _) if attr.ip().is_some() => {
            out.ip(attr.ip().unwrap_or(core::net::IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED)));
        }
        (b'n' | b'?', [a, b, c, d]) => {
            out.num(u32::from_ne_bytes([*a, *b, *c, *d]));
        }
        (_, [one]) => {
            out.num((*one).into());
        }
        (b't' | b'?', bytes) if bytes.iter().all(|byte| matches!(byte, 0 | b' '..=b'~')) => {
            out.shown(before(bytes, 0));
        }
        (_, bytes) => {
            for byte in bytes {
                out.hex((byte / 16).into()).hex((byte % 16).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: u16, flags: u16, body: &[u8]) -> String {
        let mut room = [0; 256];
        let mut out = Buf::new(&mut room);
        put(kind, flags, body, &mut out);
        String::from_utf8_lossy(out.as_bytes()).into_owned()
    }

    #[test]
    fn requests_in_words() {
        let mut room = [0; 256];
        for (command, kind, flags, wanted) in [
            (
                "ip route add 10.9.0.0/24 via 10.1.0.1 dev eth0 table 10",
                uapi::RTM_NEWROUTE,
                uapi::NLM_F_CREATE | uapi::NLM_F_EXCL | uapi::NLM_F_REQUEST,
                "RTM_NEWROUTE REQUEST EXCL CREATE inet prefix 24 table 10 protocol 3 type 1, DST 10.9.0.0, GATEWAY 10.1.0.1, \
OIF 1",
            ),
            (
                "ip -6 rule add pref 2000 l3mdev unreachable",
                uapi::RTM_NEWRULE,
                uapi::NLM_F_ACK,
                "RTM_NEWRULE ACK inet6 action 7, PRIORITY 2000, L3MDEV 1",
            ),
            (
                "ip link add mgmt type vrf table 10",
                uapi::RTM_NEWLINK,
                0,
                "RTM_NEWLINK, IFNAME mgmt, LINKINFO {1 vrf, 2 ",
            ),
        ] {
            let mut body = crate::wire::msg::Writer::new(&mut room);
            assert!(matches!(crate::ip::check(command.as_bytes(), &mut body), Some(Ok(_))), "{command}");
            let shown = shown(kind, flags, body.bytes());
            assert!(shown.starts_with(wanted), "{shown}\n{wanted}");
        }
        assert_eq!(
            shown(uapi::RTM_GETADDR, uapi::NLM_F_DUMP, &[2, 0, 0, 0, 3, 0, 0, 0]),
            "RTM_GETADDR DUMP inet dev 3"
        );
        assert_eq!(shown(9, 0, &[]), "");
        assert_eq!(shown(uapi::RTM_NEWLINK, 0, &[]), "RTM_NEWLINK");
    }
}
