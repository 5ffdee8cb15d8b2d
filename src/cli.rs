//! The command line.
//!
//! `[OPTIONS] WORD …`: a WORD that is a command's name is that command, unless `--` follows it; any other is the VRF in
//! which what follows is run. Each option is taken as `--opt value` and as `--opt=value` (busybox init hands a line
//! with `=` to a shell, which a small image has not got).

use crate::bind::Backend;
use crate::bind::program::Level;
use crate::bytes::before;
use crate::conf::values;
use crate::conf::words::{Words, has_word};
use crate::error::{Error, Exit, What, Why};
use crate::features;
use crate::log::{Outcome, refused, say, say_near};
use crate::near::Near;
use crate::service::{Settings, is_setting};
use crate::sys::args::{Strings, behind};
use crate::text::Buf;
use core::ffi::CStr;
use core::net::IpAddr;

/// What is to be done.
#[derive(Clone, Copy)]
pub enum Command {
    /// Run the rest in the VRF.
    Launch(&'static [u8], Strings),
    /// Bring interfaces up.
    Up(Names),
    /// Keep what an `up --confirm` did.
    Confirm,
    /// Undo that.
    Down(Names),
    /// Print what `up` would do.
    Plan(Names),
    /// Bring interfaces up, and look after services.
    Run(Names),
    /// The duties of the first process, and the words behind.
    Init(Strings),
    /// Processes in a VRF.
    Pids(&'static [u8]),
    /// VRF of a process.
    Identify(Option<&'static [u8]>),
    /// Move a process into a VRF.
    Adopt(&'static [u8], &'static [u8]),
    /// Whether the isolation of a VRF, or of all, holds.
    Check(Option<&'static [u8]>),
    /// A VRF as it is, or all.
    Show(Option<&'static [u8]>),
    /// How a route from a VRF to an address is found.
    Explain(&'static [u8], IpAddr),
    /// As `ip(8)`.
    Ip(Strings),
    /// Print the help; on a command, where one is named.
    Help(&'static [u8]),
    /// Print the version.
    Version,
}

/// Options, whatever the command.
pub struct Options {
    /// A bit for each option that was said, as they stand in the table.
    said: u32,
    /// `--config`
    pub config: Option<&'static CStr>,
    /// `--isolation`
    pub level: Option<Level>,
    /// `--bind`
    pub backend: Backend,
    /// `--no-new-privs`
    pub no_new_privs: Option<bool>,
    /// `--keep-fd`: a bit for each descriptor.
    pub keep: u64,
    /// `--wait`, milliseconds.
    pub wait_ms: u32,
    /// Whether `--wait` was said: then for carriers, too.
    pub waits: bool,
    /// `--confirm`, seconds; 0 where it is not said.
    pub confirm: u32,
    /// `--exact`
    pub exact: bool,
    /// `--json`
    pub json: bool,
    /// `--from`, `--port` (its protocol and number), `--in`: what `explain` is to be about.
    pub from: Option<IpAddr>,
    /// `IPPROTO_*`, and the port; 0 where none is said.
    pub port: (u8, u16),
    /// An interface.
    pub input: Option<&'static [u8]>,
    /// `--quiet`
    pub quiet: bool,
    /// `--verbose`
    pub verbose: bool,
    /// The same once more: netlink, too.
    pub wordy: bool,
    /// `--dry-run`
    pub dry_run: bool,
    /// `--user`, `--env`, `--chdir`, `--resolv-conf`
    pub settings: Settings,
    /// The environment.
    pub environment: Strings,
}

impl Options {
    /// What holds where nothing is said.
    pub const fn new() -> Self {
        Self {
            said: 0,
            config: None,
            level: None,
            backend: Backend::Auto,
            no_new_privs: None,
            keep: 0,
            wait_ms: 10_000,
            waits: false,
            confirm: 0,
            exact: false,
            json: false,
            from: None,
            port: (UDP, 0),
            input: None,
            quiet: false,
            verbose: false,
            wordy: false,
            dry_run: false,
            settings: Settings::NONE,
            environment: Strings::NONE,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// The commands there are, or will be: no VRF of these names is run in without `--`. A line for each: a letter to
/// go by, `-` for one that is not in this version; and the name.
const COMMANDS: &[u8] = b"\
u up
o confirm
d down
r run
n init
s show
p pids
i identify
a adopt
k check
x explain
l plan
P ip
h help
";

/// The options there are. A line for each: the letter that is its short form, or a digit for one that has none; `=` where
/// it takes a value; and the name.
///
/// Those that are known but not in this version (`8`) are refused, never passed over: a service must not start in another
/// way than asked.
const OPTIONS: &[u8] = b"\
c=config
n dry-run
1 exact
! diff
h help
q quiet
v verbose
V version
2=wait
3=isolation
4=bind
/=chdir
$=env
* inetd
8 json
:=from
;=port
<=in
5=keep-fd
7=confirm
%=listen
9=max-connections
0=max-per-source
6=no-new-privs
#=resolv-conf
@=user
";

/// In the place of a command's letter: a launch into a VRF, and one into none.
const LAUNCH: u8 = b'-';
const LEAVE: u8 = b'.';

/// The letters of the commands that take the option of a letter; `None` where all do. `ip` takes those of a launch for `ip vrf exec`.
///
/// Outside of any VRF there is no level and no backend, and no descriptor is closed.
const fn takers(option: u8) -> Option<&'static [u8]> {
    Some(match option {
        b'n' => b"uda",
        b'1' => b"udl",
        b'!' => b"l",
        b'2' => b"ura-.P",
        b'3' => b"rak-P",
        b'4' => b"r-P",
        b'5' | b'6' => b"r-.P",
        b'/' | b'$' | b'*' | b'%' | b'9' | b'0' | b'#' | b'@' => b"-.P",
        b'8' => b"sxkpi",
        b':' | b';' | b'<' => b"x",
        b'7' => b"u",
        // Where to read, and how much to say.
        _ => return None,
    })
}

/// The place of an option in the table, as a bit.
fn place(letter: u8) -> u32 {
    let mut rest = OPTIONS;
    let mut bit = 1;
    while let [first, _, line @ ..] = rest {
        if *first == letter {
            break;
        }
        bit <<= 1;
        rest = line.get(before(line, b'\n').len() + 1..).unwrap_or_default();
    }
    bit
}

/// An error where an option was said that the command of a letter does not take; `name` is what the command is called.
fn misplaced(letter: u8, name: &[u8], options: &Options) -> Outcome {
    let mut rest = OPTIONS;
    while let [option, _, line @ ..] = rest {
        let word = before(line, b'\n');
        let is_taken = takers(*option).is_none_or(|takers| takers.contains(&letter));
        if options.said & place(*option) != 0 {
            let mut room = [0; 32];
            let mut text = Buf::new(&mut room);
            let what = What::Word(ARGUMENT, text.str("--").bytes(word).as_bytes());
            if !is_taken {
                let why = Why::Of("not an option of ", name);
                return Err(say(&Error { why, advice: HELP_HINT, ..Error::usage(what, "") }));
            }
            if matches!(option, b'9' | b'0') && !options.settings.inetd {
                return Err(say(&Error::usage(what, "is for --inetd")));
            }
        }
        rest = line.get(word.len() + 1..).unwrap_or_default();
    }
    Ok(())
}

/// The same of a launch.
pub fn misplaced_in_launch(vrf: &[u8], options: &Options) -> Outcome {
    match vrf {
        b"default" => misplaced(LEAVE, b"a launch into default", options),
        _ => misplaced(LAUNCH, b"a launch", options),
    }
}

/// `IPPROTO_TCP`, `IPPROTO_UDP`
const TCP: u8 = 6;
const UDP: u8 = 17;

/// A port, `22`, `tcp:22` or `udp:53`.
#[inline(never)]
fn port(word: &[u8]) -> Option<(u8, u16)> {
    let name = before(word, b':');
    let (protocol, number) = match (name, word.get(name.len() + 1..)) {
        (_, None) => (TCP, word),
        (b"tcp", Some(number)) => (TCP, number),
        (b"udp", Some(number)) => (UDP, number),
        _ => return None,
    };
    let number = values::u32_(number).ok().and_then(|number| u16::try_from(number).ok());
    number.filter(|number| *number != 0).map(|number| (protocol, number))
}

/// The values of `--isolation`.
const LEVELS: &[u8] = b"  bind\n  guard\n  strict";

/// The values of `--bind`.
const BACKENDS: &[u8] = b"a auto\nc cgroup\ns seccomp\nn none\n";

/// The letter and the mark of a line of a table.
type Entry = (u8, u8);

/// Looks a name up, or, where there is no name, a letter.
#[inline(never)]
fn look_up(table: &[u8], name: &[u8], letter: u8) -> Option<Entry> {
    let mut rest = table;
    while let [first, mark, line @ ..] = rest {
        let said = before(line, b'\n');
        if if name.is_empty() { *first == letter } else { said == name } {
            return Some((*first, *mark));
        }
        rest = line.get(said.len() + 1..).unwrap_or_default();
    }
    None
}

const ARGUMENT: &[u8] = b"argument";
const HELP_HINT: &str =
    if features::HELP { "vrf-launch --help lists commands and options" } else { "its manual is vrf-launch(8)" };

/// Says what is wrong with an argument.
#[cold]
#[inline(never)]
fn wrong(word: &[u8], says: &'static str) -> Exit {
    misused(ARGUMENT, word, says, b"")
}

/// Says what is wrong with a word for something, where it may be one of the words of a table.
#[cold]
#[inline(never)]
fn misused(of: &[u8], word: &[u8], says: &'static str, table: &'static [u8]) -> Exit {
    let plain = before(word.strip_prefix(b"--").unwrap_or(word), b'=');
    let near = Near::new(plain).offer(table, b'\n', 2).best();
    say_near(&Error { advice: HELP_HINT, ..Error::usage(What::Word(of, word), says) }, near)
}

/// Says that this build does not have something.
#[cold]
#[inline(never)]
fn left_out(of: &[u8], word: &[u8]) -> Exit {
    say(&Error { advice: features::LIST, ..Error::usage(What::Word(of, word), features::LEFT_OUT) })
}

/// Reads the command line behind the program's name. Options may stand behind a command as well, and among its arguments.
pub fn parse(args: Strings, options: &mut Options) -> Outcome<Command> {
    let mut scan = Scan { args, asked: 0, ended: false };
    let word = scan.next(options)?;
    if let Some(command) = scan.early(word.unwrap_or_default().to_bytes()) {
        return Ok(command);
    }
    let Some(word) = word.map(CStr::to_bytes) else {
        return Err(say(&Error { advice: HELP_HINT, ..Error::usage(What::Nothing, "nothing to do") }));
    };
    let mut rest = scan.args;
    let dashes = rest.next().is_some_and(|next| next.to_bytes() == b"--");
    let letter = match look_up(COMMANDS, word, 0) {
        Some((letter, _)) if !dashes || (letter == b'n' && crate::sys::process::getpid() == 1) => letter,
        _ => {
            misplaced_in_launch(word, options)?;
            return launch(word, if dashes { rest } else { scan.args }, dashes);
        }
    };
    if !features::has_command(letter) {
        return Err(left_out(b"command", word));
    }
    if letter == b'P' {
        misplaced(letter, word, options)?;
        return Ok(Command::Ip(scan.args));
    }
    if letter == b'n' && scan.args.into_iter().next() != Some(c"--help") {
        return Ok(Command::Init(init_words(scan.args, options)));
    }
    let names = Names { one: b"", scan };
    let (mut first, mut last, mut count) = (None, &b""[..], 0_u32);
    while let Some(name) = scan.next(options)? {
        last = name.to_bytes();
        first = first.or(Some(last));
        count += 1;
    }
    if let Some(command) = scan.early(word) {
        return Ok(command);
    }
    misplaced(letter, word, options)?;
    if !features::PLAN && options.dry_run && letter != b'a' {
        return Err(left_out(ARGUMENT, b"--dry-run"));
    }
    Ok(match (letter, first) {
        (b'h', None) => Command::Help(b""),
        (b'h', Some(topic)) if is_command(topic) => Command::Help(topic),
        (b'h', Some(topic)) => return Err(misused(b"command", topic, "no such command", COMMANDS)),
        (b'o', None) => Command::Confirm,
        (b'o', _) => return Err(wrong(word, "takes no name")),
        (b'u', _) if !options.dry_run => Command::Up(names),
        (b'u' | b'l', _) => Command::Plan(names),
        (b'd', _) => Command::Down(names),
        (b'r', _) => Command::Run(names),
        (b'p', Some(vrf)) if count == 1 => Command::Pids(vrf),
        (b'p', _) => return Err(wrong(word, "takes one VRF")),
        (b'a', Some(vrf)) if count == 2 => Command::Adopt(vrf, last),
        (b'a', _) => return Err(wrong(word, "takes a VRF and the number of a process")),
        (b'i', _) if count <= 1 => Command::Identify(first),
        (b'k', _) if count <= 1 => Command::Check(first),
        (b's', _) if count <= 1 => Command::Show(first),
        (b'k' | b's', _) => return Err(wrong(word, "takes one VRF at most")),
        (b'x', Some(vrf)) if count == 2 => match values::address(last) {
            Ok(to) if options.from.is_none_or(|from| from.is_ipv4() == to.is_ipv4()) => Command::Explain(vrf, to),
            Ok(_) => return Err(misused(b"address", last, "not of the family of --from", b"")),
            Err(reason) => return Err(misused(b"address", last, reason, b"")),
        },
        (b'x', _) => return Err(wrong(word, "takes a VRF and an address")),
        (b'i', _) => return Err(wrong(word, "takes one process at most")),
        _ => return Err(wrong(word, "a command that is not in this version")),
    })
}

/// The command that was meant by a word, if it is similar to one; or one of the names that were offered before.
pub fn near_command(near: Near<'_>) -> Near<'_> {
    near.offer(COMMANDS, b'\n', 2)
}

/// Whether a word is a command's name.
pub fn is_command(word: &[u8]) -> bool {
    look_up(COMMANDS, word, 0).is_some()
}

/// Reads the words with which the first process was started, as far as they are options, and gives the rest. What is wrong is
/// said: there is nobody to try again.
#[inline(never)]
pub fn init_words(args: Strings, options: &mut Options) -> Strings {
    let mut scan = Scan { args, asked: 0, ended: false };
    let mut rest = args;
    loop {
        match scan.next(options) {
            Err(_) => rest = scan.args,
            Ok(None) => return rest,
            Ok(Some(word)) if word.to_bytes().starts_with(b"/") => {
                while let Some(here) = rest.clone().next() {
                    if core::ptr::eq(here, word) {
                        break;
                    }
                    rest = rest.skip(1);
                }
                return rest;
            }
            Ok(Some(_)) => {}
        }
    }
}

fn launch(vrf: &'static [u8], command: Strings, dashes: bool) -> Outcome<Command> {
    let mut rest = command;
    match rest.next().map(CStr::to_bytes) {
        None => Err(misused(b"VRF", vrf, "no command to run in it", COMMANDS)),
        Some(word @ [b'-', ..]) if !dashes => {
            Err(wrong(word, "options stand before the VRF; -- stands before a command"))
        }
        Some(_) => Ok(Command::Launch(vrf, command)),
    }
}

/// The names among a command's arguments: what is neither an option nor an option's value.
#[derive(Clone, Copy)]
pub struct Names {
    /// Comes first, if it is not empty.
    one: &'static [u8],
    scan: Scan,
}

impl Names {
    /// No name: all there are.
    pub const ALL: Self = Self::one(b"");

    /// One name.
    pub const fn one(name: &'static [u8]) -> Self {
        Self { one: name, scan: Scan { args: Strings::NONE, asked: 0, ended: true } }
    }
}

impl Iterator for Names {
    type Item = &'static [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'static [u8]> {
        if !self.one.is_empty() {
            return Some(core::mem::take(&mut self.one));
        }
        // What is wrong with the arguments was said when they were first read.
        Some(self.scan.next(&mut Options::new()).ok()??.to_bytes())
    }
}

/// The arguments, as far as they have not been read.
#[derive(Clone, Copy)]
struct Scan {
    args: Strings,
    /// `h` after `--help`, `V` after `--version`.
    asked: u8,
    /// After `--`, all words are plain.
    ended: bool,
}

impl Scan {
    /// Goes on to the next word that is no option, noting the options on the way.
    #[inline(never)]
    fn next(&mut self, options: &mut Options) -> Outcome<Option<&'static CStr>> {
        while let Some(arg) = self.args.next() {
            match arg.to_bytes() {
                _ if self.ended => return Ok(Some(arg)),
                b"--" => self.ended = true,
                [b'-', b'-', long @ ..] => {
                    let name = before(long, b'=');
                    let value = if name.len() < long.len() { Some(behind(arg, name.len() + 3)) } else { None };
                    self.set(look_up(OPTIONS, name, 0), arg, value, options)?;
                }
                letters @ [b'-', _, ..] => {
                    // -qv, and -cFILE or -c FILE
                    let mut at = 1;
                    while let Some(letter) = letters.get(at) {
                        at += 1;
                        let option = if letter.is_ascii_alphabetic() { look_up(OPTIONS, b"", *letter) } else { None };
                        let mut value = None;
                        if matches!(option, Some((_, b'='))) && at < letters.len() {
                            value = Some(behind(arg, at));
                            at = letters.len();
                        }
                        self.set(option, arg, value, options)?;
                    }
                }
                _ => return Ok(Some(arg)),
            }
        }
        Ok(None)
    }

    #[inline(never)]
    fn set(
        &mut self,
        option: Option<Entry>,
        arg: &'static CStr,
        mut value: Option<&'static CStr>,
        options: &mut Options,
    ) -> Outcome {
        let Some((letter, mark)) = option else {
            return Err(misused(ARGUMENT, arg.to_bytes(), "no such option", OPTIONS));
        };
        let takes = mark == b'=';
        if takes && value.is_none() {
            value = self.args.next();
        }
        if takes != value.is_some() {
            return Err(wrong(arg.to_bytes(), if takes { "a value is missing" } else { "takes no value" }));
        }
        options.said |= place(letter);
        let given = value.unwrap_or_default();
        let mut word = given.to_bytes();
        let (mut of, mut says): (&[u8], _) = (b"", "");
        let mut table: &[u8] = b"";
        match letter {
            _ if !features::has_option(letter) => return Err(left_out(ARGUMENT, arg.to_bytes())),
            b'c' => options.config = Some(given),
            b'n' | b'!' => options.dry_run = true,
            b'1' => options.exact = true,
            b'*' => options.settings.inetd = true,
            b'9' | b'0' => {
                let limits = &mut options.settings.limits;
                let (name, limit): (&[u8], _) = if letter == b'9' {
                    (b"--max-connections", &mut limits.all)
                } else {
                    (b"--max-per-source", &mut limits.per_source)
                };
                of = name;
                match values::u32_(word)
                    .ok()
                    .and_then(|number| usize::try_from(number).ok())
                    .filter(|number| *number > 0)
                {
                    Some(number) => *limit = number,
                    None => says = "not a number of connections",
                }
            }
            b'q' => options.quiet = true,
            b'8' => options.json = true,
            b'<' => options.input = Some(word),
            b':' => {
                of = b"--from";
                match values::address(word) {
                    Ok(from) => options.from = Some(from),
                    Err(reason) => says = reason,
                }
            }
            b';' => {
                of = b"--port";
                match port(word) {
                    Some(port) => options.port = port,
                    None => says = "not a port: 22, tcp:22, udp:53",
                }
            }
            b'v' => {
                options.wordy = options.verbose;
                options.verbose = true;
            }
            b'h' | b'V' => self.asked = letter,
            b'2' => {
                of = b"--wait";
                match values::u32_(word).ok().and_then(|seconds| seconds.checked_mul(1000)) {
                    Some(wait_ms) => (options.wait_ms, options.waits) = (wait_ms, true),
                    None => says = "not a number of seconds",
                }
            }
            b'7' => {
                of = b"--confirm";
                options.confirm = values::u32_(word).unwrap_or(0);
                if options.confirm == 0 {
                    says = "not a number of seconds";
                }
            }
            b'3' => {
                of = b"--isolation";
                table = LEVELS;
                options.level = Level::of(word);
                if options.level.is_none() {
                    says = "the levels are bind, guard, strict";
                }
            }
            b'4' => {
                of = b"--bind";
                table = BACKENDS;
                options.backend = match look_up(BACKENDS, word, 0) {
                    Some((b's', _)) if !features::SECCOMP => return Err(left_out(of, word)),
                    Some((b'a', _)) => Backend::Auto,
                    Some((b'c', _)) => Backend::Cgroup,
                    Some((b's', _)) => Backend::Seccomp,
                    Some(_) => Backend::None,
                    None => {
                        says = "the backends are auto, cgroup, seccomp, none";
                        Backend::Auto
                    }
                };
            }
            b'5' => {
                of = b"--keep-fd";
                match values::u32_(word).ok().and_then(|fd| 1_u64.checked_shl(fd)) {
                    Some(bit) => options.keep |= bit,
                    None => says = "not a descriptor between 0 and 63",
                }
            }
            b'6' => {
                of = b"--no-new-privs";
                match values::yes_no(word) {
                    Ok(yes) => options.no_new_privs = Some(yes),
                    Err(reason) => says = reason,
                }
            }
            b'/' | b'$' | b'@' | b'#' | b'%' => says = set_one(&mut options.settings, letter, given)?,
            _ => says = "an option that is not in this version",
        }
        if says.is_empty() {
            return Ok(());
        }
        if of.is_empty() {
            (of, word) = (ARGUMENT, arg.to_bytes());
        }
        Err(misused(of, word, says, table))
    }

    /// What was asked for whatever the command.
    fn early(&self, word: &'static [u8]) -> Option<Command> {
        match self.asked {
            b'h' => Some(Command::Help(if is_command(word) { word } else { b"" })),
            b'V' => Some(Command::Version),
            _ => None,
        }
    }
}

/// Takes in how a command is to be started; answers with what is wrong with that.
#[inline(never)]
fn set_one(settings: &mut Settings, letter: u8, given: &'static CStr) -> Outcome<&'static str> {
    if given.is_empty() {
        return Ok("a value is missing");
    }
    match letter {
        b'/' => settings.chdir = given,
        b'#' => settings.resolv_conf = given,
        b'@' => settings.user = given.to_bytes(),
        b'%' => {
            if let Err(reason) = values::listen(given.to_bytes()) {
                return Ok(reason);
            }
            settings.listen.push(given).map_err(|errno| refused("remember", given.to_bytes(), errno))?;
        }
        _ if !is_setting(given.to_bytes()) => return Ok("not NAME=VALUE"),
        _ => settings.env.push(given).map_err(|errno| refused("remember", given.to_bytes(), errno))?,
    }
    Ok("")
}

/// What there is to know of a command beyond its lines in [`HELP`]: its name; those of the options that all commands take which mean
/// something to it; and a text.
const TOPICS: &[u8] = b"\
up config quiet verbose|\
Without NAME, all that the file says is auto, and lo. What is so already is left\nalone; what differs is mended; \
an interface that cannot be set up is taken back,\nand others come up.|\
down config verbose|\
Without NAME, all. What stood before up stays.|\
confirm quiet|\
After up --confirm SECONDS.|\
plan config verbose|\
What it prints can be given to sh. With --diff only what differs from what is there\nnow: nothing, where up would change nothing.|\
run config quiet verbose|\
Without SERVICE, all that the file says are auto. TERM, INT and QUIT end them.\nThe exit code is that of the service, if it is one.|\
init config wait quiet verbose|\
As init= or rdinit= of the kernel, or of a container.|\
show|\
Without VRF, all. VRFs that others made are shown as well.|\
pids|\
As ip vrf pids: those that ip vrf exec started are listed, too.|\
identify|\
Without PID, of the caller.|\
adopt config quiet|\
VRF may be default: out of any. One socket that cannot be moved, and nothing is done.|\
check config|\
Without VRF, all. Exit code 0: all of it holds; 1: something does not, and is named.|\
explain|\
Which rule, table and route decide; and why not, where it is unreachable.|\
ip quiet|\
Changes of links, addresses, routes and rules as ip(8) takes them, and ip vrf. Also by\nthe name ip. What is not known is for \
iproute2 or busybox, where there is one.|";

/// Gives `out` what `--help` prints; of a command, where one is named.
#[inline(never)]
pub fn help(topic: &[u8], out: &mut dyn FnMut(&[u8]) -> Outcome) -> Outcome {
    let mut topics = TOPICS.split(|byte| *byte == b'|');
    while let (Some(head), Some(text)) = (topics.next(), topics.next()) {
        let mut heeded = Words::new(head);
        if heeded.next() != Some(topic) {
            continue;
        }
        help_lines(&mut |words| words.next() == Some(b"vrf-launch") && words.next() == Some(topic), out)?;
        for part in [b"\n", text, b"\n\n"] {
            out(part)?;
        }
        let letter = look_up(COMMANDS, topic, 0).map_or(0, |(letter, _)| letter);
        // Those of a launch are for `ip vrf exec` alone.
        let takes = |name: &[u8]| match look_up(OPTIONS, name, 0) {
            Some((option, _)) if letter != b'P' => takers(option).is_some_and(|takers| takers.contains(&letter)),
            _ => false,
        };
        let heeds = |word: &[u8]| {
            let name = word.strip_prefix(b"--").map_or(word, |name| before(name, b','));
            name.len() < word.len() && (takes(name) || has_word(heeded.rest(), name))
        };
        return help_lines(&mut |words| words.clone().next() != Some(b"vrf-launch") && words.any(heeds), out);
    }
    out(HELP.as_bytes())
}

/// Gives `out` those lines of [`HELP`] that `which` chooses by their words, each with the lines that go on with it.
#[inline(never)]
fn help_lines(which: &mut dyn FnMut(&mut Words<'_>) -> bool, out: &mut dyn FnMut(&[u8]) -> Outcome) -> Outcome {
    let mut chosen = false;
    for line in HELP.as_bytes().split_inclusive(|byte| *byte == b'\n') {
        let indent = line.len() - line.trim_ascii_start().len();
        let begins = indent < 8;
        if begins {
            chosen = indent > 0 && which(&mut Words::new(line.trim_ascii()));
        }
        if chosen {
            out(line)?;
        }
    }
    Ok(())
}

/// What `--help` prints.
pub const HELP: &str = "\
vrf-launch gives a service its own routing table (a VRF) and starts it there.

  vrf-launch [OPTIONS] VRF [--] COMMAND [ARG]...  run COMMAND in VRF: same PID, exec in place
  vrf-launch up   [NAME]...   make the kernel agree with the configuration (idempotent)
  vrf-launch confirm          keep what up --confirm did
  vrf-launch down [NAME]...   undo what up did, and only that
  vrf-launch run [SERVICE]... up, then start services and look after them
  vrf-launch init [-- INIT]   the first process's duties, and the same; then INIT, if
                              there is no service
  vrf-launch plan [NAME]...   what up would do, as iproute2 commands; with --diff only
                              what would change
  vrf-launch pids VRF         the processes in VRF
  vrf-launch identify [PID]   the VRF of a process
  vrf-launch adopt VRF PID    move a running process, its children and open sockets
                              into VRF (-n: list them)
  vrf-launch check [VRF]      whether the isolation holds: tries to get out
  vrf-launch show [VRF]       VRFs with members, routes, rules and services, and what
                              is wrong with them
  vrf-launch explain VRF ADDRESS  which rule, table and route decide, and where the
                              packet would go; --from ADDRESS, --port [udp:]N; with
                              --in IFACE: whether a socket in VRF gets what comes in
                              by it to ADDRESS

VRF may be default: outside of any VRF. A VRF that is not there is brought up
first where the configuration describes it.

  -c, --config FILE      default /etc/vrf-launch.conf, else /etc/network/interfaces,
                         else what was baked in when it was built
      --isolation LEVEL  bind: each new socket belongs to the VRF, as ip vrf exec
                         guard (default): nothing leaves or arrives elsewhere
                         strict: nor does root find a way out
      --bind BACKEND     cgroup, seccomp (a supervisor makes the sockets: no BPF, no
                         cgroup, no root; level bind), none (COMMAND does it
                         itself), auto (default: cgroup; at bind, else seccomp)
      --listen SPEC      open tcp:PORT, udp:PORT, tcp:ADDR:PORT or tcp:[ADDR6]:PORT
                         for COMMAND: descriptor 3 and on, LISTEN_FDS (repeatable)
      --inetd            start COMMAND for each connection to them, which is its
                         standard input and output; --max-connections N (64),
                         --max-per-source N
      --keep-fd N        guard: do not close descriptor N (repeatable)
      --no-new-privs yes/no   setuid programs gain nothing (default: yes at strict)
      --user NAME[:GROUP], --env NAME=VALUE, --chdir DIR, --resolv-conf FILE
                         how COMMAND is started: as whom, with what, where, and with
                         which file in the place of /etc/resolv.conf
      --wait SECONDS     longest wait for an interface to appear and for duplicate address
                         detection (default 10; 0: none); where it is said, for carriers
      --confirm SECONDS  up: put all of it back, unless vrf-launch confirm follows in time
      --exact            up, down, plan: only what the file says, as ifupdown-ng does it
      --json             show, explain, check, pids, identify: as JSON
  -n, --dry-run          up, down, adopt: only print what would change
      --diff             plan: print only what would change
  -q, --quiet            no warnings
  -v, --verbose          say each step and how long it took; -vv: and each netlink message
  -h, --help             of a command: vrf-launch up --help, or vrf-launch help up
  -V, --version

Exit codes: 1 check: something does not hold, 100 usage or configuration, 111
the kernel refused, 126 COMMAND cannot be run, 127 COMMAND is not there, else
COMMAND's own.
";
