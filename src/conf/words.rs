//! Words of a line: separated by blanks, or as a shell would separate them.
//!
//! Nothing is copied: a word is a slice of the line. [`Words`] knows blanks only. [`Split`] knows quotes and
//! backslashes too, and says of each word whether its bytes stand in the line as they are meant:
//!
//! | word | is |
//! |---|---|
//! | bytes without meaning to a shell | [`Word::Plain`] |
//! | all of it in `'…'`, or in `"…"` without `$`, `` ` `` and `\` | [`Word::Plain`], without its quotes |
//! | anything else: `$`, `\`, `*`, `;`, quotes inside the word … | [`Word::Special`] |
//! | a quote that is not closed, a backslash at the very end | [`Word::Unclosed`] |
//!
//! Nothing is expanded, and operators (`;`, `|`, `>`) are not split off: they only make their word special.
//! [`Word::bytes`] takes quotes and backslashes away, which is all that `exec` wants done.
//!
//! Source: POSIX.1-2024, *Shell Command Language*, 2.2 Quoting.

use super::lines::{VT, is_blank, offset, trim_start};
use crate::text::is_shell_special;

/// The words of a line, with blanks between them and no other syntax.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a [u8],
    /// Offset of `rest`.
    next_at: u32,
    at: u32,
}

impl<'a> Words<'a> {
    /// The words of `body`.
    pub const fn new(body: &'a [u8]) -> Self {
        Self { rest: body, next_at: 0, at: 0 }
    }

    /// Where the word that came last begins, bytes from the start of `body`; 0 before the first one.
    pub const fn at(&self) -> u32 {
        self.at
    }

    /// What comes after the word that came last, without blanks before it: the rest of the line as one value.
    pub fn rest(&self) -> &'a [u8] {
        trim_start(self.rest)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = trim_start(self.rest);
        let end = text.iter().position(|&byte| is_blank(byte)).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
        self.at = self.next_at + offset(self.rest.len() - text.len());
        self.next_at = self.at + offset(end);
        self.rest = rest;
        Some(word)
    }
}

/// Whether a word is among those of a text.
#[inline(never)]
pub fn has_word(text: &[u8], word: &[u8]) -> bool {
    for other in Words::new(text) {
        if other == word {
            return true;
        }
    }
    false
}

/// A word of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// Its bytes as they are meant; quotes around the whole word are gone.
    Plain(&'a [u8]),
    /// A word to which a shell would do something. Its bytes as they stand in the line; [`Word::bytes`] has them
    /// without quotes and backslashes.
    Special(&'a [u8]),
    /// A word in which a quote is not closed, or which ends in a backslash: to be refused.
    Unclosed(&'a [u8]),
}

impl<'a> Word<'a> {
    /// The word's bytes without quotes and backslashes; nothing is expanded.
    pub fn bytes(self) -> Unquoted<'a> {
        let (word, quote) = match self {
            Self::Plain(word) => (word, RAW),
            Self::Special(word) | Self::Unclosed(word) => (word, 0),
        };
        Unquoted { rest: word.iter(), quote }
    }
}

/// [`Unquoted::quote`] of a word in which nothing is to be taken away.
const RAW: u8 = b'\n';

/// The bytes of a word, without quotes and backslashes; a [`VT`] that joined two lines is a space.
#[derive(Clone, Debug)]
pub struct Unquoted<'a> {
    rest: core::slice::Iter<'a, u8>,
    /// The quote that is open, 0 for none, or [`RAW`].
    quote: u8,
}

impl Iterator for Unquoted<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.rest.next()?;
            match byte {
                VT => return Some(b' '),
                _ if self.quote == RAW => return Some(byte),
                b'\\' if self.quote == 0 => return self.rest.next().copied(),
                // In "…" a backslash means itself, except before the bytes that have a meaning there.
                b'\\' if self.quote == b'"' => match self.rest.as_slice().first() {
                    Some(b'$' | b'`' | b'"' | b'\\') => return self.rest.next().copied(),
                    _ => return Some(byte),
                },
                b'\'' | b'"' if self.quote == 0 => self.quote = byte,
                _ if byte == self.quote => self.quote = 0,
                _ => return Some(byte),
            }
        }
    }
}

/// The words of a command line, as a shell would separate them.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    rest: &'a [u8],
}

impl<'a> Split<'a> {
    /// The words of `body`.
    pub const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }
}

impl<'a> Iterator for Split<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let text = trim_start(self.rest);
        // Most words have no byte that might mean something.
        let plain = text.iter().position(|byte| !matches!(byte, b'-'..=b':' | b'a'..=b'z')).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(plain)?;
        if plain > 0 && rest.first().is_none_or(|byte| is_blank(*byte)) {
            self.rest = rest;
            return Some(Word::Plain(word));
        }
        let (mut quote, mut escaped, mut special, mut quoted) = (0, false, false, false);
        let end = text.iter().position(|&byte| {
            if escaped {
                escaped = false;
            } else if quote != 0 {
                // `'…'` keeps everything, `"…"` all but these; a joint is to become a space in both.
                special |= byte == VT || quote == b'"' && matches!(byte, b'$' | b'`' | b'\\');
                escaped = quote == b'"' && byte == b'\\';
                if byte == quote {
                    quote = 0;
                }
            } else if is_blank(byte) {
                return true;
            } else {
                // A byte after a closing quote: quotes are not around the whole word.
                special |= quoted;
                match byte {
                    b'\'' | b'"' => (quote, quoted) = (byte, true),
                    _ => special |= is_shell_special(byte),
                }
                escaped = byte == b'\\';
            }
            false
        });
        let (word, rest) = text.split_at_checked(end.unwrap_or(text.len())).filter(|(word, _)| !word.is_empty())?;
        self.rest = rest;
        Some(match word {
            _ if quote != 0 || escaped => Word::Unclosed(word),
            _ if special => Word::Special(word),
            [b'\'' | b'"', inner @ .., _] => Word::Plain(inner),
            // Quotes, but not from its start.
            _ if quoted => Word::Special(word),
            _ => Word::Plain(word),
        })
    }
}

/// Whether `body` is a command with plain words only: one that can be understood without a shell.
///
/// No quotes but around whole words, no expansion, no operators, and no `NAME=value` before the command.
pub fn is_simple_command(body: &[u8]) -> bool {
    let mut words = Split::new(body);
    let named = matches!(words.next(), Some(Word::Plain(word)) if !word.contains(&b'='));
    named && words.all(|word| matches!(word, Word::Plain(_)))
}

/// A table of words for [`code`]. In the text each has a blank before it, and then the byte that stands for it: ` ttcp uudp`.
///
/// One byte string instead of an array of slices, each of which would cost its pointer, length and relocation. In the place
/// of each blank comes the length of what follows: nobody looks for its end again.
pub const fn coded<const N: usize>(text: &[u8; N]) -> [u8; N] {
    let mut table = *text;
    let mut end = N;
    let mut len = 0;
    while let ([head @ .., byte], 1..) = (text.split_at(end).0, end) {
        end = head.len();
        if *byte == b' ' {
            let (_, place) = table.split_at_mut(end);
            if let [place, ..] = place {
                *place = len;
            }
            len = 0;
        } else {
            len += 1;
        }
    }
    assert!(len == 0);
    table
}

/// The byte that stands for `word` in a table; 0 if it is none of its words.
#[inline(never)]
pub fn code(table: &'static [u8], word: &[u8]) -> u8 {
    let mut at = 0;
    while let Some(len) = table.get(at) {
        let from = at + 1;
        at = from + usize::from(*len);
        // Most have another length.
        if usize::from(*len) == word.len() + 1 {
            match table.get(from..at) {
                Some([code, name @ ..]) if name == word => return *code,
                _ => {}
            }
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_where_they_are() {
        let mut words = Words::new(b"a  bc\x0bd e");
        assert_eq!((words.next(), words.at()), (Some(b"a".as_slice()), 0));
        assert_eq!((words.next(), words.at()), (Some(b"bc".as_slice()), 3));
        assert_eq!(words.rest(), b"d e");
        assert_eq!((words.next(), words.at()), (Some(b"d".as_slice()), 6));
        assert_eq!((words.next(), words.next(), words.rest()), (Some(b"e".as_slice()), None, b"".as_slice()));
    }

    #[test]
    fn quotes_around_a_whole_word_are_sliced_off() {
        let mut words = Split::new(b" ip 'a b' \"10.0.0.0/8\" '' a'b' 'a'b \"$x\" '$x' 'a''b' a\\ b \"\\\"\"");
        for expected in [b"ip".as_slice(), b"a b", b"10.0.0.0/8", b""] {
            assert_eq!(words.next(), Some(Word::Plain(expected)));
        }
        for (raw, bytes) in [(b"a'b'".as_slice(), b"ab".as_slice()), (b"'a'b", b"ab"), (b"\"$x\"", b"$x")] {
            let word = words.next();
            assert_eq!(word, Some(Word::Special(raw)));
            assert!(word.is_some_and(|word| word.bytes().eq(bytes.iter().copied())));
        }
        assert_eq!(words.next(), Some(Word::Plain(b"$x")));
        for (raw, bytes) in [(b"'a''b'".as_slice(), b"ab".as_slice()), (b"a\\ b", b"a b"), (b"\"\\\"\"", b"\"")] {
            let word = words.next();
            assert_eq!(word, Some(Word::Special(raw)));
            assert!(word.is_some_and(|word| word.bytes().eq(bytes.iter().copied())));
        }
        assert_eq!(words.next(), None);
    }

    #[test]
    fn what_is_not_closed_is_told() {
        assert_eq!(Split::new(b"'a b").next(), Some(Word::Unclosed(b"'a b")));
        assert_eq!(Split::new(b"\"a\\\"").next(), Some(Word::Unclosed(b"\"a\\\"")));
        assert_eq!(Split::new(b"a\\").next(), Some(Word::Unclosed(b"a\\")));
    }

    #[test]
    fn joints_in_quotes_become_spaces() {
        let word = Split::new(b"'a \x0bb'").next();
        assert_eq!(word, Some(Word::Special(b"'a \x0bb'")));
        assert!(word.is_some_and(|word| word.bytes().eq(*b"a  b")));
    }

    #[test]
    fn a_simple_command_needs_no_shell() {
        assert!(is_simple_command(b"ip route add \"10.0.0.0/8\" dev eth0"));
        for body in [b"".as_slice(), b"A=b ip link", b"ip link || true", b"ip link set $IFACE up", b"ip 'a", b"ip a>b"]
        {
            assert!(!is_simple_command(body));
        }
    }
}
