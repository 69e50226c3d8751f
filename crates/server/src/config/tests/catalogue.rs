//! The catalogue knows every field, and what is generated from it is current.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::fields::fields;
use super::*;
use crate::config::catalogue::{Entry, entries};
use crate::config::origin::Origin;
use crate::config::print;

#[test]
fn every_field_has_an_entry_and_every_entry_a_field() {
    let fields: BTreeSet<_> = fields().into_iter().collect();
    let entries: BTreeSet<_> = entries().map(Entry::path).collect();
    let missing: Vec<_> = fields.difference(&entries).collect();
    assert!(
        missing.is_empty(),
        "fields without an entry in the `keys` of their section: {missing:?}"
    );
    let stale: Vec<_> = entries.difference(&fields).collect();
    assert!(stale.is_empty(), "entries without a field: {stale:?}");
}

#[test]
fn every_key_has_a_default_or_says_what_holds_without_one() {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    for entry in entries() {
        let path = entry.path();
        let mut value = Some(toml::Value::Table(defaults.clone()));
        for name in path.split('.') {
            value = value.and_then(|value| value.get(name).cloned());
        }
        assert_eq!(
            value.is_none(),
            entry.key.unset.is_some(),
            "`{path}`: the default is {value:?}, and `.unset(…)` is for keys without one"
        );
        assert!(
            entry.key.about.ends_with('.'),
            "`{path}` ends without a full stop"
        );
    }
}

#[test]
fn every_key_has_a_variable_of_its_own() {
    let variables: Vec<_> = entries().filter_map(Entry::variable).collect();
    let distinct: BTreeSet<_> = variables.iter().collect();
    assert_eq!(distinct.len(), variables.len());
}

#[test]
fn every_flag_sets_its_key() {
    let address = Some("127.0.0.1:3".parse().unwrap());
    let flags = Flags {
        config: None,
        listen: address,
        operator_listen: address,
        data_dir: Some("/data".into()),
        log_format: Some("json".to_owned()),
    };
    let set: BTreeSet<_> = flags
        .values()
        .map(|(key, flag, _)| (key.to_owned(), flag))
        .collect();
    let told = entries().filter_map(|entry| Some((entry.path(), entry.key.flag?)));
    assert_eq!(set, told.collect());
}

/// The example with its settings switched on.
fn switched_on(example: &str) -> String {
    let setting = |line: &str| {
        let rest = line.strip_prefix('#')?;
        let is_setting =
            rest.starts_with(|letter: char| letter == '[' || letter.is_ascii_lowercase());
        is_setting.then(|| rest.to_owned())
    };
    let lines = example
        .lines()
        .map(|line| setting(line).unwrap_or_else(|| line.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    let example = load(&print::example(), &[]).unwrap().config;
    assert_eq!(format!("{example:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn every_value_in_the_example_can_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pinfold.toml");
    fs::write(&path, switched_on(&print::example())).unwrap();
    let sources = Sources::read(Some(&path), &Environment::default(), &Flags::default());
    assert_eq!(sources.mistakes, []);
    for entry in entries() {
        let path = entry.path().replace("[]", "[0]");
        assert_ne!(
            sources.origins.of(&path),
            Origin::Default,
            "`{path}` is missing in the example"
        );
    }
}

#[test]
fn every_variable_of_the_template_can_be_set() {
    let template = print::environment();
    let lines = template
        .lines()
        .filter_map(|line| line.strip_prefix("#PINFOLD_"));
    let mut seen = BTreeSet::new();
    for line in lines {
        let (name, value) = line.split_once('=').unwrap();
        let name = format!("PINFOLD_{name}");
        let mut sources = Sources::default();
        if !["PINFOLD_CONFIG", "PINFOLD_API_KEY"].contains(&name.as_str()) {
            let environment = [(name.clone(), value)].into_iter().collect();
            sources = Sources::read(None, &environment, &Flags::default());
        }
        assert_eq!(sources.mistakes, [], "{name}");
        seen.insert(name);
    }
    for variable in entries().filter_map(Entry::variable) {
        assert!(seen.contains(&variable), "{variable} is missing");
    }
}

/// `UPDATE=1 cargo test -p server --lib config` writes them anew.
#[test]
fn the_generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let update = std::env::var_os("UPDATE").is_some();
    let mut stale = Vec::new();
    for (file, text) in [
        ("crates/server/src/config/example.toml", print::example()),
        ("deploy/pinfold.env", print::environment()),
        ("docs/configuration.md", print::page()),
    ] {
        let path = root.join(file);
        if fs::read_to_string(&path).ok().as_ref() == Some(&text) {
            continue;
        }
        if update {
            fs::write(&path, text).unwrap();
        } else {
            stale.push(file);
        }
    }
    assert!(
        stale.is_empty(),
        "not current: {stale:?}; write them with `UPDATE=1 cargo test -p server --lib config`"
    );
}
