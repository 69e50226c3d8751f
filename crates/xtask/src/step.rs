//! Steps that are announced, timed and told again at the end.

use std::fmt::Display;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Prints one line. A reader that went away is an error like any other, so that clean-up still runs.
pub(crate) fn say(line: impl Display) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("cannot write to standard output")
}

/// The steps of one command so far.
#[derive(Debug)]
pub(crate) struct Steps {
    began: Instant,
    done: Vec<Done>,
}

#[derive(Debug)]
struct Done {
    name: String,
    took: Duration,
    /// The closing lines of what ran in this step, if it has such lines.
    closing: Vec<String>,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
            done: Vec::new(),
        }
    }

    /// Announces a step, does it, and says how long it took.
    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        say(format_args!("==> {name}"))?;
        let began = Instant::now();
        let result = work().with_context(|| format!("step `{name}` failed"));
        let took = began.elapsed();
        let word = if result.is_ok() {
            "done in"
        } else {
            "FAILED after"
        };
        say(format_args!("    {word} {}", seconds(took)))?;
        self.done.push(Done {
            name: name.to_owned(),
            took,
            closing: Vec::new(),
        });
        result
    }

    /// As [`run`](Self::run), for work that gives the closing lines of a test runner.
    pub(crate) fn run_tests(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<Vec<String>>,
    ) -> Result<()> {
        let closing = self.run(name, work)?;
        if let Some(step) = self.done.last_mut() {
            step.closing = closing;
        }
        Ok(())
    }

    /// Notes in the summary that something was left out, and why.
    pub(crate) fn skip(&mut self, why: &str) -> Result<()> {
        let name = format!("skipped: {why}");
        say(format_args!("==> {name}"))?;
        self.done.push(Done {
            name,
            took: Duration::ZERO,
            closing: Vec::new(),
        });
        Ok(())
    }

    /// All steps with their times, then the time of the whole.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        for step in &self.done {
            text.push_str(&format!("{:>8}  {}\n", seconds(step.took), step.name));
            for line in &step.closing {
                text.push_str(&format!("{:>8}  . {line}\n", ""));
            }
        }
        text.push_str(&format!("{:>8}  altogether", seconds(self.began.elapsed())));
        text
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_failed_step_is_named_in_the_error_and_in_the_summary() {
        let mut steps = Steps::begin();
        let error = steps
            .run::<()>("boil water", || bail!("no gas"))
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "step `boil water` failed: no gas");
        assert!(steps.summary().contains("boil water"));
    }

    #[test]
    fn the_summary_repeats_the_closing_lines_of_runners() {
        let mut steps = Steps::begin();
        steps
            .run_tests("tests", || Ok(vec!["test result: ok. 3 passed".to_owned()]))
            .unwrap();
        steps.skip("nobody is here").unwrap();
        let summary = steps.summary();
        assert!(
            summary.contains("tests\n          . test result: ok. 3 passed"),
            "{summary}"
        );
        assert!(summary.contains("skipped: nobody is here"), "{summary}");
    }
}
