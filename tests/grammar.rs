//! What the binary makes of whole files: what they read, what is wrong with them and where. `plan` asks the kernel
//! nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use vrf_launch_tests::elf;

/// A directory of its own for a test's files, gone with it.
struct Files(PathBuf);

impl Files {
    /// With those files: their paths, and what is in them.
    fn new(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("vrf-launch-grammar-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let dir = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&dir.0).unwrap();
        for (path, text) in files {
            dir.add(path, text);
        }
        dir
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn add(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Exit code, standard output and standard error of `plan`, in the directory, of its file `main`.
    fn plan(&self, options: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(elf::binary().unwrap());
        command.current_dir(&self.0).args(["-c", "main"]).args(options).arg("plan");
        let done = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
    }

    /// The commands that `plan --exact` prints, without those for lo, each behind `FILE:LINE: ` of its interface.
    #[track_caller]
    fn commands(&self) -> Vec<String> {
        let (code, out, err) = self.plan(&["--exact"]);
        assert_eq!((code, err.as_str()), (0, ""));
        let mut place = String::new();
        let mut commands = Vec::new();
        for line in out.lines() {
            if let Some(heading) = line.strip_prefix("# ") {
                place = heading.split_once(" (").map_or("", |(_, place)| place.trim_end_matches(')')).to_owned();
            } else if line != "ip link set dev lo up" && line != ")" && !line.starts_with("(export ") {
                commands.push(format!("{place}: {}", line.strip_prefix("ip ").unwrap_or(line)));
            }
        }
        commands
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The commands of one file, without their places.
#[track_caller]
fn commands(text: &str) -> Vec<String> {
    let all = Files::new(&[("main", text)]).commands();
    all.iter().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
}

#[test]
fn files_stand_where_they_are_asked_for() {
    let files = Files::new(&[
        (
            "main",
            "# first\nauto a\niface a\n mtu 1400\nsource one.cfg\n\nauto d\niface d\n alias d\nsource \\\n sub/*.cfg\niface a\n alias \\\n a\n",
        ),
        ("one.cfg", "\n\nauto b\niface b\n mtu 1500"),
        ("sub/2.cfg", "auto f\niface f\nsource sub/deep"),
        ("sub/1.cfg", "auto e\niface e\n mtu 1600\n"),
        ("sub/.3.cfg", "auto hidden\n"),
        ("sub/4.cfg~", "auto saved\n"),
        ("sub/deep", "#\nauto g\n"),
    ]);
    assert_eq!(
        files.commands(),
        [
            "main:4: link set dev a up mtu 1400 alias 'a'",
            "one.cfg:5: link set dev b up mtu 1500",
            "main:7: link set dev d up alias 'd'",
            "sub/1.cfg:3: link set dev e up mtu 1600",
            "sub/2.cfg:1: link set dev f up",
            "sub/deep:2: link set dev g up",
        ]
    );
}

#[test]
fn a_line_has_its_place_whatever_was_read_before_it() {
    let files = Files::new(&[
        ("main", "source a \\\n b\n\nsource c\n# x\niface a\n \\\n mtu 1\nsource d\n mtu x\n"),
        ("a", ""),
        ("b", "# only this"),
        ("c", "iface c\n alias \\\n c"),
        ("d", "\n"),
    ]);
    assert_eq!(
        files.plan(&[]).2,
        "vrf-launch: main:10: mtu \"x\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)\n"
    );
    files.add("c", "iface c\n alias \\\n c\nauto e # \\\nauto d\\\n e/1");
    assert_eq!(
        files.plan(&[]).2,
        "vrf-launch: c:5: auto \"e/1\": not an interface name: blank, '/', ':' or '%' in it\n"
    );
    files.add("d", "\niface b\n\n\n address 10.0.0.0/99");
    files.add("c", "");
    assert_eq!(files.plan(&[]).2, "vrf-launch: d:5: address \"10.0.0.0/99\": prefix length does not fit the address\n");
}

#[test]
fn long_files_have_right_lines() {
    let mut text = String::new();
    for line in 1..=3000 {
        text += &format!("iface i{line} # {}\n", "x".repeat(line % 50));
    }
    let files = Files::new(&[("main", &(text + " mtu y\n"))]);
    assert!(files.plan(&[]).2.starts_with("vrf-launch: main:3001: mtu \"y\""));
}

#[test]
fn a_directory_gives_its_regular_files() {
    let files = Files::new(&[
        ("main", "source-directory d\nsource d/*\nauto z\n"),
        ("d/b", "auto b\niface b\n"),
        ("d/a", "auto a\niface a\n"),
        ("d/.c", "auto c\niface c\n"),
        ("d/sub/e", "auto e\n"),
    ]);
    // With those whose names begin with a dot, as ifupdown-ng; each file once.
    assert_eq!(
        files.commands(),
        [
            "d/.c:1: link set dev c up",
            "d/a:1: link set dev a up",
            "d/b:1: link set dev b up",
            "main:3: link set dev z up"
        ]
    );
    files.add("main", "source-directory nowhere\nauto z\n");
    let (code, out, err) = files.plan(&["--exact"]);
    assert_eq!(
        (code, err.as_str()),
        (0, "vrf-launch: main:1: cannot read nowhere: ENOENT (no such file or directory)\n")
    );
    assert!(out.contains("ip link set dev z up"));
}

#[test]
fn wildcards_are_those_of_a_shell() {
    let files = Files::new(&[("main", "source n?/[ab]*.[!x]\nsource none*\nsource d/none*/x\n")]);
    for name in ["n1/a.c", "n2/b.d", "n2/c.d", "n2/a.x", "n3/.a.c", "n10/a.c", "n1/sub/a.c"] {
        files.add(name, &format!("auto {}\n", name.replace('/', "-")));
    }
    assert_eq!(files.commands(), ["n1/a.c:1: link set dev n1-a.c up", "n2/b.d:1: link set dev n2-b.d up"]);
}

#[test]
fn files_that_read_one_another_are_named() {
    let files =
        Files::new(&[("main", "source a\n"), ("a", "\nsource-directory sub"), ("sub/b", "# b\n\nsource main\n")]);
    let wrong = (
        100,
        String::new(),
        "vrf-launch: sub/b:3: cannot read main: a cycle: this line is in what that file reads\n".to_owned(),
    );
    assert_eq!(files.plan(&[]), wrong);
    let files = Files::new(&[("main", "source f0\n")]);
    for n in 0..40 {
        files.add(&format!("f{n}"), &format!("source f{}\n", n + 1));
    }
    assert_eq!(files.plan(&[]).2, "vrf-launch: f30:1: cannot read f31: files read one another more than 32 deep\n");
}

#[test]
fn ten_thousand_files_are_read() {
    let files = Files::new(&[("main", "source d/*.if\n")]);
    fs::create_dir(files.path().join("d")).unwrap();
    for n in 0..10_000 {
        files.add(&format!("d/{n:05}.if"), &format!("auto i{n}\niface i{n}\n"));
    }
    let commands = files.commands();
    assert_eq!(commands.len(), 10_000);
    assert_eq!(commands.last().unwrap(), "d/09999.if:1: link set dev i9999 up");
}

#[test]
fn keywords_of_others_are_told_once() {
    let files = Files::new(&[
        (
            "main",
            "wpa-conf x\ntemplate t\n wpa-ssid a b\nsource s\niface a\n inherit t\n use wifi\niface b\n inherit t\n",
        ),
        ("s", "iface c\n\n dns-search example.org\n"),
    ]);
    let (code, _, err) = files.plan(&["-v"]);
    let passed_over = "passed over: not a keyword that is known here";
    assert_eq!(
        (code, err),
        (
            0,
            format!(
                "vrf-launch: main:3: wpa-ssid \"a b\": {passed_over}\n\
                 vrf-launch: s:3: dns-search \"example.org\": {passed_over}\n"
            )
        )
    );
    assert_eq!(files.plan(&[]).2, "");
}

#[test]
fn the_legacy_forms_are_known() {
    let text = "auto lo eth0 eth1 eth2\niface lo inet loopback\niface eth0 inet static\n address 192.0.2.1\n netmask 255.255.255.128\n \
        network 192.0.2.0\n broadcast 192.0.2.127\n gateway 192.0.2.126\niface eth0 inet6 static\n address 2001:db8::1\n netmask 48\n \
        gateway 2001:db8::ff\niface eth1 inet manual\n up ip link set $IFACE promisc on\ninterface eth2 inet static\n\
        address 10.0.0.1\n pointopoint 10.0.0.2\n hwaddress ether 02:00:00:00:00:01\n metric 7\n gateway 10.0.0.2\n";
    assert_eq!(
        commands(text),
        [
            "link set dev eth0 up",
            "addr add 192.0.2.1/25 dev eth0",
            "addr add 2001:db8::1/48 dev eth0",
            "route add default via 192.0.2.126 dev eth0 metric 1 onlink",
            "-6 route add default via 2001:db8::ff dev eth0 metric 1 onlink",
            "link set dev eth1 up",
            "link set $IFACE promisc on",
            "link set dev eth2 up address 02:00:00:00:00:01",
            "addr add 10.0.0.1/24 peer 10.0.0.2 dev eth2",
            "route add default via 10.0.0.2 dev eth2 metric 7 onlink",
        ]
    );
}

#[test]
fn templates_and_defaults_reach_the_plan() {
    let text = "defaults\n mtu 1400\ntemplate in-red\n vrf red\n gateway 10.0.0.254\niface red\n vrf-table 10\n\
        auto a\niface a\n inherit in-red\n address 10.0.0.1\nauto b\niface b inherits in-red no-defaults\n address 10.0.0.2/8\n";
    assert_eq!(
        commands(text),
        [
            "link add red type vrf table 10",
            "link set dev red up mtu 1400",
            "link set dev a master red",
            "link set dev a up mtu 1400",
            "addr add 10.0.0.1/24 dev a",
            "route add default via 10.0.0.254 dev a vrf red metric 1 onlink",
            "link set dev b master red",
            "link set dev b up",
            "addr add 10.0.0.2/8 dev b",
            "route add default via 10.0.0.254 dev b vrf red metric 1 onlink",
        ]
    );
}

#[test]
fn vlans_come_behind_what_they_are_on() {
    let text = "auto eth0.5 vlan7 wan\niface eth0.5\n vrf red\niface vlan7\n vlan-raw-device eth1\niface wan\n vlan-raw-device eth0.5\n \
        vlan-id 9\n vlan-protocol qinq\niface red\n vrf-table 10\niface d.8\n link-type dummy\nauto d.8 a.b vlan1.2\n";
    assert_eq!(
        commands(text),
        [
            "link add red type vrf table 10",
            "link add link eth0 name eth0.5 type vlan id 5 protocol 802.1Q",
            "link add link eth1 name vlan7 type vlan id 7 protocol 802.1Q",
            "link add link eth0.5 name wan type vlan id 9 protocol 802.1ad",
            "link add d.8 type dummy",
            "link set dev red up",
            "link set dev eth0 up",
            "link set dev eth0.5 master red",
            "link set dev eth0.5 up",
            "link set dev eth1 up",
            "link set dev vlan7 up",
            "link set dev wan up",
            "link set dev d.8 up",
            "link set dev a.b up",
            "link set dev vlan1.2 up",
        ]
    );
}

#[test]
fn bridges_have_their_ports() {
    let text = "auto br0\niface br0\n bridge-ports eth0 d0\n bridge-stp on\n bridge-fd 4\n bridge-vlan-aware yes\n vrf red\n \
        address 10.0.0.1/24\niface d0\n link-type dummy\niface red\n vrf-table 10\nauto br1\niface br1\n bridge-ports none\n bridge-fd 0\n";
    assert_eq!(
        commands(text),
        [
            "link add d0 type dummy",
            "link add red type vrf table 10",
            "link add br0 type bridge stp_state 1 forward_delay 400 vlan_filtering 1",
            "link add br1 type bridge forward_delay 0",
            "link set dev d0 up",
            "link set dev red up",
            "link set dev eth0 up",
            "link set dev eth0 master br0 up",
            "link set dev d0 master br0 up",
            "link set dev br0 master red",
            "link set dev br0 up",
            "addr add 10.0.0.1/24 dev br0",
            "link set dev br1 up",
        ]
    );
}

#[test]
fn a_bridge_may_require_its_ports() {
    let text = "auto br0\niface br0\n use bridge\n requires eth0\n bridge-stp off\nauto eth1\niface eth1\n use ethtool\n requires eth0\n";
    assert_eq!(
        commands(text),
        [
            "link add br0 type bridge stp_state 0",
            "link set dev eth0 up",
            "link set dev eth0 master br0 up",
            "link set dev br0 up",
            // As ifupdown-ng: once for each that requires it.
            "link set dev eth0 up",
            "link set dev eth1 up",
        ]
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let files = Files::new(&[("bad", "# fine\niface b\n mtu \\\n x\n"), ("sub/x", "")]);
    for (text, says) in MALFORMED {
        files.add("main", text);
        let (code, out, err) = files.plan(&[]);
        // A second line may say what was meant.
        let told = err.split_inclusive('\n').filter(|line| !line.starts_with("vrf-launch: did you mean "));
        assert_eq!(
            (code, out, told.collect::<String>()),
            (100, String::new(), format!("vrf-launch: {says}\n")),
            "{text:?}"
        );
    }
    assert!(MALFORMED.len() >= 100);
}

/// A file with `n` VRFs, each with a member that pulls it up and inherits from templates.
fn vrfs(n: usize) -> String {
    let mut text = "defaults\n mtu 1400\ntemplate t\n metric 5\n".to_owned();
    for k in 0..n {
        text += &format!(
            "auto e{k}\niface e{k}\n inherit t\n vrf v{k}\n address 10.0.0.1/24\n gateway 10.0.0.254\n\
             iface v{k}\n vrf-table {}\n vrf-route 10.1.0.0/16 via 10.0.0.2 dev e{k}\n",
            k + 1000
        );
    }
    text
}

/// A file with `n` interfaces, each of which requires the next.
fn interfaces(n: usize) -> String {
    (0..n)
        .map(|k| {
            format!("auto e{k}\niface e{k}\n requires e{}\n address 10.0.0.1/24\n up ip link set e{k} up\n", k + 1)
        })
        .collect()
}

/// Time grows as the file does, and memory has a bound. Ratios are told, not asserted: other programs run, too.
#[test]
fn large_files_are_no_matter() {
    for (what, make, n) in [("interfaces", interfaces as fn(usize) -> String, 10_000), ("VRFs", vrfs, 4_000)] {
        let mut seconds = Vec::new();
        for n in [n, 2 * n] {
            let files = Files::new(&[("main", &make(n))]);
            let start = std::time::Instant::now();
            let mut command = Command::new("sh");
            command.current_dir(files.path()).args(["-c", "ulimit -v 65536; exec \"$0\" -c main plan"]);
            let done = command.arg(elf::binary().unwrap()).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            assert!(done.stdout.split(|byte| *byte == b'\n').count() > 3 * n);
            seconds.push(start.elapsed().as_secs_f64());
        }
        let ratio = seconds[1] / seconds[0];
        println!("{n} {what}: {:.3} s; twice as many: {:.3} s, {ratio:.1} times as long", seconds[0], seconds[1]);
        // Quadratic would be 4, with what 10,000 take at the least in seconds.
        assert!(seconds[1] < 10.0, "{seconds:?}");
    }
}

/// Files that are wrong, and what is said of each.
const MALFORMED: &[(&str, &str)] = &[
    ("iface wan\n vlan-id 4095\n", "main:2: vlan-id \"4095\": not the number of a VLAN (0 to 4094)"),
    ("iface wan\n vlan-protocol x\n", "main:2: vlan-protocol \"x\": neither 802.1q nor 802.1ad"),
    (
        "iface b\n bridge-ports a b/c\n",
        "main:2: bridge-ports \"b/c\": not an interface name: blank, '/', ':' or '%' in it",
    ),
    ("iface b\n bridge-stp x\n", "main:2: bridge-stp \"x\": neither yes nor no"),
    ("auto\n", "main:1: auto \"\": a name is missing"),
    ("iface\n", "main:1: iface \"\": a name is missing"),
    ("template\n", "main:1: template \"\": a name is missing"),
    ("service\n", "main:1: service \"\": a name is missing"),
    ("interface\n", "main:1: interface \"\": a name is missing"),
    ("auto eth0/1\n", "main:1: auto \"eth0/1\": not an interface name: blank, '/', ':' or '%' in it"),
    ("iface eth0:\n", "main:1: iface \"eth0:\": not an interface name: blank, '/', ':' or '%' in it"),
    (
        "iface b\n bond-members a/b\n",
        "main:2: bond-members \"a/b\": not an interface name: blank, '/', ':' or '%' in it",
    ),
    ("iface e\n ipv6-accept-ra 3\n", "main:2: ipv6-accept-ra \"3\": neither 0, 1 nor 2"),
    ("iface a%d\n", "main:1: iface \"a%d\": not an interface name: blank, '/', ':' or '%' in it"),
    (
        "iface 1234567890123456\n",
        "main:1: iface \"1234567890123456\": longer than 15 bytes, the kernel's limit for interface names",
    ),
    ("iface ..\n", "main:1: iface \"..\": not an interface name"),
    ("auto a b c/d e\n", "main:1: auto \"c/d\": not an interface name: blank, '/', ':' or '%' in it"),
    ("mtu 1500\n", "main:1: mtu \"1500\": stands before the first interface"),
    ("address 10.0.0.1/24\niface a\n", "main:1: address \"10.0.0.1/24\": stands before the first interface"),
    ("vrf-table 10\n", "main:1: vrf-table \"10\": stands before the first interface"),
    ("vrf-tabel 10\n", "main:1: vrf-tabel \"10\": stands before the first interface"),
    ("iface a\n inherit t\n", "main:2: inherit \"t\": there is no template of that name"),
    ("iface a\n inherit\n", "main:2: inherit \"\": a value is missing"),
    ("iface a inherits\n", "main:1: inherits \"\": a name is missing"),
    ("iface a inherits t\n", "main:1: inherits \"t\": there is no template of that name"),
    ("template t\n inherit t\n", "main:2: inherit \"t\": a cycle: it inherits from itself, or by others"),
    (
        "template t\n inherit u\ntemplate u\n inherit t\n",
        "main:4: inherit \"t\": a cycle: it inherits from itself, or by others",
    ),
    ("iface a\n inherit a\n", "main:2: inherit \"a\": a cycle: it inherits from itself, or by others"),
    ("defaults\n mtu x\n", "main:2: mtu \"x\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)"),
    ("template t\n address 10.0.0.1/33\n", "main:2: address \"10.0.0.1/33\": prefix length does not fit the address"),
    ("defaults\n inherit defaults\n", "main:2: inherit \"defaults\": a cycle: it inherits from itself, or by others"),
    ("iface a\n address\n", "main:2: address \"\": a value is missing"),
    ("iface a\n address 10.0.0\n", "main:2: address \"10.0.0\": not an IPv4 or IPv6 address"),
    ("iface a\n address 10.0.0.256/24\n", "main:2: address \"10.0.0.256/24\": not an IPv4 or IPv6 address"),
    ("iface a\n address 10.0.0.1/33\n", "main:2: address \"10.0.0.1/33\": prefix length does not fit the address"),
    ("iface a\n address 10.0.0.1/\n", "main:2: address \"10.0.0.1/\": not a prefix length or netmask"),
    ("iface a\n address 10.0.0.01/8\n", "main:2: address \"10.0.0.01/8\": not an IPv4 or IPv6 address"),
    ("iface a\n address fd00::1/129\n", "main:2: address \"fd00::1/129\": not a prefix length or netmask"),
    ("iface a\n address fd00:::1\n", "main:2: address \"fd00:::1\": not an IPv4 or IPv6 address"),
    ("iface a\n address fd00::1%eth0\n", "main:2: address \"fd00::1%eth0\": not an IPv4 or IPv6 address"),
    (
        "iface a\n address fd00::1/255.0.0.0\n",
        "main:2: address \"fd00::1/255.0.0.0\": prefix length does not fit the address",
    ),
    (
        "iface a\n address 10.0.0.1/255.0.255.0\n",
        "main:2: address \"10.0.0.1/255.0.255.0\": not a netmask: its ones are not contiguous",
    ),
    ("iface a\n address dhcp\n", "main:2: address \"dhcp\": not an IPv4 or IPv6 address"),
    (
        "iface a\n netmask 255.255.0.255\n",
        "main:2: netmask \"255.255.0.255\": not a netmask: its ones are not contiguous",
    ),
    ("iface a\n netmask 129\n", "main:2: netmask \"129\": not a prefix length or netmask"),
    ("iface a\n netmask ffff::\n", "main:2: netmask \"ffff::\": not a prefix length or netmask"),
    ("iface a\n address 10.0.0.1\n netmask 64\n", "main:2: address \"10.0.0.1\": the netmask does not fit the address"),
    ("iface a\n gateway 10.0.0.1/24\n", "main:2: gateway \"10.0.0.1/24\": not an IPv4 or IPv6 address"),
    ("iface a\n gateway none\n", "main:2: gateway \"none\": not an IPv4 or IPv6 address"),
    ("iface a\n gateway\n", "main:2: gateway \"\": a value is missing"),
    ("iface a\n point-to-point 10.0.0\n", "main:2: point-to-point \"10.0.0\": not an IPv4 or IPv6 address"),
    ("iface a\n pointopoint x\n", "main:2: pointopoint \"x\": not an IPv4 or IPv6 address"),
    ("iface a\n mtu\n", "main:2: mtu \"\": a value is missing"),
    ("iface a\n mtu 1k\n", "main:2: mtu \"1k\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)"),
    ("iface a\n mtu -1\n", "main:2: mtu \"-1\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)"),
    (
        "iface a\n mtu 4294967296\n",
        "main:2: mtu \"4294967296\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)",
    ),
    ("iface a\n mtu 010\n", "main:2: mtu \"010\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)"),
    ("iface a\n metric x\n", "main:2: metric \"x\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)"),
    ("iface a\n metric 0x\n", "main:2: metric \"0x\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)"),
    (
        "iface a\n hwaddress 02:00:00:00:00\n",
        "main:2: hwaddress \"02:00:00:00:00\": not an Ethernet address (00:11:22:33:44:55)",
    ),
    ("iface a\n hwaddress ether\n", "main:2: hwaddress \"\": not an Ethernet address (00:11:22:33:44:55)"),
    (
        "iface a\n hwaddress ether 02-00-00-00-00-01\n",
        "main:2: hwaddress \"02-00-00-00-00-01\": not an Ethernet address (00:11:22:33:44:55)",
    ),
    (
        "iface a\n alias it's \"both\"\n",
        "main:2: alias \"it's \"both\"\": an alias with an apostrophe and one of \" $ ` \\",
    ),
    (
        "iface a\n link-type veth\n veth-peer-name a/b\n",
        "main:3: veth-peer-name \"a/b\": not an interface name: blank, '/', ':' or '%' in it",
    ),
    ("iface a\n requires\n", "main:2: requires \"\": a value is missing"),
    ("iface v\n vrf-table 0\n", "main:2: vrf-table \"0\": not a table number (1 to 4294967295)"),
    (
        "iface v\n vrf-table 254\n",
        "main:2: vrf-table \"254\": tables 253, 254 and 255 are the machine's own (default, main, local)",
    ),
    ("iface v\n vrf-table main\n", "main:2: vrf-table \"main\": not a table number (1 to 4294967295)"),
    ("iface v\n vrf-table 4294967296\n", "main:2: vrf-table \"4294967296\": not a table number (1 to 4294967295)"),
    ("iface v\n vrf-table\n", "main:2: vrf-table \"\": a value is missing"),
    (
        "iface v\n vrf-table 5\niface w\n vrf-table 0x5\n",
        "main:4: vrf-table \"0x5\": the table of another VRF of this file",
    ),
    (
        "template t\n vrf-table 5\niface v\n inherit t\niface w\n inherit t\n",
        "main:2: vrf-table \"5\": the table of another VRF of this file",
    ),
    ("iface a\n vrf red/blue\n", "main:2: vrf \"red/blue\": not an interface name: blank, '/', ':' or '%' in it"),
    (
        "iface a\n vrf-member 1234567890123456\n",
        "main:2: vrf-member \"1234567890123456\": longer than 15 bytes, the kernel's limit for interface names",
    ),
    ("iface a\n vrf\n", "main:2: vrf \"\": a value is missing"),
    ("iface v\n vrf-rules perhaps\n", "main:2: vrf-rules \"perhaps\": neither yes nor no"),
    ("iface v\n vrf-loopback 2\n", "main:2: vrf-loopback \"2\": neither yes nor no"),
    ("iface v\n vrf-isolation total\n", "main:2: vrf-isolation \"total\": the levels are bind, guard, strict"),
    ("iface v\n vrf-strict-mode x\n", "main:2: vrf-strict-mode \"x\": neither yes nor no"),
    ("iface v\n vrf-accept tcp icmp\n", "main:2: vrf-accept \"icmp\": neither tcp, udp nor raw"),
    (
        "iface v\n vrf-route ten\n",
        "main:2: vrf-route \"ten\": not a route: PREFIX [via GATEWAY] [dev INTERFACE] [metric N]",
    ),
    (
        "iface v\n vrf-route 10.0.0.0/8 table 5\n",
        "main:2: vrf-route \"10.0.0.0/8 table 5\": the table is the VRF's own and is not said again",
    ),
    (
        "iface v\n vrf-route 10.0.0.1/8 via\n",
        "main:2: vrf-route \"10.0.0.1/8 via\": bits are set beyond the prefix length",
    ),
    (
        "iface v\n vrf-route unreachable\n",
        "main:2: vrf-route \"unreachable\": not a route: PREFIX [via GATEWAY] [dev INTERFACE] [metric N]",
    ),
    (
        "iface v\n vrf-routes 10.0.0.0/8\n",
        "main:2: vrf-routes \"10.0.0.0/8\": no such keyword; those with vrf- are vrf-table, vrf-member, vrf-route, vrf-rules, vrf-loopback, vrf-isolation, vrf-shared, vrf-accept, vrf-strict-mode",
    ),
    ("iface a\n up\n", "main:2: up \"\": a value is missing"),
    (
        "iface a\n up ip link set eth0 mtu x\n",
        "main:2: up \"x\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)",
    ),
    (
        "iface a\n post-up ip route add 10.0.0.1/8 dev a\n",
        "main:2: post-up \"10.0.0.1/8\": bits are set beyond the prefix length",
    ),
    (
        "iface a\n pre-up ip rule add pref x table 5\n",
        "main:2: pre-up \"x\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)",
    ),
    ("iface a\n down ip addr del 10.0.0.300 dev a\n", "main:2: down \"10.0.0.300\": not an IPv4 or IPv6 address"),
    (
        "iface a\n post-down ip link del a/b\n",
        "main:2: post-down \"a/b\": not an interface name: blank, '/', ':' or '%' in it",
    ),
    (
        "iface a\n pre-down ip route add default via 10.0.0.0/8\n",
        "main:2: pre-down \"10.0.0.0/8\": an address without a prefix length belongs here",
    ),
    (
        "auto a\niface a\n requires a\n",
        "main:3: requires \"a\": a cycle: it requires, by itself or by others, this interface",
    ),
    (
        "auto a\niface a\n requires b\niface b\n requires c\niface c\n requires b\n",
        "main:7: requires \"b\": a cycle: it requires, by itself or by others, this interface",
    ),
    ("source\n", "main:1: source \"\": a value is missing"),
    ("source-directory\n", "main:1: source-directory \"\": a value is missing"),
    ("source none.cfg\n", "main:1: cannot read none.cfg: ENOENT (no such file or directory)"),
    ("source ~/x\n", "main:1: cannot read ~/x: only the wildcards *, ? and [...] are expanded here"),
    ("source $HOME/x\n", "main:1: cannot read $HOME/x: only the wildcards *, ? and [...] are expanded here"),
    ("source 'x y'\n", "main:1: cannot read 'x: only the wildcards *, ? and [...] are expanded here"),
    ("iface a\nsource main\n", "main:2: cannot read main: a cycle: this line is in what that file reads"),
    ("source .\n", "main:1: cannot read .: EISDIR (is a directory)"),
    ("\n\nsource sub\n", "main:3: cannot read sub: EISDIR (is a directory)"),
    ("source bad\n", "bad:3: mtu \"x\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)"),
    ("iface a\n mtu 1500 1400\n", "main:2: mtu \"1400\": one word too many"),
    ("iface a\n vrf red blue\n", "main:2: vrf \"blue\": one word too many"),
    ("iface v\n vrf-table 10 # red\n vrf-table 10 red\n", "main:3: vrf-table \"red\": one word too many"),
    ("iface a\n\tmtu \\\n\n\tmtu x\n", "main:2: mtu \"\": a value is missing"),
    (
        "iface a # x\r\n mtu 15OO\r\n",
        "main:2: mtu \"15OO\": not a number (decimal, or 0x and hexadecimal, up to 4294967295)",
    ),
];
