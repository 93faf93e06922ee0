//! Sending spans away: what may leave, over which connection, and how it went.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bonin_gateway::{metrics::TraceMetrics, telemetry::ATTRIBUTES};
use opentelemetry::{
    Context,
    trace::{SpanKind, Status},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanEvents, SpanExporter, SpanLinks, SpanProcessor},
};
use reqwest::{
    Client, ClientBuilder, Url,
    header::{CONTENT_TYPE, HeaderMap},
    redirect::Policy,
};
use tokio::runtime::Handle;

use super::EXPORT_TIMEOUT;

/// A collector's answer is small; nobody reads more of it.
const MAX_ANSWER: usize = 64 * 1024;

/// The connection to the collector.
///
/// The thread that sends batches has no runtime of its own: each request runs as a task of the process's.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client,
    endpoint: Url,
    headers: HeaderMap,
    runtime: Handle,
}

impl Collector {
    pub(super) fn new(endpoint: Url, headers: HeaderMap) -> Result<Self, reqwest::Error> {
        let (client, _) = bonin_kcp::call::client(builder)?;
        Ok(Self {
            client,
            endpoint,
            headers,
            runtime: Handle::current(),
        })
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .timeout(EXPORT_TIMEOUT)
        .connect_timeout(Duration::from_secs(3))
        .no_proxy()
        .referer(false)
        .redirect(Policy::none())
        .user_agent(concat!("bonin/", env!("CARGO_PKG_VERSION")))
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut headers = self.headers.clone();
        if let Some(kind) = request.headers().get(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, kind.clone());
        }
        let request = self
            .client
            .post(self.endpoint.clone())
            .headers(headers)
            .body(request.into_body());
        let sent = self.runtime.spawn(async move {
            let mut answer = request.send().await?;
            let status = answer.status();
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > MAX_ANSWER {
                    break;
                }
                body.extend_from_slice(&chunk);
            }
            Ok::<_, reqwest::Error>((status, body))
        });
        // The address is the operator's, and may name more than it should: it is in no message.
        let (status, body) = sent.await?.map_err(reqwest::Error::without_url)?;
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        Ok(response)
    }
}

/// Lets through what a trace may tell, and nothing else, whatever a span was given.
#[derive(Debug)]
pub(super) struct Allowed {
    exporter: opentelemetry_otlp::SpanExporter,
    metrics: TraceMetrics,
    failing: AtomicBool,
}

impl Allowed {
    pub(super) fn over(
        collector: Collector,
        metrics: TraceMetrics,
    ) -> Result<Self, ExporterBuildError> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(collector.endpoint.as_str())
            .with_timeout(EXPORT_TIMEOUT)
            .with_http_client(collector)
            .build()?;
        Ok(Self {
            exporter,
            metrics,
            failing: AtomicBool::new(false),
        })
    }
}

impl SpanExporter for Allowed {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let batch = batch.into_iter().map(allowed).collect();
        let result = self.exporter.export(batch).await;
        match &result {
            Ok(()) => {
                self.metrics.exported(spans);
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("traces are sent again");
                }
            }
            Err(error) => {
                self.metrics.lost(spans);
                // Told once: a collector that stays away would fill the log.
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "traces cannot be sent; requests are not affected");
                }
            }
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

fn allowed(mut span: SpanData) -> SpanData {
    let is_request = |key: &str| key == "http.request.method";
    if span
        .attributes
        .iter()
        .any(|one| is_request(one.key.as_str()))
    {
        // The span of a request is in the log, too, where its kind would be in the way.
        span.span_kind = SpanKind::Server;
    }
    span.attributes
        .retain(|one| ATTRIBUTES.contains(&one.key.as_str()));
    span.dropped_attributes_count = 0;
    span.events = SpanEvents::default();
    span.links = SpanLinks::default();
    if matches!(span.status, Status::Error { .. }) {
        span.status = Status::error("");
    }
    span
}

/// Counts the spans that were made, and lets no more wait than there is room for: the queue behind would drop the rest without a
/// number that anybody could read.
#[derive(Debug)]
pub(super) struct Counted<P> {
    processor: P,
    metrics: TraceMetrics,
    room: usize,
}

impl<P> Counted<P> {
    /// `room`: how many spans may wait, those included that are being sent.
    pub(super) fn over(processor: P, metrics: TraceMetrics, room: usize) -> Self {
        Self {
            processor,
            metrics,
            room,
        }
    }
}

impl<P: SpanProcessor> SpanProcessor for Counted<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.processor.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.metrics.made();
        if self.metrics.waiting() > self.room as u64 {
            self.metrics.lost(1);
            return;
        }
        self.processor.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use opentelemetry::{InstrumentationScope, SpanId, trace::SpanContext};

    use super::*;

    /// Keeps how many spans came, and sends none.
    #[derive(Debug, Default)]
    struct Queue(Mutex<usize>);

    impl SpanProcessor for &'static Queue {
        fn on_start(&self, _: &mut Span, _: &Context) {}

        fn on_end(&self, _: SpanData) {
            *self.0.lock().unwrap() += 1;
        }

        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }

        fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    fn span() -> SpanData {
        let now = std::time::SystemTime::now();
        SpanData {
            span_context: SpanContext::empty_context(),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "a span".into(),
            start_time: now,
            end_time: now,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[test]
    fn a_span_without_room_is_lost_and_counted_until_the_collector_takes_some() {
        let queue: &'static Queue = Box::leak(Box::default());
        let metrics = TraceMetrics::default();
        let counted = Counted::over(queue, metrics.clone(), 3);
        let came = || *queue.0.lock().unwrap();
        for _ in 0..5 {
            counted.on_end(span());
        }
        assert_eq!((came(), metrics.waiting()), (3, 3), "two were lost");
        // Two are taken, and one is not: there is room for three again.
        metrics.exported(2);
        metrics.lost(1);
        assert_eq!(metrics.waiting(), 0);
        for _ in 0..4 {
            counted.on_end(span());
        }
        assert_eq!((came(), metrics.waiting()), (6, 3));
    }
}
