//! Each mistake is told, with its place.

use super::*;

#[test]
fn a_mistake_names_key_place_and_what_is_allowed() {
    let table = [
        "listen = 9000",
        "listen = \"9000\"",
        "[gateway]\nhold = \"soon\"",
        "[gateway]\nports = \"9-1\"",
        "[gateway]\nprots = \"1-9\"",
        "gateway = 5",
        "[gatewy]\nports = \"1-9\"",
        "zzz = 1",
        "local.images = 3",
        "[[local.images]]\nimage = \"a\"\ncomand = \"b\"",
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
        "trusted_proxies = [\"10.0.0.0/8\", \"somebody\"]",
        "proxy_protocol = true",
        "[tls]\ncert_file = \"/etc/pinfold/tls.crt\"",
        "[tls]\nkey_file = \"/etc/pinfold/tls.key\"",
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
        @r#"the environment variable PINFOLD_GATEWAY_HOLD: `gateway.hold` must be a time, such as "500ms", "30s", "5m", "2h" or "90d", not "soon""#
    );
    insta::assert_snapshot!(
        mistake("", &[("PINFOLD_LIMITS_MAX_LIVE", "x")]),
        @r#"the environment variable PINFOLD_LIMITS_MAX_LIVE: `limits.max_live` must be a whole number, not "x""#
    );
}

#[test]
fn a_missing_file_is_named() {
    let flags = Flags {
        config: Some("/nowhere/pinfold.toml".into()),
        ..Flags::default()
    };
    let error = Settings::load(&flags, &Environment::default()).unwrap_err();
    let first = &error.mistakes()[0];
    insta::assert_snapshot!(first, @"the flag --config: cannot read /nowhere/pinfold.toml: No such file or directory (os error 2)");
}

#[test]
fn a_key_stands_for_one_tenant() {
    let text = "[[api_keys]]\nname = \"a\"\ntenant = \"a\"\nkey = \"k\"\n[[api_keys]]\nname = \"b\"\nkey = \"k\"";
    insta::assert_snapshot!(
        mistake(text, &[]),
        @r#"pinfold.toml:5:1: `api_keys[1]` has the same key as "a", which stands for another tenant"#
    );
}

#[test]
fn every_mistake_is_told() {
    let text = "listen = 1\nhold = \"3s\"\n[gateway]\nports = \"9-1\"\nprots = 1";
    let variables = [
        ("PINFOLD_GATEWAY_HOLD", "soon"),
        ("PINFOLD_GATEWAY_PROTS", "1-2"),
        ("PINFOLD_API_KEYS", "a"),
    ];
    insta::assert_snapshot!(mistake(text, &variables), @r#"
    7 mistakes
    pinfold.toml:1:10: `listen` must be an address with a port, such as "127.0.0.1:9000" or "[::1]:9000", not 1
    pinfold.toml:2:8: `hold` must be at most "2s": clients give up after 10 s
    pinfold.toml:4:9: `gateway.ports` must be a range of ports, such as "20000-29999", not "9-1"
    pinfold.toml:5:1: `gateway.prots` is no key; do you mean `gateway.ports`?
    the environment variable PINFOLD_API_KEYS: stands for no key; do you mean `PINFOLD_API_KEY`?
    the environment variable PINFOLD_GATEWAY_HOLD: `gateway.hold` must be a time, such as "500ms", "30s", "5m", "2h" or "90d", not "soon"
    the environment variable PINFOLD_GATEWAY_PROTS: stands for no key; do you mean `PINFOLD_GATEWAY_PORTS`?
    "#);
}

#[test]
fn a_secret_is_in_no_mistake() {
    for text in [
        "[[api_keys]]\nname = \"a\"\nkey = [\"hidden-text\"]",
        "[[api_keys]]\nname = \"a\"\nkey = \"hidden-text\"\nkey_file = \"/a\"",
        "[[api_keys]]\nname = \"a\"\nkey = \"hidden-text ü\"",
    ] {
        let mistake = mistake(text, &[]);
        assert!(!mistake.contains("hidden-text"), "{mistake}");
    }
}

#[test]
fn what_is_odd_is_a_warning() {
    let text = "listen = \"0.0.0.0:9000\"\n[operator]\nlisten = \"0.0.0.0:9001\"\n[local]\nports = \"32000-40000\"";
    let settings = load(text, &[]).unwrap();
    let keys: Vec<_> = settings
        .warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert_eq!(keys, ["listen", "operator.listen", "local.ports"]);
    assert_eq!(load("", &[]).unwrap().warnings, []);
}

#[test]
fn what_the_server_would_stumble_over_is_a_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    std::fs::write(&key, "0123").unwrap();
    let key = key.display().to_string();
    let shown = |text: &str| mistake(text, &[]).replace(&key, "KEY");
    let found = [
        "seal_key_file = \"/nowhere/key\"".to_owned(),
        format!("seal_key_file = {key:?}"),
        "[log]\nlevel = \"info,gateway=loud\"".to_owned(),
        "[local]\ncpu = -1".to_owned(),
        "[[local.images]]\nimage = \"a\"\ncommand = \"a/b\"".to_owned(),
        "[[api_keys]]\nname = \"a\"\nkey_file = \"/nowhere/key\"".to_owned(),
    ];
    let found: Vec<_> = found.iter().map(|text| shown(text)).collect();
    insta::assert_snapshot!(found.join("\n"));
}
