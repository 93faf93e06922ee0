//! Connections: bounded in number, in the time their headers may take, and in the time a stop may take.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, Request, header::CONNECTION},
};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::{failure::Failure, shutdown::Stop};

/// How many connections are served at once; more wait.
const MAX_CONNECTIONS: usize = 8192;
/// How long a request's headers may take to arrive, and how long a connection may be idle.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// How long a connection on which nothing is under way is waited for to bring a last request once the process stops.
const LAST_REQUEST: Duration = Duration::from_millis(500);
/// How long headers may be in all.
const MAX_HEADERS: usize = 64 * 1024;

/// Binds an address. Port 0 picks a free one.
pub(crate) async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {address}: {error}; give another address, or port 0 for a free one"
        ))
    })?;
    let bound = listener
        .local_addr()
        .map_err(Failure::while_doing("cannot tell the address listened on"))?;
    Ok((listener, bound))
}

/// Serves until stopped, then lets requests in flight finish within the limit. Says when that limit is over: what else is
/// under way has until then.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: Stop,
    drain_limit: Duration,
) -> Instant {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(MAX_HEADERS);
    let open = TaskTracker::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let begin = |accepted: Accepted| {
        open.spawn(converse(
            http.clone(),
            accepted,
            router.clone(),
            stop.clone(),
        ))
    };
    loop {
        let accepted = tokio::select! {
            () = stop.now.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some(accepted) = accepted {
            begin(accepted);
        }
    }
    // Whoever has connected already, as the client sees it, is served: closing now would cut these connections off.
    for accepted in waiting(listener, &places) {
        begin(accepted);
    }
    let deadline = Instant::now() + drain_limit;
    open.close();
    if tokio::time::timeout_at(deadline, open.wait())
        .await
        .is_err()
    {
        tracing::warn!("some requests were still under way at the drain limit");
    }
    deadline
}

/// Takes those who wait at the door, and closes it. The system itself is asked: what it told us last may be old.
fn waiting(listener: TcpListener, places: &Arc<Semaphore>) -> Vec<Accepted> {
    let mut accepted = Vec::new();
    let Ok(listener) = listener.into_std() else {
        return accepted;
    };
    while let Ok(place) = places.clone().try_acquire_owned() {
        let Ok((stream, peer)) = listener.accept() else {
            break;
        };
        if stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            accepted.push((stream, peer, place));
        }
    }
    accepted
}

/// One connection, to its end. Once the process stops it ends with its next answer, or after a moment where nobody asks.
async fn converse(
    http: hyper::server::conn::http1::Builder,
    (stream, peer, _place): Accepted,
    router: Router,
    stop: Stop,
) {
    let leaving = stop.leaving;
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().oneshot(request.map(Body::new));
        let leaving = leaving.clone();
        async move {
            let mut answer = answer.await?;
            if leaving.is_cancelled() {
                // The client's next request finds another instance, rather than a connection that is just being closed.
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.now.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        // What was sent a moment ago may not have been read yet: closing now would lose it.
        None => tokio::select! {
            ended = connection.as_mut() => ended,
            () = tokio::time::sleep(LAST_REQUEST) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        },
    };
    // A connection that breaks is the client's affair.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A connection, whose it is, and its place among those that are served at once.
type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
            Some((stream, peer, place))
        }
        Err(error) => {
            // Out of file descriptors, for example: accepting again at once would spin.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}
