//! Port ranges that no other test uses, in this process or another.

use std::net::TcpListener;

/// Above the ports that servers with defaults use first, and below the kernel's own.
const FIRST: u16 = 22_000;
const LAST: u16 = 32_700;
const STEP: u16 = 100;

/// Ports of one test server; another test gets them when this is dropped.
#[derive(Debug)]
pub(crate) struct Ports {
    first: u16,
    count: u16,
    /// Holding the first port of each block is what makes it ours.
    held: Vec<TcpListener>,
}

impl Ports {
    /// Claims ranges of at least `wanted` ports each for the gateway and for the agents.
    pub(crate) fn claim(wanted: u16) -> Self {
        let blocks = (2 * (wanted + 1)).div_ceil(STEP);
        let mut first = FIRST;
        while first + blocks * STEP <= LAST {
            let held: Vec<_> = (0..blocks)
                .map_while(|block| TcpListener::bind(("127.0.0.1", first + block * STEP)).ok())
                .collect();
            if held.len() == usize::from(blocks) {
                return Self {
                    first,
                    count: blocks * STEP,
                    held,
                };
            }
            first += STEP * (u16::try_from(held.len()).unwrap() + 1);
        }
        panic!("too many tests at a time: no {wanted} ports left");
    }

    /// The gateway's range, or the first `count` ports of it, as the configuration writes it.
    pub(crate) fn gateway(&self, count: Option<u16>) -> String {
        range(self.first + 1, self.middle() - 1, count)
    }

    /// The agents' range.
    pub(crate) fn local(&self, count: Option<u16>) -> String {
        range(self.middle() + 1, self.first + self.count - 1, count)
    }

    fn middle(&self) -> u16 {
        self.first + self.count / 2
    }
}

fn range(first: u16, last: u16, count: Option<u16>) -> String {
    format!("{first}-{}", count.map_or(last, |count| first + count - 1))
}
