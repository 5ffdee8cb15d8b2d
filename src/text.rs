//! Bytes as text: composed without `core::fmt`, which would cost a sixth of the binary.
//!
//! Names that somebody else chose may hold any byte, terminal escapes included: [`Buf::shown`] and [`Buf::word`] write
//! printable ASCII only.

use crate::bytes::copy;
use core::net::IpAddr;

/// Whether a shell gives this byte a meaning of its own (blanks and control bytes aside).
pub const fn is_shell_special(byte: u8) -> bool {
    matches!(byte, b'!'..=b'$' | b'&'..=b'*' | b';' | b'<' | b'>' | b'?' | b'['..=b']' | b'`' | b'{'..=b'~')
}

/// A text that is being composed. What does not fit is left out, and remembered.
pub struct Buf<'b> {
    bytes: &'b mut [u8],
    len: usize,
    cut: bool,
}

impl<'b> Buf<'b> {
    /// An empty text in that room.
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, len: 0, cut: false }
    }

    /// What has been composed.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Its length.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether something did not fit.
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Goes back to a length it had.
    pub const fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
        }
    }

    /// One byte as it is.
    #[inline(never)]
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        match self.bytes.get_mut(self.len) {
            Some(place) => {
                *place = byte;
                self.len += 1;
            }
            None => self.cut = true,
        }
        self
    }

    /// Bytes as they are.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let copied = copy(bytes, room);
        self.cut |= copied < bytes.len();
        self.len += copied;
        self
    }

    /// Text.
    #[inline(never)]
    pub fn str(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// A number.
    #[inline(never)]
    pub fn num(&mut self, number: u32) -> &mut Self {
        if number >= 10 {
            self.num(number / 10);
        }
        self.digit(number % 10)
    }

    /// A number in hexadecimal.
    #[inline(never)]
    pub fn hex(&mut self, number: u32) -> &mut Self {
        if number >= 16 {
            self.hex(number / 16);
        }
        self.digit(number % 16)
    }

    fn digit(&mut self, digit: u32) -> &mut Self {
        self.byte(b"0123456789abcdef".get(usize::try_from(digit).unwrap_or(0)).copied().unwrap_or(b'?'))
    }

    /// Bytes for a message: printable ASCII as it is, a backslash doubled, everything else as `\xNN`.
    #[inline(never)]
    pub fn shown(&mut self, bytes: &[u8]) -> &mut Self {
        for &byte in bytes {
            if byte == b'\\' {
                self.byte(byte);
            }
            self.escaped(byte);
        }
        self
    }

    /// One byte, as `\xNN` where it is not printable ASCII.
    fn escaped(&mut self, byte: u8) {
        if byte == b' ' || byte.is_ascii_graphic() {
            self.byte(byte);
        } else {
            self.str("\\x").digit(u32::from(byte / 16)).digit(u32::from(byte % 16));
        }
    }

    /// An address as everybody writes it (RFC 5952).
    #[inline(never)]
    pub fn ip(&mut self, addr: IpAddr) -> &mut Self {
        let v6 = match addr {
            IpAddr::V4(v4) => return self.dotted(v4.octets()),
            IpAddr::V6(v6) => v6,
        };
        if let Some(v4) = v6.to_ipv4_mapped() {
            return self.str("::ffff:").dotted(v4.octets());
        }
        // The first of the longest runs of zeros: where it begins, and behind its last; and the run at hand.
        let (mut gap, mut run) = ((8, 8), (0, 0));
        for (at, group) in v6.segments().iter().enumerate() {
            run = if *group == 0 { (run.0, at + 1) } else { (at + 1, at + 1) };
            if run.1 - run.0 > 1.max(gap.1 - gap.0) {
                gap = run;
            }
        }
        for (at, group) in v6.segments().iter().enumerate() {
            if at == gap.0 {
                self.str("::");
            }
            if at >= gap.0 && at < gap.1 {
                continue;
            }
            if at != 0 && at != gap.1 {
                self.byte(b':');
            }
            self.hex(u32::from(*group));
        }
        self
    }

    /// Four octets.
    fn dotted(&mut self, octets: [u8; 4]) -> &mut Self {
        for (at, octet) in octets.iter().enumerate() {
            if at > 0 {
                self.byte(b'.');
            }
            self.num(u32::from(*octet));
        }
        self
    }
}
