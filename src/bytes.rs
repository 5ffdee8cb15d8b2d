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

/// Copies as many bytes as there are and have room; how many. (`copy_from_slice` has a panic in it.)
#[inline(never)]
pub fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let mut at = 0;
    while let (Some(from), Some(to)) = (from.get(at..), to.get_mut(at..)) {
        let (Some(eight), Some(place)) = (from.first_chunk::<8>(), to.first_chunk_mut()) else {
            for (place, byte) in to.iter_mut().zip(from) {
                *place = *byte;
            }
            break;
        };
        *place = *eight;
        at += 8;
    }
    from.len().min(to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_room_is_copied() {
        let mut room = *b"....";
        assert_eq!((copy(b"ab", &mut room), room), (2, *b"ab.."));
        assert_eq!((copy(b"abcdef", &mut room), room), (4, *b"abcd"));
        assert_eq!((copy(b"", &mut room), room), (0, *b"abcd"));
        let (from, mut room) = (*b"0123456789abcdefghi", [b'.'; 17]);
        assert_eq!((copy(&from, &mut room), room), (17, *b"0123456789abcdefg"));
    }

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
