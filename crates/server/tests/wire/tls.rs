//! What stands before the first request: a load balancer's PROXY header, TLS, and the choice of HTTP.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::ports::Ports;
use crate::support::processes;
use crate::support::setup::{Keys, Setup, launch, refused_start_with, write_config};
use crate::support::wait::{SOON, until};

const HEADER: &[u8] = b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\n";

/// A certificate of `localhost`, its own authority.
struct Identity {
    certificate: CertificateDer<'static>,
    pem: String,
    key_pem: String,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self {
            certificate: made.cert.der().clone(),
            pem: made.cert.pem(),
            key_pem: made.signing_key.serialize_pem(),
        }
    }

    fn write(&self, home: &Path) {
        fs::write(home.join("tls.crt"), &self.pem).unwrap();
        fs::write(home.join("tls.key"), &self.key_pem).unwrap();
    }
}

/// The end of a configuration that names the files in `home`.
fn setup(home: &Path, more: &str) -> Setup {
    let home = home.display();
    Setup {
        extra: format!(
            "{more}\n[tls]\ncert_file = \"{home}/tls.crt\"\nkey_file = \"{home}/tls.key\"\n"
        ),
        ..Setup::default()
    }
}

/// A server that is reached by TLS behind a load balancer.
struct Encrypted {
    child: Child,
    home: tempfile::TempDir,
    _ports: Ports,
    address: SocketAddr,
}

impl Encrypted {
    async fn start(identity: &Identity) -> Self {
        let home = tempfile::tempdir().unwrap();
        identity.write(home.path());
        let behind = "proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]";
        let ports = Ports::claim(8);
        write_config(home.path(), &setup(home.path(), behind), &ports);
        let data = home.path().join("data");
        let child = launch(home.path(), &data, Keys::Given);
        let mut server = Self {
            child,
            home,
            _ports: ports,
            address: ([127, 0, 0, 1], 0).into(),
        };
        server.address = until("the server's address", SOON, async || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", server.log());
            let address = fs::read_to_string(data.join("api.addr"));
            let address = address.map_err(|error| error.to_string())?;
            Ok(address.trim().parse().unwrap())
        })
        .await;
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("server.log")).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A connection as the load balancer makes it.
    async fn connect(&self, identity: &Identity) -> Result<TlsStream<TcpStream>, String> {
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.write_all(HEADER).await.unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(identity.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let handshake = TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from("localhost").unwrap(), tcp);
        let stream = tokio::time::timeout(SOON, handshake).await.unwrap();
        stream.map_err(|error| error.to_string())
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        // Both do nothing to a process that was waited for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One answer over HTTP/2: its status and JSON.
async fn get(stream: TlsStream<TcpStream>, path: &str) -> (u16, Value) {
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let asked = async {
        let request = Request::get(format!("https://localhost{path}"))
            .body(Empty::<Bytes>::new())
            .unwrap();
        let (head, body) = client.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), serde_json::from_slice(&body).unwrap())
    };
    tokio::select! {
        answer = asked => answer,
        ended = connection => panic!("the connection ended: {ended:?}"),
        () = tokio::time::sleep(SOON) => panic!("no answer"),
    }
}

#[tokio::test]
async fn a_load_balancer_leads_to_http_2_within_tls() {
    let (old, new) = (Identity::new(), Identity::new());
    let mut server = Encrypted::start(&old).await;
    let stream = server.connect(&old).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(get(stream, "/health").await.0, 200);
    let (status, _) = get(server.connect(&old).await.unwrap(), "/list").await;
    assert_eq!(status, 401);

    new.write(server.home.path());
    let stream = until("the new certificate", SOON, async || {
        server.connect(&new).await
    })
    .await;
    assert_eq!(get(stream, "/health").await.0, 200);

    processes::terminate(server.child.id());
    let ended = until("the server to end", SOON, async || {
        let ended = server.child.try_wait().unwrap();
        ended.ok_or_else(|| "it runs".to_owned())
    })
    .await;
    assert!(ended.success(), "{}", server.log());
    assert!(!server.data().join("api.addr").exists());
    let log = server.log();
    // The refused call is told, with the client and not the load balancer.
    assert!(log.contains("198.51.100.7"), "{log}");
    for line in old.key_pem.lines().chain(new.key_pem.lines()) {
        assert!(line.starts_with("---") || !log.contains(line), "{log}");
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_a_mistake_that_names_its_file() {
    let home = tempfile::tempdir().unwrap();
    let (identity, other) = (Identity::new(), Identity::new());
    let data = home.path().join("data");
    let refusal = async || {
        let (status, log) = refused_start_with(&data, setup(home.path(), "")).await;
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("`tls.cert_file`"), "{log}");
        log
    };
    let missing = refusal().await;
    assert!(missing.contains("/tls.crt: No such file"), "{missing}");
    identity.write(home.path());
    fs::write(home.path().join("tls.key"), &other.key_pem).unwrap();
    let foreign = refusal().await;
    assert!(foreign.contains("cannot be used together"), "{foreign}");
    fs::write(home.path().join("tls.crt"), "nonsense").unwrap();
    let nonsense = refusal().await;
    assert!(
        nonsense.contains("no certificate in PEM form in"),
        "{nonsense}"
    );
}
