//! `birdhouse debug render`: one JSON line with a template in, one JSON line out.

use std::process::ExitCode;

use birdhouse_template::inspect::inspect;

use super::each_input_line;
use crate::commands::say;

pub(super) fn render() -> anyhow::Result<ExitCode> {
    each_input_line(|line| {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S");
        say(inspect(line, &now.to_string()).to_string())
    })?;
    Ok(ExitCode::SUCCESS)
}
