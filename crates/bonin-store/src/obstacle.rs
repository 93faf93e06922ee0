//! Why a database cannot be connected to, for whoever can do something about it.

use std::io::ErrorKind;

use crate::StoreError;

/// What stands in the way of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The server does not take this name with this password, from this machine.
    Login,
    /// The server has no database of this name.
    NoSuchDatabase,
    /// The server has no connection left.
    Full,
    /// No encrypted connection came about: the certificate, its authority, or a server without TLS. Says why.
    Tls(String),
    /// A certificate's file, or the server's socket on this machine, is not there. Says why.
    NoFile(String),
    /// Nobody answers there. Says why.
    Unreachable(String),
    /// The server is starting, stopping, or did not answer in time.
    NotReady,
    /// The server cannot be used: too old, or not safe. Says why.
    Unfit(String),
}

impl StoreError {
    /// What stood in the way, where this is the error of a connection to PostgreSQL.
    pub fn obstacle(&self) -> Option<Obstacle> {
        let Self::Database(error) = self else {
            return None;
        };
        match error {
            sqlx::Error::Tls(why) => Some(Obstacle::Tls(why.to_string())),
            // What TLS did not like comes as bad data.
            sqlx::Error::Io(why) if why.kind() == ErrorKind::InvalidData => {
                Some(Obstacle::Tls(why.to_string()))
            }
            sqlx::Error::Io(why) if why.kind() == ErrorKind::NotFound => {
                Some(Obstacle::NoFile(why.to_string()))
            }
            sqlx::Error::Io(why) => Some(Obstacle::Unreachable(why.to_string())),
            sqlx::Error::Configuration(why) => Some(Obstacle::Unfit(why.to_string())),
            sqlx::Error::PoolTimedOut => Some(Obstacle::NotReady),
            sqlx::Error::Database(error) => match error.code()?.as_ref() {
                "28000" | "28P01" => Some(Obstacle::Login),
                "3D000" => Some(Obstacle::NoSuchDatabase),
                "53300" => Some(Obstacle::Full),
                "57P01" | "57P02" | "57P03" => Some(Obstacle::NotReady),
                _ => None,
            },
            _ => None,
        }
    }
}
