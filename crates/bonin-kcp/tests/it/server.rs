//! A small HTTP server on a real socket that does one given thing to every request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::Url;

/// What the server does once it has read a whole request.
#[derive(Clone)]
pub enum Behaviour {
    /// Writes these bytes and keeps the connection open.
    Write(Vec<u8>),
    /// Writes these bytes and closes.
    WriteAndClose(Vec<u8>),
    /// Never answers.
    Silence,
}

impl Behaviour {
    pub fn answer(status: &str, body: &str) -> Self {
        Self::Write(
            format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .into(),
        )
    }

    pub fn json(body: Value) -> Self {
        Self::answer("200 OK", &body.to_string())
    }
}

pub struct Received {
    pub head: String,
    /// JSON, or whatever else it was as text.
    pub body: Value,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

fn read_body(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| std::str::from_utf8(body).unwrap().into())
}

pub struct Server {
    pub url: Url,
    pub received: mpsc::UnboundedReceiver<Received>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, behaviour.clone(), sender.clone()));
            }
        });
        Self {
            url,
            received,
            connections,
        }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many whole requests have come so far, after leaving time for one too many.
    pub async fn request_count(&mut self) -> usize {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut count = 0;
        while self.received.try_recv().is_ok() {
            count += 1;
        }
        count
    }
}

async fn serve(
    mut stream: TcpStream,
    behaviour: Behaviour,
    sender: mpsc::UnboundedSender<Received>,
) {
    while let Some(request) = read_request(&mut stream).await {
        let _ = sender.send(request);
        match &behaviour {
            Behaviour::Write(bytes) => stream.write_all(bytes).await.unwrap(),
            Behaviour::WriteAndClose(bytes) => {
                let _ = stream.write_all(bytes).await;
                return;
            }
            Behaviour::Silence => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse::<usize>()
                        .ok()
                })
                .unwrap_or(0);
            let body = &bytes[end + 4..];
            if body.len() >= length {
                return Some(Received {
                    head,
                    body: read_body(body),
                });
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
