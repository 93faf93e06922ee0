//! `bonin sandbox` and `bonin serve` as two programs that know nothing of each other, set up from the shell as an operator would.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    failure::{Doing, Failure, Result, ensure},
    http::{Client, Kept, request},
    people::OTP,
    process::{Process, command, output},
};

/// The programs that are run.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) bonin: PathBuf,
    /// This tool itself, for what has to be a process of its own.
    pub(crate) own: PathBuf,
    /// Where what they log is kept. `None`: nowhere.
    pub(crate) logs: Option<PathBuf>,
}

/// A database that is set up: one store, one channel with both of KCP's products, one API secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Installation {
    pub(crate) database: String,
    pub(crate) key: String,
    pub(crate) store: String,
    pub(crate) secret: String,
    pub(crate) secret_id: String,
    pub(crate) channel_key: String,
    pub(crate) channel_id: String,
}

/// KCP's other half.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    _process: Process,
}

/// What the sandbox's merchant was handed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Merchant {
    pub(crate) site_cd: String,
    pub(crate) enc_key: String,
    pub(crate) certificate_pem: String,
    pub(crate) private_key_pem: String,
    pub(crate) private_key_password: String,
}

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// From starting the program to its ready file.
    pub(crate) start: Duration,
}

/// Limits that no load here reaches: what is measured is not how callers are held back.
const NO_LIMITS: [(&str, &str); 6] = [
    ("BONIN_LIMIT_CUSTOMER", "100000000/1s"),
    ("BONIN_LIMIT_SECRET", "100000000/1s"),
    ("BONIN_LIMIT_FAILED_LOGIN", "100000000/1s"),
    ("BONIN_LIMIT_CHECKOUT", "100000000/1s"),
    ("BONIN_LIMIT_CHECKOUT_STEP", "100000000/1s"),
    ("BONIN_LIMIT_PHONE_MESSAGES", "1000000/1h"),
];

impl Programs {
    /// A file for what a program logs.
    pub(crate) fn log(&self, of: &str) -> Option<PathBuf> {
        let folder = self.logs.as_ref()?;
        (0..)
            .map(|n| folder.join(format!("{of}-{n}.log")))
            .find(|file| !file.exists())
    }

    pub(crate) fn shell(&self, args: &[&str], settings: &[(&str, &str)]) -> Result<Vec<u8>> {
        let mut command = command(&self.bonin);
        command.envs(settings.iter().copied());
        output(command, args)
    }

    /// An administrative command with `--json`.
    pub(crate) fn json(&self, args: &[&str], settings: &[(&str, &str)]) -> Result<Value> {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        Ok(serde_json::from_slice(&self.shell(&args, settings)?)?)
    }

    /// Starts a process of this tool and gives where it listens.
    pub(crate) async fn start_own(
        &self,
        args: &[&str],
        folder: &Path,
    ) -> Result<(Process, SocketAddr)> {
        let what = args.join("-").replace(['/', '.'], "_");
        let ready = folder.join(format!("{what}-{}.json", fresh()));
        let mut command = command(&self.own);
        command.args(args).arg("--ready-file").arg(&ready);
        let mut process = Process::start(command, "bonin-bench", self.log("own").as_deref())?;
        let info = process.ready(&ready).await?;
        let address = text(&info, "address")?.parse()?;
        Ok((process, address))
    }
}

/// A number that is not given twice.
fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A field that is text.
pub(crate) fn text(of: &Value, name: &str) -> Result<String> {
    let text = of[name].as_str().map(str::to_owned);
    text.ok_or_else(|| Failure::new(format!("there is no {name} in {of}")))
}

fn address_of(url: &str) -> Result<SocketAddr> {
    url.strip_prefix("http://")
        .unwrap_or(url)
        .parse()
        .doing(format!("{url} is no address of this machine"))
}

/// One request over a connection of its own.
pub(crate) async fn ask_once(address: SocketAddr, request: &[u8]) -> Result<Kept> {
    Client::connect(address).await?.ask(request).await?.kept()
}

impl Sandbox {
    /// Starts it, with the same number for every SMS.
    pub(crate) async fn start(programs: &Programs, folder: &Path) -> Result<Self> {
        let ready = folder.join(format!("sandbox-{}.json", fresh()));
        let mut command = command(&programs.bonin);
        command
            .args(["sandbox", "--listen", "127.0.0.1:0", "--ready-file"])
            .arg(&ready);
        let mut process =
            Process::start(command, "bonin sandbox", programs.log("sandbox").as_deref())?;
        let url = text(&process.ready(&ready).await?, "sandbox")?;
        let address = address_of(&url)?;
        let sandbox = Self {
            url,
            address,
            _process: process,
        };
        sandbox
            .put("/sandbox/settings", &json!({ "fixedOtp": OTP }))
            .await?;
        Ok(sandbox)
    }

    async fn put(&self, path: &str, body: &Value) -> Result<()> {
        let body = body.to_string();
        let headers = [("content-type", "application/json")];
        let request = request("PUT", path, &headers, Some(body.as_bytes()));
        ask_once(self.address, &request)
            .await?
            .expect(200)
            .map(|_| ())
    }

    /// KCP's public test merchant, with a certificate and key that the sandbox made.
    pub(crate) async fn merchant(&self) -> Result<Merchant> {
        let request = request("GET", "/sandbox/merchants/AO7F3/credentials", &[], None);
        ask_once(self.address, &request).await?.json(200)
    }
}

impl Installation {
    /// Sets a database up in a folder, for this sandbox.
    pub(crate) async fn set_up(
        programs: &Programs,
        folder: &Path,
        sandbox: &Sandbox,
    ) -> Result<Self> {
        let database = format!("sqlite://{}", folder.join("bonin.db").display());
        Self::set_up_in(programs, folder, sandbox, database).await
    }

    /// The same in a database that is there already, and empty.
    pub(crate) async fn set_up_in(
        programs: &Programs,
        folder: &Path,
        sandbox: &Sandbox,
        database: String,
    ) -> Result<Self> {
        let key = text(&programs.json(&["key", "generate"], &[])?, "key")?;
        let settings = [
            ("BONIN_DATABASE", database.as_str()),
            ("BONIN_KEY", key.as_str()),
        ];
        programs.shell(&["migrate"], &settings)?;
        let store = ["store", "create", "--name", "측정 상점", "--kind", "test"];
        let store = text(&programs.json(&store, &settings)?, "id")?;
        let merchant = sandbox.merchant().await?;
        let file = |name: &str, content: &str| -> Result<String> {
            let path = folder.join(name);
            fs::write(&path, content)?;
            Ok(path.display().to_string())
        };
        let channel = programs.json(
            &[
                "channel",
                "create",
                "--store",
                &store,
                "--name",
                "측정 채널",
                "--kind",
                "test",
                "--site-cd",
                &merchant.site_cd,
                "--hub-url",
                &sandbox.url,
                "--certificate",
                &file("certificate.pem", &merchant.certificate_pem)?,
                "--private-key",
                &file("private-key.pem", &merchant.private_key_pem)?,
                "--private-key-password-file",
                &file("password", &merchant.private_key_password)?,
                "--window-url",
                &sandbox.url,
                "--enc-key-file",
                &file("enc-key", &merchant.enc_key)?,
            ],
            &settings,
        )?;
        let secret = ["secret", "create", "--store", &store, "--name", "측정"];
        let secret = programs.json(&secret, &settings)?;
        Ok(Self {
            store: store.clone(),
            secret: text(&secret, "secret")?,
            secret_id: text(&secret, "id")?,
            channel_key: text(&channel, "key")?,
            channel_id: text(&channel, "id")?,
            key,
            database,
        })
    }

    /// What a command needs to work on this database.
    pub(crate) fn settings(&self) -> [(&str, &str); 2] {
        [("BONIN_DATABASE", &self.database), ("BONIN_KEY", &self.key)]
    }

    /// The header that authenticates.
    pub(crate) fn authorization(&self) -> String {
        format!("PortOne {}", self.secret)
    }

    /// The database's file.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.database.strip_prefix("sqlite://").map(Path::new)
    }

    fn serve(&self, programs: &Programs, ready: &Path) -> Command {
        let mut command = command(&programs.bonin);
        command
            .arg("serve")
            .envs(self.settings())
            .envs(NO_LIMITS)
            .env("BONIN_LISTEN", "127.0.0.1:0")
            // The sandbox's merchant lets its window lead back to this host.
            .env("BONIN_PUBLIC_URL", "http://127.0.0.1:8787")
            .env("BONIN_WEBHOOK_ALLOW_NETWORKS", "127.0.0.0/8")
            .env("BONIN_READY_FILE", ready);
        command
    }

    /// Starts a gateway on it, with its default settings but for the limits of callers.
    pub(crate) async fn start(&self, programs: &Programs, folder: &Path) -> Result<Gateway> {
        let ready = folder.join(format!("gateway-{}.json", fresh()));
        let command = self.serve(programs, &ready);
        let began = Instant::now();
        let mut process =
            Process::start(command, "bonin serve", programs.log("gateway").as_deref())?;
        let info = process.ready(&ready).await?;
        let start = began.elapsed();
        let address = address_of(&text(&info, "gateway")?)?;
        Ok(Gateway {
            process,
            address,
            start,
        })
    }

    /// One request of this installation's merchant.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&[u8]>) -> Vec<u8> {
        let authorization = self.authorization();
        let mut headers = vec![("authorization", authorization.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        request(method, path, &headers, body)
    }
}

/// Finds the gateway's program: the one that is named, or the one beside this tool, which is built if it is not there.
pub(crate) fn find_bonin(named: Option<&Path>, own: &Path) -> Result<PathBuf> {
    if let Some(named) = named {
        ensure(named.is_file(), || {
            format!("there is no program at {}", named.display())
        })?;
        return Ok(named.to_owned());
    }
    let beside = own.with_file_name("bonin");
    if beside.is_file() {
        return Ok(beside);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--locked", "-p", "bonin", "--bin", "bonin"]);
    if own
        .parent()
        .is_some_and(|folder| folder.ends_with("release"))
    {
        build.arg("--release");
    }
    let status = build.status().doing("cannot run cargo")?;
    ensure(status.success() && beside.is_file(), || {
        "bonin could not be built; build it, or name it with --bonin".to_owned()
    })?;
    Ok(beside)
}
