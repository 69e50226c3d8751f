//! The operator's listener.

use std::fs;

use crate::support::http::Reply;
use crate::support::server::Server;

async fn operator(server: &Server, path: &str) -> Reply {
    let address = fs::read_to_string(server.data().join("operator.addr")).unwrap();
    let url = format!("http://{}{path}", address.trim());
    server.http.get(&url).await.unwrap()
}

#[tokio::test]
async fn the_operator_sees_life_readiness_and_figures() {
    let server = Server::start().await;
    let running = server.running("s").await;
    assert_eq!(operator(&server, "/livez").await.status, 200);
    let ready = operator(&server, "/readyz").await.expect(200);
    assert_eq!(ready["ready"], true, "{ready}");
    let figures = operator(&server, "/metrics").await;
    assert_eq!(figures.status, 200);
    assert!(figures.text().contains("# TYPE"), "{}", figures.text());
    for secret in [running.key(), running.id(), running.session()] {
        let label = format!("\"{secret}\"");
        assert!(!figures.text().contains(&label), "an id or key is a label");
    }
    operator(&server, "/nowhere").await.refusal(404);
    server.finish().await;
}

/// Two listeners, two audiences.
#[tokio::test]
async fn the_operators_pages_are_not_clients_and_the_other_way_round() {
    let server = Server::start().await;
    for path in ["/metrics", "/readyz"] {
        server.get(path).await.refusal(404);
    }
    for path in ["/list", "/start"] {
        operator(&server, path).await.refusal(404);
    }
    server.finish().await;
}
