//! What was meant by a word that is none: the most similar of those there are.
//!
//! Similar is what becomes the other by one change (in words of up to four bytes) or two: a byte more, a byte less, another byte,
//! or two neighbours changed over.
//!
//! Source: optimal string alignment, a restricted Damerau-Levenshtein distance.

use crate::features;

/// The most similar word so far.
#[derive(Clone, Copy)]
pub struct Near<'a> {
    word: &'a [u8],
    best: &'a [u8],
    /// How many changes it is away; one more than may be where there is none.
    distance: usize,
}

impl<'a> Near<'a> {
    /// Nothing has been offered for that word yet.
    pub const fn new(word: &'a [u8]) -> Self {
        let distance = match word.len() {
            0 | 1 => 0,
            2..=4 => 2,
            _ => 3, // changes, and one
        };
        Self { word, best: b"", distance }
    }

    /// Offers the words of a table, which are separated by `separator`, each behind `skip` bytes.
    #[inline(never)]
    pub fn offer(mut self, table: &'a [u8], separator: u8, skip: usize) -> Self {
        if !features::HELP {
            return self;
        }
        for entry in table.split(|byte| *byte == separator) {
            let candidate = entry.get(skip..).unwrap_or_default();
            let fewer = self.distance.saturating_sub(1);
            if candidate == self.word {
                (self.best, self.distance) = (b"", 0); // it is right, and something else is the matter
            }
            if self.distance > 0 && is_within(self.word, candidate, fewer) && has_same_digits(self.word, candidate) {
                self.best = candidate;
                self.distance = (0..fewer).find(|changes| is_within(self.word, candidate, *changes)).unwrap_or(fewer);
            }
        }
        self
    }

    /// Offers the words of a table of [`crate::conf::words::code`].
    #[inline(never)]
    pub fn offer_coded(mut self, mut table: &'a [u8]) -> Self {
        if !features::HELP {
            return self;
        }
        while let [len, tail @ ..] = table {
            let (entry, rest) = tail.split_at_checked(usize::from(*len)).unwrap_or_default();
            self = self.offer(entry, b' ', 1);
            table = rest;
        }
        self
    }

    /// The word that was meant; empty where none is similar.
    pub const fn best(&self) -> &'a [u8] {
        self.best
    }

    /// The same, where there is next to no doubt: one change, or two in a long word.
    pub const fn surely(&self) -> &'a [u8] {
        if self.distance == 1 || self.word.len() >= 10 { self.best } else { b"" }
    }
}

/// Whether so many changes at most make one word of the other.
#[inline(never)]
fn is_within(word: &[u8], other: &[u8], changes: usize) -> bool {
    let mut both = (word, other);
    while let ([a, word @ ..], [b, other @ ..]) = both {
        if a != b {
            break;
        }
        both = (word, other);
    }
    let (word, other) = both;
    let (fewer, less) = (word.get(1..).unwrap_or_default(), other.get(1..).unwrap_or_default());
    let Some(left) = changes.checked_sub(1) else { return word.is_empty() && other.is_empty() };
    let turned = matches!((word, other), ([a, b, ..], [c, d, ..]) if a == d && b == c);
    let behind = |bytes| <[u8]>::get(bytes, 1..).unwrap_or_default();
    is_within(fewer, less, left)
        || is_within(fewer, other, left)
        || is_within(word, less, left)
        || (turned && is_within(behind(fewer), behind(less), left))
}

/// Whether two words have the same digits: `eth1` is not meant by `eth0`.
fn has_same_digits(word: &[u8], other: &[u8]) -> bool {
    word.iter().filter(|byte| byte.is_ascii_digit()).eq(other.iter().filter(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (word, other, wanted) in [
            ("", "", 0),
            ("", "up", 2),
            ("up", "", 2),
            ("up", "up", 0),
            ("pu", "up", 1),
            ("dwon", "down", 1),
            ("mgnt", "mgmt", 1),
            ("mgm", "mgmt", 1),
            ("mggmt", "mgmt", 1),
            ("isolatoin", "isolation", 1),
            ("issolatoin", "isolation", 2),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3), // restricted: what was changed over is not changed again
        ] {
            for (word, other) in [(word, other), (other, word)] {
                let distance = (0..).find(|changes| is_within(word.as_bytes(), other.as_bytes(), *changes));
                assert_eq!(distance, Some(wanted), "{word} {other}");
            }
        }
    }

    #[test]
    fn what_is_not_similar_is_not_offered() {
        let near = |word: &'static [u8]| Near::new(word).offer(b"u up\nd down\nr run\nc check", b'\n', 2).best();
        assert_eq!(near(b"dwon"), b"down");
        assert_eq!(near(b"donw"), b"down");
        assert_eq!(near(b"chekc"), b"check");
        assert_eq!(near(b"chck"), b"check");
        assert_eq!(near(b"pu"), b"up");
        for word in [&b"web"[..], b"down", b"u", b"", b"db", b"mgmt", b"dawn-patrol", b"up1"] {
            assert_eq!(near(word), b"", "{word:?}");
        }
    }
}
