//! `birdhouse demo`: the shop, live.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use birdhouse_catalog::SecretText;
use birdhouse_datafile::Project;
use birdhouse_deploy::Permission;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{block_on, log, say};
use crate::args::{DemoArgs, StorageArgs};
use crate::demo::{self, Api, Traffic};
use crate::serve::{LoadProject, Server, Signals, show};

/// Runs the command.
pub(crate) fn demo(args: DemoArgs) -> anyhow::Result<ExitCode> {
    log("warn");
    let (project, diagnostics) = Project::parse(demo::project());
    show(&diagnostics);
    let load: LoadProject = Box::new(|_| Ok(project));
    block_on(async {
        let project = Some((load, Permission::KeepData));
        let server = Server::start(
            &args.listen,
            &StorageArgs::default(),
            &args.data,
            project,
            Vec::new(),
        )
        .await?;
        let token = |name: &str| -> anyhow::Result<SecretText> {
            let view = server.app.catalog.view();
            let workspace = view.workspaces().first().context("no workspace")?;
            let token = workspace
                .token(name)
                .with_context(|| format!("no token {name}"))?;
            Ok(token.value.clone())
        };
        let read_token = token("app_read_token")?;
        let append_token = token("app_append_token")?;
        let admin_token = token(birdhouse_catalog::ADMIN_TOKEN_NAME)?;
        let router = birdhouse_server::router(server.app.clone());
        let api = Api::new(router.clone(), append_token.clone(), admin_token.clone());
        demo::load(&api, |step| {
            say(format!("  {step}")).ok();
        })
        .await
        .context("load the fixtures")?;
        let router = router.merge(demo::routes(api.clone(), read_token.clone()));
        let base = format!("http://localhost:{}", server.address()?.port());
        let signals = Signals::catch()?;
        say(welcome(&base, &read_token, &append_token, &admin_token))?;
        let stop = CancellationToken::new();
        let limit = Some(args.traffic_seconds)
            .filter(|s| *s > 0)
            .map(Duration::from_secs);
        let traffic = demo::run(
            api,
            Traffic {
                rate: args.rate,
                limit,
            },
            stop.clone(),
        );
        let shoppers = tokio::spawn(async move {
            if let Err(error) = traffic.await {
                warn!(error = %format!("{error:#}"), "the simulated traffic ended");
            }
        });
        let served = server.serve(router, signals, stop.clone()).await;
        stop.cancel();
        shoppers.await.context("end the traffic")?;
        served
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Returns what to open and what to paste.
fn welcome(base: &str, read: &SecretText, append: &SecretText, admin: &SecretText) -> String {
    let (read, append, admin) = (read.expose(), append.expose(), admin.expose());
    format!(
        "birdhouse is ready on {base}\n\
         \n\
         The shop          {base}/shop\n\
         Behind the shop   {base}/shop/behind\n\
         \n\
         Ask the endpoint for the shop's best sellers:\n\
         curl '{base}/v0/pipes/api_product_grid.json?ranking=1&category=feeders&token={read}'\n\
         \n\
         Sell a robin mug, and see its stock fall:\n\
         curl -H 'Authorization: Bearer {append}' '{base}/v0/events?name=ecomm_events&wait=true' \
         -d \"{{\\\"timestamp\\\":\\\"$(date -u '+%F %T')\\\",\\\"event\\\":\\\"sale\\\",\\\"product\\\":\\\"robin-mug\\\"}}\"\n\
         \n\
         Ask in SQL how the endpoint is doing:\n\
         curl -H 'Authorization: Bearer {admin}' '{base}/v0/sql' \
         -d 'SELECT pipe_name, count() AS calls, quantile(0.95)(duration) AS p95 FROM tinybird.pipe_stats_rt GROUP BY pipe_name FORMAT PrettyCompact'\n\
         \n\
         Stop with Ctrl+C; the data stays for the next time."
    )
}
