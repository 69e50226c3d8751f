//! File and environment, put over one another.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::environment::{Environment, PREFIX};
use super::error::ConfigError;
use super::file::Config;

/// Every key that a variable can set: `gateway.ports` is `PINFOLD_GATEWAY_PORTS`. Lists of tables are for files.
pub(super) const KEYS: [&str; 37] = [
    "listen",
    "data_dir",
    "path_prefix",
    "registry_prefix",
    "pod_status_case",
    "hold",
    "drain",
    "history",
    "seal_key_file",
    "operator.listen",
    "log.format",
    "log.level",
    "limits.max_live",
    "gateway.listen",
    "gateway.public_host",
    "gateway.ports",
    "gateway.service_ports",
    "gateway.hold",
    "gateway.connect",
    "gateway.first_byte",
    "gateway.connections_per_sandbox",
    "local.ports",
    "local.grace",
    "local.memory",
    "local.cpu",
    "local.pids",
    "local.open_files",
    "local.log_size",
    "local.log_files",
    "policy.schedule_deadline",
    "policy.ready_deadline",
    "policy.max_boots",
    "policy.max_restarts",
    "policy.restart_window",
    "policy.backoff",
    "policy.backoff_max",
    "policy.refusal_grace",
];

/// The configuration of a file, where there is one, and of the environment over it.
pub(super) fn read(path: Option<&Path>, environment: &Environment) -> Result<Config, ConfigError> {
    let mut table = match path {
        Some(path) => file(path)?,
        None => Table::new(),
    };
    merge(&mut table, variables(environment)?);
    // Both halves were read on their own, so the whole can be read, too.
    deserialize(table).map_err(|(key, mistake)| ConfigError::setting(key, mistake))
}

/// A file that is read as a whole configuration, so that mistakes are told with their place.
fn file(path: &Path) -> Result<Table, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let mistake = |key: &str, error: &toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = place(&text, at);
        ConfigError::File {
            path: path.to_owned(),
            line,
            column,
            mistake: described(key, error.message()),
        }
    };
    let deserializer = toml::Deserializer::parse(&text).map_err(|error| mistake(".", &error))?;
    let _checked: Config = serde_path_to_error::deserialize(deserializer)
        .map_err(|error| mistake(&error.path().to_string(), error.inner()))?;
    text.parse().map_err(|error| mistake(".", &error))
}

/// The key before what is wrong with it.
fn described(key: &str, message: &str) -> String {
    let message = in_words(message);
    if key.is_empty() || key == "." {
        message
    } else {
        format!("`{key}`: {message}")
    }
}

/// A message on one line, in the words of people who do not write Rust.
fn in_words(message: &str) -> String {
    let mut message = message.replace('\n', ", ");
    for number in ["u32", "u64", "usize"] {
        message = message.replace(&format!("expected {number}"), "expected a whole number");
    }
    message.replace("expected f64", "expected a number")
}

/// Line and column of a byte, both from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn variables(environment: &Environment) -> Result<Table, ConfigError> {
    let mut all = Table::new();
    for key in KEYS {
        let name = variable(key);
        let Some(text) = environment.get(&name) else {
            continue;
        };
        let alone = nested(key, value(text));
        deserialize(alone.clone())
            .map_err(|(_, mistake)| ConfigError::Variable { name, mistake })?;
        merge(&mut all, alone);
    }
    Ok(all)
}

/// `gateway.ports` → `PINFOLD_GATEWAY_PORTS`.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// What a variable's text means: numbers and booleans are themselves, all else is text.
fn value(text: &str) -> Value {
    if let Ok(number) = text.parse() {
        Value::Integer(number)
    } else if let Ok(number) = text.parse() {
        Value::Float(number)
    } else if let Ok(truth) = text.parse() {
        Value::Boolean(truth)
    } else {
        Value::String(text.to_owned())
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

/// The error is a key and what is wrong with it.
fn deserialize(table: Table) -> Result<Config, (String, String)> {
    serde_path_to_error::deserialize(table)
        .map_err(|error| (error.path().to_string(), in_words(error.inner().message())))
}
