//! Error numbers as text: the kernel's name and a sentence, of those that the system calls made here can end with.

use crate::bytes::before;
use linux_raw_sys::errno as linux;

/// A line for each number from 1 on, empty where nothing here can give it: name, space, description. The numbers are
/// those of `uapi/asm-generic/errno.h`, which all processors have that this program is built for.
const TEXTS: &[u8] = b"\
EPERM operation not permitted\n\
ENOENT no such file or directory\n\
ESRCH no such process\n\
EINTR interrupted\n\
EIO input/output error\n\
ENXIO no such device or address\n\
E2BIG argument list too long\n\
ENOEXEC not in a format that can be executed\n\
EBADF bad file descriptor\n\
ECHILD no child processes\n\
EAGAIN temporarily unavailable\n\
ENOMEM out of memory\n\
EACCES permission denied\n\
EFAULT bad address\n\
\n\
EBUSY device or resource busy\n\
EEXIST already exists\n\
EXDEV on another file system\n\
ENODEV no such device\n\
ENOTDIR not a directory\n\
EISDIR is a directory\n\
EINVAL invalid argument\n\
ENFILE too many open files in the system\n\
EMFILE too many open files\n\
ENOTTY not possible with this kind of file\n\
ETXTBSY text file busy\n\
EFBIG file too large\n\
ENOSPC no space left\n\
ESPIPE cannot be sought in\n\
EROFS read-only file system\n\
EMLINK too many links\n\
EPIPE broken pipe\n\
\n\
ERANGE out of range\n\
EDEADLK would deadlock\n\
ENAMETOOLONG name too long\n\
ENOLCK no locks available\n\
ENOSYS not in this kernel\n\
ENOTEMPTY directory not empty\n\
ELOOP too many levels, or a loop\n\
\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\
ENODATA no data\n\
\n\n\n\n\n\n\n\n\n\
EPROTO protocol error\n\
\n\n\
EBADMSG bad message\n\
EOVERFLOW value too large\n\
\n\n\n\n\n\n\n\n\n\n\n\n\
ENOTSOCK not a socket\n\
EDESTADDRREQ destination address required\n\
EMSGSIZE message too long\n\
EPROTOTYPE wrong protocol for this socket\n\
ENOPROTOOPT option not available\n\
EPROTONOSUPPORT protocol not supported\n\
ESOCKTNOSUPPORT socket type not supported\n\
EOPNOTSUPP operation not supported\n\
EPFNOSUPPORT protocol family not supported\n\
EAFNOSUPPORT address family not supported\n\
EADDRINUSE address already in use\n\
EADDRNOTAVAIL cannot assign requested address\n\
ENETDOWN network is down\n\
ENETUNREACH network is unreachable\n\
\n\
ECONNABORTED connection aborted\n\
ECONNRESET connection reset\n\
ENOBUFS no buffer space\n\
EISCONN already connected\n\
ENOTCONN not connected\n\
\n\n\
ETIMEDOUT timed out\n\
ECONNREFUSED connection refused\n\
\n\
EHOSTUNREACH no route to host\n\
\n\n\n\n\n\n\n\n\
EDQUOT quota exceeded\n";

/// The first and the last of each run of lines are where they have to be; between them one name follows the other.
const _: () = {
    assert!(is_named(linux::EPERM, b"EPERM ") && is_named(linux::EFAULT, b"EFAULT "));
    assert!(is_named(linux::EBUSY, b"EBUSY ") && is_named(linux::EPIPE, b"EPIPE "));
    assert!(is_named(linux::ERANGE, b"ERANGE ") && is_named(linux::ELOOP, b"ELOOP "));
    assert!(is_named(linux::ENODATA, b"ENODATA ") && is_named(linux::EPROTO, b"EPROTO "));
    assert!(is_named(linux::EBADMSG, b"EBADMSG ") && is_named(linux::EOVERFLOW, b"EOVERFLOW "));
    assert!(is_named(linux::ENOTSOCK, b"ENOTSOCK ") && is_named(linux::ENETUNREACH, b"ENETUNREACH "));
    assert!(is_named(linux::ECONNABORTED, b"ECONNABORTED ") && is_named(linux::ENOTCONN, b"ENOTCONN "));
    assert!(is_named(linux::ETIMEDOUT, b"ETIMEDOUT ") && is_named(linux::ECONNREFUSED, b"ECONNREFUSED "));
    assert!(is_named(linux::EHOSTUNREACH, b"EHOSTUNREACH ") && is_named(linux::EDQUOT, b"EDQUOT "));
};

/// Whether the line of that number begins so. At build time only.
#[allow(clippy::indexing_slicing, reason = "evaluated when this is compiled; beyond the end it does not compile")]
const fn is_named(number: u32, name: &[u8]) -> bool {
    let (mut at, mut line) = (0, 1);
    while line < number {
        if TEXTS[at] == b'\n' {
            line += 1;
        }
        at += 1;
    }
    let mut k = 0;
    while k < name.len() && TEXTS[at + k] == name[k] {
        k += 1;
    }
    k == name.len()
}

/// Name and description of an error number: `(b"ENODEV", b"no such device")`; `(b"errno", b"")` for one that is not
/// known here.
#[inline(never)]
pub fn text(errno: u32) -> (&'static [u8], &'static [u8]) {
    let mut rest = TEXTS;
    for _ in 1..errno.max(1) {
        rest = rest.get(before(rest, b'\n').len() + 1..).unwrap_or_default();
    }
    let line = if errno == 0 { b"" } else { before(rest, b'\n') };
    let name = before(line, b' ');
    match line.get(name.len() + 1..) {
        Some(description) => (name, description),
        None => (b"errno", b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_own_text() {
        assert_eq!(text(19), (&b"ENODEV"[..], &b"no such device"[..]));
        assert_eq!(text(1), (&b"EPERM"[..], &b"operation not permitted"[..]));
        assert_eq!(text(122), (&b"EDQUOT"[..], &b"quota exceeded"[..]));
    }

    #[test]
    fn every_line_is_that_of_its_number() {
        for number in 1..=4096 {
            let known = syscalls::Errno::new(i32::try_from(number).unwrap_or(0)).name();
            let (name, description) = text(number);
            if description.is_empty() {
                assert_eq!(name, b"errno", "{number}");
            } else {
                assert_eq!(known.map(str::as_bytes), Some(name), "{number}");
            }
        }
    }

    #[test]
    fn no_other_number_has_a_text() {
        for number in [0, 15, 41, 58, 123, 133, 4095] {
            assert_eq!(text(number), (&b"errno"[..], &b""[..]));
        }
    }
}
