//! Checks that are told one by one, as the client scripts tell theirs.

use anyhow::{Result, bail};

use crate::interrupt::Interrupt;
use crate::step::say;

/// How many there were so far.
#[derive(Debug)]
pub(super) struct Checks<'a> {
    interrupt: &'a Interrupt,
    /// Where they are told: standard output, but in our own tests.
    tell: fn(&str) -> Result<()>,
    passed: u32,
    failed: u32,
}

impl<'a> Checks<'a> {
    pub(super) fn begin(interrupt: &'a Interrupt) -> Self {
        Self {
            interrupt,
            tell: |line| say(line),
            passed: 0,
            failed: 0,
        }
    }

    /// Makes a check and tells it. One that fails does not keep the others from being made.
    ///
    /// # Errors
    /// We were interrupted, or nobody listens.
    pub(super) fn check(&mut self, name: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
        let made = make();
        self.interrupt.check()?;
        match made {
            Ok(()) => {
                self.passed += 1;
                (self.tell)(&format!("ok {name}"))
            }
            Err(error) => {
                self.failed += 1;
                (self.tell)(&format!("FAIL {name}: {error:#}"))
            }
        }
    }

    pub(super) fn any_failed(&self) -> bool {
        self.failed > 0
    }

    /// Tells the closing line, which is also the value.
    ///
    /// # Errors
    /// A check had failed.
    pub(super) fn close(self) -> Result<Vec<String>> {
        let closing = format!("{} passed, {} failed", self.passed, self.failed);
        let failed = self.any_failed();
        (self.tell)(&closing)?;
        if failed {
            bail!("{closing}");
        }
        Ok(vec![closing])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(interrupt: &Interrupt) -> Checks<'_> {
        Checks {
            tell: |_| Ok(()),
            ..Checks::begin(interrupt)
        }
    }

    #[test]
    fn all_passed_is_what_the_closing_line_says() {
        let interrupt = Interrupt::never();
        let mut checks = silent(&interrupt);
        checks.check("good", || Ok(())).unwrap();
        assert_eq!(checks.close().unwrap(), ["1 passed, 0 failed"]);
    }

    #[test]
    fn a_failed_check_fails_the_whole_after_the_others() {
        let interrupt = Interrupt::never();
        let mut checks = silent(&interrupt);
        checks.check("bad", || bail!("as expected")).unwrap();
        checks.check("good", || Ok(())).unwrap();
        let error = checks.close().unwrap_err();
        assert_eq!(error.to_string(), "1 passed, 1 failed");
    }

    #[test]
    fn an_interrupted_check_is_not_told_as_failed() {
        let interrupt = Interrupt::already();
        let error = silent(&interrupt).check("any", || Ok(()));
        assert_eq!(error.unwrap_err().to_string(), "interrupted");
    }
}
