//! What the tests of `vrf-launch` share: the machines they boot, and the judging of what those machines say.

pub mod elf;
pub mod vm;
