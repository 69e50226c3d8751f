//! Image references: `[host[:port]/]path[:tag][@digest]`.

use std::fmt;

use crate::hosts::host_and_port;

/// What Docker Hub is called in references.
const HUB: &str = "docker.io";
/// Where Docker Hub answers.
const HUB_HOST: &str = "registry-1.docker.io";
/// The longest name that the distribution specification has.
const LONGEST_NAME: usize = 255;

/// A reference that a registry can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    /// Host in lower case, without brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) repository: String,
    pub(crate) version: Version,
}

/// Which manifest of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    Tag(String),
    Digest(Digest),
}

/// `sha256:…`; the hexadecimal digits are in lower case and as many as the algorithm has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Digest(String);

impl Reference {
    /// None for text that names no image.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(Digest::parse(digest)?)),
            None => (text, None),
        };
        let (registry, rest) = match name.split_once('/') {
            Some((first, rest)) if is_registry(first) => (first, rest),
            _ => (HUB, name),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !is_repository(repository) || !tag.is_none_or(is_tag) {
            return None;
        }
        let registry = registry.to_ascii_lowercase();
        let (host, port) = host_and_port(&registry)?;
        let is_hub = port.is_none() && matches!(host, HUB | "index.docker.io" | HUB_HOST);
        let repository = if is_hub && !repository.contains('/') {
            format!("library/{repository}")
        } else {
            repository.to_owned()
        };
        let version = match (digest, tag) {
            // The digest alone says which.
            (Some(digest), _) => Version::Digest(digest),
            (None, tag) => Version::Tag(tag.unwrap_or("latest").to_owned()),
        };
        Some(Self {
            host: if is_hub { HUB_HOST } else { host }.to_owned(),
            port,
            repository,
            version,
        })
    }

    /// The key under which the Docker configuration holds credentials for this registry.
    pub(crate) fn credentials_key(&self) -> String {
        if self.host == HUB_HOST && self.port.is_none() {
            return "index.docker.io".to_owned();
        }
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.credentials_key(), self.repository)?;
        match &self.version {
            Version::Tag(tag) => write!(f, ":{tag}"),
            Version::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

impl Version {
    /// As it stands in the path of a manifest.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Tag(text) | Self::Digest(Digest(text)) => text,
        }
    }
}

impl Digest {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return None,
        };
        let is_hex = hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && hex.len() == length).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Docker's rule: what has a dot, a colon or capitals before the first slash is a host, else a part of the path.
fn is_registry(first: &str) -> bool {
    first == "localhost"
        || first.contains(['.', ':', '['])
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_repository(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.split('/').all(is_component)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separator = Vec::new();
    let mut began = false;
    for byte in text.bytes() {
        if alphanumeric(byte) {
            let joined = match separator.as_slice() {
                [] => true,
                b"." | b"_" | b"__" => began,
                dashes => began && dashes.iter().all(|byte| *byte == b'-'),
            };
            if !joined {
                return false;
            }
            separator.clear();
            began = true;
        } else {
            separator.push(byte);
        }
    }
    began && separator.is_empty()
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn shown(text: &str) -> Option<String> {
        Reference::parse(text).map(|reference| reference.to_string())
    }

    #[test]
    fn references_are_read_as_docker_reads_them() {
        for (text, full) in [
            ("python", "index.docker.io/library/python:latest"),
            ("docker.io/a/b:1", "index.docker.io/a/b:1"),
            ("ghcr.io/a/b", "ghcr.io/a/b:latest"),
            ("GHCR.io/a/b:V1.2-x", "ghcr.io/a/b:V1.2-x"),
            ("localhost/a:1", "localhost/a:1"),
            ("localhost:5000/a/b/c:1", "localhost:5000/a/b/c:1"),
            ("[::1]:5000/a:1", "[::1]:5000/a:1"),
            ("a.b/c__d/e--f.g:1", "a.b/c__d/e--f.g:1"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(full), "{text}");
        }
    }

    #[test]
    fn a_digest_goes_before_a_tag() {
        let text = format!("ghcr.io/a:1@sha256:{HEX}");
        assert_eq!(shown(&text), Some(format!("ghcr.io/a@sha256:{HEX}")));
    }

    #[test]
    fn what_is_no_reference_names_no_image() {
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "A",
            "a:b:c",
            "a:",
            "a:-x",
            "a@sha256:0",
            "a@md5:00",
            "ghcr.io/",
            "ghcr.io/A",
            "ghcr.io/a..b",
            "ghcr.io/../x",
            "ghcr.io/a?b",
            "ghcr.io/a#b",
            "ghcr.io/a%2f",
            "http://ghcr.io/a",
            "user:password@ghcr.io/a",
            "ghcr.io:99999/a",
            "ghcr.io/a_-b",
            "ghcr.io/a___b",
            "ghcr.io/a:\u{e4}",
            "./a",
            "../a",
            "a..b/c",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert_eq!(shown(&format!("ghcr.io/{}", "a".repeat(256))), None);
        assert_eq!(shown(&format!("a:{}", "b".repeat(129))), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in ".*") {
            // What is read can be written, and read again as the same.
            if let Some(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.to_string()), Some(reference));
            }
        }

        #[test]
        fn what_is_read_is_a_path_as_it_stands(text in "[a-zA-Z0-9:./@_\\[\\]-]{0,40}") {
            if let Some(reference) = Reference::parse(&text) {
                let path = format!("/v2/{}/manifests/{}", reference.repository, reference.version.as_str());
                prop_assert!(!path.contains("//") && !path.contains(".."));
                prop_assert!(path.parse::<http::Uri>().is_ok());
            }
        }
    }
}
