//! Memory without an allocator: private anonymous mappings, made to measure or growing by `mremap`; what is small stands
//! in a reserve of the program's own, which costs no system call.

use super::{OwnedFd, Result, file};
use crate::error::Errno;
use crate::limits;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::size_of;
use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap};

/// A growing array in a mapping of its own.
///
/// It is never unmapped: what is in it lives as long as the process. Pages that were never written cost nothing.
/// `T` is `Copy`, so nothing needs to be dropped.
pub struct List<T: Copy> {
    /// Aligned for `T`.
    bytes: Mapping,
    /// Elements.
    len: usize,
    of: PhantomData<T>,
}

/// The mapping, or the part of the reserve, whatever is in it.
struct Mapping {
    start: NonNull<u8>,
    /// Bytes.
    len: usize,
    /// Whether it is a mapping.
    mapped: bool,
}

/// Bytes of the reserve: all that a configuration of a few interfaces needs. Pages of it that are not used cost nothing.
const RESERVE: usize = 32 * 1024;
/// What each part of the reserve begins and ends at: no type here needs more.
const ALIGN: usize = 16;

/// Bytes of the room for answers.
const ANSWERS: usize = 2 * limits::RECEIVE;

/// Memory that is there from the start; a page of it that is never written to is none. Answers are small, and come to the starts
/// of its pages.
#[repr(C, align(4096))]
struct Memory {
    /// Does not stand on the stack, where each of its pages would be written to before it is used.
    answers: UnsafeCell<[u8; ANSWERS]>,
    reserve: UnsafeCell<[u8; RESERVE]>,
}

// SAFETY: each part of the reserve is given out once, and whoever asks at the same time gets another; whoever finds that the room for
// answers is not lent has it alone until it is given back.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory { answers: UnsafeCell::new([0; ANSWERS]), reserve: UnsafeCell::new([0; RESERVE]) };

/// Bytes of the reserve that have been given out.
static USED: AtomicUsize = AtomicUsize::new(0);

/// Whether the room for answers is lent.
static LENT: AtomicBool = AtomicBool::new(false);

/// The next `bytes` of the reserve, if there are as many; nobody gets them again.
fn from_reserve(bytes: usize) -> Option<NonNull<u8>> {
    let bytes = bytes.checked_next_multiple_of(ALIGN).filter(|bytes| *bytes <= RESERVE)?;
    let start = USED.fetch_add(bytes, Ordering::Relaxed);
    if start > RESERVE - bytes {
        USED.fetch_sub(bytes, Ordering::Relaxed);
        return None;
    }
    // SAFETY: `start` is within the reserve.
    NonNull::new(unsafe { MEMORY.reserve.get().cast::<u8>().add(start) })
}

/// The room for answers, given back when it is dropped.
pub struct Lent(());

impl Lent {
    /// Borrows it; `None` while somebody else has it.
    pub fn new() -> Option<Self> {
        if LENT.swap(true, Ordering::Acquire) { None } else { Some(Self(())) }
    }

    /// Its bytes: zeroes, or what was received before.
    pub const fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: it is lent to this alone, which is borrowed exclusively.
        unsafe { &mut *MEMORY.answers.get() }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        LENT.store(false, Ordering::Release);
    }
}

/// The least that is taken: some short commands, or a few stanzas.
const LEAST_BYTES: usize = 256;

/// A mapping of its own.
fn map(bytes: usize) -> Result<NonNull<u8>> {
    let access = ProtFlags::READ.union(ProtFlags::WRITE);
    // SAFETY: no address is asked for, so nothing that is mapped can be hit.
    let start = unsafe { mmap_anonymous(ptr::null_mut(), bytes, access, MapFlags::PRIVATE) }?;
    NonNull::new(start.cast()).ok_or(Errno::ENOMEM)
}

impl Mapping {
    /// Makes room for `more` elements of `size` bytes behind `len` of them: at least twice the room there is.
    #[inline(never)]
    fn reserve(&mut self, len: usize, more: usize, size: usize) -> Result<()> {
        let need = len.saturating_add(more).saturating_mul(size);
        if need <= self.len {
            return Ok(());
        }
        // A size that cannot be, because a sum stood still at the largest number, is also one that the kernel refuses.
        let bytes = need.max(self.len.saturating_mul(2)).max(LEAST_BYTES);
        if !self.mapped {
            let old = (self.start, self.len);
            match from_reserve(bytes) {
                Some(start) => *self = Self { start, len: bytes, mapped: false },
                None => *self = Self { start: map(bytes)?, len: bytes, mapped: true },
            }
            // SAFETY: as many bytes were the old ones, and there are at least as many new ones, elsewhere.
            unsafe { ptr::copy_nonoverlapping(old.0.as_ptr(), self.start.as_ptr(), old.1) };
            return Ok(());
        }
        // SAFETY: `start` and `len` are those of the mapping, to which no reference is left: what a list gives out
        // borrows the list, which is borrowed exclusively.
        let start = unsafe { mremap(self.start.as_ptr().cast(), self.len, bytes, MremapFlags::MAYMOVE) };
        self.start = NonNull::new(start?.cast()).ok_or(Errno::ENOMEM)?;
        self.len = bytes;
        Ok(())
    }

    /// Copies `more` elements of `size` bytes behind `len` of them.
    ///
    /// # Safety
    /// `from` is the start of as many bytes that may be read, outside of the mapping; so many elements fit into memory.
    #[inline(never)]
    unsafe fn append(&mut self, len: usize, from: *const u8, more: usize, size: usize) -> Result<()> {
        self.reserve(len, more, size)?;
        // SAFETY: `len` elements are within the mapping.
        let end = unsafe { self.start.as_ptr().add(len * size) };
        // SAFETY: behind them there is now room for all of the new ones.
        unsafe { ptr::copy_nonoverlapping(from, end, more * size) };
        Ok(())
    }
}

impl<T: Copy> List<T> {
    /// An empty list; nothing is mapped yet.
    pub const fn new() -> Self {
        let bytes = Mapping { start: NonNull::<T>::dangling().cast(), len: 0, mapped: false };
        Self { bytes, len: 0, of: PhantomData }
    }

    /// Makes room for `more` elements beyond those there are.
    pub fn reserve(&mut self, more: usize) -> Result<()> {
        self.bytes.reserve(self.len, more, size_of::<T>())
    }

    /// Adds one element.
    pub fn push(&mut self, value: T) -> Result<()> {
        self.extend(slice::from_ref(&value))
    }

    /// Adds all of `values`.
    pub fn extend(&mut self, values: &[T]) -> Result<()> {
        // SAFETY: the values are not in this list, which is borrowed exclusively; they are so many.
        unsafe { self.bytes.append(self.len, values.as_ptr().cast(), values.len(), size_of::<T>()) }?;
        self.len += values.len();
        Ok(())
    }

    /// The first element's place.
    const fn start(&self) -> *mut T {
        self.bytes.start.as_ptr().cast()
    }

    /// Empties the list; its mapping stays for what comes next.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets what is behind the first `len` elements.
    pub const fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
        }
    }

    /// Takes the last element off.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.as_slice().last().copied();
        self.len = self.len.saturating_sub(1);
        last
    }

    /// How many elements there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements.
    pub const fn as_slice(&self) -> &[T] {
        // SAFETY: the first `len` elements were written; with `len` 0 the pointer is perhaps dangling but aligned.
        unsafe { slice::from_raw_parts(self.start(), self.len) }
    }

    /// The elements, to be changed in place.
    pub const fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`, and the list is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.start(), self.len) }
    }

    /// Gives the elements away for the rest of the process's life.
    pub fn leak(self) -> &'static mut [T] {
        // SAFETY: as in `as_slice`; the mapping is never unmapped, and the list that could move it is consumed.
        unsafe { slice::from_raw_parts_mut(self.start(), self.len) }
    }
}

impl<T: Copy> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl List<u32> {
    /// Takes a number out, wherever it is; the others keep their order.
    pub fn remove(&mut self, number: u32) {
        let list = self.as_mut_slice();
        let mut kept = 0;
        for at in 0..list.len() {
            let Some(&value) = list.get(at) else { break };
            if let (true, Some(place)) = (value != number, list.get_mut(kept)) {
                *place = value;
                kept += 1;
            }
        }
        self.truncate(kept);
    }
}

impl List<u8> {
    /// Reads once from `fd` behind what is there; 0 is the end of the file.
    #[inline(never)]
    pub fn read_from(&mut self, fd: &OwnedFd, at_most: usize) -> Result<usize> {
        self.reserve(at_most)?;
        // SAFETY: `len` is within the mapping.
        let end = unsafe { self.start().add(self.len) };
        // SAFETY: mapping and reserve hold zeroes from the start, `len + at_most` is
        // within it, and the list is borrowed exclusively.
        let spare = unsafe { slice::from_raw_parts_mut(end, at_most) };
        let got = file::read(fd, spare)?;
        self.len += got;
        Ok(got)
    }
}

/// `n` copies of `value` in a mapping of their own, for the rest of the process's life.
pub fn filled<T: Copy>(n: usize, value: T) -> Result<&'static mut [T]> {
    let mut list = List::<T>::new();
    list.reserve(n)?;
    while list.len < n {
        // SAFETY: there is room for `n`, and `len` is less.
        let end = unsafe { list.start().add(list.len) };
        // SAFETY: as above; aligned for `T`, and writable.
        unsafe { end.write(value) };
        list.len += 1;
    }
    Ok(list.leak())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_grows_and_keeps_what_is_in_it() {
        let mut list = List::new();
        assert!(list.as_slice().is_empty() && list.pop().is_none());
        for value in 0..5000_u32 {
            assert!(list.push([value, value + 1, value + 2]).is_ok());
        }
        assert!(list.extend(&[[7; 3]; 2000]).is_ok());
        assert_eq!((list.pop(), list.as_slice().len()), (Some([7; 3]), 6999));
        assert!((0..5000).zip(list.as_slice()).all(|(value, found)| *found == [value, value + 1, value + 2]));
        list.clear();
        assert!(list.extend(&[[9; 3]]).is_ok());
        assert_eq!(list.leak(), [[9; 3]]);
    }

    #[test]
    fn more_than_there_can_be_is_an_error() {
        assert_eq!(List::<u64>::new().reserve(usize::MAX), Err(Errno::ENOMEM));
        assert_eq!(filled(usize::MAX / 2, 0_u8).map(|list| list.len()), Err(Errno::ENOMEM));
    }

    #[test]
    fn a_filled_one_is_filled() {
        assert_eq!(filled(3, 5_u16).map(|list| [list.len(), list.iter().map(|n| usize::from(*n)).sum()]), Ok([3, 15]));
        assert_eq!(filled(0, 5_u16).map(|list| list.len()), Ok(0));
    }
}
