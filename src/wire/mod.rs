//! rtnetlink messages: what the kernel is told and what it answers, as bytes.
//!
//! | file | layout | speaks |
//! |---|---|---|
//! | [`msg`] | `nlmsghdr` | the frame of every message, and many of them in one buffer |
//! | [`attr`] | `nlattr` | attributes of every message |
//! | [`ack`] | `nlmsgerr` | `NLMSG_ERROR`, `NLMSG_DONE` |
//! | [`link`] | `ifinfomsg` | `RTM_NEWLINK`, `RTM_DELLINK`, `RTM_GETLINK` |
//! | [`addr`] | `ifaddrmsg` | `RTM_NEWADDR`, `RTM_DELADDR`, `RTM_GETADDR` |
//! | [`route`] | `rtmsg` | `RTM_NEWROUTE`, `RTM_DELROUTE`, `RTM_GETROUTE` |
//! | [`rule`] | `fib_rule_hdr` | `RTM_NEWRULE`, `RTM_DELRULE`, `RTM_GETRULE` |
//! | [`tc`] | `tcmsg` | `RTM_NEWQDISC`, `RTM_DELQDISC`, `RTM_NEWTFILTER`, `RTM_DELTFILTER`, `RTM_GETTFILTER` |
//!
//! [`link`] to [`rule`] have one struct each. `put` writes it as the body of a request between [`msg::Writer::begin`] and
//! [`msg::Writer::end`]; `parse` reads the body of an answer or an event. What a request does not say is the struct's
//! `Default`, which is all zeroes and `None`: a request to dump everything, in a form that passes the kernel's strict
//! check (`NETLINK_GET_STRICT_CHK`).
//!
//! # Contract
//! - Pure: no system call, no `unsafe`; imports only core, linux-raw-sys (to assert layouts) and other pure modules.
//! - No input panics a reader or makes it run forever. `parse` gives `None` for a body whose fixed part is cut, whose
//!   attributes do not fill it exactly, or with a prefix longer than its address; what it gives is then to be used as
//!   it is. An attribute of the wrong length counts as absent. Of an attribute that comes twice the last one holds.
//! - A writer never writes beyond its buffer. What did not fit is reported once, by [`msg::Writer::finish`].
//! - Padding and reserved fields are zero.
//! - Numbers are in the machine's byte order, IP addresses in the network's, as rtnetlink has them.
//! - Names and texts are bytes without the NUL that some of them end with on the wire. They must not contain one.
//!
//! Deliberately not done: neighbours, nexthop objects, statistics, bridges, and every attribute that no command here
//! asks about.

pub mod ack;
pub mod addr;
pub mod attr;
pub mod decode;
pub mod link;
pub mod msg;
pub mod query;
pub mod route;
pub mod rule;
pub mod tc;
