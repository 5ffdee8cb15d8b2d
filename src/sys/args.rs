//! The command line and the environment, as the kernel laid them on the stack.

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
    fn a_variable_is_found_by_its_whole_name() {
        let strings = [c"PATHS=a".as_ptr(), c"PATH".as_ptr(), c"PATH=b=c".as_ptr(), core::ptr::null()];
        // SAFETY: it ends with NULL, and its strings live as long as the process; the array as long as this function.
        let strings = unsafe { Strings::new(strings.as_ptr()) };
        assert_eq!(strings.value(b"PATH"), Some(&b"b=c"[..]));
        assert_eq!(strings.value(b"PAT"), None);
        assert!(strings.skip(5).value(b"PATH").is_none());
    }
}
