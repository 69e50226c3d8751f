//! The configuration file: every key with its place.

use std::fs;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{Sources, deserialize, in_words, nested, refused};
use crate::config::catalogue::{find, is_list, is_section, suggestion};
use crate::config::origin::Origin;

/// Puts what the file says into `sources`. `named_by` is what named it.
pub(super) fn read(path: &Path, named_by: Origin, sources: &mut Sources) {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let wrong = format!("cannot read {}: {error}", path.display());
            return sources.mistake(named_by, "", wrong);
        }
    };
    let file = File {
        path: path.to_owned(),
        text: &text,
    };
    let (spanned, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        sources.mistake(file.place(at), "", in_words(error.message()));
    }
    // What a broken line means is anybody's guess, so nothing else is told of the file.
    if errors.is_empty() {
        match text.parse() {
            Ok(plain) => file.section("", &plain, spanned.get_ref(), sources),
            Err(error) => sources.mistake(file.place(0), "", in_words(error.message())),
        }
    }
}

struct File<'a> {
    path: PathBuf,
    text: &'a str,
}

impl File<'_> {
    /// The same table twice: with plain values, and with places.
    fn section(&self, section: &str, plain: &Table, spanned: &DeTable<'_>, sources: &mut Sources) {
        for (name, placed) in spanned {
            let Some(value) = plain.get(name.get_ref().as_ref()) else {
                continue;
            };
            let path = below(section, name.get_ref());
            let origin = self.place(placed.span().start);
            if let Some(entry) = find(&path) {
                sources.value(entry, value, origin);
            } else if is_list(&path) {
                self.list(&path, value, placed, sources);
            } else if let (true, DeValue::Table(spanned), Value::Table(plain)) =
                (is_section(&path), placed.get_ref(), value)
            {
                // The tables of lists in it are found on the way.
                self.section(&path, plain, spanned, sources);
            } else if is_section(&path) {
                let wrong = format!("must be a section, [{path}]");
                sources.mistake(origin, &path, wrong);
            } else {
                let wrong = format!("is no key{}", suggestion(&path));
                sources.mistake(self.place(name.span().start), &path, wrong);
            }
        }
    }

    fn list(
        &self,
        path: &str,
        value: &Value,
        placed: &Spanned<DeValue<'_>>,
        sources: &mut Sources,
    ) {
        let (Value::Array(tables), DeValue::Array(spanned)) = (value, placed.get_ref()) else {
            let wrong = format!("must be a list of tables, [[{path}]]");
            return sources.mistake(self.place(placed.span().start), path, wrong);
        };
        let mistakes = sources.mistakes.len();
        for (at, (table, placed)) in tables.iter().zip(spanned).enumerate() {
            self.table_of_list(path, at, table, placed, sources);
        }
        // Half a list is no list.
        if sources.mistakes.len() == mistakes {
            super::merge(&mut sources.table, nested(path, value.clone()));
        }
    }

    fn table_of_list(
        &self,
        path: &str,
        at: usize,
        table: &Value,
        placed: &Spanned<DeValue<'_>>,
        sources: &mut Sources,
    ) {
        let here = self.place(placed.span().start);
        let whole = format!("{path}[{at}]");
        let mut unknown = false;
        for (name, value) in placed.get_ref().as_table().into_iter().flatten() {
            let name_text = name.get_ref();
            let shown = below(&whole, name_text);
            let key = format!("{path}[].{name_text}");
            if find(&key).is_some() {
                sources.origins.set(shown, self.place(value.span().start));
            } else {
                let wrong = format!("is no key{}", suggestion(&key));
                sources.mistake(self.place(name.span().start), &shown, wrong);
                unknown = true;
            }
        }
        sources.origins.set(whole.clone(), here.clone());
        let alone = nested(path, Value::Array(vec![table.clone()]));
        match deserialize(alone) {
            Err((wrong_at, message)) if !unknown => {
                let name = wrong_at.strip_prefix(&format!("{path}[0]."));
                let of_key = name.and_then(|name| {
                    let entry = find(&format!("{path}[].{name}"))?;
                    Some((below(&whole, name), entry, table.get(name)?))
                });
                if let Some((shown, entry, value)) = of_key {
                    let origin = sources.origins.of(&shown);
                    sources.mistake(origin, &shown, refused(entry, value));
                } else {
                    sources.mistake(here, &whole, in_words(&message));
                }
            }
            _ => {}
        }
    }

    /// Line and column of a byte.
    fn place(&self, at: usize) -> Origin {
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

fn below(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}
