//! Files: open, read, write, directories, mounts.

use super::{Result, borrowed, length, opened, owned};
use crate::bytes::before;
use crate::error::Errno;
use core::ffi::{CStr, c_int};
use linux_raw_sys::general as linux;
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{AtFlags, CWD};

/// Opens for reading.
pub fn open(path: &CStr) -> Result<OwnedFd> {
    open_at(linux::AT_FDCWD, path, linux::O_RDONLY)
}

/// Opens for writing what is there.
pub fn open_write(path: &CStr) -> Result<OwnedFd> {
    open_at(linux::AT_FDCWD, path, linux::O_WRONLY)
}

/// Opens for reading and writing, making an empty file where there is none.
pub fn open_or_create(path: &CStr) -> Result<OwnedFd> {
    open_at(linux::AT_FDCWD, path, linux::O_RDWR | linux::O_CREAT | linux::O_NOFOLLOW)
}

/// Opens a terminal.
pub fn open_read_write(path: &CStr) -> Result<OwnedFd> {
    open_at(linux::AT_FDCWD, path, linux::O_RDWR | linux::O_NOCTTY)
}

/// Opens for writing at the end, making an empty file where there is none.
pub fn open_append(path: &CStr) -> Result<OwnedFd> {
    open_at(linux::AT_FDCWD, path, linux::O_WRONLY | linux::O_APPEND | linux::O_CREAT)
}

/// Lets every user read and write what is open. `fchmod(2)`.
pub fn open_to_all(fd: &OwnedFd) -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(fchmod, fd.as_raw_fd(), 0o666, 0) }?;
    Ok(())
}

/// Opens a directory.
pub fn open_dir(path: &CStr) -> Result<OwnedFd> {
    open_at(linux::AT_FDCWD, path, linux::O_DIRECTORY)
}

/// Opens a directory only to go there: that takes no right to read it.
pub fn open_place(path: &CStr) -> Result<OwnedFd> {
    open_at(linux::AT_FDCWD, path, linux::O_PATH | linux::O_DIRECTORY)
}

/// Opens a file below a directory for writing.
pub fn open_write_at(dir: &OwnedFd, path: &CStr) -> Result<OwnedFd> {
    open_at(dir.as_raw_fd(), path, linux::O_WRONLY)
}

#[inline(never)]
fn open_at(dir: c_int, path: &CStr, flags: u32) -> Result<OwnedFd> {
    let flags = flags | linux::O_CLOEXEC | linux::O_LARGEFILE;
    // SAFETY: the kernel reads a C string.
    let fd = unsafe { call!(openat, dir, path.as_ptr(), flags, 0o600, 0) }?;
    Ok(opened(fd))
}

/// Reads once; 0 is the end.
#[inline]
pub fn read(fd: &OwnedFd, buf: &mut [u8]) -> Result<usize> {
    // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`.
    Ok(length(unsafe { call!(read, fd.as_raw_fd(), buf.as_mut_ptr(), buf.len()) }?))
}

/// Reads until the end or until the buffer is full, and gives what was read.
pub fn read_all<'b>(fd: &OwnedFd, buf: &'b mut [u8]) -> Result<&'b mut [u8]> {
    let mut len = 0;
    while let Some(rest @ [_, ..]) = buf.get_mut(len..) {
        match read(fd, rest)? {
            0 => break,
            n => len += n,
        }
    }
    buf.get_mut(..len).ok_or(Errno::EPROTO)
}

/// Writes all of it, however many calls that takes.
#[inline(never)]
pub fn write_all(fd: &OwnedFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the kernel reads at most `bytes.len()` bytes of `bytes`.
        let n = length(unsafe { call!(write, fd.as_raw_fd(), bytes.as_ptr(), bytes.len()) }?);
        if n == 0 {
            return Err(Errno::EPROTO);
        }
        bytes = bytes.get(n..).unwrap_or_default();
    }
    Ok(())
}

/// Standard output. Where it is closed, the kernel answers EBADF.
pub fn stdout() -> &'static OwnedFd {
    static STDOUT: OwnedFd = owned(1);
    &STDOUT
}

/// Standard error, likewise.
pub fn stderr() -> &'static OwnedFd {
    static STDERR: OwnedFd = owned(2);
    &STDERR
}

/// How many columns a terminal has, 0 where it does not know; `None` for what is none. ioctl_tty(2): `TIOCGWINSZ`.
pub fn columns(fd: &OwnedFd) -> Option<usize> {
    let mut size = [0_u16; 4]; // rows, columns, and pixels
    // SAFETY: the kernel writes a `struct winsize`, four numbers of 16 bits.
    unsafe { call!(ioctl, fd.as_raw_fd(), linux_raw_sys::ioctl::TIOCGWINSZ, size.as_mut_ptr()) }.ok()?;
    let [_, columns, ..] = size;
    Some(columns.into())
}

/// A pipe: the end to read from, and the one to write to. `pipe2(2)`.
pub fn pipe() -> Result<[OwnedFd; 2]> {
    let mut ends = [0_u32; 2];
    // SAFETY: the kernel writes two descriptors.
    unsafe { call!(pipe2, ends.as_mut_ptr(), linux::O_CLOEXEC, 0) }?;
    Ok(ends.map(owned))
}

/// What a symbolic link says, as far as it fits. `readlinkat(2)`.
pub fn read_link<'b>(path: &CStr, buf: &'b mut [u8]) -> Result<&'b [u8]> {
    // SAFETY: the kernel reads a C string and writes at most `buf.len()` bytes to `buf`.
    let got = unsafe { call!(readlinkat, linux::AT_FDCWD, path.as_ptr(), buf.as_mut_ptr(), buf.len(), 0) }?;
    buf.get(..length(got)).ok_or(Errno::EPROTO)
}

/// The protocol of the socket that a path of `/proc/PID/fd` leads to, such as `TCP`, `UDPv6`, `UNIX`. `getxattr(2)`.
pub fn protocol<'b>(path: &CStr, buf: &'b mut [u8]) -> Result<&'b [u8]> {
    let got = rustix::fs::getxattr(path, c"system.sockprotoname", &mut *buf)?;
    Ok(before(buf.get(..got).unwrap_or_default(), 0))
}

/// Makes a directory, 0755 less the umask.
#[inline(never)]
pub fn mkdir(path: &CStr) -> Result<()> {
    // SAFETY: the kernel reads a C string.
    unsafe { call!(mkdirat, linux::AT_FDCWD, path.as_ptr(), 0o755) }?;
    Ok(())
}

/// Waits for the exclusive lock on an open file; it goes with the last descriptor. `flock(2)`.
pub fn lock(fd: &OwnedFd) -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(flock, fd.as_raw_fd(), linux::LOCK_EX, 0) }?;
    Ok(())
}

/// Takes the exclusive lock on an open file, if nobody has it; else `EAGAIN`. `flock(2)`.
pub fn try_lock(fd: &OwnedFd) -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(flock, fd.as_raw_fd(), linux::LOCK_EX | linux::LOCK_NB, 0) }?;
    Ok(())
}

/// Puts new contents in the place of the old, which are cut last.
pub fn rewrite(fd: &OwnedFd, parts: &[&[u8]]) -> Result<()> {
    rustix::fs::seek(borrowed(fd), rustix::fs::SeekFrom::Start(0))?;
    let mut len = 0_u64;
    for part in parts {
        write_all(fd, part)?;
        len = len.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
    }
    Ok(rustix::fs::ftruncate(borrowed(fd), len)?)
}

/// Removes a file.
pub fn unlink(path: &CStr) -> Result<()> {
    unlink_with(path, 0)
}

/// Removes an empty directory.
pub fn rmdir(path: &CStr) -> Result<()> {
    unlink_with(path, linux::AT_REMOVEDIR)
}

fn unlink_with(path: &CStr, flags: u32) -> Result<()> {
    // SAFETY: the kernel reads a C string.
    unsafe { call!(unlinkat, linux::AT_FDCWD, path.as_ptr(), flags) }?;
    Ok(())
}

/// Device and inode of what a path names.
#[inline(never)]
pub fn identity(path: &CStr) -> Result<(u64, u64)> {
    let stat = rustix::fs::statat(CWD, path, AtFlags::empty())?;
    Ok((stat.st_dev, stat.st_ino))
}

/// Of an open file: device and inode; and, where it is a regular one, its size in bytes.
pub fn status(fd: &OwnedFd) -> Result<((u64, u64), u64)> {
    let stat = rustix::fs::fstat(borrowed(fd))?;
    Ok(((stat.st_dev, stat.st_ino), u64::try_from(stat.st_size).unwrap_or(0)))
}

/// Whether an open file belongs to root or to the user that the process acts as, and nobody else may write to it.
pub fn is_only_owners(fd: &OwnedFd) -> Result<bool> {
    let stat = rustix::fs::fstat(borrowed(fd))?;
    let is_own = stat.st_uid == 0 || stat.st_uid == rustix::process::geteuid().as_raw();
    Ok(is_own && stat.st_mode & (linux::S_IWGRP | linux::S_IWOTH) == 0)
}

/// Whether a path names a regular file.
pub fn is_regular(path: &CStr) -> bool {
    let stat = rustix::fs::statat(CWD, path, AtFlags::empty());
    stat.is_ok_and(|stat| stat.st_mode & linux::S_IFMT == linux::S_IFREG)
}

/// Whether a path names something.
pub fn exists(path: &CStr) -> bool {
    identity(path).is_ok()
}

/// Size in bytes of an open regular file.
pub fn size(fd: &OwnedFd) -> Result<u64> {
    Ok(status(fd)?.1)
}

/// Magic number of the file system a path is on. Source: `uapi/linux/magic.h`.
#[inline(never)]
pub fn magic(path: &CStr) -> Result<u64> {
    // The field is signed on some processors and unsigned on others; the magic numbers have 32 bits.
    #[allow(clippy::as_conversions, clippy::unnecessary_cast)]
    Ok(rustix::fs::statfs(path)?.f_type as u64 & 0xffff_ffff)
}

/// Goes to a folder. `chdir(2)`.
pub fn chdir(path: &CStr) -> Result<()> {
    // SAFETY: the kernel reads a C string.
    unsafe { call!(chdir, path.as_ptr(), 0, 0) }?;
    Ok(())
}

/// Takes one open directory for the root and goes to another. `fchdir(2)`, `chroot(2)`.
pub fn go_back(root: &OwnedFd, here: &OwnedFd) -> Result<()> {
    rustix::process::fchdir(borrowed(root))?;
    rustix::process::chroot(c".")?;
    Ok(rustix::process::fchdir(borrowed(here))?)
}

/// How a path's file system is numbered: its major and its minor number.
pub fn numbers(device: u64) -> (u32, u32) {
    (rustix::fs::major(device), rustix::fs::minor(device))
}

/// Lets nobody in this mount namespace find what is in a directory. `mount(2)`.
pub fn hide(path: &CStr) -> Result<()> {
    let flags = linux::MS_RDONLY | linux::MS_NOSUID | linux::MS_NODEV | linux::MS_NOEXEC;
    mount_with(c"none", path, c"tmpfs", flags, c"size=4k,mode=0555")
}

/// Lets this process and its children find one file in the place of another, and nobody else. `unshare(2)`, `mount(2)`.
#[inline(never)]
pub fn cover(file: &CStr, place: &CStr) -> Result<()> {
    // SAFETY: numbers only.
    unsafe { call!(unshare, linux::CLONE_NEWNS, 0, 0) }?;
    // Nothing that is mounted here shows outside; what is mounted outside still comes in.
    mount_with(c"none", c"/", c"", linux::MS_REC | linux::MS_SLAVE, c"")?;
    mount_with(file, place, c"", linux::MS_BIND, c"")
}

/// Mounts. `mount(2)`.
#[inline(never)]
pub fn mount_with(source: &CStr, target: &CStr, kind: &CStr, flags: u32, options: &CStr) -> Result<()> {
    // SAFETY: the kernel reads four C strings.
    unsafe { call!(mount, source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, options.as_ptr()) }?;
    Ok(())
}

/// How a file system is mounted on which there is neither a program nor a device.
pub const PLAIN: u32 = linux::MS_NOSUID | linux::MS_NODEV | linux::MS_NOEXEC | linux::MS_RELATIME;
/// One on which there may be devices.
pub const NO_SUID: u32 = linux::MS_NOSUID | linux::MS_RELATIME;
/// One that is mounted is from then on only read.
pub const READ_ONLY_NOW: u32 = linux::MS_REMOUNT | linux::MS_RDONLY;

/// Unmounts. `umount2(2)`.
pub fn unmount(target: &CStr) -> Result<()> {
    // SAFETY: the kernel reads a C string.
    unsafe { call!(umount2, target.as_ptr(), 0, 0) }?;
    Ok(())
}

/// Takes a file system out of its place, with those that are mounted in it; who has files of it open keeps them. `umount2(2)`.
pub fn detach(target: &CStr) -> Result<()> {
    // SAFETY: the kernel reads a C string.
    unsafe { call!(umount2, target.as_ptr(), linux::MNT_DETACH, 0) }?;
    Ok(())
}

/// Mounts a file system that needs no device. `mount(2)`.
pub fn mount(kind: &CStr, target: &CStr) -> Result<()> {
    mount_with(c"none", target, kind, PLAIN, c"")
}

/// Keeps what is mounted from here on, below a path, to this mount namespace.
pub fn mount_private(path: &CStr) -> Result<()> {
    change_mount(path, linux::MS_REC | linux::MS_PRIVATE)
}

/// Makes a directory a mount of its own.
pub fn bind_mount(path: &CStr) -> Result<()> {
    change_mount(path, linux::MS_BIND)
}

/// Makes what is mounted at a path read-only, for this mount namespace alone.
pub fn make_read_only(path: &CStr) -> Result<()> {
    let flags = linux::MS_REMOUNT | linux::MS_BIND | linux::MS_RDONLY;
    change_mount(path, flags | linux::MS_NOSUID | linux::MS_NODEV | linux::MS_NOEXEC)
}

#[inline(never)]
fn change_mount(path: &CStr, flags: u32) -> Result<()> {
    // SAFETY: the kernel reads a C string; without a type and data there is no other.
    unsafe { call!(mount, path.as_ptr(), path.as_ptr(), 0, flags, 0) }?;
    Ok(())
}

/// Calls `each` with the name of each entry of a directory but `.` and `..`, and whether it is known to be a directory;
/// stops where it gives false. `getdents64(2)`.
///
/// | of an entry | bytes | |
/// |---|---|---|
/// | inode, offset | 0–15 | |
/// | length | 16, 17 | of all of it, the host's byte order |
/// | type | 18 | `DT_DIR` |
/// | name | from 19 | with a NUL, and bytes without meaning |
pub fn entries(dir: &OwnedFd, each: &mut dyn FnMut(&[u8], bool) -> bool) -> Result<()> {
    let mut buf = [0_u8; 2048]; // the longest entry has 280
    loop {
        // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`.
        let got = unsafe { call!(getdents64, dir.as_raw_fd(), buf.as_mut_ptr(), buf.len()) }?;
        let mut rest = buf.get(..length(got)).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        while let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, low, high, kind, name @ ..] = rest {
            let name = before(name, 0);
            if name != b"." && name != b".." && !each(name, u32::from(*kind) == linux::DT_DIR) {
                return Ok(());
            }
            let len = usize::from(u16::from_ne_bytes([*low, *high])).max(1); // never stays where it is
            rest = rest.get(len..).unwrap_or_default();
        }
    }
}
