//! Ports of sandboxes: given, kept over a restart, given back, given anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a failed check panics"
)]

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use gateway::{Gateway, GatewaySettings};
use http::Method;
use runtime_core::sandbox::{GatewayPorts, Label, Service};
use runtime_core::{AddressError, Standing};
use support::{Client, TestRoutes, Upstream, get, ports, request, soon, until};

fn label(name: &str) -> Label {
    name.parse().unwrap()
}

fn gateway(count: u16, service_ports: bool) -> Gateway {
    Gateway::new(GatewaySettings {
        ports: ports(count),
        service_ports,
        ..GatewaySettings::default()
    })
}

fn at(ports: &GatewayPorts) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], ports[&Service::Agent]))
}

#[tokio::test]
async fn a_sandbox_gets_a_port_for_each_service_and_urls_for_them() {
    let gateway = gateway(30, true);
    let addresses = gateway.addresses();
    let ports = addresses.reserve(&label("a")).unwrap();
    assert_eq!(ports.len(), 4);
    for service in Service::ALL {
        let url = addresses.public(&label("a"), &ports, service).unwrap();
        assert_eq!(
            url.as_str(),
            format!("http://127.0.0.1:{}", ports[&service])
        );
    }
    assert_eq!(addresses.trouble(&ports), None);
}

#[tokio::test]
async fn without_service_ports_there_is_only_the_agents() {
    let gateway = gateway(30, false);
    let addresses = gateway.addresses();
    let ports = addresses.reserve(&label("a")).unwrap();
    assert_eq!(ports.keys().copied().collect::<Vec<_>>(), [Service::Agent]);
    assert_eq!(addresses.public(&label("a"), &ports, Service::Vscode), None);
}

#[tokio::test]
async fn a_connection_that_comes_before_the_routes_waits_for_them() {
    let upstream = Upstream::mirror().await;
    let gateway = gateway(30, false);
    let ports = gateway.addresses().reserve(&label("a")).unwrap();
    let mut client = Client::connect(at(&ports)).await;
    let answer = tokio::spawn(async move { client.send(request(Method::GET, "/", "")).await });
    let routes = TestRoutes::new();
    routes.run(&label("a"), 1, upstream.address);
    gateway.serve(routes);
    assert_eq!(soon(answer).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_port_is_given_twice_however_many_ask() {
    let gateway = gateway(100, false);
    let tasks = tokio_util::task::TaskTracker::new();
    let asked: Vec<_> = (0..50)
        .map(|number| {
            let addresses = gateway.addresses();
            tasks.spawn_blocking(move || {
                addresses.reserve(&label(&format!("s{number}"))).unwrap()[&Service::Agent]
            })
        })
        .collect();
    let mut given = BTreeSet::new();
    for port in asked {
        assert!(given.insert(soon(port).await.unwrap()));
    }
}

#[tokio::test]
async fn a_used_up_range_is_an_error_that_names_the_setting_and_takes_nothing() {
    let gateway = gateway(30, true);
    let addresses = gateway.addresses();
    let mut given = Vec::new();
    let error = loop {
        let name = format!("s{}", given.len());
        match addresses.reserve(&label(&name)) {
            Ok(ports) => given.push((name, ports)),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AddressError::Exhausted { .. }));
    assert!(error.to_string().contains("gateway.ports"), "{error}");
    let (name, ports) = given.swap_remove(0);
    addresses.release(&label(&name), &ports);
    assert!(addresses.reserve(&label("next")).is_ok());
}

#[tokio::test]
async fn a_port_that_another_program_has_is_passed_over() {
    let range = ports(30);
    let taken = *range.start();
    // It may be taken by somebody else already, which is as good.
    let _listener = std::net::TcpListener::bind(("127.0.0.1", taken));
    let gateway = Gateway::new(GatewaySettings {
        ports: range,
        service_ports: false,
        ..GatewaySettings::default()
    });
    let given = gateway.addresses().reserve(&label("a")).unwrap();
    assert!(given[&Service::Agent] > taken);
}

#[tokio::test]
async fn a_port_answers_404_after_its_sandbox_and_then_serves_the_next() {
    let (one, two) = (Upstream::mirror().await, Upstream::mirror().await);
    let gateway = Gateway::new(GatewaySettings {
        // A range of one port that is free now.
        ports: {
            let port = support::nowhere().port();
            port..=port
        },
        service_ports: false,
        ..GatewaySettings::default()
    });
    let routes = TestRoutes::new();
    gateway.serve(Arc::clone(&routes) as _);
    let addresses = gateway.addresses();
    let ports = addresses.reserve(&label("old")).unwrap();
    routes.run(&label("old"), 1, one.address);
    let mut keeps_on = Client::connect(at(&ports)).await;
    assert_eq!(
        keeps_on.send(request(Method::GET, "/", "")).await.status,
        200
    );

    routes.set(&label("old"), 1, Standing::Stopped);
    addresses.release(&label("old"), &ports);
    assert_eq!(get(at(&ports), "/").await.status, 404);

    let again = addresses.reserve(&label("new")).unwrap();
    assert_eq!(again, ports);
    routes.run(&label("new"), 1, two.address);
    assert_eq!(get(at(&ports), "/").await.status, 200);
    // Who was connected to the old one does not find itself with another sandbox.
    assert_eq!(
        keeps_on.send(request(Method::GET, "/", "")).await.status,
        404
    );
    // And the old one cannot give back what it has no more.
    addresses.release(&label("old"), &ports);
    assert!(addresses.reserve(&label("third")).is_err());
}

#[tokio::test]
async fn a_restart_keeps_the_ports() {
    let upstream = Upstream::mirror().await;
    let before = gateway(30, true);
    let ports = before.addresses().reserve(&label("a")).unwrap();
    before.shutdown(std::time::Duration::ZERO).await;

    let after = gateway(30, true);
    let addresses = after.addresses();
    addresses.restore(&label("a"), &ports);
    addresses.restore(&label("a"), &ports);
    assert_eq!(addresses.trouble(&ports), None);
    let routes = TestRoutes::new();
    routes.run(&label("a"), 1, upstream.address);
    after.serve(routes);
    assert_eq!(get(at(&ports), "/").await.status, 200);
    // Nobody else gets them.
    let other = addresses.reserve(&label("b")).unwrap();
    assert!(
        other
            .values()
            .all(|port| !ports.values().any(|p| p == port))
    );
}

#[tokio::test]
async fn a_port_that_is_taken_at_the_restart_is_had_when_it_is_free() {
    let upstream = Upstream::mirror().await;
    let gateway = gateway(30, false);
    let addresses = gateway.addresses();
    let thief = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = thief.local_addr().unwrap().port();
    let ports = GatewayPorts::from([(Service::Agent, port)]);
    addresses.restore(&label("a"), &ports);
    assert_eq!(
        addresses.trouble(&ports).unwrap(),
        format!("gateway port {port} is in use by another program")
    );
    let routes = TestRoutes::new();
    routes.run(&label("a"), 1, upstream.address);
    gateway.serve(routes);
    drop(thief);
    until("the port is had", || addresses.trouble(&ports).is_none()).await;
    assert_eq!(get(at(&ports), "/").await.status, 200);
}

#[tokio::test]
async fn a_taken_port_that_nobody_wants_any_more_is_no_trouble() {
    let gateway = gateway(30, false);
    let addresses = gateway.addresses();
    let thief = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ports = GatewayPorts::from([(Service::Agent, thief.local_addr().unwrap().port())]);
    addresses.restore(&label("a"), &ports);
    assert!(addresses.trouble(&ports).is_some());
    addresses.release(&label("a"), &ports);
    assert_eq!(addresses.trouble(&ports), None);
}
