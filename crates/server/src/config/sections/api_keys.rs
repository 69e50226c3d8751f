//! `[[api_keys]]`: the keys of clients.

use std::path::PathBuf;

use runtime_core::TenantId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::config::catalogue::{Key, Section};
use crate::config::values::{maybe_written, secret};

pub(super) const SECTION: Section = Section {
    name: "api_keys",
    is_list: true,
    about: "Keys of clients, beside those of `PINFOLD_API_KEY`. With neither, the first run makes one: `DATA_DIR/api-key`.",
    keys: &[
        Key::of::<String>("name", "For the log.").unset("required", "\"ci\""),
        Key::of::<TenantId>("tenant", "Whose sandboxes the key sees.")
            .unset("`default`", "\"default\""),
        Key::of::<SecretString>("key", "The key; or `key_file`.")
            .unset("`key_file`", "\"a-long-random-text\"")
            .secret(),
        Key::of::<PathBuf>("key_file", "A file with the key.")
            .unset("`key`", "\"/etc/pinfold/ci-key\""),
    ],
};

/// One key, or where it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKey {
    pub(in crate::config) name: String,
    #[serde(default, with = "maybe_written")]
    pub(in crate::config) tenant: Option<TenantId>,
    #[serde(default, with = "secret")]
    pub(in crate::config) key: Option<SecretString>,
    #[serde(default, with = "maybe_written")]
    pub(in crate::config) key_file: Option<PathBuf>,
}
