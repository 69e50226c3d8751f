//! The configuration written out: as a file, as variables, as a page, and as it is in effect.

mod effective;
mod environment;
#[cfg(test)]
mod example;
#[cfg(test)]
mod page;

use toml::{Table, Value};

pub(crate) use effective::effective;
pub(crate) use environment::environment;
#[cfg(test)]
pub(super) use example::example;
#[cfg(test)]
pub(super) use page::page;

use super::catalogue::Entry;
use super::sections::Config;

/// Columns of a line of text.
const WIDTH: usize = 120;

/// The defaults of every key that has one.
struct Defaults(Table);

impl Defaults {
    fn new() -> Self {
        // What is written as texts, numbers and truths always fits in a table.
        Self(Table::try_from(Config::default()).unwrap_or_default())
    }

    fn of(&self, entry: Entry) -> Option<&Value> {
        at(&self.0, &entry.path())
    }

    /// The default, else an example, in TOML.
    fn shown(&self, entry: Entry) -> String {
        let default = self.of(entry).map(Value::to_string);
        default.unwrap_or_else(|| entry.key.example.unwrap_or("\"\"").to_owned())
    }
}

/// The value below the sections of a path.
fn at<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((section, rest)) => at(table.get(section)?.as_table()?, rest),
    }
}

/// Sentences as comment lines.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// What is said of a key before its value: meaning, and what holds where it is not set.
fn about(entry: Entry) -> String {
    let key = entry.key;
    match key.unset {
        Some("required") | None => key.about.to_owned(),
        Some(unset) => format!("{} Default: {unset}.", key.about),
    }
}
