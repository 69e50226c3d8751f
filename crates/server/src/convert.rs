//! Where the wire's words meet the core's: the only place that knows a *runtime* is a *sandbox*.

mod runtime;
mod start;
mod status;
mod time;

pub(crate) use runtime::{CaseRule, RuntimeRender};
pub(crate) use start::start;
pub(crate) use time::rfc3339;
