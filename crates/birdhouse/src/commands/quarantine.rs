//! `birdhouse quarantine`: rows that data sources refused, and how they come in after all.
//!
//! Asks a running server, with the admin token of its data directory.

use std::process::ExitCode;

use anyhow::{Context, bail};
use birdhouse_catalog::{CatalogView, SecretText};
use serde_json::Value;
use ureq::Agent;

use super::say;
use crate::args::{QuarantineArgs, QuarantineCommand};

/// Runs the command.
pub(crate) fn quarantine(args: &QuarantineArgs) -> anyhow::Result<ExitCode> {
    let server = Server::of(args)?;
    match &args.command {
        QuarantineCommand::Ls => list(&server)?,
        QuarantineCommand::Reingest {
            datasource,
            condition,
            repair,
        } => {
            let given = [("condition", condition), ("repair", repair)];
            let form = given
                .into_iter()
                .filter_map(|(name, text)| Some((name, text.as_deref()?)));
            let path = format!("/v0/datasources/{datasource}/quarantine/reingest");
            let answer = server.post(&path, form)?;
            let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or_default();
            say(format!(
                "{} rows taken: {} stored, {} in quarantine again",
                count("selected_rows"),
                count("successful_rows"),
                count("quarantined_rows")
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows each data source with rows in quarantine.
fn list(server: &Server) -> anyhow::Result<()> {
    let answer = server.get("/v0/datasources")?;
    let datasources = answer.get("datasources").and_then(Value::as_array);
    let mut is_empty = true;
    for datasource in datasources.into_iter().flatten() {
        let rows = datasource.get("quarantine_rows").and_then(Value::as_u64);
        let rows = rows.unwrap_or_default();
        if rows > 0 {
            is_empty = false;
            let name = datasource.get("name").and_then(Value::as_str);
            let name = name.unwrap_or_default();
            say(format!("{name}: {rows} rows, in {name}_quarantine"))?;
        }
    }
    if is_empty {
        say("no rows are in quarantine")?;
    }
    Ok(())
}

/// A running server and a token for it.
struct Server {
    agent: Agent,
    url: String,
    token: SecretText,
}

impl Server {
    fn of(args: &QuarantineArgs) -> anyhow::Result<Self> {
        let view = CatalogView::read(&args.data)?;
        let first = view.workspaces().first();
        let token = first.and_then(|workspace| workspace.admin_token());
        let token = token.context("the data directory has no workspace")?;
        let agent = Agent::config_builder().http_status_as_error(false).build();
        Ok(Self {
            agent: agent.into(),
            url: args.url.trim_end_matches('/').to_owned(),
            token: token.value.clone(),
        })
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.url);
        let request = self.agent.get(&url).header("authorization", self.bearer());
        self.answer(request.call())
    }

    fn post<'a>(
        &self,
        path: &str,
        form: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.url);
        let request = self.agent.post(&url).header("authorization", self.bearer());
        self.answer(request.send_form(form))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }

    fn answer(
        &self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<Value> {
        let mut response =
            response.with_context(|| format!("ask the server at {}; is it running?", self.url))?;
        let text = response.body_mut().read_to_string()?;
        let answer: Value = serde_json::from_str(&text).context("the answer is not JSON")?;
        if !response.status().is_success() {
            let error = answer.get("error").and_then(Value::as_str);
            bail!("{}", error.unwrap_or(&text));
        }
        Ok(answer)
    }
}
