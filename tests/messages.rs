//! What the program says on the host, where neither a VRF nor privileges are needed: typos and what was meant, help.

use std::process::{Command, Output};
use std::{fs, str};

use vrf_launch_tests::elf::binary;

fn run(args: &[&str]) -> Output {
    Command::new(binary().expect("the binary")).args(args).output().expect("it can be run")
}

fn said(output: &Output) -> Vec<String> {
    str::from_utf8(&output.stderr).expect("ASCII").lines().map(str::to_owned).collect()
}

/// The command line, and what is meant; empty where nobody can know.
const TYPOS: &[(&str, &str)] = &[
    // commands
    ("dwon", "down"),
    ("pu", "up"),
    ("upp", "up"),
    ("chekc", "check"),
    ("chec", "check"),
    ("plna", "plan"),
    ("adpot", "adopt"),
    ("identfy", "identify"),
    ("shwo", "show"),
    ("explian", "explain"),
    ("confrim", "confirm"),
    ("restart", ""),
    ("web1", ""),
    // options
    ("--isolatoin guard mgmt id", "--isolation"),
    ("--isolation=x --no-new-priv yes mgmt id", ""),
    ("--dryrun up", "--dry-run"),
    ("up --dry-rum", "--dry-run"),
    ("--confg=/x up", "--config"),
    ("--resolv-con /x mgmt id", "--resolv-conf"),
    ("--verbos up", "--verbose"),
    ("--hlep", "--help"),
    ("--frobnicate", ""),
    ("-x up", ""),
    // values
    ("--isolation gaurd mgmt id", "guard"),
    ("--isolation strickt mgmt id", "strict"),
    ("--isolation none mgmt id", ""),
    ("--bind secomp mgmt id", "seccomp"),
    ("--bind cgruop mgmt id", "cgroup"),
    ("--bind nftables mgmt id", ""),
];

#[test]
fn typos_on_the_command_line() {
    for &(line, wanted) in TYPOS {
        let output = run(&line.split(' ').collect::<Vec<_>>());
        let lines = said(&output);
        assert_eq!(output.status.code(), Some(100), "{line}: {lines:?}");
        let meant = lines.get(1).and_then(|second| second.strip_prefix("vrf-launch: did you mean "));
        assert_eq!(meant.and_then(|meant| meant.strip_suffix('?')).unwrap_or_default(), wanted, "{line}: {lines:?}");
        assert!(lines.len() <= 2, "{line}: {lines:?}");
    }
}

/// Lines of a configuration, the exit code of `plan`, and what is meant.
const CONFIGURED: &[(&str, i32, &str)] = &[
    ("iface a\nvrf-tabel 10", 100, "vrf-table"),
    ("iface a\nvrf-rotue 10.0.0.0/8", 100, "vrf-route"),
    ("iface a\nvrf-nonsense 1", 100, ""),
    ("iface a\nvrf-isolation gaurd", 100, "guard"),
    ("iface a\nvrf-isolation all", 100, ""),
    ("service a\nexce /bin/true", 100, "exec"),
    ("service a\nexec /bin/true\nrespwan yes", 100, "respawn"),
    ("service a\nexec /bin/true\nrespawn on-failur", 100, "on-failure"),
    ("service a\nexec /bin/true\ncolour red", 100, ""),
    // Others' keywords are passed over in silence; what is nearly one of ours is said.
    ("iface a\nadress 10.0.0.1/24", 0, "address"),
    ("iface a\ngatewya 10.0.0.1", 0, "gateway"),
    ("iface a\nbridge-prots eth0", 0, "bridge-ports"),
    ("iface a\npots-up ip link set lo up", 0, "post-up"),
    ("iface a\nhwadress 00:00:00:00:00:01", 0, "hwaddress"),
    ("iface a\nvxlan-id 7", 0, ""),
    ("iface a\nnetwork 10.0.0.0\nbroadcast 10.0.0.255\ndns-nameservers 9.9.9.9\nbond-mode 1\nmtu6 1300", 0, ""),
    (
        "iface a\nwpa-ssid home\nethtool-link-speed 10\nbridge-pvid 1\nttl 64\nkey 7\nlocal 10.0.0.1\nmode gre\nhostname x",
        0,
        "",
    ),
];

/// Each with an option that its command has no use for, and that option.
const MISPLACED: &[(&str, &str)] = &[
    ("--dry-run run", "--dry-run"),
    ("-n mgmt id", "--dry-run"),
    ("plan -n", "--dry-run"),
    ("up --diff", "--diff"),
    ("--isolation strict default -- id", "--isolation"),
    ("--isolation=bind default id", "--isolation"),
    ("--bind cgroup default id", "--bind"),
    ("--exact mgmt id", "--exact"),
    ("--exact run", "--exact"),
    ("--json up", "--json"),
    ("--json default id", "--json"),
    ("down --wait 3", "--wait"),
    ("show --isolation guard", "--isolation"),
    ("up --user nobody", "--user"),
    ("run --listen tcp:22", "--listen"),
    ("run --inetd", "--inetd"),
    ("check --keep-fd 3", "--keep-fd"),
    ("adopt mgmt 1 --no-new-privs yes", "--no-new-privs"),
    ("confirm --confirm 3", "--confirm"),
    ("--max-connections 3 mgmt id", "--max-connections"),
    ("--json ip link", "--json"),
    ("--env A=b help", "--env"),
    ("pids mgmt --from 10.0.0.1", "--from"),
];

#[test]
fn an_option_that_a_command_does_not_take_is_an_error() {
    for &(line, option) in MISPLACED {
        let output = run(&line.split(' ').collect::<Vec<_>>());
        let lines = said(&output);
        assert_eq!(output.status.code(), Some(100), "{line}: {lines:?}");
        assert!(output.stdout.is_empty(), "{line}");
        let first = lines.first().map_or("", String::as_str);
        assert!(first.starts_with(&format!("vrf-launch: argument \"{option}\": ")), "{line}: {lines:?}");
    }
}

#[test]
fn typos_in_a_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("conf");
    let file = path.to_str().expect("a path in ASCII");
    for &(text, code, wanted) in CONFIGURED {
        fs::write(&path, text).expect("a file");
        let output = run(&["-c", file, "plan"]);
        let lines = said(&output);
        assert_eq!(output.status.code(), Some(code), "{text}: {lines:?}");
        let second = if wanted.is_empty() { None } else { Some(format!("vrf-launch: did you mean {wanted}?")) };
        assert_eq!(lines.get(1), second.as_ref(), "{text}: {lines:?}");
        assert_eq!(lines.is_empty(), code == 0 && wanted.is_empty(), "{text}: {lines:?}");
    }
    fs::write(&path, "iface eth0\n  adress 10.0.0.1/24\nservice sshd\n  exec /bin/true").expect("a file");
    for (args, wanted) in [
        (vec!["up", "eht0"], "eth0"),
        (vec!["up", "eth1"], ""),
        (vec!["run", "shsd"], "sshd"),
        (vec!["run", "nginx"], ""),
    ] {
        let output = run(&[&["-q", "-c", file], &args[..]].concat());
        let lines = said(&output);
        assert_eq!(output.status.code(), Some(100), "{args:?}: {lines:?}");
        let second = if wanted.is_empty() { None } else { Some(format!("vrf-launch: did you mean {wanted}?")) };
        assert_eq!(lines.get(1), second.as_ref(), "{args:?}: {lines:?}");
    }
    // -q leaves mistakes that are none to this program unsaid.
    assert_eq!(said(&run(&["-q", "-c", file, "plan"])), Vec::<String>::new());
}

#[test]
fn every_command_has_its_help() {
    let help = |args: &[&str]| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(said(&output), Vec::<String>::new(), "{args:?}");
        String::from_utf8(output.stdout).expect("ASCII")
    };
    let all = help(&["--help"]);
    assert_eq!(all, help(&["help"]));
    assert_eq!(all, help(&["-h"]));
    assert_eq!(all, help(&["--help", "mgmt", "sshd"]));
    let commands = ["up", "confirm", "down", "run", "init", "plan", "pids", "identify", "adopt", "check"];
    for command in commands {
        let text = help(&[command, "--help"]);
        assert_eq!(text, help(&["help", command]), "{command}");
        assert_eq!(text, help(&["--help", command]), "{command}");
        assert!(text.starts_with(&format!("  vrf-launch {command} ")), "{command}: {text}");
        assert!(all.contains(text.lines().next().unwrap_or("?")), "{command}: {text}");
        assert!(text.lines().count() <= 24 && text.lines().all(|line| line.len() <= 90), "{command}: {text}");
        let texts = text.split("\n\n").collect::<Vec<_>>();
        assert!(texts.len() == 3 && texts.iter().all(|part| !part.trim().is_empty()), "{command}: {text}");
    }
    assert!(help(&["up", "--help"]).contains("--confirm SECONDS"));
    assert!(!help(&["up", "--help"]).contains("--listen"));
    // Of a service's own command it is no business of ours.
    assert_eq!(
        run(&["default", "--", "/bin/false", "--help"]).status.code(),
        run(&["default", "--", "/bin/false"]).status.code()
    );
}
