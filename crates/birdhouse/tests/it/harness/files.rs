//! A web server for files, for tests of what is read from URLs.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves what it was made with until the test ends.
pub(crate) struct Files {
    base: String,
}

/// An answer to `GET <path>`.
pub(crate) struct File {
    pub(crate) path: &'static str,
    pub(crate) status: &'static str,
    /// Lines with their ends.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl File {
    pub(crate) fn new(path: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            path,
            status: "200 OK",
            headers: String::new(),
            body: body.into(),
        }
    }

    pub(crate) fn redirect(path: &'static str, to: &str) -> Self {
        Self {
            status: "302 Found",
            headers: format!("Location: {to}\r\n"),
            ..Self::new(path, "")
        }
    }
}

impl Files {
    pub(crate) fn serve(files: Vec<File>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that goes away is its own business.
                answer(&files, stream.unwrap()).ok();
            }
        });
        Self { base }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn answer(files: &[File], mut stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let found = files
        .iter()
        .find(|file| path.split('?').next() == Some(file.path));
    let missing = File {
        status: "404 Not Found",
        ..File::new("", "")
    };
    let file = found.unwrap_or(&missing);
    let (status, headers, len) = (file.status, &file.headers, file.body.len());
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(&file.body)
}
