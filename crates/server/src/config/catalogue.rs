//! What is known of every key: the one source of variables, pages, templates and suggestions.

use super::environment::PREFIX;
use super::sections::SECTIONS;
use super::values::{Kind, Setting};

/// A name further away than this is no misspelling (Jaro-Winkler, 1 for the same).
const NEAR: f64 = 0.8;

/// One part of the configuration: the top of the file, a `[section]`, or each table of a `[[list]]`.
#[derive(Debug)]
pub(crate) struct Section {
    /// `gateway`; empty for the top of the file.
    pub(super) name: &'static str,
    /// Whether it is a list of tables. Those are for files alone: no variable sets them.
    pub(super) is_list: bool,
    /// What it is about, in sentences.
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
}

/// One key. It stands beside the field that it describes, in `sections/`.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name within the section.
    pub(super) name: &'static str,
    /// What it means, in sentences.
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    /// What is allowed; it goes on after *must be*.
    allowed: &'static str,
    /// What holds where nothing is set, for a key whose field is empty then.
    pub(super) unset: Option<&'static str>,
    /// A value, in TOML, for a key whose field is empty by default.
    pub(super) example: Option<&'static str>,
    /// The flag of `pinfold serve` that sets it.
    pub(super) flag: Option<&'static str>,
    /// Whether its value is never shown.
    pub(super) is_secret: bool,
}

impl Key {
    /// A key whose field is a `T` or an `Option<T>`.
    pub(super) const fn of<T: Setting>(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            kind: T::KIND,
            allowed: T::ALLOWED,
            unset: None,
            example: None,
            flag: None,
            is_secret: false,
        }
    }

    /// For a field that is empty by default: what holds then (in words), and an example (in TOML).
    pub(super) const fn unset(mut self, words: &'static str, example: &'static str) -> Self {
        self.unset = Some(words);
        self.example = Some(example);
        self
    }

    /// What is allowed, where the type alone does not tell.
    pub(super) const fn allowed(mut self, words: &'static str) -> Self {
        self.allowed = words;
        self
    }

    /// The flag that sets it.
    pub(super) const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// Its value is never shown.
    pub(super) const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// What is allowed; it goes on after *must be*.
    pub(super) fn in_words(&self) -> String {
        match self.kind {
            Kind::List => format!("a list, each {}", self.allowed),
            Kind::Text | Kind::Whole | Kind::Number | Kind::Truth => self.allowed.to_owned(),
        }
    }
}

/// A key in its section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) section: &'static Section,
    pub(super) key: &'static Key,
}

impl Entry {
    /// `listen`, `gateway.ports`; `local.images[].image` for the tables of a list.
    pub(super) fn path(self) -> String {
        let (section, key) = (self.section.name, self.key.name);
        match (section, self.section.is_list) {
            ("", _) => key.to_owned(),
            (_, false) => format!("{section}.{key}"),
            (_, true) => format!("{section}[].{key}"),
        }
    }

    /// `PINFOLD_GATEWAY_PORTS`; none for the tables of a list.
    pub(super) fn variable(self) -> Option<String> {
        let name = self.path().replace('.', "_").to_uppercase();
        (!self.section.is_list).then(|| format!("{PREFIX}{name}"))
    }
}

/// Every key, in the order of the file.
pub(super) fn entries() -> impl Iterator<Item = Entry> {
    SECTIONS.iter().flat_map(|section| {
        let keys = section.keys.iter();
        keys.map(move |key| Entry { section, key })
    })
}

/// The key of a path, `local.images[].image` for any table of a list.
pub(super) fn find(path: &str) -> Option<Entry> {
    entries().find(|entry| entry.path() == path)
}

/// The list of tables of this name.
pub(super) fn is_list(path: &str) -> bool {
    SECTIONS
        .iter()
        .any(|section| section.is_list && section.name == path)
}

/// Whether sections or lists of this name, or below it, exist.
pub(super) fn is_section(path: &str) -> bool {
    SECTIONS.iter().any(|section| {
        let below = section.name.strip_prefix(path);
        !section.name.is_empty()
            && below
                .is_some_and(|rest| rest.starts_with('.') || (rest.is_empty() && !section.is_list))
    })
}

/// *; do you mean `gateway.ports`?* where a key's path is near, else nothing.
pub(super) fn suggestion(path: &str) -> String {
    let sections = SECTIONS.iter().map(|section| section.name.to_owned());
    let known = entries().map(Entry::path).chain(sections);
    did_you_mean(path, known)
}

/// *; do you mean …?* with the nearest of the known names.
pub(super) fn did_you_mean(name: &str, known: impl Iterator<Item = String>) -> String {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    known
        .filter(|other| !other.is_empty())
        .map(|other| (likeness(&other), other))
        .filter(|(likeness, _)| *likeness > NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or_else(String::new, |(_, other)| {
            format!("; do you mean `{other}`?")
        })
}
