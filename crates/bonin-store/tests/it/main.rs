//! The store on a real database file.

mod fixture;
mod keys;
mod list;
mod secrecy;
mod secrets;
mod verbs;
