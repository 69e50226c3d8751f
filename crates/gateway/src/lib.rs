//! The reverse proxy that leads clients to sandboxes.
