//! The core's Agent trait over HTTP: probe, initialise and idle time of an agent inside a sandbox.
