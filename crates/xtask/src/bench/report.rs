//! What was measured, as tables for people and as lines for programs.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::machine::Machine;
use super::times::{Distribution, millis};

/// The rows of one figure.
#[derive(Debug, Default)]
pub(crate) struct Report {
    times: Vec<(String, Distribution)>,
    values: Vec<Quantity>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Quantity {
    what: String,
    value: f64,
    unit: &'static str,
}

impl Report {
    /// A distribution.
    pub(crate) fn times(&mut self, what: impl Into<String>, times: Distribution) {
        self.times.push((what.into(), times));
    }

    /// A single quantity.
    pub(crate) fn value(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        let what = what.into();
        self.values.push(Quantity { what, value, unit });
    }

    /// What `with` takes longer than `without`.
    pub(crate) fn difference(&mut self, what: &str, with: &Distribution, without: &Distribution) {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        for (name, of) in [
            ("p50", (|d| d.p50) as fn(&Distribution) -> Duration),
            ("p99", |d| d.p99),
        ] {
            let added = millis(of(with)) - millis(of(without));
            self.value(format!("{what}: difference of {name}"), added, "ms");
        }
    }

    /// Something to know when reading it.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut text = String::new();
        if !self.times.is_empty() {
            text.push_str("| times in ms | n | p50 | p90 | p99 | max |\n");
            text.push_str("| --- | ---: | ---: | ---: | ---: | ---: |\n");
        }
        for (
            what,
            Distribution {
                n,
                p50,
                p90,
                p99,
                max,
            },
        ) in &self.times
        {
            let [p50, p90, p99, max] = [p50, p90, p99, max].map(|time| millis(*time));
            text.push_str(&format!(
                "| {what} | {n} | {p50} | {p90} | {p99} | {max} |\n"
            ));
        }
        if !self.values.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str("| what | value |\n| --- | ---: |\n");
        }
        for Quantity { what, value, unit } in &self.values {
            let value = format!("{} {unit}", rounded(*value));
            text.push_str(&format!("| {what} | {} |\n", value.trim_end()));
        }
        for note in &self.notes {
            text.push_str(&format!("\n{note}.\n"));
        }
        text
    }

    /// One object a line: which figure, of what, when, of which revision, on what.
    pub(crate) fn to_json_lines(&self, figure: &str, machine: &Machine) -> String {
        let at = SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.as_secs());
        let about = json!({
            "figure": figure, "at": at, "revision": machine.revision, "cores": machine.cores, "notes": self.notes,
        });
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let times = self.times.iter().map(|(what, times)| {
            json!({
                "what": what, "n": times.n, "p50_us": micros(times.p50), "p90_us": micros(times.p90),
                "p99_us": micros(times.p99), "max_us": micros(times.max),
            })
        });
        let values = self.values.iter().map(
            |Quantity { what, value, unit }| json!({"what": what, "value": value, "unit": unit}),
        );
        times
            .chain(values)
            .map(|row| format!("{}\n", joined(&about, &row)))
            .collect()
    }
}

fn joined(first: &Value, second: &Value) -> Value {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    fields(first).into_iter().chain(fields(second)).collect()
}

/// Three digits that matter, all of those before the point.
fn rounded(value: f64) -> String {
    let digits = match value.abs() {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: u64) -> Distribution {
        let time = Duration::from_millis(millis);
        Distribution {
            n: 7,
            p50: time,
            p90: time,
            p99: 2 * time,
            max: 3 * time,
        }
    }

    #[test]
    fn a_report_is_a_table_of_times_and_one_of_values() {
        let mut report = Report::default();
        report.times("direct", times(10));
        report.times("start", times(12));
        report.difference("added", &times(12), &times(10));
        report.note("on a Tuesday".to_owned());
        let expected = "\
| times in ms | n | p50 | p90 | p99 | max |
| --- | ---: | ---: | ---: | ---: | ---: |
| direct | 7 | 10.0 | 10.0 | 20.0 | 30.0 |
| start | 7 | 12.0 | 12.0 | 24.0 | 36.0 |

| what | value |
| --- | ---: |
| added: difference of p50 | 2.00 ms |
| added: difference of p99 | 4.00 ms |

on a Tuesday.
";
        assert_eq!(report.to_markdown(), expected);
    }

    #[test]
    fn each_row_is_a_line_for_programs() {
        let mut report = Report::default();
        report.times("direct", times(10));
        report.value("memory", 1.5, "MiB");
        let lines = report.to_json_lines("start", &Machine::look().unwrap());
        let rows: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [direct, memory] = rows.as_slice() else {
            panic!("{lines}")
        };
        assert_eq!(
            (&direct["figure"], &direct["p99_us"]),
            (&json!("start"), &json!(20_000))
        );
        assert_eq!(
            (&memory["value"], &memory["unit"]),
            (&json!(1.5), &json!("MiB"))
        );
    }
}
