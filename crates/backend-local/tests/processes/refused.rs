//! Launches that cannot be, and what they are told.

use std::fs;
use std::net::TcpListener;

use crate::world::{World, spec};
use backend_local::LocalBackend;
use runtime_core::sandbox::{BootState, Entrypoint, Service};
use runtime_core::{Boot, ErrorClass, SandboxBackend as _};

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_told_when_the_backend_is_made() {
    let world = World::new("exit 0");
    let mut settings = world.settings.clone();
    settings.root = "/dev/null/sandboxes".into();
    let error = LocalBackend::new(settings).unwrap_err();
    assert!(error.to_string().contains("/dev/null/sandboxes"), "{error}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_tried_again() {
    let world = World::new("exec sleep 1000");
    fs::write(world.sandbox("abc"), "in the way").unwrap();
    let failed = world
        .backend
        .launch(&world.launch("abc", 1))
        .await
        .unwrap_err();
    assert_eq!(failed.class(), ErrorClass::Retry);
    assert!(failed.to_string().contains("cannot be written"), "{failed}");
    world.gone("abc", 1).await;
    fs::remove_file(world.sandbox("abc")).unwrap();
    world.up("abc", 1).await;
}

#[tokio::test]
async fn a_port_that_somebody_took_is_not_given_to_a_boot() {
    let (taken, first) = loop {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        if port < 32760 {
            break (taken, port);
        }
        // Not every system hands out ports below its ephemeral range: then take one there.
        if let Some(taken) =
            (20000..32000).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        {
            let port = taken.local_addr().unwrap().port();
            break (taken, port);
        }
    };
    let world = World::with("exec sleep 1000", |settings| {
        settings.agent_ports = first..=first + 7;
    });
    world.up("abc", 1).await;
    let state = world.state("abc", 1, |state| state.is_some()).await;
    let Some(BootState::Up { endpoints }) = state else {
        panic!("{state:?}");
    };
    assert!(
        Service::ALL
            .iter()
            .all(|service| { endpoints.get(*service).unwrap() != taken.local_addr().unwrap() })
    );
    let used_up = world
        .backend
        .launch(&world.launch("def", 1))
        .await
        .unwrap_err();
    assert_eq!(used_up.class(), ErrorClass::Retry);
    assert!(used_up.to_string().contains("local.ports"), "{used_up}");
    world
        .backend
        .release(&"abc".parse().unwrap(), Boot(1))
        .await
        .unwrap();
    world.gone("abc", 1).await;
    world.up("def", 1).await;
}

#[tokio::test]
async fn an_unknown_image_is_refused_with_the_name_of_the_setting() {
    let world = World::new("exit 0");
    for refused in [
        world.backend.check(&spec("busybox")).unwrap_err(),
        world
            .backend
            .launch(&world.launch_of("abc", 1, spec("busybox")))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.class(), ErrorClass::Refused);
        assert!(
            refused.to_string().contains("[[local.images]]"),
            "{refused}"
        );
    }
    world.gone("abc", 1).await;
    assert!(world.backend.check(&spec("tiny")).is_ok());
}

#[tokio::test]
async fn a_missing_program_is_refused_by_its_name() {
    let world = World::new("exit 0");
    for refused in [
        world.backend.check(&spec("absent")).unwrap_err(),
        world
            .backend
            .launch(&world.launch_of("abc", 1, spec("absent")))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.class(), ErrorClass::Refused);
        let message = refused.to_string();
        assert!(message.contains("no-such-program"), "{message}");
        assert!(message.contains("[[local.images]]"), "{message}");
    }
}

#[tokio::test]
async fn a_program_whose_interpreter_is_missing_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = tempfile::tempdir().unwrap();
    let path = bin.path().join("broken");
    fs::write(&path, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let world = World::with("", |settings| {
        let program = backend_local::Program::new("tiny", vec![path.display().to_string()]);
        settings.programs = backend_local::Programs::new([program.unwrap()]);
    });
    let refused = world
        .backend
        .launch(&world.launch("abc", 1))
        .await
        .unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Refused, "{refused}");
    assert!(refused.to_string().contains("broken"), "{refused}");
    world.gone("abc", 1).await;
}

#[tokio::test]
async fn a_shell_script_as_command_is_refused() {
    let world = World::new("exit 0");
    let mut spec = spec("tiny");
    let words = ["sh", "-c", "a && b"];
    spec.entrypoint = Entrypoint::Exec(words.map(str::to_owned).to_vec());
    let refused = world.backend.check(&spec).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Refused);
    assert!(refused.to_string().contains("`command`"), "{refused}");
}

#[tokio::test]
async fn a_shim_that_cannot_run_is_tried_again() {
    let world = World::with("exit 0", |settings| {
        settings.shim = vec!["/bin/true".into()];
    });
    let failed = world
        .backend
        .launch(&world.launch("abc", 1))
        .await
        .unwrap_err();
    assert_eq!(failed.class(), ErrorClass::Retry, "{failed}");
    world.gone("abc", 1).await;
}
