//! L5, one file per subcommand.
