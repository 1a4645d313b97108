//! L4, one file per format; computes no numbers.
