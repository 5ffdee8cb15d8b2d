//! The library behind the `vrf-launch` binary: a VRF, its ip rules, its routes and a service bound to it, by raw
//! netlink, without an allocator.
//!
//! Data goes one way: `argv, file → parse → plan → apply → bind → exec`.
//!
//! | room | what is in it | |
//! |---|---|---|
//! | [`run`] | the story of each command | imported by `main` alone |
//! | [`cli`] | the command line | |
//! | [`bytes`], [`error`], [`errno`], [`features`], [`limits`], [`near`], [`text`], [`uapi`], [`prefix`] | errors, what may be left out, capacities, similar words, escaping, kernel constants, prefixes | pure |
//! | [`conf`] | the grammar of interfaces(5) | pure |
//! | [`plan`], [`order`], [`rules`] | what is to be true of which interface, in which order; the rules that isolate | pure |
//! | [`wire`], [`ip`] | rtnetlink messages as bytes; `ip` commands compiled into them | pure |
//! | [`load`], [`baked`], [`record`] | the configuration's files, or what was baked in; the record of what was made | |
//! | [`rtnl`], [`vrf`], [`apply`], [`keep`] | the netlink socket; VRFs as they are; steps become true; what a member would lose | |
//! | [`bind`], [`service`] | sockets belong to a VRF; a command takes this process's place; services are looked after | |
//! | [`init`] | the duties of the first process | |
//! | [`ipcmd`] | `ip(8)` | |
//! | [`adopt`] | a running process moves into a VRF | |
//! | [`check`] | whether the isolation holds, tried | |
//! | [`show`] | VRFs as they are, and how a route is found | |
//! | [`log`], [`proc`] | messages and output; the texts of `/proc` | |
//! | [`sys`] | one safe function for each system call | the only unsafe code |
//!
//! *Pure* rooms import only core, heapless, constants of linux-raw-sys, and each other: a test sees to it.
#![cfg_attr(not(test), no_std)]

pub mod adopt;
pub mod apply;
pub mod baked;
pub mod bind;
pub mod bytes;
pub mod check;
pub mod cli;
pub mod conf;
pub mod errno;
pub mod error;
pub mod features;
pub mod init;
pub mod ip;
pub mod ipcmd;
pub mod keep;
pub mod limits;
pub mod load;
pub mod log;
pub mod near;
pub mod order;
pub mod plan;
pub mod prefix;
pub mod proc;
pub mod record;
pub mod rtnl;
pub mod rules;
pub mod run;
pub mod service;
pub mod show;
pub mod sys;
pub mod text;
pub mod uapi;
pub mod vrf;
pub mod wire;
