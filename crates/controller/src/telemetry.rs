//! The log: the same field names everywhere, as JSON or as text.

use crate::args::LogFormat;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Starts the log. What the log level does not parse is an error with a hint.
///
/// # Errors
/// When `level` is not in the syntax of `RUST_LOG`, or a log was started before.
pub fn start(format: LogFormat, level: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        anyhow::anyhow!("--log-level {level}: {error}; try `info` or `info,jenkinsstack_aws=debug`")
    })?;
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        LogFormat::Text => log.boxed(),
    };
    let started = tracing_subscriber::registry().with(filter).with(filter_fn(shows_no_secret)).with(log).try_init();
    started.map_err(|error| anyhow::anyhow!("the log can't be started: {error}"))
}

/// The AWS SDK traces requests whole, and so with secrets in them, whatever log level is asked for.
fn shows_no_secret(metadata: &Metadata<'_>) -> bool {
    *metadata.level() < Level::TRACE || !metadata.target().starts_with("aws_")
}
