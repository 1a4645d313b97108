//! What breaks when one instance becomes N?
//!
//! `scaleproof` answers in two ways that meet in one report. `lint` reads code and deployment files; `test` starts N real
//! replicas behind a balancer, sends users through them and shows what breaks.
//!
//! # The map
//!
//! Arrows go down only; `tests/architecture.rs` holds this table and the code together.
//!
//! | layer | modules | may use |
//! |---|---|---|
//! | L0 | [`model`] | nothing of ours |
//! | L1 | [`config`] [`rules`] [`source`] [`stats`] [`scenario`] [`policy`] | model |
//! | L1 | [`check`] | stats model |
//! | L2 | [`lint`] | rules source model |
//! | L2 | [`replica`] [`balancer`] [`load`] | config scenario stats model |
//! | L3 | [`experiment`] | replica balancer load scenario check stats model |
//! | L4 | [`report`] | model |
//! | L5 | [`cli`] [`demo`] | everything; `main` uses `cli` only |
//!
//! # What is absent, on purpose
//!
//! - `model`, `rules`, `source::language`, `source::deploy`, `source::settings`, `stats`, `scenario`, `check`, `policy` and `report` do no I/O and
//!   read no clock.
//! - Languages know no rule, rules know no language; `lint` is the only place where they meet.
//! - A file that does not parse is a problem in the report, never a failed run.
//! - Checks read the run log and nothing else; a check that cannot decide says *unknown*, never *pass*.
//! - Only `cli` prints, only `main` exits. Renderers write into what they are given and compute no numbers.
//! - No rule id stands in Rust code outside tests.
//! - Everything started is stopped, whatever happens; every listener binds port 0 on loopback unless told otherwise.

pub mod balancer;
pub mod check;
pub mod cli;
pub mod config;
pub mod demo;
pub mod experiment;
pub mod lint;
pub mod load;
pub mod model;
pub mod policy;
pub mod replica;
pub mod report;
pub mod rules;
pub mod scenario;
pub mod source;
pub mod stats;
