//! One way to a sandbox, and the figures of several ways side by side.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use rustix::process::Pid;

use crate::bench::report::Report;
use crate::bench::tunnel::Tunnel;

/// What our own way is called.
pub(super) const GATEWAY: &str = "gateway";

/// One way to a sandbox.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    /// The header `Host`.
    pub(super) host: String,
    /// The process in between; none where there is none.
    pub(super) process: Option<Pid>,
}

/// The ways to one sandbox: directly first, the gateway last.
#[derive(Debug)]
pub(super) struct Ways(pub(super) Vec<Way>);

impl Way {
    /// A request for this path.
    pub(super) fn get(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host).into_bytes()
    }

    /// What the process in between has used of processors, in all its threads that are left.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        let Some(pid) = self.process else {
            return Ok(Duration::ZERO);
        };
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()))? {
            // A thread may end while we look.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            let running = text.split(' ').next().context("schedstat is empty")?;
            nanos += running.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// How many words came back over so many WebSockets.
    pub(super) fn echoes(&self, sockets: usize, lasts: Duration) -> Result<f64> {
        let mut tunnels = (0..sockets)
            .map(|_| Tunnel::at(self.address, &self.host))
            .collect::<Result<Vec<_>>>()?;
        let (count, until) = (AtomicU64::new(0), Instant::now() + lasts);
        thread::scope(|scope| {
            let echoing: Vec<_> = tunnels
                .iter_mut()
                .map(|tunnel| {
                    scope.spawn(|| -> Result<()> {
                        while Instant::now() < until {
                            tunnel.echo()?;
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(())
                    })
                })
                .collect();
            echoing.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow!("an echo panicked")))
            })
        })?;
        #[expect(clippy::cast_precision_loss, reason = "no load has 2^52 echoes")]
        Ok(count.into_inner() as f64)
    }
}

impl Ways {
    /// Room for figures of each way.
    pub(super) fn figures(&self) -> Figures {
        Figures(self.0.iter().map(|way| (way.name, Vec::new())).collect())
    }
}

/// A rate and the processor time for each round of each way.
#[derive(Debug)]
pub(super) struct Figures(Vec<(&'static str, Vec<(f64, Duration)>)>);

impl Figures {
    pub(super) fn add(&mut self, way: &Way, rate: f64, each: Duration) {
        if let Some((_, rounds)) = self.0.iter_mut().find(|(name, _)| *name == way.name) {
            rounds.push((rate, each));
        }
    }

    /// The median rate of the slowest way.
    pub(super) fn slowest(&self) -> f64 {
        let rates = self.0.iter().map(|(_, rounds)| median(rates(rounds)));
        rates.fold(f64::INFINITY, f64::min)
    }

    /// Medians over the rounds, and our rate as a part of the others': the median of the rounds' ratios, because what
    /// disturbs a round disturbs all ways of it.
    pub(super) fn tell(&self, report: &mut Report, what: &str, unit: &'static str, each: &str) {
        for (name, rounds) in &self.0 {
            report.value(format!("{what}: {name}"), median(rates(rounds)), unit);
        }
        let Some((ours, between)) = self.0.split_last() else {
            return;
        };
        for (name, rounds) in between.iter().skip(1) {
            let ratios = ours
                .1
                .iter()
                .zip(rounds)
                .map(|(our, their)| our.0 / their.0);
            report.value(format!("{what}: {GATEWAY} to {name}"), median(ratios), "×");
        }
        for (name, rounds) in self.0.iter().skip(1) {
            let micros = rounds.iter().map(|round| round.1.as_secs_f64() * 1e6);
            report.value(
                format!("{what}: processor time for {each}, {name}"),
                median(micros),
                "µs",
            );
        }
    }
}

fn rates(rounds: &[(f64, Duration)]) -> impl Iterator<Item = f64> {
    rounds.iter().map(|round| round.0)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(name: &'static str) -> Way {
        Way {
            name,
            address: "127.0.0.1:1".parse().unwrap(),
            host: "h".to_owned(),
            process: None,
        }
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let ways = Ways(vec![way("direct"), way("nginx"), way(GATEWAY)]);
        let mut figures = ways.figures();
        for (round, rates) in [[9.0, 4.0, 2.0], [9.0, 8.0, 4.0], [9.0, 1.0, 3.0]]
            .iter()
            .enumerate()
        {
            for (way, rate) in ways.0.iter().zip(rates) {
                figures.add(way, *rate, Duration::from_micros(round as u64 + 1));
            }
        }
        let mut report = Report::default();
        figures.tell(&mut report, "x", "/s", "a request");
        let expected = "\
| what | value |
| --- | ---: |
| x: direct | 9.00 /s |
| x: nginx | 4.00 /s |
| x: gateway | 3.00 /s |
| x: gateway to nginx | 0.50 × |
| x: processor time for a request, nginx | 2.00 µs |
| x: processor time for a request, gateway | 2.00 µs |
";
        assert_eq!(report.to_markdown(), expected);
        assert_eq!(figures.slowest(), 3.0);
    }

    #[test]
    fn a_process_that_works_uses_processor_time() {
        let mut way = way("us");
        way.process = Some(rustix::process::getpid());
        let before = way.processor_time().unwrap();
        let until = Instant::now() + Duration::from_millis(20);
        while Instant::now() < until {}
        assert!(way.processor_time().unwrap() > before);
    }
}
