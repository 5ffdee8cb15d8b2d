//! Errors: what failed, on what, where it was asked for, and why, in the kernel's words where it gave any.
//!
//! One record becomes one line, `FILE:LINE: cannot WHAT: WHY (text)`, and where it helps a second line with advice.
//! The exit code follows from the cause.

use crate::conf::words::Words;
use crate::errno;
use crate::text::Buf;

/// An error number of the kernel, 1 to 4095; 32 bits, so that a result fits into registers. Source: `uapi/asm-generic/errno.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub u32);

impl Errno {
    /// Writes its name and what it means.
    #[inline(never)]
    pub fn render(self, out: &mut Buf<'_>) {
        let (name, text) = errno::text(self.0);
        out.bytes(name);
        if text.is_empty() {
            out.str(" ").num(self.0);
        } else {
            out.str(" (").bytes(text).str(")");
        }
    }
}

macro_rules! errnos {
    ($($name:ident)*) => {
        #[allow(missing_docs, reason = "the kernel's own names; their texts are in errno(3)")]
        impl Errno {
            // A number from the header is below 4096: the cast cannot cut.
            #![allow(clippy::as_conversions)]
            $(pub const $name: Self = Self(linux_raw_sys::errno::$name as u32);)*
        }
    };
}
errnos! {
    E2BIG EACCES EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EBADF EBUSY ECHILD ECONNABORTED ECONNRESET EEXIST EFAULT EFBIG EINPROGRESS EINTR EINVAL ENAMETOOLONG ENETUNREACH ENOBUFS
    ELOOP ENODEV ENOENT ENOEXEC ENOMEM ENOPROTOOPT ENOSPC ENOSYS ENOTDIR ENOTSOCK EOPNOTSUPP EPERM EPIPE EPROTO EPROTONOSUPPORT EROFS ESRCH ETIMEDOUT
}

/// Exit codes; execline's, so that a service manager can tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// `check`: something does not hold. `ip`: the command line is wrong.
    Unsound = 1,
    /// `ip`: the kernel refused.
    Refused = 2,
    /// The command line or the configuration is wrong: trying again will not help.
    Usage = 100,
    /// A system call failed or the kernel refused.
    System = 111,
    /// COMMAND is there and cannot be run.
    NotExecutable = 126,
    /// COMMAND is not there.
    NotFound = 127,
}

impl Exit {
    /// The code as exit(2) takes it.
    #[allow(clippy::as_conversions, reason = "the enum's own representation")]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// A place in a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file's name as the user gave it.
    pub file: &'a [u8],
    /// The line, from 1.
    pub line: u32,
}

/// What was being done.
#[derive(Clone, Copy)]
pub enum What<'a> {
    /// Nothing to name: the cause says it all.
    Nothing,
    /// An `ip` command, as `add route 10.9.0.0/24 dev eth7 table 10`.
    Command(&'a [u8]),
    /// A deed and the thing it was done to: `("open", path)`.
    Deed(&'static str, &'a [u8]),
    /// A word of the user's that is wrong, as `keyword "word"`.
    Word(&'a [u8], &'a [u8]),
}

/// Why it failed.
#[derive(Clone, Copy)]
pub enum Why<'a> {
    /// The kernel said so.
    Errno(Errno),
    /// We say so.
    Says(&'static str),
    /// We say so, with particulars; printable ASCII but for what has been made so.
    Text(&'a [u8]),
    /// We say so: a sentence, and the name that ends it.
    Of(&'static str, &'a [u8]),
}

/// An error on its way to the user: all of it borrowed, because it is said where it is met ([`crate::log::say`]).
#[derive(Clone, Copy)]
pub struct Error<'a> {
    /// The exit code it leads to.
    pub exit: Exit,
    /// Where it was asked for.
    pub place: Option<Place<'a>>,
    /// What was being done.
    pub what: What<'a>,
    /// The cause.
    pub why: Why<'a>,
    /// The kernel's extended acknowledgement, its own sentence about what is wrong; or a name that tells more. May be
    /// empty.
    pub detail: &'a [u8],
    /// What to do about it: a second line. May be empty.
    pub advice: &'static str,
}

impl<'a> Error<'a> {
    /// The kernel refused `what`.
    pub const fn system(what: What<'a>, errno: Errno) -> Self {
        Self { exit: Exit::System, place: None, what, why: Why::Errno(errno), detail: b"", advice: "" }
    }

    /// The user asked for something that cannot be.
    pub const fn usage(what: What<'a>, says: &'static str) -> Self {
        Self { exit: Exit::Usage, place: None, what, why: Why::Says(says), detail: b"", advice: "" }
    }

    /// Writes the line without its end.
    pub fn render(&self, out: &mut Buf<'_>) {
        if let Some(place) = &self.place {
            out.shown(place.file).str(":").num(place.line).str(": ");
        }
        match &self.what {
            What::Nothing => {}
            What::Command(command) => {
                out.str("cannot ");
                object(command, out);
                out.str(": ");
            }
            What::Deed(deed, thing) => {
                out.str("cannot ").str(deed).str(" ").shown(thing).str(": ");
            }
            What::Word(keyword, word) => {
                out.shown(keyword).str(" \"").shown(word).str("\": ");
            }
        }
        match &self.why {
            Why::Errno(errno) => errno.render(out),
            Why::Of(says, name) => {
                out.str(says).shown(name);
            }
            Why::Says(says) => {
                out.str(says);
            }
            Why::Text(text) => {
                out.shown(text);
            }
        }
        if !self.detail.is_empty() {
            out.str(": ").shown(self.detail);
        }
    }

    /// Writes the second line without its end: what was meant by the word that is wrong, if that can be guessed.
    pub fn render_near(&self, near: &[u8], out: &mut Buf<'_>) {
        out.str("did you mean ");
        if let What::Word(_, [b'-', b'-', ..]) = self.what {
            out.str("--");
        }
        out.shown(near).str("?");
    }
}

/// An `ip` command as messages name what it does: `ip -6 rule add pref 7 …` is `add rule pref 7 … (IPv6)`.
fn object(command: &[u8], out: &mut Buf<'_>) {
    let mut words = Words::new(command);
    let mut family = "";
    words.next(); // ip
    let object = loop {
        match words.next() {
            Some(b"-4") => family = " (IPv4)",
            Some(b"-6") => family = " (IPv6)",
            other => break other.unwrap_or_default(),
        }
    };
    let object: &[u8] = if object.starts_with(b"a") { b"address" } else { object };
    out.shown(words.next().unwrap_or_default()).str(" ").shown(object);
    for word in words {
        out.str(" ").shown(word);
    }
    out.str(family);
}
