//! L4, one file per format. A renderer writes into what it is given and computes no numbers.

pub mod json;
pub mod terminal;
