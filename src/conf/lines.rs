//! Lines: the configuration's text as logical lines, each with its place.
//!
//! [`join`] goes over the text once, in place, before anything else reads it; [`Lines`] then gives the lines out.
//! No byte moves, so an offset is the same before and after, and [`line_number`] tells which line of the file it is.
//!
//! What `join` does with a byte, by what stands before it:
//!
//! | state | blank | `#` | `\` newline | `\` byte | `'` or `"` | newline | other |
//! |---|---|---|---|---|---|---|---|
//! | gap (line start, after a blank) | gap | blank it, → comment | joined, gap | → word | → quoted ¹ | gap | → word |
//! | word | → gap | kept | joined, → gap | kept | → quoted ¹ | → gap | kept |
//! | quoted | kept | kept | joined | kept ² | its own: → word | ³ | kept |
//! | comment | blanked | blanked | newline, → gap | blanked | blanked | → gap | blanked |
//!
//! ¹ if it is closed before the logical line ends; an apostrophe on its own (`alias Bob's desk # 3`) is an ordinary
//! byte. ² in `"…"` an escaped `"` does not close it; in `'…'` a backslash means nothing, except before a newline.
//! ³ cannot be: a quote that is not closed does not open.
//!
//! *Joined*: the backslash becomes a space and the newline [`VT`], which counts as a newline for positions and as a
//! blank for words. A VT or NUL that the user wrote is made a space first, and so is CR before LF.
//! **Who hands a line to a shell writes VT as a space**: a shell takes VT for a letter.
//!
//! Where ifupdown-ng 0.12.1 (`libifupdown/fgetline.c`, `interface-file.c`) differs from its interfaces(5), or from us:
//!
//! | text | ifupdown-ng | here |
//! |---|---|---|
//! | `#` inside a word or in quotes | starts a comment | is a byte like any other |
//! | `\#` | both bytes vanish | both stay, for the shell, to which it is a plain `#` |
//! | a comment that ends in a backslash | ends with its line | the same |
//! | `eth0\`, newline, blanks, `eth1` | `eth0eth1` | `eth0 eth1`, as in a shell |
//! | CR alone | ends a line | is a blank |
//! | a line over 4095 bytes | is cut in two | has no limit |
//! | a comment at the end of the last line, which has no newline | leaves a byte 0xff | is gone |
//! | blanks at the end of a value | are part of it | are not |
//! | first byte not a letter | line skipped in silence | given out; whoever knows the keywords ignores it |
//! | line numbers | logical lines counted | lines of the file counted |
//!
//! Source: interfaces(5) of ifupdown-ng, *FILE SYNTAX*.

/// What [`join`] makes of the newline after a backslash: vertical tab.
pub const VT: u8 = 0x0b;

/// Whether this byte separates words: space, tab, newline, VT, form feed, CR; `isspace` of the C locale.
pub const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

// Where [`join`] is in a line; the table above. In quotes it is the quote's byte.
const GAP: u8 = b' ';
const WORD: u8 = b'w';
const COMMENT: u8 = b'#';

/// Makes continuation lines part of the line before, and comments blank, in place.
///
/// To be called once on a text: a second pass would take the joints of the first for blanks.
#[inline(never)]
pub fn join(text: &mut [u8]) {
    let mut state = GAP;
    let mut at = 0_usize;
    while let Some([byte, tail @ ..]) = text.get_mut(at..) {
        at += 1;
        // Most bytes mean nothing.
        if matches!((state, *byte), (GAP | WORD, b' ' | b'\n' | b'-'..=b':' | b'a'..=b'z')) {
            state = if is_blank(*byte) { GAP } else { WORD };
            continue;
        }
        match (*byte, &mut *tail) {
            (b'\n', _) => state = GAP,
            (b'\r', [b'\n', ..]) => *byte = b' ',
            _ if state == COMMENT => *byte = b' ',
            (b'\\', [cr @ b'\r', lf @ b'\n', ..]) => {
                (*byte, *cr, *lf) = (b' ', b' ', VT);
                at += 2;
            }
            (b'\\', [lf @ b'\n', ..]) => {
                (*byte, *lf) = (b' ', VT);
                at += 1;
            }
            (b'\\', [next, ..]) if state != b'\'' => {
                if matches!(*next, 0 | VT) {
                    *next = b' ';
                }
                at += 1;
            }
            (0 | VT, _) => *byte = b' ',
            _ => {}
        }
        state = match state {
            GAP if *byte == b'#' => {
                *byte = b' ';
                COMMENT
            }
            GAP | WORD => match *byte {
                b'\'' | b'"' if closes(tail, *byte) => *byte,
                blank if is_blank(blank) => GAP,
                _ => WORD,
            },
            quote if quote == *byte => WORD,
            other => other,
        };
    }
}

/// Whether `quote` comes again before the logical line ends.
fn closes(text: &[u8], quote: u8) -> bool {
    let mut escaped = false;
    for &byte in text {
        match byte {
            b'\r' => continue,
            b'\n' if !escaped => return false,
            _ if byte == quote && !(escaped && quote == b'"') => return true,
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    false
}

/// One logical line: neither empty nor a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where `body` begins: bytes from the start of the text.
    pub at: u32,
    /// The line without the blanks around it, and without a comment at its end.
    pub body: &'a [u8],
}

/// The logical lines of a text that [`join`] has been over.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    at: u32,
}

impl<'a> Lines<'a> {
    /// The lines of `text`, from its start. Offsets beyond 4 GiB stay at `u32::MAX`.
    pub const fn new(text: &'a [u8]) -> Self {
        Self { rest: text, at: 0 }
    }

    /// Those between two offsets.
    pub(super) fn within(text: &'a [u8], from: u32, to: usize) -> Self {
        let rest = usize::try_from(from).ok().and_then(|from| text.get(from..to));
        Self { rest: rest.unwrap_or_default(), at: from }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<Line<'a>> {
        let text = trim_start(self.rest);
        let at = self.at.saturating_add(offset(self.rest.len() - text.len()));
        let end = text.iter().position(|&byte| byte == b'\n').unwrap_or(text.len());
        let (line, rest) = text.split_at_checked(end)?;
        self.rest = rest;
        self.at = at.saturating_add(offset(end));
        if line.is_empty() { None } else { Some(Line { at, body: trim_end(line) }) }
    }
}

/// The line of the file, from 1, in which byte `at` of its text stands.
pub fn line_number(text: &[u8], at: u32) -> u32 {
    let before = usize::try_from(at).ok().and_then(|at| text.get(..at)).unwrap_or(text);
    newlines(before).saturating_add(1)
}

/// How many lines of a file end in a text.
#[inline(never)]
pub fn newlines(text: &[u8]) -> u32 {
    offset(text.iter().filter(|&&byte| byte == b'\n' || byte == VT).count())
}

/// A length as an offset.
pub fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Without the blanks before it.
#[inline(never)]
pub(super) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_blank(*first) {
            break;
        }
        text = rest;
    }
    text
}

/// Without the blanks at the end.
fn trim_end(mut line: &[u8]) -> &[u8] {
    while let [head @ .., last] = line {
        if !is_blank(*last) {
            break;
        }
        line = head;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bodies of `text`, with `|` between them, VT as `^`.
    fn joined<const N: usize>(mut text: [u8; N]) -> heapless::String<256> {
        join(&mut text);
        let mut out = heapless::String::new();
        for line in Lines::new(&text) {
            for &byte in line.body {
                let _ = out.push(if byte == VT { '^' } else { char::from(byte) });
            }
            let _ = out.push('|');
        }
        out
    }

    #[test]
    fn backslash_newline_joins() {
        assert_eq!(joined(*b"a b \\\n  c\nd"), "a b  ^  c|d|");
        assert_eq!(joined(*b"a\\\r\nb\r\nc\r\n"), "a  ^b|c|");
        assert_eq!(joined(*b"a\\\\\nb"), "a\\\\|b|");
        assert_eq!(joined(*b"\\\n\\\n a\\\n"), "a|");
        assert_eq!(joined(*b"a \\"), "a \\|");
    }

    #[test]
    fn comments_end_with_their_line() {
        assert_eq!(joined(*b"# a \\\nb # c \\\n\t# d\ne"), "b|e|");
        assert_eq!(joined(*b"a \\\n # b \\\nc"), "a|c|");
    }

    #[test]
    fn a_hash_in_a_word_or_in_quotes_is_no_comment() {
        assert_eq!(joined(*b"a#b 'c # d' \"e \\\" # f\" # g"), "a#b 'c # d' \"e \\\" # f\"|");
        assert_eq!(joined(*b"a \\# b # c"), "a \\# b|");
        assert_eq!(joined(*b"a '\\' # b"), "a '\\'|");
    }

    #[test]
    fn an_apostrophe_alone_opens_nothing() {
        assert_eq!(joined(*b"alias Bob's # desk\nb 'c"), "alias Bob's|b 'c|");
        assert_eq!(joined(*b"a 'b \\\n# c' # d"), "a 'b  ^# c'|");
    }

    #[test]
    fn positions_count_joined_newlines() {
        let mut text = *b"\n a \\\n b\x0b\0c\n  d\n";
        join(&mut text);
        let mut lines = Lines::new(&text);
        let first = lines.next().unwrap_or(Line { at: 0, body: b"" });
        assert_eq!((first.at, first.body), (2, b"a  \x0b b  c".as_slice()));
        assert_eq!(lines.next(), Some(Line { at: 14, body: b"d" }));
        assert_eq!(lines.next(), None);
        assert_eq!([0, 1, 2, 5, 7, 14, 99].map(|at| line_number(&text, at)), [1, 2, 2, 2, 3, 4, 5]);
    }
}
