//! HTTP/1.1 over one connection that stays open.
//!
//! Requests are bytes that were put together beforehand, and of an answer only its length and status are read. A complete client
//! costs as much for each request as a bare server does: it would hold that server back, and flatter whatever is compared with it.

use std::net::SocketAddr;

use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::failure::{Doing, Failure, Result, ensure};

/// Far more than any answer has.
const MAX_HEADERS: usize = 64;

/// What a read asks for.
const READ: usize = 16 * 1024;

/// Longer than any answer here; a server that sends more is broken.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// A request as it travels.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if let Some(body) = body {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.unwrap_or_default());
    bytes
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer, as long as no other is read.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// Where an answer's body is, once its head has come.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    status: u16,
    head: usize,
    body: usize,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .doing(format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let read = Vec::with_capacity(READ);
        Ok(Self { stream, read })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.read.clear();
        self.stream.write_all(request).await?;
        let mut shape = None;
        let shape = loop {
            self.read.reserve(READ);
            let count = self.stream.read_buf(&mut self.read).await?;
            ensure(count > 0, || {
                "the server closed the connection in the middle of an answer".to_owned()
            })?;
            ensure(self.read.len() <= MAX_ANSWER, || {
                "an answer does not end".to_owned()
            })?;
            if shape.is_none() {
                shape = shape_of(&self.read)?;
            }
            match shape {
                Some(shape) if self.read.len() >= shape.head + shape.body => break shape,
                _ => {}
            }
        };
        let (head, body) = self.read.split_at(shape.head);
        Ok(Answer {
            status: shape.status,
            head,
            body,
        })
    }
}

/// Reads an answer's head, if all of it is there.
fn shape_of(bytes: &[u8]) -> Result<Option<Shape>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes)? else {
        return Ok(None);
    };
    let status = answer.code.unwrap_or_default();
    let named = |name: &str| {
        let found = answer
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let body = match named("content-length") {
        Some(length) => length.trim().parse().doing("content-length")?,
        None if matches!(status, 204 | 304) => 0,
        None => {
            return Err(Failure::new(format!(
                "an answer with status {status} does not say how long it is"
            )));
        }
    };
    Ok(Some(Shape { status, head, body }))
}

impl Answer<'_> {
    /// The same, to be kept.
    pub(crate) fn kept(&self) -> Result<Kept> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        answer.parse(self.head)?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Ok(Kept {
            status: self.status,
            headers: answer
                .headers
                .iter()
                .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
                .collect(),
            body: text(self.body),
        })
    }
}

/// An answer that is kept. What comes here is text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Kept {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Kept {
    /// Its JSON, where its status is this one.
    pub(crate) fn json<T: DeserializeOwned>(&self, status: u16) -> Result<T> {
        self.expect(status)?;
        serde_json::from_str(&self.body).doing(format!("no JSON: {}", self.beginning()))
    }

    /// Fails where the status is another.
    pub(crate) fn expect(&self, status: u16) -> Result<&Self> {
        ensure(self.status == status, || {
            format!(
                "{status} was expected, and {} came: {}",
                self.status,
                self.beginning()
            )
        })?;
        Ok(self)
    }

    fn beginning(&self) -> String {
        self.body.chars().take(500).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_put_together_with_its_length() {
        let bytes = request("POST", "/a", &[("x", "y")], Some(b"{}"));
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "POST /a HTTP/1.1\r\nhost: localhost\r\nx: y\r\ncontent-length: 2\r\n\r\n{}"
        );
        assert!(request("GET", "/", &[], None).ends_with(b"localhost\r\n\r\n"));
    }

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
        let head = whole.len() - 5;
        let shape = Shape {
            status: 200,
            head,
            body: 5,
        };
        assert_eq!(shape_of(whole).unwrap(), Some(shape));
        assert_eq!(shape_of(&whole[..head - 1]).unwrap(), None);
        assert!(shape_of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(shape_of(b"nonsense that is no answer\r\n\r\n").is_err());
        assert_eq!(
            shape_of(b"HTTP/1.1 204 No Content\r\n\r\n")
                .unwrap()
                .unwrap()
                .body,
            0
        );
    }

    #[tokio::test]
    async fn an_answer_in_pieces_is_read_whole() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 64];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            for piece in [
                "HTTP/1.1 201 Created\r\nconte",
                "nt-length: 4\r\n\r\nab",
                "cd",
            ] {
                stream.write_all(piece.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let client = async {
            let mut client = Client::connect(address).await.unwrap();
            let answer = client.ask(&request("GET", "/", &[], None)).await.unwrap();
            answer.kept().unwrap()
        };
        let (kept, ()) = tokio::join!(client, server);
        assert_eq!((kept.status, kept.body.as_str()), (201, "abcd"));
        assert_eq!(
            kept.headers,
            [("content-length".to_owned(), "4".to_owned())]
        );
        assert!(kept.expect(200).is_err());
    }
}
