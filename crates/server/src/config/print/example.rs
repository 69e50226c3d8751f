//! `example.toml`: every key as a comment, ready to be changed.

use super::{Defaults, about, comment};
use crate::config::catalogue::{Entry, Section};
use crate::config::sections::SECTIONS;

const HEAD: &str = "\
# Every setting of `pinfold serve`, with its default. All of them are optional.
#
# `--config FILE` or PINFOLD_CONFIG names the file. Each key is an environment variable, too: `gateway.ports` is
# PINFOLD_GATEWAY_PORTS. Variables go before the file, flags before variables. Times have a unit (ms, s, m, h, d).
# `pinfold config check` tells what is wrong with a file, `pinfold config print` what is in effect.
";

/// The file. A line that begins with `#` and a letter is a setting, one with `# ` is a sentence.
pub(in crate::config) fn example() -> String {
    let defaults = Defaults::new();
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        text.push('\n');
        text.push_str(&heading(section));
        for key in section.keys {
            let entry = Entry { section, key };
            text.push_str(&comment(&about(entry)));
            let value = defaults.shown(entry);
            text.push_str(&format!("#{} = {value}\n", key.name));
        }
    }
    text
}

fn heading(section: &Section) -> String {
    match (section.name, section.is_list) {
        ("", _) => String::new(),
        (name, false) => format!("{}[{name}]\n", comment(section.about)),
        (name, true) => format!("{}#[[{name}]]\n", comment(section.about)),
    }
}
