//! What was asked for: written once with the record, and the same at every boot (contract §9.5, T41).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is reachable inside a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// The agent server.
    Agent,
    /// VS Code in the browser.
    Vscode,
    /// The first web application of the user.
    #[serde(rename = "work-1")]
    Work1,
    /// The second web application of the user.
    #[serde(rename = "work-2")]
    Work2,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Vscode, Self::Work1, Self::Work2];

    /// The port that it has by contract (§9.1), where a sandbox has a network of its own.
    pub const fn contract_port(self) -> u16 {
        match self {
            Self::Agent => 60000,
            Self::Vscode => 60001,
            Self::Work1 => 12000,
            Self::Work2 => 12001,
        }
    }

    /// Its name in host names, paths and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Vscode => "vscode",
            Self::Work1 => "work-1",
            Self::Work2 => "work-2",
        }
    }
}

/// Name of an image as the client wrote it; not empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageRef(String);

impl ImageRef {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImageRef {
    type Err = InvalidImage;

    fn from_str(text: &str) -> Result<Self, InvalidImage> {
        if text.is_empty()
            || text
                .chars()
                .any(|letter| letter.is_whitespace() || letter.is_control())
        {
            return Err(InvalidImage);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that cannot be an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an image reference must be text without spaces, such as `ghcr.io/openhands/agent-server:1.58.2-python`"
)]
pub struct InvalidImage;

/// What runs in the sandbox (contract §3.3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entrypoint {
    /// The image's own entry point, with these arguments.
    Image {
        /// Arguments after the entry point; empty: the image's own.
        args: Vec<String>,
    },
    /// This program and its arguments in place of the image's entry point.
    Exec(Vec<String>),
}

/// Arguments may hold keys, so only their number is shown.
impl fmt::Debug for Entrypoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { args } => write!(f, "Image({} args)", args.len()),
            Self::Exec(words) => write!(f, "Exec({} words)", words.len()),
        }
    }
}

/// How much of the server's base resources a sandbox gets, in thousandths: 1000 is once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceFactor(u32);

impl ResourceFactor {
    /// Once the base resources.
    pub const ONE: Self = Self(1000);

    /// From thousandths; none for zero.
    pub const fn from_thousandths(thousandths: u32) -> Option<Self> {
        if thousandths == 0 {
            None
        } else {
            Some(Self(thousandths))
        }
    }

    /// In thousandths.
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// `base` times the factor.
    pub fn scale(self, base: u64) -> u64 {
        base.saturating_mul(u64::from(self.0)) / 1000
    }
}

/// Who the program runs as; absent fields leave it to the image. 0 is a value (contract T10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct User {
    /// User id.
    pub uid: Option<u32>,
    /// Group id.
    pub gid: Option<u32>,
    /// Group that the disk is writable for.
    pub fs_group: Option<u32>,
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PullPolicy {
    /// At every boot.
    Always,
    /// When the node lacks it.
    IfNotPresent,
    /// Never.
    Never,
}

/// The disk of a sandbox: a handle with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskSpec {
    /// A new empty disk that belongs to the sandbox.
    Empty,
}

/// What was asked for. Environment *values* are sealed apart; their names stand here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Image.
    pub image: ImageRef,
    /// What runs.
    pub entrypoint: Entrypoint,
    /// Working directory; none: the image's.
    pub working_dir: Option<String>,
    /// Names of the environment that the client gave, sorted.
    pub environment: Vec<String>,
    /// Share of the server's base resources.
    pub resources: ResourceFactor,
    /// Runtime class, as asked for.
    pub runtime_class: Option<String>,
    /// Who the program runs as.
    pub user: User,
    /// When the image is pulled; none: the server's default.
    pub pull_policy: Option<PullPolicy>,
    /// The disk.
    pub disk: DiskSpec,
}
