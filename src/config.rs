//! L1, scaleproof.yaml: parse, defaults, errors with line and caret.
