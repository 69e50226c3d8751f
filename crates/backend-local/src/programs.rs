//! Which program of this machine runs for which image (`[[local.images]]`).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use runtime_core::sandbox::ImageRef;

/// Stands for the agent's port in a program's command line.
pub(crate) const PORT: &str = "{port}";

/// Images that run the agent server, in every registry and with every tag.
const AGENT_SERVER_IMAGES: &str = "*agent-server*";

/// What runs for images whose name matches a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    image: String,
    command: Vec<String>,
}

/// A mapping that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the program for images `{image}` must be {must}")]
pub struct InvalidProgram {
    image: String,
    must: &'static str,
}

impl Program {
    /// Maps images to a command line. In `image`, `*` stands for any text and `?` for one character. The first word of
    /// `command` is an absolute path or a name that is searched in the settings' `search_path`; `{port}` stands for the
    /// port that the agent must listen on. A program without it finds the port in the variable `port`.
    ///
    /// # Errors
    /// [`InvalidProgram`] when the command is empty or begins with a relative path.
    pub fn new(image: &str, command: Vec<String>) -> Result<Self, InvalidProgram> {
        let invalid = |must| InvalidProgram {
            image: image.to_owned(),
            must,
        };
        match command.first() {
            None => Err(invalid("a command line with at least one word")),
            Some(program) if program.is_empty() => Err(invalid("named by its first word")),
            Some(program) if program.contains('/') && !program.starts_with('/') => {
                Err(invalid("a name to be searched in PATH or an absolute path"))
            }
            Some(_) => Ok(Self {
                image: image.to_owned(),
                command,
            }),
        }
    }

    /// Maps images to a command line in one text, split by the shell's quoting rules.
    ///
    /// # Errors
    /// As [`new`](Self::new), and for quotes that do not end.
    pub fn parse(image: &str, command: &str) -> Result<Self, InvalidProgram> {
        let words = shlex::split(command).ok_or_else(|| InvalidProgram {
            image: image.to_owned(),
            must: "quoted as in a shell",
        })?;
        Self::new(image, words)
    }

    /// The words of the command line, with [`PORT`] in it.
    pub(crate) fn command(&self) -> &[String] {
        &self.command
    }
}

/// All mappings; the first that matches decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs(Vec<Program>);

impl Programs {
    /// These, and nothing else.
    pub fn new(programs: impl IntoIterator<Item = Program>) -> Self {
        Self(programs.into_iter().collect())
    }

    /// These, and after them the default.
    pub fn before_default(programs: impl IntoIterator<Item = Program>) -> Self {
        Self(programs.into_iter().chain(Self::default().0).collect())
    }

    /// What runs for an image.
    pub(crate) fn get(&self, image: &ImageRef) -> Option<&Program> {
        self.0
            .iter()
            .find(|program| matches(program.image.as_bytes(), image.as_str().as_bytes()))
    }
}

impl Default for Programs {
    /// The OpenHands agent server on loopback: with a key it would listen on all interfaces.
    fn default() -> Self {
        let words = [
            "openhands-agent-server",
            "--host",
            "127.0.0.1",
            "--port",
            PORT,
        ];
        Self(vec![Program {
            image: AGENT_SERVER_IMAGES.to_owned(),
            command: words.map(str::to_owned).to_vec(),
        }])
    }
}

/// Whether `text` matches `pattern` with `*` and `?`: greedy, and back to the last `*` where that was too much.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(seen) {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if wanted == letter || *wanted == b'?' => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star, from)) = last_star else {
                    return false;
                };
                last_star = Some((star, from + 1));
                at = star + 1;
                seen = from + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == b'*')
}

/// The file that a program's first word means.
pub(crate) fn find(program: &str, search_path: &OsStr) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| is_program(path));
    }
    std::env::split_paths(search_path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(program))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, text, expected) in [
            (
                "*agent-server*",
                "ghcr.io/openhands/agent-server:1.58.2-python",
                true,
            ),
            ("*agent-server*", "agent-server", true),
            ("*agent-server*", "agent-serve", false),
            ("tiny", "tiny", true),
            ("tiny", "tiny:1", false),
            ("tiny:?", "tiny:1", true),
            ("tiny:?", "tiny:12", false),
            ("*a*b", "aab", true),
            ("*a*b", "aabc", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn the_first_match_decides() {
        let own = Program::parse("*agent-server*", "/opt/agent 'a b' {port}").unwrap();
        let programs = Programs::before_default([own.clone()]);
        let image: ImageRef = "r/agent-server:1".parse().unwrap();
        assert_eq!(programs.get(&image), Some(&own));
        assert_eq!(own.command(), ["/opt/agent", "a b", "{port}"]);
        assert!(Programs::default().get(&image).is_some());
        assert!(
            Programs::default()
                .get(&"busybox".parse().unwrap())
                .is_none()
        );
    }

    #[test]
    fn a_relative_path_is_no_program() {
        assert!(Program::parse("a", "bin/agent").is_err());
        assert!(Program::parse("a", "").is_err());
        assert!(Program::parse("a", "agent 'open").is_err());
    }

    #[test]
    fn a_name_is_searched_and_a_path_is_taken_as_it_is() {
        let path = OsStr::new("relative:/nowhere:/bin");
        assert_eq!(find("sh", path), Some(PathBuf::from("/bin/sh")));
        assert_eq!(find("/bin/sh", path), Some(PathBuf::from("/bin/sh")));
        assert_eq!(find("/bin/no-such-program", path), None);
        assert_eq!(find("no-such-program", path), None);
        assert_eq!(find("/etc/passwd", path), None);
    }
}
