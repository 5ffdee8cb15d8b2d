//! The story of each command.

mod confirm;
mod shared;

use crate::adopt::{Move, descriptors};
use crate::apply::{Apply, DHCP_END};
use crate::baked::BAKED;
use crate::bind::cgroup::{self, Namespace};
use crate::bind::program::Level;
use crate::bind::{self, Backend, Vrf};
use crate::check::leak;
use crate::check::rules::Fault;
use crate::check::{self, Asked};
use crate::cli::{self, Command, Options};
use crate::conf::keywords::Keyword;
use crate::conf::values;
use crate::conf::words::Words;
use crate::error::{Errno, Error, Exit, What, Why};
use crate::features;
use crate::init;
use crate::ip::{self, Class, Device};
use crate::ipcmd;
use crate::limits;
use crate::load::{self, Loaded};
use crate::log::{self, Outcome, print, refused, say, say_near};
use crate::near::Near;
use crate::order::{self, Node};
use crate::plan::{self, Item, Layout, Listing, Phase, Plan};
use crate::record::{self, Owner};
use crate::rtnl::Rtnl;
use crate::rules::{FAMILIES, First, Order};
use crate::service::supervise::{Host, Supervisor};
use crate::service::{Settings, dhcp, inetd, listen, seal, shell};
use crate::show::out::{Look, Out};
use crate::show::{self, explain::Question};
use crate::sys::args::Strings;
use crate::sys::mem::{List, filled};
use crate::sys::path::Path;
use crate::sys::process::{self, signal};
use crate::text::Buf;
use crate::vrf::{self, Reach};
use crate::wire::msg::Writer;
use core::ffi::CStr;
use core::mem::ManuallyDrop;
use core::net::IpAddr;

/// A word of the command line or the configuration.
type Name = &'static [u8];

/// Runs the program; gives its exit code.
pub fn run(argv: Strings, environment: Strings) -> u8 {
    let mut options = Options::new();
    options.environment = environment;
    if features::DHCP && dhcp::is_event(argv, environment) {
        return dhcp::event(argv.skip(1), environment).code();
    }
    if features::RUN && init::is_started_as(argv, environment, &cli::is_command) {
        let words = cli::init_words(argv.skip(1), &mut options);
        return first_process(&options, words, environment).code();
    }
    if features::IP && is_ip(argv) {
        return ip_command(&options, argv.skip(1), environment).map_or_else(Exit::code, |()| 0);
    }
    let outcome = cli::parse(argv.skip(1), &mut options).and_then(|command| {
        log::tell(u32::from(options.verbose) + u32::from(options.wordy));
        dispatch(&options, command, environment)
    });
    outcome.map_or_else(Exit::code, |()| 0)
}

#[inline(never)]
fn dispatch(options: &Options, command: Command, environment: Strings) -> Outcome {
    match command {
        Command::Launch(vrf, command) => launch(options, vrf, command, environment),
        Command::Up(names) if features::UP => about(options, names, load::load, &|story| match options.confirm {
            seconds if features::CONFIRM && seconds > 0 => story.up_unless(seconds),
            _ => story.change(&mut Story::up),
        }),
        Command::Confirm if features::CONFIRM => confirm::confirm(),
        Command::Down(names) if features::UP && (features::PLAN || !options.dry_run) => {
            Story::of(options, load::load_if_any(options.config)?, names, true, &|story| match options.dry_run {
                true if features::PLAN => story.preview(&mut Story::down),
                _ => story.change(&mut Story::down),
            })
        }
        Command::Plan(names) if features::PLAN => about(options, names, load::load, &|story| match options.dry_run {
            true => story.preview(&mut Story::differ),
            false => story.print(),
        }),
        Command::Run(names) if features::RUN => look_after(options, names, environment),
        Command::Init(words) if features::RUN => Err(first_process(options, words, environment)),
        Command::Pids(vrf) if features::PIDS => pids(vrf, options.json),
        Command::Identify(pid) if features::PIDS => identify(pid, options.json),
        Command::Adopt(vrf, pid) if features::ADOPT => adopt(options, vrf, pid),
        Command::Check(vrf) if features::CHECK => check(options, vrf),
        Command::Show(vrf) if features::SHOW => {
            is_there(vrf)?;
            show::show(vrf, options.json, environment)
        }
        Command::Explain(vrf, to) if features::SHOW => {
            is_there(Some(vrf).filter(|vrf| *vrf != b"default"))?;
            let (protocol, port) = options.port;
            let (mut room, mut other) = ([0; 16], [0; 16]);
            let to = octets(to, &mut room);
            let from = options.from.map_or(&b""[..], |from| octets(from, &mut other));
            let question = Question { vrf, to, from, protocol, port, input: options.input };
            show::explain::explain(&question, options.json, environment)
        }
        Command::Ip(words) if features::IP => ip_command(options, words, environment),
        Command::Help(topic) if features::HELP => cli::help(topic, &mut print),
        Command::Version => {
            print(concat!("vrf-launch ", env!("CARGO_PKG_VERSION"), "\n").as_bytes())?;
            if features::MISSING.iter().any(|name| !name.is_empty()) {
                print(b"without:")?;
                for name in features::MISSING {
                    print(name.as_bytes())?;
                }
                print(b"\n")?;
            }
            BAKED.as_ref().map_or(Ok(()), |baked| {
                print(b"configuration: ").and_then(|()| print(baked.file)).and_then(|()| print(b"\n"))
            })
        }
        _ => Err(Exit::Usage), // that it is left out was said when the command line was read
    }
}

/// Says what is wrong with what the user asked for: a sentence, and the name that ends it.
#[cold]
#[inline(never)]
fn wrong(what: What<'_>, says: &'static str, name: &[u8]) -> Exit {
    say(&Error { why: Why::Of(says, name), ..Error::usage(what, "") })
}

/// Opens the socket and the record. They are not closed one by one: the process ends, or is replaced.
#[inline(never)]
fn open(conf: Loaded, dry_run: bool) -> Outcome<ManuallyDrop<Apply>> {
    Apply::open(conf, dry_run).map(ManuallyDrop::new)
}

// ---- a command in a VRF

#[inline(never)]
fn launch(options: &Options, vrf: Name, command: Strings, environment: Strings) -> Outcome {
    let settings = &options.settings;
    if settings.inetd {
        let is_udp = |spec: &CStr| values::listen(spec.to_bytes()).is_ok_and(|listen| listen.udp);
        if settings.listen.is_empty() || settings.listen.as_slice().iter().any(|spec| is_udp(spec)) {
            return Err(wrong(What::Word(b"argument", b"--inetd"), inetd::NOTHING, b""));
        }
    }
    settings.cover()?;
    let asked = if vrf == b"default" { None } else { level(options, vrf)? };
    enter(options, vrf, asked, options.keep, options.settings.listen.as_slice(), environment)?;
    settings.go(command, environment)
}

/// Puts this process into a VRF, which is brought up first where it is not there, with its descriptors closed but for
/// those whose bits are in `keep`, those of `LISTEN_FDS`, and the sockets that are opened for it; at the level that was asked
/// for, if one was.
#[inline(never)]
fn enter(
    options: &Options,
    vrf: Name,
    asked: Option<Level>,
    keep: u64,
    listen: listen::Specs<'_>,
    environment: Strings,
) -> Outcome {
    let backend = options.backend;
    if vrf == b"default" {
        bind::bind(None, Level::Bind, backend)?;
        listen::open(listen, options.wait_ms, b"")?;
        return seal::seal(Level::Bind, options.no_new_privs, None);
    }
    let firm = asked.is_some_and(|level| level > Level::Bind);
    let level = match backend {
        Backend::Seccomp | Backend::None if firm => {
            let error = Error::usage(What::Deed("keep a service in VRF", vrf), WITHOUT_CGROUP);
            let exit = if backend == Backend::None { Exit::Usage } else { Exit::System };
            return Err(say(&Error { exit, ..error }));
        }
        Backend::Seccomp | Backend::None => Level::Bind,
        _ => asked.unwrap_or(Level::Guard),
    };
    let mut reach = Reach::default();
    let index = there(options, vrf, level, &mut reach)?;
    log::done("found VRF ", vrf);
    let Reach { interfaces, shared } = &reach;
    let of = Vrf { name: vrf, index, interfaces: interfaces.as_slice(), shared: shared.as_slice() };
    let missed = bind::bind(Some(&of), level, backend)?;
    log::done("bound and proven, level ", level.name().as_bytes());
    if let Some(errno) = missed.filter(|_| !options.quiet) {
        log::message(&|out| errno.render(out.shown(vrf).str(": bound by seccomp, level bind; no cgroup can do it: ")));
    }
    if level == Level::Bind && features::UP && !options.quiet {
        leak::warn(vrf);
    }
    // The others' are bound as the service's own will be.
    let device = if backend == Backend::None { vrf } else { b"" };
    let inherited = if listen.is_empty() { listen::inherited(environment)? } else { 0 };
    let opened = listen::open(listen, options.wait_ms, device)?;
    let keep = keep | inherited;
    descriptors::bind_or_refuse(&of, level, (keep | 7) & !opened)?;
    // Where the level is less than the usual one because of the backend, descriptors are closed as there.
    let usual = asked.is_none() && backend == Backend::Seccomp;
    let close = level > Level::Bind || usual;
    seal::seal(level, options.no_new_privs, close.then_some(keep | opened))?;
    log::done("sealed, level ", level.name().as_bytes());
    Ok(())
}

/// Why a level is not reached by another backend.
const WITHOUT_CGROUP: &str = "the levels guard and strict need programs of a cgroup (--bind cgroup, CONFIG_CGROUP_BPF)";

/// How services of that VRF are to be kept: as was asked for, else as the configuration says, if it does.
#[inline(never)]
fn level(options: &Options, vrf: &[u8]) -> Outcome<Option<Level>> {
    values::if_name(vrf).map_err(|reason| wrong(What::Word(b"VRF", vrf), reason, b""))?;
    if options.level.is_some() || !features::UP {
        return Ok(options.level);
    }
    let conf = load::load_if_any(options.config)?.conf;
    let said = conf.find(vrf).and_then(|iface| conf.last(iface, Keyword::VrfIsolation));
    Ok(said.and_then(|property| Level::of(property.first())))
}

/// The index of a VRF, which is brought up where it is not there, and what is its own as far as the level is about that.
#[inline(never)]
fn there(options: &Options, vrf: Name, level: Level, reach: &mut Reach) -> Outcome<u32> {
    let mut index = look(vrf, level, reach)?;
    if index == 0 {
        bring_up(options, vrf)?;
        index = look(vrf, level, reach)?;
    }
    if index == 0 { Err(refused("run in", vrf, Errno::ENODEV)) } else { Ok(index) }
}

/// The index of a VRF, and what is its own as far as the level is about that; 0 where there is no interface of that name.
#[inline(never)]
fn look(vrf: Name, level: Level, reach: &mut Reach) -> Outcome<u32> {
    let asked = Rtnl::open_plain().and_then(|rtnl| {
        let mut rtnl = ManuallyDrop::new(rtnl);
        if level == Level::Bind { vrf::index(&mut rtnl, vrf) } else { vrf::reach(&mut rtnl, vrf, reach) }
    });
    match asked {
        Ok(0) => Err(wrong(What::Deed("run in", vrf), "it is an interface, but not a VRF", b"")),
        Err(Errno::ENODEV) => Ok(0),
        other => other.map_err(|errno| refused("find VRF", vrf, errno)),
    }
}

/// A VRF that is not there: made, where the configuration describes it.
#[inline(never)]
fn bring_up(options: &Options, vrf: Name) -> Outcome {
    if !features::UP {
        return Err(no_such_vrf("run in VRF", vrf, &Loaded::NOTHING));
    }
    let conf = load::load_if_any(options.config)?;
    if conf.conf.find(vrf).and_then(|iface| conf.conf.table(iface)).is_none() {
        return Err(no_such_vrf("run in VRF", vrf, &conf));
    }
    Story::of(options, conf, cli::Names::one(vrf), false, &|story| story.change(&mut Story::up))
}

/// Says so, and which ones there are.
#[inline(never)]
fn no_such_vrf(deed: &'static str, vrf: Name, conf: &Loaded) -> Exit {
    let mut names = List::new();
    let mut add = |name: &[u8]| {
        if names.as_slice().split(|byte| *byte == b',').any(|known| known.trim_ascii() == name) {
            return; // the file has it, too
        }
        let separator: &[u8] = if names.is_empty() { b"" } else { b", " };
        let _ = append(&mut names, separator).and_then(|()| append(&mut names, name)); // a list cut short will do
    };
    if let Ok(mut apply) = open(Loaded::NOTHING, true) {
        let _ = apply.each_vrf(&mut |name, _| add(name));
    }
    for iface in conf.conf.ifaces() {
        if conf.conf.table(iface).is_some() {
            add(conf.conf.name(iface));
        }
    }
    let says =
        if names.is_empty() { "there is no such VRF, nor any other" } else { "there is no such VRF; there are: " };
    let near = Near::new(vrf).offer(names.as_slice(), b',', 0).offer(names.as_slice(), b',', 1);
    let near = cli::near_command(near).best();
    let what = What::Deed(deed, vrf);
    say_near(&Error { why: Why::Of(says, names.as_slice()), ..Error::usage(what, "") }, near)
}

#[inline(never)]
fn append(text: &mut List<u8>, bytes: &[u8]) -> Result<(), Errno> {
    text.extend(bytes)
}

// ---- up, down, plan

/// The phases in which what was made is set up.
const SET_UP: &[Phase] = &[Phase::PreUp, Phase::Up, Phase::UpLines, Phase::PostUp];
/// All in which something may be made.
const MAKE: &[Phase] = &[Phase::Create, Phase::PreUp, Phase::Up, Phase::UpLines, Phase::PostUp];

/// So many interfaces are made before they are set up.
const TOGETHER: usize = 16;
/// More of them than that are set up in two rounds.
const MANY: usize = 256;

/// What to do about an interface that has to be there.
const NO_INTERFACE: &str =
    "no stanza makes it, and it has not appeared: is its driver loaded? --wait SECONDS waits longer";

/// What is done with one item of an interface.
type Deed<'d> = &'d mut dyn FnMut(Name, Phase, &Item<'_>) -> Outcome;

/// In how many rounds interfaces are set up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    /// One after the other.
    Only,
    /// Of a great many: VRFs come up, and what was made gets its master.
    First,
    /// Of a great many: the rest.
    Second,
}

/// What is to be brought up, or down.
struct Story<'o> {
    options: &'o Options,
    conf: Loaded,
    plan: Plan<'static>,
    /// The interfaces, each behind those it needs.
    order: List<Node<'static>>,
    /// Whether none was named: it is about all of them.
    all: bool,
}

/// What is told of the interfaces selected.
type Tale<'t> = &'t dyn Fn(&Story<'_>) -> Outcome;

/// Tells what the command line asks for.
#[inline(never)]
fn about(
    options: &Options,
    names: cli::Names,
    read: fn(Option<&'static CStr>) -> Outcome<Loaded>,
    tale: Tale<'_>,
) -> Outcome {
    let conf = read(options.config)?;
    if !options.quiet {
        conf.say_foreign(options.verbose);
    }
    Story::of(options, conf, names, false, tale)
}

impl Story<'_> {
    /// Tells the story of the interfaces that names select.
    #[inline(never)]
    fn of(options: &Options, conf: Loaded, names: cli::Names, alone: bool, tale: Tale<'_>) -> Outcome {
        let plan = Plan::new(conf.conf, options.exact);
        let mut story = Story { options, conf, plan, order: List::new(), all: true };
        story.select(names, alone)?;
        tale(&story)
    }

    /// Tells a tale that changes the machine.
    #[inline(never)]
    fn change(&self, tale: &mut dyn FnMut(&Self, &mut Apply) -> Outcome) -> Outcome {
        let mut apply = open(self.conf, false)?;
        apply.verbose = self.options.verbose;
        apply.environment = self.options.environment;
        tale(self, &mut apply).and(apply.end())
    }

    /// Prints what a tale would change, and changes nothing.
    #[inline(never)]
    fn preview(&self, tale: &mut dyn FnMut(&Self, &mut Apply) -> Outcome) -> Outcome {
        let mut apply = open(self.conf, true)?;
        let told = tale(self, &mut apply);
        print(apply.would.as_slice()).and(told)
    }

    /// Selects by names, with what they need or `alone`; without names, all that `auto` says, and lo.
    #[inline(never)]
    fn select(&mut self, names: cli::Names, alone: bool) -> Outcome {
        let Self { plan, conf, .. } = self;
        let of = plan.conf();
        let marks = filled(of.len(), 0_u32).map_err(|errno| refused("index", conf.file, errno))?;
        let order = &mut self.order;
        let every = !alone || names.into_iter().next().is_none();
        let named = |node| matches!(node, Node::Iface(iface) if names.into_iter().any(|name| name == of.name(iface)));
        let mut emit = |node| match node {
            Node::Ring(property, name) => Err(conf.fault(&property.fault(name, order::RING))),
            node if every || named(node) => order.push(node).map_err(|errno| refused("index", conf.file, errno)),
            _ => Ok(()), // a member leaves its VRF, which others are in
        };
        for name in names {
            self.all = false;
            let Some(iface) = of.find(name) else {
                let near = of.near(name, &mut of.ifaces());
                let error = Error::usage(What::Word(b"interface", name), "there is no configuration");
                let why = if conf.file.is_empty() { error.why } else { Why::Of("not in ", conf.file) };
                return Err(say_near(&Error { why, ..error }, near));
            };
            order::walk(plan, iface, marks, &mut emit)?;
        }
        if self.all {
            // As ifupdown-ng: lo is always one of them.
            if of.find(b"lo").is_none() {
                emit(Node::Bare(b"lo", 0))?;
            }
            for iface in of.ifaces() {
                if of.is_auto(iface) || of.name(iface) == b"lo" {
                    order::walk(plan, iface, marks, &mut emit)?;
                }
            }
        }
        Ok(())
    }

    /// Whether an interface of that name is selected.
    #[inline(never)]
    fn selects(&self, name: &[u8]) -> bool {
        self.order.as_slice().iter().any(|node| self.name(*node) == name)
    }

    fn name(&self, node: Node<'static>) -> Name {
        match node {
            Node::Iface(iface) => self.plan.conf().name(iface),
            Node::Bare(name, _) | Node::Ring(_, name) => name,
        }
    }

    /// Does `deed` with all that one interface needs in these phases, until it fails.
    #[inline(never)]
    fn one(&self, node: Node<'static>, phases: &[Phase], deed: Deed<'_>) -> Outcome {
        let name = self.name(node);
        for &phase in phases {
            let mut sink = |item: &Item<'_>| deed(name, phase, item);
            match node {
                Node::Iface(iface) => self.plan.items(iface, phase, &mut sink)?,
                Node::Bare(name, at) if phase == Phase::Up => plan::bare(name, at, true, &mut sink)?,
                Node::Bare(name, at) if phase == Phase::Down && self.options.exact => {
                    plan::bare(name, at, false, &mut sink)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The same with every interface.
    #[inline(never)]
    fn each(&self, phases: &[Phase], deed: Deed<'_>) -> Outcome {
        for node in self.order.as_slice() {
            self.one(*node, phases, deed)?;
        }
        Ok(())
    }

    // ---- up

    fn up(&self, apply: &mut Apply) -> Outcome {
        let had = apply.record.has(&|owner, _| owner == Owner::Shared);
        let outcome = self.try_up(apply);
        if !self.has_vrf(apply) {
            // What all VRFs share goes again, unless it was there for one before.
            return if had { outcome } else { outcome.and(apply.undo(0, &|owner, _| owner == Owner::Shared)) };
        }
        let outcome = match self.plan.layout() {
            Layout::File(_) => outcome.and(apply.rules_as_in_file()),
            Layout::Pair | Layout::Exact => outcome,
        };
        if features::CHECK && self.plan.states_rules() && !self.options.quiet && apply.has_rules_of_others() {
            say_rules_in_the_way();
        }
        outcome
    }

    fn try_up(&self, apply: &mut Apply) -> Outcome {
        apply.record.each_down(&mut |name| self.selects(name));
        apply.end()?;
        let (ordered, mut left) = self.prepare(apply)?;
        let start = apply.record.len();
        let mut outcome = self.bring(apply, ordered, start, &mut left)?;
        if apply.ran_shell {
            // `ip rule del pref 0` of iproute2 deletes the first rule, whatever it is.
            outcome = outcome.and(self.isolate(apply, left.as_slice()));
        }
        if features::SHARED && !self.options.quiet {
            self.warn(apply, start);
        }
        outcome = outcome.and(apply.end()).and(self.share(apply, start));
        outcome = outcome.and(apply.settle(start, self.options.wait_ms, self.options.waits));
        log::done("addresses are settled", b"");
        outcome.and(refresh(&[]))
    }

    /// As [`Self::up`], in a dry run.
    fn differ(&self, apply: &mut Apply) -> Outcome {
        let (ordered, mut left) = self.prepare(apply)?;
        let outcome = self.bring(apply, ordered, 0, &mut left)?;
        self.share(apply, 0)?;
        let text = self.plan_shared(Some(apply))?;
        append(&mut apply.would, text.as_slice()).map_err(|errno| refused("print", self.conf.file, errno))?;
        outcome
    }

    /// Waits for what has to be there, and puts the rules that isolate first: no VRF is made before them. Tells whether no interface
    /// is named before it is made, and which interfaces are left out.
    fn prepare(&self, apply: &mut Apply) -> Outcome<(bool, List<u8>)> {
        let mut left = List::new();
        // Nothing is changed before it is known what is there.
        self.no_foreign_table(apply)?;
        let ordered = self.all_there(apply, &mut left)?;
        log::done("all that has to be is there", b"");
        self.isolate(apply, left.as_slice())?;
        Ok((ordered, left))
    }

    /// The VRF among those selected, and its line, for which the pair of rules has to stand first.
    fn wants_pair(&self, left: &[u8]) -> Option<(Name, u32)> {
        self.order.as_slice().iter().find_map(|&node| {
            let Node::Iface(iface) = node else { return None };
            let line = self.plan.wants_pair(iface)?;
            let name = self.name(node);
            (!has(left, name)).then_some((name, line.at))
        })
    }

    /// Puts the pair of rules first, if a VRF wants it.
    fn isolate(&self, apply: &mut Apply, left: &[u8]) -> Outcome {
        let Some((name, at)) = self.wants_pair(left) else { return Ok(()) };
        apply.set_owner(name);
        apply.rules_first(at)
    }

    /// Whether there is a VRF of ours, or one of those selected that somebody else has made.
    fn has_vrf(&self, apply: &mut Apply) -> bool {
        let Loaded { conf, tables, .. } = &self.conf;
        let mut found = has_vrf(apply, &|_| true);
        if !found {
            // Where that cannot be known, what is shared stays.
            let asked = apply.each_vrf(&mut |name, table| {
                let is_it = |iface| conf.name(iface) == name && self.selects(name);
                found |= conf.vrf_of_table(tables, table).is_some_and(is_it);
            });
            found |= asked.is_err();
        }
        found
    }

    /// Makes all, and sets it up. The inner error is that of interfaces without which the others have come up.
    #[inline(never)]
    fn bring(&self, apply: &mut Apply, ordered: bool, start: usize, left: &mut List<u8>) -> Outcome<Outcome> {
        // Everything is made before anything is used. Of very many, some: the kernel goes through all tables of IPv6 whenever an
        // interface comes up or gets a master, so that takes the longer, the more VRFs there are, and the more routes. Those come
        // with the addresses of what is up: of a great many, the last thing.
        let all = self.order.as_slice();
        let some = if ordered && !self.options.dry_run { TOGETHER } else { all.len().max(1) };
        let apart = some == TOGETHER && all.len() > MANY && all.iter().all(|node| self.is_alone(*node));
        let mut outcome = Ok(());
        let rounds: &[Round] = if apart { &[Round::First, Round::Second] } else { &[Round::Only] };
        for &round in rounds {
            for nodes in all.chunks(some) {
                if round != Round::Second {
                    self.make(apply, nodes, left)?;
                    outcome = outcome.and(if left.is_empty() { Ok(()) } else { Err(Exit::System) });
                }
                outcome = outcome.and(self.set_up(apply, nodes, round, start, left));
            }
        }
        Ok(outcome)
    }

    /// Whether nothing of [`Round::First`] is about another interface than its VRF: no line of its own, no port, no way to a gateway.
    #[inline(never)]
    fn is_alone(&self, node: Node<'static>) -> bool {
        const OTHERS: u64 =
            Keyword::PreUp.bit() | Keyword::Requires.bit() | Keyword::BridgePorts.bit() | Keyword::BondMembers.bit();
        let Node::Iface(iface) = node else { return true };
        let mut lines = self.plan.conf().with_any(iface, OTHERS | Keyword::VrfRoute.bit());
        lines.all(|line| line.which == Some(Keyword::VrfRoute) && !has(line.value, b"dev") && !has(line.value, b"via"))
    }

    /// The phases of an interface in a round. Of two, it has addresses in the second alone, and so has a VRF those of its loopback.
    /// What somebody else has made, and uses perhaps, is a member of its VRF no longer without them than ever.
    #[inline(never)]
    fn phases(&self, node: Node<'static>, round: Round) -> &'static [Phase] {
        let first = match node {
            _ if round == Round::Only => SET_UP.len(),
            Node::Iface(iface) if self.plan.conf().table(iface).is_some() => 2,
            Node::Iface(iface) if self.plan.makes(iface) => 1,
            _ => 0,
        };
        let phases = if round == Round::Second { SET_UP.get(first..) } else { SET_UP.get(..first) };
        phases.unwrap_or_default()
    }

    /// Makes what is made, but for what is left out: all at once, and where that fails one after the other; what cannot be made
    /// is left out then.
    #[inline(never)]
    fn make(&self, apply: &mut Apply, nodes: &[Node<'static>], left: &mut List<u8>) -> Outcome {
        let start = apply.record.len();
        let was = log::mute(!self.options.verbose && !self.options.dry_run);
        let mut made = Ok(());
        for &node in nodes {
            if made.is_ok() && !has(left.as_slice(), self.name(node)) {
                made = self.make_one(apply, node);
            }
        }
        made = made.and_then(|()| apply.flush());
        log::mute(was);
        if made.is_ok() || self.options.dry_run {
            return made;
        }
        apply.undo(start, &|_, _| true)?;
        for &node in nodes {
            let name = self.name(node);
            if has(left.as_slice(), name) {
                continue;
            }
            made = self.make_one(apply, node).and_then(|()| apply.flush());
            if made.is_err() {
                // These would be said of all.
                let is_everywhere = matches!(log::last(), Errno::EPERM | Errno::EOPNOTSUPP);
                let _ = apply.undo(start, &|owner, _| is_everywhere || owner.name() == name); // said already
                if is_everywhere {
                    return made;
                }
                self.leave_out(left, name)?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn make_one(&self, apply: &mut Apply, node: Node<'static>) -> Outcome {
        self.one(node, &[Phase::Create], &mut |name, phase, item| carry_out(apply, name, phase, item))
    }

    /// Brings up again what has gone and come back, while others use the rest. What is not there is left alone, without a
    /// word, and so is what somebody took down; commands for a shell are not run a second time.
    fn again(&self, apply: &mut Apply) -> Outcome {
        log::mute(!self.options.verbose);
        let mut down = List::new();
        apply.record.each_down(&mut |name| {
            let _ = down.extend(name).and_then(|()| down.push(b' ')); // one that is lost is brought up
            false
        });
        let _ = self.isolate(apply, down.as_slice()); // the next ones are tried all the same
        let before = apply.record.len();
        for phases in [&[Phase::Create], SET_UP] {
            for &node in self.order.as_slice() {
                if has(down.as_slice(), self.name(node)) {
                    continue;
                }
                let is_made = matches!(node, Node::Iface(iface) if self.plan.makes(iface));
                if is_made || apply.link(self.name(node)).is_ok() {
                    let _ = self.one(node, phases, &mut |name, phase, item| {
                        if item.shell { Ok(()) } else { carry_out(apply, name, phase, item) }
                    });
                    let _ = apply.flush(); // the next ones are tried all the same
                }
            }
        }
        let before = apply.record.len().min(before);
        let _ = self.share(apply, before); // said only where all is
        let ended = apply.end().and(refresh(&[]));
        log::mute(self.options.quiet);
        if apply.record.len() > before {
            log::message(&|out| {
                out.str("interfaces have changed: brought up again");
            });
        }
        ended
    }

    /// Sets up one after the other, but for those that are left out. Where one fails, the others come up all the same.
    #[inline(never)]
    fn set_up(
        &self,
        apply: &mut Apply,
        nodes: &[Node<'static>],
        round: Round,
        start: usize,
        left: &mut List<u8>,
    ) -> Outcome {
        let mut outcome = Ok(());
        for &node in nodes {
            let name = self.name(node);
            if has(left.as_slice(), name) {
                continue;
            }
            let mut done = self.needs_left(node, left.as_slice());
            if done.is_ok() {
                done = self.one(node, self.phases(node, round), &mut |name, phase, item| {
                    if is_left_port(name, item, left.as_slice()) { Ok(()) } else { carry_out(apply, name, phase, item) }
                });
            }
            if matches!(node, Node::Bare(..)) && done.is_ok() {
                continue; // there is little to it: it may go with the next one
            }
            done = done.and_then(|()| apply.flush());
            if done.is_err() {
                outcome = outcome.and(done);
                if !self.options.dry_run {
                    leave(apply, name, start);
                }
                self.leave_out(left, name)?;
            }
        }
        outcome
    }

    /// An error where an interface cannot do without one of those that are left out: what it requires or is on, its VRF, or all its
    /// ports.
    #[inline(never)]
    fn needs_left(&self, node: Node<'static>, left: &[u8]) -> Outcome {
        let Node::Iface(iface) = node else { return Ok(()) };
        if left.is_empty() {
            return Ok(());
        }
        let mut needed = self.plan.master(iface).map(|line| line.first()).filter(|vrf| has(left, vrf));
        self.plan.conf().each_need(iface, &mut |line, name| {
            let is_port = matches!(line.which, Some(Keyword::BridgePorts | Keyword::BondMembers));
            if if is_port { Words::new(line.value).all(|port| has(left, port)) } else { has(left, name) } {
                needed = Some(name);
            }
            needed.is_none()
        });
        needed.map_or(Ok(()), |name| Err(needs(self.name(node), name)))
    }

    /// Whether an interface is a VRF that has members among those selected, all of which are left out.
    #[inline(never)]
    fn is_deserted(&self, vrf: Node<'static>, left: &[u8]) -> bool {
        let (mut members, mut present) = (false, false);
        for &node in self.order.as_slice() {
            let Node::Iface(iface) = node else { continue };
            if self.plan.master(iface).is_some_and(|master| master.first() == self.name(vrf)) {
                members = true;
                present |= !has(left, self.name(node));
            }
        }
        members && !present
    }

    /// An error where a table that the file gives to a VRF is that of another VRF, which the file does not know.
    #[inline(never)]
    fn no_foreign_table(&self, apply: &mut Apply) -> Outcome {
        let mut outcome = Ok(());
        let asked = apply.each_vrf(&mut |name, table| {
            if outcome.is_ok() {
                outcome = self.no_other_vrf(name, table);
            }
        });
        asked.map_err(|errno| refused("list", b"VRFs", errno))?;
        outcome
    }

    /// The same for one VRF that is there.
    #[inline(never)]
    fn no_other_vrf(&self, vrf: &[u8], table: u32) -> Outcome {
        let Loaded { conf, tables, .. } = &self.conf;
        let Some(iface) = conf.vrf_of_table(tables, table) else { return Ok(()) };
        let name = conf.name(iface);
        if name == vrf || !self.selects(name) {
            return Ok(());
        }
        let Some(property) = conf.last(iface, Keyword::VrfTable) else { return Ok(()) };
        let place = Some(self.conf.place(property.at));
        let error = Error::usage(What::Word(property.key, property.first()), "already the table of another VRF");
        Err(say(&Error { place, detail: vrf, ..error }))
    }

    /// Waits for the interfaces that have to be there and that nothing here makes. Those that do not come are said and left out,
    /// with all that cannot do without them, and with VRFs that would have no member. Tells whether no interface is named before
    /// it is made.
    #[inline(never)]
    fn all_there(&self, apply: &mut Apply, left: &mut List<u8>) -> Outcome<bool> {
        let mut ordered = true;
        for (n, &node) in self.order.as_slice().iter().enumerate() {
            let above = self.order.as_slice().get(..=n).unwrap_or_default();
            // Composing and compiling all would take as long as carrying it out.
            let phases = if self.is_plain(apply, node, left.as_slice()) { &[Phase::Lines][..] } else { MAKE };
            let there = self.one(node, phases, &mut |owner, _, item| {
                // Compiled as it will be later, with the interfaces there are or will be.
                // What isolation needs is about the VRF, which is made, or about none.
                ordered &= !item.shell; // nobody knows what that names
                let looked_at = !item.shell && !item.implied;
                let words = if looked_at { ip::words_of_ours(item.command) } else { None };
                let Some(mut words) = words else { return Ok(()) };
                let mut absent: Option<(&[u8], Errno)> = None;
                compile_only(&mut words, &mut |name| {
                    // One that is made by another's stanza, as the other end of a pair is, may be made later.
                    ordered &= match self.is_ours(name) {
                        true => above.iter().rev().any(|node| self.name(*node) == name),
                        false => apply.link(name).is_ok(),
                    };
                    if absent.is_none() {
                        absent = self.is_there(apply, name, left.as_slice()).err().map(|errno| (name, errno));
                    }
                });
                let Some((detail, errno)) = absent else { return Ok(()) };
                if has(left.as_slice(), detail) {
                    return if is_left_port(owner, item, left.as_slice()) { Ok(()) } else { Err(needs(owner, detail)) };
                }
                let error = Error::system(What::Command(item.command), errno);
                let conf = self.plan.conf();
                let near = conf.near(detail, &mut conf.ifaces());
                let described = matches!(node, Node::Iface(_)) && errno == Errno::ENODEV;
                let advice = if described { NO_INTERFACE } else { "" };
                let place = Some(self.conf.place(item.at));
                let exit = say_near(&Error { place, detail, advice, ..error }, near);
                self.leave_out(left, detail)?;
                Err(exit)
            });
            if there.is_err() {
                self.leave_out(left, self.name(node))?;
            }
        }
        let mut before = 0;
        while before < left.len() {
            before = left.len();
            for &node in self.order.as_slice() {
                // The lines of its members have named a VRF.
                if !has(left.as_slice(), self.name(node))
                    && (self.is_deserted(node, left.as_slice()) || self.needs_left(node, left.as_slice()).is_err())
                {
                    self.leave_out(left, self.name(node))?;
                }
            }
        }
        Ok(ordered)
    }

    /// Adds a name to those that are left out: each has a blank behind it.
    #[inline(never)]
    fn leave_out(&self, left: &mut List<u8>, name: &[u8]) -> Outcome {
        let added = append(left, name).and_then(|()| append(left, b" "));
        added.map_err(|errno| refused("index", self.conf.file, errno))
    }

    #[inline(never)]
    fn is_there(&self, apply: &mut Apply, name: &[u8], left: &[u8]) -> Result<(), Errno> {
        if has(left, name) {
            return Err(Errno::ENODEV);
        }
        match self.is_here(apply, name) {
            Err(Errno::ENODEV) if self.is_made(name) => Ok(()),
            // After one that has not come, the others have been waited for as long.
            Err(Errno::ENODEV) if self.options.wait_ms > 0 && !self.options.dry_run && left.is_empty() => {
                apply.wait_for(name, self.options.wait_ms).map(drop)
            }
            other => other.map(drop),
        }
    }

    /// Whether it is there, or is made by its own stanza.
    #[inline(never)]
    fn is_here(&self, apply: &mut Apply, name: &[u8]) -> Result<(), Errno> {
        if self.is_ours(name) { Ok(()) } else { apply.link(name) }
    }

    /// Whether its own stanza makes it.
    fn is_ours(&self, name: &[u8]) -> bool {
        self.plan.conf().find(name).is_some_and(|iface| self.plan.makes(iface))
    }

    /// Whether all interfaces that its keywords name are there.
    #[inline(never)]
    fn is_plain(&self, apply: &mut Apply, node: Node<'static>, left: &[u8]) -> bool {
        let Node::Iface(iface) = node else { return false };
        let mut plain = true;
        self.plan.conf().each_need(iface, &mut |_, _| {
            plain = false;
            false
        });
        let mut is_here = |name| !has(left, name) && self.is_here(apply, name).is_ok();
        plain && is_here(self.plan.conf().name(iface)) && self.plan.master(iface).is_none_or(|vrf| is_here(vrf.first()))
    }

    /// Whether something in the plan makes an interface of that name, or may: nobody knows what a shell does.
    #[inline(never)]
    fn is_made(&self, name: &[u8]) -> bool {
        let mut made = false;
        let _ = self.each(&[Phase::Create, Phase::PreUp, Phase::Up, Phase::UpLines], &mut |_, _, item| {
            let adds = ip::request(item.command).filter(|request| request.class == Class::LinkAdd);
            // A pair has two names.
            let is_peer = || {
                ip::words(item.command)
                    .is_some_and(|words| words.skip_while(|word| *word != b"peer").any(|word| word == name))
            };
            made |= item.shell || adds.is_some_and(|request| request.dev == name || is_peer());
            Ok(())
        });
        made
    }

    // ---- down

    fn down(&self, apply: &mut Apply) -> Outcome {
        let by_file = !self.options.exact && !apply.record.is_kept();
        if by_file && apply.record.is_closed() {
            return Err(refused("read", record::FOLDER.to_bytes(), Errno::EACCES));
        }
        let mut outcome = self.lines(apply, &[Phase::PreDown, Phase::Down]);
        if by_file {
            // What the file would have made, as if it had been.
            if self.wants_pair(b"").is_some() {
                outcome = outcome.and(apply.claim_pair());
            }
            let claimed = self.each(MAKE, &mut |name, _, item| {
                apply.set_owner(name);
                apply.claim(item.command)
            });
            outcome = outcome.and(claimed);
            if features::SHARED {
                outcome = outcome.and(self.claim_shared(apply));
            }
        }
        if self.options.exact {
            // Without the VRF, the filter would lead nowhere.
            let ours = |name: &[u8]| self.all || self.selects(name);
            outcome = outcome.and(apply.undo(0, &|owner, line| line.starts_with(b"tc ") && ours(owner.name())));
        }
        if !self.options.exact {
            // DHCP clients tell their servers, which takes the interface they are on.
            let ours = |name: &[u8]| self.all || self.selects(name);
            let is_client = |owner: Owner<'_>, line: &[u8]| line.starts_with(DHCP_END) && ours(owner.name());
            outcome = outcome.and(apply.undo(0, &is_client));
            // No service may use an interface that has left its VRF, not for a moment.
            let refresh = |leaving| if self.options.dry_run { Ok(()) } else { refresh(leaving) };
            let mut leaving = List::new();
            for &node in self.order.as_slice() {
                leaving.push(self.name(node)).map_err(|errno| refused("index", self.conf.file, errno))?;
            }
            outcome = outcome.and(refresh(leaving.as_slice())).and(self.take_back(apply)).and(refresh(&[]));
        }
        if !self.options.dry_run {
            apply.record.each_down(&mut |name| self.selects(name)); // to be noted once
            for &node in self.order.as_slice() {
                outcome = outcome.and(apply.stay_down(self.name(node)));
            }
        }
        outcome.and(self.lines(apply, &[Phase::PostDown]))
    }

    /// Undoes what the record has of the interfaces selected; with the last VRF, what all VRFs share.
    #[inline(never)]
    fn take_back(&self, apply: &mut Apply) -> Outcome {
        let selected = |name: &[u8]| self.all || self.selects(name);
        let others = has_vrf(apply, &|vrf| !selected(vrf));
        apply.undo(0, &|owner, _| if owner == Owner::Shared { !others } else { selected(owner.name()) })
    }

    /// Carries out what each interface has for these phases, from the last to the first; all of it, whatever fails.
    #[inline(never)]
    fn lines(&self, apply: &mut Apply, phases: &[Phase]) -> Outcome {
        let mut outcome = Ok(());
        for node in self.order.as_slice().iter().rev() {
            for phase in phases {
                let done = self.one(*node, core::slice::from_ref(phase), &mut |name, phase, item| {
                    carry_out(apply, name, phase, item)
                });
                outcome = outcome.and(done.and_then(|()| apply.flush()));
            }
        }
        outcome
    }

    // ---- plan

    #[inline(never)]
    fn print(&self) -> Outcome {
        let mut text = List::new();
        let mut listing = Listing::default();
        if let Some((name, at)) = self.wants_pair(b"") {
            let mut room = [0; 4 * limits::LINE];
            let mut out = Buf::new(&mut room);
            listing.put_heading(name, self.conf.place(at), &mut out);
            for family in FAMILIES {
                // As on a machine without VRFs.
                Order::new(&[First::Local], false)
                    .each_command(family, &mut |command| listing.put_command(command, true, false, &mut out));
            }
            append(&mut text, out.as_bytes()).map_err(|errno| refused("print", self.conf.file, errno))?;
        }
        for phases in [&[Phase::Create], SET_UP] {
            self.each(phases, &mut |name, phase, item| {
                let mut room = [0; 2 * limits::LINE];
                let mut out = Buf::new(&mut room);
                listing.put_heading(name, self.conf.place(item.at), &mut out);
                if !item.shell {
                    listing.put_command(item.command, item.implied, true, &mut out);
                }
                let put = append(&mut text, out.as_bytes()).and_then(|()| match item.shell {
                    true => shell::put_script(&mut text, item.command, name, phase.name(), &self.conf),
                    false => Ok(()),
                });
                put.map_err(|errno| refused("print", self.conf.file, errno))
            })?;
        }
        print(text.as_slice())?;
        print(self.plan_shared(None)?.as_slice())
    }
}

/// Lets the services that run in VRFs use the members there are now, and no others: nor those that are `leaving`.
fn refresh(leaving: &[Name]) -> Outcome {
    bind::refresh(&mut |name, reach| {
        let asked = Rtnl::open_plain().and_then(|mut rtnl| {
            let index = vrf::reach(&mut rtnl, name, reach)?;
            for leaving in leaving {
                match vrf::link_index(&mut rtnl, leaving) {
                    Ok(gone) => reach.leave(gone),
                    Err(Errno::ENODEV) => {}
                    Err(errno) => return Err(errno),
                }
            }
            Ok(index)
        });
        match asked {
            Err(Errno::ENODEV) => Ok(0),
            other => other.map_err(|errno| refused("find VRF", name, errno)),
        }
    })
}

/// Carries one item out in the name of its interface.
#[inline(never)]
fn carry_out(apply: &mut Apply, name: Name, phase: Phase, item: &Item<'_>) -> Outcome {
    apply.set_owner(name);
    apply.item(item, phase.name())
}

/// Whether a list of names, each with a blank behind it, has that one.
#[inline(never)]
fn has(names: &[u8], name: &[u8]) -> bool {
    Words::new(names).any(|other| other == name)
}

/// Whether an item is about a port that is left out, which a bridge or a bond can do without.
#[inline(never)]
fn is_left_port(name: &[u8], item: &Item<'_>, left: &[u8]) -> bool {
    !left.is_empty()
        && ip::request(item.command)
            .is_some_and(|request| request.class == Class::LinkSet && request.dev != name && has(left, request.dev))
}

/// Says that an interface needs one that is left out.
#[cold]
#[inline(never)]
fn needs(name: &[u8], other: &[u8]) -> Exit {
    wrong(What::Deed("bring up", name), "it requires ", other);
    Exit::System
}

/// Leaves nothing half done behind of an interface that could not be set up.
fn leave(apply: &mut Apply, name: Name, start: usize) {
    let _ = apply.undo(start, &|owner, _| owner.name() == name); // said already
}

/// Says once which rule of others stands where it breaks the layout that the file states.
fn say_rules_in_the_way() {
    let (mut first, mut count) = (List::new(), 0_u32);
    // What cannot be read is not judged: nothing is wrong with what `up` has done.
    let _ = Rtnl::open().and_then(|mut rtnl| {
        let links = check::links(&mut rtnl)?;
        for (family, name) in FAMILIES.into_iter().zip([b"IPv4 rules: ", b"IPv6 rules: "]) {
            let mut room = [0; limits::LINE];
            check::judge_rules(&mut rtnl, family, links.as_slice(), &mut Buf::new(&mut room), &mut |fault, line| {
                if fault == Fault::Rule && count == 0 {
                    let _ = first.extend(name).and_then(|()| first.extend(line)); // one that is cut is said all the same
                }
                count += u32::from(fault == Fault::Rule);
            })?;
        }
        Ok(())
    });
    if count > 0 {
        log::message(&|out| {
            out.shown(first.as_slice());
            if count > 1 {
                out.str(" (and ").num(count - 1).str(" more: vrf-launch check)");
            }
        });
    }
}

/// Whether the record has a VRF such as that.
#[inline(never)]
fn has_vrf(apply: &Apply, which: &dyn Fn(&[u8]) -> bool) -> bool {
    apply.record.owners(0).any(|owner| matches!(owner, Owner::Vrf(vrf) if which(vrf)))
}

/// Gives `look` the interfaces that a command names.
#[inline(never)]
fn compile_only<'a>(words: &mut ip::Words<'a>, look: &mut dyn FnMut(&'a [u8])) {
    let mut room = [0; limits::REQUEST];
    let mut device = |name| {
        look(name);
        Some(Device { index: 1, table: 1 })
    };
    let _ = ip::compile(words, &mut device, &mut Writer::new(&mut room)); // a fault is said when it is carried out
}

// ---- ip

/// Whether the program is called by the name `ip`.
fn is_ip(mut argv: Strings) -> bool {
    matches!(argv.next().map(CStr::to_bytes), Some(b"ip" | [.., b'/', b'i', b'p']))
}

#[inline(never)]
fn ip_command(options: &Options, words: Strings, environment: Strings) -> Outcome {
    match ipcmd::ip(words, environment)? {
        None => Ok(()),
        Some(ipcmd::Vrf::Exec(vrf, command)) => {
            cli::misplaced_in_launch(vrf, options)?;
            launch(options, vrf, command, environment)
        }
        Some(ipcmd::Vrf::Identify(pid)) => identify(pid, false),
        Some(ipcmd::Vrf::Pids(vrf)) => pids(vrf, false),
        Some(ipcmd::Vrf::Show(name, json)) => show_vrfs(name, json),
    }
}

#[inline(never)]
fn show_vrfs(wanted: Option<Name>, json: bool) -> Outcome {
    let mut text = List::new();
    let listed = open(Loaded::NOTHING, true)?.each_vrf(&mut |name, table| {
        if wanted.is_none_or(|wanted| wanted == name) {
            let mut room = [0; 128];
            let mut out = Buf::new(&mut room);
            ipcmd::put_vrf(name, table, wanted.is_some(), json, text.is_empty(), &mut out);
            let _ = append(&mut text, out.as_bytes()); // a list cut short for want of memory
        }
    });
    listed.map_err(|errno| refused("list", b"VRFs", errno))?;
    if text.is_empty() {
        if let Some(name) = wanted {
            wrong(What::Word(b"VRF", name), "there is no such VRF", b"");
            return Err(Exit::Unsound);
        }
        return print(if json { b"[]\n" } else { b"No VRF has been configured\n" });
    }
    if json {
        let _ = append(&mut text, b"]\n");
    }
    print(text.as_slice())
}

// ---- run

/// Looks after services until they have ended, and ends with their exit code.
#[inline(never)]
fn look_after(options: &Options, mut names: cli::Names, environment: Strings) -> Outcome {
    let conf = load::load(options.config)?;
    supervised(options, conf, environment, false, &mut |supervisor| {
        supervisor.select(&mut names)?;
        if supervisor.is_empty() {
            return Err(wrong(What::Nothing, "no service: neither named, nor auto in ", conf.file));
        }
        let ends = signal::set(signal::TERM) | signal::set(signal::INT) | signal::set(signal::QUIT);
        supervisor.watch(ends, false);
        process::exit(supervisor.code())
    })
}

/// Makes a supervisor of a configuration's services.
#[inline(never)]
fn supervised(
    options: &Options,
    conf: Loaded,
    environment: Strings,
    names: bool,
    look: &mut dyn FnMut(&mut Supervisor<'_>) -> Outcome,
) -> Outcome {
    let host = Host {
        up: &|again| {
            Story::of(options, conf, cli::Names::ALL, false, &|story| match again {
                true => story.change(&mut Story::again),
                false => story.change(&mut Story::up),
            })
        },
        refresh: &|| {
            log::mute(!options.verbose); // what goes wrong is said by the next `up`
            refresh(&[])
        },
        enter: &|vrf, level, keep, listen| enter(options, vrf, level, options.keep | keep, listen, environment),
        level: options.level,
        backend: options.backend,
        environment,
        quiet: options.quiet,
        names,
    };
    look(&mut Supervisor::new(conf, &host)?)
}

/// The first process: comes back where it is not that.
#[inline(never)]
fn first_process(options: &Options, words: Strings, environment: Strings) -> Exit {
    if process::getpid() != 1 {
        return wrong(What::Word(b"command", b"init"), "for the first process of a machine or a container", b"");
    }
    let has_devices = init::prepare(environment);
    let done = load::load_if_any(options.config).and_then(|conf| {
        init::prepare_for(&conf);
        supervised(options, conf, environment, true, &mut |supervisor| {
            supervisor.select(&mut cli::Names::ALL.into_iter())?;
            if !supervisor.is_empty() {
                init::end::end(supervisor.watch(init::ENDS, true));
            }
            // It stands in front of another init: interfaces first, and this process becomes that.
            let asked = supervisor.watch(init::ENDS, false);
            if asked != 0 {
                init::end::end(asked);
            }
            supervisor.leave();
            match init::next_init(words) {
                Some(command) => {
                    if has_devices {
                        init::leave_devices();
                    }
                    Err(Settings::NONE.exec(command, environment))
                }
                None => {
                    Err(wrong(What::Nothing, "no service, and no init to go on with: /sbin/init is not there", b""))
                }
            }
        })
    });
    let _ = done; // said
    init::end::end(init::emergency(environment))
}

// ---- pids, identify

#[inline(never)]
fn pids(vrf: Name, json: bool) -> Outcome {
    is_there(Some(vrf))?;
    let mut out = Out::new(json, Strings::NONE);
    out.item();
    out.num("version", 1);
    out.text("vrf", vrf);
    out.list("processes");
    let mut root = Path::new();
    cgroup::mount_point(&mut root)?;
    let walked = cgroup::pids(&mut root, vrf, &mut |pid| {
        let mut comm = [0; 64];
        out.line(0, Look::Plain);
        out.say("     ".get(pid.len()..).unwrap_or_default());
        out.item();
        out.num("pid|", values::u32_(pid).unwrap_or(0));
        out.text("name|  ", cgroup::comm(pid, &mut comm));
        out.close();
        out.end();
    });
    walked.map_err(|errno| refused("list the processes of", vrf, errno))?;
    out.close();
    out.close();
    out.finish()
}

#[inline(never)]
fn identify(pid: Option<Name>, json: bool) -> Outcome {
    let pid = pid.unwrap_or(b"self");
    if pid != b"self" && (pid.is_empty() || !pid.iter().all(u8::is_ascii_digit)) {
        return Err(wrong(What::Word(b"PID", pid), "not the number of a process", b""));
    }
    let mut path = Path::new();
    match cgroup::path_of_process(pid, &mut path) {
        // A process that is nobody's in cgroup2 is in no VRF.
        Err(Errno::ENOENT) if cgroup::is_process(pid) => path.truncate(0),
        other => other.map_err(|errno| refused("identify process", pid, errno))?,
    }
    let mut namespace = Namespace::new();
    namespace.find();
    // A VRF of that name in another network namespace is another one.
    let vrf = if namespace.has(pid) == Some(false) { None } else { cgroup::vrf_of(path.as_bytes()) };
    if !json {
        return vrf.map_or(Ok(()), |vrf| print(vrf).and_then(|()| print(b"\n")));
    }
    let mut out = Out::new(true, Strings::NONE);
    out.item();
    out.num("version", 1);
    if let Some(vrf) = vrf {
        out.text("vrf", vrf);
    }
    out.close();
    out.finish()
}

// ---- adopt

#[inline(never)]
fn adopt(options: &Options, vrf: Name, pid: Name) -> Outcome {
    let Ok(number) = values::u32_(pid) else {
        return Err(wrong(What::Word(b"PID", pid), "not the number of a process", b""));
    };
    let (asked, dry_run) = (if vrf == b"default" { None } else { level(options, vrf)? }, options.dry_run);
    let (level, is_asked) = (asked.unwrap_or(Level::Guard), asked.is_some());
    if !cgroup::is_process(pid) {
        return Err(refused("adopt process", pid, Errno::ESRCH));
    }
    if !vrf::shares_network(pid) {
        let says = "it is in another network namespace; `ip netns exec` goes there";
        return Err(wrong(What::Deed("adopt process", pid), says, b""));
    }
    if vrf == b"default" {
        return Move { vrf: None, level, is_asked, dry_run }.adopt(number, options.quiet);
    }
    let mut reach = Reach::default();
    // What is bound to a member is within, at any level.
    let index = there(options, vrf, Level::Guard, &mut reach)?;
    let Reach { interfaces, shared } = &reach;
    let of = Vrf { name: vrf, index, interfaces: interfaces.as_slice(), shared: shared.as_slice() };
    Move { vrf: Some(&of), level, is_asked, dry_run }.adopt(number, options.quiet)
}

// ---- check, show, explain

/// An error where a VRF that is named is not there.
#[inline(never)]
fn is_there(vrf: Option<Name>) -> Outcome {
    match vrf {
        Some(vrf) if look(vrf, Level::Bind, &mut Reach::default())? == 0 => {
            Err(no_such_vrf("look at VRF", vrf, &Loaded::NOTHING))
        }
        _ => Ok(()),
    }
}

#[inline(never)]
fn check(options: &Options, vrf: Option<Name>) -> Outcome {
    if features::UP {
        load::load_if_any(options.config)?; // what is wrong with it is said
    }
    is_there(vrf)?;
    check::check(&Asked {
        vrf,
        level: options.level,
        json: options.json,
        usual: &|vrf| Ok(level(options, vrf)?.unwrap_or(Level::Guard)),
    })
}

/// The bytes of an address.
#[inline(never)]
fn octets(address: IpAddr, room: &mut [u8; 16]) -> &[u8] {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d, ..] = room;
            [*a, *b, *c, *d] = v4.octets();
            room.get(..4).unwrap_or_default()
        }
        IpAddr::V6(v6) => {
            *room = v6.octets();
            room
        }
    }
}

/// Ends the process with the program's exit code.
pub fn main(argv: Strings, environment: Strings) -> ! {
    process::exit(i32::from(run(argv, environment)))
}
