//! The known ways out of a VRF, as a table that [`super::attempt`] carries out.

use crate::bytes::before;

/// A line for each way: who tries it (`a` anybody, `r` root where it is kept in), the family (`4`, `6`, `*` for one
/// after the other, `-`), the kind of socket (`u` UDP, `t` TCP, `m` MPTCP, `r` raw, `p` packet, `-`), the steps, and what it is called.
///
/// The other interface is lo, and what is sent goes to 127.0.0.1 or ::1; who receives it is outside of the VRF. With a group
/// of IPv6 it is any that is up and in no VRF: lo has no such multicast.
///
/// | step | |
/// |---|---|
/// | `=` | it is looked which interface the socket is bound to |
/// | `d` | `connect(AF_UNSPEC)`, which frees a socket of its interface |
/// | `i`, `n` | `SO_BINDTOIFINDEX`, `SO_BINDTODEVICE` to lo |
/// | `p` | what is sent goes by lo: `IP_PKTINFO` |
/// | `u`, `m` | `IP_UNICAST_IF`, `IP_MULTICAST_IF` lo |
/// | `g`, `x` | it goes to a multicast group; to everybody (broadcast) |
/// | `s` | with the other interface as scope id |
/// | `b` | the socket is bound to a multicast group with the other interface as scope id |
/// | `c` | a connection is made |
/// | `l` | somebody outside makes a connection to this socket |
/// | `r` | somebody outside sends to this socket |
/// | `w` | the process goes to the root of the cgroup tree |
/// | `j` | the socket joins a group by the other interface |
/// | `o` | it is enough that there is a socket |
/// | `f` | of any family whose packets the kernel sends by sockets of its own; `q` that io_uring may be had; `k` that links may be changed; `v` that a router's options are passed on |
/// | `y`, `a`, `z` | that a pair of sockets of TIPC may be had; a key that a program outside is asked for; input for a terminal |
///
/// `w` is last: what comes behind it would no more be in the VRF.
const WAYS: &[u8] = b"\
a*u= a new UDP socket is bound elsewhere
a*t= a new TCP socket is bound elsewhere
a*u a datagram
a*ud a socket freed by connect(AF_UNSPEC)
a4udi freed, then SO_BINDTOIFINDEX
a4up IP_PKTINFO with another interface
a6up IPV6_PKTINFO with another interface
a4uu IP_UNICAST_IF
a6uu IPV6_UNICAST_IF
a4umg multicast by IP_MULTICAST_IF
a6umg multicast by IPV6_MULTICAST_IF
a4upg multicast by IP_PKTINFO
a4upx broadcast by IP_PKTINFO
a6usg multicast by a scope id
a6ub bound to a multicast group of another interface
a*tc a TCP connection
a*mc an MPTCP connection
a*tl a TCP listener is reached from outside
a*ml an MPTCP listener is reached from outside
a*udr a freed UDP socket is reached from outside
a6ubgr multicast of another interface is received
a*uj a group is joined by another interface
a--v rtnetlink passes on what a router says
a--f AF_SMC, RDS, TIPC, RXRPC, KCM, PPPOX: a socket
a--q io_uring, which makes sockets past the filter
a--y socketpair of TIPC
a--a request_key, which runs a program outside
a--z TIOCSTI, input for the terminal outside
r4ui SO_BINDTOIFINDEX
r*un SO_BINDTODEVICE
r4rp a raw socket, IP_PKTINFO
r-po AF_PACKET: a socket
r--k rtnetlink: interfaces may be changed
r4uw cgroup.procs: the process leaves its cgroup
";

/// The most there may be.
pub const MOST: usize = 48;

/// One of them.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// Only root can.
    pub is_roots: bool,
    /// `4`, `6` or `-`.
    pub family: u8,
    /// The kind of socket.
    pub kind: u8,
    /// The steps.
    pub steps: &'a [u8],
    /// What it is called.
    pub what: &'a [u8],
}

impl<'a> Way<'a> {
    /// Takes a line apart.
    pub fn parse(line: &'a [u8]) -> Self {
        let code = before(line, b' ');
        let what = line.get(code.len() + 1..).unwrap_or_default();
        let (who, family, kind, steps) = match code {
            [who, family, kind, steps @ ..] => (*who, *family, *kind, steps),
            _ => (0, 0, 0, &b""[..]),
        };
        Self { is_roots: who == b'r', family, kind, steps, what }
    }

    /// Whether it has that step.
    #[inline(never)]
    pub fn has(&self, step: u8) -> bool {
        self.steps.contains(&step)
    }

    /// Whether it has to work outside of any VRF, or else nothing is known of it. Two are not tried there: they would make the
    /// kernel load modules, or say nothing of the VRF.
    pub fn has_control(&self) -> bool {
        !self.has(b'f') && !self.has(b'q')
    }
}

/// Each of them, with its number.
#[inline(never)]
pub fn each(each: &mut dyn FnMut(usize, &Way<'static>)) {
    let (mut rest, mut number) = (WAYS, 0);
    while !rest.is_empty() {
        let line = before(rest, b'\n');
        let mut way = Way::parse(line);
        if way.family == b'*' {
            way.family = b'4';
            each(number, &way);
            number += 1;
            way.family = b'6';
        }
        each(number, &way);
        number += 1;
        rest = rest.get(line.len() + 1..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_way() {
        let mut count = 0;
        each(&mut |number, way| {
            assert_eq!(number, count);
            count += 1;
            assert!(b"46-".contains(&way.family) && b"utmrp-".contains(&way.kind), "{number}");
            assert!(way.steps.iter().all(|step| b"=dinpumgxsbclrwofqkjvyaz".contains(step)), "{number}");
            assert!(!way.what.is_empty() && way.what.len() < 48, "{number}");
        });
        assert!(count <= MOST);
    }

    #[test]
    fn a_line_is_taken_apart() {
        let way = Way::parse(b"r4uw a b");
        assert_eq!(
            (way.is_roots, way.family, way.kind, way.steps, way.what),
            (true, b'4', b'u', &b"w"[..], &b"a b"[..])
        );
        assert!(way.has(b'w') && way.has_control());
    }
}
