//! HTTP/1.1 by hand over one connection: cheap enough not to be what is measured.

use std::path::Path;

use anyhow::{Context, bail};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// A stream of bytes in both directions.
trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// A connection that is kept open.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) async fn tcp(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(Box::new(stream)))
    }

    pub(crate) async fn unix(path: &Path) -> anyhow::Result<Self> {
        Ok(Self::over(Box::new(UnixStream::connect(path).await?)))
    }

    fn over(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// Sends a request, as [`request`] made it, and waits for its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection");
            }
            let end = self.received.windows(4).position(|end| end == b"\r\n\r\n");
            let Some((head, rest)) = end.and_then(|end| self.received.split_at_checked(end)) else {
                continue;
            };
            let head = str::from_utf8(head)?.to_ascii_lowercase();
            let status = head.split(' ').nth(1).context("no status")?.parse()?;
            let length = head.lines().find_map(|l| l.strip_prefix("content-length:"));
            let length: usize = length.context("no content-length")?.trim().parse()?;
            let mut body = rest.get(4..).unwrap_or_default().to_vec();
            while body.len() < length {
                if self.stream.read_buf(&mut body).await? == 0 {
                    bail!("the answer ends early");
                }
            }
            return Ok(Answer { status, body });
        }
    }
}

impl Answer {
    /// Returns the body of a success.
    pub(crate) fn ok(self) -> anyhow::Result<Vec<u8>> {
        match self.status {
            200..300 => Ok(self.body),
            status => bail!("{status}: {}", String::from_utf8_lossy(&self.body)),
        }
    }
}

/// Returns the bytes of a POST.
pub(crate) fn request(target: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}
