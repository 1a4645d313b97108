//! L2, virtual users.
