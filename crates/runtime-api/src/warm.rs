//! `GET /api/warm-runtime-configs` (contract §6.3).

use serde::{Deserialize, Serialize};

use crate::environment::Environment;

/// The body: the configurations that sandboxes are kept warm of. None makes clients use their built-in default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WarmConfigs {
    /// The configurations.
    pub configs: Vec<WarmConfig>,
}

/// One configuration; a client that fails to read one fails to start any conversation, so no key is ever left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmConfig {
    /// Its name.
    pub name: String,
    /// The image, which becomes the `image` of a start request.
    pub image: String,
    /// The command as an array; `null` for the image's entry point.
    pub command: Option<Vec<String>>,
    /// Variables: strings only.
    pub environment: Environment,
    /// Working directory.
    pub working_dir: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;

    #[test]
    fn no_configurations_on_the_wire() {
        let json = String::from_utf8(WarmConfigs::default().to_json()).unwrap();
        insta::assert_snapshot!(json, @r#"{"configs":[]}"#);
    }

    #[test]
    fn a_configuration_without_a_command_has_the_key() {
        let config = WarmConfig {
            name: "v1_current".to_owned(),
            image: "agent-server:1.58.2".to_owned(),
            command: None,
            environment: Environment::default(),
            working_dir: "/workspace".to_owned(),
        };
        let json = String::from_utf8(
            WarmConfigs {
                configs: vec![config],
            }
            .to_json(),
        )
        .unwrap();
        insta::assert_snapshot!(json, @r#"{"configs":[{"name":"v1_current","image":"agent-server:1.58.2","command":null,"environment":{},"working_dir":"/workspace"}]}"#);
    }
}
