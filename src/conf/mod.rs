//! The configuration: the grammar of interfaces(5) as ifupdown-ng reads it, parsed in place.
//!
//! [`lines`] cuts the text into logical lines, [`words`] a line into words, [`values`] gives words a type,
//! [`stanzas`] says which lines belong to which interface, [`keywords`] what they mean. Phase lines
//! that iproute2's `ip` would carry out are [`crate::ip`]'s. [`services`] has the lines of services.

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
