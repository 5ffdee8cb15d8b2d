//! What `check` prints: sections of lines that begin with a mark, and the table of the ways out.

use super::ways::Way;
use crate::bind::program::Level;
use crate::errno;
use crate::text::Buf;

/// What a line says of its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It holds.
    Ok,
    /// It does not hold.
    Fail,
    /// Good to know, and neither.
    Note,
}

impl Mark {
    /// What is to hold.
    pub const fn of(holds: bool) -> Self {
        if holds { Self::Ok } else { Self::Fail }
    }

    /// Begins a line.
    pub fn begin(self, out: &mut Buf<'_>) {
        out.str(match self {
            Self::Ok => "  ok    ",
            Self::Fail => "  FAIL  ",
            Self::Note => "  -     ",
        });
    }
}

/// How a try ended: by an errno, or as below.
pub type End = u8;

/// It was not tried.
pub const UNTRIED: End = 0;
/// Nothing got through.
pub const HELD: End = 254;
/// It got through.
pub const OUT: End = 255;

/// Columns.
const WHAT: usize = 62;
const WIDTH: usize = 23;

#[inline(never)]
fn pad(out: &mut Buf<'_>, to: usize) {
    while out.len() < to && !out.is_cut() {
        out.byte(b' ');
    }
}

/// The table's head: where, and as whom.
pub fn head(level: Level, place: &[u8], out: &mut Buf<'_>) {
    out.str("ways out, tried at level ").str(level.name()).str(" in ").shown(place).str("\n");
    // Columns are counted from here.
    let start = out.len();
    out.str("        what");
    pad(out, start + WHAT);
    out.str("no VRF");
    pad(out, start + WHAT + WIDTH);
    out.str("nobody");
    if level == Level::Strict {
        pad(out, start + WHAT + 2 * WIDTH);
        out.str("root");
    }
}

/// A way's line: whether it works outside of any VRF, where it has to, or else nothing is known; and inside, as nobody and
/// as root. None where it was tried by neither.
#[inline(never)]
pub fn row(way: &Way<'_>, outside: End, inside: [End; 2], out: &mut Buf<'_>) -> Mark {
    let [nobody, root] = inside;
    if nobody | root | outside == UNTRIED {
        return Mark::Note;
    }
    let known = outside == OUT || !way.has_control();
    let mark = if known { Mark::of(nobody != OUT && root != OUT) } else { Mark::Note };
    mark.begin(out);
    out.str(match way.family {
        b'4' => "IPv4: ",
        b'6' => "IPv6: ",
        _ => "",
    });
    out.bytes(way.what);
    let mut column = WHAT;
    for (end, is_inside) in [(outside, false), (nobody, true), (root, true)] {
        if end != UNTRIED {
            pad(out, column);
            out.str(match end {
                OUT if is_inside => "GETS THROUGH",
                OUT => "works",
                _ if !is_inside => "does not work",
                _ if known => "held",
                _ => "?",
            });
        }
        if is_inside && known && end != UNTRIED && end < HELD {
            out.str(" (").bytes(errno::text(end.into()).0).str(")");
        }
        column += WIDTH;
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(outside: u8, nobody: u8, root: u8) -> (Mark, String) {
        let mut room = [0; 256];
        let mut out = Buf::new(&mut room);
        let way = Way::parse(b"a4ud freed");
        let mark = row(&way, outside, [nobody, root], &mut out);
        (mark, String::from_utf8_lossy(out.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_way_out_fails() {
        assert_eq!(line(OUT, OUT, UNTRIED), (Mark::Fail, "FAIL IPv4: freed works GETS THROUGH".to_owned()));
        assert_eq!(line(OUT, HELD, OUT).0, Mark::Fail);
        assert_eq!(line(OUT, 1, HELD), (Mark::Ok, "ok IPv4: freed works held (EPERM) held".to_owned()));
        assert_eq!(line(UNTRIED, UNTRIED, UNTRIED), (Mark::Note, String::new()));
    }

    #[test]
    fn what_works_nowhere_proves_nothing() {
        assert_eq!(line(HELD, HELD, UNTRIED), (Mark::Note, "- IPv4: freed does not work ?".to_owned()));
    }

    #[test]
    fn columns_stand_below_their_heads() {
        let mut room = [0; 512];
        let mut out = Buf::new(&mut room);
        head(Level::Strict, b"/x", &mut out);
        let head = String::from_utf8_lossy(out.as_bytes()).into_owned();
        let head = head.lines().nth(1).unwrap_or_default();
        assert_eq!((head.find("no VRF"), head.find("root")), (Some(WHAT), Some(WHAT + 2 * WIDTH)));
    }
}
