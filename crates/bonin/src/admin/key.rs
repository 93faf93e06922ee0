//! `bonin key`

use std::path::PathBuf;

use bonin_core::Redacted;
use bonin_store::{KeyState, KeyVersion, Keyring};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{
    AdminArgs, OutputArgs, Shell,
    key_file::{KeyFile, ids, without},
};
use crate::{database::write_private, failure::Failure};

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a new key. Keep it safe and apart from the database: without it the data cannot be read.
    Generate {
        /// The key's number. A database remembers which numbers it was sealed with.
        #[arg(long, default_value_t = 1)]
        id: u32,
        /// Write it to this new file, readable for its owner alone, instead of printing it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// List the keys that the database knows: which one seals, which still open, which may be thrown away.
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Change to a new key and seal everything anew with it. The gateway may run on. Run it again to go on where it was broken
    /// off.
    Rotate {
        /// The new key's number. Without it: a key that stands in the key file and is not used yet, else a new one is made
        /// and added to the key file.
        #[arg(long, value_name = "NUMBER")]
        to: Option<u32>,
        /// Only change to the new key; a running gateway seals everything anew by itself.
        #[arg(long)]
        no_wait: bool,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Remove a key from the key file, once nothing is sealed with it.
    Drop {
        /// Its number.
        id: u32,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

pub(crate) async fn run(args: KeyArgs) -> Result<(), Failure> {
    match args.command {
        KeyCommand::Generate { id, out, output } => generate(id, out, &output),
        KeyCommand::List { admin } => {
            let shell = admin.open().await?;
            let keys = shell.admin.keys(&shell.who).await?;
            let at_hand = shell.admin.keys_at_hand();
            shell.admin.close().await;
            let lines: Vec<String> = keys.iter().map(|key| line(key, &at_hand)).collect();
            let shown: Vec<Value> = keys.iter().map(|key| shown(key, &at_hand)).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
        KeyCommand::Rotate { to, no_wait, admin } => rotate(&admin, to, no_wait).await,
        KeyCommand::Drop { id, admin } => drop_key(&admin, id).await,
    }
}

fn generate(id: u32, out: Option<PathBuf>, output: &OutputArgs) -> Result<(), Failure> {
    let key = Keyring::generate(id).map_err(Failure::while_doing("a key cannot be made"))?;
    match out {
        Some(file) => {
            write_private(&file, &format!("{}\n", key.expose()))?;
            let line = format!("Key {id} is in {}.", file.display());
            output.print(&json!({ "id": id, "file": file }), &line)
        }
        None => output.print(&json!({ "id": id, "key": key.expose() }), key.expose()),
    }
}

async fn rotate(admin: &AdminArgs, to: Option<u32>, no_wait: bool) -> Result<(), Failure> {
    let mut shell = admin.open().await?;
    let known = shell.admin.keys(&shell.who).await?;
    let under_way = known.iter().any(|key| key.state == KeyState::Opening);
    if under_way {
        if let Some(other) = to.filter(|to| active(&known) != Some(*to)) {
            return Err(Failure::new(format!(
                "a rotation is under way that has to end first; run `bonin key rotate` without --to to end it, then change to key {other}"
            )));
        }
    } else {
        let to = match to.or_else(|| spare(&known, &shell.admin.keys_at_hand())) {
            Some(to) => to,
            None => {
                let to = known.iter().map(|key| key.id).max().unwrap_or_default() + 1;
                add(admin, to)?;
                // The new key is read with the file.
                shell.admin.close().await;
                shell = admin.open().await?;
                to
            }
        };
        shell.admin.rotate_key(&shell.who, to).await?;
    }
    let retired = if no_wait {
        Vec::new()
    } else {
        reseal(&shell).await?
    };
    let keys = shell.admin.keys(&shell.who).await?;
    shell.admin.close().await;
    let active = active(&keys).unwrap_or_default();
    let told = json!({ "active": active, "retired": retired });
    let lines = if no_wait {
        format!(
            "Key {active} seals everything new. A running gateway seals the rest anew; `bonin key list` shows when that is done."
        )
    } else {
        let mut lines = format!("Everything is sealed with key {active}.");
        for id in &retired {
            lines += &format!(
                "\nNothing is sealed with key {id} any more: `bonin key drop {id}` removes it from the key file. Backups made until now still need it."
            );
        }
        lines
    };
    admin.output.print(&told, &lines)
}

/// Seals everything anew, with a bar where there is a terminal.
async fn reseal(shell: &Shell) -> Result<Vec<u32>, Failure> {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {percent:>3}%  {pos}/{len} rows  {eta} left")
    {
        bar.set_style(style);
    }
    let retired = shell
        .admin
        .reseal(&shell.who, |round| {
            bar.set_length(round.total.max(round.looked_at));
            bar.set_position(round.looked_at);
        })
        .await;
    bar.finish_and_clear();
    Ok(retired?)
}

fn active(keys: &[KeyVersion]) -> Option<u32> {
    let active = keys.iter().find(|key| key.state == KeyState::Active);
    active.map(|key| key.id)
}

/// A key at hand that the database has not used yet.
fn spare(known: &[KeyVersion], at_hand: &[u32]) -> Option<u32> {
    let is_new = |id: &&u32| known.iter().all(|key| key.id != **id);
    at_hand.iter().find(is_new).copied()
}

/// Makes a key and adds it to the key file. It is on disk before anything is sealed with it.
fn add(admin: &AdminArgs, id: u32) -> Result<(), Failure> {
    let file = KeyFile::of(
        admin,
        &format!(
            "add a new key to it (`bonin key generate --id {id}`), restart whatever uses this database, and run this again"
        ),
    )?;
    let before = file.read()?;
    if ids(&before)?.contains(&id) {
        return Err(Failure::new(format!(
            "key {id} was added to {} meanwhile; run `bonin key rotate` again to change to it",
            file.shown.display()
        )));
    }
    let key = Keyring::generate(id).map_err(Failure::while_doing("a key cannot be made"))?;
    let text = format!("{}\n{}\n", before.expose().trim_end(), key.expose());
    file.replace(&Redacted::new(text))
}

async fn drop_key(admin: &AdminArgs, id: u32) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let known = shell.admin.keys(&shell.who).await?;
    shell.admin.close().await;
    match known.iter().find(|key| key.id == id).map(|key| key.state) {
        Some(KeyState::Active) => {
            return Err(Failure::new(format!(
                "key {id} is the one that everything is sealed with; `bonin key rotate` changes to another"
            )));
        }
        Some(KeyState::Opening) => {
            return Err(Failure::new(format!(
                "something is still sealed with key {id}; `bonin key rotate` ends the rotation"
            )));
        }
        // A key that the database never used may go as well.
        Some(KeyState::Retired) | None => {}
    }
    let file = KeyFile::of(admin, &format!("remove key {id} from it yourself"))?;
    let before = file.read()?;
    let mut expected = ids(&before)?;
    if !expected.remove(&id) {
        return Err(Failure::new(format!(
            "{} holds no key {id}",
            file.shown.display()
        )));
    }
    let text = without(&before, id);
    if ids(&text)? != expected {
        return Err(Failure::new(format!(
            "key {id} cannot be removed from {} without another; remove it yourself",
            file.shown.display()
        )));
    }
    file.replace(&text)?;
    let line = format!("Key {id} is removed from {}.", file.shown.display());
    admin
        .output
        .print(&json!({ "id": id, "file": file.shown }), &line)
}

fn shown(key: &KeyVersion, at_hand: &[u32]) -> Value {
    json!({
        "id": key.id,
        "state": key.state.as_str(),
        "createdAt": key.created_at.to_string(),
        "atHand": at_hand.contains(&key.id),
    })
}

fn line(key: &KeyVersion, at_hand: &[u32]) -> String {
    let means = match (key.state, at_hand.contains(&key.id)) {
        (KeyState::Active, _) => "seals everything new",
        (KeyState::Opening, _) => {
            "still opens what was sealed with it; `bonin key rotate` seals that anew"
        }
        (KeyState::Retired, true) => "nothing is sealed with it; `bonin key drop` removes it",
        (KeyState::Retired, false) => "gone",
    };
    format!(
        "{:>4}  {:8}  since {}  {means}",
        key.id,
        key.state.as_str(),
        key.created_at
    )
}
