//! One operation again and again, in this process alone: what callgrind counts, and what a profiler can look at.

use std::{fs, net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use aws_lc_rs::rand;
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header::AUTHORIZATION},
};
use bonin_core::Rules;
use bonin_gateway::{GatewayConfig, LimitsConfig, Rate, Service, http};
use bonin_kcp::window::WindowCredentials;
use bonin_store::{ConnectOptions, Keyring, Store};
use clap::Args;
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Operation;
use crate::{
    bare::crypto,
    data::Data,
    failure::{Doing, Failure, Result, ensure},
    installation::{Installation, Merchant},
    people::Person,
};

#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    /// Which.
    operation: Operation,
    /// How often.
    #[arg(long, value_name = "COUNT")]
    count: u64,
    /// What `instructions` has set up.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
}

impl WorkArgs {
    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let file = self.folder.join(name);
        Ok(serde_json::from_slice(
            &fs::read(&file).doing(file.display())?,
        )?)
    }
}

pub(crate) async fn work(args: WorkArgs) -> Result<()> {
    match args.operation {
        Operation::Lookup => look_up(&args).await,
        Operation::Send => send(&args).await,
        Operation::Signature => {
            let merchant: Merchant = args.read("merchant.json")?;
            let credentials = crypto::credentials(&merchant)?;
            let text = crypto::sign_text()?;
            for _ in 0..args.count {
                credentials.sign(&text)?;
            }
            Ok(())
        }
        Operation::Cipher => {
            let merchant: Merchant = args.read("merchant.json")?;
            let credentials = WindowCredentials::new(&merchant.site_cd, &merchant.enc_key)?;
            let text = "{\"site_cd\":\"AO7F3\",\"ordr_idxx\":\"BENCH\"}".repeat(4);
            for _ in 0..args.count {
                let sealed = credentials.encrypt(&text)?;
                let opened = credentials.decrypt(&sealed.data, &sealed.rv)?;
                ensure(opened.expose() == text, || {
                    "the cipher does not open what it sealed".to_owned()
                })?;
            }
            Ok(())
        }
    }
}

/// The gateway without its listener, on this database.
struct InProcess {
    router: Router,
    service: Service,
    authorization: String,
}

impl InProcess {
    async fn of(installation: &Installation) -> Result<Self> {
        let keyring = Keyring::parse(&installation.key)?;
        let options = ConnectOptions::default();
        let store =
            Store::connect(&installation.database, keyring, Rules::default(), &options).await?;
        store.check(Timestamp::now()).await?;
        let plenty = Rate {
            count: NonZeroU32::MAX,
            within: Duration::from_secs(60),
        };
        let defaults = GatewayConfig::default();
        let config = GatewayConfig {
            public_url: "https://bonin.example".to_owned(),
            limits: LimitsConfig {
                customer: plenty,
                secret: plenty,
                ..defaults.limits
            },
            ..defaults
        };
        let service = Service::new(store, config, CancellationToken::new())?;
        Ok(Self {
            router: http::router(service.clone(), false)?,
            service,
            authorization: installation.authorization(),
        })
    }

    async fn ask(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Vec<u8>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, &self.authorization)
            .body(Body::from(body))?;
        let peer = SocketAddr::from(([127, 0, 0, 1], 9));
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(answer) = self.router.clone().oneshot(request).await;
        let status = answer.status();
        let mut chunks = answer.into_body().into_data_stream();
        let mut whole = Vec::new();
        while let Some(chunk) = chunks.next().await {
            whole.extend_from_slice(&chunk?);
        }
        ensure(status == StatusCode::OK, || {
            format!("{path}: {status} {}", String::from_utf8_lossy(&whole))
        })?;
        Ok(whole)
    }

    async fn end(self) {
        let soon = tokio::time::Instant::now() + Duration::from_secs(10);
        self.service.drain(soon).await;
    }
}

async fn look_up(args: &WorkArgs) -> Result<()> {
    let data: Data = args.read("data.json")?;
    let gateway = InProcess::of(&data.installation).await?;
    let ids = &data.newest;
    for n in 0..args.count {
        let id = &ids[(n % ids.len() as u64) as usize];
        gateway
            .ask("GET", &format!("/identity-verifications/{id}"), Vec::new())
            .await?;
    }
    gateway.end().await;
    Ok(())
}

async fn send(args: &WorkArgs) -> Result<()> {
    let installation: Installation = args.read("installation.json")?;
    let gateway = InProcess::of(&installation).await?;
    // Another run must not meet the same people.
    let mut random = [0u8; 8];
    rand::fill(&mut random).map_err(|_| Failure::new("the system gave no randomness"))?;
    let label = format!("{:016x}", u64::from_be_bytes(random));
    let first = u64::from_be_bytes(random) % 60_000_000;
    for n in first..first + args.count {
        let person = Person::nth(&label, n);
        let body = person.send_body(&installation.channel_key);
        gateway.ask("POST", &person.path("/send"), body).await?;
    }
    gateway.end().await;
    Ok(())
}
