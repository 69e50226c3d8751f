mod catalogue;
mod fields;
mod mistakes;
mod printed;
mod sources;

use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pinfold.toml");
    std::fs::write(&path, text).unwrap();
    let environment = variables
        .iter()
        .copied()
        .chain([("HOME", "/home/somebody")])
        .collect();
    let flags = Flags {
        config: Some(path),
        ..Flags::default()
    };
    Settings::load(&flags, &environment)
}

/// The error's text without the directory of the test.
fn mistake(text: &str, variables: &[(&str, &str)]) -> String {
    let error = load(text, variables).unwrap_err().to_string();
    let lines = error
        .lines()
        .map(|line| match line.split_once("pinfold.toml:") {
            Some((_dir, mistake)) => format!("pinfold.toml:{mistake}"),
            None => line.trim().to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}
