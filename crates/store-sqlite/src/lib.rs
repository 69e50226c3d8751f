//! The durable records of sandboxes in SQLite, with one writer that commits in groups.
