//! The listening side: a real TCP connection for each client, which a fault can cut without an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::{Sandbox, router};

/// How long requests in flight may still take once the sandbox is told to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

impl Sandbox {
    /// Serves on this listener until `shutdown` is done, then lets requests in flight finish for at most five seconds.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let stopping = self.0.stopping.clone();
        let app = router::router(self).into_make_service_with_connect_info::<Peer>();
        let serving = axum::serve(SeverableListener(listener), app)
            .with_graceful_shutdown(stopping.clone().cancelled_owned())
            .into_future();
        let stop = async {
            shutdown.await;
            stopping.cancel();
            tokio::time::sleep(DRAIN_LIMIT).await;
        };
        tokio::select! {
            result = serving => result,
            () = stop => Ok(()),
        }
    }
}

/// Who is at the other end, and the means to hang up on them.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    severed: Arc<AtomicBool>,
}

impl Peer {
    /// From now on the connection carries nothing more: whatever is answered next, the client sees it closed.
    pub(crate) fn sever(&self) {
        self.severed.store(true, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, SeverableListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, SeverableListener>) -> Self {
        Self {
            address: *stream.remote_addr(),
            severed: stream.io().severed.clone(),
        }
    }
}

pub(crate) struct SeverableListener(TcpListener);

impl Listener for SeverableListener {
    type Io = SeverableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for more; where the option cannot be set they only come later.
        let _ = stream.set_nodelay(true);
        (
            SeverableStream {
                stream,
                severed: Arc::default(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A TCP stream that fails once it was severed, so that the server drops it, and with it the connection.
pub(crate) struct SeverableStream {
    stream: TcpStream,
    severed: Arc<AtomicBool>,
}

impl SeverableStream {
    fn check(&self) -> io::Result<()> {
        if self.severed.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for SeverableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for SeverableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
