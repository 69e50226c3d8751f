//! The configuration as it is in effect.

use super::*;

#[test]
fn each_value_is_printed_with_where_it_comes_from_and_no_secret() {
    let text = "hold = \"1s\"\n[[api_keys]]\nname = \"ci\"\nkey = \"hidden-text\"\n[gateway]\nservice_ports = false";
    let variables = [("PINFOLD_DRAIN", "5s"), ("PINFOLD_API_KEY", "hidden-too")];
    let settings = load(text, &variables).unwrap();
    let printed = effective(&settings);
    assert!(!printed.contains("hidden"), "{printed}");
    let place = match settings.origins.of("hold") {
        origin::Origin::File { path, .. } => path.display().to_string(),
        other => panic!("{other}"),
    };
    insta::assert_snapshot!(printed.replace(&place, "pinfold.toml"));
}

#[test]
fn what_is_printed_is_a_configuration() {
    let text = "hold = \"1s\"\n[[local.images]]\nimage = \"a\"\ncommand = [\"/a\", \"{port}\"]";
    let settings = load(text, &[]).unwrap();
    let printed = effective(&settings);
    let again = load(&printed, &[]).unwrap();
    let data_dir = PathBuf::from("/home/somebody/.local/share/pinfold");
    assert_eq!(again.config.data_dir, Some(data_dir));
    assert_eq!(again.config.hold, settings.config.hold);
    assert_eq!(again.programs, settings.programs);
}
