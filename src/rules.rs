//! L1, rule files as values, and the built-in set.
