//! Machines to test on: a kernel, an initramfs made here, QEMU without KVM, and a judge of the console.
//!
//! ```text
//! debian, alpine → kernel ┐
//! debian → userland       ├→ initramfs → qemu → verdict
//! scenario (guest/*.sh)   ┘
//! ```
//! What is fetched lies in [`cache`], shared by all clones of the repository.

pub mod alpine;
pub mod cache;
pub mod cpio;
pub mod debian;
pub mod dropbear;
pub mod host;
pub mod initramfs;
pub mod kernel;
pub mod processor;
pub mod qemu;
pub mod scenario;
pub mod schema;
pub mod userland;
pub mod verdict;
