//! Starting a service: the command takes this process's place, with its environment, signals and PID unchanged but for
//! what [`Settings`] say.

pub mod dhcp;
pub mod inetd;
pub mod listen;
pub mod output;
pub mod respawn;
pub mod seal;
pub mod shell;
pub mod supervise;
pub mod user;

use crate::bytes::before;
use crate::error::{Errno, Error, Exit, What};
use crate::features;
use crate::log::{Outcome, refused, say};
use crate::sys::args::{Made, Strings};
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::sys::{file, process};
use core::ffi::CStr;

/// Where commands are looked for when the environment has no PATH. Source: `confstr(3)`, musl's `execvp`.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a command is started, beyond its VRF. What is empty is left as it is.
pub struct Settings {
    /// `NAME[:GROUP]`
    pub user: &'static [u8],
    /// Variables of the environment, each `NAME=VALUE`.
    pub env: List<&'static CStr>,
    /// The folder it is started in.
    pub chdir: &'static CStr,
    /// The file that it finds in the place of /etc/resolv.conf.
    pub resolv_conf: &'static CStr,
    /// Sockets that are opened for it, as [`crate::conf::values::listen`] reads them.
    pub listen: List<&'static CStr>,
    /// Accepts on those, and starts a process for each connection.
    pub inetd: bool,
    /// How many at once.
    pub limits: inetd::Limits,
}

/// Whether that is `NAME=VALUE`.
pub fn is_setting(word: &[u8]) -> bool {
    let name = before(word, b'=').len();
    name > 0 && name < word.len()
}

impl Settings {
    /// Nothing is changed.
    pub const NONE: Self = Self {
        user: b"",
        env: List::new(),
        chdir: c"",
        resolv_conf: c"",
        listen: List::new(),
        inetd: false,
        limits: inetd::Limits::USUAL,
    };

    /// Puts the file they name in the place of /etc/resolv.conf: before anything is taken from this process.
    pub fn cover(&self) -> Outcome {
        if self.resolv_conf.is_empty() {
            return Ok(());
        }
        file::cover(self.resolv_conf, RESOLV_CONF).map_err(|errno| {
            let what = What::Deed("put in the place of /etc/resolv.conf", self.resolv_conf.to_bytes());
            let is_own = errno == Errno::ENOENT && !file::exists(RESOLV_CONF);
            let advice = if is_own { "it is /etc/resolv.conf that is not there: touch /etc/resolv.conf" } else { "" };
            say(&Error { advice, ..Error::system(what, errno) })
        })
    }

    /// Executes a command as they say. Comes back only with an error, which has been said.
    pub fn exec(&self, command: Strings, environment: Strings) -> Exit {
        match self.apply(environment) {
            Ok(environment) => exec(command, environment),
            Err(exit) => exit,
        }
    }

    /// Becomes a command, or serves with it (`inetd`). Comes back with an error, which has been said, or when serving has ended.
    pub fn go(&self, command: Strings, environment: Strings) -> Outcome {
        if !self.inetd {
            return Err(self.exec(command, environment));
        }
        if !features::INETD {
            return Err(say(&Error::usage(What::Word(b"keyword", b"inetd"), features::LEFT_OUT)));
        }
        let sockets = (listen::FIRST.cast_signed(), self.listen.as_slice().len());
        inetd::serve(sockets, self.limits, self, command, environment)
    }

    /// Does what they say to this process; gives the environment that they make of the one there was.
    #[inline(never)]
    fn apply(&self, environment: Strings) -> Outcome<Strings> {
        let mut environment = Made::of(environment);
        if !self.user.is_empty() {
            user::switch(self.user, &mut environment)?;
        }
        if !self.listen.is_empty() && !self.inetd {
            listen::announce(self.listen.as_slice(), &mut environment);
        }
        for setting in self.env.as_slice() {
            environment.set(setting);
        }
        if !self.chdir.is_empty() {
            file::chdir(self.chdir).map_err(|errno| refused("go to", self.chdir.to_bytes(), errno))?;
        }
        environment.finish().map_err(|errno| refused("make", b"environment", errno))
    }
}

/// Where the resolver of every C library looks for its servers.
const RESOLV_CONF: &CStr = c"/etc/resolv.conf";

/// Executes a command, looked up in PATH. Comes back only with an error: exit code 127 where the command is not there, 126
/// where it cannot be run.
///
/// Not done: what execvp(3) does with a file that the kernel does not know how to run, handing it to a shell.
fn exec(command: Strings, environment: Strings) -> Exit {
    let mut rest = command;
    let Some(name) = rest.next() else { return say(&Error::usage(What::Nothing, "no command was given")) };
    let is_path = name.to_bytes().contains(&b'/');
    let errno = if is_path { process::execve(name, command, environment) } else { in_path(name, command, environment) };
    let (exit, advice) = match errno {
        Errno::ENOENT if is_path && file::exists(name) => {
            (Exit::NotExecutable, "the file is there, but not the interpreter or loader that it names")
        }
        Errno::ENOENT | Errno::ENOTDIR => (Exit::NotFound, ""),
        Errno::ENOEXEC => (Exit::NotExecutable, "not a program for this machine, or a script without #!"),
        _ => (Exit::NotExecutable, ""),
    };
    say(&Error { exit, advice, ..Error::system(What::Deed("run", name.to_bytes()), errno) })
}

fn in_path(name: &CStr, command: Strings, environment: Strings) -> Errno {
    let folders = environment.value(b"PATH").unwrap_or(DEFAULT_PATH);
    let mut answer = Errno::ENOENT;
    if name.is_empty() {
        return answer;
    }
    let mut path = Path::new();
    let mut rest = Some(folders);
    while let Some(all) = rest {
        let folder = before(all, b':');
        rest = all.get(folder.len() + 1..);
        path.truncate(0);
        // An empty folder is the current one.
        path.add(if folder.is_empty() { b"." } else { folder }).add(b"/").add(name.to_bytes());
        match process::execve(path.c_str(), command, environment) {
            // Not there, or in a folder or of a name that is too long to be.
            Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG => {}
            // It is there and may not be run; another folder may have one that may.
            Errno::EACCES => answer = Errno::EACCES,
            errno => return errno,
        }
    }
    answer
}
