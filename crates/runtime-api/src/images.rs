//! `GET /registry_prefix` and `GET /image_exists` (contract §6.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::BodyError;
use crate::query;

/// The body of `GET /registry_prefix`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryPrefix {
    /// Where runtime images live; not empty. Old clients append `/runtime`.
    #[schema(min_length = 1, example = "registry.example.com/openhands")]
    pub registry_prefix: String,
}

/// The query of `GET /image_exists`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// The image reference.
    pub image: String,
}

impl ImageQuery {
    /// Reads the raw query, without its `?`.
    ///
    /// # Errors
    /// No `image`, or an empty one.
    pub fn parse(query: Option<&str>) -> Result<Self, BodyError> {
        query::values(query.unwrap_or_default(), "image")
            .find(|image| !image.is_empty())
            .map(|image| Self { image })
            .ok_or_else(|| {
                BodyError::of_field("image", "is missing: send ?image= with the image reference")
            })
    }
}

/// The body of `GET /image_exists`: an image that exists always comes with its facts, which V0 reads unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageExists {
    /// Whether there is such an image.
    exists: bool,
    /// What is known of it; always there where the image exists.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<ImageFacts>,
}

/// What a registry knows of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageFacts {
    /// When it was pushed (RFC 3339).
    #[schema(format = DateTime, example = "2026-01-05T10:00:00Z")]
    pub upload_time: String,
    /// Its size in bytes; 0 where it has none.
    #[schema(example = 1_834_022_912_u64)]
    pub image_size_bytes: u64,
}

impl ImageExists {
    /// The answer for what the registry said; none: there is no such image.
    pub fn new(image: Option<ImageFacts>) -> Self {
        Self {
            exists: image.is_some(),
            image,
        }
    }

    /// Whether there is such an image.
    pub const fn exists(&self) -> bool {
        self.exists
    }

    /// What is known of it; a server of ours always says it of an image that exists.
    pub const fn facts(&self) -> Option<&ImageFacts> {
        self.image.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;

    fn json(body: &impl Response) -> String {
        String::from_utf8(body.to_json()).unwrap()
    }

    #[test]
    fn image_answers_on_the_wire() {
        let facts = ImageFacts {
            upload_time: "2026-01-05T10:00:00Z".to_owned(),
            image_size_bytes: 1_834_022_912,
        };
        let prefix = RegistryPrefix {
            registry_prefix: "registry.example.com/openhands".to_owned(),
        };
        insta::assert_snapshot!(json(&ImageExists::new(None)), @r#"{"exists":false}"#);
        insta::assert_snapshot!(
            json(&ImageExists::new(Some(facts))),
            @r#"{"exists":true,"image":{"upload_time":"2026-01-05T10:00:00Z","image_size_bytes":1834022912}}"#
        );
        insta::assert_snapshot!(json(&prefix), @r#"{"registry_prefix":"registry.example.com/openhands"}"#);
    }

    #[test]
    fn image_answers_are_read_back() {
        let facts = ImageFacts {
            upload_time: "2026-01-05T10:00:00Z".to_owned(),
            image_size_bytes: 7,
        };
        for answer in [ImageExists::new(None), ImageExists::new(Some(facts))] {
            let read: ImageExists = serde_json::from_str(&json(&answer)).unwrap();
            assert_eq!(read, answer);
            assert_eq!(read.exists(), read.facts().is_some());
        }
    }

    #[test]
    fn the_image_is_read_from_the_query() {
        let image = ImageQuery::parse(Some("image=ghcr.io%2Fa%2Fb%3A1"))
            .unwrap()
            .image;
        assert_eq!(image, "ghcr.io/a/b:1");
        for query in [None, Some(""), Some("image="), Some("tag=x")] {
            assert_eq!(ImageQuery::parse(query).unwrap_err().field(), Some("image"));
        }
    }
}
