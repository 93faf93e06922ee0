//! A database's address.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use bonin_core::Redacted;
use reqwest::Url;

use crate::failure::Failure;

/// What may stand after the question mark of a PostgreSQL address. The driver would log what it does not know, with its value.
const PARAMETERS: [&str; 12] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// As it was given. It may hold a password, so it does not print.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseUrl(Redacted);

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        Self(Redacted::new(url))
    }
}

/// How well others are kept from listening between here and PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// Nothing leaves this machine.
    Here,
    /// Encrypted, and the server proves who it is.
    Proven,
    /// Encrypted, to whoever answers.
    Unproven,
    /// Encrypted only where the server offers it, or never.
    Plain,
}

impl DatabaseUrl {
    /// The address of a file.
    pub(crate) fn of_file(file: &Path) -> Result<Self, Failure> {
        let path =
            std::path::absolute(file).map_err(Failure::while_doing("cannot find the database"))?;
        Ok(Self(Redacted::new(format!(
            "sqlite://{}",
            encoded(&path.to_string_lossy())
        ))))
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.0.expose().starts_with("sqlite:")
    }

    pub(crate) fn is_postgres(&self) -> bool {
        ["postgres:", "postgresql:"]
            .iter()
            .any(|scheme| self.0.expose().starts_with(scheme))
    }

    /// SQLite's file.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let path = self.0.expose().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split('?').next().unwrap_or_default();
        let decoded = path
            .replace("%23", "#")
            .replace("%3F", "?")
            .replace("%25", "%");
        (!decoded.is_empty() && !decoded.starts_with(':')).then(|| PathBuf::from(decoded))
    }

    /// What the store connects to: checked, and with the password of a file where there is one.
    pub(crate) fn complete(&self, password_file: Option<&Path>) -> Result<Redacted, Failure> {
        if self.is_sqlite() {
            return Ok(self.0.clone());
        }
        let mut url = self.postgres()?;
        if let Some(file) = password_file {
            if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
                return Err(Failure::new(
                    "`database` holds a password although there is a `database_password_file`; take it out of the address",
                ));
            }
            let password = read_password(file)?;
            url.query_pairs_mut()
                .append_pair("password", password.expose());
        }
        Ok(Redacted::new(url.as_str()))
    }

    /// Checks it. No part of what is wrong is repeated: a password with an unwritten `@` or `?` moves into other parts.
    fn postgres(&self) -> Result<Url, Failure> {
        if !self.is_postgres() {
            return Err(Failure::new(
                "the database must be a sqlite: or a postgres: address, such as sqlite:///var/lib/bonin/bonin.db or postgres://bonin@db.example.com/bonin",
            ));
        }
        let url = Url::parse(self.0.expose()).map_err(|error| {
            Failure::new(format!(
                "`database` is not a well-formed address ({error}); in a password, characters such as @ : / ? # % are written as %40 and so on, or use `database_password_file`"
            ))
        })?;
        // What is behind the first `/`, `?` or `#` of a password.
        let name = url.path().strip_prefix('/').unwrap_or_default();
        if url.fragment().is_some() || name.contains(['/', '@']) {
            return Err(Failure::new(
                "`database` is not an address such as postgres://bonin@db.example.com/bonin; in a password, characters such as @ : / ? # % are written as %40 and so on, or use `database_password_file`",
            ));
        }
        if url
            .query_pairs()
            .any(|(name, _)| !PARAMETERS.contains(&&*name))
        {
            return Err(Failure::new(format!(
                "`database` has a parameter after `?` that is not known; known are {}",
                PARAMETERS.join(", ")
            )));
        }
        let modes = ["disable", "prefer", "require", "verify-ca", "verify-full"];
        if self.mode(&url).is_some_and(|mode| !modes.contains(&&*mode)) {
            return Err(Failure::new(format!(
                "`database`: sslmode must be one of {}",
                modes.join(", ")
            )));
        }
        Ok(url)
    }

    fn mode(&self, url: &Url) -> Option<String> {
        parameter(url, "sslmode").or_else(|| std::env::var("PGSSLMODE").ok())
    }

    /// Where PostgreSQL is and who asks for what, for people: never the password.
    pub(crate) fn shown(&self) -> String {
        if self.is_sqlite() {
            return self.0.expose().to_owned();
        }
        let Ok(url) = self.postgres() else {
            return "the database".to_owned();
        };
        let host = host(&url).unwrap_or_else(|| "this machine".to_owned());
        let port = parameter(&url, "port").or_else(|| url.port().map(|port| port.to_string()));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let in_path = url.path().trim_start_matches('/').to_owned();
        let database =
            parameter(&url, "dbname").or_else(|| (!in_path.is_empty()).then_some(in_path));
        let user = parameter(&url, "user").unwrap_or_else(|| url.username().to_owned());
        let named = |what: &str, name: Option<String>| {
            name.filter(|name| !name.is_empty())
                .map(|name| format!("{what} `{name}`, "))
                .unwrap_or_default()
        };
        format!(
            "{}{}on {host}{port}",
            named("database", database),
            named("role", Some(user))
        )
    }

    /// Who else could read what goes over the wire. `None` for SQLite, and for an address that is of no use.
    pub(crate) fn secrecy(&self) -> Option<Secrecy> {
        let url = self.is_postgres().then(|| self.postgres().ok())??;
        let is_here = host(&url).is_none_or(|host| {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            host.starts_with('/')
                || host == "localhost"
                || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        });
        if is_here {
            return Some(Secrecy::Here);
        }
        Some(match self.mode(&url).as_deref() {
            Some("verify-ca" | "verify-full") => Secrecy::Proven,
            Some("require") => Secrecy::Unproven,
            _ => Secrecy::Plain,
        })
    }
}

/// The last one counts, as it does for the driver.
fn parameter(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs()
        .filter(|(name, _)| name == wanted)
        .last()
        .map(|(_, value)| value.into_owned())
}

/// A name, an address, or the folder of a socket. `None`: the driver finds a socket on this machine.
fn host(url: &Url) -> Option<String> {
    parameter(url, "hostaddr")
        .or_else(|| parameter(url, "host"))
        .or_else(|| url.host_str().map(str::to_owned))
        .filter(|host| !host.is_empty())
        .map(|host| host.replace("%2F", "/"))
        .or_else(|| std::env::var("PGHOSTADDR").ok())
        .or_else(|| std::env::var("PGHOST").ok())
}

fn read_password(file: &Path) -> Result<Redacted, Failure> {
    let text = std::fs::read_to_string(file).map(Redacted::new);
    let text = text.map_err(Failure::while_doing(format!(
        "cannot read the database's password from {}",
        file.display()
    )))?;
    let password = text.expose().trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        return Err(Failure::new(format!(
            "{} is empty; it must hold the database's password",
            file.display()
        )));
    }
    Ok(Redacted::new(password))
}

/// A path may hold what means something else in a URL.
fn encoded(path: &str) -> String {
    path.replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> DatabaseUrl {
        DatabaseUrl::from(text)
    }

    #[test]
    fn a_file_is_found_again_in_its_address() {
        let file = Path::new("/var/lib/bo#nin 100%3F?/bonin.db");
        let address = DatabaseUrl::of_file(file).unwrap();
        assert_eq!(address.file().as_deref(), Some(file));
        let more = format!("{}?cache=shared", address.shown());
        assert_eq!(url(&more).file().as_deref(), Some(file));
        let relative = url("sqlite:bonin.db").file();
        assert_eq!(relative.as_deref(), Some(Path::new("bonin.db")));
        assert_eq!(url("sqlite::memory:").file(), None);
        assert_eq!(url("postgres://localhost/bonin").file(), None);
    }

    #[test]
    fn no_address_prints_its_password_however_it_is_wrong() {
        for text in [
            "postgres://bonin:hunter2@db.example.com/bonin",
            "postgres://bonin@db.example.com/bonin?password=hunter2",
            "postgres://bonin:hunter2?@db.example.com/bonin",
            "postgres://bonin:x?hunter2@db.example.com/bonin",
            "postgres://bonin:x#hunter2@db.example.com/bonin",
            "postgres://bonin:x/hunter2@db.example.com/bonin",
            "postgres://bonin:1?hunter2@db.example.com/bonin",
            "postgres://bonin:1#hunter2@db.example.com/bonin",
            "postgres://bonin:1/hunter2@db.example.com/bonin",
            "postgres://bonin:x@hunter2:x@db.example.com/bonin",
            "postgres://bonin@db.example.com/bonin?passwort=hunter2",
            "postgres://bonin@db.example.com/bonin?sslmode=hunter2",
            "mysql://bonin:hunter2@db.example.com/bonin",
            "hunter2",
        ] {
            let address = url(text);
            let told = address
                .complete(None)
                .map(|_| String::new())
                .map_err(|failure| failure.to_string())
                .unwrap_or_else(|failure| failure);
            let printed = format!("{told} {} {address:?}", address.shown());
            assert!(!printed.contains("hunter2"), "{text}: {printed}");
        }
    }

    #[test]
    fn a_password_comes_from_a_file_or_from_the_address_and_not_from_both() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "p&a s%s+w@rd\n").unwrap();
        let complete = url("postgres://bonin@h/d?sslmode=require").complete(Some(&file));
        let complete = Url::parse(complete.unwrap().expose()).unwrap();
        assert_eq!(
            parameter(&complete, "password").as_deref(),
            Some("p&a s%s+w@rd")
        );
        assert_eq!(parameter(&complete, "sslmode").as_deref(), Some("require"));
        assert!(url("postgres://b:x@h/d").complete(Some(&file)).is_err());
        std::fs::write(&file, "\n").unwrap();
        assert!(url("postgres://b@h/d").complete(Some(&file)).is_err());
    }

    #[test]
    fn what_leaves_the_machine_should_be_encrypted() {
        for (text, secrecy) in [
            ("sqlite://x.db", None),
            ("postgres:///bonin", Some(Secrecy::Here)),
            (
                "postgres:///bonin?host=/run/postgresql",
                Some(Secrecy::Here),
            ),
            ("postgres://%2Frun%2Fpostgresql/bonin", Some(Secrecy::Here)),
            ("postgres://127.0.0.1:5432/bonin", Some(Secrecy::Here)),
            ("postgres://[::1]/bonin", Some(Secrecy::Here)),
            ("postgres://localhost/b?host=db", Some(Secrecy::Plain)),
            ("postgres://db.example.com/bonin", Some(Secrecy::Plain)),
            ("postgres://db/b?sslmode=prefer", Some(Secrecy::Plain)),
            ("postgresql://db/b?sslmode=require", Some(Secrecy::Unproven)),
            ("postgres://db/b?sslmode=verify-full", Some(Secrecy::Proven)),
        ] {
            assert_eq!(url(text).secrecy(), secrecy, "{text}");
        }
    }
}
