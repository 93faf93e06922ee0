//! `bonin user`

use bonin_core::UserId;
use bonin_gateway::admin::{Error, UserForm};
use bonin_store::ConsoleUser;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AdminArgs, Shell};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// List all users of the console.
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Make a user. A password to begin with is made and shown once; they change it when they first come in.
    Create {
        /// What they log in with.
        #[arg(long, value_name = "NAME")]
        username: String,
        /// OWNER (everything), OPERATOR (all but users) or VIEWER (looks, and sees no person).
        #[arg(long)]
        role: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Give a user another role. Their sessions end.
    SetRole {
        #[command(flatten)]
        which: WhichArgs,
        /// OWNER, OPERATOR or VIEWER.
        #[arg(long)]
        role: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Give a user a new password, shown once, which they change when they next come in. Their sessions end.
    ResetPassword {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Take a user's second factor away: the phone is lost. Their sessions end.
    ResetTotp {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Lock a user out. Their sessions end.
    Disable {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Let a user in again who was locked out by `disable`.
    Enable {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Let a user try again at once who typed a wrong password too often.
    Unlock {
        #[command(flatten)]
        which: WhichArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Print a one-time code for /console/setup, where the first owner's account is made. Codes printed before end.
    SetupCode {
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// Which user.
#[derive(Debug, Args)]
struct WhichArgs {
    /// Their username or id, as `list` shows them.
    user: String,
}

impl Shell {
    /// The user of this name or id.
    async fn user(&self, which: &WhichArgs) -> Result<ConsoleUser, Failure> {
        let users = self.admin.users(&self.who).await?;
        let name = which.user.trim().to_ascii_lowercase();
        let found = users
            .into_iter()
            .find(|user| user.username == name || user.id.as_str() == which.user);
        Ok(found.ok_or(Error::NotFound("사용자"))?)
    }
}

pub(crate) async fn run(args: UserArgs) -> Result<(), Failure> {
    match args.command {
        UserCommand::List { admin } => {
            let shell = admin.open().await?;
            let users = shell.admin.users(&shell.who).await?;
            shell.admin.close().await;
            let lines: Vec<String> = users.iter().map(line).collect();
            let shown: Vec<Value> = users.iter().map(shown).collect();
            admin.output.print(&json!(shown), &lines.join("\n"))
        }
        UserCommand::Create {
            username,
            role,
            admin,
        } => create(&admin, &UserForm { username, role }).await,
        UserCommand::SetRole { which, role, admin } => {
            let (shell, id) = found(&admin, &which).await?;
            shell.admin.set_user_role(&shell.who, &id, &role).await?;
            changed(shell, &which, &admin).await
        }
        UserCommand::ResetPassword { which, admin } => {
            let (shell, id) = found(&admin, &which).await?;
            let password = shell.admin.reset_password(&shell.who, &id).await?;
            let user = shell.user(&which).await?;
            shell.admin.close().await;
            let mut shown = shown(&user);
            shown["password"] = json!(password.expose());
            admin
                .output
                .print(&shown, &once(&user.username, password.expose()))
        }
        UserCommand::ResetTotp { which, admin } => {
            let (shell, id) = found(&admin, &which).await?;
            shell.admin.reset_second_factor(&shell.who, &id).await?;
            changed(shell, &which, &admin).await
        }
        UserCommand::Disable { which, admin } => {
            let (shell, id) = found(&admin, &which).await?;
            shell.admin.disable_user(&shell.who, &id).await?;
            changed(shell, &which, &admin).await
        }
        UserCommand::Enable { which, admin } => {
            let (shell, id) = found(&admin, &which).await?;
            shell.admin.enable_user(&shell.who, &id).await?;
            changed(shell, &which, &admin).await
        }
        UserCommand::Unlock { which, admin } => {
            let (shell, id) = found(&admin, &which).await?;
            shell.admin.unlock_user(&shell.who, &id).await?;
            changed(shell, &which, &admin).await
        }
        UserCommand::SetupCode { admin } => setup_code(&admin).await,
    }
}

async fn create(admin: &AdminArgs, form: &UserForm) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let made = shell.admin.create_user(&shell.who, form).await?;
    shell.admin.close().await;
    let shown = json!({
        "id": made.id.as_str(),
        "username": made.username,
        "role": made.role.as_str(),
        "password": made.password.expose(),
    });
    admin
        .output
        .print(&shown, &once(&made.username, made.password.expose()))
}

async fn setup_code(admin: &AdminArgs) -> Result<(), Failure> {
    let shell = admin.open().await?;
    let code = shell.admin.make_setup_code(&shell.who.actor).await?;
    shell.admin.close().await;
    let code = code.ok_or_else(|| {
        Failure::new("콘솔에 사용자가 이미 있습니다. `bonin user create`로 더하거나 `bonin user reset-password`로 비밀번호를 다시 정해야 합니다.")
    })?;
    let line = format!(
        "{}\n\nEnter it at /console/setup within 24 hours. It works once.",
        code.expose()
    );
    admin.output.print(&json!({ "code": code.expose() }), &line)
}

async fn found(admin: &AdminArgs, which: &WhichArgs) -> Result<(Shell, UserId), Failure> {
    let shell = admin.open().await?;
    let id = shell.user(which).await?.id;
    Ok((shell, id))
}

/// Shows the user as they are now.
async fn changed(shell: Shell, which: &WhichArgs, admin: &AdminArgs) -> Result<(), Failure> {
    let user = shell.user(which).await?;
    shell.admin.close().await;
    admin.output.print(&shown(&user), &line(&user))
}

fn once(username: &str, password: &str) -> String {
    format!(
        "{password}\n\nThis is the only time that it is shown. {username} changes it when they next come in."
    )
}

fn shown(user: &ConsoleUser) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": user.id.as_str(),
        "username": user.username,
        "role": user.role.as_str(),
        "mustChangePassword": user.must_change,
        "totp": user.has_totp,
        "lockedUntil": time(user.locked_until.filter(|_| user.is_locked(Timestamp::now()))),
        "createdAt": user.created_at.to_string(),
        "passwordChangedAt": user.password_changed_at.to_string(),
        "lastLoginAt": time(user.last_login_at),
        "disabledAt": time(user.disabled_at),
    })
}

fn line(user: &ConsoleUser) -> String {
    let mut line = format!(
        "{}  {}  {}  {}",
        user.id,
        user.username,
        user.role.as_str(),
        if user.has_totp { "totp" } else { "no totp" }
    );
    if user.must_change {
        line.push_str("  must change the password");
    }
    if let Some(at) = user.disabled_at {
        line.push_str(&format!("  disabled {at}"));
    }
    if let Some(until) = user
        .locked_until
        .filter(|_| user.is_locked(Timestamp::now()))
    {
        line.push_str(&format!("  locked until {until}"));
    }
    match user.last_login_at {
        Some(at) => line.push_str(&format!("  came in {at}")),
        None => line.push_str("  never came in"),
    }
    line
}
