//! Sandboxes as process groups of this machine.
