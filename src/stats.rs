//! L1, pure numbers.
