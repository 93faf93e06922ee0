//! The state machine from outside: its tables as examples, its promises as properties.

mod properties;
mod tries;
