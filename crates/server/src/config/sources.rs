//! File, variables and flags, put over one another, and what is wrong in each.

mod file;
mod variables;

use std::path::Path;

use toml::{Table, Value};

use super::Flags;
use super::catalogue::{Entry, find};
use super::environment::Environment;
use super::error::Mistake;
use super::origin::{Origin, Origins};
use super::sections::Config;
use super::values::{HIDDEN, Kind};

/// So much of a wrong value is shown, in characters.
const SHOWN: usize = 60;

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// The good values, the last one of each key.
    table: Table,
    pub(super) origins: Origins,
    pub(super) mistakes: Vec<Mistake>,
}

impl Sources {
    /// Reads all; later ones win.
    pub(super) fn read(path: Option<&Path>, environment: &Environment, flags: &Flags) -> Self {
        let mut sources = Self::default();
        if let Some(path) = path {
            let origin = match &flags.config {
                Some(_) => Origin::Flag("--config"),
                None => Origin::Variable("PINFOLD_CONFIG".to_owned()),
            };
            file::read(path, origin, &mut sources);
        }
        variables::read(environment, &mut sources);
        for (path, flag, text) in flags.values() {
            if let Some(entry) = find(path) {
                sources.text(entry, &text, Origin::Flag(flag));
            }
        }
        sources
    }

    /// The whole, with defaults for what nobody set. Every value was read on its own, so the whole can be read, too.
    pub(super) fn config(&mut self) -> Config {
        match deserialize(self.table.clone()) {
            Ok(config) => config,
            Err((path, message)) => {
                let origin = self.origins.of(&path);
                self.mistake(origin, &path, in_words(&message));
                Config::default()
            }
        }
    }

    fn mistake(&mut self, origin: Origin, key: &str, wrong: impl Into<String>) {
        self.mistakes.push(Mistake {
            origin,
            key: key.to_owned(),
            wrong: wrong.into(),
        });
    }

    /// The text of a variable or a flag.
    fn text(&mut self, entry: Entry, text: &str, origin: Origin) {
        self.value(entry, &meant(entry.key.kind, text), origin);
    }

    /// One value of a key that no list holds.
    fn value(&mut self, entry: Entry, value: &Value, origin: Origin) {
        let path = entry.path();
        let alone = nested(&path, value.clone());
        if deserialize(alone.clone()).is_ok() {
            merge(&mut self.table, alone);
            self.origins.set(path, origin);
        } else {
            self.mistake(origin, &path, refused(entry, value));
        }
    }
}

/// What must be, and what is. Secrets are not shown.
fn refused(entry: Entry, value: &Value) -> String {
    let allowed = entry.key.in_words();
    if entry.key.is_secret {
        return format!("must be {allowed}");
    }
    let value = value.to_string();
    let shown: String = value.chars().take(SHOWN).collect();
    let more = if shown.len() < value.len() {
        HIDDEN
    } else {
        ""
    };
    format!("must be {allowed}, not {shown}{more}")
}

/// What a text means for a key of this kind; what cannot be meant stays a text, and is refused as one.
fn meant(kind: Kind, text: &str) -> Value {
    let text = text.trim();
    let value = match kind {
        Kind::Text => None,
        Kind::Whole => text.parse().ok().map(Value::Integer),
        Kind::Number => text.parse().ok().map(Value::Float),
        Kind::Truth => text.parse().ok().map(Value::Boolean),
        Kind::List => {
            let items = text.split(',').map(str::trim);
            let items = items.filter(|item| !item.is_empty());
            let items = items.map(|item| Value::String(item.to_owned()));
            Some(Value::Array(items.collect()))
        }
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A message on one line, in the words of people who do not write Rust.
fn in_words(message: &str) -> String {
    let message = message.replace('\n', ", ");
    match message.strip_prefix("missing field ") {
        Some(field) => format!("needs {field}"),
        None => message,
    }
}

/// A table with one value below the sections of its key.
fn nested(key: &str, value: Value) -> Table {
    match key.split_once('.') {
        None => Table::from_iter([(key.to_owned(), value)]),
        Some((section, rest)) => {
            Table::from_iter([(section.to_owned(), Value::Table(nested(rest, value)))])
        }
    }
}

/// Puts `over` over `base`, section by section.
fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// The error is a path and what is wrong there.
fn deserialize(table: Table) -> Result<Config, (String, String)> {
    serde_path_to_error::deserialize(table)
        .map_err(|error| (error.path().to_string(), error.inner().message().to_owned()))
}
