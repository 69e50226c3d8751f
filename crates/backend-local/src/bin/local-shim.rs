//! A shim and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    backend_local::shim_main(std::env::args_os().skip(1))
}
