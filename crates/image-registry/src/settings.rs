//! What a look-up may do and how long it may take.

use std::path::PathBuf;
use std::time::Duration;

use crate::hosts::HostPattern;

/// How registries are asked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RegistrySettings {
    /// Registries that may be asked; empty: any that an image names. An image of another registry does not exist.
    pub hosts: Vec<HostPattern>,
    /// Registries that are spoken to without TLS. By default loopback, as Docker does.
    pub insecure: Vec<HostPattern>,
    /// Certificates that are trusted beside the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// The user's Docker configuration (`config.json`), whose credentials are used; none: everything is asked without.
    pub docker_config: Option<PathBuf>,
    /// The architecture that counts in an image index, in the words of Go (`amd64`, `arm64`); the system is Linux.
    pub architecture: String,
    /// For a whole look-up, waiting for its turn included. Below the 10 s of the core's trait.
    pub bound: Duration,
    /// For connecting to a registry, TLS included.
    pub connect: Duration,
    /// How long an image that exists is remembered.
    pub remember: Duration,
    /// How long it is remembered that an image does not exist: shorter, because clients ask, build, and ask again.
    pub remember_absent: Duration,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            insecure: HostPattern::loopback(),
            ca_file: None,
            docker_config: None,
            architecture: architecture().to_owned(),
            bound: Duration::from_secs(8),
            connect: Duration::from_secs(4),
            remember: Duration::from_secs(60),
            remember_absent: Duration::from_secs(5),
        }
    }
}

/// This machine's architecture, as indexes call it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
