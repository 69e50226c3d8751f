//! Times as a distribution.

use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;

/// The longest time that is told apart from longer ones, in microseconds: 20 minutes.
const LONGEST: u64 = 1_200_000_000;
/// Digits of a time that are kept.
const DIGITS: u8 = 3;

/// Times that were measured, to the microsecond.
#[derive(Debug, Clone)]
pub(crate) struct Times(Histogram<u64>);

/// What is told of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Distribution {
    pub(crate) n: u64,
    pub(crate) p50: Duration,
    pub(crate) p90: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

impl Times {
    pub(crate) fn new() -> Result<Self> {
        let histogram = Histogram::new_with_bounds(1, LONGEST, DIGITS);
        Ok(Self(histogram.context("cannot make a histogram")?))
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    /// Takes in what another client measured.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        self.0.add(&other.0).context("cannot add times up")
    }

    pub(crate) fn distribution(&self) -> Distribution {
        let at = |quantile| Duration::from_micros(self.0.value_at_quantile(quantile));
        Distribution {
            n: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: Duration::from_micros(self.0.max()),
        }
    }
}

/// A time in milliseconds, as a person reads it: three digits that matter.
pub(crate) fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    let digits = match millis {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{millis:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_times_have_their_largest_as_p99() {
        let mut times = Times::new().unwrap();
        for millis in [5, 1, 3, 2, 4] {
            times.record(Duration::from_millis(millis));
        }
        let told = times.distribution();
        assert_eq!((told.n, millis(told.p50).as_str()), (5, "3.00"));
        assert_eq!(
            (millis(told.p99), millis(told.max)),
            ("5.00".into(), "5.00".into())
        );
    }

    #[test]
    fn milliseconds_have_three_digits() {
        for (micros, text) in [
            (37, "0.04"),
            (1_234, "1.23"),
            (45_678, "45.7"),
            (5_400_000, "5400"),
        ] {
            assert_eq!(millis(Duration::from_micros(micros)), text);
        }
    }
}
