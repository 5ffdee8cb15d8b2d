//! Figures: what was measured, as Markdown and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;

use crate::chart::thousands;

/// What one figure is of, and what each round gave, the smallest first.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its table, row and column.
    pub place: [String; 3],
    rounds: Vec<u64>,
    command: String,
}

impl Figure {
    /// Reads a line `# figure TABLE|ROW|COLUMN|ROUNDS|COMMAND`.
    pub fn read(line: &str) -> Option<Self> {
        let mut parts = line.strip_prefix("# figure ")?.splitn(5, '|').map(str::trim);
        let place = [parts.next()?.to_owned(), parts.next()?.to_owned(), parts.next()?.to_owned()];
        let rounds = parts.next()?.split_whitespace().map(|round| round.parse().ok()).collect::<Option<Vec<u64>>>()?;
        Some(Self { place, rounds, command: parts.next().unwrap_or_default().to_owned() })
    }

    /// A figure that was found once.
    pub fn of(table: &str, row: &str, column: &str, value: u64) -> Self {
        let place = [table, row, column].map(str::to_owned);
        Self { place, rounds: vec![value], command: String::new() }
    }

    /// The middle one of the rounds; of an even number, what is between the two in the middle.
    pub fn median(&self) -> u64 {
        let at = |n: usize| self.rounds.get(n).copied().unwrap_or(0);
        let half = self.rounds.len() / 2;
        if self.rounds.len().is_multiple_of(2) && half > 0 { u64::midpoint(at(half - 1), at(half)) } else { at(half) }
    }

    /// How far the rounds are apart, in tenths of a percent of the median.
    fn spread(&self) -> u64 {
        let (low, high) = (self.rounds.first().copied().unwrap_or(0), self.rounds.last().copied().unwrap_or(0));
        (high - low) * 1000 / self.median().max(1)
    }
}

/// All of them, and what they were measured with.
#[derive(Debug, Default)]
pub struct Figures {
    figures: Vec<Figure>,
    versions: BTreeMap<String, String>,
}

impl Figures {
    /// Adds one.
    pub fn push(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty()
    }

    /// Says what something was measured with.
    pub fn version(&mut self, name: &str, text: &str) {
        self.versions.insert(name.to_owned(), text.trim().to_owned());
    }

    /// The figure of that place.
    pub fn find(&self, place: [&str; 3]) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.place.iter().zip(place).all(|(own, wanted)| own == wanted))
    }

    /// What stands in one of the three parts of places whose other parts are `of`, in the order it came in.
    fn seen(&self, part: usize, of: &[&str]) -> Vec<&str> {
        let mut seen: Vec<&str> = Vec::new();
        for figure in
            self.figures.iter().filter(|figure| figure.place.iter().zip(of).all(|(own, wanted)| own == wanted))
        {
            if let Some(name) = figure.place.get(part).filter(|name| !seen.contains(&name.as_str())) {
                seen.push(name);
            }
        }
        seen
    }

    /// A table for each kind of thing. Its first row is what the others are compared with, in columns of instructions.
    pub fn markdown(&self) -> Result<String> {
        let mut out = String::new();
        for (name, text) in &self.versions {
            writeln!(out, "- {name}: {text}")?;
        }
        out.push('\n');
        out += &self.tables()?;
        Ok(out)
    }

    /// The tables alone.
    pub fn tables(&self) -> Result<String> {
        let mut out = String::new();
        for table in self.seen(0, &[]) {
            let columns = self.seen(2, &[table]);
            let (mut head, mut rule) = (format!("| {table} |"), "|---|".to_owned());
            for column in &columns {
                let more = if *column == "instructions" { " ratio | spread |" } else { "" };
                write!(head, " {column} |{more}")?;
                rule += if more.is_empty() { "--:|" } else { "--:|--:|--:|" };
            }
            writeln!(out, "{head}\n{rule}")?;
            let rows = self.seen(1, &[table]);
            for row in &rows {
                write!(out, "| {row} |")?;
                for column in &columns {
                    let figure = self.find([table, row, column]);
                    write!(out, " {} |", figure.map_or(String::new(), |figure| figure.median().to_string()))?;
                    if *column == "instructions" {
                        let first = rows.first().and_then(|first| self.find([table, first, column]));
                        let text = figure.zip(first).map(|(figure, first)| {
                            let spread = figure.spread();
                            format!(" {} | {}.{} % |", ratio(figure, first), spread / 10, spread % 10)
                        });
                        out += &text.unwrap_or_else(|| " | |".to_owned());
                    }
                }
                out.push('\n');
            }
            out.push('\n');
        }
        Ok(out)
    }

    /// The tables of README.md: launches, and the data path.
    pub fn summary(&self) -> Result<String> {
        const LAUNCH: &str = "launch";
        let mut out = String::new();
        let columns = [
            ("system calls", "system calls"),
            ("instructions", "instructions"),
            ("", "ratio"),
            ("latency (µs)", "µs"),
            ("latency with favordynmods (µs)", "with `favordynmods`"),
            ("page faults", "page faults"),
            ("memory (KiB)", "KiB"),
        ];
        writeln!(out, "| a launch |{} |", columns.map(|(_, head)| format!(" {head}")).join(" |"))?;
        writeln!(out, "|---|{}", "--:|".repeat(columns.len()))?;
        for row in self.seen(1, &[LAUNCH]) {
            write!(out, "| {row} |")?;
            for (column, _) in columns {
                let of = if column.is_empty() { "instructions" } else { column };
                let first = self.find([LAUNCH, "fork and exec", of]);
                let text = match (self.find([LAUNCH, row, of]), first) {
                    (Some(figure), Some(first)) if column.is_empty() => ratio(figure, first),
                    (Some(figure), _) => thousands(figure.median()),
                    _ => String::new(),
                };
                write!(out, " {text} |")?;
            }
            out.push('\n');
        }
        let tables = self.seen(0, &[]);
        let path: Vec<&str> =
            tables.into_iter().filter(|table| self.find([table, "no VRF", "instructions"]).is_some()).collect();
        writeln!(
            out,
            "\n| instructions, against those without |{} |",
            path.iter().map(|table| format!(" {table}")).collect::<Vec<_>>().join(" |")
        )?;
        writeln!(out, "|---|{}", "--:|".repeat(path.len()))?;
        for row in path.first().map(|table| self.seen(1, &[table])).unwrap_or_default() {
            write!(out, "| {row} |")?;
            for table in &path {
                let figure = self.find([table, row, "instructions"]);
                let text = figure
                    .zip(self.find([table, "no VRF", "instructions"]))
                    .map(|(figure, first)| ratio(figure, first));
                write!(out, " {} |", text.unwrap_or_default())?;
            }
            out.push('\n');
        }
        for (what, table) in
            [("Setting up the first file above", "set-up of the seed"), ("Taking it back", "teardown of the seed")]
        {
            let rows = self.seen(1, &[table]);
            let Some(first) = rows.first().and_then(|first| self.find([table, first, "instructions"])) else {
                continue;
            };
            let texts: Vec<String> = rows
                .iter()
                .filter_map(|row| Some(format!("{row} {}", ratio(self.find([table, row, "instructions"])?, first))))
                .collect();
            writeln!(out, "\n{what}: {}.", texts.join(", "))?;
        }
        Ok(out)
    }

    /// The figures for programs.
    pub fn json(&self) -> Result<String> {
        let mut out = String::from("{\n  \"with\": {");
        for (number, (name, text)) in self.versions.iter().enumerate() {
            write!(out, "{}\n    {}: {}", if number > 0 { "," } else { "" }, quoted(name), quoted(text))?;
        }
        out.push_str("\n  },\n  \"figures\": [");
        for (number, figure) in self.figures.iter().enumerate() {
            let [table, row, column] = figure.place.each_ref().map(|part| quoted(part));
            let rounds: Vec<String> = figure.rounds.iter().map(u64::to_string).collect();
            write!(
                out,
                "{}\n    {{\"table\": {table}, \"row\": {row}, \"column\": {column}, \"rounds\": [{}], \"command\": {}}}",
                if number > 0 { "," } else { "" },
                rounds.join(", "),
                quoted(&figure.command)
            )?;
        }
        out.push_str("\n  ]\n}\n");
        Ok(out)
    }
}

/// How often one is the other, to hundredths.
pub fn ratio(figure: &Figure, of: &Figure) -> String {
    let hundredths = (figure.median() * 100 + of.median() / 2) / of.median().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
