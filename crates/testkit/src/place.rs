//! Where a store keeps what it is told: the suites take it away, open it again and look into it.

use std::sync::Arc;

use async_trait::async_trait;

/// Makes stores of one kind. `S` is `dyn StateStore` or `dyn AdminStore`.
#[async_trait]
pub trait Factory<S: ?Sized>: Send + Sync + 'static {
    /// A new place that holds nothing, with an open store.
    async fn place(&self) -> Box<dyn Place<S>>;

    /// Whether [`Place::bytes`] shows what is stored, and values that must not be read by others are sealed there.
    fn shows_sealed_bytes(&self) -> bool {
        false
    }
}

/// Where one store keeps what it is told. Dropping it removes everything.
#[async_trait]
pub trait Place<S: ?Sized>: Send + Sync {
    /// The store that was opened here last, perhaps closed meanwhile.
    fn store(&self) -> Arc<S>;

    /// Closes the store in order.
    async fn close(&mut self);

    /// Opens what is stored here, after [`close`](Self::close).
    async fn open(&mut self);

    /// Opens what is stored here at this moment, as a process finds it after the one before was killed: the store before
    /// is not asked to close first.
    async fn crash(&mut self);

    /// Everything that is stored here, as whoever steals the disk reads it.
    fn bytes(&self) -> Vec<u8> {
        Vec::new()
    }
}
