//! L2, facts meet rules.
