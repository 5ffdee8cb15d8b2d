//! Commands become true in the kernel.
//!
//! Each `ip` command is compiled into a request ([`crate::ip`]); requests are collected and sent together. A command that
//! finds what it wants is content; one that finds something else in its place is an error that shows it. What was
//! really made goes into the [`crate::record`], with the command that takes it back.

mod preview;
mod recorded;
mod rules;
mod shared;
mod wait;

pub use shared::Shared;

use crate::bytes::{before, copy};
use crate::error::{Errno, Error, Exit, What, Why};
use crate::features;
use crate::ip::{self, Class, Device, Request};
use crate::keep;
use crate::limits;
use crate::load::Loaded;
use crate::log::{self, Outcome, refused};
use crate::plan::{Item, Listing};
use crate::record::{self, Owner, Record};
use crate::rtnl::Rtnl;
use crate::rules::{KERNELS, Part, RULES, local, local_made_by, part};
use crate::service::dhcp;
use crate::sys::args::Strings;
use crate::sys::file;
use crate::sys::mem::List;
use crate::sys::net;
use crate::sys::path::Path;
use crate::sys::time;
use crate::text::Buf;
use crate::uapi;
use crate::wire::attr::Attrs;
pub use crate::wire::attr::{find, ip as ip_of, number, text, word};
use crate::wire::msg::Writer;
use crate::wire::{addr, link, query, route, rule};
use core::cell::Cell;
use core::net::IpAddr;
use core::sync::atomic::{AtomicBool, Ordering};

/// A word of the configuration or the command line, which lives as long as the process.
type Name = &'static [u8];

/// What is remembered of an interface.
#[derive(Clone, Copy, Default)]
struct Known {
    name: [u8; limits::IFNAME],
    /// Its index; 0 where nothing is remembered.
    index: u32,
    flags: u32,
    /// The index of what it is a member of; 0 is nothing.
    master: u32,
    mtu: u32,
    address: [u8; ETHERNET],
    /// Whether it has an address of that length.
    has_address: bool,
    /// The table, where it is a VRF; else 0.
    table: u32,
    /// Whether nothing has been changed since it was read.
    fresh: bool,
    /// The index of the VRF that it has become a member of since, where nothing else has changed; 0 is none.
    joined: u32,
}

/// Bytes of an Ethernet's address.
const ETHERNET: usize = 6;

/// Who asked for a command.
#[derive(Clone, Copy)]
struct Asked {
    /// The line, if it was one.
    at: Option<u32>,
    /// Isolation needs it, the file does not say it.
    implied: bool,
}

/// A request that has not been answered yet. Its texts are in [`Apply::texts`], one behind the other.
#[derive(Clone, Copy)]
struct Pending {
    asked: Asked,
    class: Class,
    /// Where its command begins, its request's body, and where that ends.
    parts: [usize; 3],
    /// The table that the kernel made it for, or that it is in.
    table: u32,
    /// Where the line of the record begins that takes it back; [`UNRECORDED`] where there is none.
    line: usize,
    /// What the kernel said; 0 is a yes.
    errno: Errno,
}

/// No line of the record.
const UNRECORDED: usize = usize::MAX;

/// Carries commands out.
pub struct Apply {
    rtnl: Rtnl,
    /// What was made.
    pub record: Record,
    conf: Loaded,
    queue: List<Pending>,
    texts: List<u8>,
    known: [Known; limits::LINKS],
    /// How many have been put there so far: the next takes the place of the oldest.
    met: usize,
    /// The addresses of interfaces that were up before, with their indices: they are others', and not taken back.
    had: List<(u32, IpAddr)>,
    /// Which of [`RULES`] have been seen to, and not been touched since: a bit for each.
    ruled: u32,
    /// Whose commands come now.
    owner: Name,
    /// Commands undo: what is gone already is well, and nothing is recorded.
    undoing: bool,
    /// Whether a command for a shell has been run.
    pub ran_shell: bool,
    /// Say each command.
    pub verbose: bool,
    /// This process's environment, for those that it starts.
    pub environment: Strings,
    /// The number of the network namespace.
    namespace: u64,
    /// The index of the interface that got another master last.
    moved: u32,
    /// Whether the command at hand has come to a request.
    changed: bool,
    /// When the clock was looked at first, and after how long it is told next that there is more, milliseconds.
    busy: (u64, u64),
    /// How many batches have been sent.
    batches: u32,
    /// Nothing is changed: what would be is put into [`Apply::would`].
    dry_run: bool,
    /// An interface has to do without something, which has been said.
    lacking: Cell<bool>,
    /// The commands that would change something, as `plan` prints them.
    pub would: List<u8>,
    listing: Listing<'static>,
}

/// After so long it is told how far it is, milliseconds.
const TELL_MS: u64 = 1000;
/// At each so many batches a look is taken at the clock: a system call, which a small file is to do without.
const CLOCK_EVERY: u32 = 8;
/// How a step begins that sets one of the kernel's switches.
const SYSCTL: &[u8] = b"sysctl -w ";
const SYSCTL_IPV6: &[u8] = b"sysctl -w net/ipv6/";
/// How one begins that is about what comes in by a shared interface.
const TC: &[u8] = b"tc ";
/// How one begins that ends the DHCP client of an interface.
pub const DHCP_END: &[u8] = b"udhcpc -k ";
/// Those that are no `ip` command.
const TOOLS: [&[u8]; 3] = [SYSCTL, TC, DHCP_END];

/// How one begins that deletes a link.
const LINK_DEL: &[u8] = b"ip link del dev ";

/// What is missing for DHCP.
const NO_CLIENT: &str =
    "DHCP needs busybox's udhcpc, and there is neither udhcpc nor busybox in PATH or /sbin, /usr/sbin, /bin, /usr/bin";

impl Apply {
    /// Opens the socket and the record; where it is a `dry_run`, both only to read.
    pub fn open(conf: Loaded, dry_run: bool) -> Outcome<Self> {
        let rtnl = Rtnl::open().map_err(|errno| refused("open", b"rtnetlink", errno))?;
        let namespace = number_of_namespace(&rtnl).map_err(Self::unreadable)?;
        let record = Record::open(namespace, dry_run).map_err(Self::unreadable)?;
        if record.is_strangers() {
            return Err(distrust(namespace));
        }
        Ok(Self {
            rtnl,
            record,
            conf,
            queue: List::new(),
            texts: List::new(),
            known: [Known::default(); limits::LINKS],
            met: 0,
            had: List::new(),
            ruled: 0,
            owner: b"",
            undoing: false,
            ran_shell: false,
            verbose: false,
            environment: Strings::NONE,
            namespace,
            moved: 0,
            changed: false,
            busy: (0, TELL_MS),
            batches: 0,
            dry_run,
            lacking: Cell::new(false),
            would: List::new(),
            listing: Listing::default(),
        })
    }

    /// Whether nothing is changed.
    const fn is_dry(&self) -> bool {
        features::PLAN && self.dry_run
    }

    /// Says whose commands come now.
    pub const fn set_owner(&mut self, owner: Name) {
        self.owner = owner;
    }

    // ---- what goes wrong

    /// Says that a command failed. What is undone and already gone is well; so is a family that the kernel has not got, or that is
    /// switched off ([`is_lack`]), where only isolation asked for it: it cannot leak. Where the file asks for an address, a route
    /// or a rule of such a family, the interface has to do without, and comes up all the same.
    #[cold]
    #[inline(never)]
    fn fail(&self, command: &[u8], asked: Asked, why: Why<'_>, detail: &[u8]) -> Outcome {
        let errno = if let Why::Errno(errno) = why { errno } else { Errno::EPROTO };
        let gone = matches!(errno, Errno::ENODEV | Errno::ENOENT | Errno::ESRCH);
        let request = ip::request(command);
        let is_off = match request {
            Some(request) => is_lack(request.class, errno),
            None => errno == Errno::ENOENT && command.starts_with(SYSCTL_IPV6) && !has_ipv6(),
        };
        if (self.undoing && gone) || (asked.implied && (is_off || errno == Errno::EACCES)) {
            return Ok(());
        }
        let advice = match errno {
            _ if is_off => {
                "IPv6 is switched off there (disable_ipv6), or in the kernel (ipv6.disable); the rest is done"
            }
            Errno::ENOENT if command.starts_with(SYSCTL) => {
                "this kernel has no such switch (net.vrf.strict_mode: Linux 5.9)"
            }
            Errno::ENOENT | Errno::EOPNOTSUPP if command.starts_with(TC) => {
                "sharing an interface needs CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF and CONFIG_NET_CLS_ACT: modprobe sch_ingress cls_bpf"
            }
            Errno::ENETUNREACH => {
                "no network of that table has the gateway; with onlink behind it the kernel does not ask"
            }
            Errno::EPROTO if matches!(why, Why::Text(_)) && command.starts_with(b"ip ") => {
                "what is there is left as it is: remove it, or let the file say the same"
            }
            Errno::EPERM => "this needs root, or CAP_NET_ADMIN in the network namespace",
            Errno::EOPNOTSUPP if request.is_some_and(|request| request.table != 0) => {
                "this kernel has no VRF (CONFIG_NET_VRF), or not its module: modprobe vrf; an image needs vrf.ko"
            }
            _ => "",
        };
        let is_known = begins(command, &[b"ip ", TC]);
        let is_shells = command.starts_with(b"ip ") && ip::words(command).is_none();
        let what = if let Some(switch) = command.strip_prefix(SYSCTL) {
            What::Deed("set", switch)
        } else if is_known && !is_shells && dhcp::parse(command).is_none() {
            What::Command(command)
        } else {
            What::Deed("run", command)
        };
        let said = self.say(asked, &Error { why, detail, advice, ..Error::system(what, errno) });
        if is_off {
            self.lacking.set(true);
            return Ok(());
        }
        said
    }

    /// Says an error with the line that asked for it.
    #[cold]
    #[inline(never)]
    fn say(&self, asked: Asked, error: &Error<'_>) -> Outcome {
        Err(log::say(&Error { place: asked.at.map(|at| self.conf.place(at)), ..*error }))
    }

    /// As [`Self::fail`], with a reason that is composed.
    #[cold]
    #[inline(never)]
    fn fail_with(&self, command: &[u8], asked: Asked, compose: &dyn Fn(&mut Buf<'_>)) -> Outcome {
        let mut room = [0; 160];
        let mut text = Buf::new(&mut room);
        compose(&mut text);
        self.fail(command, asked, Why::Text(text.as_bytes()), b"")
    }

    /// As [`Self::fail`], with the kernel's number and its sentence.
    fn fail_asking(&self, command: &[u8], asked: Asked, errno: Errno) -> Outcome {
        self.fail(command, asked, Why::Errno(errno), self.rtnl.sentence())
    }

    #[cold]
    #[inline(never)]
    fn unrecorded(errno: Errno) -> Exit {
        static SAID: AtomicBool = AtomicBool::new(false);
        if SAID.load(Ordering::Relaxed) {
            return Exit::System; // it holds for every interface: once is enough
        }
        SAID.store(!log::is_mute(), Ordering::Relaxed);
        refused("write", b"/run/vrf-launch", errno)
    }

    #[cold]
    #[inline(never)]
    fn unreadable(errno: Errno) -> Exit {
        refused("read", b"/run/vrf-launch", errno)
    }

    /// Sees to it that all has been done, and that the record says so and no more.
    pub fn end(&mut self) -> Outcome {
        let done = self.flush().and(if self.lacking.get() { Err(Exit::System) } else { Ok(()) });
        done.and(self.record.settle().map_err(Self::unrecorded))
    }

    // ---- one item after the other

    /// Carries one item out, or puts it into the batch.
    #[inline(never)]
    pub fn item(&mut self, item: &Item<'_>, phase: &str) -> Outcome {
        let asked = Asked { at: Some(item.at), implied: item.implied };
        if item.shell && self.is_dry() {
            return self.would_run(item.command, phase, asked);
        }
        if item.shell {
            self.flush()?;
            return self.shell(item.command, phase, asked);
        }
        // All VRFs share these: what has been seen to for one is not asked for with the next.
        let rule = RULES.iter().position(|rule| item.implied && *rule == item.command);
        let bit = rule.and_then(|rule| 1_u32.checked_shl(u32::try_from(rule).ok()?)).unwrap_or(0);
        if self.ruled & bit != 0 {
            return Ok(());
        }
        self.command(item.command, asked)?;
        if !self.is_dry() {
            self.ruled |= bit;
        }
        Ok(())
    }

    #[inline(never)]
    fn shell(&mut self, command: &[u8], phase: &str, asked: Asked) -> Outcome {
        if !features::SHELL {
            return self.say(asked, &Error::usage(What::Deed("run", command), features::LEFT_OUT));
        }
        // Nobody knows what it does.
        self.ran_shell = true;
        self.known = [Known::default(); limits::LINKS];
        self.ruled = 0;
        match crate::service::shell::run(command, self.owner, phase, &self.conf, self.verbose) {
            Ok(0) => {
                log::done("", command);
                Ok(())
            }
            Ok(code) => self.fail_with(command, asked, &|text| {
                text.str("it ended with exit code ").num(u32::try_from(code).unwrap_or(0));
            }),
            Err(Errno::ENOENT) => {
                let advice = "ip link, addr, route and rule lines are done without one";
                let error = Error::usage(What::Deed("run", command), "it needs a shell, and there is no /bin/sh");
                self.say(asked, &Error { advice, ..error })
            }
            Err(errno) => self.fail(command, asked, Why::Errno(errno), b""),
        }
    }

    /// Carries out one `ip` command.
    #[inline(never)]
    fn command(&mut self, command: &[u8], asked: Asked) -> Outcome {
        if !self.verbose || self.is_dry() {
            return self.command_now(command, asked);
        }
        // One after the other, so that each can be told, and how long it took.
        self.flush()?;
        self.changed = false;
        let done = self.command_now(command, asked).and_then(|()| self.flush());
        if done.is_ok() {
            let is_new = self.changed && self.queue.as_slice().last().is_none_or(|pending| pending.errno.0 == 0);
            log::done(if is_new { "" } else { "already so: " }, command);
        }
        done
    }

    #[inline(never)]
    fn command_now(&mut self, command: &[u8], asked: Asked) -> Outcome {
        if let Some(switch) = command.strip_prefix(SYSCTL) {
            return self.sysctl(command, switch, asked);
        }
        if let Some(deletion) = command.strip_prefix(TC).filter(|_| features::SHARED) {
            return self.take_share_back(command, deletion, asked);
        }
        if let Some(words) = command.strip_prefix(DHCP_END).filter(|_| features::DHCP) {
            self.flush()?;
            let iface = before(words, b' ');
            let vrf = words.get(iface.len() + 1..).unwrap_or_default();
            if self.is_dry() {
                let runs = dhcp::runs(iface, vrf, self.namespace);
                return if runs { self.would(command, asked) } else { Ok(()) };
            }
            let Self { conf, namespace, environment, .. } = self;
            dhcp::stop(iface, vrf, &dhcp::World { conf, namespace: *namespace, environment: *environment });
            return Ok(());
        }
        if let Some(client) = dhcp::parse(command) {
            if !features::DHCP {
                return self.say(asked, &Error::usage(What::Deed("run", command), features::LEFT_OUT));
            }
            if self.is_dry() {
                let runs = dhcp::runs(client.iface, client.vrf, self.namespace);
                return if runs { Ok(()) } else { self.would(command, asked) };
            }
            return self.dhcp(command, client, asked);
        }
        let mut room = [0; limits::REQUEST];
        let mut undo = [0; limits::COMMAND];
        self.command_in(command, asked, &mut Writer::new(&mut room), &mut Buf::new(&mut undo))
    }

    /// Sets one of the kernel's switches: `net.a.b=1` is the file `/proc/sys/net/a/b`. With slashes, in which the name of an
    /// interface may have dots, it is that interface's own.
    #[inline(never)]
    fn sysctl(&mut self, command: &[u8], switch: &[u8], asked: Asked) -> Outcome {
        // The switch may come with an interface that is in the batch.
        self.flush()?;
        let key = before(switch, b'=');
        let value = switch.get(key.len() + 1..).unwrap_or_default();
        let mut path = Path::new();
        path.add(b"/proc/sys/");
        let is_own = key.contains(&b'/');
        for byte in key {
            path.add(if *byte == b'.' && !is_own { b"/" } else { core::slice::from_ref(byte) });
        }
        let mut now = [0; 16];
        let set = file::open(path.c_str()).and_then(|fd| file::read_all(&fd, &mut now)).and_then(|now| {
            let now = now.trim_ascii_end();
            if now == value {
                return Ok(true);
            }
            if self.is_dry() {
                return Ok(false);
            }
            if !self.undoing {
                let mut room = [0; limits::COMMAND];
                let mut undo = Buf::new(&mut room);
                undo.bytes(SYSCTL).bytes(key).byte(b'=').bytes(now);
                self.record.add(if is_own { Owner::Iface(self.owner) } else { Owner::Shared }, undo.as_bytes())?;
                self.record.save()?;
            }
            self.changed = true;
            file::write_all(&file::open_write(path.c_str())?, value).map(|()| true)
        });
        match set {
            Ok(true) => Ok(()),
            // The switches of an interface come with it.
            Err(Errno::ENOENT) if self.is_dry() && is_own && !self.undoing => self.would(command, asked),
            Ok(false) => self.would(command, asked),
            Err(errno) => self.fail(command, asked, Why::Errno(errno), b""),
        }
    }

    /// Has a DHCP client look after an interface.
    #[inline(never)]
    fn dhcp(&mut self, command: &[u8], client: dhcp::Command<'_>, asked: Asked) -> Outcome {
        self.flush()?;
        let line = self.record.len();
        let mut room = [0; limits::COMMAND];
        let mut undo = Buf::new(&mut room);
        put_dhcp_end(client, &mut undo);
        // It may have left its VRF meanwhile, or its VRF may be another.
        let last = self.moved;
        let moved = self.known(client.iface).is_some_and(|known| known.index == last);
        let Self { conf, namespace, environment, record, .. } = self;
        let world = dhcp::World { conf, namespace: *namespace, environment: *environment };
        let kept = record.add(Owner::Iface(self.owner), undo.as_bytes()).and_then(|()| record.save());
        kept.map_err(Self::unrecorded)?;
        let why = match dhcp::start(client, &world) {
            Ok(dhcp::Done::Already) => {
                if moved {
                    dhcp::script(c"again", client.iface, client.vrf, &world);
                }
                self.record.retract(line);
                return Ok(());
            }
            Ok(dhcp::Done::Leased) => return Ok(()),
            Ok(dhcp::Done::Asking) => {
                log::message(&|out| {
                    out.shown(client.iface).str(": no DHCP server has answered yet; udhcpc goes on asking");
                });
                return Ok(());
            }
            Ok(dhcp::Done::Ended(code)) => {
                return self.fail_with(command, asked, &|text| {
                    text.str("it ended with exit code ").num(u32::try_from(code).unwrap_or(0));
                });
            }
            Ok(dhcp::Done::NoClient) => Why::Says(NO_CLIENT),
            Ok(dhcp::Done::NoShell) => Why::Says("its script needs a shell, and there is no /bin/sh"),
            Err(errno) => Why::Errno(errno),
        };
        self.record.retract(line);
        self.fail(command, asked, why, b"")
    }

    /// As [`Self::command`], with room for its body and its way back. A function of its own has a small frame, hence
    /// small code.
    #[inline(never)]
    fn command_in(&mut self, command: &[u8], asked: Asked, writer: &mut Writer<'_>, undo: &mut Buf<'_>) -> Outcome {
        let Some(mut words) = ip::words_of_ours(command) else { return Ok(()) };
        // Who is asked for an interface may have to send what is in the batch, which may make it.
        let mut met = Ok(());
        let mut errno = Errno::ENODEV;
        let compiled = ip::compile(
            &mut words,
            &mut |name| {
                match self.device(name) {
                    Ok(Ok(())) => {}
                    Ok(Err(refused)) => errno = refused,
                    Err(exit) => met = Err(exit),
                }
                self.known(name).map(|known| Device { index: known.index, table: known.table })
            },
            writer,
        );
        met?;
        let request = match compiled {
            Ok(request) => request,
            // What is to be made has nothing yet, and what is to be undone has gone.
            Err(fault) if self.is_dry() && matches!(fault.wrong, ip::Wrong::NoDevice) => {
                return if self.undoing { Ok(()) } else { self.would(command, asked) };
            }
            Err(fault) => {
                let why = match fault.wrong {
                    ip::Wrong::NoDevice => Why::Errno(errno),
                    ip::Wrong::NotVrf => Why::Says("the interface it names is not a VRF"),
                    ip::Wrong::Bad(reason) => Why::Says(reason),
                    ip::Wrong::Unknown => Why::Says("not understood"),
                };
                return self.fail(command, asked, why, fault.word);
            }
        };
        if !asked.implied && matches!(request.class, Class::RuleAdd | Class::RuleDel) {
            self.ruled = 0;
        }
        if part(&request, writer.bytes()) == Some(Part::NotFirst) {
            // Without a table the kernel takes the first rule of preference 0, whatever it is.
            writer.truncate(0);
            rule::Rule { protocol: None, ..local(request.family) }.put(writer);
        }
        let body = writer.bytes();
        match request.class {
            Class::LinkSet => return self.link_set(command, &request, body, asked, undo),
            Class::AddrFlush if !self.is_dry() => return self.addr_flush(command, &request, asked),
            Class::RuleDel if !self.is_dry() && self.rule_del(command, &request, body, asked)? => return Ok(()),
            Class::RuleAdd if self.undoing && !self.is_dry() && command == local_made_by(request.family) => {
                return self.local_first(request.family, asked);
            }
            Class::RuleAdd if request.pref.is_none() && self.rule_add(command, &request, body, asked)? => return Ok(()),
            _ => {}
        }
        way_back(command, &request, body, undo);
        if request.class == Class::AddrAdd {
            let wanted = own_address(attrs(body, addr::FIXED)).map(|address| (word(body, addr::INDEX), address));
            if self.had.as_slice().iter().any(|had| Some(*had) == wanted) {
                undo.truncate(0);
            }
        }
        self.push(command, &request, body, undo.as_bytes(), asked)?;
        if request.class == Class::LinkDel {
            self.flush()?;
            self.forget(request.dev);
        }
        Ok(())
    }

    /// Adds a request to the batch, sending what is in it when it is full.
    #[inline(never)]
    fn push(&mut self, command: &[u8], request: &Request<'_>, body: &[u8], undo: &[u8], asked: Asked) -> Outcome {
        if self.is_dry() {
            return self.preview(command, request, body, asked);
        }
        loop {
            if self.rtnl.pending() == 0 {
                self.texts.clear();
                self.queue.clear();
            }
            if self.rtnl.push(request.kind, request.flags, body) {
                break;
            }
            self.flush()?;
        }
        self.changed = true;
        let mut line = UNRECORDED;
        let mut kept = Ok(());
        if !self.undoing && !undo.is_empty() {
            // Written down before it is done; what is there already will be struck out.
            line = self.record.len();
            kept = self.record.add(owner(self.owner, request, body), undo);
        }
        let start = self.texts.len();
        let middle = start + command.len();
        let parts = [start, middle, middle + body.len()];
        let pending = Pending { asked, class: request.class, parts, table: request.table, line, errno: Errno(0) };
        kept.and_then(|()| self.texts.extend(command))
            .and_then(|()| self.texts.extend(body))
            .and_then(|()| self.queue.push(pending))
            .map_err(|errno| refused("remember", command, errno))
    }

    /// Tells where it is, when it has taken a second, and then when it has taken twice as long.
    #[inline(never)]
    fn tell_busy(&mut self) {
        self.batches = self.batches.wrapping_add(1);
        if !self.batches.is_multiple_of(CLOCK_EVERY) {
            return;
        }
        let now = time::now_ms();
        let (start, next) = self.busy;
        let start = if start == 0 { now } else { start };
        let took = now.saturating_sub(start);
        self.busy = (start, next);
        if took >= next {
            self.busy.1 = took.saturating_mul(2);
            log::message(&|out| {
                out.str("still at work after ").num(u32::try_from(took / 1000).unwrap_or(0)).str(" s");
                if !self.owner.is_empty() {
                    out.str(", now on ").shown(self.owner);
                }
            });
        }
    }

    /// Sends the batch and sees to the answers. What the kernel refused is said; what was made is recorded all the same.
    #[inline(never)]
    pub fn flush(&mut self) -> Outcome {
        if self.rtnl.pending() == 0 {
            return Ok(());
        }
        self.record.save().map_err(Self::unrecorded)?;
        self.tell_busy();
        let Self { rtnl, record, queue, .. } = self;
        let mut failed = None;
        let sent = rtnl.flush(&mut |number, errno| {
            let Some(pending) = queue.as_mut_slice().get_mut(number).filter(|_| errno.0 != 0) else { return false };
            pending.errno = errno;
            record.retract(pending.line);
            let first = is_failure(pending.class, errno) && failed.is_none();
            if first {
                failed = Some(number);
            }
            first
        });
        let mut outcome = match sent {
            Err(errno) if failed.is_none() => Err(refused("talk to", b"rtnetlink", errno)),
            _ => Ok(()),
        };
        // The texts are borrowed while more is asked: what is asked from here on is nobody's batch.
        let texts = core::mem::take(&mut self.texts);
        if failed.is_some() {
            self.ruled = 0;
        }
        if let Some(pending) = failed.and_then(|number| self.queue.as_slice().get(number)) {
            let (command, _) = pending.texts(texts.as_slice());
            outcome = outcome.and(self.fail_asking(command, pending.asked, pending.errno));
        }
        let mut number = 0;
        while let Some(pending) = self.queue.as_slice().get(number).copied() {
            if pending.errno == Errno::EEXIST {
                outcome = outcome.and(self.verify(&pending, texts.as_slice()));
            } else if is_lack(pending.class, pending.errno) {
                let (command, _) = pending.texts(texts.as_slice());
                outcome = outcome.and(self.fail(command, pending.asked, Why::Errno(pending.errno), b""));
            }
            number += 1;
        }
        self.texts = texts;
        outcome
    }

    // ---- links

    /// What is known of the interface of that name.
    #[inline(never)]
    fn known(&mut self, name: &[u8]) -> Option<&mut Known> {
        let is_it = |known: &Known| known.name.strip_prefix(name).is_some_and(|rest| matches!(rest, [0, ..]));
        self.known.iter_mut().find(|known| known.index != 0 && is_it(known))
    }

    /// Sees to it that the interface of that name is known; nothing that could change it may be in the batch.
    #[inline(never)]
    pub fn link(&mut self, name: &[u8]) -> Result<(), Errno> {
        if self.known(name).is_some() {
            return Ok(());
        }
        let mut known = Known::default();
        copy(name, &mut known.name); // what it is asked for by, which may be another name of it (ip link property)
        self.look(name, &mut |link| known.read(link))?;
        self.note_addresses(&known)?;
        let place = self.met % limits::LINKS;
        self.met += 1;
        if let Some(place) = self.known.get_mut(place) {
            *place = known;
        }
        if known.index == 0 { Err(Errno::EPROTO) } else { Ok(()) }
    }

    /// Notes what addresses an interface has that is up and that nothing here has made: somebody may be reached by them.
    /// Whether one was there shows in the kernel's answer, too, but that may get lost, or this process be killed before.
    #[inline(never)]
    fn note_addresses(&mut self, link: &Known) -> Result<(), Errno> {
        let is_known = self.had.as_slice().iter().any(|(index, _)| *index == link.index);
        if link.flags & uapi::IFF_UP == 0 || link.table != 0 || is_known || self.undoing {
            return Ok(());
        }
        let mut room = [0; QUESTION];
        let mut writer = Writer::new(&mut room);
        query::addrs_of_link(0, link.index, &mut writer);
        let had = &mut self.had;
        let mut kept = Ok(());
        self.rtnl.dump(uapi::RTM_GETADDR, writer.bytes(), &mut |entry| {
            let Some(entry) = entry else { return };
            // A kernel that does not heed the filter gives those of all.
            if let Some(address) = own_address(attrs(entry, addr::FIXED)) {
                kept = kept.and(had.push((word(entry, addr::INDEX), address)));
            }
        })?;
        kept
    }

    /// Shows `each` what the kernel says of the interface of that name.
    #[inline(never)]
    fn look(&mut self, name: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
        let mut room = [0; QUESTION];
        let mut writer = Writer::new(&mut room);
        query::link_by_name(name, &mut writer);
        self.rtnl.ask(uapi::RTM_GETLINK, writer.bytes(), each)
    }

    /// As [`Self::link`], after all that was asked for so far has been done.
    #[inline(never)]
    fn device(&mut self, name: &[u8]) -> Outcome<Result<(), Errno>> {
        if self.known(name).is_none() {
            self.flush()?;
        }
        Ok(self.link(name))
    }

    #[inline(never)]
    fn forget(&mut self, name: &[u8]) {
        if let Some(known) = self.known(name) {
            known.index = 0;
        }
    }

    /// The table that the routes of a master's members are in; 0 is no master.
    #[inline(never)]
    fn table_of(&mut self, master: u32) -> Result<u32, Errno> {
        let mut table = 0;
        if master != 0 {
            let mut room = [0; QUESTION];
            let mut writer = Writer::new(&mut room);
            query::link(master, &mut writer);
            self.rtnl.ask(uapi::RTM_GETLINK, writer.bytes(), &mut |link| {
                table = vrf_table(attrs(link, link::FIXED)).unwrap_or(0);
            })?;
        }
        Ok(if table == 0 { uapi::RT_TABLE_MAIN } else { table })
    }

    /// `ip link set`: sent if anything in it is not so yet; what is, is not touched by the way back.
    #[inline(never)]
    fn link_set(
        &mut self,
        command: &[u8],
        request: &Request<'_>,
        body: &[u8],
        asked: Asked,
        undo: &mut Buf<'_>,
    ) -> Outcome {
        let name = request.dev;
        if self.known(name).is_some_and(|known| !known.fresh) {
            self.flush()?;
            match self.known(name) {
                // What is down is as it was, but for that.
                Some(known) if known.joined != 0 => {
                    known.master = core::mem::take(&mut known.joined);
                    known.fresh = true;
                }
                _ => self.forget(name),
            }
        }
        let _ = self.device(name)?;
        let Some(known) = self.known(name).copied() else {
            return if self.is_dry() && !self.undoing { self.would(command, asked) } else { Ok(()) };
        };
        undo.str("ip link set dev ").bytes(name);
        let nothing = undo.len();
        let wanted = attrs(body, link::FIXED);
        let is_member = number(wanted, uapi::IFLA_MASTER).is_some_and(|master| master != 0 && master == known.master);
        // What goes down to become a member, of a bond, does not once it is one.
        let mut changes_up = word(body, link::CHANGE) & uapi::IFF_UP != 0;
        let up = word(body, link::FLAGS) & uapi::IFF_UP;
        changes_up &= !(is_member && up == 0);
        if changes_up && up != known.flags & uapi::IFF_UP {
            undo.str(if up != 0 { " down" } else { " up" });
        }
        if number(wanted, uapi::IFLA_MTU).is_some_and(|mtu| mtu != known.mtu) {
            undo.str(" mtu ").num(known.mtu);
        }
        let address = find(wanted, uapi::IFLA_ADDRESS);
        if !address.is_empty() && known.has_address && address != known.address {
            let mut separator = " address ";
            for byte in known.address {
                undo.str(separator).hex(u32::from(byte / 16)).hex(u32::from(byte % 16));
                separator = ":";
            }
        }
        let master = number(wanted, uapi::IFLA_MASTER).filter(|master| *master != known.master);
        if master.is_some() {
            // It goes back to where it was, or out of any.
            if known.master == 0 {
                undo.str(" nomaster");
            } else {
                undo.str(" master ");
                self.put_name_of(known.master, undo)?;
            }
        }
        // One that is empty takes the alias away.
        if Attrs::new(wanted).any(|attr| attr.kind == uapi::IFLA_IFALIAS) {
            // What is in the batch goes first: a question may not be asked in its midst.
            self.flush()?;
            let alias = text(wanted, uapi::IFLA_IFALIAS);
            let quote = if alias.contains(&b'\'') { b'"' } else { b'\'' };
            self.look(name, &mut |link| {
                let before = text(attrs(link, link::FIXED), uapi::IFLA_IFALIAS);
                if before != alias {
                    undo.str(" alias ").byte(quote).bytes(before).byte(quote);
                }
            })
            .map_err(|errno| refused("look at", name, errno))?;
        }
        if undo.len() == nothing {
            return Ok(());
        }
        let mut kept = None;
        if master.is_some() {
            self.moved = known.index;
        }
        // The kernel takes down and up again what is up, and leaves alone what is not.
        let is_up = known.flags & uapi::IFF_UP != 0;
        if let Some(master) = master.filter(|_| !self.is_dry() && is_up) {
            self.flush()?;
            let lose = |errno| refused("keep the addresses of", name, errno);
            let from = self.table_of(known.master).map_err(lose)?;
            let to = self.table_of(master).map_err(lose)?;
            if master != 0 && changes_up && up < known.flags & uapi::IFF_UP {
                // First down: the kernel (5.17) takes the other for the first.
                let mut room = [0; limits::REQUEST];
                let mut down = Writer::new(&mut room);
                down.push(body.get(..link::FIXED).unwrap_or_default(), &[]);
                self.push(command, request, down.bytes(), b"", asked)?;
                self.flush()?;
            }
            kept = Some((keep::Kept::take(&mut self.rtnl, name, known.index, from).map_err(lose)?, to));
        }
        let only_joins = !is_up && undo.as_bytes().get(nothing..) == Some(b" nomaster");
        let is_vrf = |master: &u32| self.known.iter().any(|vrf| vrf.index == *master && vrf.table != 0);
        let joined = master.filter(|master| only_joins && is_vrf(master));
        self.push(command, request, body, undo.as_bytes(), asked)?;
        if let Some(known) = self.known(name) {
            known.fresh = false;
            known.joined = joined.unwrap_or(0);
        }
        if let Some((kept, to)) = kept {
            let done = self.flush();
            let given = kept.give(&mut self.rtnl, to);
            return done.and(given.map_err(|errno| refused("give back the addresses of", name, errno)));
        }
        Ok(())
    }

    /// Adds the name of an interface to a text, by its index; nothing where there is none.
    #[inline(never)]
    fn put_name_of(&mut self, index: u32, out: &mut Buf<'_>) -> Outcome {
        self.flush()?;
        let mut room = [0; QUESTION];
        let mut writer = Writer::new(&mut room);
        query::link(index, &mut writer);
        // One that is gone has no name.
        let _ = self.rtnl.ask(uapi::RTM_GETLINK, writer.bytes(), &mut |link| {
            out.bytes(text(attrs(link, link::FIXED), uapi::IFLA_IFNAME));
        });
        Ok(())
    }

    // ---- addresses

    #[inline(never)]
    fn addr_flush(&mut self, command: &[u8], request: &Request<'_>, asked: Asked) -> Outcome {
        let _ = self.device(request.dev)?;
        let Some(index) = self.known(request.dev).map(|known| known.index) else { return Ok(()) };
        self.flush()?;
        // Deleting one may take others with it (secondaries), so each round asks anew; a round that finds none ends it.
        loop {
            let mut room = [0; 128];
            let mut delete = Buf::new(&mut room);
            let mut filter = [0; QUESTION];
            let mut writer = Writer::new(&mut filter);
            query::addrs_of_link(0, index, &mut writer);
            let dumped = self.rtnl.dump(uapi::RTM_GETADDR, writer.bytes(), &mut |entry| {
                let entry = entry.unwrap_or_default();
                // Without a peer the kernel says only IFA_ADDRESS of an IPv6 address.
                let own = own_address(attrs(entry, addr::FIXED));
                if let Some(own) = own.filter(|_| word(entry, addr::INDEX) == index) {
                    delete.truncate(0);
                    delete.str("ip addr del ").ip(own);
                    // One that has a peer is not found without it.
                    if let Some(peer) =
                        ip_of(find(attrs(entry, addr::FIXED), uapi::IFA_ADDRESS)).filter(|peer| *peer != own)
                    {
                        delete.str(" peer ").ip(peer);
                    }
                    delete.str("/").num(byte(entry, addr::LEN)).str(" dev ").bytes(request.dev);
                }
            });
            if let Err(errno) = dumped {
                return self.fail_asking(command, asked, errno);
            }
            if delete.is_empty() {
                return Ok(());
            }
            self.command(delete.as_bytes(), asked)?;
            self.flush()?;
        }
    }

    // ---- what stands in a command's place

    /// A command found something in its place: is it what the command wants?
    #[inline(never)]
    fn verify(&mut self, pending: &Pending, texts: &[u8]) -> Outcome {
        self.verify_in(pending, texts, &mut Buf::new(&mut [0; 160]))
    }

    /// As [`Self::verify`], with room for what is found instead.
    #[inline(never)]
    fn verify_in(&mut self, pending: &Pending, texts: &[u8], other: &mut Buf<'_>) -> Outcome {
        let (command, body) = pending.texts(texts);
        let asked = pending.asked;
        match pending.class {
            Class::LinkAdd => return self.verify_link(command, asked),
            Class::AddrAdd | Class::RouteAdd => {}
            // The kernel compares rules whole.
            _ => return Ok(()),
        }
        match self.standing(pending.class, pending.table, body, other)? {
            Err(errno) => self.fail_asking(command, asked, errno),
            Ok(false) if !other.is_empty() => self.fail(command, asked, Why::Text(other.as_bytes()), b""),
            Ok(_) => Ok(()),
        }
    }

    /// Whether what a request adds is there, or what it deletes; and what stands in its place.
    #[inline(never)]
    fn standing(&mut self, class: Class, table: u32, body: &[u8], other: &mut Buf<'_>) -> Outcome<Result<bool, Errno>> {
        let mut filter = [0; QUESTION];
        let mut writer = Writer::new(&mut filter);
        let family = body.first().copied().unwrap_or(0);
        let kind = match class {
            Class::AddrAdd | Class::AddrDel | Class::AddrFlush => {
                query::addrs_of_link(family, word(body, addr::INDEX), &mut writer);
                uapi::RTM_GETADDR
            }
            Class::RouteAdd | Class::RouteDel => {
                query::routes_of_table(family, table, &mut writer);
                uapi::RTM_GETROUTE
            }
            _ => {
                writer.push(&[family], &[0; rule::FIXED - 1]);
                uapi::RTM_GETRULE
            }
        };
        // Several may stand side by side: the wanted one is enough.
        let mut same = false;
        let mut oif = 0;
        let dumped = self.rtnl.dump(kind, writer.bytes(), &mut |entry| {
            let Some(entry) = entry else { return };
            match ip::stands(body, class, entry) {
                Some(true) => same = true,
                Some(false) => oif = put_other(class, entry, other),
                None => {}
            }
        });
        if dumped.is_ok() && !same && oif != 0 {
            other.str(" dev ");
            self.put_name_of(oif, other)?;
        }
        Ok(dumped.map(|()| same))
    }

    #[inline(never)]
    fn verify_link(&mut self, command: &[u8], asked: Asked) -> Outcome {
        let Some(request) = ip::request(command) else { return Ok(()) };
        self.forget(request.dev);
        if let Err(errno) = self.link(request.dev) {
            return self.fail_asking(command, asked, errno);
        }
        let table = self.known(request.dev).map_or(0, |known| known.table);
        // As ifupdown-ng: where it is to make another kind of link, any of that name will do.
        if table == request.table {
            return Ok(());
        }
        self.fail_with(command, asked, &|text| {
            if table == 0 {
                text.str("an interface of that name is there, and is not a VRF");
            } else {
                text.str("a VRF of that name is there, with table ").num(table);
            }
        })
    }

    // ---- what there is

    /// Calls `each` with name and table of every VRF there is.
    #[inline(never)]
    pub fn each_vrf(&mut self, each: &mut dyn FnMut(&[u8], u32)) -> Result<(), Errno> {
        let mut room = [0; QUESTION];
        let mut writer = Writer::new(&mut room);
        query::links_of_kind(b"vrf", &mut writer);
        self.rtnl.dump(uapi::RTM_GETLINK, writer.bytes(), &mut |entry| {
            // A kernel that has no VRFs does not know the filter, and gives every link.
            let link = attrs(entry.unwrap_or_default(), link::FIXED);
            if let Some(table) = vrf_table(link) {
                each(text(link, uapi::IFLA_IFNAME), table);
            }
        })
    }

    // ---- the way back

    /// Undoes what the record says, from its end down to `from`: the lines that `which` selects.
    ///
    /// Every line that takes something back is tried ([`recorded`]); one that fails, or is refused, is said and stays in the record.
    /// Where a filter stays, so does all that was made before it: without that, it would send packets nowhere.
    #[inline(never)]
    pub fn undo(&mut self, from: usize, which: &dyn Fn(Owner<'_>, &[u8]) -> bool) -> Outcome {
        let mut outcome = self.end();
        let mut judged = Ok(());
        self.ruled = 0;
        let text = self.record.copy().map_err(Self::unrecorded)?;
        let mut end = text.len();
        let mut links = List::new();
        let mut with_links = List::new();
        let mut deletion = Deletion { text, from, at: end, lost: b"" };
        while let Some((start, owner, command)) = record::line_before(text, end).filter(|(start, ..)| *start >= from) {
            end = start;
            if !which(owner, command) {
                continue;
            }
            if !self.takes_back(command) {
                judged = judged.and(self.refuse_line(text, start, command));
                continue;
            }
            // A rule that another interface needs, too, goes with the last of them.
            let needs_too = |other: Owner<'_>, line: &[u8]| line == command && other != owner && !which(other, line);
            let is_rule = begins(command, &[b"ip rule ", b"ip -4 rule ", b"ip -6 rule "]);
            if is_rule && self.record.has(&needs_too) {
                self.record.retract(start);
                continue;
            }
            // It was there before this process began: the kernel's answer that says so got lost.
            if record::contains(text.get(..from).unwrap_or_default(), owner, command) {
                self.record.retract(start);
                continue;
            }
            // The kernel waits for each link that is set down, and for many that are deleted only once.
            let is_told = self.verbose || self.is_dry();
            if !is_told && deletion.takes(command, which) && with_links.push(start).is_ok() {
                continue;
            }
            // Links go together. Rules and filters stay as long as those that were made after them.
            if command.starts_with(LINK_DEL) && links.push((start, command)).is_ok() {
                continue;
            }
            if !begins(command, &[b"ip link ", b"ip addr ", b"ip route ", b"ip -6 route "]) {
                outcome = outcome.and(self.delete(&mut links));
            }
            let undone = self.undo_line(start, command);
            outcome = outcome.and(undone);
            if undone.is_err() && command.starts_with(b"tc filter ") {
                break;
            }
        }
        outcome = outcome.and(self.delete(&mut links));
        if outcome.is_ok() {
            for start in with_links.as_slice() {
                self.record.retract(*start);
            }
        }
        outcome.and(self.record.settle().map_err(Self::unrecorded)).and(judged)
    }

    #[inline(never)]
    fn undo_line(&mut self, start: usize, command: &[u8]) -> Outcome {
        self.undo_one(command)?;
        self.record.retract(start);
        Ok(())
    }

    /// Deletes links, whose lines begin there: many as a group, since the kernel waits as long for a thousand as for one.
    #[inline(never)]
    fn delete(&mut self, links: &mut List<(usize, &'static [u8])>) -> Outcome {
        const FEW: usize = 8;
        const MANY: usize = 1024;
        let mut outcome = Ok(());
        for some in links.as_slice().chunks(MANY) {
            let one_by_one = some.len() < FEW || self.verbose || self.is_dry();
            if one_by_one || self.delete_group(some).is_err() {
                for (start, command) in some {
                    outcome = outcome.and(self.undo_line(*start, command));
                }
            }
        }
        links.clear();
        outcome
    }

    #[inline(never)]
    fn delete_group(&mut self, links: &[(usize, &'static [u8])]) -> Result<(), Errno> {
        /// A group that is nobody's.
        const GROUP: u32 = 0x7672_6664;
        for (_, command) in links {
            let mut room = [0; QUESTION];
            let mut body = Writer::new(&mut room);
            query::into_group(command.get(LINK_DEL.len()..).unwrap_or_default(), GROUP, &mut body);
            if !self.rtnl.push(uapi::RTM_NEWLINK, 0, body.bytes()) {
                // One that is gone already is well.
                self.rtnl.flush(&mut |_, _| false)?;
                if !self.rtnl.push(uapi::RTM_NEWLINK, 0, body.bytes()) {
                    return Err(Errno::ENOBUFS);
                }
            }
        }
        self.rtnl.flush(&mut |_, _| false)?;
        let mut room = [0; QUESTION];
        let mut body = Writer::new(&mut room);
        query::links_of_group(GROUP, &mut body);
        let mut answer = Errno::ENOBUFS;
        if self.rtnl.push(uapi::RTM_DELLINK, 0, body.bytes()) {
            self.rtnl.flush(&mut |_, errno| {
                answer = errno;
                false
            })?;
        }
        self.known = [Known::default(); limits::LINKS];
        // All of them may have been gone.
        if !matches!(answer, Errno(0) | Errno::ENODEV) {
            return Err(answer);
        }
        for (start, _) in links {
            self.record.retract(*start);
        }
        Ok(())
    }

    /// Carries out a command that takes something back. One torn by an interrupted write is none.
    #[inline(never)]
    fn undo_one(&mut self, command: &[u8]) -> Outcome {
        if ip::request(command).is_none() && !begins(command, &TOOLS) {
            return Ok(());
        }
        self.undoing = true;
        let undone = self.command(command, Asked { at: None, implied: true }).and_then(|()| self.flush());
        self.undoing = false;
        undone
    }

    /// Notes that an interface was taken down on purpose.
    pub fn stay_down(&mut self, name: &[u8]) -> Outcome {
        self.record.add_down(name).map_err(Self::unrecorded)
    }

    /// Notes what a command of the configuration would have made as made.
    pub fn claim(&mut self, command: &[u8]) -> Outcome {
        let mut room = [0; limits::REQUEST];
        let mut body = Writer::new(&mut room);
        let mut room = [0; limits::COMMAND];
        let mut undo = Buf::new(&mut room);
        if let Some(client) = dhcp::parse(command) {
            put_dhcp_end(client, &mut undo);
            return self.record.add(Owner::Iface(self.owner), undo.as_bytes()).map_err(Self::unrecorded);
        }
        let Some(Ok(request)) = ip::check(command, &mut body) else { return Ok(()) };
        if request.class == Class::LinkSet && request.dev == b"lo" {
            return Ok(()); // nobody wants it down, whoever brought it up
        }
        if request.class == Class::LinkSet {
            undo.str("ip link set dev ").bytes(request.dev).str(" nomaster down");
        } else {
            way_back(command, &request, body.bytes(), &mut undo);
        }
        let owner = owner(self.owner, &request, body.bytes());
        if undo.is_empty() { Ok(()) } else { self.record.add(owner, undo.as_bytes()).map_err(Self::unrecorded) }
    }
}

/// Whether a command begins with one of these.
#[inline(never)]
fn begins(command: &[u8], starts: &[&[u8]]) -> bool {
    starts.iter().any(|start| command.starts_with(start))
}

/// Says that nothing is done by a record that others can write.
#[cold]
fn distrust(namespace: u64) -> Exit {
    let mut path = Path::new();
    record::path(namespace, b"", &mut path);
    let says = "the file belongs to another user, or others may write to it";
    let advice = "nothing is changed: look at what its lines do, then chown root and chmod 600, or remove it";
    log::say(&Error {
        exit: Exit::System,
        advice,
        ..Error::usage(What::Deed("go by the record", path.as_bytes()), says)
    })
}

/// The number of this process's network namespace.
pub fn namespace() -> Result<u64, Errno> {
    number_of_namespace(&Rtnl::open_plain()?)
}

fn number_of_namespace(rtnl: &Rtnl) -> Result<u64, Errno> {
    match rtnl.netns_cookie() {
        // Before 5.14: the inode, which a later namespace may have again.
        Err(Errno::ENOPROTOOPT) => match file::identity(c"/proc/self/ns/net") {
            Err(Errno::ENOENT) => Ok(0), // there is no /proc
            other => other.map(|(_, inode)| inode),
        },
        other => other,
    }
}

impl Pending {
    /// Its command and its request's body.
    fn texts<'t>(&self, texts: &'t [u8]) -> (&'t [u8], &'t [u8]) {
        let [start, middle, end] = self.parts;
        (texts.get(start..middle).unwrap_or_default(), texts.get(middle..end).unwrap_or_default())
    }
}

/// Looks for the lines of a record that delete links.
struct Deletion<'t> {
    text: &'t [u8],
    /// Lines before that are not looked at.
    from: usize,
    /// The end of the one that was found last: the next one is likely to be there, or just before.
    at: usize,
    /// Who was looked for in vain, last.
    lost: &'t [u8],
}

impl<'t> Deletion<'t> {
    /// Whether what a command takes back, an address of a link or that it is up, goes with the link, which is deleted.
    #[inline(never)]
    fn takes(&mut self, command: &'t [u8], which: &dyn Fn(Owner<'_>, &[u8]) -> bool) -> bool {
        let Some(request) = ip::request(command) else { return false };
        let goes = matches!(request.class, Class::AddrDel | Class::LinkSet);
        if !goes || request.dev.is_empty() || request.dev == self.lost {
            return false;
        }
        for end in [self.at, self.text.len()] {
            let mut end = end;
            while let Some((start, owner, line)) =
                record::line_before(self.text, end).filter(|line| line.0 >= self.from)
            {
                if line.strip_prefix(LINK_DEL) == Some(request.dev) {
                    self.at = end;
                    return which(owner, line);
                }
                end = start;
            }
        }
        self.lost = request.dev;
        false
    }
}

/// The command that ends a DHCP client.
fn put_dhcp_end(client: dhcp::Command<'_>, out: &mut Buf<'_>) {
    out.bytes(DHCP_END).bytes(client.iface).byte(b' ').bytes(client.vrf);
}

/// Whose the way back from a command is, that was carried out for `name`.
fn owner(name: Name, request: &Request<'_>, body: &[u8]) -> Owner<'static> {
    if request.class == Class::LinkAdd && request.table != 0 {
        Owner::Vrf(name)
    } else if part(request, body).is_some() {
        Owner::Shared
    } else {
        Owner::Iface(name)
    }
}

/// The command that takes back what a command makes, where that can be known from it alone; else nothing.
fn way_back(command: &[u8], request: &Request<'_>, body: &[u8], out: &mut Buf<'_>) {
    match request.class {
        Class::LinkAdd => {
            out.bytes(LINK_DEL).bytes(request.dev);
        }
        // What was replaced would have to be put back.
        Class::AddrAdd | Class::RouteAdd if request.flags & uapi::NLM_F_REPLACE != 0 => {}
        // The kernel's own rule is left: it would not make it again.
        Class::RuleAdd if RULES.iter().take(KERNELS).any(|rule| *rule == command) => {}
        Class::AddrAdd | Class::RouteAdd | Class::RuleAdd => turned(command, b"del", out),
        Class::RuleDel if part(request, body) == Some(Part::NotFirst) => {
            out.bytes(local_made_by(request.family));
        }
        Class::RuleDel if request.table != 0 || request.action != 0 => turned(command, b"add", out),
        _ => {}
    }
}

/// The same command with another verb.
fn turned(command: &[u8], verb: &[u8], out: &mut Buf<'_>) {
    let Some(words) = ip::words_of_ours(command) else { return }; // it has been compiled
    out.str("ip");
    let mut behind_object = false;
    let mut done = false;
    for word in words {
        let is_verb = behind_object && !done;
        out.byte(b' ').bytes(if is_verb { verb } else { word });
        done |= is_verb;
        behind_object |= matches!(word.first(), Some(b'a' | b'l' | b'r'));
    }
}

/// Whether that errno says that there is no IPv6, and the interface has to do without: EACCES where it is switched off there
/// (`disable_ipv6`), EOPNOTSUPP and, of a rule, EAFNOSUPPORT where the kernel has none (`ipv6.disable`).
fn is_lack(class: Class, errno: Errno) -> bool {
    match class {
        Class::AddrAdd | Class::RouteAdd => matches!(errno, Errno::EACCES | Errno::EOPNOTSUPP),
        Class::RuleAdd => errno == Errno::EAFNOSUPPORT,
        _ => false,
    }
}

/// Whether the kernel has IPv6 at all.
#[cold]
#[inline(never)]
fn has_ipv6() -> bool {
    !matches!(net::socket(uapi::AF_INET6.into(), uapi::SOCK_DGRAM, 0), Err(Errno::EAFNOSUPPORT))
}

/// Whether that errno says that a request failed: an addition may find what it adds, a deletion nothing to delete.
fn is_failure(class: Class, errno: Errno) -> bool {
    match class {
        Class::LinkAdd | Class::AddrAdd | Class::RouteAdd | Class::RuleAdd | Class::TcAdd => {
            errno != Errno::EEXIST && !is_lack(class, errno)
        }
        Class::AddrDel | Class::RouteDel if errno == Errno::EOPNOTSUPP => false,
        Class::LinkDel | Class::AddrDel | Class::RouteDel | Class::RuleDel => {
            !matches!(errno, Errno::ENODEV | Errno::EADDRNOTAVAIL | Errno::ESRCH | Errno::ENOENT | Errno::EAFNOSUPPORT)
        }
        // EINVAL: there is no place for filters.
        Class::TcDel => !matches!(errno, Errno::ENODEV | Errno::ENOENT | Errno::EINVAL),
        _ => true,
    }
}

// ---- what the kernel says: fixed parts, whose layouts are those of [`crate::wire`], and attributes

/// Bytes of the longest question: a link by its name, or a filter.
const QUESTION: usize = 48;

/// The attributes behind a fixed part.
pub fn attrs(body: &[u8], fixed: usize) -> &[u8] {
    body.get(fixed..).unwrap_or_default()
}

/// A byte of a fixed part.
fn byte(body: &[u8], at: usize) -> u32 {
    body.get(at).copied().map_or(0, u32::from)
}

/// The index of a link that is a VRF, from what the kernel says of it; 0 for another.
pub fn vrf_index(link: &[u8]) -> u32 {
    vrf_table(attrs(link, link::FIXED)).map_or(0, |_| word(link, link::INDEX))
}

/// The index of a link.
pub fn any_index(link: &[u8]) -> u32 {
    word(link, link::INDEX)
}

/// The index of a link that is a member of that master; 0 for another.
pub fn member_index(link: &[u8], master: u32) -> u32 {
    if number(attrs(link, link::FIXED), uapi::IFLA_MASTER) == Some(master) { word(link, link::INDEX) } else { 0 }
}

/// The table of a link that is a VRF.
#[inline(never)]
pub fn vrf_table(link: &[u8]) -> Option<u32> {
    let info = find(link, uapi::IFLA_LINKINFO);
    if text(info, uapi::IFLA_INFO_KIND) != b"vrf" {
        return None;
    }
    number(find(info, uapi::IFLA_INFO_DATA), uapi::IFLA_VRF_TABLE)
}

/// An interface's own address. Without a peer the kernel says only `IFA_ADDRESS` of an IPv6 address.
pub fn own_address(attrs: &[u8]) -> Option<IpAddr> {
    ip_of(find(attrs, uapi::IFA_LOCAL)).or_else(|| ip_of(find(attrs, uapi::IFA_ADDRESS)))
}

/// Says what stands in a command's place; gives the index of the interface that a route uses.
#[inline(never)]
fn put_other(class: Class, entry: &[u8], out: &mut Buf<'_>) -> u32 {
    out.truncate(0);
    out.str("something else stands in its place");
    if class == Class::AddrAdd {
        out.str(": the same address with length ").num(byte(entry, addr::LEN));
        return 0;
    }
    let attrs = attrs(entry, route::FIXED);
    out.str(": a route");
    // The gateway of another family stands behind that family's two bytes.
    let foreign = find(attrs, uapi::RTA_VIA).get(2..).unwrap_or_default();
    if let Some(gateway) = ip_of(find(attrs, uapi::RTA_GATEWAY)).or_else(|| ip_of(foreign)) {
        out.str(" via ").ip(gateway);
    }
    number(attrs, uapi::RTA_OIF).unwrap_or(0)
}

impl Known {
    /// Takes in what the kernel says of a link.
    fn read(&mut self, link: &[u8]) {
        let attrs = attrs(link, link::FIXED);
        self.index = word(link, link::INDEX);
        self.flags = word(link, link::FLAGS);
        for attr in Attrs::new(attrs) {
            let number = attr.u32().unwrap_or(0);
            match attr.kind {
                uapi::IFLA_MASTER => self.master = number,
                uapi::IFLA_MTU => self.mtu = number,
                uapi::IFLA_ADDRESS => {
                    copy(attr.payload, &mut self.address);
                    self.has_address = attr.payload.len() == ETHERNET;
                }
                _ => {}
            }
        }
        self.table = vrf_table(attrs).unwrap_or(0);
        self.fresh = true;
    }
}
