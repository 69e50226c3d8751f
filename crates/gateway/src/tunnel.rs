//! Bytes in both directions between a client and a sandbox, after they switched protocols.
//!
//! Most tunnels are silent most of the time, and there are many. So there is no buffer until a socket is readable, and
//! none after it was read empty: a silent tunnel costs two sockets and a small task.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use runtime_core::{Routes, SandboxId};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::Instant;

use crate::time::now;
use crate::websocket::Frames;

/// The buffer of one direction while bytes flow.
const BUFFER_BYTES: usize = 16 * 1024;
/// A tunnel notes at most one activity in this time.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// A socket, and what was read from it already.
pub(crate) type Side = (TcpStream, Bytes);

/// A tunnel and the sandbox whose use it notes.
pub(crate) struct Tunnel {
    routes: Arc<dyn Routes>,
    id: SandboxId,
    /// Tells data from keep-alives, where the protocol is known.
    frames: Option<Frames>,
    noted: Option<Instant>,
}

impl Tunnel {
    /// A tunnel to the sandbox.
    pub(crate) fn new(routes: Arc<dyn Routes>, id: SandboxId, is_websocket: bool) -> Self {
        Self {
            routes,
            id,
            frames: is_websocket.then(Frames::default),
            noted: None,
        }
    }

    /// Copies until both sides have ended or one breaks. One side may end long before the other.
    pub(crate) async fn run(mut self, client: Side, sandbox: Side) -> io::Result<()> {
        let (mut client, from_client) = client;
        let (mut sandbox, from_sandbox) = sandbox;
        if !from_client.is_empty() {
            self.note(&from_client);
            sandbox.write_all(&from_client).await?;
        }
        client.write_all(&from_sandbox).await?;
        // They hold the connections' old buffers.
        drop((from_client, from_sandbox));

        let (client_reads, client_writes) = client.split();
        let (sandbox_reads, sandbox_writes) = sandbox.split();
        let up = copy(client_reads, sandbox_writes, |bytes| self.note(bytes));
        let down = copy(sandbox_reads, client_writes, |_bytes| {});
        tokio::try_join!(up, down).map(|_ended| ())
    }

    fn note(&mut self, bytes: &[u8]) {
        let is_use = match &mut self.frames {
            Some(frames) => frames.carry_data(bytes),
            None => true,
        };
        if !is_use {
            return;
        }
        let now = now();
        if self.noted.is_none_or(|noted| now - noted >= NOTE_EVERY) {
            self.noted = Some(now);
            self.routes.note_activity(&self.id);
        }
    }
}

/// Copies one direction to its end and passes the end on.
async fn copy(
    from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut see: impl FnMut(&[u8]),
) -> io::Result<()> {
    loop {
        from.readable().await?;
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        loop {
            buffer.clear();
            match from.try_read_buf(&mut buffer) {
                Ok(0) => return to.shutdown().await,
                Ok(_) => {
                    see(&buffer);
                    to.write_all(&buffer).await?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
}
