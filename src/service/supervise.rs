//! Services looked after: started in the order of what they require, started again when they end, stopped together.
//!
//! One process, one loop. What takes long or may fail is done in children: bringing interfaces up, and all that comes
//! before a service's exec. So nothing of it stays in the memory of a process that lives as long as the machine, and
//! nothing of it can end it.

use super::output::{self, Printed};
use super::{Settings, inetd, listen, respawn, seal};
use crate::bind::Backend;
use crate::bind::cgroup::Target;
use crate::bind::program::Level;
use crate::conf::keywords::Keyword;
use crate::conf::services::{self, Field, Service};
use crate::conf::stanzas::Iface;
use crate::conf::values;
use crate::conf::words::{Split, Word, Words};
use crate::error::{Errno, Error, Exit, What};
use crate::load::Loaded;
use crate::log::{self, Outcome, refused, say};
use crate::rtnl::Rtnl;
use crate::sys::args::{Made, Strings, c_string};
use crate::sys::mem::{List, filled};
use crate::sys::process::{self, Ended, signal};
use crate::sys::{self, OwnedFd, file, net, time};
use crate::uapi;
use core::ffi::{CStr, c_int};

/// How long a service has from TERM to KILL.
const PATIENCE_MS: u64 = 10_000;
/// How long after a first event interfaces are looked at: others come with it.
const SETTLE_MS: u64 = 100;
/// How long what services have printed last may take to be passed on, and how often that is looked at.
const LAST_WORDS_MS: u32 = 1000;
const PAUSE_MS: u32 = 10;
/// What is waited for longer is worth giving memory back.
const IDLE_MS: u32 = 60_000;
/// No time at all.
const NEVER: u64 = u64::MAX;

/// Puts the process into a VRF, at a level, with its descriptors closed but for those whose bits are given.
pub type Enter<'h> = &'h dyn Fn(&'static [u8], Option<Level>, u64, listen::Specs<'_>) -> Outcome;

/// What the supervisor has done for it, each in a child process.
pub struct Host<'h> {
    /// Brings interfaces up; true: again, because something has changed.
    pub up: &'h dyn Fn(bool) -> Outcome,
    /// Lets services use the interfaces that are their VRFs' now, and no others.
    pub refresh: &'h dyn Fn() -> Outcome,
    /// Puts the process into a VRF, at that level, with its descriptors closed but for those whose bits are given and the sockets that are opened for it.
    pub enter: Enter<'h>,
    /// The level, where a service does not say it.
    pub level: Option<Level>,
    /// How sockets are bound.
    pub backend: Backend,
    /// What services find in their environment.
    pub environment: Strings,
    /// Say nothing but errors.
    pub quiet: bool,
    /// What services print has their names before it, even that of a single one.
    pub names: bool,
}

/// A service and how it is.
#[derive(Clone, Copy)]
struct State {
    service: Service,
    /// 0: it does not run.
    pid: u32,
    /// When it was started.
    since_ms: u64,
    /// When it is to be started, or, while it is stopped, to be killed.
    due_ms: u64,
    /// The wait before the last start.
    waited_s: u32,
    /// Where it says that it has started; -1 where nothing is awaited.
    ready: c_int,
    /// The ends of the pipe by which it prints, where that is not passed straight through: -1.
    printed: c_int,
    print: c_int,
    /// It has started, as far as those that require it are concerned.
    is_up: bool,
    /// It is not started any more.
    is_over: bool,
    /// What it ended with last: an exit code, or 128 + a signal.
    code: i32,
}

/// Services, and what is being done about them.
pub struct Supervisor<'h> {
    conf: Loaded,
    host: &'h Host<'h>,
    states: List<State>,
    /// The signals that were blocked before, as services find them.
    mask: u64,
    signals: OwnedFd,
    events: Option<Rtnl>,
    target: Option<Target>,
    /// The child that brings interfaces up; 0: there is none.
    up: u32,
    /// When it is to be done again.
    up_due_ms: u64,
    /// The child that tells filters of an interface that has come or gone; 0: there is none.
    refresh: u32,
    /// Whether there has to be one.
    is_stale: bool,
    /// How the first one ended.
    up_code: Option<i32>,
    /// The child that passes on what services print; 0: there is none.
    output: u32,
    /// When there is to be one.
    output_due_ms: u64,
    /// They are all to end.
    stopping: bool,
    /// None has been started so far.
    is_new: bool,
}

/// What has to be looked at again when it changes.
const GROUPS: [u32; 1] = [uapi::RTNLGRP_LINK];
const GROUPS_SHARED: [u32; 5] = [
    uapi::RTNLGRP_LINK,
    uapi::RTNLGRP_IPV4_IFADDR,
    uapi::RTNLGRP_IPV4_ROUTE,
    uapi::RTNLGRP_IPV6_IFADDR,
    uapi::RTNLGRP_IPV6_ROUTE,
];

impl<'h> Supervisor<'h> {
    /// Takes over: from here on, signals wait to be read.
    #[inline(never)]
    pub fn new(conf: Loaded, host: &'h Host<'h>) -> Outcome<Self> {
        let failed = |errno| refused("take over", b"signals", errno);
        // Whoever hears its messages may go; it may not.
        let mask = process::swap_signal_mask(signal::HANDLED | signal::set(signal::PIPE)).map_err(failed)?;
        let signals = process::signalfd(signal::HANDLED).map_err(failed)?;
        // What is shared follows addresses and routes.
        let groups = if conf.conf.has(Keyword::VrfShared) { &GROUPS_SHARED[..] } else { &GROUPS };
        let events = Rtnl::open_plain().and_then(|events| events.subscribe(groups).map(|()| events)).ok();
        Ok(Self {
            conf,
            host,
            states: List::new(),
            mask,
            signals,
            events,
            target: None,
            up: 0,
            up_due_ms: 0,
            refresh: 0,
            is_stale: false,
            up_code: None,
            output: 0,
            output_due_ms: NEVER,
            stopping: false,
            is_new: true,
        })
    }

    /// Gives back what [`Self::new`] took: another program takes this one's place.
    pub fn leave(&self) {
        let _ = process::swap_signal_mask(self.mask); // it was set before, so it can be
    }

    /// Selects services by their names, each behind those that it requires; without names, all that `auto` says.
    #[inline(never)]
    pub fn select(&mut self, names: &mut dyn Iterator<Item = &'static [u8]>) -> Outcome {
        let conf = self.conf.conf;
        let marks = filled(conf.len(), 0_u8).map_err(|errno| refused("index", self.conf.file, errno))?;
        let mut all = true;
        for name in names {
            all = false;
            let Some(service) = conf.service(name) else {
                let error = crate::error::Error::usage(crate::error::What::Word(b"service", name), "not in ");
                let why = crate::error::Why::Of("not in ", self.conf.file);
                let near = conf.near(name, &mut conf.services().map(|service| Iface(service.0)));
                return Err(log::say_near(&crate::error::Error { why, ..error }, near));
            };
            self.add(service, marks)?;
        }
        for service in conf.services().filter(|_| all) {
            if conf.is_auto_service(service) {
                self.add(service, marks)?;
            }
        }
        Ok(())
    }

    /// Adds one behind what it requires.
    fn add(&mut self, service: Service, marks: &mut [u8]) -> Outcome {
        let Loaded { conf, file, .. } = self.conf;
        conf.walk_services(service, marks, &mut |step| {
            let service = step.map_err(|fault| self.conf.fault(&fault))?;
            let state = State {
                service,
                pid: 0,
                since_ms: 0,
                due_ms: 0,
                waited_s: 0,
                ready: -1,
                printed: -1,
                print: -1,
                is_up: false,
                is_over: false,
                code: 0,
            };
            self.states.push(state).map_err(|errno| refused("index", file, errno))
        })
    }

    /// Whether there is no service to look after.
    pub const fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// What they ended with: the first code that is not 0.
    pub fn code(&self) -> i32 {
        self.states.as_slice().iter().map(|state| state.code).find(|code| *code != 0).unwrap_or(0)
    }

    // ---- the loop

    /// Brings interfaces up and looks after services, until there is nothing more to look after, or one of the signals
    /// `ends` has come and all services have ended. Gives that signal, or 0. With `stay` it goes on without any service, and
    /// keeps other signals to itself.
    #[inline(never)]
    pub fn watch(&mut self, ends: u64, stay: bool) -> u32 {
        let mut ending = 0;
        let mut watched = List::new();
        if self.host.names || self.states.len() > 1 {
            self.open_pipes();
        }
        loop {
            while let Ok((pid, how)) = process::reap() {
                self.ended(pid, how);
            }
            let now = time::now_ms();
            if self.output_due_ms <= now {
                self.pass_on(now);
            }
            let next = self.due(now);
            let runs = self.up != 0 || self.refresh != 0 || self.states.as_slice().iter().any(|state| state.pid != 0);
            if !runs && (self.stopping || (next == NEVER && self.up_code.is_some() && !stay)) {
                self.close_pipes(stay);
                return ending;
            }

            watched.clear();
            let mut listed = watched.push(net::watch(sys::number(&self.signals)));
            if let Some(events) = self.events.as_ref().filter(|_| !self.stopping) {
                listed = listed.and_then(|()| watched.push(net::watch(events.number())));
            }
            let fixed = watched.len();
            for state in self.states.as_slice().iter().filter(|state| state.ready >= 0) {
                listed = listed.and_then(|()| watched.push(net::watch(state.ready)));
            }
            let next = next.min(self.output_due_ms).saturating_sub(now);
            let timeout = listed.map_or(1000, |()| u32::try_from(next).unwrap_or(u32::MAX));
            let wait = if timeout > IDLE_MS { net::wait_small } else { net::wait };
            if wait(watched.as_mut_slice(), timeout).is_err() {
                continue;
            }

            while let Some(number) = process::next_signal(&self.signals) {
                if number != signal::CHLD {
                    if signal::is_in(number, ends) {
                        ending = number;
                        self.stop();
                    } else if !stay {
                        self.each_running(&mut |pid| process::kill(pid, number));
                    }
                }
            }
            let events =
                self.events.as_ref().filter(|_| fixed > 1 && watched.as_slice().get(1).is_some_and(net::is_ready));
            if let Some(events) = events {
                while let Ok(Some(kind)) = events.next_event(0) {
                    self.is_stale |= !matches!(
                        kind,
                        uapi::RTM_NEWADDR | uapi::RTM_DELADDR | uapi::RTM_NEWROUTE | uapi::RTM_DELROUTE
                    );
                }
                self.up_due_ms = self.up_due_ms.min(time::now_ms() + SETTLE_MS);
            }
            for seen in watched.as_slice().iter().skip(fixed).filter(|seen| net::is_ready(seen)) {
                self.heard(seen.fd);
            }
        }
    }

    /// Lets services use the interfaces that are their VRFs' now, in a child. An interface may have left its VRF: that is done at once,
    /// while bringing interfaces up waits for more events, for other processes and for interfaces. Before the first service
    /// starts there is nothing to do that `up` does not.
    fn refresh(&mut self) {
        if self.refresh != 0 || self.is_new || self.stopping || !core::mem::take(&mut self.is_stale) {
            return;
        }
        match process::fork() {
            Ok(0) => process::exit((self.host.refresh)().map_or_else(|exit| i32::from(exit.code()), |()| 0)),
            Ok(pid) => self.refresh = pid,
            Err(_) => {} // `up` does it, too, and says what the matter is
        }
    }

    /// Does what is due; gives when something will be.
    #[inline(never)]
    fn due(&mut self, now: u64) -> u64 {
        self.refresh();
        if self.up == 0 && self.up_due_ms <= now && !self.stopping {
            self.up_due_ms = NEVER;
            let again = self.up_code.is_some();
            match process::fork() {
                Ok(0) => {
                    let _ = process::swap_signal_mask(self.mask); // as services find them
                    process::exit((self.host.up)(again).map_or_else(|exit| i32::from(exit.code()), |()| 0))
                }
                Ok(pid) => self.up = pid,
                Err(errno) => {
                    refused("start a process for", b"up", errno);
                    self.up_due_ms = now + 1000;
                }
            }
        }
        let mut next = if self.up == 0 && !self.stopping { self.up_due_ms } else { NEVER };
        let mut at = 0;
        while let Some(state) = self.states.as_slice().get(at).copied() {
            if self.stopping {
                if state.pid != 0 && state.due_ms <= now {
                    self.tell(&state, "still runs 10 s after it was to end: killed", None, None);
                    process::kill_group(state.pid, signal::KILL);
                    self.change(at, |state| state.due_ms = NEVER);
                }
            } else if state.pid == 0 && !state.is_over && self.up_code.is_some() {
                let may = self.may_start(at, &state);
                if may && state.due_ms <= now {
                    self.start(at, now);
                }
            }
            if let Some(state) = self.states.as_slice().get(at) {
                let waits =
                    if self.stopping { state.pid != 0 } else { state.pid == 0 && !state.is_over && state.due_ms > now };
                if waits {
                    next = next.min(state.due_ms);
                }
            }
            at += 1;
        }
        next
    }

    /// Whether all that a service requires has started. Where something of it never will, the service is over.
    #[inline(never)]
    fn may_start(&mut self, at: usize, state: &State) -> bool {
        let conf = self.conf.conf;
        let (mut may, mut lost) = (true, false);
        conf.each_field(state.service, services::REQUIRES, &mut |property| {
            for name in Words::new(property.value) {
                let Some(other) = conf.service(name) else { continue };
                let needed = self.states.as_slice().iter().find(|state| state.service == other);
                may &= needed.is_none_or(|needed| needed.is_up);
                lost |= needed.is_some_and(|needed| needed.is_over && !needed.is_up);
            }
        });
        if lost {
            self.tell(state, "not started: what it requires has ended", None, None);
            self.change(at, |state| {
                state.is_over = true;
                state.code = i32::from(Exit::System.code());
            });
        }
        may
    }

    fn change(&mut self, at: usize, how: impl FnOnce(&mut State)) {
        if let Some(state) = self.states.as_mut_slice().get_mut(at) {
            how(state);
        }
    }

    fn each_running(&self, deed: &mut dyn FnMut(u32)) {
        for state in self.states.as_slice().iter().filter(|state| state.pid != 0) {
            deed(state.pid);
        }
    }

    /// Asks all to end.
    #[inline(never)]
    fn stop(&mut self) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        if self.up != 0 {
            process::kill(self.up, signal::TERM);
        }
        let due_ms = time::now_ms() + PATIENCE_MS;
        for state in self.states.as_mut_slice() {
            if state.pid != 0 {
                state.due_ms = due_ms;
                process::kill(state.pid, signal::TERM);
                process::kill(state.pid, signal::CONT);
            }
        }
    }

    /// A child has ended.
    #[inline(never)]
    fn ended(&mut self, pid: u32, how: Ended) {
        let code = how.code();
        if pid == self.up {
            self.up = 0;
            self.up_code = self.up_code.or(Some(code));
            return;
        }
        if pid == self.refresh {
            self.refresh = 0;
            return;
        }
        if pid == self.output {
            self.output = 0;
            self.output_due_ms = time::now_ms() + 1000;
            return;
        }
        let Some(at) = self.states.as_slice().iter().position(|state| state.pid == pid) else { return };
        let now = time::now_ms();
        let Some(state) = self.states.as_slice().get(at).copied() else { return };
        let policy = self.conf.conf.respawn(state.service);
        let wait = respawn::wait_s(policy, code, now.saturating_sub(state.since_ms), state.waited_s);
        let wait = wait.filter(|_| !self.stopping);
        let (says, number) = match how.signal() {
            0 => ("ended with exit code ", code),
            signal => ("killed by signal ", signal),
        };
        self.tell(&state, says, Some(number.unsigned_abs()), wait);
        close(state.ready);
        self.change(at, |state| {
            state.pid = 0;
            state.code = code;
            state.ready = -1;
            state.is_over = wait.is_none();
            state.is_up = wait.is_none() && code == 0;
            state.waited_s = wait.unwrap_or(0);
            state.due_ms = now + u64::from(state.waited_s) * 1000;
        });
    }

    /// A service says that it has started, or will not say so any more.
    #[inline(never)]
    fn heard(&mut self, fd: c_int) {
        let Some(at) = self.states.as_slice().iter().position(|state| state.ready == fd) else { return };
        let mut said = [0; 64];
        let pipe = sys::unleak(fd);
        let got = file::read(&pipe, &mut said).unwrap_or(0);
        let is_ready = said.iter().take(got).any(|byte| *byte == b'\n');
        if got > 0 && !is_ready {
            sys::leak(pipe); // there is more to come
        } else {
            self.change(at, |state| {
                state.ready = -1;
                state.is_up |= is_ready;
            });
            if let Some(state) = self.states.as_slice().get(at).copied().filter(|_| is_ready) {
                self.tell(&state, "ready", None, None);
            }
        }
    }

    /// Says a change in a service's state.
    #[inline(never)]
    fn tell(&self, state: &State, says: &str, number: Option<u32>, again_s: Option<u32>) {
        if self.host.quiet {
            return;
        }
        let name = self.conf.conf.service_name(state.service);
        log::message(&|out| {
            out.shown(name).str(": ").str(says);
            if let Some(number) = number {
                out.num(number);
            }
            if let Some(wait) = again_s {
                out.str("; again in ").num(wait).str(" s");
            }
        });
    }

    // ---- what they print

    /// Gives each service a pipe, unless its output goes to a file. Where there can be none, it prints where this process does.
    #[inline(never)]
    fn open_pipes(&mut self) {
        let conf = self.conf.conf;
        for state in self.states.as_mut_slice() {
            if conf.field(state.service, services::OUTPUT).is_empty() {
                let Ok((read, write)) = process::pipe() else { return };
                let _ = file::open_to_all(&write); // so /dev/stdout can be opened by any user
                (state.printed, state.print) = (sys::leak(read), sys::leak(write));
                self.output_due_ms = 0;
            }
        }
    }

    /// Nobody prints any more: waits for a moment until all has been passed on, unless that is done elsewhere.
    #[inline(never)]
    fn close_pipes(&mut self, elsewhere: bool) {
        for state in self.states.as_slice() {
            close(state.printed);
            close(state.print);
        }
        let mut tries = if elsewhere { 0 } else { LAST_WORDS_MS / PAUSE_MS };
        while self.output != 0 && tries > 0 {
            tries -= 1;
            match process::reap() {
                Ok((pid, _)) if pid == self.output => return,
                Ok(_) => {}
                Err(_) => time::sleep_ms(PAUSE_MS),
            }
        }
    }

    /// Starts the process that passes on what services print.
    #[inline(never)]
    fn pass_on(&mut self, now: u64) {
        self.output_due_ms = NEVER;
        match process::fork() {
            Ok(0) => {
                let (mut pipes, mut printed) = (List::new(), List::new());
                for state in self.states.as_slice().iter().filter(|state| state.printed >= 0) {
                    close(state.print); // or the end would never come
                    let name = self.conf.conf.service_name(state.service);
                    if pipes.push(net::watch(state.printed)).and_then(|()| printed.push(Printed::new(name))).is_err() {
                        process::exit(i32::from(Exit::System.code()));
                    }
                }
                output::pass_on(&mut pipes, &mut printed)
            }
            Ok(pid) => self.output = pid,
            Err(_) => self.output_due_ms = now + 1000,
        }
    }

    // ---- a start

    #[inline(never)]
    fn start(&mut self, at: usize, now: u64) {
        let Some(state) = self.states.as_slice().get(at).copied() else { return };
        if core::mem::take(&mut self.is_new) && self.guards_all() {
            seal::share();
        }
        let pipe = self.conf.conf.ready_fd(state.service).and_then(|_| process::pipe().ok());
        let cgroup = self.cgroup(state.service);
        match process::fork_into(cgroup.as_ref()) {
            Ok(0) => process::exit(i32::from(self.child(&state, pipe.as_ref().map(|(_, write)| write)).code())),
            Ok(pid) => {
                let ready = pipe.map_or(-1, |(read, _)| sys::leak(read));
                let is_task = self.word(state.service, services::READY) == b"end";
                self.change(at, |state| {
                    state.pid = pid;
                    state.since_ms = now;
                    state.ready = ready;
                    state.is_up = ready < 0 && !is_task;
                });
                self.tell(&state, "started, PID ", Some(pid), None);
            }
            Err(errno) => {
                // As if it had been started, and had ended.
                refused("start", self.conf.conf.service_name(state.service), errno);
                self.change(at, |state| {
                    state.waited_s = respawn::wait_s(b'y', 1, 0, state.waited_s).unwrap_or(respawn::LONGEST_S);
                    state.due_ms = now + u64::from(state.waited_s) * 1000;
                });
            }
        }
    }

    /// Whether nothing is started from now on but services with guard's filter, and what brings interfaces up again, which takes
    /// no shell. The first process of a machine has others to come.
    #[inline(never)]
    fn guards_all(&self) -> bool {
        let is_guarded = |state: &State| {
            let vrf = self.word(state.service, services::VRF);
            let level = self.level(state.service, vrf).unwrap_or(Level::Guard);
            !vrf.is_empty() && vrf != b"default" && level > Level::Bind
        };
        !self.host.names
            && matches!(self.host.backend, Backend::Auto | Backend::Cgroup)
            && self.states.as_slice().iter().all(is_guarded)
    }

    /// The cgroup of a service's VRF, so that it is there from its first moment. Where that cannot be, the child goes there
    /// by itself, or says why it cannot.
    #[inline(never)]
    fn cgroup(&mut self, service: Service) -> Option<OwnedFd> {
        let vrf = self.word(service, services::VRF);
        if vrf.is_empty() || !matches!(self.host.backend, Backend::Auto | Backend::Cgroup) {
            return None;
        }
        if self.target.is_none() {
            let mut target = Target::new();
            let was = log::mute(true); // the child says it, if it has to be said
            let found = target.find();
            log::mute(was);
            found.ok()?;
            self.target = Some(target);
        }
        let level = self.level(service, vrf).unwrap_or(Level::Guard);
        self.target.as_mut()?.open(if vrf == b"default" { None } else { Some(vrf) }, level).ok()
    }

    /// How a service is to be kept: as it says, as was asked for, or as its VRF says, if any of them does.
    #[inline(never)]
    fn level(&self, service: Service, vrf: &[u8]) -> Option<Level> {
        let conf = self.conf.conf;
        let of_vrf = || conf.find(vrf).and_then(|iface| conf.last(iface, Keyword::VrfIsolation));
        Level::of(self.word(service, services::ISOLATION))
            .or(self.host.level)
            .or_else(|| of_vrf().and_then(|property| Level::of(property.first())))
    }

    /// In the child: becomes the service. Comes back with an error that has been said.
    #[inline(never)]
    fn child(&self, state: &State, ready: Option<&OwnedFd>) -> Exit {
        self.try_child(state, ready).err().unwrap_or(Exit::System)
    }

    #[inline(never)]
    fn try_child(&self, state: &State, ready: Option<&OwnedFd>) -> Outcome {
        let conf = self.conf.conf;
        let service = state.service;
        let failed = |errno| refused("start", conf.service_name(service), errno);
        process::swap_signal_mask(self.mask).map_err(failed)?;
        process::new_session();
        let output = self.path(service, services::OUTPUT)?;
        let to = match state.print {
            -1 if output.is_empty() => None,
            -1 => Some(file::open_append(output).map_err(|errno| refused("open", output.to_bytes(), errno))?),
            print => Some(sys::unleak(print)),
        };
        if let Some(to) = &to {
            for fd in [1, 2] {
                process::duplicate(to, fd).map_err(failed)?;
            }
        }
        // Nothing else that is open is used from here on.
        if let (Some(ready), Some(fd)) = (ready, conf.ready_fd(service)) {
            process::duplicate(ready, c_int::try_from(fd).unwrap_or(-1)).map_err(failed)?;
        }
        let mut settings = Settings {
            user: self.word(service, services::USER),
            chdir: self.path(service, services::CHDIR)?,
            resolv_conf: self.path(service, services::RESOLV_CONF)?,
            ..Settings::NONE
        };
        settings.cover()?;
        let mut kept = Ok(());
        conf.each_field(service, services::LISTEN, &mut |property| {
            for word in Words::new(property.value) {
                let spec = c_string(&mut word.iter().copied());
                kept = kept.and(spec.and_then(|spec| settings.listen.push(spec)));
            }
        });
        let vrf = self.word(service, services::VRF);
        if !vrf.is_empty() {
            let keep = conf.ready_fd(service).map_or(0, |fd| 1 << (fd & 63));
            (self.host.enter)(vrf, self.level(service, vrf), keep, settings.listen.as_slice())?;
        } else {
            listen::open(settings.listen.as_slice(), 0, b"")?;
        }
        conf.each_field(service, services::ENV, &mut |property| {
            for word in Split::new(property.value) {
                kept = kept.and(c_string(&mut word.bytes()).and_then(|setting| settings.env.push(setting)));
            }
        });
        let mut command = Made::of(Strings::NONE);
        for word in Split::new(conf.field(service, services::EXEC)) {
            command.push(c_string(&mut word.bytes()).map_err(failed)?);
        }
        let command = kept.and_then(|()| command.finish()).map_err(failed)?;
        settings.inetd = values::yes_no(self.word(service, services::INETD)) == Ok(true);
        if settings.inetd && settings.listen.is_empty() {
            return Err(say(&Error::usage(What::Deed("serve", conf.service_name(service)), inetd::NOTHING)));
        }
        settings.go(command, self.host.environment)
    }

    /// The first word of a keyword's value.
    fn word(&self, service: Service, field: Field) -> &'static [u8] {
        Words::new(self.conf.conf.field(service, field)).next().unwrap_or_default()
    }

    /// That word without quotes, as a path.
    fn path(&self, service: Service, field: Field) -> Outcome<&'static CStr> {
        let word = Split::new(self.conf.conf.field(service, field)).next().unwrap_or(Word::Plain(b""));
        c_string(&mut word.bytes()).map_err(|errno: Errno| refused("remember", b"a path", errno))
    }
}

/// Closes a descriptor that was leaked.
fn close(fd: c_int) {
    if fd >= 0 {
        drop(sys::unleak(fd));
    }
}
