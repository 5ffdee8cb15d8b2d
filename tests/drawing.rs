//! The drawing of how a packet goes, made of its text: `initramfs/packet.svg` is what `initramfs/packet.txt` says.
//!
//! `BLESS=1` writes it. Its colours follow the reader's: light, or dark where that is preferred.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, fs};

use vrf_launch_tests::elf::repository;

/// Pixels: a box, and what is between the beginnings of two.
const BOX: (usize, usize) = (206, 46);
const STEP: (usize, usize) = (232, 84);
/// Where the first one begins.
const FIRST: (usize, usize) = (14, 74);

const STYLE: &str = "
text { font: 13px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
.title { font-size: 16px; font-weight: 600; text-anchor: start }
.lane { font-weight: 600 }
.label { font-size: 11px; text-anchor: start; fill: #59636e }
rect { fill: #f6f8fa; stroke: #8c959f; rx: 6px }
.ours { fill: #ddf4ff; stroke: #0969da; stroke-width: 1.6px }
.end { fill: #dafbe1; stroke: #1a7f37 }
.refusal { fill: #ffebe9; stroke: #cf222e }
path { stroke: #59636e; fill: none; stroke-width: 1.3px; marker-end: url(#tip) }
marker path { fill: #59636e; stroke: none; marker-end: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.label { fill: #9198a1 }
rect { fill: #151b23; stroke: #656c76 }
.ours { fill: #0c2d4a; stroke: #4493f8 }
.end { fill: #10301b; stroke: #3fb950 }
.refusal { fill: #3b1618; stroke: #f85149 }
path { stroke: #9198a1 }
marker path { fill: #9198a1 }
}
";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn draw(text: &str) -> String {
    let (mut body, mut title) = (String::new(), "");
    let mut boxes = BTreeMap::new();
    let place = |column: usize, row: usize| (FIRST.0 + column * STEP.0, FIRST.1 + row * STEP.1);
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').expect("a word and more");
        let words: Vec<&str> = rest.split(' ').collect();
        let number = |at: usize| words[at].parse::<usize>().expect("a number");
        match word {
            "title" => title = rest,
            "lane" => {
                let (x, y) = place(number(0), 0);
                let text = escaped(&words[1..].join(" "));
                writeln!(body, "<text class=\"lane\" x=\"{}\" y=\"{}\">{text}</text>", x + BOX.0 / 2, y - 14)
                    .expect("room");
            }
            "box" => {
                let (column, row) = (number(0), number(1));
                let (x, y) = place(column, row);
                boxes.insert((column, row), ());
                let class = match words[2] {
                    "*" => " class=\"ours\"",
                    "+" => " class=\"end\"",
                    "!" => " class=\"refusal\"",
                    _ => "",
                };
                writeln!(body, "<rect{class} x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"/>", BOX.0, BOX.1)
                    .expect("room");
                let text = words[3..].join(" ");
                let lines: Vec<&str> = text.split('|').collect();
                for (n, line) in lines.iter().enumerate() {
                    let y = y + BOX.1 / 2 + 5 + 17 * n - 8 * (lines.len() - 1);
                    writeln!(body, "<text x=\"{}\" y=\"{y}\">{}</text>", x + BOX.0 / 2, escaped(line)).expect("room");
                }
            }
            "arrow" => {
                let (from, to) = ((number(0), number(1)), (number(2), number(3)));
                assert!(boxes.contains_key(&from) && boxes.contains_key(&to), "{line}: no such box");
                let ((x, y), (to_x, to_y)) = (place(from.0, from.1), place(to.0, to.1));
                let label = words.get(4..).unwrap_or_default().join(" ");
                let (path, label_x, label_y) = if from.0 == to.0 {
                    let middle = x + BOX.0 / 2;
                    (format!("M{middle} {} V{}", y + BOX.1, to_y - 1), middle + 6, y + BOX.1 + 22)
                } else {
                    let middle = y + BOX.1 / 2;
                    (format!("M{} {middle} H{}", x + BOX.0, to_x - 1), x + BOX.0 + 3, middle - 5)
                };
                writeln!(body, "<path d=\"{path}\"/>").expect("room");
                if !label.is_empty() {
                    let label = escaped(&label);
                    writeln!(body, "<text class=\"label\" x=\"{label_x}\" y=\"{label_y}\">{label}</text>")
                        .expect("room");
                }
            }
            _ => panic!("{line}: not known"),
        }
    }
    let columns = boxes.keys().map(|place| place.0).max().unwrap_or(0) + 1;
    let rows = boxes.keys().map(|place| place.1).max().unwrap_or(0) + 1;
    let (width, height) = (FIRST.0 + columns * STEP.0, FIRST.1 + rows * STEP.1);
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" \
aria-label=\"{title}\">\n<style>{STYLE}</style>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 Z\"/></marker></defs>\n\
<text class=\"title\" x=\"{}\" y=\"26\">{title}</text>\n{body}</svg>\n",
        FIRST.0
    )
}

#[test]
fn the_drawing_is_what_its_text_says() {
    let folder = repository().join("initramfs");
    let drawn = draw(&fs::read_to_string(folder.join("packet.txt")).expect("the text"));
    if env::var_os("BLESS").is_some() {
        fs::write(folder.join("packet.svg"), &drawn).expect("a file");
    }
    let there = fs::read_to_string(folder.join("packet.svg")).expect("the drawing");
    assert!(there == drawn, "BLESS=1 writes packet.svg anew");
}
