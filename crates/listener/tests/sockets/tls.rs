//! TLS: what is spoken within, and certificates that change.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use listener::{ListenerSettings, Tls, TlsError, TlsFiles};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::log::Log;
use crate::support::{Running, read, settings, soon, until};

const LOOK: Duration = Duration::from_millis(10);
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A certificate of `localhost` that is its own authority, and its key.
struct Identity {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key_pem: String,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self {
            certificate: made.cert.der().clone(),
            certificate_pem: made.cert.pem(),
            key_pem: made.signing_key.serialize_pem(),
        }
    }

    fn write(&self, directory: &Path) {
        fs::write(directory.join("tls.crt"), &self.certificate_pem).unwrap();
        fs::write(directory.join("tls.key"), &self.key_pem).unwrap();
    }
}

fn files(directory: &Path) -> TlsFiles {
    TlsFiles {
        cert_file: directory.join("tls.crt"),
        key_file: directory.join("tls.key"),
    }
}

/// A client that trusts these servers.
fn trusting(identities: &[&Identity]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for identity in identities {
        roots.add(identity.certificate.clone()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A listener with TLS whose files are looked at often.
struct Encrypted {
    running: Running,
    directory: TempDir,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Encrypted {
    async fn begin(directory: TempDir, mut settings: ListenerSettings) -> Self {
        let tls = Tls::load(files(directory.path())).await.unwrap();
        settings.tls = Some(tls.clone());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(tls.keep_current(LOOK, stop.clone()));
        Self {
            running: Running::echo(settings).await,
            directory,
            stop,
            tasks,
        }
    }

    async fn with(identity: &Identity) -> Self {
        let directory = tempfile::tempdir().unwrap();
        identity.write(directory.path());
        Self::begin(directory, settings()).await
    }

    async fn connect(&self, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = soon(TcpStream::connect(self.running.address)).await?;
        handshake(tcp, config).await
    }

    /// Whether a new connection is shown this certificate.
    async fn shows(&self, identity: &Identity) -> bool {
        self.connect(trusting(&[identity])).await.is_ok()
    }

    /// Waits until a new connection is shown this certificate.
    async fn will_show(&self, identity: &Identity) {
        soon(async {
            while !self.shows(identity).await {
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
        self.running.stop();
        self.running.ended().await;
    }
}

async fn handshake(tcp: TcpStream, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    soon(TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
}

/// One request; the connection goes on.
async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    soon(stream.write_all(GET)).await.unwrap();
    let mut answer = vec![0; 1024];
    let length = soon(stream.read(&mut answer)).await.unwrap();
    answer.truncate(length);
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn client_and_server_agree_on_http_2_or_http_1() {
    let identity = Identity::new();
    let encrypted = Encrypted::with(&identity).await;
    let port = encrypted.running.address.port();
    let url: http::Uri = format!("https://localhost:{port}/").parse().unwrap();
    let connector = || {
        HttpsConnectorBuilder::new()
            .with_tls_config(trusting(&[&identity]))
            .https_only()
    };
    for (connector, version) in [
        (connector().enable_http1().build(), "HTTP/1.1"),
        (connector().enable_all_versions().build(), "HTTP/2.0"),
    ] {
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
        let response = soon(client.get(url.clone())).await.unwrap();
        let (status, text) = read(response).await;
        assert_eq!(status, 200);
        assert!(text.starts_with(version), "{text}");
        assert!(text.ends_with(" encrypted"), "{text}");
    }
    // Without an agreement it is HTTP/1.1.
    let mut stream = encrypted.connect(trusting(&[&identity])).await.unwrap();
    assert!(ask(&mut stream).await.contains("HTTP/1.1 / from"));
    encrypted.end().await;
}

#[tokio::test]
async fn a_load_balancer_names_the_client_before_the_handshake() {
    let identity = Identity::new();
    let directory = tempfile::tempdir().unwrap();
    identity.write(directory.path());
    let mut settings = settings();
    settings.proxy_protocol = true;
    settings.trusted_proxies = ["127.0.0.1/32".parse().unwrap()].into_iter().collect();
    let encrypted = Encrypted::begin(directory, settings).await;
    let mut raw = encrypted.running.connect().await;
    raw.send("PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n")
        .await;
    let mut stream = handshake(raw.0, trusting(&[&identity])).await.unwrap();
    let answer = ask(&mut stream).await;
    assert!(
        answer.contains("of [2001:db8::7]:4711 encrypted"),
        "{answer}"
    );
    encrypted.end().await;
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_old_ones_go_on() {
    let (old, new) = (Identity::new(), Identity::new());
    let encrypted = Encrypted::with(&old).await;
    let mut before = encrypted.connect(trusting(&[&old])).await.unwrap();
    ask(&mut before).await;
    new.write(encrypted.directory.path());
    encrypted.will_show(&new).await;
    assert!(!encrypted.shows(&old).await);
    assert!(ask(&mut before).await.contains(" encrypted"));
    encrypted.end().await;
}

#[tokio::test]
async fn a_certificate_may_be_reached_through_a_link_that_changes() {
    let (old, new) = (Identity::new(), Identity::new());
    // As Kubernetes lays out a secret.
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for (identity, version) in [(&old, "..1"), (&new, "..2")] {
        fs::create_dir(at(version)).unwrap();
        identity.write(&at(version));
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/tls.crt", at("tls.crt")).unwrap();
    symlink("..data/tls.key", at("tls.key")).unwrap();
    symlink("..2", at("..data_tmp")).unwrap();
    let (link, data) = (at("..data_tmp"), at("..data"));
    let encrypted = Encrypted::begin(directory, settings()).await;
    assert!(encrypted.shows(&old).await);
    fs::rename(link, data).unwrap();
    encrypted.will_show(&new).await;
    encrypted.end().await;
}

#[tokio::test]
async fn a_broken_new_pair_is_complained_of_once_and_the_old_one_kept() {
    let log = Log::begin();
    let (old, new, other) = (Identity::new(), Identity::new(), Identity::new());
    let encrypted = Encrypted::with(&old).await;
    let key = encrypted.directory.path().join("tls.key");
    let certificate = encrypted.directory.path().join("tls.crt");
    let complaints = ["ERROR", "the one before is kept"];
    let broken: [&dyn Fn(); 4] = [
        &|| fs::write(&certificate, &new.certificate_pem).unwrap(),
        &|| fs::write(&certificate, "nonsense").unwrap(),
        &|| fs::write(&key, &other.key_pem).unwrap(),
        &|| fs::remove_file(&certificate).unwrap(),
    ];
    for (nth, break_it) in broken.iter().enumerate() {
        break_it();
        until(|| log.count(&complaints) == nth + 1).await;
        assert!(encrypted.shows(&old).await);
    }
    // Two more looks change nothing.
    tokio::time::sleep(LOOK * 5).await;
    assert_eq!(log.count(&complaints), broken.len(), "{}", log.text());
    new.write(encrypted.directory.path());
    encrypted.will_show(&new).await;
    encrypted.end().await;
    let text = log.text();
    for line in [&old, &new, &other]
        .iter()
        .flat_map(|identity| identity.key_pem.lines())
    {
        assert!(
            line.starts_with("---") || !text.contains(line),
            "a key is logged"
        );
    }
}

#[tokio::test]
async fn a_broken_pair_at_the_beginning_is_an_error_that_names_the_file() {
    let (identity, other) = (Identity::new(), Identity::new());
    let directory = tempfile::tempdir().unwrap();
    let load = async || Tls::load(files(directory.path())).await.unwrap_err();
    let write = |certificate: &str, key: &str| {
        fs::write(directory.path().join("tls.crt"), certificate).unwrap();
        fs::write(directory.path().join("tls.key"), key).unwrap();
    };
    let (cut, _) = identity.key_pem.split_at(identity.key_pem.len() / 2);
    let not_a_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

    assert!(matches!(load().await, TlsError::Read { .. }));
    write(&identity.key_pem, &identity.key_pem);
    assert!(matches!(load().await, TlsError::NoCertificate(_)));
    write(&identity.certificate_pem, &identity.certificate_pem);
    assert!(matches!(load().await, TlsError::NoKey(_)));
    write(&identity.certificate_pem, cut);
    let error = load().await;
    assert!(matches!(error, TlsError::NoKey(_)));
    assert!(error.to_string().ends_with("/tls.key"), "{error}");
    assert!(!format!("{error:?}").contains(cut.lines().nth(1).unwrap()));
    write(&identity.certificate_pem, not_a_key);
    assert!(matches!(load().await, TlsError::Pair { .. }));
    write(&identity.certificate_pem, &other.key_pem);
    assert!(matches!(load().await, TlsError::Pair { .. }));
    write(&"a".repeat(1024 * 1024 + 1), &other.key_pem);
    assert!(matches!(load().await, TlsError::TooLong(_)));
}

#[tokio::test]
async fn a_handshake_that_does_not_come_about_is_cut() {
    let identity = Identity::new();
    let directory = tempfile::tempdir().unwrap();
    identity.write(directory.path());
    let mut settings = settings();
    settings.header_read = Duration::from_millis(100);
    let encrypted = Encrypted::begin(directory, settings).await;
    for beginning in [b"".as_slice(), b"\x16\x03\x01\x02\0\x01", GET] {
        let mut raw = encrypted.running.connect().await;
        raw.send(beginning).await;
        let rest = raw.rest().await;
        assert!(!rest.contains("HTTP"), "{rest}");
    }
    // A shaken hand is not enough either.
    let mut stream = encrypted.connect(trusting(&[&identity])).await.unwrap();
    soon(stream.read_to_end(&mut Vec::new())).await.ok();
    encrypted.end().await;
}
