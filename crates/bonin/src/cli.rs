//! Commands and their arguments.

use clap::{Parser, Subcommand};

use crate::{
    admin::{
        audit::AuditArgs, channel::ChannelArgs, erase::EraseArgs, key::KeyArgs, secret::SecretArgs,
        store::StoreArgs, user::UserArgs, verification::VerificationArgs, webhook::WebhookArgs,
    },
    dev::DevArgs,
    doctor::DoctorArgs,
    health::HealthArgs,
    migrate::MigrateArgs,
    sandbox::SandboxArgs,
    serve::ServeArgs,
};

/// The open identity-verification gateway for Korea (휴대폰 본인인증).
#[derive(Debug, Parser)]
#[command(name = "bonin", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run gateway and KCP sandbox on this machine, wired together, with fixed test credentials.
    Dev(Box<DevArgs>),
    /// Run the gateway.
    Serve(Box<ServeArgs>),
    /// Run the KCP sandbox alone.
    Sandbox(SandboxArgs),
    /// Bring the database's schema up to this version, or copy a SQLite database into PostgreSQL.
    Migrate(MigrateArgs),
    /// Check what `serve` would start with: configuration, files, database, channels, KCP's hosts. Exit status 1 where something
    /// does not work.
    Doctor(Box<DoctorArgs>),
    /// Ask the gateway that runs on this machine whether it can work. Exit status 1 where it cannot.
    Health(HealthArgs),
    /// Make, change and list stores.
    Store(StoreArgs),
    /// Make, change, test and put away channels.
    Channel(ChannelArgs),
    /// Make, list, rename and revoke API secrets.
    Secret(SecretArgs),
    /// Make, change, try, pause and put away webhooks, and look at what was sent.
    Webhook(Box<WebhookArgs>),
    /// Say who may enter the console.
    User(UserArgs),
    /// Look at who did what, and check that the record is whole.
    Audit(AuditArgs),
    /// Make, list, rotate and drop the keys that the database's fields are sealed with.
    Key(KeyArgs),
    /// Erase personal data for good.
    Erase(EraseArgs),
    /// Look into a verification.
    Verification(VerificationArgs),
}
