//! The manual: its pages are right and know every command, option and keyword; so do the completions of shells, which do what they
//! promise.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use regex::Regex;
use vrf_launch_tests::elf::{binary, repository};
use vrf_launch_tests::vm::host;

fn file(name: &str) -> PathBuf {
    repository().join("initramfs").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(file(name)).expect(name)
}

/// Runs a program of the host; where it is not installed, that is an error only in a continuous integration.
fn tool(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) if host::is_ci() => panic!("{command:?}: {error}"),
        Err(error) => {
            println!("skipped: {command:?}: {error}");
            None
        }
    }
}

/// What `--help` names: commands, and long options.
fn helped() -> (BTreeSet<String>, BTreeSet<String>) {
    let output = Command::new(binary().expect("the binary")).arg("--help").output().expect("it can be run");
    let help = String::from_utf8(output.stdout).expect("ASCII");
    let find = |pattern: &str| {
        let pattern = Regex::new(pattern).expect("a pattern");
        pattern.captures_iter(&help).map(|found| found[1].to_owned()).collect::<BTreeSet<_>>()
    };
    (find(r"(?m)^  vrf-launch ([a-z]+) "), find(r"--([a-z-]+[a-z])"))
}

#[test]
fn pages_are_without_fault() {
    for page in ["man/vrf-launch.8", "man/vrf-launch.conf.5"] {
        let Some(output) = tool(Command::new("mandoc").args(["-T", "lint"]).arg(file(page))) else { return };
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{page}: {said}");
    }
}

#[test]
fn every_command_and_option_is_in_the_page_and_in_the_completions() {
    let (commands, options) = helped();
    assert!(commands.len() >= 10 && options.len() >= 20, "{commands:?} {options:?}");
    let page = text("man/vrf-launch.8");
    let (bash, zsh, fish) =
        (text("completions/vrf-launch.bash"), text("completions/_vrf-launch"), text("completions/vrf-launch.fish"));
    for command in &commands {
        assert!(page.contains(&format!(".It Cm {command}")), "the page lacks {command}");
        assert!(
            bash.contains(&format!(" {command} ")) || bash.contains(&format!("'{command} ")),
            "bash lacks {command}"
        );
        assert!(zsh.contains(&format!("{command}:")), "zsh lacks {command}");
        assert!(fish.contains(&format!(" -a {command} ")), "fish lacks {command}");
    }
    for option in options.iter().filter(|option| *option != "help" && *option != "version") {
        assert!(
            page.contains(&format!("Fl -{option}")) || page.contains(&format!(", -{option}")),
            "the page lacks {option}"
        );
        assert!(bash.contains(&format!("--{option}")), "bash lacks {option}");
        assert!(zsh.contains(&format!("--{option}")), "zsh lacks {option}");
        assert!(fish.contains(&format!("-l {option} ")), "fish lacks {option}");
    }
}

#[test]
fn every_keyword_is_in_the_page() {
    let page = text("man/vrf-launch.conf.5");
    let names = |file: &str, table: &str| {
        let source = fs::read_to_string(repository().join("src/conf").join(file)).expect("a source");
        let table = source.split_once(table).expect("a table").1;
        let table = table.split_once("b\"").expect("a string").1.split_once('"').expect("its end").0;
        let table = Regex::new(r"\\x..").expect("a pattern").replace_all(table, "?").replace("\\\n", "");
        let words = table.split_whitespace().map(|entry| entry.chars().skip(1).collect::<String>());
        words
            .filter(|word| word.chars().all(|byte| byte.is_ascii_lowercase() || "-_".contains(byte)))
            .collect::<Vec<_>>()
    };
    let keywords = [names("keywords.rs", "NAMES: &[u8] ="), names("services.rs", "NAMES: &[u8] =")].concat();
    assert!(keywords.len() > 50, "{keywords:?}");
    for keyword in keywords {
        let known = page.contains(&keyword)
            || keyword.starts_with("bridge-")
            || keyword.starts_with("bond-")
            || keyword == "pointopoint";
        assert!(known, "the page lacks {keyword}");
    }
}

/// What a newcomer reads.
const TEXTS: [&str; 6] = ["../README.md", "README.md", "cookbook.md", "reference.md", "isolation.md", "bpf.md"];

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").expect("a pattern");
    let mut links = 0;
    for name in TEXTS {
        for found in link.captures_iter(&text(name)) {
            let path = file(name).with_file_name("").join(&found[1]);
            // What `make bench` draws is there when it has been run.
            assert!(path.exists() || found[1].contains("bench/result"), "{name}: {} is not there", &found[1]);
            links += 1;
        }
    }
    assert!(links > 10, "{links}");
}

/// Commands of `make` in the boxes; what they do is what other tests are about.
#[test]
fn every_target_of_make_is_known() {
    let makefile = fs::read_to_string(repository().join("Makefile")).expect("the Makefile");
    let command = Regex::new(r"(?m)^(?:[A-Z_]+=[^ ]+ )?make (.*)$").expect("a pattern");
    let mut targets = 0;
    for name in TEXTS {
        for found in command.captures_iter(&text(name)) {
            let line = found[1].split('#').next().unwrap_or_default().to_owned();
            for target in line.split_whitespace().filter(|word| !word.contains('=')) {
                assert!(makefile.contains(&format!("\n{target}: ")), "{name}: make {target}");
                targets += 1;
            }
        }
    }
    assert!(targets >= 6, "{targets}");
}

/// Words of a command line of which the last is to be completed; some of what is offered, and something that is not.
const COMPLETIONS: [(&[&str], &[&str], &str); 13] = [
    (&["u"], &["up"], "down"),
    (&["pl"], &["plan"], "pids"),
    (&[""], &["up", "explain", "default", "mgmt", "tenant"], "eth0"),
    (&["m"], &["mgmt"], "tenant"),
    (&["--iso"], &["--isolation"], "--bind"),
    (&["--isolation", ""], &["bind", "guard", "strict"], "none"),
    (&["--isolation", "=", "g"], &["guard"], "bind"),
    (&["-c", "CONF", "up", ""], &["eth0", "mgmt"], "sshd"),
    (&["--config", "=", "CONF", "run", "s"], &["sshd"], "eth0"),
    (&["--bind", "seccomp", "mgmt", "mkd"], &["mkdir"], "up"),
    (&["mgmt", "--", "mkd"], &["mkdir"], "up"),
    (&["check", ""], &["mgmt", "tenant"], "up"),
    (&["help", "e"], &["explain"], "up"),
];

#[test]
fn bash_completes() {
    let folder = tempfile::tempdir().expect("a folder");
    let conf = folder.path().join("conf");
    fs::write(&conf, "auto eth0\niface eth0\n  vrf mgmt\niface mgmt\n\tvrf-table 1\nservice sshd\n  exec x\n")
        .expect("a file");
    // What knows the VRFs of the machine.
    let fake = folder.path().join("vrf-launch");
    fs::write(&fake, "#!/bin/sh\necho Name\necho ---\necho 'mgmt    10'\necho 'tenant  20'\n").expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&fake, mode).expect("a program");
    let script = "export PATH=$1:$PATH; . \"$2\"; shift 2; COMP_WORDS=(vrf-launch \"$@\"); COMP_CWORD=$#; _vrf_launch; \
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    for (words, wanted, unwanted) in COMPLETIONS {
        let words = words.iter().map(|word| if *word == "CONF" { conf.to_str().expect("a path") } else { word });
        let mut command = Command::new("bash");
        command.args(["-uc", script, "bash"]).arg(folder.path()).arg(file("completions/vrf-launch.bash")).args(words);
        let Some(output) = tool(&mut command) else { return };
        let offered = String::from_utf8(output.stdout).expect("ASCII");
        let offered: Vec<_> = offered.lines().collect();
        for word in wanted {
            assert!(offered.contains(word), "{command:?}: {word} is not among {offered:?}");
        }
        assert!(!offered.contains(&unwanted), "{command:?}: {unwanted} is among {offered:?}");
    }
}

#[test]
fn zsh_and_fish_can_read_theirs() {
    for (shell, name) in [("zsh", "completions/_vrf-launch"), ("fish", "completions/vrf-launch.fish")] {
        let Some(output) = tool(Command::new(shell).arg("-n").arg(file(name))) else { continue };
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let completed = |line: &str| {
        let script = format!("source {}; complete -C '{line}'", file("completions/vrf-launch.fish").display());
        let output = tool(Command::new("fish").args(["-c", &script]))?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    if let Some(offered) = completed("vrf-launch expl") {
        assert!(offered.starts_with("explain\t"), "{offered}");
        assert!(completed("vrf-launch --isolation ").unwrap_or_default().contains("strict"));
    }
}
