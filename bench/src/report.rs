//! The table.

use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use crate::load::Outcome;
use crate::server::Memory;

/// Where figures go.
pub(crate) struct Report;

impl Report {
    /// Says what machine this is.
    pub(crate) fn machine(&mut self) -> anyhow::Result<()> {
        let processors = std::thread::available_parallelism()?;
        let info = fs::read_to_string("/proc/cpuinfo")?;
        let model = info
            .lines()
            .find_map(|line| line.strip_prefix("model name"));
        let model = model
            .unwrap_or_default()
            .trim_start_matches(['\t', ':', ' ']);
        let memory = fs::read_to_string("/proc/meminfo")?;
        let kibibytes = memory.split_whitespace().nth(1).unwrap_or("0");
        let gibibytes = kibibytes.parse::<u64>()? >> 20;
        let load = fs::read_to_string("/proc/loadavg")?;
        let load = load.split(' ').next().unwrap_or_default();
        self.line(&format!(
            "{processors} × {model}, {gibibytes} GiB, load {load}; client, gateway and engine share it"
        ))
    }

    pub(crate) fn section(&mut self, name: &str) -> anyhow::Result<()> {
        self.line(&format!("\n{name}"))
    }

    /// A figure and what it means.
    pub(crate) fn figure(&mut self, name: &str, value: f64, what: &str) -> anyhow::Result<()> {
        let value = match value {
            0.0..10.0 => format!("{value:.2}"),
            _ => thousands(value),
        };
        self.line(&format!("  {name:<34} {value:>10} {what}"))
    }

    pub(crate) fn time(&mut self, name: &str, time: Duration, what: &str) -> anyhow::Result<()> {
        let millis = time.as_secs_f64() * 1e3;
        self.line(&format!("  {name:<34} {millis:>10.1} ms {what}"))
    }

    /// A load of one row per request.
    pub(crate) fn load(&mut self, name: &str, load: &Outcome) -> anyhow::Result<()> {
        let millis = |percent| load.percentile(percent).as_secs_f64() * 1e3;
        let (p50, p99, refused) = (millis(50), millis(99), load.refused);
        let refused = match refused {
            0 => String::new(),
            refused => format!(", {refused} refused"),
        };
        let rate = thousands(load.rate());
        self.line(&format!(
            "  {name:<34} {rate:>10} requests/s, p50 {p50:.1} ms, p99 {p99:.1} ms{refused}"
        ))
    }

    pub(crate) fn memory(&mut self, memory: Memory) -> anyhow::Result<()> {
        let Memory {
            gateway,
            gateway_peak,
            worker,
        } = memory;
        self.line(&format!(
            "  {:<34} {gateway:>10} MiB gateway (peak {gateway_peak}), {worker} MiB worker",
            "memory, resident"
        ))
    }

    fn line(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(io::stdout().lock(), "{text}")?)
    }
}

/// Returns a number with commas.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
