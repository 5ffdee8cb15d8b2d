//! What is told, as text for people or as JSON: the same calls for both.
//!
//! A value comes with `KEY|TEXT`: its name in JSON, and what stands before it in the text. Without `|` it is in JSON alone;
//! without KEY it is an element of a list there. Lines are the text's, objects and lists are JSON's.
//!
//! In the text, names that somebody else chose are printable ASCII, the rest as `\xNN`. In JSON a byte that is not is
//! `\u00NN`, so that every name comes back whole (as Latin-1), whatever is in it.
//!
//! On a terminal, lines are broken at blanks where it ends, and have colours; elsewhere each stays one line.

use crate::bytes::before;
use crate::error::Errno;
use crate::limits;
use crate::log::{Outcome, print, refused};
use crate::sys::args::Strings;
use crate::sys::file;
use crate::sys::mem::List;
use crate::text::Buf;
use crate::wire::attr;

/// How a line looks on a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As it is.
    Plain,
    /// What the lines below are about.
    Head,
    /// Something is wrong.
    Fault,
}

/// What is printed at once.
const ENOUGH: usize = 32 * 1024;

/// The output.
pub struct Out {
    /// Whether it is JSON.
    pub json: bool,
    /// Columns; 0 where lines are not broken.
    width: usize,
    colour: bool,
    /// What is to be printed.
    text: List<u8>,
    /// The line at hand, its indentation, and how it looks.
    line: List<u8>,
    indent: usize,
    look: Look,
    /// Whether a comma goes before the next value.
    comma: bool,
    /// What is open, the last one lowest: whether it is a list.
    lists: u32,
    /// What is wrong, each `ABOUT\0TEXT\n`, until it is told.
    faults: List<u8>,
    /// How it went so far.
    done: Outcome,
}

impl Out {
    /// For standard output.
    #[inline(never)]
    pub fn new(json: bool, environment: Strings) -> Self {
        let columns = if json { None } else { file::columns(file::stdout()) };
        let is_set = |name| environment.value(name).is_some_and(|value| !value.is_empty());
        let knows = environment.value(b"TERM").is_some_and(|term| !term.is_empty() && term != b"dumb");
        Self {
            json,
            width: match columns {
                Some(0) => 80,
                columns => columns.unwrap_or(0),
            },
            colour: columns.is_some() && knows && !is_set(b"NO_COLOR"),
            text: List::new(),
            line: List::new(),
            indent: 0,
            look: Look::Plain,
            comma: false,
            lists: 0,
            faults: List::new(),
            done: Ok(()),
        }
    }

    #[inline(never)]
    fn grown(&mut self, grown: Result<(), Errno>) {
        if let (Err(errno), Ok(())) = (grown, self.done) {
            self.done = Err(refused("tell of", b"it", errno));
        }
    }

    /// Adds bytes to the JSON, or to the line at hand.
    #[inline(never)]
    fn add(&mut self, bytes: &[u8]) {
        let grown = if self.json { self.text.extend(bytes) } else { self.line.extend(bytes) };
        self.grown(grown);
    }

    #[inline(never)]
    fn flush(&mut self, least: usize) {
        if self.text.len() > least {
            if self.done.is_ok() {
                self.done = print(self.text.as_slice());
            }
            self.text.clear();
        }
    }

    /// Prints what is left; tells how all of it went.
    #[inline(never)]
    pub fn finish(&mut self) -> Outcome {
        if self.json {
            self.add(b"\n");
        }
        self.flush(0);
        self.done
    }

    // ---- JSON

    #[inline(never)]
    fn quoted(&mut self, bytes: &[u8]) {
        self.add(b"\"");
        for &byte in bytes {
            match byte {
                b'"' | b'\\' => self.add(&[b'\\', byte]),
                b' '..=b'~' => self.add(&[byte]),
                _ => {
                    let mut room = [0; 6];
                    let mut out = Buf::new(&mut room);
                    out.str(if byte < 16 { "\\u000" } else { "\\u00" }).hex(byte.into());
                    self.add(out.as_bytes());
                }
            }
        }
        self.add(b"\"");
    }

    /// Begins a value: tells whether there is to be one.
    #[inline(never)]
    fn begin(&mut self, spec: &str) -> bool {
        let key = before(spec.as_bytes(), b'|');
        let text = spec.as_bytes().get(key.len() + 1..);
        if !self.json {
            self.add(text.unwrap_or_default());
            return text.is_some();
        }
        if self.comma {
            self.add(b",");
        }
        self.comma = true;
        if !key.is_empty() {
            self.quoted(key);
            self.add(b":");
        }
        true
    }

    #[inline(never)]
    fn open(&mut self, key: &str, is_list: bool) {
        if self.json {
            self.begin(key);
            self.add(if is_list { b"[" } else { b"{" });
            self.comma = false;
            self.lists = self.lists << 1 | u32::from(is_list);
        }
    }

    /// Begins an object that has a name.
    pub fn object(&mut self, key: &str) {
        self.open(key, false);
    }

    /// Begins an object that is an element of a list.
    #[inline(never)]
    pub fn item(&mut self) {
        self.open("", false);
    }

    /// Begins a list.
    #[inline(never)]
    pub fn list(&mut self, key: &str) {
        self.open(key, true);
    }

    /// Ends the object or list that was begun last.
    #[inline(never)]
    pub fn close(&mut self) {
        if self.json {
            self.add(if self.lists & 1 == 1 { b"]" } else { b"}" });
            self.lists >>= 1;
            self.comma = true;
            self.flush(ENOUGH);
        }
    }

    // ---- text

    /// Begins a line of the text.
    #[inline(never)]
    pub fn line(&mut self, indent: usize, look: Look) {
        self.end();
        (self.indent, self.look) = (indent, look);
        self.pad(indent);
    }

    /// Begins a line that is further in.
    #[inline(never)]
    pub fn row(&mut self) {
        self.line(2, Look::Plain);
    }

    /// A line of its own.
    #[inline(never)]
    pub fn say_line(&mut self, indent: usize, look: Look, text: &str) {
        self.line(indent, look);
        self.say(text);
        self.end();
    }

    /// Adds to the line.
    #[inline(never)]
    pub fn say(&mut self, text: &str) {
        if !self.json {
            self.add(text.as_bytes());
        }
    }

    /// Adds a name to the line.
    #[inline(never)]
    pub fn say_name(&mut self, name: &[u8]) {
        if !self.json {
            self.bytes(name);
        }
    }

    /// Goes on at that column of the line, behind a blank at least.
    #[inline(never)]
    pub fn pad(&mut self, column: usize) {
        if self.json {
            return;
        }
        if !self.line.is_empty() {
            self.add(b" ");
        }
        while self.line.len() < column {
            self.add(b" ");
        }
    }

    /// Ends the line at hand, if there is one.
    #[inline(never)]
    pub fn end(&mut self) {
        let mut rest = self.line.as_slice();
        if rest.is_empty() {
            return;
        }
        let mut grown = Ok(());
        let text = &mut self.text;
        let mut put = |bytes: &[u8]| grown = grown.and_then(|()| text.extend(bytes));
        put(match self.look {
            _ if !self.colour => b"",
            Look::Plain => b"",
            Look::Head => b"\x1b[1m",
            Look::Fault => b"\x1b[31m",
        });
        // Lines behind the first stand further in.
        let (mut indent, mut first) = (0, self.indent);
        loop {
            for _ in 0..indent {
                put(b" ");
            }
            let room = self.width.saturating_sub(indent);
            let mut cut = rest.len();
            if self.width > 0 && rest.len() > room {
                // At the last blank that fits, if there is one; else at the first behind.
                let is_blank = |at: &usize| rest.get(*at) == Some(&b' ') && *at > first;
                cut = (0..=room).rev().find(is_blank).or_else(|| (room..rest.len()).find(is_blank)).unwrap_or(cut);
            }
            put(rest.get(..cut).unwrap_or_default());
            rest = rest.get(cut + 1..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            put(b"\n");
            (indent, first) = (self.indent + 4, 0);
        }
        put(if self.colour && self.look != Look::Plain { b"\x1b[0m\n" } else { b"\n" });
        self.grown(grown);
        self.line.clear();
        self.flush(ENOUGH);
    }

    // ---- values

    /// A text of any bytes.
    #[inline(never)]
    pub fn text(&mut self, spec: &str, text: &[u8]) {
        if self.begin(spec) {
            self.bytes(text);
        }
    }

    #[inline(never)]
    fn bytes(&mut self, text: &[u8]) {
        if self.json {
            return self.quoted(text);
        }
        for &byte in text {
            let mut room = [0; 4];
            let mut out = Buf::new(&mut room);
            self.add(out.shown(&[byte]).as_bytes());
        }
    }

    /// A word of ours.
    pub fn word(&mut self, spec: &str, word: &str) {
        self.text(spec, word.as_bytes());
    }

    /// A text that is composed.
    #[inline(never)]
    pub fn composed(&mut self, spec: &str, compose: &dyn Fn(&mut Buf<'_>)) {
        let mut room = [0; limits::LINE];
        let mut out = Buf::new(&mut room);
        compose(&mut out);
        self.text(spec, out.as_bytes());
    }

    /// A number.
    #[inline(never)]
    pub fn num(&mut self, spec: &str, number: u32) {
        if self.begin(spec) {
            let mut room = [0; 10];
            let mut out = Buf::new(&mut room);
            self.add(out.num(number).as_bytes());
        }
    }

    /// Yes or no, for JSON.
    #[inline(never)]
    pub fn flag(&mut self, key: &str, holds: bool) {
        if self.json {
            self.begin(key);
            self.add(if holds { b"true" } else { b"false" });
        }
    }

    /// The address of those bytes, if there are some; with the length of its network where that is not everything (255).
    #[inline(never)]
    pub fn ip(&mut self, spec: &str, bytes: &[u8], len: u8) {
        let Some(ip) = attr::ip(bytes) else { return };
        let mut room = [0; 64];
        let mut out = Buf::new(&mut room);
        out.ip(ip);
        if len != 255 {
            out.str("/").num(len.into());
        }
        self.text(spec, out.as_bytes());
    }

    // ---- what is wrong

    /// Something is wrong: about what, and lines that say it. It is told by [`Self::tell_faults`].
    #[inline(never)]
    pub fn fault(&mut self, about: &[u8], lines: &[u8]) {
        let mut rest = lines;
        while !rest.is_empty() {
            let line = before(rest, b'\n');
            let list = &mut self.faults;
            let mut grown = Ok(());
            for part in [about, b"\0", line, b"\n"] {
                grown = grown.and_then(|()| list.extend(part));
            }
            self.grown(grown);
            rest = rest.get(line.len() + 1..).unwrap_or_default();
        }
    }

    /// Tells what is wrong.
    #[inline(never)]
    pub fn tell_faults(&mut self, indent: usize) {
        let faults = core::mem::take(&mut self.faults);
        let mut rest = faults.as_slice();
        self.list("faults");
        while !rest.is_empty() {
            let line = before(rest, b'\n');
            let about = before(line, 0);
            self.line(indent, Look::Fault);
            self.item();
            self.text("about|! ", about);
            self.text("text|: ", line.get(about.len() + 1..).unwrap_or_default());
            self.close();
            self.end();
            rest = rest.get(line.len() + 1..).unwrap_or_default();
        }
        self.close();
    }
}
