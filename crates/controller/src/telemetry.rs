//! The log: the same field names everywhere, as JSON or as text.

use crate::args::LogFormat;
use tracing_subscriber::EnvFilter;

/// Starts the log. What the log level does not parse is an error with a hint.
///
/// # Errors
/// When `level` is not in the syntax of `RUST_LOG`, or a log was started before.
pub fn start(format: LogFormat, level: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        anyhow::anyhow!("--log-level {level}: {error}; try `info` or `info,jenkinsstack_aws=debug`")
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
        LogFormat::Text => log.try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log can't be started: {error}"))
}
