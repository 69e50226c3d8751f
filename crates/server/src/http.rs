//! HTTP: connections, layers, routes, bodies and the one mapping of errors to answers.

pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod layers;
pub(crate) mod pieces;
pub(crate) mod reply;
pub(crate) mod route;
pub(crate) mod router;
