//! Real parts that the commands start: each is made ready or started, waited for with a bound, and stopped by pid.

pub(crate) mod agent_server;
pub(crate) mod cache;
pub(crate) mod debian;
pub(crate) mod nginx;
pub(crate) mod processes;
pub(crate) mod python;
pub(crate) mod server;
