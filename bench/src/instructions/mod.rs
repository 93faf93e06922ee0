//! Instructions that one operation takes: a guard that does not depend on the clock.
//!
//! Callgrind counts what this tool's `work` does, once with a few operations and once with many more. What both have in common, the
//! start and the end, falls out of the difference. The counts are held to a committed file, with a margin; they are those of a release
//! build on one architecture.

mod counted;
mod work;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

pub(crate) use work::{WorkArgs, work};

use crate::{
    cli::say,
    data::Data,
    failure::{Doing, Failure, Result, ensure},
    installation::{Installation, Programs, Sandbox, find_bonin},
    process::command,
};
use counted::{Change, change};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    /// A lookup by id: router, authentication, store, answer.
    Lookup,
    /// A send up to KCP and back, with its signature.
    Send,
    /// One signature, which a send cannot do without.
    Signature,
    /// The window's cipher, there and back: four derivations.
    Cipher,
}

impl Operation {
    const ALL: [Self; 4] = [Self::Lookup, Self::Send, Self::Signature, Self::Cipher];

    fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Send => "send",
            Self::Signature => "signature",
            Self::Cipher => "cipher",
        }
    }

    /// How many operations the short run has, and how many more the long one. Starts differ by some million instructions, which the
    /// source of randomness takes; over so many operations that is little. Signatures are counted by 32: their blinding is made anew
    /// as often.
    fn counts(self) -> (u64, u64) {
        match self {
            Self::Lookup => (100, 2000),
            Self::Send => (32, 320),
            Self::Signature => (32, 320),
            Self::Cipher => (2, 10),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct InstructionArgs {
    /// The gateway's program, which sets the databases up. [default: the one beside this tool]
    #[arg(long, value_name = "PATH")]
    bonin: Option<PathBuf>,
    /// Hold the counts to this file, and fail where one is higher than it allows.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Write the counts to this file.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    write: Option<PathBuf>,
    /// Set up in this folder, and leave it there, for `work` and a profiler.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// How many percent a count may be higher than the file says.
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    margin: f64,
}

/// The committed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    architecture: String,
    /// Instructions of one operation.
    instructions: BTreeMap<String, u64>,
}

pub(crate) async fn run(args: InstructionArgs) -> Result<()> {
    let kept = args.check.is_some() || args.write.is_some();
    ensure(!cfg!(debug_assertions) || !kept, || {
        "only the instructions of a release build are kept or held to a file; use --release"
            .to_owned()
    })?;
    let own = std::env::current_exe()?;
    let bonin = find_bonin(args.bonin.as_deref(), &own)?;
    let programs = Programs {
        bonin,
        own,
        logs: None,
    };
    let own_folder = tempfile::tempdir()?;
    let folder = args.keep.as_deref().unwrap_or(own_folder.path());
    // It ends with this function; the folder may stay.
    let _sandbox = prepare(&programs, folder).await?;
    let mut instructions = BTreeMap::new();
    for operation in Operation::ALL {
        let (few, more) = operation.counts();
        let short = callgrind(&programs, folder, operation, few)?;
        let long = callgrind(&programs, folder, operation, few + more)?;
        instructions.insert(
            operation.name().to_owned(),
            long.saturating_sub(short) / more,
        );
    }
    // What of a send is ours.
    if let (Some(send), Some(signature)) = (instructions.get("send"), instructions.get("signature"))
    {
        let own = send.saturating_sub(*signature);
        instructions.insert("send without its signature".to_owned(), own);
    }
    let counts = Counts {
        architecture: std::env::consts::ARCH.to_owned(),
        instructions,
    };
    if let Some(file) = &args.write {
        let mut json = serde_json::to_string_pretty(&counts)?;
        json.push('\n');
        fs::write(file, json).doing(file.display())?;
    }
    let before = match &args.check {
        Some(file) => Some(serde_json::from_slice(
            &fs::read(file).doing(file.display())?,
        )?),
        None => None,
    };
    tell(&counts, before.as_ref(), args.margin)
}

/// Sets up what `work` works on.
async fn prepare(programs: &Programs, folder: &Path) -> Result<Sandbox> {
    let write = |name: &str, content: Vec<u8>| fs::write(folder.join(name), content);
    fs::create_dir_all(folder)?;
    ensure(fs::read_dir(folder)?.next().is_none(), || {
        format!("{} is not empty", folder.display())
    })?;
    let folder = folder.canonicalize()?;
    let sandbox = Sandbox::start(programs, &folder).await?;
    let merchant = sandbox.merchant().await?;
    write("merchant.json", serde_json::to_vec(&merchant)?)?;
    let installation = Installation::set_up(programs, &folder, &sandbox).await?;
    write("installation.json", serde_json::to_vec(&installation)?)?;
    let data = Data::of(programs, &folder.join("data"), 300, 200).await?;
    write("data.json", serde_json::to_vec(&data)?)?;
    Ok(sandbox)
}

/// Prints the counts, and fails where one is too high.
fn tell(counts: &Counts, before: Option<&Counts>, margin: f64) -> Result<()> {
    if let Some(before) = before {
        ensure(before.architecture == counts.architecture, || {
            format!(
                "the file's counts are of {}, and these of {}",
                before.architecture, counts.architecture
            )
        })?;
        let counted = |name: &&String| counts.instructions.contains_key(*name);
        let gone = before.instructions.keys().find(|name| !counted(name));
        ensure(gone.is_none(), || {
            let gone = gone.map(String::as_str).unwrap_or_default();
            format!("{gone} stands in the file and was not counted")
        })?;
    }
    let mut out = std::io::stdout();
    let mut too_many = Vec::new();
    for (name, now) in &counts.instructions {
        let allowed =
            before.map(|before| change(before.instructions.get(name).copied(), *now, margin));
        let said = match allowed {
            None => String::new(),
            Some(Change::Within(percent)) => format!(" ({percent:+.1} %)"),
            Some(Change::Lower(percent)) => {
                format!(" ({percent:+.1} %: write the file anew, so that the guard holds there)")
            }
            Some(Change::Higher(percent)) => {
                too_many.push(name.as_str());
                format!(" ({percent:+.1} %: too many)")
            }
            Some(Change::New) => {
                too_many.push(name.as_str());
                " (not in the file)".to_owned()
            }
        };
        writeln!(out, "{name}: {now} instructions{said}")?;
    }
    ensure(too_many.is_empty(), || {
        format!(
            "more instructions than the file allows: {}",
            too_many.join(", ")
        )
    })
}

/// Counts one run.
fn callgrind(programs: &Programs, folder: &Path, operation: Operation, count: u64) -> Result<u64> {
    let name = operation.name();
    let log = folder.join(format!("{name}-{count}.log"));
    let mut valgrind = command(Path::new("valgrind"));
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", log.display()))
        .arg(&programs.own)
        .args(["work", name, "--count", &count.to_string(), "--folder"])
        .arg(folder);
    say(&format!("counting {name} × {count}…"))?;
    run_to_its_end(valgrind)?;
    let log = fs::read_to_string(&log)?;
    counted::collected(&log)
        .ok_or_else(|| Failure::new(format!("callgrind counted nothing: {log}")))
}

fn run_to_its_end(mut command: Command) -> Result<()> {
    let output = command
        .output()
        .doing("valgrind cannot be run; install Debian's package valgrind")?;
    ensure(output.status.success(), || {
        String::from_utf8_lossy(&output.stderr).trim().to_owned()
    })
}
