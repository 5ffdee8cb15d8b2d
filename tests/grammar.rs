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
            } else if line != "ip link set dev lo up" {
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
            "main:2: link set dev a up mtu 1400 alias 'a'",
            "one.cfg:3: link set dev b up mtu 1500",
            "main:7: link set dev d up alias 'd'",
            "sub/1.cfg:1: link set dev e up mtu 1600",
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
    files.add("c", "iface c\n alias \\\n c\nauto e # \\\nauto d\\\n e:1");
    assert_eq!(
        files.plan(&[]).2,
        "vrf-launch: c:5: auto \"e:1\": not an interface name: blank, '/', ':' or '%' in it\n"
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
