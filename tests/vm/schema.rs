//! JSON that a guest shows in lines `# json NAME TEXT`, against tests/schema/NAME.json. The judge is python3-jsonschema.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::elf;

/// Reads lines `NAME TEXT`; prints a line for each that is not as its schema says.
const JUDGE: &str = r#"
import json, sys, jsonschema
for line in sys.stdin:
    name, text = line.split(" ", 1)
    with open(f"{sys.argv[1]}/{name}.json") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    try:
        value = json.loads(text)
    except ValueError as error:
        print(f"{name}: no JSON: {error}: {text}")
        continue
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        for error in error.context or [error]:
            print(f"{name}: {error.json_path}: {error.message}")
"#;

/// What is wrong with the JSON on a console, a line for each fault.
///
/// # Errors
/// There is no python3 with jsonschema, or no such schema.
pub fn judge(console: &[String]) -> Result<String> {
    let lines: Vec<&str> = console.iter().filter_map(|line| line.strip_prefix("# json ")).collect();
    if lines.is_empty() {
        return Ok(String::new());
    }
    let folder = elf::repository().join("tests/schema");
    let has = |python: &&str| {
        Command::new(python).args(["-c", "import jsonschema"]).output().is_ok_and(|it| it.status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has).context("no python3 with jsonschema")?;
    let mut judge = Command::new(python);
    judge.args(["-W", "ignore", "-c", JUDGE]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = judge.stderr(Stdio::piped()).spawn().context(python)?;
    child.stdin.take().context("no pipe")?.write_all((lines.join("\n") + "\n").as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "python3-jsonschema: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
