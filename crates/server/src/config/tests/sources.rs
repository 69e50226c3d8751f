//! File, variables and flags over one another.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;

#[test]
fn a_variable_goes_before_the_file_and_a_flag_before_both() {
    let text = "listen = \"127.0.0.1:1\"\n[gateway]\nports = \"1-2\"\nhold = \"1s\"";
    let settings = load(
        text,
        &[
            ("PINFOLD_LISTEN", "127.0.0.1:2"),
            ("PINFOLD_GATEWAY_PORTS", "3-4"),
            ("PINFOLD_GATEWAY_SERVICE_PORTS", "false"),
            ("PINFOLD_LIMITS_MAX_LIVE", "0"),
            ("PINFOLD_PORT", "tcp://10.0.0.1:9000"),
        ],
    )
    .unwrap();
    let config = settings.config;
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.gateway.ports, 3..=4);
    assert_eq!(config.gateway.hold, Duration::from_secs(1));
    assert!(!config.gateway.service_ports);
    assert_eq!(config.limits.max_live(), None);

    let flags = Flags {
        listen: Some("127.0.0.1:3".parse().unwrap()),
        data_dir: Some("/data".into()),
        log_format: Some("json".to_owned()),
        ..Flags::default()
    };
    let environment = [
        ("PINFOLD_LISTEN", "127.0.0.1:2"),
        ("PINFOLD_DATA_DIR", "/other"),
    ];
    let settings = Settings::load(&flags, &environment.into_iter().collect()).unwrap();
    assert_eq!(settings.config.listen.port(), 3);
    assert_eq!(settings.data_dir, PathBuf::from("/data"));
    assert_eq!(settings.config.log.format, LogFormat::Json);
}

#[test]
fn data_is_kept_where_the_system_says() {
    let dir = |variables: &[(&str, &str)]| {
        let environment = variables.iter().copied().collect();
        Settings::load(&Flags::default(), &environment).map(|settings| settings.data_dir)
    };
    assert_eq!(
        dir(&[("HOME", "/home/a")]).unwrap(),
        PathBuf::from("/home/a/.local/share/pinfold")
    );
    assert_eq!(
        dir(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "/data")]).unwrap(),
        PathBuf::from("/data/pinfold")
    );
    insta::assert_snapshot!(
        dir(&[("HOME", "relative")]).unwrap_err(),
        @"`data_dir` must be set, also as PINFOLD_DATA_DIR or --data-dir: neither XDG_DATA_HOME nor HOME is an absolute path"
    );
}

#[test]
fn keys_come_from_environment_and_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(&path, "third\n").unwrap();
    let text = format!(
        "[[api_keys]]\nname = \"ci\"\ntenant = \"team\"\nkey_file = {:?}",
        path.display().to_string()
    );
    let settings = load(&text, &[("PINFOLD_API_KEY", " first, second\n")]).unwrap();
    let keys: Vec<_> = settings
        .api_keys
        .iter()
        .map(|key| (key.key.expose_secret(), key.tenant.as_str()))
        .collect();
    assert_eq!(
        keys,
        [
            ("first", "default"),
            ("second", "default"),
            ("third", "team")
        ]
    );
    assert!(!format!("{settings:?}").contains("second"));
}

#[test]
fn a_variable_means_what_its_key_is() {
    let variables = [
        ("PINFOLD_LOG_LEVEL", "1"),
        ("PINFOLD_LOCAL_CPU", "3"),
        ("PINFOLD_PATH_PREFIX", "true"),
    ];
    let config = load("", &variables).unwrap().config;
    assert_eq!(config.log.level, "1");
    assert_eq!(config.path_prefix, "true");
    assert!((config.local.cpu - 3.0).abs() < f64::EPSILON);
}
