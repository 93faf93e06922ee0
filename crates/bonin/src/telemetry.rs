//! Where logs and traces go. Traces are sent, where an endpoint is set, to an OpenTelemetry collector over OTLP/HTTP.
//!
//! Nobody waits for the collector: spans queue up to a number, a thread of its own sends them, and what does not fit is
//! dropped. At the end the rest is sent, within a bound.

mod export;
mod sample;

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use bonin_core::Redacted;
use bonin_gateway::{
    ids,
    metrics::TraceMetrics,
    telemetry::{REQUEST_SPAN, TRACE_TARGET},
};
use clap::Args;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

use self::{
    export::{Allowed, Collector, Counted},
    sample::Chosen,
};
use crate::{console::plain_address, failure::Failure, logging::LogArgs};

/// How many spans wait for the collector at most, those included that are being sent: about 2 MiB.
const MAX_QUEUE: usize = 4096;
/// How many are sent at once.
const MAX_BATCH: usize = 512;
/// How long a batch waits to be filled.
const BATCH_DELAY: Duration = Duration::from_secs(1);
/// How long the collector may take, with all that is tried again.
pub(crate) const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the end waits for what is left.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// The variable that holds headers for the collector: there is no flag for it, since others on a machine can read command lines.
pub(crate) const HEADERS_VARIABLE: &str = "BONIN_OTLP_HEADERS";

/// Where traces are sent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Traces")]
pub(crate) struct TraceArgs {
    /// Send traces to this OpenTelemetry collector, such as http://127.0.0.1:4318 (OTLP over HTTP). [default: none are made]
    #[arg(long, env = "BONIN_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// A file with headers for the collector, one `name=value` a line. The variable BONIN_OTLP_HEADERS may hold them instead,
    /// separated by commas.
    #[arg(long, env = "BONIN_OTLP_HEADERS_FILE", value_name = "FILE")]
    pub(crate) otlp_headers_file: Option<PathBuf>,
    /// How much of the traces that begin here is sent, such as 0.1 or 10%. A caller's own decision is followed.
    #[arg(
        long,
        env = "BONIN_OTLP_SAMPLE",
        value_name = "RATIO",
        default_value = "1"
    )]
    pub(crate) otlp_sample: Ratio,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio(f64);

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, whole) = match text.strip_suffix('%') {
            Some(percent) => (percent, 100.0),
            None => (text, 1.0),
        };
        number
            .trim()
            .parse::<f64>()
            .ok()
            .map(|number| number / whole)
            .filter(|ratio| (0.0..=1.0).contains(ratio))
            .map(Self)
            .ok_or_else(|| "a ratio from 0 to 1, or from 0% to 100%, is wanted".to_owned())
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl TraceArgs {
    /// Where spans are posted to.
    pub(crate) fn endpoint(&self) -> Result<Option<reqwest::Url>, Failure> {
        let Some(given) = &self.otlp_endpoint else {
            return Ok(None);
        };
        let plain = plain_address("otlp_endpoint", given)?;
        let full = if plain.ends_with("/v1/traces") {
            plain
        } else {
            format!("{plain}/v1/traces")
        };
        let wrong = |why: &str| Failure::new(format!("otlp_endpoint {why}"));
        let url = reqwest::Url::parse(&full).map_err(|_| wrong("is not an address"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "must not hold a password; give it as a header with --otlp-headers-file or BONIN_OTLP_HEADERS",
            ));
        }
        Ok(Some(url))
    }

    /// What is sent along with each batch.
    pub(crate) fn headers(&self) -> Result<HeaderMap, Failure> {
        let given = match (std::env::var(HEADERS_VARIABLE), &self.otlp_headers_file) {
            (Ok(text), _) => Redacted::new(text),
            (Err(_), Some(file)) => {
                let read = std::fs::read_to_string(file);
                Redacted::new(read.map_err(Failure::while_doing(format!(
                    "cannot read {}",
                    file.display()
                )))?)
            }
            (Err(_), None) => return Ok(HeaderMap::new()),
        };
        read_headers(&given).ok_or_else(|| {
            Failure::new(
                "the headers for the collector must be `name=value`, one a line or separated by commas",
            )
        })
    }
}

fn read_headers(given: &Redacted) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let entries = given.expose().split(['\n', ',']).map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let (name, value) = entry.split_once('=')?;
        let name = HeaderName::from_str(name.trim()).ok()?;
        let mut value = HeaderValue::from_str(value.trim()).ok()?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Some(headers)
}

/// Logs, and traces where they are sent. What is left of them is sent with [`Telemetry::finish`].
#[derive(Debug)]
pub(crate) struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Starts both.
    pub(crate) fn start(
        log: &LogArgs,
        traces: &TraceArgs,
        metrics: &TraceMetrics,
    ) -> Result<Self, Failure> {
        let Some(endpoint) = traces.endpoint()? else {
            log.start()?;
            return Ok(Self(None));
        };
        let cannot = |what: &str| Failure::new(format!("traces cannot be sent: {what}"));
        let collector = Collector::new(endpoint.clone(), traces.headers()?)
            .map_err(Failure::while_doing("traces cannot be sent"))?;
        let exporter = Allowed::over(collector, metrics.clone())
            .map_err(Failure::while_doing("traces cannot be sent"))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MAX_QUEUE)
            .with_max_export_batch_size(MAX_BATCH)
            .with_scheduled_delay(BATCH_DELAY)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let instance = ids::request_id().map_err(|error| cannot(&error.to_string()))?;
        let resource = Resource::builder_empty()
            .with_service_name("bonin")
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", instance),
            ])
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Counted::over(processor, metrics.clone(), MAX_QUEUE))
            .with_sampler(Chosen::by_ratio(traces.otlp_sample.0))
            .with_resource(resource)
            .build();
        let layer = tracing_opentelemetry::layer::<Registry>()
            .with_tracer(provider.tracer("bonin"))
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(filter_fn(is_traced).with_max_level_hint(LevelFilter::DEBUG));
        log.start_with(Some(layer.boxed()))?;
        tracing::info!(
            endpoint = %endpoint.origin().ascii_serialization(),
            sample = %traces.otlp_sample,
            "traces are sent"
        );
        Ok(Self(Some(provider)))
    }

    /// Sends what is left, for some seconds at the most.
    pub(crate) async fn finish(self) {
        let Some(provider) = self.0 else {
            return;
        };
        let finished =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_LIMIT)).await;
        if !matches!(finished, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Spans of ours alone, and no log line.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && (metadata.target() == TRACE_TARGET
            || (metadata.name() == REQUEST_SPAN && metadata.target().starts_with("bonin_gateway")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(endpoint: &str) -> TraceArgs {
        TraceArgs {
            otlp_endpoint: Some(endpoint.to_owned()),
            otlp_headers_file: None,
            otlp_sample: Ratio(1.0),
        }
    }

    #[test]
    fn the_collectors_address_may_name_its_path_or_not() {
        for (given, posted) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://collector.example/otlp",
                "https://collector.example/otlp/v1/traces",
            ),
            (
                "https://collector.example/v1/traces",
                "https://collector.example/v1/traces",
            ),
        ] {
            let url = args(given).endpoint().unwrap().unwrap();
            assert_eq!(url.as_str(), posted);
        }
        for wrong in [
            "collector:4317",
            "ftp://a.example",
            "http://a.example/?token=secret",
            "http://me:secret@a.example",
        ] {
            let failure = args(wrong).endpoint().unwrap_err().to_string();
            assert!(!failure.contains("secret"), "{failure}");
        }
    }

    #[test]
    fn a_ratio_is_a_part_of_a_whole() {
        assert_eq!("0.25".parse(), Ok(Ratio(0.25)));
        assert_eq!("25%".parse(), Ok(Ratio(0.25)));
        assert_eq!("1".parse(), Ok(Ratio(1.0)));
        for wrong in ["", "2", "-0.1", "101%", "NaN", "all"] {
            assert!(wrong.parse::<Ratio>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_are_read_by_line_and_by_comma_and_are_not_printed() {
        let read = |text: &str| read_headers(&Redacted::new(text));
        let headers = read("authorization=Basic c2VjcmV0==\nx-team = a,x-more=b\n").unwrap();
        assert_eq!(headers["authorization"], "Basic c2VjcmV0==");
        assert_eq!(
            (&headers["x-team"], &headers["x-more"]),
            (&"a".parse().unwrap(), &"b".parse().unwrap())
        );
        assert!(!format!("{headers:?}").contains("c2VjcmV0"));
        assert!(read("authorization").is_none());
        assert!(read("a b=c").is_none());
    }
}
