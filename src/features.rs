//! What a build has of what may be left out: a feature of Cargo.toml each, all of them by default.
//!
//! Each is asked where its command or option begins, and nowhere else: what cannot be reached then is left out by the
//! compiler. Whoever asks for it is told so.
//!
//! What every build has: a command in a VRF that is there, at any level, bound by a cgroup.

/// `up`, `down`, and bringing a VRF up that is not there: the configuration.
pub const UP: bool = cfg!(feature = "up");
/// Lines of the configuration that are for a shell.
pub const SHELL: bool = cfg!(feature = "shell");
/// `dhcp` in the configuration.
pub const DHCP: bool = cfg!(feature = "dhcp");
/// `vrf-shared`, and the warning of a VRF that sends by an interface and hears nothing from there.
pub const SHARED: bool = cfg!(feature = "shared");
/// `plan`, `--dry-run` of `up` and `down`.
pub const PLAN: bool = cfg!(feature = "plan");
/// `up --confirm`.
pub const CONFIRM: bool = cfg!(feature = "confirm");
/// `run`, `init`: services.
pub const RUN: bool = cfg!(feature = "run");
/// `--inetd`.
pub const INETD: bool = cfg!(feature = "inetd");
/// `--bind seccomp`.
pub const SECCOMP: bool = cfg!(feature = "seccomp");
/// `ip`.
pub const IP: bool = cfg!(feature = "ip");
/// `show`, `explain`.
pub const SHOW: bool = cfg!(feature = "show");
/// `pids`, `identify`.
pub const PIDS: bool = cfg!(feature = "pids");
/// `check`.
pub const CHECK: bool = cfg!(feature = "check");
/// `adopt`.
pub const ADOPT: bool = cfg!(feature = "adopt");
/// `help`; what was probably meant by a word that is none.
pub const HELP: bool = cfg!(feature = "help");
/// `--verbose`.
pub const VERBOSE: bool = cfg!(feature = "verbose");

/// What is said to those who ask for one that is left out.
pub const LEFT_OUT: &str = "left out of this build";

/// And where they see what else is.
pub const LIST: &str = "vrf-launch --version lists all that is";

/// The names of those that are left out, each behind a blank; nothing in a full build.
pub const MISSING: [&str; 16] = [
    missing(UP, " up"),
    missing(SHELL, " shell"),
    missing(DHCP, " dhcp"),
    missing(SHARED, " shared"),
    missing(PLAN, " plan"),
    missing(CONFIRM, " confirm"),
    missing(RUN, " run"),
    missing(INETD, " inetd"),
    missing(SECCOMP, " seccomp"),
    missing(IP, " ip"),
    missing(SHOW, " show"),
    missing(PIDS, " pids"),
    missing(CHECK, " check"),
    missing(ADOPT, " adopt"),
    missing(HELP, " help"),
    missing(VERBOSE, " verbose"),
];

const fn missing(is_there: bool, name: &'static str) -> &'static str {
    if is_there { "" } else { name }
}

/// Whether a build has the command of that letter, as the command line's table of commands has them.
pub const fn has_command(letter: u8) -> bool {
    match letter {
        b'u' | b'd' => UP,
        b'l' => PLAN,
        b'o' => CONFIRM,
        b'r' | b'n' => RUN,
        b's' | b'x' => SHOW,
        b'p' | b'i' => PIDS,
        b'k' => CHECK,
        b'a' => ADOPT,
        b'P' => IP,
        b'h' => HELP,
        _ => true,
    }
}

/// The same of an option, by the letter of the table of options.
pub const fn has_option(letter: u8) -> bool {
    match letter {
        b'7' => CONFIRM,
        b'!' => PLAN,
        b'*' => INETD,
        b'h' => HELP,
        b'v' => VERBOSE,
        _ => true,
    }
}
