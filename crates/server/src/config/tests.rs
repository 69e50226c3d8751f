use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;

const EXAMPLE: &str = include_str!("example.toml");

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pinfold.toml");
    std::fs::write(&path, text).unwrap();
    let environment = variables
        .iter()
        .copied()
        .chain([("HOME", "/home/somebody")])
        .collect();
    let flags = Flags {
        config: Some(path),
        ..Flags::default()
    };
    Settings::load(&flags, &environment)
}

/// The error's text without the directory of the test.
fn mistake(text: &str, variables: &[(&str, &str)]) -> String {
    let error = load(text, variables).unwrap_err().to_string();
    match error.split_once("pinfold.toml") {
        Some((_dir, mistake)) => format!("pinfold.toml{mistake}"),
        None => error,
    }
}

fn leaves(prefix: &str, table: &toml::Table, found: &mut Vec<String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            toml::Value::Table(section) => leaves(&key, section, found),
            toml::Value::Array(_) => {}
            _ => found.push(key),
        }
    }
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let mut shown = Vec::new();
    leaves("", &EXAMPLE.parse().unwrap(), &mut shown);
    let mut keys = sources::KEYS.map(str::to_owned);
    shown.sort();
    keys.sort();
    assert_eq!(shown, keys);

    let mut example = load(EXAMPLE, &[]).unwrap().config;
    // These have no default of their own, so the example makes something up.
    example.data_dir = None;
    example.seal_key_file = None;
    example.operator.listen = None;
    example.gateway.public_host = None;
    example.api_keys.clear();
    example.local.images.clear();
    assert_eq!(format!("{example:#?}"), format!("{:#?}", Config::default()));
}

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
    assert_eq!(config.limits.max_live.get(), None);

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
fn a_mistake_names_key_place_and_what_is_allowed() {
    let table = [
        "listen = 9000",
        "listen = \"9000\"",
        "[gateway]\nhold = \"soon\"",
        "[gateway]\nports = \"9-1\"",
        "[gateway]\nprots = \"1-9\"",
        "[limits]\nmax_live = \"many\"",
        "[limits]\nmax_live = -1",
        "pod_status_case = \"upper\"",
        "[[local.images]]\nimage = \"a\"",
        "[[api_keys]]\nname = \"a\"\nkey = 5",
        "[[api_keys]]\nname = \"a\"\ntenant = \"a b\"\nkey = \"secret\"",
        "listen = ",
        "hold = \"3s\"",
        "registry_prefix = \"\"",
        "[gateway]\nports = \"15000-25000\"",
        "[gateway]\nlisten = \"0.0.0.0\"",
        "[[api_keys]]\nname = \"a\"",
    ];
    let mistakes: Vec<String> = table
        .iter()
        .map(|text| {
            format!(
                "{}\n    {}\n",
                text.replace('\n', " / "),
                mistake(text, &[])
            )
        })
        .collect();
    insta::assert_snapshot!(mistakes.concat());
}

#[test]
fn a_mistake_in_a_variable_names_the_variable() {
    insta::assert_snapshot!(
        mistake("", &[("PINFOLD_GATEWAY_HOLD", "soon")]),
        @r#"the environment variable PINFOLD_GATEWAY_HOLD: must be a time, such as "500ms", "30s", "5m", "2h" or "90d", not "soon""#
    );
    insta::assert_snapshot!(
        mistake("", &[("PINFOLD_LIMITS_MAX_LIVE", "x")]),
        @r#"the environment variable PINFOLD_LIMITS_MAX_LIVE: invalid type: string "x", expected a whole number"#
    );
}

#[test]
fn a_missing_file_is_named() {
    let flags = Flags {
        config: Some("/nowhere/pinfold.toml".into()),
        ..Flags::default()
    };
    let error = Settings::load(&flags, &Environment::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nowhere/pinfold.toml");
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
    assert!(matches!(
        dir(&[("HOME", "relative")]),
        Err(ConfigError::NoHome)
    ));
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
fn a_key_stands_for_one_tenant() {
    let text = "[[api_keys]]\nname = \"a\"\ntenant = \"a\"\nkey = \"k\"\n[[api_keys]]\nname = \"b\"\nkey = \"k\"";
    insta::assert_snapshot!(
        mistake(text, &[]),
        @"the setting `b` has the same key as a, which stands for another tenant"
    );
}
