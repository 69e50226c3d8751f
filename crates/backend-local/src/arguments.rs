//! The client's command line as this machine runs it: a program of ours with the client's arguments (pure).

use runtime_core::sandbox::Entrypoint;

use crate::programs::{PORT, Program};

/// Programs that only look after another one, which follows their options.
const INITS: [&str; 4] = ["tini", "dumb-init", "catatonit", "docker-init"];
const SHELLS: [&str; 4] = ["sh", "bash", "dash", "ash"];
/// Characters that only a shell can give their meaning.
const SHELL_OPERATORS: &str = ";&|<>()$`\n*?[]{}~#!";

/// A command line that has no equal on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unmapped {
    #[error(
        "`command` is a shell script, which sandboxes on this machine do not run: give the program and its arguments"
    )]
    Script,
    #[error("`command` names no program")]
    NoProgram,
}

/// The words to run for `entrypoint`: those of `program`, then the client's arguments. The client's own program is left
/// out, and so is where it should listen.
pub(crate) fn command_line(
    program: &Program,
    entrypoint: &Entrypoint,
    port: u16,
) -> Result<Vec<String>, Unmapped> {
    let port = port.to_string();
    let arguments = match entrypoint {
        Entrypoint::Image { args } => args.clone(),
        Entrypoint::Exec(words) => after_program(words)?,
    };
    let mut words: Vec<String> = program
        .command()
        .iter()
        .map(|word| word.replace(PORT, &port))
        .collect();
    let (arguments, asked_for_port) = without_address(arguments);
    if asked_for_port && words.as_slice() == program.command() {
        words.extend(["--port".to_owned(), port]);
    }
    words.extend(arguments);
    Ok(words)
}

/// What follows the program.
fn after_program(words: &[String]) -> Result<Vec<String>, Unmapped> {
    let mut words = words;
    loop {
        let (program, rest) = words.split_first().ok_or(Unmapped::NoProgram)?;
        let name = program.rsplit('/').next().unwrap_or(program);
        if INITS.contains(&name) {
            words = after_options(rest);
        } else if SHELLS.contains(&name) {
            return match rest {
                [flags, script, ..] if flags.starts_with('-') && flags.ends_with('c') => {
                    after_program(&plain_words(script)?)
                }
                _ => Err(Unmapped::Script),
            };
        } else if name.starts_with("python") {
            return after_python(rest).map(<[String]>::to_vec);
        } else {
            return Ok(rest.to_vec());
        }
    }
}

/// What follows the options of an init: after `--`, else from the first word that is no option.
fn after_options(words: &[String]) -> &[String] {
    let options = words.iter().take_while(|word| word.starts_with('-'));
    let end = match words.iter().position(|word| word == "--") {
        // tini's `-p SIGNAL` and `-e CODE` take a word.
        Some(end) if end <= 6 => end + 1,
        _ => options.count(),
    };
    words.get(end..).unwrap_or_default()
}

/// What follows `-m MODULE` or the script.
fn after_python(words: &[String]) -> Result<&[String], Unmapped> {
    let mut rest = words;
    loop {
        let (word, after) = rest.split_first().ok_or(Unmapped::NoProgram)?;
        rest = match word.as_str() {
            "-m" => return after.get(1..).ok_or(Unmapped::NoProgram),
            "-c" => return Err(Unmapped::Script),
            "-X" | "-W" => after.get(1..).ok_or(Unmapped::NoProgram)?,
            option if option.starts_with('-') => after,
            _ => return Ok(after),
        };
    }
}

/// The words of a script that is one command and needs no shell.
fn plain_words(script: &str) -> Result<Vec<String>, Unmapped> {
    if script.contains(|letter| SHELL_OPERATORS.contains(letter)) {
        return Err(Unmapped::Script);
    }
    let mut words = shlex::split(script).ok_or(Unmapped::Script)?;
    if words.first().is_some_and(|word| word == "exec") {
        words.remove(0);
    }
    Ok(words)
}

/// The arguments without `--host` and `--port`, and whether there was a port.
fn without_address(arguments: Vec<String>) -> (Vec<String>, bool) {
    let mut kept = Vec::with_capacity(arguments.len());
    let mut asked_for_port = false;
    let mut words = arguments.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--" => {
                kept.push(word);
                kept.extend(words);
                break;
            }
            "--host" => drop(words.next()),
            "--port" => {
                asked_for_port = true;
                drop(words.next());
            }
            _ if word.starts_with("--host=") => {}
            _ if word.starts_with("--port=") => asked_for_port = true,
            _ => kept.push(word),
        }
    }
    (kept, asked_for_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "openhands-agent-server --host 127.0.0.1 --port {port}";

    fn mapped(program: &str, entrypoint: &Entrypoint) -> Result<String, Unmapped> {
        let program = Program::parse("*", program).unwrap();
        command_line(&program, entrypoint, 10004).map(|words| words.join(" "))
    }

    fn exec(command: &str) -> Entrypoint {
        Entrypoint::Exec(shlex::split(command).unwrap())
    }

    #[test]
    fn the_clients_program_and_address_make_way_for_ours() {
        let plain = "openhands-agent-server --host 127.0.0.1 --port 10004";
        for (command, more) in [
            ("/usr/local/bin/openhands-agent-server --port 60000", ""),
            ("openhands-agent-server --port=60000 --host=0.0.0.0", ""),
            (
                "openhands-agent-server --host 0.0.0.0 --extra a --port 60000 b",
                " --extra a b",
            ),
            (
                "/agent-server/.venv/bin/python -m openhands.agent_server --port 60000",
                "",
            ),
            (
                "python3.12 -u -X dev -m openhands.agent_server --reload",
                " --reload",
            ),
            ("python /app/main.py --x", " --x"),
            (
                "tini -- /usr/local/bin/openhands-agent-server --port 60000",
                "",
            ),
            (
                "/usr/bin/tini -s -g -- python -m openhands.agent_server a",
                " a",
            ),
            ("tini openhands-agent-server a", " a"),
            ("sh -c 'exec openhands-agent-server --port 60000 a'", " a"),
            ("bash -lc 'openhands-agent-server a'", " a"),
            ("server -- --port 1", " -- --port 1"),
        ] {
            assert_eq!(
                mapped(OURS, &exec(command)),
                Ok(format!("{plain}{more}")),
                "{command}"
            );
        }
    }

    #[test]
    fn arguments_for_the_images_own_program_are_kept() {
        let args = |words: &[&str]| Entrypoint::Image {
            args: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        let plain = "openhands-agent-server --host 127.0.0.1 --port 10004";
        assert_eq!(mapped(OURS, &args(&[])), Ok(plain.to_owned()));
        assert_eq!(
            mapped(OURS, &args(&["--port", "60000", "-v"])),
            Ok(format!("{plain} -v"))
        );
    }

    #[test]
    fn a_program_without_a_place_for_the_port_gets_it_only_if_the_client_gave_one() {
        assert_eq!(
            mapped("agent", &exec("x --port 60000 a")),
            Ok("agent --port 10004 a".to_owned())
        );
        assert_eq!(mapped("agent", &exec("x a")), Ok("agent a".to_owned()));
    }

    #[test]
    fn what_only_a_shell_can_run_is_refused() {
        for (command, why) in [
            ("sh -c 'a && b'", Unmapped::Script),
            ("sh script.sh", Unmapped::Script),
            ("python -c pass", Unmapped::Script),
            ("tini --", Unmapped::NoProgram),
            ("python -m", Unmapped::NoProgram),
        ] {
            assert_eq!(mapped(OURS, &exec(command)), Err(why), "{command}");
        }
    }
}
