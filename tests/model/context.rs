//! The contexts that the kernel gives to BPF programs: field by field, with what a program of each hook may read and write.
//!
//! Source: `uapi/linux/bpf.h: struct bpf_sock, struct __sk_buff, struct bpf_sockopt`; `net/core/filter.c:
//! sock_filter_is_valid_access, cg_skb_is_valid_access, tc_cls_act_is_valid_access`; `kernel/bpf/cgroup.c:
//! cg_sockopt_is_valid_access`.

use std::ops::RangeInclusive;

/// A field: its name, its size in bytes, and what a program may do with it.
type Field = (&'static str, usize, Access);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    None,
}
use Access::{None as Hidden, Read, Write};

/// `struct bpf_sock`, for `BPF_CGROUP_INET_SOCK_CREATE`: addresses and ports are for later hooks.
const SOCK: &[Field] = &[
    ("bound_dev_if", 4, Write),
    ("family", 4, Read),
    ("type", 4, Read),
    ("protocol", 4, Read),
    ("mark", 4, Write),
    ("priority", 4, Write),
    ("src_ip4", 4, Hidden),
    ("src_ip6", 16, Hidden),
    ("src_port", 4, Hidden),
    ("dst_port", 4, Hidden),
    ("dst_ip4", 4, Hidden),
    ("dst_ip6", 16, Hidden),
    ("state", 4, Hidden),
    ("rx_queue_mapping", 4, Hidden),
];

/// `struct __sk_buff`, without what the programs here would need more privileges or later kernels for.
const SKB: &[Field] = &[
    ("len", 4, Read),
    ("pkt_type", 4, Read),
    ("mark", 4, Write),
    ("queue_mapping", 4, Read),
    ("protocol", 4, Read),
    ("vlan_present", 4, Read),
    ("vlan_tci", 4, Read),
    ("vlan_proto", 4, Read),
    ("priority", 4, Write),
    ("ingress_ifindex", 4, Read),
    ("ifindex", 4, Read),
    ("tc_index", 4, Read),
    ("cb", 20, Write),
    ("hash", 4, Read),
    ("tc_classid", 4, Hidden),
    ("data", 4, Hidden),
    ("data_end", 4, Hidden),
    ("napi_id", 4, Read),
    ("family", 4, Hidden),
    ("remote_ip4", 4, Hidden),
    ("local_ip4", 4, Hidden),
    ("remote_ip6", 16, Hidden),
    ("local_ip6", 16, Hidden),
    ("remote_port", 4, Hidden),
    ("local_port", 4, Hidden),
    ("data_meta", 4, Hidden),
    ("flow_keys", 8, Hidden),
    ("tstamp", 8, Hidden),
    ("wire_len", 4, Hidden),
    ("gso_segs", 4, Hidden),
    ("sk", 8, Hidden),
    ("gso_size", 4, Hidden),
    ("tstamp_type", 4, Hidden),
    ("hwtstamp", 8, Hidden),
];

/// `struct bpf_sockopt`, for `BPF_CGROUP_SETSOCKOPT`. The pointers cannot be read as numbers.
const SOCKOPT: &[Field] = &[
    ("sk", 8, Hidden),
    ("optval", 8, Hidden),
    ("optval_end", 8, Hidden),
    ("level", 4, Write),
    ("optname", 4, Write),
    ("optlen", 4, Write),
    ("retval", 4, Hidden),
];

/// `struct bpf_sock_addr`, for the hooks where it is of IPv4, or of IPv6.
const ADDR4: &[Field] = &[
    ("user_family", 4, Read),
    ("user_ip4", 4, Write),
    ("user_ip6", 16, Hidden),
    ("user_port", 4, Write),
    ("family", 4, Read),
    ("type", 4, Read),
    ("protocol", 4, Read),
    ("msg_src_ip4", 4, Hidden),
    ("msg_src_ip6", 16, Hidden),
    ("padding", 4, Hidden),
    ("sk", 8, Hidden),
];
const ADDR6: &[Field] = &[
    ("user_family", 4, Read),
    ("user_ip4", 4, Hidden),
    ("user_ip6, word 1 of 4", 4, Write),
    ("user_ip6, word 2 of 4", 4, Write),
    ("user_ip6, word 3 of 4", 4, Write),
    ("user_ip6, word 4 of 4", 4, Write),
    ("user_port", 4, Write),
    ("family", 4, Read),
    ("type", 4, Read),
    ("protocol", 4, Read),
    ("msg_src_ip4", 4, Hidden),
    ("msg_src_ip6", 16, Hidden),
    ("padding", 4, Hidden),
    ("sk", 8, Hidden),
];

/// Where a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// `BPF_CGROUP_INET_SOCK_CREATE`
    SockCreate,
    /// `BPF_CGROUP_INET_EGRESS`
    Egress,
    /// `BPF_CGROUP_INET_INGRESS`
    Ingress,
    /// `BPF_CGROUP_SETSOCKOPT`
    SetSockOpt,
    /// `BPF_CGROUP_UDP4_SENDMSG`
    SendMsg4,
    /// `BPF_CGROUP_INET4_CONNECT`
    Connect4,
    /// `BPF_CGROUP_INET6_CONNECT`
    Connect6,
    /// `BPF_PROG_TYPE_SCHED_CLS`
    Classifier,
}

impl Hook {
    /// The context's name in C, and its fields.
    pub fn context(self) -> (&'static str, &'static [Field]) {
        match self {
            Self::SockCreate => ("bpf_sock", SOCK),
            Self::SetSockOpt => ("bpf_sockopt", SOCKOPT),
            Self::SendMsg4 | Self::Connect4 => ("bpf_sock_addr", ADDR4),
            Self::Connect6 => ("bpf_sock_addr", ADDR6),
            Self::Egress | Self::Ingress | Self::Classifier => ("__sk_buff", SKB),
        }
    }

    pub fn size(self) -> usize {
        self.context().1.iter().map(|field| field.1).sum()
    }

    /// What the verifier lets a program give back. At the egress hook, 2 and 3 also tell of congestion.
    pub fn answers(self) -> RangeInclusive<i64> {
        match self {
            Self::Egress => 0..=3,
            Self::Classifier => i64::MIN..=i64::MAX,
            _ => 0..=1,
        }
    }

    /// The field at an offset: its name and what a program may do with it; none where that is no field's beginning.
    pub fn field(self, offset: usize) -> Option<(&'static str, Access)> {
        let mut at = 0;
        for (name, size, access) in self.context().1 {
            if at == offset {
                return Some((name, *access));
            }
            at += size;
        }
        None
    }

    /// A context whose fields of 32 bits have these values, and all others a value that no test asks for.
    pub fn filled(self, values: &[(&str, u32)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, size, _) in self.context().1 {
            match values.iter().find(|value| value.0 == *name) {
                Some((_, value)) if *size == 4 => bytes.extend_from_slice(&value.to_ne_bytes()),
                _ => bytes.extend(std::iter::repeat_n(0xa5, *size)),
            }
        }
        for (name, _) in values {
            assert!(self.context().1.iter().any(|field| field.0 == *name), "no field {name}");
        }
        bytes
    }
}

#[test]
fn contexts_are_laid_out_as_the_kernels() {
    let offset = |hook: Hook, name| (0..200).find(|at| hook.field(*at).is_some_and(|field| field.0 == name));
    // Printed by offsetof() and sizeof() of a C compiler with Linux 6.1's headers.
    for (hook, name, at) in [
        (Hook::SockCreate, "protocol", 12),
        (Hook::SockCreate, "state", 72),
        (Hook::Egress, "protocol", 16),
        (Hook::Egress, "vlan_present", 20),
        (Hook::Egress, "ifindex", 40),
        (Hook::Egress, "data_meta", 140),
        (Hook::Egress, "wire_len", 160),
        (Hook::Egress, "hwtstamp", 184),
        (Hook::SetSockOpt, "level", 24),
        (Hook::SendMsg4, "user_ip4", 4),
        (Hook::SendMsg4, "user_port", 24),
        (Hook::SendMsg4, "sk", 64),
        (Hook::Connect6, "user_ip6, word 4 of 4", 20),
        (Hook::Connect6, "sk", 64),
        (Hook::SetSockOpt, "optlen", 32),
    ] {
        assert_eq!(offset(hook, name), Some(at), "{name}");
    }
    assert_eq!([Hook::SockCreate, Hook::Egress, Hook::SetSockOpt].map(Hook::size), [80, 192, 40]);
}
