//! `[tls]`: certificate and key of what clients reach.

use std::path::PathBuf;

use listener::TlsFiles;
use serde::{Deserialize, Serialize};

use crate::config::catalogue::{Key, Section};
use crate::config::checks::Checks;
use crate::config::values::maybe_written;

pub(super) const SECTION: Section = Section {
    name: "tls",
    is_list: false,
    about: "TLS for what clients reach. Both files are in PEM form and are taken up again within seconds when they change.",
    keys: &[
        Key::of::<PathBuf>(
            "cert_file",
            "The server's certificate, then those that lead from it to its authority.",
        )
        .unset("none; clear text", "\"/etc/pinfold/tls.crt\""),
        Key::of::<PathBuf>(
            "key_file",
            "The private key of the certificate, not encrypted.",
        )
        .unset("none; clear text", "\"/etc/pinfold/tls.key\""),
    ],
};

/// Certificate and key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    #[serde(with = "maybe_written")]
    cert_file: Option<PathBuf>,
    #[serde(with = "maybe_written")]
    key_file: Option<PathBuf>,
}

impl Tls {
    /// Both files, where TLS is wanted.
    pub(crate) fn files(&self) -> Option<TlsFiles> {
        Some(TlsFiles {
            cert_file: self.cert_file.clone()?,
            key_file: self.key_file.clone()?,
        })
    }

    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        for (one, other, key) in [
            (&self.cert_file, &self.key_file, "tls.key_file"),
            (&self.key_file, &self.cert_file, "tls.cert_file"),
        ] {
            if one.is_some() && other.is_none() {
                checks.mistake(key, "must be set, too: TLS takes a certificate and its key");
            }
        }
    }
}
