//! The texts of `/proc`, line by line.

use crate::bytes::before;
use crate::error::Errno;
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file};
use core::ffi::CStr;

/// A file of any length, line by line.
pub struct Lines {
    /// The file.
    pub fd: Option<OwnedFd>,
    /// Read, and how much of it, and how much of that has become lines.
    buf: [u8; 2048],
    got: usize,
    at: usize,
    /// The line at hand; one that is longer than a path is cut.
    pub line: Path,
}

impl Lines {
    #[inline(always)]
    /// None yet.
    pub const fn new() -> Self {
        Self { fd: None, buf: [0; 2048], got: 0, at: 0, line: Path::new() }
    }

    #[inline(never)]
    /// Opens a file.
    pub fn open(&mut self, path: &CStr) -> Result<(), Errno> {
        self.fd = Some(file::open(path)?);
        Ok(())
    }

    /// Goes on to the next line; false at the end.
    #[inline(never)]
    pub fn advance(&mut self) -> Result<bool, Errno> {
        self.line.truncate(0);
        loop {
            if self.at == self.got {
                self.at = 0;
                self.got = match &self.fd {
                    Some(fd) => file::read(fd, &mut self.buf)?,
                    None => 0,
                };
                if self.got == 0 {
                    return Ok(!self.line.is_empty());
                }
            }
            let byte = self.buf.get(self.at..=self.at).unwrap_or_default();
            self.at += 1;
            if byte == b"\n" {
                return Ok(true);
            }
            self.line.add(byte);
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}

/// The inode of the PID namespace that the machine began with. Source: `linux/proc_ns.h: PROC_PID_INIT_INO`.
const MACHINES: u64 = 0xEFFF_FFFC;

/// Whether this process is in the machine's own PID namespace, and not in a container's; also where `/proc` does not tell.
pub fn is_machines() -> bool {
    file::identity(c"/proc/self/ns/pid").map_or(MACHINES, |(_, inode)| inode) == MACHINES
}

/// Gives `each` the place and the type of every mount of this process's namespace, until it says true; tells whether it did.
/// The place is as proc(5) has it: a blank is `\040`.
pub fn mounts(each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<bool, Errno> {
    mounts_of(MOUNTS, each)
}

/// The mounts that this process can reach from its root.
pub const MOUNTS: &CStr = c"/proc/self/mountinfo";

/// The same of a file such as that.
pub fn mounts_of(file: &CStr, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<bool, Errno> {
    each_mount(file, &mut |mount| each(mount.place, mount.kind))
}

/// A mount, as proc(5) has it: a blank is `\040`.
#[derive(Default)]
pub struct Mount<'l> {
    /// `MAJOR:MINOR` of the file system.
    pub device: &'l [u8],
    /// Which directory of the file system is seen there.
    pub root: &'l [u8],
    /// Where it is.
    pub place: &'l [u8],
    /// The type of file system.
    pub kind: &'l [u8],
}

/// Gives `each` every mount that such a file has, until it says true; tells whether it did.
#[inline(never)]
pub fn each_mount(file: &CStr, each: &mut dyn FnMut(&Mount<'_>) -> bool) -> Result<bool, Errno> {
    let mut lines = Lines::new();
    lines.open(file)?;
    while lines.advance()? {
        // The third to the fifth field are the device, the root and the place; the one behind "-" is the type.
        let mut mount = Mount::default();
        let (mut field, mut kind) = (0, 0);
        let mut rest = Some(lines.line.as_bytes());
        while let Some(words) = rest {
            let word = before(words, b' ');
            rest = words.get(word.len() + 1..);
            field += 1;
            match field {
                3 => mount.device = word,
                4 => mount.root = word,
                5 => mount.place = word,
                _ if field > 5 && word == b"-" => kind = field + 1,
                _ if field == kind => {
                    mount.kind = word;
                    if each(&mount) {
                        return Ok(true);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(false)
}
