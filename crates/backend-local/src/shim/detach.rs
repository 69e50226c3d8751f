//! Makes the shim independent of the server and of the terminal that the server may have.

use rustix::process::{getpgid, getpid, getppid, set_child_subreaper, setpgid, setsid};

/// Opens a session of its own, and becomes the parent of every orphan among its descendants.
///
/// The server starts the shim as the leader of a process group, so that Ctrl-C in the server's terminal never reaches
/// it. A leader cannot open a session (setsid(2)), so for a moment it joins the server's group. Each step may fail, for
/// example when the server is gone: then it goes on with what it has.
pub(super) fn from_server() {
    if let Some(server) = getppid() {
        getpgid(Some(server))
            .and_then(|group| setpgid(None, Some(group)))
            .ok();
    }
    if let Err(error) = setsid() {
        super::note(&format!("cannot open a session: {error}"));
    }
    if let Err(error) = set_child_subreaper(Some(getpid())) {
        super::note(&format!("cannot become the parent of orphans: {error}"));
    }
}
