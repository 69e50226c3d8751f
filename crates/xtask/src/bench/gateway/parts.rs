//! The real parts: a server with two sandboxes, and nginx as another proxy to them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::way::{GATEWAY, Way, Ways};
use crate::bench::connection::Connection;
use crate::bench::start::{call, text};
use crate::bench::{Bench, example};
use crate::interrupt::Interrupt;
use crate::parts::nginx::{self, Nginx};
use crate::parts::server::Server;
use crate::workspace::server_binary;

/// One thread for the gateway, as nginx has one worker.
const ONE_THREAD: [(&str, &str); 1] = [("TOKIO_WORKER_THREADS", "1")];

/// What runs.
pub(super) struct Parts {
    pub(super) server: Server,
    pub(super) proxy: Nginx,
    /// To the sandbox that answers bodies.
    pub(super) http: Ways,
    /// To the sandbox that echoes messages.
    pub(super) sockets: Ways,
}

impl Parts {
    /// Starts everything.
    pub(super) fn start(bench: &mut Bench<'_>, home: &Path) -> Result<Self> {
        let interrupt = bench.interrupt;
        let program = bench
            .steps
            .run("make nginx ready", || nginx::PROGRAM.prepare(interrupt))?;
        let program = program.to_str().context("nginx's path is no text")?;
        let answers = Sandbox::answers(home, program)?;
        let echo = Sandbox::echo(home)?;
        let config = format!(
            "hold = \"2s\"\n[operator]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n\
             [gateway]\nconnections_per_sandbox = 4096\n{}{}",
            answers.image(),
            echo.image(),
        );
        let server = bench.serve_with(
            &server_binary("release"),
            home,
            std::env::var_os("PATH").unwrap_or_default(),
            &config,
            &ONE_THREAD,
        )?;
        let started = answers
            .start(&server)
            .and_then(|http| Ok((http, echo.start(&server)?)))
            .map_err(|error| server.explain(&error))?;
        Self::beside_nginx(server, started, home, interrupt)
    }

    fn beside_nginx(
        server: Server,
        (http, sockets): (Started, Started),
        home: &Path,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let plain = nginx::free_address()?;
        let buffered = nginx::free_address()?;
        let upgrades = nginx::free_address()?;
        let proxied = |listen: SocketAddr, to: &str, buffering: &str| {
            format!(
                "server {{ listen {listen} backlog=4096; location / {{\
                 proxy_pass http://{to}; proxy_http_version 1.1; proxy_buffering {buffering};\
                 proxy_set_header Host $host; proxy_set_header Connection $upgrade_or_keep; proxy_set_header Upgrade $http_upgrade;\
                 proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; }} }}\n"
            )
        };
        let configuration = format!(
            "{user}{ONE_WORKER}http {{\n{HTTP}\
             map $http_upgrade $upgrade_or_keep {{ default upgrade; '' ''; }}\n\
             upstream answers {{ server {http}; keepalive 2048; keepalive_requests 1000000000; }}\n\
             upstream echo {{ server {sockets}; }}\n{}{}{}}}\n",
            proxied(plain, "answers", "off"),
            proxied(buffered, "answers", "on"),
            proxied(upgrades, "echo", "off"),
            user = nginx::user(),
            ONE_WORKER = nginx::ONE_WORKER,
            HTTP = nginx::HTTP,
            http = http.direct,
            sockets = sockets.direct,
        );
        let dir = nginx::directory(home, "proxy")?;
        let proxy = Nginx::start(&dir, &configuration, plain, interrupt)?;
        let worker = Some(proxy.worker()?);
        let way = |name, address: SocketAddr, process| Way {
            name,
            address,
            host: address.to_string(),
            process,
        };
        let gateway = |started: &Started| -> Result<Way> {
            Ok(Way {
                name: GATEWAY,
                address: started.public,
                host: started.host.clone(),
                process: Some(server.pid()?),
            })
        };
        Ok(Self {
            http: Ways(vec![
                way("directly", http.direct, None),
                way("nginx, unbuffered", plain, worker),
                way("nginx, buffered", buffered, worker),
                gateway(&http)?,
            ]),
            sockets: Ways(vec![
                way("directly", sockets.direct, None),
                way("nginx", upgrades, worker),
                gateway(&sockets)?,
            ]),
            server,
            proxy,
        })
    }
}

/// A sandbox that runs.
struct Started {
    /// Where its program listens.
    direct: SocketAddr,
    /// Where clients find it.
    public: SocketAddr,
    host: String,
}

/// An image that is mapped to a shell script, which notes the port that it was given and becomes the program.
struct Sandbox {
    name: &'static str,
    script: String,
    port: std::path::PathBuf,
}

impl Sandbox {
    fn new(home: &Path, name: &'static str, program: &str) -> Result<Self> {
        let port = home.join(format!("{name}.port"));
        let script = home.join(format!("{name}.sh"));
        let text = format!("echo \"$1\" > '{}'\n{program}\n", port.display());
        fs::write(&script, text).context("cannot write a script")?;
        Ok(Self {
            name,
            script: script
                .to_str()
                .context("the directory's name is no text")?
                .to_owned(),
            port,
        })
    }

    /// nginx that answers bodies of its own.
    fn answers(home: &Path, program: &str) -> Result<Self> {
        let dir = nginx::directory(home, "answers")?;
        fs::write(dir.join("1m"), vec![b'x'; 1 << 20])?;
        let template = format!(
            "{user}{ONE_WORKER}http {{\n{HTTP}sendfile on; tcp_nopush on;\n\
             server {{ listen 127.0.0.1:PORT backlog=4096;\
             location = /1m {{ root {dir}; }}\
             location = /1k {{ return 200 \"{kib}\"; }}\
             location / {{ return 200 \"ok\"; }} }} }}\n",
            user = nginx::user(),
            ONE_WORKER = nginx::ONE_WORKER,
            HTTP = nginx::HTTP,
            dir = dir.display(),
            kib = "x".repeat(1 << 10),
        );
        fs::write(dir.join("template.conf"), template)?;
        let dir = dir.display();
        let run = format!(
            "sed \"s/PORT/$1/\" '{dir}/template.conf' > '{dir}/nginx.conf'\n\
             exec '{program}' -p '{dir}' -c '{dir}/nginx.conf' -e '{dir}/error.log'"
        );
        Self::new(home, "answers", &run)
    }

    /// The tiny program.
    fn echo(home: &Path) -> Result<Self> {
        let program = example("tiny_agent");
        let run = format!(
            "exec '{}' --host 127.0.0.1 --port \"$1\"",
            program.display()
        );
        Self::new(home, "echo", &run)
    }

    /// The lines of a configuration that map the image.
    fn image(&self) -> String {
        format!(
            "[[local.images]]\nimage = \"{}\"\ncommand = [\"/bin/sh\", {}, \"{{port}}\"]\n",
            self.name,
            json!(self.script)
        )
    }

    fn start(&self, server: &Server) -> Result<Started> {
        let body = json!({"image": self.name, "session_id": self.name});
        let mut connection = Connection::open(server.url())?;
        let answer = connection.send(&call(server, "POST", "/start", &body)?)?;
        let runtime: Value = serde_json::from_slice(answer.expect(201)?)?;
        ensure!(
            text(&runtime, "status")? == "running",
            "it was held and does not run: {runtime}"
        );
        let url = text(&runtime, "url")?;
        let host = url
            .strip_prefix("http://")
            .context("a URL without http://")?;
        let (_, public) = host.rsplit_once(':').context("a URL without a port")?;
        let local = |port: &str| -> Result<SocketAddr> {
            Ok((IpAddr::V4(Ipv4Addr::LOCALHOST), port.trim().parse()?).into())
        };
        Ok(Started {
            direct: local(&fs::read_to_string(&self.port)?)?,
            public: local(public)?,
            host: host.to_owned(),
        })
    }
}
