//! The load generator against servers that misbehave: everything is counted as what it was, nothing hangs, and the totals hold.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod client;
mod command;
mod counts;
mod failures;
mod hangs;
mod http2;
mod open_loop;
mod random;
mod server;
mod story;
mod tls;
#[path = "../tool/mod.rs"]
mod tool;
