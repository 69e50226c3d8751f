//! `GET /registry_prefix` and `GET /image_exists` (contract §6.2).

use http::StatusCode;
use runtime_api::{ImageExists, ImageFacts, ImageQuery};
use runtime_core::sandbox::{DiskSpec, Entrypoint, ImageRef, ResourceFactor, Spec, User};

use super::{Api, Images};
use crate::convert::rfc3339;
use crate::http::error::ApiError;
use crate::http::reply::{self, Reply};

pub(crate) fn registry_prefix(api: &Api) -> Reply {
    reply::of(StatusCode::OK, &api.registry_prefix)
}

pub(crate) fn image_exists(api: &Api, query: Option<&str>) -> Result<Reply, ApiError> {
    let image = ImageQuery::parse(query)?.image;
    // What is no image reference names no image.
    let facts = image.parse().ok().and_then(|image| api.images.facts(image));
    Ok(reply::of(StatusCode::OK, &ImageExists::new(facts)))
}

impl Images {
    /// What is known of an image, if it could be launched. Local programs have no size that would mean anything.
    fn facts(&self, image: ImageRef) -> Option<ImageFacts> {
        self.backend.check(&bare(image)).ok()?;
        Some(ImageFacts {
            upload_time: rfc3339(self.since)?,
            image_size_bytes: 0,
        })
    }
}

/// A sandbox of this image with nothing else asked for.
fn bare(image: ImageRef) -> Spec {
    Spec {
        image,
        entrypoint: Entrypoint::Image { args: Vec::new() },
        working_dir: None,
        environment: Vec::new(),
        resources: ResourceFactor::ONE,
        runtime_class: None,
        user: User::default(),
        pull_policy: None,
        disk: DiskSpec::Empty,
    }
}
