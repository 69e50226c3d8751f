//! What every [`SandboxBackend`](runtime_core::SandboxBackend) must pass.
