//! `vrf-launch ip …`, also by the name `ip`: what changes links, addresses, routes and rules, and `ip vrf`, without
//! iproute2. What is not known here is for another `ip` on the machine.
//!
//! Exit codes are iproute2's: 1 for a wrong command line, 2 where the kernel refused.

mod show;

use crate::apply;
use crate::error::{Errno, Error, Exit, What, Why};
use crate::ip::{self, Class, Device, Wrong};
use crate::limits;
use crate::log::{Outcome, say};
use crate::rtnl::Rtnl;
use crate::sys::args::{Made, Strings};
use crate::sys::path::Path;
use crate::sys::{file, process};
use crate::text::Buf;
use crate::uapi;
use crate::vrf;
use crate::wire::msg::Writer;
use crate::wire::{addr, link};
use core::ffi::CStr;

/// What `ip vrf` is asked for.
#[derive(Clone, Copy)]
pub enum Vrf {
    /// Run the rest in the VRF.
    Exec(&'static [u8], Strings),
    /// List the VRFs, or tell the table of one; as JSON.
    Show(Option<&'static [u8]>, bool),
    /// The VRF of a process.
    Identify(Option<&'static [u8]>),
    /// The processes in a VRF.
    Pids(&'static [u8]),
}

/// Carries out what stands behind `ip`, but for `ip vrf`, which is given back.
pub fn ip(args: Strings, environment: Strings) -> Outcome<Option<Vrf>> {
    let args = enter(args)?;
    let (mut rest, mut json) = (args, false);
    while let Some(word) = rest.next().map(CStr::to_bytes) {
        match word {
            b"-j" | b"-json" | b"--json" => json = true,
            b"-4" | b"-6" | b"-p" | b"-d" | b"-pretty" | b"-details" => {}
            b"v" | b"vr" | b"vrf" => return about_vrf(rest, json).map(Some),
            _ => break,
        }
    }
    if show::show(args)? {
        return Ok(None);
    }
    change(args, environment).map(|()| None)
}

/// Where `-n NAME` or `-netns NAME` stands first: enters that network namespace.
fn enter(args: Strings) -> Outcome<Strings> {
    let mut rest = args;
    let Some(b"-n" | b"-net" | b"-netns" | b"--netns") = rest.next().map(CStr::to_bytes) else { return Ok(args) };
    let Some(name) = rest.next().map(CStr::to_bytes) else { return Err(wrong(b"-n", "a name is missing")) };
    let mut path = Path::new();
    let path = path.add(b"/run/netns/").add(name).c_str();
    match file::open(path).and_then(|namespace| process::enter_network(&namespace)) {
        Ok(()) => Ok(rest),
        Err(errno) => Err(say(&Error {
            exit: Exit::Unsound,
            ..Error::system(What::Deed("enter network namespace", name), errno)
        })),
    }
}

#[cold]
#[inline(never)]
fn wrong(word: &[u8], says: &'static str) -> Exit {
    say(&Error { exit: Exit::Unsound, ..Error::usage(What::Word(b"ip", word), says) })
}

/// Says that the kernel does not answer.
#[cold]
#[inline(never)]
fn refused(errno: Errno) -> Exit {
    say(&Error { exit: Exit::Refused, ..Error::system(What::Deed("ask", b"rtnetlink"), errno) })
}

fn about_vrf(mut rest: Strings, json: bool) -> Outcome<Vrf> {
    let verb = rest.next().map_or(&b"show"[..], CStr::to_bytes);
    let of = |full: &[u8]| !verb.is_empty() && full.starts_with(verb);
    let command = rest.skip(1);
    let name = rest.next().map(CStr::to_bytes);
    match name {
        name if of(b"show") || of(b"list") || of(b"lst") => Ok(Vrf::Show(name, json)),
        pid if of(b"identify") => Ok(Vrf::Identify(pid)),
        Some(vrf) if of(b"pids") => Ok(Vrf::Pids(vrf)),
        Some(vrf) if of(b"exec") && command.into_iter().next().is_some() => Ok(Vrf::Exec(vrf, command)),
        _ if of(b"exec") => Err(wrong(verb, "a VRF and a command: ip vrf exec NAME COMMAND [ARG]...")),
        _ => Err(wrong(verb, "ip vrf show [NAME], exec NAME COMMAND, identify [PID], pids NAME")),
    }
}

/// Makes a change of the kernel's; hands over to another `ip` what is none, or not known here.
#[inline(never)]
fn change(args: Strings, environment: Strings) -> Outcome {
    let mut rtnl = Rtnl::open().map_err(refused)?;
    let mut room = [0; limits::REQUEST];
    let mut body = Writer::new(&mut room);
    let mut words = args.into_iter().map(CStr::to_bytes);
    let compiled = ip::compile(
        &mut words,
        &mut |name| {
            let (mut index, mut table) = (0, 0);
            vrf::ask(&mut rtnl, name, &mut |link| {
                index = apply::any_index(link);
                table = apply::vrf_table(apply::attrs(link, link::FIXED)).unwrap_or(0);
            })
            .ok()?;
            Some(Device { index, table })
        },
        &mut body,
    );
    let request = match compiled {
        Ok(request) => request,
        Err(fault) => {
            return Err(match fault.wrong {
                Wrong::Unknown => hand_over(args, environment),
                Wrong::NoDevice => wrong(fault.word, "there is no such interface"),
                Wrong::NotVrf => wrong(fault.word, "the interface is not a VRF"),
                Wrong::Bad(reason) => wrong(fault.word, reason),
            });
        }
    };
    let done = match request.class {
        Class::AddrFlush => flush(&mut rtnl, body.bytes()),
        _ => send(&mut rtnl, request.kind, request.flags, body.bytes()),
    };
    done.map_err(|errno| {
        let mut room = [0; limits::COMMAND];
        let mut command = Buf::new(&mut room);
        command.str("ip");
        for word in args {
            command.str(" ").bytes(word.to_bytes());
        }
        let what = What::Command(command.as_bytes());
        say(&Error {
            exit: Exit::Refused,
            why: Why::Errno(errno),
            detail: rtnl.sentence(),
            ..Error::system(what, errno)
        })
    })
}

/// Sends one request.
#[inline(never)]
fn send(rtnl: &mut Rtnl, kind: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
    if !rtnl.push(kind, flags, body) {
        return Err(Errno::ENOBUFS);
    }
    let mut answer = Errno(0);
    rtnl.flush(&mut |_, errno| {
        answer = errno;
        true
    })?;
    if answer.0 == 0 { Ok(()) } else { Err(answer) }
}

/// Deletes the addresses that a question finds, one after the other: one may take others with it.
fn flush(rtnl: &mut Rtnl, question: &[u8]) -> Result<(), Errno> {
    loop {
        let mut room = [0; limits::REQUEST];
        let mut len = 0;
        rtnl.dump(uapi::RTM_GETADDR, question, &mut |address| {
            let address = address.unwrap_or_default();
            // What the kernel says of an address is what it takes for deleting it.
            if apply::word(address, addr::INDEX) == apply::word(question, addr::INDEX)
                && len == 0
                && address.len() <= room.len()
            {
                len = address.len();
                room.iter_mut().zip(address).for_each(|(to, from)| *to = *from);
            }
        })?;
        if len == 0 {
            return Ok(());
        }
        match send(rtnl, uapi::RTM_DELADDR, 0, room.get(..len).unwrap_or_default()) {
            Ok(()) | Err(Errno::EADDRNOTAVAIL) => {}
            other => return other,
        }
    }
}

/// Becomes another `ip`: iproute2's, or busybox's, never itself.
#[cold]
#[inline(never)]
fn hand_over(args: Strings, environment: Strings) -> Exit {
    /// The last one is one that goes by its name.
    const OTHERS: [&CStr; 6] =
        [c"/sbin/ip", c"/usr/sbin/ip", c"/bin/ip", c"/usr/bin/ip", c"/bin/busybox", c"/usr/bin/busybox"];
    let own = file::identity(c"/proc/self/exe");
    let other = OTHERS.into_iter().find(|path| file::identity(path).is_ok() && file::identity(path) != own);
    let Some(other) = other else {
        let first = args.into_iter().next().map_or(&b""[..], CStr::to_bytes);
        return wrong(first, "not known here, and neither iproute2 nor busybox is there, which may know it");
    };
    let mut command = Made::of(Strings::NONE);
    command.push(c"ip");
    for word in args {
        command.push(word);
    }
    match command.finish() {
        Ok(command) => {
            let errno = process::execve(other, command, environment);
            say(&Error { exit: Exit::NotExecutable, ..Error::system(What::Deed("run", other.to_bytes()), errno) })
        }
        Err(errno) => say(&Error::system(What::Deed("run", other.to_bytes()), errno)),
    }
}

/// The header and a line of `ip vrf show`, and how they are in JSON.
pub fn put_vrf(name: &[u8], table: u32, alone: bool, json: bool, first: bool, out: &mut Buf<'_>) {
    if json {
        out.str(if first { "[" } else { "," }).str("{\"name\":\"").shown(name).str("\",\"table\":").num(table).str("}");
        return;
    }
    if alone {
        out.bytes(name).str(" ").num(table).str("\n");
        return;
    }
    if first {
        out.str("Name              Table\n-----------------------\n");
    }
    out.bytes(name);
    let mut digits = [0; 10];
    let mut number = Buf::new(&mut digits);
    number.num(table);
    for _ in name.len()..16 {
        out.byte(b' ');
    }
    out.byte(b' ');
    for _ in number.as_bytes().len()..5 {
        out.byte(b' ');
    }
    out.bytes(number.as_bytes()).str("\n");
}
