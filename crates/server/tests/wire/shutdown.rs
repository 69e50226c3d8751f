//! SIGTERM: no new requests, what is under way ends well, sandboxes go on.

use crate::support::http::next_part;
use crate::support::processes;
use crate::support::server::Server;
use crate::support::setup::Setup;
use crate::support::wait::{SOON, until};

fn setup() -> Setup {
    Setup {
        extra: "drain = \"10s\"\n".to_owned(),
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_request_that_is_under_way_is_answered() {
    let mut server = Server::with(setup()).await;
    let running = server.running("s").await;
    let url = format!("{}/slow?ms=2000", running.url());
    let http = server.http.clone();
    let slow = http.get(&url);
    let (pid, data) = (server.pid(), server.data().to_owned());
    let end = async {
        // The request is under way once the sandbox has seen it.
        let idle = format!("{}/server_info", running.url());
        until("the request to arrive", SOON, async || {
            let info = http.get(&idle).await?.expect(200);
            let idle = info["idle_time"].as_f64().unwrap();
            if idle < 1.0 {
                Ok(())
            } else {
                Err(info.to_string())
            }
        })
        .await;
        processes::terminate(pid);
        until("the API to be gone", SOON, async || {
            if data.join("api.addr").exists() {
                Err("it is there".to_owned())
            } else {
                Ok(())
            }
        })
        .await;
    };
    let (slow, ()) = tokio::join!(slow, end);
    assert_eq!(slow.unwrap().text(), "at last");
    assert!(server.ended().await.success());
    server.restart().await;
    server.finish().await;
}

#[tokio::test]
async fn a_stream_without_end_does_not_hold_the_server() {
    let mut server = Server::with(Setup {
        extra: "drain = \"500ms\"\n".to_owned(),
        ..Setup::default()
    })
    .await;
    let running = server.running("s").await;
    let url = format!("{}/sse", running.url());
    let response = server.http.open("GET", &url, &[], "").await.unwrap();
    let mut body = response.into_body();
    next_part(&mut body).await.unwrap();
    assert!(server.terminate().await.success());
    server.restart().await;
    assert_eq!(server.wait_for(running.id(), "running").await.restarts(), 0);
    server.finish().await;
}
