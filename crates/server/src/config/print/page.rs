//! `docs/configuration.md`: every key as a row.

use std::path::PathBuf;

use super::Defaults;
use crate::config::catalogue::{Entry, Key, Section};
use crate::config::sections::SECTIONS;
use crate::config::values::Written;

const HEAD: &str = "\
# Configuration

`pinfold serve` needs none. What you want otherwise goes into one TOML file, into environment variables or into flags:

- `--config FILE` or `PINFOLD_CONFIG` names the file; [example.toml](../crates/server/src/config/example.toml) has every
  key in it, commented out.
- Each key is an environment variable, too, but for those of `[[lists]]`; [pinfold.env](../deploy/pinfold.env) has every
  variable in it. In lists, commas stand between the items.
- Variables go before the file, flags before variables.

`pinfold config check` reads everything as `pinfold serve` would and tells each mistake with its place and what is
allowed; a key or a variable that nobody knows is a mistake, too. `pinfold config print` writes what is in effect, and
where each value comes from; `pinfold config print --env` writes the template of the variables.

Times have a unit (`ms`, `s`, `m`, `h`, `d`), sizes too (`KiB`, `MiB`, `GiB`, `TiB`).

<!-- Written by `UPDATE=1 cargo test -p server --lib config`; the texts stand in crates/server/src/config/sections. -->
";

/// The page.
pub(in crate::config) fn page() -> String {
    let defaults = Defaults::new();
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        text.push_str(&format!(
            "\n## {}\n\n{}\n\n| key | default | meaning |\n| --- | --- | --- |\n",
            title(section),
            section.about
        ));
        for key in section.keys {
            text.push_str(&row(&defaults, Entry { section, key }));
        }
    }
    text
}

fn title(section: &Section) -> String {
    match (section.name, section.is_list) {
        ("", _) => "The top of the file".to_owned(),
        (name, false) => format!("`[{name}]`"),
        (name, true) => format!("`[[{name}]]`"),
    }
}

fn row(defaults: &Defaults, entry: Entry) -> String {
    let key = entry.key;
    let variable = entry.variable().map(|name| format!("<br>`{name}`"));
    let flag = key.flag.map(|flag| format!("<br>`{flag}`"));
    let default = match (key.unset, defaults.of(entry)) {
        (Some(words), _) => words.to_owned(),
        (None, Some(value)) => format!("`{value}`"),
        (None, None) => String::new(),
    };
    format!(
        "| `{}`{}{} | {} | {}{} |\n",
        key.name,
        variable.unwrap_or_default(),
        flag.unwrap_or_default(),
        cell(&default),
        cell(key.about),
        cell(&allowed(key)),
    )
}

/// A sentence, where the default does not tell as much.
fn allowed(key: &Key) -> String {
    let mut words = key.in_words();
    if words == <String as Written>::ALLOWED || words == <PathBuf as Written>::ALLOWED {
        return String::new();
    }
    if let Some(first) = words.get(..1) {
        let first = first.to_uppercase();
        words.replace_range(..1, &first);
    }
    format!(" {words}.")
}

/// A cell ends at a bar.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
