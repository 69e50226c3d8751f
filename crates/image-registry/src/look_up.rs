//! One look-up: the manifest, for an index the platform's, and the configuration blob.

use http::HeaderMap;
use http::header::LAST_MODIFIED;
use jiff::fmt::rfc2822;
use runtime_core::{ImageFacts, Timestamp};
use sha2::{Digest as _, Sha256, Sha512};

use crate::access::{Access, Document};
use crate::manifest::{self, Manifest};
use crate::reference::{Digest, Version};
use crate::trouble::Trouble;

/// The largest manifest and the largest configuration that are read, in bytes: what registries accept (distribution
/// specification, *manifests*).
const LARGEST: usize = 4 << 20;
/// An index may hold an index.
const DEPTH: usize = 3;

/// What is known of the image, asked at `now`.
///
/// # Errors
/// [`Trouble::Absent`] where there is none, or none for our platform.
pub(crate) async fn look_up(
    access: &mut Access<'_>,
    version: &Version,
    architecture: &str,
    now: Timestamp,
) -> Result<ImageFacts, Trouble> {
    let mut version = version.clone();
    for _ in 0..DEPTH {
        let document = read_manifest(access, &version).await?;
        let manifest = Manifest::parse(&document.body, architecture)
            .ok_or_else(|| Trouble::garbage(&access.host(), "a manifest that cannot be read"))?;
        match manifest {
            Manifest::Image {
                size_bytes,
                config,
                created_at,
            } => {
                let in_config = read_created(access, &config).await?;
                return Ok(ImageFacts {
                    size_bytes,
                    created_at: in_config
                        .or(created_at)
                        .or_else(|| last_modified(&document.headers))
                        .unwrap_or(now),
                });
            }
            Manifest::Index(Some(digest)) => version = Version::Digest(digest),
            // It could not be pulled here.
            Manifest::Index(None) => return Err(Trouble::Absent),
        }
    }
    Err(Trouble::garbage(
        &access.host(),
        "an index within indexes without end",
    ))
}

async fn read_manifest(access: &mut Access<'_>, version: &Version) -> Result<Document, Trouble> {
    let path = format!("manifests/{}", version.as_str());
    let document = access.read(&path, manifest::ACCEPT, LARGEST).await?;
    match version {
        Version::Digest(digest) if !is_of(&document.body, digest) => Err(Trouble::garbage(
            &access.host(),
            "another manifest than the digest names",
        )),
        Version::Digest(_) | Version::Tag(_) => Ok(document),
    }
}

/// The time in the configuration blob. An image without a readable one still exists, and is only of unknown age.
async fn read_created(
    access: &mut Access<'_>,
    config: &Digest,
) -> Result<Option<Timestamp>, Trouble> {
    let path = format!("blobs/{config}");
    match access.read(&path, "*/*", LARGEST).await {
        Ok(blob) if is_of(&blob.body, config) => Ok(manifest::created_at(&blob.body)),
        Ok(_) | Err(Trouble::Absent | Trouble::Garbage { .. }) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn is_of(content: &[u8], digest: &Digest) -> bool {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    match digest.as_str().split_once(':') {
        Some(("sha256", expected)) => hex(&Sha256::digest(content)) == expected,
        Some(("sha512", expected)) => hex(&Sha512::digest(content)) == expected,
        _ => false,
    }
}

fn last_modified(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(LAST_MODIFIED)?.to_str().ok()?;
    let time = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn content_is_held_to_its_digest() {
        let of_nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = Digest::parse(of_nothing).unwrap();
        assert!(is_of(b"", &digest));
        assert!(!is_of(b"x", &digest));
    }

    #[test]
    fn the_time_of_a_file_is_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(last_modified(&headers), None);
        headers.insert(
            LAST_MODIFIED,
            HeaderValue::from_static("Thu, 01 Jan 1970 00:00:02 GMT"),
        );
        assert_eq!(last_modified(&headers), Some(Timestamp::from_millis(2000)));
        headers.insert(LAST_MODIFIED, HeaderValue::from_static("today"));
        assert_eq!(last_modified(&headers), None);
    }
}
