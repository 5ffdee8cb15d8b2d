//! Bytes taken apart without the iterators of `core`, each use of which is another copy of them in the binary.

/// What stands before the first `separator`; all of it where there is none.
///
/// `bytes.get(before.len() + 1..)` is then what stands behind it, `None` where there is no separator.
#[inline(never)]
pub fn before(bytes: &[u8], separator: u8) -> &[u8] {
    let mut len = 0;
    for byte in bytes {
        if *byte == separator {
            break;
        }
        len += 1;
    }
    bytes.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_separator() {
        for (bytes, first, behind) in [
            (&b"a:b:c"[..], &b"a"[..], Some(&b"b:c"[..])),
            (b"a:", b"a", Some(b"")),
            (b":b", b"", Some(b"b")),
            (b"ab", b"ab", None),
            (b"", b"", None),
        ] {
            assert_eq!(before(bytes, b':'), first);
            assert_eq!(bytes.get(first.len() + 1..), behind);
        }
    }
}
