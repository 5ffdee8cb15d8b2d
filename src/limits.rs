//! Every capacity: value, unit, reason. What a user could meet (interfaces, lines, routes) has none: such things live in
//! mappings made to measure.

/// Bytes of a configuration: that of some 100,000 interfaces. What has more is none, but `/dev/zero`, and would fill the memory.
pub const FILE: usize = 16 << 20;

/// Bytes of the kernel's extended acknowledgement: its longest sentences for links, addresses, routes and rules have
/// about 80.
pub const KERNEL_TEXT: usize = 96;
/// Bytes of a message, or of a line of `plan`: a path and a command that are both of unusual length.
pub const LINE: usize = 1024;
/// Bytes of an `ip` command that is composed here: the longest, a link with an alias of 255, has less than 400. A
/// `vrf-route` that is longer is refused.
pub const COMMAND: usize = 512;
/// Bytes of a compiled request. Source: as above; attributes are no longer than the words they come from.
pub const REQUEST: usize = 512;
/// Messages in one send; also acknowledgements read by one receive. More gain little, and each costs the kernel's
/// socket buffer about 1 KiB until it is read: of `net.core.rmem_default`, usually 208 KiB. In one that is too small some are
/// lost, and the answer is `ENOBUFS`.
pub const BATCH: usize = 32;
/// Bytes of one send: `BATCH` requests of 256.
pub const SEND: usize = 8 * 1024;
/// Bytes kept of one acknowledgement: header, error, of a request that was refused all of it, and an extended acknowledgement
/// with a sentence.
pub const ACK: usize = 768;
/// Bytes of one received dump message or answer; the kernel fills at most 32 KiB when the reader offers as much,
/// and never puts a message that does not fit into less.
pub const RECEIVE: usize = 16 * 1024;
/// Interfaces remembered by name during `up`: those of one stanza and its neighbours.
pub const LINKS: usize = 8;
/// Templates that inherit from one another, and files that are the `source` of one another, one inside the other: each
/// costs stack, and nobody nests as deep.
pub const TEMPLATES: u8 = 32;
/// See [`TEMPLATES`].
pub const SOURCES: u8 = 32;
/// Services that require one another, one behind the other: likewise.
pub const SERVICES: u32 = 256;
/// Bytes of a path. Source: `limits.h: PATH_MAX`.
pub const PATH: usize = 4096;
/// Bytes of an interface's name with its NUL. Source: `net/if.h: IFNAMSIZ`.
pub const IFNAME: usize = 16;
