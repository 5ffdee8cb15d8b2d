//! A path on its way to a system call.

use crate::limits;
use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::slice;

/// A path that is being put together, in room that is passed on by reference.
///
/// It is as long as the kernel takes, and one byte longer: what does not fit is left out, and the kernel answers a path
/// that fills the room with `ENAMETOOLONG`. So nobody has to look.
pub struct Path {
    /// The first `len` were written; the rest need not be: that would cost each path a page of zeroes.
    bytes: [MaybeUninit<u8>; limits::PATH + 1],
    len: usize,
}

impl Path {
    /// An empty path.
    #[inline(always)]
    pub const fn new() -> Self {
        Self { bytes: [const { MaybeUninit::uninit() }; limits::PATH + 1], len: 0 }
    }

    /// Adds bytes at the end.
    #[inline(never)]
    pub fn add(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            if self.len < limits::PATH {
                if let Some(place) = self.bytes.get_mut(self.len) {
                    place.write(*byte);
                    self.len += 1;
                }
            }
        }
        self
    }

    /// Goes back to a length it had.
    pub const fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
        }
    }

    /// Its length.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What has been put together.
    #[inline(never)]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: as many were written, one after the other, and there is room for them.
        unsafe { slice::from_raw_parts(self.bytes.as_ptr().cast(), self.len) }
    }

    /// As the kernel takes it; it ends at a NUL inside, if there is one.
    #[inline(never)]
    pub fn c_str(&mut self) -> &CStr {
        if let Some(place) = self.bytes.get_mut(self.len) {
            place.write(0);
        }
        // SAFETY: `len` is at most PATH, so there is a NUL in the room, behind what was written, and what is given out borrows the room.
        unsafe { CStr::from_ptr(self.bytes.as_ptr().cast()) }
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_together() {
        let mut path = Path::new();
        path.add(b"/proc/").add(b"self");
        assert_eq!(path.c_str(), c"/proc/self");
        path.truncate(5);
        assert_eq!(path.c_str(), c"/proc");
        assert_eq!(path.add(b"/1").as_bytes(), b"/proc/1");
    }

    #[test]
    fn one_that_is_too_long_is_longer_than_the_kernel_takes() {
        let mut path = Path::new();
        for _ in 0..5000 {
            path.add(b"x");
        }
        assert_eq!(path.c_str().to_bytes_with_nul().len(), limits::PATH + 1);
    }
}
