//! A plain HTTP client that treats every status as an answer.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request};

use super::wait_until;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// How long it may take until what was acknowledged is stored.
const STORED_MAX: Duration = Duration::from_secs(60);

/// A client of one server with one token, or none. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Method and path, for messages.
    request: String,
}

/// A request that is being put together.
pub(crate) struct Call<'c> {
    client: &'c Client,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

impl Client {
    /// Returns scheme, host and port.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self {
            agent: config.into(),
            base: base.to_owned(),
            token: None,
        }
    }

    /// Returns a client that sends `token` as its header.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Returns the token that is sent, when there is one.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub(crate) fn call(&self, method: &'static str, path: impl Into<String>) -> Call<'_> {
        Call {
            client: self,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, path: impl Into<String>) -> Answer {
        self.call("GET", path).send()
    }

    #[track_caller]
    pub(crate) fn post(&self, path: impl Into<String>, body: impl Into<Vec<u8>>) -> Answer {
        self.call("POST", path).body(body).send()
    }

    #[track_caller]
    pub(crate) fn put(&self, path: impl Into<String>, body: impl Into<Vec<u8>>) -> Answer {
        self.call("PUT", path).body(body).send()
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: impl Into<String>) -> Answer {
        self.call("DELETE", path).send()
    }

    /// Appends NDJSON by the Events API and waits until it is stored.
    #[track_caller]
    pub(crate) fn append(&self, datasource: &str, rows: impl Into<Vec<u8>>) -> Answer {
        self.post(format!("/v0/events?name={datasource}&wait=true"), rows)
    }

    /// Waits until everything that was acknowledged is in its tables; needs an admin's token.
    #[track_caller]
    pub(crate) fn wait_until_stored(&self) {
        wait_until("everything is stored", STORED_MAX, || {
            let status = self.get("/v0/ingestion").expect(200).json();
            let sources = status["datasources"].as_array().unwrap();
            match sources.iter().find(|source| source["pending_rows"] != 0) {
                Some(source) => Err(source.to_string()),
                None => Ok(()),
            }
        });
    }

    /// Calls `/v0/sql` and returns the answer, whatever it is.
    #[track_caller]
    pub(crate) fn query(&self, sql: &str) -> Answer {
        self.call("POST", "/v0/sql")
            .header("content-type", "text/plain")
            .body(sql)
            .send()
    }

    /// Returns the rows of a query that works.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> Vec<Value> {
        self.query(sql).ok().rows()
    }

    /// Returns the only value of a query.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> Value {
        let rows = self.sql(sql);
        let columns: Vec<&Value> = rows
            .iter()
            .flat_map(|row| row.as_object().unwrap().values())
            .collect();
        assert_eq!(columns.len(), 1, "{sql} returned {rows:?}");
        columns[0].clone()
    }

    /// Calls an endpoint; `format` is its extension.
    #[track_caller]
    pub(crate) fn endpoint(&self, pipe: &str, format: &str, parameters: &[(&str, &str)]) -> Answer {
        self.get(format!("/v0/pipes/{pipe}.{format}?{}", form(parameters)))
    }
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends the request; panics when there is no answer at all.
    #[track_caller]
    pub(crate) fn send(self) -> Answer {
        self.try_send(ANSWER_MAX)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Sends the request; an error when there is no whole answer within `limit`.
    #[expect(
        clippy::unwrap_in_result,
        reason = "the error is a server that does not answer, not a broken test"
    )]
    pub(crate) fn try_send(self, limit: Duration) -> Result<Answer, String> {
        let request = format!("{} {}", self.method, self.path);
        let failed = |error: ureq::Error| format!("{request}: {error}");
        let mut builder = Request::builder()
            .method(Method::from_bytes(self.method.as_bytes()).unwrap())
            .uri(format!("{}{}", self.client.base, self.path));
        if let Some(token) = &self.client.token {
            builder = builder.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        let agent = &self.client.agent;
        let limit = Some(limit);
        let answer = match self.body {
            Some(body) => {
                let request = agent.configure_request(builder.body(body).unwrap());
                agent.run(request.timeout_global(limit).build())
            }
            None => {
                let request = agent.configure_request(builder.body(()).unwrap());
                agent.run(request.timeout_global(limit).build())
            }
        };
        let mut answer = answer.map_err(failed)?;
        let body = answer
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .read_to_vec();
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: body.map_err(failed)?,
            request,
        })
    }
}

impl Answer {
    /// Returns the answer when its status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text());
        self
    }

    /// Returns the answer when it is a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(
            matches!(self.status, 200..300),
            "{}: {} {}",
            self.request,
            self.status,
            self.text()
        );
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.request, self.text()))
    }

    /// Returns `data` of the JSON format.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        match self.json()["data"].take() {
            Value::Array(rows) => rows,
            _ => panic!("{}: no data in {}", self.request, self.text()),
        }
    }

    /// Returns the text of an error, which every answer of 400 and above must have.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        assert!(
            self.status >= 400,
            "{}: {} is no error",
            self.request,
            self.status
        );
        assert_eq!(
            self.header("content-type").as_deref(),
            Some("application/json"),
            "{}",
            self.request
        );
        let body = self.json();
        let error = body["error"].as_str().unwrap_or_default();
        assert!(
            !error.is_empty(),
            "{}: no text in {}",
            self.request,
            self.text()
        );
        error.to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().unwrap().to_owned())
    }
}

/// Returns the parameters as a query string or a form.
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Returns the text with percent escapes.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
