//! What every [`AdminStore`](runtime_core::AdminStore) must pass.
