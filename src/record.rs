//! The record of what `up` made, so that `down` undoes that and only that.
//!
//! A text file in `/run/vrf-launch`, one for each network namespace: each line the name of the interface it was made
//! for and the `ip` command that takes it back, in the order of making; `down` carries them out from the last to the first.
//!
//! ```text
//! mgmt/vrf ip link del dev mgmt                    owner/vrf: this is the VRF itself
//! - ip -6 rule del pref 2000 l3mdev unreachable    -: shared by all VRFs, goes with the last one
//! eth0 ip addr del 10.20.30.40/24 dev eth0
//! lan0 down                                      it was taken down, and stays so until an `up` of the user's
//! ```
//! A line is written before what it takes back is made, and retracted where that was there already. So nothing that was
//! made is missing, wherever an `up` is interrupted; what was not made after all is not there to be taken back, and that
//! is no error.
//!
//! Without a writable `/run` there is no record; `down` then undoes what the configuration says. One that is there and cannot
//! be read (`ENOMEM`, `EIO`, `EPERM`, for `down` also `EACCES`) is an error: nothing is done, for `down` would undo what was there
//! before. A dry run by whoever may not read it goes by the configuration.
//!
//! A file that belongs to another user, or that others may write to, is an error, too. What a line may do is judged where it is
//! carried out (`apply/recorded.rs`): it takes back, and makes nothing.

use crate::error::Errno;
use crate::limits;
use crate::sys::OwnedFd;
use crate::sys::file;
use crate::sys::mem::List;
use crate::sys::path::Path;
use crate::text::Buf;
use core::ffi::CStr;

/// The folder of records.
pub const FOLDER: &core::ffi::CStr = c"/run/vrf-launch";

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// An interface's.
    Iface(&'a [u8]),
    /// It makes the VRF of that name.
    Vrf(&'a [u8]),
    /// All VRFs'.
    Shared,
}

impl<'a> Owner<'a> {
    fn parse(word: &'a [u8]) -> Self {
        match word.strip_suffix(b"/vrf") {
            _ if word == b"-" => Self::Shared,
            Some(name) => Self::Vrf(name),
            None => Self::Iface(word),
        }
    }

    /// The interface's name; empty for what is shared.
    pub const fn name(&self) -> &'a [u8] {
        match self {
            Self::Iface(name) | Self::Vrf(name) => name,
            Self::Shared => b"",
        }
    }
}

/// In place of a command: `down` has taken the interface down.
pub const DOWN: &[u8] = b"down";

/// What the first byte of a line is overwritten with that is to be taken out; no name begins with it.
const STRUCK: u8 = 0;

/// The record, locked for as long as this lives.
pub struct Record {
    file: Option<OwnedFd>,
    lines: List<u8>,
    /// How many bytes of `lines` are in the file.
    saved: usize,
    /// Whether lines are struck out.
    struck: bool,
    /// Whether there is a file behind it, or none had to be.
    kept: bool,
    /// Whether there is one that the process has no access to.
    closed: bool,
    /// Whether there is one that others can have written.
    strangers: bool,
}

impl Record {
    /// Opens the record of a network namespace and waits until no other process has it. Where it is only `read`, nothing is
    /// written to it.
    #[inline(never)]
    pub fn open(namespace: u64, read: bool) -> Result<Self, Errno> {
        let mut record = Self {
            file: None,
            lines: List::new(),
            saved: 0,
            struck: false,
            kept: true,
            closed: false,
            strangers: false,
        };
        let mut name = Path::new();
        path(namespace, b"", &mut name);
        match if read { file::open(name.c_str()) } else { make(name.c_str()) } {
            Ok(file) => record.read(file)?,
            Err(Errno::ENOENT) if read => {}
            // No place for a record is no reason to leave a machine without its network.
            Err(
                errno @ (Errno::ENOENT
                | Errno::ENOTDIR
                | Errno::EROFS
                | Errno::EACCES
                | Errno::EPERM
                | Errno::ENOSPC
                | Errno::ELOOP),
            ) => {
                let is_there = !read && file::exists(name.c_str());
                if is_there && errno != Errno::EACCES {
                    return Err(errno);
                }
                record.kept = false;
                record.closed = is_there;
            }
            Err(errno) => return Err(errno),
        }
        if read {
            record.file = None;
        }
        Ok(record)
    }

    #[inline(never)]
    fn read(&mut self, file: OwnedFd) -> Result<(), Errno> {
        if !file::is_only_owners(&file)? {
            self.strangers = true;
            return Ok(());
        }
        file::lock(&file)?;
        // Even in a new folder: another may have had the lock before.
        while self.lines.read_from(&file, limits::PATH)? > 0 {}
        self.saved = self.lines.as_slice().len();
        if self.lines.as_slice().last().is_some_and(|last| *last != b'\n') {
            self.lines.extend(b"\n")?; // half of a line is one of its own: the next does not go on there
        }
        self.file = Some(file);
        Ok(())
    }

    /// Whether there is a file behind it.
    pub const fn is_kept(&self) -> bool {
        self.kept
    }

    /// Whether there is a file that the process has no access to: `up` is told by the kernel what is lacking, `down` must not
    /// guess.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether there is a file that belongs to another user than root and the process's own, or that others may write to: nothing
    /// of it has been read.
    pub const fn is_strangers(&self) -> bool {
        self.strangers
    }

    /// How long it is: what comes behind was made later.
    pub const fn len(&self) -> usize {
        self.lines.as_slice().len()
    }

    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the command that takes back something that has been made.
    #[inline(never)]
    pub fn add(&mut self, owner: Owner<'_>, undo: &[u8]) -> Result<(), Errno> {
        let (name, mark): (&[u8], &[u8]) = match owner {
            Owner::Iface(name) => (name, b" "),
            Owner::Vrf(name) => (name, b"/vrf "),
            Owner::Shared => (b"-", b" "),
        };
        let start = self.lines.len();
        let mut parts = [name, mark, undo, b"\n"].into_iter();
        let added = parts.try_for_each(|part| self.lines.extend(part));
        if added.is_err() {
            self.lines.truncate(start); // the next line would go on where half of this one ends
        }
        added
    }

    /// Writes what was added since the last time.
    pub fn save(&mut self) -> Result<(), Errno> {
        let new = self.lines.as_slice().get(self.saved..).unwrap_or_default();
        if !new.is_empty() {
            self.append(new)?;
        }
        self.saved = self.lines.len();
        Ok(())
    }

    /// Takes back that the line which begins at `start` was added, from the next [`Record::settle`] on.
    pub fn retract(&mut self, start: usize) {
        if let Some(first) = self.lines.as_mut_slice().get_mut(start) {
            *first = STRUCK;
            self.struck = true;
        }
    }

    /// Adds that an interface was taken down on purpose: nobody who looks after services brings it up again.
    pub fn add_down(&mut self, name: &[u8]) -> Result<(), Errno> {
        self.add(Owner::Iface(name), DOWN)
    }

    /// Gives `look` the names of those that were taken down on purpose; it says of which that is no longer so.
    #[inline(never)]
    pub fn each_down(&mut self, look: &mut dyn FnMut(&[u8]) -> bool) {
        for line in self.lines.as_mut_slice().split_mut(|byte| *byte == b'\n') {
            let mut words = line.splitn(2, |byte| *byte == b' ');
            let (name, is_down) = (words.next().unwrap_or_default(), words.next() == Some(DOWN));
            if is_down && look(name) {
                if let Some(first) = line.first_mut() {
                    *first = STRUCK;
                    self.struck = true;
                }
            }
        }
    }

    /// Takes the retracted lines out, and writes what is not written yet.
    #[inline(never)]
    pub fn settle(&mut self) -> Result<(), Errno> {
        if !core::mem::take(&mut self.struck) {
            return self.save();
        }
        let mut kept = List::new();
        for line in self.lines.as_slice().split_inclusive(|byte| *byte == b'\n') {
            if line.first() != Some(&STRUCK) {
                kept.extend(line)?;
            }
        }
        self.lines = kept;
        self.rewrite()
    }

    /// Writes the whole record over the old one, which is cut last: killed in between, some lines are there twice or in
    /// part, which `down` bears, and none is missing.
    fn rewrite(&mut self) -> Result<(), Errno> {
        self.saved = self.lines.len();
        self.file.as_ref().map_or(Ok(()), |file| file::rewrite(file, &[self.lines.as_slice()]))
    }

    fn append(&self, bytes: &[u8]) -> Result<(), Errno> {
        self.file.as_ref().map_or(Ok(()), |file| file::write_all(file, bytes))
    }

    /// Whose its lines are, from the one that begins at `from` on.
    pub fn owners(&self, from: usize) -> impl Iterator<Item = Owner<'_>> {
        let lines = self
            .lines
            .as_slice()
            .get(from..)
            .unwrap_or_default()
            .split(|byte| *byte == b'\n')
            .filter(|line| line.first() != Some(&STRUCK));
        lines.map(|line| Owner::parse(line.split(|byte| *byte == b' ').next().unwrap_or_default()))
    }

    /// Whether it has such a line.
    pub fn has(&self, which: &dyn Fn(Owner<'_>, &[u8]) -> bool) -> bool {
        any(self.lines.as_slice(), which)
    }

    /// A copy of the record that lives as long as the process.
    pub fn copy(&self) -> Result<&'static [u8], Errno> {
        let mut copy = List::new();
        copy.extend(self.lines.as_slice())?;
        Ok(copy.leak())
    }
}

/// Opens a record, and makes it and its folder where they are missing.
fn make(name: &CStr) -> Result<OwnedFd, Errno> {
    let _ = file::mkdir(FOLDER); // where it cannot be made, opening the record says why
    file::open_or_create(name)
}

/// The name of a network namespace's record, or of what belongs to it.
#[inline(never)]
pub fn path(namespace: u64, ending: &[u8], path: &mut Path) {
    let mut room = [0; 32];
    let mut text = Buf::new(&mut room);
    let [high, low] = [namespace >> 32, namespace & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(0));
    text.str("/net-").hex(high).str(".").hex(low).bytes(ending);
    path.add(FOLDER.to_bytes()).add(text.as_bytes());
}

/// Whether a record's text has such a line.
pub fn any(text: &[u8], which: &dyn Fn(Owner<'_>, &[u8]) -> bool) -> bool {
    let mut end = text.len();
    while let Some((start, owner, line)) = line_before(text, end) {
        if text.get(start) != Some(&STRUCK) && which(owner, line) {
            return true;
        }
        end = start;
    }
    false
}

/// Whether a record's text has that line.
pub fn contains(text: &[u8], owner: Owner<'_>, command: &[u8]) -> bool {
    any(text, &|other, line| other == owner && line == command)
}

/// The last line of a record's text that ends at `end` or before: where it begins, whose it is, and its command.
#[inline(never)]
pub fn line_before(text: &[u8], end: usize) -> Option<(usize, Owner<'_>, &[u8])> {
    let lines = text.get(..end)?.strip_suffix(b"\n")?;
    let start = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = lines.get(start..)?;
    let space = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    Some((start, Owner::parse(line.get(..space)?), line.get(space + 1..).unwrap_or_default()))
}
