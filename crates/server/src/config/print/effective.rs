//! The configuration in effect, as TOML, each value with where it comes from.

use toml::{Table, Value};

use super::{at, comment};
use crate::config::Settings;
use crate::config::catalogue::{Entry, Section};
use crate::config::origin::Origin;
use crate::config::sections::SECTIONS;
use crate::config::values::Written as _;

/// Where the comments begin, in columns, unless a value is longer.
const COMMENTS: usize = 48;

/// The text. Secrets are `"…"`; what is not set is a comment.
pub(crate) fn effective(settings: &Settings) -> String {
    // What is written as texts, numbers and truths always fits in a table.
    let mut table = Table::try_from(&settings.config).unwrap_or_default();
    let data_dir = Value::String(settings.data_dir.write());
    table.insert("data_dir".to_owned(), data_dir);
    let printed = Printed { settings, table };
    let mut text = comment(&keys_of_the_environment(settings));
    for section in SECTIONS {
        text.push_str(&printed.section(section));
    }
    text
}

/// Keys of clients that no file holds.
fn keys_of_the_environment(settings: &Settings) -> String {
    let all = settings.api_keys.len();
    let of_file = settings.config.api_keys.len();
    match all - of_file.min(all) {
        0 if all == 0 => "API keys: none is configured, so the first run makes one.".to_owned(),
        0 => "API keys: those of the file.".to_owned(),
        some => format!(
            "API keys: {some} of the environment variable PINFOLD_API_KEY, and {of_file} of the file."
        ),
    }
}

struct Printed<'a> {
    settings: &'a Settings,
    table: Table,
}

impl Printed<'_> {
    fn section(&self, section: &'static Section) -> String {
        if section.is_list {
            let tables = at(&self.table, section.name).and_then(Value::as_array);
            let tables = tables.into_iter().flatten().enumerate();
            return tables
                .map(|(number, table)| self.table_of_list(section, number, table))
                .collect();
        }
        let mut text = String::from("\n");
        if !section.name.is_empty() {
            text.push_str(&format!("[{}]\n", section.name));
        }
        for key in section.keys {
            let path = Entry { section, key }.path();
            let value = at(&self.table, &path);
            text.push_str(&self.line(key.name, value, key.unset, &path));
        }
        text
    }

    fn table_of_list(&self, section: &Section, number: usize, table: &Value) -> String {
        let mut text = format!("\n[[{}]]\n", section.name);
        for key in section.keys {
            if let Some(value) = table.get(key.name) {
                let path = format!("{}[{number}].{}", section.name, key.name);
                text.push_str(&self.line(key.name, Some(value), None, &path));
            }
        }
        text
    }

    fn line(&self, name: &str, value: Option<&Value>, unset: Option<&str>, path: &str) -> String {
        let setting = match value {
            Some(value) => format!("{name} = {value}"),
            None => format!("#{name} ="),
        };
        let origin = match (value, self.settings.origins.of(path)) {
            (None, Origin::Default) => format!("not set: {}", unset.unwrap_or_default()),
            (_, origin) => origin.to_string(),
        };
        format!("{setting:<COMMENTS$} # {origin}\n")
    }
}
