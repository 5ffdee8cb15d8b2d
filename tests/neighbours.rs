//! `tests/guest/neighbours.md` is about the sets and lookups of `tests/guest/neighbours.sh`. What its cells say is compared in the
//! guest, by the scenario itself.

use std::fs;

use vrf_launch_tests::elf::repository;

fn read(name: &str) -> String {
    fs::read_to_string(repository().join("tests/guest").join(name)).expect(name)
}

/// The lines of the here-document that a function of the script prints.
fn lines(script: &str, function: &str) -> Vec<String> {
    let (_, rest) = script.split_once(&format!("\n{function}() {{\n    cat <<'END'\n")).expect(function);
    let (text, _) = rest.split_once("\nEND\n").expect("an end");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_table_has_a_row_for_each_set() {
    let mut sets = lines(&read("neighbours.sh"), "sets");
    sets.retain(|line| !line.starts_with(' '));
    let table = read("neighbours.md");
    let (_, rows) = table.split_once("\n|---|").expect("a table");
    let rows: Vec<&str> = rows.lines().skip(1).map_while(|row| row.strip_prefix("| ")?.split(" |").next()).collect();
    assert_eq!(rows, sets);
}

#[test]
fn the_text_says_how_many_lookups_there_are() {
    let (script, text) = (read("neighbours.sh"), read("neighbours.md"));
    for function in ["outside", "inside"] {
        let lookups = format!("{} {function}", 2 * lines(&script, function).len());
        assert!(text.contains(&lookups), "neighbours.md: {lookups}");
    }
}
