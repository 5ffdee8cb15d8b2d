//! `ip …`: command lines of iproute2, compiled into rtnetlink requests.
//!
//! The text of a command is all there is of it: it is checked, printed, recorded and undone as text, and here it becomes
//! the body of one request, attribute by attribute as the words come, in iproute2's own order.
//!
//! The grammar is that of iproute2 7.1 as far as interfaces files use it. Like iproute2 it takes a word for the first
//! keyword, in its order, of which it is a beginning, where iproute2 compares so (`ip a a`, `ip ru del`), and asks for
//! the whole keyword where that does.
//!
//! ```text
//! ip [-4 | -6 | -f inet | -f inet6] …
//! ip link add [link NAME] [dev | name] NAME type { vrf table T | dummy | veth [peer [name] NAME]
//!         | vlan id N [protocol { 802.1q | 802.1ad }] | bridge [stp_state N] [forward_delay N] …
//!         | bond [mode M] [miimon N] … }
//! ip link del [dev] NAME [type …]
//! ip link set [dev] NAME { up | down | mtu N | address MAC | alias S | master M | vrf M | nomaster } …
//! ip addr { add | replace | del } [local] ADDR[/LEN] [peer ADDR[/LEN]] dev NAME [broadcast { ADDR | + | - }]
//!         [scope S] [label L] [metric N] [nodad] [noprefixroute]
//! ip addr flush [dev] NAME
//! ip route { add | replace | append | del } [to] [TYPE] { PREFIX | default } [via [inet | inet6] ADDR] [dev NAME]
//!         [table T | vrf NAME] [metric N] [scope S] [src ADDR] [proto P] [mtu N] [onlink]
//! ip rule { add | del } [pref N] [not] [from PREFIX] [to PREFIX] [iif NAME] [oif NAME] [fwmark MARK[/MASK]]
//!         [l3mdev] [suppress_prefixlength N] [table T | [type] { unreachable | blackhole | prohibit }] [protocol P]
//! ```
//!
//! What `add` takes, `del` takes with the same words, and takes back: an undo is a change of one word.
//!
//! Two kinds of refusal: [`Wrong::Unknown`] is for iproute2, and no statement about the line; the others are errors of
//! whoever wrote it. Deliberately unknown: `ip rule del from all` (the first rule there is), `ip -4 addr flush`, a link
//! without a name, short addresses (`10.1/16`), names from `/etc/iproute2`, alternative names of links and old aliases
//! (`eth0:1`, which is eth0).
//!
//! Stricter than iproute2, because the kernel would refuse or ignore it: an IPv6 prefix in a rule without `-6`, a
//! destination with host bits (IPv4; in IPv6 they are cleared, as the kernel does), `broadcast` with IPv6; numbers with
//! a leading zero, which it reads as octal. Looser: where a name of a link may stand without `dev`, rare keywords that
//! are not known here are taken for one.
//!
//! Source: `ip/ip.c`, `ip/iplink.c`, `ip/iplink_vrf.c`, `ip/link_veth.c`, `ip/ipaddress.c`, `ip/iproute.c`,
//! `ip/iprule.c`, `lib/utils.c` of iproute2; ip-link(8), ip-address(8), ip-route(8), ip-rule(8).

mod compiler;
mod keywords;
pub mod said;
mod stands;

pub use compiler::is_of_link;
pub use stands::stands;

use crate::conf::values::Reason;
use crate::conf::words::{Split, Word, is_simple_command};
use crate::limits;
use crate::wire::msg::Writer;
use compiler::Compiler;

/// What a compiled command needs of an interface that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its index.
    pub index: u32,
    /// Its table where it is a VRF, else 0.
    pub table: u32,
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `ip link add`
    LinkAdd,
    /// `ip link del`; by name, so the link need not be there yet when it is compiled.
    LinkDel,
    /// `ip link set`
    LinkSet,
    /// `ip addr add`
    AddrAdd,
    /// `ip addr del`
    AddrDel,
    /// `ip addr flush`: the request is the question for the addresses that are to go (a dump of `RTM_GETADDR`).
    AddrFlush,
    /// `ip route add`, `replace` and `append`
    RouteAdd,
    /// `ip route del`
    RouteDel,
    /// `ip rule add`
    RuleAdd,
    /// `ip rule del`
    RuleDel,
    /// `tc qdisc add` and `tc filter replace`, which are not compiled here.
    TcAdd,
    /// `tc qdisc del` and `tc filter del`
    TcDel,
}

/// What is to be known of a request besides its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// What it is for.
    pub class: Class,
    /// `RTM_*`.
    pub kind: u16,
    /// `NLM_F_*` beyond `NLM_F_REQUEST` and `NLM_F_ACK`.
    pub flags: u16,
    /// The interface it is about: that of `link`, or of `dev`; empty where none is named.
    pub dev: &'a [u8],
    /// `AF_INET` or `AF_INET6` of an address, route or rule; 0 for links.
    pub family: u8,
    /// A rule's preference, where it is said.
    pub pref: Option<u32>,
    /// The table of a new VRF, of a route, or that a rule leads to; 0 where there is none.
    pub table: u32,
    /// Whether a rule says `l3mdev`.
    pub l3mdev: bool,
    /// What a rule does where it leads to no table: an `FR_ACT_*`, 0 where nothing is said. A route's type: an `RTN_*`.
    pub action: u8,
}

/// Why a command is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<'a> {
    /// The word at which it showed; the last one, where something is missing; empty in a line without words.
    pub word: &'a [u8],
    /// What is the matter with it.
    pub wrong: Wrong,
}

/// What is the matter with a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Syntax that is not known here; iproute2 may know it.
    Unknown,
    /// It is wrong, or something is missing behind it: `10.0.0.300: not an IPv4 or IPv6 address`, `via: an address is
    /// missing`.
    Bad(Reason),
    /// There is no interface of that name.
    NoDevice,
    /// The interface of that name is not a VRF.
    NotVrf,
}

/// The plain words of a command.
#[derive(Clone, Debug)]
pub struct Words<'a>(Split<'a>);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self.0.next()? {
            Word::Plain(word) => Some(word),
            _ => None,
        }
    }
}

/// The words after `ip` of a command line: `None` if it is not `ip` with plain words, so that a shell has to look at it.
///
/// `ip` may be a path (`/sbin/ip`).
pub fn words(body: &[u8]) -> Option<Words<'_>> {
    words_of_ours(body).filter(|_| is_simple_command(body))
}

/// As [`words`], of a command that is known to have plain words only.
pub fn words_of_ours(body: &[u8]) -> Option<Words<'_>> {
    let mut words = Words(Split::new(body));
    match words.next()? {
        b"ip" | [.., b'/', b'i', b'p'] => Some(words),
        _ => None,
    }
}

/// Compiles the words after `ip` into the body of one request.
///
/// `devices` finds an interface by name. It is asked for those that must be there: of `link set` and its master, of
/// `dev` and of `vrf`.
///
/// # Errors
/// The word that stopped it, and whether iproute2 may know better. What was written then is to be taken back
/// ([`Writer::truncate`]).
#[inline(never)]
pub fn compile<'a>(
    words: &mut dyn Iterator<Item = &'a [u8]>,
    devices: &mut dyn FnMut(&'a [u8]) -> Option<Device>,
    out: &mut Writer<'_>,
) -> Result<Request<'a>, Fault<'a>> {
    Compiler::new(words, devices, out).command()
}

/// Compiles a command as if all interfaces were there. `None`: it is for a shell.
#[inline(never)]
pub fn check<'a>(command: &'a [u8], writer: &mut Writer<'_>) -> Option<Result<Request<'a>, Fault<'a>>> {
    let mut words = words(command)?;
    match compile(&mut words, &mut |_| Some(Device { index: 1, table: 1 }), writer) {
        Err(fault) if matches!(fault.wrong, Wrong::Unknown) => None,
        other => Some(other),
    }
}

/// As [`check`], where only the request matters.
pub fn request(command: &[u8]) -> Option<Request<'_>> {
    let mut room = [0; limits::REQUEST];
    check(command, &mut Writer::new(&mut room))?.ok()
}
