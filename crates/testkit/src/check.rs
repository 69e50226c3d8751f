//! A named check, and how it is run: alone, within a bound, its panic caught.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Completion, Trial};

/// Longest that one check may take, on a slow machine with others beside it.
const BOUND: Duration = Duration::from_secs(180);

/// What a check does; it panics where the promise is not kept.
type Body<T> = for<'a> fn(&'a T) -> LocalBoxFuture<'a, ()>;

/// One named check of what `T` makes.
pub struct Check<T: ?Sized> {
    name: &'static str,
    promise: &'static str,
    body: Body<T>,
    inapplicable: Option<&'static str>,
}

impl<T: ?Sized> Check<T> {
    pub(crate) const fn new(name: &'static str, promise: &'static str, body: Body<T>) -> Self {
        Self {
            name,
            promise,
            body,
            inapplicable: None,
        }
    }

    /// The same check, left out for `reason` unless `applies`.
    pub(crate) fn only_if(mut self, applies: bool, reason: &'static str) -> Self {
        if !applies {
            self.inapplicable = Some(reason);
        }
        self
    }

    /// Its name: topic and sentence.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The sentence of the trait's documentation that it holds an implementation to.
    pub const fn promise(&self) -> &'static str {
        self.promise
    }

    /// Why it does not apply; none when it does.
    pub const fn inapplicable(&self) -> Option<&'static str> {
        self.inapplicable
    }

    /// Runs it, in a tokio runtime with time and several threads. Whether it applies is not asked.
    ///
    /// # Errors
    /// What it found to be otherwise than promised, or that it did not end.
    pub async fn run(&self, subject: &T) -> Result<(), Failed> {
        let body = AssertUnwindSafe((self.body)(subject)).catch_unwind();
        let why = match tokio::time::timeout(BOUND, body).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(panic)) => words(panic.as_ref()),
            Err(_) => format!("it did not end within {} s", BOUND.as_secs()),
        };
        Err(Failed {
            promise: self.promise,
            why,
        })
    }
}

impl<T: ?Sized> fmt::Debug for Check<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("promise", &self.promise)
            .field("inapplicable", &self.inapplicable)
            .finish_non_exhaustive()
    }
}

/// A promise that was not kept.
#[derive(Debug, Clone, thiserror::Error)]
#[error("promised: {promise}\nfound: {why}")]
pub struct Failed {
    /// The promise.
    pub promise: &'static str,
    /// What was found instead.
    pub why: String,
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

/// Each check as a trial with a runtime of its own.
pub(crate) fn trials<T: ?Sized + Send + Sync + 'static>(
    subject: &Arc<T>,
    checks: Vec<Check<T>>,
) -> Vec<Trial> {
    let trial = |check: Check<T>| {
        let subject = Arc::clone(subject);
        Trial::ignorable_test(check.name, move || match check.inapplicable {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => {
                runtime()?.block_on(check.run(&subject))?;
                Ok(Completion::Completed)
            }
        })
    };
    checks.into_iter().map(trial).collect()
}

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}

/// Runs trials by the arguments of the process, as `cargo test` gives them, and tells the result as `libtest` does.
pub fn run(trials: Vec<Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A table of checks, by the sentence that each of them holds an implementation to. `$call` says how a check is given
/// what it looks at.
macro_rules! checks {
    ($call:ident: $($promise:literal => [$($check:path),+ $(,)?]),+ $(,)?) => {
        vec![$($(
            $crate::Check::new(stringify!($check), $promise, |subject| {
                Box::pin($call(subject, $check))
            })
        ),+),+]
    };
}
pub(crate) use checks;
