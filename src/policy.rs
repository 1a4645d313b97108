//! L1, from findings and outcomes to a verdict.

pub mod acceptance;
pub mod baseline;
pub mod change;
pub mod gate;
pub mod proof;
pub mod raise;
pub mod readiness;
pub mod threshold;
