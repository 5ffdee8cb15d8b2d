//! The programs for new sockets and for socket options: each comparison is of all that a run does.

use vrf_launch::bind::program::{KEEP_BOUND, bind, guard};

use crate::context::Hook;
use crate::machine::{self, Seen};
use crate::rules::{self, EPERM, Level, Verdict};

/// What a run is given, and what is to be seen then.
pub struct Case {
    pub context: Vec<u8>,
    pub packet: Vec<u8>,
    pub wanted: Seen,
}

/// A new socket. The answer is 1 or 0; an errno that is not EPERM is set by `bpf_set_retval`.
fn new_socket(level: Level, vrf: u32, has_set_retval: bool, family: u32, kind: u32, protocol: u32) -> Case {
    let fields = |bound| {
        let socket = [("bound_dev_if", bound), ("family", family), ("type", kind), ("protocol", protocol)];
        Hook::SockCreate.filled(&socket)
    };
    let (verdict, bound) = rules::new_socket(level, vrf, protocol, has_set_retval);
    let (answer, retval) = match verdict {
        Verdict::Allowed => (1, 0),
        Verdict::Refused(EPERM) => (0, 0),
        Verdict::Refused(errno) => (0, -errno),
        Verdict::Asked => unreachable!("nobody is asked here"),
    };
    let wanted = Seen { answer, retval, context: fields(bound.unwrap_or(0)), ..Seen::default() };
    Case { context: fields(0), packet: vec![], wanted }
}

/// Every family, every kind with every combination of its flags, every protocol of IP, those of the kernel's own, and the edges.
fn all_sockets() -> impl Iterator<Item = (u32, u32, u32)> {
    let protocols = (0..=520).chain([1 << 15, 1 << 16, (1 << 16) + 6, 1 << 31, (1 << 31) - 1, u32::MAX - 1, u32::MAX]);
    (0..=46).flat_map(move |family| {
        let protocols = protocols.clone();
        (0..=10).flat_map(move |kind| protocols.clone().map(move |protocol| (family, kind, protocol)))
    })
}

/// What is looked at when a program has been changed.
pub fn some_sockets(level: Level, vrf: u32, has_set_retval: bool) -> Vec<Case> {
    let protocols = [0, 1, 6, 17, 58, 132, 253, 254, 255, 256, 257, 258, 262, 1 << 16, u32::MAX];
    let mut cases = Vec::new();
    for (family, kind) in [(2, 1), (2, 2), (10, 1), (10, 3)] {
        cases.extend(protocols.map(|protocol| new_socket(level, vrf, has_set_retval, family, kind, protocol)));
    }
    cases
}

fn option(level: u32, option: u32) -> Case {
    let fields = |len| Hook::SetSockOpt.filled(&[("level", level), ("optname", option), ("optlen", len)]);
    let allowed = rules::socket_option(level, option) == Verdict::Allowed;
    // With an optlen of 0 the kernel takes the value as the caller gave it.
    let wanted = Seen { answer: allowed.into(), context: fields(if allowed { 0 } else { 4 }), ..Seen::default() };
    Case { context: fields(4), packet: vec![], wanted }
}

pub fn options() -> Vec<Case> {
    let levels = (0..=300).chain([65535, 1 << 31, u32::MAX]);
    levels.flat_map(|level| (0..=90).chain([89, 1 << 16, u32::MAX]).map(move |name| option(level, name))).collect()
}

/// Compares each case; gives how many there are, or what differs.
pub fn compare<'c>(
    hook: Hook,
    program: &[vrf_launch::bind::program::Insn],
    cases: impl IntoIterator<Item = &'c Case>,
) -> Result<usize, String> {
    let mut cases = cases.into_iter();
    let mut outcome = Ok(0);
    machine::with(hook, program, &mut |run| {
        for case in cases.by_ref() {
            let seen = run(&case.context, &case.packet);
            if seen != case.wanted {
                outcome =
                    Err(format!("of {:?} {:?}\n{seen:?}\ninstead of\n{:?}", case.context, case.packet, case.wanted));
                return;
            }
            if let Ok(count) = &mut outcome {
                *count += 1;
            }
        }
    })?;
    outcome
}

#[test]
fn new_sockets_are_bound_or_refused() {
    for vrf in [1, 7, 255, 256, 0x0102_0304, i32::MAX as u32] {
        let programs = [
            (Level::Bind, true, bind(vrf).to_vec()),
            (Level::Guard, true, guard(vrf, true).to_vec()),
            (Level::Guard, false, guard(vrf, false).to_vec()),
        ];
        for (level, has_set_retval, program) in programs {
            // All combinations for one VRF; for the others, those of one family.
            let all = all_sockets().filter(|socket| vrf == 7 || *socket == (2, 1, socket.2));
            let cases: Vec<Case> = all
                .map(|(family, kind, protocol)| new_socket(level, vrf, has_set_retval, family, kind, protocol))
                .collect();
            assert!(cases.len() > 500);
            assert_eq!(compare(Hook::SockCreate, &program, &cases), Ok(cases.len()), "{level:?} {vrf}");
        }
    }
}

#[test]
fn no_socket_is_bound_again_at_strict() {
    let cases = options();
    assert_eq!(compare(Hook::SetSockOpt, &KEEP_BOUND, &cases), Ok(cases.len()));
}
