//! What a manifest says: the image's weight and where its configuration is, or, for an index, which manifest to read.

use std::collections::HashMap;

use jiff::Timestamp as Time;
use runtime_core::Timestamp;
use serde::Deserialize;

use crate::reference::Digest;

/// The kinds of manifests that are read: of OCI and of Docker, of one image and of many platforms.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";
/// The annotation with the time of creation.
const CREATED: &str = "org.opencontainers.image.created";

/// A manifest, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Manifest {
    Image {
        /// Configuration and layers, in bytes.
        size_bytes: u64,
        config: Digest,
        /// By its annotation.
        created_at: Option<Timestamp>,
    },
    /// The manifest of the platform that was asked for; none: there is none for it.
    Index(Option<Digest>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Entry>>,
    #[serde(default)]
    annotations: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    size: u64,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

#[derive(Deserialize)]
struct Config {
    created: Option<String>,
}

impl Manifest {
    /// None for what is no manifest, and for one that could be read in two ways.
    pub(crate) fn parse(text: &[u8], architecture: &str) -> Option<Self> {
        let document: Document = serde_json::from_slice(text).ok()?;
        let created_at = document
            .annotations
            .get(CREATED)
            .and_then(|text| time(text));
        match (document.config, document.layers, document.manifests) {
            (Some(config), Some(layers), None) => Some(Self::Image {
                size_bytes: layers
                    .iter()
                    .try_fold(config.size, |sum, layer| sum.checked_add(layer.size))?,
                config: Digest::parse(&config.digest)?,
                created_at,
            }),
            (None, None, Some(entries)) => Some(Self::Index(of_platform(&entries, architecture)?)),
            _ => None,
        }
    }
}

/// None where the digest of the one that is meant cannot be read.
fn of_platform(entries: &[Entry], architecture: &str) -> Option<Option<Digest>> {
    let meant = |entry: &&Entry| {
        entry
            .platform
            .as_ref()
            .is_some_and(|platform| platform.os == "linux" && platform.architecture == architecture)
    };
    let entry = entries.iter().find(meant).or(match entries {
        // An index of one image need not say what it is for.
        [only] if only.platform.is_none() => Some(only),
        _ => None,
    });
    match entry {
        None => Some(None),
        Some(entry) => Digest::parse(&entry.digest).map(Some),
    }
}

/// The time of creation in a configuration blob; none where it says none, or is no such blob.
pub(crate) fn created_at(config: &[u8]) -> Option<Timestamp> {
    let config: Config = serde_json::from_slice(config).ok()?;
    time(&config.created?)
}

fn time(text: &str) -> Option<Timestamp> {
    let time: Time = text.parse().ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parse(text: &str) -> Option<Manifest> {
        Manifest::parse(
            text.replace('#', &format!("sha256:{HEX}")).as_bytes(),
            "amd64",
        )
    }

    fn digest() -> Digest {
        Digest::parse(&format!("sha256:{HEX}")).unwrap()
    }

    #[test]
    fn an_image_weighs_its_configuration_and_its_layers() {
        let text = r##"{"config": {"digest": "#", "size": 1}, "layers": [{"digest": "#", "size": 20}, {"digest": "x", "size": 300}]}"##;
        let expected = Manifest::Image {
            size_bytes: 321,
            config: digest(),
            created_at: None,
        };
        assert_eq!(parse(text), Some(expected));
    }

    #[test]
    fn an_index_leads_to_the_platforms_manifest() {
        let of = |platform: &str| {
            parse(&format!(
                r##"{{"manifests": [{{"digest": "x", "platform": {{"os": "windows", "architecture": "amd64"}}}}, {{"digest": "#", {platform}}}]}}"##
            ))
        };
        let linux = r#""platform": {"os": "linux", "architecture": "amd64", "variant": "v2"}"#;
        assert_eq!(of(linux), Some(Manifest::Index(Some(digest()))));
        let arm = r#""platform": {"os": "linux", "architecture": "arm64"}"#;
        assert_eq!(of(arm), Some(Manifest::Index(None)));
        let alone = r##"{"manifests": [{"digest": "#"}]}"##;
        assert_eq!(parse(alone), Some(Manifest::Index(Some(digest()))));
    }

    #[test]
    fn what_can_be_read_in_no_way_or_in_two_is_no_manifest() {
        for text in [
            "",
            "null",
            "{}",
            "[]",
            r#"{"config": 1}"#,
            r##"{"config": {"digest": "#", "size": 1}}"##,
            r##"{"config": {"digest": "../x", "size": 1}, "layers": []}"##,
            r##"{"config": {"digest": "#", "size": -1}, "layers": []}"##,
            r##"{"config": {"digest": "#", "size": 1}, "layers": [], "manifests": []}"##,
            r##"{"config": {"digest": "#", "size": 18446744073709551615}, "layers": [{"digest": "#", "size": 1}]}"##,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_read_where_there_are_any() {
        let at = |text: &str| created_at(text.as_bytes()).map(Timestamp::as_millis);
        assert_eq!(at(r#"{"created": "1970-01-01T00:00:01.5Z"}"#), Some(1500));
        assert_eq!(
            at(r#"{"created": "1970-01-01T01:00:01+01:00"}"#),
            Some(1000)
        );
        for text in [
            "{}",
            "x",
            r#"{"created": null}"#,
            r#"{"created": "yesterday"}"#,
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in ".*") {
            Manifest::parse(text.as_bytes(), "amd64");
            created_at(text.as_bytes());
        }
    }
}
