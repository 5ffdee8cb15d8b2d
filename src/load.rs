//! Opening configuration files, and turning offsets in the text back into file and line.

use crate::conf::hash::slots;
use crate::conf::stanzas::{Conf, Stanza, count};
use crate::conf::{Fault, lines};
use crate::error::{Errno, Error, Exit, Place, What};
use crate::log::{Outcome, refused, say};
use crate::sys::file;
use crate::sys::mem::{List, filled};
use core::ffi::CStr;

/// Where configuration is looked for when none is named, in this order.
pub const DEFAULTS: [&CStr; 2] = [c"/etc/vrf-launch.conf", c"/etc/network/interfaces"];

/// How much is read at a time where the size is not known before.
const CHUNK: usize = 64 * 1024;

/// A configuration that was read and found right.
#[derive(Clone, Copy)]
pub struct Loaded {
    /// The file it came from; empty where there is none.
    pub file: &'static [u8],
    /// What it says.
    pub conf: Conf<'static>,
    /// The slots by which [`Conf::vrf_of_table`] finds a VRF.
    pub tables: &'static [u32],
}

impl Loaded {
    /// A configuration that says nothing.
    pub const NOTHING: Self = Self { file: b"", conf: Conf::EMPTY, tables: &[0] };

    /// File and line of an offset.
    pub fn place(&self, at: u32) -> Place<'static> {
        Place { file: self.file, line: lines::line_number(self.conf.text(), at) }
    }

    /// Says what is wrong with a line.
    pub fn fault(&self, fault: &Fault<'_>) -> Exit {
        say_fault(self.file, self.conf.text(), fault)
    }
}

#[cold]
fn say_fault(file: &[u8], text: &[u8], fault: &Fault<'_>) -> Exit {
    let place = Some(Place { file, line: lines::line_number(text, fault.at) });
    say(&Error { place, ..Error::usage(What::Word(fault.key, fault.word), fault.reason) })
}

/// Reads and checks the file that was named, or else the first default that is there.
#[inline(never)]
pub fn load(named: Option<&'static CStr>) -> Outcome<Loaded> {
    let paths = named.map_or(&DEFAULTS[..], |_| &[]);
    for path in named.iter().chain(paths) {
        match read(path) {
            Ok(text) => return index(path.to_bytes(), text),
            Err(Errno::ENOENT | Errno::ENOTDIR) if named.is_none() => {}
            Err(errno) => {
                let error = Error::system(What::Deed("read", path.to_bytes()), errno);
                return Err(say(&Error { exit: Exit::Usage, ..error }));
            }
        }
    }
    let none = "no configuration: neither /etc/vrf-launch.conf nor /etc/network/interfaces is there";
    Err(say(&Error { advice: "name a file with --config FILE", ..Error::usage(What::Nothing, none) }))
}

/// As [`load`], but where none is named and no default is there, a configuration that says nothing.
pub fn load_if_any(named: Option<&'static CStr>) -> Outcome<Loaded> {
    let any = named.is_some() || DEFAULTS.iter().any(|path| file::exists(path));
    if any { load(named) } else { Ok(Loaded::NOTHING) }
}

/// Reads a file whole into a mapping of its own. The file itself is never mapped: when somebody cuts it short, that
/// would end the process, as PID 1 the machine.
#[inline(never)]
pub fn read(path: &CStr) -> Result<&'static mut [u8], Errno> {
    let fd = file::open(path)?;
    let mut text = List::new();
    // One more than there is: a regular file that gives less has come to its end. Others have no size.
    let size = usize::try_from(file::size(&fd)?).unwrap_or(usize::MAX);
    let mut more = if size > 0 { size.saturating_add(1) } else { CHUNK };
    loop {
        let got = text.read_from(&fd, more)?;
        // Positions have 32 bits.
        if u32::try_from(text.len()).is_err() {
            return Err(Errno::ENOMEM);
        }
        if got == 0 || (size > 0 && got < more) {
            break;
        }
        more = CHUNK;
    }
    core::mem::forget(fd); // the end of the process, or exec, closes it
    Ok(text.leak())
}

#[inline(never)]
fn index(file: &'static [u8], text: &'static mut [u8]) -> Outcome<Loaded> {
    lines::join(text);
    let text: &'static [u8] = text;
    let n = count(text);
    let (Ok(stanzas), Ok(both)) = (filled(n, Stanza::EMPTY), filled(2 * slots(n), 0)) else {
        return Err(refused("index", file, Errno::ENOMEM));
    };
    let (names, tables) = both.split_at_mut_checked(slots(n)).unwrap_or_default();
    let mut fault = Fault { at: 0, key: b"", word: b"", reason: "" };
    match Conf::index(text, stanzas, names, &mut fault) {
        Some(conf) if conf.check(tables, &mut fault) => Ok(Loaded { file, conf, tables }),
        _ => Err(say_fault(file, text, &fault)),
    }
}
