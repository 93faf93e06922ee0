//! A bare axum server, in a process of its own: it gives the same bytes with the same headers, from a table, and does nothing else.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri},
    routing::{any, get},
    serve::ListenerExt,
};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    failure::{Doing, Result},
    http::Kept,
};

/// An answer that was got from the gateway, and to what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) answer: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// The answers, as JSON. Without them everything is answered with an empty 200.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Once ready, write the address to this file.
    #[arg(long, value_name = "FILE")]
    ready_file: PathBuf,
}

/// What hyper writes itself.
const WRITTEN_BELOW: [&str; 3] = ["content-length", "date", "connection"];

#[derive(Debug, Clone)]
struct Prepared {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Debug, Default)]
struct Table {
    answers: HashMap<String, Prepared>,
    /// How many requests came that are not in the table.
    others: AtomicU64,
}

impl Table {
    fn read(file: Option<&Path>) -> Result<Self> {
        let known: Vec<Known> = match file {
            Some(file) => serde_json::from_slice(&fs::read(file)?)?,
            None => Vec::new(),
        };
        let mut answers = HashMap::new();
        for Known {
            method,
            path,
            answer,
        } in known
        {
            let mut headers = HeaderMap::new();
            for (name, value) in &answer.headers {
                if !WRITTEN_BELOW.contains(&name.as_str()) {
                    headers.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(value)?);
                }
            }
            let prepared = Prepared {
                status: StatusCode::from_u16(answer.status)?,
                headers,
                body: answer.body.into(),
            };
            answers.insert(key(&method, &path), prepared);
        }
        Ok(Self {
            answers,
            others: AtomicU64::new(0),
        })
    }
}

fn key(method: &str, path: &str) -> String {
    format!("{method} {path}")
}

pub(crate) async fn run(args: ServerArgs) -> Result<()> {
    let table = Arc::new(Table::read(args.answers.as_deref())?);
    // The routes that the gateway has for these, so that the router below has as much to do.
    let routes = Router::new()
        .route("/identity-verifications/{id}", get(known))
        .route("/identity-verifications/{id}/{step}", any(known))
        .route("/bench/others", get(others))
        .fallback(known)
        .with_state(table);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    write_ready(&args.ready_file, &json!({ "address": address.to_string() }))?;
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, routes).await.doing("the bare server")
}

async fn known(
    State(table): State<Arc<Table>>,
    method: Method,
    uri: Uri,
    _body: Bytes,
) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    match table.answers.get(&key(method.as_str(), uri.path())) {
        Some(prepared) => {
            *response.status_mut() = prepared.status;
            *response.headers_mut() = prepared.headers.clone();
            *response.body_mut() = prepared.body.clone().into();
        }
        None => {
            table.others.fetch_add(1, Ordering::Relaxed);
        }
    }
    response
}

/// How many requests came that are not in the table.
async fn others(State(table): State<Arc<Table>>) -> String {
    table.others.load(Ordering::Relaxed).to_string()
}

/// Writes a file whole: whoever sees it can read it.
fn write_ready(file: &Path, content: &serde_json::Value) -> Result<()> {
    let aside = file.with_extension("part");
    fs::write(&aside, content.to_string())?;
    Ok(fs::rename(aside, file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_gateways_headers_but_those_that_are_written_below() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("answers.json");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let known = Known {
            method: "GET".to_owned(),
            path: "/a".to_owned(),
            answer: Kept {
                status: 404,
                headers: vec![
                    pair("content-length", "2"),
                    pair("x-a", "b"),
                    pair("date", "today"),
                ],
                body: "{}".to_owned(),
            },
        };
        fs::write(&file, serde_json::to_vec(&[known]).unwrap()).unwrap();
        let table = Table::read(Some(&file)).unwrap();
        let prepared = &table.answers["GET /a"];
        assert_eq!(prepared.status, StatusCode::NOT_FOUND);
        assert_eq!(prepared.headers.len(), 1);
        assert_eq!(prepared.headers["x-a"], "b");
        assert_eq!(prepared.body, "{}");
    }
}
