//! L1, from findings and outcomes to a verdict.

pub mod gate;
pub mod proof;
pub mod readiness;
