//! The worker's HTTP side: requests in, answers out. Engine calls run on blocking threads; the
//! tasks here only wait, so a request that is dropped because its client left cancels its work.

use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{HeaderValue, TRAILER};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use crate::dialect::{self, encode_summary, header};
use crate::exception::{Exception, code};
use crate::limits::{CHUNKS_WAITING_MAX, SQL_BYTES_MAX, TRAILER_TEXT_BYTES_MAX};
use crate::request::{Role, Summary};
use crate::worker::insert::{self, Chunk};
use crate::worker::pool::Pool;
use crate::worker::request::{Delivery, UrlParameters, is_kill};
use crate::worker::running::{self, CancelOnDrop, Running};
use crate::worker::statement::{self, Output, Statement};

/// The body of an answer: in one piece, or in chunks.
pub(super) type Answer = Response<Either<Full<Bytes>, Chunks>>;

/// The worker's pools; what a request needs to run.
pub(super) struct Pools {
    /// DDL and the server's own statements.
    pub(super) admin: Arc<Pool>,
    pub(super) inserts: Arc<Pool>,
    pub(super) readers: Arc<Pool>,
    /// Texts of users whose rows are kept.
    pub(super) copiers: Arc<Pool>,
    /// Cancellations, which must never wait behind the work that they cancel.
    pub(super) control: Arc<Pool>,
    /// Where inserts may keep rows in unnamed files.
    pub(super) spool_directory: PathBuf,
}

impl Pools {
    /// Answers one request.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Answer, Infallible> {
        if request.method() == Method::GET && request.uri().path() == "/ping" {
            return Ok(whole(StatusCode::OK, Bytes::from_static(b"Ok.\n")));
        }
        if request.method() != Method::POST || request.uri().path() != "/" {
            let text = Bytes::from_static(b"There is only POST / and GET /ping.\n");
            return Ok(whole(StatusCode::NOT_FOUND, text));
        }
        let answer = self.statement(request).await;
        Ok(answer.unwrap_or_else(|exception| failure(&exception)))
    }

    async fn statement(&self, request: Request<Incoming>) -> Result<Answer, Exception> {
        let (head, body) = request.into_parts();
        let mut url = UrlParameters::parse(head.uri.query().unwrap_or(""))?;
        let id = url.take_query_id();
        let mut answer = if url.is_insert() {
            self.insert(url, body).await?
        } else {
            let text = read_sql(body).await?;
            let (statement, delivery) = url.into_statement(text);
            match delivery {
                Delivery::Whole => self.whole(statement).await?,
                Delivery::Streamed => self.streamed(statement).await?,
            }
        };
        let headers = answer.headers_mut();
        if let Some(id) = id {
            insert_header(headers, header::QUERY_ID, &id);
        }
        insert_header(headers, header::TIMEZONE, "UTC");
        Ok(answer)
    }

    async fn insert(&self, url: UrlParameters, mut body: Incoming) -> Result<Answer, Exception> {
        let statement = url.into_insert()?;
        let lease = self.inserts.acquire().await?;
        let (input, chunks) = mpsc::channel(CHUNKS_WAITING_MAX);
        let spool = self.spool_directory.clone();
        let job = spawn_blocking(move || insert::insert(lease, statement, chunks, &spool));
        let complete = loop {
            match body.frame().await {
                None => break true,
                Some(Err(_)) => break false,
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    // The insert has failed already and says why itself.
                    if input.send(Chunk::Data(data)).await.is_err() {
                        break false;
                    }
                }
            }
        };
        if complete {
            drop(input.send(Chunk::End).await);
        }
        drop(input);
        let summary = job.await.map_err(|error| crashed(&error))??;
        Ok(with_summary(Bytes::new(), &summary))
    }

    async fn whole(&self, statement: Statement) -> Result<Answer, Exception> {
        let mut lease = self.pool(&statement).acquire().await?;
        let running = Running::new(lease.session_name());
        let _cancel = running.cancel_on_drop(&self.control);
        let format = statement.format.clone();
        let job = spawn_blocking(move || statement::materialize(lease, &statement, &running));
        let (body, summary) = job.await.map_err(|error| crashed(&error))??;
        let mut answer = with_summary(body, &summary);
        insert_header(answer.headers_mut(), header::FORMAT, &format);
        Ok(answer)
    }

    async fn streamed(&self, statement: Statement) -> Result<Answer, Exception> {
        let mut lease = self.pool(&statement).acquire().await?;
        let running = Running::new(lease.session_name());
        let cancel = running.cancel_on_drop(&self.control);
        let format = statement.format.clone();
        let (output, mut chunks) = mpsc::channel(CHUNKS_WAITING_MAX);
        spawn_blocking(move || {
            statement::stream(lease, &statement, &running, &output);
        });
        // The status is decided by the first chunk: most errors come before it.
        let mut answer = match chunks.recv().await {
            Some(Output::End(end)) => with_summary(Bytes::new(), &end?),
            Some(Output::Data(first)) => Response::new(Either::Right(Chunks {
                first: Some(first),
                rest: chunks,
                _cancel: cancel,
            })),
            None => {
                let text = "the statement ended without an answer";
                return Err(Exception::new(code::UNKNOWN_EXCEPTION, text));
            }
        };
        let trailers = HeaderValue::from_static(
            "x-clickhouse-summary, x-clickhouse-exception-code, x-birdhouse-exception",
        );
        answer.headers_mut().insert(TRAILER, trailers);
        insert_header(answer.headers_mut(), header::FORMAT, &format);
        Ok(answer)
    }

    /// Cancels every statement that is running.
    pub(super) async fn kill_all(&self) {
        running::kill_all(&self.control).await;
    }

    fn pool(&self, statement: &Statement) -> &Arc<Pool> {
        match statement.role {
            Role::Reader => &self.readers,
            Role::Copier => &self.copiers,
            Role::Admin if is_kill(&statement.sql) => &self.control,
            Role::Admin => &self.admin,
        }
    }
}

/// The body of a streamed result. Dropping it cancels the statement.
pub(super) struct Chunks {
    first: Option<Bytes>,
    rest: mpsc::Receiver<Output>,
    _cancel: CancelOnDrop,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.rest.poll_recv(cx).map(|output| match output? {
            Output::Data(data) => Some(Ok(Frame::data(data))),
            Output::End(end) => Some(Ok(Frame::trailers(trailers(&end)))),
        })
    }
}

async fn read_sql(body: Incoming) -> Result<String, Exception> {
    let bytes = Limited::new(body, SQL_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| {
            let text = format!("cannot read the statement: {error}");
            Exception::new(code::QUERY_IS_TOO_LARGE, text)
        })?
        .to_bytes();
    String::from_utf8(bytes.into()).map_err(|error| {
        let text = format!("the statement is not UTF-8: {error}");
        Exception::new(code::SYNTAX_ERROR, text)
    })
}

fn whole(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body)));
    *answer.status_mut() = status;
    answer
}

fn with_summary(body: Bytes, summary: &Summary) -> Answer {
    let mut answer = whole(StatusCode::OK, body);
    let text = encode_summary(summary);
    insert_header(answer.headers_mut(), header::SUMMARY, &text);
    answer
}

fn failure(exception: &Exception) -> Answer {
    let status =
        StatusCode::from_u16(exception.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = whole(status, exception.text().into());
    let code = exception.code.to_string();
    insert_header(answer.headers_mut(), header::EXCEPTION_CODE, &code);
    answer
}

fn trailers(end: &Result<Summary, Exception>) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    match end {
        Ok(summary) => insert_header(&mut trailers, header::SUMMARY, &encode_summary(summary)),
        Err(exception) => {
            let code = exception.code.to_string();
            insert_header(&mut trailers, header::EXCEPTION_CODE, &code);
            let mut text = exception.text();
            let end = text.floor_char_boundary(TRAILER_TEXT_BYTES_MAX);
            text.truncate(end);
            let mut encoded = String::new();
            dialect::percent_encode(&text, &mut encoded);
            insert_header(&mut trailers, header::EXCEPTION_TEXT, &encoded);
        }
    }
    trailers
}

/// Sets a header; a value that no header can carry is left out.
fn insert_header(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn crashed(error: &JoinError) -> Exception {
    Exception::new(
        code::UNKNOWN_EXCEPTION,
        format!("the worker failed to run the statement: {error}"),
    )
}
