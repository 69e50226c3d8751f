//! Servers that cannot begin: exit code 1 and one sentence that names what to change.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::setup::{Setup, refused_start, refused_start_with};

async fn must_say(data: &Path, extra: &str, words: &[&str]) {
    let setup = Setup {
        extra: extra.to_owned(),
        ..Setup::default()
    };
    let (status, log) = refused_start_with(data, setup).await;
    assert_eq!(status.code(), Some(1), "{log}");
    for word in words {
        assert!(log.contains(word), "no {word:?} in: {log}");
    }
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn a_mistake_in_the_configuration_is_named_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    for (extra, words) in [
        (
            "holt = \"1s\"\n",
            &["pinfold.toml:1:1:", "holt", "`hold`"][..],
        ),
        ("hold = \"soon\"\n", &["pinfold.toml:1:8:", "hold", "500ms"]),
        ("hold = \"5s\"\n", &["hold", "2s"]),
        (
            "[limits]\nmax_live = -1\n",
            &["pinfold.toml:2:", "max_live"],
        ),
        ("[limits\n", &["pinfold.toml:1:"]),
        (
            "[policy]\nmax_boots = \"many\"\n",
            &["pinfold.toml:2:", "max_boots"],
        ),
    ] {
        must_say(&data, extra, words).await;
    }
    assert!(
        !data.exists(),
        "a server that does not begin leaves nothing"
    );
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_named() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    for data in [file.clone(), file.join("below")] {
        let (status, log) = refused_start(&data).await;
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(data.to_str().unwrap()), "{log}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_setting() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup {
        operator: address.clone(),
        ..Setup::default()
    };
    let (status, log) = refused_start_with(&home.path().join("data"), setup).await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        log.contains(&address) && log.contains("operator.listen"),
        "{log}"
    );
}

#[tokio::test]
async fn overlapping_port_ranges_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let setup = Setup {
        overlap: true,
        ..Setup::default()
    };
    let (status, log) = refused_start_with(&home.path().join("data"), setup).await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        log.contains("local.ports") && log.contains("gateway.ports"),
        "{log}"
    );
}
