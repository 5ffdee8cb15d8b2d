//! The command line and the environment, as the kernel laid them on the stack.

use super::Result;
use super::mem::List;
use crate::bytes::before;
use crate::error::Errno;
use core::ffi::{CStr, c_char};

/// A NULL-terminated array of C strings that lives as long as the process: `argv` or `envp`.
#[derive(Clone, Copy)]
pub struct Strings {
    start: *const *const c_char,
}

impl Strings {
    /// No strings.
    pub const NONE: Self = Self { start: &core::ptr::null() };

    /// Takes over an array from the C start code.
    ///
    /// # Safety
    /// `start` points to a NULL-terminated array of pointers to C strings; neither it nor they change any more.
    pub const unsafe fn new(start: *const *const c_char) -> Self {
        Self { start }
    }

    /// The array itself, for `execve`.
    pub const fn as_ptr(self) -> *const *const c_char {
        self.start
    }

    /// The array from its `n`th string on; at most from its end.
    #[must_use]
    pub fn skip(self, n: usize) -> Self {
        let mut rest = self;
        for _ in 0..n {
            rest.next();
        }
        rest
    }

    /// The value of an environment variable.
    pub fn value(mut self, name: &[u8]) -> Option<&'static [u8]> {
        loop {
            let (start, value) = self.next()?.to_bytes().split_at_checked(name.len()).unwrap_or_default();
            if let (true, [b'=', value @ ..]) = (start == name, value) {
                return Some(value);
            }
        }
    }
}

impl Iterator for Strings {
    type Item = &'static CStr;

    #[inline(never)]
    fn next(&mut self) -> Option<&'static CStr> {
        // SAFETY: `start` is inside the array or at its NULL: it is only moved past strings that are there.
        let string = unsafe { *self.start };
        if string.is_null() {
            return None;
        }
        // SAFETY: the string before it was not the NULL, so the next pointer is still in the array.
        self.start = unsafe { self.start.add(1) };
        // SAFETY: by the contract of `new`, a C string that lives as long as the process.
        Some(unsafe { CStr::from_ptr(string) })
    }
}

/// Strings that are being put together for `execve`: copies, in any number, of pointers to what lives as long as the
/// process. Want of memory is told at the end.
pub struct Made {
    pointers: List<*const c_char>,
    outcome: Result<()>,
}

impl Made {
    /// Begins with those.
    #[inline(never)]
    pub fn of(strings: Strings) -> Self {
        let mut made = Self { pointers: List::new(), outcome: Ok(()) };
        for string in strings {
            made.push(string);
        }
        made
    }

    /// Adds one.
    pub fn push(&mut self, string: &'static CStr) {
        let pushed = self.pointers.push(string.as_ptr());
        self.outcome = self.outcome.and(pushed);
    }

    /// Adds `NAME=VALUE`, in the place of others of that name.
    #[inline(never)]
    pub fn set(&mut self, setting: &'static CStr) {
        let name = before(setting.to_bytes(), b'=');
        let mut is_set = false;
        for pointer in self.pointers.as_mut_slice() {
            // SAFETY: all that were pushed are C strings that live as long as the process.
            if before(unsafe { CStr::from_ptr(*pointer) }.to_bytes(), b'=') == name {
                *pointer = setting.as_ptr();
                is_set = true;
            }
        }
        if !is_set {
            self.push(setting);
        }
    }

    /// As [`Self::set`], put together of two parts, of which the first ends with `=`.
    #[inline(never)]
    pub fn set_made(&mut self, name: &[u8], value: &[u8]) {
        match c_string(&mut name.iter().chain(value).copied()) {
            Ok(setting) => self.set(setting),
            Err(errno) => self.outcome = Err(errno),
        }
    }

    /// Adds every string of a text in which each ends with a NUL.
    #[inline(never)]
    pub fn push_all(&mut self, mut text: &'static [u8]) {
        while let Ok(string) = CStr::from_bytes_until_nul(text) {
            self.push(string);
            text = text.get(string.to_bytes_with_nul().len()..).unwrap_or_default();
        }
    }

    /// The array.
    pub fn finish(mut self) -> Result<Strings> {
        self.outcome?;
        self.pointers.push(core::ptr::null())?;
        let start = self.pointers.leak().first().ok_or(Errno::ENOMEM)?;
        Ok(Strings { start })
    }
}

/// A string of these bytes, up to a NUL among them, that lives as long as the process.
#[inline(never)]
pub fn c_string(bytes: &mut dyn Iterator<Item = u8>) -> Result<&'static CStr> {
    let mut text = List::new();
    for byte in bytes {
        text.push(byte)?;
    }
    text.push(0)?;
    CStr::from_bytes_until_nul(text.leak()).map_err(|_| Errno::EINVAL)
}

/// What is left of a string behind its first `n` bytes; nothing of one that is shorter.
pub fn behind(string: &CStr, n: usize) -> &CStr {
    match string.to_bytes_with_nul().get(n..) {
        // SAFETY: it begins in the string and not behind its NUL, and lives as long.
        Some(rest) if !rest.is_empty() => unsafe { CStr::from_ptr(rest.as_ptr().cast()) },
        _ => c"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_string_is_one() {
        assert_eq!(behind(c"--wait=3", 7), c"3");
        assert_eq!(behind(c"--wait=3", 0), c"--wait=3");
        assert_eq!([behind(c"-c", 2), behind(c"-c", 3), behind(c"-c", usize::MAX)], [c""; 3]);
    }

    #[test]
    fn a_made_environment_has_each_name_once() {
        let strings = [c"A=1".as_ptr(), c"B=2".as_ptr(), core::ptr::null()];
        // SAFETY: it ends with NULL, and its strings live as long as the process; the array as long as this function.
        let mut made = Made::of(unsafe { Strings::new(strings.as_ptr()) });
        made.set(c"B=3");
        made.set(c"C=");
        made.set_made(b"A=", b"x=y");
        made.push_all(b"D=4\0E=5\0rest");
        let made = made.finish().map(|strings| strings.collect::<heapless::Vec<_, 9>>());
        assert_eq!(made.unwrap_or_default(), [c"A=x=y", c"B=3", c"C=", c"D=4", c"E=5"]);
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let strings = [c"PATHS=a".as_ptr(), c"PATH".as_ptr(), c"PATH=b=c".as_ptr(), core::ptr::null()];
        // SAFETY: it ends with NULL, and its strings live as long as the process; the array as long as this function.
        let strings = unsafe { Strings::new(strings.as_ptr()) };
        assert_eq!(strings.value(b"PATH"), Some(&b"b=c"[..]));
        assert_eq!(strings.value(b"PAT"), None);
        assert!(strings.skip(5).value(b"PATH").is_none());
    }
}
