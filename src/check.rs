//! L1, pure conclusions from the run log.
