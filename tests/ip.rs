//! `ip` commands compiled into requests: against the bytes that iproute2 sends for them, and against chance.
#![cfg(target_endian = "little")] // the captured bytes are

use arbtest::arbtest;
use std::fs;
use std::path::Path;
use vrf_launch::ip::{self, Class, Device, Wrong};
use vrf_launch::wire::msg::{HEADER, Header, Writer};

/// The interfaces of the machine in which the bytes were captured.
fn device(name: &[u8]) -> Option<Device> {
    let (index, table) = match name {
        b"mgmt" => (3, 10),
        b"dum0" => (5, 0),
        b"ve0" => (7, 0),
        b"ve2" => (9, 0),
        _ => return None,
    };
    Some(Device { index, table })
}

/// What a command compiles to: kind, flags, body.
fn compiled(command: &str) -> Option<(u16, u16, Vec<u8>)> {
    let mut buf = [0xa5; 512];
    let mut writer = Writer::new(&mut buf);
    let mut words = ip::words(command.as_bytes())?;
    let request = ip::compile(&mut words, &mut |name| device(name), &mut writer).ok()?;
    Some((request.kind, request.flags, writer.bytes().to_vec()))
}

/// An attribute sorted by kind with the ones inside it; a body by its fixed part and its attributes.
fn sorted(body: &[u8], fixed: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (head, mut rest) = body.split_at(fixed);
    let mut attrs = Vec::new();
    while rest.len() >= 4 {
        let len = usize::from(u16::from_le_bytes([rest[0], rest[1]]));
        attrs.push(rest[..len].to_vec());
        rest = &rest[len.next_multiple_of(4).min(rest.len())..];
    }
    attrs.sort();
    (head.to_vec(), attrs)
}

/// Captures whose command is understood and whose bytes differ, and why.
const DIFFER: [(&str, &str); 2] = [
    ("route_add_unreachable6", "iproute2 adds an RTA_DST of length 0"),
    ("link_del", "iproute2 asks for the index first; the name does as well"),
];

#[test]
fn commands_compile_to_iproute2s_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/wire");
    let mut same = 0;
    for (file, fixed) in [("link.hex", 16), ("addr.hex", 8), ("route.hex", 12), ("rule.hex", 12)] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        for case in text.split("\n@ ").skip(1) {
            let mut lines = case.lines();
            let name = lines.next().unwrap();
            let command = lines.next().unwrap().strip_prefix("$ ").unwrap();
            let bytes: Vec<u8> = case
                .lines()
                .skip(1)
                .filter(|line| !line.starts_with(['$', '>', '#']))
                .flat_map(str::split_whitespace)
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
                .collect();
            // What only iproute2 knows (questions, promisc, nexthops, …) is nobody's here.
            let Some((kind, flags, body)) = compiled(command) else { continue };
            let header = Header::parse(bytes.first_chunk::<HEADER>().unwrap());
            assert_eq!((kind, flags | 5), (header.kind, header.flags), "{command}"); // REQUEST | ACK
            let theirs = sorted(&bytes[HEADER..], fixed);
            if DIFFER.iter().any(|(differs, _)| *differs == name) {
                assert_ne!(sorted(&body, fixed), theirs, "{command} does not differ any more");
            } else {
                assert_eq!(sorted(&body, fixed), theirs, "{name}: {command}");
                same += 1;
            }
        }
    }
    assert!(same >= 40, "only {same} commands compared");
}

/// What becomes of a line, as the corpus has it: `(shell)`, `(iproute2) WORD`, `(wrong) WORD: REASON`, or a command.
fn verdict(line: &str) -> String {
    let mut buf = [0; 512];
    let Some(mut words) = ip::words(line.as_bytes()) else { return "(shell)".to_owned() };
    let any = Device { index: 1, table: 1 };
    match ip::compile(&mut words, &mut |_| Some(any), &mut Writer::new(&mut buf)) {
        Ok(_) => "ip".to_owned(),
        Err(fault) => {
            let word = String::from_utf8_lossy(fault.word).into_owned();
            match fault.wrong {
                Wrong::Unknown => format!("(iproute2) {word}"),
                Wrong::Bad(reason) => format!("(wrong) {word}: {reason}"),
                Wrong::NoDevice | Wrong::NotVrf => unreachable!("all interfaces are there"),
            }
        }
    }
}

#[test]
fn lines_of_the_corpus_become_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/ip");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut line = "";
        for row in text.lines().filter(|row| !row.is_empty() && !row.starts_with('#')) {
            match row.strip_prefix("    ") {
                None => line = row,
                Some(expected) if expected.starts_with('(') => {
                    assert_eq!(verdict(line), expected, "{line}, in {}", path.display());
                    seen += 1;
                }
                // The same in other words: the same request.
                Some(expected) => {
                    let request = |text: &str| {
                        let mut buf = [0; 512];
                        let mut writer = Writer::new(&mut buf);
                        let request = ip::check(text.as_bytes(), &mut writer).and_then(Result::ok);
                        let fixed = |kind| {
                            if kind < 20 {
                                16
                            } else if kind < 24 {
                                8
                            } else {
                                12
                            }
                        };
                        request.map(|r| (r.kind, r.flags, sorted(writer.bytes(), fixed(r.kind))))
                    };
                    assert!(request(line).is_some(), "{line}");
                    assert_eq!(request(line), request(expected), "{line}, in {}", path.display());
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} lines in the corpus");
}

/// Bytes of which lines are made that come near.
const PIECES: [&str; 32] = [
    "ip",
    "-6",
    "-4",
    "link",
    "addr",
    "route",
    "rule",
    "add",
    "del",
    "set",
    "eth0",
    "up",
    "type",
    "vrf",
    "table",
    "10",
    "10.0.0.0/8",
    "fd00::/64",
    "via",
    "10.0.0.1",
    "dev",
    "default",
    "pref",
    "l3mdev",
    "unreachable",
    "peer",
    "'",
    "\"",
    "metric",
    "4294967296",
    "master",
    "\u{0}",
];

#[test]
fn chance_never_panics_and_never_overruns() {
    arbtest(|u| {
        let mut line = String::new();
        for _ in 0..u.int_in_range(0..=14)? {
            line += u.choose(&PIECES)?;
            line += if u.ratio(1, 9)? { "" } else { " " };
        }
        for room in [0, 8, 16, 40, 512] {
            let mut buf = vec![0; room];
            let mut writer = Writer::new(&mut buf);
            let _ = ip::check(line.as_bytes(), &mut writer);
            assert!(writer.len() <= room);
        }
        let entry: Vec<u8> = u.arbitrary()?;
        let body: Vec<u8> = u.arbitrary()?;
        for class in [Class::RouteAdd, Class::AddrAdd, Class::RuleAdd, Class::LinkAdd] {
            let _ = ip::stands(&body, class, &entry);
        }
        Ok(())
    });
}
