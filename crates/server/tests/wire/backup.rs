//! `pinfold backup`, and the way back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::processes;
use crate::support::server::Server;
use crate::support::wait::{SOON, until};

/// The steps of `docs/backup-and-upgrade.md`.
#[tokio::test]
async fn what_was_backed_up_while_the_server_ran_comes_back() {
    let mut server = Server::start().await;
    let kept = server.running("kept").await;
    server.exec(&kept, "echo important > note").await;

    let home = tempfile::tempdir().unwrap();
    let copy = home.path().join("pinfold.db");
    let copy_text = copy.to_str().unwrap();
    let data = server.data().to_owned();
    let data_text = data.to_str().unwrap();
    server.cli(&["backup", copy_text, "--data-dir", data_text]);
    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    copy_tree(&data.join("sandboxes"), &home.path().join("sandboxes"));
    let later = server.running("later").await;

    let again = server.cli_output(&["backup", copy_text, "--data-dir", data_text]);
    assert_eq!(again.status.code(), Some(1), "a backup is overwritten");

    // The machine is lost.
    server.kill9();
    for process in server.processes() {
        processes::kill(process.pid);
    }
    until("no process", SOON, async || match server.processes() {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?}")),
    })
    .await;
    fs::remove_dir_all(&data).unwrap();
    fs::create_dir(&data).unwrap();
    fs::copy(&copy, data.join("pinfold.db")).unwrap();
    copy_tree(&home.path().join("sandboxes"), &data.join("sandboxes"));

    server.restart().await;
    let back = server.wait_for(kept.id(), "running").await;
    assert_eq!(back.identity(), kept.identity());
    let note = server.exec(&back, "cat note").await;
    assert!(note.starts_with("important\n"), "{note}");
    server
        .get(&format!("/runtime/{}", later.id()))
        .await
        .refusal(404);
    server.finish().await;
}

fn copy_tree(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.unwrap().success());
}
