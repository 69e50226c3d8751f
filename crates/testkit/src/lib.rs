//! What every backend and every store must pass.
