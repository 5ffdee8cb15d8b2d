//! Which lines belong to which interface, what is wrong with a file and where, and what comes before what.

use arbtest::arbtest;
use std::time::{Duration, Instant};
use vrf_launch::conf::hash::slots;
use vrf_launch::conf::keywords::Keyword;
use vrf_launch::conf::stanzas::{Conf, Iface, Stanza, count};
use vrf_launch::conf::{Fault, lines, services};
use vrf_launch::error::Exit;
use vrf_launch::order::{Node, walk};
use vrf_launch::plan::Plan;

/// Indexes and checks a text as the program does, and gives the outcome to `look`, with the slots of the tables.
fn read<T>(text: &[u8], look: impl FnOnce(Result<(Conf<'_>, &[u32]), (u32, Fault<'_>)>) -> T) -> T {
    let mut text = text.to_vec();
    lines::join(&mut text);
    let n = count(&text);
    let (mut stanzas, mut names, mut tables) = (vec![Stanza::EMPTY; n], vec![0; slots(n)], vec![0; slots(n)]);
    let mut fault = Fault { at: 0, key: b"", word: b"", reason: "" };
    let mut entries = Vec::new();
    let mut more = |entry| {
        entries.push(entry);
        true
    };
    let conf = Conf::index(&text, &mut stanzas, &mut names, &mut more, &mut fault);
    match conf.map(|conf| conf.with_entries(&entries)) {
        Some(conf) if conf.check(&mut tables, &mut fault) => look(Ok((conf, &tables))),
        _ => look(Err((lines::line_number(&text, fault.at), fault))),
    }
}

fn right<T>(text: &[u8], look: impl FnOnce(Conf<'_>, &[u32]) -> T) -> T {
    read(text, |outcome| match outcome {
        Ok((conf, tables)) => look(conf, tables),
        Err((line, fault)) => panic!("line {line}: {}", fault.reason),
    })
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Each interface with its lines: `name: key=value@line`, `*` behind the name if it is `auto`.
fn told(text: &str) -> Vec<String> {
    right(text.as_bytes(), |conf, _| {
        let tell = |iface: Iface| {
            let mut out = string(conf.name(iface)) + if conf.is_auto(iface) { "*:" } else { ":" };
            for property in conf.properties(iface) {
                let line = lines::line_number(conf.text(), property.at);
                out += &format!(" {}={}@{line}", string(property.key), string(property.value));
            }
            assert_eq!(conf.find(conf.name(iface)), Some(iface));
            out
        };
        conf.ifaces().map(tell).collect()
    })
}

/// The length of a line is remembered in 16 bits.
#[test]
fn long_lines_are_whole() {
    for length in [65_530, 65_531, 65_532, 65_533, 200_000] {
        let value = "x".repeat(length);
        let text = format!("iface a\n  up {value}  # c\n mtu 1\n");
        assert_eq!(told(&text), [format!("a: up={value}@2 mtu=1@3")]);
    }
}

/// The fault of a text: `line: key word: beginning of the reason`.
#[track_caller]
fn wrong(text: &str, expected: &str) {
    let told = read(text.as_bytes(), |outcome| match outcome {
        Ok(_) => "nothing".to_owned(),
        Err((line, fault)) => format!("{line}: {} {}: {}", string(fault.key), string(fault.word), fault.reason),
    });
    assert!(told.starts_with(expected), "{told}, not {expected}");
}

#[test]
fn lines_belong_to_the_stanza_above_them() {
    let text = "iface a inet static\n mtu 1\nservice s\n exec 2\ninterface b\n\tmtu  3 \n foreign x  y\n";
    assert_eq!(told(text), ["a: mtu=1@2", "b: mtu=3@6 foreign=x  y@7"]);
    assert_eq!(told(""), [""; 0]);
    assert_eq!(told("foreign x\niface a"), ["a:"]);
}

#[test]
fn stanzas_of_one_name_are_one_interface() {
    let text = "auto a\niface a\n mtu 1\niface b\n mtu 2\niface a\n mtu 3\niface a\n alias x\n";
    assert_eq!(told(text), ["a*: mtu=1@3 mtu=3@7 alias=x@9", "b: mtu=2@5"]);
    right(text.as_bytes(), |conf, _| {
        let a = conf.find(b"a").unwrap();
        assert_eq!(conf.last(a, Keyword::Mtu).unwrap().value, b"3");
        assert_eq!(conf.with(a, Keyword::Mtu).count(), 2);
        assert_eq!(conf.last(a, Keyword::Metric), None);
        assert_eq!((conf.find(b"c"), conf.find(b"")), (None, None));
        assert_eq!(lines::line_number(conf.text(), conf.at(conf.find(b"b").unwrap())), 4);
    });
}

#[test]
fn templates_give_their_lines() {
    let text = "defaults\n mtu 1\ntemplate t\n metric 2\n inherit u\n alias t\ntemplate u\n mtu 3\n\
        iface a inet static inherits t\n mtu 4\niface b no-defaults\n mtu 5\n inherit u t\n mtu 6\nauto c\n mtu 7\n";
    let t = "inherit=u@5 mtu=3@8 alias=t@6";
    assert_eq!(
        told(text),
        [
            format!("a: mtu=1@2 metric=2@4 {t} mtu=4@10"),
            "b: mtu=5@12 inherit=u t@13 mtu=3@8 metric=2@4 inherit=u@5 alias=t@6 mtu=6@14".to_owned(),
            "c*: mtu=7@16".to_owned(),
        ]
    );
}

#[test]
fn defaults_are_for_what_is_below_them() {
    let text = "iface a\ndefaults\n mtu 1\niface b\ndefaults\n metric 2\niface c\niface b\n alias b\n";
    assert_eq!(told(text), ["a:", "b: mtu=1@3 metric=2@6 alias=b@9", "c: mtu=1@3 metric=2@6"]);
}

#[test]
fn what_is_inherited_from_is_no_interface() {
    let text = "auto a\niface a\n mtu 1\niface b\n inherit a\ntemplate c\niface c\n mtu 2\n";
    assert_eq!(told(text), ["b: inherit=a@5 mtu=1@3"]);
    right(text.as_bytes(), |conf, _| assert_eq!((conf.find(b"a"), conf.find(b"c")), (None, None)));
}

#[test]
fn templates_that_double_come_once() {
    // Each of 30 inherits the one before twice: 2^30 lines, if they were copies.
    let mut text = "template t0\n mtu 1\n".to_owned();
    for n in 1..30 {
        text += &format!("template t{n}\n inherit t{}\n inherit t{0}\n", n - 1);
    }
    text += "iface a\n inherit t29\n";
    right(text.as_bytes(), |conf, _| {
        let a = conf.find(b"a").unwrap();
        assert_eq!((conf.with(a, Keyword::Mtu).count(), conf.properties(a).count()), (1, 60));
    });
    for n in 30..40 {
        text += &format!("template t{n}\n inherit t{}\n", n - 1);
    }
    wrong(&text, "4: inherit t0: templates inherit from one another more than 32 deep");
}

#[test]
fn a_netmask_is_for_its_stanza() {
    let text = "iface a inet static\n address 10.0.0.1\n netmask 255.0.0.0\niface a inet static\n address 10.1.0.1\n netmask 16\n\
        iface a inet6 static\n address fd00::1\n netmask 255.0.0.0\niface a\n address 10.2.0.1\n address fd00::2/128\n";
    right(text.as_bytes(), |conf, _| {
        let lens = conf.with(Iface(0), Keyword::Address).map(|line| conf.address(&line).unwrap().1).collect::<Vec<_>>();
        assert_eq!(lens, [8, 16, 64, 24, 128]);
    });
}

#[test]
fn auto_names_several_and_has_lines_for_the_last() {
    assert_eq!(told("auto a b \\\n c\n mtu 1\nauto b\n mtu 2\n"), ["a*:", "b*: mtu=2@5", "c*: mtu=1@3"]);
}

#[test]
fn continuation_crlf_and_comments() {
    let text = "# x\r\n\r\niface a # b\r\n  address \\\r\n 10.0.0.1/8 # c\r\n  alias d#e\r\n# mtu 1\r\n  mtu 2";
    assert_eq!(told(text), ["a: address=10.0.0.1/8@4 alias=d#e@6 mtu=2@8"]);
}

#[test]
fn faults_have_their_line_and_word() {
    wrong("\nmtu 1\n", "2: mtu 1: stands before the first interface");
    wrong("vrf-tabel 1\n", "1: vrf-tabel 1: stands before");
    wrong("auto\n", "1: auto : a name is missing");
    wrong("service\n", "1: service : a name is missing");
    wrong("iface a\nauto b c/d e\n", "2: auto c/d: not an interface name");
    wrong("iface 1234567890123456", "1: iface 1234567890123456: longer than 15 bytes");
    wrong("iface a\n\ndefaults\n mtu x", "4: mtu x: not a number");
    wrong("template t x\n mtu x", "2: mtu x: not a number");
    wrong("template\n", "1: template : a name is missing");
    wrong("iface a\n mtu 1\n inherit t", "3: inherit t: there is no template of that name");
    wrong("iface a inherits t", "1: inherits t: there is no template of that name");
    wrong("iface a inherits", "1: inherits : a name is missing");
    wrong("iface a\n inherit\n", "2: inherit : a value is missing");
    wrong("template t\n inherit t\n", "2: inherit t: a cycle");
    wrong("template t\n inherit u\ntemplate u\n inherit t\niface a\n inherit u\n", "4: inherit t: a cycle");
    wrong("iface a\n address 10.0.0.1\n netmask 64", "2: address 10.0.0.1: the netmask does not fit");
    wrong("iface a\n mtu \\\n\\\n\n mtu x\n", "2: mtu : a value is missing");
    wrong("iface a\n mtu \\\n 1\n mtu x\n", "4: mtu x: not a number");
    wrong("iface a\n vrf-shared x y", "2: vrf-shared y: one word too many");
    wrong("iface a\n vrf-tabel 5 6", "2: vrf-tabel 5: no such keyword");
    wrong("iface a\n vrf-table 254", "2: vrf-table 254: tables 253, 254 and 255");
    wrong("iface a\n vrf-table 0", "2: vrf-table 0: not a table number");
    wrong("iface a\n vrf-rules maybe", "2: vrf-rules maybe: neither yes nor no");
    wrong("iface a\n vrf-isolation x", "2: vrf-isolation x: the levels are");
    wrong("iface a\n vrf-member a:b", "2: vrf-member a:b: not an interface name");
    wrong("iface a\n address 10.0.0.300", "2: address 10.0.0.300: not an IPv4 or IPv6 address");
    wrong("iface a\n address 10.0.0.1/33", "2: address 10.0.0.1/33: prefix length does not fit");
    wrong("iface a\n gateway 10.0.0.1/8", "2: gateway 10.0.0.1/8: not an IPv4");
    wrong("iface a\n netmask 255.0.255.0", "2: netmask 255.0.255.0: not a netmask");
    wrong("iface a\n hwaddress ether 1:2", "2: hwaddress 1:2: not an Ethernet address");
    wrong("iface a\n hwaddress ether", "2: hwaddress : not an Ethernet address");
    wrong("iface a\n alias a'b\"c", "2: alias a'b\"c: an alias with an apostrophe and one of");
    for special in ["$5", "`", "a\\b"] {
        let text = format!("iface a\n alias it's {special}");
        wrong(&text, &format!("2: alias it's {special}: an alias with an apostrophe"));
        right(text.replace('\'', "").as_bytes(), |_, _| ());
    }
    wrong(&format!("iface a\n alias {}", "x".repeat(256)), "2: alias xxx");
    wrong("iface a\n vrf-route 10.0.0.0/8 table 5", "2: vrf-route 10.0.0.0/8 table 5: the table is the VRF's own");
    wrong("iface a\n vrf-route ten", "2: vrf-route ten: ");
    wrong("iface a\n up ip link set eth0 mtu x", "2: up x: not a number");
}

#[test]
fn what_is_right_is_not_told() {
    let text = "iface a\n vrf-table 100\n vrf-rules no\n vrf-loopback TRUE\n";
    wrong(text, "4: vrf-loopback TRUE");
    let text = "iface a\n vrf-table 0x64\n vrf-rules 0\n vrf-loopback on\n vrf-isolation bind\n vrf-route unreachable default\n\
        iface b\n vrf a\n hwaddress ether 02:00:00:00:00:01\n hwaddress 2:0:0:0:0:1\n pointopoint 10.0.0.2\n\
        point-to-point fd00::1\n link-type bridge\n requires a c\n up echo 'x\n post-down ip foreign x\n foreign\n";
    right(text.as_bytes(), |conf, _| assert_eq!(conf.with(Iface(1), Keyword::PointToPoint).count(), 2));
}

#[test]
fn a_table_belongs_to_one_vrf() {
    let text = "iface a\n vrf-table 5\niface b\n vrf-table 6\niface c\n vrf-table 0x5\n";
    wrong(text, "6: vrf-table 0x5: the table of another VRF of this file");
    right(b"iface a\n vrf-table 5\niface b\n vrf-table 6\niface a\n vrf-table 5\n", |conf, tables| {
        assert_eq!(conf.vrf_of_table(tables, 5), conf.find(b"a"));
        assert_eq!(conf.vrf_of_table(tables, 6), conf.find(b"b"));
        assert_eq!(conf.vrf_of_table(tables, 7), None);
        assert_eq!(conf.table(Iface(0)), Some(5));
    });
}

#[test]
fn ten_thousand_stanzas_are_no_matter() {
    let n = 10_000;
    let text: String = (1..=n).map(|k| format!("auto v{k}\niface v{k}\n vrf-table {}\n", k + 1000)).collect();
    let start = Instant::now();
    right(text.as_bytes(), |conf, tables| {
        assert_eq!((conf.ifaces().count(), conf.len()), (n, 2 * n));
        assert_eq!(conf.vrf_of_table(tables, 10_999).map(|iface| conf.name(iface)), Some(b"v9999".as_slice()));
    });
    // Not optimised, and beside other programs; what is quadratic takes minutes.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn no_bytes_make_the_index_panic() {
    const PIECES: [&str; 24] = [
        "inherit ",
        "inherits ",
        "no-defaults ",
        "netmask 8",
        "\n",
        " ",
        "\\\n",
        "#",
        "auto ",
        "iface ",
        "template ",
        "defaults",
        "service ",
        "a",
        "b",
        "vrf-table ",
        "5",
        "vrf-route ",
        "10.0.0.0/8",
        "up ip ",
        "requires ",
        "\"",
        "alias ",
        "\u{b}",
    ];
    arbtest(|u| {
        let mut text = Vec::new();
        while !u.is_empty() {
            if u.ratio(9, 10)? {
                text.extend_from_slice(u.choose(&PIECES)?.as_bytes());
            } else {
                text.push(u.arbitrary()?);
            }
        }
        read(&text, |outcome| match outcome {
            Ok((conf, _)) => {
                for iface in conf.ifaces() {
                    assert_eq!(conf.find(conf.name(iface)), Some(iface));
                    for property in conf.properties(iface) {
                        let at = usize::try_from(property.at).unwrap();
                        assert!(conf.text()[at..].starts_with(property.key));
                    }
                }
            }
            Err((line, fault)) => assert!(line > 0 && !fault.reason.is_empty()),
        });
        Ok(())
    })
    .budget_ms(1_000);
}

/// The order in which `start` and what it needs are given: names, `?` behind one that the file does not describe,
/// `!` behind the word that closes a ring.
fn order(text: &str, start: &str) -> Vec<String> {
    right(text.as_bytes(), |conf, _| {
        let plan = Plan::new(conf, false);
        let mut marks = vec![0; conf.len()];
        let mut given = Vec::new();
        let mut emit = |node: Node<'_>| {
            given.push(match node {
                Node::Iface(iface) => string(conf.name(iface)),
                Node::Bare(name, _) => string(name) + "?",
                Node::Ring(_, name) => string(name) + "!",
            });
            Ok::<(), Exit>(())
        };
        let start = conf.find(start.as_bytes()).unwrap();
        assert!(walk(&plan, start, &mut marks, &mut emit).is_ok());
        // What was given is not given again.
        assert!(walk(&plan, start, &mut marks, &mut emit).is_ok());
        given
    })
}

#[test]
fn what_is_required_comes_first() {
    let text = "iface a\n requires b x\niface b\n requires c d\niface c\n requires d\niface d\niface e\n";
    assert_eq!(order(text, "a"), ["d", "c", "b", "x?", "a"]);
    assert_eq!(order(text, "e"), ["e"]);
    assert_eq!(order("iface v\n vrf-table 5\niface a\n vrf-member v\n", "a"), ["v", "a"]);
}

#[test]
fn a_ring_is_named() {
    let given = order("iface a\n requires b\niface b\n requires c\niface c\n requires a\n", "a");
    assert_eq!(given.first().map(String::as_str), Some("a!"));
    assert_eq!(given.get(1..), Some(&["c".to_owned(), "b".to_owned(), "a".to_owned()][..]));
    assert_eq!(order("iface a\n requires a\n", "a"), ["a!", "a"]);
}

#[test]
fn a_ring_of_a_membership_is_none() {
    let text = "iface v\n vrf-table 5\n requires a\niface a\n vrf-member v\n";
    assert_eq!(order(text, "v"), ["a", "v"]);
}

#[test]
fn a_chain_may_be_long() {
    let n = 10_000;
    let text: String = (0..n).map(|k| format!("iface i{k}\n requires i{}\n", k + 1)).collect();
    let start = Instant::now();
    let given = order(&text, "i0");
    assert_eq!(given.len(), n + 1);
    assert_eq!(given.first().map(String::as_str), Some("i10000?"));
    // Not optimised, and beside other programs; what is quadratic takes minutes.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

// ---- services

const SERVICES: &str = "auto sshd a-name-longer-than-an-interfaces mgmt\nservice sshd\n    vrf mgmt\n    exec /sshd -D 'a b' \\\n        c\n\
    env A=1\n    env \"B=2 3\"\n    requires mgmt web eth0\n    respawn on-failure\n    ready fd 3\n\
service web\n    exec /web\nservice a-name-longer-than-an-interfaces\n    exec /x\niface mgmt\n    vrf-table 1\n\
iface eth0\n    requires sshd\nservice mgmt\n    exec /y\n";

#[test]
fn services_stand_beside_interfaces() {
    right(SERVICES.as_bytes(), |conf, _| {
        let names: Vec<_> = conf.services().map(|service| string(conf.service_name(service))).collect();
        assert_eq!(names, ["sshd", "web", "a-name-longer-than-an-interfaces", "mgmt"]);
        let auto: Vec<_> = conf.services().map(|service| conf.is_auto_service(service)).collect();
        assert_eq!(auto, [true, false, true, true]);
        let ifaces: Vec<_> = conf.ifaces().map(|iface| string(conf.name(iface))).collect();
        assert_eq!(ifaces, ["mgmt", "eth0"], "what auto alone names and a service has is no interface");
        assert_eq!(conf.find(b"sshd"), None);
    });
}

#[test]
fn a_service_has_the_lines_of_its_stanza() {
    right(SERVICES.as_bytes(), |conf, _| {
        let sshd = conf.service(b"sshd").unwrap();
        assert_eq!(string(conf.field(sshd, services::VRF)), "mgmt");
        assert_eq!(string(conf.field(sshd, services::EXEC)).split_whitespace().last(), Some("c"));
        let mut env = Vec::new();
        conf.each_field(sshd, services::ENV, &mut |line| env.push(string(line.value)));
        assert_eq!(env, ["A=1", "\"B=2 3\""]);
        assert_eq!((conf.respawn(sshd), conf.ready_fd(sshd)), (b'o', Some(3)));
        let web = conf.service(b"web").unwrap();
        assert_eq!((conf.field(web, services::VRF), conf.respawn(web), conf.ready_fd(web)), (&b""[..], b'y', None));
    });
}

#[test]
fn wrong_services_are_told() {
    wrong("service\n", "1: service : a name is missing");
    wrong("service a\n    vrf b\n", "1: service a: an exec line is missing");
    wrong("service a\n    exec x\nservice a\n    exec y\n", "3: service a: another service");
    wrong("service a\n    exec x 'y\n", "2: exec 'y: a quote that is not closed");
    wrong("service a\n    exec x\n    usr web\n", "3: usr web: no such keyword of a service");
    wrong("service a\n    exec x\n    user\n", "3: user : a value is missing");
    wrong("service a\n    exec x\n    env A=1 =2\n", "3: env A=1: not NAME=VALUE");
    wrong("service a\n    exec x\n    requires b\n", "3: requires b: neither a service nor an interface");
    wrong("service a\n    exec x\n    respawn often\n", "3: respawn often: the values are");
    wrong(
        "service a\n    exec x\n    listen tcp:22 tcp:x\n",
        "3: listen tcp:x: the port is not a number from 1 to 65535",
    );
    wrong("service a\n    exec x\n    vrf a/b\n", "3: vrf a/b: ");
    for ready in ["fd", "fd 2", "fd 64", "3", "fd x"] {
        wrong(&format!("service a\n    exec x\n    ready {ready}\n"), "3: ready ");
    }
    wrong("auto a-name-longer-than-an-interfaces\n", "1: auto a-name-longer-than-an-interfaces: ");
}
