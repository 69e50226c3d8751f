//! Which images there are.

use std::fmt;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::sandbox::ImageRef;

/// What is known of an image that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageFacts {
    /// What its layers and configuration weigh, compressed, in bytes; 0 where that means nothing.
    pub size_bytes: u64,
    /// When it was made, or appeared here.
    pub created_at: Timestamp,
}

/// Nobody can say now whether an image exists.
#[derive(Debug, thiserror::Error)]
#[error("cannot ask for the image {image}: {advice}")]
pub struct ImageError {
    /// The image, without credentials.
    pub image: String,
    /// What is wrong and what to do, for the client.
    pub advice: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Looks images up. Returns within 10 s, like everything that a call waits for.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Images: fmt::Debug + Send + Sync {
    /// What is known of `image`; none where it does not exist, or may not be read.
    ///
    /// # Errors
    /// [`ImageError`] when that cannot be said.
    async fn look_up(&self, image: &ImageRef) -> Result<Option<ImageFacts>, ImageError>;
}
