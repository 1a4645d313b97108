//! L1, files to facts: the walk, the language adapters, the deployment formats.

pub mod deploy;
