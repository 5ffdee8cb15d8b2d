//! The BPF programs and the seccomp filters, run and compared with what the documents say that they do.
//!
//! What runs is the very bytes that the kernel is given: of [`program`] by the interpreter rbpf ([`machine`]), of [`filter`] by a
//! small one ([`classic`]). [`rules`] has what is allowed, in plain Rust, from initramfs/isolation.md and
//! initramfs/reference.md. [`mutants`] shows that a comparison misses nothing: whatever is changed in a program is
//! noticed, or stands in tests/model/survivors.txt with the reason. [`listing`] writes initramfs/bpf.md for people to read.

#[path = "model/calls.rs"]
mod calls;
#[path = "model/classic.rs"]
mod classic;
#[path = "model/context.rs"]
mod context;
#[path = "model/listing.rs"]
mod listing;
#[path = "model/machine.rs"]
mod machine;
#[path = "model/mutants.rs"]
mod mutants;
#[path = "model/packets.rs"]
mod packets;
#[path = "model/rules.rs"]
mod rules;
#[path = "model/sockets.rs"]
mod sockets;
#[path = "model/untraced.rs"]
mod untraced;
#[path = "model/verifier.rs"]
mod verifier;
