//! What is done with hostile bytes: every parser of something that another wrote. Each function takes any bytes; it fails by a
//! panic, and, in what cargo-fuzz builds, by an access outside of what there is.

use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixDatagram;
use vrf_launch::bind::seccomp::{self, Who};
use vrf_launch::bind::{cgroup, filter};
use vrf_launch::conf::hash::slots;
use vrf_launch::conf::stanzas::{Conf, Stanza, count};
use vrf_launch::conf::{Fault, lines, values, words};
use vrf_launch::error::Exit;
use vrf_launch::ip::{self, Class, Device};
use vrf_launch::order::{self, Node};
use vrf_launch::plan::{Phase, Plan};
use vrf_launch::proc::{Lines, mounts_of};
use vrf_launch::record;
use vrf_launch::rtnl::Rtnl;
use vrf_launch::service::{seal, user};
use vrf_launch::sys::args::Strings;
use vrf_launch::sys::path::Path;
use vrf_launch::sys::seccomp::Notice;
use vrf_launch::text::Buf;
use vrf_launch::wire::ack::Ack;
use vrf_launch::wire::addr::{self, Addr};
use vrf_launch::wire::attr::Attrs;
use vrf_launch::wire::link::{self, Link};
use vrf_launch::wire::msg::{Messages, Writer};
use vrf_launch::wire::route::{self, Route};
use vrf_launch::wire::rule::Rule;
use vrf_launch::wire::tc::Filter;
use vrf_launch::{apply, cli, log};

const PHASES: [Phase; 5] = [Phase::Create, Phase::PreUp, Phase::Up, Phase::UpLines, Phase::PostUp];

/// A configuration, indexed and checked; what is right is walked, planned, and its commands are compiled.
pub fn configuration(bytes: &[u8]) {
    let mut text = bytes.to_vec();
    lines::join(&mut text);
    let n = count(&text);
    let (mut stanzas, mut names, mut tables) = (vec![Stanza::EMPTY; n], vec![0; slots(n)], vec![0; slots(n)]);
    let mut fault = Fault { at: 0, key: b"", word: b"", reason: "" };
    let mut entries = Vec::new();
    let mut more = |entry| {
        entries.push(entry);
        true
    };
    let Some(conf) = Conf::index(&text, &mut stanzas, &mut names, &mut more, &mut fault) else {
        let _ = lines::line_number(&text, fault.at);
        return;
    };
    let conf = conf.with_entries(&entries);
    if !conf.check(&mut tables, &mut fault) {
        let _ = lines::line_number(&text, fault.at);
        return;
    }
    let plan = Plan::new(conf, false);
    let mut marks = vec![0; conf.len()];
    for iface in conf.ifaces() {
        let walked = order::walk(&plan, iface, &mut marks, &mut |node| match node {
            Node::Ring(..) => Err(Exit::Usage),
            _ => Ok(()),
        });
        if walked.is_err() {
            return;
        }
        for phase in PHASES {
            let _ = plan.items(iface, phase, &mut |item| {
                ip(item.command);
                Ok(())
            });
        }
    }
    for service in conf.services() {
        let _ =
            (conf.service_name(service), conf.is_auto_service(service), conf.respawn(service), conf.ready_fd(service));
    }
    let _ = (values::listen(bytes), values::prefix(bytes), values::mac(bytes), words::is_simple_command(bytes));
}

/// An `ip` command.
pub fn ip(bytes: &[u8]) {
    let mut room = [0xa5; 512];
    let mut writer = Writer::new(&mut room);
    let Some(mut words) = ip::words(bytes) else { return };
    let mut device = |name: &[u8]| (!name.starts_with(b"x")).then_some(Device { index: 3, table: 10 });
    if let Ok(request) = ip::compile(&mut words, &mut device, &mut writer) {
        let body = writer.bytes().to_vec();
        let _ = ip::stands(&body, request.class, &body);
    }
    let _ = ip::check(bytes, &mut Writer::new(&mut [0; 512]));
}

/// A command line: words that end with a zero byte.
pub fn command_line(bytes: &[u8]) {
    log::mute(true);
    let words: Vec<CString> =
        bytes.split(|byte| *byte == 0).take(32).filter_map(|word| CString::new(word).ok()).collect();
    // As the kernel's, they live as long as the process; here the room is used again.
    let mut pointers: Vec<_> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // SAFETY: it ends with a null pointer, and nothing of what is made of it is used when this function has ended.
    let strings = unsafe { Strings::new(pointers.as_ptr()) };
    let _ = cli::parse(strings, &mut cli::Options::new());
    let _ = cli::init_words(strings, &mut cli::Options::new());
}

/// What the kernel, or who is taken for it, answers: messages, each read as any of the kinds there are.
pub fn netlink(bytes: &[u8]) {
    let mut room = [0; 256];
    for message in Messages::new(bytes) {
        let Ok((header, payload)) = message else { return };
        let _ = Ack::parse(&header, payload).map(|ack| (ack.errno, ack.msg.map(<[u8]>::len)));
        let _ = (Link::parse(payload), Addr::parse(payload), Route::parse(payload), Rule::parse(payload));
        let _ = (Addr::parse(payload).and_then(|addr| addr.own()), Filter::parse(payload));
        for attr in Attrs::new(payload) {
            let _ = (attr.u8(), attr.u16(), attr.u32(), attr.str(), attr.ip());
        }
        let _ = (apply::vrf_index(payload), apply::any_index(payload), apply::member_index(payload, 7));
        for fixed in [link::FIXED, addr::FIXED, route::FIXED] {
            let attrs = apply::attrs(payload, fixed);
            let _ =
                (apply::own_address(attrs), apply::vrf_table(attrs), apply::text(attrs, 3), apply::number(attrs, 10));
        }
        for class in [Class::AddrAdd, Class::RouteAdd, Class::RuleAdd, Class::LinkAdd] {
            let (request, entry) = payload.split_at(payload.len() / 2);
            let _ = (ip::stands(request, class, entry), ip::stands(payload, class, payload));
        }
        Buf::new(&mut room).shown(payload);
    }
}

thread_local! {
    static WIRE: RefCell<(UnixDatagram, UnixDatagram, Rtnl)> = {
        let (kernel, ours) = UnixDatagram::pair().expect("a pair of sockets");
        kernel.set_nonblocking(true).expect("a socket");
        ours.set_nonblocking(true).expect("a socket");
        let rtnl = Rtnl::over(ours.try_clone().expect("a socket").into()).expect("memory"); // which it keeps
        RefCell::new((kernel, ours, rtnl))
    };
}

/// What comes back on the socket to rtnetlink, as datagrams: what is asked for is one of a batch of three requests, a question and
/// a table. The first byte says which; before each datagram is its length.
pub fn answers(bytes: &[u8]) {
    let Some((&way, mut rest)) = bytes.split_first() else { return };
    WIRE.with_borrow_mut(|(kernel, ours, rtnl)| {
        rtnl.restart();
        while let Some((&len, after)) = rest.split_first() {
            let (datagram, after) = after.split_at(usize::from(len).min(after.len()));
            let _ = kernel.send(datagram); // what there is no room for is lost, as with the kernel
            rest = after;
        }
        let mut length = 0;
        let mut entry = |entry: Option<&[u8]>| length += entry.map_or(0, <[u8]>::len);
        match way % 4 {
            0 => {
                for _ in 0..3 {
                    assert!(rtnl.push(16, 0, &[0; 16]));
                }
                let _ = rtnl.flush(&mut |number, _| {
                    assert!(number < 3);
                    true
                });
                assert_eq!(rtnl.pending(), 0);
            }
            1 => drop(rtnl.ask(18, &[0; 16], &mut |payload| entry(Some(payload)))),
            2 => drop(rtnl.dump(18, &[0; 16], &mut entry)),
            _ => drop(rtnl.ask_and_dump(18, &[0; 16], &[0; 16], &mut |_, payload| entry(Some(payload)))),
        }
        let _ = rtnl.sentence().len();
        let mut room = [0; 4096];
        while ours.recv(&mut room).is_ok() {} // of what nobody waited for
        while kernel.recv(&mut room).is_ok() {} // what was asked
    });
}

/// /etc/passwd or /etc/group: a name, a zero byte, the file.
pub fn accounts(bytes: &[u8]) {
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = bytes.get(name.len() + 1..).unwrap_or_default();
    let line = user::entry(text, name);
    for n in 0..9 {
        let _ = (user::field(line, n), user::number(line, n));
    }
}

thread_local! {
    static FILE: OwnedFd = rustix::fs::memfd_create("hostile", rustix::fs::MemfdFlags::empty()).expect("a file");
    static WHO: RefCell<Who> = const { RefCell::new(Who::NOBODY) };
}

/// Gives `look` a file with these bytes, as /proc's are opened by name.
fn as_file(bytes: &[u8], look: impl FnOnce(&CStr)) {
    FILE.with(|file| {
        rustix::fs::ftruncate(file, 0).expect("a short file");
        rustix::io::pwrite(file, bytes, 0).expect("a file");
        let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).expect("a path");
        look(&path);
    });
}

/// The path of a cgroup, and mountinfo.
pub fn cgroups(bytes: &[u8]) {
    let _ = (cgroup::vrf_of(bytes), cgroup::split_last(bytes));
    if let Some(parts) = cgroup::parts(bytes) {
        assert!(bytes.starts_with(parts.own) && bytes.ends_with(parts.vrf) && !parts.vrf.is_empty());
    }
    as_file(bytes, |file| {
        let _ = mounts_of(file, &mut |place, kind| {
            let mut path = Path::new();
            seal::unescape(place, &mut path);
            let _ = path.c_str();
            kind == b"cgroup2"
        });
    });
}

/// What /proc says of a process that asks for a socket; any text, line by line.
pub fn processes(bytes: &[u8]) {
    as_file(bytes, |file| {
        let _ = WHO.with(|who| who.borrow_mut().read_status(file));
        let mut lines = Lines::new();
        if lines.open(file).is_ok() {
            while lines.advance() == Ok(true) {
                let _ = lines.line.as_bytes();
            }
        }
    });
}

/// What a seccomp filter asks its supervisor: `struct seccomp_notif`.
pub fn notifications(bytes: &[u8]) {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_ne_bytes);
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    let mut notice = Notice::default();
    (notice.id, notice.number, notice.arch) = (long(0), word(16), word(20));
    notice.pid = std::process::id(); // whose memory is read
    notice.args = std::array::from_fn(|n| long(32 + 8 * n));
    let _ = (filter::is_socketcall(notice.arch, notice.number), seccomp::arguments(&notice));
}

/// The record of what was made, which is in /run.
pub fn record(bytes: &[u8]) {
    let mut end = bytes.len();
    while let Some((start, owner, command)) = record::line_before(bytes, end) {
        assert!(start < end);
        end = start;
        let _ = (owner.name().len(), ip::request(command).map(|request| request.class));
    }
}
