//! Values of the configuration, against the standard library and against chance.

use arbtest::arbtest;
use std::net::IpAddr;
use vrf_launch::conf::{lines, values, words};
use vrf_launch::text::Buf;

/// An address as we write it.
fn written(addr: IpAddr) -> String {
    let mut room = [0; 64];
    let mut out = Buf::new(&mut room);
    out.ip(addr);
    String::from_utf8(out.as_bytes().to_vec()).unwrap()
}

#[test]
fn addresses_are_written_and_read_as_the_standard_library_does() {
    arbtest(|u| {
        let mut groups: [u16; 8] = u.arbitrary()?;
        let kept: u8 = u.arbitrary()?;
        for (n, group) in groups.iter_mut().enumerate() {
            *group *= u16::from(kept >> n & 1); // zeros, so that `::` comes up
        }
        for addr in [IpAddr::from(groups), IpAddr::from(u.arbitrary::<[u8; 4]>()?)] {
            assert_eq!(written(addr), addr.to_string());
            assert_eq!(values::address(addr.to_string().as_bytes()), Ok(addr));
        }
        Ok(())
    });
}

#[test]
fn what_is_no_address_for_the_standard_library_is_none_here() {
    arbtest(|u| {
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=12)? {
            text += u.choose(&["1", "0", "25", "6", ".", ":", "::", "f", "00", "/", "-", "%"])?;
        }
        assert_eq!(values::address(text.as_bytes()).ok(), text.parse::<IpAddr>().ok(), "{text}");
        Ok(())
    });
}

#[test]
fn no_parser_panics() {
    arbtest(|u| {
        let bytes: Vec<u8> = u.arbitrary()?;
        let _ = (values::u32_(&bytes), values::address(&bytes), values::prefix(&bytes), values::netmask(&bytes));
        let _ = (values::mac(&bytes), values::yes_no(&bytes), values::if_name(&bytes), values::table(&bytes));
        let _ = (values::scope(&bytes), values::proto(&bytes), words::is_simple_command(&bytes));
        let _ = (words::Words::new(&bytes).count(), words::Split::new(&bytes).count());
        let mut text = bytes;
        lines::join(&mut text);
        let all: Vec<_> = lines::Lines::new(&text).map(|line| lines::line_number(&text, line.at)).collect();
        assert!(all.is_sorted());
        Ok(())
    });
}
