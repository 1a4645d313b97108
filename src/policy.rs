//! L1, from findings and outcomes to a verdict.
