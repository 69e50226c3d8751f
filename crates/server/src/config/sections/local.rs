//! `[local]` and `[[local.images]]`: sandboxes as processes of this machine.

use std::ops::RangeInclusive;
use std::time::Duration;

use backend_local::{Program, Programs};
use serde::{Deserialize, Serialize};

use super::gateway::Gateway;
use crate::config::catalogue::{Key, Section};
use crate::config::checks::Checks;
use crate::config::values::{Bytes, written};

/// Where Linux begins to give ports to connections (`net.ipv4.ip_local_port_range`).
const FIRST_EPHEMERAL: u16 = 32_768;
/// More than any machine has.
const MOST_CORES: f64 = 1_000_000.0;

pub(super) const SECTION: Section = Section {
    name: "local",
    is_list: false,
    about: "Sandboxes as processes of this machine. `memory`, `cpu` and `pids` are what a sandbox of resource factor 1 may \
            use, where cgroups can be made; 0 for no limit.",
    keys: &[
        Key::of::<RangeInclusive<u16>>(
            "ports",
            "Ports inside sandboxes, four a boot; below 32768.",
        ),
        Key::of::<Duration>("grace", "From SIGTERM to SIGKILL."),
        Key::of::<Bytes>("memory", "Memory of a sandbox."),
        Key::of::<f64>("cpu", "Cores of a sandbox."),
        Key::of::<u64>("pids", "Processes of a sandbox."),
        Key::of::<u64>("open_files", "Open files of one process."),
        Key::of::<Bytes>(
            "log_size",
            "What is kept of a sandbox's output is `log_files` files of this size.",
        ),
        Key::of::<u32>(
            "log_files",
            "How many files are kept of a sandbox's output.",
        ),
    ],
};

pub(super) const IMAGES: Section = Section {
    name: "local.images",
    is_list: true,
    about: "Which program of this machine runs for which image, before the built-in mapping of the agent server.",
    keys: &[
        Key::of::<String>(
            "image",
            "`*` stands for any text, `?` for one character.",
        )
        .unset("required", "\"*agent-server*\""),
        Key::of::<String>(
            "command",
            "`{port}` stands for the port to listen on. As a text it is split as a shell would; as a list, each is a word.",
        )
        .allowed("a command line, as a text or as a list of its words")
        .unset(
            "required",
            "\"openhands-agent-server --host 127.0.0.1 --port {port}\"",
        ),
    ],
};

/// Sandboxes as processes of this machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Local {
    #[serde(with = "written")]
    pub(crate) ports: RangeInclusive<u16>,
    #[serde(with = "written")]
    pub(crate) grace: Duration,
    #[serde(with = "written")]
    pub(crate) memory: Bytes,
    /// Cores.
    pub(crate) cpu: f64,
    pub(crate) pids: u64,
    pub(crate) open_files: u64,
    #[serde(with = "written")]
    pub(crate) log_size: Bytes,
    pub(crate) log_files: u32,
    images: Vec<Image>,
}

impl Default for Local {
    fn default() -> Self {
        let limits = backend_local::Limits::default();
        let log = backend_local::LogLimits::default();
        Self {
            ports: 10_000..=19_999,
            grace: Duration::from_secs(10),
            memory: Bytes(limits.memory_bytes.unwrap_or(0)),
            cpu: 2.0,
            pids: limits.pids.unwrap_or(0),
            open_files: limits.open_files,
            log_size: Bytes(log.max_bytes),
            log_files: log.files,
            images: Vec::new(),
        }
    }
}

/// Which program of this machine runs for which image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Image {
    /// `*` stands for any text, `?` for one character.
    image: String,
    command: Command,
}

/// A command line: one text by the shell's quoting rules, or its words.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::config) enum Command {
    Text(String),
    Words(Vec<String>),
}

impl Local {
    pub(super) fn check(&self, gateway: &Gateway, checks: &mut Checks<'_>) {
        let (first, last) = (self.ports.start(), self.ports.end());
        if gateway.ports.contains(first)
            || gateway.ports.contains(last)
            || self.ports.contains(gateway.ports.start())
        {
            checks.mistake("local.ports", "must not overlap with `gateway.ports`");
        }
        if *last >= FIRST_EPHEMERAL {
            checks.warning(
                "local.ports",
                "should end below 32768: above, programs get ports that other connections of this machine have",
            );
        }
        if !(0.0..=MOST_CORES).contains(&self.cpu) {
            checks.mistake(
                "local.cpu",
                "must be a number of cores, such as 2.0, or 0 for no limit",
            );
        }
    }

    /// Thousandths of a core; none for no limit.
    pub(crate) fn milli_cpu(&self) -> Option<u64> {
        let milli = (self.cpu.clamp(0.0, MOST_CORES) * 1000.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 10^9"
        )]
        let milli = milli as u64;
        (milli > 0).then_some(milli)
    }

    /// Which programs run for which images, as far as they can be used.
    pub(in crate::config) fn programs(&self, checks: &mut Checks<'_>) -> Programs {
        let mut programs = Vec::new();
        for (at, mapped) in self.images.iter().enumerate() {
            let program = match &mapped.command {
                Command::Text(text) => Program::parse(&mapped.image, text),
                Command::Words(words) => Program::new(&mapped.image, words.clone()),
            };
            match program {
                Ok(program) => programs.push(program),
                Err(error) => {
                    let key = format!("local.images[{at}].command");
                    checks.mistake(&key, format!("is wrong: {error}"));
                }
            }
        }
        Programs::before_default(programs)
    }
}
