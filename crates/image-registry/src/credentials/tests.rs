use std::fs;
use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use super::*;

/// What is found, as one text.
async fn found(config: &str, registry: &str) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    fs::write(&path, config).unwrap();
    match of(&path, registry).await {
        Ok(None) => Ok("none".to_owned()),
        Ok(Some(Credentials::Password { name, password })) => {
            Ok(format!("{name} {}", password.expose_secret()))
        }
        Ok(Some(Credentials::IdentityToken(token))) => {
            Ok(format!("token {}", token.expose_secret()))
        }
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn credentials_stand_under_the_registrys_name() {
    let config = r#"{"auths": {
        "ghcr.io": {"auth": "bmFtZTpwYXNzOndvcmQ="},
        "https://index.docker.io/v1/": {"auth": "aHViOng"},
        "localhost:5000": {"username": "n", "password": "p"},
        "token.example": {"auth": "bmFtZTo=", "identitytoken": "t"},
        "empty.example": {}
    }}"#;
    for (registry, expected) in [
        ("ghcr.io", "name pass:word"),
        ("index.docker.io", "hub x"),
        ("localhost:5000", "n p"),
        ("localhost:5001", "none"),
        ("token.example", "token t"),
        ("empty.example", "none"),
        ("io", "none"),
    ] {
        assert_eq!(
            found(config, registry).await.as_deref(),
            Ok(expected),
            "{registry}"
        );
    }
}

#[tokio::test]
async fn without_a_configuration_there_are_no_credentials() {
    let nowhere = PathBuf::from("/nowhere/config.json");
    assert!(of(&nowhere, "ghcr.io").await.unwrap().is_none());
    assert_eq!(found("{}", "ghcr.io").await.as_deref(), Ok("none"));
}

#[tokio::test]
async fn a_broken_configuration_is_told_without_its_text() {
    for config in [
        "hunter2",
        r#"{"auths": {"ghcr.io": {"auth": "hunter2!"}}}"#,
        r#"{"auths": {"ghcr.io": "hunter2"}}"#,
        r#"{"auths": {"ghcr.io": {"auth": "aHVudGVyMg=="}}}"#,
    ] {
        let error = found(config, "ghcr.io").await.unwrap_err();
        assert!(error.contains("Docker configuration"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_helper_that_is_missing_or_no_name_is_said() {
    for helper in ["no-such-helper", "../x"] {
        let config = format!(r#"{{"credHelpers": {{"ghcr.io": "{helper}"}}}}"#);
        let error = found(&config, "ghcr.io").await.unwrap_err();
        assert!(error.contains(helper), "{error}");
        assert_eq!(found(&config, "other").await.as_deref(), Ok("none"));
    }
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!(
        "{:?} {:?}",
        Credentials::IdentityToken("hunter2".to_owned().into()),
        Credentials::Password {
            name: "me".to_owned(),
            password: "hunter2".to_owned().into()
        }
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}
