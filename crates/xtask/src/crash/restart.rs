//! What a new server on the old directory makes of it: everything is as it was, or as it was wanted last.

use std::ops::ControlFlow;

use anyhow::{Context as _, Result, ensure};

use crate::http;
use crate::interrupt::Interrupt;
use crate::parts::processes;
use crate::parts::server::Server;
use crate::wait::wait_for;

use super::checks::Checks;
use super::counting::{STATUS, without_gap};
use super::sandbox::{self, Sandbox};
use super::socket::Socket;
use super::{Before, KEPT, SOON};

pub(super) fn check(
    checks: &mut Checks<'_>,
    server: &Server,
    before: &Before,
    interrupt: &Interrupt,
) -> Result<()> {
    checks.check("ids_urls_and_keys_are_the_same", || {
        for sandbox in before.sandboxes() {
            sandbox.look(server)?;
        }
        Ok(())
    })?;
    checks.check("the_paused_one_is_paused", || {
        let status = before.paused.status(server)?;
        ensure!(status == "paused", "it is {status}");
        Ok(())
    })?;
    checks.check("the_running_one_was_adopted", || {
        before.counter.wait_for(server, "running", interrupt)?;
        before.counter.must_not_have_restarted(server)?;
        ensure!(
            before.counter.agent()? == before.agent,
            "another agent-server runs"
        );
        Ok(())
    })?;
    command(checks, server, before, interrupt)?;
    checks.check("the_start_came_through_with_the_same_boot", || {
        before.starting.wait_for(server, "running", interrupt)?;
        before.starting.must_not_have_restarted(server)?;
        let agent = before.starting.agent()?;
        ensure!(before.booting.contains(&agent), "another boot answers");
        Ok(())
    })?;
    checks.check("the_stop_came_through", || {
        stopped(server, &before.stopping, interrupt)
    })?;
    checks.check("the_paused_one_resumes_with_its_file", || {
        before.paused.intend(server, "resume")?;
        before.paused.wait_for(server, "running", interrupt)?;
        let kept = before.paused.run("cat kept")?;
        ensure!(kept.trim_end() == KEPT, "the file holds {kept:?}");
        Ok(())
    })?;
    checks.check("exec_passes_output_and_exit_code_on", || {
        let id = &before.counter.id;
        let script = "echo out; echo err >&2; exit 7";
        let told = server
            .operate(&["exec", id, "--", "sh", "-c", script])
            .output()
            .context("cannot run the command")?;
        let texts = (told.stdout.trim_ascii(), told.stderr.trim_ascii());
        ensure!(
            told.status.code() == Some(7) && texts == (b"out".as_slice(), b"err".as_slice()),
            "it told {told:?}"
        );
        Ok(())
    })?;
    checks.check("records_and_processes_agree", || agree(server, before))
}

/// The command of before the kill: it has counted all the time, and the agent-server knows its end.
fn command(
    checks: &mut Checks<'_>,
    server: &Server,
    before: &Before,
    interrupt: &Interrupt,
) -> Result<()> {
    let (counter, counting) = (&before.counter, &before.counting);
    checks.check("the_command_goes_on_without_a_gap", || {
        counting.wait_further(5, interrupt)
    })?;
    checks.check("a_new_websocket_tells_how_the_command_ends", || {
        let mut socket = Socket::open(counter)?;
        counting.wait_begun(&mut socket)?;
        let status = counting.end(counter, &mut socket)?;
        ensure!(status == Some(STATUS), "it ended with {status:?}");
        Ok(())
    })?;
    checks.check("the_log_is_whole", || {
        let (logged, counted) = (without_gap(&counter.log(server)?)?, counting.last()?);
        ensure!(
            logged == counted,
            "{logged} of {counted} lines are in the log"
        );
        Ok(())
    })
}

fn stopped(server: &Server, sandbox: &Sandbox, interrupt: &Interrupt) -> Result<()> {
    sandbox.wait_for(server, "stopped", interrupt)?;
    sandbox.wait_gone(interrupt)?;
    let disk = server.data_dir().join("sandboxes").join(&sandbox.id);
    wait_for("its disk to be erased", SOON, interrupt, || {
        Ok(if disk.exists() {
            ControlFlow::Continue("it is there".to_owned())
        } else {
            ControlFlow::Break(())
        })
    })?;
    // Its port is closed, or another sandbox's by now, which does not take its key.
    let url = format!("{}/api/bash/bash_events/search", sandbox.url);
    if let Ok(reply) = http::get(&url, &[("X-Session-API-Key", &sandbox.key)], SOON) {
        ensure!(
            [401, 404].contains(&reply.status),
            "it answers {}",
            reply.status
        );
    }
    Ok(())
}

/// Nothing runs without a record, and no record claims what is gone.
fn agree(server: &Server, before: &Before) -> Result<()> {
    let mut live = sandbox::live(server)?;
    live.sort();
    let mut wanted: Vec<_> = [&before.counter, &before.starting, &before.paused]
        .map(|sandbox| sandbox.id.clone())
        .into();
    wanted.sort();
    ensure!(
        live == wanted,
        "/list tells of {live:?} instead of {wanted:?}"
    );
    let mut known = vec![server.pid()?];
    for id in &live {
        let running = processes::naming(id);
        ensure!(
            running.len() >= 2,
            "of {id} runs {}",
            processes::describe(&running)
        );
        known.extend(running.into_iter().map(|(pid, _)| pid));
    }
    let mut all = processes::naming(super::path_text(&server.data_dir())?);
    all.retain(|(pid, _)| !known.contains(pid));
    ensure!(
        all.is_empty(),
        "without a record: {}",
        processes::describe(&all)
    );
    Ok(())
}
