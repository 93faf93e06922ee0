//! `bonin audit`

use bonin_store::{AuditEntry, AuditHead, AuditQuery};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::AdminArgs;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// List administrative acts and reveals, the newest first.
    List {
        /// Of this action, or of a group of them: store.create, channel.
        #[arg(long)]
        action: Option<String>,
        /// By this user: an id as the list shows it.
        #[arg(long, value_name = "ID")]
        actor: Option<String>,
        /// To this: the id of a store, a channel, a secret, a user or a verification.
        #[arg(long, value_name = "ID")]
        subject: Option<String>,
        /// Older than this entry.
        #[arg(long, value_name = "NUMBER")]
        before: Option<i64>,
        /// How many at the most.
        #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        size: i64,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Print the head of the chain, to be kept elsewhere: `verify --head` then notices what was cut off or put back since.
    Head {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Check that no entry was changed, removed, reordered or cut off. Exit status 1 where one was.
    Verify {
        /// A head that was printed before, by this command or by `head`.
        #[arg(long)]
        head: Option<AuditHead>,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

pub(crate) async fn run(args: AuditArgs) -> Result<(), Failure> {
    match args.command {
        AuditCommand::List {
            action,
            actor,
            subject,
            before,
            size,
            admin,
        } => {
            let query = AuditQuery {
                before,
                action,
                actor_id: actor,
                subject,
                size,
            };
            list(&admin, &query).await
        }
        AuditCommand::Head { admin } => {
            let shell = admin.open().await?;
            let head = shell.admin.export_audit_head(&shell.who).await?;
            shell.admin.close().await;
            let text = head.to_string();
            let shown = json!({ "head": text, "entries": head.seq });
            admin.output.print(&shown, &text)
        }
        AuditCommand::Verify { head, admin } => verify(&admin, head.as_ref()).await,
    }
}

async fn list(admin: &AdminArgs, query: &AuditQuery) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let page = shell.admin.audit(&shell.who, query).await?;
    shell.admin.close().await;
    let entries: Vec<Value> = page.entries.iter().map(shown).collect();
    let mut lines: Vec<String> = page.entries.iter().map(line).collect();
    if let Some(last) = page.entries.last().filter(|_| page.more) {
        lines.push(format!("… older ones: --before {}", last.seq));
    }
    let shown = json!({ "entries": entries, "more": page.more });
    admin.output.print(&shown, &lines.join("\n"))
}

async fn verify(admin: &AdminArgs, exported: Option<&AuditHead>) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let verified = shell.admin.verify_audit(&shell.who, exported).await?;
    shell.admin.close().await;
    match verified {
        Ok(head) => {
            let text = head.to_string();
            let shown = json!({ "ok": true, "entries": head.seq, "head": text });
            let line = format!(
                "The audit is as it was written: {} entries, head {text}",
                head.seq
            );
            admin.output.print(&shown, &line)
        }
        Err(problem) => {
            let text = problem.to_string();
            admin
                .output
                .print_json(&json!({ "ok": false, "problem": text }))?;
            Err(Failure::new(format!(
                "the audit is not as it was written: {text}"
            )))
        }
    }
}

fn details(entry: &AuditEntry) -> Value {
    serde_json::from_str(&entry.details).unwrap_or_else(|_| json!(entry.details))
}

fn shown(entry: &AuditEntry) -> Value {
    json!({
        "seq": entry.seq,
        "at": entry.at.to_string(),
        "actor": {
            "kind": entry.actor.kind.as_str(),
            "id": entry.actor.id,
            "name": entry.actor.name,
            "origin": entry.actor.origin,
        },
        "action": entry.action,
        "subject": entry.subject,
        "storeId": entry.store.as_ref().map(|store| store.as_str()),
        "details": details(entry),
        "reason": entry.reason.as_ref().map(|reason| reason.expose()),
    })
}

fn line(entry: &AuditEntry) -> String {
    let mut line = format!(
        "{}  {}  {} {} ({})  {}  {}",
        entry.seq,
        entry.at,
        entry.actor.kind.as_str(),
        entry.actor.name,
        entry.actor.origin,
        entry.action,
        entry.subject.as_deref().unwrap_or("-"),
    );
    let details = details(entry);
    if details.as_object().is_none_or(|known| !known.is_empty()) {
        line.push_str(&format!("  {details}"));
    }
    if let Some(reason) = &entry.reason {
        line.push_str(&format!("  ({})", reason.expose()));
    }
    line
}
