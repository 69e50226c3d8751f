//! What is so while there is no server: connections through it are cut, and nothing else is.

use std::slice;

use anyhow::{Result, ensure};

use crate::interrupt::Interrupt;
use crate::parts::processes;
use crate::parts::server::Server;

use super::Before;
use super::checks::Checks;
use super::socket::must_be_refused;

pub(super) fn check(
    checks: &mut Checks<'_>,
    server: &Server,
    before: &mut Before,
    interrupt: &Interrupt,
) -> Result<()> {
    checks.check("the_websocket_is_cut", || before.socket.must_end())?;
    let before = &*before;
    checks.check("api_and_sandbox_urls_refuse_connections", || {
        must_be_refused(server.url())?;
        for sandbox in before.sandboxes() {
            must_be_refused(&sandbox.url)?;
        }
        Ok(())
    })?;
    checks.check("agents_live_on", || {
        for (sandbox, pids) in [
            (&before.counter, slice::from_ref(&before.agent)),
            (&before.starting, before.booting.as_slice()),
        ] {
            let seen = processes::naming(&sandbox.id);
            for pid in pids {
                let lives = seen.iter().any(|(one, _)| one == pid);
                ensure!(lives, "{} has ended", pid.as_raw_nonzero());
            }
        }
        let paused = processes::naming(&before.paused.id);
        ensure!(paused.is_empty(), "{}", processes::describe(&paused));
        Ok(())
    })?;
    // Two seconds of it.
    checks.check("the_command_counts_without_a_server", || {
        before.counting.wait_further(10, interrupt)
    })
}
