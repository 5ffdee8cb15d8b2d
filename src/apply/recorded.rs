//! What a line of the record may do: take back what an `up` has made, and nothing else.
//!
//! The record is a text file. Whoever has written to it must not be able to have `down` make an address, a route or a rule,
//! or write to a file that no `up` touches. So each line is read as the command that it is, and judged by this table:
//!
//! | command | is accepted |
//! |---|---|
//! | `ip link del`, `ip addr del`, `ip route del`, `ip rule del` | always |
//! | `ip link set` without a master | always: it sets back |
//! | `ip link set … master M` | where the interface has a master now, from which it goes back to M |
//! | `ip rule add` | the machine's own rules; another where the file says that it is deleted |
//! | `sysctl -w` | the switches that `up` sets, with the values that they can have had |
//! | `tc qdisc del`, `tc filter del` | always |
//! | `udhcpc -k IFACE VRF`, `down` | always |
//!
//! Any other `ip` command is refused: it is named with its line, nothing is changed by it, and it stays in the file. What is no
//! command at all may be half of a line that an interrupted write has left, and is passed over.

use super::{Apply, DHCP_END, SYSCTL, TC, begins, turned};
use crate::conf::keywords::Keyword;
use crate::error::{Errno, Error, Place, What, Why};
use crate::ip::{self, Class, Request};
use crate::limits;
use crate::log::{Outcome, say};
use crate::record;
use crate::sys::path::Path;
use crate::text::Buf;
use crate::uapi;
use crate::wire::attr::number;
use crate::wire::link;
use crate::wire::msg::Writer;
use crate::wire::rule::Rule;

/// The lines in which a file has commands.
const PHASES: [Keyword; 6] =
    [Keyword::PreUp, Keyword::Up, Keyword::PostUp, Keyword::PreDown, Keyword::Down, Keyword::PostDown];

/// Switches that `up` sets to 1 where they are 0.
const ONCE_ZERO: [&[u8]; 3] =
    [b"net.ipv4.tcp_l3mdev_accept", b"net.ipv4.udp_l3mdev_accept", b"net.ipv4.raw_l3mdev_accept"];

/// A switch that `up` sets to 0 or 1.
const STRICT_MODE: &[u8] = b"net.vrf.strict_mode";

/// Switches of an interface that `up` sets: where the interface's name stands between, and behind it.
const OF_INTERFACE: [(&[u8], &[u8]); 5] = [
    (b"net/ipv6/conf/", b"accept_ra"),
    (b"net/ipv6/conf/", b"autoconf"),
    (b"net/ipv6/conf/", b"dad_transmits"),
    (b"net/ipv6/conf/", b"use_tempaddr"),
    (b"net/ipv4/conf/", b"rp_filter"),
];

impl Apply {
    /// Whether a line of the record takes back what an `up` has made.
    pub(super) fn takes_back(&mut self, command: &[u8]) -> bool {
        if let Some(switch) = command.strip_prefix(SYSCTL) {
            return is_set_back(switch);
        }
        if command.starts_with(TC) {
            return begins(command, &[b"tc qdisc del dev ", b"tc filter del dev "]);
        }
        if let Some(client) = command.strip_prefix(DHCP_END) {
            return !client.contains(&b'/'); // the names become those of files
        }
        let mut room = [0; limits::REQUEST];
        let mut body = Writer::new(&mut room);
        let Some(Ok(request)) = ip::check(command, &mut body) else { return true }; // it is not carried out
        match request.class {
            Class::LinkDel | Class::AddrDel | Class::RouteDel | Class::RuleDel => true,
            Class::LinkSet => self.leaves_or_goes_back(&request, body.bytes()),
            Class::RuleAdd => Rule::parse(body.bytes()).is_some_and(|rule| is_machines(&rule)) || self.deletes(command),
            _ => false,
        }
    }

    /// Whether an interface is taken out of its master, or goes back from it to another.
    fn leaves_or_goes_back(&mut self, request: &Request<'_>, body: &[u8]) -> bool {
        let master = number(super::attrs(body, link::FIXED), uapi::IFLA_MASTER);
        if master.is_none_or(|master| master == 0) {
            return true;
        }
        match self.link(request.dev) {
            Ok(()) => self.known(request.dev).is_some_and(|known| known.master != 0),
            Err(errno) => errno == Errno::ENODEV, // what is gone is not changed
        }
    }

    /// Whether the file says that the rule which a command adds is deleted.
    fn deletes(&self, command: &[u8]) -> bool {
        let conf = self.conf.conf;
        conf.ifaces().any(|iface| {
            PHASES.into_iter().any(|phase| {
                conf.with(iface, phase).any(|line| {
                    let mut room = [0; limits::COMMAND];
                    let mut added = Buf::new(&mut room);
                    let is_deletion = ip::request(line.value).is_some_and(|request| request.class == Class::RuleDel);
                    if is_deletion {
                        turned(line.value, b"add", &mut added);
                    }
                    is_deletion && added.as_bytes() == command
                })
            })
        })
    }

    /// Says that a line of the record, which begins at `start` of its text, is not carried out.
    #[cold]
    pub(super) fn refuse_line(&self, text: &[u8], start: usize, command: &[u8]) -> Outcome {
        let mut path = Path::new();
        record::path(self.namespace, b"", &mut path);
        let before = text.get(..start).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
        let line = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
        let error = Error {
            place: Some(Place { file: path.as_bytes(), line }),
            why: Why::Says("a line of the record may only take back what up has made, and this one makes something"),
            advice: "nothing was changed by that line: find out who wrote it, and remove it",
            ..Error::system(What::Deed("carry out", command), Errno::EPERM)
        };
        Err(say(&error))
    }
}

/// Whether that is one of the rules that every machine has: tables local, main and default for all packets. Nothing gets further by
/// table local than to this machine; the others are asked last.
fn is_machines(rule: &Rule<'_>) -> bool {
    const MAIN: u32 = 32766;
    const DEFAULT: u32 = 32767;
    const TABLE_DEFAULT: u32 = 253; // RT_TABLE_DEFAULT
    let bare = Rule { priority: None, protocol: None, action: 0, ..*rule };
    let is_bare = bare == Rule { family: rule.family, table: rule.table, ..Rule::EMPTY };
    let leads = matches!(rule.action, 0 | uapi::FR_ACT_TO_TBL);
    let is_in_place = match rule.table {
        uapi::RT_TABLE_LOCAL => true,
        uapi::RT_TABLE_MAIN => rule.priority == Some(MAIN),
        TABLE_DEFAULT => rule.priority == Some(DEFAULT),
        _ => false,
    };
    is_bare && leads && is_in_place
}

/// Whether a switch is one that `up` sets, and the value one that it can have had before.
fn is_set_back(switch: &[u8]) -> bool {
    let mut halves = switch.splitn(2, |byte| *byte == b'=');
    let (key, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    if ONCE_ZERO.contains(&key) {
        return value == b"0";
    }
    key == STRICT_MODE
        || OF_INTERFACE.iter().any(|(before, behind)| {
            let name = key.strip_prefix(*before).and_then(|rest| rest.strip_suffix(*behind));
            let name = name.and_then(|name| name.strip_suffix(b"/")).unwrap_or_default();
            !name.is_empty() && name != b".." && name != b"." && !name.contains(&b'/')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_set_back_and_no_other_file_is_written() {
        for switch in [
            &b"net.ipv4.tcp_l3mdev_accept=0"[..],
            b"net.ipv4.raw_l3mdev_accept=0",
            b"net.vrf.strict_mode=1",
            b"net/ipv6/conf/eth0.5/accept_ra=1",
            b"net/ipv6/conf/eth0/use_tempaddr=-1",
            b"net/ipv4/conf/eth0/rp_filter=1",
        ] {
            assert!(is_set_back(switch), "{}", String::from_utf8_lossy(switch));
        }
        for switch in [
            &b"net.ipv4.tcp_l3mdev_accept=1"[..],
            b"net.ipv4.ip_forward=1",
            b"kernel.core_pattern=|/tmp/x",
            b"net/ipv6/conf/../../../../../tmp/accept_ra=1",
            b"net/ipv6/conf/../accept_ra=1",
            b"net/ipv6/conf/eth0/forwarding=1",
            b"net/ipv6/conf/eth0/accept_ra=",
            b"net/ipv6/conf/eth0/accept_ra=1x",
            b"net/ipv6/conf//accept_ra=1",
            b"net.vrf.strict_mode",
            b"",
        ] {
            assert!(!is_set_back(switch), "{}", String::from_utf8_lossy(switch));
        }
    }
}
