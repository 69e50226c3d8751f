//! The binary `pinfold`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    // Before anything else: each sandbox has a shim, which outlives the server and must stay small.
    if arguments.get(1).is_some_and(|command| command == "shim") {
        return backend_local::shim_main(arguments.into_iter().skip(2));
    }
    server::main(arguments)
}
