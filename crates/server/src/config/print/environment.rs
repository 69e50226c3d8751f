//! The environment template: every variable as a comment, for systemd's `EnvironmentFile` and for `docker --env-file`.

use toml::Value;

use super::{Defaults, about, comment};
use crate::config::catalogue::{Entry, entries};

const HEAD: &str = "\
# Every setting of `pinfold serve` as an environment variable, with its default. All of them are optional.
#
# For systemd (EnvironmentFile=) and containers (--env-file): no quotes around values. Lists of tables (`[[api_keys]]`,
# `[[local.images]]`) are for the configuration file.

# The configuration file.
#PINFOLD_CONFIG=/etc/pinfold/pinfold.toml
# Keys of clients, apart by commas. Without any, the first run makes one: DATA_DIR/api-key.
#PINFOLD_API_KEY=a-long-random-text
";

/// The template.
pub(crate) fn environment() -> String {
    let defaults = Defaults::new();
    let mut text = HEAD.to_owned();
    let mut last = "";
    for entry in entries() {
        let Some(variable) = entry.variable() else {
            continue;
        };
        let section = entry.section.name;
        if section != last {
            text.push('\n');
            text.push_str(&comment(&format!("{section}: {}", entry.section.about)));
            last = section;
        }
        text.push_str(&comment(&about(entry)));
        text.push_str(&format!("#{variable}={}\n", bare(&defaults, entry)));
    }
    text
}

/// As a variable has it: without quotes, lists with commas.
fn bare(defaults: &Defaults, entry: Entry) -> String {
    let bare = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shown = defaults.shown(entry);
    let example = format!("value = {shown}").parse::<toml::Table>();
    match example.ok().as_ref().and_then(|table| table.get("value")) {
        Some(Value::Array(items)) => items.iter().map(bare).collect::<Vec<_>>().join(","),
        Some(value) => bare(value),
        None => shown,
    }
}
