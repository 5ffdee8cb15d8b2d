//! The chart of README.md: bars, as an SVG that is readable on light and dark pages.

use std::fmt::Write as _;

use anyhow::Result;

use crate::figures::Figures;

/// A group of bars: its heading, its table and column, the rows and how they are called.
type Group = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const GROUPS: [Group; 4] = [
    (
        "A launch, instructions",
        "launch",
        "instructions",
        &[
            ("fork and exec", "nothing but fork and exec"),
            ("vrf-launch, bind", "vrf-launch, bind"),
            ("vrf-launch, guard", "vrf-launch, guard"),
            ("setpriv (util-linux)", "setpriv"),
            ("ip netns exec", "ip netns exec"),
            ("ip vrf exec", "ip vrf exec"),
        ],
    ),
    (
        "A UDP question and its answer, instructions",
        "a UDP question and its answer",
        "instructions",
        &[
            ("no VRF", "nothing"),
            ("ip vrf exec", "ip vrf exec"),
            ("vrf-launch, guard", "vrf-launch, guard"),
            ("nftables, a match of the cgroup", "nftables"),
            ("network namespace and veth", "namespace and veth"),
        ],
    ),
    (
        "Setting up the first file above, instructions",
        "set-up of the seed",
        "instructions",
        &[
            ("vrf-launch up", "vrf-launch up"),
            ("ip -batch, once for each family", "ip -batch"),
            ("a shell script of ip commands", "a script of ip commands"),
            ("ifupdown-ng with iproute2", "ifupdown-ng"),
        ],
    ),
    (
        "Installed with all libraries, KiB",
        "installed, with all libraries",
        "KiB",
        &[
            ("vrf-launch", "vrf-launch"),
            ("nftables", "nftables"),
            ("iproute2: ip vrf exec, ip netns exec", "iproute2"),
            ("ifupdown-ng, iproute2 and a shell: the recipe", "the recipe's tools"),
        ],
    ),
];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.h{font-weight:600}.b{fill:#8c959f}.o{fill:#0969da}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#6e7681}.o{fill:#4493f8}}";

/// Where bars begin, and how long the longest is.
const LEFT: u64 = 190;
const LENGTH: u64 = 420;

/// Draws it; groups of which nothing was measured are left out.
pub fn draw(all: &Figures) -> Result<String> {
    let mut body = String::new();
    let mut y = 4;
    for (heading, table, column, rows) in GROUPS {
        let found: Vec<(&str, &str, u64)> = rows
            .iter()
            .filter_map(|(row, text)| Some((*row, *text, all.find([table, row, column])?.median())))
            .collect();
        let Some(most) = found.iter().map(|(_, _, value)| *value).max() else { continue };
        y += 20;
        writeln!(body, "<text class=\"h\" x=\"4\" y=\"{y}\">{heading}</text>")?;
        for (row, text, value) in found {
            y += 20;
            let class = if row.starts_with("vrf-launch") { "o" } else { "b" };
            let width = (value * LENGTH / most.max(1)).max(1);
            writeln!(body, "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{text}</text>", LEFT - 8)?;
            writeln!(
                body,
                "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{width}\" height=\"13\" rx=\"2\"/>",
                y - 11
            )?;
            writeln!(body, "<text x=\"{}\" y=\"{y}\">{}</text>", LEFT + width + 6, thousands(value))?;
        }
        y += 12;
    }
    let width = LEFT + LENGTH + 90;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y}\" width=\"{width}\" height=\"{y}\" role=\"img\" \
         aria-label=\"Costs of vrf-launch and of other ways\"><style>{STYLE}</style>\n{body}</svg>\n"
    ))
}

/// A number with commas.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && matches!((digits.len() - place) % 3, 0) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
