//! The configuration: the grammar of interfaces(5) as ifupdown-ng reads it, parsed in place.
//!
//! [`lines`] cuts the text into logical lines, [`words`] a line into words, [`values`] gives words a type,
//! [`stanzas`] says which lines belong to which interface, [`keywords`] what they mean. Phase lines
//! that iproute2's `ip` would carry out are [`crate::ip`]'s. [`services`] has the lines of services.

use crate::near::Near;

pub mod hash;
pub mod keywords;
pub mod lines;
pub mod services;
pub mod stanzas;
pub mod values;
pub mod words;

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<'a> {
    /// Offset of the line in the text.
    pub at: u32,
    /// Its keyword.
    pub key: &'a [u8],
    /// The word that is wrong; empty where one is missing.
    pub word: &'a [u8],
    /// Why.
    pub reason: &'static str,
}

impl<'a> Fault<'a> {
    /// What was meant by the word that is wrong, or the keyword: of those there are the most similar one, if one is.
    #[inline(never)]
    pub fn near(&self) -> &'a [u8] {
        let (word, table): (_, &[u8]) = match self.reason {
            services::NO_SUCH_KEYWORD => (self.key, services::NAMES),
            keywords::NO_SUCH_KEYWORD => (self.key, keywords::NAMES),
            keywords::NO_SUCH_LEVEL => (self.word, keywords::LEVELS),
            services::NO_SUCH_RESPAWN => (self.word, services::RESPAWNS),
            _ => return b"",
        };
        Near::new(word).offer_coded(table).best()
    }
}
