//! Opening configuration files, `source` and `source-directory`, and turning offsets back into file and line.
//!
//! All files become one text, each in the place of the line that asks for it, and everything else knows only offsets in
//! that. [`Part`]s remember what came from where.
//!
//! | line | reads |
//! |---|---|
//! | `source FILE…` | each file, which has to be there |
//! | `source PATTERN…` | the files that `*`, `?` and `[…]` find, by their names' bytes; there may be none |
//! | `source-directory DIR` | all regular files in it, likewise; a directory that is not there is said and passed over |
//!
//! Paths are relative to the working directory, as in ifupdown-ng. A file that was read already is passed over (Debian's
//! own file has both kinds of line for one directory); one that is being read is a cycle, and an error.
//!
//! Source: interfaces(5) of ifupdown-ng; `wordexp(3)`, of which only the wildcards are known here.

use crate::baked::BAKED;
use crate::bytes::before;
use crate::conf::hash::slots;
use crate::conf::keywords::{Property, is_foreign, near};
use crate::conf::lines::Lines;
use crate::conf::stanzas::{Conf, Stanza, count};
use crate::conf::words::{Words, code, coded};
use crate::conf::{Fault, lines};
use crate::error::{Errno, Error, Exit, Place, What};
use crate::limits;
use crate::log::{Outcome, refused, say, say_near};
use crate::sys::mem::{List, filled};
use crate::sys::path::Path;
use crate::sys::{OwnedFd, file};
use core::ffi::CStr;
use core::ops::Range;

/// Where configuration is looked for when none is named, in this order.
pub const DEFAULTS: [&CStr; 2] = [c"/etc/vrf-launch.conf", c"/etc/network/interfaces"];

/// How much is read at a time where the size is not known before.
const CHUNK: usize = 64 * 1024;

/// A piece of the text that came from one file. Long ones are cut, so that no line is far from where one begins.
#[derive(Clone, Copy)]
pub struct Part {
    /// Where it begins in the text.
    pub at: u32,
    /// The line of the file in which that is.
    pub line: u32,
    /// The file's name.
    pub file: &'static [u8],
}

/// A configuration that was read and found right when the program was built.
pub struct Baked {
    /// What it is called in messages.
    pub file: &'static [u8],
    /// What it says.
    pub text: &'static [u8],
    /// Where its parts are from.
    pub parts: &'static [Part],
}

/// Bytes of a long part.
const PART: usize = 4096;

/// A configuration that was read and found right.
#[derive(Clone, Copy)]
pub struct Loaded {
    /// The file it came from; empty where there is none.
    pub file: &'static [u8],
    /// What it says.
    pub conf: Conf<'static>,
    /// The slots by which [`Conf::vrf_of_table`] finds a VRF.
    pub tables: &'static [u32],
    /// Where its parts are from.
    pub parts: &'static [Part],
}

impl Loaded {
    /// A configuration that says nothing.
    pub const NOTHING: Self = Self { file: b"", conf: Conf::EMPTY, tables: &[0], parts: &[] };

    /// File and line of an offset.
    pub fn place(&self, at: u32) -> Place<'static> {
        place(self.parts, self.conf.text(), at)
    }

    /// Says what is wrong with a line.
    pub fn fault(&self, fault: &Fault<'_>) -> Exit {
        say_fault(self.place(fault.at), fault)
    }

    /// Says which lines are passed over, because their keywords are another program's: `all` of them, or those that look like a
    /// mistake.
    #[inline(never)]
    pub fn say_foreign(&self, all: bool) {
        self.conf.each_line(&mut |property| {
            let near = if is_foreign(property.key) { near(property.key) } else { b"" };
            if is_foreign(property.key) && (all || !near.is_empty()) {
                let place = Some(self.place(property.at));
                let what = What::Word(property.key, property.value);
                say_near(&Error { place, ..Error::usage(what, "passed over: not a keyword that is known here") }, near);
            }
            true
        });
    }
}

#[inline(never)]
fn place(parts: &[Part], text: &[u8], at: u32) -> Place<'static> {
    let part = parts.partition_point(|part| part.at <= at).checked_sub(1).and_then(|part| parts.get(part));
    let Some(part) = part else { return Place { file: b"", line: 0 } };
    let text = usize::try_from(part.at).ok().and_then(|from| text.get(from..)).unwrap_or_default();
    Place { file: part.file, line: (part.line - 1).saturating_add(lines::line_number(text, at - part.at)) }
}

#[cold]
fn say_fault(place: Place<'_>, fault: &Fault<'_>) -> Exit {
    let error = Error::usage(What::Word(fault.key, fault.word), fault.reason);
    say_near(&Error { place: Some(place), ..error }, fault.near())
}

/// Reads and checks the file that was named, or else the first default that is there, or else what was baked in.
#[inline(never)]
pub fn load(named: Option<&'static CStr>) -> Outcome<Loaded> {
    let Some(path) = named.or_else(|| DEFAULTS.into_iter().find(|path| file::exists(path))) else {
        if let Some(baked) = &BAKED {
            return index(baked.file, baked.text, baked.parts);
        }
        let none = "no configuration: neither /etc/vrf-launch.conf nor /etc/network/interfaces is there";
        return Err(say(&Error { advice: "name a file with --config FILE", ..Error::usage(What::Nothing, none) }));
    };
    let mut files = Files::default();
    let name = files.keep(path.to_bytes()).map_err(|errno| refused("read", path.to_bytes(), errno))?;
    files.file(name, None)?;
    files.end(path.to_bytes())
}

/// As [`load`], but where there is none, a configuration that says nothing.
pub fn load_if_any(named: Option<&'static CStr>) -> Outcome<Loaded> {
    let any = BAKED.is_some() || named.is_some() || DEFAULTS.iter().any(|path| file::exists(path));
    if any { load(named) } else { Ok(Loaded::NOTHING) }
}

/// Words that read other files, each behind the byte that says how.
const SOURCES: &[u8] = &coded(b" ssource dsource-directory");
const SOURCE: u8 = b's';

/// A file that was read, or is being read.
#[derive(Clone, Copy)]
struct Seen {
    /// Device and inode.
    id: (u64, u64),
    open: bool,
}

/// What became of a file.
enum Read {
    Done,
    /// It was read before.
    Already,
    /// It is being read.
    Now,
}

/// A piece of [`Files::raw`]: from one index to another.
type Piece = (usize, usize);

/// A part of the text, its file's name being a piece of [`Files::raw`].
#[derive(Clone, Copy)]
struct From {
    at: usize,
    line: u32,
    name: Piece,
}

/// Who asks for a file: the piece of `raw` that names the file of the line, and the line.
type Asked = Option<(Piece, u32)>;

/// Files that are becoming a text.
#[derive(Default)]
struct Files {
    /// The files as they are, and names of files.
    raw: List<u8>,
    /// The text.
    text: List<u8>,
    parts: List<From>,
    seen: List<Seen>,
    /// Names of files to be read: pieces of `raw`.
    found: List<Piece>,
    depth: u8,
}

impl Files {
    #[inline(never)]
    fn raw(&self, (from, to): Piece) -> &[u8] {
        self.raw.as_slice().get(from..to).unwrap_or_default()
    }

    /// Adds bytes to `raw`; where they are.
    #[inline(never)]
    fn keep(&mut self, bytes: &[u8]) -> Result<Piece, Errno> {
        let from = self.raw.len();
        self.raw.extend(bytes)?;
        Ok((from, self.raw.len()))
    }

    /// Says an error with the line that asks.
    #[cold]
    #[inline(never)]
    fn wrong(&self, asked: Asked, error: Error<'_>) -> Exit {
        let place = asked.map(|(name, line)| Place { file: self.raw(name), line });
        say(&Error { place, exit: Exit::Usage, ..error })
    }

    #[cold]
    #[inline(never)]
    fn unread(&self, asked: Asked, name: Piece, errno: Errno) -> Exit {
        self.wrong(asked, Error::system(What::Deed("read", self.raw(name)), errno))
    }

    #[cold]
    #[inline(never)]
    fn refuse(&self, asked: Asked, name: Piece, says: &'static str) -> Outcome {
        Err(self.wrong(asked, Error::usage(What::Deed("read", self.raw(name)), says)))
    }

    /// Adds a file to the text, and those it asks for.
    #[inline(never)]
    fn file(&mut self, name: Piece, asked: Asked) -> Outcome {
        let number = self.seen.len();
        let from = self.raw.len();
        match self.read(name) {
            Err(errno) => Err(self.unread(asked, name, errno)),
            Ok(Read::Already) => Ok(()),
            Ok(Read::Now) => self.refuse(asked, name, "a cycle: this line is in what that file reads"),
            Ok(Read::Done) if self.depth >= limits::SOURCES => {
                self.refuse(asked, name, "files read one another more than 32 deep")
            }
            Ok(Read::Done) => {
                self.depth += 1;
                let done = self.body(name, from..self.raw.len());
                self.depth -= 1;
                if let Some(seen) = self.seen.as_mut_slice().get_mut(number) {
                    seen.open = false;
                }
                done
            }
        }
    }

    /// Reads a file to the end of `raw`, unless it was.
    #[inline(never)]
    fn read(&mut self, name: Piece) -> Result<Read, Errno> {
        let mut path = Path::new();
        path.add(self.raw(name));
        let fd = file::open(path.c_str())?;
        let (id, size) = file::status(&fd)?;
        for seen in self.seen.as_slice() {
            if seen.id == id {
                return Ok(if seen.open { Read::Now } else { Read::Already });
            }
        }
        self.seen.push(Seen { id, open: true })?;
        let from = self.raw.len();
        append(&mut self.raw, &fd, size)?;
        if self.depth == 0 {
            core::mem::forget(fd); // exec, or the end of the process, closes it: a close would be a system call more
        }
        lines::join(self.raw.as_mut_slice().get_mut(from..).unwrap_or_default());
        Ok(Read::Done)
    }

    /// Adds what is in a file.
    #[inline(never)]
    fn body(&mut self, name: Piece, mut body: Range<usize>) -> Outcome {
        let mut line = 1;
        loop {
            let text = self.raw((body.start, body.end));
            let mut asks = Lines::new(text)
                .map(|line| Property::known(line, None))
                .filter(|property| code(SOURCES, property.key) != 0);
            let ask = asks.next();
            let at = |part: &[u8]| part.as_ptr().addr() - text.as_ptr().addr();
            let (before, key, value) = match &ask {
                Some(ask) => (at(ask.key), code(SOURCES, ask.key), at(ask.value)..at(ask.value) + ask.value.len()),
                None => (text.len(), 0, 0..0),
            };
            self.part(name, line, body.start..body.start + before)
                .map_err(|errno| refused("read", self.raw(name), errno))?;
            if key == 0 {
                return Ok(());
            }
            let text = self.raw((body.start, body.end));
            line += lines::newlines(text.get(..before).unwrap_or_default());
            let behind = body.start + value.end.max(before);
            let value = (body.start + value.start, body.start + value.end);
            self.ask(key, value, Some((name, line)))?;
            line += lines::newlines(self.raw((body.start + before, behind)));
            body.start = behind;
        }
    }

    /// Adds a piece of a file.
    #[inline(never)]
    fn part(&mut self, name: Piece, line: u32, piece: Range<usize>) -> Result<(), Errno> {
        self.parts.push(From { at: self.text.len(), line, name })?;
        self.text.extend(self.raw.as_slice().get(piece).unwrap_or_default())?;
        self.text.extend(b"\n")
    }

    /// Does what a line asks for.
    #[inline(never)]
    fn ask(&mut self, key: u8, value: Piece, asked: Asked) -> Outcome {
        let base = self.found.len();
        let mut at = value.0;
        loop {
            let mut words = Words::new(self.raw((at, value.1)));
            let Some(word) = words.next() else { break };
            let from = at + usize::try_from(words.at()).unwrap_or(0);
            at = from + word.len();
            let piece = (from, at);
            if has(word, b"$`~'\"\\") {
                return self.refuse(asked, piece, "only the wildcards *, ? and [...] are expanded here");
            }
            let found = if key != SOURCE {
                self.directory(piece, asked)
            } else if has(word, WILDCARDS) {
                self.expand(&mut Path::new(), piece)
            } else {
                self.found.push(piece)
            };
            found.map_err(|errno| self.unread(asked, piece, errno))?;
        }
        if at == value.0 {
            let key: &[u8] = if key == SOURCE { b"source" } else { b"source-directory" };
            return Err(self.wrong(asked, Error::usage(What::Word(key, b""), "a value is missing")));
        }
        let mut number = base;
        while let Some(&found) = self.found.as_slice().get(number) {
            self.file(found, asked)?;
            number += 1;
        }
        self.found.truncate(base);
        Ok(())
    }

    /// Finds the regular files of a directory.
    #[inline(never)]
    fn directory(&mut self, name: Piece, asked: Asked) -> Result<(), Errno> {
        let mut path = Path::new();
        path.add(self.raw(name));
        match file::open_dir(path.c_str()) {
            Ok(dir) => self.entries(&dir, path.add(b"/"), (0, 0), None),
            Err(errno @ (Errno::ENOENT | Errno::ENOTDIR)) => {
                self.unread(asked, name, errno);
                Ok(())
            }
            Err(errno) => Err(errno),
        }
    }

    /// Finds the files of a pattern below a path.
    #[inline(never)]
    fn expand(&mut self, path: &mut Path, (from, to): Piece) -> Result<(), Errno> {
        let first = before(self.raw((from, to)), b'/');
        let end = from + first.len();
        let rest = if end < to { Some((end + 1, to)) } else { None };
        if !has(first, WILDCARDS) {
            path.add(first);
            return self.below(path, rest);
        }
        match file::open_dir(if path.is_empty() { c"." } else { path.c_str() }) {
            Ok(dir) => self.entries(&dir, path, (from, end), rest),
            Err(_) => Ok(()), // what cannot be read does not match, as in a shell
        }
    }

    /// Finds the rest of a pattern below a path; where there is none, the path is what was looked for.
    #[inline(never)]
    fn below(&mut self, path: &mut Path, rest: Option<Piece>) -> Result<(), Errno> {
        match rest {
            Some(rest) => self.expand(path.add(b"/"), rest),
            None if file::is_regular(path.c_str()) => {
                let name = self.keep(path.as_bytes())?;
                self.found.push(name)
            }
            None => Ok(()),
        }
    }

    /// Finds, below the path of a directory, the files whose names match; all where there is no pattern.
    #[inline(never)]
    fn entries(&mut self, dir: &OwnedFd, path: &mut Path, pattern: Piece, rest: Option<Piece>) -> Result<(), Errno> {
        let base = self.found.len();
        let len = path.len();
        let mut done = Ok(());
        file::entries(dir, &mut |name, _| {
            let pattern = self.raw(pattern);
            let hidden = name.first() == Some(&b'.') && pattern.first() != Some(&b'.');
            if pattern.is_empty() || !hidden && matches(pattern, name) {
                path.truncate(len);
                path.add(name);
                done = self.below(path, rest);
            }
            done.is_ok()
        })?;
        path.truncate(len);
        let Self { raw, found, .. } = self;
        let name = |&(from, to): &Piece| raw.as_slice().get(from..to).unwrap_or_default();
        sort(found.as_mut_slice().get_mut(base..).unwrap_or_default(), &|a, b| name(a) < name(b));
        done
    }

    /// Checks the text.
    fn end(mut self, file: &'static [u8]) -> Outcome<Loaded> {
        let text: &'static [u8] = core::mem::take(&mut self.text).leak();
        let raw: &'static [u8] = core::mem::take(&mut self.raw).leak();
        let parts = cut(self.parts.as_slice(), text, raw).map_err(|errno| refused("index", file, errno))?;
        index(file, text, parts)
    }
}

/// Indexes and checks a text.
#[inline(never)]
fn index(file: &'static [u8], text: &'static [u8], parts: &'static [Part]) -> Outcome<Loaded> {
    let no_memory = || refused("index", file, Errno::ENOMEM);
    // Positions have 32 bits.
    u32::try_from(text.len()).map_err(|_| no_memory())?;
    let n = count(text);
    let (Ok(stanzas), Ok(both)) = (filled(n, Stanza::EMPTY), filled(2 * slots(n), 0)) else {
        return Err(no_memory());
    };
    let (names, tables) = both.split_at_mut_checked(slots(n)).unwrap_or_default();
    let mut fault = Fault { at: 0, key: b"", word: b"", reason: "" };
    let mut entries = List::new();
    let conf = Conf::index(text, stanzas, names, &mut |entry| entries.push(entry).is_ok(), &mut fault);
    match conf.map(|conf| conf.with_entries(entries.leak())) {
        Some(conf) if conf.check(tables, &mut fault) => Ok(Loaded { file, conf, tables, parts }),
        _ => Err(say_fault(place(parts, text, fault.at), &fault)),
    }
}

/// Cuts long parts, and gives each its file's name.
#[inline(never)]
fn cut(parts: &[From], text: &[u8], raw: &'static [u8]) -> Result<&'static [Part], Errno> {
    let mut all = List::new();
    for (n, part) in parts.iter().enumerate() {
        let end = parts.get(n + 1).map_or(text.len(), |next| next.at);
        let file = raw.get(part.name.0..part.name.1).unwrap_or_default();
        let From { mut at, mut line, .. } = *part;
        loop {
            all.push(Part { at: lines::offset(at), line, file })?;
            let Some(long) = text.get(at..at + PART).filter(|_| at + PART < end) else { break };
            line += lines::newlines(long);
            at += PART;
        }
    }
    Ok(all.leak())
}

/// Reads a file whole into a list of its own.
#[inline(never)]
pub fn read(path: &CStr) -> Result<&'static mut [u8], Errno> {
    let fd = file::open(path)?;
    let mut text = List::new();
    append(&mut text, &fd, file::size(&fd)?)?;
    Ok(text.leak())
}

/// Reads a file whole behind what is there. The file itself is never mapped: when somebody cuts it short, that would end
/// the process, as PID 1 the machine.
#[inline(never)]
fn append(raw: &mut List<u8>, fd: &OwnedFd, size: u64) -> Result<(), Errno> {
    // One more than there is: a regular file that gives less has come to its end. Others have no size.
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut more = if size > 0 { size.saturating_add(1) } else { CHUNK };
    let mut left = size;
    loop {
        let got = raw.read_from(fd, more)?;
        if raw.len() > limits::FILE {
            return Err(Errno::EFBIG);
        }
        left = left.saturating_sub(got);
        if got == 0 || (size > 0 && left == 0 && got < more) {
            return Ok(());
        }
        more = CHUNK.max(left.saturating_add(1));
    }
}

/// What makes a path a pattern.
const WILDCARDS: &[u8] = b"*?[";

/// Whether a word has one of those bytes.
#[inline(never)]
fn has(word: &[u8], bytes: &[u8]) -> bool {
    word.iter().any(|byte| bytes.contains(byte))
}

/// Whether a name matches a pattern of `*`, `?`, `[abc]`, `[a-z]`, `[!a]`. Source: glob(7); classes such as `[:alpha:]` are
/// not known.
#[inline(never)]
fn matches(mut pattern: &[u8], mut name: &[u8]) -> bool {
    // Where the last star was, and what it has to leave for the rest.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        let rest = match (pattern, name) {
            ([b'*', rest @ ..], _) => {
                star = Some((rest, name));
                pattern = rest;
                continue;
            }
            ([], []) => return true,
            ([b'?', rest @ ..], [_, ..]) => Some(rest),
            ([b'[', set @ ..], [byte, ..]) => one_of(set, *byte),
            ([literal, rest @ ..], [byte, ..]) if literal == byte => Some(rest),
            _ => None,
        };
        match (rest, star) {
            (Some(rest), _) => {
                pattern = rest;
                name = name.get(1..).unwrap_or_default();
            }
            (None, Some((behind, [_, shorter @ ..]))) => {
                star = Some((behind, shorter));
                (pattern, name) = (behind, shorter);
            }
            _ => return false,
        }
    }
}

/// What of the pattern stands behind a set that has the byte; `set` is behind its bracket.
#[inline(never)]
fn one_of(set: &[u8], byte: u8) -> Option<&[u8]> {
    let (wanted, mut set) = match set {
        [b'!' | b'^', set @ ..] => (false, set),
        _ => (true, set),
    };
    let mut has = false;
    let mut first = true;
    loop {
        let (low, high, rest) = match set {
            [b']', rest @ ..] if !first => return if has == wanted { Some(rest) } else { None },
            [low, b'-', high, rest @ ..] if *high != b']' => (*low, *high, rest),
            [low, rest @ ..] => (*low, *low, rest),
            [] => return None,
        };
        has |= (low..=high).contains(&byte);
        first = false;
        set = rest;
    }
}

/// Whether one piece comes before another.
type Less<'l> = &'l dyn Fn(&Piece, &Piece) -> bool;

/// Exchanges two pieces. The library's exchange would panic where one of them is not there.
#[inline(never)]
fn swap(list: &mut [Piece], one: usize, other: usize) {
    if let Ok([one, other]) = list.get_disjoint_mut([one, other]) {
        core::mem::swap(one, other);
    }
}

/// Sorts by a heap: the library's sorting is large.
#[inline(never)]
fn sort(list: &mut [Piece], less: Less<'_>) {
    let len = list.len();
    for step in (1..len + len / 2).rev() {
        // First the heap is built from its last inner node, then its top goes to the end, one after the other.
        let (mut at, end) = if step >= len {
            (step - len, len)
        } else {
            swap(list, 0, step);
            (0, step)
        };
        loop {
            let mut child = 2 * at + 1;
            match (list.get(child), list.get(child + 1)) {
                (Some(left), Some(right)) if child + 1 < end && less(left, right) => child += 1,
                _ => {}
            }
            match (list.get(at), list.get(child)) {
                (Some(above), Some(below)) if child < end && less(above, below) => swap(list, at, child),
                _ => break,
            }
            at = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, name) in [
            ("*", "a"),
            ("*", ""),
            ("a*b*c", "aXbYbZc"),
            ("?", "x"),
            ("[abc]x", "bx"),
            ("[a-c]", "b"),
            ("[!a-c]", "d"),
            ("[]]", "]"),
            ("*.cfg", "a.cfg"),
            ("**", "x"),
            ("a[-]b", "a-b"),
            ("*[0-9]", "eth10"),
        ] {
            assert!(matches(pattern.as_bytes(), name.as_bytes()));
        }
        for (pattern, name) in [
            ("?", ""),
            ("a", "b"),
            ("a*", "b"),
            ("[abc", "a"),
            ("[!a]", "a"),
            ("*.cfg", "a.cfg~"),
            ("", "a"),
            ("a", ""),
        ] {
            assert!(!matches(pattern.as_bytes(), name.as_bytes()));
        }
    }

    #[test]
    fn sorting_sorts() {
        for len in 0..40 {
            let mut list = [(0, 0); 40];
            let list = list.get_mut(..len).unwrap_or_default();
            for (n, place) in list.iter_mut().enumerate() {
                *place = (n * 17 % 23, n);
            }
            sort(list, &|a, b| a.0 < b.0);
            assert!(list.is_sorted_by_key(|pair| pair.0));
        }
    }
}
