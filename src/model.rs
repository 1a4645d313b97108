//! L0, the words that everything else speaks: places, facts, findings, events, outcomes, reports.
//!
//! Plain values. No I/O, no clock, no printing, and nothing of ours is used here.

pub mod bench;
pub mod command_line;
pub mod deployment;
pub mod event;
pub mod fact;
pub mod finding;
pub mod fleet;
pub mod location;
pub mod nearest;
pub mod outcome;
pub mod problem;
pub mod report;
pub mod rule;
pub mod verdict;

/// A short, cheaply cloned string: identifiers, symbols, keys.
pub type Name = smol_str::SmolStr;
