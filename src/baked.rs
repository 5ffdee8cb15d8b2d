//! The configuration that was baked in when the program was built: `VRF_LAUNCH_CONFIG=FILE make`.
//!
//! build.rs has read and checked it by [`crate::load`] itself, and wrote down what came of it: the text, with the files that
//! it is the `source` of in their places, and which part is from where.

#[allow(unused_imports, reason = "where nothing is baked in, there are no parts")]
use crate::load::{Baked, Part};

// `const BAKED: Option<Baked>`
include!(concat!(env!("OUT_DIR"), "/baked.rs"));
